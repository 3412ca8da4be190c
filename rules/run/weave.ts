// A big module with its limits woven in, as a cached artifact: the next run of it neither reads nor validates it again.

import { json, one, output, rule, value } from "../../engine/index.ts";
import type { Diagnostic } from "../../engine/index.ts";
import type { Probes } from "../wasm/meter.ts";
import type { Woven } from "./prepare.ts";

/** Below this size weaving takes less time than keeping what was woven. */
export const WEAVE_FROM_BYTES = 256 * 1024;

/** The limits that are woven in, as exact decimal texts; null is no limit. */
export interface WeaveSettings {
  readonly countFuel: boolean;
  readonly maxMemoryBytes: string | null;
  readonly maxTableElements: string | null;
}

/** What is known besides the woven bytes, or why the module may not run. */
export type WovenFacts =
  | { readonly refused: Diagnostic }
  | { readonly refused?: undefined; readonly probes: Probes; readonly memoryCap: string | null; readonly tableCap: string | null; readonly hasStart: boolean; readonly tooBig: Diagnostic | null; readonly late: Diagnostic | null };

export const weaveRule = rule({
  id: "run.weave",
  version: 1,
  inputs: { module: one("core-wasm"), settings: json<WeaveSettings>() },
  outputs: { facts: value<WovenFacts>("woven-facts"), woven: output("woven-wasm", "woven.wasm") },
  async run({ module, settings }) {
    const { weave } = await import("./prepare.ts");
    const big = (t: string | null) => (t === null ? null : BigInt(t));
    const woven = weave(module.bytes(), { maxFuel: settings.countFuel ? 0 : null, maxMemoryBytes: big(settings.maxMemoryBytes), maxTableElements: big(settings.maxTableElements), maxWasmStackBytes: null });
    if ("code" in woven) return made({ refused: woven }, new Uint8Array(0));
    const { bytes, probes, memoryCap, tableCap, hasStart, tooBig, late } = woven;
    return made({ probes, memoryCap: memoryCap?.toString() ?? null, tableCap: tableCap?.toString() ?? null, hasStart, tooBig, late }, bytes.slice());
  },
});

function made(facts: WovenFacts, woven: Uint8Array) {
  return { ok: true, value: { facts: JSON.stringify(facts), woven } } as const;
}

/** Facts and bytes together again. */
export function wovenOf(facts: WovenFacts, bytes: Uint8Array): Woven | Diagnostic {
  if (facts.refused) return facts.refused;
  const big = (t: string | null) => (t === null ? null : BigInt(t));
  return { ...facts, memoryCap: big(facts.memoryCap), tableCap: big(facts.tableCap), bytes };
}
