// Helpers that visit, copy or measure IR. Know its shape, not its meaning.

import type { IrExpr, IrStmt } from "../ir.ts";
import * as make from "../make.ts";

/** Rewrites the direct children of an expression; returns the same object when nothing changed. */
export function mapChildren(e: IrExpr, f: (e: IrExpr) => IrExpr): IrExpr {
  switch (e.op) {
    case "bin": {
      const a = f(e.a);
      const b = f(e.b);
      return a === e.a && b === e.b ? e : make.bin(e.kind, a, b);
    }
    case "un": {
      const a = f(e.a);
      return a === e.a ? e : make.un(e.kind, a);
    }
    case "load": {
      const addr = f(e.addr);
      return addr === e.addr ? e : make.load(e.size, addr, e.offset);
    }
    case "cond": {
      const c = f(e.cond);
      const a = f(e.a);
      const b = f(e.b);
      return c === e.cond && a === e.a && b === e.b ? e : make.cond(c, a, b);
    }
    case "call": {
      const args = mapAll(e.args, f);
      return args === e.args ? e : make.callExpr(e.target, args, e.type);
    }
    default:
      return e;
  }
}

export function mapAll(list: readonly IrExpr[], f: (e: IrExpr) => IrExpr): readonly IrExpr[] {
  let out: IrExpr[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const before = list[i];
    if (before === undefined) continue;
    const after = f(before);
    if (after !== before && out === undefined) out = list.slice(0, i);
    out?.push(after);
  }
  return out ?? list;
}

/** Rewrites the expressions that a statement evaluates itself, in order; nested statements stay. */
export function mapStmt(s: IrStmt, f: (e: IrExpr) => IrExpr): IrStmt {
  switch (s.op) {
    case "set": {
      const value = f(s.value);
      return value === s.value ? s : make.set(s.local, value);
    }
    case "global.set": {
      const value = f(s.value);
      return value === s.value ? s : make.setGlobal(s.name, value);
    }
    case "store": {
      const addr = f(s.addr);
      const value = f(s.value);
      return addr === s.addr && value === s.value ? s : make.store(s.size, addr, s.offset, value);
    }
    case "copy": {
      const dst = f(s.dst);
      const src = f(s.src);
      const len = f(s.len);
      return dst === s.dst && src === s.src && len === s.len ? s : make.copy(dst, src, len);
    }
    case "fill": {
      const dst = f(s.dst);
      const value = f(s.value);
      const len = f(s.len);
      return dst === s.dst && value === s.value && len === s.len ? s : make.fill(dst, value, len);
    }
    case "call": {
      const args = mapAll(s.args, f);
      return args === s.args ? s : make.call(s.target, args, s.dests);
    }
    case "resume": {
      const args = mapAll(s.args, f);
      const index = f(s.index);
      return args === s.args && index === s.index ? s : make.resume(index, args, s.dests);
    }
    case "if": {
      const cond = f(s.cond);
      return cond === s.cond ? s : make.if(cond, s.then, s.else);
    }
    case "trapIf": {
      const cond = f(s.cond);
      return cond === s.cond ? s : make.trapIf(cond);
    }
    case "br": {
      const cond = s.cond === undefined ? undefined : f(s.cond);
      return cond === s.cond ? s : make.br(s.label, cond);
    }
    case "return": {
      const values = mapAll(s.values, f);
      return values === s.values ? s : make.return(values);
    }
    default:
      return s;
  }
}

/** Nodes of a body, counted up to `limit`. */
export function sizeOf(stmts: readonly IrStmt[], limit: number): number {
  return sizeOfList(stmts, 0, limit);
}

function sizeOfList(stmts: readonly IrStmt[], before: number, limit: number): number {
  let n = before;
  for (const s of stmts) {
    if (++n > limit) return n;
    switch (s.op) {
      case "set":
      case "global.set":
        n = sizeOfExpr(s.value, n, limit);
        break;
      case "store":
        n = sizeOfExpr(s.value, sizeOfExpr(s.addr, n, limit), limit);
        break;
      case "copy":
        n = sizeOfExpr(s.len, sizeOfExpr(s.src, sizeOfExpr(s.dst, n, limit), limit), limit);
        break;
      case "fill":
        n = sizeOfExpr(s.len, sizeOfExpr(s.value, sizeOfExpr(s.dst, n, limit), limit), limit);
        break;
      case "call":
        for (const a of s.args) n = sizeOfExpr(a, n, limit);
        break;
      case "resume":
        for (const a of s.args) n = sizeOfExpr(a, n, limit);
        n = sizeOfExpr(s.index, n, limit);
        break;
      case "if":
        n = sizeOfList(s.else, sizeOfList(s.then, sizeOfExpr(s.cond, n, limit), limit), limit);
        break;
      case "loop":
      case "block":
        n = sizeOfList(s.body, n, limit);
        break;
      case "br":
        if (s.cond !== undefined) n = sizeOfExpr(s.cond, n, limit);
        break;
      case "trapIf":
        n = sizeOfExpr(s.cond, n, limit);
        break;
      case "return":
        for (const v of s.values) n = sizeOfExpr(v, n, limit);
        break;
    }
  }
  return n;
}

