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
/** Deeper down nothing is asked. */
const DEEPEST = 6;

function range(low: number, high: number): Range {
  return high > TOP || low < 0 || (low === 0 && high === TOP) ? EVERYTHING : { low, high };
}

export function rangeOf(e: IrExpr, ofLocal: (local: number) => Range, depth = 0): Range {
  switch (e.op) {
    case "const":
      return { low: e.value >>> 0, high: e.value >>> 0 };
    case "get":
      return e.type === "i32" ? ofLocal(e.local) : EVERYTHING;
    case "load":
      return e.size === 1 ? { low: 0, high: 255 } : e.size === 2 ? { low: 0, high: 65535 } : EVERYTHING;
    case "un":
      if (e.kind === "eqz") return BOOL;
      return e.kind === "clz" || e.kind === "ctz" || e.kind === "popcnt" ? { low: 0, high: 32 } : EVERYTHING;
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
  const a = (): Range => rangeOf(e.a, ofLocal, depth);
  const b = (): Range => rangeOf(e.b, ofLocal, depth);
  switch (e.kind) {
    case "add":
      return add(a(), b());
    case "sub": {
      const [x, y] = [a(), b()];
      return x.low >= y.high ? range(x.low - y.high, x.high - y.low) : EVERYTHING;
    }
    case "mul": {
      const [x, y] = [a(), b()];
      return range(x.low * y.low, x.high * y.high);
    }
    case "and":
      return range(0, Math.min(a().high, b().high));
    case "shl":
      return e.b.op === "const" ? range(a().low * 2 ** (e.b.value & 31), a().high * 2 ** (e.b.value & 31)) : EVERYTHING;
    case "shr_u":
      return e.b.op === "const" ? range(a().low >>> (e.b.value & 31), a().high >>> (e.b.value & 31)) : EVERYTHING;
    case "div_u":
      return e.b.op === "const" && e.b.value !== 0 ? range(Math.floor(a().low / (e.b.value >>> 0)), Math.floor(a().high / (e.b.value >>> 0))) : EVERYTHING;
    case "rem_u":
      return e.b.op === "const" && e.b.value !== 0 ? range(0, Math.min(a().high, (e.b.value >>> 0) - 1)) : EVERYTHING;
    default:
      return isBool(e) ? BOOL : EVERYTHING;
  }
}

/** Of a sum that does not wrap. */
export function add(a: Range, b: Range): Range {
  return range(a.low + b.low, a.high + b.high);
}

/** What a comparison says of the locals that stand on its sides. */
export function* compared(kind: "lt_u" | "lt_s" | "eq", a: IrExpr, b: IrExpr, holds: boolean, ofLocal: (local: number) => Range): Iterable<readonly [number, Range]> {
  const [x, y] = [rangeOf(a, ofLocal), rangeOf(b, ofLocal)];
  if (kind === "eq") {
    if (!holds) return;
    if (a.op === "get" && y !== EVERYTHING) yield [a.local, y];
    if (b.op === "get" && x !== EVERYTHING) yield [b.local, x];
    return;
  }
  // Signed and unsigned agree on what is not negative; x is not when it is at least such a y.
  if (kind === "lt_s" && (y.high > HALF || (holds && x.high > HALF))) return;
  const top = kind === "lt_s" ? HALF : TOP;
  if (a.op === "get") {
    if (holds && y.high > 0) yield [a.local, range(0, y.high - 1)];
    if (!holds) yield [a.local, range(y.low, top)];
  }
  if (b.op === "get" && (kind === "lt_u" || x.high <= HALF)) {
    if (holds && x.low < top) yield [b.local, range(x.low + 1, top)];
    if (!holds) yield [b.local, range(0, x.high)];
  }
}
