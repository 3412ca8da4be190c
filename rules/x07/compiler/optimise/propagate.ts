// Forward propagation: constants, copies, and conditions that are known to hold. Removes checks that cannot fail. Knows the IR only.

import type { BinOp, IrExpr, IrFunction, IrStmt } from "../ir.ts";
import { isConst, isPure } from "../ir.ts";
import { bin, cond as condExpr, k, un, ZERO } from "../ops.ts";
import { add as addition, compared, EVERYTHING, type Range, rangeOf } from "./ranges.ts";
import { leaves, mapChildren, mapStmt, sameItems, Scratch } from "./walk.ts";
import * as make from "../make.ts";

export function propagate(f: IrFunction): IrFunction {
  const body = new Propagation(f.locals.length).list(f.body);
  return body === f.body ? f : { ...f, body };
}

type Load = Extract<IrExpr, { op: "load" }>;
type Store = Extract<IrStmt, { op: "store" }>;

/** One function uses it at a time. */
const markTable = new Scratch();

const KNOWN_NOTHING = 0;
const HOLDS = 1;
const FAILS = 2;
type Truth = typeof KNOWN_NOTHING | typeof HOLDS | typeof FAILS;

class Propagation {
  /** By local, what it is known to equal: a constant or another local. */
  private readonly values: (IrExpr | undefined)[];
  /** By local, the locals that may be known to equal it: more than the truth in `values`. */
  private readonly copies: (number[] | undefined)[];
  /** By local, between which values it is known to be. */
  private readonly ranges: (Range | undefined)[];
  /** Comparisons that somebody has learned something of, and what is known of each now. */
  private readonly comparisons: Comparisons;
  private readonly truths: Truth[] = [];
  private learned = 0;
  /** By local, the comparisons of which something may be known: more than the truth in `truths`. */
  private readonly about: (number[] | undefined)[];
  /** What was known before each change: of a local, of its range (the number of locals higher), or, with the number turned over (`~`), of a comparison. */
  private readonly trail: number[] = [];
  private readonly before: (IrExpr | Range | Truth | undefined)[] = [];
  /** Jumps written so far, by label. */
  private readonly jumps: number[] = [];
  /** Marks of locals: those with the newest number are in the set at hand. */
  private readonly marks: Int32Array;
  private mark = 0;

  constructor(locals: number) {
    this.values = new Array<IrExpr | undefined>(locals).fill(undefined);
    this.copies = new Array<number[] | undefined>(locals).fill(undefined);
    this.ranges = new Array<Range | undefined>(locals).fill(undefined);
    this.about = new Array<number[] | undefined>(locals).fill(undefined);
    this.marks = markTable.zeroed(locals);
    this.comparisons = new Comparisons(locals);
  }

  // ---- statements

  list(stmts: readonly IrStmt[]): readonly IrStmt[] {
    const out: IrStmt[] = [];
    for (const s of stmts) {
      this.stmt(s, out);
      // What follows a jump never runs; its labels are its own.
      if (leaves(out)) break;
    }
    return sameItems(out, stmts) ? stmts : out;
  }

  private stmt(s: IrStmt, out: IrStmt[]): void {
    switch (s.op) {
      case "if":
        return this.if(s, out);
      case "loop":
        return this.loop(s, out);
      case "block":
        return this.block(s, out);
      case "br":
        return this.br(s, out);
      case "trapIf":
        return this.trapIf(s, out);
      case "set":
        return this.set(s, out);
      case "store": {
        const next = mapStmt(s, this.rewrite);
        out.push(next.op === "store" ? this.addressed(next) : next);
        return;
      }
      case "call":
      case "resume":
        out.push(mapStmt(s, this.rewrite));
        for (const d of s.dests) this.kill(d);
        return;
      default:
        out.push(mapStmt(s, this.rewrite));
    }
  }

  private set(s: Extract<IrStmt, { op: "set" }>, out: IrStmt[]): void {
    const value = this.rewrite(s.value);
    if (value.op === "get" && value.local === s.local) return;
    const known = this.values[s.local];
    if (known !== undefined && value.op === "const" && known.op === "const" && known.value === value.value) return;
    out.push(value === s.value ? s : make.set(s.local, value));
    const range = rangeOf(value, this.rangeOfLocal);
    this.kill(s.local);
    if (range !== EVERYTHING && value.op !== "const") this.learnRange(s.local, range);
    if (value.op === "const" || value.op === "get") this.learnValue(s.local, value);
  }

