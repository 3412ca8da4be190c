// `component build` as a story: what is made, what runs, what is restored, and how it ends when something is wrong.

import { chmodSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ECHO_FILES, PROJECT, Workspace } from "../../rig/project.ts";

const opened: Workspace[] = [];
function workspace(files: Parameters<Workspace["write"]>[0] = ECHO_FILES): Workspace {
  const w = new Workspace().write(files);
  opened.push(w);
  return w;
}
afterEach(() => {
  for (const w of opened.splice(0)) w.clean();
});

const OUT = "target/x07-wasm/component";
const build = (...more: string[]) => ["component", "build", "--provider", "embedded", ...more];

interface Report {
  readonly ok: boolean;
  readonly exit_code: number;
  readonly diagnostics: readonly { readonly code: string; readonly notes?: readonly string[] }[];
  readonly result: { readonly artifacts: readonly { readonly kind: string; readonly component: { readonly path: string; readonly sha256: string } }[]; readonly solve_core_wasm: { readonly path: string } | null; readonly component_profile: { readonly id: string }; readonly out_dir: string };
}
function report(w: Workspace, words: readonly string[]): Report {
  return JSON.parse(w.tool([...words, "--json"]).stdout) as Report;
}
const codes = (r: Report) => r.diagnostics.map((d) => d.code);

describe("solve", () => {
  test("all its files are there, and the second time nothing is done", () => {
    const w = workspace();
    expect(report(w, build("--emit", "solve"))).toMatchObject({ ok: true, result: { solve_core_wasm: { path: `${OUT}/solve.core.wasm` }, artifacts: [{ kind: "solve", component: { path: `${OUT}/solve.component.wasm` } }] } });
    expect(readdirSync(join(w.dir, OUT)).sort()).toEqual(["solve.component.wasm", "solve.component.wasm.manifest.json", "solve.core.embedded.wasm", "solve.core.raw.wasm", "solve.core.raw.wasm.build.report.json", "solve.core.raw.wasm.manifest.json", "solve.core.wasm"]);
    const { graph } = w.graph(build("--emit", "solve"));
    expect(graph.counts).toMatchObject({ ran: 0, restored: 0, fresh: graph.counts.total });
  });

  test("white space in a module stops at the compiler", () => {
    const w = workspace();
    w.graph(build("--emit", "solve"));
    w.write({ "src/copy.x07.json": `${w.read("src/copy.x07.json").toString()}\n` });
    const ran = w.graph(build("--emit", "solve")).graph.actions.filter((a) => a.state === "ran").map((a) => a.rule);
    expect(ran.every((r) => r.startsWith("x07.")), ran.join()).toBe(true);
  });

  test("--clean removes what is not of this build and restores the rest without running anything", () => {
    const w = workspace();
    w.graph(build("--emit", "solve"));
    const before = w.read(`${OUT}/solve.component.wasm`);
    w.write({ [`${OUT}/left.over`]: "x" });
    const { graph } = w.graph(build("--emit", "solve", "--clean"));
    expect(graph.counts).toMatchObject({ ran: 0, failed: 0 });
    expect(existsSync(join(w.dir, OUT, "left.over"))).toBe(false);
    expect(w.read(`${OUT}/solve.component.wasm`)).toEqual(before);
    expect(w.graph(build("--emit", "solve", "--clean")).graph.counts).toMatchObject({ ran: 0, failed: 0 });
  });
});

describe("every kind", () => {
  const kinds = (r: Report) => r.result.artifacts.map((a) => a.kind);

  test("all: one solve component, two adapters, two composed components; manifests and reports beside them", () => {
    const w = workspace();
    const answer = report(w, build());
    expect(answer.ok, JSON.stringify(answer.diagnostics)).toBe(true);
    expect(kinds(answer)).toEqual(["solve", "http-adapter", "http", "cli-adapter", "cli"]);
    for (const a of answer.result.artifacts) expect(JSON.parse(w.read(`${a.component.path}.manifest.json`).toString())).toEqual(a);
    for (const kind of ["http", "cli"]) expect(JSON.parse(w.read(`${OUT}/${kind}.component.compose.report.json`).toString())).toMatchObject({ ok: true, command: "x07-wasm.component.compose", result: { adapter_kind: kind, out_component: { path: `${OUT}/${kind}.component.wasm` } } });
  });

  test("a project's edit never makes an adapter again, and rebuilds just what depends on it", () => {
    const w = workspace();
    w.graph(build());
    w.write({ "src/copy.x07.json": w.read("src/copy.x07.json").toString().replace('["view.to_bytes","v"]', '["bytes.concat",["view.to_bytes","v"],["bytes.lit","!"]]') });
    const { graph } = w.graph(build());
    const ran = new Set(graph.actions.filter((a) => a.state === "ran").map((a) => a.rule));
    expect([...ran].filter((r) => r.startsWith("guest") || r.startsWith("packaged"))).toEqual([]);
    expect(ran.has("component.plug.embedded")).toBe(true);
    expect(w.graph(build()).graph.counts).toMatchObject({ ran: 0, restored: 0 });
  });

  test.each([
    ["http", ["solve", "http-adapter", "http"]],
    ["cli", ["solve", "cli-adapter", "cli"]],
    ["http-adapter", ["http-adapter"]],
    ["cli-adapter", ["cli-adapter"]],
    ["http-native", ["http"]],
    ["cli-native", ["cli"]],
  ])("--emit %s", (emit, expected) => {
    const answer = report(workspace(), build("--emit", emit));
    expect(answer.ok, JSON.stringify(answer.diagnostics)).toBe(true);
    expect(kinds(answer)).toEqual(expected);
  });

  test("composed and native command components answer alike", () => {
    const w = workspace();
    w.tool(build("--emit", "cli", "--out-dir", "composed"));
    w.tool(build("--emit", "cli-native", "--out-dir", "native"));
    for (const folder of ["composed", "native"]) {
      const ran = w.tool(["component", "run", "--component", `${folder}/cli.component.wasm`, "--stdin-b64", "aGVsbG8="]);
      expect([ran.status, ran.stdout]).toEqual([0, "hello"]);
    }
  });
});

