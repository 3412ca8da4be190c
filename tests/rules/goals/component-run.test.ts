// `component run` as people run it: outcomes, reports, files, incidents, on a component that does what its input says.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Workspace } from "../../rig/project.ts";
import { checkedReport } from "../../rig/report-check.ts";
import { guestComponent, guestText } from "../host/rig.ts";

let w: Workspace;
beforeAll(async () => {
  w = new Workspace();
  w.write({ "many.wasm": Buffer.from(await guestComponent("cli-many")), "http.wasm": Buffer.from(await guestComponent("http-echo")), "many.wat": guestText("cli-many"), "many.wasm.manifest.json": "{}", "in.txt": "Hello", "junk.wasm": "junk" });
});
afterAll(() => w.clean());

const words = (...more: string[]) => ["component", "run", "--component", "many.wasm", ...more];
const said = (text: string) => ["--stdin-b64", Buffer.from(text).toString("base64")];
const run = async (...more: string[]) => checkedReport(w.tool([...words(...more), "--json"]));
const codesOf = (r: { readonly diagnostics: readonly { readonly code: string }[] }) => r.diagnostics.map((d) => d.code);

test("standard input goes through; people see what the guest writes", async () => {
  const report = await run("--stdin", "in.txt", "--stdout-out", "out/copy.txt");
  expect(report).toMatchObject({ ok: true, exit_code: 0, result: { args: [], stdin: { bytes_len: 5, path: "in.txt" }, stdout: { bytes_len: 5, path: "out/copy.txt" }, run: { outcome: "ok" }, incident_dir: null } });
  expect(w.read("out/copy.txt").toString()).toBe("Hello");
  expect(w.tool(words("--stdin", "in.txt")).stdout).toBe("Hello");
});

test("arguments arrive as they are given", () => {
  expect(w.tool(words(...said("a"), "--args-json", '["one","zwei ü",""]')).stdout).toBe("one\nzwei ü\n\n");
});

test("a text component is taken too", () => {
  expect(w.tool(["component", "run", "--component", "many.wat", "--stdin", "in.txt"]).stdout).toBe("Hello");
});

type Outcome = readonly [what: string, stdin: string, codes: readonly string[], exitCode: number, outcome: string, more?: readonly string[]];
const OUTCOMES: readonly Outcome[] = [
  ["a guest that exits with success has succeeded", "x", [], 0, "ok"],
  ["one that exits with failure has not", "y", ["X07WASM_COMPONENT_RUN_EXIT_FAILURE"], 1, "err"],
  ["an error", "e", ["X07WASM_COMPONENT_RUN_EXIT_FAILURE"], 1, "err"],
  ["a trap", "t", ["X07WASM_COMPONENT_RUN_TRAP"], 1, "trap"],
  ["fuel", "l", ["X07WASM_BUDGET_EXCEEDED_CPU_FUEL"], 4, "trap", ["--max-fuel", "1000000"]],
  ["wall time", "l", ["X07WASM_BUDGET_EXCEEDED_WALLTIME"], 4, "timeout", ["--max-wall-ms", "50", "--max-fuel", "100000000000"]],
  ["stack", "r", ["X07WASM_BUDGET_EXCEEDED_WASM_STACK"], 4, "trap"],
  ["memory", "m", ["X07WASM_BUDGET_EXCEEDED_MEMORY"], 4, "trap"],
  ["memory from the start", "m", ["X07WASM_BUDGET_EXCEEDED_MEMORY"], 4, "trap", ["--max-memory-bytes", "65536"]],
  ["table", "b", ["X07WASM_BUDGET_EXCEEDED_TABLE"], 4, "trap"],
  ["output", "o", ["X07WASM_BUDGET_EXCEEDED_OUTPUT", "X07WASM_COMPONENT_RUN_TRAP"], 4, "trap", ["--max-output-bytes", "10000"]],
  ["output that ends at the limit", "o", ["X07WASM_BUDGET_EXCEEDED_OUTPUT", "X07WASM_COMPONENT_RUN_TRAP"], 4, "trap", ["--max-output-bytes", "8192"]],
  ["a code of the guest's own", "dx07-diag-code: MY_CODE\nx07-diag-data-b64: eyJhIjoxfQ==\n", ["X07WASM_COMPONENT_RUN_EXIT_FAILURE", "MY_CODE"], 1, "err"],
  ["a budget code of the guest's own", "dx07-diag-code: X07WASM_BUDGET_EXCEEDED_CLI_STDIN\n", ["X07WASM_COMPONENT_RUN_EXIT_FAILURE", "X07WASM_BUDGET_EXCEEDED_CLI_STDIN"], 4, "err"],
  ["two codes", "dx07-diag-code: A\nx07-diag-code: B\n", ["X07WASM_COMPONENT_RUN_EXIT_FAILURE", "X07WASM_HOST_DIAG_CLI_DIAG_CODE_DUPLICATE"], 1, "err"],
  ["data alone", "dx07-diag-data-b64: e30=\n", ["X07WASM_COMPONENT_RUN_EXIT_FAILURE", "X07WASM_HOST_DIAG_CLI_DIAG_DATA_ORPHAN"], 1, "err"],
  ["no code", "dx07-diag-code: no code\n", ["X07WASM_COMPONENT_RUN_EXIT_FAILURE", "X07WASM_HOST_DIAG_CLI_DIAG_CODE_INVALID"], 1, "err"],
  ["no data", "dx07-diag-code: A\nx07-diag-data-b64: W10=\n", ["X07WASM_COMPONENT_RUN_EXIT_FAILURE", "X07WASM_HOST_DIAG_CLI_DIAG_DATA_INVALID"], 1, "err"],
];

