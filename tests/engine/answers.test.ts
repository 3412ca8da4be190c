// A goal's answer in the cache: a fresh clone gives it where everything it depends on is the same byte for byte, and in any
// doubt the whole tool does the work. What an archive brings may say anything, and gets nothing out of its place.

import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Answer, ANSWER_FORM, answerKey, encodeAnswer, isOutputPath } from "../../engine/answer.ts";
import { takeFrom } from "../../engine/answer-find.ts";
import { layout } from "../../engine/cache/layout.ts";
import { decodeResults, encodeResults } from "../../engine/cache/result.ts";
import { sha256Hex } from "../../engine/lib/digest.ts";
import { utf8 } from "../../engine/lib/bytes.ts";
import { world } from "../rig/world.ts";
import { Workspace } from "../rig/project.ts";

const GRAPH = `
import { file, goal, graph, one, output, place, rule } from "x07-wasm/engine";
import { cacheGoals } from "x07-wasm/rules";
const grow = rule({ id: "grow", version: 1, inputs: { from: one("any") }, outputs: { little: output("a"), big: output("b") }, run: ({ from }) => ({ ok: true, value: { little: from.text(), big: from.text().repeat(2000) } }) });
const nothing = { uses_os_time: false, uses_network: false, uses_process: false };
export default graph({
  app: { name: "t", version: "1.0.0", about: "t", codePrefix: "T", parseReport: { schemaVersion: "p@1", command: "p", schemaFile: "p" }, schemaGoal: "all" },
  goals: { ...cacheGoals, all: goal({ about: "All", options: [], report: { schemaVersion: "b@1", command: "b", schemaFile: "b" }, async plan(_o, { build, probe, glob, env, look }) {
    probe("out");
    probe("program");
    look("absent");
    env("FLAVOUR");
    const made = (await glob("*", "src")).flatMap((from, i) => { const g = grow({ from }, { label: String(i) }); return [place(g.little, "out/" + i + "/little"), place(g.big, "out/" + i + "/big")]; });
    const built = await build(made);
    return { result: { made: made.length }, diagnostics: built.ok ? [] : built.error, inputs: [], outputs: [], nondeterminism: nothing };
  } }) },
  schemaText: async () => "{}", specrows: async () => ({}), cacheVariable: "X07_WASM_CACHE_DIR", cacheName: "t",
});
`;
const FILES = { "x07wasm.graph.ts": GRAPH, program: "#!/bin/sh\n", "src/a": "aaaa", "src/b": "bbbb" };
const TAKEN = "all: nothing to build, 4 outputs put back\n";

let one: Workspace;
const clones: Workspace[] = [];
beforeEach(() => {
  one = new Workspace().write(FILES);
  clones.push(one);
  expect(one.tool(["all"])).toMatchObject({ status: 0, stderr: expect.stringContaining("2 ran") });
});
afterEach(() => clones.splice(0).forEach((w) => w.clean()));

function clone(cache = one.cache): Workspace {
  const w = new Workspace(cache, "elsewhere").write(FILES);
  for (const path of Object.keys(FILES)) utimesSync(join(w.dir, path), 1e9, 1e9);
  clones.push(w);
  return w;
}

const all = (w: Workspace, more: readonly string[] = [], env: NodeJS.ProcessEnv = {}) => w.tool(["all", ...more], env).stderr;
const image = (w: Workspace) => readdirSync(join(w.dir, "out"), { recursive: true, encoding: "utf8" }).sort().map((p) => `${p} ${statSync(join(w.dir, "out", p)).isFile() ? sha256Hex(readFileSync(join(w.dir, "out", p))) : ""}`);
const withoutPlace = (report: string) => report.replace(/"cwd":"[^"]*","elapsed_ms":\d+/, "");

function damage(paths: readonly string[]): void {
  for (const path of paths) {
    chmodSync(path, 0o644);
    writeFileSync(path, readFileSync(path).map((x) => x ^ 1));
  }
}
const filesOf = (w: Workspace, kind: "cas" | "ac") => readdirSync(join(w.cache, "v1", kind), { recursive: true, encoding: "utf8" }).map((p) => join(w.cache, "v1", kind, p)).filter((p) => statSync(p).isFile());
const answersOf = (w: Workspace) => filesOf(w, "cas").filter((p) => readFileSync(p, "utf8").startsWith(`{"form":"${ANSWER_FORM}"`));