function sizeOfExpr(e: IrExpr, before: number, limit: number): number {
  const n = before + 1;
  if (n > limit) return n;
  switch (e.op) {
    case "bin":
      return sizeOfExpr(e.b, sizeOfExpr(e.a, n, limit), limit);
    case "un":
      return sizeOfExpr(e.a, n, limit);
    case "load":
      return sizeOfExpr(e.addr, n, limit);
    case "cond":
      return sizeOfExpr(e.b, sizeOfExpr(e.a, sizeOfExpr(e.cond, n, limit), limit), limit);
    case "call": {
      let size = n;
      for (const a of e.args) size = sizeOfExpr(a, size, limit);
      return size;
    }
    default:
      return n;
  }
}

/** Whether control never reaches the end of the list. */
export function leaves(stmts: readonly IrStmt[]): boolean {
  return stmts.length > 0 && ends(stmts[stmts.length - 1]!);
}

/** Whether control never reaches what follows the statement. */
export function ends(s: IrStmt): boolean {
  switch (s.op) {
    case "return":
    case "trap":
      return true;
    case "br":
      return s.cond === undefined;
    case "if":
      return s.else.length > 0 && leaves(s.then) && leaves(s.else);
    default:
      return false;
  }
}

export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Adds to `reads` how often each local is read. */
export function countReads(stmts: readonly IrStmt[], reads: Int32Array): void {
  for (const s of stmts) countStmtReads(s, reads);
}

function countStmtReads(s: IrStmt, reads: Int32Array): void {
  switch (s.op) {
    case "set":
    case "global.set":
      return countExprReads(s.value, reads);
    case "store":
      countExprReads(s.addr, reads);
      return countExprReads(s.value, reads);
    case "copy":
      countExprReads(s.dst, reads);
      countExprReads(s.src, reads);
      return countExprReads(s.len, reads);
    case "fill":
      countExprReads(s.dst, reads);
      countExprReads(s.value, reads);
      return countExprReads(s.len, reads);
    case "call":
      for (const a of s.args) countExprReads(a, reads);
      return;
    case "resume":
      for (const a of s.args) countExprReads(a, reads);
      return countExprReads(s.index, reads);
    case "if":
      countExprReads(s.cond, reads);
      countReads(s.then, reads);
      return countReads(s.else, reads);
    case "loop":
    case "block":
      return countReads(s.body, reads);
    case "trapIf":
      return countExprReads(s.cond, reads);
    case "br":
      if (s.cond !== undefined) countExprReads(s.cond, reads);
      return;
    case "return":
      for (const v of s.values) countExprReads(v, reads);
  }
}

function countExprReads(e: IrExpr, reads: Int32Array): void {
  switch (e.op) {
    case "get":
      reads[e.local]!++;
      return;
    case "bin":
      countExprReads(e.a, reads);
      return countExprReads(e.b, reads);
    case "un":
      return countExprReads(e.a, reads);
    case "load":
      return countExprReads(e.addr, reads);
    case "cond":
      countExprReads(e.cond, reads);
      countExprReads(e.a, reads);
      return countExprReads(e.b, reads);
    case "call":
      for (const a of e.args) countExprReads(a, reads);
  }
}

