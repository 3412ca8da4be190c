// Forward propagation: constants, copies, and conditions that are known to hold. Removes checks that cannot fail. Knows the IR only.

import type { IrExpr, IrFunction, IrStmt } from "../ir.ts";
import { isConst, isPure, isSimple } from "../ir.ts";
import { bin, cond as condExpr, k, un } from "../ops.ts";
import { add as addition, compared, EVERYTHING, type Range, rangeOf } from "./ranges.ts";
import { assignedLocals } from "../elab/effects.ts";
import { leaves, mapChildren, mapStmt } from "./walk.ts";

export function propagate(f: IrFunction): IrFunction {
  return { ...f, body: new Propagation().list(f.body) };
}

interface Undo {
  readonly map: Map<number, IrExpr> | Map<string, boolean> | Map<number, Range>;
  readonly key: number | string;
  readonly before: IrExpr | boolean | Range | undefined;
}

class Propagation {
  /** What a local is known to equal: a constant or another local. */
  private readonly values = new Map<number, IrExpr>();
  /** Locals that may be known to equal this one: a superset of the truth in `values`. */
  private readonly copies = new Map<number, Set<number>>();
  /** Between which values a local is known to be. */
  private readonly ranges = new Map<number, Range>();
  /** Truth of comparisons, by their text. */
  private readonly facts = new Map<string, boolean>();
  /** Facts that may be known about a local: a superset of the truth in `facts`. */
  private readonly about = new Map<number, Set<string>>();
  private readonly factLocals = new Map<string, readonly number[]>();
  private trail: Undo[] = [];
  private readonly assignedIn = new WeakMap<readonly IrStmt[], Set<number>>();

  // ---- statements