  private if(s: Extract<IrStmt, { op: "if" }>, out: IrStmt[]): void {
    const test = this.rewrite(s.cond);
    if (test.op === "const") {
      for (const inner of this.list(test.value !== 0 ? s.then : s.else)) out.push(inner);
      return;
    }
    const then = this.branch(s.then, test, s.cond, true);
    const otherwise = this.branch(s.else, test, s.cond, false);
    const a = leaves(then);
    const b = leaves(otherwise);
    const changedThen = a && b ? NONE : this.assigned(s.then);
    const changedElse = a && b ? NONE : this.assigned(s.else);
    if (!a) this.killAll(changedThen);
    if (!b) this.killAll(changedElse);
    if (then.length === 0 && otherwise.length === 0) {
      if (!isPure(test)) out.push(make.if(test, then, otherwise));
      return;
    }
    out.push(test === s.cond && then === s.then && otherwise === s.else ? s : make.if(test, then, otherwise));
    if (a && !b) this.learnUnchanged(test, s.cond, false, changedElse);
    if (b && !a) this.learnUnchanged(test, s.cond, true, changedThen);
  }

  private branch(stmts: readonly IrStmt[], test: IrExpr, original: IrExpr, holds: boolean): readonly IrStmt[] {
    if (stmts.length === 0) return stmts;
    const mark = this.trail.length;
    this.learn(test, holds);
    if (original !== test) this.learn(original, holds);
    const out = this.list(stmts);
    this.undo(mark);
    return out;
  }

  private learnUnchanged(test: IrExpr, original: IrExpr, holds: boolean, changed: readonly number[]): void {
    this.mark++;
    for (const l of changed) this.marks[l] = this.mark;
    if (!this.mentionsMarked(test)) this.learn(test, holds);
    if (original !== test && !this.mentionsMarked(original)) this.learn(original, holds);
  }

  private mentionsMarked(e: IrExpr): boolean {
    switch (e.op) {
      case "get":
        return this.marks[e.local] === this.mark;
      case "bin":
        return this.mentionsMarked(e.a) || this.mentionsMarked(e.b);
      case "un":
        return this.mentionsMarked(e.a);
      case "load":
        return this.mentionsMarked(e.addr);
      case "cond":
        return this.mentionsMarked(e.cond) || this.mentionsMarked(e.a) || this.mentionsMarked(e.b);
      case "call":
        return e.args.some((a) => this.mentionsMarked(a));
      default:
        return false;
    }
  }

  private loop(s: Extract<IrStmt, { op: "loop" }>, out: IrStmt[]): void {
    const invariant = this.entryCondition(s);
    const known = invariant !== undefined && (this.truth(invariant) === true || holdsAlways(this.rewrite(invariant)));
    const changed = this.assigned(s.body);
    this.killAll(changed);
    const mark = this.trail.length;
    if (known && invariant !== undefined) {
      this.learn(invariant, true);
      this.learn(mapChildren(invariant, this.rewrite), true);
    }
    const body = this.list(s.body);
    this.undo(mark);
    out.push(body === s.body ? s : make.loop(s.label, body));
  }

  /** The condition under which the loop goes round again, if its end is the only place that does so. */
  private entryCondition(s: Extract<IrStmt, { op: "loop" }>): IrExpr | undefined {
    const last = s.body.at(-1);
    if (last?.op !== "br" || last.label !== s.label || last.cond === undefined) return undefined;
    for (let i = 0; i < s.body.length - 1; i++) if (jumpsTo(s.body[i]!, s.label)) return undefined;
    return last.cond;
  }

  private block(s: Extract<IrStmt, { op: "block" }>, out: IrStmt[]): void {
    const mark = this.trail.length;
    const jumps = this.jumps[s.label] ?? 0;
    const body = this.list(s.body);
    if ((this.jumps[s.label] ?? 0) === jumps) {
      for (const x of body) out.push(x);
      return;
    }
    this.undo(mark);
    this.killAll(this.assigned(s.body));
    out.push(body === s.body ? s : make.block(s.label, body));
  }

