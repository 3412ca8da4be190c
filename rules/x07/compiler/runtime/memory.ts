// The heap inside the arena: size-class free lists over a bump pointer, coalesced when it runs out. Knows blocks, not values.
//
// A block is a 4-byte header (its size, header included, a multiple of 8; bit 0 set while free) and the payload. The payload of a
// free block begins with the address of the next free payload of its class. Blocks lie side by side from heap_base to heap_top.

import type { IrExpr, IrFunction } from "../ir.ts";
import { FunctionBuilder, callExpr } from "../builder.ts";
import { ONE, ZERO, add, and, cond, eq, geu, gtu, k, leu, load, ltu, ne, not, or, shl, shr, sub } from "../ops.ts";
import * as make from "../make.ts";

/** The area that lies at address 0 where there is one: adding its address costs nothing. */
export const FIRST_AREA = "bins";
export const BINS = { name: FIRST_AREA, size: 232, reset: true };
const BIN_COUNT = 57;
const SMALL = 256;
const MAX = 0x7ffffff0;

const bins: IrExpr = make.static("bins");
const top: IrExpr = make.global("heap_top");
const end: IrExpr = make.global("heap_end");
const base: IrExpr = make.global("heap_base");

export const MEMORY: readonly (readonly [string, () => IrFunction])[] = [
  ["rt.alloc", () => alloc("rt.alloc", false)],
  ["rt.alloc_counted", () => alloc("rt.alloc", true)],
  ["rt.alloc_slow", allocSlow],
  ["rt.find", find],
  ["rt.free", free],
  ["rt.release", release],
  ["rt.coalesce", coalesce],
  ["rt.copy", copy],
  ["rt.zeroed", zeroed],
  ["rt.fits", fits],
  ["rt.regrow", regrow],
  ["rt.heap_reset", reset],
];

/** Address of the list of blocks of `size`. */
function binOf(size: IrExpr): IrExpr {
  // Sizes above have a list for each power of two, 25 behind their logarithm.
  const list: IrExpr = sub(k(31 + 25), make.un("clz", size));
  return make.cond(leu(size, k(SMALL)), add(bins, shr(size, ONE)), add(bins, shl(list, k(2))));
}

function setTop(b: FunctionBuilder, value: IrExpr): void {
  b.emit(make.setGlobal("heap_top", value));
}

/** alloc(n) -> payload; 0 for n = 0; traps when the arena is exhausted. The payload is not cleared. */
function alloc(name: string, counted: boolean): IrFunction {
  const b = new FunctionBuilder(["i32"]);
  const n = b.param(0);
  if (counted) b.emit(make.setGlobal("allocated", add(make.global("allocated"), n)));
  b.if(not(n), () => b.ret(ZERO));
  b.trapIf(gtu(n, k(MAX)));
  const need = b.fresh(and(add(n, k(11)), k(-8)));
  b.if(leu(need, k(SMALL)), () => {
    const bin = b.fresh(add(bins, shr(need, ONE)));
    const p = b.fresh(load(4, bin));
    b.if(p, () => {
      b.store(4, bin, 0, load(4, p));
      b.store(4, sub(p, k(4)), 0, need);
      b.ret(p);
    });
  }, () => {
    const p = b.fresh(callExpr("rt.find", [need, k(4)]));
    b.if(p, () => b.ret(p));
  });
  const at = b.fresh(top);
  b.if(leu(need, sub(end, at)), () => {
    setTop(b, add(at, need));
    b.store(4, at, 0, need);
    b.ret(add(at, k(4)));
  });
  b.ret(callExpr("rt.alloc_slow", [need]));
  return b.finish(name, ["i32"], "never");
}

/** Searches every class, then merges free neighbours and searches again. */
function allocSlow(): IrFunction {
  const b = new FunctionBuilder(["i32"]);
  const need = b.param(0);
  const p = b.local();
  b.set(p, callExpr("rt.find", [need, k(-1)]));
  b.if(b.get(p), () => b.ret(b.get(p)));
  b.call("rt.coalesce", []);
  const at = b.fresh(top);
  b.if(leu(need, sub(end, at)), () => {
    setTop(b, add(at, need));
    b.store(4, at, 0, need);
    b.ret(add(at, k(4)));
  });
  b.set(p, callExpr("rt.find", [need, k(-1)]));
  b.trapIf(not(b.get(p)));
  b.ret(b.get(p));
  return b.finish("rt.alloc_slow", ["i32"], "never");
}

/** find(need, tries) -> payload or 0. With tries = -1 all lists are searched, else that many blocks of the own class. */
function find(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32"]);
  const need = b.param(0);
  const tries = b.param(1);
  const bin = b.local();
  const link = b.local();
  const p = b.local();
  const size = b.local();
  b.set(bin, binOf(need));
  b.while(() => ltu(b.get(bin), add(bins, k(BIN_COUNT * 4))), () => {
    b.set(link, b.get(bin));
    b.set(p, load(4, b.get(bin)));
    b.while(() => b.get(p), () => {
      b.set(size, and(load(4, sub(b.get(p), k(4))), k(-8)));
      b.if(geu(b.get(size), need), () => {
        b.store(4, b.get(link), 0, load(4, b.get(p)));
        const rest = b.fresh(sub(b.get(size), need));
        b.if(geu(rest, k(32)), () => {
          b.store(4, sub(b.get(p), k(4)), 0, need);
          b.call("rt.release", [sub(add(b.get(p), need), k(4)), rest]);
        }, () => b.store(4, sub(b.get(p), k(4)), 0, b.get(size)));
        b.ret(b.get(p));
      });
      b.set(1, sub(tries, ONE));
      b.if(not(tries), () => b.ret(ZERO));
      b.set(link, b.get(p));
      b.set(p, load(4, b.get(p)));
    });
    b.if(make.bin("gt_s", tries, k(-1)), () => b.ret(ZERO));
    b.set(bin, add(b.get(bin), k(4)));
  });
  b.ret(ZERO);
  return b.finish("rt.find", ["i32"], "never");
}

