// Runs a solve module under V8 within its limits and says what happened. Knows nothing of files, profiles or reports.

import { setFlagsFromString } from "node:v8";
import type { Diagnostic } from "../../engine/index.ts";
import { finding } from "../wasm/finding.ts";
import type { Addresses, Stop } from "./guest.ts";
import { callDiagnostic, explainStop, trapText } from "./outcome.ts";
import { checkEngine, guestSetup, lateProblem, weave } from "./prepare.ts";
import type { CoreRequest, Woven } from "./prepare.ts";
import { runAway, runGuest } from "./worker.ts";
import type { AwayOutcome, GuestCode, GuestRun } from "./worker.ts";

export type { CoreLimits, CoreRequest, Count } from "./prepare.ts";

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
export interface Prepared extends GuestCode {
  readonly counting: boolean;
  /** What is wrong with the exports or the arena; told only after instantiation succeeded. */
  readonly late: Diagnostic | null;
}

/** Fuel that is spent within seconds on any machine; more runs on a thread that can be ended. */
const IN_PROCESS_FUEL = 4_000_000_000n;

function failed(diagnostic: Diagnostic, repeatable = true): RunOutcome {
  return { diagnostics: [diagnostic], output: null, memory: null, trap: null, fuelUsed: null, repeatable };
}

/** One call of x07_solve_v2 in a fresh instance. Never rejects. */
export async function runCore(request: CoreRequest, woven?: Woven | Diagnostic): Promise<RunOutcome> {
  const prepared = prepareCore(request, woven);
  if ("code" in prepared) return failed(prepared);
  const wall = request.maxWallMs ?? null;
  const inputs = prepared.late ? [] : [request.input];
  const run = wall === null && prepared.counting ? (firstSlice(prepared, inputs) ?? wholeRun(prepared, inputs)) : null;
  if (run !== null && !hitHostStack(run)) return judge(run, prepared);
  // A module without imports does the same again, so a run that needed more stack than this thread has is simply repeated.
  const outcome = await runElsewhere(prepared, prepared.late ? null : request.input, wall);
  switch (outcome.kind) {
    case "ran": return judge(outcome.run, prepared);
    case "timeout": return wallTimeExceeded(wall ?? 0);
    case "broken": return failed(finding("X07WASM_RUN_FAILED", "run", `the run could not be completed: ${outcome.message}`), false);
  }
}

/**
 * V8 does not replace code while it runs: a call that loops for seconds would stay in the first, unoptimised code. So a
 * run gets a slice of its fuel; one that needs more (null) is made again, from the beginning, in optimised code.
 */
function firstSlice({ module, setup }: GuestCode, inputs: readonly Uint8Array[]): GuestRun | null {
  const fuel = setup.fuel <= FIRST_SLICE ? setup.fuel : FIRST_SLICE;
  const first = runGuest({ module, setup: { ...setup, fuel }, inputs, refill: false });
  const more = first.failed?.kind === "fuel" || (first.call?.kind === "stopped" && first.call.stop.kind === "fuel");
  if (more && fuel < setup.fuel) return null;
  // What is left is told of the whole tank.
  const { call } = first;
  return call === null || call.kind === "no-room" ? first : { ...first, call: { ...call, fuelLeft: call.fuelLeft + setup.fuel - fuel } };
}

/** null: it may take longer than this thread should be held up. */
function wholeRun(code: Prepared, inputs: readonly Uint8Array[]): GuestRun | null {
  if (!mayRunHere(code, null)) return null;
  return optimised(() => runGuest({ module: new WebAssembly.Module(distinct(code.bytes)), setup: code.setup, inputs, refill: false }));
}

/** Fuel of some tens of milliseconds in unoptimised code. */
const FIRST_SLICE = 30_000_000n;

function optimised<T>(run: () => T): T {
  setFlagsFromString("--no-liftoff");
  try {
    return run();
  } finally {
    setFlagsFromString("--liftoff");
  }
}

/** On a thread in optimised code, too: it is made while the guest runs. A process sees to that itself. */
async function runElsewhere(code: Prepared, input: Uint8Array | null, wallMs: number | null): Promise<AwayOutcome> {
  if (wallMs !== null) return runAway(code, input, wallMs);
  setFlagsFromString("--no-liftoff");
  try {
    return await runAway({ ...code, module: new WebAssembly.Module(distinct(code.bytes)) }, input, null);
  } finally {
    setFlagsFromString("--liftoff");
  }
}

/** The same module with an empty custom section more: V8 would give the code back that it has for the same bytes. */
function distinct(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([bytes, Uint8Array.of(0, 2, 1, 0x6f)]));
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

/** All checks up to instantiation, in the order in which they are reported; the first failure ends them. `woven`: the module with its limits, where it is known already. */
export function prepareCore(request: Omit<CoreRequest, "input">, woven?: Woven | Diagnostic): Prepared | Diagnostic {
  const refused = checkEngine(request.limits);
  if (refused) return refused;
  const ready = woven ?? weave(request.module, request.limits);
  if ("code" in ready) return ready;
  const compiled = compile(ready.bytes, woven !== undefined);
  if (!(compiled instanceof WebAssembly.Module)) return compiled;
  if (ready.tooBig) return ready.tooBig;
  return { module: compiled, bytes: ready.bytes, setup: guestSetup(request, ready, ready.probes), counting: request.limits.maxFuel !== null, late: lateProblem(ready, request.arenaCap) };
}

/** `validated`: V8 need not look at a body before it is called for the first time. */
function compile(bytes: Uint8Array, validated: boolean): WebAssembly.Module | Diagnostic {
  try {
    if (validated) setFlagsFromString("--wasm-lazy-validation");
    return new WebAssembly.Module(bytes);
  } catch (error) {
    return finding("X07WASM_WASM_COMPILE_FAILED", "run", `the module cannot be compiled: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    if (validated) setFlagsFromString("--no-wasm-lazy-validation");
  }
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
