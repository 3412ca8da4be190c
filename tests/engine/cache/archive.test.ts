// Archives: what is live and nothing else, the same bytes every time, and every hostile one refused with nothing changed.

import { beforeAll, describe, expect, test } from "vitest";
import { cacheDesk } from "../../../engine/cache/desk.ts";
import { writeLive } from "../../../engine/cache/live.ts";
import { TAR_END, tarHeader, tarPadding } from "../../../engine/cache/tar.ts";
import { FRAME_BYTES, loadZstd, type Zstd } from "../../../engine/cache/zstd.ts";
import { textOf, utf8 } from "../../../engine/lib/bytes.ts";
import { sha256Hex } from "../../../engine/lib/digest.ts";
import { file, place } from "../../../engine/index.ts";
import { include, join, large } from "../../rig/rules.ts";
import { placing, world, type World } from "../../rig/world.ts";

const whole = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
let zstd: { compress(bytes: Uint8Array): Uint8Array; decompress(frame: Uint8Array, size: number): Uint8Array | undefined };
beforeAll(async () => {
  const { compress, decompress }: Zstd = await loadZstd();
  zstd = {
    compress: (bytes) => whole(compress(bytes)),
    decompress(frame, size) {
      const parts = decompress(frame, size);
      return parts === undefined ? undefined : whole(parts);
    },
  };
});

const plan = () => placing(place(join({ parts: [large({ source: file("a") }).text, include({ source: file("b") }).text], glue: "+" }).whole, "out/x"));
const FILES = { a: "A", b: "include c\ninclude gone", c: "C" };

const desk = (w: World, maxBytes = 1 << 30) => cacheDesk(w.disk, "/cache", { maxBytes, now: w.now, alive: () => false });

async function built(): Promise<World> {
  const w = world(FILES);
  const b = await w.build(plan());
  writeLive(w.disk, "all", ["all"], b.run.live, true);
  return w;
}

/** A cache at which all changes can be seen. */
const image = (w: World) => w.disk.filesBelow("/cache").filter((p) => !p.endsWith("/usage")).map((p) => `${p} ${sha256Hex(w.disk.read(p))}`);

async function exported(w: World): Promise<Uint8Array> {
  expect(await (await desk(w)).export("/archive", ["all"])).toMatchObject({ ok: true });
  return w.disk.read("/archive");
}

describe("export", () => {
  test("holds the live set, and a clone that takes it builds nothing", async () => {
    const w = await built();
    const archive = await exported(w);
    const clone = world(FILES, undefined, "/elsewhere");
    clone.write("/archive", archive);
    const d = await desk(clone);
    expect(await d.import("/archive")).toMatchObject({ ok: true, value: { goals: [{ goal: "all", actions: 3 }], results: { taken: 3, known: 0 }, contents: { taken: 2, known: 0 } } });
    expect(await clone.build(plan())).toHaveRun([]);
    expect(clone.text("out/x")).toBe(w.text("out/x"));
    expect(await d.import("/archive")).toMatchObject({ ok: true, value: { results: { taken: 0, known: 3 }, contents: { taken: 0, known: 2 } } });
    clone.write("c", "CC");
    expect((await clone.build(plan())).counts).toMatchObject({ ran: 2, fresh: 1 });
  });

  test("leaves out what is not live any more", async () => {
    const w = await built();
    const small = (await exported(w)).length;
    w.write("a", "other");
    const again = await w.build(plan());
    writeLive(w.disk, "all", ["all"], again.run.live, true);
    const d = await desk(w);
    expect(d.stat().results.entries).toBe(5);
    expect(await d.export("/archive", [])).toMatchObject({ ok: true, value: { results: 3, contents: 2, missing: [] } });
    expect(w.disk.read("/archive").length).toBeLessThan(small * 1.2);
  });

  test("gives the same bytes from another machine, at another time", async () => {
    const one = await exported(await built());
    const w = world(FILES, { ms: 9e9, tick: 1, step: 0.7 }, "/other/place");
    const b = await w.build(plan(), { jobs: 1 });
    writeLive(w.disk, "all", ["all", "--explain"], b.run.live, true);
    expect(Buffer.compare(await exported(w), one)).toBe(0);
  });

  test("says what it lacks", async () => {
    const w = await built();
    w.disk.remove(w.disk.filesBelow("/cache/v1/cas")[0]!);
    expect(await (await desk(w)).export("/archive", [])).toMatchObject({ ok: true, value: { contents: 1, missing: [expect.stringMatching(/^[0-9a-f]{64}$/)] } });
  });

  test("merges with what is there: other results under the same key stay", async () => {
    const w = await built();
    const archive = await exported(w);
    const other = world({ ...FILES, c: "another C" });
    await other.build(plan());
    other.write("/archive", archive);
    await (await desk(other)).import("/archive");
    other.loseState();
    expect(await other.build(plan())).toHaveRun([]);
    other.write("c", "C");
    expect(await other.build(plan())).toHaveRun([]);
    expect(other.text("out/x")).toBe(w.text("out/x"));
  });

  test("a frame is bounded, so big content spans several", async () => {
    const w = world({ a: "x".repeat(3 << 20), b: "", c: "" });
    const b = await w.build(placing(place(join({ parts: [file("a"), file("a"), file("a")], glue: "" }).whole, "out/x")));
    writeLive(w.disk, "all", ["all"], b.run.live, true);
    const archive = await exported(w);
    const clone = world({}, undefined, "/c");
    clone.write("/archive", archive);
    expect(await (await desk(clone)).import("/archive")).toMatchObject({ ok: true, value: { takenBytes: 9 << 20 } });
    expect(await (await desk(clone, 8 << 20)).import("/archive")).toMatchObject({ ok: false, error: [{ code: "GRAPH_CACHE_ARCHIVE_OVERSIZE" }] });
  });
});

