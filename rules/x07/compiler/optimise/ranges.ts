// Between which unsigned values an expression lies. Knows operators, not statements.

import type { IrExpr } from "../ir.ts";
import { isBool } from "../ops.ts";

/** Both ends belong to it. */
export interface Range {
  readonly low: number;
  readonly high: number;
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

export function rangeOf(e: IrExpr, ofLocal: (local: number) => Range, depth = 0): Range {
  switch (e.op) {
    case "const":
      return SMALL[e.value] ?? { low: e.value >>> 0, high: e.value >>> 0 };
    case "get":
      return e.type === "i32" ? ofLocal(e.local) : EVERYTHING;
    case "load":
      return e.size === 1 ? BYTE : e.size === 2 ? HALF_WORD : EVERYTHING;
    case "un":
      if (e.kind === "eqz") return BOOL;
      return e.kind === "clz" || e.kind === "ctz" || e.kind === "popcnt" ? BITS : EVERYTHING;
    case "cond": {
      if (depth > DEEPEST) return EVERYTHING;
      const a = rangeOf(e.a, ofLocal, depth + 1);
      const b = a === EVERYTHING ? EVERYTHING : rangeOf(e.b, ofLocal, depth + 1);
      return b === EVERYTHING ? EVERYTHING : range(Math.min(a.low, b.low), Math.max(a.high, b.high));
    }
    case "bin":
      return depth > DEEPEST ? EVERYTHING : ofBin(e, ofLocal, depth + 1);
    default:
      return EVERYTHING;
  }
}

function ofBin(e: Extract<IrExpr, { op: "bin" }>, ofLocal: (local: number) => Range, depth: number): Range {
  switch (e.kind) {
    case "add":
      return add(rangeOf(e.a, ofLocal, depth), rangeOf(e.b, ofLocal, depth));
    case "sub": {
      const x = rangeOf(e.a, ofLocal, depth);
      const y = rangeOf(e.b, ofLocal, depth);
      return x.low >= y.high ? range(x.low - y.high, x.high - y.low) : EVERYTHING;
    }
    case "mul": {
      const x = rangeOf(e.a, ofLocal, depth);
      const y = rangeOf(e.b, ofLocal, depth);
      return range(x.low * y.low, x.high * y.high);
    }
    case "and":
      return range(0, Math.min(rangeOf(e.a, ofLocal, depth).high, rangeOf(e.b, ofLocal, depth).high));
    case "shl": {
      if (e.b.op !== "const") return EVERYTHING;
      const x = rangeOf(e.a, ofLocal, depth);
      const times = 2 ** (e.b.value & 31);
      return range(x.low * times, x.high * times);
    }
    case "shr_u": {
      if (e.b.op !== "const") return EVERYTHING;
      const x = rangeOf(e.a, ofLocal, depth);
      return range(x.low >>> (e.b.value & 31), x.high >>> (e.b.value & 31));
    }
    case "div_u": {
      if (e.b.op !== "const" || e.b.value === 0) return EVERYTHING;
      const x = rangeOf(e.a, ofLocal, depth);
      return range(Math.floor(x.low / (e.b.value >>> 0)), Math.floor(x.high / (e.b.value >>> 0)));
    }
    case "rem_u":
      return e.b.op === "const" && e.b.value !== 0 ? range(0, Math.min(rangeOf(e.a, ofLocal, depth).high, (e.b.value >>> 0) - 1)) : EVERYTHING;
    default:
      return isBool(e) ? BOOL : EVERYTHING;
  }
}

/** Of a sum that does not wrap. */
export function add(a: Range, b: Range): Range {
  return range(a.low + b.low, a.high + b.high);
}

/** Tells what a comparison says of the locals that stand on its sides. */
export function compared(kind: "lt_u" | "lt_s" | "eq", a: IrExpr, b: IrExpr, holds: boolean, ofLocal: (local: number) => Range, tell: (local: number, range: Range) => void): void {
  if ((a.op !== "get" && b.op !== "get") || (kind === "eq" && !holds)) return;
  const x = rangeOf(a, ofLocal);
  const y = rangeOf(b, ofLocal);
  if (kind === "eq") {
    if (a.op === "get" && y !== EVERYTHING) tell(a.local, y);
    if (b.op === "get" && x !== EVERYTHING) tell(b.local, x);
    return;
  }
  // Signed and unsigned agree on what is not negative; x is not when it is at least such a y.
  if (kind === "lt_s" && (y.high > HALF || (holds && x.high > HALF))) return;
  const top = kind === "lt_s" ? HALF : TOP;
  if (a.op === "get") {
    if (holds && y.high > 0) tell(a.local, range(0, y.high - 1));
    if (!holds) tell(a.local, range(y.low, top));
  }
  if (b.op === "get" && (kind === "lt_u" || x.high <= HALF)) {
    if (holds && x.low < top) tell(b.local, range(x.low + 1, top));
    if (!holds) tell(b.local, range(0, x.high));
  }
}
