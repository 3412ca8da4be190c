// `wit validate`: which WIT packages of the index are there, pinned, and say what the index says of them. Knows nothing of
// using a package.

import { type Diagnostic, type FileDigest, type GoalAnswer, type JsonObject, type OptionValues, parseJson, type PlanContext, type Severity, ZERO_SHA256 } from "../../engine/index.ts";
import { validate } from "../contract/validate.ts";
import { packageId } from "./ast.ts";
import { treeDigest, WIT_INDEX, type WitFiles, witFiles } from "./files.ts";
import type { WitFault } from "./lex.ts";
import { foreignPackages, type WitPackage, worldNames } from "./package.ts";
import { repeatedPackages, type WitEntry, witEntriesOf, WitRegistry } from "./registry.ts";
import { WitModel } from "./resolve.ts";

const INDEX_SCHEMA = "x07-arch.wit.index.schema.json";
/** What a report can say of a package; anything else is a fault of the index and is told as such. */
const REPORTABLE_ID = /^[a-z][a-z0-9_-]{0,31}:[a-z][a-z0-9_-]{0,63}@[0-9]+\.[0-9]+\.[0-9]+([+-][0-9A-Za-z.-]+)?$/;
const REPORTABLE_WORLD = /^[a-z][a-z0-9_-]{0,63}$/;
const MOST_PACKAGES = 256;
const MOST_WORLDS = 128;

/** The goal `wit validate`: options `index`, `package` (any number of ids), `strict`, `list`. */
export async function validateWit(context: PlanContext, options: OptionValues): Promise<GoalAnswer> {
  const path = typeof options["index"] === "string" ? options["index"] : WIT_INDEX;
  return new Validation(context, path, options["strict"] === true, options["list"] === true).run(Array.isArray(options["package"]) ? (options["package"] as readonly string[]) : []);
}

/** Of one package: what the report says, and what it says itself if it could be read. */
interface Checked {
  readonly entry: WitEntry;
  readonly row: JsonObject;
  readonly ok: boolean;
}

class Validation {
  readonly #files: WitFiles;
  readonly #path: string;
  readonly #strict: boolean;
  readonly #list: boolean;
  readonly #diagnostics: Diagnostic[] = [];

  constructor(context: PlanContext, path: string, strict: boolean, list: boolean) {
    this.#files = witFiles(context, path);
    this.#path = path;
    this.#strict = strict;
    this.#list = list;
  }

  async run(wanted: readonly string[]): Promise<GoalAnswer> {
    const registry = await this.#registry();
    if (registry === undefined) return { ...this.#answer({ path: this.#path, sha256: ZERO_SHA256, bytes_len: 0 }, []), inputs: [], exitCode: 1 };
    for (const id of repeatedPackages(registry.entries)) this.#find("INDEX_DUPLICATE_PACKAGE_ID", `the package id ${id} is listed more than once`, this.#path, { hint: "remove all but one" });
    const known = `known ids: ${registry.entries.map((e) => e.id).join(", ")}`;
    for (const id of wanted.filter((w) => registry.entry(w) === undefined)) this.#warn("INDEX_PACKAGE_NOT_FOUND", `the package ${JSON.stringify(id)} is not listed in ${this.#path}`, known);
    const checked: Checked[] = [];
    for (const entry of registry.entries.filter((e) => wanted.length === 0 || wanted.includes(e.id)).slice(0, MOST_PACKAGES)) checked.push(await this.#package(registry, entry));
    return this.#answer(registry.digest, checked);
  }

  #find(code: string, message: string, file: string, more: Partial<Diagnostic> = {}): void {
    this.#diagnostics.push({ code: `X07WASM_WIT_${code}`, severity: "error", stage: "parse", message, place: { file }, ...more });
  }

  #warn(code: string, message: string, hint: string): void {
    const severity: Severity = this.#strict ? "error" : "warning";
    this.#find(code, message, this.#path, { severity, hint });
  }

