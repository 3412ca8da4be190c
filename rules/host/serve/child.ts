// One of several processes that serve together: gets its orders from the parent, listens on the same address, tells its ledger at the end.

import cluster from "node:cluster";
import type { Diagnostic, Result } from "../../../engine/index.ts";
import type { HttpJob } from "../host.ts";
import { hostLimits } from "../limits.ts";
import { openV8 } from "../v8.ts";
import { Ledger } from "./ledger.ts";
import type { LedgerData, LedgerSettings } from "./ledger.ts";
import { listen } from "./listen.ts";
import type { ListenJob } from "./listen.ts";
import { Threads } from "./threads.ts";

export interface Orders {
  readonly job: HttpJob;
  readonly settings: LedgerSettings;
  readonly listen: Omit<ListenJob, "handler" | "threads" | "ledger" | "limits" | "ids" | "ready" | "stop">;
}

export type FromChild =
  | { readonly kind: "started" | "alive" }
  | { readonly kind: "ready"; readonly bound: string }
  | { readonly kind: "done"; readonly ledger: LedgerData; readonly problems: readonly Diagnostic[] };
export type ToChild = { readonly kind: "orders"; readonly orders: Orders } | { readonly kind: "stop" };

export const HEARTBEAT_MS = 100;
/** More than there are ever processes at once. */
const ID_STEP = 1_000;

function tell(message: FromChild): void {
  if (process.connected) process.send?.(message);
}

export function serveChild(): void {
  const stop = new AbortController();
  // A terminal's ^C reaches every process of the group: the parent decides when to stop.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  process.on("message", (message: ToChild) => {
    if (message.kind === "stop") stop.abort();
    else void serve(message.orders, stop.signal);
  });
  process.on("disconnect", () => process.exit(0));
  setInterval(() => tell({ kind: "alive" }), HEARTBEAT_MS).unref();
  tell({ kind: "started" });
}

async function serve(orders: Orders, stop: AbortSignal): Promise<void> {
  const ledger = new Ledger(orders.settings);
  const opened = openV8(orders.job);
  let outcome: Result<void> = { ok: true, value: undefined };
  if (opened.ok) {
    const limits = hostLimits(orders.job.limits, orders.job.wallMs);
    const program = process.argv[1];
    const threads = program === undefined ? null : new Threads(program, orders.job);
    outcome = await listen({ ...orders.listen, threads, handler: opened.value, ledger, limits, ids: { first: (cluster.worker?.id ?? 1) - 1, step: ID_STEP }, ready: (bound) => tell({ kind: "ready", bound }), stop });
  }
  process.send?.({ kind: "done", ledger: ledger.data(), problems: outcome.ok ? [] : outcome.error } satisfies FromChild, () => cluster.worker?.disconnect());
}
