// One IR function -> the body of a wasm function, with gaps where names of the program stand. Knows instructions and the operand
// stack; knows no sections and no addresses.

import type { BinOp, IrExpr, IrFunction, IrStmt, Scalar, UnOp } from "../ir.ts";
import { isPure, typeOf } from "../ir.ts";
import { countReads, leaves } from "../optimise/walk.ts";
import { Scratch } from "../optimise/scratch.ts";
import { not } from "../ops.ts";
import type { ByteBuffer } from "./bytes.ts";
import { FIRST_AREA } from "../runtime/memory.ts";
import { AREA, ENTRY, FUNCTION, GLOBAL, LITERAL, OFFSET, RESUME_TYPE, type SymbolKind } from "./symbols.ts";
import * as make from "../make.ts";

/** Takes note of a name at the place where its number will be written. */
export type Note = (offset: number, kind: SymbolKind, name: string) => void;

const VALUE_TYPE: { readonly [t in Scalar]: number } = { i32: 0x7f, i64: 0x7e, f64: 0x7c };

const BIN: { readonly [kind in BinOp]: number } = {
  add: 0x6a, sub: 0x6b, mul: 0x6c, div_u: 0x6e, rem_u: 0x70, and: 0x71, or: 0x72, xor: 0x73, shl: 0x74, shr_u: 0x76,
  eq: 0x46, ne: 0x47, lt_s: 0x48, lt_u: 0x49, gt_s: 0x4a, gt_u: 0x4b, le_s: 0x4c, le_u: 0x4d, ge_s: 0x4e, ge_u: 0x4f,
  eq64: 0x51, ne64: 0x52, add64: 0x7c, mul64: 0x7e, xor64: 0x85, shr64_u: 0x88,
  flt: 0x63, fadd: 0xa0, fsub: 0xa1, fmul: 0xa2, fdiv: 0xa3,
};
const UN: { readonly [kind in UnOp]: readonly number[] } = {
  eqz: [0x45], clz: [0x67], ctz: [0x68], popcnt: [0x69], ctz64: [0x7a], f64_of_i32: [0xb7], i32_of_f64: [0xfc, 0x02], wrap64: [0xa7], extend64_u: [0xad],
};
const LOAD: { readonly [size in 1 | 2 | 4 | 8]: number } = { 1: 0x2d, 2: 0x2f, 4: 0x28, 8: 0x29 };
const STORE: { readonly [size in 1 | 2 | 4 | 8]: number } = { 1: 0x3a, 2: 0x3b, 4: 0x36, 8: 0x37 };

const SCALARS = ["i32", "i64", "f64"] as const;

const BLOCK = 0x02;
const LOOP = 0x03;
const IF = 0x04;
const ELSE = 0x05;
const END = 0x0b;
const BR = 0x0c;
const BR_IF = 0x0d;
const RETURN = 0x0f;
const CALL = 0x10;
const CALL_INDIRECT = 0x11;
const DROP = 0x1a;
const GET = 0x20;
const SET = 0x21;
const TEE = 0x22;
const GLOBAL_GET = 0x23;
const GLOBAL_SET = 0x24;
const CONST = 0x41;
const CONST64 = 0x42;
const EMPTY = 0x40;
const NONE = -1;
const ONE_BYTE = 128;
/** A check with its own trap takes two bytes more than a jump to a common one, which takes five. */
const OWN_TRAPS = 2;

/** Writes local declarations and code, without the size in front. */
export function encodeFunction(f: IrFunction, out: ByteBuffer, note: Note): void {
  new Encoder(f, out, note).run();
}

/** One function uses them at a time. */
const readTable = new Scratch();
const indexTable = new Scratch();

class Encoder {
  private readonly f: IrFunction;
  private readonly out: ByteBuffer;
  private readonly note: Note;
  private readonly reads: Int32Array;
  private readonly indices: Int32Array;
  /** Of the blocks around here, by depth. */
  private readonly labels: number[] = [];
  private depth = 0;
  /** Whether checks jump behind the body, where one trap stands; a few are cheaper each with its own. */
  private trapsBehind = false;
  /** The `local.set` that was written last, and where, while nothing has come after it. */
  private lastSet = NONE;
  private lastStart = 0;
  private lastEnd = 0;

