// Component profiles: resolution, and `component profile validate` of good and bad registries.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { GoalAnswer, OptionValues } from "../../../engine/index.ts";
import { resolveComponentProfile } from "../../../rules/component-profile.ts";
import { validateComponentProfiles } from "../../../rules/component-profile-validate.ts";
import { codes, reported, world } from "./world.ts";
import type { Tree } from "./world.ts";

const release = JSON.parse(readFileSync(join(import.meta.dirname, "../../../arch/wasm/component/profiles/component_release.json"), "utf8"));
const INDEX = "arch/wasm/component/index.x07wasm.component.json";
const index = (profiles: unknown[], defaults?: unknown): Tree => ({ [INDEX]: { schema_version: "x07.arch.wasm.component.index@0.1.0", profiles, ...(defaults === undefined ? {} : { defaults }) } });
const listed = { id: "component_release", path: "p.json" };
const good = { ...index([listed]), "p.json": release };
const check = (tree: Tree, given: OptionValues = {}): Promise<GoalAnswer> => validateComponentProfiles(world(tree), { index: INDEX, profile: [], strict: false, ...given });

test("the packaged profile, typed", async () => {
  const { profile, inputs } = await resolveComponentProfile(world({}), { index: INDEX });
  expect(profile).toMatchObject({
    ok: true,
    value: {
      ref: { id: "component_release", v: 2 },
      value: {
        witIndexPath: "arch/wit/index.x07wit.json",
        tools: { wac: { cmd: "wac", args: [], env: {} } },
        solve: { package: "x07:solve@0.1.0", world: "solve" },
        targets: { http: { package: "wasi:http@0.2.8", world: "proxy" }, cli: { package: "wasi:cli@0.2.8", world: "command" } },
        native: { http: { budgets: { max_headers: 128, max_envelope_bytes: 2097152 } }, cli: { budgets: { max_stderr_bytes: 65536 } } },
      },
    },
  });
  expect(inputs[1]?.path).toBe(`packaged:${INDEX}`);
  const failed = await resolveComponentProfile(world({}), { index: INDEX, profile: "nope" });
  expect(failed.profile).toMatchObject({ ok: false, error: [{ code: "X07WASM_COMPONENT_PROFILE_LOAD_FAILED" }] });
});

test("everything in order", async () => {
  const answer = await check(good);
  expect(answer.diagnostics).toEqual([]);
  expect(answer.result).toMatchObject({ strict: false, profiles_total: 1, profiles_ok: 1, profiles_failed: 0, profiles: [{ ref: { id: "component_release", v: 2 }, path: "p.json", ok: true, schema_valid: true, id_matches_index: true }] });
});

test.each<[string, Tree, OptionValues, string[], number]>([
  ["no index", {}, {}, ["COMPONENT_INDEX_READ_FAILED"], 3],
  ["no JSON", { [INDEX]: "{" }, {}, ["COMPONENT_INDEX_READ_FAILED"], 3],
  ["no index by its shape", { [INDEX]: {} }, {}, ["SCHEMA_INVALID", "SCHEMA_INVALID", "COMPONENT_INDEX_READ_FAILED"], 3],
  ["an id twice", { ...good, ...index([listed, listed]) }, {}, ["COMPONENT_INDEX_DUPLICATE_PROFILE_ID"], 3],
  ["a default that is not listed", { ...good, ...index([listed], { default_profile_id: "x" }) }, {}, ["COMPONENT_INDEX_DEFAULT_PROFILE_NOT_FOUND"], 3],
  ["an absent profile", index([listed]), {}, ["COMPONENT_PROFILE_READ_FAILED"], 3],
  ["a profile that is no JSON", { ...good, "p.json": "x" }, {}, ["COMPONENT_PROFILE_JSON_INVALID"], 3],
  ["another id", { ...good, "p.json": { ...release, id: "x" } }, {}, ["COMPONENT_PROFILE_ID_MISMATCH"], 3],
  ["a broken profile", { ...good, "p.json": { ...release, v: 0 } }, {}, ["SCHEMA_INVALID"], 3],
  ["an unknown filter is told", good, { profile: ["nope"] }, ["COMPONENT_INDEX_PROFILE_NOT_FOUND"], 0],
  ["and an error when strict", good, { profile: ["nope"], strict: true }, ["COMPONENT_INDEX_PROFILE_NOT_FOUND"], 3],
  ["an empty path breaks the index, not the report", { ...index([{ ...listed, path: "" }]), "": release }, {}, ["SCHEMA_INVALID", "SCHEMA_INVALID"], 3],
])("%s", async (_name, tree, given, expected, exitCode) => {
  const answer = await check(tree, given);
  expect(codes(answer)).toEqual(expected);
  expect(await reported(answer, "component.profile.validate")).toEqual({ exitCode, faults: [] });
});
