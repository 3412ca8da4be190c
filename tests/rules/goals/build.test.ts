// `build` as a story: what runs, what is restored, what stays fresh, seen through the built tool.

import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ECHO_FILES, entryModule, PROJECT, TOOL, Workspace } from "../../rig/project.ts";

const opened: Workspace[] = [];
function workspace(files: Parameters<Workspace["write"]>[0] = ECHO_FILES, cache?: string, name?: string): Workspace {
  const w = new Workspace(cache, name).write(files);
  opened.push(w);
  return w;
}
afterEach(() => {
  for (const w of opened.splice(0)) w.clean();
});

const BUILD = ["build"];

/** m0 .. m(n-1), each calling the one before; main calls the last. */
function chain(count: number, body: (n: number) => unknown): { [path: string]: string } {
  const files: { [path: string]: string } = {};
  for (let n = 0; n < count; n++) files[`src/m${n}.x07.json`] = chainModule(n, body(n));
  files["src/main.x07.json"] = JSON.stringify({ schema_version: "x07.x07ast@0.5.0", kind: "entry", module_id: "main", imports: [`m${count - 1}`], decls: [], solve: ["codec.write_u32_le", [`m${count - 1}.f`, 1]] });
  return files;
}

function chainModule(n: number, body: unknown, more: readonly object[] = []): string {
  const x = n === 0 ? "x" : [`m${n - 1}.f`, "x"];
  const f = { kind: "defn", name: `m${n}.f`, params: [{ name: "x", ty: "i32" }], result: "i32", body: ["begin", ["let", "before", x], ["set", "x", "before"], body] };
  const names = [f, ...more].map((d) => (d as { name: string }).name);
  return JSON.stringify({ schema_version: "x07.x07ast@0.5.0", kind: "module", module_id: `m${n}`, imports: n === 0 ? [] : [`m${n - 1}`], decls: [{ kind: "export", names }, f, ...more] });
}

function long(seed: number): unknown {
  let e: unknown = "x";
  for (let i = 0; i < 30; i++) e = ["^", ["*", e, seed + i], i];
  return e;
}

function ranIn(seen: { readonly graph: { readonly actions: readonly { readonly rule: string; readonly label: string; readonly state: string }[] } }): string[] {
  return seen.graph.actions.filter((a) => a.state === "ran").map((a) => `${a.rule} ${a.label}`).sort();
}

