// Between which unsigned values an expression lies. Knows operators, not statements.

import type { IrExpr } from "../ir.ts";
import { isBool } from "../ops.ts";

/** Both ends belong to it. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** By local, between which values it is. */
export type Known = readonly (Range | undefined)[];

export interface Learner {
  learnRange(local: number, range: Range): void;
}

const TOP = 2 ** 32 - 1;
const HALF = 2 ** 31 - 1;
/** What nothing is known of; the only range that is this object. */
export const EVERYTHING: Range = { low: 0, high: TOP };
const BOOL: Range = { low: 0, high: 1 };
const BYTE: Range = { low: 0, high: 255 };
const HALF_WORD: Range = { low: 0, high: 65535 };
const BITS: Range = { low: 0, high: 32 };
const SMALL: readonly Range[] = Array.from({ length: 256 }, (_, i) => ({ low: i, high: i }));
/** Deeper down nothing is asked. */
const DEEPEST = 6;

function range(low: number, high: number): Range {
  return high > TOP || low < 0 || (low === 0 && high === TOP) ? EVERYTHING : { low, high };
}

export function rangeOf(e: IrExpr, known: Known, depth = 0): Range {
  switch (e.op) {
    case "const":
      return e.value >= 0 && e.value < SMALL.length ? SMALL[e.value]! : { low: e.value >>> 0, high: e.value >>> 0 };
    case "get":
      return e.type === "i32" ? known[e.local] ?? EVERYTHING : EVERYTHING;
    case "load":
      return e.size === 1 ? BYTE : e.size === 2 ? HALF_WORD : EVERYTHING;
    case "un":
      if (e.kind === "eqz") return BOOL;
      return e.kind === "clz" || e.kind === "ctz" || e.kind === "popcnt" ? BITS : EVERYTHING;
    case "cond": {
      if (depth > DEEPEST) return EVERYTHING;
      const a = rangeOf(e.a, known, depth + 1);
      const b = a === EVERYTHING ? EVERYTHING : rangeOf(e.b, known, depth + 1);
      return b === EVERYTHING ? EVERYTHING : range(Math.min(a.low, b.low), Math.max(a.high, b.high));
    }
    case "bin":
      return depth > DEEPEST ? EVERYTHING : ofBin(e, known, depth + 1);
    default:
      return EVERYTHING;
  }
}

function ofBin(e: Extract<IrExpr, { op: "bin" }>, known: Known, depth: number): Range {
  switch (e.kind) {
    case "add":
      return add(rangeOf(e.a, known, depth), rangeOf(e.b, known, depth));
    case "sub": {
      const x = rangeOf(e.a, known, depth);
      const y = rangeOf(e.b, known, depth);
      return x.low >= y.high ? range(x.low - y.high, x.high - y.low) : EVERYTHING;
    }
    case "mul": {
      const x = rangeOf(e.a, known, depth);
      const y = rangeOf(e.b, known, depth);
      return range(x.low * y.low, x.high * y.high);
    }
    case "and":
      return range(0, Math.min(rangeOf(e.a, known, depth).high, rangeOf(e.b, known, depth).high));
    case "shl": {
      if (e.b.op !== "const") return EVERYTHING;
      const x = rangeOf(e.a, known, depth);
      const times = 2 ** (e.b.value & 31);
      return range(x.low * times, x.high * times);
    }
    case "shr_u": {
      if (e.b.op !== "const") return EVERYTHING;
      const x = rangeOf(e.a, known, depth);
      return range(x.low >>> (e.b.value & 31), x.high >>> (e.b.value & 31));
    }
    case "div_u": {
      if (e.b.op !== "const" || e.b.value === 0) return EVERYTHING;
      const x = rangeOf(e.a, known, depth);
      return range(Math.floor(x.low / (e.b.value >>> 0)), Math.floor(x.high / (e.b.value >>> 0)));
    }
    case "rem_u":
      return e.b.op === "const" && e.b.value !== 0 ? range(0, Math.min(rangeOf(e.a, known, depth).high, (e.b.value >>> 0) - 1)) : EVERYTHING;
    default:
      return isBool(e) ? BOOL : EVERYTHING;
  }
}

/** Of a sum that does not wrap. */
export function add(a: Range, b: Range): Range {
  return range(a.low + b.low, a.high + b.high);
}

/** Tells what a comparison says of the locals that stand on its sides. */
export function compared(kind: "lt_u" | "lt_s" | "eq", a: IrExpr, b: IrExpr, holds: boolean, known: Known, learner: Learner): void {
  if ((a.op !== "get" && b.op !== "get") || (kind === "eq" && !holds)) return;
  const x = rangeOf(a, known);
  const y = rangeOf(b, known);
  if (kind === "eq") {
    if (a.op === "get" && y !== EVERYTHING) learner.learnRange(a.local, y);
    if (b.op === "get" && x !== EVERYTHING) learner.learnRange(b.local, x);
    return;
  }
  // Signed and unsigned agree on what is not negative; x is not when it is at least such a y.
  if (kind === "lt_s" && (y.high > HALF || (holds && x.high > HALF))) return;
  const top = kind === "lt_s" ? HALF : TOP;
  if (a.op === "get") {
    if (holds && y.high > 0) learner.learnRange(a.local, range(0, y.high - 1));
    if (!holds) learner.learnRange(a.local, range(y.low, top));
  }
  if (b.op === "get" && (kind === "lt_u" || x.high <= HALF)) {
    if (holds && x.low < top) learner.learnRange(b.local, range(x.low + 1, top));
    if (!holds) learner.learnRange(b.local, range(0, x.high));
  }
}
