// Which statements may change what a pending expression would read. Knows the IR only.

import type { IrExpr, IrStmt } from "../ir.ts";

/** Whether evaluating `e` after `stmts` (from index `from`) could differ from evaluating it before. */
export function disturbs(stmts: readonly IrStmt[], from: number, e: IrExpr): boolean {
  if (e.op === "const" || e.op === "data" || e.op === "static" || e.op === "const64" || e.op === "entry") return false;
  if (e.op === "get") {
    for (let i = from; i < stmts.length; i++) {
      const s = stmts[i];
      if (s !== undefined && assignsLocal(s, e.local)) return true;
    }
    return false;
  }
  const reads = readsOf(e);
  if (reads.calls) return true;
  for (let i = from; i < stmts.length; i++) {
    const s = stmts[i];
    if (s !== undefined && changes(s, reads)) return true;
  }
  return false;
}

export interface Reads {
  readonly locals: Set<number>;
  memory: boolean;
  calls: boolean;
}

export function readsOf(e: IrExpr): Reads {
  const reads: Reads = { locals: new Set(), memory: false, calls: false };
  collect(e, reads);
  return reads;
}

function collect(e: IrExpr, into: Reads): void {
  switch (e.op) {
    case "get":
      into.locals.add(e.local);
      return;
    case "bin":
      collect(e.a, into);
      collect(e.b, into);
      return;
    case "un":
      collect(e.a, into);
      return;
    case "load":
      into.memory = true;
      collect(e.addr, into);
      return;
    case "global":
      into.memory = true;
      return;
    case "cond":
      collect(e.cond, into);
      collect(e.a, into);
      collect(e.b, into);
      return;
    case "call":
      into.calls = true;
      into.memory = true;
      for (const a of e.args) collect(a, into);
      return;
  }
}

export function hasCall(e: IrExpr): boolean {
  switch (e.op) {
    case "call":
      return true;
    case "bin":
      return hasCall(e.a) || hasCall(e.b);
    case "un":
      return hasCall(e.a);
    case "load":
      return hasCall(e.addr);
    case "cond":
      return hasCall(e.cond) || hasCall(e.a) || hasCall(e.b);
    default:
      return false;
  }
}

/** Whether the value depends on memory or on effects, so that frees and stores may not overtake it. */
export function isVolatile(e: IrExpr): boolean {
  switch (e.op) {
    case "call":
    case "load":
    case "global":
      return true;
    case "bin":
      return isVolatile(e.a) || isVolatile(e.b);
    case "un":
      return isVolatile(e.a);
    case "cond":
      return isVolatile(e.cond) || isVolatile(e.a) || isVolatile(e.b);
    default:
      return false;
  }
}

function changes(s: IrStmt, reads: Reads): boolean {
  switch (s.op) {
    case "set":
      return reads.locals.has(s.local) || (reads.memory && hasCall(s.value));
    case "store":
    case "copy":
    case "fill":
    case "global.set":
      return reads.memory;
    case "call":
    case "resume":
      return reads.memory || s.dests.some((d) => reads.locals.has(d));
    case "suspend":
      return reads.memory;
    case "if":
      return (reads.memory && hasCall(s.cond)) || s.then.some((t) => changes(t, reads)) || s.else.some((t) => changes(t, reads));
    case "loop":
    case "block":
      return s.body.some((t) => changes(t, reads));
    case "br":
      return reads.memory && s.cond !== undefined && hasCall(s.cond);
    case "trapIf":
      return reads.memory && hasCall(s.cond);
    case "trap":
    case "return":
      return false;
  }
}

/** Adds every local that the statements assign. */
export function assignedLocals(stmts: readonly IrStmt[], into: Set<number>): void {
  for (const s of stmts) {
    if (s.op === "set") into.add(s.local);
    else if (s.op === "call" || s.op === "resume") for (const d of s.dests) into.add(d);
    else if (s.op === "if") {
      assignedLocals(s.then, into);
      assignedLocals(s.else, into);
    } else if (s.op === "loop" || s.op === "block") assignedLocals(s.body, into);
  }
}

export function assigns(stmts: readonly IrStmt[], local: number): boolean {
  for (const s of stmts) if (assignsLocal(s, local)) return true;
  return false;
}

function assignsLocal(s: IrStmt, local: number): boolean {
  switch (s.op) {
    case "set":
      return s.local === local;
    case "call":
    case "resume":
      return s.dests.includes(local);
    case "if":
      return assigns(s.then, local) || assigns(s.else, local);
    case "loop":
    case "block":
      return assigns(s.body, local);
    default:
      return false;
  }
}
