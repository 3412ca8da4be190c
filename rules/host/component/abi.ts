// The canonical ABI: values out of and into a component's linear memory and core values. Knows nothing of functions or instances.

import { trap } from "../stop.ts";
import type { Handles } from "./handles.ts";
import type { Flat, Resource, ValType } from "./types.ts";
import type { Rep, Tagged, Value } from "./value.ts";

export type Core = number | bigint;

/** One side of a crossing: where its values live and by which handles it knows resources. */
export interface Side {
  readonly encoding: "utf8" | "utf16" | "latin1+utf16";
  /** Whether linear memory has so many bytes; the two below reach as far as was asked here, and may reach no further. */
  holds(end: number): boolean;
  bytes(): Uint8Array;
  view(): DataView;
  realloc(size: number, align: number): number;
  readonly handles: Handles;
  /** A handle for the length of a call, or the number itself where this side defined the resource. */
  borrow(resource: Resource, rep: unknown): number;
  /** Counts bytes that a call makes the host copy or keep; stops a guest that asks for more than any program needs. */
  spend(bytes: number): void;
}

/** What one element of a list costs the host besides its content. */
const ITEM_COST = 64;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const wide = new TextDecoder("utf-16le", { fatal: true, ignoreBOM: true });

// ---------------------------------------------------------------------------------------------- ranges

function check(side: Side, at: number, size: number, align: number, what = "pointer"): void {
  if (at % align !== 0) trap(`${what} not aligned`);
  if (!side.holds(at + size)) trap(`${what} out of bounds of memory`);
}

function checkList(side: Side, at: number, count: number, type: ValType): void {
  check(side, at, count * type.size, type.align, "list pointer/length");
}

// ---------------------------------------------------------------------------------------------- strings

function liftString(side: Side, at: number, units: number): string {
  side.spend(units & 0x7fffffff);
  if (side.encoding === "utf8") {
    check(side, at, units, 1, "string pointer/length");
    return utf8Text(side.bytes().subarray(at, at + units));
  }
  const latin = side.encoding === "latin1+utf16" && (units & 0x80000000) === 0;
  const count = side.encoding === "utf16" ? units : (units & 0x7fffffff);
  check(side, at, latin ? count : count * 2, latin ? 1 : 2);
  const bytes = side.bytes().slice(at, at + (latin ? count : count * 2));
  if (latin) return Buffer.from(bytes).toString("latin1");
  try {
    return wide.decode(bytes);
  } catch {
    trap("invalid utf-16 encoding");
  }
}

/** Most strings are short and ASCII; a decoder is slow to start. */
function utf8Text(bytes: Uint8Array): string {
  if (bytes.length < 48) {
    let text = "";
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (byte >= 0x80) return decodeUtf8(bytes);
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return decodeUtf8(bytes);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    trap("invalid utf-8 sequence");
  }
}

/** [address, length in the encoding's units] */
function lowerString(side: Side, text: string): readonly [number, number] {
  if (side.encoding === "utf8") return place(side, Buffer.from(text, "utf8"), 1);
  const bytes = Buffer.from(text, "utf16le");
  const [at] = place(side, bytes, 2);
  return [at, side.encoding === "utf16" ? bytes.length / 2 : ((bytes.length / 2) | 0x80000000) >>> 0];
}

function place(side: Side, bytes: Uint8Array, align: number): readonly [number, number] {
  const at = side.realloc(bytes.length, align);
  check(side, at, bytes.length, align);
  side.bytes().set(bytes, at);
  return [at, bytes.length];
}

// ---------------------------------------------------------------------------------------------- lifting

function liftChar(code: number): string {
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) trap("integer is not a valid char");
  return String.fromCodePoint(code);
}

function liftHandle(side: Side, index: number, type: ValType & { kind: "own" | "borrow" }): Rep {
  const rep = type.kind === "own" ? side.handles.take(index, type.resource) : side.handles.rep(index, type.resource);
  return { rep };
}

function liftList(side: Side, at: number, count: number, of: ValType): Value {
  checkList(side, at, count, of);
  if (of.kind === "u8") {
    side.spend(ITEM_COST + count);
    return side.bytes().subarray(at, at + count);
  }
  side.spend(count * ITEM_COST);
  const items: Value[] = [];
  for (let i = 0; i < count; i++) items.push(load(side, at + i * of.size, of));
  return items;
}

