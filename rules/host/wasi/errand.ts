// The guest's end of a request to somebody else: what it sends and gets goes over a line to the courier's thread (host/courier.ts), and
// the guest sleeps where it must wait. Asks the rules before anything leaves. Knows no sockets.

import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import type { NetworkCapabilities } from "../../ops/capabilities.ts";
import { NetworkRules } from "../../ops/network.ts";
import type { Denial } from "../../ops/network.ts";
import { Halt } from "../stop.ts";
import type { Tank } from "../component/tank.ts";
import { sideProgram } from "../side.ts";
import type { Header } from "./http.ts";
import { LOW } from "./live.ts";
import { IoError, Sink } from "./world.ts";
import { type Source, type Waitable, waitable } from "./world.ts";

/** Words that both ends of an errand see: bytes on their way to the guest and away from it, whether the courier pauses. */
export const OUT = { coming: 0, leaving: 1, paused: 2 } as const;
const WORDS = 3;

export interface ErrandHead {
  readonly scheme: "http" | "https";
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly Header[];
  readonly hasBody: boolean;
  readonly timeouts: Timeouts;
}

/** Milliseconds. */
export interface Timeouts {
  readonly connect: number;
  readonly firstByte: number;
  readonly betweenBytes: number;
}

/** A case of wasi:http's error-code, and its words where it has some. */
export interface HttpError {
  readonly name: string;
  readonly text?: string;
}

export interface SendOff {
  readonly head: ErrandHead;
  readonly port: MessagePort;
  readonly words: Int32Array;
  /** Its first word is rung whenever something has come. */
  readonly bell: Int32Array;
}
export type ToCourier = { readonly kind: "body"; readonly bytes: Uint8Array } | { readonly kind: "end" } | { readonly kind: "more" } | { readonly kind: "cut" };
export type FromCourier =
  | { readonly kind: "head"; readonly status: number; readonly headers: readonly Header[] }
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "end" }
  | { readonly kind: "failed"; readonly error: HttpError; readonly denial: Denial | null };

export interface CourierData {
  readonly kind: "courier";
  readonly network: NetworkCapabilities;
}

/** The thread that speaks to others for the guests of this one; there is none until it is needed. */
export class Courier {
  readonly network: NetworkCapabilities;
  readonly rules: NetworkRules;
  #worker: Worker | null = null;

  constructor(network: NetworkCapabilities) {
    this.network = network;
    this.rules = new NetworkRules(network);
  }

  /** false: there is no program for it. */
  send(sendOff: SendOff): boolean {
    this.#worker ??= this.#start();
    this.#worker?.postMessage(sendOff, [sendOff.port]);
    return this.#worker !== null;
  }

  #start(): Worker | null {
    const program = sideProgram();
    if (program === null) return null;
    const worker = new Worker(program, { workerData: { kind: "courier", network: this.network } satisfies CourierData, execArgv: [], env: {} });
    worker.unref();
    worker.on("error", () => undefined); // its guests wait until their time is over
    worker.on("exit", () => (this.#worker = null));
    return worker;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }
}

/** Requests of one guest that are on their way at once; more are refused. */
const MAX_ERRANDS = 64;

/** All requests to others of one guest. */
export class Errands {
  readonly #courier: Courier | null;
  readonly #tank: Tank;
  readonly #bell: Int32Array;
  readonly #deny: (denial: Denial) => void;
  readonly #open: Errand[] = [];
  used = false;

  /** `courier` null: nobody may be spoken to, and that is nothing to tell. */
  constructor(courier: Courier | null, tank: Tank, bell: Int32Array, deny: (denial: Denial) => void) {
    this.#courier = courier;
    this.#tank = tank;
    this.#bell = bell;
    this.#deny = deny;
  }

