// Builtins on bytes and views. Knows their bounds and what they copy.

import type { Expr, Place } from "../ast.ts";
import { callExpr } from "../builder.ts";
import type { IrExpr } from "../ir.ts";
import { ZERO, add, data, geu, gtu, k, load, ltu, sub } from "../ops.ts";
import type { Builtin, SpecialBuiltin } from "./builtins.ts";
import type { Context } from "./context.ts";
import { materialize } from "./expr.ts";
import type { Value } from "./values.ts";
import { ERROR, int, value } from "./values.ts";

type Entry = [string, Builtin | SpecialBuiltin];

export const BYTES: readonly Entry[] = [
  ["bytes.lit", (cx, e, at) => literal(cx, e, at, "bytes")],
  ["bytes.view_lit", (cx, e, at) => literal(cx, e, at, "view")],
  ["bytes.alloc", { params: ["i32"], result: "bytes", emit: (cx, [n]) => alloc(cx, part(n)) }],
  ["bytes.empty", { params: [], result: "bytes", emit: () => value("bytes", [ZERO, ZERO]) }],
  ["bytes1", { params: ["i32"], result: "bytes", emit: (cx, [x]) => small(cx, 1, part(x)) }],
  ["bytes.len", { params: ["like"], result: "i32", emit: (_cx, [v]) => int(part(v, 1)) }],
  ["bytes.get_u8", { params: ["like", "i32"], result: "i32", emit: (cx, [v, i]) => getU8(cx, v, i) }],
  ["bytes.set_u8", { params: ["~bytes", "i32", "i32"], result: "bytes", emit: setU8 }],
  ["bytes.concat", { params: ["bytes", "bytes"], result: "bytes", emit: concat }],
  ["bytes.copy", { params: ["bytes", "bytes"], result: "bytes", emit: copyOver }],
  ["bytes.eq", { params: ["like", "like"], result: "i32", emit: equal }],
  ["bytes.cmp_range", { params: ["like", "i32", "i32", "like", "i32", "i32"], result: "i32", emit: compareRange }],
  ["bytes.slice", { params: ["like", "i32", "i32"], result: "bytes", emit: (cx, [v, s, n]) => copyOf(cx, range(cx, v, s, n)) }],
  ["bytes.view", { params: ["@bytes"], result: "bytes_view", emit: (_cx, [v]) => viewOf(v, [part(v), part(v, 1)]) }],
  ["bytes.subview", { params: ["@bytes", "i32", "i32"], result: "bytes_view", emit: (cx, [v, s, n]) => viewOf(v, range(cx, v, s, n)) }],
  ["view.len", { params: ["bytes_view"], result: "i32", emit: (_cx, [v]) => int(part(v, 1)) }],
  ["view.get_u8", { params: ["bytes_view", "i32"], result: "i32", emit: (cx, [v, i]) => getU8(cx, v, i) }],
  ["view.slice", { params: ["bytes_view", "i32", "i32"], result: "bytes_view", emit: (cx, [v, s, n]) => viewOf(v, range(cx, v, s, n)) }],
  ["view.to_bytes", { params: ["bytes_view"], result: "bytes", emit: (cx, [v]) => copyOf(cx, [part(v), part(v, 1)]) }],
  ["view.eq", { params: ["bytes_view", "bytes_view"], result: "i32", emit: equal }],
  ["view.cmp_range", { params: ["bytes_view", "i32", "i32", "bytes_view", "i32", "i32"], result: "i32", emit: compareRange }],
  ["codec.read_u32_le", { params: ["like", "i32"], result: "i32", emit: (cx, [v, i]) => readU32(cx, v, i) }],
  ["codec.write_u32_le", { params: ["i32"], result: "bytes", emit: (cx, [x]) => small(cx, 4, part(x)) }],
];

export function part(v: Value | undefined, index = 0): IrExpr {
  return v?.parts[index] ?? ZERO;
}

