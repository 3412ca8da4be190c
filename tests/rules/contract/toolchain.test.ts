// `toolchain validate`: each way in which a tool or its profile can be wrong, told with its code, and the exit code that follows.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sha256Hex } from "../../../engine/index.ts";
import type { GoalAnswer, OptionValues } from "../../../engine/index.ts";
import { validateToolchain } from "../../../rules/toolchain.ts";
import type { Probe } from "../../../rules/toolchain.ts";
import { codes, reported, world } from "./world.ts";
import type { Tree } from "./world.ts";

const INDEX = "arch/wasm/toolchain/index.x07wasm.toolchain.json";
const packaged = (name: string): never => JSON.parse(readFileSync(join(import.meta.dirname, "../../../arch/wasm/toolchain", name), "utf8")) as never;
const ci = packaged("profiles/toolchain_ci.json") as { tools: { [tool: string]: { [k: string]: unknown } } };
const project: Tree = { [INDEX]: packaged("index.x07wasm.toolchain.json"), "arch/wasm/toolchain/profiles/toolchain_ci.json": ci, "arch/wasm/toolchain/profiles/toolchain_local.json": packaged("profiles/toolchain_local.json") };

const said: { [program: string]: string } = {
  x07: "x07 0.2.17\n",
  clang: "Debian clang version 14.0.6\n",
  "wasm-ld": "Debian LLD 14.0.6\n",
  wasmtime: "wasmtime 42.0.0 (abc 2025-01-01)\n",
  "wasm-tools": "wasm-tools 1.245.1\n",
  "wit-bindgen": "wit-bindgen-cli 0.53.1\n",
  wac: "wac-cli 0.9.0\n",
  jco: "1.16.1\n",
};
const probing = (change: { [program: string]: string | undefined } = {}): Probe => async (program) => {
  const stdout = { ...said, ...change }[program];
  return stdout === undefined ? { osError: "ENOENT" } : { stdout, stderr: "" };
};
const check = (tree: Tree = project, probe = probing(), given: OptionValues = {}): Promise<GoalAnswer> => validateToolchain(world(tree), probe, { index: INDEX, profile: undefined, "profile-id": undefined, ...given });
/** The ci profile with one tool changed, as the only file. */
const changed = (tool: string, change: { [k: string]: unknown }): Tree => ({ "t.json": { ...ci, tools: { ...ci.tools, [tool]: { ...ci.tools[tool], ...change } } } });
const ofFile = (tree: Tree, probe = probing()): Promise<GoalAnswer> => check(tree, probe, { profile: "t.json" });

test("the packaged profile accepts the tools that it pins, and nothing else", async () => {
  const answer = await check();
  expect(answer.diagnostics).toEqual([]);
  expect(answer.result).toMatchObject({ mode: "index_v1", index: { ok: true, profiles_count: 2, default_profile_id: "toolchain_ci", default_profile_found: true }, profile: { ok: true, id_matches_index: true, ref: { id: "toolchain_ci", v: 1 } } });
  const tools = (answer.result as { tools: { tool_id: string; found_version: string; ok: boolean }[] }).tools;
  expect(tools.map((t) => [t.tool_id, t.found_version])).toEqual([["x07", "0.2.17"], ["clang", "14.0.6"], ["wasm_ld", "14.0.6"], ["wasmtime", "42.0.0"], ["wasm_tools", "1.245.1"], ["wit_bindgen", "0.53.1"], ["wac", "0.9.0"], ["jco", "1.16.1"]]);
  expect(await reported(answer, "toolchain.validate")).toEqual({ exitCode: 0, faults: [] });
});

test("the compatibility hash is over the profile and what was found", async () => {
  const { result } = await check(project, probing({ jco: undefined }));
  const facts = (result as { tools: { [k: string]: unknown }[] }).tools.map((t) => `{"found_version":${JSON.stringify(t["found_version"])},"required_constraint":${JSON.stringify(t["required_constraint"])},"tool_id":${JSON.stringify(t["tool_id"])}}`);
  expect((result as { compatibility_hash: string }).compatibility_hash).toBe(sha256Hex(`{"profile":{"id":"toolchain_ci","v":1},"tools":[${facts.join(",")}]}\n`));
});

