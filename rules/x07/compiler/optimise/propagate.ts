// Forward propagation: constants, copies, and conditions that are known to hold. Removes checks that cannot fail. Knows the IR only.

import type { BinOp, IrExpr, IrFunction, IrStmt } from "../ir.ts";
import { BIN_NUMBER, isConst, isPure } from "../ir.ts";
import { bin, cond as condExpr, k, un, ZERO } from "../ops.ts";
import { add as addition, compared, EVERYTHING, type Range, rangeOf } from "./ranges.ts";
import * as make from "../make.ts";
import { Looks } from "./looks.ts";
import { NumberTable } from "./number-table.ts";
import { ends, leaves, mapChildren, mapStmt } from "./walk.ts";
import { Scratch, ScratchList } from "./scratch.ts";

export function propagate(f: IrFunction): IrFunction {
  const body = new Propagation(f.locals.length).list(f.body);
  return body === f.body ? f : make.withBody(f, body);
}

type Load = Extract<IrExpr, { op: "load" }>;
type Store = Extract<IrStmt, { op: "store" }>;

/** One function uses them at a time. */
const markTable = new Scratch();
const valueTable = new ScratchList<IrExpr>();
const copyTable = new ScratchList<number[]>();
const rangeTable = new ScratchList<Range>();
const aboutTable = new ScratchList<number[]>();
const trailList: number[] = [];
const beforeList: (IrExpr | Range | Truth | undefined)[] = [];
const writtenList: IrStmt[] = [];
const assignmentList: number[] = [];

const KNOWN_NOTHING = 0;
const HOLDS = 1;
const FAILS = 2;
type Truth = typeof KNOWN_NOTHING | typeof HOLDS | typeof FAILS;

class Propagation {
  private readonly locals: number;
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
  private readonly trail: number[] = trailList;
  private readonly before: (IrExpr | Range | Truth | undefined)[] = beforeList;
  private changes = 0;
  /** Jumps written so far, by label. */
  private readonly jumps: number[] = [];
  /** Statements of the lists at hand, those of inner lists behind those of outer ones. */
  private readonly written: IrStmt[] = writtenList;
  private top = 0;
  /** Every local that has been assigned so far, in order. */
  private readonly assignments: number[] = assignmentList;
  private assigned = 0;
  private readonly looks = new Looks();
  /** Marks of locals: those with the newest number are in the set at hand. */
  private readonly marks: Int32Array;
  private mark = 0;

  constructor(locals: number) {
    this.locals = locals;
    this.values = valueTable.emptied(locals);
    this.copies = copyTable.emptied(locals);
    this.ranges = rangeTable.emptied(locals);
    this.about = aboutTable.emptied(locals);
    this.marks = markTable.zeroed(locals);
    this.comparisons = new Comparisons(locals);
  }

  // ---- statements

  list(stmts: readonly IrStmt[]): readonly IrStmt[] {
    const base = this.top;
    for (let i = 0; i < stmts.length; i++) {
      this.stmt(stmts[i]!);
      if (this.top === base || !ends(this.written[this.top - 1]!)) continue;
      // What follows a jump never runs; its labels are its own.
      for (let rest = i + 1; rest < stmts.length; rest++) this.noteAssignments(stmts[rest]!);
      break;
    }
    return this.taken(base, stmts);
  }

  private write(s: IrStmt): void {
    this.written[this.top++] = s;
  }

  /** The statements written since `base`: the old list where they are the same. */
  private taken(base: number, old: readonly IrStmt[]): readonly IrStmt[] {
    const { written, top } = this;
    this.top = base;
    if (top - base !== old.length) return written.slice(base, top);
    for (let i = 0; i < old.length; i++) if (written[base + i] !== old[i]) return written.slice(base, top);
    return old;
  }

