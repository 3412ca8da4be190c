// Heads whose arguments are not all values: types, brands, budgets. Knows their shapes.

import type { Expr, Place } from "../ast.ts";
import { callExpr } from "../builder.ts";
import type { IrExpr } from "../ir.ts";
import { ONE, ZERO, add, eq, gtu, k, load, lts, ltu, mul, shr, sub, xor } from "../ops.ts";
import { isOwned, isViewLike } from "../types.ts";
import type { Type, TypeArgument } from "../types.ts";
import { copyOf, part, wordBounds } from "./builtins-bytes.ts";
import type { Builtin, ParamSpec, SpecialBuiltin } from "./builtins.ts";
import { applyTo } from "./builtins.ts";
import { typeArgument } from "./calls.ts";
import type { Context } from "./context.ts";
import { asView, child, describeType, materialize, own } from "./expr.ts";
import { concrete } from "./program.ts";
import type { Value } from "./values.ts";
import { ERROR, int, value } from "./values.ts";
import * as make from "../make.ts";

export const SPECIAL: readonly (readonly [string, SpecialBuiltin])[] = [
  ...intrinsics(),
  ...brands(),
  ["budget.scope_v1", budgetScope],
];

// ---- intrinsics of generic bodies: the first argument is a type

function intrinsics(): (readonly [string, SpecialBuiltin])[] {
  const table: { readonly [name: string]: (type: TypeArgument) => Builtin | undefined } = {
    "ty.size_bytes": size,
    "ty.size": size,
    "ty.read_le_at": (t) => numeric(t) && { params: ["like", "i32"], result: "i32", emit: readAt },
    "ty.write_le_at": (t) => numeric(t) && { params: ["~bytes", "i32", "i32"], result: "bytes", emit: writeAt },
    "ty.push_le": (t) => numeric(t) && { params: ["~vec_u8", "i32"], result: "vec_u8", emit: pushWord },
    "ty.lt": (t) => compare(t, (a, b) => less(t, a, b), (order) => lts(order, ZERO)),
    "ty.eq": (t) => compare(t, eq, (order) => eq(order, ZERO)),
    "ty.cmp": (t) => compare(t, (a, b) => sub(less(t, b, a), less(t, a, b)), (order) => order),
    "ty.hash32": hash,
    "ty.clone": clone,
    "ty.drop": (t) => ({ params: [plain(t)], result: "i32", emit: (cx, [v]) => dropped(cx, v) }),
    "ty.add": (t) => numeric(t) && two(add),
    "ty.sub": (t) => numeric(t) && two(sub),
    "ty.mul": (t) => numeric(t) && two(mul),
    "ty.kind": kind,
    "ty.pack": pack,
    "ty.unpack": unpack,
  };
  return Object.entries(table).map(([name, make]) => [name, (cx, e, at) => intrinsic(cx, name, make, e, at)] as const);
}

function intrinsic(cx: Context, head: string, make: (t: TypeArgument) => Builtin | undefined, e: Expr[], at: Place): Value {
  const type = e[1] === undefined ? undefined : typeArgument(cx, e[1]);
  if (type === undefined) return cx.fail("Parse", undefined, `${head} expects a type as its first argument`, at);
  const builtin = make(type);
  if (builtin === undefined) return cx.typing(undefined, `${head} is not defined for type ${type}`, child(at, 1));
  return applyTo(cx, head, builtin, e, 2, at);
}

function plain(t: TypeArgument): Type {
  return t === "u32" ? "i32" : t;
}

function numeric(t: TypeArgument): true | undefined {
  return t === "i32" || t === "u32" ? true : undefined;
}

function less(t: TypeArgument, a: IrExpr, b: IrExpr): IrExpr {
  return t === "u32" ? ltu(a, b) : lts(a, b);
}

function two(op: (a: IrExpr, b: IrExpr) => IrExpr): Builtin {
  return { params: ["i32", "i32"], result: "i32", emit: (_cx, [a, b]) => int(op(part(a), part(b))) };
}

function compare(t: TypeArgument, numbers: (a: IrExpr, b: IrExpr) => IrExpr, ordered: (order: IrExpr) => IrExpr): Builtin | undefined {
  if (numeric(t)) {
    return {
      params: ["i32", "i32"],
      result: "i32",
      emit: (cx, args) => {
        const [a, b] = cx.force(args);
        return int(numbers(part(a), part(b)));
      },
    };
  }
  if (t !== "bytes" && t !== "bytes_view") return undefined;
  const order = (a: Value | undefined, b: Value | undefined): IrExpr => callExpr("rt.cmp", [part(a), part(a, 1), part(b), part(b, 1)]);
  return { params: ["like", "like"], result: "i32", emit: (_cx, [a, b]) => int(ordered(order(a, b))) };
}

/** Bytes of a value in the reference's C on a 64-bit host, where an address and a length take 16. */
function size(t: TypeArgument): Builtin | undefined {
  const bytes = numeric(t) ? 4 : t === "bytes" || t === "bytes_view" ? 16 : undefined;
  return bytes === undefined ? undefined : { params: [], result: "i32", emit: () => int(k(bytes)) };
}

