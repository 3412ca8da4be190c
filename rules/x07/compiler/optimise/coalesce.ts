// Gives locals that are copies of each other one name where their lives do not overlap, so that the copies go away. Knows the IR only.

import type { IrExpr, IrFunction, IrStmt } from "../ir.ts";
import { declaredAtSet } from "./births.ts";
import { mapChildren, mapStmt, visit, visitExpr } from "./walk.ts";

/** More copied locals than this would make the table of overlaps large. */
const MOST = 1500;

export function coalesce(f: IrFunction): IrFunction {
  const copies = copiesOf(f);
  if (copies.length === 0) return f;
  const candidates = [...new Set(copies.flat())].sort((a, b) => a - b);
  if (candidates.length > MOST) return f;
  const overlaps = new Lives(f, candidates).run();
  const names = merged(copies, candidates, overlaps);
  return names.size === 0 ? f : { ...f, body: new Renaming(names).list(f.body) };
}

/** Pairs of locals of which one is set to the other. */
function copiesOf(f: IrFunction): (readonly [to: number, from: number])[] {
  const copies: (readonly [number, number])[] = [];
  visit(f.body, () => undefined, (s) => {
    if (s.op === "set" && s.value.op === "get" && s.local !== s.value.local && f.locals[s.local] === f.locals[s.value.local]) copies.push([s.local, s.value.local]);
  });
  return copies;
}

/** A set of candidates by their place in the list. */
class Bits {
  readonly words: Uint32Array;

  constructor(words: Uint32Array) {
    this.words = words;
  }
  static empty(size: number): Bits {
    return new Bits(new Uint32Array((size + 31) >>> 5));
  }
  copy(): Bits {
    return new Bits(this.words.slice());
  }
  has(i: number): boolean {
    return ((this.words[i >>> 5] ?? 0) & (1 << (i & 31))) !== 0;
  }
  add(i: number): void {
    this.words[i >>> 5] = (this.words[i >>> 5] ?? 0) | (1 << (i & 31));
  }
  delete(i: number): void {
    this.words[i >>> 5] = (this.words[i >>> 5] ?? 0) & ~(1 << (i & 31));
  }
  addAll(other: Bits): void {
    for (let w = 0; w < this.words.length; w++) this.words[w] = (this.words[w] ?? 0) | (other.words[w] ?? 0);
  }
}

/** Walks a function backwards with the set of candidates that are still to be read, and notes which are alive together. */
class Lives {
  private readonly f: IrFunction;
  /** Place of each candidate, by local. */
  private readonly place = new Map<number, number>();
  private readonly overlaps: Bits[];
  private readonly bornAtSet: readonly boolean[];
  private readonly mentions: ReadonlyMap<number, number>;
  private readonly atLabel = new Map<number, Bits>();
  private live: Bits;

  constructor(f: IrFunction, candidates: readonly number[]) {
    this.f = f;
    candidates.forEach((local, i) => this.place.set(local, i));
    this.overlaps = candidates.map(() => Bits.empty(candidates.length));
    this.bornAtSet = declaredAtSet(f);
    this.mentions = mentionsIn(f.body);
    this.live = Bits.empty(candidates.length);
  }

  run(): readonly Bits[] {
    this.list(this.f.body);
    // Parameters and what is read before it is set are there from the start, side by side.
    const first = [...this.place].filter(([local, i]) => local < this.f.params.length || this.live.has(i));
    for (const [, i] of first) for (const [, j] of first) if (i !== j) this.overlaps[i]?.add(j);
    this.overlaps.forEach((o, i) => this.overlaps.forEach((other, j) => o.has(j) && other.add(i)));
    return this.overlaps;
  }

  private list(stmts: readonly IrStmt[]): void {
    for (let i = stmts.length - 1; i >= 0; i--) {
      const s = stmts[i];
      if (s !== undefined) this.stmt(s);
    }
  }

  private stmt(s: IrStmt): void {
    switch (s.op) {
      case "set":
        this.set([s.local], s.value.op === "get" ? s.value.local : undefined);
        return this.reads(s);
      case "call":
      case "resume":
        this.set(s.dests, undefined);
        return this.reads(s);
      case "if": {
        const after = this.live.copy();
        this.list(s.else);
        const otherwise = this.live;
        this.live = after;
        this.list(s.then);
        this.live.addAll(otherwise);
        return this.reads(s);
      }
      case "block":
        this.atLabel.set(s.label, this.live.copy());
        return this.list(s.body);
      case "loop":
        return this.loop(s);
      case "br": {
        const there = this.atLabel.get(s.label);
        if (s.cond === undefined) this.live = Bits.empty(this.overlaps.length);
        if (there !== undefined) this.live.addAll(there);
        return this.reads(s);
      }
      case "return":
      case "trap":
        this.live = Bits.empty(this.overlaps.length);
        return this.reads(s);
      default:
        return this.reads(s);
    }
  }

