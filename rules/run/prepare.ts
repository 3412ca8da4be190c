// What must hold before a solve module is called, and how its limits are woven in. Runs nothing.

import type { Diagnostic } from "../../engine/index.ts";
import { finding } from "../wasm/finding.ts";
import { PAGE } from "../wasm/inspect.ts";
import type { MemoryPlan } from "../wasm/memory-plan.ts";
import { meter } from "../wasm/meter.ts";
import type { Probes } from "../wasm/meter.ts";
import { readModule, signatureOf, VALTYPE } from "../wasm/read.ts";
import type { CoreModule } from "../wasm/read.ts";
import type { GuestSetup } from "./guest.ts";

/** A count from a document or a flag: exact up to 2^64−1, as bigint where a number cannot hold it. */
export type Count = number | bigint;

/** null = off (fuel), the host's default (stack) or no limit. Memory and table limit 0 mean no limit too. */
export interface CoreLimits {
  readonly maxFuel: Count | null;
  readonly maxMemoryBytes: Count | null;
  readonly maxTableElements: Count | null;
  readonly maxWasmStackBytes: Count | null;
  /** "pooling" demands memory and table limits; V8 allocates on demand either way. */
  readonly instanceAllocator?: "on_demand" | "pooling";
  /** The content of a configuration of Wasmtime's cache of compiled code; V8 has no use for it. */
  readonly cacheConfig?: Uint8Array | null;
}

export interface CoreRequest {
  readonly module: Uint8Array;
  readonly input: Uint8Array;
  readonly arenaCap: Count;
  readonly maxOutput: Count;
  readonly limits: CoreLimits;
  readonly plan: MemoryPlan;
  /** Milliseconds the call may take; null or absent: no limit. */
  readonly maxWallMs?: number | null;
}

/** What was found of a module that may be run; the last two are told only later, in the order of an engine's own steps. */
export interface ModuleChecks {
  /** The store's caps: the limit, and what the module itself states. */
  readonly memoryCap: bigint | null;
  readonly tableCap: bigint | null;
  readonly hasStart: boolean;
  /** A memory or table that is over its cap from the start. */
  readonly tooBig: Diagnostic | null;
  /** What is wrong with the exports. */
  readonly late: Diagnostic | null;
}

/** A module with its limits woven in. */
export interface Woven extends ModuleChecks {
  readonly bytes: Uint8Array;
  readonly probes: Probes;
}

const MAX_FUEL = 2n ** 63n - 1n;
const U32_MAX = 2n ** 32n - 1n;
const DEFAULT_STACK = 1024 * 1024;

/** The module's own checks, in the order in which they are reported; the first failure ends them. */
export function checkModule(bytes: Uint8Array, limits: CoreLimits): (ModuleChecks & { readonly module: CoreModule }) | Diagnostic {
  const invalid = validate(bytes);
  if (invalid) return finding("X07WASM_WASM_INVALID", "run", `invalid module: ${invalid}`);
  const module = readModule(bytes);
  if (!module.ok) return finding("X07WASM_WASM_INVALID", "run", `invalid module: ${module.error.message} (at offset ${module.error.offset})`);
  if (module.value.imports.length > 0) return importsUnsupported(module.value);
  const memoryCap = memoryCapBytes(module.value, limits);
  const tableCap = unlimitedIfZero(limits.maxTableElements);
  return { module: module.value, memoryCap, tableCap, hasStart: module.value.start !== null, tooBig: checkInitialSizes(module.value, memoryCap, tableCap), late: checkExports(module.value) };
}

/** Checks the module and weaves its limits in. */
export function weave(bytes: Uint8Array, limits: CoreLimits): Woven | Diagnostic {
  const checked = checkModule(bytes, limits);
  if ("code" in checked) return checked;
  const { module, ...checks } = checked;
  const metered = meter(module, {
    fuel: limits.maxFuel !== null,
    maxPages: checks.memoryCap === null ? null : Number(checks.memoryCap / BigInt(PAGE)),
    maxElements: Number(checks.tableCap ?? U32_MAX),
  });
  if (!metered.ok) return finding("X07WASM_WASM_INVALID", "run", `invalid module: ${metered.error.message} (at offset ${metered.error.offset})`);
  return { ...checks, ...metered.value };
}

/** The caller's settings as a guest takes them. */
export function guestSetup(request: Pick<CoreRequest, "arenaCap" | "maxOutput" | "limits" | "plan">, checks: ModuleChecks, probes: Probes): GuestSetup {
  const { limits, plan } = request;
  return {
    arenaCap: Number(min(BigInt(request.arenaCap), U32_MAX)),
    maxOutput: Number(min(BigInt(request.maxOutput), U32_MAX)),
    probes,
    fuel: limits.maxFuel === null ? 0n : min(BigInt(limits.maxFuel), MAX_FUEL),
    stack: Number(min(BigInt(limits.maxWasmStackBytes ?? (plan.stack_size_bytes || DEFAULT_STACK)), 2n ** 31n - 1n)),
    maxMemoryBytes: checks.memoryCap === null ? null : Number(checks.memoryCap),
    maxTableElements: checks.tableCap === null ? null : Number(checks.tableCap),
  };
}

