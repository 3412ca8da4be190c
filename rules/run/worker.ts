// A guest on a thread of its own, with a deep stack, that can be ended when its time is up. Knows nothing of what the outcome means.

import type { Worker } from "node:worker_threads";
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

/** The run on this thread. */
export function runGuest(job: GuestJob): GuestRun {
  const instance = guest(job.module, job.setup);
  const fuel = job.refill ? job.setup.fuel : instance.fuelLeft;
  let call: CallOutcome | null = null;
  if (!instance.failed) for (const input of job.inputs) call = instance.call(input, fuel);
  return { failed: instance.failed, heapBase: instance.heapBase, dataEnd: instance.dataEnd, call };
}

/** What a thread was asked for, or why it is no more: a thread that timed out or broke answers nothing again. */
export type Answer<T> = { readonly kind: "answer"; readonly value: T } | { readonly kind: "timeout" } | { readonly kind: "broken"; readonly message: string };

/** A fresh instance after its start function. */
export interface Opening {
  readonly failed: Stop | null;
  readonly heapBase: number;
  readonly dataEnd: number;
  readonly fuelLeft: bigint;
}

/**
 * V8 frames of unoptimised code are larger than the meter's estimate (a slot for every local, of which the meter
 * counts 16), so the thread's stack is many times the metered one. It is address space, not memory, until used.
 */
const STACK_PER_METERED = 128;
const MIN_STACK_MB = 64;
const MAX_STACK_MB = 900;

/** The thread's program: says that it is there, makes the guest, tells about it, then makes one call for each message. */
const PROGRAM = `
const { parentPort: port, workerData: { module, setup } } = require("node:worker_threads");
port.postMessage("there");
const { call, ...opening } = (${guest})(module, setup);
port.on("message", ({ input, fuel }) => port.postMessage(call(input, fuel)));
port.postMessage(opening);`;

export class GuestThread {
  readonly #worker: Worker;
  #over: Answer<never> | undefined;
  #told: ((answer: Answer<unknown>) => void) | undefined;
  /** Answers that came before anybody waited for them. */
  readonly #early: Answer<unknown>[] = [];

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (value: unknown) => this.#tell({ kind: "answer", value }));
    worker.on("error", (error: unknown) => this.#end({ kind: "broken", message: error instanceof Error ? error.message : String(error) }));
    worker.on("exit", (code) => this.#end({ kind: "broken", message: `the worker ended early (exit code ${code})` }));
  }

  /** Starts a thread and instantiates the module there, which may take `wallMs`; null: any time. The start of the thread itself does not count. */
  static async open(module: WebAssembly.Module, setup: GuestSetup, wallMs: number | null): Promise<{ readonly thread: GuestThread; readonly opening: Answer<Opening> }> {
    const { Worker } = await import("node:worker_threads");
    const stackMb = Math.ceil(setup.stack / (1024 * 1024)) * STACK_PER_METERED;
    const thread = new GuestThread(new Worker(PROGRAM, {
      eval: true,
      execArgv: [],
      workerData: { module, setup },
      resourceLimits: { stackSizeMb: Math.min(MAX_STACK_MB, Math.max(MIN_STACK_MB, stackMb)) },
    }));
    const there = await thread.#answer(null);
    return { thread, opening: there.kind === "answer" ? ((await thread.#answer(wallMs)) as Answer<Opening>) : there };
  }

  async call(input: Uint8Array, fuel: bigint, wallMs: number | null): Promise<Answer<CallOutcome>> {
    if (this.#over) return this.#over;
    this.#worker.postMessage({ input, fuel });
    return (await this.#answer(wallMs)) as Answer<CallOutcome>;
  }

  close(): Promise<unknown> {
    this.#over ??= { kind: "broken", message: "the thread was closed" };
    return this.#worker.terminate();
  }

  #answer(wallMs: number | null): Promise<Answer<unknown>> {
    const early = this.#early.shift() ?? this.#over;
    if (early) return Promise.resolve(early);
    return new Promise((resolve) => {
      const timer = wallMs === null ? undefined : setTimeout(() => this.#end({ kind: "timeout" }), Math.max(0, wallMs));
      this.#told = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
    });
  }

  #tell(answer: Answer<unknown>): void {
    const told = this.#told;
    this.#told = undefined;
    if (told) told(answer);
    else if (answer.kind === "answer") this.#early.push(answer);
  }

  #end(answer: Answer<never>): void {
    this.#over ??= answer;
    void this.#worker.terminate();
    this.#tell(answer);
  }
}

export type WorkerOutcome =
  | { readonly kind: "ran"; readonly run: GuestRun }
  | { readonly kind: "timeout" }
  | { readonly kind: "broken"; readonly message: string };

/** The whole run on a thread of its own, ended after `maxWallMs` if that is not null. */
export async function runInWorker(job: GuestJob, maxWallMs: number | null): Promise<WorkerOutcome> {
  const { thread, opening } = await GuestThread.open(job.module, job.setup, maxWallMs);
  const clock = countdown(maxWallMs);
  try {
    if (opening.kind !== "answer") return opening;
    const { failed, heapBase, dataEnd, fuelLeft } = opening.value;
    const fuel = job.refill ? job.setup.fuel : fuelLeft;
    let call: CallOutcome | null = null;
    for (const input of failed ? [] : job.inputs) {
      const answer = await thread.call(input, fuel, clock());
      if (answer.kind !== "answer") return answer;
      call = answer.value;
    }
    return { kind: "ran", run: { failed, heapBase, dataEnd, call } };
  } finally {
    void thread.close();
  }
}

/** Milliseconds that are left of `ms` whenever it is asked; null: no limit. */
export function countdown(ms: number | null): () => number | null {
  const end = ms === null ? null : performance.now() + ms;
  return () => (end === null ? null : Math.max(0, end - performance.now()));
}