describe("a fresh clone", () => {
  test("gives the answer with the same outputs and report, and has nothing to do from then on", () => {
    expect(one.tool(["all", "--json"]).status).toBe(0);
    const two = clone();
    expect(all(two)).toBe(TAKEN);
    expect(image(two)).toEqual(image(one));
    expect(statSync(join(two.dir, "out/0/big")).nlink).toBe(1);
    expect(all(two)).toBe("all: nothing to do, 2 fresh\n");
    const [here, there] = [one, clone()].map((w) => w.tool(["all", "--json", "--report-out", "report.json"]));
    expect(there!.status).toBe(0);
    expect(withoutPlace(there!.stdout)).toBe(withoutPlace(here!.stdout));
    expect(there!.stdout).toContain(JSON.stringify(clones.at(-1)!.dir));
    expect(clones.at(-1)!.read("report.json").toString()).toBe(there!.stdout);
  });

  test("goes on from it: a change runs what depends on it", () => {
    const two = clone();
    expect(all(two)).toBe(TAKEN);
    two.write({ "src/b": "BBBB" });
    expect(all(two)).toMatch(/1 ran/);
    expect(two.read("out/1/little").toString()).toBe("BBBB");
    two.remove("out");
    expect(all(two)).toBe(TAKEN);
    expect(two.read("out/1/little").toString()).toBe("BBBB");
    two.remove("src/b");
    all(two);
    expect(existsSync(join(two.dir, "out/1/little"))).toBe(false);
  });

  test("has no answer where anything differs by a byte, a name or a value", () => {
    const differences: readonly ((w: Workspace) => NodeJS.ProcessEnv | void)[] = [
      (w) => void w.write({ "src/a": "aaab" }),
      (w) => void w.write({ "src/c": "cccc" }),
      (w) => void w.remove("src/b"),
      (w) => void w.write({ absent: "here" }),
      (w) => void w.remove("program"),
      (w) => chmodSync(join(w.dir, "program"), 0o755),
      (w) => void w.write({ "x07wasm.graph.ts": `${GRAPH}\n` }),
      () => ({ FLAVOUR: "sweet" }),
    ];
    for (const [n, difference] of differences.entries()) {
      const w = clone();
      const env = difference(w) ?? {};
      expect(`${n} ${all(w, [], env)}`).toMatch(/ran|restored/);
    }
  });

  test("takes none when it is asked for more, for less or for work", () => {
    for (const words of [["--force"], ["--no-cache"], ["--outputs", "minimal"], ["--outputs", "all"], ["--graph-report", "g.json"], ["--events-out", "e"], ["--dry-run"]]) {
      expect(all(one, words)).not.toBe("");
      expect(`${words} ${all(clone(), words)}`).not.toContain("nothing to build");
    }
  });

  test("leaves what stands in an output's place to the whole tool, and takes what is right for put there", () => {
    const two = clone();
    two.write({ "out/0/little": "mine" });
    expect(all(two)).toMatch(/restored/);
    expect(image(two)).toEqual(image(one));
    const three = clone();
    three.write({ "out/0/little": "aaaa" });
    expect(all(three)).toBe("all: nothing to build, 3 outputs put back\n");
    expect(image(three)).toEqual(image(one));
  });

  test("makes it right where the answer, its result or a content is damaged, cut or gone", () => {
    const spoil: readonly ((w: Workspace) => void)[] = [
      (w) => damage(answersOf(w)),
      (w) => answersOf(w).forEach((p) => (chmodSync(p, 0o644), writeFileSync(p, readFileSync(p).subarray(0, 300)))),
      (w) => answersOf(w).forEach((p) => rmSync(p)),
      (w) => damage(filesOf(w, "ac")),
      (w) => damage(filesOf(w, "cas")),
      (w) => filesOf(w, "cas").forEach((p) => rmSync(p)),
    ];
    expect(answersOf(one)).toHaveLength(1);
    for (const work of spoil) {
      work(one);
      const w = clone();
      expect(all(w)).not.toContain("nothing to build");
      expect(image(w)).toEqual(image(one));
      expect(all(clone())).toBe(TAKEN);
    }
  });
});

describe("an archive", () => {
  test("carries the answers of its goals from clone to clone", () => {
    const archive = join(dirname(one.dir), "a.tar.zst");
    expect(one.tool(["cache", "export", archive, "all"]).status).toBe(0);
    let from = archive;
    for (const name of ["two", "three"]) {
      const w = clone(join(dirname(one.dir), `cache-${name}`));
      expect(w.tool(["cache", "import", from]).status).toBe(0);
      expect(all(w)).toBe(TAKEN);
      expect(image(w)).toEqual(image(one));
      from = join(dirname(one.dir), `${name}.tar.zst`);
      expect(w.tool(["cache", "export", from, "all"]).status).toBe(0);
      expect(Buffer.compare(readFileSync(from), readFileSync(archive))).toBe(0);
    }
  });

  test("is verified as all the cache is, and goes when room is made", () => {
    expect(one.tool(["cache", "verify"]).status).toBe(0);
    damage(answersOf(one));
    expect(one.tool(["cache", "verify"]).status).toBe(1);
    expect(one.tool(["cache", "gc", "--max-size", "0"]).status).toBe(0);
    expect(all(clone())).toMatch(/2 ran/);
  });
});

