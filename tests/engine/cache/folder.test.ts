// The cache folder: bounded, least recently used goes first, never what a running build uses, damage found and mended.

import { describe, expect, test } from "vitest";
import { cacheDesk } from "../../../engine/cache/desk.ts";
import { writeLive } from "../../../engine/cache/live.ts";
import { localCache } from "../../../engine/cache/local.ts";
import { digestOf } from "../../../engine/lib/digest.ts";
import { utf8 } from "../../../engine/lib/bytes.ts";
import { file, place } from "../../../engine/index.ts";
import { large, strip } from "../../rig/rules.ts";
import { placing, world, type World } from "../../rig/world.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const dead = () => false;

function desk(w: World, maxBytes = 1 << 30, alive: (pid: number) => boolean = dead) {
  return cacheDesk(w.disk, "/cache", { maxBytes, now: w.now, alive });
}

function open(w: World, maxBytes = 1 << 30, alive: (pid: number) => boolean = dead) {
  return localCache(w.disk, "/cache", { onProblem: (d) => expect.fail(d.message), maxBytes, now: w.now, alive });
}

const blob = (n: number) => utf8(`${n}`.repeat(1000).slice(0, 1000));

/** Stores blobs 0 .. n-1, an hour apart. */
function filled(n: number): World {
  const w = world({});
  for (let i = 0; i < n; i++) {
    const cache = open(w);
    cache.keep(digestOf(blob(i)), blob(i));
    cache.close();
    w.disk.clock.ms += HOUR;
  }
  return w;
}

const held = (w: World, n: number) => Array.from({ length: n }, (_, i) => i).filter((i) => w.disk.stat(`/cache/v1/cas/${digestOf(blob(i)).sha256.slice(0, 2)}/${digestOf(blob(i)).sha256}`) !== undefined);

describe("room", () => {
  test("what was used longest ago goes first", async () => {
    const w = filled(6);
    const cache = open(w);
    cache.content(digestOf(blob(1)));
    cache.close();
    w.disk.clock.ms += DAY;
    const done = (await desk(w)).gc({ maxBytes: 3000, keep: [] });
    expect(done).toMatchObject({ ok: true, value: { removed: 3, removedBytes: 3000, kept: 3, keptBytes: 3000, spared: 0 } });
    expect(held(w, 6)).toEqual([1, 4, 5]);
  });

  test("a build that stores too much makes room when it ends", async () => {
    const w = filled(10);
    const cache = open(w, 8000);
    cache.keep(digestOf(blob(10)), blob(10));
    cache.close();
    expect(held(w, 11)).toEqual([5, 6, 7, 8, 9, 10]);
  });

  test("a build that stores nothing looks at nothing", () => {
    const w = filled(3);
    w.disk.clock.ms += DAY;
    const cache = open(w, 1000);
    expect(cache.content(digestOf(blob(0)))).toEqual(blob(0));
    cache.close();
    expect(held(w, 3)).toEqual([0, 1, 2]);
  });

  test("what is older than --max-age goes whatever room there is", async () => {
    const w = filled(4);
    expect((await desk(w)).gc({ maxAgeMs: 2.5 * HOUR, keep: [] })).toMatchObject({ ok: true, value: { removed: 2 } });
    expect(held(w, 4)).toEqual([2, 3]);
  });

  test("what a running build uses stays, even for two at once", async () => {
    const w = filled(4);
    const build = open(w);
    build.content(digestOf(blob(0)));
    const other = open(w);
    other.keep(digestOf(blob(9)), blob(9));
    expect((await desk(w, 1, () => true)).gc({ keep: [] })).toMatchObject({ ok: true, value: { removed: 3, spared: 2 } });
    expect(held(w, 10)).toEqual([0, 9]);
    build.close();
    other.close();
    (await desk(w, 1, () => true)).gc({ keep: [] });
    expect(held(w, 10)).toEqual([]);
  });

  test("the mark of a process that died guards nothing and is removed", async () => {
    const w = filled(2);
    open(w).content(digestOf(blob(0)));
    expect(w.disk.list("/cache/v1/running")).toHaveLength(1);
    (await desk(w, 1, dead)).gc({ keep: [] });
    expect(held(w, 2)).toEqual([]);
    expect(w.disk.list("/cache/v1/running")).toEqual([]);
  });

  test("the live results of a goal that is to be kept stay", async () => {
    const w = world({ a: "A", b: "B" });
    const [one, two] = [placing(place(large({ source: file("a") }).text, "out/a")), placing(place(large({ source: file("b") }).text, "out/b"))];
    const built = await w.build(one);
    writeLive(w.disk, "one", ["one"], built.run.live, true);
    await w.build(two);
    expect((await desk(w, 1)).gc({ keep: ["one"] })).toMatchObject({ ok: true, value: { removed: 2, kept: 2 } });
    w.loseState();
    w.delete("out");
    expect(await w.build(one)).toHaveRun([]);
    expect(await w.build(two)).toHaveRun(["large b"]);
  });

  test("a goal that was not built is named", async () => {
    const done = (await desk(world({}))).gc({ keep: ["nope"] });
    expect(done).toMatchObject({ ok: false, error: [{ code: "GRAPH_CACHE_GOAL_UNKNOWN" }] });
  });

  test("what a crash left behind goes after a day", async () => {
    const w = filled(1);
    w.write("/cache/v1/cas/ab/.x07tmp-1-1", "half");
    const d = await desk(w);
    expect(d.stat().strays).toEqual({ entries: 1, bytes: 4 });
    d.gc({ keep: [] });
    expect(d.stat().strays.entries).toBe(1);
    w.disk.clock.ms += 2 * DAY;
    d.gc({ keep: [] });
    expect(d.stat().strays.entries).toBe(0);
  });

  test("a count of bytes that is lost or damaged is made anew", async () => {
    for (const spoil of [(w: World) => w.disk.remove("/cache/v1/usage"), (w: World) => w.disk.rot("/cache/v1/usage", (b) => b.with(0, 0x31)), (w: World) => w.disk.rot("/cache/v1/usage", () => new Uint8Array(0))]) {
      const w = filled(10);
      spoil(w);
      const cache = open(w, 8000);
      cache.keep(digestOf(blob(10)), blob(10));
      cache.close();
      expect(held(w, 11)).toEqual([5, 6, 7, 8, 9, 10]);
    }
  });
});