  start(head: ErrandHead): Errand | HttpError {
    if (this.#courier === null) return { name: "HTTP-request-denied" };
    const denial = this.#courier.rules.check(head.scheme, head.host, head.port);
    if (denial !== null) {
      this.#deny(denial);
      return { name: "HTTP-request-denied" };
    }
    if (this.#open.length >= MAX_ERRANDS) return { name: "connection-limit-reached" };
    const { port1, port2 } = new MessageChannel();
    const words = new Int32Array(new SharedArrayBuffer(4 * WORDS));
    if (!this.#courier.send({ head, port: port2, words, bell: this.#bell })) return { name: "internal-error", text: "this copy of x07-wasm has no program for the network: it was never built" };
    this.used = true;
    const errand = new Errand(port1, words, this.#bell, this.#tank, this.#deny);
    this.#open.push(errand);
    return errand;
  }

  /** The guest is gone, and whatever it did not wait for. */
  close(): void {
    for (const errand of this.#open) errand.close();
  }
}

const NO_BYTES = new Uint8Array(0);

/** One request to somebody else. */
export class Errand {
  readonly #port: MessagePort;
  readonly #words: Int32Array;
  readonly #bell: Int32Array;
  readonly #tank: Tank;
  readonly #deny: (denial: Denial) => void;
  #coming: Uint8Array[] = [];
  #ended = false;
  #closed = false;
  head: (FromCourier & { readonly kind: "head" }) | null = null;
  failed: HttpError | null = null;
  /** When there is an answer, or it is known that there will be none. */
  readonly answered: Waitable;
  readonly body: Source;

  constructor(port: MessagePort, words: Int32Array, bell: Int32Array, tank: Tank, deny: (denial: Denial) => void) {
    this.#port = port;
    this.#words = words;
    this.#bell = bell;
    this.#tank = tank;
    this.#deny = deny;
    this.answered = this.#waitable(() => this.head !== null || this.failed !== null);
    const errand = this;
    this.body = {
      read: (max) => this.#read(max),
      waitable: this.#waitable(() => this.#coming.length > 0 || this.#over),
      get failure() {
        const { failed } = errand;
        return failed === null ? null : new IoError(failed.text === undefined ? failed.name : `${failed.name}: ${failed.text}`, { http: failed });
      },
    };
  }

  get #over(): boolean {
    return this.#ended || this.failed !== null;
  }

  #waitable(condition: () => boolean): Waitable {
    const ready = () => {
      this.#hear();
      return condition();
    };
    return waitable(ready, (ms) => this.#sleep(ms, ready));
  }

  /** Whoever waits for others does so in its own time. */
  #sleep(ms: number, ready: () => boolean): void {
    const heard = Atomics.load(this.#bell, 0);
    if (ready()) return;
    Atomics.wait(this.#bell, 0, heard, Math.max(0, Math.min(ms, this.#tank.timeLeft ?? Infinity)));
    this.#tank.lookAtClock();
  }

  #hear(): void {
    if (this.#closed) return;
    for (let got = receiveMessageOnPort(this.#port); got !== undefined; got = receiveMessageOnPort(this.#port)) {
      const message = got.message as FromCourier;
      switch (message.kind) {
        case "head": this.head = message; break;
        case "data": this.#coming.push(message.bytes); break;
        case "end": this.#ended = true; break;
        case "failed":
          this.failed = message.error;
          if (message.denial !== null) this.#deny(message.denial);
      }
    }
  }

  #read(max: number): Uint8Array | null {
    this.#hear();
    const first = this.#coming[0];
    if (first === undefined) return this.#over ? null : NO_BYTES;
    const part = first.subarray(0, max);
    if (part.length === first.length) this.#coming.shift();
    else this.#coming[0] = first.subarray(max);
    const coming = Atomics.sub(this.#words, OUT.coming, part.length) - part.length;
    if (coming < LOW && Atomics.exchange(this.#words, OUT.paused, 0) === 1) this.#tell({ kind: "more" });
    return part;
  }

  /** Whether more may be written now. */
  readonly room: Waitable = this.#waitable(() => this.#over || Atomics.load(this.#words, OUT.leaving) <= LOW);

  write(bytes: Uint8Array): void {
    if (this.#closed || this.#over || bytes.length === 0) return;
    const copy = Uint8Array.prototype.slice.call(bytes);
    Atomics.add(this.#words, OUT.leaving, copy.length);
    this.#port.postMessage({ kind: "body", bytes: copy } satisfies ToCourier, [copy.buffer as ArrayBuffer]);
  }

  end(): void {
    this.#tell({ kind: "end" });
  }

  /** It will not be whole: nothing comes of it. */
  abandon(): void {
    if (this.#over) return;
    this.failed = { name: "HTTP-protocol-error" };
    this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#tell({ kind: "cut" });
    this.#closed = true;
    this.#port.close();
  }

  #tell(message: ToCourier): void {
    if (!this.#closed) this.#port.postMessage(message);
  }
}

/** Bytes of a body that are kept before its request is sent; more end the guest. */
const UNSENT_LIMIT = 1024 * 1024;

/** The body of a request to somebody else: kept until it is sent, then passed on. */
export class ErrandSink extends Sink {
  #errand: Errand | null = null;
  #unsent: Uint8Array[] = [];
  #unsentLength = 0;
  #finished = false;

  constructor() {
    super("request body", Number.MAX_SAFE_INTEGER);
  }
  override get waitable(): Waitable | null {
    return this.#errand?.room ?? null;
  }
  protected override keep(bytes: Uint8Array): void {
    if (this.#errand !== null) return this.#errand.write(bytes);
    this.#unsentLength += bytes.length;
    if (this.#unsentLength > UNSENT_LIMIT) throw new Halt({ kind: "output", stream: "request body", limit: UNSENT_LIMIT });
    this.#unsent.push(Uint8Array.prototype.slice.call(bytes));
  }
  override finish(): void {
    this.#finished = true;
    this.#errand?.end();
  }
  abandon(): void {
    if (!this.#finished) this.#errand?.abandon();
  }
  send(errand: Errand): void {
    this.#errand = errand;
    for (const bytes of this.#unsent) errand.write(bytes);
    this.#unsent = [];
    if (this.#finished) errand.end();
  }
}