/** Bytes that do not pack. */
function noise(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0, s = 1; i < size; i++) bytes[i] = (s = (Math.imul(s, 1103515245) + 12345) >>> 0) >>> 23;
  return bytes;
}

describe("what does not pack", () => {
  test("is stored as it is, and packed content is as small as ever", async () => {
    const w = world({ a: "x".repeat(1 << 20) });
    w.write("a", noise(6 << 20));
    w.write("b", utf8("x".repeat(6 << 20)));
    const b = await w.build(placing(place(join({ parts: [file("a")], glue: "" }).whole, "out/a"), place(join({ parts: [file("b")], glue: "" }).whole, "out/b")));
    writeLive(w.disk, "all", ["all"], b.run.live, true);
    const archive = await exported(w);
    expect(archive.length).toBeGreaterThan(5 << 20);
    expect(archive.length).toBeLessThan((6 << 20) * 2);
    const clone = world({}, undefined, "/c");
    clone.write("/archive", archive);
    expect(await (await desk(clone)).import("/archive")).toMatchObject({ ok: true, value: { contents: { taken: b.actions.length } } });
    expect((await (await desk(clone)).verify(false)).damaged).toEqual([]);
  });

  test("the library reads stored frames, and damaged ones are none", async () => {
    const content = noise(300_000);
    const frame = zstd.compress(content);
    expect(frame.length).toBe(content.length + 9 + 3 * 3);
    const library = await import("@bokuweb/zstd-wasm");
    expect(Buffer.compare(library.decompress(frame), content)).toBe(0);
    expect(Buffer.compare(zstd.decompress(frame, content.length)!, content)).toBe(0);
    const unlike = [frame.subarray(0, -1), new Uint8Array([...frame, 0]), frame.with(9, frame[9]! | 1), frame.with(11, 0xff), frame.with(5, frame[5]! ^ 1)];
    for (const bad of unlike) expect(zstd.decompress(bad, content.length)).toBeUndefined();
  });

  test("content that is damaged in the cache, of the same size, is left out and named", async () => {
    const w = await built();
    const victim = w.disk.filesBelow("/cache/v1/cas")[0]!;
    const bytes = w.disk.read(victim);
    w.disk.remove(victim);
    w.write(victim, bytes.map((x) => x ^ 1));
    const name = victim.slice(victim.lastIndexOf("/") + 1);
    expect(await (await desk(w)).export("/archive", [])).toMatchObject({ ok: true, value: { contents: 1, missing: [name] } });
    const clone = world(FILES, undefined, "/c");
    clone.write("/archive", w.disk.read("/archive"));
    expect(await (await desk(clone)).import("/archive")).toMatchObject({ ok: true });
  });
});

// ---- hostile ones ------------------------------------------------------------------------------------

interface Member {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly header?: (h: Uint8Array) => Uint8Array;
}

function tar(members: readonly Member[], end: Uint8Array = TAR_END): Uint8Array {
  return new Uint8Array(Buffer.concat([...members.flatMap(({ name, bytes, header }) => [(header ?? ((h) => h))(tarHeader(name, bytes.length)), bytes, tarPadding(bytes.length)]), end]));
}

