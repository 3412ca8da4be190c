// Removes assignments to locals that nobody reads. Knows the IR only.

import type { IrExpr, IrFunction, IrStmt } from "../ir.ts";
import { isPure } from "../ir.ts";
import { countReads, visitExpr } from "./walk.ts";
import { Scratch } from "./scratch.ts";
import * as make from "../make.ts";

/** One function uses them at a time. */
const readTable = new Scratch();
const passedTable = new Scratch();

export function removeDead(f: IrFunction): IrFunction {
  return withoutDead(f).f;
}

/** `reads`: how often each local is read now; good until the next function is swept. */
export function withoutDead(f: IrFunction): { readonly f: IrFunction; readonly reads: Int32Array } {
  const sweep = new Sweep(f);
  let { body } = f;
  // Backwards, so that what only dead code reads is dead when it is come to; again where it had been passed, in a loop.
  body = sweep.list(body);
  while (sweep.missed) {
    sweep.beginAgain();
    body = sweep.list(body);
  }
  return { f: body === f.body ? f : make.withBody(f, body), reads: sweep.reads };
}

class Sweep {
  /** Whether a local whose assignment was passed has lost its last reader since. */
  missed = false;
  readonly reads: Int32Array;
  private readonly passed: Int32Array;

  constructor(f: IrFunction) {
    this.reads = readTable.zeroed(f.locals.length);
    this.passed = passedTable.zeroed(f.locals.length);
    countReads(f.body, this.reads);
  }

  beginAgain(): void {
    this.missed = false;
    this.passed.fill(0);
  }

  list(stmts: readonly IrStmt[]): readonly IrStmt[] {
    let out: IrStmt[] | undefined;
    for (let i = stmts.length - 1; i >= 0; i--) {
      const s = stmts[i]!;
      const kept = this.stmt(s);
      if (kept !== s && out === undefined) {
        // What comes after, turned round like the rest.
        out = [];
        for (let j = stmts.length - 1; j > i; j--) out.push(stmts[j]!);
      }
      if (kept !== undefined) out?.push(kept);
    }
    return out?.reverse() ?? stmts;
  }

  private stmt(s: IrStmt): IrStmt | undefined {
    switch (s.op) {
      case "set": {
        if (this.reads[s.local] !== 0 || !isPure(s.value)) {
          this.passed[s.local] = 1;
          return s;
        }
        this.forget(s.value);
        return undefined;
      }
      case "if": {
        const otherwise = this.list(s.else);
        const then = this.list(s.then);
        if (then.length === 0 && otherwise.length === 0 && isPure(s.cond)) {
          this.forget(s.cond);
          return undefined;
        }
        return then === s.then && otherwise === s.else ? s : make.if(s.cond, then, otherwise);
      }
      case "loop":
      case "block": {
        const body = this.list(s.body);
        if (body.length === 0) return undefined;
        return body === s.body ? s : make.around(s, body);
      }
      default:
        return s;
    }
  }

  private forget(e: IrExpr): void {
    visitExpr(e, (x) => {
      if (x.op === "get" && --this.reads[x.local]! === 0 && this.passed[x.local] === 1) this.missed = true;
    });
  }
}
