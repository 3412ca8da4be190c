// What one guest sees of the outside: its streams, arguments, clock and chance, and the request it answers. All in memory. Knows no ABI.

import { Halt } from "../stop.ts";
import type { Tank } from "../component/tank.ts";
import type { Value } from "../component/value.ts";

export type HostImpl = (world: World, ...args: Value[]) => Value;

/** One function that the host offers: its type in the one spelling of component/types.ts, and what it does. */
export interface Offer {
  readonly type: string;
  readonly run: HostImpl;
}
export type Interface = { readonly [name: string]: Offer };

export class InputStream {
  readonly #bytes: Uint8Array;
  readonly #most: number;
  #at = 0;
  /** `most`: what one read gives at most. */
  constructor(bytes: Uint8Array, most = Infinity) {
    this.#bytes = bytes;
    this.#most = most;
  }
  /** Up to `max` bytes; null at the end. */
  read(max: number): Uint8Array | null {
    if (this.#at >= this.#bytes.length) return null;
    const part = this.#bytes.subarray(this.#at, this.#at + Math.min(max, this.#most));
    this.#at += part.length;
    return part;
  }
}

/** Bytes that a guest wrote, at most `limit`; one more ends the guest. With `NOBODY` they go nowhere. */
export const NOBODY = Infinity;

export class Sink {
  readonly #name: string;
  readonly #limit: number;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  open = true;
  constructor(name: string, limit: number) {
    this.#name = name;
    this.#limit = limit;
  }
  get length(): number {
    return this.#length;
  }
  /** Keeps what fits; then more than that ends the guest. */
  write(bytes: Uint8Array): void {
    const room = this.#limit - this.#length;
    this.#keep(bytes.length > room ? bytes.subarray(0, room) : bytes);
    if (bytes.length > room) throw new Halt({ kind: "output", stream: this.#name, limit: this.#limit });
  }
  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#limit === NOBODY) return;
    this.#chunks.push(Uint8Array.prototype.slice.call(bytes));
    this.#length += bytes.length;
    // Guests that write byte by byte must not cost an object a byte.
    if (this.#chunks.length >= 1024) this.#chunks.splice(0, this.#chunks.length, this.bytes());
  }
  bytes(): Uint8Array {
    if (this.#chunks.length === 1) return this.#chunks[0]!;
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }
}

export class OutputStream {
  readonly sink: Sink;
  constructor(sink: Sink) {
    this.sink = sink;
  }
}

export class IoError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** Ready at once, or at an instant of the monotonic clock (nanoseconds). */
export class Pollable {
  readonly at: bigint | null;
  constructor(at: bigint | null) {
    this.at = at;
  }
}

export interface World {
  readonly tank: Tank;
  readonly args: readonly string[];
  readonly stdin: Uint8Array;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Instant at which the monotonic clock began. */
  readonly began: bigint;
}

export function monotonic(world: World): bigint {
  return process.hrtime.bigint() - world.began;
}
