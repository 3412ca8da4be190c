// Outputs that are lost while nothing else changed: the goal's own record puts them back, proved, or the whole tool does.

import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Workspace } from "../rig/project.ts";

const GRAPH = `
import { file, goal, graph, one, output, place, rule } from "x07-wasm/engine";
const grow = rule({ id: "grow", version: 1, inputs: { from: one("any") }, outputs: { little: output("a"), big: output("b") }, run: ({ from }) => ({ ok: true, value: { little: from.text(), big: from.text().repeat(2000) } }) });
const nothing = { uses_os_time: false, uses_network: false, uses_process: false };
export default graph({
  app: { name: "t", version: "1.0.0", about: "t", codePrefix: "T", parseReport: { schemaVersion: "p@1", command: "p", schemaFile: "p" }, schemaGoal: "all" },
  goals: { all: goal({ about: "All", options: [], report: { schemaVersion: "b@1", command: "b", schemaFile: "b" }, async plan(_o, { build, probe }) {
    probe("out");
    const made = ["a", "b"].flatMap((name) => { const g = grow({ from: file(name) }, { label: name }); return [place(g.little, "out/" + name + "/little"), place(g.big, "out/" + name + "/big")]; });
    const built = await build(made);
    return { result: {}, diagnostics: built.ok ? [] : built.error, inputs: [], outputs: [], nondeterminism: nothing };
  } }) },
  schemaText: async () => "{}", specrows: async () => ({}), cacheVariable: "X07_WASM_CACHE_DIR", cacheName: "t",
});
`;
const PATHS = ["out/a/little", "out/a/big", "out/b/little", "out/b/big"];

let w: Workspace;
beforeEach(() => {
  w = new Workspace().write({ "x07wasm.graph.ts": GRAPH, a: "aaaa", b: "bbbb" });
  expect(w.tool(["all"])).toMatchObject({ status: 0, stderr: expect.stringContaining("2 ran") });
});
afterEach(() => w.clean());

const image = () => PATHS.map((p) => `${p} ${w.read(p).toString("latin1").length} ${w.read(p).subarray(0, 4).toString()}`);
const RIGHT = ["out/a/little 4 aaaa", "out/a/big 8000 aaaa", "out/b/little 4 bbbb", "out/b/big 8000 bbbb"];
const contents = () => readdirSync(join(w.cache, "v1/cas"), { recursive: true, encoding: "utf8" }).map((p) => join(w.cache, "v1/cas", p)).filter((p) => statSync(p).isFile());
const all = () => w.tool(["all"]).stderr;

describe("lost outputs", () => {
  test("the first answer in a fresh folder is replayed although its output folder was not there yet", () => {
    expect(all()).toBe("all: nothing to do, 2 fresh\n");
  });

  test("come back without a graph being loaded, and the next run has nothing to do", () => {
    w.remove("out/a/little");
    w.remove("out/b");
    expect(all()).toBe("all: nothing to build, 3 outputs put back\n");
    expect(image()).toEqual(RIGHT);
    expect(all()).toBe("all: nothing to do, 2 fresh\n");
    w.remove("out");
    expect(all()).toBe("all: nothing to build, 4 outputs put back\n");
    expect(image()).toEqual(RIGHT);
    expect(statSync(join(w.dir, "out/a/big")).nlink).toBe(1);
    expect(readdirSync(join(w.dir, ".x07-wasm/state/running"))).toEqual([]);
  });

  test("are made anew where the cache is damaged or gone", () => {
    for (const path of contents()) {
      chmodSync(path, 0o644);
      writeFileSync(path, readFileSync(path).map((x) => x ^ 1));
    }
    w.remove("out");
    expect(all()).toMatch(/ran/);
    expect(image()).toEqual(RIGHT);
    renameSync(w.cache, `${w.cache}-gone`);
    w.remove("out");
    expect(all()).toMatch(/ran|restored/);
    expect(image()).toEqual(RIGHT);
  });

  test("are not put back from a record where a source changed too, or an output", () => {
    w.remove("out/a");
    w.write({ b: "BBBB" });
    expect(all()).toMatch(/1 restored/);
    expect(w.read("out/b/little").toString()).toBe("BBBB");
    w.remove("out/a");
    w.write({ "out/b/little": "mine", b: "bbbb" });
    expect(all()).toMatch(/restored/);
    expect(image()).toEqual(RIGHT);
  });

  test("a record whose small contents are damaged gives nothing", () => {
    const [name] = readdirSync(join(w.dir, ".x07-wasm/state/goals"));
    const path = join(w.dir, ".x07-wasm/state/goals", name!);
    const record = readFileSync(path);
    record[record.length - 1]! ^= 1;
    writeFileSync(path, record);
    w.remove("out");
    expect(all()).toMatch(/restored/);
    expect(image()).toEqual(RIGHT);
  });

  test("what stands in the way is for the whole tool to tell", () => {
    w.remove("out");
    w.write({ out: "a file" });
    const ran = w.tool(["all"]);
    expect(ran.status).not.toBe(0);
    expect(ran.stderr).toContain("GRAPH_OUTPUT_WRITE_FAILED");
    expect(w.read("out").toString()).toBe("a file");
  });

  test("stay away with --outputs minimal, and reports tell what was restored", () => {
    expect(w.tool(["all", "--outputs", "minimal"]).status).toBe(0);
    w.remove("out");
    expect(w.tool(["all", "--outputs", "minimal"]).status).toBe(0);
    expect(existsSync(join(w.dir, "out"))).toBe(false);
    w.graph(["all"]);
    w.remove("out");
    expect(w.graph(["all"]).graph.counts).toMatchObject({ restored: 2, ran: 0 });
  });
});