  constructor(f: IrFunction, out: ByteBuffer, note: Note) {
    this.f = f;
    this.out = out;
    this.note = note;
    this.reads = readTable.zeroed(f.locals.length);
    this.indices = indexTable.filled(f.locals.length, -1);
  }

  run(): void {
    const { body } = this.f;
    countReads(body, this.reads);
    this.trapsBehind = countTrapIfs(body) > OWN_TRAPS;
    this.declareLocals();
    if (this.trapsBehind) {
      this.out.byte(BLOCK);
      this.out.byte(EMPTY);
      this.labels[++this.depth] = NONE;
      this.stmts(body);
      this.out.byte(END);
      this.out.byte(0x00);
    } else this.outermost(body);
    this.out.byte(END);
  }

  /** At its end a function returns what is on the stack. */
  private outermost(body: readonly IrStmt[]): void {
    const last = body.at(-1);
    if (last?.op === "return") {
      this.stmts(body.slice(0, -1));
      return this.exprs(last.values);
    }
    this.stmts(body);
    // Falling off the end of a function with results cannot happen; the validator wants to be told.
    if (this.f.results.length > 0) this.out.byte(0x00);
  }

  private declareLocals(): void {
    const { params, locals } = this.f;
    let next = 0;
    for (; next < params.length; next++) this.indices[next] = next;
    const groups: { type: Scalar; count: number }[] = [];
    for (const type of SCALARS) {
      const mine: number[] = [];
      for (let i = params.length; i < locals.length; i++) if (this.reads[i] !== 0 && locals[i] === type) mine.push(i);
      // Indices below 128 take one byte: the busiest locals get them.
      if (next + mine.length > ONE_BYTE) mine.sort((a, b) => (this.reads[b] ?? 0) - (this.reads[a] ?? 0) || a - b);
      for (const i of mine) this.indices[i] = next++;
      if (mine.length > 0) groups.push({ type, count: mine.length });
    }
    this.out.u32(groups.length);
    for (const g of groups) {
      this.out.u32(g.count);
      this.out.byte(VALUE_TYPE[g.type]);
    }
  }

  private symbol(kind: SymbolKind, name: string): void {
    this.note(this.out.length, kind, name);
  }

  // ---- statements

  private stmts(list: readonly IrStmt[]): void {
    for (let i = 0; i < list.length; i++) {
      const s = list[i]!;
      if (s.op === "trapIf") i += this.trapIfs(list, i);
      else this.stmt(s);
    }
  }

  private stmt(s: IrStmt): void {
    const { out } = this;
    switch (s.op) {
      case "set":
        return this.set(s.local, s.value);
      case "global.set":
        this.expr(s.value);
        out.byte(GLOBAL_SET);
        return this.symbol(GLOBAL, s.name);
      case "store":
        return this.access(STORE[s.size], s.addr, s.offset, s.value);
      case "copy":
        this.expr(s.dst);
        this.expr(s.src);
        this.expr(s.len);
        return this.bulk([0xfc, 0x0a, 0, 0]);
      case "fill":
        this.expr(s.dst);
        this.expr(s.value);
        this.expr(s.len);
        return this.bulk([0xfc, 0x0b, 0]);
      case "call":
        this.exprs(s.args);
        out.byte(CALL);
        this.symbol(FUNCTION, s.target);
        return this.results(s.dests);
      case "resume":
        this.exprs(s.args);
        this.expr(s.index);
        out.byte(CALL_INDIRECT);
        this.symbol(RESUME_TYPE, "");
        out.byte(0);
        return this.results(s.dests);
      case "if":
        return this.if(s.cond, s.then, s.else);
      case "loop":
      case "block":
        return this.enclosed(s.op === "loop" ? LOOP : BLOCK, s.label, s.body);
      case "br":
        if (s.cond !== undefined) this.expr(s.cond);
        out.byte(s.cond === undefined ? BR : BR_IF);
        return out.u32(this.depth - this.depthOf(s.label));
      case "trapIf":
        this.trapIfs([s], 0);
        return;
      case "trap":
        return out.byte(0x00);
      case "return":
        this.exprs(s.values);
        return out.byte(RETURN);
      case "suspend":
        return;
    }
  }

