// `profile validate`: which wasm profiles keep to their schema and their index. Knows nothing of using a profile.

import { isJsonObject } from "../engine/index.ts";
import type { GoalAnswer, JsonObject, OptionValues } from "../engine/index.ts";
import { Checks } from "./contract/checks.ts";
import { defaultIdOf, entriesOf, knownIds, refOf, repeatedIds } from "./contract/registry.ts";
import type { IndexEntry, ReadFile } from "./contract/registry.ts";
import { textOption, unmetDemand, WASM_PROFILES } from "./profile.ts";

type Mode = "profile_file_v1" | "profile_id_v1" | "index_v1";

interface IndexFindings {
  readonly summary: { readonly path: string; readonly ok: boolean; readonly profiles_count: number; readonly default_profile_id: string | null; readonly default_profile_found: boolean };
  readonly entries: readonly IndexEntry[];
}

/** The goal `profile validate`: options `index`, `profile`, `profile-file`. */
export async function validateProfiles(read: ReadFile, options: OptionValues): Promise<GoalAnswer> {
  const checks = new Checks(read);
  const file = textOption(options, "profile-file");
  const id = textOption(options, "profile");
  const mode: Mode = file !== undefined ? "profile_file_v1" : id !== undefined ? "profile_id_v1" : "index_v1";
  const { index, profiles } = file !== undefined ? { index: null, profiles: [await checkProfile(checks, file, undefined)] } : await checkListed(checks, textOption(options, "index") ?? WASM_PROFILES.defaultIndex, id);
  return {
    result: { mode, index: index === null ? null : { ...index }, profiles },
    diagnostics: checks.diagnostics,
    inputs: checks.inputs,
    outputs: [],
    nondeterminism: { uses_os_time: false, uses_network: false, uses_process: false },
    human: profiles.map((p) => `${p["ok"] === true ? "ok     " : "not ok "} ${String(p["path"])}`),
  };
}

async function checkListed(checks: Checks, path: string, id: string | undefined): Promise<{ index: IndexFindings["summary"]; profiles: JsonObject[] }> {
  const { summary, entries } = await checkIndex(checks, path);
  const chosen = id === undefined ? entries : entries.filter((e) => e.id === id).slice(0, 1);
  if (id !== undefined && chosen.length === 0) checks.find("WASM_INDEX_PROFILE_NOT_FOUND", `the profile ${JSON.stringify(id)} is not listed in ${path}`, path, { hint: knownIds(entries) });
  const profiles: JsonObject[] = [];
  for (const entry of chosen) profiles.push(await checkProfile(checks, entry.path, entry.id));
  return { index: summary, profiles };
}

async function checkIndex(checks: Checks, path: string): Promise<IndexFindings> {
  const before = checks.diagnostics.length;
  const document = checks.document(path, { unreadable: "WASM_INDEX_READ_FAILED", notJson: "WASM_INDEX_JSON_INVALID", alsoEmpty: true });
  if (document !== undefined) await checks.valid(WASM_PROFILES.indexSchema, document, path);
  const entries = document === undefined ? [] : entriesOf(document);
  if (entries === undefined) checks.find("WASM_INDEX_PARSE_FAILED", `${path} is not an index: expected "profiles", a list of {"id", "path"}`, path);
  const known = entries ?? [];
  for (const id of repeatedIds(known)) checks.find("WASM_INDEX_DUPLICATE_PROFILE_ID", `the profile id ${JSON.stringify(id)} is listed more than once`, path, { hint: "remove all but one" });
  const usable = document !== undefined && entries !== undefined;
  const defaultId = usable ? (defaultIdOf(document) ?? "wasm_release") : null;
  const found = known.some((e) => e.id === defaultId);
  if (usable && !found) checks.find("WASM_INDEX_DEFAULT_PROFILE_MISSING", `the default profile ${JSON.stringify(defaultId)} is not listed`, path, { hint: knownIds(known) });
  const good = checks.diagnostics.length === before;
  return { summary: { path, ok: good, profiles_count: known.length, default_profile_id: defaultId, default_profile_found: found }, entries: known };
}

async function checkProfile(checks: Checks, path: string, listedAs: string | undefined): Promise<JsonObject> {
  const document = checks.document(path, { unreadable: "PROFILE_READ_FAILED", notJson: "PROFILE_JSON_INVALID" });
  const ref = { ...refOf(document, listedAs ?? "") };
  if (document === undefined) return { ref, path, ok: false, schema_version: null, schema_valid: false, id_matches_index: false };
  const valid = await checks.valid(WASM_PROFILES.profileSchema, document, path);
  const members = isJsonObject(document) ? document : {};
  const matches = listedAs === undefined || members["id"] === listedAs;
  if (!matches) checks.find("PROFILE_ID_MISMATCH", `${path} is listed as ${JSON.stringify(listedAs)}, but its id is ${JSON.stringify(members["id"] ?? null)}`, path, { hint: "make both the same" });
  const demand = valid ? unmetDemand(members) : undefined;
  if (demand !== undefined) checks.find("PROFILE_LOAD_FAILED", `${path} keeps to its schema but cannot be used: ${demand}`, path, { severity: "warning" });
  const version = members["schema_version"];
  return { ref, path, ok: valid && matches, schema_version: typeof version === "string" ? version : null, schema_valid: valid, id_matches_index: matches };
}
