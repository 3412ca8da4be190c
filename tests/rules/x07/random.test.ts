// Random programs: the compiled module agrees with the interpreter, keeps its heap in order, and broken programs are refused, never crash.

import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { interpret } from "../../rig/interpreter/index.ts";
import { Dice, Generator } from "./generator.ts";
import { guarded } from "./guarded.ts";
import { donorsOf, mutant } from "./mutate.ts";
import type { Modules } from "./mutate.ts";
import { compileFiles, instantiate } from "./rig.ts";

const INPUTS = ["", "hello world", "\u0000\u0001\u00ff\u0003"].map((s) => Buffer.from(s, "latin1"));
const SEED = Number(process.env["X07_SEED"] ?? 1);
const ROUNDS = Number(process.env["X07_ROUNDS"] ?? 80);

function expected(program: object, input: Uint8Array): string {
  const outcome = interpret({ entry: program, modules: {} }, input);
  return "trap" in outcome ? "trap" : Buffer.from(outcome.output).toString("hex");
}

function hex(output: Uint8Array | "trap"): string {
  return output === "trap" ? output : Buffer.from(output).toString("hex");
}

test("compiled programs do what the interpreter does", () => {
  let accepted = 0;
  for (let seed = SEED; seed < SEED + ROUNDS; seed++) {
    const program = new Generator(new Dice(seed)).program();
    const outcome = compileFiles({ "src/main.x07.json": program });
    if (!outcome.ok) continue;
    accepted++;
    const solver = instantiate(outcome.wasm);
    for (const input of INPUTS) expect(hex(solver.run(input, 1 << 20)), `seed ${seed}`).toBe(expected(program, input));
  }
  expect(accepted).toBeGreaterThan(ROUNDS / 2);
});

test("every block is freed once, and only the result is left", () => {
  let accepted = 0;
  for (let seed = SEED; seed < SEED + ROUNDS; seed++) {
    const program = new Generator(new Dice(seed)).program();
    const run = guarded({ "src/main.x07.json": program });
    if (run === undefined) continue;
    accepted++;
    for (const input of INPUTS) {
      const report = run(input);
      expect(hex(report.output), `seed ${seed}`).toBe(expected(program, input));
      if (report.output === "trap") continue;
      expect(report.doubleFrees, `seed ${seed}`).toBe(0);
      expect(report.live, `seed ${seed}`).toBeLessThanOrEqual(1);
    }
  }
  expect(accepted).toBeGreaterThan(ROUNDS / 2);
});

// ---- broken programs

const folder = new URL("../../cases/x07/", import.meta.url);
const vectors = readdirSync(folder).map((f) => JSON.parse(readFileSync(new URL(f, folder), "utf8")) as { name: string; program: { modules: Modules } });

test("mutated programs give errors or valid modules", () => {
  const donors = donorsOf(vectors.map((v) => v.program.modules));
  let valid = 0;
  for (let seed = SEED; seed < SEED + ROUNDS * 20; seed++) {
    const dice = new Dice(seed);
    const v = vectors[dice.below(vectors.length)];
    if (v === undefined) continue;
    const modules = mutant(v.program.modules, donors, dice);
    const outcome = compileFiles(modules);
    if (outcome.ok) {
      valid++;
      expect(WebAssembly.validate(outcome.wasm as Uint8Array<ArrayBuffer>), `seed ${seed} of ${v.name}`).toBe(true);
    } else {
      expect(outcome.errors.length).toBeGreaterThan(0);
      for (const e of outcome.errors) expect([e.kind !== "Internal", e.code !== "", e.message !== ""], `seed ${seed}`).toEqual([true, true, true]);
    }
  }
  expect(valid).toBeGreaterThan(0);
});
