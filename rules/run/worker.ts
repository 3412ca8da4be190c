// A guest away from this thread: on one of its own with a deep stack, or, when its time may run out, in a process that can be
// ended whatever it does (V8 does not stop a thread that fills memory again and again). Knows nothing of what the outcome means.

import type { ChildProcess } from "node:child_process";
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

/** What is run: the module with the meter in it, compiled and as bytes. */
export interface GuestCode {
  readonly module: WebAssembly.Module;
  readonly bytes: Uint8Array;
  readonly setup: GuestSetup;
}

export interface GuestJob extends Omit<GuestCode, "bytes"> {
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

/** What a guest was asked for, or why it is no more: one that timed out or broke answers nothing again. */
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

function stackMb(setup: GuestSetup): number {
  const wanted = Math.ceil(setup.stack / (1024 * 1024)) * STACK_PER_METERED;
  return Math.min(MAX_STACK_MB, Math.max(MIN_STACK_MB, wanted));
}

/** The thread's program: says that it is there, makes the guest, tells about it, then makes one call for each message. */
const PROGRAM = `
const { parentPort: port, workerData: { module, setup } } = require("node:worker_threads");
port.postMessage("there");
const { call, ...opening } = (${guest})(module, setup);
port.on("message", ({ input, fuel }) => port.postMessage(call(input, fuel)));
port.postMessage(opening);`;

/** The process's program: compiles the module, which was validated, and stands between its parent and a thread. */
const PROCESS_PROGRAM = `
require("node:v8").setFlagsFromString("--wasm-lazy-validation");
require("node:v8").setFlagsFromString("--no-liftoff"); // a long call stays in the code it began with
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.once("message", ({ program, bytes, setup, stackSizeMb }) => {
  const { Worker } = require("node:worker_threads");
  const module = new WebAssembly.Module(bytes);
  const worker = new Worker(program, { eval: true, execArgv: [], workerData: { module, setup }, resourceLimits: { stackSizeMb } });
  worker.on("message", (value) => process.send({ value }));
  worker.on("error", (error) => process.send({ broken: String(error?.message ?? error) }));
  process.on("message", (message) => worker.postMessage(message));
});`;

/** What carries a guest: a thread or a process. */
interface Carrier {
  send(message: unknown): void;
  end(): void;
}

export class GuestAway {
  #carrier: Carrier | undefined;
  #over: Answer<never> | undefined;
  #told: ((answer: Answer<unknown>) => void) | undefined;
  /** Answers that came before anybody waited for them. */
  readonly #early: Answer<unknown>[] = [];
  readonly #wallMs: number | null;

  private constructor(wallMs: number | null) {
    this.#wallMs = wallMs;
  }

  /** Instantiates the module, which may take `wallMs`, as may each call; null: any time. Starting thread or process does not count. */
  static async open(code: GuestCode, wallMs: number | null): Promise<{ readonly guest: GuestAway; readonly opening: Answer<Opening> }> {
    const away = new GuestAway(wallMs);
    away.#carrier = wallMs === null ? await away.#thread(code) : await away.#process(code);
    const there = await away.#answer(null);
    return { guest: away, opening: there.kind === "answer" ? ((await away.#answer(wallMs)) as Answer<Opening>) : there };
  }

  async call(input: Uint8Array, fuel: bigint): Promise<Answer<CallOutcome>> {
    if (this.#over) return this.#over;
    this.#carrier?.send({ input, fuel });
    return (await this.#answer(this.#wallMs)) as Answer<CallOutcome>;
  }

  close(): void {
    this.#over ??= { kind: "broken", message: "the guest was closed" };
    this.#carrier?.end();
  }

  async #thread({ module, setup }: GuestCode): Promise<Carrier> {
    const { Worker } = await import("node:worker_threads");
    const worker: Worker = new Worker(PROGRAM, { eval: true, execArgv: [], workerData: { module, setup }, resourceLimits: { stackSizeMb: stackMb(setup) } });
    worker.on("message", (value: unknown) => this.#tell({ kind: "answer", value }));
    worker.on("error", (error: unknown) => this.#end({ kind: "broken", message: error instanceof Error ? error.message : String(error) }));
    worker.on("exit", (code) => this.#end({ kind: "broken", message: `the thread ended early (exit code ${code})` }));
    return { send: (message) => worker.postMessage(message), end: () => void worker.terminate() };
  }

  async #process({ bytes, setup }: GuestCode): Promise<Carrier> {
    const { spawn } = await import("node:child_process");
    const child: ChildProcess = spawn(process.execPath, ["-e", PROCESS_PROGRAM], { stdio: ["ignore", "ignore", "ignore", "ipc"], serialization: "advanced", env: {} });
    child.on("message", (message: { readonly value?: unknown; readonly broken?: string }) => (message.broken === undefined ? this.#tell({ kind: "answer", value: message.value }) : this.#end({ kind: "broken", message: message.broken })));
    child.on("error", (error) => this.#end({ kind: "broken", message: error.message }));
    child.on("exit", (code, signal) => this.#end({ kind: "broken", message: `the process ended early (${signal ?? `exit code ${String(code)}`})` }));
    child.send({ program: PROGRAM, bytes, setup, stackSizeMb: stackMb(setup) }, () => {});
    return { send: (message) => void child.send(message as object, () => {}), end: () => void child.kill("SIGKILL") };
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
    this.#carrier?.end();
    this.#tell(answer);
  }
}

export type AwayOutcome =
  | { readonly kind: "ran"; readonly run: GuestRun }
  | { readonly kind: "timeout" }
  | { readonly kind: "broken"; readonly message: string };

/** One call in a fresh instance away from this thread, with the fuel that the start function left. */
export async function runAway(code: GuestCode, input: Uint8Array | null, wallMs: number | null): Promise<AwayOutcome> {
  const { guest: away, opening } = await GuestAway.open(code, wallMs);
  try {
    if (opening.kind !== "answer") return opening;
    const { failed, heapBase, dataEnd, fuelLeft } = opening.value;
    if (failed || input === null) return { kind: "ran", run: { failed, heapBase, dataEnd, call: null } };
    const answer = await away.call(input, fuelLeft);
    return answer.kind === "answer" ? { kind: "ran", run: { failed, heapBase, dataEnd, call: answer.value } } : answer;
  } finally {
    away.close();
  }
}
