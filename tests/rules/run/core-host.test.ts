// The solve ABI under V8: order of checks, layout, output rules, budgets, traps.

import { expect, test } from "vitest";
import { runCore } from "../../../rules/run/core-host.ts";
import type { CoreRequest, RunOutcome } from "../../../rules/run/core-host.ts";
import { inspect } from "../../../rules/wasm/inspect.ts";
import { memoryPlan, readLdflags } from "../../../rules/wasm/memory-plan.ts";
import { answer, build, ECHO, EMPTY, get, I32, i32, i64, solveModule } from "../wasm/kit.ts";

const NO_LIMITS = { maxFuel: 1_000_000, maxMemoryBytes: null, maxTableElements: null, maxWasmStackBytes: null };

type Change = Partial<Omit<CoreRequest, "limits">> & { limits?: Partial<CoreRequest["limits"]> };

function run(module: Uint8Array, change: Change = {}): Promise<RunOutcome> {
  const facts = inspect(module);
  const plan = memoryPlan(readLdflags([]), facts.ok ? facts.value.memory : null);
  return runCore({ module, input: new TextEncoder().encode("hello"), arenaCap: 1024, maxOutput: 1024, plan, ...change, limits: { ...NO_LIMITS, ...change.limits } });
}

function codes(outcome: RunOutcome): string[] {
  return outcome.diagnostics.map((d) => d.code);
}

const LOOP_FOREVER = [0x03, EMPTY, 0x0c, 0, 0x0b];
const RECURSE_FOREVER = { fns: [{ code: [0x10, 1] }] };

test("an echo gives its input back, at the addresses of the layout", async () => {
  const outcome = await run(solveModule(ECHO));
  expect(outcome.diagnostics).toEqual([]);
  expect(new TextDecoder().decode(outcome.output!)).toBe("hello");
  expect(outcome.memory).toEqual({ heapBase: 16, dataEnd: 0, at: { retptr: 16, inputPtr: 24, arenaPtr: 32 } });
  expect(outcome.trap).toBeNull();
});

test("the layout starts behind the larger of heap base and data end, aligned to 8", async () => {
  const outcome = await run(solveModule(ECHO, { globals: [{ type: i32, value: 16 }, { type: i32, value: 101 }] }));
  expect(outcome.memory?.at).toEqual({ retptr: 104, inputPtr: 112, arenaPtr: 120 });
});

test("fuel runs out: exact bound, code, trap text", async () => {
  const echo = solveModule(ECHO);
  expect((await run(echo)).fuelUsed).toBe(11n); // entry + 4 + 6
  expect(codes(await run(echo, { limits: { maxFuel: 2 } }))).toEqual([]);
  const out = await run(echo, { limits: { maxFuel: 1 } });
  expect(codes(out)).toEqual(["X07WASM_BUDGET_EXCEEDED_CPU_FUEL"]);
  expect(out.trap).toBe("wasm trap: all fuel consumed by WebAssembly");
  expect(codes(await run(echo, { limits: { maxFuel: 0 } }))).toEqual(["X07WASM_BUDGET_EXCEEDED_CPU_FUEL"]);
  expect(codes(await run(solveModule(LOOP_FOREVER)))).toEqual(["X07WASM_BUDGET_EXCEEDED_CPU_FUEL"]);
});

test("fuel off: the guest runs without a count", async () => {
  const outcome = await run(solveModule(ECHO), { limits: { maxFuel: null } });
  expect(new TextDecoder().decode(outcome.output!)).toBe("hello");
  expect(outcome.fuelUsed).toBeNull();
});

test("a wall limit ends a loop that fuel does not", async () => {
  const outcome = await run(solveModule(LOOP_FOREVER), { limits: { maxFuel: null }, maxWallMs: 200 });
  expect(codes(outcome)).toEqual(["X07WASM_BUDGET_EXCEEDED_WALLTIME"]);
  expect(outcome.repeatable).toBe(false);
});

