// Puts the bodies of small functions, and of those called once, in the place of their calls. Knows the IR only.

import type { IrExpr, IrFunction, IrStmt, Scalar } from "../ir.ts";
import { isSimple } from "../ir.ts";
import { hasCall, isVolatile } from "../elab/effects.ts";
import { bin } from "../ops.ts";
import { mapChildren, mapStmt, ownExprs, sameItems } from "./walk.ts";
import * as make from "../make.ts";

/** Tells which functions may be copied; undefined: leave the call. */
export type Candidates = (name: string) => IrFunction | undefined;

export function inlineCalls(f: IrFunction, candidates: Candidates): IrFunction {
  const inliner = new Inliner(f, candidates);
  const body = inliner.list(f.body);
  return inliner.changed ? make.withBody(f, body, inliner.locals) : f;
}

class Inliner {
  changed = false;
  readonly locals: Scalar[];
  private readonly candidates: Candidates;
  private nextLabel: number;
  /** Whether what has been written of the statement at hand sees no memory: it is the same after a call that stands behind it. */
  private quiet = true;

  constructor(f: IrFunction, candidates: Candidates) {
    this.locals = [...f.locals];
    this.candidates = candidates;
    this.nextLabel = highestLabel(f.body) + 1;
  }

  list(stmts: readonly IrStmt[]): readonly IrStmt[] {
    const out: IrStmt[] = [];
    for (const s of stmts) this.stmt(s, out);
    return sameItems(out, stmts) ? stmts : out;
  }

  private stmt(s: IrStmt, out: IrStmt[]): void {
    // Calls are pulled out in the order in which they run, so nothing overtakes anything.
    this.quiet = true;
    const direct = ownExprs(s, hasCall) ? mapStmt(s, (e) => this.hoist(e, out, s)) : s;
    if (direct.op === "call") {
      const callee = this.candidates(direct.target);
      if (callee !== undefined) return this.copy(callee, direct.args, direct.dests, out);
    }
    if (direct.op === "set" && direct.value.op === "call") {
      const callee = this.candidates(direct.value.target);
      if (callee !== undefined) return this.copy(callee, direct.value.args, [direct.local], out);
    }
    if (direct.op === "if") {
      const then = this.list(direct.then);
      const otherwise = this.list(direct.else);
      out.push(then === direct.then && otherwise === direct.else ? direct : make.if(direct.cond, then, otherwise));
    } else if (direct.op === "loop" || direct.op === "block") {
      const body = this.list(direct.body);
      out.push(body === direct.body ? direct : make.around(direct, body));
    } else out.push(direct);
  }

  /** Replaces the calls of an expression of a statement that come first in evaluation order. */
  private hoist(e: IrExpr, out: IrStmt[], s: IrStmt): IrExpr {
    if (s.op === "resume" || !this.quiet) return this.substitute(e);
    const next = this.first(e, out, s.op !== "set" || e.op !== "call");
    this.quiet = !isVolatile(next);
    return next;
  }

  /** Follows the path of what runs first; a call at its end becomes a statement before this one. */
  private first(e: IrExpr, out: IrStmt[], self: boolean): IrExpr {
    switch (e.op) {
      case "bin": {
        const a = this.first(e.a, out, true);
        // A left side that sees no memory is the same after a call of the right side: calls do not touch our locals.
        const b = isVolatile(a) ? this.substitute(e.b) : this.first(e.b, out, true);
        return a === e.a && b === e.b ? e : make.bin(e.kind, a, b);
      }
      case "un": {
        const a = this.first(e.a, out, true);
        return a === e.a ? e : make.un(e.kind, a);
      }
      case "load": {
        const addr = this.first(e.addr, out, true);
        return addr === e.addr ? e : make.load(e.size, addr, e.offset);
      }
      case "cond": {
        const c = this.first(e.cond, out, true);
        const a = this.substitute(e.a);
        const b = this.substitute(e.b);
        return c === e.cond && a === e.a && b === e.b ? e : make.cond(c, a, b);
      }
      case "call": {
        let quiet = true;
        const args = e.args.map((x) => {
          const arg = quiet ? this.first(x, out, true) : this.substitute(x);
          quiet &&= !isVolatile(arg);
          return arg;
        });
        const call = make.callExpr(e.target, args, e.type);
        const short = this.expression(call);
        if (short !== undefined) return short;
        const callee = self ? this.candidates(e.target) : undefined;
        if (callee === undefined) return args.every((x, i) => x === e.args[i]) ? e : call;
        const local = this.local(e.type);
        this.copy(callee, args, [local], out);
        return make.get(local, e.type);
      }
      default:
        return e;
    }
  }