describe("tools", () => {
  test.each<[string, { [program: string]: string | undefined }, [string, string][], number]>([
    ["a required one is missing", { x07: undefined }, [["TOOLCHAIN_TOOL_SPAWN_FAILED", "error"]], 2],
    ["an optional one is missing", { clang: undefined }, [["TOOLCHAIN_TOOL_SPAWN_FAILED", "warning"]], 0],
    ["another version", { wac: "wac-cli 0.8.0" }, [["TOOLCHAIN_VERSION_CONSTRAINT_UNSATISFIED", "error"]], 1],
    ["no version", { wac: "usage: wac" }, [["TOOLCHAIN_VERSION_PARSE_FAILED", "error"]], 1],
    ["an optional one of another version", { wasmtime: "wasmtime 36.0.2" }, [["TOOLCHAIN_VERSION_CONSTRAINT_UNSATISFIED", "warning"]], 0],
    ["very much to say", { wac: `wac-cli 0.9.0${"\nx".repeat(5000)}` }, [], 0],
  ])("%s", async (_name, change, expected, exitCode) => {
    const answer = await check(project, probing(change));
    expect(answer.diagnostics.map((d) => [d.code.replace("X07WASM_", ""), d.severity])).toEqual(expected);
    expect(await reported(answer, "toolchain.validate")).toEqual({ exitCode, faults: [] });
  });
  test("facts of each finding", async () => {
    const data = async (change: { [program: string]: string | undefined }): Promise<unknown> => (await check(project, probing(change))).diagnostics[0]?.data;
    expect(await data({ x07: undefined })).toEqual({ tool_id: "x07", argv: ["x07", "--version"], os_error: "ENOENT" });
    expect(await data({ x07: "x07 9.9.9" })).toEqual({ tool_id: "x07", expected: ">=0.2.17, <0.3.0", found: "9.9.9" });
    expect(await data({ x07: "?" })).toEqual({ tool_id: "x07", stdout: "?", stderr: "" });
  });
  test("a constraint that is none is the profile's fault, once the version is known", async () => {
    const answer = await ofFile(changed("jco", { constraint: ">=1.0 <2" }));
    expect(codes(answer)).toEqual(["TOOLCHAIN_PROFILE_SCHEMA_INVALID"]);
    expect(answer.diagnostics[0]).toMatchObject({ severity: "error", stage: "parse", data: { tool_id: "jco", constraint: ">=1.0 <2" } });
    expect(codes(await ofFile(changed("jco", { constraint: ">=1.0 <2" }), probing({ jco: "?" })))).toEqual(["TOOLCHAIN_VERSION_PARSE_FAILED"]);
  });
  test("programs, streams and patterns as the profile says", async () => {
    const version = { argv: ["-v"], regex: "(?i)MY (?P<v>[0-9.]+)", group: 1, source: "either" };
    const asked: unknown[] = [];
    const probe: Probe = async (program, argv) => {
      if (program === "./my-jco") asked.push([program, argv]);
      return program === "./my-jco" ? { stdout: "", stderr: "my 1.16.2" } : probing()(program, argv);
    };
    expect((await ofFile(changed("jco", { cmd: "./my-jco", version }), probe)).diagnostics).toEqual([]);
    expect(asked).toEqual([["./my-jco", ["-v"]]]);
    expect(codes(await ofFile(changed("jco", { version: { ...version, regex: "(" } })))).toEqual(["TOOLCHAIN_VERSION_PARSE_FAILED"]);
    expect(codes(await ofFile(changed("jco", { version: { ...version, regex: "1", group: 2 } })))).toEqual(["TOOLCHAIN_VERSION_PARSE_FAILED"]);
  });
});

describe("profiles and indexes", () => {
  test.each<[string, Tree, OptionValues, string[]]>([
    ["by file", { "t.json": ci }, { profile: "t.json" }, []],
    ["by id", project, { "profile-id": "toolchain_local" }, []],
    ["no index", {}, {}, ["TOOLCHAIN_INDEX_READ_FAILED", "TOOLCHAIN_INDEX_SCHEMA_INVALID", "TOOLCHAIN_PROFILE_READ_FAILED"]],
    ["an unknown id", project, { "profile-id": "x" }, ["TOOLCHAIN_PROFILE_READ_FAILED"]],
    ["no default", { ...project, [INDEX]: { schema_version: "x07.arch.wasm.toolchain.index@0.1.0", profiles: [{ id: "a", path: "b" }] } }, {}, ["TOOLCHAIN_PROFILE_READ_FAILED"]],
    ["an index that breaks its schema", { ...project, [INDEX]: { ...(project[INDEX] as object), extra: 1 } }, {}, ["TOOLCHAIN_INDEX_SCHEMA_INVALID"]],
    ["an absent profile", {}, { profile: "t.json" }, ["TOOLCHAIN_PROFILE_READ_FAILED"]],
    ["a profile that is no JSON", { "t.json": "{" }, { profile: "t.json" }, ["TOOLCHAIN_PROFILE_SCHEMA_INVALID"]],
    ["a broken profile", { "t.json": { ...ci, v: 0 } }, { profile: "t.json" }, ["TOOLCHAIN_PROFILE_SCHEMA_INVALID"]],
    ["another id", { ...project, "arch/wasm/toolchain/profiles/toolchain_ci.json": { ...ci, id: "x" } }, {}, ["TOOLCHAIN_PROFILE_SCHEMA_INVALID"]],
  ])("%s", async (_name, tree, given, expected) => {
    const answer = await check(tree, probing(), given);
    expect(codes(answer)).toEqual(expected);
    const { exitCode, faults } = await reported(answer, "toolchain.validate");
    expect(faults).toEqual([]);
    expect(exitCode).toBe(expected.length === 0 ? 0 : 3);
  });
});
