// Random histories against the oracle, and every case that ever failed. Long runs: node scripts/soak.mjs.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cleanBuild } from "./model.ts";
import { answersTaken, type History, randomHistory } from "./history.ts";
import { failure, shrink } from "./shrink.ts";

const HISTORIES = 300;
const FIRST_SEED = Number(process.env["X07_RANDOM_SEED"] ?? 1);

test(`${HISTORIES} random histories from seed ${FIRST_SEED}`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + HISTORIES; seed++) {
    const wrong = await failure(randomHistory(seed));
    if (wrong === undefined) continue;
    const small = await shrink(randomHistory(seed));
    const file = join(tmpdir(), `x07-random-seed-${seed}.json`);
    writeFileSync(file, `${JSON.stringify(small, undefined, 1)}\n`);
    expect.fail(`seed ${seed}: ${wrong}\nshrunk, in ${file} (keep it in tests/random/cases): ${await failure(small)}\n${JSON.stringify(small)}`);
  }
  expect(answersTaken.count).toBeGreaterThan(HISTORIES / 10);
});

test("a seed gives one history", () => {
  expect(randomHistory(42)).toEqual(randomHistory(42));
  expect(randomHistory(42)).not.toEqual(randomHistory(43));
});

test("the oracle itself is right on a graph worked out by hand", () => {
  const graph = {
    nodes: [
      { kind: "include", inputs: [{ source: "s0" }], glue: "", places: ["out/0"] },
      { kind: "check", inputs: [{ source: "s1" }], glue: "", places: ["out/1"] },
      { kind: "join", inputs: [{ node: 0, role: 0 }, { source: "s0" }], glue: "+", places: ["out/2"] },
      { kind: "pick", inputs: [{ source: "s0" }, { source: "s1" }, { node: 2, role: 0 }], glue: "", places: ["out/3"] },
      { kind: "glob", inputs: [], glue: ",", places: ["out/4"] },
    ],
  } as const;
  const sources = new Map([["s0", "include g0\ninclude no"], ["s1", "FAIL"], ["g1", "one"], ["g0", "zero"]]);
  expect([...cleanBuild(graph, sources)]).toEqual([
    ["out/0", "zero\n(no no)"],
    ["out/1", undefined],
    ["out/2", "zero\n(no no)+include g0\ninclude no"],
    ["out/3", "zero\n(no no)+include g0\ninclude no"],
    ["out/4", "zero,one"],
  ]);
});

describe("cases that once failed", () => {
  const folder = join(import.meta.dirname, "cases");
  for (const name of readdirSync(folder).filter((n) => n.endsWith(".json"))) {
    test(name, async () => {
      expect(await failure(JSON.parse(readFileSync(join(folder, name), "utf8")) as History)).toBeUndefined();
    });
  }
});
