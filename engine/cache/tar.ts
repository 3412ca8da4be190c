// Plain files in the ustar form, one byte image for one content: fixed mode, owner and time. Knows nothing of what they are.

const BLOCK = 512;
const NAME_BYTES = 100;
const SIZE_AT = 124;
const SIZE_DIGITS = 11;
const SUM_AT = 148;
const TYPE_AT = 156;
const MAGIC_AT = 257;

const octal = (n: number, digits: number) => n.toString(8).padStart(digits, "0");

/** What every header has, with blanks for the sum. */
const FRAME = Buffer.alloc(BLOCK);
for (const [at, text] of [[100, "0000444\0"], [108, "0000000\0"], [116, "0000000\0"], [136, "00000000000\0"], [SUM_AT, "        "], [TYPE_AT, "0"], [MAGIC_AT, "ustar\x0000"]] as const) FRAME.write(text, at, "latin1");
const FRAME_SUM = FRAME.reduce((sum, b) => sum + b, 0);

/** The header of a file; names are short and plain (at most 100 bytes). */
export function tarHeader(name: string, size: number): Uint8Array {
  const h = Buffer.from(FRAME);
  h.write(name, 0, NAME_BYTES, "latin1");
  h.write(octal(size, SIZE_DIGITS), SIZE_AT, SIZE_DIGITS, "latin1");
  let sum = FRAME_SUM;
  for (let i = 0; i < NAME_BYTES; i++) sum += h[i]!;
  for (let i = SIZE_AT; i < SIZE_AT + SIZE_DIGITS; i++) sum += h[i]!;
  h.write(`${octal(sum, 6)}\0 `, SUM_AT, "latin1");
  return h;
}

/** Zeros up to the next block. */
export function tarPadding(size: number): Uint8Array {
  return NOTHING.subarray(0, (BLOCK - (size % BLOCK)) % BLOCK);
}

export const TAR_END = new Uint8Array(2 * BLOCK);
const NOTHING = Buffer.alloc(BLOCK);

export type TarFault = "link" | "damaged";

export interface TarFile {
  readonly name: string;
  readonly size: number;
}

/** Reads a header; only headers as tarHeader writes them are taken. "end" is a block of zeros. */
export function readTarHeader(block: Uint8Array): TarFile | "end" | TarFault {
  const h = Buffer.from(block.buffer, block.byteOffset, block.length);
  if (h[0] === 0 && h.equals(NOTHING)) return "end";
  if (h.toString("latin1", MAGIC_AT, MAGIC_AT + 5) === "ustar" && !["0", "\0"].includes(String.fromCharCode(h[TYPE_AT]!))) return "link";
  const nameEnd = h.indexOf(0);
  const name = h.toString("latin1", 0, nameEnd < 0 ? NAME_BYTES : Math.min(nameEnd, NAME_BYTES));
  const size = Number.parseInt(h.toString("latin1", SIZE_AT, SIZE_AT + SIZE_DIGITS), 8);
  if (!Number.isSafeInteger(size) || size < 0) return "damaged";
  return h.equals(tarHeader(name, size)) ? { name, size } : "damaged";
}

/** Cuts a stream of bytes into the pieces that are asked for. What it gives is a view that holds until it is asked again. */
export class Pieces {
  readonly #next: () => readonly Uint8Array[] | undefined;
  #parts: readonly Uint8Array[] = [];
  #at = 0;
  #rest: Uint8Array = NOTHING.subarray(0, 0);

  /** `next` gives the stream's following bytes, which hold until it is called again, or undefined at its end. */
  constructor(next: () => readonly Uint8Array[] | undefined) {
    this.#next = next;
  }

  /** Some of what follows, at least one byte and at most `most`, or undefined at the end. */
  some(most: number): Uint8Array | undefined {
    while (this.#rest.length === 0) {
      if (this.#at < this.#parts.length) this.#rest = this.#parts[this.#at++]!;
      else {
        const parts = this.#next();
        if (parts === undefined) return undefined;
        [this.#parts, this.#at] = [parts, 0];
      }
    }
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(most);
    return piece;
  }

  /** Exactly `size` bytes, or undefined when the stream ends before. */
  take(size: number): Uint8Array | undefined {
    if (size === 0) return NOTHING.subarray(0, 0);
    const first = this.some(size);
    if (first === undefined || first.length === size) return first;
    // No more room than there are bytes: what says how many there are may be wrong.
    const parts = [first.slice()];
    for (let have = first.length; have < size; ) {
      const more = this.some(size - have);
      if (more === undefined) return undefined;
      parts.push(more.slice());
      have += more.length;
    }
    return Buffer.concat(parts);
  }

  /** Takes what fills a file of this size up to the next block; false where that is not zeros. */
  padding(size: number): boolean {
    return this.#zeros(tarPadding(size).length);
  }

  /** True when nothing but the end mark is left, of which one block was read. */
  ended(): boolean {
    return this.#zeros(BLOCK) && this.some(1) === undefined;
  }

  header(): Uint8Array | undefined {
    return this.take(BLOCK);
  }

  #zeros(size: number): boolean {
    const found = this.take(size);
    return found !== undefined && NOTHING.subarray(0, size).equals(found);
  }
}
