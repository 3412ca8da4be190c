// Runs a guest on a thread of its own, with a deep stack and, if wanted, a wall-clock limit. Knows nothing of what the outcome means.

import type { CallOutcome, GuestSetup, Stop } from "./guest.ts";
import { guest } from "./guest.ts";

/** One run from instantiation to the end of the call, as plain data. */
export interface GuestRun {
  readonly failed: Stop | null;
  readonly heapBase: number;
  readonly dataEnd: number;
  /** null when instantiation failed or no call was wanted. */
  readonly call: CallOutcome | null;
}

export interface GuestJob {
  readonly module: WebAssembly.Module;
  readonly setup: GuestSetup;
  /** null: instantiate only. */
  readonly input: Uint8Array | null;
}

/** The run on this thread. Self-contained but for `makeGuest`, like guest() itself: it is also the worker's program. */
export function runGuest(job: GuestJob, makeGuest: typeof guest): GuestRun {
  const instance = makeGuest(job.module, job.setup);
  const call = instance.failed || job.input === null ? null : instance.call(job.input, instance.fuelLeft);
  return { failed: instance.failed, heapBase: instance.heapBase, dataEnd: instance.dataEnd, call };
}

export type WorkerOutcome =
  | { readonly kind: "ran"; readonly run: GuestRun }
  | { readonly kind: "timeout" }
  | { readonly kind: "broken"; readonly message: string };

/**
 * V8 frames of unoptimised code are larger than the meter's estimate (a slot for every local), so the thread's
 * stack is many times the metered one. It is address space, not memory, until used.
 */
const STACK_MB_PER_METERED_MB = 16;
const MAX_STACK_MB = 512;
const MIN_STACK_MB = 32;

/** The run on a worker thread, ended after `maxWallMs` if that is not null. */
export async function runInWorker(job: GuestJob, maxWallMs: number | null): Promise<WorkerOutcome> {
  const { Worker } = await import("node:worker_threads");
  const stackMb = Math.ceil(job.setup.stack / (1024 * 1024)) * STACK_MB_PER_METERED_MB;
  const program = `const t = require("node:worker_threads"); t.parentPort.postMessage((${runGuest})(t.workerData, (${guest})));`;
  return new Promise((resolve) => {
    const worker = new Worker(program, {
      eval: true,
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