/** How often each local is read or set. */
export function mentionsIn(stmts: readonly IrStmt[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  const note = (local: number): void => void counts.set(local, (counts.get(local) ?? 0) + 1);
  visit(stmts, (e) => void (e.op === "get" && note(e.local)), (s) => {
    if (s.op === "set") note(s.local);
    else if (s.op === "call" || s.op === "resume") s.dests.forEach(note);
  });
  return counts;
}

/** Adds to `counts` how often each local is read or set. */
export function countMentions(stmts: readonly IrStmt[], counts: Int32Array): void {
  countReads(stmts, counts);
  countSets(stmts, counts);
}

function countSets(stmts: readonly IrStmt[], counts: Int32Array): void {
  for (const s of stmts) {
    switch (s.op) {
      case "set":
        counts[s.local]!++;
        break;
      case "call":
      case "resume":
        for (const d of s.dests) counts[d]!++;
        break;
      case "if":
        countSets(s.then, counts);
        countSets(s.else, counts);
        break;
      case "loop":
      case "block":
        countSets(s.body, counts);
    }
  }
}

/** Calls back for every expression, inner ones first, and every statement. */
export function visit(stmts: readonly IrStmt[], onExpr: (e: IrExpr) => void, onStmt?: (s: IrStmt) => void): void {
  for (const s of stmts) {
    switch (s.op) {
      case "set":
      case "global.set":
        visitExpr(s.value, onExpr);
        break;
      case "store":
        visitExpr(s.addr, onExpr);
        visitExpr(s.value, onExpr);
        break;
      case "copy":
        visitExpr(s.dst, onExpr);
        visitExpr(s.src, onExpr);
        visitExpr(s.len, onExpr);
        break;
      case "fill":
        visitExpr(s.dst, onExpr);
        visitExpr(s.value, onExpr);
        visitExpr(s.len, onExpr);
        break;
      case "call":
        for (const a of s.args) visitExpr(a, onExpr);
        break;
      case "resume":
        for (const a of s.args) visitExpr(a, onExpr);
        visitExpr(s.index, onExpr);
        break;
      case "if":
        visitExpr(s.cond, onExpr);
        visit(s.then, onExpr, onStmt);
        visit(s.else, onExpr, onStmt);
        break;
      case "loop":
      case "block":
        visit(s.body, onExpr, onStmt);
        break;
      case "br":
        if (s.cond !== undefined) visitExpr(s.cond, onExpr);
        break;
      case "trapIf":
        visitExpr(s.cond, onExpr);
        break;
      case "return":
        for (const v of s.values) visitExpr(v, onExpr);
        break;
      case "trap":
      case "suspend":
        break;
    }
    onStmt?.(s);
  }
}

export function visitExpr(e: IrExpr, onExpr: (e: IrExpr) => void): void {
  switch (e.op) {
    case "bin":
      visitExpr(e.a, onExpr);
      visitExpr(e.b, onExpr);
      break;
    case "un":
      visitExpr(e.a, onExpr);
      break;
    case "load":
      visitExpr(e.addr, onExpr);
      break;
    case "cond":
      visitExpr(e.cond, onExpr);
      visitExpr(e.a, onExpr);
      visitExpr(e.b, onExpr);
      break;
    case "call":
      for (const a of e.args) visitExpr(a, onExpr);
      break;
  }
  onExpr(e);
}

/** Whether `f` says so of any expression that a statement evaluates itself; asked in order, and no further than that. */
export function ownExprs(s: IrStmt, f: (e: IrExpr) => boolean): boolean {
  switch (s.op) {
    case "set":
    case "global.set":
      return f(s.value);
    case "store":
      return f(s.addr) || f(s.value);
    case "copy":
      return f(s.dst) || f(s.src) || f(s.len);
    case "fill":
      return f(s.dst) || f(s.value) || f(s.len);
    case "call":
      return anyOf(s.args, f);
    case "resume":
      return anyOf(s.args, f) || f(s.index);
    case "if":
    case "trapIf":
      return f(s.cond);
    case "br":
      return s.cond !== undefined && f(s.cond);
    case "return":
      return anyOf(s.values, f);
    default:
      return false;
  }
}

function anyOf(list: readonly IrExpr[], f: (e: IrExpr) => boolean): boolean {
  for (const e of list) if (f(e)) return true;
  return false;
}

/** What a body calls, and how large it is. */
export class Survey {
  /** As `sizeOf` counts. */
  size = 0;
  /** Of every call, in the order of evaluation. */
  readonly targets: string[] = [];

  constructor(body: readonly IrStmt[]) {
    this.list(body);
  }

  private list(stmts: readonly IrStmt[]): void {
    for (const s of stmts) {
      this.size++;
      ownExprs(s, this.look);
      switch (s.op) {
        case "call":
          this.targets.push(s.target);
          break;
        case "if":
          this.list(s.then);
          this.list(s.else);
          break;
        case "loop":
        case "block":
          this.list(s.body);
      }
    }
  }

  private readonly look = (e: IrExpr): boolean => {
    this.expr(e);
    return false;
  };

  private expr(e: IrExpr): void {
    this.size++;
    switch (e.op) {
      case "bin":
        this.expr(e.a);
        return this.expr(e.b);
      case "un":
        return this.expr(e.a);
      case "load":
        return this.expr(e.addr);
      case "cond":
        this.expr(e.cond);
        this.expr(e.a);
        return this.expr(e.b);
      case "call":
        for (const a of e.args) this.expr(a);
        this.targets.push(e.target);
    }
  }
}