  private stmt(s: IrStmt): void {
    switch (s.op) {
      case "if":
        return this.if(s);
      case "loop":
        return this.loop(s);
      case "block":
        return this.block(s);
      case "br":
        return this.br(s);
      case "trapIf":
        return this.trapIf(s);
      case "set":
        return this.set(s);
      case "store": {
        const addr = this.rewrite(s.addr);
        const value = this.rewrite(s.value);
        this.looks.last = undefined;
        return this.write(this.addressed<Store>(addr === s.addr && value === s.value ? s : make.store(s.size, addr, s.offset, value)));
      }
      case "call":
      case "resume":
        this.write(mapStmt(s, this.rewrite));
        this.looks.last = undefined;
        for (const d of s.dests) this.assign(d);
        return;
      default:
        this.write(mapStmt(s, this.rewrite));
        this.looks.last = undefined;
    }
  }

  private set(s: Extract<IrStmt, { op: "set" }>): void {
    const value = this.looks.answer(this.rewrite(s.value));
    const { local } = s;
    if (value.op === "get" && value.local === local) return this.noteAssignment(local);
    const known = this.values[local];
    if (known !== undefined && value.op === "const" && known.op === "const" && known.value === value.value) return this.noteAssignment(local);
    this.write(value === s.value ? s : make.set(local, value));
    const range = rangeOf(value, this.ranges);
    this.assign(local);
    if (range !== EVERYTHING && value.op !== "const") this.learnRange(local, range);
    if (value.op === "const" || value.op === "get") this.learnValue(local, value);
    else if (value.op === "call") this.looks.learn(local, value);
  }

  private if(s: Extract<IrStmt, { op: "if" }>): void {
    const test = this.rewrite(s.cond);
    if (test.op === "const") return this.decided(test.value !== 0 ? s.then : s.else, test.value !== 0 ? s.else : s.then);
    const { looks } = this;
    looks.see(test);
    const lookedBefore = looks.last;
    const before = this.assigned;
    const then = this.branch(s.then, test, s.cond, true);
    const between = this.assigned;
    const lookedThen = looks.last;
    looks.last = lookedBefore;
    const otherwise = this.branch(s.else, test, s.cond, false);
    const after = this.assigned;
    const a = leaves(then);
    const b = leaves(otherwise);
    if (!a) looks.last = b || lookedThen === looks.last ? lookedThen : undefined;
    if (!a) this.killAssigned(before, between);
    if (!b) this.killAssigned(between, after);
    if (then.length === 0 && otherwise.length === 0) {
      if (!isPure(test)) this.write(make.if(test, then, otherwise));
      return;
    }
    this.write(test === s.cond && then === s.then && otherwise === s.else ? s : make.if(test, then, otherwise));
    if (a && !b) this.learnUnchanged(test, s.cond, false, between, after);
    if (b && !a) this.learnUnchanged(test, s.cond, true, before, between);
  }

  /** One side always runs, the other never. */
  private decided(side: readonly IrStmt[], never: readonly IrStmt[]): void {
    for (const s of this.list(side)) this.write(s);
    for (const s of never) this.noteAssignments(s);
  }

  private branch(stmts: readonly IrStmt[], test: IrExpr, original: IrExpr, holds: boolean): readonly IrStmt[] {
    if (stmts.length === 0) return stmts;
    const mark = this.changes;
    this.learn(test, holds);
    if (original !== test) this.learn(original, holds);
    const out = this.list(stmts);
    this.undo(mark);
    return out;
  }