  /** At a loop's start everything is alive that it may read of before or of an earlier round, or that is read where it may jump to. */
  private loop(s: Extract<IrStmt, { op: "loop" }>): void {
    const start = this.live.copy();
    visit(s.body, () => undefined, (inner) => {
      const there = inner.op === "br" ? this.atLabel.get(inner.label) : undefined;
      if (there !== undefined) start.addAll(there);
    });
    const inside = mentionsIn(s.body);
    for (const [local, mentions] of inside) {
      const ownToRound = this.bornAtSet[local] === true && mentions === this.mentions.get(local);
      if (!ownToRound) this.addTo(start, local);
    }
    this.atLabel.set(s.label, start);
    this.list(s.body);
  }

  private addTo(bits: Bits, local: number): void {
    const i = this.place.get(local);
    if (i !== undefined) bits.add(i);
  }

  /** These get values: what is read later must not be in the same place. A copy may be where its source is. */
  private set(dests: readonly number[], source: number | undefined): void {
    for (const d of dests) {
      const i = this.place.get(d);
      if (i === undefined) continue;
      const overlap = this.overlaps[i];
      const from = source === undefined ? undefined : this.place.get(source);
      const apart = from !== undefined && overlap?.has(from) === true;
      overlap?.addAll(this.live);
      if (from !== undefined && !apart) overlap?.delete(from);
      for (const other of dests) if (other !== d && overlap !== undefined) this.addTo(overlap, other);
    }
    for (const d of dests) {
      const i = this.place.get(d);
      if (i !== undefined) this.live.delete(i);
    }
  }

  private reads(s: IrStmt): void {
    mapStmt(s, (e) => {
      visitExpr(e, (x) => x.op === "get" && this.addTo(this.live, x.local));
      return e;
    });
  }
}

/** How often each local is read or set. */
function mentionsIn(stmts: readonly IrStmt[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  const note = (local: number): void => void counts.set(local, (counts.get(local) ?? 0) + 1);
  visit(stmts, (e) => void (e.op === "get" && note(e.local)), (s) => {
    if (s.op === "set") note(s.local);
    else if (s.op === "call" || s.op === "resume") s.dests.forEach(note);
  });
  return counts;
}

/** New names of locals: each copy joins two groups unless they overlap. A group is called as its parameter, or its lowest member. */
function merged(copies: readonly (readonly [number, number])[], candidates: readonly number[], overlaps: readonly Bits[]): ReadonlyMap<number, number> {
  const place = new Map(candidates.map((local, i) => [local, i]));
  const group = candidates.map((_, i) => i);
  const members = candidates.map((_, i) => [i]);
  const top = (local: number): number => group[place.get(local) ?? 0] ?? 0;
  for (const [to, from] of copies) {
    const [a, b] = [Math.min(top(to), top(from)), Math.max(top(to), top(from))];
    if (a === b || overlaps[a]?.has(b) === true) continue;
    overlaps[a]?.addAll(overlaps[b] ?? Bits.empty(0));
    for (const m of members[b] ?? []) {
      group[m] = a;
      members[a]?.push(m);
    }
    // Whoever overlaps with one member overlaps with the group.
    for (let i = 0; i < candidates.length; i++) if (overlaps[b]?.has(i) === true) overlaps[i]?.add(a);
  }
  const names = new Map<number, number>();
  candidates.forEach((local, i) => {
    const name = candidates[group[i] ?? i] ?? local;
    if (name !== local) names.set(local, name);
  });
  return names;
}

/** Writes the new names; a local that is set to itself is not. */
class Renaming {
  private readonly names: ReadonlyMap<number, number>;

  constructor(names: ReadonlyMap<number, number>) {
    this.names = names;
  }

  list(stmts: readonly IrStmt[]): readonly IrStmt[] {
    const out: IrStmt[] = [];
    for (const s of stmts) {
      const next = this.stmt(s);
      if (next.op !== "set" || next.value.op !== "get" || next.value.local !== next.local) out.push(next);
    }
    return out;
  }

  private readonly local = (local: number): number => this.names.get(local) ?? local;

  private readonly expr = (e: IrExpr): IrExpr => {
    if (e.op !== "get") return mapChildren(e, this.expr);
    const local = this.local(e.local);
    return local === e.local ? e : { ...e, local };
  };

  private stmt(s: IrStmt): IrStmt {
    const direct = mapStmt(s, this.expr);
    switch (direct.op) {
      case "set":
        return { ...direct, local: this.local(direct.local) };
      case "call":
      case "resume":
        return { ...direct, dests: direct.dests.map(this.local) };
      case "if":
        return { ...direct, then: this.list(direct.then), else: this.list(direct.else) };
      case "loop":
      case "block":
        return { ...direct, body: this.list(direct.body) };
      default:
        return direct;
    }
  }
}
