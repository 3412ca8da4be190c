// A hostile machine: power cuts at every write, full and read-only disks, two builds at once, edits and stops in between.

import { describe, expect, test } from "vitest";
import { file, ok, one, output, place, rule } from "../../engine/index.ts";
import { Crash } from "../rig/memory-disk.ts";
import { include, join, large, strip } from "../rig/rules.ts";
import { placing, type TestPlan, world, type World } from "../rig/world.ts";

const plan = () => placing(place(join({ parts: [large({ source: file("a") }).text, strip({ source: file("b") }).text], glue: "+" }).whole, "out/x"), place(large({ source: file("b") }).text, "out/l"));

const right = (a: string, b: string) => [`${`${a}\n`.repeat(2000)}+${b}`, `${b}\n`.repeat(2000)];

async function settles(w: World, a: string, b: string): Promise<void> {
  await w.build(plan());
  expect([w.text("out/x"), w.text("out/l")]).toEqual(right(a, b));
  expect(await w.build(plan())).toHaveRun([]);
}

describe("power cuts", () => {
  test("at every write of a first build and of a later one, the next build is right", async () => {
    let cuts = 0;
    for (let at = 0; ; at++) {
      const w = world({ a: "A", b: "B" });
      w.disk.crashAfter = at;
      const first = await w.build(plan()).catch((e: unknown) => e);
      if (!(first instanceof Crash)) break;
      cuts += 1;
      w.disk.reboot();
      w.write("b", "BB");
      w.disk.crashAfter = Math.floor(at / 2);
      await w.build(plan()).catch((e: unknown) => expect(e).toBeInstanceOf(Crash));
      w.disk.reboot();
      await settles(w, "A", "BB");
    }
    expect(cuts).toBeGreaterThan(15);
  });

  test("an output is old or new, never a part", async () => {
    for (let at = 0; ; at++) {
      const w = world({ a: "A", b: "B" });
      await w.build(plan());
      w.write("a", "AA");
      w.disk.crashAfter = at;
      const second = await w.build(plan()).catch((e: unknown) => e);
      w.disk.reboot();
      expect([right("A", "B")[0], right("AA", "B")[0]]).toContain(w.text("out/x"));
      if (!(second instanceof Crash)) break;
    }
  });
});

describe("a full disk", () => {
  test("at every size is a diagnostic or a remark, and later the build is right", async () => {
    const codes = new Set<string>();
    for (let space = 0; space < 30_000; space += 700) {
      const w = world({ a: "A", b: "B" });
      w.disk.space = space;
      const full = await w.build(plan(), { keepGoing: true });
      for (const d of [...full.diagnostics, ...full.run.recovered]) codes.add(d.code);
      w.disk.space = Number.POSITIVE_INFINITY;
      await settles(w, "A", "B");
    }
    expect([...codes].sort()).toEqual(["GRAPH_CACHE_UNWRITABLE", "GRAPH_OUTPUT_WRITE_FAILED", "GRAPH_STATE_UNWRITABLE"]);
  });
});

describe("what cannot be written", () => {
  test("an output folder: the action fails, with the path", async () => {
    const w = world({ a: "A", b: "B", "out/keep": "" });
    w.disk.readOnly.add("/w/out");
    const built = await w.build(plan(), { keepGoing: true });
    expect(built.diagnostics.map((d) => [d.code, d.place?.file]).sort()).toEqual([["GRAPH_OUTPUT_WRITE_FAILED", "out/l"], ["GRAPH_OUTPUT_WRITE_FAILED", "out/x"]]);
    w.disk.readOnly.clear();
    expect(await w.build(plan())).toHaveRun([]);
    await settles(w, "A", "B");
  });

  test("the cache: said once, the build is right and is remembered", async () => {
    const w = world({ a: "A", b: "B" });
    w.disk.readOnly.add("/cache");
    const built = await w.build(plan());
    expect(built.run.recovered.map((d) => d.code)).toEqual(["GRAPH_CACHE_UNWRITABLE"]);
    await settles(w, "A", "B");
  });

  test("the state: said, the build is right and taken from the cache next time", async () => {
    const w = world({ a: "A", b: "B" });
    w.disk.readOnly.add("/w/.x07-wasm");
    const built = await w.build(plan());
    expect(built.run.recovered.map((d) => d.code)).toEqual(["GRAPH_STATE_UNWRITABLE"]);
    expect(built.run.dependencies).toBeUndefined();
    const again = await w.build(plan());
    expect(again.counts.restored).toBe(4);
  });

  test("nothing at all: a build needs no writable cache to run each action once", async () => {
    const w = world({ a: "A", b: "B" });
    for (const dir of ["/cache", "/w/.x07-wasm"]) w.disk.readOnly.add(dir);
    const built = await w.build(plan());
    expect(built.counts.ran).toBe(4);
    expect([w.text("out/x"), w.text("out/l")]).toEqual(right("A", "B"));
  });
});

