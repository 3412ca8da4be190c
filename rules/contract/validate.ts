// A document against its schema -> diagnostics. Loads one prepared validator, when first needed. Knows nothing of what a document is for.

import { existsSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { asNumber, isJsonArray, isJsonObject, JsonFloat } from "../../engine/index.ts";
import type { Diagnostic, JsonValue } from "../../engine/index.ts";
import { explain } from "./explain.ts";
import type { Violation } from "./explain.ts";

/** How validators are made; `scripts/validators.mjs` uses it. */
export const ajvOptions = { strict: false, allErrors: true, messages: false, validateFormats: false } as const;

/** Says what is wrong with a document; `file` is the name that messages call it by. */
export type Validator = (document: JsonValue, file?: string, code?: string) => Diagnostic[];

type Compiled = ((document: unknown) => boolean) & { errors?: readonly Violation[] | null };

const loaded = new Map<string, Promise<Validator>>();

/** The violations of `document` against the form in `schemaFile`, one diagnostic each; empty when it is valid. */
export async function validate(schemaFile: string, document: JsonValue, file?: string, code?: string): Promise<Diagnostic[]> {
  return (await validator(schemaFile))(document, file, code);
}

/** A validator to be used many times. An unknown schema file is a bug of the caller. */
export function validator(schemaFile: string): Promise<Validator> {
  let known = loaded.get(schemaFile);
  if (known === undefined) {
    known = load(schemaFile.replace(/\.schema\.json$/, ""));
    loaded.set(schemaFile, known);
  }
  return known;
}

async function load(name: string): Promise<Validator> {
  const here = typeof __filename === "string" ? __filename : fileURLToPath(import.meta.url);
  const folder = here.endsWith(".ts") ? await freshFolder(dirname(here)) : builtFolder(dirname(here));
  const compiled = createRequire(here)(join(folder, `${name}.cjs`)) as Compiled;
  return (document, file, code = "X07WASM_SCHEMA_INVALID") => (compiled(plain(document)) ? [] : explain(compiled.errors ?? [], document, file, code));
}

/** Beside the bundle, or beside the folder of the bundle's chunks. */
function builtFolder(here: string): string {
  const beside = join(here, "validators");
  return existsSync(beside) ? beside : join(dirname(here), "validators");
}

/** When the sources are run as they are (tests), validators older than the schemas are made anew. */
async function freshFolder(here: string): Promise<string> {
  const root = dirname(dirname(here));
  const folder = join(root, "dist", "validators");
  const stamp = statSync(join(folder, "x07diag.cjs"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = [here, join(here, "schemas")].flatMap((dir) => readdirSync(dir).map((name) => join(dir, name)));
  if (sources.some((source) => statSync(source).mtimeMs > stamp)) {
    const script = pathToFileURL(join(root, "scripts", "validators.mjs")).href;
    const { writeValidators } = (await import(/* @vite-ignore */ script)) as { writeValidators: (folder: string) => Promise<string[]> };
    await writeValidators(folder);
  }
  return folder;
}

/** The document in JavaScript's own numbers, which is all that validators know. */
export function plain(value: JsonValue): unknown {
  if (typeof value === "bigint" || (value as unknown) instanceof JsonFloat) return asNumber(value);
  if (isJsonArray(value)) return value.map(plain);
  if (!isJsonObject(value)) return value;
  const members: { [key: string]: unknown } = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    if (key === "__proto__") Object.defineProperty(members, key, { value: plain(member), enumerable: true });
    else members[key] = plain(member);
  }
  return members;
}
