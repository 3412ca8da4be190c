// A few words to write JSON Schemas with, and their draft 2020-12 text. Knows nothing of any particular document.

import type { JsonObject, JsonValue } from "../../engine/index.ts";

export type Schema = JsonObject;
export type Fields = { readonly [name: string]: Schema };

/** One published document form. */
export interface SchemaDocument {
  /** File name, the last part of `$id`. */
  readonly file: string;
  readonly base: string;
  /** The document's own version, e.g. `x07.wasm.profile@0.3.0`. */
  readonly title: string;
  readonly about: string;
  readonly schema: Schema;
  /** Named pieces that belong to the text although the schema itself does not refer to them. */
  readonly pieces?: readonly Schema[];
}

const SPEC = "https://x07.io/spec/";

export function document(file: string, title: string, about: string, schema: Schema, more: { base?: string; pieces?: readonly Schema[] } = {}): SchemaDocument {
  return { file: `${file}.schema.json`, base: more.base ?? SPEC, title, about, schema, pieces: more.pieces };
}

export function idOf(doc: SchemaDocument): string {
  return doc.base + doc.file;
}

// ---------------------------------------------------------------------------------------------- words

const pieceNames = new WeakMap<Schema, string>();

/** A piece with a name: written once under `$defs` and referred to. */
export function named(name: string, schema: Schema): Schema {
  const piece = { ...schema };
  pieceNames.set(piece, name);
  return piece;
}

/** An object with these members and no other. */
export function object(required: Fields, optional: Fields = {}): Schema {
  return { type: "object", additionalProperties: false, required: Object.keys(required), properties: { ...required, ...optional } };
}

/** An object with any members. */
export const anyObject: Schema = { type: "object" };

export interface TextLimits {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
}

export function text({ min, max, pattern }: TextLimits = {}): Schema {
  return { type: "string", minLength: min, maxLength: max, pattern };
}

export function textOrNull({ min, max, pattern }: TextLimits = {}): Schema {
  return { type: ["string", "null"], minLength: min, maxLength: max, pattern };
}

/** An integer from `min` (0) to `max` (no limit), both included. */
export function integer(min = 0, max?: number | bigint): Schema {
  return { type: "integer", minimum: min, maximum: max };
}

export function list(items: Schema, { min, max }: { min?: number; max?: number } = {}): Schema {
  return { type: "array", minItems: min, maxItems: max, items };
}

export function just(value: JsonValue): Schema {
  return { const: value };
}

export function oneOfWords(...words: string[]): Schema {
  return { type: "string", enum: words };
}

export function either(...schemas: Schema[]): Schema {
  return { oneOf: schemas };
}

export const boolean: Schema = { type: "boolean" };
export const nothing: Schema = { type: "null" };

export function orNull(schema: Schema): Schema {
  return { oneOf: [nothing, schema] };
}

export function about(schema: Schema, description: string): Schema {
  return { ...schema, description };
}

export function withDefault(schema: Schema, value: JsonValue): Schema {
  return { ...schema, default: value };
}

// ---------------------------------------------------------------------------------------------- text

/** The whole schema, self-contained: every named piece stands once under `$defs`. */
export function rendered(doc: SchemaDocument): JsonObject {
  const pieces = new Map<string, { readonly source: Schema; text: JsonValue }>();
  const body = expand(doc.schema, pieces, true) as JsonObject;
  for (const piece of doc.pieces ?? []) expand(piece, pieces, false);
  const defs = Object.fromEntries([...pieces].map(([name, piece]) => [name, piece.text]));
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: idOf(doc),
    title: doc.title,
    description: doc.about,
    ...body,
    ...(pieces.size === 0 ? {} : { $defs: defs }),
  };
}

type Pieces = Map<string, { readonly source: Schema; text: JsonValue }>;

function expand(value: JsonValue, pieces: Pieces, top = false): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => expand(item, pieces));
  const schema = value as Schema;
  const name = top ? undefined : pieceNames.get(schema);
  if (name === undefined) return members(schema, pieces);
  const known = pieces.get(name);
  if (known === undefined) {
    const piece = { source: schema, text: null as JsonValue };
    pieces.set(name, piece);
    piece.text = members(schema, pieces);
  } else if (known.source !== schema) {
    throw new Error(`two schema pieces are named ${name}`);
  }
  return { $ref: `#/$defs/${name}` };
}

function members(schema: Schema, pieces: Pieces): JsonObject {
  const kept = Object.entries(schema).filter(([, member]) => member !== undefined);
  return Object.fromEntries(kept.map(([key, member]) => [key, expand(member as JsonValue, pieces)]));
}