  #answer(index: FileDigest, checked: readonly Checked[]): GoalAnswer {
    const good = checked.filter((c) => c.ok).length;
    const rows = checked.filter((c) => REPORTABLE_ID.test(c.entry.id) && isKind(c.entry.kind)).map((c) => c.row);
    return {
      result: { mode: this.#list ? "list" : "validate", strict: this.#strict, index: { ...index }, packages_total: checked.length, packages_ok: good, packages_failed: checked.length - good, packages: rows },
      diagnostics: this.#diagnostics,
      inputs: [index],
      outputs: [],
      nondeterminism: { uses_os_time: false, uses_network: false, uses_process: false },
      human: checked.map((c) => humanLine(c, this.#list)),
    };
  }

  // ---- the index -----------------------------------------------------------------------------------

  async #registry(): Promise<WitRegistry | undefined> {
    const read = this.#files.read(this.#path);
    if (!read.ok) return void this.#find("INDEX_READ_FAILED", `the WIT index ${this.#path} cannot be read: ${read.error}`, this.#path, { hint: "create it, or name another with --index" });
    const parsed = parseJson(read.bytes);
    if (!parsed.ok) return void this.#find("INDEX_READ_FAILED", `the WIT index ${this.#path} is not JSON: ${parsed.error.message} at line ${parsed.error.line}, column ${parsed.error.column}`, this.#path, { hint: "correct the JSON" });
    const faults = await validate(INDEX_SCHEMA, parsed.value, this.#path);
    const entries = witEntriesOf(parsed.value);
    if (entries === undefined) {
      const notes = faults.slice(0, 20).map((f) => f.message);
      return void this.#find("INDEX_READ_FAILED", `${this.#path} is not a WIT index: expected "packages", a list of {"id", "path", "kind"}`, this.#path, { notes: notes.length === 0 ? undefined : notes });
    }
    this.#diagnostics.push(...faults);
    return new WitRegistry(this.#path, this.#files, read.digest, entries);
  }

  // ---- one package ---------------------------------------------------------------------------------

  async #package(registry: WitRegistry, entry: WitEntry): Promise<Checked> {
    if (!isKind(entry.kind)) this.#find("PACKAGE_KIND_UNKNOWN", `${entry.id} is of kind ${JSON.stringify(entry.kind)}`, this.#path, { hint: "a package is local or vendored" });
    const before = this.#failures();
    const tree = await this.#tree(entry);
    this.#pin(entry, tree);
    const parsed = this.#failures() === before ? await this.#parsed(registry, entry) : undefined;
    const dependencies = parsed === undefined ? [] : foreignPackages(parsed);
    for (const id of dependencies.filter((d) => registry.entry(d) === undefined)) this.#warn("PACKAGE_DEP_MISSING", `${entry.id} needs ${id}, which is not listed in ${this.#path}`, "list it, with its folder and its pin");
    const ok = this.#failures() === before && isKind(entry.kind);
    const worlds = parsed === undefined ? [] : worldNames(parsed).filter((w) => REPORTABLE_WORLD.test(w));
    const row = { id: entry.id, path: entry.path.slice(0, 1024) || ".", kind: entry.kind, ok, sha256_tree: tree, worlds: worlds.slice(0, MOST_WORLDS), dependencies: dependencies.filter((d) => REPORTABLE_ID.test(d)).slice(0, MOST_PACKAGES) };
    return { entry, ok, row };
  }

  #failures(): number {
    return this.#diagnostics.filter((d) => d.severity === "error").length;
  }

  async #tree(entry: WitEntry): Promise<string> {
    const paths = await this.#files.list(entry.path);
    if (paths === undefined || (this.#files.packaged && paths.length === 0)) {
      this.#find("PACKAGE_PATH_NOT_DIR", `the folder ${entry.path} of ${entry.id} does not exist`, this.#path, { hint: "create it, or correct the path" });
      return ZERO_SHA256;
    }
    const tree = treeDigest(this.#files, entry.path, paths);
    if (tree === undefined) this.#find("PACKAGE_SHA256_TREE_FAILED", `a file of ${entry.id} in ${entry.path} cannot be read`, this.#path, { stage: "run", hint: "make its .wit files readable" });
    return tree ?? ZERO_SHA256;
  }

  #pin(entry: WitEntry, tree: string): void {
    if (entry.pin === tree) return;
    const data = { id: entry.id, expected: entry.pin ?? null, found: tree };
    if (entry.pin !== undefined) this.#find("PACKAGE_SHA256_TREE_MISMATCH", `the files of ${entry.id} have the digest ${tree}, the index pins ${entry.pin}`, this.#path, { stage: "run", data, hint: `if the change is meant, write "sha256_tree": "${tree}"` });
    else if (entry.kind === "vendored") this.#find("PACKAGE_SHA256_TREE_MISSING", `${entry.id} is vendored but not pinned`, this.#path, { data, hint: `write "sha256_tree": "${tree}"` });
    else if (entry.kind === "local") this.#warn("PACKAGE_SHA256_TREE_UNPINNED", `${entry.id} is not pinned`, `write "sha256_tree": "${tree}"`);
  }

  async #parsed(registry: WitRegistry, entry: WitEntry): Promise<WitPackage | undefined> {
    const found = await registry.package(entry.path);
    if (found === undefined) return undefined;
    if (!found.parsed.ok) return void this.#unparsable(entry, found.parsed.error);
    const id = packageId(found.parsed.value.name);
    if (id !== entry.id) this.#find("PACKAGE_ID_MISMATCH", `${entry.path} is listed as ${entry.id}, but its files say package ${id}`, this.#path, { hint: "make both the same" });
    const fault = await this.#unresolved(registry, found.parsed.value);
    if (fault !== undefined) this.#unparsable(entry, fault);
    return found.parsed.value;
  }

  #unparsable(entry: WitEntry, fault: WitFault): void {
    this.#find("PACKAGE_PARSE_FAILED", `${entry.id}: ${fault.file}:${fault.line}:${fault.column}: ${fault.message}`, fault.file, { data: { line: fault.line, column: fault.column }, hint: "correct the WIT" });
  }

  /** The first name that means nothing, when all that the package needs is there and can be read. */
  async #unresolved(registry: WitRegistry, main: WitPackage): Promise<WitFault | undefined> {
    const all = [main];
    const seen = new Set([packageId(main.name)]);
    for (let i = 0; i < all.length; i++) {
      for (const id of foreignPackages(all[i]!).filter((d) => !seen.has(d))) {
        seen.add(id);
        const entry = registry.entry(id);
        const found = entry && (await registry.package(entry.path));
        if (found === undefined || !found.parsed.ok) return undefined;
        all.push(found.parsed.value);
      }
    }
    return new WitModel(all).check(packageId(main.name));
  }
}

function isKind(kind: string): boolean {
  return kind === "local" || kind === "vendored";
}

function humanLine({ entry, row, ok }: Checked, list: boolean): string {
  const line = `${ok ? "ok     " : "not ok "} ${entry.id.padEnd(24)} ${entry.path}`;
  const worlds = row["worlds"] as readonly string[];
  return list && worlds.length > 0 ? `${line} (worlds: ${worlds.join(", ")})` : line;
}
