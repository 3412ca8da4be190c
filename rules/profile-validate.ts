// `profile validate`: which wasm profiles keep to their schema and their index. Knows nothing of using a profile.

import { isJsonObject, parseJson } from "../engine/index.ts";
import type { Diagnostic, FileDigest, GoalAnswer, JsonObject, JsonValue, OptionValues } from "../engine/index.ts";
import { defaultIdOf, entriesOf, refOf } from "./contract/registry.ts";
import type { IndexEntry, ReadFile } from "./contract/registry.ts";
import { validate } from "./contract/validate.ts";
import { textOption, unmetDemand, WASM_PROFILES } from "./profile.ts";

type Mode = "profile_file_v1" | "profile_id_v1" | "index_v1";

interface IndexFindings {
  readonly summary: { readonly path: string; readonly ok: boolean; readonly profiles_count: number; readonly default_profile_id: string | null; readonly default_profile_found: boolean };
  readonly entries: readonly IndexEntry[];
}

class Validation {
  readonly #read: ReadFile;
  readonly diagnostics: Diagnostic[] = [];
  readonly inputs: FileDigest[] = [];

  constructor(read: ReadFile) {
    this.#read = read;
  }

  /** Reads and parses; undefined when that failed. A file that cannot be read counts as an empty one that is not JSON when `alsoEmpty`. */
  document(path: string, codes: { readonly read: string; readonly json: string }, alsoEmpty: boolean): JsonValue | undefined {
    const file = this.#read(path);
    if (file.ok) this.inputs.push(file.digest);
    else {
      this.error(codes.read, `${path} cannot be read: ${file.error}`, path);
      if (!alsoEmpty) return undefined;
    }
    const parsed = parseJson(file.ok ? file.bytes : "");
    if (parsed.ok) return parsed.value;
    this.error(codes.json, `${path} is not JSON: ${parsed.error.message} at line ${parsed.error.line}, column ${parsed.error.column}`, path);
    return undefined;
  }

  error(code: string, message: string, file: string, hint?: string, severity: "error" | "warning" = "error"): void {
    this.diagnostics.push({ code, severity, stage: "parse", message, place: { file }, hint });
  }

  /** Passes the violations on and says whether there were none. */
  async valid(schema: string, document: JsonValue, path: string): Promise<boolean> {
    const faults = await validate(schema, document, path);
    this.diagnostics.push(...faults);
    return faults.length === 0;
  }

  async index(path: string): Promise<IndexFindings> {
    const before = this.diagnostics.length;
    const document = this.document(path, { read: "X07WASM_WASM_INDEX_READ_FAILED", json: "X07WASM_WASM_INDEX_JSON_INVALID" }, true);
    if (document !== undefined) await this.valid(WASM_PROFILES.indexSchema, document, path);
    const entries = document === undefined ? [] : entriesOf(document);
    if (entries === undefined) this.error("X07WASM_WASM_INDEX_PARSE_FAILED", `${path} is not an index: expected "profiles", a list of {"id", "path"}`, path);
    const known = entries ?? [];
    for (const id of repeated(known)) this.error("X07WASM_WASM_INDEX_DUPLICATE_PROFILE_ID", `the profile id ${JSON.stringify(id)} is listed more than once`, path, "remove all but one");
    const usable = document !== undefined && entries !== undefined;
    const defaultId = usable ? (defaultIdOf(document) ?? "wasm_release") : null;
    const found = known.some((e) => e.id === defaultId);
    if (usable && !found) this.error("X07WASM_WASM_INDEX_DEFAULT_PROFILE_MISSING", `the default profile ${JSON.stringify(defaultId)} is not listed`, path, `known ids: ${known.map((e) => e.id).join(", ")}`);
    const good = this.diagnostics.length === before;
    return { summary: { path, ok: good, profiles_count: known.length, default_profile_id: defaultId, default_profile_found: found }, entries: known };
  }

  async profile(path: string, listedAs: string | undefined): Promise<JsonObject> {
    const document = this.document(path, { read: "X07WASM_PROFILE_READ_FAILED", json: "X07WASM_PROFILE_JSON_INVALID" }, false);
    const ref = { ...refOf(document, listedAs ?? "") };
    if (document === undefined) return { ref, path, ok: false, schema_version: null, schema_valid: false, id_matches_index: false };
    const valid = await this.valid(WASM_PROFILES.profileSchema, document, path);
    const members = isJsonObject(document) ? document : {};
    const matches = listedAs === undefined || members["id"] === listedAs;
    if (!matches) this.error("X07WASM_PROFILE_ID_MISMATCH", `${path} is listed as ${JSON.stringify(listedAs)}, but its id is ${JSON.stringify(members["id"] ?? null)}`, path, "make both the same");
    const demand = valid ? unmetDemand(members) : undefined;
    if (demand !== undefined) this.error("X07WASM_PROFILE_LOAD_FAILED", `${path} keeps to its schema but cannot be used: ${demand}`, path, undefined, "warning");
    const version = members["schema_version"];
    return { ref, path, ok: valid && matches, schema_version: typeof version === "string" ? version : null, schema_valid: valid, id_matches_index: matches };
  }
}

function repeated(entries: readonly IndexEntry[]): string[] {
  return [...new Set(entries.map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i))];
}

/** The goal `profile validate`: options `index`, `profile`, `profile-file`. */
export async function validateProfiles(read: ReadFile, options: OptionValues): Promise<GoalAnswer> {
  const checks = new Validation(read);
  const file = textOption(options, "profile-file");
  const id = textOption(options, "profile");
  const mode: Mode = file !== undefined ? "profile_file_v1" : id !== undefined ? "profile_id_v1" : "index_v1";
  const profiles: JsonObject[] = [];
  let index: IndexFindings["summary"] | null = null;
  if (file !== undefined) profiles.push(await checks.profile(file, undefined));
  else {
    const path = textOption(options, "index") ?? WASM_PROFILES.defaultIndex;
    const findings = await checks.index(path);
    index = findings.summary;
    const chosen = id === undefined ? findings.entries : findings.entries.filter((e) => e.id === id).slice(0, 1);
    if (id !== undefined && chosen.length === 0) checks.error("X07WASM_WASM_INDEX_PROFILE_NOT_FOUND", `the profile ${JSON.stringify(id)} is not listed in ${path}`, path, `known ids: ${findings.entries.map((e) => e.id).join(", ")}`);
    for (const entry of chosen) profiles.push(await checks.profile(entry.path, entry.id));
  }
  return {
    result: { mode, index: index === null ? null : { ...index }, profiles },
    diagnostics: checks.diagnostics,
    inputs: checks.inputs,
    outputs: [],
    nondeterminism: { uses_os_time: false, uses_network: false, uses_process: false },
    human: profiles.map((p) => `${p["ok"] === true ? "ok     " : "not ok "} ${String(p["path"])}`),
  };
}
