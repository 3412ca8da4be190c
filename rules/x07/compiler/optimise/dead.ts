// Removes assignments to locals that nobody reads. Knows the IR only.

import type { IrFunction, IrStmt } from "../ir.ts";
import { isPure } from "../ir.ts";
import { countReads } from "./walk.ts";

const ROUNDS = 4;

export function removeDead(f: IrFunction): IrFunction {
  let body = f.body;
  for (let i = 0; i < ROUNDS; i++) {
    const reads = new Int32Array(f.locals.length);
    countReads(body, reads);
    const next = sweep(body, reads);
    if (next === body) break;
    body = next;
  }
  return body === f.body ? f : { ...f, body };
}

function sweep(stmts: readonly IrStmt[], reads: Int32Array): readonly IrStmt[] {
  let out: IrStmt[] | undefined;
  stmts.forEach((s, i) => {
    const kept = swept(s, reads);
    if (kept !== s && out === undefined) out = stmts.slice(0, i);
    if (kept !== undefined) out?.push(kept);
  });
  return out ?? stmts;
}

function swept(s: IrStmt, reads: Int32Array): IrStmt | undefined {
  if (s.op === "set") return reads[s.local] === 0 && isPure(s.value) ? undefined : s;
  if (s.op === "if") {
    const then = sweep(s.then, reads);
    const otherwise = sweep(s.else, reads);
    if (then.length === 0 && otherwise.length === 0 && isPure(s.cond)) return undefined;
    return then === s.then && otherwise === s.else ? s : { ...s, then, else: otherwise };
  }
  if (s.op === "loop" || s.op === "block") {
    const body = sweep(s.body, reads);
    if (body.length === 0) return undefined;
    return body === s.body ? s : { ...s, body };
  }
  return s;
}
