// Computes once what is computed again while its operands are the same, where that saves work. Knows the IR only.

import type { IrExpr, IrFunction, IrStmt, Scalar } from "../ir.ts";
import { typeOf } from "../ir.ts";
import { assignedLocals } from "../elab/effects.ts";
import { NumberTable } from "./number-table.ts";
import { mapChildren, mapStmt, ownExprs } from "./walk.ts";
import * as make from "../make.ts";

/** Larger expressions are looked at by their parts. */
const LARGEST = 15;
/** A function with more expressions than this is left alone. */
const MOST = 40_000;

export function shareValues(f: IrFunction): IrFunction {
  if (!new Repeats().in(f.body)) return f;
  const found = new Search();
  found.list(f.body);
  const worth = found.worth();
  if (worth.size === 0) return f;
  const writing = new Writing(found.occurrences, worth, f.locals);
  return make.withBody(f, writing.list(f.body), writing.locals);
}

/** One function uses it at a time. */
const marks = new NumberTable();

/** A cheap first look: whether any expression of three nodes or more seems to stand twice. */
class Repeats {
  private found = false;

  constructor() {
    marks.clear();
  }

  in(stmts: readonly IrStmt[]): boolean {
    this.list(stmts);
    return this.found;
  }

  private list(stmts: readonly IrStmt[]): void {
    for (const s of stmts) {
      if (this.found) return;
      ownExprs(s, this.look);
      switch (s.op) {
        case "if":
          this.list(s.then);
          this.list(s.else);
          break;
        case "loop":
        case "block":
          this.list(s.body);
      }
    }
  }

  private readonly look = (e: IrExpr): boolean => {
    this.mark(e);
    return this.found;
  };

  /** A number that is the same for equal expressions; -1 for what cannot be shared. */
  private mark(e: IrExpr): number {
    switch (e.op) {
      case "get":
        return e.local;
      case "const":
        return (Math.imul(e.value, 31) ^ 0x5bd1) >>> 1;
      case "bin": {
        const a = this.mark(e.a);
        const b = this.mark(e.b);
        return a < 0 || b < 0 ? -1 : this.seenBefore(mixed(a, b, e.kind));
      }
      case "un": {
        const a = this.mark(e.a);
        if (a < 0) return -1;
        const mark = mixed(a, 0, e.kind);
        return e.a.op === "get" ? mark : this.seenBefore(mark);
      }
      default:
        eachChild(e, this.look);
        return -1;
    }
  }

  private seenBefore(mark: number): number {
    if (marks.find(mark, 0, 0) >= 0) this.found = true;
    else marks.add(mark, 0, 0, 0);
    return mark;
  }
}

function mixed(a: number, b: number, kind: string): number {
  return (Math.imul(Math.imul(a, 0x01000193) ^ b, 0x01000193) + Math.imul(kind.charCodeAt(0) * 64 + kind.charCodeAt(kind.length - 1) + kind.length, 0x85eb)) >>> 1;
}

/** One value that is computed at one or more places. */
interface Shared {
  readonly text: string;
  readonly first: IrExpr;
  readonly nodes: number;
  readonly type: Scalar;
  places: number;
  /** A local that the first place gives the value to anyway. */
  holder: number | undefined;
}

/** What an expression is: its text and size, when it depends on locals alone and cannot trap. */
interface Form {
  readonly text: string;
  readonly nodes: number;
}

function formOf(e: IrExpr): Form | undefined {
  if (e.op === "get") return { text: `l${e.local}`, nodes: 1 };
  if (e.op === "const") return { text: `${e.value}`, nodes: 1 };
  if (e.op === "un") {
    const a = formOf(e.a);
    return a === undefined || a.nodes + 1 > LARGEST ? undefined : { text: `${e.kind}(${a.text})`, nodes: a.nodes + 1 };
  }
  // Division may trap, and what is behind a condition may not be computed before it.
  if (e.op !== "bin" || e.kind === "div_u" || e.kind === "rem_u") return undefined;
  const a = formOf(e.a);
  const b = a === undefined ? undefined : formOf(e.b);
  if (a === undefined || b === undefined || a.nodes + b.nodes + 1 > LARGEST) return undefined;
  return { text: `${e.kind}(${a.text},${b.text})`, nodes: a.nodes + b.nodes + 1 };
}

/** Numbers the places where shareable expressions stand, in the order of both walks, and tells which compute the same. */
class Search {
  readonly occurrences: (Shared | undefined)[] = [];
  /** Values that are known here, by text. */
  private readonly known = new Map<string, Shared>();
  /** Those that have become so in the innermost list. */
  private news: (readonly [string, Shared])[] = [];
  private readonly about = new Map<number, Set<string>>();

  worth(): ReadonlySet<Shared> {
    const shared = new Set<Shared>();
    for (const s of this.occurrences) if (s !== undefined && (s.holder !== undefined || s.nodes * s.places > s.nodes + s.places + 1)) shared.add(s);
    return shared;
  }

  list(stmts: readonly IrStmt[]): void {
    for (const s of stmts) this.stmt(s);
  }

  private stmt(s: IrStmt): void {
    if (this.occurrences.length > MOST) return;
    const first = this.occurrences.length;
    if (s.op === "loop") this.forgetAssigned(s.body);
    else ownExprs(s, this.look);
    if (s.op === "set") {
      this.forget(s.local);
      this.hold(s.local, s.value, this.occurrences[first]);
    } else if (s.op === "call" || s.op === "resume") for (const d of s.dests) this.forget(d);
    else if (s.op === "if") {
      this.inner(s.then);
      this.inner(s.else);
    } else if (s.op === "loop" || s.op === "block") this.inner(s.body);
  }