test.each([
  ["unreachable", [0x00], "wasm trap: wasm `unreachable` instruction executed"],
  ["division", [...I32(1), ...I32(0), 0x6d, 0x1a], "wasm trap: integer divide by zero"],
  ["remainder", [...I32(1), ...I32(0), 0x6f, 0x1a], "wasm trap: integer divide by zero"],
  ["overflow", [...I32(-0x80000000), ...I32(-1), 0x6d, 0x1a], "wasm trap: integer overflow"],
  ["truncation", [0x43, 0, 0, 0xc0, 0x7f, 0xa8, 0x1a], "wasm trap: invalid conversion to integer"],
  ["load", [...I32(-1), 0x28, 2, 0, 0x1a], "wasm trap: out of bounds memory access"],
  ["fill", [...I32(65536), ...I32(0), ...I32(1), 0xfc, 11, 0], "wasm trap: out of bounds memory access"],
])("a trap fails the run in Wasmtime's words: %s", async (_, code, text) => {
  const outcome = await run(solveModule(code));
  expect(codes(outcome)).toEqual(["X07WASM_RUN_FAILED"]);
  expect(outcome.trap).toBe(text);
  expect(outcome.memory).toEqual({ heapBase: 16, dataEnd: 0, at: null });
});

test.each([
  ["null entry", 1, "wasm trap: uninitialized element or indirect call type mismatch"],
  ["outside", 9, "wasm trap: undefined element: out of bounds table access"],
])("an indirect call that cannot be made: %s", async (_, index, text) => {
  const code = [...I32(index), 0x11, 1, 0];
  const outcome = await run(solveModule(code, { table: [4], elements: [1], fns: [{ code: [] }] }));
  expect(outcome.trap).toBe(text);
});

test.each<[string, number[], string[]]>([
  ["inside", answer(get(1), I32(4)), []],
  ["whole arena", answer(get(1), get(2)), []],
  ["nothing at the arena's end", answer([...get(1), ...get(2), 0x6a], I32(0)), []],
  ["nothing before the arena", answer(I32(0), I32(0)), ["X07WASM_RUN_FAILED"]],
  ["no answer written", [], ["X07WASM_RUN_FAILED"]],
  ["over the return slot", answer(get(0), I32(8)), ["X07WASM_RUN_FAILED"]],
  ["the input itself", answer(get(3), get(4)), ["X07WASM_RUN_FAILED"]],
  ["one byte too far", answer([...get(1), ...I32(1), 0x6a], get(2)), ["X07WASM_RUN_FAILED"]],
  ["behind memory", answer(I32(-4), I32(4)), ["X07WASM_RUN_FAILED"]],
  ["too long", answer(get(1), I32(1025)), ["X07WASM_BUDGET_EXCEEDED_OUTPUT"]],
  ["too long and outside", answer(I32(0), I32(-1)), ["X07WASM_BUDGET_EXCEEDED_OUTPUT"]],
])("the output range: %s", async (_, code, expected) => {
  const outcome = await run(solveModule(code));
  expect(codes(outcome)).toEqual(expected);
  expect(outcome.trap).toBeNull();
});

test("an output over the limit says how long it is", async () => {
  const outcome = await run(solveModule(answer(get(1), I32(11))), { maxOutput: 10 });
  expect(outcome.diagnostics[0]?.data).toEqual({ out_len: 11, max_output_bytes: 10 });
  expect(codes(await run(solveModule(answer(get(1), I32(11))), { maxOutput: 2n ** 60n }))).toEqual([]);
});

test("input and arena must fit the memory there is; the host never grows it", async () => {
  const module = solveModule(ECHO, { memory: [1, 4] });
  expect(codes(await run(module, { arenaCap: 65536 - 32 }))).toEqual([]);
  const outcome = await run(module, { arenaCap: 65536 - 31 });
  expect(codes(outcome)).toEqual(["X07WASM_BUDGET_EXCEEDED_MEMORY"]);
  expect(outcome.diagnostics[0]?.data).toEqual({ need_bytes: 65537, have_bytes: 65536 });
  expect(outcome.trap).toBeNull();
});

test("an arena that no 32-bit memory can hold is bad input, found after instantiation", async () => {
  const outcome = await run(solveModule(ECHO), { arenaCap: 2 ** 32 });
  expect(codes(outcome)).toEqual(["X07WASM_ARENA_CAP_TOO_LARGE"]);
  expect(outcome.diagnostics[0]?.stage).toBe("parse");
  expect(codes(await run(solveModule(ECHO, { start: 1, fns: [{ code: [0x00] }] }), { arenaCap: 2n ** 63n }))).toEqual(["X07WASM_WASM_INSTANTIATE_FAILED"]);
});

