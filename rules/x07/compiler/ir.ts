// The typed intermediate language between the front end and the back ends: structured, scalar, evaluated left to right. Knows neither x07 nor wasm encoding.

export type Scalar = "i32" | "i64" | "f64";

const BIN_OPS = [
  "add", "sub", "mul", "div_u", "rem_u", "and", "or", "xor", "shl", "shr_u",
  "eq", "ne", "lt_s", "le_s", "gt_s", "ge_s", "lt_u", "le_u", "gt_u", "ge_u",
  "flt", "fadd", "fsub", "fmul", "fdiv", "eq64", "ne64", "xor64", "mul64", "add64", "shr64_u",
] as const;
export type BinOp = (typeof BIN_OPS)[number];
export type UnOp = "eqz" | "clz" | "ctz" | "ctz64" | "popcnt" | "f64_of_i32" | "i32_of_f64" | "wrap64" | "extend64_u";

/** An expression yields one scalar. Only `call` has effects; `load` and `global` observe them. */
export type IrExpr =
  | { readonly op: "const"; readonly value: number }
  | { readonly op: "const64"; readonly value: string }
  | { readonly op: "get"; readonly local: number; readonly type: Scalar }
  | { readonly op: "bin"; readonly kind: BinOp; readonly a: IrExpr; readonly b: IrExpr }
  | { readonly op: "un"; readonly kind: UnOp; readonly a: IrExpr }
  | { readonly op: "load"; readonly size: 1 | 2 | 4 | 8; readonly addr: IrExpr; readonly offset: number }
  | { readonly op: "global"; readonly name: string }
  /** Address of read-only bytes; `bytes` holds one byte per UTF-16 unit. */
  | { readonly op: "data"; readonly bytes: string }
  /** Address of a zeroed static area of the runtime, named in `StaticArea`. */
  | { readonly op: "static"; readonly name: string }
  /** Index of a resumable function in the table. */
  | { readonly op: "entry"; readonly name: string }
  /** Lazy choice: only the chosen side is evaluated. */
  | { readonly op: "cond"; readonly cond: IrExpr; readonly a: IrExpr; readonly b: IrExpr }
  | { readonly op: "call"; readonly target: string; readonly args: readonly IrExpr[]; readonly type: Scalar };

export type IrStmt =
  | { readonly op: "set"; readonly local: number; readonly value: IrExpr }
  | { readonly op: "global.set"; readonly name: string; readonly value: IrExpr }
  | { readonly op: "store"; readonly size: 1 | 2 | 4 | 8; readonly addr: IrExpr; readonly offset: number; readonly value: IrExpr }
  | { readonly op: "copy"; readonly dst: IrExpr; readonly src: IrExpr; readonly len: IrExpr }
  | { readonly op: "fill"; readonly dst: IrExpr; readonly value: IrExpr; readonly len: IrExpr }
  | { readonly op: "call"; readonly target: string; readonly args: readonly IrExpr[]; readonly dests: readonly number[] }
  /** Calls the function at `index` in the table of resumable functions. */
  | { readonly op: "resume"; readonly index: IrExpr; readonly args: readonly IrExpr[]; readonly dests: readonly number[] }
  | { readonly op: "if"; readonly cond: IrExpr; readonly then: readonly IrStmt[]; readonly else: readonly IrStmt[] }
  /** Repeats until a `br` leaves it; falling off its end leaves it too. `br` to its label starts the next round. */
  | { readonly op: "loop"; readonly label: number; readonly body: readonly IrStmt[] }
  | { readonly op: "block"; readonly label: number; readonly body: readonly IrStmt[] }
  | { readonly op: "br"; readonly label: number; readonly cond: IrExpr | undefined }
  | { readonly op: "trapIf"; readonly cond: IrExpr }
  | { readonly op: "trap" }
  | { readonly op: "return"; readonly values: readonly IrExpr[] }
  /** Only in resumable functions before their transformation: give up the processor; see async/machine.ts. */
  | { readonly op: "suspend" };

export interface IrFunction {
  readonly name: string;
  readonly params: readonly Scalar[];
  readonly results: readonly Scalar[];
  /** Types of all locals, parameters first. */
  readonly locals: readonly Scalar[];
  readonly body: readonly IrStmt[];
  /** Whether the inliner may copy it. */
  readonly inline: "auto" | "never" | "always";
}

/** An area in static memory, at least `size` bytes, 16-aligned; with `reset` it is zeroed before every run. */
export interface StaticArea {
  readonly name: string;
  readonly size: number;
  readonly reset: boolean;
}

/** A small number for each operator. */
export const BIN_NUMBER = Object.fromEntries(BIN_OPS.map((op, i) => [op, i])) as { readonly [op in BinOp]: number };

export function typeOf(e: IrExpr): Scalar {
  switch (e.op) {
    case "get":
      return e.type;
    case "call":
      return e.type;
    case "cond":
      return typeOf(e.a);
    case "const64":
      return "i64";
    case "load":
      return e.size === 8 ? "i64" : "i32";
    case "bin":
      return BIN_RESULT[e.kind] ?? "i32";
    case "un":
      return UN_RESULT[e.kind] ?? "i32";
    default:
      return "i32";
  }
}

const BIN_RESULT: { readonly [kind in BinOp]?: Scalar } = {
  fadd: "f64", fsub: "f64", fmul: "f64", fdiv: "f64", xor64: "i64", mul64: "i64", add64: "i64", shr64_u: "i64",
};
const UN_RESULT: { readonly [kind in UnOp]?: Scalar } = { f64_of_i32: "f64", extend64_u: "i64", ctz64: "i64" };

/** Whether evaluating twice (or never) and in any order is the same as evaluating once: no call, no memory, no variables. */
export function isConst(e: IrExpr): boolean {
  return e.op === "const" || e.op === "data" || e.op === "static" || e.op === "entry";
}

/** Cheap enough to repeat instead of keeping in a local. */
export function isSimple(e: IrExpr): boolean {
  return e.op === "get" || isConst(e);
}

/** True when dropping the evaluation loses nothing. */
export function isPure(e: IrExpr): boolean {
  switch (e.op) {
    case "bin":
      return isPure(e.a) && isPure(e.b);
    case "un":
      return isPure(e.a);
    case "load":
      return isPure(e.addr);
    case "cond":
      return isPure(e.cond) && isPure(e.a) && isPure(e.b);
    case "call":
      return false;
    default:
      return true;
  }
}
