// Encoder helpers for the binary format: a growing byte buffer with LEB numbers, names and sections. Knows nothing of modules.

const utf8 = new TextEncoder();

/** Bytes under construction. All methods append. */
export class ByteWriter {
  private buffer: Uint8Array;
  private used = 0;

  constructor(capacity = 256) {
    this.buffer = new Uint8Array(capacity);
  }

  get length(): number {
    return this.used;
  }

  private reserve(count: number): void {
    const need = this.used + count;
    if (need <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(need, this.buffer.length * 2));
    grown.set(this.buffer.subarray(0, this.used));
    this.buffer = grown;
  }

  /** Four bytes in one call: emitters of many short sequences run mostly in cold code, where calls are dear. */
  u8x4(a: number, b: number, c: number, d: number): this {
    this.reserve(4);
    const at = this.used;
    const { buffer } = this;
    buffer[at] = a;
    buffer[at + 1] = b;
    buffer[at + 2] = c;
    buffer[at + 3] = d;
    this.used = at + 4;
    return this;
  }

  u8(value: number): this {
    if (this.used === this.buffer.length) this.reserve(1);
    this.buffer[this.used++] = value;
    return this;
  }

  /** Unsigned LEB; `value` is an integer in 0 … 2^53−1. */
  u32(value: number): this {
    if (value < 0x80) return this.u8(value);
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.u8(rest);
  }

  /** Signed LEB of a 32-bit integer (which is also how a 64-bit constant of that size is written). */
  s32(value: number): this {
    if (value >= 0 && value < 0x40) return this.u8(value);
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return this.u8(low);
      this.u8(low | 0x80);
    }
  }

  /** Signed LEB of a 64-bit integer. */
  s64(value: bigint): this {
    let rest = BigInt.asIntN(64, value);
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return this.u8(low);
      this.u8(low | 0x80);
    }
  }

  raw(bytes: Uint8Array | readonly number[]): this {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.used);
    this.used += bytes.length;
    return this;
  }

  /** The bytes [from, to) of `source`. */
  copy(source: Uint8Array, from: number, to: number): this {
    if (to - from > 12) return this.raw(source.subarray(from, to));
    this.reserve(to - from);
    const { buffer } = this;
    let at = this.used;
    for (let i = from; i < to; i++) buffer[at++] = source[i]!;
    this.used = at;
    return this;
  }

  /** Forgets everything, keeps the room. */
  clear(): this {
    this.used = 0;
    return this;
  }

  name(text: string): this {
    return this.sized(utf8.encode(text));
  }

  /** A length and the bytes. */
  sized(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  section(id: number, content: ByteWriter): this {
    return this.u8(id).sized(content.view());
  }

  /** The bytes so far, not copied: valid until the next append. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.used);
  }

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.used);
  }
}

/** The preamble of a core module: magic and version 1. */
export const CORE_PREAMBLE: readonly number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