const GROW = (pages: number): number[] => [...I32(pages), 0x40, 0, 0x1a, ...answer(get(1), I32(0))];

test.each<[string, [number, number?], number, number | null, string[]]>([
  ["within the module's maximum", [1, 4], 3, null, []],
  ["by nothing", [1, 1], 0, null, []],
  ["past the module's maximum", [1, 4], 4, null, ["X07WASM_BUDGET_EXCEEDED_MEMORY"]],
  ["without a maximum: the initial size is the cap", [1], 1, null, ["X07WASM_BUDGET_EXCEEDED_MEMORY"]],
  ["past the limit", [1, 4], 2, 2 * 65536, ["X07WASM_BUDGET_EXCEEDED_MEMORY"]],
  ["up to the limit", [1, 4], 1, 2 * 65536, []],
  ["to a limit that is not whole pages", [1, 4], 1, 2 * 65536 - 1, ["X07WASM_BUDGET_EXCEEDED_MEMORY"]],
  ["limit 0 is no limit", [1, 4], 3, 0, []],
  ["by more than memory can be", [1, 4], -1, null, ["X07WASM_BUDGET_EXCEEDED_MEMORY"]],
])("memory.grow %s", async (_, memory, pages, maxMemoryBytes, expected) => {
  const outcome = await run(solveModule(GROW(pages), { memory }), { limits: { maxMemoryBytes } });
  expect(codes(outcome)).toEqual(expected);
  expect(outcome.trap !== null).toBe(expected.length > 0);
});

test("an answer may use memory that the guest has grown, but not lie in it", async () => {
  const grown = [...I32(1), 0x40, 0, 0x1a, ...answer(I32(65536), I32(4))];
  expect(codes(await run(solveModule(grown, { memory: [1, 2] })))).toEqual(["X07WASM_RUN_FAILED"]);
});

const GROW_TABLE = [0xd0, 0x70, ...I32(3), 0xfc, 15, 0, 0x1a, ...answer(get(1), I32(0))];

test("table.grow past the limit stops the guest", async () => {
  expect(codes(await run(solveModule(GROW_TABLE, { table: [1] })))).toEqual([]);
  expect(codes(await run(solveModule(GROW_TABLE, { table: [1] }), { limits: { maxTableElements: 4 } }))).toEqual([]);
  const outcome = await run(solveModule(GROW_TABLE, { table: [1] }), { limits: { maxTableElements: 3 } });
  expect(codes(outcome)).toEqual(["X07WASM_BUDGET_EXCEEDED_TABLE"]);
  expect(outcome.trap).toBe("forcing trap when growing table to 4 elements");
});

test("what is too big from the start cannot be instantiated", async () => {
  expect(codes(await run(solveModule(ECHO), { limits: { maxMemoryBytes: 65535 } }))).toEqual(["X07WASM_WASM_INSTANTIATE_FAILED"]);
  expect(codes(await run(solveModule(ECHO, { table: [5] }), { limits: { maxTableElements: 4 } }))).toEqual(["X07WASM_WASM_INSTANTIATE_FAILED"]);
});

test.each<[string, number[], string[]]>([
  ["returns", [0x01], []],
  ["traps", [0x00], ["X07WASM_WASM_INSTANTIATE_FAILED"]],
  ["spends all fuel", LOOP_FOREVER, ["X07WASM_WASM_INSTANTIATE_FAILED"]],
  ["never stops calling itself", [0x10, 1], ["X07WASM_WASM_INSTANTIATE_FAILED"]],
])("a start function that %s", async (_, code, expected) => {
  const outcome = await run(solveModule(ECHO, { start: 1, fns: [{ code }] }));
  expect(codes(outcome)).toEqual(expected);
  if (expected.length === 0) expect(outcome.fuelUsed).toBe(12n); // the start function's entry and the echo's 11
});

