// Runs a solve module under V8 within its limits and says what happened. Knows nothing of files, profiles or reports.

import type { Diagnostic } from "../../engine/index.ts";
import { finding } from "../wasm/finding.ts";
import { PAGE } from "../wasm/inspect.ts";
import type { MemoryPlan } from "../wasm/memory-plan.ts";
import { meter } from "../wasm/meter.ts";
import type { Metered } from "../wasm/meter.ts";
import { readModule, signatureOf, VALTYPE } from "../wasm/read.ts";
import type { CoreModule } from "../wasm/read.ts";
import type { Addresses, GuestSetup, Stop } from "./guest.ts";
import { callDiagnostic, explainStop, trapText } from "./outcome.ts";
import { runGuest, runInWorker } from "./worker.ts";
import type { GuestJob, GuestRun } from "./worker.ts";

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

/** Addresses known so far: none before the call, base and end when it failed, all when it succeeded. */
export interface MemoryAddresses {
  readonly heapBase: number;
  readonly dataEnd: number;
  readonly at: Addresses | null;
}

export interface RunOutcome {
  readonly diagnostics: readonly Diagnostic[];
  /** null when the run failed. */
  readonly output: Uint8Array | null;
  readonly memory: MemoryAddresses | null;
  /** The engine's words for a wasm trap or an exceeded budget. */
  readonly trap: string | null;
  /** Fuel consumed; null when fuel is off or nothing ran. Exact at the end of a call, the last known count at a trap. */
  readonly fuelUsed: bigint | null;
  /** false: the machine had a part in it (its clock, memory or stack); the same run may end differently elsewhere, so it must not be remembered. */
  readonly repeatable: boolean;
}

/** A module ready to run: metered, compiled, its limits applied. */
export interface Prepared {
  readonly module: WebAssembly.Module;
  readonly setup: GuestSetup;
  readonly counting: boolean;
  /** What is wrong with the exports or the arena; told only after instantiation succeeded. */
  readonly late: Diagnostic | null;
}

const MAX_FUEL = 2n ** 63n - 1n;
const U32_MAX = 2n ** 32n - 1n;
const DEFAULT_STACK = 1024 * 1024;
/** Fuel that is spent within seconds on any machine; more runs on a thread that can be ended. */
const IN_PROCESS_FUEL = 4_000_000_000n;

function failed(diagnostic: Diagnostic, repeatable = true): RunOutcome {
  return { diagnostics: [diagnostic], output: null, memory: null, trap: null, fuelUsed: null, repeatable };
}

/** One call of x07_solve_v2 in a fresh instance. Never rejects. */
export async function runCore(request: CoreRequest): Promise<RunOutcome> {
  const prepared = prepareCore(request);
  if ("code" in prepared) return failed(prepared);
  const { module, setup } = prepared;
  const job: GuestJob = { module, setup, inputs: prepared.late ? [] : [request.input], refill: false };
  const wall = request.maxWallMs ?? null;
  if (mayRunHere(prepared, wall)) {
    const run = runGuest(job);
    if (!hitHostStack(run)) return judge(run, prepared);
  }
  // A module without imports does the same again, so a run that needed more stack than this thread has is simply repeated.
  const outcome = await runInWorker(job, wall);
  switch (outcome.kind) {
    case "ran": return judge(outcome.run, prepared);
    case "timeout": return wallTimeExceeded(wall ?? 0);
    case "broken": return failed(finding("X07WASM_RUN_FAILED", "run", `the run could not be completed: ${outcome.message}`), false);
  }
}

/** Whether fuel bounds the run so that it needs no thread that can be ended. */
export function mayRunHere(prepared: Pick<Prepared, "counting" | "setup">, wallMs: number | null): boolean {
  return wallMs === null && prepared.counting && prepared.setup.fuel <= IN_PROCESS_FUEL;
}

export function wallTimeExceeded(maxWallMs: number): RunOutcome {
  const diagnostic = { ...finding("X07WASM_BUDGET_EXCEEDED_WALLTIME", "run", `the call took longer than ${maxWallMs} ms`, { max_wall_ms: maxWallMs }), hint: "raise --max-wall-ms, or look for a loop that does not end" };
  return { ...failed(diagnostic, false), trap: trapText.interrupt };
}

export function hitHostStack(run: Pick<GuestRun, "failed" | "call">): boolean {
  return run.failed?.kind === "host-stack" || (run.call?.kind === "stopped" && run.call.stop.kind === "host-stack");
}

