// Which profile a command gets, what `profile validate` says of good and bad registries, and what the packaged ones hold.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sha256Hex } from "../../../engine/index.ts";
import type { GoalAnswer, OptionValues } from "../../../engine/index.ts";
import { validate } from "../../../rules/contract/validate.ts";
import { decodeWasmProfile, resolveWasmProfile, withLimitOptions } from "../../../rules/profile.ts";
import { validateProfiles } from "../../../rules/profile-validate.ts";
import { codes, reported, world } from "./world.ts";
import type { Tree } from "./world.ts";

const ROOT = join(import.meta.dirname, "../../..");
function packaged(path: string): Record<string, never> & { runtime: { [name: string]: unknown } } {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8"));
}

const release = packaged("arch/wasm/profiles/wasm_release.json");
const INDEX = "arch/wasm/index.x07wasm.json";
const index = (profiles: unknown[], defaults?: unknown): Tree => ({ [INDEX]: { schema_version: "x07.arch.wasm.index@0.1.0", profiles, ...(defaults === undefined ? {} : { defaults }) } });
const listed = (id: string, path = `p/${id}.json`): unknown => ({ id, path });
const options = (given: OptionValues = {}): OptionValues => ({ index: INDEX, profile: undefined, "profile-file": undefined, ...given });

describe("the packaged registries", () => {
  const files: [string, string][] = [];
  const collect = (dir: string, schema: string): void => {
    for (const name of readdirSync(join(ROOT, dir))) if (name.endsWith(".json")) files.push([`${dir}/${name}`, schema]);
  };
  collect("arch/wasm", "x07-arch.wasm.index");
  collect("arch/wasm/profiles", "x07-wasm.profile");
  collect("arch/wasm/component", "x07-arch.wasm.component.index");
  collect("arch/wasm/component/profiles", "x07-wasm.component.profile");
  collect("arch/wasm/toolchain", "x07-arch.wasm.toolchain.index");
  collect("arch/wasm/toolchain/profiles", "x07-wasm.toolchain.profile");
  test("eleven files", () => expect(files.length).toBe(11));
  test.each(files)("%s keeps to its schema", async (path, schema) => expect(await validate(`${schema}.schema.json`, packaged(path), path)).toEqual([]));
  test("wasm profiles say what they are known for", () => {
    const facts = (id: string): unknown[] => {
      const p = packaged(`arch/wasm/profiles/${id}.json`) as never as { defaults: { arena_cap_bytes: number; max_output_bytes: number }; runtime: { [k: string]: unknown }; wasm_ld: { ldflags: string[] } };
      const memory = p.wasm_ld.ldflags.find((f) => f.startsWith("--initial-memory="));
      return [p.defaults.arena_cap_bytes / 2 ** 20, p.defaults.max_output_bytes / 2 ** 20, memory, p.runtime["max_fuel"], p.runtime["max_memory_bytes"], p.runtime["max_table_elements"], p.runtime["max_wasm_stack_bytes"]];
    };
    const released = [64, 16, "--initial-memory=134217728", 200_000_000, 134217728, 131072, 1048576];
    for (const id of ["wasm_release", "wasm_release_cached", "wasm_release_pooling"]) expect(facts(id)).toEqual(released);
    expect(facts("wasm_debug")).toEqual([128, 16, "--initial-memory=268435456", 400_000_000, 268435456, 131072, 2097152]);
  });
});

