// Tables behind integer handles: u32 hash tables, vectors and maps of byte strings, readers. Knows blocks and handles, not x07 types.
//
// Every kind has a row in the static area "handles": address of an array of blocks, count, capacity. Handles count from 1.

import type { IrExpr, IrFunction } from "../ir.ts";
import { FunctionBuilder, callExpr } from "../builder.ts";
import { ONE, ZERO, add, and, cond, eq, geu, gtu, k, leu, load, ltu, mul, ne, not, shl, shr, sub, xor } from "../ops.ts";
import * as make from "../make.ts";

// A set is a map whose values are 1, also for the language: either kind of head takes a handle of the other.
export const KINDS = { map_u32: 0, set_u32: 0, vec_value: 24, map_value: 36, reader: 48, bufread: 60, task: 72, channel: 84 } as const;
export type Kind = keyof typeof KINDS;
export const HANDLES = { name: "handles", size: 96, reset: true };

const handles: IrExpr = make.static("handles");

export const TABLES: readonly (readonly [string, () => IrFunction])[] = [
  ["rt.handle_new", handleNew],
  ["rt.handle_get", handleGet],
  ["rt.u32_new", u32New],
  ["rt.u32_find", u32Find],
  ["rt.u32_insert", u32Insert],
  ["rt.u32_get", u32Get],
  ["rt.u32_has", u32Has],
  ["rt.u32_put", u32Put],
  ["rt.u32_remove", u32Remove],
  ["rt.u32_dump", u32Dump],
  ["rt.vv_push", vvPush],
  ["rt.vv_slot", vvSlot],
  ["rt.vv_clear", vvClear],
  ["rt.mv_find", mvFind],
  ["rt.mv_put", mvPut],
  ["rt.mv_remove", mvRemove],
  ["rt.read", read],
  ["rt.buf_fill", bufFill],
  ["rt.buf_consume", bufConsume],
];

type Body = (b: FunctionBuilder, p: readonly IrExpr[]) => void;

function define(name: string, params: number, results: number, body: Body, inline: IrFunction["inline"] = "never"): IrFunction {
  const b = new FunctionBuilder(Array.from({ length: params }, () => "i32" as const));
  body(b, Array.from({ length: params }, (_, i) => b.param(i)));
  return b.finish(name, Array.from({ length: results }, () => "i32" as const), inline);
}

const P = (p: readonly IrExpr[], i: number): IrExpr => p[i] ?? ZERO;

/** handle_new(kind, block) -> handle */
function handleNew(): IrFunction {
  return define("rt.handle_new", 2, 1, (b, p) => {
    const row = b.fresh(add(handles, P(p, 0)));
    const count = b.fresh(load(4, row, 4));
    b.if(eq(count, load(4, row, 8)), () => {
      const cap = b.fresh(add(shl(count, ONE), k(4)));
      b.store(4, row, 0, callExpr("rt.regrow", [load(4, row), shl(count, k(2)), shl(cap, k(2))]));
      b.store(4, row, 8, cap);
    });
    b.store(4, add(load(4, row), shl(count, k(2))), 0, P(p, 1));
    b.store(4, row, 4, add(count, ONE));
    b.ret(add(count, ONE));
  });
}

/** handle_get(kind, handle) -> block; traps for a handle that was never given. */
function handleGet(): IrFunction {
  return define("rt.handle_get", 2, 1, (b, p) => {
    const row = add(handles, P(p, 0));
    const index = b.fresh(sub(P(p, 1), ONE));
    b.trapIf(geu(index, load(4, row, 4)));
    b.ret(load(4, add(load(4, row), shl(index, k(2)))));
  });
}

// ---- u32 tables: [bytes of all slots but one, length, (key, value)*capacity, -1], linear probing, free slots have key -1.
// A slot is known by the address 8 before it, so that the header's length is nobody's business but the header's.

const EMPTY = k(-1);
const KEY = 8;
const VALUE = 12;

