// Decimal text and float truncation. Knows no values but integers and addresses.

import type { IrExpr, IrFunction } from "../ir.ts";
import { FunctionBuilder, callExpr } from "../builder.ts";
import { ZERO, add, cond, gtu, k, load, ltu, lts, mul, not, sub } from "../ops.ts";
import * as make from "../make.ts";

export const DIGITS = { name: "digits", size: 16, reset: false };
const digits: IrExpr = make.static("digits");

export const NUMBERS: readonly (readonly [string, () => IrFunction])[] = [
  ["rt.fmt_u32", () => format("rt.fmt_u32", false)],
  ["rt.fmt_s32", () => format("rt.fmt_s32", true)],
  ["rt.parse_u32", parse],
  ["rt.f64_trunc", truncate],
];

/** fmt(x) -> (ptr, len): digits are laid out backwards in a scratch area, then copied. */
function format(name: string, signed: boolean): IrFunction {
  const b = new FunctionBuilder(["i32"]);
  const x = b.local();
  const at = b.local();
  b.set(x, b.param(0));
  b.set(at, add(digits, k(15)));
  if (signed) b.if(lts(b.param(0), ZERO), () => b.set(x, sub(ZERO, b.param(0))));
  const again = b.label();
  const body = b.block(() => {
    const q = b.fresh(make.bin("div_u", b.get(x), k(10)));
    b.store(1, b.get(at), 0, add(sub(b.get(x), mul(q, k(10))), k(48)));
    b.set(at, sub(b.get(at), k(1)));
    b.set(x, q);
    b.br(again, b.get(x));
  });
  b.emit(make.loop(again, body));
  if (signed) {
    b.if(lts(b.param(0), ZERO), () => {
      b.store(1, b.get(at), 0, k(45));
      b.set(at, sub(b.get(at), k(1)));
    });
  }
  const len = b.fresh(sub(add(digits, k(15)), b.get(at)));
  b.ret(callExpr("rt.copy", [add(b.get(at), k(1)), len]), len);
  return b.finish(name, ["i32", "i32"], "never");
}

/** parse_u32(ptr, len) -> value; traps unless all of it is 1+ digits that fit. */
function parse(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32"]);
  b.trapIf(not(b.param(1)));
  const end = b.fresh(add(b.param(0), b.param(1)));
  const x = b.local();
  const again = b.label();
  const body = b.block(() => {
    const d = b.fresh(sub(load(1, b.param(0)), k(48)));
    b.trapIf(gtu(d, k(9)));
    b.trapIf(gtu(b.get(x), k(429496729)));
    const tens = b.fresh(mul(b.get(x), k(10)));
    b.set(x, add(tens, d));
    b.trapIf(ltu(b.get(x), tens));
    b.set(0, add(b.param(0), k(1)));
    b.br(again, ltu(b.param(0), end));
  });
  b.set(x, ZERO);
  b.emit(make.loop(again, body));
  b.ret(b.get(x));
  return b.finish("rt.parse_u32", ["i32"], "never");
}

/** f64_trunc(x): toward zero; everything outside i32, and NaN, gives the smallest i32. */
function truncate(): IrFunction {
  const b = new FunctionBuilder(["f64"]);
  const min: IrExpr = make.un("f64_of_i32", k(-2147483648));
  const limit: IrExpr = make.bin("fsub", make.un("f64_of_i32", ZERO), min);
  b.ret(cond(make.bin("flt", b.param(0), limit), make.un("i32_of_f64", b.param(0)), k(-2147483648)));
  return b.finish("rt.f64_trunc", ["i32"], "never");
}