/** Puts the block at header address `h` into its list. */
function release(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32"]);
  const h = b.param(0);
  const size = b.param(1);
  const bin = b.fresh(binOf(size));
  b.store(4, h, 0, or(size, ONE));
  b.store(4, add(h, k(4)), 0, load(4, bin));
  b.store(4, bin, 0, add(h, k(4)));
  return b.finish("rt.release", [], "never");
}

/** free(payload); 0 is nothing. */
function free(): IrFunction {
  const b = new FunctionBuilder(["i32"]);
  const p = b.param(0);
  b.if(p, () => {
    const h = b.fresh(sub(p, k(4)));
    const size = b.fresh(load(4, h));
    b.if(eq(add(h, size), top), () => setTop(b, h), () => b.call("rt.release", [h, size]));
  });
  b.ret();
  return b.finish("rt.free", [], "never");
}

/** Walks the heap once, merges free neighbours and rebuilds the lists. */
function coalesce(): IrFunction {
  const b = new FunctionBuilder([]);
  const h = b.local();
  const size = b.local();
  const next = b.local();
  b.fill(bins, ZERO, k(BINS.size));
  b.set(h, base);
  b.while(() => ltu(b.get(h), top), () => {
    b.set(size, load(4, b.get(h)));
    b.set(next, add(b.get(h), and(b.get(size), k(-8))));
    b.if(and(b.get(size), ONE), () => {
      b.while(() => ltu(b.get(next), top), (exit) => {
        const s = b.fresh(load(4, b.get(next)));
        b.br(exit, not(and(s, ONE)));
        b.set(next, add(b.get(next), and(s, k(-8))));
      });
      b.if(eq(b.get(next), top), () => {
        setTop(b, b.get(h));
        b.ret();
      });
      b.call("rt.release", [b.get(h), sub(b.get(next), b.get(h))]);
    });
    b.set(h, b.get(next));
  });
  b.ret();
  return b.finish("rt.coalesce", [], "never");
}

/** copy(ptr, len) -> a new block with those bytes. */
function copy(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32"]);
  const p = b.fresh(callExpr("rt.alloc", [b.param(1)]));
  b.copy(p, b.param(0), b.param(1));
  b.ret(p);
  return b.finish("rt.copy", ["i32"], "never");
}

/**
 * zeroed(n) -> n zero bytes. The language rounds sizes up to 16 without looking, so the last 15 sizes before 2^32 wrap to nothing: they
 * give a small block, of which the program believes that it is huge.
 */
function zeroed(): IrFunction {
  const b = new FunctionBuilder(["i32"]);
  const n = b.fresh(cond(gtu(b.param(0), k(-16)), k(16), b.param(0)));
  const p = b.fresh(callExpr("rt.alloc", [n]));
  b.fill(p, ZERO, n);
  b.ret(p);
  return b.finish("rt.zeroed", ["i32"], "never");
}

/** fits(payload, n) -> 1 when the block holds n bytes, if need be by growing at the top of the heap. */
function fits(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32"]);
  const p = b.param(0);
  const n = b.param(1);
  b.if(not(p), () => b.ret(ZERO));
  b.trapIf(gtu(n, k(MAX)));
  const h = b.fresh(sub(p, k(4)));
  const size = b.fresh(load(4, h));
  const need = b.fresh(and(add(n, k(11)), k(-8)));
  b.if(leu(need, size), () => b.ret(ONE));
  b.if(ne(add(h, size), top), () => b.ret(ZERO));
  b.if(gtu(need, sub(end, h)), () => b.ret(ZERO));
  b.store(4, h, 0, need);
  setTop(b, add(h, need));
  b.ret(ONE);
  return b.finish("rt.fits", ["i32"], "never");
}

/** regrow(payload, used, n) -> a block of n bytes with the first `used` bytes of the old one, which is gone. */
function regrow(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32", "i32"]);
  const p = b.param(0);
  b.if(callExpr("rt.fits", [p, b.param(2)]), () => b.ret(p));
  const q = b.fresh(callExpr("rt.alloc", [b.param(2)]));
  b.copy(q, p, b.param(1));
  b.call("rt.free", [p]);
  b.ret(q);
  return b.finish("rt.regrow", ["i32"], "never");
}

/** reset(arena_ptr, arena_cap): an empty heap; nothing of an earlier call survives. */
function reset(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32"]);
  b.emit(make.setGlobal("heap_base", b.param(0)));
  setTop(b, b.param(0));
  b.emit(make.setGlobal("heap_end", add(b.param(0), b.param(1))));
  b.ret();
  return b.finish("rt.heap_reset", [], "never");
}
