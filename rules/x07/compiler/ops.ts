// Smart constructors of IR expressions: they fold constants and drop identities as they build. Know the IR only.

import type { BinOp, IrExpr, UnOp } from "./ir.ts";
import { isPure } from "./ir.ts";
import * as make from "./make.ts";

/** Constants up to this many are made once. */
const FEW = 4096;
const known: (IrExpr | undefined)[] = Array.from({ length: FEW });

export function k(value: number): IrExpr {
  if (value >= 0 && value < FEW) return (known[value] ??= make.const(value | 0));
  return make.const(value | 0);
}

export const ZERO = k(0);
export const ONE = k(1);

export function bin(kind: BinOp, a: IrExpr, b: IrExpr): IrExpr {
  if (a.op === "const" && b.op === "const") {
    const folded = foldBin(kind, a.value, b.value);
    if (folded !== undefined) return k(folded);
  }
  if (b.op === "const") {
    const same = identity(kind, a, b.value);
    if (same !== undefined) return same;
  } else if (a.op === "const" && COMMUTES.has(kind)) {
    // Constants go right, where the identities and the back ends look for them; a constant has no effect to reorder.
    return bin(kind, b, a);
  }
  return make.bin(kind, a, b);
}

export function un(kind: UnOp, a: IrExpr): IrExpr {
  if (kind === "eqz") {
    if (a.op === "const") return k(a.value === 0 ? 1 : 0);
    if (a.op === "bin") {
      const inverse = INVERSE[a.kind];
      if (inverse !== undefined) return make.bin(inverse, a.a, a.b);
    }
    if (a.op === "un" && a.kind === "eqz" && isBool(a.a)) return a.a;
  }
  return make.un(kind, a);
}

export const add = (a: IrExpr, b: IrExpr): IrExpr => bin("add", a, b);
export const sub = (a: IrExpr, b: IrExpr): IrExpr => bin("sub", a, b);
export const mul = (a: IrExpr, b: IrExpr): IrExpr => bin("mul", a, b);
export const and = (a: IrExpr, b: IrExpr): IrExpr => bin("and", a, b);
export const or = (a: IrExpr, b: IrExpr): IrExpr => bin("or", a, b);
export const xor = (a: IrExpr, b: IrExpr): IrExpr => bin("xor", a, b);
export const shl = (a: IrExpr, b: IrExpr): IrExpr => bin("shl", a, b);
export const shr = (a: IrExpr, b: IrExpr): IrExpr => bin("shr_u", a, b);
export const eq = (a: IrExpr, b: IrExpr): IrExpr => bin("eq", a, b);
export const ne = (a: IrExpr, b: IrExpr): IrExpr => bin("ne", a, b);
export const ltu = (a: IrExpr, b: IrExpr): IrExpr => bin("lt_u", a, b);
export const leu = (a: IrExpr, b: IrExpr): IrExpr => bin("le_u", a, b);
export const gtu = (a: IrExpr, b: IrExpr): IrExpr => bin("gt_u", a, b);
export const geu = (a: IrExpr, b: IrExpr): IrExpr => bin("ge_u", a, b);
export const lts = (a: IrExpr, b: IrExpr): IrExpr => bin("lt_s", a, b);
export const not = (a: IrExpr): IrExpr => un("eqz", a);

/** Addresses are real addresses, so a small constant part never wraps and may become the offset. */
export function load(size: 1 | 2 | 4 | 8, addr: IrExpr, offset = 0): IrExpr {
  if (addr.op === "bin" && addr.kind === "add" && addr.b.op === "const" && addr.b.value > 0 && addr.b.value < 65536)
    return make.load(size, addr.a, offset + addr.b.value);
  return make.load(size, addr, offset);
}

export function cond(c: IrExpr, a: IrExpr, b: IrExpr): IrExpr {
  if (c.op === "const") return c.value !== 0 ? a : b;
  if (a.op === "const" && b.op === "const" && isBool(c)) {
    // A truth is a number.
    if (a.value === ((b.value + 1) | 0)) return add(c, b);
    if (b.value === 0) return mul(c, a);
    if (a.value === 0 && b.value === 1) return not(c);
  }
  return make.cond(c, a, b);
}

export function data(bytes: string): IrExpr {
  return bytes.length === 0 ? ZERO : make.data(bytes);
}

/** Whether the value is known to be 0 or 1. */
export function isBool(e: IrExpr): boolean {
  if (e.op === "const") return e.value === 0 || e.value === 1;
  if (e.op === "un") return e.kind === "eqz";
  if (e.op === "cond") return isBool(e.a) && isBool(e.b);
  if (e.op !== "bin") return false;
  if (COMPARES.has(e.kind)) return true;
  return (e.kind === "and" || e.kind === "or" || e.kind === "xor") && isBool(e.a) && isBool(e.b);
}

