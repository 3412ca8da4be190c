// Comparing, joining and growing byte strings. Knows addresses and lengths only.

import type { IrFunction } from "../ir.ts";
import { FunctionBuilder, callExpr } from "../builder.ts";
import { ONE, ZERO, add, and, cond, eq, gtu, k, leu, load, ltu, mul, ne, not, shl, sub, xor } from "../ops.ts";
import * as make from "../make.ts";

export const BYTES: readonly (readonly [string, () => IrFunction])[] = [
  ["rt.eq", equal],
  ["rt.cmp", compare],
  ["rt.concat", concat],
  ["rt.append", append],
  ["rt.vec_grow", vecGrow],
  ["rt.vec_reserve", vecReserve],
  ["rt.vec_reserve_exact", vecReserveExact],
  ["rt.vec_extend", vecExtend],
  ["rt.capacity", capacity],
  ["rt.fnv1a", fnv1a],
];

/** eq(a, a_len, b, b_len) -> 0/1, eight bytes at a time; the last step may overlap the one before. */
function equal(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32", "i32", "i32"]);
  const a = b.param(0);
  const n = b.param(1);
  const c = b.param(2);
  b.if(ne(n, b.param(3)), () => b.ret(ZERO));
  b.if(leu(k(8), n), () => {
    const last = b.fresh(sub(n, k(8)));
    const i = b.local();
    b.set(i, ZERO);
    b.while(() => ltu(b.get(i), last), () => {
      b.if(make.bin("ne64", load(8, add(a, b.get(i))), load(8, add(c, b.get(i)))), () => b.ret(ZERO));
      b.set(i, add(b.get(i), k(8)));
    });
    b.ret(make.bin("eq64", load(8, add(a, last)), load(8, add(c, last))));
  });
  b.if(and(n, k(4)), () => {
    b.if(ne(load(4, a), load(4, c)), () => b.ret(ZERO));
    const last = b.fresh(sub(n, k(4)));
    b.ret(eq(load(4, add(a, last)), load(4, add(c, last))));
  });
  b.if(and(n, k(2)), () => {
    b.if(ne(load(2, a), load(2, c)), () => b.ret(ZERO));
    const last = b.fresh(sub(n, k(2)));
    b.ret(eq(load(2, add(a, last)), load(2, add(c, last))));
  });
  b.if(n, () => b.ret(eq(load(1, a), load(1, c))));
  b.ret(ONE);
  return b.finish("rt.eq", ["i32"], "never");
}

/** cmp(a, a_len, b, b_len) -> -1/0/1 by unsigned bytes, then by length. */
function compare(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32", "i32", "i32"]);
  const [a, an, c, cn] = [b.param(0), b.param(1), b.param(2), b.param(3)];
  const n = b.fresh(cond(ltu(an, cn), an, cn));
  const i = b.local();
  b.set(i, ZERO);
  b.while(() => leu(add(b.get(i), k(8)), n), (exit) => {
    b.br(exit, make.bin("ne64", load(8, add(a, b.get(i))), load(8, add(c, b.get(i)))));
    b.set(i, add(b.get(i), k(8)));
  });
  b.while(() => ltu(b.get(i), n), () => {
    const x = b.fresh(load(1, add(a, b.get(i))));
    const y = b.fresh(load(1, add(c, b.get(i))));
    b.if(ne(x, y), () => b.ret(cond(ltu(x, y), k(-1), ONE)));
    b.set(i, add(b.get(i), ONE));
  });
  b.ret(cond(eq(an, cn), ZERO, cond(ltu(an, cn), k(-1), ONE)));
  return b.finish("rt.cmp", ["i32"], "never");
}

/** concat(a, a_len, b, b_len) -> new block; both stay. */
function concat(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32", "i32", "i32"]);
  const [a, an, c, cn] = [b.param(0), b.param(1), b.param(2), b.param(3)];
  const p = b.fresh(callExpr("rt.alloc", [add(an, cn)]));
  b.copy(p, a, an);
  b.copy(add(p, an), c, cn);
  b.ret(p);
  return b.finish("rt.concat", ["i32"], "never");
}