  list(stmts: readonly IrStmt[]): readonly IrStmt[] {
    const out: IrStmt[] = [];
    for (const s of stmts) {
      this.stmt(s, out);
      // What follows a jump never runs; its labels are its own.
      if (leaves(out)) break;
    }
    return out;
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
    }
    const next = mapStmt(s, this.rewrite);
    out.push(next.op === "store" ? this.addressed(next) : next);
    if (s.op === "call" || s.op === "resume") for (const d of s.dests) this.kill(d);
  }

  private set(s: Extract<IrStmt, { op: "set" }>, out: IrStmt[]): void {
    const value = this.rewrite(s.value);
    if (value.op === "get" && value.local === s.local) return;
    const known = this.values.get(s.local);
    if (known !== undefined && value.op === "const" && known.op === "const" && known.value === value.value) return;
    out.push(value === s.value ? s : { ...s, value });
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
    if (!a) this.killAll(this.assigned(s.then));
    if (!b) this.killAll(this.assigned(s.else));
    if (then.length === 0 && otherwise.length === 0) {
      if (!isPure(test)) out.push({ op: "if", cond: test, then, else: otherwise });
      return;
    }
    out.push({ op: "if", cond: test, then, else: otherwise });
    if (a && !b) this.learnUnchanged(test, s.cond, false, this.assigned(s.else));
    if (b && !a) this.learnUnchanged(test, s.cond, true, this.assigned(s.then));
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

  private learnUnchanged(test: IrExpr, original: IrExpr, holds: boolean, changed: ReadonlySet<number>): void {
    for (const e of original === test ? [test] : [test, original]) if (!mentions(e, changed)) this.learn(e, holds);
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
    out.push({ ...s, body });
  }

  /** The condition under which the loop goes round again, if its end is the only place that does so. */
  private entryCondition(s: Extract<IrStmt, { op: "loop" }>): IrExpr | undefined {
    const last = s.body.at(-1);
    if (last?.op !== "br" || last.label !== s.label || last.cond === undefined) return undefined;
    return s.body.slice(0, -1).some((x) => jumpsTo(x, s.label)) ? undefined : last.cond;
  }

  private block(s: Extract<IrStmt, { op: "block" }>, out: IrStmt[]): void {
    const mark = this.trail.length;
    const body = this.list(s.body);
    const used = body.some((x) => jumpsTo(x, s.label));
    if (!used) {
      for (const x of body) out.push(x);
      return;
    }
    this.undo(mark);
    this.killAll(this.assigned(s.body));
    out.push({ ...s, body });
  }

  private br(s: Extract<IrStmt, { op: "br" }>, out: IrStmt[]): void {
    if (s.cond === undefined) {
      out.push(s);
      return;
    }
    const test = this.rewrite(s.cond);
    if (test.op === "const") {
      if (test.value !== 0) out.push({ op: "br", label: s.label, cond: undefined });
      return;
    }
    out.push({ op: "br", label: s.label, cond: test });
    this.learn(test, false);
    if (s.cond !== test) this.learn(s.cond, false);
  }

  private trapIf(s: Extract<IrStmt, { op: "trapIf" }>, out: IrStmt[]): void {
    const test = this.rewrite(s.cond);
    if (test.op === "const") {
      if (test.value !== 0) out.push({ op: "trap" });
      return;
    }
    out.push({ op: "trapIf", cond: test });
    this.learn(test, false);
    if (s.cond !== test) this.learn(s.cond, false);
  }

  // ---- expressions

  private readonly rewrite = (e: IrExpr): IrExpr => {
    switch (e.op) {
      case "get":
        return this.values.get(e.local) ?? e;
      case "bin": {
        const a = this.rewrite(e.a);
        const b = this.rewrite(e.b);
        const next = a === e.a && b === e.b ? e : bin(e.kind, a, b);
        const truth = next.op === "bin" && COMPARE.has(next.kind) ? (this.truth(next) ?? (next === e ? undefined : this.truth(e))) : undefined;
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
        const next = mapChildren(e, this.rewrite);
        return next.op === "load" ? this.addressed(next) : next;
      }
      default:
        return mapChildren(e, this.rewrite);
    }
  };

  /** The constant part of an index becomes the offset where the index does not wrap: then no part of the address does. */
  private addressed<A extends { readonly addr: IrExpr; readonly offset: number }>(access: A): A {
    const { addr } = access;
    if (addr.op !== "bin" || addr.kind !== "add") return access;
    const index = addr.b;
    if (index.op === "const") return index.value > 0 && access.offset + index.value < 65536 && !isConst(addr.a) ? { ...access, addr: addr.a, offset: access.offset + index.value } : access;
    if (index.op !== "bin" || index.kind !== "add" || index.b.op !== "const" || index.b.value <= 0 || access.offset + index.b.value >= 65536) return access;
    const whole = addition(rangeOf(index.a, this.rangeOfLocal), { low: index.b.value, high: index.b.value });
    return whole === EVERYTHING ? access : { ...access, addr: bin("add", addr.a, index.a), offset: access.offset + index.b.value };
  }

  // ---- knowledge

  private readonly rangeOfLocal = (local: number): Range => this.ranges.get(local) ?? EVERYTHING;

  private learnRange(local: number, range: Range): void {
    const before = this.ranges.get(local);
    const low = Math.max(range.low, before?.low ?? 0);
    const high = Math.min(range.high, before?.high ?? EVERYTHING.high);
    if (range === EVERYTHING || low > high || (before !== undefined && before.low === low && before.high === high)) return;
    this.remember(this.ranges, local, before);
    this.ranges.set(local, { low, high });
  }

  private remember(map: Undo["map"], key: number | string, before: Undo["before"]): void {
    this.trail.push({ map, key, before });
  }

  private undo(mark: number): void {
    while (this.trail.length > mark) {
      const u = this.trail.pop();
      if (u === undefined) return;
      const map = u.map as Map<number | string, IrExpr | boolean | Range>;
      if (u.before === undefined) map.delete(u.key);
      else {
        map.set(u.key, u.before);
        this.index(u.key, u.before);
      }
    }
  }

  /** Makes a restored piece of knowledge findable again by the locals that it depends on. */
  private index(key: number | string, known: IrExpr | boolean | Range): void {
    if (typeof key === "string") for (const l of this.factLocals.get(key) ?? []) addTo(this.about, l, key);
    else if (typeof known !== "boolean" && "op" in known && known.op === "get") addTo(this.copies, known.local, key);
  }

  private learnValue(local: number, value: IrExpr): void {
    this.remember(this.values, local, this.values.get(local));
    this.values.set(local, value);
    if (value.op === "get") addTo(this.copies, value.local, local);
  }

  private kill(local: number): void {
    const range = this.ranges.get(local);
    if (range !== undefined) {
      this.remember(this.ranges, local, range);
      this.ranges.delete(local);
    }
    if (this.values.has(local)) {
      this.remember(this.values, local, this.values.get(local));
      this.values.delete(local);
    }
    for (const copy of this.copies.get(local) ?? []) {
      const value = this.values.get(copy);
      if (value?.op !== "get" || value.local !== local) continue;
      this.remember(this.values, copy, value);
      this.values.delete(copy);
    }
    this.copies.delete(local);
    for (const fact of this.about.get(local) ?? []) {
      const before = this.facts.get(fact);
      if (before === undefined) continue;
      this.remember(this.facts, fact, before);
      this.facts.delete(fact);
    }
    this.about.delete(local);
  }

  private killAll(locals: ReadonlySet<number>): void {
    for (const l of locals) this.kill(l);
  }

  private assigned(stmts: readonly IrStmt[]): Set<number> {
    let set = this.assignedIn.get(stmts);
    if (set === undefined) {
      set = new Set();
      assignedLocals(stmts, set);
      this.assignedIn.set(stmts, set);
    }
    return set;
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
    const base = normal(e);
    if (base === undefined) return;
    this.state(base.kind, base.a, base.b, base.holds === holds);
  }

  private state(kind: BaseKind, a: IrExpr, b: IrExpr, truth: boolean): void {
    for (const [local, range] of compared(kind, a, b, truth, this.rangeOfLocal)) this.learnRange(local, range);
    const key = textOf(kind, a, b);
    if (key === undefined) return;
    if (this.facts.get(key) === truth) return;
    this.remember(this.facts, key, this.facts.get(key));
    this.facts.set(key, truth);
    let locals = this.factLocals.get(key);
    if (locals === undefined) this.factLocals.set(key, (locals = [...localsOf(a), ...localsOf(b)]));
    for (const l of locals) addTo(this.about, l, key);
  }

  private truth(e: IrExpr): boolean | undefined {
    const base = normal(e);
    if (base === undefined) return undefined;
    const ranged = this.ranged(base.kind, base.a, base.b);
    // What has effects stays, whatever its value.
    if (ranged !== undefined && isPure(base.a) && isPure(base.b)) return ranged === base.holds;
    if (this.facts.size === 0) return undefined;
    const x = operandText(base.a);
    const y = x === undefined ? undefined : operandText(base.b);
    if (x === undefined || y === undefined) return undefined;
    const known = this.implied(base.kind, x, y);
    return known === undefined ? undefined : known === base.holds;
  }

  /** What the ranges of both sides say. */
  private ranged(kind: BaseKind, a: IrExpr, b: IrExpr): boolean | undefined {
    if (a.op === "get" && b.op === "get" && a.local === b.local) return kind === "eq";
    const x = rangeOf(a, this.rangeOfLocal);
    const y = rangeOf(b, this.rangeOfLocal);
    if (x === EVERYTHING && y === EVERYTHING) return undefined;
    if (kind === "eq") return x.high < y.low || y.high < x.low ? false : undefined;
    if (kind === "lt_s" && (x.high > HALF || y.high > HALF)) return undefined;
    if (x.high < y.low) return true;
    return x.low >= y.high ? false : undefined;
  }

  /** What the facts say of `x kind y`, also by way of the other comparisons of x and y. */
  private implied(kind: BaseKind, x: string, y: string): boolean | undefined {
    const { facts } = this;
    const known = facts.get(`${kind} ${x} ${y}`);
    if (known !== undefined) return known;
    if (kind !== "eq") return facts.get(`${kind} ${y} ${x}`) === true || facts.get(`eq ${x} ${y}`) === true || facts.get(`eq ${y} ${x}`) === true ? false : undefined;
    const turned = facts.get(`eq ${y} ${x}`);
    if (turned !== undefined) return turned;
    for (const less of ["lt_u", "lt_s"] as const) if (facts.get(`${less} ${x} ${y}`) === true || facts.get(`${less} ${y} ${x}`) === true) return false;
    return undefined;
  }
}

