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
