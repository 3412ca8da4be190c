// Finds a profile by id or by file and loads it: index, choice, schema, decoding. Knows nothing of what any profile says.

import { asNumber, fail, isJsonArray, isJsonObject, ok, parseJson } from "../../engine/index.ts";
import type { Diagnostic, FileDigest, JsonObject, JsonValue, PlanFile, Result } from "../../engine/index.ts";
import { PACKAGED } from "./packaged.ts";
import { validate } from "./validate.ts";

export type ReadFile = (path: string) => PlanFile;

/** One family of profiles: its schemas, its default index and id, and how a valid document becomes a value. */
export interface ProfileKind<T> {
  readonly what: string;
  readonly indexSchema: string;
  readonly profileSchema: string;
  readonly defaultIndex: string;
  /** The id when neither the caller nor the index names one; undefined: then there is none. */
  readonly defaultId: string | undefined;
  /** A schema-valid document as a value; the error says which further demand it does not meet. */
  readonly decode: (document: JsonObject) => Result<T, string>;
}

/** Which profile: a file wins over an id, an id over the index's default. */
export interface ProfileChoice {
  readonly file: string | undefined;
  readonly id: string | undefined;
  readonly index: string;
}

export interface ProfileRef {
  readonly id: string;
  readonly v: number | bigint;
}

export interface LoadedProfile<T> {
  readonly value: T;
  readonly ref: ProfileRef;
  readonly path: string;
}

/** The profile, or one diagnostic with the caller's code; and the files that were read on the way, profile first. */
export interface Resolution<T> {
  readonly inputs: readonly FileDigest[];
  readonly profile: Result<LoadedProfile<T>>;
}

/** What can be listed in an index, as far as it can be made out. */
export interface IndexEntry {
  readonly id: string;
  readonly path: string;
}

/** Resolves a profile. `code` is that of the one diagnostic of a failure, whatever went wrong; its notes say the rest. */
export async function resolveProfile<T>(kind: ProfileKind<T>, read: ReadFile, choice: ProfileChoice, code: string): Promise<Resolution<T>> {
  const inputs: FileDigest[] = [];
  const noted: ReadFile = (path) => {
    const file = read(path);
    if (file.ok) inputs.unshift(file.digest);
    return file;
  };
  const profile = await loadChosen(kind, noted, choice);
  return { inputs, profile: profile.ok ? profile : fail([{ code, severity: "error", stage: "parse", ...profile.error }]) };
}

type Trouble = Pick<Diagnostic, "message" | "notes" | "hint" | "place">;

async function loadChosen<T>(kind: ProfileKind<T>, read: ReadFile, choice: ProfileChoice): Promise<Result<LoadedProfile<T>, Trouble>> {
  if (choice.file !== undefined) return loadProfile(kind, read, choice.file);
  const index = await loadValid(read, choice.index, kind.indexSchema, `${kind.what} index`);
  if (!index.ok) return index;
  const entries = entriesOf(index.value) ?? [];
  const id = choice.id ?? defaultIdOf(index.value) ?? kind.defaultId;
  const entry = entries.find((e) => e.id === id);
  if (entry === undefined) return fail(notListed(kind, id, entries, choice.index));
  return loadProfile(kind, read, entry.path);
}

function notListed<T>(kind: ProfileKind<T>, id: string | undefined, entries: readonly IndexEntry[], index: string): Trouble {
  const message = id === undefined ? `${index} names no default ${kind.what}` : `the ${kind.what} ${JSON.stringify(id)} is not listed in ${index}`;
  return { message, hint: knownIds(entries), place: { file: index } };
}

async function loadProfile<T>(kind: ProfileKind<T>, read: ReadFile, path: string): Promise<Result<LoadedProfile<T>, Trouble>> {
  const document = await loadValid(read, path, kind.profileSchema, kind.what);
  if (!document.ok) return document;
  const ref = refOf(document.value, "");
  const decoded = kind.decode(document.value);
  return decoded.ok ? ok({ value: decoded.value, ref, path }) : fail({ message: `${path}: ${decoded.error}`, place: { file: path } });
}

/** Reads a document and holds it against its schema. */
async function loadValid(read: ReadFile, path: string, schema: string, what: string): Promise<Result<JsonObject, Trouble>> {
  const file = read(path);
  if (!file.ok) return fail({ message: `the ${what} ${path} cannot be read: ${file.error}`, place: { file: path } });
  const document = parseJson(file.bytes);
  if (!document.ok) return fail({ message: `the ${what} ${path} is not JSON: ${document.error.message} at line ${document.error.line}, column ${document.error.column}`, place: { file: path } });
  // This package's own files are held against their schemas when it is tested; loading a validator takes longer than the rest of a small build's contracts.
  const faults = file.digest.path.startsWith(PACKAGED) ? [] : await validate(schema, document.value, path);
  const [first, ...others] = faults;
  if (first !== undefined) return fail({ message: `the ${what} breaks its schema: ${first.message}`, notes: others.slice(0, 20).map((d) => d.message), hint: first.hint, place: { file: path } });
  return ok(document.value as JsonObject);
}

// ---------------------------------------------------------------------------------------------- parts of documents

/** The listed profiles, or undefined when the document does not even look like an index. */
export function entriesOf(index: JsonValue): IndexEntry[] | undefined {
  const listed = isJsonObject(index) ? index["profiles"] : undefined;
  if (listed === undefined || !isJsonArray(listed)) return undefined;
  const entries: IndexEntry[] = [];
  for (const entry of listed) {
    if (!isJsonObject(entry) || typeof entry["id"] !== "string" || typeof entry["path"] !== "string") return undefined;
    entries.push({ id: entry["id"], path: entry["path"] });
  }
  return entries;
}

export function defaultIdOf(index: JsonValue): string | undefined {
  const defaults = isJsonObject(index) ? index["defaults"] : undefined;
  const id = isJsonObject(defaults) ? defaults["default_profile_id"] : undefined;
  return typeof id === "string" ? id : undefined;
}

export const ID_FORM = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Id and version of a profile as reports may carry them: `listedAs`, else the document's own id, else `unknown`. */
export function refOf(document: JsonValue | undefined, listedAs: string): ProfileRef {
  const own = isJsonObject(document) ? document["id"] : undefined;
  const id = [listedAs, own].find((candidate) => typeof candidate === "string" && ID_FORM.test(candidate));
  const said = isJsonObject(document) ? document["v"] : undefined;
  const v = typeof said === "bigint" ? said : asNumber(said);
  const whole = typeof v === "bigint" || Number.isInteger(v);
  return { id: typeof id === "string" ? id : "unknown", v: v !== undefined && whole && v >= 1 ? v : 1 };
}

/** Ids that are listed more than once, each once. */
export function repeatedIds(entries: readonly IndexEntry[]): string[] {
  const ids = entries.map((e) => e.id);
  return [...new Set(ids.filter((id, i) => ids.indexOf(id) !== i))];
}

/** A hint that names what could have been meant. */
export function knownIds(entries: readonly IndexEntry[]): string {
  return `known ids: ${entries.map((e) => e.id).join(", ")}`;
}
