// The documents of HTTP reducers: what a dispatch, a frame and a trace look like and where their schemas are. Knows nothing of running a reducer.

import { canonical, isJsonArray, isJsonObject, parseJson } from "../../engine/index.ts";
import type { Diagnostic, JsonObject, JsonValue } from "../../engine/index.ts";
import { validate } from "../contract/validate.ts";
import { finding } from "../wasm/finding.ts";

export const SCHEMAS = {
  request: "x07-http.request.envelope.schema.json",
  response: "x07-http.response.envelope.schema.json",
  effect: "x07-http.effect.schema.json",
  dispatch: "x07-http.dispatch.schema.json",
  frame: "x07-http.frame.schema.json",
  trace: "x07-http.trace.schema.json",
} as const;

const utf8 = new TextEncoder();

export function dispatchOf(state: JsonValue, request: JsonValue, effectResults: readonly JsonValue[]): JsonObject {
  return { v: 1, kind: "x07.http.dispatch", state, request, effect_results: effectResults };
}

/** What the reducer reads. */
export function dispatchBytes(dispatch: JsonValue): Uint8Array {
  return utf8.encode(canonical(dispatch));
}

/** The diagnostics of a dispatch that must not reach the reducer; none when it is one. */
export async function checkDispatch(dispatch: JsonValue, where: string): Promise<Diagnostic[]> {
  const faults = await validate(SCHEMAS.dispatch, dispatch, where);
  return faults.length === 0 ? [] : [finding("X07WASM_HTTP_DISPATCH_SCHEMA_INVALID", "parse", `${where} is not a dispatch`), ...faults];
}

export type FrameReading = { readonly ok: true; readonly frame: JsonObject } | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** A reducer's answer as a frame, or what is wrong with it. */
export async function readFrame(bytes: Uint8Array, where: string): Promise<FrameReading> {
  const parsed = parseJson(bytes);
  const hint = "a reducer answers with one x07.http.frame document";
  if (!parsed.ok) return { ok: false, diagnostics: [{ ...finding("X07WASM_HTTP_FRAME_SCHEMA_INVALID", "parse", `frame is not JSON: ${parsed.error.message} at line ${parsed.error.line}, column ${parsed.error.column}`, { step: where }), hint }] };
  const faults = await validate(SCHEMAS.frame, parsed.value, "frame");
  if (faults.length === 0 && isJsonObject(parsed.value)) return { ok: true, frame: parsed.value };
  return { ok: false, diagnostics: [{ ...finding("X07WASM_HTTP_FRAME_SCHEMA_INVALID", "parse", `${where}: the answer is not a frame`), hint }, ...faults] };
}

export interface Step {
  readonly env: JsonObject;
  readonly frame: JsonObject;
}

export function traceOf(steps: readonly Step[], meta?: JsonObject): JsonObject {
  return { v: 1, kind: "x07.http.trace", steps: steps.map(({ env, frame }) => ({ env, frame })), ...(meta && { meta }) };
}

/** The steps of a trace as far as they can be made out; undefined when there is no list of them. */
export function stepsOf(trace: JsonValue): readonly { readonly env: JsonValue; readonly frame: JsonValue }[] | undefined {
  const steps = isJsonObject(trace) ? trace["steps"] : undefined;
  if (steps === undefined || !isJsonArray(steps)) return undefined;
  return steps.map((step) => ({ env: (isJsonObject(step) ? step["env"] : undefined) ?? null, frame: (isJsonObject(step) ? step["frame"] : undefined) ?? null }));
}

/** Warnings for steps that cannot follow one another: the state a host hands on is the one it was given. */
export function checkContinuity(trace: JsonValue, file: string): Diagnostic[] {
  const steps = stepsOf(trace) ?? [];
  const found: Diagnostic[] = [];
  for (let i = 1; i < steps.length; i++) {
    const [before, env] = [steps[i - 1]?.frame, steps[i]?.env];
    if (!isJsonObject(before) || !isJsonObject(env) || before["response"] !== null) continue;
    if (canonical(before["state"] ?? null) === canonical(env["state"] ?? null)) continue;
    found.push({ code: "X07WASM_HTTP_TRACE_STATE_BROKEN", severity: "warning", stage: "parse", message: `${file}#/steps/${i}/env/state: not the state of the frame before it`, data: { step: i }, place: { file }, hint: "record the trace again with `x07-wasm http serve --trace-out`" });
  }
  return found;
}