/** u32_new(capacity) -> handle; capacity must be a power of two. */
function u32New(): IrFunction {
  return define("rt.u32_new", 1, 1, (b, p) => {
    const cap = P(p, 0);
    b.trapIf(not(cap));
    b.trapIf(and(cap, sub(cap, ONE)));
    b.trapIf(gtu(cap, k(1 << 27)));
    const size = b.fresh(shl(cap, k(3)));
    const block = b.fresh(callExpr("rt.alloc", [add(size, k(12))]));
    b.store(4, block, 0, sub(size, k(8)));
    b.store(4, block, 4, ZERO);
    b.fill(add(block, k(8)), k(255), add(size, k(4)));
    b.ret(callExpr("rt.handle_new", [k(KINDS.map_u32), block]));
  });
}

/** Where a key belongs, in bytes behind the first slot. Factor and shift are those that scatter rows of multiples of powers of two best. */
function home(b: FunctionBuilder, key: IrExpr, mask: IrExpr): IrExpr {
  const h = b.fresh(mul(key, k(0x2c1b3c6d)));
  return and(xor(h, shr(h, k(15))), mask);
}

function blockOf(b: FunctionBuilder, handle: IrExpr): IrExpr {
  const index = b.fresh(sub(handle, ONE));
  b.trapIf(geu(index, load(4, handles, KINDS.map_u32 + 4)));
  return b.fresh(blockAt(index));
}

function blockAt(index: IrExpr): IrExpr {
  return load(4, add(load(4, handles, KINDS.map_u32), shl(index, k(2))));
}

/** u32_find(handle, key) -> the slot with the key, else a free slot, else the end of the table, which looks like one; key -1 traps. */
function u32Find(): IrFunction {
  return define("rt.u32_find", 2, 1, (b, p) => {
    const [handle, key] = [P(p, 0), P(p, 1)];
    b.trapIf(eq(key, EMPTY));
    const block = blockOf(b, handle);
    const last = b.local();
    b.set(last, load(4, block));
    const slot = b.local();
    b.set(slot, add(home(b, key, b.get(last)), block));
    b.while(() => ONE, (done) => {
      const found = b.fresh(load(4, b.get(slot), KEY));
      b.br(done, eq(found, key));
      b.if(eq(found, EMPTY), () => {
        b.br(done, leu(sub(b.get(slot), block), b.get(last)));
        // Behind the last slot comes the first; the second time the end is the answer.
        b.set(slot, sub(block, k(8)));
        b.set(last, k(-1));
      });
      b.set(slot, add(b.get(slot), k(8)));
    });
    b.ret(b.get(slot));
  });
}

/** u32_insert(handle, slot, key) -> 1; puts the key into the slot where it was not found; traps when the table is full. */
function u32Insert(): IrFunction {
  return define("rt.u32_insert", 3, 1, (b, p) => {
    // The search has looked at the handle.
    const block = b.fresh(blockAt(sub(P(p, 0), ONE)));
    const length = b.fresh(load(4, block, 4));
    b.trapIf(gtu(shl(length, k(3)), load(4, block)));
    b.store(4, P(p, 1), KEY, P(p, 2));
    b.store(4, block, 4, add(length, ONE));
    b.ret(ONE);
  });
}

// The three that follow are copied into their callers, where one search may serve several of them.

function slotOf(b: FunctionBuilder, p: readonly IrExpr[]): IrExpr {
  return b.fresh(callExpr("rt.u32_find", [P(p, 0), P(p, 1)]));
}

/** u32_get(handle, key, default) */
function u32Get(): IrFunction {
  return define("rt.u32_get", 3, 1, (b, p) => {
    const slot = slotOf(b, p);
    b.ret(cond(eq(load(4, slot, KEY), P(p, 1)), load(4, slot, VALUE), P(p, 2)));
  }, "always");
}

