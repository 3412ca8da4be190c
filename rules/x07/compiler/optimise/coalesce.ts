// What follows from the lives of locals: copies of each other get one name where they are not alive together, and what is set and never
// read is not set. Knows the IR only.

import type { IrExpr, IrFunction, IrStmt } from "../ir.ts";
import { isPure } from "../ir.ts";
import { Births } from "./births.ts";
import { countMentions, mapAll, mapChildren, mapStmt } from "./walk.ts";
import { Scratch } from "./scratch.ts";
import * as make from "../make.ts";

/** More copied locals than this would make the table of overlaps large. */
const MOST = 1500;

export function coalesce(f: IrFunction): IrFunction {
  const copies: number[] = [];
  collectCopies(f.body, f, copies);
  if (copies.length === 0) return f;
  const candidates = eachOnce(copies, f.locals.length);
  if (candidates.length > MOST) return f;
  const lives = new Lives(f, candidates, undefined);
  lives.run();
  const names = merged(f, copies, lives);
  return names === undefined ? f : make.withBody(f, new Renaming(names).list(f.body));
}

/** In order. */
function eachOnce(locals: readonly number[], highest: number): number[] {
  const there = placeTable.zeroed(highest);
  for (const local of locals) there[local] = 1;
  const once: number[] = [];
  for (let local = 0; local < highest; local++) if (there[local] === 1) once.push(local);
  return once;
}

/** Drops what is given to a local that nobody reads before it gets its next value. */
export function removeDeadSets(f: IrFunction): IrFunction {
  const candidates = new Set<number>();
  collectSets(f.body, candidates);
  if (candidates.size === 0 || candidates.size > MOST) return f;
  const verdict = { dead: new Set<IrStmt>(), needed: new Set<IrStmt>() };
  new Lives(f, [...candidates], verdict).run();
  return verdict.dead.size === 0 ? f : make.withBody(f, without(f.body, verdict.dead));
}

function without(stmts: readonly IrStmt[], dead: ReadonlySet<IrStmt>): readonly IrStmt[] {
  const out: IrStmt[] = [];
  for (const s of stmts) {
    if (dead.has(s)) continue;
    if (s.op === "if") out.push(make.if(s.cond, without(s.then, dead), without(s.else, dead)));
    else if (s.op === "loop" || s.op === "block") out.push(make.around(s, without(s.body, dead)));
    else out.push(s);
  }
  return out;
}

/** Pairs of locals of which one is set to the other: to, from, to, from, ... */
function collectCopies(stmts: readonly IrStmt[], f: IrFunction, copies: number[]): void {
  for (const s of stmts) {
    switch (s.op) {
      case "set": {
        const { value } = s;
        if (value.op === "get" && s.local !== value.local && f.locals[s.local] === f.locals[value.local]) copies.push(s.local, value.local);
        break;
      }
      case "if":
        collectCopies(s.then, f, copies);
        collectCopies(s.else, f, copies);
        break;
      case "loop":
      case "block":
        collectCopies(s.body, f, copies);
    }
  }
}

function collectSets(stmts: readonly IrStmt[], locals: Set<number>): void {
  for (const s of stmts) {
    if (s.op === "set") locals.add(s.local);
    else if (s.op === "if") {
      collectSets(s.then, locals);
      collectSets(s.else, locals);
    } else if (s.op === "loop" || s.op === "block") collectSets(s.body, locals);
  }
}

/** Sets of values that nobody reads. A statement that stands at several places is dead where it is so at all of them. */
interface Verdict {
  readonly dead: Set<IrStmt>;
  readonly needed: Set<IrStmt>;
}

/** Tables by local, and rows of bits; one function uses them at a time. */
const placeTable = new Scratch();
const countTable = new Scratch();
const nameTable = new Scratch();
const groupTable = new Scratch();
let places = placeTable.zeroed(0);
let bits = new Int32Array(4096);

/** Walks a function backwards with the set of candidates that are still to be read, and notes which are alive together. */
class Lives {
  readonly candidates: readonly number[];
  private readonly f: IrFunction;
  private readonly verdict: Verdict | undefined;
  /** Words in a row of bits, one bit a candidate. The first rows tell which overlap with each; then comes what is alive; others are stacked behind. */
  private readonly width: number;
  private readonly live: number;
  private top: number;
  /** Asked for where there are loops. */
  private births: Births | undefined;
  /** Rows of what is alive where a jump to a label leads. */
  private readonly atLabel: (number | undefined)[] = [];

  constructor(f: IrFunction, candidates: readonly number[], verdict: Verdict | undefined) {
    this.f = f;
    this.candidates = candidates;
    this.verdict = verdict;
    const locals = f.locals.length;
    places = placeTable.filled(locals, -1);
    for (let i = 0; i < candidates.length; i++) places[candidates[i]!] = i;
    this.width = (candidates.length + 31) >>> 5;
    this.live = candidates.length * this.width;
    this.top = this.live + this.width;
    this.makeRoom();
    bits.fill(0, 0, this.top);
  }

  /** Of a local, -1 where it is none. */
  placeOf(local: number): number {
    return places[local]!;
  }