  /** `from` and `to`: the assignments that the condition must not depend on. */
  private learnUnchanged(test: IrExpr, original: IrExpr, holds: boolean, from: number, to: number): void {
    this.mark++;
    for (let i = from; i < to; i++) this.marks[this.assignments[i]!] = this.mark;
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

  private loop(s: Extract<IrStmt, { op: "loop" }>): void {
    const { changed, jumps } = new Rounds(s, this.marks, ++this.mark);
    // The condition under which the loop goes round again, if its end is the only place that does so.
    const last = s.body.at(-1);
    const invariant = jumps === 1 && last?.op === "br" && last.label === s.label ? last.cond : undefined;
    const known = invariant !== undefined && (this.truth(invariant) === true || holdsAlways(this.rewrite(invariant)));
    for (const local of changed) this.kill(local);
    this.looks.last = undefined;
    const mark = this.changes;
    if (known && invariant !== undefined) {
      this.learn(invariant, true);
      this.learn(mapChildren(invariant, this.rewrite), true);
    }
    const body = this.list(s.body);
    this.looks.last = undefined;
    this.undo(mark);
    this.write(body === s.body ? s : make.loop(s.label, body));
  }

  private block(s: Extract<IrStmt, { op: "block" }>): void {
    const mark = this.changes;
    const jumps = this.jumps[s.label] ?? 0;
    const before = this.assigned;
    const body = this.list(s.body);
    if ((this.jumps[s.label] ?? 0) === jumps) {
      for (const x of body) this.write(x);
      return;
    }
    this.looks.last = undefined;
    this.undo(mark);
    this.killAssigned(before, this.assigned);
    this.write(body === s.body ? s : make.block(s.label, body));
  }

  private br(s: Extract<IrStmt, { op: "br" }>): void {
    if (s.cond === undefined) return this.jump(s);
    const test = this.rewrite(s.cond);
    this.looks.see(test);
    if (test.op === "const") {
      if (test.value !== 0) this.jump(make.br(s.label, undefined));
      return;
    }
    this.jump(test === s.cond ? s : make.br(s.label, test));
    this.learn(test, false);
    if (s.cond !== test) this.learn(s.cond, false);
  }

  private jump(s: Extract<IrStmt, { op: "br" }>): void {
    this.jumps[s.label] = (this.jumps[s.label] ?? 0) + 1;
    this.write(s);
  }

  private trapIf(s: Extract<IrStmt, { op: "trapIf" }>): void {
    const test = this.rewrite(s.cond);
    this.looks.see(test);
    if (test.op === "const") {
      if (test.value !== 0) this.write(make.trap());
      return;
    }
    this.write(test === s.cond ? s : make.trapIf(test));
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
        if (next.op !== "bin" || !isComparison(next.kind)) return next;
        const truth = this.truth(next) ?? (next === e ? undefined : this.truth(e));
        return truth === undefined ? next : k(truth ? 1 : 0);
      }
      case "un": {
        const a = this.rewrite(e.a);
        return a === e.a ? e : un(e.kind, a);
      }
      case "cond": {
        const c = this.rewrite(e.cond);
        const mark = this.changes;
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
    const whole = addition(rangeOf(index.a, this.ranges), { low: index.b.value, high: index.b.value });
    return whole === EVERYTHING ? access : moved(access, bin("add", addr.a, index.a), access.offset + index.b.value);
  }

  // ---- knowledge

  learnRange(local: number, range: Range): void {
    if (range === EVERYTHING) return;
    const before = this.ranges[local];
    if (before === undefined) return range.low > range.high ? undefined : this.changeRange(local, range);
    const low = Math.max(range.low, before.low);
    const high = Math.min(range.high, before.high);
    if (low > high || (before.low === low && before.high === high)) return;
    this.changeRange(local, { low, high });
  }

  private remember(what: number, was: IrExpr | Range | Truth | undefined): void {
    this.trail[this.changes] = what;
    this.before[this.changes++] = was;
  }

  private changeRange(local: number, range: Range | undefined): void {
    this.remember(this.locals + local, this.ranges[local]);
    this.ranges[local] = range;
  }

  private undo(mark: number): void {
    const { trail, before } = this;
    while (this.changes > mark) {
      const what = trail[--this.changes]!;
      const was = before[this.changes];
      if (what < 0) {
        this.setTruth(~what, was as Truth);
        // Made findable again by the locals that it depends on.
        if (was !== KNOWN_NOTHING) for (const l of this.comparisons.locals[~what]!) addTo(this.about, l, ~what);
      } else if (what >= this.locals) this.ranges[what - this.locals] = was as Range | undefined;
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
    this.remember(local, this.values[local]);
    this.values[local] = value;
  }

  private changeTruth(comparison: number, truth: Truth): void {
    this.remember(~comparison, this.truths[comparison] ?? KNOWN_NOTHING);
    this.setTruth(comparison, truth);
  }

  private learnValue(local: number, value: IrExpr): void {
    this.changeValue(local, value);
    if (value.op === "get") addTo(this.copies, value.local, local);
  }

  private kill(local: number): void {
    this.looks.assigned(local);
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

  /** The local has another value now. */
  private assign(local: number): void {
    this.noteAssignment(local);
    this.kill(local);
  }

  private noteAssignment(local: number): void {
    this.assignments[this.assigned++] = local;
  }

  private killAssigned(from: number, to: number): void {
    for (let i = from; i < to; i++) this.kill(this.assignments[i]!);
  }

  /** Of statements that never run: what holds behind them does not depend on that. */
  private noteAssignments(s: IrStmt): void {
    switch (s.op) {
      case "set":
        return this.noteAssignment(s.local);
      case "call":
      case "resume":
        for (const d of s.dests) this.noteAssignment(d);
        return;
      case "if":
        for (const x of s.then) this.noteAssignments(x);
        for (const x of s.else) this.noteAssignments(x);
        return;
      case "loop":
      case "block":
        for (const x of s.body) this.noteAssignments(x);
    }
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
    compared(KIND_NAMES[kind], a, b, so, this.ranges, this);
    const comparison = this.comparisons.learn(kind, a, b);
    if (comparison === UNKNOWN) return;
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
    const y = x === UNKNOWN ? UNKNOWN : this.comparisons.operand(b);
    if (x === UNKNOWN || y === UNKNOWN) return undefined;
    const known = this.implied(kind, x, y);
    return known === undefined ? undefined : known === affirms(form);
  }

  /** What the ranges of both sides say. */
  private ranged(kind: BaseKind, a: IrExpr, b: IrExpr): boolean | undefined {
    if (a.op === "get" && b.op === "get" && a.local === b.local) return kind === EQ;
    const x = rangeOf(a, this.ranges);
    const y = rangeOf(b, this.ranges);
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
    return comparison === UNKNOWN ? KNOWN_NOTHING : this.truths[comparison]!;
  }
}

function moved<A extends Load | Store>(access: A, addr: IrExpr, offset: number): A;
function moved(access: Load | Store, addr: IrExpr, offset: number): Load | Store {
  return access.op === "load" ? make.load(access.size, addr, offset) : make.store(access.size, addr, offset, access.value);
}

/** What a loop's body does to what is known at its start. */
class Rounds {
  /** The locals that it assigns, each once. */
  readonly changed: number[] = [];
  /** How often it jumps back to its start. */
  jumps = 0;
  private readonly label: number;
  private readonly marks: Int32Array;
  private readonly mark: number;

  constructor(s: Extract<IrStmt, { op: "loop" }>, marks: Int32Array, mark: number) {
    this.label = s.label;
    this.marks = marks;
    this.mark = mark;
    this.list(s.body);
  }

  private list(stmts: readonly IrStmt[]): void {
    for (const s of stmts) {
      switch (s.op) {
        case "set":
          this.assigned(s.local);
          break;
        case "call":
        case "resume":
          for (const d of s.dests) this.assigned(d);
          break;
        case "if":
          this.list(s.then);
          this.list(s.else);
          break;
        case "loop":
        case "block":
          this.list(s.body);
          break;
        case "br":
          if (s.label === this.label) this.jumps++;
      }
    }
  }

  private assigned(local: number): void {
    if (this.marks[local] === this.mark) return;
    this.marks[local] = this.mark;
    this.changed.push(local);
  }
}

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

/** One function uses it at a time. */
const numbers = new NumberTable();
/** Kinds of keys in it, besides those of comparisons; sums are told apart by their operators. */
const CONSTANT = 3;
const SUM = 4;
const UNKNOWN = -1;

/** Numbers for comparisons of small, repeatable operands, so that equal ones are found again without writing them out. */
class Comparisons {
  /** The locals that a comparison depends on. */
  readonly locals: (readonly number[])[] = [];
  /** Locals stand for themselves; what else is met gets the next number. */
  private operands: number;

  constructor(locals: number) {
    this.operands = locals;
    numbers.clear();
  }

  find(kind: BaseKind, x: number, y: number): number {
    return numbers.find(kind, x, y);
  }

  /** The number of a comparison, a new one where it has none; UNKNOWN for operands that are not small. */
  learn(kind: BaseKind, a: IrExpr, b: IrExpr): number {
    const x = this.numbered(a);
    const y = x === UNKNOWN ? UNKNOWN : this.numbered(b);
    if (x === UNKNOWN || y === UNKNOWN) return UNKNOWN;
    let found = numbers.find(kind, x, y);
    if (found === UNKNOWN) {
      const locals: number[] = [];
      addLocals(a, locals);
      addLocals(b, locals);
      found = this.locals.push(locals) - 1;
      numbers.add(kind, x, y, found);
    }
    return found;
  }

  /** The number of an operand that some comparison has. */
  operand(e: IrExpr): number {
    if (e.op !== "bin") return this.leaf(e);
    const x = this.leaf(e.a);
    const y = x === UNKNOWN ? UNKNOWN : this.leaf(e.b);
    return x === UNKNOWN || y === UNKNOWN ? UNKNOWN : numbers.find(SUM + BIN_NUMBER[e.kind], x, y);
  }

  private leaf(e: IrExpr): number {
    if (e.op === "get") return e.local;
    return e.op === "const" ? numbers.find(CONSTANT, e.value, 0) : UNKNOWN;
  }

  private numbered(e: IrExpr): number {
    if (e.op === "get") return e.local;
    if (e.op === "const") return this.numberOf(CONSTANT, e.value, 0);
    if (e.op !== "bin" || !isLeaf(e.a) || !isLeaf(e.b)) return UNKNOWN;
    const x = this.numbered(e.a);
    return this.numberOf(SUM + BIN_NUMBER[e.kind], x, this.numbered(e.b));
  }

  private numberOf(kind: number, x: number, y: number): number {
    const found = numbers.find(kind, x, y);
    if (found !== UNKNOWN) return found;
    numbers.add(kind, x, y, this.operands);
    return this.operands++;
  }
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

function formOf(e: IrExpr): Form {
  switch (e.op) {
    case "get":
      return EQ;
    case "un":
      return e.kind === "eqz" ? EQ | AFFIRMS : NO_COMPARISON;
    case "bin":
      return formOfBin(e.kind);
    default:
      return NO_COMPARISON;
  }
}

function formOfBin(kind: BinOp): Form {
  switch (kind) {
    case "lt_u": return LT_U | AFFIRMS;
    case "ge_u": return LT_U;
    case "gt_u": return LT_U | TURNED | AFFIRMS;
    case "le_u": return LT_U | TURNED;
    case "lt_s": return LT_S | AFFIRMS;
    case "ge_s": return LT_S;
    case "gt_s": return LT_S | TURNED | AFFIRMS;
    case "le_s": return LT_S | TURNED;
    case "eq": return EQ | AFFIRMS;
    case "ne": return EQ;
    default: return NO_COMPARISON;
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

function addTo(lists: (number[] | undefined)[], index: number, value: number): void {
  const list = lists[index];
  if (list === undefined) lists[index] = [value];
  else list.push(value);
}