/** u32_has(handle, key) -> 0/1 */
function u32Has(): IrFunction {
  return define("rt.u32_has", 2, 1, (b, p) => b.ret(eq(load(4, slotOf(b, p), KEY), P(p, 1))), "always");
}

/** u32_put(handle, key, value) -> 1 inserted, 0 replaced; traps when full. */
function u32Put(): IrFunction {
  return define("rt.u32_put", 3, 1, (b, p) => {
    const slot = slotOf(b, p);
    const inserted = b.local();
    b.set(inserted, ZERO);
    b.if(ne(load(4, slot, KEY), P(p, 1)), () => b.set(inserted, callExpr("rt.u32_insert", [P(p, 0), slot, P(p, 1)])));
    b.store(4, slot, VALUE, P(p, 2));
    b.ret(b.get(inserted));
  }, "always");
}

/** u32_remove(handle, key) -> 1 removed, 0 absent. Followers move up so that no gap breaks their probing. */
function u32Remove(): IrFunction {
  return define("rt.u32_remove", 2, 1, (b, p) => {
    const slot = slotOf(b, p);
    b.if(ne(load(4, slot, KEY), P(p, 1)), () => b.ret(ZERO));
    const block = blockOf(b, P(p, 0));
    const mask = b.fresh(load(4, block));
    const gap = b.local();
    const i = b.local();
    const left = b.local();
    b.set(gap, sub(slot, block));
    b.set(i, b.get(gap));
    b.set(left, mask);
    b.while(() => b.get(left), (exit) => {
      b.set(i, and(add(b.get(i), k(8)), mask));
      const here = b.fresh(add(block, b.get(i)));
      const key = b.fresh(load(4, here, KEY));
      b.br(exit, eq(key, EMPTY));
      const distance = b.fresh(and(sub(b.get(i), home(b, key, mask)), mask));
      b.if(geu(distance, and(sub(b.get(i), b.get(gap)), mask)), () => {
        b.store(8, add(block, b.get(gap)), KEY, load(8, here, KEY));
        b.set(gap, b.get(i));
      });
      b.set(left, sub(b.get(left), k(8)));
    });
    b.store(4, add(block, b.get(gap)), KEY, EMPTY);
    b.store(4, block, 4, sub(load(4, block, 4), ONE));
    b.ret(ONE);
  });
}

/** u32_dump(handle, width) -> (ptr, len): entries in ascending key order, 4 (keys) or 8 bytes each. */
function u32Dump(): IrFunction {
  return define("rt.u32_dump", 2, 2, (b, p) => {
    const block = blockOf(b, P(p, 0));
    const width = P(p, 1);
    const len = b.fresh(mul(load(4, block, 4), width));
    // A word more, for the last entry is read whole whatever its width.
    const out = b.fresh(callExpr("rt.alloc", [add(len, k(4))]));
    const end = b.local();
    b.set(end, out);
    const slot = b.local();
    b.set(slot, add(block, k(KEY)));
    const last = b.fresh(add(b.get(slot), load(4, block)));
    b.while(() => leu(b.get(slot), last), () => {
      b.if(ne(load(4, b.get(slot)), EMPTY), () => {
        b.copy(b.get(end), b.get(slot), width);
        b.set(end, add(b.get(end), width));
      });
      b.set(slot, add(b.get(slot), k(8)));
    });
    shellSort(b, { out, end: b.get(end), width, count: load(4, block, 4) });
    b.ret(out, len);
  });
}

