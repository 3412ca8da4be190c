// A growing byte writer and a bounds-checked reader for the engine's binary files. Knows nothing of what is in them.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export class ByteWriter {
  #buffer = new Uint8Array(256);
  #view = new DataView(this.#buffer.buffer);
  /** The same memory: a Buffer writes text without a copy of its own. */
  #texts = Buffer.from(this.#buffer.buffer);
  #length = 0;

  #room(n: number): number {
    const at = this.#length;
    if (at + n > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(this.#buffer.length * 2, at + n));
      grown.set(this.#buffer.subarray(0, at));
      this.#buffer = grown;
      this.#view = new DataView(grown.buffer);
      this.#texts = Buffer.from(grown.buffer);
    }
    this.#length = at + n;
    return at;
  }
  u8(n: number): void {
    const at = this.#room(1);
    this.#view.setUint8(at, n);
  }
  u32(n: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, n, true);
  }
  f64(n: number): void {
    const at = this.#room(8);
    this.#view.setFloat64(at, n, true);
  }
  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#buffer.set(bytes, at);
  }
  /** Length (u32) and bytes. */
  blob(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.raw(bytes);
  }
  text(s: string): void {
    // No character takes more than three bytes for each of its units.
    const at = this.#room(4 + s.length * 3);
    const n = this.#texts.write(s, at + 4);
    this.#view.setUint32(at, n, true);
    this.#length = at + 4 + n;
  }
  /** Pads with zeros to a multiple of `n`, for typed-array views over the file. */
  align(n: number): void {
    while (this.#length % n !== 0) this.u8(0);
  }
  get length(): number {
    return this.#length;
  }
  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }
}

/** Reading past the end throws this; callers treat the file as damaged. */
export class CutShort extends Error {}

export class ByteReader {
  readonly bytes: Uint8Array;
  #view: DataView;
  #texts: Buffer;
  #end: number;
  at = 0;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#end = bytes.length;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#texts = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  /** Goes on at `at`, and sees nothing from `end` on. */
  part(at: number, end: number): this {
    this.at = at;
    this.#end = Math.min(end, this.bytes.length);
    return this;
  }
  #take(n: number): number {
    const at = this.at;
    if (at + n > this.#end) throw new CutShort();
    this.at = at + n;
    return at;
  }
  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }
  raw(n: number): Uint8Array {
    const at = this.#take(n);
    return this.bytes.subarray(at, at + n);
  }
  /** So many bytes as lower-case hex digits. */
  hex(n: number): string {
    const at = this.#take(n);
    return this.#texts.toString("hex", at, at + n);
  }
  blob(): Uint8Array {
    return this.raw(this.u32());
  }
  text(): string {
    const n = this.u32();
    const at = this.#take(n);
    return this.#texts.toString("utf8", at, at + n);
  }
  align(n: number): void {
    while (this.at % n !== 0) this.#take(1);
  }
}

/**
 * 32-bit check of a whole buffer: any change of one word changes it (each step is a bijection of the state), a cut or a
 * longer file too (length is mixed in). It finds accidents, not attackers; content that crosses machines has sha256.
 */
export function checksum(bytes: Uint8Array): number {
  let h = bytes.length | 0;
  const words = bytes.length >>> 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.byteOffset % 4 === 0) {
    const w = new Int32Array(bytes.buffer, bytes.byteOffset, words);
    for (let i = 0; i < words; i++) h = mix(h, w[i]!);
  } else {
    for (let i = 0; i < words; i++) h = mix(h, view.getInt32(i * 4, true));
  }
  for (let i = words * 4; i < bytes.length; i++) h = mix(h, bytes[i]!);
  return h >>> 0;
}

function mix(h: number, w: number): number {
  const x = Math.imul(h ^ w, 0x9e3779b1);
  return x ^ (x >>> 15);
}
