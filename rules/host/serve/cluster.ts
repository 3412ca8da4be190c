// Several processes that serve one address: as many as the machine has cores, and one more whenever all of them are busy. Knows no HTTP.

import cluster from "node:cluster";
import type { Worker } from "node:cluster";
import { availableParallelism } from "node:os";
import type { Diagnostic, Result } from "../../../engine/index.ts";
import { fail, ok } from "../../../engine/index.ts";
import { finding } from "../../wasm/finding.ts";
import { HEARTBEAT_MS } from "./child.ts";
import type { FromChild, Orders, ToChild } from "./child.ts";
import type { LedgerData } from "./ledger.ts";
import { together } from "./ledger.ts";

/** A process that has not spoken for so long is running a guest; a machine that is short of time is no reason to start more. */
const BUSY_MS = 1_000;
/** A process more than the machine has cores is ended when it was not needed for so long. */
const UNNEEDED_MS = 10_000;
/** The clock inside the guests ends them; a process that is silent for longer than this beyond it is lost. */
const LOST_MS = 5_000;
/** Guests run on a process's main thread: deep recursion must find the metered end of the stack first. */
const STACK_KB = 6_000;
/**
 * Every request leaves an instance behind, which V8 keeps in old space until a whole collection: much of the young generation
 * survives. Larger ones cost no less, and hold up requests for longer.
 */
const YOUNG_MB = 16;
/** Memories without guard regions: cheaper to make and to give back than their bounds checks cost small guests. */
const NO_GUARDS = "--disable-wasm-trap-handler";

function execArgv(): string[] {
  const words = [`--stack-size=${STACK_KB}`, `--min-semi-space-size=${YOUNG_MB}`, `--max-semi-space-size=${YOUNG_MB}`];
  return process.allowedNodeEnvironmentFlags.has(NO_GUARDS) ? [...words, NO_GUARDS] : words;
}

export interface Served {
  readonly ledger: LedgerData;
  readonly outcome: Result<void>;
}

interface Child {
  readonly worker: Worker;
  spoke: number;
  ready: boolean;
  /** Told to end, for it is not needed any more. */
  leaving: boolean;
}

function tell(child: Child, message: ToChild): void {
  if (child.worker.isConnected()) child.worker.send(message);
}

export function serveTogether(program: string, orders: Orders, ready: (bound: string) => void, stop: AbortSignal): Promise<Served> {
  return new Together(program, orders, ready, stop).run();
}

class Together {
  readonly #orders: Orders;
  readonly #ready: (bound: string) => void;
  readonly #stop: AbortSignal;
  readonly #children = new Set<Child>();
  readonly #ledgers: LedgerData[] = [];
  readonly #problems: Diagnostic[] = [];
  readonly #cores = availableParallelism();
  /** Every process runs one guest at a time. */
  readonly #limit: number;
  /** Reading certificates takes its time at the start: only whoever speaks TLS to others needs them. */
  readonly #env: NodeJS.ProcessEnv;
  #told = false;
  #needed = 0;
  #stopping = false;
  #timer: NodeJS.Timeout | undefined;
  #done: (served: Served) => void = () => undefined;

  constructor(program: string, orders: Orders, ready: (bound: string) => void, stop: AbortSignal) {
    // Each process takes part of the requests at once.
    const maxConcurrent = Math.max(1, Math.ceil(orders.listen.maxConcurrent / this.#cores));
    this.#orders = { ...orders, listen: { ...orders.listen, maxConcurrent } };
    this.#limit = Math.max(this.#cores, orders.listen.maxConcurrent);
    this.#ready = ready;
    this.#env = orders.job.grants?.network.allowlist.some((e) => e.proto === "https") === true ? {} : { NODE_EXTRA_CA_CERTS: "" };
    this.#stop = stop;
    cluster.schedulingPolicy = cluster.SCHED_NONE; // whoever is idle accepts; setupPrimary freezes this
    cluster.setupPrimary({ exec: program, args: [], execArgv: execArgv(), serialization: "advanced", silent: false });
  }

  run(): Promise<Served> {
    return new Promise((resolve) => {
      this.#done = resolve;
      for (let n = 0; n < this.#cores; n++) this.#fork();
      this.#timer = setInterval(() => this.#look(), HEARTBEAT_MS);
      if (this.#stop.aborted) this.#end();
      else this.#stop.addEventListener("abort", () => this.#end(), { once: true });
    });
  }

  #fork(): void {
    const child: Child = { worker: cluster.fork(this.#env), spoke: Date.now(), ready: false, leaving: false };
    this.#children.add(child);
    // A child that is ending takes no more messages; that it ended is told by "exit".
    child.worker.on("error", () => undefined);
    child.worker.process.on("error", () => undefined);
    child.worker.on("message", (message: FromChild) => this.#hear(child, message));
    child.worker.once("exit", () => this.#gone(child));
  }

  #hear(child: Child, message: FromChild): void {
    child.spoke = Date.now();
    switch (message.kind) {
      case "started": return tell(child, { kind: "orders", orders: this.#orders });
      case "alive": return;
      case "ready":
        child.ready = true;
        if (!this.#told) this.#ready(message.bound);
        this.#told = true;
        if (this.#stopping) tell(child, { kind: "stop" });
        return;
      case "done":
        this.#ledgers.push(message.ledger);
        this.#problems.push(...message.problems);
        if (message.problems.length > 0) this.#end();
    }
  }

  #gone(child: Child): void {
    this.#children.delete(child);
    if (!this.#stopping && !child.ready && this.#told === false && this.#problems.length === 0) {
      this.#problems.push(finding("X07WASM_SERVE_LISTEN_FAILED", "run", "a serving process ended before it was ready"));
      this.#end();
    }
    if (!this.#stopping && this.#told && !child.leaving) this.#fork();
    if (this.#stopping && this.#children.size === 0) this.#finish();
  }

  /** More processes while all are busy, an end for one that is lost. */
  #look(): void {
    if (this.#stopping) return;
    const now = Date.now();
    const lost = this.#orders.job.wallMs + LOST_MS;
    for (const child of this.#children) if (child.ready && now - child.spoke > lost) child.worker.process.kill("SIGKILL");
    const all = [...this.#children];
    if (all.every((c) => c.ready && now - c.spoke > BUSY_MS)) {
      this.#needed = now;
      if (all.length < this.#limit) this.#fork();
    } else if (all.length > this.#cores && now - this.#needed > UNNEEDED_MS) {
      const idle = all.find((c) => c.ready && !c.leaving && now - c.spoke <= 2 * HEARTBEAT_MS);
      if (idle === undefined) return;
      idle.leaving = true;
      this.#needed = now;
      tell(idle, { kind: "stop" });
    }
  }

  #end(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    clearInterval(this.#timer);
    for (const child of this.#children) if (child.ready) tell(child, { kind: "stop" }); else child.worker.process.kill("SIGKILL");
    const wait = this.#orders.job.wallMs + LOST_MS;
    setTimeout(() => this.#children.forEach(({ worker }) => worker.process.kill("SIGKILL")), wait).unref();
    if (this.#children.size === 0) this.#finish();
  }

  #finish(): void {
    const [first] = this.#problems;
    this.#done({ ledger: together(this.#ledgers), outcome: first === undefined ? ok(undefined) : fail([first]) });
  }
}
