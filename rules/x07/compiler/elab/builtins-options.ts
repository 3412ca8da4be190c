// Builtins on options and results. Knows how they are laid out in scalars.

import type { IrExpr } from "../ir.ts";
import { ONE, ZERO, cond, not } from "../ops.ts";
import { isOwned, shape } from "../types.ts";
import type { Type } from "../types.ts";
import { part } from "./builtins-bytes.ts";
import type { Builtin, ParamSpec } from "./builtins.ts";
import type { Context } from "./context.ts";
import type { Value } from "./values.ts";
import { ERROR, int, value } from "./values.ts";

export const OPTIONS: readonly [string, Builtin][] = [
  ...option("option_i32", "i32"),
  ...option("option_bytes", "bytes"),
  ...option("option_bytes_view", "bytes_view"),
  ...result("result_i32", "i32"),
  ...result("result_bytes", "bytes"),
  ...result("result_bytes_view", "bytes_view"),
  ["result_result_bytes.is_ok", { params: ["&result_result_bytes"], result: "i32", emit: (_cx, [v]) => int(part(v)) }],
  ["result_result_bytes.err_code", { params: ["&result_result_bytes"], result: "i32", emit: errCode }],
  ["result_result_bytes.unwrap_or", { params: ["result_result_bytes", "result_bytes"], result: "result_bytes", emit: (cx, args) => unwrapOr(cx, args, "result_bytes") }],
];

function option(type: Type, payload: Type): [string, Builtin][] {
  const some: Builtin = { params: [payload], result: type, emit: (_cx, [v]) => wrap(type, v) };
  const none: Builtin = { params: [], result: type, emit: () => value(type, shape(type).map(() => ZERO)) };
  return [[`${type}.some`, some], [`${type}.none`, none], [`${type}.is_some`, tag(type)], [`${type}.unwrap_or`, unwrap(type, payload)]];
}

function result(type: Type, payload: Type): [string, Builtin][] {
  const ok: Builtin = { params: [payload], result: type, emit: (_cx, [v]) => wrap(type, v) };
  const err: Builtin = { params: ["i32"], result: type, emit: (_cx, [code]) => value(type, [...shape(type).slice(1).map(() => ZERO), part(code)]) };
  const code: Builtin = { params: [borrowed(type)], result: "i32", emit: errCode };
  return [[`${type}.ok`, ok], [`${type}.err`, err], [`${type}.is_ok`, tag(type)], [`${type}.err_code`, code], [`${type}.unwrap_or`, unwrap(type, payload)]];
}

function borrowed(type: Type): ParamSpec {
  return isOwned(type) ? `&${type}` : type;
}

function wrap(type: Type, v: Value | undefined): Value {
  return value(type, [ONE, ...(v?.parts ?? [])], { owners: v?.owners ?? [], borrowedAt: v?.borrowedAt, brand: v?.brand, ofTemporary: v?.ofTemporary ?? false });
}

function tag(type: Type): Builtin {
  return { params: [borrowed(type)], result: "i32", emit: (_cx, [v]) => int(part(v)) };
}

/** The code of a failure, which is kept in the last scalar; 0 of a success. */
function errCode(cx: Context, args: readonly Value[]): Value {
  const [v] = cx.force(args);
  return int(cond(part(v), ZERO, v?.parts.at(-1) ?? ZERO));
}

function unwrap(type: Type, payload: Type): Builtin {
  return { params: [type, payload], result: payload, emit: (cx, args) => unwrapOr(cx, args, payload) };
}

/** The payload or the default; the one that is not taken is dropped. */
function unwrapOr(cx: Context, args: readonly Value[], payload: Type): Value {
  const [v, fallback] = cx.force(args);
  if (v === undefined || fallback === undefined) return ERROR;
  const owners = [...new Set([...v.owners, ...fallback.owners])];
  const more = { owners, borrowedAt: v.borrowedAt ?? fallback.borrowedAt, brand: v.brand, ofTemporary: v.ofTemporary || fallback.ofTemporary };
  if (!isOwned(payload) && shape(payload).length === 1) return value(payload, [cond(part(v), part(v, 1), part(fallback))], more);
  const locals = cx.newLocals(payload);
  const assignAll = (parts: readonly IrExpr[]): void => locals.forEach((l, i) => cx.b.set(l, parts[i] ?? ZERO));
  cx.b.if(
    not(part(v)),
    () => assignAll(fallback.parts),
    () => {
      assignAll(v.parts.slice(1));
      cx.drop(payload, fallback.parts);
    },
  );
  return value(payload, locals.map((l) => cx.b.get(l)), { ...more, loose: "temp" });
}
