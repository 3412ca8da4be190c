// Builtins on vec_u8: (address, length, capacity). Knows growth, which happens in the runtime.

import { callExpr } from "../builder.ts";
import { ONE, ZERO, add, eq, geu, load } from "../ops.ts";
import { range, part } from "./builtins-bytes.ts";
import type { Builtin } from "./builtins.ts";
import type { Context } from "./context.ts";
import type { Value } from "./values.ts";
import { ERROR, int, value } from "./values.ts";
import type { IrExpr } from "../ir.ts";

export const VECS: readonly [string, Builtin][] = [
  ["vec_u8.with_capacity", { params: ["i32"], result: "vec_u8", emit: withCapacity }],
  ["vec_u8.len", { params: ["&vec_u8"], result: "i32", emit: (_cx, [v]) => int(part(v, 1)) }],
  ["vec_u8.cap", { params: ["&vec_u8"], result: "i32", emit: (_cx, [v]) => int(part(v, 2)) }],
  ["vec_u8.get", { params: ["&vec_u8", "i32"], result: "i32", emit: get }],
  ["vec_u8.set", { params: ["~vec_u8", "i32", "i32"], result: "vec_u8", emit: set }],
  ["vec_u8.push", { params: ["~vec_u8", "i32"], result: "vec_u8", emit: push }],
  ["vec_u8.extend_bytes", { params: ["~vec_u8", "like"], result: "vec_u8", ofItself: true, emit: (cx, [v, b]) => extend(cx, v, [part(b), part(b, 1)]) }],
  ["vec_u8.extend_bytes_range", { params: ["~vec_u8", "like", "i32", "i32"], result: "vec_u8", ofItself: true, emit: (cx, [v, b, s, n]) => extend(cx, v, range(cx, b, s, n)) }],
  ["vec_u8.extend_zeroes", { params: ["~vec_u8", "i32"], result: "vec_u8", emit: extendZeroes }],
  ["vec_u8.reserve_exact", { params: ["~vec_u8", "i32"], result: "vec_u8", emit: reserve }],
  ["vec_u8.clear", { params: ["~vec_u8"], result: "vec_u8", emit: (_cx, [v]) => vec(v, [part(v), ZERO, part(v, 2)]) }],
  ["vec_u8.as_view", { params: ["@vec_u8"], result: "bytes_view", emit: (_cx, [v]) => value("bytes_view", [part(v), part(v, 1)], { owners: v?.owners ?? [], borrowedAt: v?.borrowedAt }) }],
  ["vec_u8.into_bytes", { params: ["vec_u8"], result: "bytes", emit: (_cx, [v]) => value("bytes", [part(v), part(v, 1)], { loose: v?.loose }) }],
];

function vec(from: Value | undefined, parts: readonly IrExpr[]): Value {
  return value("vec_u8", parts, { loose: parts.every((p) => p.op === "get") ? from?.loose : undefined });
}

function withCapacity(cx: Context, [n]: readonly Value[]): Value {
  const cap = cx.b.keep(part(n));
  const block = cx.b.fresh(callExpr("rt.alloc", [cap]));
  return value("vec_u8", [block, ZERO, cap]);
}

function get(cx: Context, args: readonly Value[]): Value {
  const [v, i] = cx.force(args);
  cx.b.trapIf(geu(part(i), part(v, 1)));
  return int(load(1, add(part(v), part(i))));
}

function set(cx: Context, args: readonly Value[]): Value {
  const [v, i, x] = cx.force(args);
  cx.b.trapIf(geu(part(i), part(v, 1)));
  cx.b.store(1, add(part(v), part(i)), 0, part(x));
  return v ?? ERROR;
}

/** The address and capacity as locals that may be overwritten: those of a moved variable, or new ones. */
function writable(cx: Context, v: Value, index: number): number {
  const p = part(v, index);
  if (p.op === "get" && v.loose !== undefined) return p.local;
  const local = cx.b.local();
  cx.b.set(local, p);
  return local;
}

/** The operand as it is before the vec grows: it may be the very capacity that growing overwrites. */
function before(cx: Context, v: Value, operand: IrExpr): IrExpr {
  return operand.op === "get" && v.parts.some((p) => p.op === "get" && p.local === operand.local) ? cx.b.fresh(operand) : operand;
}

function push(cx: Context, args: readonly Value[]): Value {
  const [v, second] = cx.force(args);
  if (v === undefined) return ERROR;
  const x = before(cx, v, part(second));
  const ptr = writable(cx, v, 0);
  const cap = writable(cx, v, 2);
  const len = part(v, 1);
  cx.b.if(eq(len, cx.b.get(cap)), () => cx.b.call("rt.vec_grow", [cx.b.get(ptr), len, cx.b.get(cap)], [ptr, cap]));
  cx.b.store(1, add(cx.b.get(ptr), len), 0, x);
  return vec(v, [cx.b.get(ptr), add(len, ONE), cx.b.get(cap)]);
}

function extend(cx: Context, vector: Value | undefined, source: readonly IrExpr[]): Value {
  const [v] = cx.force([vector ?? ERROR]);
  if (v === undefined) return ERROR;
  const src = cx.b.keep(source[0] ?? ZERO);
  const count = before(cx, v, cx.b.keep(source[1] ?? ZERO));
  const ptr = writable(cx, v, 0);
  const cap = writable(cx, v, 2);
  const len = cx.b.local();
  cx.b.call("rt.vec_extend", [cx.b.get(ptr), part(v, 1), cx.b.get(cap), src, count], [ptr, len, cap]);
  return vec(v, [cx.b.get(ptr), cx.b.get(len), cx.b.get(cap)]);
}

function extendZeroes(cx: Context, args: readonly Value[]): Value {
  const [v, second] = cx.force(args);
  if (v === undefined) return ERROR;
  const n = before(cx, v, part(second));
  const ptr = writable(cx, v, 0);
  const cap = writable(cx, v, 2);
  const len = part(v, 1);
  cx.b.call("rt.vec_reserve", [cx.b.get(ptr), len, cx.b.get(cap), n], [ptr, cap]);
  cx.b.fill(add(cx.b.get(ptr), len), ZERO, n);
  return vec(v, [cx.b.get(ptr), add(len, n), cx.b.get(cap)]);
}

function reserve(cx: Context, args: readonly Value[]): Value {
  const [v, n] = cx.force(args);
  if (v === undefined) return ERROR;
  const ptr = writable(cx, v, 0);
  const cap = writable(cx, v, 2);
  const len = part(v, 1);
  cx.b.call("rt.vec_reserve_exact", [cx.b.get(ptr), len, cx.b.get(cap), part(n)], [ptr, cap]);
  return vec(v, [cx.b.get(ptr), len, cx.b.get(cap)]);
}