/** Sorts entries in place by their keys, each of which occurs once. */
function shellSort(b: FunctionBuilder, { out, end, width, count }: { readonly out: IrExpr; readonly end: IrExpr; readonly width: IrExpr; readonly count: IrExpr }): void {
  const step = b.local();
  b.set(step, shr(count, ONE));
  b.while(() => b.get(step), () => {
    const gap = b.fresh(mul(b.get(step), width));
    const start = b.fresh(add(out, gap));
    const i = b.local();
    b.set(i, start);
    b.while(() => ltu(b.get(i), end), () => {
      const key = b.fresh(load(4, b.get(i)));
      const value = b.fresh(load(4, b.get(i), 4));
      const at = b.local();
      b.set(at, b.get(i));
      b.while(() => geu(b.get(at), start), (exit) => {
        const before = b.fresh(sub(b.get(at), gap));
        b.br(exit, ltu(load(4, before), key));
        b.copy(b.get(at), before, width);
        b.set(at, before);
      });
      b.store(4, b.get(at), 0, key);
      b.if(gtu(width, k(4)), () => b.store(4, b.get(at), 4, value));
      b.set(i, add(b.get(i), width));
    });
    b.set(step, shr(b.get(step), ONE));
  });
}

// ---- vectors of byte strings: [count, capacity, array of (ptr, len)]

/** vv_push(handle, ptr, len); the string now belongs to the vector. */
function vvPush(): IrFunction {
  return define("rt.vv_push", 3, 0, (b, p) => {
    const block = b.fresh(callExpr("rt.handle_get", [k(KINDS.vec_value), P(p, 0)]));
    const count = b.fresh(load(4, block));
    b.if(eq(count, load(4, block, 4)), () => {
      const cap = b.fresh(add(shl(count, ONE), k(4)));
      b.store(4, block, 8, callExpr("rt.regrow", [load(4, block, 8), shl(count, k(3)), shl(cap, k(3))]));
      b.store(4, block, 4, cap);
    });
    const slot = b.fresh(add(load(4, block, 8), shl(count, k(3))));
    b.store(4, slot, 0, P(p, 1));
    b.store(4, slot, 4, P(p, 2));
    b.store(4, block, 0, add(count, ONE));
    b.ret();
  });
}

/** vv_slot(handle, index) -> address of (ptr, len), 0 when out of range. */
function vvSlot(): IrFunction {
  return define("rt.vv_slot", 2, 1, (b, p) => {
    const block = b.fresh(callExpr("rt.handle_get", [k(KINDS.vec_value), P(p, 0)]));
    b.if(geu(P(p, 1), load(4, block)), () => b.ret(ZERO));
    b.ret(add(load(4, block, 8), shl(P(p, 1), k(3))));
  });
}

function vvClear(): IrFunction {
  return define("rt.vv_clear", 1, 0, (b, p) => {
    const block = b.fresh(callExpr("rt.handle_get", [k(KINDS.vec_value), P(p, 0)]));
    const i = b.local();
    b.set(i, load(4, block));
    b.while(() => b.get(i), () => {
      b.set(i, sub(b.get(i), ONE));
      b.call("rt.free", [load(4, add(load(4, block, 8), shl(b.get(i), k(3))))]);
    });
    b.store(4, block, 0, ZERO);
    b.ret();
  });
}

// ---- maps of byte strings: [count, capacity, array of (key ptr, key len, value ptr, value len)] in order of insertion

/** mv_find(handle, ptr, len) -> address of the entry, or 0. */
function mvFind(): IrFunction {
  return define("rt.mv_find", 3, 1, (b, p) => {
    const block = b.fresh(callExpr("rt.handle_get", [k(KINDS.map_value), P(p, 0)]));
    const at = b.local();
    b.set(at, load(4, block, 8));
    const end = b.fresh(add(b.get(at), shl(load(4, block), k(4))));
    b.while(() => ltu(b.get(at), end), () => {
      b.if(eq(load(4, b.get(at), 4), P(p, 2)), () => {
        b.if(callExpr("rt.eq", [load(4, b.get(at)), P(p, 2), P(p, 1), P(p, 2)]), () => b.ret(b.get(at)));
      });
      b.set(at, add(b.get(at), k(16)));
    });
    b.ret(ZERO);
  });
}