export function load(side: Side, at: number, type: ValType): Value {
  check(side, at, type.size, type.align);
  const view = side.view();
  switch (type.kind) {
    case "bool": return view.getUint8(at) !== 0;
    case "u8": return view.getUint8(at);
    case "s8": return view.getInt8(at);
    case "u16": return view.getUint16(at, true);
    case "s16": return view.getInt16(at, true);
    case "u32": return view.getUint32(at, true);
    case "s32": return view.getInt32(at, true);
    case "u64": return view.getBigUint64(at, true);
    case "s64": return view.getBigInt64(at, true);
    case "f32": return view.getFloat32(at, true);
    case "f64": return view.getFloat64(at, true);
    case "char": return liftChar(view.getUint32(at, true));
    case "string": return liftString(side, view.getUint32(at, true), view.getUint32(at + 4, true));
    case "list": return liftList(side, view.getUint32(at, true), view.getUint32(at + 4, true), type.of);
    case "record": return type.of.map((t, i) => load(side, at + type.offsets[i]!, t));
    case "flags": return flagBits(type.size === 1 ? view.getUint8(at) : type.size === 2 ? view.getUint16(at, true) : view.getUint32(at, true), type.names.length);
    case "own": case "borrow": return liftHandle(side, view.getUint32(at, true), type);
    case "variant": {
      const tag = type.tagSize === 1 ? view.getUint8(at) : type.tagSize === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
      const of = caseOf(type, tag);
      return of === null ? { tag } : { tag, value: load(side, at + type.valueAt, of) };
    }
  }
}

function flagBits(bits: number, count: number): number {
  return count >= 32 ? bits >>> 0 : bits & ((1 << count) - 1);
}

function caseOf(type: ValType & { kind: "variant" }, tag: number): ValType | null {
  const of = type.of[tag];
  if (of === undefined) trap("invalid variant discriminant");
  return of;
}

