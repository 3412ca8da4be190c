// Writes the body of small counting loops out: of those with few rounds as often as it runs, of others four times, so that the counter
// is tested once in four rounds. Knows the IR only.

import type { IrExpr, IrFunction, IrStmt, Scalar } from "../ir.ts";
import { add, and, bin, k, ltu, ne, not, sub } from "../ops.ts";
import { assignedLocals } from "../elab/effects.ts";
import { declaredAtSet } from "./births.ts";
import { highestLabel } from "./inline.ts";
import { mapChildren, mapStmt, mentionsIn, sizeOf } from "./walk.ts";
import * as make from "../make.ts";

const COPIES = 4;
const LARGEST_BODY = 12;
/** Loops are written out to at most so many rounds and nodes. */
const MOST_ROUNDS = 16;
const MOST_NODES = 240;

/** Loops with few rounds only, and tells whether there was one. */
export function unrollFully(f: IrFunction): IrFunction | undefined {
  if (!hasStraightLoop(f.body)) return undefined;
  const pass = new Unroll(f, "few");
  const body = pass.list(f.body);
  return pass.changed ? make.withBody(f, body, pass.locals) : undefined;
}

export function unrollLoops(f: IrFunction): IrFunction {
  if (!hasStraightLoop(f.body)) return f;
  const pass = new Unroll(f, "many");
  const body = pass.list(f.body);
  return pass.changed ? make.withBody(f, body, pass.locals) : f;
}

/** Whether any loop might be written out: one that counts, with no branches before its step. */
function hasStraightLoop(stmts: readonly IrStmt[]): boolean {
  for (const s of stmts) {
    switch (s.op) {
      case "loop":
        if (isStraight(s.body) || hasStraightLoop(s.body)) return true;
        break;
      case "block":
        if (hasStraightLoop(s.body)) return true;
        break;
      case "if":
        if (hasStraightLoop(s.then) || hasStraightLoop(s.else)) return true;
    }
  }
  return false;
}

function isStraight(body: readonly IrStmt[]): boolean {
  const back = body.at(-1);
  if (back?.op !== "br" || back.cond?.op !== "bin" || back.cond.kind !== "lt_u") return false;
  for (let i = 0; i < body.length - 1; i++) if (!mayUnroll(body[i]!)) return false;
  return true;
}