describe("damage", () => {
  test("is found in every kind of entry, and mended", async () => {
    const w = world({ a: "A", b: "B" });
    const plan = placing(place(large({ source: file("a") }).text, "out/a"), place(strip({ source: file("b") }).text, "out/b"));
    await w.build(plan);
    const d = await desk(w);
    expect(d.verify(false)).toMatchObject({ checked: { entries: 3 }, damaged: [] });
    const entries = w.disk.filesBelow("/cache/v1").filter((p) => /\/(cas|ac)\//.test(p));
    for (const path of entries) w.disk.rot(path, (b) => b.with(b.length >> 1, b[b.length >> 1]! ^ 1));
    expect(d.verify(false).damaged.map((x) => [x.path, x.removed])).toEqual(entries.map((p) => [p, false]));
    expect(d.verify(true).damaged.map((x) => x.removed)).toEqual([true, true, true]);
    expect(d.verify(false)).toMatchObject({ checked: { entries: 0 }, damaged: [] });
    w.loseState();
    w.delete("out");
    expect((await w.build(plan)).counts.ran).toBe(2);
  });

  test("a whole entry under another's name is damage too", async () => {
    const w = filled(2);
    const [a, b] = w.disk.filesBelow("/cache/v1/cas");
    w.disk.rot(a!, () => w.disk.read(b!));
    expect((await desk(w)).verify(false).damaged.map((x) => x.path)).toEqual([a]);
  });
});

describe("--outputs minimal", () => {
  const plan = (text = "out/a") => placing(place(large({ source: file("a") }).text, text));

  test("places nothing that was not there, and says the same", async () => {
    const w = world({ a: "A" });
    await w.build(plan());
    w.loseState();
    w.delete("out");
    const minimal = await w.build(plan(), { outputs: "minimal" });
    expect(minimal).toHaveRun([]);
    expect([w.exists("out/a"), minimal.run.outputs]).toEqual([false, []]);
    expect((await w.build(plan(), { outputs: "minimal" })).counts.fresh).toBe(1);
    expect(await w.build(plan())).toHaveRun([]);
    expect(w.text("out/a")).toBe("A\n".repeat(2000));
  });

  test("an output that is in place is kept right", async () => {
    const w = world({ a: "A" });
    await w.build(plan());
    w.write("a", "B");
    await w.build(plan(), { outputs: "minimal" });
    expect(w.text("out/a")).toBe("B\n".repeat(2000));
  });
});

test("results that an older tool wrote are no damage: nothing is found, and new ones take their place", () => {
  const w = world({});
  const key = "ab".repeat(32);
  const trace = { discovered: [], outputs: [], remarks: [], durationMs: 1 };
  const cache = open(w);
  cache.remember(key, trace);
  const path = `/cache/v1/ac/${key.slice(0, 2)}/${key}`;
  const older = Buffer.from(w.disk.read(path));
  older.writeUInt32LE(2, 4);
  w.disk.write(path, older);
  expect(cache.results(key)).toEqual([]);
  expect(w.disk.stat(path)).toBeDefined();
  cache.remember(key, trace);
  expect(cache.results(key)).toEqual([trace]);
});
