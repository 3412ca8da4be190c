// Bundles of failed commands: listed, run again, compared; and what is no bundle.

import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OptionSpec } from "../../../engine/index.ts";
import { wordsAgain } from "../../../rules/incident/words.ts";
import { ROOT, Workspace } from "../../rig/project.ts";
import { checkedReport, type CheckedReport } from "../../rig/report-check.ts";

let w: Workspace;
beforeAll(() => {
  w = new Workspace();
  for (const name of ["solve_pure_spin", "http_reducer_echo", "http_reducer_effect_kv"]) {
    cpSync(join(ROOT, "examples", name), join(w.dir, "examples", name), { recursive: true });
    expect(w.tool(["build", "--project", `examples/${name}/x07.json`, "--out", `dist/${name}.wasm`]).status).toBe(0);
  }
  cpSync(join(ROOT, "spec"), join(w.dir, "spec"), { recursive: true });
  w.write({ "junk.wasm": "junk" });
});
afterAll(() => w.clean());

const SPIN = "dist/solve_pure_spin.wasm";
const INPUT = "examples/solve_pure_spin/tests/fixtures/in.bin";
const request = (id: string): string => `${JSON.stringify({ schema_version: "x07.http.request.envelope@0.1.0", id, method: "GET", path: "/", headers: [], body: { bytes_len: 0 } })}\n`;

async function replay(dir: string): Promise<CheckedReport> {
  return checkedReport(w.tool(["incident", "replay", dir, "--json"]));
}

function bundles(root: string): string[] {
  return readdirSync(join(w.dir, root)).flatMap((group) => readdirSync(join(w.dir, root, group)).map((id) => `${root}/${group}/${id}`));
}

/** Runs a command that fails and gives its bundle. */
function fail(root: string, words: readonly string[], input?: string): string {
  const ran = w.tool([...words, "--incidents-dir", root], {}, input === undefined ? undefined : Buffer.from(input));
  expect(ran.status, ran.stderr).not.toBe(0);
  const [dir, ...others] = bundles(root);
  expect(others).toEqual([]);
  return dir as string;
}

const FAILING: readonly { readonly name: string; readonly words: readonly string[]; readonly input?: string }[] = ([
  ["fuel", ["run", "--wasm", SPIN, "--input", INPUT, "--max-fuel", "1000"]],
  ["wall time", ["run", "--wasm", SPIN, "--input", INPUT, "--max-fuel", "9000000000000", "--max-wall-ms=5"]],
  ["no room", ["run", "--wasm", SPIN, "--input-base64", "/////w==", "--arena-cap-bytes", "4294967295"]],
  ["output", ["run", "--wasm", SPIN, "--input-hex", "", "--max-output-bytes", "1", "--json"]],
  ["a folder in the way", ["run", "--wasm", SPIN, "--input-hex", "", "--output-out", "examples"]],
  ["a file in the way", ["run", "--wasm", SPIN, "--input-hex", "", "--output-out", "junk.wasm/out.bin"]],
  ["no such module", ["run", "--wasm", "none.wasm", "--input-hex", "00"]],
  ["junk", ["run", "--wasm", "junk.wasm", "--input-hex", "00", "--json", "pretty", "--report-out", "deep/report.json"]],
  ["other memory", ["run", "--wasm", SPIN, "--input-hex", "00", "--profile", "wasm_debug"]],
  ["served", ["http", "serve", "--component", "dist/http_reducer_effect_kv.wasm", "--max-effect-steps", "1"], request("a")],
  ["canary", ["http", "serve", "--component", "dist/http_reducer_echo.wasm", "--mode", "canary", "--max-fuel", "3"]],
  ["tested", ["http", "test", "--component", "dist/http_reducer_echo.wasm", "--trace", "spec/fixtures/http/trace.effect_kv.min.json"]],
] as readonly (readonly [string, readonly string[], string?])[]).map(([name, words, input]) => ({ name, words, ...(input === undefined ? {} : { input }) }));

test.each(FAILING)("$name: the bundle alone is enough to fail in the same way", async ({ name, words, input }) => {
  const root = `bundles/${name.replaceAll(" ", "-")}`;
  const dir = fail(root, words, input);
  const moved = new Workspace();
  cpSync(join(w.dir, dir), join(moved.dir, "b"), { recursive: true });
  const report = await checkedReport(moved.tool(["incident", "replay", "b", "--json"]));
  moved.clean();
  expect(report.diagnostics).toEqual([]);
  expect(report.result).toMatchObject({ reproduced: true, differs: [], command: words.slice(0, words.indexOf(words.find((x) => x.startsWith("-")) as string)).join(" ") });
});

test("absolute paths, and paths that lead upwards, are found again", async () => {
  for (const [n, words] of [["run", "--wasm", join(w.dir, SPIN), "--input", INPUT, "--max-fuel=7"], ["run", "--wasm", `../work/${SPIN}`, "--input-hex", "00", "--max-fuel=7"]].entries()) {
    expect((await replay(fail(`up${n}`, words))).result["reproduced"]).toBe(true);
  }
});

