// The table of known files, where the world moves between two of its own looks.

import { beforeAll, describe, expect, test } from "vitest";
import { file, place } from "../../engine/index.ts";
import { Files } from "../../engine/files.ts";
import { utf8 } from "../../engine/lib/bytes.ts";
import { digestOf, loadDigest } from "../../engine/lib/digest.ts";
import { BIG_FROM_BYTES, fingerprint, loadFingerprint } from "../../engine/lib/fingerprint.ts";
import { large, strip } from "../rig/rules.ts";
import { memoryDisk } from "../rig/memory-disk.ts";
import { placing, type TestPlan, world } from "../rig/world.ts";

beforeAll(() => Promise.all([loadFingerprint(), loadDigest()]));

const sha = (text: string) => digestOf(utf8(text)).sha256;

describe.each([true, false])("with fine stamps: %s", (fine) => {
  test("a file that changes while it is read is not trusted next time", () => {
    const disk = memoryDisk("/w", { ms: 1e6, tick: 10, step: 0.001, fine });
    disk.write("a", utf8("old"));
    disk.clock.ms += 1000;
    const meddled = { ...disk, read: (path: string) => {
      const bytes = disk.read(path);
      disk.write(path, utf8("new"));
      return bytes;
    } };
    const first = new Files(meddled, () => disk.clock.ms);
    first.look("a");
    disk.clock.ms += 1000;
    const second = new Files(disk, () => disk.clock.ms);
    expect(second.load(first.encode())).toBe(true);
    expect(second.look("a")).toMatchObject({ kind: "file", digest: { sha256: sha("new") } });
  });

  test("an output that somebody replaces as soon as it is in place is looked at again", () => {
    const disk = memoryDisk("/w", { ms: 1e6, tick: 0.001, step: 0.05, fine });
    const mine = utf8("mine");
    disk.write("a", mine);
    const made = disk.stat("a");
    disk.remove("a");
    disk.write("a", utf8("your"));
    const files = new Files(disk, () => disk.clock.ms);
    files.written("a", mine, digestOf(mine), made);
    expect(files.look("a")).toMatchObject({ kind: "file", digest: { sha256: sha("your") } });
  });
});

test("a folder listed within the tick of its last change is listed once more when the tick is over", async () => {
  const w = world({ "src/a.t": "A", "src/other": "" }, { ms: 1e6, tick: 10, step: 0.0001 });
  const plan: TestPlan = async (c) => c.build((await c.glob("*.t", "src")).map((f, n) => place(strip({ source: f }).text, `out/${n}`)));
  await w.build(plan);
  w.disk.clock.ms += 1000;
  w.delete("src/other");
  const { run } = await w.build(plan);
  w.write("src/b.t", "B");
  const dir = run.dependencies!.find((d) => d.kind === "dir" && d.path === "src")!;
  expect(w.disk.stat("src")!.ctimeMs).not.toBe(dir.stat!.ctimeMs);
});

test("an output that could not be put in place has no digest, whatever was remembered", async () => {
  const w = world({ a: "A" });
  const output = () => place(large({ source: file("a") }).text, "out/l");
  await w.build(placing(output()));
  w.delete("out/l");
  w.disk.readOnly.add("/w/out");
  await w.build(async (c) => {
    const l = output();
    const built = await c.build([l]);
    expect(built.ok).toBe(false);
    expect(c.digest(l.artifact)).toBeUndefined();
    return built;
  });
});

test("a big file is summed up piece by piece, and known by its content as a small one is", () => {
  const disk = memoryDisk("/w", { ms: 1e6, tick: 10, step: 0.001, fine: true });
  const big = (letter: string) => new Uint8Array(BIG_FROM_BYTES).fill(letter.charCodeAt(0));
  disk.write("a", big("a"));
  disk.clock.ms += 1000;
  const reads: string[] = [];
  const files = new Files({ ...disk, read: (path: string) => (reads.push(path), disk.read(path)) }, () => disk.clock.ms);
  expect(files.look("a")).toEqual({ kind: "file", digest: digestOf(big("a")) });
  expect(reads).toEqual([]);
  expect(files.entry("a")?.fingerprint).toBe(fingerprint(big("a")));

  // The same content again is no news, another of the same size is.
  disk.write("a", big("a"));
  disk.clock.ms += 1000;
  expect(files.confirm(["a"])).toEqual([]);
  disk.write("a", big("b"));
  disk.clock.ms += 1000;
  expect(files.confirm(["a"])).toEqual(["a"]);
  files.unsettle();
  expect(files.look("a")).toEqual({ kind: "file", digest: digestOf(big("b")) });
});
