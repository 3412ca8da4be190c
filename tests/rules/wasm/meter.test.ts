// Fuel is counted exactly by the rule: written examples, every group of instructions, and random control flow against an interpreter.

import { expect, test } from "vitest";
import fc from "fast-check";
import { frameBytes } from "../../../rules/wasm/meter-body.ts";
import { meter, STOPPED } from "../../../rules/wasm/meter.ts";
import type { MeterOptions } from "../../../rules/wasm/meter.ts";
import { OP } from "../../../rules/wasm/ops.ts";
import { readModule } from "../../../rules/wasm/read.ts";
import { build, EMPTY, funcref, get, I32, i32, i64, set } from "./kit.ts";
import type { ModuleText } from "./kit.ts";
import { interpret } from "./oracle.ts";
import { randomModule } from "./random-module.ts";

interface Ran {
  readonly end: "returned" | "fuel" | "stack" | "memory" | "table" | "trap";
  readonly values: readonly number[];
  readonly consumed: number;
  readonly exports: WebAssembly.Instance["exports"];
}

const ENDS = ["trap", "fuel", "stack", "memory", "table"] as const;

function metered(bytes: Uint8Array, options: Partial<MeterOptions> = {}): { bytes: Uint8Array; probes: { fuel: string; stack: string; reason: string } } {
  expect(WebAssembly.validate(bytes)).toBe(true);
  const module = readModule(bytes);
  if (!module.ok) throw new Error(module.error.message);
  const woven = meter(module.value, { fuel: true, maxPages: null, maxElements: null, ...options });
  if (!woven.ok) throw new Error(woven.error.message);
  return woven.value;
}

function global(exports: WebAssembly.Instance["exports"], name: string): WebAssembly.Global {
  const found = exports[name];
  if (!(found instanceof WebAssembly.Global)) throw new Error(`no global ${name}`);
  return found;
}

/** Calls export `f` of the metered module. */
function run(bytes: Uint8Array, fuel = 1_000_000, args: readonly number[] = [], stack = 1 << 20): Ran {
  const woven = metered(bytes);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(woven.bytes));
  global(exports, woven.probes.fuel).value = BigInt(fuel);
  global(exports, woven.probes.stack).value = stack;
  const f = exports["f"];
  if (typeof f !== "function") throw new Error("no f");
  const consumed = (): number => fuel - Number(global(exports, woven.probes.fuel).value);
  try {
    const value = f(...args);
    const values = value === undefined ? [] : Array.isArray(value) ? value.map(Number) : [Number(value)];
    return { end: "returned", values, consumed: consumed(), exports };
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    return { end: ENDS[Number(global(exports, woven.probes.reason).value)] ?? "trap", values: [], consumed: consumed(), exports };
  }
}

/** A module whose function 0 is `f` without parameters and results. */
function f(code: readonly number[], more: ModuleText & { readonly locals?: readonly number[] } = {}): Uint8Array {
  return build({ exports: [["f", 0, 0]], ...more, fns: [{ locals: more.locals ?? [], code }, ...(more.fns ?? [])] });
}

/** Fuel that is just enough. */
function need(bytes: Uint8Array): number {
  for (let fuel = 0; ; fuel++) if (run(bytes, fuel).end !== "fuel") return fuel;
}

test("an empty function needs 2", () => {
  expect(run(f([])).consumed).toBe(1);
  expect(need(f([]))).toBe(2);
});

test("straight code after the last check is free to run over", () => {
  const code = f(Array.from({ length: 10 }, () => [...I32(1), OP.drop]).flat());
  expect(need(code)).toBe(2);
  expect(run(code, 2)).toMatchObject({ end: "returned", consumed: 11 });
});

test.each([1, 2, 5, 100])("a loop of %i iterations with a body of 6 instructions behind 2", (n) => {
  const body = [...get(0), ...I32(1), OP.i32Sub, OP.localTee, 0, OP.localTee, 0, OP.brIf, 0];
  const module = f([...I32(n), ...set(0), OP.loop, EMPTY, ...body, OP.end], { locals: [i32] });
  expect(run(module).consumed).toBe(3 + 6 * n);
  expect(need(module)).toBe(3 + 6 * (n - 1) + 1);
});

test("nop, drop, block, loop, else, end, return and unreachable are free", () => {
  expect(run(f([OP.nop, OP.block, EMPTY, OP.loop, EMPTY, OP.nop, OP.end, OP.end, ...I32(1), OP.drop, OP.return])).consumed).toBe(2);
  expect(run(f([...I32(1), OP.drop, OP.unreachable]))).toMatchObject({ end: "trap", consumed: 2 });
  expect(run(f([...I32(0), OP.if, EMPTY, ...I32(1), OP.drop, OP.else, OP.nop, OP.end])).consumed).toBe(3);
  expect(run(f([...I32(1), OP.if, EMPTY, ...I32(1), OP.drop, OP.else, OP.nop, OP.end])).consumed).toBe(4);
});