  overlap(i: number, j: number): boolean {
    return this.has(i * this.width, j);
  }

  /** Whoever overlaps with `b` overlaps with `a`. */
  join(a: number, b: number): void {
    this.addAll(a * this.width, b * this.width);
    for (let i = 0; i < this.candidates.length; i++) if (this.overlap(b, i)) this.add(i * this.width, a);
  }

  run(): void {
    this.list(this.f.body);
    const { candidates } = this;
    // Parameters and what is read before it is set are there from the start, side by side.
    const first: number[] = [];
    for (let i = 0; i < candidates.length; i++) if (candidates[i]! < this.f.params.length || this.has(this.live, i)) first.push(i);
    for (const i of first) for (const j of first) if (i !== j) this.add(i * this.width, j);
    for (let i = 0; i < candidates.length; i++) this.mirror(i);
  }

  private mirror(i: number): void {
    const from = i * this.width;
    for (let w = 0; w < this.width; w++) {
      for (let word = bits[from + w]!; word !== 0; word &= word - 1) this.add((w * 32 + 31 - Math.clz32(word & -word)) * this.width, i);
    }
  }

  // ---- rows

  private makeRoom(): void {
    if (bits.length >= this.top) return;
    const more = new Int32Array(this.top * 2);
    more.set(bits);
    bits = more;
  }

  /** A row with what is alive now, to be dropped by setting the top back to it. */
  private saved(): number {
    const row = this.top;
    this.top += this.width;
    this.makeRoom();
    this.put(row, this.live);
    return row;
  }

  private put(row: number, other: number): void {
    for (let w = 0; w < this.width; w++) bits[row + w] = bits[other + w]!;
  }

  private addAll(row: number, other: number): void {
    for (let w = 0; w < this.width; w++) bits[row + w]! |= bits[other + w]!;
  }

  private has(row: number, i: number): boolean {
    return (bits[row + (i >>> 5)]! & (1 << (i & 31))) !== 0;
  }

  private add(row: number, i: number): void {
    bits[row + (i >>> 5)]! |= 1 << (i & 31);
  }

  private delete(row: number, i: number): void {
    bits[row + (i >>> 5)]! &= ~(1 << (i & 31));
  }

  // ---- statements

  private list(stmts: readonly IrStmt[]): void {
    for (let i = stmts.length - 1; i >= 0; i--) this.stmt(stmts[i]!);
  }

  private stmt(s: IrStmt): void {
    switch (s.op) {
      case "set":
        if (places[s.local]! >= 0 || this.verdict !== undefined) this.set(s);
        return this.read(s.value);
      case "call":
        this.results(s.dests);
        for (const a of s.args) this.read(a);
        return;
      case "resume":
        this.results(s.dests);
        for (const a of s.args) this.read(a);
        return this.read(s.index);
      case "if": {
        const after = this.saved();
        this.list(s.else);
        const otherwise = this.saved();
        this.put(this.live, after);
        this.list(s.then);
        this.addAll(this.live, otherwise);
        this.top = after;
        return this.read(s.cond);
      }
      case "block": {
        const after = this.saved();
        this.atLabel[s.label] = after;
        this.list(s.body);
        this.top = after;
        return;
      }
      case "loop":
        return this.loop(s);
      case "br": {
        const there = this.atLabel[s.label];
        if (s.cond === undefined) this.nothingLives();
        if (there !== undefined) this.addAll(this.live, there);
        if (s.cond !== undefined) this.read(s.cond);
        return;
      }
      case "return":
        this.nothingLives();
        for (const v of s.values) this.read(v);
        return;
      case "trap":
        return this.nothingLives();
      case "trapIf":
        return this.read(s.cond);
      case "global.set":
        return this.read(s.value);
      case "store":
        this.read(s.addr);
        return this.read(s.value);
      case "copy":
        this.read(s.dst);
        this.read(s.src);
        return this.read(s.len);
      case "fill":
        this.read(s.dst);
        this.read(s.value);
        return this.read(s.len);
    }
  }

  private nothingLives(): void {
    bits.fill(0, this.live, this.live + this.width);
  }

  /** At a loop's start everything is alive that it may read of before or of an earlier round, or that is read where it may jump to. */
  private loop(s: Extract<IrStmt, { op: "loop" }>): void {
    const start = this.saved();
    this.addTargets(start, s.body);
    const counts = countTable.zeroed(this.f.locals.length);
    countMentions(s.body, counts);
    for (const local of this.candidates) {
      const times = counts[local]!;
      if (times > 0 && !this.has(start, places[local]!) && !this.ownToRound(local, times)) this.add(start, places[local]!);
    }
    this.atLabel[s.label] = start;
    this.list(s.body);
    this.top = start;
  }

  /** Whether a local that a loop mentions so often is mentioned nowhere else and has no value when a round begins. */
  private ownToRound(local: number, times: number): boolean {
    const births = (this.births ??= Births.of(this.f));
    return births.declared(local) && births.mentions[local] === times;
  }

