// Process actions and the real disk: an action's own directory, only what was declared, and traces that hold over real
// stamps.

import { chmodSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join as joinPath } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { BuildEvent } from "../../engine/event.ts";
import { type Disk, realDisk } from "../../engine/host/disk.ts";
import { runInDirectory } from "../../engine/host/process.ts";
import { file, flag, many, named, one, output, place, rule, text, texts } from "../../engine/index.ts";
import { Session, type SessionOptions } from "../../engine/session.ts";
import { include, join, large, strip } from "../rig/rules.ts";
import { type Built, buildWith, DEFAULTS, placing, type TestPlan } from "../rig/world.ts";

const folders: string[] = [];
afterAll(() => folders.forEach((f) => rmSync(f, { recursive: true, force: true })));

/** A workspace in a real folder, with its cache beside it. */
function realWorld(files: { readonly [path: string]: string }) {
  const top = mkdtempSync(joinPath(tmpdir(), "x07-engine-"));
  folders.push(top);
  const at = (path: string) => joinPath(top, "w", path);
  const write = (path: string, content: string) => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), content);
  };
  for (const [path, content] of Object.entries(files)) write(path, content);
  const calls: string[] = [];
  const plain = realDisk(joinPath(top, "w"));
  const disk: Disk = { ...plain, read: (path) => (calls.push(path), plain.read(path)) };
  const build = (plan: TestPlan, options: Partial<SessionOptions> & { signal?: AbortSignal } = {}): Promise<Built> => {
    calls.length = 0;
    const events: BuildEvent[] = [];
    const world = { disk, cwd: joinPath(top, "w"), env: {}, now: Date.now, runProcess: runInDirectory, emit: (e: BuildEvent) => void events.push(e), signal: options.signal ?? new AbortController().signal };
    return buildWith(new Session(world, { ...DEFAULTS, cacheDir: joinPath(top, "cache"), ...options }), plan, events);
  };
  return { top, at, write, build, calls, text: (path: string) => readFileSync(at(path), "utf8") };
}

/** One letter as /proc has it; a killed orphan may stay "Z" where nobody reaps. */
function stateOf(pid: string): string {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) ? readFileSync(stat, "utf8").split(") ")[1]![0]! : "gone";
}

const cp = rule({ id: "cp", version: 1, inputs: { source: one("any") }, outputs: { copy: output("text", "copy.txt") }, command: ({ source, copy }) => ["/bin/cp", source, copy] });
const sh = rule({
  id: "sh",
  version: 1,
  inputs: { files: many("any"), script: text(), names: texts() },
  outputs: { text: output("text") },
  command: ({ script, text }) => ["/bin/sh", "-c", script, "sh", text],
  env: ({ names }) => Object.fromEntries(names.map((n) => [n, `value of ${n}`])),
});
const say = rule({ id: "say", version: 1, inputs: { source: one("any"), loud: flag() }, outputs: { said: output("text") }, stdout: "said", command: ({ source }) => ["/bin/cat", source] });

const shell = (script: string, files = [file("a")], names: string[] = []) => placing(place(sh({ files, script, names }).text, "out/x"));

