// The WIT index of a project: which packages there are, where, and what they say. Reads each package once; checks no pin.

import { fail, isJsonArray, isJsonObject, type JsonValue, ok, parseJson, type PlanContext, type FileDigest, type Result, under } from "../../engine/index.ts";
import { WIT_INDEX, type WitFiles, witFiles } from "./files.ts";
import type { WitFault } from "./lex.ts";
import { parsePackage, type WitPackage } from "./package.ts";

export interface WitEntry {
  readonly id: string;
  readonly path: string;
  readonly kind: string;
  readonly pin: string | undefined;
}

/** A package as it was found: its `.wit` files (paths from its folder) and what they say. */
export interface FoundPackage {
  readonly folder: string;
  /** Files at the top of the folder; those are the package. */
  readonly paths: readonly string[];
  readonly parsed: Result<WitPackage, WitFault>;
}

export class WitRegistry {
  readonly path: string;
  readonly files: WitFiles;
  readonly digest: FileDigest;
  readonly entries: readonly WitEntry[];
  readonly #found = new Map<string, Promise<FoundPackage | undefined>>();

  constructor(path: string, files: WitFiles, digest: FileDigest, entries: readonly WitEntry[]) {
    this.path = path;
    this.files = files;
    this.digest = digest;
    this.entries = entries;
  }

  entry(id: string): WitEntry | undefined {
    return this.entries.find((e) => e.id === id);
  }

  /** The package of a folder, or undefined where there is no such folder. */
  package(folder: string): Promise<FoundPackage | undefined> {
    let found = this.#found.get(folder);
    if (found === undefined) {
      found = readPackage(this.files, folder);
      this.#found.set(folder, found);
    }
    return found;
  }
}

export async function readPackage(files: WitFiles, folder: string): Promise<FoundPackage | undefined> {
  const paths = (await files.list(folder))?.filter((p) => !p.includes("/"));
  if (paths === undefined) return undefined;
  const texts: { path: string; text: string }[] = [];
  for (const name of paths) {
    const path = under(folder, name);
    const read = files.read(path);
    if (!read.ok) return { folder, paths, parsed: fail({ file: path, message: `cannot be read: ${read.error}`, line: 1, column: 1 }) };
    const text = textOf(read.bytes);
    if (text === undefined) return { folder, paths, parsed: fail({ file: path, message: "is not UTF-8", line: 1, column: 1 }) };
    texts.push({ path, text });
  }
  return { folder, paths, parsed: parsePackage(texts) };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The index at `path`, the package's own where the project has none; or why there is none. */
export function openRegistry(context: PlanContext, path = WIT_INDEX): Result<WitRegistry, string> {
  const files = witFiles(context, path);
  const read = files.read(path);
  if (!read.ok) return fail(`the WIT index ${path} cannot be read: ${read.error}`);
  const parsed = parseJson(read.bytes);
  if (!parsed.ok) return fail(`the WIT index ${path} is not JSON: ${parsed.error.message} at line ${parsed.error.line}, column ${parsed.error.column}`);
  const entries = witEntriesOf(parsed.value);
  if (entries === undefined) return fail(`${path} is not a WIT index: expected "packages", a list of {"id", "path", "kind"}`);
  return ok(new WitRegistry(path, files, read.digest, entries));
}

/** The listed packages, or undefined when the document does not even look like an index. */
export function witEntriesOf(index: JsonValue): WitEntry[] | undefined {
  const listed = isJsonObject(index) ? index["packages"] : undefined;
  if (listed === undefined || !isJsonArray(listed)) return undefined;
  const entries: WitEntry[] = [];
  for (const e of listed) {
    if (!isJsonObject(e) || typeof e["id"] !== "string" || typeof e["path"] !== "string" || typeof e["kind"] !== "string") return undefined;
    entries.push({ id: e["id"], path: e["path"], kind: e["kind"], pin: typeof e["sha256_tree"] === "string" ? e["sha256_tree"] : undefined });
  }
  return entries;
}

/** Ids that are listed more than once, each once. */
export function repeatedPackages(entries: readonly WitEntry[]): string[] {
  const ids = entries.map((e) => e.id);
  return [...new Set(ids.filter((id, i) => ids.indexOf(id) !== i))];
}