  private br(s: Extract<IrStmt, { op: "br" }>, out: IrStmt[]): void {
    if (s.cond === undefined) return this.jump(s, out);
    const test = this.rewrite(s.cond);
    if (test.op === "const") {
      if (test.value !== 0) this.jump(make.br(s.label, undefined), out);
      return;
    }
    this.jump(test === s.cond ? s : make.br(s.label, test), out);
    this.learn(test, false);
    if (s.cond !== test) this.learn(s.cond, false);
  }

  private jump(s: Extract<IrStmt, { op: "br" }>, out: IrStmt[]): void {
    this.jumps[s.label] = (this.jumps[s.label] ?? 0) + 1;
    out.push(s);
  }

  private trapIf(s: Extract<IrStmt, { op: "trapIf" }>, out: IrStmt[]): void {
    const test = this.rewrite(s.cond);
    if (test.op === "const") {
      if (test.value !== 0) out.push(make.trap());
      return;
    }
    out.push(test === s.cond ? s : make.trapIf(test));
    this.learn(test, false);
    if (s.cond !== test) this.learn(s.cond, false);
  }

  // ---- expressions

  private readonly rewrite = (e: IrExpr): IrExpr => {
    switch (e.op) {
      case "get":
        return this.values[e.local] ?? e;
      case "bin": {
        const a = this.rewrite(e.a);
        const b = this.rewrite(e.b);
        const next = a === e.a && b === e.b ? e : bin(e.kind, a, b);
        const truth = next.op === "bin" && isComparison(next.kind) ? (this.truth(next) ?? (next === e ? undefined : this.truth(e))) : undefined;
        return truth === undefined ? next : k(truth ? 1 : 0);
      }
      case "un": {
        const a = this.rewrite(e.a);
        return a === e.a ? e : un(e.kind, a);
      }
      case "cond": {
        const c = this.rewrite(e.cond);
        const mark = this.trail.length;
        this.learn(c, true);
        const a = this.rewrite(e.a);
        this.undo(mark);
        this.learn(c, false);
        const b = this.rewrite(e.b);
        this.undo(mark);
        return c === e.cond && a === e.a && b === e.b ? e : condExpr(c, a, b);
      }
      case "load": {
        const addr = this.rewrite(e.addr);
        return this.addressed<Load>(addr === e.addr ? e : make.load(e.size, addr, e.offset));
      }
      case "const":
        return e;
      default:
        return mapChildren(e, this.rewrite);
    }
  };

  /** The constant part of an index becomes the offset where the index does not wrap: then no part of the address does. */
  private addressed<A extends Load | Store>(access: A): A {
    const { addr } = access;
    if (addr.op !== "bin" || addr.kind !== "add") return access;
    const index = addr.b;
    if (index.op === "const") return index.value > 0 && access.offset + index.value < 65536 && !isConst(addr.a) ? moved(access, addr.a, access.offset + index.value) : access;
    if (index.op !== "bin" || index.kind !== "add" || index.b.op !== "const" || index.b.value <= 0 || access.offset + index.b.value >= 65536) return access;
    const whole = addition(rangeOf(index.a, this.rangeOfLocal), { low: index.b.value, high: index.b.value });
    return whole === EVERYTHING ? access : moved(access, bin("add", addr.a, index.a), access.offset + index.b.value);
  }

  // ---- knowledge

  private readonly rangeOfLocal = (local: number): Range => this.ranges[local] ?? EVERYTHING;

  private readonly learnRange = (local: number, range: Range): void => {
    if (range === EVERYTHING) return;
    const before = this.ranges[local];
    if (before === undefined) return range.low > range.high ? undefined : this.changeRange(local, range);
    const low = Math.max(range.low, before.low);
    const high = Math.min(range.high, before.high);
    if (low > high || (before.low === low && before.high === high)) return;
    this.changeRange(local, { low, high });
  };

  private changeRange(local: number, range: Range | undefined): void {
    this.trail.push(this.ranges.length + local);
    this.before.push(this.ranges[local]);
    this.ranges[local] = range;
  }

  private undo(mark: number): void {
    const { trail, before } = this;
    while (trail.length > mark) {
      const what = trail.pop()!;
      const was = before.pop();
      if (what < 0) {
        this.setTruth(~what, was as Truth);
        // Made findable again by the locals that it depends on.
        if (was !== KNOWN_NOTHING) for (const l of this.comparisons.locals[~what]!) addTo(this.about, l, ~what);
      } else if (what >= this.ranges.length) this.ranges[what - this.ranges.length] = was as Range | undefined;
      else {
        const value = was as IrExpr | undefined;
        this.values[what] = value;
        if (value?.op === "get") addTo(this.copies, value.local, what);
      }
    }
  }

