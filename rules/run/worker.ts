// Runs a guest on a thread of its own, with a deep stack and, if wanted, a wall-clock limit. Knows nothing of what the outcome means.

import type { CallOutcome, GuestSetup, Stop } from "./guest.ts";
import { guest } from "./guest.ts";

/** One run from instantiation to the end of the last call, as plain data. */
export interface GuestRun {
  readonly failed: Stop | null;
  readonly heapBase: number;
  readonly dataEnd: number;
  /** The last call; null when instantiation failed or no call was wanted. */
  readonly call: CallOutcome | null;
}

export interface GuestJob {
  readonly module: WebAssembly.Module;
  readonly setup: GuestSetup;
  /** The inputs of the calls, made one after another in the same instance; none: instantiate only. */
  readonly inputs: readonly Uint8Array[];
  /** Whether every call starts with full fuel; else the first goes on with what the start function left. */
  readonly refill: boolean;
}

/** The run on this thread. Self-contained but for `makeGuest`, like guest() itself: it is also the worker's program. */
export function runGuest(job: GuestJob, makeGuest: typeof guest): GuestRun {
  const instance = makeGuest(job.module, job.setup);
  const fuel = job.refill ? job.setup.fuel : instance.fuelLeft;
  let call: CallOutcome | null = null;
  if (!instance.failed) for (const input of job.inputs) call = instance.call(input, fuel);
  return { failed: instance.failed, heapBase: instance.heapBase, dataEnd: instance.dataEnd, call };
}

export type WorkerOutcome =
  | { readonly kind: "ran"; readonly run: GuestRun }
  | { readonly kind: "timeout" }
  | { readonly kind: "broken"; readonly message: string };

/**
 * V8 frames of unoptimised code are larger than the meter's estimate (a slot for every local, of which the meter
 * counts 16), so the thread's stack is many times the metered one. It is address space, not memory, until used.
 */
const STACK_PER_METERED = 128;
const MIN_STACK_MB = 64;
const MAX_STACK_MB = 900;

/** The run on a worker thread, ended after `maxWallMs` if that is not null. */
export async function runInWorker(job: GuestJob, maxWallMs: number | null): Promise<WorkerOutcome> {
  const { Worker } = await import("node:worker_threads");
  const stackMb = Math.ceil(job.setup.stack / (1024 * 1024)) * STACK_PER_METERED;
  const program = `const t = require("node:worker_threads"); t.parentPort.postMessage((${runGuest})(t.workerData, (${guest})));`;
  return new Promise((resolve) => {
    const worker = new Worker(program, {
      eval: true,
      execArgv: [],
      workerData: job,
      resourceLimits: { stackSizeMb: Math.min(MAX_STACK_MB, Math.max(MIN_STACK_MB, stackMb)) },
    });
    const timer = maxWallMs === null ? null : setTimeout(() => end({ kind: "timeout" }), maxWallMs);
    function end(outcome: WorkerOutcome): void {
      if (timer) clearTimeout(timer);
      void worker.terminate();
      resolve(outcome);
    }
    worker.once("message", (run: GuestRun) => end({ kind: "ran", run }));
    worker.once("error", (error: unknown) => end({ kind: "broken", message: error instanceof Error ? error.message : String(error) }));
    worker.once("exit", (code) => end({ kind: "broken", message: `the worker ended early (exit code ${code})` }));
  });
}
