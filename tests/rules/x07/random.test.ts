// Random programs: the compiled module agrees with the interpreter, keeps its heap in order, and broken programs are refused, never crash.

import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { interpret } from "../../rig/interpreter/index.ts";
import { Dice, Generator } from "./generator.ts";
import { guarded } from "./guarded.ts";
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

type Node = unknown[] | { [key: string]: unknown };
const folder = new URL("../../cases/x07/", import.meta.url);
const vectors = readdirSync(folder).map((f) => JSON.parse(readFileSync(new URL(f, folder), "utf8")) as { name: string; program: { modules: { [path: string]: unknown } } });
const ODD: readonly unknown[] = [null, true, {}, [], [[]], 1.5, 1e20, "", "a b", ["begin"], ["tapp"], ["let"], ["return", 1], ["return", ["bytes.lit", "q"]], ["bytes.lit", 3], ["for", "i", 0, 3, "i"]];

function spotsIn(value: unknown, out: [Node, string | number][]): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) value.forEach((v, i) => (out.push([value, i]), spotsIn(v, out)));
  else for (const [key, v] of Object.entries(value)) (out.push([value as Node, key]), spotsIn(v, out));
}

function mutate(module: unknown, donors: readonly unknown[], dice: Dice): void {
  for (let n = 1 + dice.below(3); n > 0; n--) {
    const spots: [Node, string | number][] = [];
    spotsIn(module, spots);
    const spot = spots[dice.below(spots.length)];
    if (spot === undefined) return;
    const [node, key] = spot;
    const donor: unknown = structuredClone((dice.chance(75) ? donors[dice.below(donors.length)] : ODD[dice.below(ODD.length)]) ?? 0);
    if (Array.isArray(node) && typeof key === "number") node.splice(key, dice.chance(70) ? 1 : 0, ...(dice.chance(85) ? [donor] : []));
    else (node as { [key: string]: unknown })[key] = donor;
  }
}

test("mutated programs give errors or valid modules", () => {
  const donors: unknown[] = [];
  for (const v of vectors) for (const m of Object.values(v.program.modules)) {
    const spots: [Node, string | number][] = [];
    spotsIn(typeof m === "object" && m !== null && "solve" in m ? m.solve : undefined, spots);
    for (const [node, key] of spots) donors.push((node as { [key: string]: unknown })[key]);
  }
  let valid = 0;
  for (let seed = SEED; seed < SEED + ROUNDS * 20; seed++) {
    const dice = new Dice(seed);
    const v = vectors[dice.below(vectors.length)];
    if (v === undefined) continue;
    const modules = structuredClone(v.program.modules);
    const path = Object.keys(modules)[dice.below(Object.keys(modules).length)] ?? "";
    const module = modules[path];
    const part = typeof module === "object" && module !== null && "solve" in module && dice.chance(70) ? { solve: module.solve } : module;
    mutate(part, donors, dice);
    if (part !== module && typeof part === "object" && part !== null) Object.assign(module as object, part);
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