export function toBool(e: IrExpr): IrExpr {
  return isBool(e) ? e : bin("ne", e, ZERO);
}

/** x07's unsigned division: anything by zero is zero. Operands must be simple or used once. */
export function divide(a: IrExpr, b: IrExpr): IrExpr | undefined {
  if (b.op !== "const") return undefined;
  if (b.value === 0) return isPure(a) ? ZERO : undefined;
  return bin("div_u", a, b);
}

const COMMUTES = new Set<BinOp>(["add", "mul", "and", "or", "xor", "eq", "ne"]);
const COMPARES = new Set<BinOp>(["eq", "ne", "lt_s", "le_s", "gt_s", "ge_s", "lt_u", "le_u", "gt_u", "ge_u", "eq64", "ne64"]);
const INVERSE: { readonly [kind in BinOp]?: BinOp } = {
  eq: "ne", ne: "eq", lt_s: "ge_s", ge_s: "lt_s", gt_s: "le_s", le_s: "gt_s", lt_u: "ge_u", ge_u: "lt_u", gt_u: "le_u", le_u: "gt_u", eq64: "ne64", ne64: "eq64",
};

/** The constant result with x07's (and wasm's) 32-bit arithmetic; undefined where the operator is not an i32 one. */
export function foldBin(kind: BinOp, a: number, b: number): number | undefined {
  const ua = a >>> 0;
  const ub = b >>> 0;
  switch (kind) {
    case "add": return (a + b) | 0;
    case "sub": return (a - b) | 0;
    case "mul": return Math.imul(a, b);
    case "div_u": return ub === 0 ? undefined : Math.floor(ua / ub) | 0;
    case "rem_u": return ub === 0 ? undefined : (ua % ub) | 0;
    case "and": return a & b;
    case "or": return a | b;
    case "xor": return a ^ b;
    case "shl": return a << (b & 31);
    case "shr_u": return (a >>> (b & 31)) | 0;
    case "eq": return a === b ? 1 : 0;
    case "ne": return a !== b ? 1 : 0;
    case "lt_s": return a < b ? 1 : 0;
    case "le_s": return a <= b ? 1 : 0;
    case "gt_s": return a > b ? 1 : 0;
    case "ge_s": return a >= b ? 1 : 0;
    case "lt_u": return ua < ub ? 1 : 0;
    case "le_u": return ua <= ub ? 1 : 0;
    case "gt_u": return ua > ub ? 1 : 0;
    case "ge_u": return ua >= ub ? 1 : 0;
    default: return undefined;
  }
}

function identity(kind: BinOp, a: IrExpr, b: number): IrExpr | undefined {
  switch (kind) {
    case "add":
      if (b === 0) return a;
      if (a.op === "bin" && a.b.op === "const" && a.kind === "add") return bin("add", a.a, k(a.b.value + b));
      if (a.op === "bin" && a.b.op === "const" && a.kind === "sub") return bin("add", a.a, k(b - a.b.value));
      return undefined;
    case "sub":
      if (b === 0) return a;
      if (a.op === "bin" && a.b.op === "const" && a.kind === "add") return bin("add", a.a, k(a.b.value - b));
      return undefined;
    case "or":
    case "xor":
      return b === 0 ? a : undefined;
    case "shl":
    case "shr_u":
      return (b & 31) === 0 ? a : undefined;
    case "and":
      if (b === -1) return a;
      return b === 0 && isPure(a) ? ZERO : undefined;
    case "mul":
      if (b === 1) return a;
      if (b === 0 && isPure(a)) return ZERO;
      return isPowerOfTwo(b) ? make.bin("shl", a, k(log2(b))) : undefined;
    case "div_u":
      if (b === 1) return a;
      return isPowerOfTwo(b) ? make.bin("shr_u", a, k(log2(b))) : undefined;
    case "rem_u":
      return isPowerOfTwo(b) ? bin("and", a, k((b - 1) | 0)) : undefined;
    case "ne":
      return b === 0 && isBool(a) ? a : undefined;
    case "eq":
      return b === 0 ? un("eqz", a) : undefined;
    case "ge_u":
      return b === 0 && isPure(a) ? ONE : undefined;
    case "lt_u":
      return b === 0 && isPure(a) ? ZERO : undefined;
    default:
      return undefined;
  }
}

function isPowerOfTwo(n: number): boolean {
  return n !== 0 && (n & (n - 1)) === 0;
}

function log2(n: number): number {
  return 31 - Math.clz32(n);
}