  private setTruth(comparison: number, truth: Truth): void {
    if ((this.truths[comparison] ?? KNOWN_NOTHING) !== KNOWN_NOTHING) this.learned--;
    if (truth !== KNOWN_NOTHING) this.learned++;
    this.truths[comparison] = truth;
  }

  private changeValue(local: number, value: IrExpr | undefined): void {
    this.trail.push(local);
    this.before.push(this.values[local]);
    this.values[local] = value;
  }

  private changeTruth(comparison: number, truth: Truth): void {
    this.trail.push(~comparison);
    this.before.push(this.truths[comparison] ?? KNOWN_NOTHING);
    this.setTruth(comparison, truth);
  }

  private learnValue(local: number, value: IrExpr): void {
    this.changeValue(local, value);
    if (value.op === "get") addTo(this.copies, value.local, local);
  }

  private kill(local: number): void {
    if (this.ranges[local] !== undefined) this.changeRange(local, undefined);
    if (this.values[local] !== undefined) this.changeValue(local, undefined);
    const copies = this.copies[local];
    if (copies !== undefined) {
      for (const copy of copies) {
        const value = this.values[copy];
        if (value?.op === "get" && value.local === local) this.changeValue(copy, undefined);
      }
      this.copies[local] = undefined;
    }
    const about = this.about[local];
    if (about === undefined) return;
    for (const c of about) if (this.truths[c] !== KNOWN_NOTHING) this.changeTruth(c, KNOWN_NOTHING);
    this.about[local] = undefined;
  }

  private killAll(locals: readonly number[]): void {
    for (const l of locals) this.kill(l);
  }

  /** The locals that the statements assign, each once. */
  private assigned(stmts: readonly IrStmt[]): readonly number[] {
    if (stmts.length === 0) return NONE;
    const found: number[] = [];
    this.mark++;
    this.collectAssigned(stmts, found);
    return found;
  }

  private collectAssigned(stmts: readonly IrStmt[], found: number[]): void {
    for (const s of stmts) {
      switch (s.op) {
        case "set":
          this.addUnmarked(s.local, found);
          break;
        case "call":
        case "resume":
          for (const d of s.dests) this.addUnmarked(d, found);
          break;
        case "if":
          this.collectAssigned(s.then, found);
          this.collectAssigned(s.else, found);
          break;
        case "loop":
        case "block":
          this.collectAssigned(s.body, found);
      }
    }
  }

  private addUnmarked(local: number, found: number[]): void {
    if (this.marks[local] === this.mark) return;
    this.marks[local] = this.mark;
    found.push(local);
  }

  private learn(e: IrExpr, holds: boolean): void {
    if (e.op === "un" && e.kind === "eqz") return this.learn(e.a, !holds);
    if (e.op === "bin" && e.kind === "and" && holds) {
      // Only comparisons are joined so that both sides are known to be 0 or 1.
      this.learn(e.a, true);
      this.learn(e.b, true);
      return;
    }
    if (e.op === "bin" && e.kind === "or" && !holds) {
      this.learn(e.a, false);
      this.learn(e.b, false);
      return;
    }
    const form = formOf(e);
    if (form === NO_COMPARISON) return;
    const kind = kindOf(form);
    const a = leftOf(e, form);
    const b = rightOf(e, form);
    const so = affirms(form) === holds;
    compared(KIND_NAMES[kind], a, b, so, this.rangeOfLocal, this.learnRange);
    const comparison = this.comparisons.learn(kind, a, b);
    if (comparison === undefined) return;
    const truth = so ? HOLDS : FAILS;
    if (this.truths[comparison] === truth) return;
    this.changeTruth(comparison, truth);
    for (const l of this.comparisons.locals[comparison]!) addTo(this.about, l, comparison);
  }

  private truth(e: IrExpr): boolean | undefined {
    const form = formOf(e);
    if (form === NO_COMPARISON) return undefined;
    const kind = kindOf(form);
    const a = leftOf(e, form);
    const b = rightOf(e, form);
    const ranged = this.ranged(kind, a, b);
    // What has effects stays, whatever its value.
    if (ranged !== undefined && isPure(a) && isPure(b)) return ranged === affirms(form);
    if (this.learned === 0) return undefined;
    const x = this.comparisons.operand(a);
    const y = x === undefined ? undefined : this.comparisons.operand(b);
    if (x === undefined || y === undefined) return undefined;
    const known = this.implied(kind, x, y);
    return known === undefined ? undefined : known === affirms(form);
  }