  /** Calls anywhere in an expression whose body is a single expression of simple arguments. */
  private readonly substitute = (e: IrExpr): IrExpr => {
    const inner = mapChildren(e, this.substitute);
    return inner.op === "call" ? (this.expression(inner) ?? inner) : inner;
  };

  private expression(call: Extract<IrExpr, { op: "call" }>): IrExpr | undefined {
    const callee = this.candidates(call.target);
    const only = callee?.body.length === 1 ? callee.body[0] : undefined;
    if (callee === undefined || only?.op !== "return" || only.values.length !== 1) return undefined;
    if (!call.args.every(isSimple)) return undefined;
    const put = (e: IrExpr): IrExpr => {
      if (e.op === "get") return call.args[e.local] ?? e;
      const next = mapChildren(e, put);
      return next.op === "bin" && next !== e ? bin(next.kind, next.a, next.b) : next;
    };
    const value = only.values[0];
    if (value === undefined) return undefined;
    this.changed = true;
    return put(value);
  }

  private local(type: Scalar): number {
    this.locals.push(type);
    return this.locals.length - 1;
  }

  private copy(callee: IrFunction, args: readonly IrExpr[], dests: readonly number[], out: IrStmt[]): void {
    this.changed = true;
    const base = this.locals.length;
    for (const t of callee.locals) this.locals.push(t);
    callee.params.forEach((_, i) => {
      const value = args[i];
      if (value !== undefined) out.push(make.set(base + i, value));
    });
    // Fresh locals are zero once per call, not once per round of a loop around it.
    const labelBase = this.nextLabel;
    const end = labelBase + highestLabel(callee.body) + 1;
    this.nextLabel = end + 1;
    const clone = new Clone(base, labelBase, end, dests);
    const body = clone.list(callee.body, true);
    if (clone.jumped) out.push(make.block(end, body));
    else for (const s of body) out.push(s);
  }
}

/** Copies a body: locals and labels shifted, `return` turned into assignments and a jump to the end. */
class Clone {
  jumped = false;
  private readonly base: number;
  private readonly labels: number;
  private readonly end: number;
  private readonly dests: readonly number[];

  constructor(base: number, labels: number, end: number, dests: readonly number[]) {
    this.base = base;
    this.labels = labels;
    this.end = end;
    this.dests = dests;
  }

  list(stmts: readonly IrStmt[], tail: boolean): IrStmt[] {
    const out: IrStmt[] = [];
    stmts.forEach((s, i) => this.stmt(s, tail && i === stmts.length - 1, out));
    return out;
  }

  private readonly expr = (e: IrExpr): IrExpr => (e.op === "get" ? make.get(e.local + this.base, e.type) : mapChildren(e, this.expr));

  private locals(dests: readonly number[]): readonly number[] {
    return dests.map((d) => d + this.base);
  }

  private stmt(s: IrStmt, tail: boolean, out: IrStmt[]): void {
    if (s.op === "return") return this.ret(s.values, tail, out);
    const moved = mapStmt(s, this.expr);
    switch (moved.op) {
      case "set":
        out.push(make.set(moved.local + this.base, moved.value));
        return;
      case "call":
        out.push(make.call(moved.target, moved.args, this.locals(moved.dests)));
        return;
      case "resume":
        out.push(make.resume(moved.index, moved.args, this.locals(moved.dests)));
        return;
      case "if":
        out.push(make.if(moved.cond, this.list(moved.then, tail), this.list(moved.else, tail)));
        return;
      case "loop":
        out.push(make.loop(moved.label + this.labels, this.list(moved.body, false)));
        return;
      case "block":
        out.push(make.block(moved.label + this.labels, this.list(moved.body, tail)));
        return;
      case "br":
        out.push(make.br(moved.label + this.labels, moved.cond));
        return;
      default:
        out.push(moved);
    }
  }

  private ret(values: readonly IrExpr[], tail: boolean, out: IrStmt[]): void {
    // The callee's results never mention the caller's locals, so they can be assigned one by one.
    values.forEach((v, i) => {
      const dest = this.dests[i];
      if (dest !== undefined) out.push(make.set(dest, this.expr(v)));
    });
    if (tail) return;
    this.jumped = true;
    out.push(make.br(this.end, undefined));
  }
}

export function highestLabel(stmts: readonly IrStmt[]): number {
  let highest = -1;
  for (const s of stmts) {
    if (s.op === "if") highest = Math.max(highest, highestLabel(s.then), highestLabel(s.else));
    else if (s.op === "loop" || s.op === "block") highest = Math.max(highest, s.label, highestLabel(s.body));
  }
  return highest;
}
