// The values an x07 program computes with, as plain objects, and the trap that ends it. Knows no syntax.

/** i32 values are JS numbers in the signed range; f64 values are JS numbers too (static types keep them apart). */
export type Value = number | Bytes | View | Vec | Option | Outcome;

export interface Bytes {
  readonly kind: "bytes";
  readonly data: Uint8Array;
}
export interface View {
  readonly kind: "view";
  readonly data: Uint8Array;
}
/** `data.length` is the capacity. Mutable, as its owner is unique. */
export interface Vec {
  readonly kind: "vec";
  data: Uint8Array;
  length: number;
}
export interface Option {
  readonly kind: "option";
  readonly value: Value | undefined;
}
/** A result_*: `value` when ok, else the error code. */
export interface Outcome {
  readonly kind: "result";
  readonly value: Value | undefined;
  readonly code: number;
}

/** The program ended itself; nothing in the language can catch this. */
export class Trap extends Error {
  override readonly name = "Trap";
}
export function trap(message: string): never {
  throw new Trap(message);
}

/** The program uses something the interpreter does not know, or is not well typed: a fault of the test. */
export class Unknown extends Error {
  override readonly name = "Unknown";
}
export function unknown(message: string): never {
  throw new Unknown(message);
}

export const bytes = (data: Uint8Array): Bytes => ({ kind: "bytes", data });
export const view = (data: Uint8Array): View => ({ kind: "view", data });
export const some = (value: Value): Option => ({ kind: "option", value });
export const none: Option = { kind: "option", value: undefined };
export const okay = (value: Value): Outcome => ({ kind: "result", value, code: 0 });
export const failed = (code: number): Outcome => ({ kind: "result", value: undefined, code });

/** The readable content of anything that is bytes, a view of bytes, or a vec. */
export function contentOf(v: Value): Uint8Array {
  if (typeof v === "object") {
    if (v.kind === "bytes" || v.kind === "view") return v.data;
    if (v.kind === "vec") return v.data.subarray(0, v.length);
  }
  return unknown(`bytes expected, got ${describe(v)}`);
}
export function numberOf(v: Value): number {
  return typeof v === "number" ? v : unknown(`a number expected, got ${describe(v)}`);
}
export function vecOf(v: Value): Vec {
  return typeof v === "object" && v.kind === "vec" ? v : unknown(`vec_u8 expected, got ${describe(v)}`);
}
export function bytesOf(v: Value): Bytes {
  return typeof v === "object" && v.kind === "bytes" ? v : unknown(`bytes expected, got ${describe(v)}`);
}
export function outcomeOf(v: Value): Outcome {
  return typeof v === "object" && v.kind === "result" ? v : unknown(`a result expected, got ${describe(v)}`);
}

/** What stays in a name after its owned value was moved away (seen when a loop moves twice). */
export function leftBehind(v: Value): Value {
  if (typeof v === "object" && v.kind === "bytes") return bytes(new Uint8Array(0));
  if (typeof v === "object" && v.kind === "vec") return { kind: "vec", data: new Uint8Array(0), length: 0 };
  return v;
}

function describe(v: Value): string {
  return typeof v === "number" ? `number ${v}` : v.kind;
}

/** All memory the program asks for goes through here, so that limits and budgets can be counted. */
export interface Memory {
  allocate(size: number): Uint8Array;
  readonly allocated: number;
}
export function memory(limit: number): Memory {
  let allocated = 0;
  return {
    get allocated() {
      return allocated;
    },
    allocate(size) {
      const n = size >>> 0;
      if (n > limit) trap("out of memory");
      allocated += n;
      return new Uint8Array(n);
    },
  };
}
export function copyOf(m: Memory, source: Uint8Array): Bytes {
  const data = m.allocate(source.length);
  data.set(source);
  return bytes(data);
}