/** What is wrong with exports or arena: told only after instantiation succeeded. */
export function lateProblem(checks: ModuleChecks, arenaCap: Count): Diagnostic | null {
  const arena = BigInt(arenaCap);
  return checks.late ?? (arena > U32_MAX ? finding("X07WASM_ARENA_CAP_TOO_LARGE", "parse", `an arena of ${arena} bytes does not fit a 32-bit memory`) : null);
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Memory and table limits: null and 0 both mean none. */
function unlimitedIfZero(limit: Count | null): bigint | null {
  return limit === null || BigInt(limit) === 0n ? null : BigInt(limit);
}

/** Settings that no engine takes. */
export function checkEngine(limits: CoreLimits): Diagnostic | null {
  if (limits.maxWasmStackBytes !== null && BigInt(limits.maxWasmStackBytes) === 0n) {
    return { ...finding("X07WASM_WASMTIME_ENGINE_FAILED", "run", "a wasm stack of 0 bytes cannot run anything"), hint: "set max_wasm_stack_bytes to at least a few KiB, or to null" };
  }
  const pooled = limits.instanceAllocator === "pooling";
  if (pooled && (unlimitedIfZero(limits.maxMemoryBytes) === null || unlimitedIfZero(limits.maxTableElements) === null)) {
    return { ...finding("X07WASM_WASMTIME_ENGINE_FAILED", "run", "instance_allocator pooling needs max_memory_bytes and max_table_elements"), hint: "set both limits, or use instance_allocator on_demand" };
  }
  return null;
}

/** null: valid; else what V8 says is wrong. */
function validate(bytes: Uint8Array): string | null {
  if (WebAssembly.validate(bytes)) return null;
  try {
    new WebAssembly.Module(bytes);
    return null; // cannot be: validate() just said no
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.replace(/^WebAssembly\.Module\(\): /, "");
  }
}

function importsUnsupported(module: CoreModule): Diagnostic {
  const names = module.imports.map((i) => `${i.module}.${i.name}`);
  return {
    ...finding("X07WASM_WASM_IMPORTS_UNSUPPORTED", "run", `a solve module must not import anything; this one imports ${names.slice(0, 8).join(", ")}${names.length > 8 ? ", …" : ""}`),
    hint: "build a component and use `x07-wasm component run` for programs that need a host",
  };
}

/** The store's cap: the limit, and what the module states as its maximum (its initial size when it states none). */
function memoryCapBytes(module: CoreModule, limits: CoreLimits): bigint | null {
  const limit = unlimitedIfZero(limits.maxMemoryBytes);
  const memory = module.memories[0];
  if (!memory) return limit;
  const own = BigInt(memory.max ?? memory.min) * BigInt(PAGE);
  return limit === null ? own : min(limit, own);
}

function checkInitialSizes(module: CoreModule, memoryCap: bigint | null, tableCap: bigint | null): Diagnostic | null {
  const memory = module.memories.find((m) => memoryCap !== null && BigInt(m.min) * BigInt(PAGE) > memoryCap);
  if (memory) return finding("X07WASM_WASM_INSTANTIATE_FAILED", "run", `cannot instantiate: the initial memory of ${memory.min * PAGE} bytes exceeds the limit of ${memoryCap} bytes`);
  const table = module.tables.find((t) => tableCap !== null && BigInt(t.limits.min) > tableCap);
  if (table) return finding("X07WASM_WASM_INSTANTIATE_FAILED", "run", `cannot instantiate: the initial table of ${table.limits.min} elements exceeds the limit of ${tableCap}`);
  return null;
}

/** The exports of the solve ABI by kind and type; the first that is wrong. */
function checkExports(module: CoreModule): Diagnostic | null {
  const byName = new Map(module.exports.map((e) => [e.name, e]));
  if (byName.get("memory")?.kind !== "memory") return finding("X07WASM_EXPORT_MISSING_MEMORY", "run", "the export `memory` is not a memory");
  const solve = byName.get("x07_solve_v2");
  const type = solve?.kind === "func" ? signatureOf(module, solve.index) : null;
  if (type?.params.length !== 5 || type.results.length !== 0 || type.params.some((p) => p !== VALTYPE.i32)) {
    return finding("X07WASM_EXPORT_INVALID_X07_SOLVE_V2", "run", "the export `x07_solve_v2` is not a function of five i32 parameters without results");
  }
  for (const [name, code] of [["__heap_base", "X07WASM_EXPORT_MISSING_HEAP_BASE"], ["__data_end", "X07WASM_EXPORT_MISSING_DATA_END"]] as const) {
    const found = byName.get(name);
    if (found?.kind !== "global" || module.globals[found.index]?.type !== VALTYPE.i32) return finding(code, "run", `the export \`${name}\` is not an i32 global`);
  }
  return null;
}