/** mv_put(handle, key, key len, value, value len) -> 1 inserted, 0 replaced; both strings now belong to the map. */
function mvPut(): IrFunction {
  return define("rt.mv_put", 5, 1, (b, p) => {
    const found = b.fresh(callExpr("rt.mv_find", [P(p, 0), P(p, 1), P(p, 2)]));
    b.if(found, () => {
      b.call("rt.free", [P(p, 1)]);
      b.call("rt.free", [load(4, found, 8)]);
      b.store(4, found, 8, P(p, 3));
      b.store(4, found, 12, P(p, 4));
      b.ret(ZERO);
    });
    const block = b.fresh(callExpr("rt.handle_get", [k(KINDS.map_value), P(p, 0)]));
    const count = b.fresh(load(4, block));
    b.if(eq(count, load(4, block, 4)), () => {
      const cap = b.fresh(add(shl(count, ONE), k(4)));
      b.store(4, block, 8, callExpr("rt.regrow", [load(4, block, 8), shl(count, k(4)), shl(cap, k(4))]));
      b.store(4, block, 4, cap);
    });
    const entry = b.fresh(add(load(4, block, 8), shl(count, k(4))));
    for (let i = 0; i < 4; i++) b.store(4, entry, i * 4, P(p, i + 1));
    b.store(4, block, 0, add(count, ONE));
    b.ret(ONE);
  });
}

/** mv_remove(handle, ptr, len) -> 1 removed, 0 absent. */
function mvRemove(): IrFunction {
  return define("rt.mv_remove", 3, 1, (b, p) => {
    const found = b.fresh(callExpr("rt.mv_find", [P(p, 0), P(p, 1), P(p, 2)]));
    b.if(not(found), () => b.ret(ZERO));
    const block = b.fresh(callExpr("rt.handle_get", [k(KINDS.map_value), P(p, 0)]));
    b.call("rt.free", [load(4, found)]);
    b.call("rt.free", [load(4, found, 8)]);
    const count = b.fresh(sub(load(4, block), ONE));
    const end = b.fresh(add(load(4, block, 8), shl(count, k(4))));
    b.copy(found, add(found, k(16)), sub(end, found));
    b.store(4, block, 0, count);
    b.ret(ONE);
  });
}

// ---- readers over bytes: [ptr, left]; buffered readers: [reader block, capacity, ptr, len]

/** read(reader block, max) -> (ptr, len) inside the source; moves on. */
function read(): IrFunction {
  return define("rt.read", 2, 2, (b, p) => {
    const block = P(p, 0);
    const left = b.fresh(load(4, block, 4));
    const n = b.fresh(cond(ltu(P(p, 1), left), P(p, 1), left));
    const at = b.fresh(load(4, block));
    b.store(4, block, 0, add(at, n));
    b.store(4, block, 4, sub(left, n));
    b.ret(at, n);
  });
}

/** buf_fill(handle) -> (ptr, len): what is held, after reading on if nothing is. */
function bufFill(): IrFunction {
  return define("rt.buf_fill", 1, 2, (b, p) => {
    const block = b.fresh(callExpr("rt.handle_get", [k(KINDS.bufread), P(p, 0)]));
    b.if(not(load(4, block, 12)), () => {
      const [at, n] = b.callMany("rt.read", [load(4, block), load(4, block, 4)], ["i32", "i32"]);
      b.store(4, block, 8, at ?? ZERO);
      b.store(4, block, 12, n ?? ZERO);
    });
    b.ret(load(4, block, 8), load(4, block, 12));
  });
}

/** buf_consume(handle, n): forgets the first n held bytes; traps when fewer are held. */
function bufConsume(): IrFunction {
  return define("rt.buf_consume", 2, 0, (b, p) => {
    const block = b.fresh(callExpr("rt.handle_get", [k(KINDS.bufread), P(p, 0)]));
    const held = b.fresh(load(4, block, 12));
    b.trapIf(gtu(P(p, 1), held));
    b.store(4, block, 8, add(load(4, block, 8), P(p, 1)));
    b.store(4, block, 12, sub(held, P(p, 1)));
    b.ret();
  });
}
