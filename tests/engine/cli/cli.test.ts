// What goes where and with which exit code, for every way a command line can end.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { Diagnostic } from "../../../engine/diagnostic.ts";
import { composeReport, diagnosticJson, exitCodeOf, firstChars } from "../../../engine/report.ts";
import { app, quietAnswer, tell } from "./rig.ts";

const folder = mkdtempSync(join(tmpdir(), "cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
const inFolder = (name: string): string => join(folder, name);

const failure: Diagnostic = { code: "X07WASM_X_FAILED", severity: "error", stage: "run", message: "it broke", hint: "mend it", place: { file: "a.json", pointer: "/x" } };
const failed = { ...quietAnswer, diagnostics: [failure], stdout: new Uint8Array([1]) };

describe("argument errors", () => {
  test("the measured minimal report, byte for byte", async () => {
    const told = await tell(["--json"], quietAnswer, { cwd: "." });
    expect(told.code).toBe(3);
    expect(told.err).toBe("missing command (try --help)\n");
    expect(told.out).toBe(
      '{"command":"x07-wasm.cli.parse","diagnostics":[{"code":"X07WASM_CLI_ARGS_INVALID","data":{"stage":"missing_command"},"message":"missing command (try --help)","severity":"error","stage":"parse"}],"exit_code":3,"meta":{"argv":["x07-wasm","--json"],"cwd":".","elapsed_ms":7,"inputs":[],"nondeterminism":{"uses_network":false,"uses_os_time":false,"uses_process":false},"outputs":[],"tool":{"name":"x07-wasm","version":"0.3.0"}},"ok":false,"result":{"stage":"missing_command"},"schema_version":"x07.wasm.cli.parse.report@0.1.0"}\n',
    );
  });
  test("text alone without --json; one line even when pretty was asked for", async () => {
    expect(await tell(["biuld"])).toMatchObject({ code: 3, out: "" });
    const told = await tell(["build", "--json=pretty", "--nope"]);
    expect(told.out.split("\n").length).toBe(2);
    expect(JSON.parse(told.out).result).toEqual({ stage: "clap" });
    expect(JSON.parse(told.out).diagnostics[0].message).toBe(told.err.trimEnd());
  });
  test("stage machine_args", async () => {
    for (const words of [["--json", "build"], ["build", "--json=nice"], ["build", "--report-out", inFolder("m.json")]]) {
      const told = await tell(words);
      expect(told.code).toBe(3);
      expect(told.asked).toBeUndefined();
    }
    expect(JSON.parse(readFileSync(inFolder("m.json"), "utf8")).result.stage).toBe("machine_args");
    expect(JSON.parse((await tell(["--json", "build"])).out).result.stage).toBe("machine_args");
  });
  test("file and stdout as the raw words ask; --quiet-json silences stdout", async () => {
    const both = await tell(["nope", "--json", "--report-out", inFolder("deep/er/r.json")]);
    expect(readFileSync(inFolder("deep/er/r.json"), "utf8")).toBe(both.out);
    const quiet = await tell(["nope", "--json", "--quiet-json", `--report-out=${inFolder("q.json")}`]);
    expect(quiet.out).toBe("");
    expect(readFileSync(inFolder("q.json"), "utf8")).toContain("cli.parse");
  });
  test("a report that cannot be written is plain text and exit code 2", async () => {
    writeFileSync(inFolder("file"), "");
    for (const words of [["build", "--json", "--report-out", inFolder("file/x")], ["build", "--json", "--report-out", "-"], ["nope", "--json", "--report-out", folder]]) {
      const told = await tell(words);
      expect(told.code).toBe(2);
      expect(told.out).toBe("");
      expect(told.err).toContain("cannot write the report");
    }
  });
});

describe("schema and table flags", () => {
  test("precedence and the goal they refer to", async () => {
    expect((await tell(["build", "--json-schema"])).out).toBe("schema of x07-wasm.build.report.schema.json\n");
    expect((await tell(["component", "build", "--json-schema-id"])).out).toBe("x07.wasm.component.build.report@0.1.0\n");
    expect((await tell(["--json-schema-id"])).out).toBe("x07.wasm.doctor.report@0.1.0\n");
    expect((await tell(["build", "--json-schema", "--json-schema-id"])).out).toContain("schema of");
    expect((await tell(["build", "--json-schema", "--cli-specrows"])).out).toBe('{"rows":[]}\n');
  });
  test("they go to a file too, without --json, and refuse --json", async () => {
    const told = await tell(["build", "--json-schema-id", "--report-out", inFolder("id"), "--quiet-json"]);
    expect([told.code, told.out]).toEqual([0, ""]);
    expect(readFileSync(inFolder("id"), "utf8")).toBe("x07.wasm.build.report@0.1.0\n");
    const refused = await tell(["build", "--json-schema", "--json"]);
    expect([refused.code, refused.out]).toEqual([2, ""]);
  });
});

describe("goals", () => {
  test("with --json the report and nothing else, ok or failed", async () => {
    const told = await tell(["build", "--json"], failed);
    expect(told.err).toBe("");
    expect(told.code).toBe(1);
    expect(JSON.parse(told.out)).toMatchObject({ ok: false, exit_code: 1, command: "x07-wasm.build", result: { fine: true }, meta: { argv: ["x07-wasm", "build", "--json"], cwd: "/work", elapsed_ms: 7 } });
    const nice = await tell(["build", "--json=pretty", "--report-out", inFolder("nice.json")]);
    expect(nice.out).toContain('\n  "command": "x07-wasm.build",\n');
    expect(readFileSync(inFolder("nice.json"), "utf8")).toBe(nice.out);
  });
  test("without --json people get lines, bytes and readable diagnostics", async () => {
    const fine = await tell(["run", "--wasm=m"], { ...quietAnswer, stdout: new Uint8Array([104, 105]), human: ["done"] });
    expect(fine).toMatchObject({ code: 0, out: "hi", err: "done\n" });
    const told = await tell(["build"], failed);
    expect(told.out).toBe("");
    expect(told.err).toBe("error[X07WASM_X_FAILED]: it broke\n  at a.json#/x\n  hint: mend it\n");
    const shown = await tell(["build"], { ...quietAnswer, diagnostics: [{ ...failure, data: { expression: '["f",1]', expected: "bytes", found: "i32" } }] });
    expect(shown.err).toBe('error[X07WASM_X_FAILED]: it broke\n  at a.json#/x\n  in ["f",1]: expected bytes, found i32\n  hint: mend it\n');
    expect(await tell(["query"], { ...quietAnswer, human: ["answer"] })).toMatchObject({ out: "answer\n", err: "" });
    const warned = await tell(["build"], { ...quietAnswer, diagnostics: [{ ...failure, severity: "warning" }] });
    expect([warned.code, warned.err.split("\n")[0]]).toEqual([0, "warning[X07WASM_X_FAILED]: it broke"]);
  });
  test("what happens after the report may add warnings to it", async () => {
    let seen = "";
    const afterReport = (bytes: Uint8Array): Diagnostic[] => {
      seen = new TextDecoder().decode(bytes);
      return [{ ...failure, severity: "warning" }];
    };
    const told = await tell(["build", "--json"], { ...quietAnswer, afterReport });
    expect(JSON.parse(seen).diagnostics).toEqual([]);
    expect(JSON.parse(told.out).diagnostics.length).toBe(1);
    expect(told.code).toBe(0);
  });
  test("a report that breaks its schema is an internal error, never printed", async () => {
    const told = await tell(["build", "--json"], quietAnswer, { checkReport: async () => [failure] });
    expect([told.code, told.out]).toEqual([2, ""]);
    expect(told.err).toContain("breaks its schema");
  });
  test("an exit code of its own", async () => {
    expect((await tell(["doctor"], { ...failed, diagnostics: [{ ...failure, stage: "parse" }], exitCode: 1 })).code).toBe(1);
  });
});

describe("exit codes", () => {
  const d = (code: string, stage: Diagnostic["stage"] = "run", severity: Diagnostic["severity"] = "error"): Diagnostic => ({ code, stage, severity, message: "m" });
  test.each([
    [0, [d("X07WASM_A_SPAWN_FAILED", "run", "warning")]],
    [2, [d("X07WASM_A", "parse"), d("X07WASM_CLANG_SPAWN_FAILED")]],
    [2, [d("X07WASM_HTTP_EFFECT_KV_IO_FAILED", "parse")]],
    [2, [d("X07WASM_MANIFEST_WRITE_FAILED")]],
    [2, [d("X07WASM_INTERNAL_COMPONENT_BUILD_FAILED")]],
    [3, [d("X07WASM_BUDGET_EXCEEDED_MEMORY"), d("X07WASM_A", "parse")]],
    [4, [d("X07WASM_A"), d("X07WASM_BUDGET_EXCEEDED_MEMORY")]],
    [1, [d("X07WASM_COMPONENT_BUILD_OUTDIR_CREATE_FAILED")]],
    [1, [d("X07WASM_RUN_FAILED")]],
  ])("%i", (code, diagnostics) => expect(exitCodeOf(app, diagnostics)).toBe(code));
});

describe("diagnostics in reports", () => {
  test("only what is there, with the file among the facts and the hint among the notes", () => {
    expect(JSON.parse(JSON.stringify(diagnosticJson(app, failure)))).toEqual({
      code: "X07WASM_X_FAILED", severity: "error", stage: "run", message: "it broke", data: { file: "a.json" }, notes: ["hint: mend it"], loc: { kind: "x07ast", ptr: "/x" },
    });
    expect(Object.entries(diagnosticJson(app, { code: "A", severity: "info", stage: "lint", message: "" })).filter(([, v]) => v !== undefined)).toEqual([
      ["code", "A"], ["severity", "info"], ["stage", "lint"], ["message", "A"],
    ]);
  });
  test("messages are cut by characters, not halves of them", () => {
    expect(firstChars("😀".repeat(5000), 4096)).toBe("😀".repeat(4096));
    expect([...(diagnosticJson(app, { ...failure, message: "é".repeat(9000) })["message"] as string)].length).toBe(4096);
  });
  test("guests' codes that are no codes are mended and told", () => {
    const long = "A".repeat(100);
    expect(diagnosticJson(app, { ...failure, code: long })).toMatchObject({ code: "A".repeat(64), data: { code: long } });
    expect(diagnosticJson(app, { ...failure, code: "1_x" })).toMatchObject({ code: "X07WASM_1_X", data: { code: "1_x" } });
  });
  test("long paths and odd times do not break meta", () => {
    const meta = { argv: [], cwd: "/", elapsedMs: 1.6, inputs: [{ path: "p".repeat(5000), sha256: "0".repeat(64), bytes_len: 0 }], outputs: [], nondeterminism: quietAnswer.nondeterminism, tool: { clang: "c" } };
    const { value } = composeReport(app, app.parseReport, null, [], meta);
    expect(value["meta"]).toMatchObject({ elapsed_ms: 2, inputs: [{ path: "p".repeat(4096) }], tool: { clang: "c", name: "x07-wasm", version: "0.3.0" } });
  });
});

describe("help", () => {
  test("of the program, a group and a goal", async () => {
    const root = await tell(["--help", "--json"]);
    expect(root.code).toBe(0);
    for (const word of ["component build", "completion", "--jobs", "--json", "--version"]) expect(root.out).toContain(word);
    expect((await tell(["component", "-h"])).out).toMatch(/build[\s\S]*compose[\s\S]*profile validate/);
    const build = (await tell(["help", "build"])).out;
    for (const word of ["Usage: x07-wasm build", "--profile-file", "x07-wasm build --project x07.json", "not with --profile-file", '[default: x07.json]', "Engine options:", "x07.wasm.build.report@0.1.0"]) expect(build).toContain(word);
    expect(build).not.toContain("report-json");
  });
  test("version", async () => expect((await tell(["--version"])).out).toBe("x07-wasm 0.3.0\n"));
  test("completion", async () => {
    expect((await tell(["completion"])).out).toContain("complete -o default");
    const words = async (...ws: string[]) => (await tell(["--get-completions", ...ws])).out.split("\n").filter(Boolean);
    expect(await words("co")).toEqual(["completion", "component"]);
    expect(await words("component", "")).toEqual(["build", "compose", "profile"]);
    expect(await words("component", "build", "--emit", "h")).toEqual(["http"]);
    expect(await words("build", "--pro")).toEqual(["--profile", "--profile-file", "--project", "--provider"]);
    expect(await words("build", "--project", "")).toEqual([]);
  });
});

describe("whatever the words", () => {
  const words = fc.array(fc.oneof(
    fc.constantFrom("build", "run", "component", "profile", "validate", "--json", "--json=pretty", "--report-json", "--quiet-json", "--json-schema", "--json-schema-id", "--cli-specrows", "--project", "--wasm", "m", "--emit=http", "--max-fuel=1", "-j", "-j4", "--", "-", "help", "-V", "--provider=native", "--profile=a"),
    fc.string({ maxLength: 8 }),
    fc.string({ unit: "binary", maxLength: 4 }).map((s) => `--${s}`),
  ), { maxLength: 7 });
  test("there is an exit code, a text or a report, and never a throw", async () => {
    await fc.assert(fc.asyncProperty(words, async (given) => {
      if (given.some((w) => w.includes("report-out"))) return;
      const told = await tell(given);
      expect([0, 2, 3]).toContain(told.code);
      if (told.code !== 0) expect(told.err).not.toBe("");
      const last = told.out.trimEnd();
      if (told.code === 3 && last !== "") expect(JSON.parse(last)).toMatchObject({ command: "x07-wasm.cli.parse", exit_code: 3, ok: false });
      if (told.asked !== undefined && told.out !== "") expect(JSON.parse(last)).toMatchObject({ ok: true });
    }), { numRuns: 2000 });
  });
});
