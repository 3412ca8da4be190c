// Linker flags as expectations, the memory plan, and the checks of build and run.

import { expect, test } from "vitest";
import { checkExports, checkMemory, memoryPlan, missingExports, readLdflags } from "../../../rules/wasm/memory-plan.ts";
import { inspect } from "../../../rules/wasm/inspect.ts";
import { build, ECHO, solveModule } from "./kit.ts";

const FLAGS = ["--no-entry", "--initial-memory=65536", "--max-memory=65536", "--no-growable-memory", "--stack-first", "-z", "stack-size=1048576"];

test("flags are read as data", () => {
  expect(readLdflags(FLAGS)).toEqual({ initialMemory: 65536, maxMemory: 65536, noGrowableMemory: true, stackFirst: true, stackSize: 1048576 });
  expect(readLdflags(["--initial-memory=", "--max-memory=1k", "-zstack-size=5"])).toEqual({ initialMemory: null, maxMemory: null, noGrowableMemory: false, stackFirst: false, stackSize: 0 });
});

test("a module without a maximum: the plan says its initial size, and that it can grow", () => {
  const memory = { initial_bytes: 65536, max_bytes: null };
  expect(memoryPlan(readLdflags(FLAGS), memory)).toEqual({ stack_first: true, stack_size_bytes: 1048576, initial_memory_bytes: 65536, max_memory_bytes: 65536, growable_memory: true });
  expect(checkMemory(readLdflags(FLAGS), memory, "link").map((d) => [d.code, d.stage])).toEqual([["X07WASM_MEMORY_GROWABLE", "link"]]);
});

test.each<[string, { initial_bytes: number; max_bytes: number | null } | null, string[]]>([
  ["as asked", { initial_bytes: 65536, max_bytes: 65536 }, []],
  ["none", null, ["X07WASM_WASM_NO_MEMORY"]],
  ["all different", { initial_bytes: 131072, max_bytes: 196608 }, ["X07WASM_MEMORY_INITIAL_MISMATCH", "X07WASM_MEMORY_MAX_MISMATCH", "X07WASM_MEMORY_GROWABLE"]],
])("memory %s", (_, memory, codes) => {
  expect(checkMemory(readLdflags(FLAGS), memory, "run").map((d) => d.code)).toEqual(codes);
  expect(memoryPlan(readLdflags(FLAGS), memory).growable_memory).toBe(codes.includes("X07WASM_MEMORY_GROWABLE"));
});

test("nothing stated, nothing expected", () => {
  expect(checkMemory(readLdflags([]), { initial_bytes: 0, max_bytes: null }, "run")).toEqual([]);
});

test("missing exports: one diagnostic at link, one each at run; kinds do not matter", () => {
  const facts = inspect(build({ memory: [1], exports: [["memory", 2, 0], ["__heap_base", 2, 0]] }));
  const missing = facts.ok ? missingExports(facts.value) : [];
  expect(missing).toEqual(["x07_solve_v2", "__data_end"]);
  expect(checkExports(missing, "link").map((d) => d.stage)).toEqual(["link"]);
  expect(checkExports(missing, "run").map((d) => [d.code, d.stage])).toEqual([["X07WASM_EXPORTS_MISSING", "run"], ["X07WASM_EXPORTS_MISSING", "run"]]);
  const whole = inspect(solveModule(ECHO));
  expect(whole.ok && checkExports(missingExports(whole.value), "link")).toEqual([]);
});
