// The table of commands: made from option tables in canonical order, and the checks of any such table.
import { describe, expect, test } from "vitest";
import { sha256Hex } from "../../../engine/index.ts";
import type { GoalAnswer, JsonObject, JsonValue } from "../../../engine/index.ts";
import { validate } from "../../../rules/contract/validate.ts";
import { checkSpecrows, compareRows, specrowsDocument } from "../../../rules/specrows.ts";
import type { SpecrowsSource } from "../../../rules/specrows.ts";
import { app, commands } from "../../engine/cli/rig.ts";
import { codes, reported } from "./world.ts";

const goals = Object.fromEntries(commands.map((c) => [c.name, c]));
const own = specrowsDocument(app, goals);
const rows = own["rows"] as JsonValue[][];
const fromFile = (content: string): SpecrowsSource => {
  const bytes = new TextEncoder().encode(content);
  return { mode: "file_v1", path: "s.json", file: { ok: true, bytes, digest: { path: "s.json", sha256: sha256Hex(bytes), bytes_len: bytes.length } } };
};
const checkFile = (document: unknown, options = {}): Promise<GoalAnswer> => checkSpecrows(fromFile(JSON.stringify(document)), options);

describe("our own table", () => {
  test("keeps to its schema and passes its own check", async () => {
    expect(await validate("x07cli.specrows.schema.json", own)).toEqual([]);
    const answer = await checkSpecrows({ mode: "self_v1", document: own }, {});
    expect(answer.diagnostics).toEqual([]);
    expect(answer.result).toMatchObject({ mode: "self_v1", input: null, parsed_ok: true, schema_valid: true, rows_count: rows.length, invariants: { has_root_help: true, has_root_version: true, has_root_cli_specrows: true, ordering_checked: true, ordering_ok: true, app_name: "x07-wasm" } });
    expect((answer.result as { scopes: string[] }).scopes).toEqual(["root", "build", "cli-specrows-check", "component-build", "component-compose", "component-profile-validate", "doctor", "query", "run"]);
  });
  test("says all that the parser knows", () => {
    const row = (scope: string, long: string): JsonValue[] | undefined => rows.find((r) => r[0] === scope && r[3] === long);
    expect(row("root", "--help")).toEqual(["root", "help", "-h", "--help", expect.any(String)]);
    expect(row("root", "--version")?.slice(0, 4)).toEqual(["root", "version", "-V", "--version"]);
    expect(row("root", "--report-json")?.[7]).toEqual({ global: true, hidden: true });
    expect(row("root", "--jobs")?.slice(1, 6)).toEqual(["opt", "-j", "--jobs", "jobs", "U32"]);
    expect(row("build", "--project")).toEqual(["build", "opt", "", "--project", "project", "PATH", "The project", { default: "x07.json" }]);
    expect(row("build", "--no-manifest")).toEqual(["build", "flag", "", "--no-manifest", "manifest.none", "No manifest"]);
    expect(row("run", "--wasm")?.[7]).toEqual({ required: true });
    expect(row("run", "--max-fuel")?.[5]).toBe("U32");
    expect(row("component-build", "--emit")?.slice(5)).toEqual(["ENUM", "What", { default: "all", enum: ["solve", "http", "cli", "all"] }]);
    expect(row("component-compose", "--target")?.[7]).toEqual({ hidden: true });
    expect(row("component-profile-validate", "--profile")?.[7]).toEqual({ multiple: true });
    expect(rows.filter((r) => r[0] === "doctor")).toEqual([["doctor", "about", "About doctor"]]);
  });
});

describe("checks", () => {
  test("the measured document: wrong order, no root rows, another name", async () => {
    const answer = await checkFile({ schema_version: "x07cli.specrows@0.1.0", app: { name: "zz", version: "1.0.0" }, rows: [["b", "about", "x"], ["a", "about", "x"]] });
    expect(codes(answer)).toEqual(["SPECROWS_MISSING_ROOT_HELP", "SPECROWS_MISSING_ROOT_VERSION", "SPECROWS_MISSING_ROOT_CLI_SPECROWS", "SPECROWS_ORDERING_INVALID", "SPECROWS_APP_NAME_MISMATCH"]);
    expect((answer.result as JsonObject)["invariants"]).toEqual({ app_name: "zz", app_version: "1.0.0", expect_app_name: "x07-wasm", has_root_cli_specrows: false, has_root_help: false, has_root_version: false, ordering_checked: true, ordering_ok: false });
    expect(answer.result).toMatchObject({ scopes: ["b", "a"], rows_count: 2 });
  });
  test("duplicates within a scope", async () => {
    const twice = { ...own, rows: [...rows, rows.find((r) => r[0] === "build" && r[3] === "--project")].sort((a, b) => compareRows(a as JsonValue[], b as JsonValue[])) };
    const answer = await checkFile(twice);
    expect(codes(answer)).toEqual(["SPECROWS_DUPLICATE_LONGOPT"]);
    expect(answer.diagnostics[0]?.data).toEqual({ duplicates: [["build", "--project"]] });
  });
  test("another expected name", async () => {
    expect(codes(await checkFile(own, { "expect-app-name": "other" }))).toEqual(["SPECROWS_APP_NAME_MISMATCH"]);
  });
  test("a broken row is one violation with notes, and ends the checks", async () => {
    const answer = await checkFile({ ...own, rows: [["root", "flag", "", "--x", "BAD KEY", "t"], ["root", "help", "-h", "--help", "t"]] });
    expect(codes(answer)).toEqual(["SCHEMA_INVALID"]);
    expect(answer.diagnostics[0]).toMatchObject({ data: { instance_path: "/rows/0" }, notes: expect.arrayContaining([expect.stringContaining("/rows/0/4: expected text that matches")]) });
    expect(answer.result).toMatchObject({ schema_valid: false, invariants: { has_root_help: true, ordering_checked: false, ordering_ok: false } });
  });
  test("no file, no JSON, no object, no stdin", async () => {
    const absent = await checkSpecrows({ mode: "file_v1", path: "s.json", file: { ok: false, code: "ENOENT", error: "no such file" } }, {});
    expect(codes(absent)).toEqual(["SPECROWS_INPUT_READ_FAILED", "SPECROWS_PARSE_FAILED"]);
    expect(absent.result).toMatchObject({ input: { path: "s.json", sha256: "0".repeat(64), bytes_len: 0 }, parsed_ok: false });
    expect(codes(await checkSpecrows(fromFile("{"), {}))).toEqual(["SPECROWS_PARSE_FAILED"]);
    expect(codes(await checkFile(null))).toEqual(["SCHEMA_INVALID"]);
    expect(codes(await checkSpecrows({ mode: "stdin_v1", input: { error: "closed" } }, {}))).toEqual(["SPECROWS_STDIN_IO_FAILED", "SPECROWS_PARSE_FAILED"]);
    expect((await checkSpecrows({ mode: "stdin_v1", input: new TextEncoder().encode(JSON.stringify(own)) }, {})).diagnostics).toEqual([]);
  });
  test("every result keeps to the report's schema", async () => {
    const dotted = { ...own, rows: [["a.b", "about", "x"]] };
    for (const answer of [await checkFile(own), await checkFile(dotted), await checkFile({ rows: [["Odd", 1]] }), await checkFile([])]) {
      expect((await reported(answer, "cli.specrows.check")).faults).toEqual([]);
    }
  });
});