describe("incremental", () => {
  test("the second build does nothing, and says so", () => {
    const w = workspace();
    const first = w.graph(BUILD);
    expect(first.status, first.stderr).toBe(0);
    expect(first.graph.actions.map((a) => [a.rule, a.state])).toEqual([
      ["x07.parse", "ran"],
      ["x07.parse", "ran"],
      ["x07.lower", "ran"],
      ["x07.lower", "ran"],
      ["x07.compile", "ran"],
      ["x07.link", "ran"],
      ["wasm.inspect", "ran"],
      ["artifact.manifest", "ran"],
    ]);
    const second = w.graph(BUILD);
    expect(second.graph.counts).toEqual({ total: 8, fresh: 8, cut_off: 0, restored: 0, ran: 0, failed: 0 });
    expect(second.stderr).toContain("nothing to do, 8 fresh");
  });

  test("touching an input runs nothing", () => {
    const w = workspace();
    w.graph(BUILD);
    const later = new Date(Date.now() + 5000);
    utimesSync(join(w.dir, "src/main.x07.json"), later, later);
    expect(w.graph(BUILD).graph.counts).toMatchObject({ total: 8, fresh: 8 });
    expect(w.graph(BUILD).graph.counts).toMatchObject({ total: 8, fresh: 8 });
  });

  test("white space in a module stops at its parsing", () => {
    const w = workspace();
    w.graph(BUILD);
    w.write({ "src/copy.x07.json": `${w.read("src/copy.x07.json").toString()} \n` });
    const { graph } = w.graph(BUILD);
    expect(graph.actions.map((a) => [a.rule, a.state])).toEqual([
      ["x07.parse", "fresh"],
      ["x07.parse", "ran"],
      ["x07.lower", "cut_off"],
      ["x07.lower", "cut_off"],
      ["x07.compile", "cut_off"],
      ["x07.link", "cut_off"],
      ["wasm.inspect", "cut_off"],
      ["artifact.manifest", "fresh"],
    ]);
    expect(graph.actions[1]!.reasons).toMatchObject([{ kind: "input", what: "source src/copy.x07.json" }]);
    expect(w.graph(BUILD).graph.counts.fresh).toBe(8);
  });

  test("a changed body compiles its module, a changed interface those that use it", () => {
    const w = workspace({ ...ECHO_FILES, ...chain(20, (n) => ["+", "x", n]) });
    const first = w.graph(BUILD);
    expect(first.status, first.stderr).toBe(0);
    expect(first.graph.counts).toMatchObject({ total: 2 * 21 + 3, ran: 2 * 21 + 3 });
    // The body is longer than what other modules copy.
    w.write({ "src/m10.x07.json": chainModule(10, long(10)) });
    expect(ranIn(w.graph(BUILD))).toEqual(["x07.parse m10", "x07.module m10", "x07.link x07.json", "wasm.inspect dist/app.wasm", "artifact.manifest dist/app.wasm.manifest.json"].sort());
    w.write({ "src/m10.x07.json": chainModule(10, long(11)) });
    expect(ranIn(w.graph(BUILD)).filter((a) => a.startsWith("x07."))).toEqual(["x07.link x07.json", "x07.module m10", "x07.parse m10"]);
    w.write({ "src/m10.x07.json": chainModule(10, long(11), [{ kind: "defn", name: "m10.more", params: [], result: "i32", body: 1 }]) });
    expect(ranIn(w.graph(BUILD)).filter((a) => a.startsWith("x07.module"))).toEqual(["x07.module m10", "x07.module m11"]);
    expect(w.tool(["run", "--wasm", "dist/app.wasm", "--input-hex", "", "--json"]).status).toBe(0);
  });

  test("many modules are linked from groups, of which an edit gathers one", () => {
    const w = workspace({ ...ECHO_FILES, ...chain(40, (n) => ["+", "x", n]) });
    expect(w.graph(BUILD).status).toBe(0);
    w.write({ "src/m10.x07.json": chainModule(10, long(10)) });
    const ran = ranIn(w.graph(BUILD)).filter((a) => a.startsWith("x07."));
    expect(ran.map((a) => a.split(" ")[0])).toEqual(["x07.gather", "x07.link", "x07.module", "x07.parse"]);
    const whole = workspace({ ...ECHO_FILES, ...chain(40, (n) => (n === 10 ? long(10) : ["+", "x", n])) });
    expect(whole.graph(BUILD).status).toBe(0);
    expect(readFileSync(join(w.dir, "dist/app.wasm"))).toEqual(readFileSync(join(whole.dir, "dist/app.wasm")));
  });

  test("a module in the text surface is refused with a code of its own", () => {
    const w = workspace({ ...ECHO_FILES, "src/main.x07.json": JSON.stringify({ schema_version: "x07.x07ast@0.5.0", kind: "entry", module_id: "main", imports: ["said"], decls: [], solve: ["said.f"] }), "src/said.x07t": "module said" });
    const report = JSON.parse(w.tool([...BUILD, "--json"]).stdout) as { diagnostics: { code: string; message: string }[] };
    expect(report.diagnostics.map((d) => d.code)).toEqual(["X07WASM_X07_BUILD_FAILED", "X07C_TEXT_SURFACE"]);
    expect(report.diagnostics[1]!.message).toContain("src/said.x07t");
  });

  test("an edit with size and mtime put back is found", () => {
    const w = workspace();
    w.graph(BUILD);
    const at = join(w.dir, "src/main.x07.json");
    const before = statSync(at);
    const text = readFileSync(at, "utf8");
    writeFileSync(at, text.replace('["copy.all","input"]', '["copy.all", input]'.replace("input]", '"inpuT"]').slice(0, '["copy.all","input"]'.length)));
    expect(statSync(at).size).toBe(before.size);
    utimesSync(at, before.atime, before.mtime);
    expect(w.graph(BUILD).graph.actions[0]!.state).not.toBe("fresh");
  });

  test("a deleted or overwritten output comes back without an action", () => {
    const w = workspace();
    w.graph(BUILD);
    const wasm = w.read("dist/app.wasm");
    w.remove("dist");
    const restored = w.graph(BUILD).graph;
    expect(restored.counts).toMatchObject({ ran: 0, failed: 0, restored: 2 });
    expect(w.read("dist/app.wasm").equals(wasm)).toBe(true);
    w.write({ "dist/app.wasm": "not a module" });
    expect(w.graph(BUILD).graph.counts.ran).toBe(0);
    expect(w.read("dist/app.wasm").equals(wasm)).toBe(true);
  });

  test("losing the workspace's state but not the cache runs nothing", () => {
    const w = workspace();
    w.graph(BUILD);
    w.remove(".x07-wasm");
    expect(w.graph(BUILD).graph.counts).toMatchObject({ total: 8, ran: 0, restored: 8 });
  });

  test("the same project elsewhere has the same keys and bytes", () => {
    const a = workspace();
    const b = workspace(ECHO_FILES, a.cache, "another place with blanks");
    const one = a.graph(BUILD);
    const two = b.graph(BUILD);
    expect(two.graph.counts.ran).toBe(0);
    expect(two.graph.actions.map((x) => x.key)).toEqual(one.graph.actions.map((x) => x.key));
    expect(b.read("dist/app.wasm").equals(a.read("dist/app.wasm"))).toBe(true);
    expect(b.read("dist/app.wasm.manifest.json").equals(a.read("dist/app.wasm.manifest.json"))).toBe(true);
  });

  test("cached bytes that were replaced are found, said and made again", () => {
    const w = workspace();
    w.graph(BUILD);
    const wasm = w.read("dist/app.wasm");
    for (const blob of filesUnder(join(w.cache, "v1", "cas"))) {
      chmodSync(blob, 0o644);
      writeFileSync(blob, Buffer.alloc(statSync(blob).size, 7));
    }
    w.remove("dist");
    const again = w.graph(BUILD);
    expect(again.graph.recovered.map((d) => d.code)).toContain("GRAPH_CACHE_ENTRY_DAMAGED");
    expect(again.graph.counts.ran).toBeGreaterThan(0);
    expect(w.read("dist/app.wasm").equals(wasm)).toBe(true);
  });

  test("--force runs all again, --dry-run runs nothing", () => {
    const w = workspace();
    const dry = w.graph([...BUILD, "--dry-run"]);
    expect(dry.stderr).toContain("would be");
    expect(w.tool([...BUILD, "--dry-run"]).status).toBe(0);
    expect(() => w.read("dist/app.wasm")).toThrow();
    w.graph(BUILD);
    const forced = w.graph([...BUILD, "--force"]).graph;
    expect(forced.counts).toMatchObject({ ran: 8 });
    expect(forced.actions[0]!.reasons[0]!.kind).toBe("forced");
  });

  test("a working directory that was removed is said, without a trace of the stack", () => {
    const w = workspace();
    w.write({ "gone/x": "" });
    const script = `cd gone && rm -r ../gone && exec "$0" "$1" build --project ../x07.json`;
    const ran = spawnSync("/bin/sh", ["-c", script, process.execPath, TOOL], { cwd: w.dir, env: w.env(), encoding: "utf8" });
    expect([ran.status, ran.stderr.split("\n")[0]]).toEqual([2, "error[GRAPH_WORKING_DIRECTORY_GONE]: the working directory is not there any more"]);
  });

  test("what acts at once takes no --dry-run, rather than act in spite of it", () => {
    const w = workspace();
    w.graph(BUILD);
    for (const words of [["cache", "gc", "--max-size", "1K"], ["component", "run", "--component", "x"], ["serve", "--component", "x"], ["http", "serve", "--component", "x"]]) {
      const ran = w.tool([...words, "--dry-run"]);
      expect([words, ran.status]).toEqual([words, 3]);
      expect(ran.stderr).toContain("'--dry-run' cannot be used with");
    }
    w.remove("dist");
    expect(w.graph(BUILD).graph.counts).toMatchObject({ ran: 0 });
  });

  test("--explain tells an output that is gone from one that was edited", () => {
    const w = workspace();
    w.graph(BUILD);
    w.write({ "dist/app.wasm": "other" });
    w.remove("dist/app.wasm.manifest.json");
    const said = w.tool([...BUILD, "--explain"]).stderr;
    expect(said).toContain("output was not as built: dist/app.wasm (");
    expect(said).toContain("output was not there: dist/app.wasm.manifest.json\n");
  });

  test("--explain names the parameter that changed", () => {
    const w = workspace();
    w.graph(BUILD);
    const said = w.tool([...BUILD, "--explain", "--profile", "wasm_debug"]);
    expect(said.status, said.stderr).toBe(0);
    expect(said.stderr).toContain("parameter changed: memory");
  });
});