function readAt(cx: Context, args: readonly Value[]): Value {
  const [v, i] = cx.force(args);
  wordBounds(cx, part(i), part(v, 1));
  return int(load(4, add(part(v), part(i))));
}

function writeAt(cx: Context, args: readonly Value[]): Value {
  const [v, i, x] = cx.force(args);
  wordBounds(cx, part(i), part(v, 1));
  cx.b.store(4, add(part(v), part(i)), 0, part(x));
  return v ?? ERROR;
}

function pushWord(cx: Context, args: readonly Value[]): Value {
  const [v, x] = cx.force(args);
  const [ptr, cap] = cx.b.callMany("rt.vec_reserve", [part(v), part(v, 1), part(v, 2), k(4)], ["i32", "i32"]);
  cx.b.store(4, add(ptr ?? ZERO, part(v, 1)), 0, part(x));
  return value("vec_u8", [ptr ?? ZERO, add(part(v, 1), k(4)), cap ?? ZERO]);
}

function hash(t: TypeArgument): Builtin | undefined {
  if (numeric(t)) return { params: ["i32"], result: "i32", emit: (cx, [v]) => mixed(cx, part(v)) };
  if (t !== "bytes" && t !== "bytes_view") return undefined;
  return { params: ["like"], result: "i32", emit: (cx, [v]) => mixed(cx, callExpr("rt.fnv1a", [part(v), part(v, 1)])) };
}

/** The finaliser of murmur3. */
function mixed(cx: Context, x: IrExpr): Value {
  const a = cx.b.keep(x);
  const b = cx.b.fresh(mul(xor(a, shr(a, k(16))), k(-2048144789)));
  const c = cx.b.fresh(mul(xor(b, shr(b, k(13))), k(-1028477387)));
  return int(xor(c, shr(c, k(16))));
}

function clone(t: TypeArgument): Builtin | undefined {
  if (t === "bytes") return { params: ["&bytes"], result: "bytes", emit: (cx, [v]) => copyOf(cx, v?.parts ?? []) };
  if (isOwned(plain(t))) return undefined;
  return { params: [plain(t)], result: plain(t), emit: (_cx, [v]) => v ?? ERROR };
}

// ---- for std modules that keep values of any type behind a handle, as bytes

/** Numbers 1, bytes 2, views 3. */
function kindOf(t: TypeArgument): number | undefined {
  if (numeric(t)) return 1;
  return t === "bytes" ? 2 : t === "bytes_view" ? 3 : undefined;
}

function kind(t: TypeArgument): Builtin | undefined {
  const number = kindOf(t);
  return number === undefined ? undefined : { params: [], result: "i32", emit: () => int(k(number)) };
}

/** A value as bytes of its own: a number as four, little endian. */
function pack(t: TypeArgument): Builtin | undefined {
  switch (kindOf(t)) {
    case 1:
      return { params: ["i32"], result: "bytes", emit: packWord };
    case 2:
      return { params: ["bytes"], result: "bytes", emit: (_cx, [v]) => v ?? ERROR };
    case 3:
      return { params: ["bytes_view"], result: "bytes", emit: (cx, args) => copyOf(cx, cx.force(args)[0]?.parts ?? []) };
    default:
      return undefined;
  }
}

function packWord(cx: Context, args: readonly Value[]): Value {
  const [x] = cx.force(args);
  const block = cx.b.fresh(callExpr("rt.alloc", [k(4)]));
  cx.b.store(4, block, 0, part(x));
  return value("bytes", [block, k(4)], { loose: "temp" });
}

/** The inverse; a view cannot be had, as nothing would own what it looks at. */
function unpack(t: TypeArgument): Builtin | undefined {
  if (numeric(t)) return { params: ["like"], result: "i32", emit: (cx, [v]) => readAt(cx, [v ?? ERROR, int(ZERO)]) };
  return t === "bytes" ? { params: ["bytes"], result: "bytes", emit: (_cx, [v]) => v ?? ERROR } : undefined;
}

function dropped(cx: Context, v: Value | undefined): Value {
  const [forced] = cx.force([v ?? ERROR]);
  if (forced !== undefined) cx.drop(forced.type, forced.parts);
  return int(ZERO);
}

// ---- brands: a name on bytes that a validator has checked

function brands(): (readonly [string, SpecialBuiltin])[] {
  return [
    ["std.brand.assume_bytes_v1", (cx, e, at) => labelled(cx, e, at, "bytes", (v, brand) => v.withBrand(brand))],
    ["std.brand.erase_bytes_v1", (cx, e, at) => erased(cx, e, at, "bytes")],
    ["std.brand.erase_view_v1", (cx, e, at) => erased(cx, e, at, "bytes_view")],
    ["std.brand.view_v1", brandView],
    ["std.brand.cast_bytes_v1", (cx, e, at) => cast(cx, e, at, "bytes", "result_bytes", (_cx, v) => v.parts)],
    ["std.brand.cast_view_v1", (cx, e, at) => cast(cx, e, at, "bytes_view", "result_bytes_view", (_cx, v) => v.parts)],
    ["std.brand.cast_view_copy_v1", (cx, e, at) => cast(cx, e, at, "bytes_view", "result_bytes", (c, v) => copyOf(c, v.parts).parts)],
  ];
}

