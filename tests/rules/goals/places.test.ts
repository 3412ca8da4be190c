// Where outputs may go and what they are called: names as the reference words them, streams, sources that nothing may replace,
// folders that cannot be made.

import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, openSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkedReport } from "../../rig/report-check.ts";
import { ECHO_FILES, TOOL, Workspace } from "../../rig/project.ts";

let w: Workspace;
beforeAll(() => {
  w = new Workspace(undefined, "prog").write(ECHO_FILES);
  w.write({ file: "a file where a folder is wanted", "arch/wasm/keep": "" });
  expect(w.tool(["build"]).status).toBe(0);
});
afterAll(() => w.clean());

const HI = ["run", "--wasm", "dist/app.wasm", "--input-hex", "6869"];

describe("names", () => {
  test.each([
    ["x07.json", "dist/app.wasm", "build/wasm/wasm_release"],
    ["./x07.json", "./dist/app.wasm", "./build/wasm/wasm_release"],
    ["../prog/x07.json", "../prog/dist/prog.wasm", "../prog/build/wasm/wasm_release"],
    ["../prog/./x07.json", "../prog/dist/prog.wasm", "../prog/build/wasm/wasm_release"],
    ["..//prog//x07.json", "..//prog/dist/prog.wasm", "..//prog/build/wasm/wasm_release"],
  ])("of --project %s", async (project, out, emit) => {
    const { result } = await checkedReport(w.tool(["build", "--project", project, "--json"]));
    expect(result).toMatchObject({ wasm: { path: out }, emit: { emit_dir: emit } });
    expect((result["artifact"] as { artifact_id: string }).artifact_id).toMatch(project.includes("prog") ? /^prog-/ : /^app-/);
  });

  test("the version of a profile is exact beyond 2^53", async () => {
    const v = 2n ** 60n;
    w.write({ "p.json": "" });
    const release = execFileSync(process.execPath, ["-e", `process.stdout.write(require("fs").readFileSync("arch/wasm/profiles/wasm_release.json","utf8").replace(/"v":\\s*\\d+/,'"v":${v}'))`], { encoding: "utf8" });
    w.write({ "p.json": release });
    const ran = w.tool(["build", "--profile-file", "p.json", "--json"]);
    await checkedReport(ran);
    expect(ran.stdout).toContain(`"profile":{"id":"wasm_release","v":${v}}`);
  });
});

describe("streams", () => {
  test("nothing is renamed over a pipe", () => {
    const pipe = join(w.dir, "pipe");
    execFileSync("mkfifo", [pipe]);
    // Both ends are held here, so that neither side waits.
    const end = openSync(pipe, "r+");
    for (const words of [[...HI, "--output-out", "pipe"], ["build", "--artifact-out", "pipe"], ["build", "--json", "--quiet-json", "--report-out", "pipe"]]) {
      expect(w.tool(words).status, words.join(" ")).toBe(0);
      expect(statSync(pipe).isFIFO(), words.join(" ")).toBe(true);
    }
    closeSync(end);
  });

  test("/dev/stdout is where the answer goes, into a file too", () => {
    const out = join(w.dir, "out.bin");
    const fd = openSync(out, "w");
    const ran = spawnSync(process.execPath, [TOOL, ...HI, "--output-out", "/dev/stdout"], { cwd: w.dir, env: w.env(), stdio: ["ignore", fd, "pipe"] });
    closeSync(fd);
    expect(ran.status, ran.stderr.toString()).toBe(0);
    expect(w.read("out.bin").toString()).toBe("hi");
  });

  test("a stdout that takes nothing is told in one line, exit 2", () => {
    const full = openSync("/dev/full", "w");
    const ran = spawnSync(process.execPath, [TOOL, "doctor", "--json"], { cwd: w.dir, env: w.env(), stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    expect(ran.status).toBe(2);
    expect(ran.stderr.toString()).toMatch(/^x07-wasm: cannot write to stdout: ENOSPC[^\n]*\n$/);
  });
});

describe("what stands in the way", () => {
  test.each([
    ["the project", ["build", "--out", "x07.json"], "x07.json"],
    ["the project, by another name", ["build", "--artifact-out", "./src/../x07.json"], "x07.json"],
    ["a module", ["build", "--out", "src/main.x07.json"], "src/main.x07.json"],
  ])("%s is no place for an output", async (_name, words, path) => {
    const before = w.read(path);
    const report = await checkedReport(w.tool([...words, "--json"]));
    expect(report.exit_code).toBe(3);
    expect(report.diagnostics.map((d) => d.code)).toEqual(["GRAPH_OUTPUT_IS_SOURCE"]);
    expect(w.read(path).equals(before)).toBe(true);
  });

  test.each([
    [["build", "--out", "file/x.wasm"], "X07WASM_BUILD_IO_FAILED"],
    [["build", "--artifact-out", "file/x.json"], "X07WASM_BUILD_IO_FAILED"],
    [["build", "--artifact-out", "src"], "X07WASM_MANIFEST_WRITE_FAILED"],
    [[...HI, "--output-out", "file/x.bin"], "X07WASM_OUTPUT_IO_FAILED"],
    [[...HI, "--output-out", "src"], "X07WASM_OUTPUT_WRITE_FAILED"],
  ])("%s: %s", async (words, code) => {
    const report = await checkedReport(w.tool([...words, "--json"]));
    expect(report.exit_code).toBe(2);
    expect(report.diagnostics.map((d) => d.code)).toEqual([code]);
  });
});
