// The graph report (x07.wasm.graph.report@0.1.0): what each action did and why, for machines. A reader of outcomes.

import type { Diagnostic } from "../diagnostic.ts";
import type { Traffic } from "../cache/farther.ts";
import type { ActionOutcome, Counts } from "../event.ts";
import { canonical, type JsonValue } from "../lib/canonical-json.ts";

export interface GraphReport {
  readonly goal: string;
  readonly ok: boolean;
  readonly counts: Counts;
  readonly actions: readonly ActionOutcome[];
  readonly recovered: readonly Diagnostic[];
  readonly traffic?: Traffic | undefined;
}

export function graphReportText(r: GraphReport): string {
  return canonical({
    schema_version: "x07.wasm.graph.report@0.1.0",
    goal: r.goal,
    ok: r.ok,
    counts: { ...r.counts },
    actions: r.actions.map((a) => ({ rule: a.rule, label: a.label, state: a.state, key: a.key, duration_ms: a.duration_ms, reasons: a.reasons.map((x) => ({ ...x })) })),
    recovered: r.recovered.map((d) => ({ code: d.code, message: d.message })),
    ...(r.traffic === undefined ? {} : { remote: { hits: r.traffic.hits, misses: r.traffic.misses, downloaded_bytes: r.traffic.downloadedBytes, uploaded_bytes: r.traffic.uploadedBytes, failures: r.traffic.failures } }),
  } as unknown as JsonValue);
}

/** The same actions as the next run will see them when nothing has changed. */
export function allFresh(r: GraphReport): GraphReport {
  const actions = r.actions.map((a) => ({ ...a, state: "fresh" as const, reasons: [], duration_ms: 0 }));
  return { ...r, actions, recovered: [], traffic: undefined, counts: { total: actions.length, fresh: actions.length, cut_off: 0, restored: 0, ran: 0, failed: 0 } };
}