function untar(archive: Uint8Array): Member[] {
  const whole = zstd.decompress(archive, sizeIn(archive))!;
  const members: Member[] = [];
  for (let at = 0; whole[at] !== 0; ) {
    const name = textOf(whole.subarray(at, at + 100)).replace(/\0.*$/s, "");
    const size = Number.parseInt(textOf(whole.subarray(at + 124, at + 135)), 8);
    members.push({ name, bytes: whole.slice(at + 512, at + 512 + size) });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return members;
}

const sizeIn = (frame: Uint8Array) => (frame[4]! >> 6 === 1 ? new DataView(frame.buffer, frame.byteOffset).getUint16(5, true) + 256 : new DataView(frame.buffer, frame.byteOffset).getUint32(5, true));

interface ManifestJson {
  form: string;
  goals: { goal: string; actions: number }[];
  entries: { path: string; size: number; sha256: string }[];
}

/** Changes the manifest and the members behind it. */
function altered(members: readonly Member[], change: (m: ManifestJson, rest: Member[]) => void): Uint8Array {
  const manifest = JSON.parse(textOf(members[0]!.bytes)) as ManifestJson;
  const rest = members.slice(1).map((m) => ({ ...m }));
  change(manifest, rest);
  return tar([{ name: "manifest.json", bytes: utf8(JSON.stringify(manifest)) }, ...rest]);
}

const relinked = (type: string) => (h: Uint8Array) => {
  const other = h.slice();
  other[156] = type.charCodeAt(0);
  other.set(utf8("/etc/passwd"), 157);
  other.fill(32, 148, 156);
  other.set(utf8(`${other.reduce((a, b) => a + b, 0).toString(8).padStart(6, "0")}\0 `), 148);
  return other;
};

const evil = utf8("evil");
const named = (path: string) => ({ path, size: 4, sha256: sha256Hex(evil) });

type Hostile = (members: Member[], whole: Uint8Array) => Uint8Array;
const pack = (work: (members: Member[]) => Uint8Array): Hostile => (members) => zstd.compress(work(members));
const path = "cas/ab/ab" + "c".repeat(62);

const HOSTILE: { readonly [name: string]: readonly [string, Hostile] } = {
  "a name that climbs out": ["ESCAPE", pack((m) => altered(m, (x, rest) => (x.entries.unshift(named("../../evil")), rest.unshift({ name: "../../evil", bytes: evil }))))],
  "an absolute name": ["ESCAPE", pack((m) => altered(m, (x, rest) => (x.entries.unshift(named("/etc/cron.d/evil")), rest.unshift({ name: "/etc/cron.d/evil", bytes: evil }))))],
  "an entry with dots in it": ["ESCAPE", pack((m) => altered(m, (x) => void (x.entries[0]!.path = `ac/../cas/${x.entries[0]!.path.slice(6)}`)))],
  "a member that the manifest does not know, outside": ["ESCAPE", pack((m) => altered(m, (_, rest) => void rest.unshift({ name: "../evil", bytes: evil })))],
  "a symbolic link": ["LINK", pack((m) => altered(m, (_, rest) => void (rest[0] = { ...rest[0]!, header: relinked("2") })))],
  "a hard link": ["LINK", pack((m) => altered(m, (_, rest) => void (rest[0] = { ...rest[0]!, header: relinked("1") })))],
  "a device": ["LINK", pack((m) => altered(m, (_, rest) => void (rest[0] = { ...rest[0]!, header: relinked("3") })))],
  "an extended header": ["LINK", pack((m) => altered(m, (_, rest) => void rest.unshift({ name: "x", bytes: evil, header: relinked("x") })))],
  "a name twice in the manifest": ["DUPLICATE", pack((m) => altered(m, (x, rest) => (x.entries.splice(1, 0, x.entries[0]!), rest.splice(1, 0, rest[0]!))))],
  "a name twice in the tar": ["DUPLICATE", pack((m) => altered(m, (_, rest) => void rest.splice(1, 0, rest[0]!)))],
  "a manifest out of order": ["DAMAGED", pack((m) => altered(m, (x) => void x.entries.reverse()))],
  "more than the cache may hold": ["OVERSIZE", pack((m) => altered(m, (x) => x.entries.forEach((e) => void (e.size = 1 << 29))))],
  "an entry that is too big": ["OVERSIZE", pack((m) => altered(m, (x) => void (x.entries[0]!.size = 2 ** 40)))],
  "a frame that says it is huge": ["OVERSIZE", (_, whole) => { const f = zstd.compress(new Uint8Array(FRAME_BYTES + 1)); return new Uint8Array(Buffer.concat([f, whole])); }],
  "a bomb: a frame that holds more than it says": ["DAMAGED", () => { const f = zstd.compress(new Uint8Array(3 << 20)); new DataView(f.buffer, f.byteOffset).setUint32(5, 1000, true); return f; }],
  "other bytes than the manifest says": ["DIGEST", pack((m) => altered(m, (_, rest) => void rest.push({ name: rest.at(-1)!.name, bytes: rest.pop()!.bytes.map((b) => b ^ 1) })))],
  "content under another digest": ["DIGEST", pack((m) => altered(m, (x) => void (x.entries.at(-1)!.sha256 = "0".repeat(64))))],
  "a result that is none": ["DAMAGED", pack((m) => altered(m, (x, rest) => { rest[0] = { name: rest[0]!.name, bytes: evil }; x.entries[0] = { ...named(rest[0]!.name) }; }))],
  "a result of another key": ["DAMAGED", pack((m) => altered(m, (x, rest) => { const bytes = rest[1]!.bytes; rest[0] = { name: rest[0]!.name, bytes }; x.entries[0] = { path: rest[0]!.name, size: bytes.length, sha256: sha256Hex(bytes) }; }))],
  "another version": ["VERSION", pack((m) => altered(m, (x) => void (x.form = "graph.cache.archive@2")))],
  "a manifest that is no JSON": ["DAMAGED", pack(() => tar([{ name: "manifest.json", bytes: evil }]))],
  "a manifest without entries": ["DAMAGED", pack(() => tar([{ name: "manifest.json", bytes: utf8('{"form":"graph.cache.archive@1"}') }]))],
  "no manifest": ["NOT_ARCHIVE", pack(() => tar([{ name: path, bytes: evil }]))],
  "an entry that is missing": ["TRUNCATED", pack((m) => altered(m, (_, rest) => void rest.pop()))],
  "something behind the end": ["DAMAGED", pack((m) => new Uint8Array(Buffer.concat([tar(m), evil])))],
  "bytes behind the last frame": ["DAMAGED", (_, whole) => new Uint8Array([...whole, 1, 2, 3, 4, 5])],
  "something else altogether": ["NOT_ARCHIVE", () => utf8("PK\u0003\u0004 this is a zip")],
  "nothing": ["TRUNCATED", () => new Uint8Array(0)],
};

describe("a hostile archive is refused with its code, and nothing is written:", () => {
  test.each(Object.entries(HOSTILE))("%s", async (_, [code, make]) => {
    const archive = await exported(await built());
    const w = world({ a: "other" });
    await w.build(placing(place(large({ source: file("a") }).text, "out/a")));
    w.write("/archive", make(untar(archive), archive));
    const before = image(w);
    const done = await (await desk(w)).import("/archive");
    expect(done).toMatchObject({ ok: false, error: [{ code: `GRAPH_CACHE_ARCHIVE_${code}` }] });
    expect(image(w)).toEqual(before);
    expect(w.disk.filesBelow("/").filter((p) => p.includes("evil"))).toEqual([]);
  });

  test("cut at any length, or any byte flipped, it is never taken for what it was not", async () => {
    const archive = await exported(await built());
    const w = world(FILES);
    const d = await desk(w);
    for (let at = 0; at < archive.length; at += 5) {
      w.write("/archive", archive.slice(0, at));
      expect(await d.import("/archive")).toMatchObject({ ok: false });
      expect(image(w)).toEqual([]);
      w.write("/archive", archive.with(at, archive[at]! ^ (1 << at % 8)));
      const flipped = await d.import("/archive");
      if (flipped.ok) expect(flipped.value).toMatchObject({ results: { taken: 3 }, contents: { taken: 2 } });
      else expect(image(w)).toEqual([]);
      w.loseCache();
    }
  });

  test("a disk that fills up on the way leaves the cache as it was", async () => {
    const archive = await exported(await built());
    const codes = new Set<string>();
    for (let space = 0; space < 9000; space += 500) {
      const w = world(FILES);
      w.write("/archive", archive);
      w.disk.space = space;
      const done = await (await desk(w)).import("/archive");
      w.disk.space = Number.POSITIVE_INFINITY;
      codes.add(done.ok ? "ok" : done.error[0]!.code);
      expect(w.disk.filesBelow("/cache").filter((p) => p.includes("staging"))).toEqual([]);
      await w.build(plan());
      expect(w.text("out/x")).toBe(`${"A\n".repeat(2000)}+C\n(no gone)`);
    }
    expect([...codes].sort()).toEqual(["GRAPH_CACHE_ARCHIVE_WRITE_FAILED", "ok"]);
  });
});