// ---- what an answer may say --------------------------------------------------------------------------

const WORDS = ["all"];
const KEY = JSON.stringify(WORDS);
const HONEST: Answer = {
  form: ANSWER_FORM,
  goal: "all",
  env: [],
  proofs: [["source", "src/a", sha256Hex("aaaa"), 4, "1"]],
  outputs: [["out/a", sha256Hex("x"), 1, "1", Buffer.from("x").toString("base64")]],
  report: null,
  reportOnStdout: false,
  stdout: "",
  stderr: "",
  summary: "",
  live: "",
};

function given(answer: object | string, words = WORDS) {
  const w = world({ "src/a": "aaaa" });
  const key = answerKey(KEY);
  const content = typeof answer === "string" ? utf8(answer) : encodeAnswer(answer as Answer);
  const at = layout("/cache");
  w.write(at.result(key), encodeResults(key, [{ discovered: [{ path: "src/a", sha256: sha256Hex("aaaa") }], outputs: [{ sha256: sha256Hex(content), size: content.length, inline: content }], remarks: [], durationMs: 0 }]));
  const before = w.disk.changes;
  const found = takeFrom({ disk: w.disk.forProcess(), folder: "/cache", now: w.now, alive: () => false }, { argv: words, env: {}, recordKey: KEY, recordPath: ".x07-wasm/state/goals/x" });
  return { w, found, untouched: w.disk.changes === before };
}

describe("an answer", () => {
  test("that is honest is given", () => {
    const { w, found } = given(HONEST);
    expect(found).toMatchObject({ placed: 1 });
    expect(w.text("out/a")).toBe("x");
  });

  const output = (path: string, content: string | null = Buffer.from("x").toString("base64")): Partial<Answer> => ({ outputs: [[path, sha256Hex("x"), 1, "1", content]] });
  const hostile: { readonly [what: string]: object | string } = {
    "puts something outside": output("../x"),
    "puts something outside on a detour": output("out/../../x"),
    "names an absolute place": output("/etc/x"),
    "writes where git looks": output(".git/hooks/x"),
    "writes where npm looks": output("node_modules/x/index.js"),
    "writes where npm looks, on a disk that does not tell letters apart": output("Node_Modules/x/index.js"),
    "leaves a graph at the top": output("x07wasm.graph.ts"),
    "writes over a source": output("src/a"),
    "has other bytes than it says": output("out/a", Buffer.from("y").toString("base64")),
    "has no bytes at all": output("out/a", null),
    "fills one place twice": { outputs: [...HONEST.outputs, ...HONEST.outputs] },
    "reads a folder as a file": { proofs: [["source", "src", sha256Hex(""), 0, "1"]] },
    "has a report that nobody asked for": { report: ["{", ",", "}"] },
    "speaks of the environment in plain": { env: [["HOME", "/root"]] },
    "has proofs of no kind": { proofs: [["trust", "me"]] },
    "is of another form": { form: "graph.answer@2" },
    "lacks its parts": { outputs: undefined },
    "has a path with a zero in it": output("out/a\0b"),
  };
  test.each(Object.keys(hostile))("that %s is not given, and nothing is changed", (what) => {
    const { found, untouched } = given({ ...HONEST, ...(hostile[what] as object) });
    expect([found, untouched]).toEqual([undefined, true]);
  });

  test("that is no JSON, or none of an object, is not given", () => {
    for (const text of ["", "null", "[]", "7", "{", '"x"']) expect(given(text).found).toBeUndefined();
  });

  test("may put something at the top where the words name it", () => {
    expect(isOutputPath("x.wasm", ["build", "--out", "x.wasm"])).toBe(true);
    expect(isOutputPath("x.wasm", ["build", "--out=x.wasm"])).toBe(true);
    expect(isOutputPath("x.wasm", ["build"])).toBe(false);
  });

  test("under another's key is none", () => {
    const key = answerKey(KEY);
    const other = encodeResults(answerKey("other"), []);
    expect(decodeResults(other, key)).toBeUndefined();
  });
});
