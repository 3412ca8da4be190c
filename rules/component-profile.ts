// Component profiles: which one a command means and what it says, and `component profile validate`. Knows nothing of making components.

import { asNumber, isJsonObject, ok, parseJson, ZERO_SHA256 } from "../engine/index.ts";
import type { Diagnostic, FileDigest, GoalAnswer, JsonObject, JsonValue, OptionValues } from "../engine/index.ts";
import { defaultIdOf, entriesOf, refOf, resolveProfile } from "./contract/registry.ts";
import type { IndexEntry, ProfileKind, ReadFile, Resolution } from "./contract/registry.ts";
import { validate } from "./contract/validate.ts";
import { textOption, withPackaged } from "./profile.ts";

/** How a tool is started: its program, words before the command's own, and additions to its environment. */
export interface ToolCommand {
  readonly cmd: string;
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
}

/** A world of a WIT package, e.g. `proxy` of `wasi:http@0.2.8`. */
export interface WorldRef {
  readonly package: string;
  readonly world: string;
}

/** Limits of a native target by their names in the document, e.g. `max_headers`. */
export type Budgets = { readonly [name: string]: number | bigint };

export interface ComponentProfile {
  readonly witIndexPath: string;
  readonly tools: { readonly wit_bindgen: ToolCommand; readonly wasm_tools: ToolCommand; readonly wac: ToolCommand; readonly wasmtime: ToolCommand };
  readonly solve: WorldRef;
  readonly targets: { readonly http: WorldRef; readonly cli: WorldRef };
  readonly native: { readonly http: WorldRef & { readonly budgets: Budgets }; readonly cli: WorldRef & { readonly budgets: Budgets } };
}

export const COMPONENT_PROFILES: ProfileKind<ComponentProfile> = {
  what: "component profile",
  indexSchema: "x07-arch.wasm.component.index.schema.json",
  profileSchema: "x07-wasm.component.profile.schema.json",
  defaultIndex: "arch/wasm/component/index.x07wasm.component.json",
  defaultId: "component_release",
  decode: (document) => ok(decodeComponentProfile(document)),
};

/** The component profile that the options `profile`, `profile-file` and `index` mean; packaged where the project has no index. */
export async function resolveComponentProfile(read: ReadFile, options: OptionValues): Promise<Resolution<ComponentProfile>> {
  const index = textOption(options, "index") ?? COMPONENT_PROFILES.defaultIndex;
  const choice = { file: textOption(options, "profile-file"), id: textOption(options, "profile"), index };
  return resolveProfile(COMPONENT_PROFILES, withPackaged(read, COMPONENT_PROFILES.defaultIndex, choice), choice, "X07WASM_COMPONENT_PROFILE_LOAD_FAILED");
}

// ---------------------------------------------------------------------------------------------- decoding

function decodeComponentProfile(document: JsonObject): ComponentProfile {
  const cfg = member(document, "cfg");
  const tools = member(cfg, "toolchain");
  const targets = member(cfg, "targets");
  const native = member(cfg, "native_targets");
  return {
    witIndexPath: String(cfg["wit_index_path"]),
    tools: { wit_bindgen: toolCommand(tools, "wit_bindgen"), wasm_tools: toolCommand(tools, "wasm_tools"), wac: toolCommand(tools, "wac"), wasmtime: toolCommand(tools, "wasmtime") },
    solve: worldRef(member(cfg, "componentize"), "solve_package", "solve_world"),
    targets: { http: worldRef(targets, "http_package", "http_world"), cli: worldRef(targets, "cli_package", "cli_world") },
    native: { http: nativeTarget(member(native, "http")), cli: nativeTarget(member(native, "cli")) },
  };
}

function nativeTarget(target: JsonObject): WorldRef & { readonly budgets: Budgets } {
  const budgets = Object.entries(member(target, "budgets")).map(([name, value]) => [name, typeof value === "bigint" ? value : (asNumber(value) ?? 0)] as const);
  return { ...worldRef(target, "package", "world"), budgets: Object.fromEntries(budgets) };
}

function toolCommand(tools: JsonObject, name: string): ToolCommand {
  const tool = member(tools, name);
  return { cmd: String(tool["cmd"]), args: (tool["args"] as readonly string[] | undefined) ?? [], env: member(tool, "env") as { [name: string]: string } };
}

function worldRef(parent: JsonObject, packageName: string, world: string): WorldRef {
  return { package: String(parent[packageName]), world: String(parent[world]) };
}

function member(parent: JsonObject, name: string): JsonObject {
  const value = parent[name];
  return isJsonObject(value) ? value : {};
}

// ---------------------------------------------------------------------------------------------- component profile validate

class Checks {
  readonly diagnostics: Diagnostic[] = [];
  readonly inputs: FileDigest[] = [];
  readonly #read: ReadFile;
  readonly #strict: boolean;

  constructor(read: ReadFile, strict: boolean) {
    this.#read = read;
    this.#strict = strict;
  }

