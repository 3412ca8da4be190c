// One request through a reducer: call, perform what it asks for, call again, until it answers. Knows nothing of files or reports.

import type { Diagnostic, JsonObject, JsonValue } from "../../engine/index.ts";
import type { RunOutcome } from "../run/core-host.ts";
import type { CoreSession } from "../run/session.ts";
import { finding } from "../wasm/finding.ts";
import { checkDispatch, dispatchBytes, dispatchOf, readFrame } from "./documents.ts";
import type { Step } from "./documents.ts";
import { effectsOf } from "./effects.ts";
import type { Effects } from "./effects.ts";

export interface LoopLimits {
  readonly maxSteps: number;
  readonly maxResultBytes: bigint;
}

export interface Handled {
  /** null: the request failed. */
  readonly response: JsonObject | null;
  readonly steps: readonly Step[];
  readonly diagnostics: readonly Diagnostic[];
  /** The dispatch at which it failed, where it was one that did. */
  readonly failedEnv: JsonObject | null;
  readonly repeatable: boolean;
}

export async function handle(reducer: CoreSession, request: JsonObject, effects: Effects, limits: LoopLimits): Promise<Handled> {
  const steps: Step[] = [];
  const diagnostics: Diagnostic[] = [];
  const ended = (more: Partial<Handled>): Handled => ({ response: null, steps, diagnostics, failedEnv: null, repeatable: true, ...more });
  let state: JsonValue = null;
  let results: readonly JsonObject[] = [];
  for (let step = 0; step < limits.maxSteps; step++) {
    const env = dispatchOf(state, request, results);
    const faults = await checkDispatch(env, `the dispatch of step ${step}`);
    if (faults.length > 0) return ended({ diagnostics: [...diagnostics, ...faults], failedEnv: env });
    const called = await reducer.call(dispatchBytes(env));
    if (called.output === null) return ended({ diagnostics: [...diagnostics, ...callDiagnostics(called, step, "X07WASM_HTTP_REDUCER_CALL_FAILED")], failedEnv: env, repeatable: called.repeatable });
    const read = await readFrame(called.output, `step ${step}`);
    if (!read.ok) return ended({ diagnostics: [...diagnostics, ...read.diagnostics], failedEnv: env });
    steps.push({ env, frame: read.frame });
    const response = read.frame["response"] as JsonObject | null;
    if (response !== null) return ended({ response });
    const performed = await performAll(read.frame, effects, limits);
    diagnostics.push(...performed.diagnostics);
    if (!performed.within) return ended({ failedEnv: env });
    state = read.frame["state"] as JsonValue;
    results = performed.results;
  }
  const over = finding("X07WASM_BUDGET_EXCEEDED_HTTP_EFFECTS_LOOPS", "run", `effect loop exceeded budget: max_effect_steps=${limits.maxSteps}`, { steps: steps.length, max_effect_steps: limits.maxSteps });
  return ended({ diagnostics: [...diagnostics, { ...over, hint: "raise --max-effect-steps, or let the reducer answer earlier" }], failedEnv: steps.at(-1)?.env ?? null });
}

interface Performed {
  readonly results: readonly JsonObject[];
  readonly diagnostics: readonly Diagnostic[];
  readonly within: boolean;
}

async function performAll(frame: JsonObject, effects: Effects, limits: LoopLimits): Promise<Performed> {
  const results: JsonObject[] = [];
  const diagnostics: Diagnostic[] = [];
  let bytes = 0;
  for (const effect of effectsOf(frame)) {
    const outcome = await effects.perform(effect);
    results.push(outcome.result);
    diagnostics.push(...outcome.diagnostics);
    bytes += outcome.payloadBytes;
    if (BigInt(bytes) <= limits.maxResultBytes) continue;
    const max = String(limits.maxResultBytes);
    const over = finding("X07WASM_BUDGET_EXCEEDED_HTTP_EFFECT_RESULT_BYTES", "run", `effect results exceeded budget: bytes=${bytes} max_effect_results_bytes=${max}`, { bytes, max_effect_results_bytes: limits.maxResultBytes });
    diagnostics.push({ ...over, hint: "raise --max-effect-results-bytes" });
    return { results, diagnostics, within: false };
  }
  return { results, diagnostics, within: true };
}

/** The diagnostics of a call without an answer: budgets keep their codes, anything else gets the caller's. */
export function callDiagnostics(outcome: RunOutcome, step: number, code: string): Diagnostic[] {
  return outcome.diagnostics.map((d) => (d.code.startsWith("X07WASM_BUDGET_EXCEEDED_") ? { ...d, data: { ...d.data, step } } : { ...d, code, stage: "run" as const, message: `step ${step}: ${d.message}`, data: { ...d.data, step } }));
}