test("the list tells of each bundle what failed, newest first", async () => {
  fail("listed", FAILING[0]!.words);
  w.tool(["http", "serve", "--component", "dist/http_reducer_echo.wasm", "--mode", "canary", "--max-fuel", "3", "--incidents-dir", "listed"]);
  const report = await checkedReport(w.tool(["incident", "list", "--incidents-dir", "listed", "--json"]));
  const found = report.result["incidents"] as { command: string; codes: string[]; exit_code: number; replayable: boolean }[];
  expect(found.map((i) => [i.command, i.codes, i.exit_code, i.replayable])).toEqual([
    ["http serve", ["X07WASM_BUDGET_EXCEEDED_CPU_FUEL"], 4, true],
    ["run", ["X07WASM_BUDGET_EXCEEDED_CPU_FUEL"], 4, true],
  ]);
  expect((await checkedReport(w.tool(["incident", "list", "--incidents-dir", "nowhere", "--json"]))).result["incidents"]).toEqual([]);
});

test("another answer than the recorded one is told, with the places that differ", async () => {
  const dir = fail("other", FAILING[0]!.words);
  const at = join(w.dir, dir, "replay.json");
  writeFileSync(at, readFileSync(at, "utf8").replaceAll("out of fuel", "out of luck").replace('"exit_code":4', '"exit_code":1'));
  const report = await replay(dir);
  expect([report.exit_code, report.diagnostics.map((d) => d.code)]).toEqual([1, ["X07WASM_INCIDENT_NOT_REPRODUCED"]]);
  expect(report.result).toMatchObject({ reproduced: false, expected_exit_code: 1, actual_exit_code: 4, differs: ["/diagnostics/0/message", "/exit_code"] });
});

test.each<[string, (dir: string) => void, string, number]>([
  ["no bundle", (dir) => w.remove(join(dir, "replay.json")), "X07WASM_INCIDENT_READ_FAILED", 3],
  ["no JSON", (dir) => w.write({ [join(dir, "replay.json")]: "{" }), "X07WASM_INCIDENT_JSON_INVALID", 3],
  ["another document", (dir) => w.write({ [join(dir, "replay.json")]: "{}" }), "X07WASM_SCHEMA_INVALID", 3],
  ["content that was changed", (dir) => { for (const f of readdirSync(join(w.dir, dir, "files"))) w.write({ [join(dir, "files", f)]: "changed" }); }, "X07WASM_INCIDENT_CONTENT_DAMAGED", 3],
  ["a path that leads out", (dir) => { const p = join(dir, "replay.json"); w.write({ [p]: w.read(p).toString().replaceAll(`"path":"${SPIN}"`, `"path":"${"../".repeat(12)}etc/x"`) }); }, "X07WASM_INCIDENT_PATH_INVALID", 3],
  ["words that are no command", (dir) => { const p = join(dir, "replay.json"); w.write({ [p]: w.read(p).toString().replace('"run","--wasm"', '"rum","--wasm"') }); }, "X07WASM_INCIDENT_NOT_REPRODUCED", 1],
])("not replayed: %s", async (name, damage, code, status) => {
  const root = `bad/${name.replaceAll(" ", "-")}`;
  const dir = fail(root, FAILING[0]!.words);
  damage(dir);
  const report = await replay(dir);
  expect([report.diagnostics[0]?.code, report.exit_code]).toEqual([code, status]);
});

test.each<[string, readonly string[], readonly string[]]>([
  ["machine and engine options go, with their values", ["run", "--json", "pretty", "--report-out", "r.json", "--quiet-json", "-j", "2", "-j3", "--jobs=4", "--cache-dir", "/c", "--force"], ["run"]],
  ["--json takes no option for its mode", ["--json", "run", "--json", "--wasm", "a"], ["--json-mode-was-run"]],
  ["the provider stays", ["build", "--provider", "embedded"], ["build", "--provider=embedded"]],
  ["only paths are mapped", ["run", "--wasm", "/a/b.wasm", "--input-base64", "/w==", "--wasm=rel"], ["run", "--wasm=MAPPED", "--input-base64=/w==", "--wasm=rel"]],
  ["flags take nothing", ["http", "serve", "--fail", "x"], ["http", "serve", "--fail", "x"]],
])("words of a rerun: %s", (_, given, expected) => {
  const options: OptionSpec[] = [
    { long: "wasm", key: "wasm", kind: "PATH", about: "" },
    { long: "input-base64", key: "b", kind: "STR", about: "" },
    { long: "fail", key: "f", kind: "flag", about: "" },
  ];
  const words = wordsAgain(["x07-wasm", ...given], options, () => "MAPPED");
  // `--json run` is an argument error of the tool: the word is the option's value, and goes with it.
  expect(words).toEqual(expected[0] === "--json-mode-was-run" ? ["--wasm=a"] : expected);
});

test.each(["v8", "wasmtime"])("a dry run on %s leaves nothing", (host) => {
  for (const words of [["--max-fuel", "1000"], ["--profile", "wasm_debug"]]) {
    const ran = w.tool(["run", "--wasm", SPIN, "--input", INPUT, "--host", host, "--incidents-dir", "dry", ...words, "--dry-run"]);
    expect(ran.stdout).toBe("");
    expect(existsSync(join(w.dir, "dry"))).toBe(false);
  }
});
