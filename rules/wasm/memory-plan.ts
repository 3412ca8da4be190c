// What linker flags and a module say about linear memory, and whether they agree. Knows nothing of profiles or runs.

import type { Diagnostic, Stage } from "../../engine/index.ts";
import { finding } from "./finding.ts";
import type { WasmFacts } from "./inspect.ts";

/** Linear memory of a built module, sizes in bytes; as in reports and manifests. */
export interface MemoryPlan {
  readonly stack_first: boolean;
  readonly stack_size_bytes: number;
  readonly initial_memory_bytes: number;
  readonly max_memory_bytes: number;
  readonly growable_memory: boolean;
}

export const ZERO_PLAN: MemoryPlan = { stack_first: false, stack_size_bytes: 0, initial_memory_bytes: 0, max_memory_bytes: 0, growable_memory: false };

/** Exports that every solve module must have, in the order reports list them. */
export const REQUIRED_EXPORTS = ["x07_solve_v2", "memory", "__heap_base", "__data_end"] as const;

/** The linker flags that speak of memory. null: the flag is absent and nothing is expected. */
export interface LdExpectations {
  readonly initialMemory: number | null;
  readonly maxMemory: number | null;
  readonly noGrowableMemory: boolean;
  readonly stackFirst: boolean;
  readonly stackSize: number;
}

/** Reads linker flags as data; of repeated flags the last one counts, unknown ones are passed over. */
export function readLdflags(ldflags: readonly string[]): LdExpectations {
  const sizeOf = (prefix: string): number | null => {
    const found = ldflags.filter((flag) => flag.startsWith(prefix) && /^[0-9]+$/.test(flag.slice(prefix.length))).at(-1);
    return found === undefined ? null : Number(found.slice(prefix.length));
  };
  return {
    initialMemory: sizeOf("--initial-memory="),
    maxMemory: sizeOf("--max-memory="),
    noGrowableMemory: ldflags.includes("--no-growable-memory"),
    stackFirst: ldflags.includes("--stack-first"),
    stackSize: sizeOf("stack-size=") ?? 0, // the second token of `-z stack-size=N`
  };
}

/** The plan of a module with these flags; all zero sizes when it has no memory of its own. */
export function memoryPlan(expected: LdExpectations, memory: WasmFacts["memory"]): MemoryPlan {
  const initial = memory?.initial_bytes ?? 0;
  return {
    stack_first: expected.stackFirst,
    stack_size_bytes: expected.stackSize,
    initial_memory_bytes: initial,
    max_memory_bytes: memory?.max_bytes ?? initial,
    growable_memory: memory !== null && isGrowable(memory),
  };
}

export function isGrowable(memory: NonNullable<WasmFacts["memory"]>): boolean {
  return memory.max_bytes === null || memory.max_bytes > memory.initial_bytes;
}

/** Whether the module's memory is what the flags asked for; one diagnostic for each difference. */
export function checkMemory(expected: LdExpectations, memory: WasmFacts["memory"], stage: Stage): Diagnostic[] {
  if (!memory) return [finding("X07WASM_WASM_NO_MEMORY", stage, "the module defines no memory (an imported memory does not count)")];
  const found: Diagnostic[] = [];
  const max = memory.max_bytes ?? memory.initial_bytes;
  if (expected.initialMemory !== null && expected.initialMemory !== memory.initial_bytes) {
    found.push(mismatch("X07WASM_MEMORY_INITIAL_MISMATCH", stage, "initial", expected.initialMemory, memory.initial_bytes));
  }
  if (expected.maxMemory !== null && expected.maxMemory !== max) {
    found.push(mismatch("X07WASM_MEMORY_MAX_MISMATCH", stage, "maximum", expected.maxMemory, max));
  }
  if (expected.noGrowableMemory && isGrowable(memory)) {
    found.push({
      ...finding("X07WASM_MEMORY_GROWABLE", stage, "the profile says --no-growable-memory, but the module's memory can grow"),
      hint: "build the module with this profile, or run it with the profile it was built with",
    });
  }
  return found;
}

function mismatch(code: string, stage: Stage, what: string, expected: number, actual: number): Diagnostic {
  return {
    ...finding(code, stage, `${what} memory is ${actual} bytes, the profile's linker flags say ${expected}`, { expected_bytes: expected, actual_bytes: actual }),
    hint: "build the module with this profile, or run it with the profile it was built with",
  };
}

/** Required export names the module lacks (any kind will do here), in the order of REQUIRED_EXPORTS. */
export function missingExports(facts: WasmFacts): string[] {
  const names = new Set(facts.exports.map((e) => e.name));
  return REQUIRED_EXPORTS.filter((name) => !names.has(name));
}

/** `build` reports all missing exports in one diagnostic, `run` one each. */
export function checkExports(missing: readonly string[], stage: "link" | "run"): Diagnostic[] {
  if (missing.length === 0) return [];
  if (stage === "link") return [finding("X07WASM_EXPORTS_MISSING", stage, `missing exports: ${missing.join(", ")}`, { missing })];
  return missing.map((name) => finding("X07WASM_EXPORTS_MISSING", stage, `missing export: ${name}`, { missing: [name] }));
}
