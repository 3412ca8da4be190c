// `toolchain validate`: whether the tools are there in versions that the toolchain profile allows. Starts tools through its caller alone.

import { asNumber, canonical, isJsonObject, sha256Hex } from "../engine/index.ts";
import type { GoalAnswer, JsonObject, JsonValue, OptionValues, Severity } from "../engine/index.ts";
import { firstChars } from "../engine/index.ts";
import { Checks } from "./contract/checks.ts";
import { defaultIdOf, entriesOf, knownIds, refOf } from "./contract/registry.ts";
import type { IndexEntry, ProfileRef, ReadFile } from "./contract/registry.ts";
import { textOption } from "./profile.ts";
import { satisfies } from "./version-requirement.ts";

export const TOOLCHAIN_INDEX = "arch/wasm/toolchain/index.x07wasm.toolchain.json";
const INDEX_SCHEMA = "x07-arch.wasm.toolchain.index.schema.json";
const PROFILE_SCHEMA = "x07-wasm.toolchain.profile.schema.json";
/** What reports call the profile when there is no knowing which one was meant. */
const NO_PROFILE = "arch/wasm/toolchain/profiles/missing.json";
/** Characters of a tool's output that are looked at and reported. */
const OUTPUT_CHARS = 4096;

/** The tools in the order in which they are asked, with their usual programs. */
const TOOLS = [
  ["x07", "x07"],
  ["clang", "clang"],
  ["wasm_ld", "wasm-ld"],
  ["wasmtime", "wasmtime"],
  ["wasm_tools", "wasm-tools"],
  ["wit_bindgen", "wit-bindgen"],
  ["wac", "wac"],
  ["jco", "jco"],
] as const;

/** What a program said, whatever its exit status; or why it could not be started. */
export type ProbeResult = { readonly stdout: string; readonly stderr: string } | { readonly osError: string };
export type Probe = (program: string, argv: readonly string[]) => Promise<ProbeResult>;

interface ToolRequirement {
  readonly id: string;
  readonly cmd: string;
  readonly argv: readonly string[];
  readonly regex: string;
  readonly group: number;
  readonly source: "stdout" | "stderr" | "either";
  readonly constraint: string;
  readonly required: boolean;
}

/** The goal `toolchain validate`: options `profile` (a file), `profile-id`, `index`. */
export async function validateToolchain(read: ReadFile, probe: Probe, options: OptionValues): Promise<GoalAnswer> {
  const checks = new Checks(read);
  const file = textOption(options, "profile");
  const id = textOption(options, "profile-id");
  const listed = file === undefined ? await choose(checks, textOption(options, "index") ?? TOOLCHAIN_INDEX, id) : undefined;
  const profile = await loadProfile(checks, file ?? listed?.entry?.path, listed?.entry?.id);
  const tools: JsonObject[] = [];
  for (const requirement of profile.requirements) tools.push(await checkTool(checks, probe, requirement, profile.status.path));
  return {
    result: {
      mode: file !== undefined ? "profile_file_v1" : id !== undefined ? "profile_id_v1" : "index_v1",
      index: listed === undefined ? null : listed.summary,
      profile: { ...profile.status, ref: { ...profile.status.ref } },
      tools,
      compatibility_hash: compatibilityHash(profile.status.ref, tools),
    },
    diagnostics: checks.diagnostics,
    inputs: checks.inputs,
    outputs: [],
    nondeterminism: { uses_os_time: false, uses_network: false, uses_process: true },
    human: tools.map((t) => `${t["ok"] === true ? "ok     " : "not ok "} ${String(t["tool_id"]).padEnd(12)} ${String(t["found_version"] ?? "-").padEnd(14)} ${String(t["required_constraint"])}`),
  };
}

// ---------------------------------------------------------------------------------------------- which profile

interface Chosen {
  readonly summary: JsonObject;
  readonly entry: IndexEntry | undefined;
}

async function choose(checks: Checks, path: string, id: string | undefined): Promise<Chosen> {
  const document = checks.document(path, { unreadable: "TOOLCHAIN_INDEX_READ_FAILED", notJson: "TOOLCHAIN_INDEX_SCHEMA_INVALID", alsoEmpty: true });
  const valid = document !== undefined && (await checks.valid(INDEX_SCHEMA, document, path, "X07WASM_TOOLCHAIN_INDEX_SCHEMA_INVALID"));
  const entries = document === undefined ? [] : (entriesOf(document) ?? []);
  const defaultId = document === undefined ? undefined : defaultIdOf(document);
  const wanted = id ?? defaultId;
  const entry = entries.find((e) => e.id === wanted);
  if (entry === undefined) {
    const message = wanted === undefined ? `${path} names no default toolchain profile` : `the toolchain profile ${JSON.stringify(wanted)} is not listed in ${path}`;
    checks.find("TOOLCHAIN_PROFILE_READ_FAILED", message, path, { hint: knownIds(entries) });
  }
  const found = entries.some((e) => e.id === defaultId);
  return { summary: { path, ok: valid, profiles_count: entries.length, default_profile_id: defaultId ?? null, default_profile_found: found }, entry };
}

interface LoadedToolchain {
  readonly status: { readonly ref: ProfileRef; readonly path: string; readonly ok: boolean; readonly schema_version: string | null; readonly schema_valid: boolean; readonly id_matches_index: boolean };
  /** Empty when the profile cannot be used. */
  readonly requirements: readonly ToolRequirement[];
}

