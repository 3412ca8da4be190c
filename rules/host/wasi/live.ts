// The guest's end of a line to another thread: a body that is still coming, an answer that leaves while it is written. The guest
// sleeps where it must wait. Knows no sockets; the other end is serve/threads.ts.

import { receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { Halt } from "../stop.ts";
import type { Tank } from "../component/tank.ts";
import type { Header, Live, OutgoingResponse } from "./http.ts";
import { Sink } from "./world.ts";
import { type Source, type Waitable, waitable } from "./world.ts";

/** Words that both ends see: a bell that is rung for the guest, bytes on their way in and out, whether the sender pauses, the end of it all. */
export const WORD = { bell: 0, coming: 1, leaving: 2, paused: 3, cut: 4 } as const;
export const WORDS = 5;

/** Bytes on their way in one direction before the faster side has to wait, and where it may go on. */
export const HIGH = 262_144;
export const LOW = 131_072;

export type ToGuest = { readonly kind: "body"; readonly bytes: Uint8Array } | { readonly kind: "end" };
export type FromGuest =
  | { readonly kind: "head"; readonly status: number; readonly headers: readonly Header[]; readonly length: number | null }
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  /** There is room for more of the request's body. */
  | { readonly kind: "more" };

/** What is written is collected up to so many bytes, or so long while the guest goes on writing. */
const PIECE = 65_536;
const LATE_MS = 10;
const NO_BYTES = new Uint8Array(0);

export class GuestLine implements Live {
  readonly #port: MessagePort;
  readonly #words: Int32Array;
  readonly #tank: Tank;
  readonly source: Source;
  #coming: Uint8Array[] = [];
  #ended = false;
  #head: FromGuest & { readonly kind: "head" } | null = null;
  #leaving: Uint8Array[] = [];
  #length = 0;
  #left = 0;
  /** Rung whenever something comes. */
  get bell(): Int32Array {
    return this.#words; // WORD.bell is the first
  }
  /** Something of the answer is with the client already. */
  begun = false;

  constructor(port: MessagePort, words: Int32Array, tank: Tank) {
    this.#port = port;
    this.#words = words;
    this.#tank = tank;
    this.source = { read: (max) => this.#read(max), waitable: this.#waitable(() => this.#coming.length > 0 || this.#ended) };
  }

  /** Collected answers have no other place than memory until something leaves. */
  sink(limit: number): Sink {
    return new LiveSink(limit, this, this.#waitable(() => Atomics.load(this.#words, WORD.leaving) <= LOW));
  }

  head(response: OutgoingResponse): void {
    this.#head = { kind: "head", status: response.status, headers: [...response.headers], length: promised(response) };
  }

  // ---- waiting -------------------------------------------------------------------------------------

  #waitable(condition: () => boolean): Waitable {
    const ready = () => {
      this.#hear();
      return condition();
    };
    return waitable(ready, (ms) => this.#sleep(ms, condition));
  }

  /** The clock of the guest stands while it waits for a client. What it wrote so far leaves first. */
  #sleep(ms: number, condition: () => boolean): void {
    const heard = Atomics.load(this.#words, WORD.bell);
    this.#hear();
    if (condition()) return;
    this.push();
    const began = performance.now();
    Atomics.wait(this.#words, WORD.bell, heard, ms);
    this.#tank.pause(performance.now() - began);
  }

  #hear(): void {
    if (Atomics.load(this.#words, WORD.cut) !== 0) throw new Halt({ kind: "gone" });
    for (let got = receiveMessageOnPort(this.#port); got !== undefined; got = receiveMessageOnPort(this.#port)) {
      const message = got.message as ToGuest;
      if (message.kind === "end") this.#ended = true;
      else this.#coming.push(message.bytes);
    }
  }

  // ---- bodies --------------------------------------------------------------------------------------

  #read(max: number): Uint8Array | null {
    this.#hear();
    const first = this.#coming[0];
    if (first === undefined) return this.#ended ? null : NO_BYTES;
    const part = first.subarray(0, max);
    if (part.length === first.length) this.#coming.shift();
    else this.#coming[0] = first.subarray(max);
    const coming = Atomics.sub(this.#words, WORD.coming, part.length) - part.length;
    if (coming < LOW && Atomics.exchange(this.#words, WORD.paused, 0) === 1) this.#tell({ kind: "more" });
    return part;
  }

  write(bytes: Uint8Array): void {
    this.#leaving.push(Uint8Array.prototype.slice.call(bytes));
    this.#length += bytes.length;
    if (this.#length >= PIECE || (this.begun && performance.now() - this.#left > LATE_MS)) this.push();
  }

  /** What was not sent, where the answer ended before anything was. */
  rest(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#leaving) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  /** Sends what was written, the head first; nothing can leave before the guest has set its answer. */
  push(): void {
    if (this.#head === null) return;
    if (!this.begun) this.#tell(this.#head);
    this.begun = true;
    this.#left = performance.now();
    if (this.#length === 0) return;
    const bytes = this.rest();
    this.#leaving = [];
    this.#length = 0;
    Atomics.add(this.#words, WORD.leaving, bytes.length);
    this.#port.postMessage({ kind: "data", bytes } satisfies FromGuest, [bytes.buffer as ArrayBuffer]);
  }

  #tell(message: FromGuest): void {
    this.#port.postMessage(message);
  }
}

class LiveSink extends Sink {
  readonly #line: GuestLine;
  readonly #waitable: Waitable;
  constructor(limit: number, line: GuestLine, waitable: Waitable) {
    super("response body", limit);
    this.#line = line;
    this.#waitable = waitable;
  }
  override get waitable(): Waitable {
    return this.#waitable;
  }
  protected override keep(bytes: Uint8Array): void {
    this.#line.write(bytes);
  }
  override flush(): void {
    this.#line.push();
  }
  override bytes(): Uint8Array {
    return this.#line.rest();
  }
}

function promised(response: OutgoingResponse): number | null {
  const [value] = response.headers.get("content-length");
  const text = value === undefined ? "" : Buffer.from(value).toString("latin1");
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : null;
}