for (const [what, stdin, codes, exitCode, outcome, more = []] of OUTCOMES) test(what, async () => {
  const began = performance.now();
  const report = await run(...said(stdin), ...more);
  expect(codesOf(report)).toEqual(codes);
  expect(report).toMatchObject({ exit_code: exitCode, result: { run: { outcome } } });
  expect(performance.now() - began).toBeLessThan(20_000);
});

test("an incident holds what is needed to see and to repeat it", async () => {
  const report = await run(...said("dabc"), "--incidents-dir", "inc");
  const dir = join(w.dir, String(report.result["incident_dir"]));
  expect(readdirSync(dir).filter((n) => n !== "files").sort()).toEqual(["component.manifest.json", "component.run.report.json", "incident.manifest.json", "replay.json", "stderr.bin", "stdin.bin"]);
  expect(JSON.parse(readFileSync(join(dir, "incident.manifest.json"), "utf8"))).toMatchObject({ kind: "component-run", component: { path: "many.wasm" }, args: [] });
  expect(readFileSync(join(dir, "stderr.bin"), "utf8")).toBe("abc");
});

const REFUSED: readonly (readonly [string, readonly string[], readonly string[], number, string])[] = [
  ["no file", ["--component", "none.wasm"], ["X07WASM_COMPONENT_RUN_COMPONENT_READ_FAILED", "X07WASM_COMPONENT_RUN_COMPONENT_COMPILE_FAILED"], 3, "component_compile_failed"],
  ["no component", ["--component", "junk.wasm"], ["X07WASM_COMPONENT_RUN_COMPONENT_COMPILE_FAILED"], 1, "component_compile_failed"],
  ["another world", ["--component", "http.wasm"], ["X07WASM_COMPONENT_RUN_TRAP"], 1, "trap"],
  ["arguments that are none", ["--component", "many.wasm", "--args-json", "[1]"], ["X07WASM_COMPONENT_RUN_ARGS_JSON_INVALID"], 3, "err"],
  ["standard input that is not there", ["--component", "many.wasm", "--stdin", "@in.txt"], ["X07WASM_COMPONENT_RUN_STDIN_READ_FAILED"], 3, "err"],
  ["base64 that is none", ["--component", "many.wasm", "--stdin-b64", "aGk"], ["X07WASM_COMPONENT_RUN_STDIN_BASE64_INVALID"], 3, "err"],
];

test.each(REFUSED)("refused: %s", async (_what, more, codes, exitCode, outcome) => {
  const report = await checkedReport(w.tool(["component", "run", ...more, "--json"]));
  expect(codesOf(report)).toEqual(codes);
  expect(report).toMatchObject({ exit_code: exitCode, result: { run: { outcome } } });
});

test("an unreadable profile gives a warning and finite limits, not none", async () => {
  w.write({ "arch/wasm/index.x07wasm.json": "{" });
  const report = await run(...said("l"));
  expect(codesOf(report)).toEqual(["X07WASM_PROFILE_LOAD_FAILED", "X07WASM_BUDGET_EXCEEDED_CPU_FUEL"]);
  expect(report.diagnostics[0]).toMatchObject({ severity: "warning" });
  expect(existsSync(join(w.dir, String(report.result["incident_dir"])))).toBe(true);
});

test.each(["out", "in.txt/out.txt"])("an incident of output that could not be written to %s is reproduced", async (path) => {
  w.write({ "out/there": "" });
  const report = await run(...said("l"), "--max-fuel", "0", "--stdout-out", path, "--incidents-dir", `blocked-${path.length}`);
  expect(codesOf(report)).toContain("X07WASM_COMPONENT_RUN_STDOUT_WRITE_FAILED");
  const again = await checkedReport(w.tool(["incident", "replay", String(report.result["incident_dir"]), "--json"]));
  expect(again.result).toMatchObject({ reproduced: true, differs: [] });
});