test("a call costs 1 and the callee's entry 1", () => {
  const module = f([OP.call, 1, OP.call, 1], { fns: [{ code: [] }] });
  expect(run(module).consumed).toBe(5);
  expect(need(module)).toBe(6);
});

test("a branch that leaves the function is told as well", () => {
  expect(run(f([OP.br, 0])).consumed).toBe(2);
  expect(run(f([...I32(1), OP.brIf, 0, ...I32(1), OP.drop])).consumed).toBe(3);
  expect(run(f([...I32(0), OP.brIf, 0, ...I32(1), OP.drop])).consumed).toBe(4);
  const table = (index: number): Uint8Array => f([OP.block, EMPTY, ...I32(index), OP.brTable, 1, 0, 1, OP.end, ...I32(1), OP.drop]);
  expect(run(table(0)).consumed).toBe(4);
  expect(run(table(7)).consumed).toBe(3);
});

test("a block that is left early and one that is not", () => {
  const block = (condition: number): Uint8Array => f([OP.block, EMPTY, ...I32(condition), OP.brIf, 0, ...I32(1), OP.drop, ...I32(1), OP.drop, OP.end, ...I32(1), OP.drop]);
  expect(run(block(1)).consumed).toBe(4);
  expect(run(block(0)).consumed).toBe(6);
});

test("bulk operations cost 1 whatever their length", () => {
  const fill = f([...I32(0), ...I32(7), ...I32(60000), OP.bulk, 11, 0], { memory: [1] });
  expect(run(fill).consumed).toBe(5);
  const init = f([...I32(0), ...I32(0), ...I32(3), OP.bulk, 8, 0, 0, OP.bulk, 9, 0], { memory: [1], passive: [1, 2, 3] });
  expect(run(init).consumed).toBe(6);
  const table = f([...I32(0), ...I32(0), ...I32(2), OP.bulk, 14, 0, 0, ...I32(0), OP.refNull, 0x70, ...I32(2), OP.bulk, 17, 0], { table: [2] });
  expect(run(table).consumed).toBe(9);
});

test("every shape of operand is stepped over: vectors, lanes, floats, typed select, references, atomics", () => {
  const drop = (code: readonly number[]): number[] => [...code, OP.drop];
  const v128 = [OP.simd, 12, ...Array<number>(16).fill(0x0b)];
  const shuffle = [...v128, ...v128, OP.simd, 13, ...Array<number>(16).fill(3)];
  const code = [
    ...drop(v128), // 1
    ...drop(shuffle), // 3
    ...drop([...v128, OP.simd, 21, 11]), // 2 extract_lane
    ...drop([...I32(0), OP.simd, 0, 4, 0x8b, 0]), // 2 v128.load
    ...drop([...I32(0), ...v128, OP.simd, 84, 0, 0, 11]), // 3 load8_lane
    ...drop([...v128, ...v128, OP.simd, 0xae, 1]), // 3 i32x4.add, a two-byte opcode
    ...drop([0x43, 0x0b, 0x0b, 0x0b, 0x0b]), // 1 f32.const
    ...drop([0x44, ...Array<number>(8).fill(0x0b)]), // 1 f64.const
    ...drop([OP.i64Const, 0x8b, 0x8b, 0x0b]), // 1
    ...drop([...I32(1), ...I32(2), ...I32(3), 0x1c, 1, i32]), // 4
    ...drop([OP.refNull, 0x70, 0xd1]), // 2
    ...drop([0xd2, 0]), // 1
    ...drop([...I32(0), OP.atomic, 0x10, 2, 0]), // 2 i32.atomic.load
    OP.atomic, 3, 0, // 1 fence
    ...drop([0x43, 0, 0, 0, 0, OP.bulk, 0]), // 2 saturating conversion
    ...drop([...I32(5), 0xc0]), // 2 sign extension
  ];
  expect(run(f(code, { memory: [1], exports: [["f", 0, 0]] })).consumed).toBe(1 + 31);
});

