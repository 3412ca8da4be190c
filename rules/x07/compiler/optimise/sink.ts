// Moves what is computed for one reader to that reader, so that it needs no local. Knows the IR only.

import type { IrExpr, IrFunction, IrStmt } from "../ir.ts";
import { hasCall } from "../elab/effects.ts";
import { Scratch, ScratchList } from "./scratch.ts";
import { mapChildren, mapStmt, ownExprs } from "./walk.ts";
import * as make from "../make.ts";

/** Expressions deeper than this stay apart: every pass goes down them. */
const DEEPEST = 40;

/** `reads`: how often each local is read. */
export function sinkValues(f: IrFunction, reads: Int32Array): IrFunction {
  const sets = setTable.zeroed(f.locals.length);
  countSets(f.body, sets);
  const body = new Sink(f.locals.length, reads, sets).list(f.body);
  return body === f.body ? f : make.withBody(f, body);
}

function countSets(stmts: readonly IrStmt[], sets: Int32Array): void {
  for (const s of stmts) {
    switch (s.op) {
      case "set":
        sets[s.local]!++;
        break;
      case "if":
        countSets(s.then, sets);
        countSets(s.else, sets);
        break;
      case "loop":
      case "block":
        countSets(s.body, sets);
    }
  }
}

/** What has been written of a list of statements. */
interface Written {
  readonly out: (IrStmt | undefined)[];
  /** Locals that began to wait in it. */
  readonly mine: number[];
  /** How many statements have gone from it. */
  gone: number;
}

/** A `set` that waits for its reader. */
interface Waiting {
  readonly value: IrExpr;
  readonly memory: boolean;
  /** Locals that the value reads; some perhaps twice. */
  readonly reads: readonly number[];
  readonly list: Written;
  readonly index: number;
  /** Whether others read the local too, as long as it has not got its next value. */
  readonly shared: boolean;
}

/** One function uses them at a time. */
const setTable = new Scratch();
const waitingTable = new ScratchList<Waiting>();
const readerTable = new ScratchList<number[]>();

class Sink {
  private readonly reads: Int32Array;
  private readonly sets: Int32Array;
  /** By local. */
  private readonly waiting: (Waiting | undefined)[];
  private waits = 0;
  /** All that wait, and perhaps some that do no more. */
  private queue: number[] = [];
  /** By local, those that wait and may mention it. */
  private readonly readers: (number[] | undefined)[];
  /** How many of them others read too, and how many read memory. */
  private sharedWaits = 0;
  private memoryWaits = 0;
  /** Whether the statement at hand calls; and the local that it sets: what reads it there is its last reader. */
  private calls = false;
  private again = NONE;

  constructor(locals: number, reads: Int32Array, sets: Int32Array) {
    this.reads = reads;
    this.sets = sets;
    this.waiting = waitingTable.emptied(locals);
    this.readers = readerTable.emptied(locals);
  }

  list(stmts: readonly IrStmt[]): readonly IrStmt[] {
    if (stmts.length === 0) return stmts;
    const written: Written = { out: [], mine: [], gone: 0 };
    let changed = false;
    for (const s of stmts) {
      const next = this.stmt(s, written);
      if (next !== s) changed = true;
      written.out.push(next);
    }
    // Beyond the list it may not have been computed.
    for (const local of written.mine) if (this.waiting[local]?.list === written) this.drop(local);
    if (written.gone > 0) return withoutGaps(written.out);
    return changed ? (written.out as IrStmt[]) : stmts;
  }