  /** Checks that follow each other are one jump. Returns how many more than the first were written. */
  private trapIfs(list: readonly IrStmt[], from: number): number {
    let more = 0;
    for (let s = list[from]; s?.op === "trapIf"; s = list[from + ++more]) {
      // What is to be evaluated only after another check has passed keeps its own.
      if (more > 0 && !isPure(s.cond)) break;
      this.expr(s.cond);
      if (more > 0) this.out.byte(BIN.or);
    }
    if (this.trapsBehind) {
      this.out.byte(BR_IF);
      this.out.u32(this.depth - 1);
    } else for (const b of [IF, EMPTY, 0x00, END]) this.out.byte(b);
    return more - 1;
  }

  private bulk(code: readonly number[]): void {
    for (const b of code) this.out.byte(b);
  }

  private set(local: number, value: IrExpr): void {
    if (this.reads[local] === 0) {
      if (isPure(value)) return;
      this.expr(value);
      return this.out.byte(DROP);
    }
    this.expr(value);
    this.localSet(local);
  }

  private localSet(local: number): void {
    if (this.reads[local] === 0) return this.out.byte(DROP);
    const start = this.out.length;
    this.out.byte(SET);
    this.out.u32(this.indices[local] ?? 0);
    this.lastSet = local;
    this.lastStart = start;
    this.lastEnd = this.out.length;
  }

  /** Results come off the stack last first. */
  private results(dests: readonly number[]): void {
    for (let i = dests.length - 1; i >= 0; i--) this.localSet(dests[i] ?? 0);
  }

  private if(cond: IrExpr, then: readonly IrStmt[], otherwise: readonly IrStmt[]): void {
    const only = then[0];
    if (then.length === 1 && otherwise.length === 0 && only?.op === "br" && only.cond === undefined) return this.stmt(make.br(only.label, cond));
    if (then.length === 0 && otherwise.length === 0) {
      if (isPure(cond)) return;
      this.expr(cond);
      return this.out.byte(DROP);
    }
    if (then.length === 0) return this.if(not(cond), otherwise, []);
    if (otherwise.length > 0 && leaves(then)) {
      // What follows a branch that leaves needs no branch.
      this.if(cond, then, []);
      return this.stmts(otherwise);
    }
    if (otherwise.length > 0 && leaves(otherwise)) {
      this.if(not(cond), otherwise, []);
      return this.stmts(then);
    }
    const local = otherwise.length > 0 ? localOf(then) : NONE;
    if (local === NONE || this.reads[local] === 0 || localOf(otherwise) !== local) return this.branches(cond, then, otherwise, NONE);
    this.branches(cond, then, otherwise, local);
    this.localSet(local);
  }

  /** With `local`: both branches end by giving it a value, which is left on the stack instead. */
  private branches(cond: IrExpr, then: readonly IrStmt[], otherwise: readonly IrStmt[], local: number): void {
    if (otherwise.length > 0 && cond.op === "un" && cond.kind === "eqz") return this.branches(cond.a, otherwise, then, local);
    this.expr(cond);
    this.out.byte(IF);
    this.out.byte(local === NONE ? EMPTY : VALUE_TYPE[this.f.locals[local]!]);
    this.labels[++this.depth] = NONE;
    this.branch(then, local);
    if (otherwise.length > 0) {
      this.out.byte(ELSE);
      this.branch(otherwise, local);
    }
    this.out.byte(END);
    this.depth--;
  }

  private branch(list: readonly IrStmt[], local: number): void {
    const last = local === NONE ? undefined : list.at(-1);
    if (last === undefined) return this.stmts(list);
    this.stmts(list.slice(0, -1));
    if (last.op === "set") this.expr(last.value);
    else if (last.op === "if") this.branches(last.cond, last.then, last.else, local);
  }

  private enclosed(opcode: number, label: number, body: readonly IrStmt[]): void {
    this.out.byte(opcode);
    this.out.byte(EMPTY);
    this.labels[++this.depth] = label;
    this.stmts(body);
    this.out.byte(END);
    this.depth--;
  }

