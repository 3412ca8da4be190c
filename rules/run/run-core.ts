// One deterministic run of a solve module as a cached action: same module, input and limits, same outcome.

import { json, many, one, output, rule, text, value } from "../../engine/index.ts";
import type { Diagnostic } from "../../engine/index.ts";
import type { MemoryPlan } from "../wasm/memory-plan.ts";
import type { CoreLimits, CoreRequest, MemoryAddresses, RunOutcome } from "./core-host.ts";
import { type WovenFacts, wovenOf } from "./weave.ts";

/** Limits and sizes as exact decimal texts (they may exceed what a JSON number holds); null is off or no limit. */
export interface RunSettings {
  readonly arenaCap: string;
  readonly maxOutput: string;
  readonly maxFuel: string | null;
  readonly maxMemoryBytes: string | null;
  readonly maxTableElements: string | null;
  readonly maxWasmStackBytes: string | null;
  readonly maxWallMs: number | null;
  readonly instanceAllocator: "on_demand" | "pooling";
  readonly plan: MemoryPlan;
}

/** What a run came to; its output bytes are an artifact of their own. */
export interface RunRecord {
  readonly diagnostics: readonly Diagnostic[];
  readonly succeeded: boolean;
  readonly memory: MemoryAddresses | null;
  readonly trap: string | null;
  readonly fuelUsed: string | null;
  /** False when the machine, not the module, decided how it ended: such an outcome is not to be remembered. */
  readonly repeatable: boolean;
}

export function recordOf(outcome: RunOutcome): RunRecord {
  return { diagnostics: outcome.diagnostics, succeeded: outcome.output !== null, memory: outcome.memory, trap: outcome.trap, fuelUsed: outcome.fuelUsed?.toString() ?? null, repeatable: outcome.repeatable };
}

export function coreRequest(settings: RunSettings, module: Uint8Array, input: Uint8Array): CoreRequest {
  const big = (t: string | null) => (t === null ? null : BigInt(t));
  const limits: CoreLimits = {
    maxFuel: big(settings.maxFuel),
    maxMemoryBytes: big(settings.maxMemoryBytes),
    maxTableElements: big(settings.maxTableElements),
    maxWasmStackBytes: big(settings.maxWasmStackBytes),
    instanceAllocator: settings.instanceAllocator,
  };
  return { module, input, arenaCap: BigInt(settings.arenaCap), maxOutput: BigInt(settings.maxOutput), limits, plan: settings.plan, maxWallMs: settings.maxWallMs };
}

/**
 * The input is a file of the world (`file`, at most one) or, without one, the bytes of `inline` (base64). `woven` and
 * `facts` (both or none) are the module with its limits in it; then the module itself is not read.
 */
export const runCoreRule = rule({
  id: "run.core",
  version: 2,
  inputs: { module: one("core-wasm"), woven: many("woven-wasm"), facts: many("woven-facts"), file: many("file"), inline: text(), settings: json<RunSettings>() },
  outputs: { record: value<RunRecord>("run-record"), output: output("bytes", "output.bin") },
  async run({ module, woven, facts, file, inline, settings }, io) {
    const { runCore } = await import("./core-host.ts");
    const input = file[0] === undefined ? Buffer.from(inline, "base64") : file[0].bytes();
    const known = woven[0] === undefined || facts[0] === undefined ? undefined : wovenOf(JSON.parse(facts[0].text()) as WovenFacts, woven[0].bytes());
    const outcome = await runCore(coreRequest(settings, known === undefined ? module.bytes() : new Uint8Array(0), input), known);
    if (!outcome.repeatable) io.forget();
    return { ok: true, value: { record: JSON.stringify(recordOf(outcome)), output: outcome.output ?? new Uint8Array(0) } };
  },
});