/** All checks up to instantiation, in the order in which they are reported; the first failure ends them. */
export function prepareCore(request: Omit<CoreRequest, "input">): Prepared | Diagnostic {
  const { limits, plan } = request;
  const refused = checkEngine(limits);
  if (refused) return refused;
  const invalid = validate(request.module);
  if (invalid) return finding("X07WASM_WASM_INVALID", "run", `invalid module: ${invalid}`);
  const module = readModule(request.module);
  if (!module.ok) return finding("X07WASM_WASM_INVALID", "run", `invalid module: ${module.error.message} (at offset ${module.error.offset})`);
  if (module.value.imports.length > 0) return importsUnsupported(module.value);
  const memoryCap = memoryCapBytes(module.value, limits);
  const tableCap = unlimitedIfZero(limits.maxTableElements);
  const metered = meter(module.value, {
    fuel: limits.maxFuel !== null,
    maxPages: memoryCap === null ? null : Number(memoryCap / BigInt(PAGE)),
    maxElements: tableCap === null ? null : Number(tableCap),
  });
  if (!metered.ok) return finding("X07WASM_WASM_INVALID", "run", `invalid module: ${metered.error.message} (at offset ${metered.error.offset})`);
  const compiled = compile(metered.value);
  if (!(compiled instanceof WebAssembly.Module)) return compiled;
  const tooBig = checkInitialSizes(module.value, memoryCap, tableCap);
  if (tooBig) return tooBig;
  const arena = BigInt(request.arenaCap);
  const late = checkExports(module.value) ?? (arena > U32_MAX ? arenaTooLarge(arena) : null);
  const fuel = limits.maxFuel === null ? 0n : min(BigInt(limits.maxFuel), MAX_FUEL);
  const setup: GuestSetup = {
    arenaCap: Number(min(arena, U32_MAX)),
    maxOutput: Number(min(BigInt(request.maxOutput), U32_MAX)),
    probes: metered.value.probes,
    fuel,
    stack: Number(min(BigInt(limits.maxWasmStackBytes ?? (plan.stack_size_bytes || DEFAULT_STACK)), 2n ** 31n - 1n)),
  };
  return { module: compiled, setup, counting: limits.maxFuel !== null, late };
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Memory and table limits: null and 0 both mean none. */
function unlimitedIfZero(limit: Count | null): bigint | null {
  return limit === null || BigInt(limit) === 0n ? null : BigInt(limit);
}

function checkEngine(limits: CoreLimits): Diagnostic | null {
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

function compile(metered: Metered): WebAssembly.Module | Diagnostic {
  try {
    return new WebAssembly.Module(metered.bytes);
  } catch (error) {
    return finding("X07WASM_WASM_COMPILE_FAILED", "run", `the module cannot be compiled: ${error instanceof Error ? error.message : String(error)}`);
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

function arenaTooLarge(arena: bigint): Diagnostic {
  return finding("X07WASM_ARENA_CAP_TOO_LARGE", "parse", `an arena of ${arena} bytes does not fit a 32-bit memory`);
}

/** What a finished run means. */
export function judge(run: GuestRun, prepared: Pick<Prepared, "setup" | "counting" | "late">): RunOutcome {
  if (run.failed) {
    return failed(finding("X07WASM_WASM_INSTANTIATE_FAILED", "run", `cannot instantiate: ${explainStop(run.failed).text}`), repeatable(run.failed));
  }
  if (prepared.late || !run.call) return failed(prepared.late ?? finding("X07WASM_RUN_FAILED", "run", "the guest was not called"));
  const memory = { heapBase: run.heapBase, dataEnd: run.dataEnd, at: run.call.kind === "output" ? run.call.at : null };
  const { diagnostic, trap } = callDiagnostic(run.call, prepared.setup);
  return {
    diagnostics: diagnostic ? [diagnostic] : [],
    output: run.call.kind === "output" ? run.call.output : null,
    memory,
    trap,
    repeatable: run.call.kind !== "stopped" || repeatable(run.call.stop),
    fuelUsed: prepared.counting && run.call.kind !== "no-room" ? prepared.setup.fuel - run.call.fuelLeft : null,
  };
}

function repeatable(stop: Stop): boolean {
  return stop.kind !== "host" && stop.kind !== "host-stack";
}
