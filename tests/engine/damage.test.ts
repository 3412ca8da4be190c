// Damaged memory: every byte of the journal, the file table and the cache may flip or be missing; the next build is right.

import { describe, expect, test } from "vitest";
import { file, place } from "../../engine/index.ts";
import { include, join, large, strip } from "../rig/rules.ts";
import { type Built, placing, world, type World } from "../rig/world.ts";

const plan = () =>
  placing(
    place(join({ parts: [large({ source: file("a") }).text, strip({ source: file("b") }).text], glue: "+" }).whole, "out/x"),
    place(include({ source: file("c") }).text, "out/c"),
  );

const RIGHT = { x: `${"A\n".repeat(2000)}+B`, c: "B\n(no gone)" };

async function built(): Promise<World> {
  const w = world({ a: "A", b: "B", c: "include b\ninclude gone" });
  expect((await w.build(plan())).counts.ran).toBe(4);
  return w;
}

async function isRight(w: World): Promise<Built> {
  const after = await w.build(plan());
  expect([w.text("out/x") === RIGHT.x, w.text("out/c")]).toEqual([true, RIGHT.c]);
  const again = await w.build(plan());
  expect(again).toHaveRun([]);
  expect(again.counts.fresh).toBe(4);
  expect(again.run.recovered).toEqual([]);
  return after;
}

/** Every `step`-th offset, and the last. */
function* offsets(length: number, step: number): Generator<number> {
  for (let at = 0; at < length; at += step) yield at;
  yield length - 1;
}

const journal = ".x07-wasm/state/journal";
const files = ".x07-wasm/state/files";

describe.each([journal, files])("%s", (path) => {
  test("a flipped byte at every position costs nothing but looking", async () => {
    const w = await built();
    const whole = w.disk.read(path);
    for (const at of offsets(whole.length, 7)) {
      w.disk.rot(path, () => whole.with(at, whole[at]! ^ (1 << at % 8)));
      const after = await isRight(w);
      expect(after).toHaveRun([]);
      expect(after.run.recovered.map((d) => d.code)).toEqual(["GRAPH_STATE_DROPPED"]);
    }
  });

  test("cut at every length, it is dropped from there on", async () => {
    const w = await built();
    const whole = w.disk.read(path);
    for (const at of offsets(whole.length, 11)) {
      w.disk.rot(path, () => whole.slice(0, at));
      expect(await isRight(w)).toHaveRun([]);
    }
  });

  test("zeros at its end, as some file systems leave after a crash", async () => {
    const w = await built();
    const whole = w.disk.read(path);
    for (const zeros of [1, 4, 8, 12, 100]) {
      w.disk.rot(path, () => new Uint8Array([...whole, ...new Uint8Array(zeros)]));
      const after = await isRight(w);
      expect(after).toHaveRun([]);
      expect(after.run.recovered.map((d) => d.code)).toEqual(["GRAPH_STATE_DROPPED"]);
    }
  });

  test("another version of it is dropped and written anew", async () => {
    const w = await built();
    w.disk.rot(path, (b) => b.with(4, 99));
    expect(await isRight(w)).toHaveRun([]);
  });

  test("a folder in its place is lived with", async () => {
    const w = await built();
    w.delete(path);
    w.disk.makeDirs(path);
    const after = await w.build(plan());
    expect(after).toHaveRun([]);
    expect(w.text("out/c")).toBe(RIGHT.c);
    expect(after.run.recovered.map((d) => d.code)).toContain("GRAPH_STATE_UNWRITABLE");
  });
});

describe("the journal", () => {
  test("half a record at its end is dropped and said, the rest is kept", async () => {
    const w = await built();
    const before = w.disk.read(journal);
    w.write("b", "BB");
    await w.build(plan());
    const after = w.disk.read(journal);
    expect(after.length).toBeGreaterThan(before.length);
    w.write("b", "B");
    w.disk.rot(journal, () => after.slice(0, before.length + 20));
    const next = await isRight(w);
    expect(next.run.recovered.map((d) => [d.code, d.data?.["bytes"]])).toEqual([["GRAPH_STATE_DROPPED", 20]]);
    expect(next).toHaveRun([]);
  });

  test("does not grow without bound", async () => {
    const w = world({ a: "A" });
    const one = () => placing(place(strip({ source: file("a") }).text, "out/a"));
    for (let n = 0; n < 300; n++) {
      w.write("a", `A${n}`);
      await w.build(one());
    }
    expect(w.disk.stat(journal)!.size).toBeLessThan(100 * 400);
    expect(await w.build(one())).toHaveRun([]);
  });

  test("one session that builds again and again writes what a new one understands", async () => {
    const w = world({ a: "A" });
    const session = w.session();
    const { buildWith } = await import("../rig/world.ts");
    for (let n = 0; n < 200; n++) {
      w.write("a", `A${n}`);
      await buildWith(session, plan0(), []);
    }
    function plan0() {
      return placing(place(strip({ source: file("a") }).text, "out/a"), place(large({ source: file("a") }).text, "out/l"));
    }
    const fresh = await w.build(plan0());
    expect(fresh.counts).toMatchObject({ total: 2, fresh: 2 });
  });
});

describe("the cache", () => {
  test("any flipped or missing byte of any file is found when it is read; outputs are right", async () => {
    const w = await built();
    const found = new Set<string>();
    for (const path of w.disk.filesBelow("/cache")) {
      const whole = w.disk.read(path);
      for (const at of offsets(whole.length, Math.max(13, Math.floor(whole.length / 20)))) {
        for (const damage of [whole.with(at, whole[at]! ^ (1 << at % 8)), whole.slice(0, at)]) {
          w.disk.rot(path, () => damage);
          w.loseState();
          w.delete("out");
          const after = await isRight(w);
          expect(after.counts.ran > 0).toBe(after.run.recovered.length > 0);
          for (const d of after.run.recovered) found.add(`${d.code} ${d.place?.file}`);
        }
      }
      w.disk.rot(path, () => whole);
    }
    // Content between two actions is not read while the second's result is known; nor is the count of bytes.
    const [between, usage] = [1, 1];
    expect(found.size).toBe(w.disk.filesBelow("/cache").length - between - usage);
    expect([...found].every((f) => f.startsWith("GRAPH_CACHE_ENTRY_DAMAGED /cache/v1/"))).toBe(true);
  });
});