describe("at the same time", () => {
  test("two builds of one workspace both are right, and then nothing is to do", async () => {
    const w = world({ a: "A", b: "B" });
    const both = await Promise.all([w.build(plan()), w.build(plan(), { jobs: 1 })]);
    for (const built of both) expect(built.diagnostics).toEqual([]);
    await settles(w, "A", "B");
    expect((await w.build(plan())).run.recovered).toEqual([]);
  });

  test("two builds of different goals keep each other's memory", async () => {
    const w = world({ a: "A", b: "B" });
    const other = () => placing(place(strip({ source: file("a") }).text, "out/other"));
    await w.build(plan());
    await Promise.all([w.build(other()), (w.write("b", "BB"), w.build(plan()))]);
    for (const p of [plan(), other()]) expect(await w.build(p)).toHaveRun([]);
    expect(w.text("out/other")).toBe("A");
  });

  test("a source edited while its reader runs: the answer is of one state, and the next build is right", async () => {
    const w = world({ a: "1", lib: "one" });
    let edits = 0;
    const meddling = rule({ id: "meddling", version: 1, inputs: { source: one("any") }, outputs: { text: output("text") }, async run({ source }) {
      if (edits++ === 0) {
        w.write("a", "2");
        w.write("lib", "two");
      }
      return ok({ text: source.text() });
    } });
    const p = () => placing(place(join({ parts: [meddling({ source: file("a") }).text, include({ source: file("b") }).text], glue: "+" }).whole, "out/x"));
    w.write("b", "include lib");
    const built = await w.build(p());
    expect(built.diagnostics).toEqual([]);
    expect(w.text("out/x")).toBe("2+two");
    expect(await w.build(p())).toHaveRun([]);
  });

  test("a source that never stops changing is a diagnostic", async () => {
    const w = world({ a: "0" });
    let n = 0;
    const restless = rule({ id: "restless", version: 1, inputs: { source: one("any") }, outputs: { text: output("text") }, run({ source }) {
      w.write("a", `${++n}`);
      return ok({ text: source.text() });
    } });
    const built = await w.build(placing(place(restless({ source: file("a") }).text, "out/x")));
    expect(built.diagnostics.map((d) => [d.code, d.place?.file])).toEqual([["GRAPH_SOURCE_CHANGED", "a"]]);
  });

  test.each([
    ["a new file", (w: World) => w.write("src/c", "C")],
    ["a deleted file", (w: World) => w.delete("src/a")],
    ["a changed file", (w: World) => w.write("src/a", "AA")],
  ])("%s in a listed folder while the build runs: the answer is not replayed, and the next build is right", async (_, meddle) => {
    const w = world({ "src/a": "A", "src/b": "B" });
    const globbing = (after: () => void): TestPlan => async (c) => {
      const built = await c.build([place(join({ parts: await c.glob("*", "src"), glue: "," }).whole, "out/all")]);
      after();
      return built;
    };
    const built = await w.build(globbing(() => meddle(w)));
    expect(built.diagnostics).toEqual([]);
    expect(built.run.dependencies).toBeUndefined();
    const next = await w.build(globbing(() => {}));
    expect(next.run.dependencies).toBeDefined();
    expect(w.text("out/all")).toBe(w.disk.list("src").map((e) => w.text(`src/${e.name}`)).join(","));
    expect(await w.build(globbing(() => {}))).toHaveRun([]);
  });

  test("an output overwritten while the build runs is set right by the next one", async () => {
    const w = world({ a: "A", b: "B" });
    const meddling: TestPlan = async (c) => {
      const built = await plan()(c);
      w.write("out/l", "meddled");
      return built;
    };
    const built = await w.build(meddling);
    expect(built.run.dependencies).toBeUndefined();
    await settles(w, "A", "B");
  });
});

describe("stops", () => {
  test("at every action's start, the next build is right", async () => {
    for (let after = 0; after < 4; after++) {
      const w = world({ a: "A", b: "B" });
      const stop = new AbortController();
      let started = 0;
      const built = await w.build(plan(), { signal: stop.signal, jobs: 1, onEvent: (e) => void (e.type === "action_started" && started++ === after && stop.abort()) });
      expect(started).toBe(after + 1);
      expect(built.diagnostics.map((d) => d.code)).toEqual(after === 3 ? [] : ["GRAPH_STOPPED"]);
      await settles(w, "A", "B");
    }
  });
});
