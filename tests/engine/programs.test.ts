// Programs outside the workspace are read once for all clones of one machine, and again as soon as their stats differ.

import { expect, test } from "vitest";
import { utf8 } from "../../engine/lib/bytes.ts";
import { sha256Hex } from "../../engine/lib/digest.ts";
import { type TestPlan, world } from "../rig/world.ts";

const PROGRAM = "/usr/bin/tool";
const BIG = 1 << 20;
const filled = (letter: string, size = BIG) => utf8(letter.repeat(size));

function setting(size = BIG) {
  const w = world({}, { ms: 1e9, tick: 10, step: 0.001 });
  w.write(PROGRAM, filled("a", size));
  w.disk.clock.ms += 60_000;
  const reads: string[] = [];
  const build = async (settings = {}) => {
    let seen = "";
    const plan: TestPlan = async (c) => {
      const looked = c.look(PROGRAM);
      if (looked.ok) seen = looked.digest.sha256;
      return { ok: true, value: undefined };
    };
    await w.build(plan, settings);
    return seen;
  };
  const fork = w.disk.forProcess.bind(w.disk);
  w.disk.forProcess = () => {
    const disk = fork();
    return { ...disk, read: (path: string) => (reads.push(path), disk.read(path)) };
  };
  return { w, build, reads: () => reads.splice(0).filter((p) => p === PROGRAM).length };
}

test("a fresh clone takes the digest over, and a changed program is read again", async () => {
  const { w, build, reads } = setting();
  expect(await build()).toBe(sha256Hex(filled("a")));
  expect(reads()).toBe(1);
  w.loseState();
  expect(await build()).toBe(sha256Hex(filled("a")));
  expect(reads()).toBe(0);
  w.write(PROGRAM, filled("b"));
  w.disk.clock.ms += 60_000;
  w.loseState();
  expect(await build()).toBe(sha256Hex(filled("b")));
  expect(reads()).toBe(1);
});

test("what was changed a moment ago, or is small, or must not touch the cache, is not remembered", async () => {
  const young = setting();
  young.w.write(PROGRAM, filled("c"));
  young.w.disk.clock.ms += 1000;
  const small = setting(BIG - 1);
  for (const s of [young, small]) {
    await s.build();
    s.w.loseState();
    s.reads();
    await s.build();
    expect(s.reads()).toBe(1);
  }
  const bare = setting();
  await bare.build({ noCache: true });
  await bare.build({ dryRun: true });
  expect(bare.w.disk.filesBelow("/cache")).toEqual([]);
});

test("a damaged table is as good as none", async () => {
  const { w, build, reads } = setting();
  await build();
  const table = w.disk.filesBelow("/cache").find((p) => p.includes("/programs-"))!;
  const bytes = w.disk.read(table);
  bytes[bytes.length - 1]! ^= 1;
  w.write(table, bytes);
  w.loseState();
  reads();
  expect(await build()).toBe(sha256Hex(filled("a")));
  expect(reads()).toBe(1);
});