describe("the no-op path", () => {
  test("loads nothing but its own file, and opens no source and no output", () => {
    const w = workspace();
    const words = [...BUILD, "--json"];
    const first = w.tool(words);
    expect(first.status).toBe(0);
    const alone = join(dirname(w.dir), "alone.cjs");
    copyFileSync(TOOL, alone);
    const spy = join(dirname(w.dir), "spy.cjs");
    writeFileSync(
      spy,
      `const fs = require("node:fs"); const seen = [];
for (const name of ["openSync", "readFileSync", "open", "readFile", "createReadStream"]) { const real = fs[name]; fs[name] = (p, ...r) => { seen.push(String(p)); return real(p, ...r); }; }
process.on("exit", () => require("node:fs").writeSync(2, JSON.stringify({ seen, modules: Object.keys(require.cache) })));`,
    );
    const ran = spawnSync(process.execPath, ["--require", spy, alone, ...words], { cwd: w.dir, env: w.env(), encoding: "utf8" });
    expect(ran.status, ran.stderr).toBe(0);
    const { seen, modules } = JSON.parse(ran.stderr) as { seen: string[]; modules: string[] };
    expect(modules.sort()).toEqual([alone, spy].sort());
    const touched = seen.filter((p) => p !== alone && p !== spy);
    expect([...new Set(touched)]).toEqual([expect.stringContaining(".x07-wasm/state/goals/")]);
  });

  test("replays the report; only elapsed_ms differs", () => {
    const w = workspace();
    const words = [...BUILD, "--json", "--report-out", "out/report.json"];
    const steady = (text: string) => text.replace(/"elapsed_ms":\d+/, '"elapsed_ms":0');
    const first = w.tool(words);
    const firstFile = w.read("out/report.json").toString();
    w.remove("out");
    const second = w.tool(words);
    expect(second.stderr).toBe("");
    expect(steady(second.stdout)).toBe(steady(first.stdout));
    expect(steady(w.read("out/report.json").toString())).toBe(steady(firstFile));
    expect(second.stdout).toBe(w.read("out/report.json").toString());
  });

  test("a moved workspace says its new folder", () => {
    const w = workspace();
    w.tool([...BUILD, "--json"]);
    const moved = join(dirname(w.dir), "moved");
    renameSync(w.dir, moved);
    mkdirSync(w.dir);
    const ran = spawnSync(process.execPath, [TOOL, ...BUILD, "--json"], { cwd: moved, env: w.env(), encoding: "utf8" });
    expect(JSON.parse(ran.stdout).meta.cwd).toBe(moved);
  });
});