async function loadProfile(checks: Checks, path: string | undefined, listedAs: string | undefined): Promise<LoadedToolchain> {
  const document = path === undefined ? undefined : checks.document(path, { unreadable: "TOOLCHAIN_PROFILE_READ_FAILED", notJson: "TOOLCHAIN_PROFILE_SCHEMA_INVALID" });
  const shown = { ref: { ...refOf(document, listedAs ?? "") }, path: path ?? NO_PROFILE };
  if (path === undefined || document === undefined) return { status: { ...shown, ok: false, schema_version: null, schema_valid: false, id_matches_index: false }, requirements: [] };
  const valid = await checks.valid(PROFILE_SCHEMA, document, path, "X07WASM_TOOLCHAIN_PROFILE_SCHEMA_INVALID");
  const members = isJsonObject(document) ? document : {};
  const matches = listedAs === undefined || members["id"] === listedAs;
  if (!matches) checks.find("TOOLCHAIN_PROFILE_SCHEMA_INVALID", `${path} is listed as ${JSON.stringify(listedAs)}, but its id is ${JSON.stringify(members["id"] ?? null)}`, path, { hint: "make both the same" });
  const version = members["schema_version"];
  const ok = valid && matches;
  return {
    status: { ...shown, ok, schema_version: typeof version === "string" ? version : null, schema_valid: valid, id_matches_index: matches },
    requirements: ok ? TOOLS.map(([id, program]) => requirement(id, program, (members["tools"] as JsonObject)[id] as JsonObject)) : [],
  };
}

function requirement(id: string, program: string, tool: JsonObject): ToolRequirement {
  const version = tool["version"] as JsonObject;
  return {
    id,
    cmd: typeof tool["cmd"] === "string" && tool["cmd"] !== "" ? tool["cmd"] : program,
    argv: version["argv"] as readonly string[],
    regex: String(version["regex"]),
    group: asNumber(version["group"]) ?? 1,
    source: version["source"] as ToolRequirement["source"],
    constraint: String(tool["constraint"]),
    required: tool["required"] === true,
  };
}

// ---------------------------------------------------------------------------------------------- one tool

async function checkTool(checks: Checks, probe: Probe, tool: ToolRequirement, profilePath: string): Promise<JsonObject> {
  const answer = await probe(tool.cmd, tool.argv);
  const [stdout, stderr] = "osError" in answer ? ["", ""] : [firstChars(answer.stdout, OUTPUT_CHARS), firstChars(answer.stderr, OUTPUT_CHARS)];
  const status = { tool_id: tool.id, required_constraint: tool.constraint, cmd: firstChars(tool.cmd, OUTPUT_CHARS), argv: tool.argv, stdout, stderr };
  const severity: Severity = tool.required ? "error" : "warning";
  const find = (code: string, message: string, data: { readonly [name: string]: JsonValue }, hint?: string): void =>
    checks.find(`TOOLCHAIN_${code}`, message, profilePath, { stage: "run", severity, data: { tool_id: tool.id, ...data }, hint });
  if ("osError" in answer) {
    find("TOOL_SPAWN_FAILED", `${tool.cmd} cannot be started: ${answer.osError}`, { argv: [tool.cmd, ...tool.argv], os_error: answer.osError }, `install ${tool.cmd} ${tool.constraint}, or say in the profile where it is`);
    return { ...status, ok: false, found_version: null };
  }
  const found = foundVersion(tool, stdout, stderr);
  const verdict = found === undefined ? "bad-version" : satisfies(found, tool.constraint);
  if (found === undefined || verdict === "bad-version") {
    const what = found === undefined ? `nothing that matches ${JSON.stringify(tool.regex)}` : `${JSON.stringify(found)}, which is no semantic version`;
    find("VERSION_PARSE_FAILED", `${tool.cmd} says ${what}`, { stdout, stderr });
    return { ...status, ok: false, found_version: null };
  }
  if (verdict === "bad-requirement") {
    checks.find("TOOLCHAIN_PROFILE_SCHEMA_INVALID", `the constraint ${JSON.stringify(tool.constraint)} of ${tool.id} is not one`, profilePath, { data: { tool_id: tool.id, constraint: tool.constraint }, hint: "write comma-separated comparators, e.g. \">=1.2.0, <2.0.0\"" });
  } else if (!verdict) {
    find("VERSION_CONSTRAINT_UNSATISFIED", `${tool.cmd} is ${found}, expected ${tool.constraint}`, { expected: tool.constraint, found }, `install ${tool.cmd} ${tool.constraint}`);
  }
  return { ...status, ok: verdict === true, found_version: found };
}

/** The text of the group in the first stream that matches; undefined when none does or the pattern is none. */
function foundVersion(tool: ToolRequirement, stdout: string, stderr: string): string | undefined {
  const pattern = asPattern(tool.regex);
  const streams = { stdout: [stdout], stderr: [stderr], either: [stdout, stderr] }[tool.source];
  for (const stream of streams) {
    const found = pattern?.exec(stream)?.[tool.group];
    if (found !== undefined && found !== "" && found.length <= 128) return found;
  }
  return undefined;
}

/** Profiles are written for Rust's regular expressions: leading flags and named groups are spelt otherwise here. */
function asPattern(regex: string): RegExp | undefined {
  const flags = /^\(\?([ims]+)\)/.exec(regex)?.[1] ?? "";
  try {
    return new RegExp(regex.slice(flags === "" ? 0 : flags.length + 3).replaceAll("(?P<", "(?<"), flags);
  } catch {
    return undefined;
  }
}

/** Equal for two machines whose tools are the same as far as the profile can tell. */
function compatibilityHash(ref: ProfileRef, tools: readonly JsonObject[]): string {
  const facts = tools.map((t) => ({ found_version: t["found_version"], required_constraint: t["required_constraint"], tool_id: t["tool_id"] }));
  return sha256Hex(canonical({ profile: { id: ref.id, v: ref.v }, tools: facts }));
}