  private stmt(s: IrStmt, written: Written): IrStmt {
    const calls = this.memoryWaits > 0 && ownExprs(s, hasCall);
    const again = this.sharedWaits > 0 && s.op === "set" && this.waiting[s.local]?.shared === true ? s.local : NONE;
    if (again !== NONE && s.op === "set" && timesRead(s.value, again) !== 1) this.drop(again);
    if (this.sharedWaits > 0 && !mayPass(s)) this.forgetShared();
    this.calls = calls;
    this.again = again;
    const direct = this.waits === 0 ? s : mapStmt(s, this.expr);
    switch (direct.op) {
      case "set":
        if (calls) this.forgetMemory();
        this.forget(direct.local);
        this.wait(direct.local, direct.value, written);
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
        return then === direct.then && otherwise === direct.else ? direct : make.if(direct.cond, then, otherwise);
      }
      case "block": {
        const body = this.list(direct.body);
        return body === direct.body ? direct : make.around(direct, body);
      }
      case "loop": {
        // What is in a loop runs more than once.
        this.dropAll();
        const body = this.list(direct.body);
        this.dropAll();
        return body === direct.body ? direct : make.around(direct, body);
      }
      default:
        if (calls) this.forgetMemory();
        return direct;
    }
  }

  private wait(local: number, value: IrExpr, list: Written): void {
    const shared = this.reads[local] !== 1;
    // What others read too is moved only into the next value of the same local.
    if (shared && this.sets[local] === 1) return;
    const reads: number[] = [];
    const seen = collect(value, reads, 1);
    if (seen === UNFIT || (!shared && reads.includes(local))) return;
    const memory = seen === MEMORY;
    if (shared) this.sharedWaits++;
    if (memory) this.memoryWaits++;
    this.waiting[local] = { value, memory, reads, list, index: list.out.length, shared };
    this.waits++;
    this.queue.push(local);
    list.mine.push(local);
    for (const l of reads) {
      const known = this.readers[l];
      if (known === undefined) this.readers[l] = [local];
      else known.push(local);
    }
  }

  private readonly expr = (e: IrExpr): IrExpr => {
    if (e.op !== "get") return mapChildren(e, this.expr);
    const w = this.waiting[e.local];
    // A call in the same statement may run first.
    if (w === undefined || (this.calls && w.memory)) return e;
    this.drop(e.local);
    if (w.shared && e.local !== this.again) return e;
    w.list.out[w.index] = undefined;
    w.list.gone++;
    return w.value;
  };

  private drop(local: number): void {
    const w = this.waiting[local];
    if (w === undefined) return;
    this.waiting[local] = undefined;
    this.waits--;
    if (w.shared) this.sharedWaits--;
    if (w.memory) this.memoryWaits--;
  }

  private dropAll(): void {
    for (const local of this.queue) this.drop(local);
    this.queue.length = 0;
  }

  /** The local gets another value. */
  private forget(local: number): void {
    this.drop(local);
    const readers = this.readers[local];
    if (readers === undefined) return;
    for (const r of readers) if (this.waiting[r]?.reads.includes(local) === true) this.drop(r);
    this.readers[local] = undefined;
  }

  private forgetShared(): void {
    for (const local of this.queue) if (this.waiting[local]?.shared === true) this.drop(local);
    this.sweepQueue();
  }

  private forgetMemory(): void {
    if (this.memoryWaits === 0) return;
    for (const local of this.queue) if (this.waiting[local]?.memory === true) this.drop(local);
    this.sweepQueue();
  }

  private sweepQueue(): void {
    if (this.waits === 0) this.queue.length = 0;
    else if (this.queue.length > 2 * this.waits) this.queue = this.queue.filter((local) => this.waiting[local] !== undefined);
  }
}

const NONE = -1;

function withoutGaps(list: readonly (IrStmt | undefined)[]): readonly IrStmt[] {
  const out: IrStmt[] = [];
  for (const s of list) if (s !== undefined) out.push(s);
  return out;
}

/** Whether nobody can read a local between its values because of this statement. */
function mayPass(s: IrStmt): boolean {
  switch (s.op) {
    case "set": case "store": case "trapIf": case "global.set": case "copy": case "fill":
      return true;
    default:
      return false;
  }
}

const UNFIT = 0;
const LOCALS = 1;
const MEMORY = 2;
/** What a value depends on. */
type Seen = typeof UNFIT | typeof LOCALS | typeof MEMORY;

/** Adds the locals that an expression reads, and tells whether it reads memory too; UNFIT: it calls, or is too deep. */
function collect(e: IrExpr, reads: number[], depth: number): Seen {
  if (depth >= DEEPEST) return UNFIT;
  switch (e.op) {
    case "get":
      reads.push(e.local);
      return LOCALS;
    case "bin": {
      const a = collect(e.a, reads, depth + 1);
      return a === UNFIT ? UNFIT : both(a, collect(e.b, reads, depth + 1));
    }
    case "un":
      return collect(e.a, reads, depth + 1);
    case "load":
      return collect(e.addr, reads, depth + 1) === UNFIT ? UNFIT : MEMORY;
    case "global":
      return MEMORY;
    case "cond": {
      const c = collect(e.cond, reads, depth + 1);
      return c === UNFIT ? UNFIT : both(c, both(collect(e.a, reads, depth + 1), collect(e.b, reads, depth + 1)));
    }
    case "call":
      return UNFIT;
    default:
      return LOCALS;
  }
}

function both(a: Seen, b: Seen): Seen {
  if (a === UNFIT || b === UNFIT) return UNFIT;
  return a === MEMORY ? MEMORY : b;
}

function timesRead(e: IrExpr, local: number): number {
  switch (e.op) {
    case "get":
      return e.local === local ? 1 : 0;
    case "bin":
      return timesRead(e.a, local) + timesRead(e.b, local);
    case "un":
      return timesRead(e.a, local);
    case "load":
      return timesRead(e.addr, local);
    case "cond":
      return timesRead(e.cond, local) + timesRead(e.a, local) + timesRead(e.b, local);
    case "call":
      return e.args.reduce((times, a) => times + timesRead(a, local), 0);
    default:
      return 0;
  }
}