describe("bad input", () => {
  const report = (w: Workspace, words: readonly string[]) => {
    const ran = w.tool([...words, "--json"]);
    return { status: ran.status, report: JSON.parse(ran.stdout) as { ok: boolean; diagnostics: { code: string; loc?: { ptr: string } }[] }, stderr: ran.stderr };
  };

  test.each([
    ["no project", {}, "X07WASM_PROJECT_READ_FAILED", 3],
    ["project not JSON", { "x07.json": "{" }, "X07WASM_PROJECT_PARSE_FAILED", 3],
    ["entry missing", { "x07.json": PROJECT }, "X07WASM_PROJECT_ENTRY_MISSING", 3],
    ["module not JSON", { "x07.json": PROJECT, "src/main.x07.json": "[" }, "X07WASM_X07_BUILD_FAILED", 1],
    ["unknown identifier", { "x07.json": PROJECT, "src/main.x07.json": entryModule(["fmt.s32_to_dec", "nope"]) }, "X07WASM_X07_BUILD_FAILED", 1],
  ] as const)("%s", (_name, files, code, status) => {
    const w = workspace(files as never);
    const got = report(w, BUILD);
    expect(got.report.diagnostics[0]!.code).toBe(code);
    expect(got.status).toBe(status);
    expect(got.stderr).toBe("");
    expect(() => w.read("dist/app.wasm")).toThrow();
  });

  test("an error of the language has its own code and place", () => {
    const w = workspace({ "x07.json": PROJECT, "src/main.x07.json": entryModule(["fmt.s32_to_dec", "nope"]) });
    expect(report(w, BUILD).report.diagnostics[1]).toMatchObject({ code: "X07-TYPE-0001", loc: { ptr: "/solve/1" } });
  });

  test("a bad profile names the rule it breaks", () => {
    const w = workspace();
    w.write({ "p.json": { id: "x" } });
    const got = report(w, [...BUILD, "--profile-file", "p.json"]);
    expect(got.report.diagnostics[0]!.code).toBe("X07WASM_PROFILE_LOAD_FAILED");
    expect(got.status).toBe(3);
  });

  test("an output that cannot be written", () => {
    const w = workspace();
    w.write({ dist: "a file where a folder should be" });
    const got = report(w, BUILD);
    expect(got.report.diagnostics[0]!.code).toBe("X07WASM_BUILD_IO_FAILED");
    expect(got.status).toBe(2);
  });

  test("paths with blanks, unicode and line ends", () => {
    const w = workspace({}, undefined, "wörk space\nline");
    w.write(Object.fromEntries(Object.entries(ECHO_FILES).map(([p, c]) => [`pro jekt\n☃/${p}`, c])));
    const ran = w.graph(["build", "--project", "pro jekt\n☃/x07.json"]);
    expect(ran.status, ran.stderr).toBe(0);
    expect(w.graph(["build", "--project", "pro jekt\n☃/x07.json"]).graph.counts.fresh).toBe(8);
  });
});

function filesUnder(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? filesUnder(join(dir, e.name)) : [join(dir, e.name)]));
}