/** The greatest i32 that is not negative. */
const HALF = 2 ** 31 - 1;

function holdsAlways(e: IrExpr): boolean {
  return e.op === "const" && e.value !== 0;
}

type BaseKind = "lt_u" | "lt_s" | "eq";
const COMPARE = new Set<string>(["eq", "ne", "lt_s", "le_s", "gt_s", "ge_s", "lt_u", "le_u", "gt_u", "ge_u"]);

/** Every comparison as one of three kinds; `holds` tells which way round. */
function normal(e: IrExpr): { kind: BaseKind; a: IrExpr; b: IrExpr; holds: boolean } | undefined {
  if (e.op === "get") return { kind: "eq", a: e, b: k(0), holds: false };
  if (e.op === "un" && e.kind === "eqz") return { kind: "eq", a: e.a, b: k(0), holds: true };
  if (e.op !== "bin") return undefined;
  const { a, b } = e;
  switch (e.kind) {
    case "lt_u": return { kind: "lt_u", a, b, holds: true };
    case "ge_u": return { kind: "lt_u", a, b, holds: false };
    case "gt_u": return { kind: "lt_u", a: b, b: a, holds: true };
    case "le_u": return { kind: "lt_u", a: b, b: a, holds: false };
    case "lt_s": return { kind: "lt_s", a, b, holds: true };
    case "ge_s": return { kind: "lt_s", a, b, holds: false };
    case "gt_s": return { kind: "lt_s", a: b, b: a, holds: true };
    case "le_s": return { kind: "lt_s", a: b, b: a, holds: false };
    case "eq": return { kind: "eq", a, b, holds: true };
    case "ne": return { kind: "eq", a, b, holds: false };
    default: return undefined;
  }
}

