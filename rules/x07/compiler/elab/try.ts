// `try` and `try_doc`: take the payload or leave the function with the failure. Knows the shapes of results and of doc envelopes.

import type { Expr, Place } from "../ast.ts";
import { callExpr } from "../builder.ts";
import { ONE, ZERO, add, eq, load, ne, not, sub } from "../ops.ts";
import type { Type } from "../types.ts";
import { finishReturn } from "./body.ts";
import type { Context } from "./context.ts";
import { child, describeType, operand, ownedOperand } from "./expr.ts";
import type { Value } from "./values.ts";
import { ERROR, value } from "./values.ts";

const PAYLOAD: { readonly [type in Type]?: Type } = { result_i32: "i32", result_bytes: "bytes", result_bytes_view: "bytes_view" };

export function tryForm(cx: Context, e: Expr[], at: Place): Value {
  if (e.length !== 2) return cx.fail("Parse", "X07-TYPE-CALL-0003", "try form: (try <result>)", at);
  const r = operand(cx, e, 1, at);
  if (r.type === "error" || r.type === "never") return r;
  const payload = PAYLOAD[r.type];
  if (payload === undefined) return cx.typing("X07-TYPE-CALL-0002", `try expects a result, got ${describeType(r)}`, child(at, 1), { expected: "result_i32, result_bytes or result_bytes_view", found: describeType(r) });
  const target = cx.facts.result;
  if (PAYLOAD[target] === undefined && target !== "result_result_bytes") return cx.typing(undefined, `try requires a function that returns a result, but this one returns ${target}`, at, { hint: `let the function return a result, or take the value out with ${r.type}.unwrap_or` });
  const [forced] = cx.force([r]);
  const parts = forced?.parts ?? [];
  const code = parts.at(-1) ?? ZERO;
  cx.b.if(not(parts[0] ?? ZERO), () => finishReturn(cx, failure(target, code, cx.facts.resultBrand), at));
  return value(payload, parts.slice(1), { brand: r.brand, owners: r.owners, borrowedAt: r.borrowedAt, loose: r.loose });
}

function failure(target: Type, code: Value["parts"][number], brand: string | undefined): Value {
  if (target === "result_i32") return value(target, [ZERO, code], { brand });
  if (target === "result_result_bytes") return value(target, [ZERO, ZERO, ZERO, code], { brand });
  return value(target, [ZERO, ZERO, code], { brand });
}

/** A doc is byte 1 and the payload, or anything else, which is passed on to the caller. */
export function tryDocForm(cx: Context, e: Expr[], at: Place): Value {
  if (e.length !== 2) return cx.fail("Parse", "X07-TYPE-CALL-0003", "try_doc form: (try_doc <doc:bytes>)", at);
  const d = ownedOperand(cx, e, 1, at);
  if (d.type === "error" || d.type === "never") return d;
  if (d.type !== "bytes") return cx.typing("X07-TYPE-CALL-0002", `try_doc expects bytes, got ${describeType(d)}`, child(at, 1), { expected: "bytes", found: describeType(d) });
  if (cx.facts.result !== "bytes" || cx.facts.kind === "solve") return cx.typing(undefined, "try_doc requires a function that returns bytes", at);
  const [forced] = cx.force([d]);
  const [ptr, len] = forced?.parts ?? [];
  if (ptr === undefined || len === undefined) return ERROR;
  const ok = cx.b.local();
  cx.b.set(ok, ZERO);
  cx.b.if(ne(len, ZERO), () => cx.b.set(ok, eq(load(1, ptr), ONE)));
  cx.b.if(not(cx.b.get(ok)), () => finishReturn(cx, d.withParts([ptr, len], d.loose), at));
  const rest = cx.b.fresh(sub(len, ONE));
  const block = cx.b.fresh(callExpr("rt.copy", [add(ptr, ONE), rest]));
  cx.b.call("rt.free", [ptr]);
  return value("bytes", [block, rest], { loose: "temp" });
}