function shapeError(cx: Context, e: Expr[], form: string, at: Place): Value {
  return cx.fail("Parse", "X07-TYPE-CALL-0003", `${String(e[0])} form: (${String(e[0])} ${form})`, at);
}

function labelled(cx: Context, e: Expr[], at: Place, type: ParamSpec, label: (v: Value, brand: string) => Value): Value {
  const brand = e[1];
  if (e.length !== 3 || typeof brand !== "string") return shapeError(cx, e, "<brand> <value>", at);
  const same: Builtin = { params: [type], result: "bytes", emit: (_cx, [v]) => label(v ?? ERROR, brand) };
  return applyTo(cx, String(e[0]), same, e, 2, at);
}

function erased(cx: Context, e: Expr[], at: Place, type: Type): Value {
  const same: Builtin = { params: [type], result: type, emit: (_cx, [v]) => (v ?? ERROR).withBrand(undefined) };
  return applyTo(cx, String(e[0]), same, e, 1, at);
}

function brandView(cx: Context, e: Expr[], at: Place): Value {
  const view: Builtin = { params: ["@bytes"], result: "bytes_view", emit: (_cx, [v]) => (v === undefined ? ERROR : asView(v)) };
  return applyTo(cx, String(e[0]), view, e, 1, at);
}

/** `[cast, brand, validator, value]`: the validator takes a view and returns result_i32; its error code becomes the result's. */
function cast(cx: Context, e: Expr[], at: Place, type: Type, result: Type, payload: (cx: Context, v: Value) => readonly IrExpr[]): Value {
  const [head, brand, validator] = e;
  if (e.length !== 4 || typeof brand !== "string" || typeof validator !== "string") return shapeError(cx, e, "<brand> <validator> <value>", at);
  const target = cx.program.resolve(validator, cx.facts.module);
  const decl = target.kind === "function" ? target.ref.decl : undefined;
  const only = decl?.params[0];
  if (target.kind !== "function" || decl === undefined || only === undefined || decl.params.length !== 1 || decl.typeParams.length > 0 || only.type !== "bytes_view" || concrete(decl.result, new Map()) !== "result_i32")
    return cx.typing(undefined, `brand validator must be a function (bytes_view) -> result_i32: ${JSON.stringify(validator)}`, child(at, 2));
  return cx.frame(() => {
    const arg = cx.frame(() => materialize(cx, own(cx, e[3] ?? 0, child(at, 3))));
    if (arg.type !== type) return arg.type === "error" ? ERROR : cx.typing("X07-TYPE-CALL-0002", `${String(head)} expects ${type}`, child(at, 3), { expected: type, found: describeType(arg) });
    const [v] = cx.force([arg]);
    if (v === undefined) return ERROR;
    const [ok, code] = cx.b.callMany(cx.program.need(target.ref, new Map()), v.parts.slice(0, 2), ["i32", "i32"]);
    const locals = cx.newLocals(result);
    const assign = (parts: readonly IrExpr[]): void => locals.forEach((l, i) => cx.b.set(l, parts[i] ?? ZERO));
    cx.b.if(
      ok ?? ZERO,
      () => assign([ONE, ...payload(cx, v)]),
      () => {
        cx.drop(v.type, v.parts);
        assign([ZERO, ZERO, code ?? ZERO]);
      },
    );
    const owners = isViewLike(result) ? v.owners : [];
    return value(result, locals.map((l) => cx.b.get(l)), { brand, owners, borrowedAt: v.borrowedAt, loose: "temp" });
  });
}

// ---- budgets

/** `["budget.scope_v1", ["budget.cfg_v1", [key, value]...], body]`: more than alloc_bytes within the body traps. */
function budgetScope(cx: Context, e: Expr[], at: Place): Value {
  const config = e[1];
  if (e.length !== 3 || !Array.isArray(config) || config[0] !== "budget.cfg_v1") return shapeError(cx, e, "(budget.cfg_v1 ...) <body>", at);
  let limit: number | undefined;
  for (let i = 1; i < config.length; i++) {
    const entry = config[i];
    const key = Array.isArray(entry) ? entry[0] : undefined;
    const setting = Array.isArray(entry) ? entry[1] : undefined;
    if (key === "label") continue;
    if (key === "mode" && setting === "trap_v1") continue;
    if (key === "alloc_bytes" && typeof setting === "number") limit = setting;
    else return cx.fail("Unsupported", undefined, `budget setting ${JSON.stringify(entry ?? null)} is not supported`, child(child(at, 1), i), { hint: "mode trap_v1, label and alloc_bytes are" });
  }
  const counter: IrExpr = make.global("allocated");
  const before = cx.b.fresh(counter);
  cx.openScope();
  const body = cx.frame(() => materialize(cx, own(cx, e[2] ?? 0, child(at, 2))));
  const v = cx.settle(cx.closeScope(body, body.type === "never"));
  if (limit !== undefined && v.type !== "never") cx.b.trapIf(gtu(sub(counter, before), k(limit)));
  return v;
}
