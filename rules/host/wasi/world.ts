// What one guest sees of the outside: its streams, arguments, variables, clock and chance, and the request it answers. Knows no ABI.

import { Halt } from "../stop.ts";
import type { Tank } from "../component/tank.ts";
import type { Value } from "../component/value.ts";
import type { HttpError } from "./errand.ts";
import type { FileErrorName, Folders } from "./folders.ts";
import type { Senses } from "./senses.ts";

export type HostImpl = (world: World, ...args: Value[]) => Value;

/** One function that the host offers: its type in the one spelling of component/types.ts, and what it does. */
export interface Offer {
  readonly type: string;
  readonly run: HostImpl;
}
export type Interface = { readonly [name: string]: Offer };

/** What a guest may have to wait for because its other end is not in memory. */
export interface Waitable {
  readonly ready: boolean;
  /** Sleeps until something changed, or so many milliseconds. */
  sleep(ms: number): void;
}

/** Something that is looked at anew whenever somebody asks whether it is ready. */
export function waitable(look: () => boolean, sleep: (ms: number) => void): Waitable {
  return {
    get ready() {
      return look();
    },
    sleep,
  };
}

/** Bytes for a guest. */
export interface Source {
  /** Up to `max` bytes, none if there are none yet; null at the end. */
  read(max: number): Uint8Array | null;
  /** null: it never has to be waited for. */
  readonly waitable: Waitable | null;
  /** Why it came to an end before it should have; null: it did not. */
  readonly failure?: IoError | null;
}

export class InputStream implements Source {
  readonly waitable = null;
  readonly #bytes: Uint8Array;
  readonly #most: number;
  #at = 0;
  /** `most`: what one read gives at most. */
  constructor(bytes: Uint8Array, most = Infinity) {
    this.#bytes = bytes;
    this.#most = most;
  }
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
  /** null: there is always room. */
  get waitable(): Waitable | null {
    return null;
  }
  /** Keeps what fits; then more than that ends the guest. */
  write(bytes: Uint8Array): void {
    const room = this.#limit - this.#length;
    const part = bytes.length > room ? bytes.subarray(0, room) : bytes;
    if (part.length > 0 && this.#limit !== NOBODY) {
      this.#length += part.length;
      this.keep(part);
    }
    if (bytes.length > room) throw new Halt({ kind: "output", stream: this.#name, limit: this.#limit });
  }
  /** What was written shall leave. */
  flush(): void {}
  /** Nothing more will be written. */
  finish(): void {}
  /** Why nothing can be written any more; null: nothing is wrong. */
  get failure(): IoError | null {
    return null;
  }
  /** The guest let go of the stream. */
  dropped(): void {}
  protected keep(bytes: Uint8Array): void {
    this.#chunks.push(Uint8Array.prototype.slice.call(bytes));
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
  dropped(): void {
    this.sink.dropped();
  }
}

/** Why a stream failed, in the words of whoever is behind it. */
export class IoError {
  readonly message: string;
  readonly http: HttpError | null;
  readonly file: FileErrorName | null;
  constructor(message: string, { http = null, file = null }: { readonly http?: HttpError | null; readonly file?: FileErrorName | null } = {}) {
    this.message = message;
    this.http = http;
    this.file = file;
  }
}

/** Ready at once, at a real time, or when something else is. */
export class Pollable {
  readonly at: bigint | null;
  readonly of: Waitable | null;
  constructor(at: bigint | null, of: Waitable | null = null) {
    this.at = at;
    this.of = of;
  }
}

export interface World {
  readonly tank: Tank;
  readonly args: readonly string[];
  readonly stdin: Uint8Array;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly senses: Senses;
  /** null: none are open to it. */
  readonly folders: Folders | null;
}

/** Real nanoseconds, whatever the guest is told: what it waits for comes to pass. */
export function realTime(): bigint {
  return process.hrtime.bigint();
}