test.each<[string, Uint8Array, string]>([
  ["an import", solveModule(ECHO, { importFns: [["env", "f"]] }), "X07WASM_WASM_IMPORTS_UNSUPPORTED"],
  ["a component", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), "X07WASM_WASM_INVALID"],
  ["a stack that does not add up", solveModule([...I32(1)]), "X07WASM_WASM_INVALID"],
  ["a call of a function that only the meter would add", solveModule([0x10, 1]), "X07WASM_WASM_INVALID"],
  ["an instruction only V8 knows (try)", solveModule([0x06, EMPTY, 0x0b]), "X07WASM_WASM_INVALID"],
  ["nothing", new Uint8Array(), "X07WASM_WASM_INVALID"],
  ["memory that is a function", solveModule(ECHO, { exports: [["x07_solve_v2", 0, 0], ["memory", 0, 0], ["__heap_base", 3, 0], ["__data_end", 3, 1]] }), "X07WASM_EXPORT_MISSING_MEMORY"],
  ["a solve of another type", build({ memory: [1], globals: [{ type: i32, value: 0 }], fns: [{ params: [i64], code: [] }], exports: [["x07_solve_v2", 0, 0], ["memory", 2, 0], ["__heap_base", 3, 0], ["__data_end", 3, 0]] }), "X07WASM_EXPORT_INVALID_X07_SOLVE_V2"],
  ["a heap base of 64 bits", solveModule(ECHO, { globals: [{ type: i64, value: 0 }, { type: i32, value: 0 }] }), "X07WASM_EXPORT_MISSING_HEAP_BASE"],
  ["a data end that is a memory", solveModule(ECHO, { exports: [["x07_solve_v2", 0, 0], ["memory", 2, 0], ["__heap_base", 3, 0], ["__data_end", 2, 0]] }), "X07WASM_EXPORT_MISSING_DATA_END"],
])("refused: %s", async (_, module, code) => {
  expect(codes(await run(module))).toEqual([code]);
});

test("engine settings that no engine takes", async () => {
  expect(codes(await run(solveModule(ECHO), { limits: { maxWasmStackBytes: 0 } }))).toEqual(["X07WASM_WASMTIME_ENGINE_FAILED"]);
  expect(codes(await run(solveModule(ECHO), { limits: { instanceAllocator: "pooling" } }))).toEqual(["X07WASM_WASMTIME_ENGINE_FAILED"]);
  expect(codes(await run(solveModule(ECHO), { limits: { instanceAllocator: "pooling", maxMemoryBytes: 65536, maxTableElements: 1 } }))).toEqual([]);
});

/** f(n) = n = 0 ? 0 : f(n − 1), with some locals; solve calls f(depth) and answers nothing. */
function recursion(depth: number, locals = 0): Uint8Array {
  const f = { params: [i32], locals: Array<number>(locals).fill(i64), code: [...get(0), 0x04, EMPTY, ...get(0), ...I32(1), 0x6b, 0x10, 1, 0x0b] };
  return solveModule([...I32(depth), 0x10, 1, ...answer(get(1), I32(0))], { fns: [f] });
}

test("the stack limit decides how deep calls go, not the stack of the host", async () => {
  const forever = solveModule([0x10, 1], RECURSE_FOREVER);
  const outcome = await run(forever, { limits: { maxWasmStackBytes: 1 << 20 } });
  expect(codes(outcome)).toEqual(["X07WASM_BUDGET_EXCEEDED_WASM_STACK"]);
  expect(outcome.trap).toBe("wasm trap: call stack exhausted");
  expect(outcome.repeatable).toBe(true);
  expect(codes(await run(recursion(5000, 2000), { limits: { maxWasmStackBytes: 1 << 20 } }))).toEqual([]);
  expect(codes(await run(recursion(5000), { limits: { maxWasmStackBytes: 100_000 } }))).toEqual(["X07WASM_BUDGET_EXCEEDED_WASM_STACK"]);
  expect(codes(await run(recursion(200_000), { limits: { maxFuel: 1e9, maxWasmStackBytes: 64 << 20 } }))).toEqual([]);
});

test("the stack limit falls back to the plan, then to 1 MiB", async () => {
  const plan = memoryPlan(readLdflags(["-z", "stack-size=4096"]), null);
  expect(codes(await run(recursion(1000), { plan }))).toEqual(["X07WASM_BUDGET_EXCEEDED_WASM_STACK"]);
  expect(codes(await run(recursion(1000)))).toEqual([]);
  expect(codes(await run(recursion(30_000)))).toEqual(["X07WASM_BUDGET_EXCEEDED_WASM_STACK"]);
});