  /** The value that a local has just got need not be kept in another one. */
  private hold(local: number, value: IrExpr, shared: Shared | undefined): void {
    if (shared?.first !== value || shared.places > 1 || this.known.get(shared.text) !== shared) return;
    shared.holder = local;
    this.depend(shared.text, local);
  }

  private depend(text: string, local: number): void {
    const set = this.about.get(local);
    if (set === undefined) this.about.set(local, new Set([text]));
    else set.add(text);
  }

  /** What becomes known inside is not known behind. */
  private inner(stmts: readonly IrStmt[]): void {
    const outer = this.news;
    this.news = [];
    this.list(stmts);
    for (const [text, shared] of this.news) if (this.known.get(text) === shared) this.known.delete(text);
    this.news = outer;
  }

  private readonly look = (e: IrExpr): boolean => {
    this.expr(e);
    return false;
  };

  private expr(e: IrExpr): void {
    if (e.op === "cond") return this.expr(e.cond);
    if (e.op !== "bin" && e.op !== "un") {
      eachChild(e, this.look);
      return;
    }
    const form = formOf(e);
    if (form !== undefined && form.nodes >= 3) {
      const known = this.known.get(form.text);
      const shared = known ?? { text: form.text, first: e, nodes: form.nodes, type: typeOf(e), places: 0, holder: undefined };
      shared.places++;
      this.occurrences.push(shared);
      if (known !== undefined) return;
      this.known.set(form.text, shared);
      this.news.push([form.text, shared]);
      for (const local of localsOf(e)) this.depend(form.text, local);
    }
    eachChild(e, this.look);
  }

  private forget(local: number): void {
    for (const text of this.about.get(local) ?? []) this.known.delete(text);
    this.about.delete(local);
  }

  private forgetAssigned(stmts: readonly IrStmt[]): void {
    const assigned = new Set<number>();
    assignedLocals(stmts, assigned);
    for (const local of assigned) this.forget(local);
  }
}

function eachChild(e: IrExpr, see: (e: IrExpr) => void): void {
  switch (e.op) {
    case "bin":
      see(e.a);
      return see(e.b);
    case "un":
      return see(e.a);
    case "load":
      return see(e.addr);
    case "cond":
      see(e.cond);
      see(e.a);
      return see(e.b);
    case "call":
      for (const a of e.args) see(a);
  }
}

function localsOf(e: IrExpr): ReadonlySet<number> {
  const locals = new Set<number>();
  const see = (x: IrExpr): void => {
    if (x.op === "get") locals.add(x.local);
    else eachChild(x, see);
  };
  see(e);
  return locals;
}

/** Goes the same way as the search and puts locals in. */
class Writing {
  readonly locals: Scalar[];
  private readonly occurrences: readonly (Shared | undefined)[];
  private readonly worth: ReadonlySet<Shared>;
  private readonly names = new Map<Shared, number>();
  /** Values in the order of their first places. */
  private readonly seen = new Set<Shared>();
  private next = 0;
  private before: IrStmt[] = [];

  constructor(occurrences: readonly (Shared | undefined)[], worth: ReadonlySet<Shared>, locals: readonly Scalar[]) {
    this.occurrences = occurrences;
    this.worth = worth;
    this.locals = [...locals];
  }

  list(stmts: readonly IrStmt[]): readonly IrStmt[] {
    const out: IrStmt[] = [];
    for (const s of stmts) this.stmt(s, out);
    return out;
  }

  private stmt(s: IrStmt, out: IrStmt[]): void {
    if (this.next > MOST) {
      out.push(s);
      return;
    }
    this.before = [];
    const direct = s.op === "loop" ? s : mapStmt(s, this.expr);
    if (this.before.length > 0) {
      // Checks that follow each other stay together.
      let at = out.length;
      if (s.op === "trapIf") while (out[at - 1]?.op === "trapIf") at--;
      out.splice(at, 0, ...this.before);
    }
    if (direct.op === "if") {
      const then = this.list(direct.then);
      out.push(make.if(direct.cond, then, this.list(direct.else)));
    } else if (direct.op === "loop" || direct.op === "block") out.push(make.around(direct, this.list(direct.body)));
    else out.push(direct);
  }

  private readonly expr = (e: IrExpr): IrExpr => {
    if (e.op === "cond") {
      const cond = this.expr(e.cond);
      return cond === e.cond ? e : make.cond(cond, e.a, e.b);
    }
    if (e.op !== "bin" && e.op !== "un") return mapChildren(e, this.expr);
    const form = formOf(e);
    if (form === undefined || form.nodes < 3) return mapChildren(e, this.expr);
    const shared = this.occurrences[this.next++];
    if (shared === undefined) return e;
    if (this.seen.has(shared)) {
      const local = this.names.get(shared);
      return local === undefined ? e : make.get(local, shared.type);
    }
    this.seen.add(shared);
    const value = mapChildren(e, this.expr);
    if (!this.worth.has(shared)) return value;
    if (shared.holder !== undefined) {
      this.names.set(shared, shared.holder);
      return value;
    }
    const local = this.locals.push(shared.type) - 1;
    this.names.set(shared, local);
    this.before.push(make.set(local, value));
    return make.get(local, shared.type);
  };
}