describe("resolution", () => {
  const tree = {
    ...index([listed("a"), listed("b"), listed("a", "p/second.json")], { default_profile_id: "b" }),
    "p/a.json": { ...release, id: "a" },
    "p/b.json": { ...release, id: "b", v: 3, clang: { cc: "my-clang", cflags: [] } },
  };
  const resolved = async (given: OptionValues, files: Tree = tree) => resolveWasmProfile(world(files), options(given));
  test("file before id before default", async () => {
    const byDefault = await resolved({});
    expect(byDefault.profile).toMatchObject({ ok: true, value: { ref: { id: "b", v: 3 }, path: "p/b.json", value: { cc: "my-clang", linker: "wasm-ld", arenaCapBytes: 67108864 } } });
    expect(byDefault.inputs.map((i) => i.path)).toEqual(["p/b.json", INDEX]);
    expect((await resolved({ profile: "a" })).profile).toMatchObject({ value: { path: "p/a.json" } });
    const byFile = await resolved({ "profile-file": "p/a.json" });
    expect(byFile.inputs.map((i) => i.path)).toEqual(["p/a.json"]);
  });
  test("a project without arch/ gets the packaged profiles, under names of their own", async () => {
    const { inputs, profile } = await resolved({}, {});
    expect(profile).toMatchObject({ ok: true, value: { ref: { id: "wasm_release", v: 1 }, value: { codegenBackend: "native_x07_wasm_v1", limits: { maxFuel: 200_000_000 } } } });
    expect(inputs.map((i) => i.path)).toEqual(["packaged:arch/wasm/profiles/wasm_release.json", `packaged:${INDEX}`]);
    expect(inputs[0]?.sha256).toBe(sha256Hex(readFileSync(join(ROOT, "arch/wasm/profiles/wasm_release.json"))));
    expect((await resolved({ profile: "wasm_debug" }, {})).profile.ok).toBe(true);
  });
  test.each<[string, OptionValues, Tree, string]>([
    ["a named index must be there", { index: "other.json" }, {}, "other.json cannot be read"],
    ["an index of the project is not helped by the package", {}, index([listed("wasm_release")]), "p/wasm_release.json cannot be read"],
    ["an unknown id", { profile: "c" }, tree, '"c" is not listed'],
    ["no such default", {}, index([listed("a")]), '"wasm_release" is not listed'],
    ["no JSON", { "profile-file": "x" }, { x: "{" }, "is not JSON"],
    ["a broken schema", { "profile-file": "x" }, { x: { ...release, codegen_backend: "c" } }, 'x#/codegen_backend: expected one of "c_toolchain_v1", "native_x07_wasm_v1", found "c"'],
    ["a bad index", {}, index([]), "at least 1 items, found 0"],
    ["another entry", { "profile-file": "x" }, { x: { ...release, target: { triple: "wasm32-wasi", wasm_c_abi: "basic_c_abi@1", entry_export: "main" } } }, "entry_export"],
    ["no header", { "profile-file": "x" }, { x: { ...release, x07_build: { freestanding: true, emit_c_header: false } } }, "emit_c_header"],
  ])("%s", async (_name, given, files, message) => {
    const { profile } = await resolved(given, files);
    expect(profile.ok).toBe(false);
    if (profile.ok) return;
    expect(profile.error.length).toBe(1);
    expect(profile.error[0]).toMatchObject({ code: "X07WASM_PROFILE_LOAD_FAILED", stage: "parse", severity: "error" });
    expect(profile.error[0]?.message).toContain(message);
  });
  test("limits: exact numbers, flags over the profile", () => {
    const decoded = decodeWasmProfile({ ...release, runtime: { ...release.runtime, max_fuel: 18446744073709551615n, max_memory_bytes: null } } as never);
    if (!decoded.ok) throw new Error(decoded.error);
    expect(decoded.value.limits).toMatchObject({ maxFuel: 18446744073709551615n, maxMemoryBytes: null, instanceAllocator: "on_demand", cacheConfig: null });
    expect(withLimitOptions(decoded.value.limits, { "max-fuel": 0n, "max-table-elements": 5n })).toMatchObject({ maxFuel: 0, maxTableElements: 5, maxWasmStackBytes: 1048576 });
  });
});

