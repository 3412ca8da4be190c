// `try` and `try_doc`: take the payload or leave the function with the failure. Knows the shapes of results and of doc envelopes.

import type { Expr, Place } from "../ast.ts";
import { callExpr } from "../builder.ts";
import { ONE, ZERO, add, eq, load, ne, not, sub } from "../ops.ts";
import type { Type } from "../types.ts";
import { finishReturn } from "./body.ts";
import { copyOf } from "./builtins-bytes.ts";
import type { Context } from "./context.ts";
import { child, describeType, operand, ownedOperand } from "./expr.ts";
import { unsupportedInAsync } from "./tasks.ts";
import type { Value } from "./values.ts";
import { ERROR, value } from "./values.ts";

const PAYLOAD: { readonly [type in Type]?: Type } = { result_i32: "i32", result_bytes: "bytes", result_bytes_view: "bytes_view" };

/** Where the failure of a result can be passed on. */
const TARGETS: { readonly [type in Type]?: readonly Type[] } = {
  result_i32: ["result_i32", "result_bytes"],
  result_bytes: ["result_bytes", "result_i32"],
  result_bytes_view: ["result_bytes_view", "result_i32"],
};

export function tryForm(cx: Context, e: Expr[], at: Place): Value {
  if (e.length !== 2) return cx.fail("Parse", "X07-TYPE-CALL-0003", "try form: (try <result>)", at);
  const r = operand(cx, e, 1, at);
  if (r.type === "error" || (r.type === "never" && cx.faults.length > 0)) return ERROR;
  const payload = PAYLOAD[r.type];
  if (payload === undefined) return cx.typing("X07-TYPE-CALL-0002", `try expects a result, got ${describeType(r)}`, child(at, 1), { expected: "result_i32, result_bytes or result_bytes_view", found: describeType(r) });
  const target = cx.facts.result;
  const targets = TARGETS[r.type] ?? [];
  if (!targets.includes(target)) return cx.typing(undefined, `try(${r.type}) requires function return type ${targets.join(" or ")}, but this one returns ${target}`, at, { hint: `let the function return a result, or take the value out with ${r.type}.unwrap_or` });
  const [forced] = cx.force([r]);
  const parts = forced?.parts ?? [];
  const code = parts.at(-1) ?? ZERO;
  cx.b.if(not(parts[0] ?? ZERO), () => finishReturn(cx, failure(target, code, cx.facts.resultBrand), at));
  return value(payload, parts.slice(1), { brand: r.brand, owners: r.owners, borrowedAt: r.borrowedAt, loose: r.loose });
}

function failure(target: Type, code: Value["parts"][number], brand: string | undefined): Value {
  if (target === "result_i32") return value(target, [ZERO, code], { brand });
  return value(target, [ZERO, ZERO, code], { brand });
}

/** A doc is byte 1 and the payload, or anything else, which is passed on to the caller. */
export function tryDocForm(cx: Context, e: Expr[], at: Place): Value {
  if (e.length !== 2) return cx.fail("Parse", "X07-TYPE-CALL-0003", "try_doc form: (try_doc <doc:bytes>)", at);
  if (cx.facts.kind === "defasync") return unsupportedInAsync(cx, "try_doc", at);
  const given = ownedOperand(cx, e, 1, at);
  const d = given.type === "bytes_view" ? copyOf(cx, given.parts) : given;
  if (d.type === "error") return d;
  if (d.type !== "bytes") return cx.typing("X07-TYPE-CALL-0002", `try_doc expects bytes or bytes_view, got ${describeType(d)}`, child(at, 1), { expected: "bytes", found: describeType(d) });
  if (cx.facts.result !== "bytes") return cx.typing(undefined, "try_doc requires a function that returns bytes", at);
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
