// The protobuf wire format, as much of it as the messages here need: varints and length-delimited fields. Knows no message.

import { CutShort, textOf, utf8 } from "../../lib/bytes.ts";

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Writes fields in the order of the calls; members with their default value are left out, as proto3 does. */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];

  number(field: number, value: number): this {
    if (value !== 0) this.#parts.push(varint(field * 8 + VARINT), varint(value));
    return this;
  }
  bytes(field: number, value: Uint8Array): this {
    return value.length === 0 ? this : this.message(field, value);
  }
  text(field: number, value: string): this {
    return this.bytes(field, utf8(value));
  }
  /** An encoded message or a repeated member: present even when it is empty. */
  message(field: number, value: Uint8Array): this {
    this.#parts.push(varint(field * 8 + BYTES), varint(value.length), value);
    return this;
  }
  finish(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** A decoded message: every occurrence of every field. Throws CutShort where the bytes are no message. */
export class Message {
  readonly #numbers = new Map<number, number>();
  readonly #bytes = new Map<number, Uint8Array[]>();

  constructor(encoded: Uint8Array) {
    const r = new VarintReader(encoded);
    while (!r.done) {
      const tag = r.varint();
      const field = Math.floor(tag / 8);
      if (tag % 8 === VARINT) this.#numbers.set(field, r.varint());
      else if (tag % 8 === BYTES) this.#bytes.set(field, [...(this.#bytes.get(field) ?? []), r.take(r.varint())]);
      else if (tag % 8 === FIXED64) r.take(8);
      else if (tag % 8 === FIXED32) r.take(4);
      else throw new CutShort();
    }
  }
  number(field: number): number {
    return this.#numbers.get(field) ?? 0;
  }
  all(field: number): readonly Uint8Array[] {
    return this.#bytes.get(field) ?? [];
  }
  bytes(field: number): Uint8Array {
    return this.all(field).at(-1) ?? new Uint8Array(0);
  }
  text(field: number): string {
    return textOf(this.bytes(field));
  }
}

class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }
  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const b = this.#bytes[this.#at++];
      if (b === undefined || scale > 2 ** 63) throw new CutShort();
      value += (b & 127) * scale;
      if (b < 128) return value;
    }
  }
  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new CutShort();
    const piece = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return piece;
  }
}