/** Core values in the order in which a function got or gave them. */
export class Cursor {
  readonly #values: readonly Core[];
  #at = 0;
  constructor(values: readonly Core[]) {
    this.#values = values;
  }
  i32(): number {
    return Number(this.#values[this.#at++] ?? 0) | 0;
  }
  u32(): number {
    return this.i32() >>> 0;
  }
  next(): Core {
    return this.#values[this.#at++] ?? 0;
  }
  skip(count: number): void {
    this.#at += count;
  }
  get at(): number {
    return this.#at;
  }
}

export function liftFlat(side: Side, from: Cursor, type: ValType): Value {
  switch (type.kind) {
    case "bool": return from.i32() !== 0;
    case "u8": return from.i32() & 0xff;
    case "s8": return (from.i32() << 24) >> 24;
    case "u16": return from.i32() & 0xffff;
    case "s16": return (from.i32() << 16) >> 16;
    case "u32": return from.u32();
    case "s32": return from.i32();
    case "u64": return BigInt.asUintN(64, BigInt(from.next()));
    case "s64": return BigInt.asIntN(64, BigInt(from.next()));
    case "f32": case "f64": return Number(from.next());
    case "char": return liftChar(from.u32());
    case "string": { const at = from.u32(); return liftString(side, at, from.u32()); }
    case "list": { const at = from.u32(); return liftList(side, at, from.u32(), type.of); }
    case "record": return type.of.map((t) => liftFlat(side, from, t));
    case "flags": return flagBits(from.i32(), type.names.length);
    case "own": case "borrow": return liftHandle(side, from.u32(), type);
    case "variant": return liftFlatVariant(side, from, type);
  }
}

function liftFlatVariant(side: Side, from: Cursor, type: ValType & { kind: "variant" }): Tagged {
  const end = from.at + type.flat!.length;
  const tag = from.u32();
  const of = caseOf(type, tag);
  if (of === null) {
    from.skip(end - from.at);
    return { tag };
  }
  const start = from.at;
  // The case's own core types, read from slots that may be wider.
  const narrowed = of.flat!.map((want, i) => narrow(from.next(), type.flat![1 + i]!, want));
  from.skip(end - start - narrowed.length);
  return { tag, value: liftFlat(side, new Cursor(narrowed), of) };
}

const bits = new DataView(new ArrayBuffer(8));

function narrow(value: Core, have: Flat, want: Flat): Core {
  if (have === want) return value;
  if (have === "i32" && want === "f32") {
    bits.setInt32(0, Number(value));
    return bits.getFloat32(0);
  }
  bits.setBigInt64(0, BigInt.asIntN(64, BigInt(value)));
  return want === "f64" ? bits.getFloat64(0) : want === "f32" ? bits.getFloat32(4) : bits.getInt32(4);
}

function widen(value: Core, have: Flat, want: Flat): Core {
  if (have === want) return value;
  if (have === "f32") bits.setFloat32(4, Number(value));
  else if (have === "f64") bits.setFloat64(0, Number(value));
  else bits.setInt32(4, Number(value));
  if (want === "i32") return bits.getInt32(4);
  if (have !== "f64") bits.setInt32(0, 0);
  return bits.getBigInt64(0);
}

// ---------------------------------------------------------------------------------------------- lowering

function lowerHandle(side: Side, value: Value, type: ValType & { kind: "own" | "borrow" }): number {
  const rep = (value as Rep).rep;
  if (type.kind === "own") return side.handles.add(type.resource, rep, true);
  return side.borrow(type.resource, rep);
}

function lowerList(side: Side, value: Value, of: ValType): readonly [number, number] {
  if (of.kind === "u8" && value instanceof Uint8Array) return place(side, value, 1);
  const items = value as readonly Value[];
  const size = items.length * of.size;
  if (size > 0xffffffff) trap("list too long for memory");
  const at = side.realloc(size, of.align);
  check(side, at, size, of.align);
  items.forEach((item, i) => store(side, at + i * of.size, item, of));
  return [at, items.length];
}

export function store(side: Side, at: number, value: Value, type: ValType): void {
  check(side, at, type.size, type.align);
  const view = side.view();
  switch (type.kind) {
    case "bool": view.setUint8(at, value === true ? 1 : 0); return;
    case "u8": case "s8": view.setUint8(at, value as number); return;
    case "u16": case "s16": view.setUint16(at, value as number, true); return;
    case "u32": case "s32": view.setUint32(at, value as number, true); return;
    case "u64": case "s64": view.setBigUint64(at, BigInt.asUintN(64, value as bigint), true); return;
    case "f32": view.setFloat32(at, value as number, true); return;
    case "f64": view.setFloat64(at, value as number, true); return;
    case "char": view.setUint32(at, (value as string).codePointAt(0) ?? 0, true); return;
    case "string": return storePair(side, at, lowerString(side, value as string));
    case "list": return storePair(side, at, lowerList(side, value, type.of));
    case "record": (value as readonly Value[]).forEach((v, i) => store(side, at + type.offsets[i]!, v, type.of[i]!)); return;
    case "flags": return storeSized(view, at, type.size, value as number);
    case "own": case "borrow": view.setUint32(at, lowerHandle(side, value, type), true); return;
    case "variant": {
      const { tag, value: inner } = value as Tagged;
      storeSized(view, at, type.tagSize, tag);
      const of = type.of[tag];
      if (of) store(side, at + type.valueAt, inner, of);
    }
  }
}

function storeSized(view: DataView, at: number, size: number, value: number): void {
  if (size === 1) view.setUint8(at, value);
  else if (size === 2) view.setUint16(at, value, true);
  else view.setUint32(at, value, true);
}

function storePair(side: Side, at: number, [address, length]: readonly [number, number]): void {
  const view = side.view(); // memory may have grown since
  view.setUint32(at, address, true);
  view.setUint32(at + 4, length, true);
}

export function lowerFlat(side: Side, value: Value, type: ValType, into: Core[]): void {
  switch (type.kind) {
    case "bool": into.push(value === true ? 1 : 0); return;
    case "u8": case "s8": case "u16": case "s16": case "u32": case "s32": into.push((value as number) | 0); return;
    case "flags": into.push((value as number) | 0); return;
    case "u64": case "s64": into.push(BigInt.asIntN(64, value as bigint)); return;
    case "f32": case "f64": into.push(value as number); return;
    case "char": into.push((value as string).codePointAt(0) ?? 0); return;
    case "string": into.push(...lowerString(side, value as string)); return;
    case "list": into.push(...lowerList(side, value, type.of)); return;
    case "record": (value as readonly Value[]).forEach((v, i) => lowerFlat(side, v, type.of[i]!, into)); return;
    case "own": case "borrow": into.push(lowerHandle(side, value, type)); return;
    case "variant": return lowerFlatVariant(side, value as Tagged, type, into);
  }
}

function lowerFlatVariant(side: Side, value: Tagged, type: ValType & { kind: "variant" }, into: Core[]): void {
  const end = into.length + type.flat!.length;
  into.push(value.tag);
  const of = type.of[value.tag];
  if (of) {
    const inner: Core[] = [];
    lowerFlat(side, value.value, of, inner);
    inner.forEach((v, i) => into.push(widen(v, of.flat![i]!, type.flat![1 + i]!)));
  }
  while (into.length < end) into.push(type.flat![type.flat!.length - (end - into.length)] === "i64" ? 0n : 0);
}