test("tail calls are counted like calls and give their frame to the callee", () => {
  const loop = { params: [i32], code: [OP.call, 2, ...get(0), OP.i32Eqz, OP.if, EMPTY, OP.return, OP.end, ...get(0), ...I32(1), OP.i32Sub, OP.returnCall, 1] };
  const module = f([...I32(1000), OP.call, 1], { fns: [loop, { code: [] }] });
  // caller: entry, const, call; each round: entry, call and its entry, get, eqz, if; all but the last: get, const, sub, return_call
  const stack = frameBytes(0) + frameBytes(1) + frameBytes(0);
  expect(run(module, 1_000_000, [], stack)).toMatchObject({ end: "returned", consumed: 3 + 1001 * 6 + 1000 * 4 });
  expect(run(module, 1_000_000, [], stack - 1).end).toBe("stack");
});

test("depth is counted in frames, and given back", () => {
  const module = f([OP.call, 1, OP.call, 1, OP.call, 1], { fns: [{ code: [OP.call, 2] }, { code: [] }] });
  const frame = frameBytes(0);
  expect(run(module, 1000, [], 3 * frame).end).toBe("returned");
  expect(run(module, 1000, [], 3 * frame - 1).end).toBe("stack");
});

test("growth over a cap stops the guest and says what was wanted", () => {
  const grow = build({ memory: [1, 9], exports: [["f", 0, 0]], fns: [{ params: [i32], results: [i32], code: [...get(0), OP.memoryGrow, 0] }] });
  const woven = metered(grow, { maxPages: 3 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(woven.bytes));
  global(exports, "meter.fuel").value = 1000n;
  global(exports, "meter.stack").value = 1000;
  const call = exports["f"] as (n: number) => number;
  expect(call(2)).toBe(1);
  expect(call(0)).toBe(3);
  expect(() => call(1)).toThrow(WebAssembly.RuntimeError);
  expect(global(exports, "meter.reason").value).toBe(STOPPED.memory);
  expect(global(exports, "meter.detail").value).toBe(4n);
});

test("without fuel nothing is counted, and without a probe of that name", () => {
  const woven = metered(f([OP.call, 1], { fns: [{ code: [OP.block, EMPTY, OP.br, 0, OP.end] }] }), { fuel: false });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(woven.bytes));
  expect(exports["meter.fuel"]).toBeUndefined();
  expect(exports["meter.stack"]).toBeInstanceOf(WebAssembly.Global);
});

test("a module that already uses the probes' names keeps them", () => {
  const module = build({ fns: [{ code: [] }], globals: [{ type: i32, value: 5 }], exports: [["f", 0, 0], ["meter.fuel", 3, 0]] });
  const ran = run(module);
  expect(global(ran.exports, "meter.fuel").value).toBe(5);
  expect(ran.consumed).toBe(1);
});

test("a module without functions can be metered", () => {
  const woven = metered(build({ memory: [1] }), { maxPages: 1 });
  expect(WebAssembly.validate(woven.bytes)).toBe(true);
});

test("indices of the module stay what they were: imports, tables, start, types", () => {
  const module = build({
    importFns: [["env", "log"]], table: [2, 4], elements: [1], memory: [1], globals: [{ type: i64, value: 7, mutable: true }],
    fns: [{ code: [OP.call, 0, ...I32(0), OP.callIndirect, 1, 0] }, { code: [] }], exports: [["f", 0, 1]], start: 2,
    types: [{ params: [funcref], results: [] }],
  });
  const woven = metered(module);
  let calls = 0;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(woven.bytes), { env: { log: () => calls++ } });
  global(exports, woven.probes.fuel).value = 15n;
  global(exports, woven.probes.stack).value = 10_000;
  // f calls the import and itself through the table until fuel ends: 4 for each round, at entries 1, 5, 9, 13 and 17
  expect(() => (exports["f"] as () => void)()).toThrow(WebAssembly.RuntimeError);
  expect(calls).toBe(4);
});

test("random control flow: same fuel, same end, same values as the interpreter", () => {
  const ends = new Map<string, number>();
  fc.assert(fc.property(fc.nat(), fc.integer({ min: 0, max: 3000 }), fc.integer({ min: -3, max: 9 }), (seed, fuel, arg) => {
    const bytes = randomModule(seed);
    const expected = interpret(bytes, 0, [arg, 1], fuel);
    const actual = run(bytes, fuel, [arg, 1]);
    ends.set(actual.end, (ends.get(actual.end) ?? 0) + 1);
    expect(actual.end).toBe(expected.end.kind);
    expect(["g0", "g1"].map((name) => global(actual.exports, name).value)).toEqual(expected.globals);
    if (expected.end.kind === "trap") return; // a trap may leave part of the count untold
    expect(actual.consumed).toBe(expected.consumed);
    if (expected.end.kind === "returned") expect(actual.values).toEqual(expected.end.values);
  }), { numRuns: 500 });
  for (const end of ["returned", "fuel", "trap"]) expect(ends.get(end) ?? 0).toBeGreaterThan(10);
});