describe("profile validate", () => {
  const check = (tree: Tree, given: OptionValues = {}): Promise<GoalAnswer> => validateProfiles(world(tree), options(given));
  const good = { ...index([listed("wasm_release")]), "p/wasm_release.json": release };
  test("everything in order", async () => {
    const answer = await check(good);
    expect(answer.diagnostics).toEqual([]);
    expect(answer.result).toEqual({
      mode: "index_v1",
      index: { path: INDEX, ok: true, profiles_count: 1, default_profile_id: "wasm_release", default_profile_found: true },
      profiles: [{ ref: { id: "wasm_release", v: 1 }, path: "p/wasm_release.json", ok: true, schema_version: "x07.wasm.profile@0.3.0", schema_valid: true, id_matches_index: true }],
    });
    expect(answer.inputs.map((i) => i.path)).toEqual([INDEX, "p/wasm_release.json"]);
  });
  test("no index: it cannot be read, and nothing is no JSON", async () => {
    const answer = await check({});
    expect(codes(answer)).toEqual(["WASM_INDEX_READ_FAILED", "WASM_INDEX_JSON_INVALID"]);
    expect(answer.result).toMatchObject({ index: { ok: false, profiles_count: 0, default_profile_id: null, default_profile_found: false }, profiles: [] });
  });
  test("an index of the wrong shape", async () => {
    expect(codes(await check({ [INDEX]: [] }))).toEqual(["SCHEMA_INVALID", "WASM_INDEX_PARSE_FAILED"]);
    expect(codes(await check({ [INDEX]: "{" }))).toEqual(["WASM_INDEX_JSON_INVALID"]);
  });
  test("an id twice, a default that is not listed; the profiles are checked all the same", async () => {
    const answer = await check({ ...good, ...index([listed("wasm_release"), listed("wasm_release")], { default_profile_id: "x" }) });
    expect(codes(answer)).toEqual(["WASM_INDEX_DUPLICATE_PROFILE_ID", "WASM_INDEX_DEFAULT_PROFILE_MISSING"]);
    expect((answer.result as { profiles: unknown[] }).profiles.length).toBe(2);
  });
  test("absolute paths break the schema but are read", async () => {
    const answer = await check({ ...index([listed("wasm_release", "/abs.json")]), "/abs.json": release });
    expect(codes(answer)).toEqual(["SCHEMA_INVALID"]);
    expect(answer.diagnostics[0]?.data).toMatchObject({ instance_path: "/profiles/0/path" });
    expect(answer.result).toMatchObject({ index: { ok: false }, profiles: [{ ok: true }] });
  });
  test("by id and by file", async () => {
    expect((await check(good, { profile: "wasm_release" })).result).toMatchObject({ mode: "profile_id_v1", profiles: [{ ok: true }] });
    const unknown = await check(good, { profile: "nope" });
    expect(codes(unknown)).toEqual(["WASM_INDEX_PROFILE_NOT_FOUND"]);
    expect((await check({ x: release }, { "profile-file": "x" })).result).toMatchObject({ mode: "profile_file_v1", index: null, profiles: [{ ok: true, ref: { id: "wasm_release" } }] });
  });
  test("bad profiles: absent, no JSON, another id, broken, valid but of no use", async () => {
    const absent = await check(index([listed("wasm_release")]));
    expect(codes(absent)).toEqual(["PROFILE_READ_FAILED"]);
    expect(absent.result).toMatchObject({ profiles: [{ ref: { id: "wasm_release", v: 1 }, ok: false, schema_version: null, schema_valid: false, id_matches_index: false }] });
    expect(codes(await check({ ...good, "p/wasm_release.json": "nonsense" }))).toEqual(["PROFILE_JSON_INVALID"]);
    expect(codes(await check({ ...good, "p/wasm_release.json": { ...release, id: "x" } }))).toEqual(["PROFILE_ID_MISMATCH"]);
    const broken = await check({ ...good, "p/wasm_release.json": { ...release, v: 0, extra: 1, defaults: { arena_cap_bytes: -1 } } });
    expect(codes(broken)).toEqual(["SCHEMA_INVALID", "SCHEMA_INVALID", "SCHEMA_INVALID", "SCHEMA_INVALID"]);
    expect(broken.diagnostics.map((d) => d.data?.["instance_path"]).sort()).toEqual(["", "/defaults", "/defaults/arena_cap_bytes", "/v"]);
    const useless = await check({ x: { ...release, x07_build: { freestanding: true, emit_c_header: false } } }, { "profile-file": "x" });
    expect(useless.diagnostics.map((d) => [d.code, d.severity])).toEqual([["X07WASM_PROFILE_LOAD_FAILED", "warning"]]);
    expect((await check({ x: [] }, { "profile-file": "x" })).result).toMatchObject({ profiles: [{ ref: { id: "unknown", v: 1 }, ok: false }] });
  });
  test("every result keeps to the report's schema", async () => {
    for (const answer of [await check(good), await check({}), await check({ [INDEX]: [] }), await check({ x: [] }, { "profile-file": "x" }), await check(index([{ id: "--", path: "" }]))]) {
      expect((await reported(answer, "profile.validate")).faults).toEqual([]);
    }
  });
});