  error(code: string, message: string, file: string, hint?: string): void {
    this.diagnostics.push({ code: `X07WASM_COMPONENT_${code}`, severity: "error", stage: "parse", message, place: { file }, hint });
  }

  warn(code: string, message: string, file: string, hint?: string): void {
    this.diagnostics.push({ code: `X07WASM_COMPONENT_${code}`, severity: this.#strict ? "error" : "warning", stage: "parse", message, place: { file }, hint });
  }

  /** A parsed document, or undefined after a diagnostic with one of the two codes. */
  document(path: string, unreadable: string, notJson: string): JsonValue | undefined {
    const file = this.#read(path);
    if (!file.ok) {
      this.error(unreadable, `${path} cannot be read: ${file.error}`, path);
      return undefined;
    }
    this.inputs.push(file.digest);
    const parsed = parseJson(file.bytes);
    if (parsed.ok) return parsed.value;
    this.error(notJson, `${path} is not JSON: ${parsed.error.message} at line ${parsed.error.line}, column ${parsed.error.column}`, path);
    return undefined;
  }

  async valid(schema: string, document: JsonValue, path: string): Promise<boolean> {
    const faults = await validate(schema, document, path);
    this.diagnostics.push(...faults);
    return faults.length === 0;
  }

  async index(path: string): Promise<readonly IndexEntry[]> {
    const document = this.document(path, "INDEX_READ_FAILED", "INDEX_READ_FAILED");
    if (document === undefined) return [];
    await this.valid(COMPONENT_PROFILES.indexSchema, document, path);
    const entries = entriesOf(document);
    if (entries === undefined) {
      this.error("INDEX_READ_FAILED", `${path} is not an index: expected "profiles", a list of {"id", "path"}`, path);
      return [];
    }
    const ids = entries.map((e) => e.id);
    for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) this.error("INDEX_DUPLICATE_PROFILE_ID", `the profile id ${JSON.stringify(id)} is listed more than once`, path, "remove all but one");
    const defaultId = defaultIdOf(document);
    if (defaultId !== undefined && !ids.includes(defaultId)) this.error("INDEX_DEFAULT_PROFILE_NOT_FOUND", `the default profile ${JSON.stringify(defaultId)} is not listed`, path, `known ids: ${ids.join(", ")}`);
    return entries;
  }

  async profile({ id, path }: IndexEntry): Promise<JsonObject> {
    const document = this.document(path, "PROFILE_READ_FAILED", "PROFILE_JSON_INVALID");
    // The report has no room for an empty path, which only a broken index can list.
    const base = { ref: { ...refOf(document, id) }, path: path.slice(0, 1024) || "." };
    if (document === undefined) return { ...base, ok: false, schema_valid: false, id_matches_index: false };
    const valid = await this.valid(COMPONENT_PROFILES.profileSchema, document, path);
    const own = isJsonObject(document) ? (document["id"] ?? null) : null;
    if (own !== id) this.error("PROFILE_ID_MISMATCH", `${path} is listed as ${JSON.stringify(id)}, but its id is ${JSON.stringify(own)}`, path, "make both the same");
    return { ...base, ok: valid && own === id, schema_valid: valid, id_matches_index: own === id };
  }
}

/** The goal `component profile validate`: options `index`, `profile` (any number of ids), `strict`. */
export async function validateComponentProfiles(read: ReadFile, options: OptionValues): Promise<GoalAnswer> {
  const strict = options["strict"] === true;
  const checks = new Checks(read, strict);
  const path = textOption(options, "index") ?? COMPONENT_PROFILES.defaultIndex;
  const entries = await checks.index(path);
  const index = checks.inputs[0] ?? { path, sha256: ZERO_SHA256, bytes_len: 0 };
  const wanted = Array.isArray(options["profile"]) ? (options["profile"] as readonly string[]) : [];
  for (const id of wanted.filter((w) => !entries.some((e) => e.id === w))) checks.warn("INDEX_PROFILE_NOT_FOUND", `the profile ${JSON.stringify(id)} is not listed in ${path}`, path, `known ids: ${entries.map((e) => e.id).join(", ")}`);
  const profiles: JsonObject[] = [];
  for (const entry of entries.filter((e) => wanted.length === 0 || wanted.includes(e.id)).slice(0, 256)) profiles.push(await checks.profile(entry));
  const good = profiles.filter((p) => p["ok"] === true).length;
  return {
    result: { strict, index: { ...index }, profiles_total: profiles.length, profiles_ok: good, profiles_failed: profiles.length - good, profiles },
    diagnostics: checks.diagnostics,
    inputs: checks.inputs,
    outputs: [],
    nondeterminism: { uses_os_time: false, uses_network: false, uses_process: false },
    human: profiles.map((p) => `${p["ok"] === true ? "ok     " : "not ok "} ${String(p["path"])}`),
  };
}