  /** What the ranges of both sides say. */
  private ranged(kind: BaseKind, a: IrExpr, b: IrExpr): boolean | undefined {
    if (a.op === "get" && b.op === "get" && a.local === b.local) return kind === EQ;
    const x = rangeOf(a, this.rangeOfLocal);
    const y = rangeOf(b, this.rangeOfLocal);
    if (x === EVERYTHING && y === EVERYTHING) return undefined;
    if (kind === EQ) return x.high < y.low || y.high < x.low ? false : undefined;
    if (kind === LT_S && (x.high > HALF || y.high > HALF)) return undefined;
    if (x.high < y.low) return true;
    return x.low >= y.high ? false : undefined;
  }

  /** What is known of `x kind y`, also by way of the other comparisons of x and y. */
  private implied(kind: BaseKind, x: number, y: number): boolean | undefined {
    const known = this.known(kind, x, y);
    if (known !== KNOWN_NOTHING) return known === HOLDS;
    if (kind !== EQ) return this.known(kind, y, x) === HOLDS || this.known(EQ, x, y) === HOLDS || this.known(EQ, y, x) === HOLDS ? false : undefined;
    const turned = this.known(EQ, y, x);
    if (turned !== KNOWN_NOTHING) return turned === HOLDS;
    for (const less of LESS) if (this.known(less, x, y) === HOLDS || this.known(less, y, x) === HOLDS) return false;
    return undefined;
  }

  private known(kind: BaseKind, x: number, y: number): Truth {
    const comparison = this.comparisons.find(kind, x, y);
    return comparison === undefined ? KNOWN_NOTHING : this.truths[comparison]!;
  }
}

function moved<A extends Load | Store>(access: A, addr: IrExpr, offset: number): A;
function moved(access: Load | Store, addr: IrExpr, offset: number): Load | Store {
  return access.op === "load" ? make.load(access.size, addr, offset) : make.store(access.size, addr, offset, access.value);
}

const NONE: readonly number[] = [];
const LT_U = 0;
const LT_S = 1;
const EQ = 2;
type BaseKind = typeof LT_U | typeof LT_S | typeof EQ;
const LESS = [LT_U, LT_S] as const;
const KIND_NAMES = ["lt_u", "lt_s", "eq"] as const;
/** The greatest i32 that is not negative. */
const HALF = 2 ** 31 - 1;

function holdsAlways(e: IrExpr): boolean {
  return e.op === "const" && e.value !== 0;
}

/** Numbers for comparisons of small, repeatable operands, so that equal ones are found again without writing them out. */
class Comparisons {
  /** The locals that a comparison depends on. */
  readonly locals: (readonly number[])[] = [];
  private readonly known: (Map<number, number> | undefined)[] = [undefined, undefined, undefined];
  private readonly constants = new Map<number, number>();
  private readonly sums = new Map<BinOp, Map<number, number>>();
  /** Locals stand for themselves; what else is met gets the next number. */
  private operands: number;

  constructor(locals: number) {
    this.operands = locals;
  }

  find(kind: BaseKind, x: number, y: number): number | undefined {
    return this.known[kind]?.get(pair(x, y));
  }

  /** The number of a comparison, a new one where it has none; undefined for operands that are not small. */
  learn(kind: BaseKind, a: IrExpr, b: IrExpr): number | undefined {
    const x = this.numbered(a);
    const y = x === undefined ? undefined : this.numbered(b);
    if (x === undefined || y === undefined) return undefined;
    const key = pair(x, y);
    const known = (this.known[kind] ??= new Map());
    let found = known.get(key);
    if (found === undefined) {
      const locals: number[] = [];
      addLocals(a, locals);
      addLocals(b, locals);
      known.set(key, (found = this.locals.push(locals) - 1));
    }
    return found;
  }