  private addTargets(row: number, stmts: readonly IrStmt[]): void {
    for (const s of stmts) {
      if (s.op === "br") {
        const there = this.atLabel[s.label];
        if (there !== undefined) this.addAll(row, there);
      } else if (s.op === "if") {
        this.addTargets(row, s.then);
        this.addTargets(row, s.else);
      } else if (s.op === "loop" || s.op === "block") this.addTargets(row, s.body);
    }
  }

  /** A local gets a value: what is read later must not be in the same place. A copy may be where its source is. */
  private set(s: Extract<IrStmt, { op: "set" }>): void {
    const i = places[s.local]!;
    if (this.verdict !== undefined) judge(s, i < 0 || this.has(this.live, i) || !isPure(s.value), this.verdict);
    if (i < 0) return;
    const overlap = i * this.width;
    const from = s.value.op === "get" ? places[s.value.local]! : -1;
    const apart = from >= 0 && this.has(overlap, from);
    this.addAll(overlap, this.live);
    if (from >= 0 && !apart) this.delete(overlap, from);
    this.delete(this.live, i);
  }

  private results(dests: readonly number[]): void {
    for (const d of dests) {
      const i = places[d]!;
      if (i < 0) continue;
      const overlap = i * this.width;
      this.addAll(overlap, this.live);
      for (const other of dests) if (other !== d && places[other]! >= 0) this.add(overlap, places[other]!);
    }
    for (const d of dests) if (places[d]! >= 0) this.delete(this.live, places[d]!);
  }

  private read(e: IrExpr): void {
    switch (e.op) {
      case "get": {
        const i = places[e.local]!;
        if (i >= 0) this.add(this.live, i);
        return;
      }
      case "bin":
        this.read(e.a);
        return this.read(e.b);
      case "un":
        return this.read(e.a);
      case "load":
        return this.read(e.addr);
      case "cond":
        this.read(e.cond);
        this.read(e.a);
        return this.read(e.b);
      case "call":
        for (const a of e.args) this.read(a);
        return;
    }
  }
}

function judge(s: IrStmt, read: boolean, { dead, needed }: Verdict): void {
  if (read) {
    needed.add(s);
    dead.delete(s);
  } else if (!needed.has(s)) dead.add(s);
}

/** By local, its new name: each copy joins two groups unless they overlap. A group is called as its parameter, or its lowest member. */
function merged(f: IrFunction, copies: readonly number[], lives: Lives): Int32Array | undefined {
  const { candidates } = lives;
  /** By candidate, the lowest of its group. */
  const group = groupTable.zeroed(candidates.length);
  for (let i = 0; i < candidates.length; i++) group[i] = i;
  const names = nameTable.zeroed(f.locals.length);
  for (let i = 0; i < f.locals.length; i++) names[i] = i;
  let joined = false;
  for (let c = 0; c < copies.length; c += 2) {
    const to = group[lives.placeOf(copies[c]!)]!;
    const from = group[lives.placeOf(copies[c + 1]!)]!;
    const a = Math.min(to, from);
    const b = Math.max(to, from);
    if (a === b || lives.overlap(a, b)) continue;
    lives.join(a, b);
    joined = true;
    for (let m = b; m < candidates.length; m++) {
      if (group[m] !== b) continue;
      group[m] = a;
      names[candidates[m]!] = candidates[a]!;
    }
  }
  return joined ? names : undefined;
}

/** Writes the new names; a local that is set to itself is not. */
class Renaming {
  private readonly names: Int32Array;

  constructor(names: Int32Array) {
    this.names = names;
  }

  list(stmts: readonly IrStmt[]): readonly IrStmt[] {
    let out: IrStmt[] | undefined;
    for (let i = 0; i < stmts.length; i++) {
      const s = stmts[i]!;
      const next = this.stmt(s);
      const needed = next.op !== "set" || next.value.op !== "get" || next.value.local !== next.local;
      if (!needed || next !== s) out ??= stmts.slice(0, i);
      if (needed) out?.push(next);
    }
    return out ?? stmts;
  }

  private readonly local = (local: number): number => this.names[local]!;

  private readonly expr = (e: IrExpr): IrExpr => {
    if (e.op !== "get") return mapChildren(e, this.expr);
    const local = this.local(e.local);
    return local === e.local ? e : make.get(local, e.type);
  };

  private stmt(s: IrStmt): IrStmt {
    switch (s.op) {
      case "set": {
        const value = this.expr(s.value);
        const local = this.local(s.local);
        return value === s.value && local === s.local ? s : make.set(local, value);
      }
      case "call": {
        const args = mapAll(s.args, this.expr);
        return args === s.args && s.dests.length === 0 ? s : make.call(s.target, args, s.dests.map(this.local));
      }
      case "resume":
        return make.resume(this.expr(s.index), mapAll(s.args, this.expr), s.dests.map(this.local));
      case "if": {
        const cond = this.expr(s.cond);
        const then = this.list(s.then);
        const otherwise = this.list(s.else);
        return cond === s.cond && then === s.then && otherwise === s.else ? s : make.if(cond, then, otherwise);
      }
      case "loop":
      case "block": {
        const body = this.list(s.body);
        return body === s.body ? s : make.around(s, body);
      }
      default:
        return mapStmt(s, this.expr);
    }
  }
}
