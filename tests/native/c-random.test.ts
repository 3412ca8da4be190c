// Random programs and random expressions of the intermediate language: C and wasm must answer alike, above all where C leaves the
// order of evaluation open. Also what only a host written in C sees: the allocator and the header.

import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileToC } from "../../rules/x07/c/index.ts";
import { printProgram } from "../../rules/x07/c/program.ts";
import { FunctionBuilder, callExpr } from "../../rules/x07/compiler/builder.ts";
import { linkIr } from "../../rules/x07/compiler/link.ts";
import type { BinOp, IrExpr, IrFunction } from "../../rules/x07/compiler/ir.ts";
import { add, k, load } from "../../rules/x07/compiler/ops.ts";
import { Dice, Generator } from "../rules/x07/generator.ts";
import { bytesOf, compileFiles, encodeIr, instantiate, library, loader, MEMORY } from "../rules/x07/rig.ts";
import { haveToolchain, required, Toolchain } from "./c-toolchain.ts";

const ROUNDS = required ? 40 : 12;
const INPUTS = ["", "hello world", "\u0000\u0001\u00ff\u0003"].map((s) => Buffer.from(s, "latin1"));
const OPS = ["add", "sub", "mul", "div_u", "rem_u", "and", "or", "xor", "shl", "shr_u", "eq", "ne", "lt_s", "le_s", "gt_s", "ge_s", "lt_u", "le_u", "gt_u", "ge_u"] as const satisfies readonly BinOp[];
const CONSTANTS = [0, 1, 2, 31, 32, 33, 255, 65536, 2147483647, -2147483648, -1, -5] as const;

function hex(output: Uint8Array | "trap"): string {
  return output === "trap" ? output : Buffer.from(output).toString("hex");
}

function sources(program: object) {
  const files = { "src/main.x07.json": program };
  return { entry: { path: "src/main.x07.json", bytes: bytesOf(program) }, load: loader(files, ["src"]), library };
}

/** Locals 0..3 of the function under test; local 0 points at a word that every call changes. */
function expression(dice: Dice, depth: number): IrExpr {
  const next = (): IrExpr => expression(dice, depth - 1);
  if (depth === 0) return dice.chance(50) ? { op: "get", local: 1 + dice.below(3), type: "i32" } : k(dice.pick(CONSTANTS));
  switch (dice.below(8)) {
    case 0:
      return callExpr("main.next", [{ op: "get", local: 0, type: "i32" }, next()]);
    case 1:
      return load(4, { op: "get", local: 0, type: "i32" });
    case 2:
      return { op: "cond", cond: next(), a: next(), b: next() };
    case 3:
      return { op: "un", kind: dice.pick(["eqz", "clz", "ctz", "popcnt"]), a: next() };
    case 4:
      return { op: "un", kind: "wrap64", a: { op: "bin", kind: dice.pick(["mul64", "add64", "xor64", "shr64_u"]), a: { op: "un", kind: "extend64_u", a: next() }, b: { op: "un", kind: "extend64_u", a: next() } } };
    default:
      return { op: "bin", kind: dice.pick(OPS), a: next(), b: next() };
  }
}

/** main.next(p, x): counts the word at p up and mixes it with x, so that any other order of calls gives another answer. */
function next(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32"]);
  b.store(4, b.param(0), 0, add({ op: "bin", kind: "mul", a: load(4, b.param(0)), b: k(31) }, k(7)));
  b.ret({ op: "bin", kind: "xor", a: load(4, b.param(0)), b: b.param(1) });
  return b.finish("main.next", ["i32"], "never");
}

/** A program of one expression; its value and the word that its calls count in are the result. */
function evaluation(e: IrExpr): ReadonlyMap<string, IrFunction> {
  const b = new FunctionBuilder(["i32", "i32"]);
  const at = b.fresh(callExpr("rt.alloc", [k(8)]));
  b.store(4, at, 0, k(1));
  const value = b.fresh(callExpr("main.value", [at, b.param(1), load(1, b.param(0)), load(1, b.param(0), 1)]));
  b.store(4, at, 4, value);
  b.ret(at, k(8));
  const f = new FunctionBuilder(["i32", "i32", "i32", "i32"]);
  f.ret(e);
  const functions = [b.finish("solve", ["i32", "i32"]), f.finish("main.value", ["i32"], "never"), next()];
  return new Map(functions.map((x) => [x.name, x]));
}

