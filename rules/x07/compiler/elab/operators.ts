// The infix operators on i32. Knows evaluation order and x07's total division.

import type { Expr, Place } from "../ast.ts";
import { pointerOf } from "../ast.ts";
import type { BinOp, IrExpr, IrStmt } from "../ir.ts";
import { isPure } from "../ir.ts";
import { ONE, ZERO, bin, cond, divide, foldBin, not, toBool } from "../ops.ts";
import type { Context } from "./context.ts";
import { child, describeType, operand, scalar } from "./expr.ts";
import type { Value } from "./values.ts";
import * as make from "../make.ts";

export const OPERATORS: ReadonlyMap<string, BinOp | "&&" | "||" | "/" | "%"> = new Map<string, BinOp | "&&" | "||" | "/" | "%">([
  ["+", "add"], ["-", "sub"], ["*", "mul"], ["/", "/"], ["%", "%"], ["&", "and"], ["|", "or"], ["^", "xor"], ["<<u", "shl"], [">>u", "shr_u"],
  ["=", "eq"], ["!=", "ne"], ["<", "lt_s"], ["<=", "le_s"], [">", "gt_s"], [">=", "ge_s"], ["<u", "lt_u"], ["<=u", "le_u"], [">u", "gt_u"], [">=u", "ge_u"],
  ["&&", "&&"], ["||", "||"],
]);

/** Evaluates a list to an i32, without a value around it; WRONG when there is none and that has been told. */
export type ScalarForm = (cx: Context, e: Expr[], at: Place) => IrExpr;

/** Stands for an i32 that is not there; compared by identity. */
export const WRONG: IrExpr = make.const(0);

/** What each operator does with a list that it heads. */
export function operatorForms(): [string, ScalarForm][] {
  return [...OPERATORS].map(([head, op]) => [head, op === "&&" || op === "||" ? (cx, e, at) => logical(cx, op, e, at) : (cx, e, at) => arithmetic(cx, head, op, e, at)]);
}

function wrongArity(cx: Context, head: string, e: Expr[], at: Place): IrExpr {
  cx.fail("Parse", "X07-ARITY-BINOP-0001", `${head} expects 2 args`, at, { expected: "2", found: String(e.length - 1) });
  return WRONG;
}

function arithmetic(cx: Context, head: string, op: BinOp | "/" | "%", e: Expr[], at: Place): IrExpr {
  if (e.length !== 3) return wrongArity(cx, head, e, at);
  let first = scalar(cx, e, 1, at);
  const a = first === undefined ? operand(cx, e, 1, at) : undefined;
  if (a?.type === "i32") first = a.parts[0];
  const start = cx.b.here.length;
  let y = scalar(cx, e, 2, at);
  const b = y === undefined ? operand(cx, e, 2, at) : undefined;
  if (b?.type === "i32") y = b.parts[0];
  if (first === undefined || y === undefined) {
    notNumber(cx, head, a, at, 1);
    notNumber(cx, head, b, at, 2);
    return ZERO;
  }
  if (first === WRONG || y === WRONG) return ZERO;
  const x = cx.kept(first, start);
  if ((op === "lt_u" || op === "ge_u") && isZero(e)) return pointless(cx, head, op, at);
  if (op === "/") return quotient(cx, x, y);
  if (op === "%") return remainder(cx, x, y);
  return bin(op, x, y);
}

/** Tells of an operand that is no i32. */
function notNumber(cx: Context, head: string, v: Value | undefined, at: Place, i: number): void {
  if (v !== undefined && v.type !== "i32" && v.type !== "error") cx.typing("X07-TYPE-CALL-0002", `${head} expects i32 args`, child(at, i), { expected: "i32", found: describeType(v) });
}

/** Whether a comparison is with 0, also with what folds to it; a comparison that folds as a whole is none any more. */
function isZero([, left, right]: Expr[]): boolean {
  return right === 0 || (Array.isArray(right) && literalValue(right) === 0 && literalValue(left ?? "") === undefined);
}

