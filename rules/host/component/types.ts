// Value and function types of components, resolved: layout in memory, flat form, and one spelling by which types are compared.

import type { Primitive } from "./definition.ts";

export type Flat = "i32" | "i64" | "f32" | "f64";

/** A resource type: one of the host's (by its interface and name), or one that a component defines. */
export interface Resource {
  readonly name: string;
  readonly owner: "host" | "guest";
}

export interface FuncType {
  readonly params: readonly ValType[];
  readonly result: ValType | null;
}

interface Layout {
  readonly size: number;
  readonly align: number;
  /** null: more than MAX_FLAT core values; such a type always travels through memory. */
  readonly flat: readonly Flat[] | null;
  /** How many types it is made of, parts that occur twice counted twice. */
  readonly weight: number;
}

export type Shape =
  | { readonly kind: Primitive }
  | { readonly kind: "list"; readonly of: ValType }
  /** Also tuples, whose fields have no names. */
  | { readonly kind: "record"; readonly names: readonly string[]; readonly of: readonly ValType[]; readonly offsets: readonly number[] }
  /** Also enums, options and results: all are a case number and perhaps a value. */
  | { readonly kind: "variant"; readonly spelling: "variant" | "enum" | "option" | "result"; readonly names: readonly string[]; readonly of: readonly (ValType | null)[]; readonly tagSize: number; readonly valueAt: number }
  | { readonly kind: "flags"; readonly names: readonly string[] }
  | { readonly kind: "own" | "borrow"; readonly resource: Resource };

export type ValType = Shape & Layout;

export const MAX_FLAT = 16;
/** Types of a greater weight or size are refused: nobody writes them, and work on them would know no bound. */
export const MAX_WEIGHT = 1_000_000;

const PRIMITIVE_LAYOUT: { readonly [K in Primitive]: readonly [size: number, flat: readonly Flat[]] } = {
  bool: [1, ["i32"]], s8: [1, ["i32"]], u8: [1, ["i32"]], s16: [2, ["i32"]], u16: [2, ["i32"]], s32: [4, ["i32"]], u32: [4, ["i32"]],
  s64: [8, ["i64"]], u64: [8, ["i64"]], f32: [4, ["f32"]], f64: [8, ["f64"]], char: [4, ["i32"]], string: [8, ["i32", "i32"]],
};

export function primitive(kind: Primitive): ValType {
  const [size, flat] = PRIMITIVE_LAYOUT[kind];
  return { kind, size, align: kind === "string" ? 4 : size, flat, weight: 1 };
}

export function listOf(of: ValType): ValType {
  return { kind: "list", of, size: 8, align: 4, flat: ["i32", "i32"], weight: 1 + of.weight };
}

export function recordOf(names: readonly string[], of: readonly ValType[]): ValType {
  const offsets: number[] = [];
  let size = 0;
  let align = 1;
  let flat: Flat[] | null = [];
  for (const field of of) {
    size = alignTo(size, field.align);
    offsets.push(size);
    size += field.size;
    align = Math.max(align, field.align);
    flat = flat === null || field.flat === null || flat.length + field.flat.length > MAX_FLAT ? null : [...flat, ...field.flat];
  }
  return { kind: "record", names, of, offsets, size: alignTo(size, align), align, flat, weight: weigh(of) };
}

export function variantOf(spelling: "variant" | "enum" | "option" | "result", names: readonly string[], of: readonly (ValType | null)[]): ValType {
  const tagSize = of.length <= 256 ? 1 : of.length <= 65536 ? 2 : 4;
  const values = of.filter((t): t is ValType => t !== null);
  const align = values.reduce((a, t) => Math.max(a, t.align), tagSize);
  const valueAt = alignTo(tagSize, values.reduce((a, t) => Math.max(a, t.align), 1));
  const size = alignTo(valueAt + values.reduce((s, t) => Math.max(s, t.size), 0), align);
  return { kind: "variant", spelling, names, of, tagSize, valueAt, size, align, flat: joined(values), weight: weigh(values) + of.length };
}

function joined(values: readonly ValType[]): readonly Flat[] | null {
  const flat: Flat[] = [];
  for (const { flat: own } of values) {
    if (own === null) return null;
    own.forEach((f, i) => (flat[i] = flat[i] === undefined || flat[i] === f ? f : both32(flat[i]!, f) ? "i32" : "i64"));
  }
  return flat.length + 1 > MAX_FLAT ? null : ["i32", ...flat];
}

function both32(a: Flat, b: Flat): boolean {
  return (a === "i32" && b === "f32") || (a === "f32" && b === "i32");
}

export function flagsOf(names: readonly string[]): ValType {
  const size = names.length <= 8 ? 1 : names.length <= 16 ? 2 : 4;
  return { kind: "flags", names, size, align: size, flat: ["i32"], weight: 1 };
}

export function handleOf(kind: "own" | "borrow", resource: Resource): ValType {
  return { kind, resource, size: 4, align: 4, flat: ["i32"], weight: 1 };
}

function weigh(parts: readonly ValType[]): number {
  return parts.reduce((sum, part) => sum + part.weight, 1);
}

export function alignTo(at: number, align: number): number {
  return Math.ceil(at / align) * align;
}

/** Parameters (or one result) as core values: spread out while there are at most `max`, else one pointer. */
export function flattened(types: readonly ValType[], max: number): readonly Flat[] | null {
  const flat: Flat[] = [];
  for (const type of types) {
    if (type.flat === null || flat.length + type.flat.length > max) return null;
    flat.push(...type.flat);
  }
  return flat;
}

// ---------------------------------------------------------------------------------------------- spelling

/** The one spelling of a function type; types are the same when their spellings are. Give it only types of little weight. */
export function spellFunc(type: FuncType): string {
  const result = type.result === null ? "" : ` -> ${spell(type.result)}`;
  return `func(${type.params.map(spell).join(", ")})${result}`;
}

function spell(type: ValType): string {
  switch (type.kind) {
    case "list": return `list<${spell(type.of)}>`;
    case "record": return type.names.length === 0 ? `tuple<${type.of.map(spell).join(", ")}>` : `record{${type.of.map((t, i) => `${type.names[i]}: ${spell(t)}`).join(", ")}}`;
    case "flags": return `flags{${type.names.join(", ")}}`;
    case "own": return type.resource.name;
    case "borrow": return `borrow<${type.resource.name}>`;
    case "variant": return spellVariant(type);
    default: return type.kind;
  }
}

function spellVariant(type: ValType & { kind: "variant" }): string {
  const [first, second] = type.of.map((t) => (t === null ? "_" : spell(t)));
  switch (type.spelling) {
    case "option": return `option<${second}>`;
    case "result": return second === "_" ? (first === "_" ? "result" : `result<${first}>`) : `result<${first}, ${second}>`;
    case "enum": return `enum{${type.names.join(", ")}}`;
    case "variant": return `variant{${type.names.map((name, i) => (type.of[i] === null ? name : `${name}(${spell(type.of[i]!)})`)).join(", ")}}`;
  }
}
