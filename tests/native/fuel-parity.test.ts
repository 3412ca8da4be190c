// The least fuel with which a module runs is the same number on V8 and in Wasmtime, without exception. A plain run takes a few
// modules of each kind; `npm run parity` takes them all. Needs Wasmtime.

import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { installed } from "../rig/project.ts";
import { required } from "./c-toolchain.ts";
import { differences, leastFuelInWasmtime, leastFuelOnV8, type Subject } from "./parity/subject.ts";
import { subjects } from "./parity/subjects.ts";

const all = process.env["X07_WASM_PARITY"] === "all";
const here = installed("wasmtime");
if (!here && (required || all)) throw new Error("wasmtime is not installed (scripts/setup-native.sh installs it)");
if (!here) console.log("SKIPPED: tests/native/fuel-parity: wasmtime is not installed");
const program = here ? execFileSync("sh", ["-c", "command -v wasmtime"], { encoding: "utf8" }).trim() : "";

/** Programs that need more are not compared: they may never end. */
const CEILING = 50_000_000n;

describe.skipIf(!here)(`fuel in ${program}${all ? "" : ", a sample"}`, () => {
  test("the least fuel on V8 is the least in Wasmtime, and both end alike", async () => {
    const found: string[] = [];
    const counts = { compared: 0, endless: 0 };
    const queue: Subject[] = subjects(all);
    const worker = async (): Promise<void> => {
      for (let subject = queue.pop(); subject !== undefined; subject = queue.pop()) {
        const fuel = leastFuelOnV8(subject, CEILING);
        if (fuel === null) counts.endless++;
        else {
          counts.compared++;
          found.push(...(await differences(program, subject, fuel)));
        }
      }
    };
    await Promise.all([worker(), worker()]);
    console.log(`fuel: ${counts.compared} modules compared, ${counts.endless} left out as endless, ${found.length} differences`);
    expect(found).toEqual([]);
    if (all) expect(counts.compared).toBeGreaterThanOrEqual(500);
  }, 3_600_000);

  test("bisection in Wasmtime alone finds the same number", async () => {
    const some = subjects(false).filter((_, i) => i % (all ? 2 : 9) === 0);
    const pairs: (readonly [string, bigint, bigint])[] = [];
    for (const subject of some) {
      const fuel = leastFuelOnV8(subject, 1_000_000n);
      if (fuel !== null) pairs.push([subject.name, fuel, await leastFuelInWasmtime(program, subject, fuel * 2n + 64n)]);
    }
    expect(pairs.filter(([, v8, wasmtime]) => v8 !== wasmtime)).toEqual([]);
    expect(pairs.length).toBeGreaterThan(0);
  }, 3_600_000);
});