function pointless(cx: Context, head: string, op: "lt_u" | "ge_u", at: Place): IrExpr {
  const always = op === "lt_u" ? "false" : "true";
  cx.typing(undefined, `semantic error: \`(${head} x 0)\` is always ${always} (unsigned comparison)`, at, {
    hint: `use the signed ${head.slice(0, -1)} when negatives are meant`,
    quickfix: [{ op: "replace", path: `${pointerOf(at)}/0`, value: head.slice(0, -1) }],
  });
  return WRONG;
}

function quotient(cx: Context, x: IrExpr, y: IrExpr): IrExpr {
  const known = divide(x, y);
  if (known !== undefined) return known;
  if (y.op === "const") {
    cx.b.fresh(x);
    return ZERO;
  }
  const p = cx.b.keep(x);
  const q = cx.b.keep(y);
  return cond(q, make.bin("div_u", p, q), ZERO);
}

function remainder(cx: Context, x: IrExpr, y: IrExpr): IrExpr {
  if (y.op === "const") return y.value === 0 ? x : bin("rem_u", x, y);
  const p = cx.b.keep(x);
  const q = cx.b.keep(y);
  return cond(q, make.bin("rem_u", p, q), p);
}

/** Short circuit: the right side runs, in a scope of its own, only when it decides. */
function logical(cx: Context, op: "&&" | "||", e: Expr[], at: Place): IrExpr {
  if (e.length !== 3) return wrongArity(cx, op, e, at);
  const left = operand(cx, e, 1, at);
  notNumber(cx, op, left, at, 1);
  const mark = cx.mark();
  const outer = cx.b.open();
  cx.openScope();
  const right = cx.closeScope(operand(cx, e, 2, at), false);
  const code = cx.b.close(outer);
  const end = cx.undo(mark);
  notNumber(cx, op, right, at, 2);
  if (left.type !== "i32" || right.type !== "i32") return ZERO;
  const a = left.parts[0] ?? ZERO;
  const b = toBool(right.parts[0] ?? ZERO);
  if (code.length === 0 && end.size === 0) return pureLogical(op, a, b);
  const result = cx.b.local();
  cx.b.set(result, op === "&&" ? ZERO : ONE);
  const skipped: IrStmt[] = [];
  const taken = cx.b.block(() => {
    for (const s of code) cx.b.emit(s);
    cx.b.set(result, b);
  });
  cx.joinBlocks([end, new Map()], [true, true], [taken, skipped]);
  cx.b.emitIf(op === "&&" ? a : not(a), taken, skipped);
  return cx.b.get(result);
}

function pureLogical(op: "&&" | "||", a: IrExpr, b: IrExpr): IrExpr {
  if (op === "&&") return isPure(b) && cheap(b) ? bin("and", toBool(a), b) : cond(a, b, ZERO);
  return isPure(b) && cheap(b) ? toBool(bin("or", toBool(a), b)) : cond(a, ONE, b);
}

/** Cheaper to evaluate always than to branch around. */
function cheap(e: IrExpr): boolean {
  if (e.op === "const" || e.op === "get") return true;
  if (e.op === "un") return cheap(e.a) && e.kind === "eqz";
  return e.op === "bin" && (e.a.op === "get" || e.a.op === "const") && (e.b.op === "get" || e.b.op === "const") && e.kind !== "div_u" && e.kind !== "rem_u";
}

/** The value of an expression made of literals alone, as the reference folds it; undefined otherwise. */
export function literalValue(e: Expr): number | undefined {
  if (typeof e === "number") return e;
  if (!Array.isArray(e) || e.length !== 3 || typeof e[0] !== "string") return undefined;
  const op = OPERATORS.get(e[0]);
  if (op === undefined) return undefined;
  const a = literalValue(e[1] ?? "");
  const b = a === undefined ? undefined : literalValue(e[2] ?? "");
  if (a === undefined || b === undefined) return undefined;
  if (op === "&&") return a !== 0 && b !== 0 ? 1 : 0;
  if (op === "||") return a !== 0 || b !== 0 ? 1 : 0;
  if (op === "/") return b === 0 ? 0 : foldBin("div_u", a, b);
  if (op === "%") return b === 0 ? a : foldBin("rem_u", a, b);
  return foldBin(op, a, b);
}