describe("process actions", () => {
  test("run once, then nothing is read but the engine's own state", async () => {
    const w = realWorld({ a: "A" });
    const plan = () => placing(place(cp({ source: file("a") }).copy, "out/a"));
    expect(await w.build(plan())).toHaveRun(["cp a"]);
    expect(w.text("out/a")).toBe("A");
    expect(await w.build(plan())).toHaveRun([]);
    expect(w.calls.sort()).toEqual([".x07-wasm/state/files", ".x07-wasm/state/journal"]);
  });

  test("see only declared inputs, under declared names, in a directory of their own", async () => {
    const w = realWorld({ a: "A", "sub/b": "B", secret: "S" });
    await w.build(shell('found=$(find . -type f | sort); echo "$found" > "$1"; pwd >> "$1"', [file("a"), file("sub/b"), named(file("a"), "as/other") as never]));
    const [one, two, three, cwd] = w.text("out/x").split("\n");
    expect([one, two, three]).toEqual(["./a", "./as/other", "./sub/b"]);
    expect(cwd!.startsWith(w.top)).toBe(false);
    expect(existsSync(cwd!)).toBe(false);
  });

  test("see only the declared environment", async () => {
    process.env["X07_TEST_SECRET"] = "leak";
    const w = realWorld({ a: "A" });
    await w.build(shell('env | grep -v "^\\(HOME\\|TMPDIR\\|PWD\\|_\\|OLDPWD\\|SHLVL\\)=" | sort > "$1"', [file("a")], ["DECLARED"]));
    delete process.env["X07_TEST_SECRET"];
    expect(w.text("out/x").trim().split("\n")).toEqual(["DECLARED=value of DECLARED", "LC_ALL=C", "PATH=/usr/local/bin:/usr/bin:/bin", "SOURCE_DATE_EPOCH=0", "TZ=UTC"]);
  });

  test("declared environment and words are in the key", async () => {
    const w = realWorld({ a: "A" });
    await w.build(shell('echo hi > "$1"'));
    const env = await w.build(shell('echo hi > "$1"', [file("a")], ["N"]));
    expect(env.reasons("sh a")).toEqual(["parameter names", "env N"]);
    const version = (word: string) => rule({ id: "echo", version: 1, inputs: {}, outputs: { text: output("text") }, stdout: "text", command: () => ["/bin/echo", word] });
    await w.build(placing(place(version("one")({}).text, "out/e")));
    const words = await w.build(placing(place(version("two")({}).text, "out/e")));
    expect(words.reasons("echo echo")).toEqual(["rule command"]);
    expect(w.text("out/e")).toBe("two\n");
  });

  test("one that takes longer than its rule allows is ended, with all that it started, and has failed", async () => {
    const slow = rule({ id: "slow", version: 1, inputs: { source: one("any") }, outputs: { text: output("text") }, timeoutMs: 200, command: ({ source }) => ["/bin/sh", "-c", `sleep 60; cat ${source}`] });
    const w = realWorld({ a: "A" });
    const started = Date.now();
    const built = await w.build(placing(place(slow({ source: file("a") }).text, "out/x")));
    expect(built.diagnostics).toMatchObject([{ code: "GRAPH_ACTION_FAILED", message: expect.stringContaining("SIGKILL") }]);
    expect(Date.now() - started).toBeLessThan(30_000);
  });

  test("what is printed can be an output, whole and byte for byte", async () => {
    const w = realWorld({ a: "x" });
    const bytes = Buffer.alloc(3 << 20, 0xfe);
    writeFileSync(w.at("a"), bytes);
    const built = await w.build(placing(place(say({ source: file("a"), loud: true }).said, "out/a")));
    expect(built.diagnostics).toEqual([]);
    expect(readFileSync(w.at("out/a")).equals(bytes)).toBe(true);
  });

  test.each([
    ["a status", 'echo why >&2; exit 3', "GRAPH_ACTION_FAILED", "code=3"],
    ["a signal", "kill -9 $$", "GRAPH_ACTION_FAILED", "SIGKILL"],
    ["no output", "true", "GRAPH_OUTPUT_MISSING", "text"],
  ])("fail with a diagnostic: %s", async (_, script, code, part) => {
    const built = await realWorld({ a: "A" }).build(shell(script));
    expect(built.diagnostics.map((d) => d.code)).toEqual([code]);
    expect(built.diagnostics[0]!.message).toContain(part);
  });

  test.each([
    ["no such program", ["/no/such/program"], "ENOENT"],
    ["not a program", ["/etc/passwd"], "EACCES"],
    ["a word with a NUL", ["/bin/echo", "a\0b"], "ERR_INVALID_ARG_VALUE"],
    ["too many words", ["/bin/echo", "x".repeat(4 << 20)], "E2BIG"],
    ["no words", [], "ERR_INVALID_ARG_VALUE"],
  ])("cannot be started: %s", async (_, words, code) => {
    const impossible = rule({ id: "impossible", version: 1, inputs: {}, outputs: { text: output("text") }, command: () => words });
    const built = await realWorld({}).build(placing(place(impossible({}).text, "out/x")));
    expect(built.diagnostics.map((d) => d.code)).toEqual(["GRAPH_ACTION_SPAWN_FAILED"]);
    expect(built.diagnostics[0]!.message).toContain(code);
  });

  test("inputs that cannot lie side by side are a diagnostic", async () => {
    const w = realWorld({ a: "A", b: "B" });
    const built = await w.build(shell("true", [named(file("a"), "x") as never, named(file("b"), "x/y") as never]));
    expect(built.diagnostics.map((d) => d.code)).toEqual(["GRAPH_ACTION_SPAWN_FAILED"]);
  });

  test("a stopped build ends its processes and leaves nothing wrong behind", async () => {
    const w = realWorld({ a: "A" });
    const stop = new AbortController();
    const pidFile = w.at("pid");
    const building = w.build(shell(`sleep 60 & echo $! > ${pidFile}; sleep 60; cat a > "$1"`), { signal: stop.signal });
    while (!existsSync(pidFile) || readFileSync(pidFile, "utf8") === "") await new Promise((r) => setTimeout(r, 10));
    stop.abort();
    const built = await building;
    expect(built.diagnostics.map((d) => d.code)).toEqual(["GRAPH_STOPPED"]);
    expect(["Z", "gone"]).toContain(stateOf(readFileSync(pidFile, "utf8").trim()));
    expect(existsSync(w.at("out/x"))).toBe(false);
    expect((await w.build(shell('cat a > "$1"'))).diagnostics).toEqual([]);
    expect(w.text("out/x")).toBe("A");
  });
});