/** The text of a comparison of small, repeatable operands; undefined for others. */
function textOf(kind: BaseKind, a: IrExpr, b: IrExpr): string | undefined {
  const x = operandText(a);
  const y = x === undefined ? undefined : operandText(b);
  return y === undefined ? undefined : `${kind} ${x} ${y}`;
}

function operandText(e: IrExpr): string | undefined {
  if (e.op === "get") return `l${e.local}`;
  if (e.op === "const") return `${e.value}`;
  if (e.op === "bin" && isSimple(e.a) && isSimple(e.b)) {
    const x = operandText(e.a);
    const y = operandText(e.b);
    return x === undefined || y === undefined ? undefined : `(${e.kind} ${x} ${y})`;
  }
  return undefined;
}

function localsOf(e: IrExpr): readonly number[] {
  if (e.op === "get") return [e.local];
  if (e.op === "bin") return [...localsOf(e.a), ...localsOf(e.b)];
  return [];
}

function mentions(e: IrExpr, locals: ReadonlySet<number>): boolean {
  if (e.op === "get") return locals.has(e.local);
  let found = false;
  mapChildren(e, (c) => {
    found ||= mentions(c, locals);
    return c;
  });
  return found;
}

export function jumpsTo(s: IrStmt, label: number): boolean {
  if (s.op === "br") return s.label === label;
  if (s.op === "if") return s.then.some((x) => jumpsTo(x, label)) || s.else.some((x) => jumpsTo(x, label));
  return (s.op === "loop" || s.op === "block") && s.body.some((x) => jumpsTo(x, label));
}

function addTo<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}
