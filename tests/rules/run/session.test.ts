// A module that is called several times: memory stays, fuel does not, depth is the same as for one call.

import { expect, test } from "vitest";
import { openCore } from "../../../rules/run/session.ts";
import type { CoreSession } from "../../../rules/run/session.ts";
import type { CoreLimits } from "../../../rules/run/core-host.ts";
import { answer, ECHO, EMPTY, get, I32, i32, solveModule } from "../wasm/kit.ts";

const LIMITS: CoreLimits = { maxFuel: 10_000_000, maxMemoryBytes: null, maxTableElements: null, maxWasmStackBytes: null };
const PLAN = { stack_first: false, stack_size_bytes: 0, initial_memory_bytes: 65536, max_memory_bytes: 65536, growable_memory: false };

function open(module: Uint8Array, limits: Partial<CoreLimits> = {}, maxWallMs: number | null = null): ReturnType<typeof openCore> {
  return openCore({ module, arenaCap: 1024, maxOutput: 1024, plan: PLAN, limits: { ...LIMITS, ...limits }, maxWallMs });
}

async function session(module: Uint8Array, limits: Partial<CoreLimits> = {}, maxWallMs: number | null = null): Promise<CoreSession> {
  const opened = await open(module, limits, maxWallMs);
  if (!opened.ok) throw new Error(opened.error[0]?.message);
  return opened.value;
}

/** Counts its calls in a global, and goes as deep as the input has bytes, times 1000; answers the count. */
const f = { params: [i32], code: [...get(0), 0x04, EMPTY, ...get(0), ...I32(1), 0x6b, 0x10, 1, 0x0b] };
const COUNTER = solveModule(
  [0x23, 2, ...I32(1), 0x6a, 0x24, 2, ...get(4), ...I32(1000), 0x6c, 0x10, 1, ...get(1), 0x23, 2, 0x36, 2, 0, ...answer(get(1), I32(4))],
  { fns: [f], globals: [{ type: i32, value: 16 }, { type: i32, value: 0 }, { type: i32, value: 0, mutable: true }] },
);

test.each([null, 60_000])("state stays between calls, also of a call that needs a deep stack (wall limit %s)", async (wall) => {
  const s = await session(COUNTER, { maxWasmStackBytes: 64 << 20 }, wall);
  const counts: (number | undefined)[] = [];
  for (const depth of [0, 1, 100, 0, 2]) counts.push((await s.call(new Uint8Array(depth))).output?.[0]);
  await s.close();
  expect(counts).toEqual([1, 2, 3, 4, 5]);
});

test.each([null, 60_000])("the stack limit holds in every call, and the call after a stopped one has a fresh instance (wall limit %s)", async (wall) => {
  const s = await session(COUNTER, { maxWasmStackBytes: 1 << 20 }, wall);
  expect((await s.call(new Uint8Array(1))).output?.[0]).toBe(1);
  expect((await s.call(new Uint8Array(100))).diagnostics.map((d) => d.code)).toEqual(["X07WASM_BUDGET_EXCEEDED_WASM_STACK"]);
  for (const count of [1, 2]) expect((await s.call(new Uint8Array(1))).output?.[0]).toBe(count);
  await s.close();
});

test("a call that does not end is ended, and the next one is answered", async () => {
  const endless = solveModule([...get(4), 0x04, EMPTY, 0x03, EMPTY, 0x0c, 0, 0x0b, 0x0b, ...answer(get(1), I32(0))]);
  const s = await session(endless, { maxFuel: null }, 150);
  expect((await s.call(new Uint8Array(1))).diagnostics.map((d) => d.code)).toEqual(["X07WASM_BUDGET_EXCEEDED_WALLTIME"]);
  expect((await s.call(new Uint8Array(0))).output?.length).toBe(0);
  await s.close();
});

test("every call starts with full fuel", async () => {
  const s = await session(solveModule(ECHO), { maxFuel: 12 });
  for (const text of ["a", "bc"]) {
    const outcome = await s.call(new TextEncoder().encode(text));
    expect([new TextDecoder().decode(outcome.output!), outcome.fuelUsed]).toEqual([text, 11n]);
  }
});

test.each<[string, Uint8Array, string]>([
  ["imports", solveModule(ECHO, { importFns: [["a", "b"]] }), "X07WASM_WASM_IMPORTS_UNSUPPORTED"],
  ["a start function that traps", solveModule(ECHO, { start: 1, fns: [{ code: [0x00] }] }), "X07WASM_WASM_INSTANTIATE_FAILED"],
  ["an export of the wrong kind", solveModule(ECHO, { exports: [["memory", 0, 0]] }), "X07WASM_EXPORT_MISSING_MEMORY"],
])("not opened: %s", async (_, module, code) => {
  const opened = await open(module);
  expect(opened.ok ? [] : opened.error.map((d) => d.code)).toEqual([code]);
});
