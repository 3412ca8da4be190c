// Plain files in the ustar form, one byte image for one content: fixed mode, owner and time. Knows nothing of what they are.

import { textOf, utf8 } from "../lib/bytes.ts";

const BLOCK = 512;
const TYPE_AT = 156;

/** The header of a file; names are short and plain (at most 100 bytes). */
export function tarHeader(name: string, size: number): Uint8Array {
  const h = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => h.set(utf8(text), at);
  const octal = (n: number, digits: number) => n.toString(8).padStart(digits, "0");
  put(0, name);
  put(100, "0000444\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  put(124, `${octal(size, 11)}\0`);
  put(136, "00000000000\0");
  put(148, "        ");
  put(TYPE_AT, "0");
  put(257, "ustar\x0000");
  put(148, `${octal(h.reduce((sum, b) => sum + b, 0), 6)}\0 `);
  return h;
}

/** Zeros up to the next block. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}

export const TAR_END = new Uint8Array(2 * BLOCK);

export type TarFault = "link" | "damaged";

export interface TarFile {
  readonly name: string;
  readonly size: number;
}

/** Reads a header; only headers as tarHeader writes them are taken. "end" is a block of zeros. */
export function readTarHeader(h: Uint8Array): TarFile | "end" | TarFault {
  if (h.every((b) => b === 0)) return "end";
  const field = (at: number, length: number) => textOf(h.subarray(at, at + length)).replace(/\0.*$/s, "");
  const name = field(0, 100);
  const size = Number.parseInt(field(124, 12), 8);
  if (textOf(h.subarray(257, 262)) === "ustar" && !["0", "\0"].includes(String.fromCharCode(h[TYPE_AT]!))) return "link";
  if (!Number.isSafeInteger(size) || size < 0) return "damaged";
  const right = tarHeader(name, size);
  return right.every((b, i) => b === h[i]) ? { name, size } : "damaged";
}

/** Cuts a stream of bytes into the pieces that are asked for. */
export class Pieces {
  readonly #next: () => Uint8Array | undefined;
  #rest: Uint8Array = new Uint8Array(0);

  /** `next` gives the stream's following bytes, or undefined at its end. */
  constructor(next: () => Uint8Array | undefined) {
    this.#next = next;
  }

  /** Exactly `size` bytes, or undefined when the stream ends before. */
  take(size: number): Uint8Array | undefined {
    if (this.#rest.length >= size) return this.#cut(size);
    const parts = this.#rest.length === 0 ? [] : [this.#rest];
    for (let have = this.#rest.length; have < size; ) {
      const more = this.#next();
      if (more === undefined) return undefined;
      parts.push(more);
      have += more.length;
    }
    this.#rest = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    return this.#cut(size);
  }

  #cut(size: number): Uint8Array {
    const piece = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return piece;
  }

  /** A file's content with its padding taken off; the padding must be zeros. */
  file(size: number): Uint8Array | undefined {
    const content = this.take(size);
    const padding = content === undefined ? undefined : this.take(tarPadding(size).length);
    return padding?.every((b) => b === 0) === true ? content : undefined;
  }

  /** True when nothing but the end mark is left, of which one block was read. */
  ended(): boolean {
    const mark = this.take(BLOCK);
    return mark?.every((b) => b === 0) === true && this.#rest.length === 0 && this.#next() === undefined;
  }

  header(): Uint8Array | undefined {
    return this.take(BLOCK);
  }
}
