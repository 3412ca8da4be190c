// Builtins on numbers: decimal text, the small generator, f64. Knows which runtime function does the work.

import { callExpr } from "../builder.ts";
import type { BinOp } from "../ir.ts";
import { add, gtu, k, mul, sub } from "../ops.ts";
import { part } from "./builtins-bytes.ts";
import type { Builtin } from "./builtins.ts";
import type { Context } from "./context.ts";
import type { Value } from "./values.ts";
import { int, value } from "./values.ts";
import * as make from "../make.ts";

export const NUMBERS: readonly [string, Builtin][] = [
  ["fmt.u32_to_dec", { params: ["i32"], result: "bytes", emit: (cx, [x]) => decimal(cx, "rt.fmt_u32", x) }],
  ["fmt.s32_to_dec", { params: ["i32"], result: "bytes", emit: (cx, [x]) => decimal(cx, "rt.fmt_s32", x) }],
  ["parse.u32_dec", { params: ["bytes_view"], result: "i32", emit: (_cx, [v]) => int(callExpr("rt.parse_u32", [part(v), part(v, 1)])) }],
  ["parse.u32_dec_at", { params: ["bytes_view", "i32"], result: "i32", emit: parseAt }],
  ["prng.lcg_next_u32", { params: ["i32"], result: "i32", emit: (_cx, [x]) => int(add(mul(part(x), k(1103515245)), k(12345))) }],
  ["f64.of_i32", { params: ["i32"], result: "f64", emit: (_cx, [x]) => value("f64", [make.un("f64_of_i32", part(x))]) }],
  ["f64.to_i32_trunc", { params: ["f64"], result: "i32", emit: (_cx, [x]) => int(callExpr("rt.f64_trunc", [part(x)])) }],
  ["f64.add", float("fadd")],
  ["f64.sub", float("fsub")],
  ["f64.mul", float("fmul")],
  ["f64.div", float("fdiv")],
];

function float(kind: BinOp): Builtin {
  return { params: ["f64", "f64"], result: "f64", emit: (_cx, [a, b]) => value("f64", [make.bin(kind, part(a), part(b))]) };
}

function decimal(cx: Context, target: string, x: Value | undefined): Value {
  return value("bytes", cx.b.callMany(target, [part(x)], ["i32", "i32"]), { loose: "temp" });
}

function parseAt(cx: Context, args: readonly Value[]): Value {
  const [v, off] = cx.force(args);
  cx.b.trapIf(gtu(part(off), part(v, 1)));
  return int(callExpr("rt.parse_u32", [add(part(v), part(off)), sub(part(v, 1), part(off))]));
}