describe("the real disk", () => {
  const plan = () => placing(place(join({ parts: [large({ source: file("a") }).text, strip({ source: file("b") }).text], glue: "+" }).whole, "out/x"));

  test("an edit with size and modification stamp put back is found", async () => {
    const w = realWorld({ a: "A", b: "B1" });
    await w.build(plan());
    const { atime, mtime } = statSync(w.at("b"));
    w.write("b", "B2");
    utimesSync(w.at("b"), atime, mtime);
    expect(await w.build(plan())).toHaveRun(["join a", "strip b"]);
    expect(w.text("out/x").endsWith("B2")).toBe(true);
    expect(await w.build(plan())).toHaveRun([]);
  });

  test("edits straight after a build are found, fifty times", async () => {
    const w = realWorld({ a: "A", b: "B" });
    for (let n = 0; n < 50; n++) {
      w.write("b", `B${10 + n}`);
      await w.build(plan());
      w.write("b", `B${60 + n}`);
      await w.build(plan());
      expect(w.text("out/x").slice(-3)).toBe(`B${60 + n}`.slice(-3));
    }
  });

  test("a hard link to an output, edited, poisons nothing", async () => {
    const w = realWorld({ a: "A", b: "B" });
    await w.build(plan());
    const right = w.text("out/x");
    linkSync(w.at("out/x"), w.at("link"));
    writeFileSync(w.at("link"), "poison");
    expect(await w.build(plan())).toHaveRun([]);
    expect(w.text("out/x")).toBe(right);
    rmSync(w.at("out/x"));
    expect(await w.build(plan())).toHaveRun([]);
    expect(w.text("out/x")).toBe(right);
  });

  test("hard-linked to another place and unlinked again: hashed again, not made again", async () => {
    const w = realWorld({ a: "A", b: "B" });
    await w.build(plan());
    linkSync(w.at("b"), w.at("b2"));
    rmSync(w.at("b2"));
    expect(await w.build(plan())).toHaveRun([]);
  });

  test("an output path that is a folder, and a folder path that is a file, are diagnostics", async () => {
    const w = realWorld({ a: "A", b: "B" });
    mkdirSync(w.at("out/x"), { recursive: true });
    expect((await w.build(plan())).diagnostics.map((d) => [d.code, d.place?.file])).toEqual([["GRAPH_OUTPUT_WRITE_FAILED", "out/x"]]);
    rmSync(w.at("out"), { recursive: true });
    writeFileSync(w.at("out"), "a file");
    expect((await w.build(plan())).diagnostics.map((d) => [d.code, d.place?.file])).toEqual([["GRAPH_OUTPUT_WRITE_FAILED", "out/x"]]);
    rmSync(w.at("out"));
    expect(await w.build(plan())).toHaveRun([]);
  });

  test("a source that is a folder is a diagnostic", async () => {
    const w = realWorld({ a: "A" });
    mkdirSync(w.at("b"));
    expect((await w.build(plan())).diagnostics.map((d) => [d.code, d.message.includes("EISDIR")])).toEqual([["GRAPH_INPUT_MISSING", true]]);
  });

  test("globs and discovered files over real folders", async () => {
    const w = realWorld({ "src/one.t": "1", "src/deep/two.t": "include ../one.t", "src/.hidden.t": "h", "src/no.x": "x" });
    const globbed: TestPlan = async (c) => c.build((await c.glob("**/*.t", "src")).map((f, n) => place(include({ source: f }, { root: "src/deep" }).text, `out/${n}`)));
    await w.build(globbed);
    expect(readdirSync(w.at("out")).sort().map((n) => w.text(`out/${n}`))).toEqual(["h", "1", "1"]);
    expect(await w.build(globbed)).toHaveRun([]);
    w.write("src/one.t", "11");
    expect((await w.build(globbed)).counts.ran).toBe(2);
  });

  test("no temporary files stay behind", async () => {
    const w = realWorld({ a: "A", b: "B" });
    await w.build(plan());
    const left = readdirSync(w.top, { recursive: true }).filter((n) => String(n).includes("tmp"));
    expect(left).toEqual([]);
  });

  test.skipIf(process.getuid?.() === 0)("a folder without permission is a diagnostic", async () => {
    const w = realWorld({ a: "A", b: "B" });
    mkdirSync(w.at("out"));
    chmodSync(w.at("out"), 0o555);
    expect((await w.build(plan())).diagnostics.map((d) => d.code)).toEqual(["GRAPH_OUTPUT_WRITE_FAILED"]);
    chmodSync(w.at("out"), 0o755);
  });
});