describe.skipIf(!haveToolchain("tests/native/c-random"))("C and wasm answer alike", () => {
  let toolchain: Toolchain;
  const wasm = new Map<string, Uint8Array>();

  beforeAll(async () => {
    toolchain = new Toolchain();
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const program = new Generator(new Dice(seed)).program();
      const compiled = compileFiles({ "src/main.x07.json": program });
      const made = compileToC(sources(program));
      expect(made.ok, `seed ${seed}`).toBe(compiled.ok);
      if (made.ok && compiled.ok) {
        toolchain.write(`program${seed}`, made.c);
        wasm.set(`program${seed}`, compiled.wasm);
      }
      const functions = evaluation(expression(new Dice(seed), 4 + (seed % 4)));
      toolchain.write(`expression${seed}`, printProgram(linkIr(functions)));
      wasm.set(`expression${seed}`, encodeIr(functions, MEMORY));
    }
    await toolchain.compile([...wasm.keys()]);
  }, 240_000);
  afterAll(() => toolchain.clean());

  for (const [what, least] of [["program", ROUNDS / 2], ["expression", ROUNDS]] as const) {
    test(`${what}s`, async () => {
      const names = [...wasm.keys()].filter((n) => n.startsWith(what));
      expect(names.length).toBeGreaterThanOrEqual(least);
      const answers = new Set<string>();
      for (const name of names) {
        const [a, b] = [instantiate(wasm.get(name) ?? new Uint8Array()), instantiate(await toolchain.link(name))];
        for (const input of INPUTS) {
          const want = hex(a.run(input, 1 << 20));
          answers.add(want);
          expect(hex(b.run(input, 1 << 20)), name).toBe(want);
        }
      }
      expect(answers.size).toBeGreaterThan(ROUNDS / 4);
    }, 240_000);
  }

  test("a host's allocator is asked instead of the arena, and gets everything but the result back", async () => {
    const concat = { schema_version: "x07.x07ast@0.5.0", kind: "entry", module_id: "main", imports: [], decls: [], solve: ["begin", ["let", "a", ["bytes.concat", ["view.to_bytes", "input"], ["bytes.lit", "!"]]], ["let", "b", ["view.to_bytes", ["bytes.view", "a"]]], ["bytes.concat", "a", "b"]] };
    const made = compileToC(sources(concat));
    if (!made.ok) throw new Error(JSON.stringify(made.errors));
    toolchain.write("hosted", made.c);
    toolchain.write("host", HOST);
    await toolchain.compile(["hosted", "host"]);
    const own = await toolchain.link("hosted");
    const foreign = await toolchain.link("hosted", "host");
    expect(instantiate(own).run(Buffer.from("ab"), 0)).toBe("trap");
    const solver = instantiate(foreign);
    expect(hex(solver.run(Buffer.from("ab"), 0))).toBe(Buffer.from("ab!ab!").toString("hex"));
    expect(hex(solver.run(Buffer.from("c"), 0)), "what the first call took is back").toBe(Buffer.from("c!c!").toString("hex"));
    expect(solver.run(Buffer.alloc(40_000), 0), "the allocator says no").toBe("trap");
  });

  test("the header is C11 and C++ without a warning", () => {
    for (const language of [["-x", "c", "-std=c11"], ["-x", "c++", "-std=c++17"]]) execFileSync("clang", [...language, "--target=wasm32-wasi", "-ffreestanding", "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "x07.h"], { cwd: toolchain.dir, stdio: "pipe" });
  });
});

/** Traps when a block comes back with the wrong size or twice, and when a call left more behind than its result. */
const HOST = `#include "x07.h"
static uint8_t pool[65536];
static uint32_t used, live, calls;
static void* take(void* ctx, uint32_t size, uint32_t align) {
  (void)ctx;
  used = (used + align - 1) & ~(align - 1);
  if (size + 8 > sizeof pool - used) return 0;
  uint8_t* p = pool + used + 8;
  *(uint32_t*)(p - 8) = size;
  used += size + 8;
  live++;
  return p;
}
static void give(void* ctx, void* ptr, uint32_t size, uint32_t align) {
  (void)ctx;
  (void)align;
  uint32_t* taken = (uint32_t*)((uint8_t*)ptr - 8);
  if (*taken != size) __builtin_trap();
  *taken = 0;
  live--;
}
allocator_v1_t x07_custom_allocator(void) {
  if (live != calls++) __builtin_trap();
  return (allocator_v1_t){ 0, take, 0, give };
}
`;
