// `build --codegen-backend c_toolchain_v1` with the real clang and wasm-ld, after the embedded compiler and after an installed x07.
// The x07 compiler is in no registry, so a stand-in speaks its command line; clang and lld must be installed, or this is skipped.

import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ECHO_FILES, entryModule, installed, PROJECT, ROOT, Workspace } from "../rig/project.ts";

const here = installed("clang") && installed("wasm-ld");
if (!here) {
  const why = "clang and wasm-ld are not installed (scripts/setup-native.sh installs them)";
  if (process.env["X07_WASM_NATIVE"] === "required") throw new Error(why);
  console.log(`SKIPPED: tests/native/c-backend: ${why}`);
}

const opened: Workspace[] = [];
afterEach(() => {
  for (const w of opened.splice(0)) w.clean();
});

function workspace(): { w: Workspace; env: NodeJS.ProcessEnv } {
  const w = new Workspace().write({ "x07.json": PROJECT, "src/main.x07.json": entryModule(["view.to_bytes", "input"]) });
  opened.push(w);
  const bin = join(dirname(w.dir), "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  // The compiler runs with the engine's own environment, so it must find node by itself.
  writeFileSync(join(bin, "x07"), `#!/bin/sh\nexec ${process.execPath} ${join(ROOT, "tests/native/x07-stand-in.mjs")} "$@"\n`);
  chmodSync(join(bin, "x07"), 0o755);
  return { w, env: { PATH: `${bin}:${process.env["PATH"]}`, SECRET: "must not reach any action" } };
}

const BUILD = ["build", "--codegen-backend", "c_toolchain_v1"];

describe.skipIf(!here)("the C back end", () => {
  test("builds, runs, and does nothing the second time", () => {
    const { w, env } = workspace();
    const first = w.tool([...BUILD, "--json"], env);
    expect(first.status, first.stdout).toBe(0);
    const report = JSON.parse(first.stdout) as { result: { flags: { codegen_backend: string; clang: string[] }; memory: object; artifact: { toolchain: { [tool: string]: string } } }; meta: { outputs: { path: string }[] } };
    expect(report.result.flags.codegen_backend).toBe("c_toolchain_v1");
    expect(report.result.memory).toMatchObject({ initial_memory_bytes: 134217728, max_memory_bytes: 134217728, growable_memory: false });
    expect(report.result.artifact.toolchain).toMatchObject({ x07: "0.2.17", clang: expect.stringContaining("clang"), wasm_ld: expect.stringContaining("LLD") });
    expect(report.meta.outputs.map((o) => o.path)).toEqual(["build/wasm/wasm_release/program.c", "build/wasm/wasm_release/x07.h", "build/wasm/wasm_release/phase0_shim.c", "dist/app.wasm", "dist/app.wasm.manifest.json"]);
    expect(w.tool(["run", "--wasm", "dist/app.wasm", "--input-hex", "68656c6c6f"], env).stdout).toBe("hello");
    expect(w.tool(BUILD, env).status).toBe(0);
    expect(w.tool(BUILD, env).stderr).toContain("nothing to do");
  });

  test("an edit of the sources runs x07 alone when the C stays the same", () => {
    const { w, env } = workspace();
    expect(w.tool(BUILD, env).status).toBe(0);
    w.write({ "src/main.x07.json": entryModule(["view.to_bytes", "input"], [], []), "src/other.x07.json": "{}" });
    const at = join(dirname(w.dir), "g.json");
    w.tool([...BUILD, "--graph-report", at], env);
    const graph = JSON.parse(readFileSync(at, "utf8")) as { actions: { rule: string; state: string }[] };
    expect(graph.actions.filter((a) => a.state === "ran").map((a) => a.rule)).toEqual(["x07.emit-c.native"]);
    expect(graph.actions.filter((a) => a.rule === "clang" || a.rule === "wasm-ld").every((a) => a.state === "cut_off" || a.state === "fresh")).toBe(true);
  });

  test("a failing compiler is reported with what it said", () => {
    const { w, env } = workspace();
    const bin = join(dirname(w.dir), "bin");
    writeFileSync(join(bin, "clang"), "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'clang version 14.0.0'; else echo 'no such luck' >&2; exit 3; fi\n");
    chmodSync(join(bin, "clang"), 0o755);
    const ran = w.tool([...BUILD, "--json"], env);
    const report = JSON.parse(ran.stdout) as { diagnostics: { code: string; data: { stderr: string } }[] };
    expect(ran.status).toBe(1);
    expect(report.diagnostics[0]).toMatchObject({ code: "X07WASM_CLANG_FAILED", data: { stderr: expect.stringContaining("no such luck") } });
  });

  test("--provider native without x07 says what it needs", () => {
    const { w } = workspace();
    const ran = w.tool([...BUILD, "--provider", "native", "--json"], { PATH: "/usr/bin:/bin" });
    expect(ran.status).toBe(2);
    expect(JSON.parse(ran.stdout).diagnostics[0].code).toBe("X07WASM_X07_BUILD_SPAWN_FAILED");
  });
});

/** A workspace that calls a module of its own, and a PATH with no x07 on it. */
function alone(): Workspace {
  const w = new Workspace().write(ECHO_FILES);
  opened.push(w);
  return w;
}

describe.skipIf(!here)("the C back end of the embedded compiler", () => {
  test("builds without any x07, runs, and does nothing the second time", () => {
    const w = alone();
    const first = w.tool([...BUILD, "--json"]);
    expect(first.status, first.stdout).toBe(0);
    const report = JSON.parse(first.stdout) as { result: { emit: object; exports: { missing: string[] }; memory: object; artifact: { toolchain: object } }; meta: { outputs: { path: string }[] } };
    expect(report.result.artifact.toolchain).toMatchObject({ x07: expect.stringContaining("+embedded"), clang: expect.stringContaining("clang"), wasm_ld: expect.stringContaining("LLD") });
    expect(report.result.exports.missing).toEqual([]);
    expect(report.result.emit).toMatchObject({ c_path: "build/wasm/wasm_release/program.c", h_path: "build/wasm/wasm_release/x07.h" });
    expect(report.result.memory).toMatchObject({ initial_memory_bytes: 134217728, max_memory_bytes: 134217728, growable_memory: false, stack_first: true });
    expect(w.read("build/wasm/wasm_release/program.c").toString()).toContain("copy__all(");
    expect(w.tool(["run", "--wasm", "dist/app.wasm", "--input-hex", "68656c6c6f"]).stdout).toBe("hello");
    expect(w.tool(BUILD).status).toBe(0);
    expect(w.tool(BUILD).stderr).toContain("nothing to do");
  });

  test("every profile builds and runs", () => {
    const w = alone();
    for (const profile of ["wasm_debug", "wasm_release_cached", "wasm_release_pooling"]) {
      const built = w.tool([...BUILD, "--profile", profile, "--json"]);
      expect(built.status, built.stdout).toBe(0);
      expect(w.tool(["run", "--profile", profile, "--wasm", "dist/app.wasm", "--input-hex", "68656c6c6f"]).stdout).toBe("hello");
    }
  });

  test("an edit that leaves the C as it was stops before clang; one that changes it does not touch the shim", () => {
    const w = alone();
    expect(w.tool(BUILD).status).toBe(0);
    const copy = ECHO_FILES["src/copy.x07.json"];
    w.write({ "src/copy.x07.json": `${JSON.stringify(copy)}\n\n` });
    const ran = (words: readonly string[]): readonly string[] => w.graph(words).graph.actions.filter((a) => a.state === "ran").map((a) => a.rule);
    expect(ran(BUILD)).toEqual(["x07.parse"]);
    const [names, copying] = copy.decls;
    w.write({ "src/copy.x07.json": { ...copy, decls: [names, { ...copying, body: ["bytes.concat", ["view.to_bytes", "v"], ["view.to_bytes", "v"]] }] } });
    const changed = ran(BUILD);
    expect(changed.filter((r) => r === "clang")).toHaveLength(1);
    expect(changed).toContain("x07.emit-c");
    expect(w.tool(["run", "--wasm", "dist/app.wasm", "--input-hex", "6869"]).stdout).toBe("hihi");
  });

  test("mistakes of the program are told as by the other back end", () => {
    const w = new Workspace().write({ "x07.json": PROJECT, "src/main.x07.json": entryModule(["no_such_thing", "input"]) });
    opened.push(w);
    const codes = (backend: string): string[] => (JSON.parse(w.tool(["build", "--codegen-backend", backend, "--json"]).stdout) as { diagnostics: { code: string }[] }).diagnostics.map((d) => d.code);
    expect(codes("c_toolchain_v1")).toEqual(codes("native_x07_wasm_v1"));
    expect(codes("c_toolchain_v1")[0]).toBe("X07WASM_X07_BUILD_FAILED");
  });

  test("without an installed clang the one from npm does it, and the report says so", () => {
    const w = alone();
    const ran = w.tool([...BUILD, "--json"], { PATH: w.dir });
    expect(ran.status, ran.stdout).toBe(0);
    expect(JSON.parse(ran.stdout).meta.tool.clang).toContain("@yowasp/clang");
  }, 120_000);
});
