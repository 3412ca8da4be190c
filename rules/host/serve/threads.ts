// Threads whose guests may wait: for a request that is still coming, for a client that takes its answer. Hands bytes to and fro
// within bounds. Knows no HTTP; the guest's end is wasi/live.ts.

import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import type { HttpJob, HttpOutcome } from "../host.ts";
import type { LiveOutcome } from "../v8.ts";
import type { HttpRequest } from "../wasi/http.ts";
import { HIGH, LOW, WORD, WORDS } from "../wasi/live.ts";
import type { FromGuest, ToGuest } from "../wasi/live.ts";

/** Threads of one process; each keeps a prepared component. */
const MAX_THREADS = 8;
/** Address space, not memory, until it is used. */
const STACK_MB = 256;

export interface Start {
  readonly request: HttpRequest;
  readonly port: MessagePort;
  readonly words: Int32Array;
}

/** What becomes of a guest's answer. */
export interface Listening {
  head(head: FromGuest & { readonly kind: "head" }): void;
  /** `left` is to be called when the bytes are with the client. */
  data(bytes: Uint8Array, left: () => void): void;
  /** There is room for more of the request. */
  more(): void;
  /** All data of the answer came before. null: the thread was lost. */
  ended(outcome: HttpOutcome | null): void;
}

export class Threads {
  readonly #program: string;
  readonly #job: HttpJob;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();

  constructor(program: string, job: HttpJob) {
    this.#program = program;
    this.#job = job;
  }

  /** null: all are taken. */
  start(request: HttpRequest, listening: Listening): GuestCall | null {
    const worker = this.#idle.pop() ?? (this.#all.size < MAX_THREADS ? this.#spawn() : null);
    return worker === null ? null : new GuestCall(worker, request, listening, () => this.#free(worker));
  }

  #spawn(): Worker {
    const worker = new Worker(this.#program, { workerData: { kind: "stream", job: this.#job }, execArgv: [], env: {}, resourceLimits: { stackSizeMb: STACK_MB } });
    this.#all.add(worker);
    worker.unref();
    worker.on("error", () => undefined); // "exit" follows
    worker.on("exit", () => {
      this.#all.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    return worker;
  }

  #free(worker: Worker): void {
    if (this.#all.has(worker)) this.#idle.push(worker);
  }

  close(): void {
    for (const worker of this.#all) void worker.terminate();
  }
}

/** One request in a thread. */
export class GuestCall {
  readonly #port: MessagePort;
  readonly #words = new Int32Array(new SharedArrayBuffer(4 * WORDS));
  readonly #to: Listening;
  readonly #worker: Worker;
  readonly #free: () => void;
  readonly #lost = () => this.#end(null);
  #over = false;

  constructor(worker: Worker, request: HttpRequest, to: Listening, free: () => void) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = worker;
    this.#to = to;
    this.#free = free;
    port1.on("message", (message: FromGuest | LiveOutcome) => this.#hear(message));
    worker.once("exit", this.#lost);
    worker.postMessage({ request, port: port2, words: this.#words } satisfies Start, [port2]);
  }

  #hear(message: FromGuest | LiveOutcome): void {
    if ("outcome" in message) return this.#end(message.outcome);
    switch (message.kind) {
      case "head": return this.#to.head(message);
      case "more": return this.#to.more();
      case "data": return this.#to.data(message.bytes, () => {
        Atomics.sub(this.#words, WORD.leaving, message.bytes.length);
        this.#ring();
      });
    }
  }

  #end(outcome: HttpOutcome | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#worker.off("exit", this.#lost);
    this.#port.close();
    this.#free();
    this.#to.ended(outcome);
  }

  #ring(): void {
    Atomics.add(this.#words, WORD.bell, 1);
    Atomics.notify(this.#words, WORD.bell);
  }

  /** Part of the request's body. false: there is enough on its way, `more` will say when to go on. */
  body(bytes: Uint8Array): boolean {
    if (this.#over) return true;
    const copy = Uint8Array.prototype.slice.call(bytes);
    const coming = Atomics.add(this.#words, WORD.coming, copy.length) + copy.length;
    this.#port.postMessage({ kind: "body", bytes: copy } satisfies ToGuest, [copy.buffer as ArrayBuffer]);
    this.#ring();
    if (coming < HIGH) return true;
    Atomics.store(this.#words, WORD.paused, 1);
    // It may have read all of it meanwhile, and then nobody else would say so.
    return Atomics.load(this.#words, WORD.coming) < LOW && Atomics.exchange(this.#words, WORD.paused, 0) === 1;
  }

  end(): void {
    if (this.#over) return;
    this.#port.postMessage({ kind: "end" } satisfies ToGuest);
    this.#ring();
  }

  /** Ends the guest at its next word with the outside. */
  cut(): void {
    Atomics.store(this.#words, WORD.cut, 1);
    this.#ring();
  }
}
