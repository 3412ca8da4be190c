// One instance of a solve module that is called again and again, its memory kept between the calls. Knows nothing of what the calls are for.

import { fail, ok } from "../../engine/index.ts";
import type { Diagnostic, Result } from "../../engine/index.ts";
import { hitHostStack, judge, prepareCore } from "./core-host.ts";
import type { CoreRequest, Prepared, RunOutcome } from "./core-host.ts";
import { guest } from "./guest.ts";
import type { Guest } from "./guest.ts";
import { runInWorker } from "./worker.ts";
import type { GuestRun } from "./worker.ts";
import { finding } from "../wasm/finding.ts";

export interface CoreSession {
  /** Calls x07_solve_v2 with full fuel. Never rejects; calls must not overlap. */
  call(input: Uint8Array): Promise<RunOutcome>;
}

/** Loads and instantiates the module; the diagnostics are those of runCore up to the call. */
export function openCore(request: Omit<CoreRequest, "input" | "maxWallMs">): Result<CoreSession> {
  const prepared = prepareCore(request);
  if ("code" in prepared) return fail([prepared]);
  const instance = guest(prepared.module, prepared.setup);
  const problem = openingProblem(prepared, instance);
  return problem ? fail(problem) : ok(new Session(prepared, instance));
}

function openingProblem(prepared: Prepared, instance: Guest): Diagnostic[] | null {
  const { failed, heapBase, dataEnd } = instance;
  if (failed === null && prepared.late === null) return null;
  return [...judge({ failed, heapBase, dataEnd, call: null }, prepared).diagnostics];
}

/**
 * Calls run on this thread as long as its stack is deep enough. A call that needs more is repeated in a worker,
 * where a fresh instance first repeats all earlier calls: without imports the same inputs lead to the same state.
 */
class Session implements CoreSession {
  private readonly prepared: Prepared;
  private readonly instance: Guest;
  private readonly history: Uint8Array[] = [];
  /** The instance here was left in the middle of a call; only a replay knows the state. */
  private broken = false;

  constructor(prepared: Prepared, instance: Guest) {
    this.prepared = prepared;
    this.instance = instance;
  }

  async call(input: Uint8Array): Promise<RunOutcome> {
    this.history.push(input);
    if (!this.broken) {
      const run = this.callHere(input);
      if (!hitHostStack(run)) return judge(run, this.prepared);
      this.broken = true;
    }
    return this.replay();
  }

  private callHere(input: Uint8Array): GuestRun {
    const { heapBase, dataEnd } = this.instance;
    return { failed: null, heapBase, dataEnd, call: this.instance.call(input, this.prepared.setup.fuel) };
  }

  private async replay(): Promise<RunOutcome> {
    const { module, setup } = this.prepared;
    const outcome = await runInWorker({ module, setup, inputs: this.history, refill: true }, null);
    if (outcome.kind === "ran") return judge(outcome.run, this.prepared);
    const message = outcome.kind === "broken" ? outcome.message : "it took too long";
    return { diagnostics: [finding("X07WASM_RUN_FAILED", "run", `the call could not be completed: ${message}`)], output: null, memory: null, trap: null, fuelUsed: null, repeatable: false };
  }
}
