// Helpers that copy or measure IR. Know its shape, not its meaning.

import type { IrExpr, IrStmt } from "../ir.ts";

/** Rewrites the direct children of an expression; returns the same object when nothing changed. */
export function mapChildren(e: IrExpr, f: (e: IrExpr) => IrExpr): IrExpr {
  switch (e.op) {
    case "bin": {
      const a = f(e.a);
      const b = f(e.b);
      return a === e.a && b === e.b ? e : { op: "bin", kind: e.kind, a, b };
    }
    case "un": {
      const a = f(e.a);
      return a === e.a ? e : { op: "un", kind: e.kind, a };
    }
    case "load": {
      const addr = f(e.addr);
      return addr === e.addr ? e : { op: "load", size: e.size, addr, offset: e.offset };
    }
    case "cond": {
      const c = f(e.cond);
      const a = f(e.a);
      const b = f(e.b);
      return c === e.cond && a === e.a && b === e.b ? e : { op: "cond", cond: c, a, b };
    }
    case "call": {
      const args = mapAll(e.args, f);
      return args === e.args ? e : { ...e, args };
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
    case "set":
    case "global.set": {
      const value = f(s.value);
      return value === s.value ? s : { ...s, value };
    }
    case "store": {
      const addr = f(s.addr);
      const value = f(s.value);
      return addr === s.addr && value === s.value ? s : { ...s, addr, value };
    }
    case "copy": {
      const dst = f(s.dst);
      const src = f(s.src);
      const len = f(s.len);
      return dst === s.dst && src === s.src && len === s.len ? s : { op: "copy", dst, src, len };
    }
    case "fill": {
      const dst = f(s.dst);
      const value = f(s.value);
      const len = f(s.len);
      return dst === s.dst && value === s.value && len === s.len ? s : { op: "fill", dst, value, len };
    }
    case "call": {
      const args = mapAll(s.args, f);
      return args === s.args ? s : { ...s, args };
    }
    case "resume": {
      const args = mapAll(s.args, f);
      const index = f(s.index);
      return args === s.args && index === s.index ? s : { ...s, args, index };
    }
    case "if":
    case "trapIf": {
      const cond = f(s.cond);
      return cond === s.cond ? s : { ...s, cond };
    }
    case "br": {
      const cond = s.cond === undefined ? undefined : f(s.cond);
      return cond === s.cond ? s : { ...s, cond };
    }
    case "return": {
      const values = mapAll(s.values, f);
      return values === s.values ? s : { op: "return", values };
    }
    default:
      return s;
  }
}

/** Nodes of a body, counted up to `limit`. */
export function sizeOf(stmts: readonly IrStmt[], limit: number): number {
  let n = 0;
  const expr = (e: IrExpr): IrExpr => {
    n++;
    return n > limit ? e : mapChildren(e, expr);
  };
  const walk = (list: readonly IrStmt[]): void => {
    for (const s of list) {
      if (++n > limit) return;
      mapStmt(s, expr);
      if (s.op === "if") {
        walk(s.then);
        walk(s.else);
      } else if (s.op === "loop" || s.op === "block") walk(s.body);
    }
  };
  walk(stmts);
  return n;
}

/** Whether control never reaches the end of the list. */
export function leaves(stmts: readonly IrStmt[]): boolean {
  const last = stmts.at(-1);
  if (last === undefined) return false;
  if (last.op === "return" || last.op === "trap") return true;
  if (last.op === "br") return last.cond === undefined;
  if (last.op === "if") return last.else.length > 0 && leaves(last.then) && leaves(last.else);
  return false;
}

/** Adds to `reads` how often each local is read. Written out by hand: it runs over everything several times. */
export function countReads(stmts: readonly IrStmt[], reads: Int32Array): void {
  for (const s of stmts) {
    switch (s.op) {
      case "set":
      case "global.set":
        countExpr(s.value, reads);
        break;
      case "store":
        countExpr(s.addr, reads);
        countExpr(s.value, reads);
        break;
      case "copy":
        countExpr(s.dst, reads);
        countExpr(s.src, reads);
        countExpr(s.len, reads);
        break;
      case "fill":
        countExpr(s.dst, reads);
        countExpr(s.value, reads);
        countExpr(s.len, reads);
        break;
      case "resume":
        countExpr(s.index, reads);
        for (const a of s.args) countExpr(a, reads);
        break;
      case "call":
        for (const a of s.args) countExpr(a, reads);
        break;
      case "if":
        countExpr(s.cond, reads);
        countReads(s.then, reads);
        countReads(s.else, reads);
        break;
      case "loop":
      case "block":
        countReads(s.body, reads);
        break;
      case "br":
        if (s.cond !== undefined) countExpr(s.cond, reads);
        break;
      case "trapIf":
        countExpr(s.cond, reads);
        break;
      case "return":
        for (const v of s.values) countExpr(v, reads);
        break;
      case "trap":
      case "suspend":
        break;
    }
  }
}

function countExpr(e: IrExpr, reads: Int32Array): void {
  switch (e.op) {
    case "get":
      reads[e.local] = (reads[e.local] ?? 0) + 1;
      break;
    case "bin":
      countExpr(e.a, reads);
      countExpr(e.b, reads);
      break;
    case "un":
      countExpr(e.a, reads);
      break;
    case "load":
      countExpr(e.addr, reads);
      break;
    case "cond":
      countExpr(e.cond, reads);
      countExpr(e.a, reads);
      countExpr(e.b, reads);
      break;
    case "call":
      for (const a of e.args) countExpr(a, reads);
      break;
  }
}