function mayUnroll(s: IrStmt): boolean {
  return s.op === "set" || s.op === "store" || s.op === "trapIf";
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
  private readonly rounds: "few" | "many";
  private readonly f: IrFunction;
  private births: { readonly atSet: readonly boolean[]; readonly mentions: ReadonlyMap<number, number> } | undefined;
  private label: number;

  constructor(f: IrFunction, rounds: "few" | "many") {
    this.locals = [...f.locals];
    this.label = highestLabel(f.body) + 1;
    this.rounds = rounds;
    this.f = f;
  }

  list(stmts: readonly IrStmt[]): readonly IrStmt[] {
    let out: IrStmt[] | undefined;
    stmts.forEach((s, i) => {
      const next = this.stmt(s, stmts[i - 1], stmts[i - 2]);
      if ((next.length !== 1 || next[0] !== s) && out === undefined) out = stmts.slice(0, i);
      out?.push(...next);
    });
    return out ?? stmts;
  }

  private stmt(s: IrStmt, ...before: readonly (IrStmt | undefined)[]): readonly IrStmt[] {
    if (s.op === "if") {
      const then = this.list(s.then);
      const otherwise = this.list(s.else);
      return then === s.then && otherwise === s.else ? [s] : [make.if(s.cond, then, otherwise)];
    }
    if (s.op === "block") {
      const body = this.list(s.body);
      return body === s.body ? [s] : [make.around(s, body)];
    }
    if (s.op !== "loop") return [s];
    if (this.rounds === "many") {
      const counting = this.counting(s, (w) => w.op === "set" || w.op === "store");
      if (counting !== undefined && sizeOf(counting.work, LARGEST_BODY) <= LARGEST_BODY) return this.fourfold(s, counting);
    } else {
      const counting = this.counting(s, mayUnroll);
      const first = counting === undefined ? undefined : startOf(counting.counter, before);
      if (counting !== undefined && first !== undefined) {
        const written = this.writtenOut(counting, first);
        if (written !== undefined) return written;
      }
    }
    const body = this.list(s.body);
    return body === s.body ? [s] : [make.around(s, body)];
  }

  /** As many copies as there are rounds from `first` on, each with its own counter and its own locals. */
  private writtenOut(c: Counting, first: number): readonly IrStmt[] | undefined {
    if (c.limit.op !== "const") return undefined;
    const rounds = (c.limit.value >>> 0) - first;
    if (rounds < 1 || rounds > MOST_ROUNDS || rounds * sizeOf(c.work, MOST_NODES) > MOST_NODES) return undefined;
    this.changed = true;
    const out: IrStmt[] = [];
    this.births ??= { atSet: declaredAtSet(this.f), mentions: mentionsIn(this.f.body) };
    const { atSet, mentions } = this.births;
    const own = [...mentionsIn(c.work)].flatMap(([local, times]) => (atSet[local] === true && mentions.get(local) === times ? [local] : []));
    for (let i = 0; i < rounds; i++) {
      const values = new Map<number, IrExpr>([[c.counter, k(first + i)]]);
      for (const local of own) values.set(local, make.get(this.locals.push(this.locals[local] ?? "i32") - 1, this.locals[local] ?? "i32"));
      const put = (e: IrExpr): IrExpr => {
        if (e.op === "get") return values.get(e.local) ?? e;
        const inner = mapChildren(e, put);
        return inner === e || inner.op !== "bin" ? inner : bin(inner.kind, inner.a, inner.b);
      };
      for (const w of c.work) {
        const copy = mapStmt(w, put);
        const name = copy.op === "set" ? values.get(copy.local) : undefined;
        out.push(copy.op === "set" && name?.op === "get" ? make.set(name.local, copy.value) : copy);
      }
    }
    out.push(make.set(c.counter, c.limit));
    return out;
  }

  /** `loop { work; i = i + 1; again if i <u limit }` where work is short, straight and leaves i and the limit alone. */
  private counting(s: Extract<IrStmt, { op: "loop" }>, mayWork: (w: IrStmt) => boolean): Counting | undefined {
    const back = s.body.at(-1);
    const step = s.body.at(-2);
    if (back?.op !== "br" || back.label !== s.label || back.cond?.op !== "bin" || back.cond.kind !== "lt_u") return undefined;
    const { a, b } = back.cond;
    if (a.op !== "get" || (b.op !== "get" && b.op !== "const")) return undefined;
    if (step?.op !== "set" || step.local !== a.local || step.value.op !== "bin" || step.value.kind !== "add") return undefined;
    if (step.value.a.op !== "get" || step.value.a.local !== a.local || step.value.b.op !== "const" || step.value.b.value !== 1) return undefined;
    const work = s.body.slice(0, -2);
    if (!work.every(mayWork)) return undefined;
    const assigned = new Set<number>();
    assignedLocals(work, assigned);
    if (assigned.has(a.local) || (b.op === "get" && assigned.has(b.local))) return undefined;
    return { counter: a.local, limit: b, work };
  }

  /** The loop is entered with i <u limit. Whole groups of four come first; the rest, if any, runs in the old loop. */
  private fourfold(old: Extract<IrStmt, { op: "loop" }>, c: Counting): readonly IrStmt[] {
    this.changed = true;
    const i: IrExpr = make.get(c.counter, "i32");
    this.locals.push("i32");
    const stopLocal = this.locals.length - 1;
    const stop: IrExpr = make.get(stopLocal, "i32");
    const reads = c.work.some((w) => mentionsLocal(w, c.counter));
    const step = (n: number): IrStmt => (make.set(c.counter, add(i, k(n))));
    const group: IrStmt[] = [];
    for (let n = 0; n < COPIES; n++) group.push(...c.work, ...(reads ? [step(1)] : []));
    if (!reads) group.push(step(COPIES));
    const fast = this.label++;
    const end = this.label++;
    const left = sub(c.limit, i);
    return [
      make.set(stopLocal, add(i, and(left, k(-COPIES)))),
      make.block(end, [
          make.if(ne(i, stop), [make.loop(fast, [...group, make.br(fast, ne(i, stop))])], []),
          make.br(end, not(ltu(i, c.limit))),
          old,
        ]),
    ];
  }
}

/** The constant that one of the statements just before a loop sets its counter to. */
function startOf(counter: number, before: readonly (IrStmt | undefined)[]): number | undefined {
  for (const s of before) {
    if (s?.op !== "set") return undefined;
    if (s.local === counter) return s.value.op === "const" ? s.value.value >>> 0 : undefined;
  }
  return undefined;
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