  /** The number of an operand that some comparison has. */
  operand(e: IrExpr): number | undefined {
    if (e.op === "get") return e.local;
    if (e.op === "const") return this.constants.get(e.value);
    if (e.op !== "bin") return undefined;
    const of = this.sums.get(e.kind);
    const x = of === undefined ? undefined : this.leaf(e.a);
    const y = x === undefined ? undefined : this.leaf(e.b);
    return x === undefined || y === undefined ? undefined : of?.get(pair(x, y));
  }

  private leaf(e: IrExpr): number | undefined {
    if (e.op === "get") return e.local;
    return e.op === "const" ? this.constants.get(e.value) : undefined;
  }

  private numbered(e: IrExpr): number | undefined {
    if (e.op === "get") return e.local;
    if (e.op === "const") return numberIn(this.constants, e.value, this);
    if (e.op !== "bin" || !isLeaf(e.a) || !isLeaf(e.b)) return undefined;
    const x = this.numbered(e.a);
    const y = this.numbered(e.b);
    if (x === undefined || y === undefined) return undefined;
    let of = this.sums.get(e.kind);
    if (of === undefined) this.sums.set(e.kind, (of = new Map()));
    return numberIn(of, pair(x, y), this);
  }

  next(): number {
    return this.operands++;
  }
}

function numberIn(map: Map<number, number>, key: number, numbers: Comparisons): number {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = numbers.next()));
  return found;
}

/** Two numbers as one: a small integer for all but giant functions. */
function pair(x: number, y: number): number {
  return x < 32_768 && y < 32_768 ? (x << 15) | y : 2 ** 52 + x * 2 ** 26 + y;
}

function isLeaf(e: IrExpr): boolean {
  return e.op === "get" || e.op === "const";
}

function isComparison(kind: BinOp): boolean {
  switch (kind) {
    case "eq": case "ne": case "lt_s": case "le_s": case "gt_s": case "ge_s": case "lt_u": case "le_u": case "gt_u": case "ge_u":
      return true;
    default:
      return false;
  }
}

/** A comparison as one of three kinds (two bits), whether its sides change places, and whether it affirms the kind. */
type Form = number;
const NO_COMPARISON = -1;
const TURNED = 4;
const AFFIRMS = 8;
const FORMS: { readonly [kind in BinOp]?: Form } = {
  lt_u: LT_U | AFFIRMS, ge_u: LT_U, gt_u: LT_U | TURNED | AFFIRMS, le_u: LT_U | TURNED,
  lt_s: LT_S | AFFIRMS, ge_s: LT_S, gt_s: LT_S | TURNED | AFFIRMS, le_s: LT_S | TURNED,
  eq: EQ | AFFIRMS, ne: EQ,
};

function formOf(e: IrExpr): Form {
  switch (e.op) {
    case "get":
      return EQ;
    case "un":
      return e.kind === "eqz" ? EQ | AFFIRMS : NO_COMPARISON;
    case "bin":
      return FORMS[e.kind] ?? NO_COMPARISON;
    default:
      return NO_COMPARISON;
  }
}

function kindOf(form: Form): BaseKind {
  return (form & 3) as BaseKind;
}

function affirms(form: Form): boolean {
  return (form & AFFIRMS) !== 0;
}

function leftOf(e: IrExpr, form: Form): IrExpr {
  if (e.op === "un") return e.a;
  return e.op !== "bin" ? e : (form & TURNED) !== 0 ? e.b : e.a;
}

function rightOf(e: IrExpr, form: Form): IrExpr {
  return e.op !== "bin" ? ZERO : (form & TURNED) !== 0 ? e.a : e.b;
}

function addLocals(e: IrExpr, locals: number[]): void {
  if (e.op === "get") locals.push(e.local);
  else if (e.op === "bin") {
    addLocals(e.a, locals);
    addLocals(e.b, locals);
  }
}

export function jumpsTo(s: IrStmt, label: number): boolean {
  switch (s.op) {
    case "br":
      return s.label === label;
    case "if":
      return listJumpsTo(s.then, label) || listJumpsTo(s.else, label);
    case "loop":
    case "block":
      return listJumpsTo(s.body, label);
    default:
      return false;
  }
}

function listJumpsTo(stmts: readonly IrStmt[], label: number): boolean {
  for (const s of stmts) if (jumpsTo(s, label)) return true;
  return false;
}

function addTo(lists: (number[] | undefined)[], index: number, value: number): void {
  const list = lists[index];
  if (list === undefined) lists[index] = [value];
  else list.push(value);
}