  private depthOf(label: number): number {
    let depth = this.depth;
    while (depth > 0 && this.labels[depth] !== label) depth--;
    return depth;
  }

  // ---- expressions

  private exprs(list: readonly IrExpr[]): void {
    for (const e of list) this.expr(e);
  }

  private expr(e: IrExpr): void {
    const { out } = this;
    switch (e.op) {
      case "const":
        out.byte(CONST);
        return out.s32(e.value);
      case "const64":
        out.byte(CONST64);
        return out.s64(BigInt(e.value));
      case "data":
        out.byte(CONST);
        return this.symbol(LITERAL, e.bytes);
      case "static":
        out.byte(CONST);
        return this.symbol(AREA, e.name);
      case "entry":
        out.byte(CONST);
        return this.symbol(ENTRY, e.name);
      case "get":
        return this.get(e.local);
      case "global":
        out.byte(GLOBAL_GET);
        return this.symbol(GLOBAL, e.name);
      case "bin":
        // An area at address 0 need not be added.
        if (e.kind === "add" && e.a.op === "static" && e.a.name === FIRST_AREA) return this.expr(e.b);
        this.expr(e.a);
        this.expr(e.b);
        return out.byte(BIN[e.kind]);
      case "un":
        this.expr(e.a);
        for (const b of UN[e.kind]) out.byte(b);
        return;
      case "load":
        return this.access(LOAD[e.size], e.addr, e.offset, undefined);
      case "call":
        this.exprs(e.args);
        out.byte(CALL);
        return this.symbol(FUNCTION, e.target);
      case "cond":
        return this.cond(e.cond, e.a, e.b);
    }
  }

  /** Right after its own `set`, a read is a `tee`, or nothing at all when it is the only one. */
  private get(local: number): void {
    const { out } = this;
    if (this.lastSet === local && this.lastEnd === out.length) {
      if (this.reads[local] === 1) out.length = this.lastStart;
      else out.bytes[this.lastStart] = TEE;
      this.lastSet = NONE;
      return;
    }
    out.byte(GET);
    out.u32(this.indices[local] ?? 0);
  }

  private cond(c: IrExpr, a: IrExpr, b: IrExpr): void {
    if (c.op === "un" && c.kind === "eqz") return this.cond(c.a, b, a);
    this.expr(c);
    this.out.byte(IF);
    this.out.byte(VALUE_TYPE[typeOf(a)]);
    this.labels[++this.depth] = NONE;
    this.expr(a);
    this.out.byte(ELSE);
    this.expr(b);
    this.out.byte(END);
    this.depth--;
  }

  /** The address of an area is a part of the offset. */
  private access(opcode: number, addr: IrExpr, offset: number, value: IrExpr | undefined): void {
    const area = addr.op === "bin" && addr.kind === "add" && addr.a.op === "static" ? addr.a.name : undefined;
    this.expr(area !== undefined && addr.op === "bin" ? addr.b : addr);
    if (value !== undefined) this.expr(value);
    this.out.byte(opcode);
    this.out.byte(0);
    if (area === undefined) this.out.u32(offset);
    else this.symbol(OFFSET, `${offset} ${area}`);
  }
}

/** The local that a list of statements gives a value at its very end, whichever way it goes. */
function localOf(list: readonly IrStmt[]): number {
  const last = list.at(-1);
  if (last?.op === "set") return last.local;
  if (last?.op !== "if" || last.else.length === 0) return NONE;
  const local = localOf(last.then);
  return local !== NONE && localOf(last.else) === local ? local : NONE;
}

/** Checks, those that follow each other as one. */
function countTrapIfs(stmts: readonly IrStmt[]): number {
  let count = 0;
  let follows = false;
  for (const s of stmts) {
    switch (s.op) {
      case "trapIf":
        if (!follows) count++;
        follows = true;
        continue;
      case "if":
        count += countTrapIfs(s.then) + countTrapIfs(s.else);
        break;
      case "loop":
      case "block":
        count += countTrapIfs(s.body);
    }
    follows = false;
  }
  return count;
}