/** The text as UTF-8, one byte per UTF-16 unit. */
export function utf8(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function literal(cx: Context, e: Expr[], at: Place, as: "bytes" | "view"): Value {
  const text = e[1];
  if (e.length !== 2 || typeof text !== "string") return cx.fail("Parse", "X07-TYPE-CALL-0003", `${String(e[0])} expects 1 text argument`, at);
  const bytes = utf8(text);
  const parts = [data(bytes), k(bytes.length)];
  if (as === "view") return value("bytes_view", parts);
  return value("bytes", parts, { literal: true });
}

function alloc(cx: Context, n: IrExpr): Value {
  const len = cx.b.keep(n);
  if (len.op !== "const" || len.value < 0) return value("bytes", [cx.b.fresh(callExpr("rt.zeroed", [len])), len], { loose: "temp" });
  const block = cx.b.fresh(callExpr("rt.alloc", [len]));
  cx.b.fill(block, ZERO, len);
  return value("bytes", [block, len], { loose: "temp" });
}

/** New bytes of 1 or 4 bytes that hold an integer. */
export function small(cx: Context, size: 1 | 4, x: IrExpr): Value {
  const v = cx.b.keep(x);
  const block = cx.b.fresh(callExpr("rt.alloc", [k(size)]));
  cx.b.store(size, block, 0, v);
  return value("bytes", [block, k(size)], { loose: "temp" });
}

export function copyOf(cx: Context, [ptr, len]: readonly IrExpr[]): Value {
  const n = cx.b.keep(len ?? ZERO);
  const block = cx.b.fresh(callExpr("rt.copy", [ptr ?? ZERO, n]));
  return value("bytes", [block, n], { loose: "temp" });
}

function getU8(cx: Context, v: Value | undefined, i: Value | undefined): Value {
  const [bytes, index] = cx.force([v ?? ERROR, i ?? ERROR]);
  cx.b.trapIf(geu(part(index), part(bytes, 1)));
  return int(load(1, add(part(bytes), part(index))));
}

function readU32(cx: Context, v: Value | undefined, i: Value | undefined): Value {
  const [bytes, index] = cx.force([v ?? ERROR, i ?? ERROR]);
  wordBounds(cx, part(index), part(bytes, 1));
  return int(load(4, add(part(bytes), part(index))));
}

/** Traps unless index + 4 <= len, without wrapping. */
export function wordBounds(cx: Context, index: IrExpr, len: IrExpr): void {
  if (index.op === "const" && index.value >= 0 && index.value < 0x7ffffff0) return cx.b.trapIf(ltu(len, k(index.value + 4)));
  cx.b.trapIf(ltu(len, k(4)));
  cx.b.trapIf(gtu(index, sub(len, k(4))));
}

function setU8(cx: Context, [b, i, x]: readonly Value[]): Value {
  const [bytes, index, byte] = cx.force([b ?? ERROR, i ?? ERROR, x ?? ERROR]);
  cx.b.trapIf(geu(part(index), part(bytes, 1)));
  cx.b.store(1, add(part(bytes), part(index)), 0, part(byte));
  return (bytes ?? ERROR).withBrand(undefined);
}

function concat(cx: Context, [x, y]: readonly Value[]): Value {
  const [a, b] = cx.force([x ?? ERROR, y ?? ERROR]);
  if (a === undefined || b === undefined) return ERROR;
  const len = cx.b.fresh(add(part(a, 1), part(b, 1)));
  const target = a.literal ? "rt.concat" : "rt.append";
  const block = cx.b.fresh(callExpr(target, [part(a), part(a, 1), part(b), part(b, 1)]));
  if (!b.literal) cx.drop("bytes", b.parts);
  return value("bytes", [block, len], { loose: "temp" });
}

function copyOver(cx: Context, [s, d]: readonly Value[]): Value {
  const [src, dst] = cx.force([materialize(cx, s ?? ERROR), materialize(cx, d ?? ERROR)]);
  if (src === undefined || dst === undefined) return ERROR;
  cx.b.trapIf(ltu(part(dst, 1), part(src, 1)));
  cx.b.copy(part(dst), part(src), part(src, 1));
  cx.drop("bytes", src.parts);
  return dst;
}

function equal(_cx: Context, args: readonly Value[]): Value {
  const [a, b] = args;
  return int(callExpr("rt.eq", [part(a), part(a, 1), part(b), part(b, 1)]));
}

function compareRange(cx: Context, args: readonly Value[]): Value {
  const [a, ao, al, b, bo, bl] = cx.force(args);
  const [ap, an] = range(cx, a, ao, al);
  const [bp, bn] = range(cx, b, bo, bl);
  return int(callExpr("rt.cmp", [ap ?? ZERO, an ?? ZERO, bp ?? ZERO, bn ?? ZERO]));
}

/** Address and length of a checked part: traps unless start <= n and len <= n - start. */
export function range(cx: Context, v: Value | undefined, start: Value | undefined, len: Value | undefined): IrExpr[] {
  const [bytes, s, n] = cx.force([v ?? ERROR, start ?? ERROR, len ?? ERROR]);
  const from = part(s);
  const count = part(n);
  const size = part(bytes, 1);
  const zero = from.op === "const" && from.value === 0;
  if (!zero) cx.b.trapIf(gtu(from, size));
  const rest = sub(size, from);
  if (!same(count, rest)) cx.b.trapIf(gtu(count, rest));
  return [add(part(bytes), from), count];
}

function same(a: IrExpr, b: IrExpr): boolean {
  return a.op === "get" && b.op === "get" && a.local === b.local;
}

function viewOf(v: Value | undefined, parts: readonly IrExpr[]): Value {
  if (v === undefined) return ERROR;
  return value("bytes_view", parts, { owners: v.owners, borrowedAt: v.borrowedAt, brand: v.brand, ofTemporary: v.ofTemporary });
}
