// `component profile validate`: which component profiles keep to their schema and their index. Knows nothing of using a profile.

import { isJsonObject, ZERO_SHA256 } from "../engine/index.ts";
import type { GoalAnswer, JsonObject, OptionValues } from "../engine/index.ts";
import { COMPONENT_PROFILES } from "./component-profile.ts";
import { Checks } from "./contract/checks.ts";
import { defaultIdOf, entriesOf, knownIds, refOf, repeatedIds } from "./contract/registry.ts";
import type { IndexEntry, ReadFile } from "./contract/registry.ts";
import { textOption } from "./profile.ts";

/** A report has room for this many profiles. */
const MOST = 256;

/** The goal `component profile validate`: options `index`, `profile` (any number of ids), `strict`. */
export async function validateComponentProfiles(read: ReadFile, options: OptionValues): Promise<GoalAnswer> {
  const strict = options["strict"] === true;
  const checks = new Checks(read);
  const path = textOption(options, "index") ?? COMPONENT_PROFILES.defaultIndex;
  const entries = await checkIndex(checks, path);
  const index = checks.inputs[0] ?? { path, sha256: ZERO_SHA256, bytes_len: 0 };
  const wanted = Array.isArray(options["profile"]) ? (options["profile"] as readonly string[]) : [];
  for (const id of wanted.filter((w) => !entries.some((e) => e.id === w))) {
    checks.find("COMPONENT_INDEX_PROFILE_NOT_FOUND", `the profile ${JSON.stringify(id)} is not listed in ${path}`, path, { severity: strict ? "error" : "warning", hint: knownIds(entries) });
  }
  const profiles: JsonObject[] = [];
  for (const entry of entries.filter((e) => wanted.length === 0 || wanted.includes(e.id)).slice(0, MOST)) profiles.push(await checkProfile(checks, entry));
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

async function checkIndex(checks: Checks, path: string): Promise<readonly IndexEntry[]> {
  const document = checks.document(path, { unreadable: "COMPONENT_INDEX_READ_FAILED", notJson: "COMPONENT_INDEX_READ_FAILED" });
  if (document === undefined) return [];
  await checks.valid(COMPONENT_PROFILES.indexSchema, document, path);
  const entries = entriesOf(document);
  if (entries === undefined) {
    checks.find("COMPONENT_INDEX_READ_FAILED", `${path} is not an index: expected "profiles", a list of {"id", "path"}`, path);
    return [];
  }
  for (const id of repeatedIds(entries)) checks.find("COMPONENT_INDEX_DUPLICATE_PROFILE_ID", `the profile id ${JSON.stringify(id)} is listed more than once`, path, { hint: "remove all but one" });
  const defaultId = defaultIdOf(document);
  if (defaultId !== undefined && !entries.some((e) => e.id === defaultId)) {
    checks.find("COMPONENT_INDEX_DEFAULT_PROFILE_NOT_FOUND", `the default profile ${JSON.stringify(defaultId)} is not listed`, path, { hint: knownIds(entries) });
  }
  return entries;
}

async function checkProfile(checks: Checks, { id, path }: IndexEntry): Promise<JsonObject> {
  const document = checks.document(path, { unreadable: "COMPONENT_PROFILE_READ_FAILED", notJson: "COMPONENT_PROFILE_JSON_INVALID" });
  // The report has no room for an empty path, which only a broken index can list.
  const shown = { ref: { ...refOf(document, id) }, path: path.slice(0, 1024) || "." };
  if (document === undefined) return { ...shown, ok: false, schema_valid: false, id_matches_index: false };
  const valid = await checks.valid(COMPONENT_PROFILES.profileSchema, document, path);
  const own = isJsonObject(document) ? (document["id"] ?? null) : null;
  if (own !== id) checks.find("COMPONENT_PROFILE_ID_MISMATCH", `${path} is listed as ${JSON.stringify(id)}, but its id is ${JSON.stringify(own)}`, path, { hint: "make both the same" });
  return { ...shown, ok: valid && own === id, schema_valid: valid, id_matches_index: own === id };
}
