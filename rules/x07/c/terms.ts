// C expressions as text that knows how it may be used: inside a larger one, as a condition, before or after a call. Knows C's
// operators and their types; not statements, not where values come from.

import type { BinOp, Scalar, UnOp } from "../compiler/ir.ts";

/**
 * `atom` needs no parentheses; `op` does; `bool` is an `int` that is 0 or 1, so it must be cast where arithmetic is done on it.
 * Every other i32 is a `uint32_t`.
 */
export interface Term {
  readonly text: string;
  readonly form: "atom" | "op" | "bool";
  /** Whether it must stay on its side of a call: it reads memory or a global, may trap, or is itself a call. */
  readonly unstable: boolean;
  readonly calls: boolean;
  /** The value, where it is a constant i32. */
  readonly constant?: number;
  /** How deeply parentheses nest; compilers have a limit. */
  readonly depth: number;
}

export const C_TYPE: { readonly [t in Scalar]: string } = { i32: "uint32_t", i64: "uint64_t", f64: "double" };

export function atom(text: string): Term {
  return { text, form: "atom", unstable: false, calls: false, depth: 0 };
}

export function constant(value: number): Term {
  return { ...atom(unsigned(value)), constant: value | 0 };
}

/** Small numbers in decimal, the upper half in hexadecimal. */
function unsigned(value: number): string {
  return value < 0 ? `0x${(value >>> 0).toString(16)}u` : `${value}u`;
}

function joined(form: Term["form"], text: string, ...parts: readonly Term[]): Term {
  let depth = 0;
  for (const p of parts) depth = Math.max(depth, p.depth + 1);
  return { text, form, unstable: parts.some((p) => p.unstable), calls: parts.some((p) => p.calls), depth };
}

/** As an operand of arithmetic. */
export function operand(t: Term): string {
  if (t.form === "atom") return t.text;
  return t.form === "bool" ? `(uint32_t)(${t.text})` : `(${t.text})`;
}

/** As an operand where any int will do. */
function enclosed(t: Term): string {
  return t.form === "atom" ? t.text : `(${t.text})`;
}

function signed(t: Term): string {
  if (t.constant === undefined) return `(int32_t)${operand(t)}`;
  return t.constant === -2147483648 ? "INT32_MIN" : String(t.constant);
}

const COMPARE: { readonly [kind in BinOp]?: string } = {
  eq: "==", ne: "!=", lt_u: "<", le_u: "<=", gt_u: ">", ge_u: ">=", eq64: "==", ne64: "!=", flt: "<",
};
const COMPARE_SIGNED: { readonly [kind in BinOp]?: string } = { lt_s: "<", le_s: "<=", gt_s: ">", ge_s: ">=" };
const LOGIC: { readonly [kind in BinOp]?: string } = { and: "&", or: "|", xor: "^" };
const ARITHMETIC: { readonly [kind in BinOp]?: string } = {
  add: "+", sub: "-", mul: "*", xor64: "^", mul64: "*", add64: "+", fadd: "+", fsub: "-", fmul: "*", fdiv: "/",
};

/** Whatever C leaves open (shift counts, division by zero) is closed here or in a helper of the prelude; `use` notes the helper. */
export function binary(kind: BinOp, a: Term, b: Term, use: (helper: string) => string): Term {
  const compare = COMPARE[kind];
  if (compare !== undefined) return joined("bool", `${operand(a)} ${compare} ${operand(b)}`, a, b);
  const compareSigned = COMPARE_SIGNED[kind];
  if (compareSigned !== undefined) return joined("bool", `${signed(a)} ${compareSigned} ${signed(b)}`, a, b);
  const logic = LOGIC[kind];
  if (logic !== undefined) {
    // What neither calls, reads nor traps may as well be left out.
    if (kind !== "xor" && a.form === "bool" && b.form === "bool" && !b.unstable) return joined("bool", `(${a.text}) ${logic}${logic} (${b.text})`, a, b);
    return joined("op", `${operand(a)} ${logic} ${operand(b)}`, a, b);
  }
  const arithmetic = ARITHMETIC[kind];
  if (arithmetic !== undefined) {
    if (kind === "add" && b.constant !== undefined && b.constant < 0 && b.constant > -65536) return joined("op", `${operand(a)} - ${-b.constant}u`, a, b);
    return joined("op", `${operand(a)} ${arithmetic} ${operand(b)}`, a, b);
  }
  switch (kind) {
    case "shl":
      return joined("op", `${operand(a)} << ${count(b, 31)}`, a, b);
    case "shr_u":
      return joined("op", `${operand(a)} >> ${count(b, 31)}`, a, b);
    case "shr64_u":
      return joined("op", `${operand(a)} >> ${count(b, 63)}`, a, b);
    default: {
      const [sign, helper] = kind === "div_u" ? ["/", "divide_u32"] : ["%", "remainder_u32"];
      if (b.constant !== undefined && b.constant !== 0) return joined("op", `${operand(a)} ${sign} ${b.text}`, a, b);
      return { ...joined("atom", `${use(helper)}(${a.text}, ${b.text})`, a, b), unstable: true };
    }
  }
}

function count(b: Term, mask: number): string {
  return b.constant !== undefined ? String(b.constant & mask) : `(${operand(b)} & ${mask})`;
}

const UNARY_HELPER: { readonly [kind in UnOp]?: string } = { clz: "leading_zeros", ctz: "trailing_zeros", ctz64: "trailing_zeros64", popcnt: "count_ones", i32_of_f64: "truncate_f64" };

export function unary(kind: UnOp, a: Term, use: (helper: string) => string): Term {
  const helper = UNARY_HELPER[kind];
  if (helper !== undefined) return joined("atom", `${use(helper)}(${a.text})`, a);
  switch (kind) {
    case "f64_of_i32":
      return joined("atom", `(double)${signed(a)}`, a);
    case "wrap64":
      return joined("atom", `(uint32_t)${operand(a)}`, a);
    case "extend64_u":
      return joined("atom", `(uint64_t)${operand(a)}`, a);
    default:
      return joined("bool", `!${enclosed(a)}`, a);
  }
}

export function load(size: 1 | 2 | 4 | 8, address: Term, use: (helper: string) => string): Term {
  return { ...joined("atom", `${use(`load${size * 8}`)}(${address.text})`, address), unstable: true };
}

export function choice(c: Term, a: Term, b: Term): Term {
  const form = a.form === "bool" && b.form === "bool" ? "bool" : "op";
  return joined(form, `${enclosed(c)} ? ${enclosed(a)} : ${enclosed(b)}`, c, a, b);
}

export function call(name: string, args: readonly Term[]): Term {
  return { ...joined("atom", `${name}(${args.map((a) => a.text).join(", ")})`, ...args), unstable: true, calls: true };
}

/** A memory word or a global that calls may change. */
export function variable(text: string): Term {
  return { ...atom(text), unstable: true };
}