describe("what is wrong is said", () => {
  test.each([[".", "holds the working directory"], ["..", "holds the working directory"], ["src", "which this goal reads"], ["lib", "which this goal reads"]])("--clean never takes the project with it: --out-dir %s", (folder, why) => {
    const w = workspace({ ...ECHO_FILES, "x07.json": { ...PROJECT, module_roots: ["src", "lib"] }, "lib/other.x07.json": "{}" });
    const answer = report(w, build("--emit", "solve", "--clean", "--out-dir", folder));
    expect(answer).toMatchObject({ ok: false, exit_code: 1, diagnostics: [{ code: "X07WASM_COMPONENT_BUILD_CLEAN_FAILED" }] });
    expect(JSON.stringify(answer.diagnostics)).toContain(why);
    expect([existsSync(join(w.dir, "src/main.x07.json")), existsSync(join(w.dir, "lib/other.x07.json"))]).toEqual([true, true]);
  });

  test("a missing project and missing profiles, each with its own code", () => {
    const w = workspace();
    const answer = report(w, build("--project", "none/x07.json", "--profile", "nope", "--wasm-profile", "nope"));
    expect(codes(answer)).toEqual(["X07WASM_COMPONENT_BUILD_PROJECT_READ_FAILED", "X07WASM_COMPONENT_PROFILE_LOAD_FAILED", "X07WASM_WASM_PROFILE_LOAD_FAILED"]);
    expect(answer).toMatchObject({ exit_code: 3, result: { component_profile: { id: "unknown" }, artifacts: [], solve_core_wasm: null } });
    expect(existsSync(join(w.dir, OUT))).toBe(false);
  });

  test("an out-dir that cannot be a folder stops it before anything is built", () => {
    const w = workspace({ ...ECHO_FILES, plain: "x" });
    for (const folder of ["plain", "plain/in/it", "/proc/x07/out"]) {
      const answer = report(w, build("--emit", "all", "--out-dir", folder));
      expect([codes(answer), answer.exit_code, answer.result.artifacts]).toEqual([["X07WASM_COMPONENT_BUILD_OUTDIR_CREATE_FAILED"], 1, []]);
    }
    expect(report(w, build("--emit", "solve", "--dry-run"))).toMatchObject({ ok: true, exit_code: 0 });
  });

  test("a program that does not compile keeps its own diagnostics, and its nested report", () => {
    const w = workspace({ "x07.json": PROJECT, "src/main.x07.json": "{" });
    const answer = report(w, build("--emit", "solve"));
    expect(answer).toMatchObject({ ok: false, exit_code: 1, result: { artifacts: [] } });
    expect(codes(answer)[0]).toBe("X07WASM_X07_BUILD_FAILED");
    expect(JSON.parse(w.read(`${OUT}/solve.core.raw.wasm.build.report.json`).toString())).toMatchObject({ ok: false, command: "x07-wasm.build" });
  });

  test("when the program no longer compiles, no component of the former one stays", () => {
    const w = workspace();
    const words = build("--emit", "http");
    report(w, words);
    const whole = readdirSync(join(w.dir, OUT)).sort();
    const source = w.read("src/main.x07.json");
    w.write({ "src/main.x07.json": "{" });
    expect(report(w, words).ok).toBe(false);
    expect(readdirSync(join(w.dir, OUT)).sort()).toEqual(["http-adapter.component.wasm", "http-adapter.component.wasm.manifest.json", "solve.core.raw.wasm.build.report.json"]);
    w.write({ "src/main.x07.json": source });
    expect(report(w, words).ok).toBe(true);
    expect(readdirSync(join(w.dir, OUT)).sort()).toEqual(whole);
  });

  test("an installed tool that does not even tell its version is passed over", () => {
    const w = workspace();
    const bin = join(w.dir, "bin");
    w.write({ "bin/wasm-tools": "#!/bin/sh\nexit 3\n" });
    chmodSync(join(bin, "wasm-tools"), 0o755);
    const words = ["component", "build", "--emit", "solve", "--json"];
    const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}` };
    const passedOver = w.tool([...words, "--provider", "auto"], env);
    expect(JSON.parse(passedOver.stdout)).toMatchObject({ ok: true, exit_code: 0, diagnostics: [] });
    const made = w.read(`${OUT}/solve.component.wasm`);
    report(w, build("--emit", "solve", "--force"));
    expect(w.read(`${OUT}/solve.component.wasm`)).toEqual(made);
  });

  test("the state document adapter is not offered, and that is said", () => {
    expect(report(workspace(), build("--emit", "http-state-doc"))).toMatchObject({ ok: false, exit_code: 1, diagnostics: [{ code: "X07WASM_ADAPTER_KIND_UNSUPPORTED" }] });
  });

  test("an unknown emit is an argument error that names the known ones", () => {
    const ran = workspace().tool(build("--emit", "htpp", "--json"));
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain("http");
  });
});
