// Moves what is computed for one reader to that reader, so that it needs no local. Knows the IR only.

import type { IrExpr, IrFunction, IrStmt } from "../ir.ts";
import { hasCall, readsOf } from "../elab/effects.ts";
import { countReads, mapChildren, mapStmt } from "./walk.ts";

/** Expressions deeper than this stay apart: every pass goes down them. */
const DEEPEST = 40;

export function sinkValues(f: IrFunction): IrFunction {
  const reads = new Int32Array(f.locals.length);
  countReads(f.body, reads);
  const body = new Sink(reads).list(f.body);
  return body === f.body ? f : { ...f, body };
}

/** A `set` that waits for its reader. */
interface Waiting {
  readonly value: IrExpr;
  readonly memory: boolean;
  readonly reads: ReadonlySet<number>;
  readonly out: (IrStmt | undefined)[];
  readonly index: number;
}

class Sink {
  private readonly reads: Int32Array;
  private readonly waiting = new Map<number, Waiting>();
  /** Locals that wait and may mention this one. */
  private readonly readers = new Map<number, Set<number>>();

  constructor(reads: Int32Array) {
    this.reads = reads;
  }

  list(stmts: readonly IrStmt[]): readonly IrStmt[] {
    const out: (IrStmt | undefined)[] = [];
    const mine: number[] = [];
    let changed = false;
    for (const s of stmts) {
      const next = this.stmt(s, out, mine);
      changed ||= next !== s;
      out.push(next);
    }
    // Beyond the list it may not have been computed.
    for (const local of mine) if (this.waiting.get(local)?.out === out) this.waiting.delete(local);
    const kept = out.filter((s) => s !== undefined);
    return changed || kept.length !== stmts.length ? kept : stmts;
  }

  private stmt(s: IrStmt, out: (IrStmt | undefined)[], mine: number[]): IrStmt {
    const calls = this.waiting.size > 0 && callsInside(s);
    const direct = this.waiting.size === 0 ? s : mapStmt(s, (e) => this.expr(e, calls));
    switch (direct.op) {
      case "set":
        if (calls) this.forgetMemory();
        this.forget(direct.local);
        if (this.reads[direct.local] === 1) this.wait(direct.local, direct.value, out, mine);
        return direct;
      case "call":
      case "resume":
        this.forgetMemory();
        for (const d of direct.dests) this.forget(d);
        return direct;
      case "store":
      case "copy":
      case "fill":
      case "global.set":
      case "suspend":
        this.forgetMemory();
        return direct;
      case "if": {
        if (calls) this.forgetMemory();
        const then = this.list(direct.then);
        const otherwise = this.list(direct.else);
        return then === direct.then && otherwise === direct.else ? direct : { ...direct, then, else: otherwise };
      }
      case "block": {
        const body = this.list(direct.body);
        return body === direct.body ? direct : { ...direct, body };
      }
      case "loop": {
        // What is in a loop runs more than once.
        this.waiting.clear();
        const body = this.list(direct.body);
        this.waiting.clear();
        return body === direct.body ? direct : { ...direct, body };
      }
      default:
        if (calls) this.forgetMemory();
        return direct;
    }
  }

  private wait(local: number, value: IrExpr, out: (IrStmt | undefined)[], mine: number[]): void {
    const reads = readsOf(value);
    if (reads.calls || reads.locals.has(local)) return;
    if (depthOf(value, DEEPEST) >= DEEPEST) return;
    this.waiting.set(local, { value, memory: reads.memory, reads: reads.locals, out, index: out.length });
    mine.push(local);
    for (const l of reads.locals) {
      const known = this.readers.get(l);
      if (known === undefined) this.readers.set(l, new Set([local]));
      else known.add(local);
    }
  }

  private expr(e: IrExpr, calls: boolean): IrExpr {
    if (e.op !== "get") return mapChildren(e, (c) => this.expr(c, calls));
    const w = this.waiting.get(e.local);
    // A call in the same statement may run first.
    if (w === undefined || (calls && w.memory)) return e;
    this.waiting.delete(e.local);
    w.out[w.index] = undefined;
    return w.value;
  }

  /** The local gets another value. */
  private forget(local: number): void {
    this.waiting.delete(local);
    const readers = this.readers.get(local);
    if (readers === undefined) return;
    for (const r of readers) if (this.waiting.get(r)?.reads.has(local) === true) this.waiting.delete(r);
    this.readers.delete(local);
  }

  private forgetMemory(): void {
    for (const [local, w] of this.waiting) if (w.memory) this.waiting.delete(local);
  }
}

/** Whether the expressions that a statement evaluates itself call anything. */
function callsInside(s: IrStmt): boolean {
  let found = false;
  mapStmt(s, (e) => {
    found ||= hasCall(e);
    return e;
  });
  return found;
}

/** How deep an expression is, as far as `limit`. */
function depthOf(e: IrExpr, limit: number): number {
  if (limit === 0) return 0;
  let deepest = 0;
  mapChildren(e, (c) => {
    deepest = Math.max(deepest, depthOf(c, limit - 1));
    return c;
  });
  return deepest + 1;
}
