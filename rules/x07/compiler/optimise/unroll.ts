// Writes the body of small counting loops four times, so that the counter is tested once in four rounds. Knows the IR only.

import type { IrExpr, IrFunction, IrStmt, Scalar } from "../ir.ts";
import { add, and, k, ltu, ne, not, sub } from "../ops.ts";
import { assignedLocals } from "../elab/effects.ts";
import { highestLabel } from "./inline.ts";
import { sizeOf } from "./walk.ts";

const COPIES = 4;
const LARGEST_BODY = 12;

export function unrollLoops(f: IrFunction): IrFunction {
  const pass = new Unroll(f);
  const body = pass.list(f.body);
  return pass.changed ? { ...f, body, locals: pass.locals } : f;
}

interface Counting {
  readonly counter: number;
  readonly limit: IrExpr;
  /** The statements before the counter's step. */
  readonly work: readonly IrStmt[];
}

class Unroll {
  changed = false;
  readonly locals: Scalar[];
  private label: number;

  constructor(f: IrFunction) {
    this.locals = [...f.locals];
    this.label = highestLabel(f.body) + 1;
  }

  list(stmts: readonly IrStmt[]): readonly IrStmt[] {
    let out: IrStmt[] | undefined;
    stmts.forEach((s, i) => {
      const next = this.stmt(s);
      if ((next.length !== 1 || next[0] !== s) && out === undefined) out = stmts.slice(0, i);
      out?.push(...next);
    });
    return out ?? stmts;
  }

  private stmt(s: IrStmt): readonly IrStmt[] {
    if (s.op === "if") {
      const then = this.list(s.then);
      const otherwise = this.list(s.else);
      return then === s.then && otherwise === s.else ? [s] : [{ ...s, then, else: otherwise }];
    }
    if (s.op === "block") {
      const body = this.list(s.body);
      return body === s.body ? [s] : [{ ...s, body }];
    }
    if (s.op !== "loop") return [s];
    const counting = this.counting(s);
    if (counting !== undefined) return this.fourfold(s, counting);
    const body = this.list(s.body);
    return body === s.body ? [s] : [{ ...s, body }];
  }

  /** `loop { work; i = i + 1; again if i <u limit }` where work is short, straight and leaves i and the limit alone. */
  private counting(s: Extract<IrStmt, { op: "loop" }>): Counting | undefined {
    const back = s.body.at(-1);
    const step = s.body.at(-2);
    if (back?.op !== "br" || back.label !== s.label || back.cond?.op !== "bin" || back.cond.kind !== "lt_u") return undefined;
    const { a, b } = back.cond;
    if (a.op !== "get" || (b.op !== "get" && b.op !== "const")) return undefined;
    if (step?.op !== "set" || step.local !== a.local || step.value.op !== "bin" || step.value.kind !== "add") return undefined;
    if (step.value.a.op !== "get" || step.value.a.local !== a.local || step.value.b.op !== "const" || step.value.b.value !== 1) return undefined;
    const work = s.body.slice(0, -2);
    if (!work.every((w) => w.op === "set" || w.op === "store") || sizeOf(work, LARGEST_BODY) > LARGEST_BODY) return undefined;
    const assigned = new Set<number>();
    assignedLocals(work, assigned);
    if (assigned.has(a.local) || (b.op === "get" && assigned.has(b.local))) return undefined;
    return { counter: a.local, limit: b, work };
  }

  /** The loop is entered with i <u limit. Whole groups of four come first; the rest, if any, runs in the old loop. */
  private fourfold(old: Extract<IrStmt, { op: "loop" }>, c: Counting): readonly IrStmt[] {
    this.changed = true;
    const i: IrExpr = { op: "get", local: c.counter, type: "i32" };
    this.locals.push("i32");
    const stopLocal = this.locals.length - 1;
    const stop: IrExpr = { op: "get", local: stopLocal, type: "i32" };
    const reads = c.work.some((w) => mentionsLocal(w, c.counter));
    const step = (n: number): IrStmt => ({ op: "set", local: c.counter, value: add(i, k(n)) });
    const group: IrStmt[] = [];
    for (let n = 0; n < COPIES; n++) group.push(...c.work, ...(reads ? [step(1)] : []));
    if (!reads) group.push(step(COPIES));
    const fast = this.label++;
    const end = this.label++;
    const left = sub(c.limit, i);
    return [
      { op: "set", local: stopLocal, value: add(i, and(left, k(-COPIES))) },
      {
        op: "block",
        label: end,
        body: [
          { op: "if", cond: ne(i, stop), then: [{ op: "loop", label: fast, body: [...group, { op: "br", label: fast, cond: ne(i, stop) }] }], else: [] },
          { op: "br", label: end, cond: not(ltu(i, c.limit)) },
          old,
        ],
      },
    ];
  }
}

function mentionsLocal(s: IrStmt, local: number): boolean {
  const find = (e: IrExpr): boolean => {
    switch (e.op) {
      case "get":
        return e.local === local;
      case "bin":
        return find(e.a) || find(e.b);
      case "un":
        return find(e.a);
      case "load":
        return find(e.addr);
      case "cond":
        return find(e.cond) || find(e.a) || find(e.b);
      case "call":
        return e.args.some(find);
      default:
        return false;
    }
  };
  if (s.op === "set") return find(s.value);
  return s.op === "store" && (find(s.addr) || find(s.value));
}