/** append(a, a_len, b, b_len) -> a grown by b, in place where there is room; the old a is gone, b stays. */
function append(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32", "i32", "i32"]);
  const [a, an, c, cn] = [b.param(0), b.param(1), b.param(2), b.param(3)];
  b.if(not(cn), () => b.ret(a));
  const p = b.fresh(callExpr("rt.regrow", [a, an, add(an, cn)]));
  b.copy(add(p, an), c, cn);
  b.ret(p);
  return b.finish("rt.append", ["i32"], "never");
}

/** vec_grow(p, len, cap) -> (p, cap) with room for one more: doubled, at least 1. */
function vecGrow(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32", "i32"]);
  const cap = b.fresh(cond(b.param(2), shl(b.param(2), ONE), ONE));
  b.trapIf(ltu(cap, b.param(2)));
  b.ret(callExpr("rt.regrow", [b.param(0), b.param(1), cap]), cap);
  return b.finish("rt.vec_grow", ["i32", "i32"], "never");
}

/** capacity(cap, total) -> cap doubled from at least 1 until it holds total. */
function capacity(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32"]);
  const total = b.param(1);
  const cap = b.local();
  b.set(cap, cond(b.param(0), b.param(0), ONE));
  b.while(() => ltu(b.get(cap), total), () => {
    b.if(gtu(b.get(cap), k(0x3fffffff)), () => b.ret(total));
    b.set(cap, shl(b.get(cap), ONE));
  });
  b.ret(b.get(cap));
  return b.finish("rt.capacity", ["i32"], "never");
}

/** vec_reserve(p, len, cap, n) -> (p, cap) with room for n more, growing by doubling. */
function vecReserve(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32", "i32", "i32"]);
  const [p, len, cap, n] = [b.param(0), b.param(1), b.param(2), b.param(3)];
  b.if(leu(n, sub(cap, len)), () => b.ret(p, cap));
  const total = b.fresh(add(len, n));
  b.trapIf(ltu(total, n));
  const grown = b.fresh(callExpr("rt.capacity", [cap, total]));
  b.ret(callExpr("rt.regrow", [p, len, grown]), grown);
  return b.finish("rt.vec_reserve", ["i32", "i32"], "never");
}

/** vec_reserve_exact(p, len, cap, n) -> (p, cap) with capacity of at least len + n. */
function vecReserveExact(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32", "i32", "i32"]);
  const [p, len, cap, n] = [b.param(0), b.param(1), b.param(2), b.param(3)];
  const total = b.fresh(add(len, n));
  b.trapIf(ltu(total, n));
  b.if(leu(total, cap), () => b.ret(p, cap));
  b.ret(callExpr("rt.regrow", [p, len, total]), total);
  return b.finish("rt.vec_reserve_exact", ["i32", "i32"], "never");
}

/** vec_extend(p, len, cap, src, n) -> (p, len, cap) with n bytes of src behind the first len. src may lie in the vec itself. */
function vecExtend(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32", "i32", "i32", "i32"]);
  const [p, len, cap, src, n] = [b.param(0), b.param(1), b.param(2), b.param(3), b.param(4)];
  const total = b.fresh(add(len, n));
  b.if(leu(n, sub(cap, len)), () => {
    b.copy(add(p, len), src, n);
    b.ret(p, total, cap);
  });
  b.trapIf(ltu(total, n));
  const grown = b.fresh(callExpr("rt.capacity", [cap, total]));
  b.if(callExpr("rt.fits", [p, grown]), () => {
    b.copy(add(p, len), src, n);
    b.ret(p, total, grown);
  });
  const q = b.fresh(callExpr("rt.alloc", [grown]));
  b.copy(q, p, len);
  b.copy(add(q, len), src, n);
  b.call("rt.free", [p]);
  b.ret(q, total, grown);
  return b.finish("rt.vec_extend", ["i32", "i32", "i32"], "never");
}

/** fnv1a(ptr, len) -> 32-bit hash */
function fnv1a(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32"]);
  const end = b.fresh(add(b.param(0), b.param(1)));
  const h = b.local();
  b.set(h, k(-2128831035));
  b.while(() => ltu(b.param(0), end), () => {
    b.set(h, mul(xor(b.get(h), load(1, b.param(0))), k(16777619)));
    b.set(0, add(b.param(0), ONE));
  });
  b.ret(b.get(h));
  return b.finish("rt.fnv1a", ["i32"], "never");
}
