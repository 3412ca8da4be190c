// Calls of user functions, constructors and accessors of records and enums, generic calls. Knows signatures, not builtins.

import type { Expr, FunctionDecl, Place, TypeDecl } from "../ast.ts";
import { pointerOf } from "../ast.ts";
import { callExpr } from "../builder.ts";
import type { IrExpr } from "../ir.ts";
import type { FaultFacts } from "../errors.ts";
import { SUGGESTIONS, renamed } from "../errors.ts";
import { typeNamed } from "../parse.ts";
import { ZERO, k, load, ltu } from "../ops.ts";
import { isOwned, isViewLike, shape, spell } from "../types.ts";
import type { Type, TypeArgument } from "../types.ts";
import { BUILTIN_FAMILIES, REMOVED_HEADS } from "./catalog.ts";
import type { Context } from "./context.ts";
import { asView, borrow, borrowOperand, child, describeType, i32, ownedOperand } from "./expr.ts";
import { OPERATORS } from "./operators.ts";
import type { Callee, FunctionRef, Resolution, Wanted } from "./program.ts";
import { NO_TYPES } from "./program.ts";
import { nearestHead } from "./repairs.ts";
import { startTask, unsupportedInAsync } from "./tasks.ts";
import type { Value, Variable } from "./values.ts";
import { ERROR, NO_OWNERS, int, value } from "./values.ts";

/** A list whose head is neither form, operator nor builtin. */
export function applyCall(cx: Context, head: string, e: Expr[], at: Place): Value {
  const target = cx.program.resolve(head, cx.facts.module);
  switch (target.kind) {
    case "function":
      if (target.ref.decl.typeParams.length > 0) return needsTapp(cx, head, e, at, target.ref);
      return callFunction(cx, target.ref, NO_TYPES, e, 1, at);
    case "type":
      return member(cx, target.decl, target.member, e, at);
    case "refused":
      return refused(cx, target, at);
    case "unknown":
      return unknownHead(cx, head, e, at);
  }
}

function refused(cx: Context, target: Extract<Resolution, { kind: "refused" }>, at: Place): Value {
  if (target.why === "export") return cx.fail("Parse", undefined, target.message, at, { hint: "add the name to the module's export declaration" });
  return cx.fail("Parse", "X07-IMPORT-0002", target.message, at, { hint: "add the module to imports", quickfix: [{ op: "add", path: "/imports/-", value: target.module }] });
}

/** `step`: where in the list at `at` the name stands. */
function unknownHead(cx: Context, head: string, e: Expr[], at: Place, step = 0): Value {
  const removed = REMOVED_HEADS.find(([prefix]) => head.startsWith(prefix));
  // Arguments are checked all the same, so that their own mistakes are told in this run.
  const result = cx.fail(removed?.[2] ?? "Unsupported", removed === undefined ? "X07-TYPE-CALL-0001" : undefined, removed === undefined ? `unsupported head: ${JSON.stringify(head)}` : `${head} ${removed[1]}`, at, removed === undefined ? suggestion(cx, head, child(at, step)) : {});
  for (let i = 1; i < e.length && removed === undefined; i++) cx.frame(() => borrowOperand(cx, e, i, at));
  return result;
}

function suggestion(cx: Context, head: string, at: Place): FaultFacts {
  const dot = head.lastIndexOf(".");
  const module = dot < 0 ? "" : head.slice(0, dot);
  const unknown = { head: { name: head, from: cx.facts.module } };
  const repair = cx.faults.length < SUGGESTIONS ? renamed(nearestHead(head, cx.program.visibleFrom(cx.facts.module)), pointerOf(at)) : {};
  if (repair.nearest === undefined && cx.lookup(head) !== undefined) return { ...unknown, hint: `${JSON.stringify(head)} is a variable: it is read by its name alone` };
  if (repair.nearest === undefined && !/[A-Za-z_]/.test(head)) return { ...unknown, hint: `operators are ${[...OPERATORS.keys()].join(" ")}` };
  if (head === "i32.lit") return { ...unknown, hint: "a number stands for itself" };
  if (repair.nearest === undefined && module !== "" && !cx.program.modules.has(module) && !BUILTIN_FAMILIES.has(module)) return { ...unknown, hint: `if ${JSON.stringify(module)} is a module, add it to imports` };
  return { ...unknown, ...repair };
}

function needsTapp(cx: Context, head: string, e: Expr[], at: Place, ref: FunctionRef): Value {
  const types = inferred(cx, ref.decl, e, at);
  const args = e.slice(1);
  return cx.typing("X07-TY-0108", `X07-TY-0108: generic function must be called via tapp: ${JSON.stringify(head)}`, at, {
    hint: `write ${JSON.stringify(["tapp", head, ["tys", ...(types ?? ref.decl.typeParams.map(() => "<type>"))], "..."])} (${args.length} arguments follow)`,
    ...(types === undefined ? {} : { quickfix: [{ op: "replace" as const, path: pointerOf(at), value: ["tapp", head, ["tys", ...types], ...args] }] }),
  });
}

/** The type arguments that the arguments of a call ask for; undefined when they do not settle all. Arguments tell their own mistakes. */
function inferred(cx: Context, decl: FunctionDecl, e: Expr[], at: Place): string[] | undefined {
  const found = new Map<string, string>();
  decl.params.forEach((p, i) => {
    if (e[i + 1] === undefined) return;
    const { type } = cx.frame(() => borrowOperand(cx, e, i + 1, at));
    if (typeof p.type !== "string" && ARGUMENT_TYPES.has(type) && !found.has(p.type.parameter)) found.set(p.type.parameter, type);
  });
  const types = decl.typeParams.map((p) => found.get(p.name));
  return e.length - 1 === decl.params.length && types.every((t) => t !== undefined) ? types : undefined;
}

// ---- generic calls

/** `["tapp", f, ["tys", t...], args...]`, or with the types written without `tys`. */
export function tappForm(cx: Context, e: Expr[], at: Place): Value {
  const name = e[1];
  if (typeof name !== "string") return cx.fail("Parse", undefined, "tapp form: (tapp <function> (tys <type>...) <args>...)", at);
  const target = cx.program.resolve(name, cx.facts.module);
  if (target.kind === "refused") return refused(cx, target, at);
  if (target.kind !== "function") return unknownHead(cx, name, [], at, 1);
  const { typeParams } = target.ref.decl;
  if (typeParams.length === 0) return cx.typing(undefined, `tapp of a function without type parameters: ${JSON.stringify(name)}`, at, { hint: "call it by its name", quickfix: [{ op: "replace", path: pointerOf(at), value: [name, ...e.slice(Array.isArray(e[2]) && e[2][0] === "tys" ? 3 : 2)] }] });
  const second = e[2];
  const listed = Array.isArray(second) && second[0] === "tys";
  const written = listed ? second.slice(1) : e.slice(2, 2 + typeParams.length);
  if (written.length !== typeParams.length)
    return cx.fail("Parse", undefined, `tapp ${JSON.stringify(name)} expects ${typeParams.length} type args`, at, { expected: String(typeParams.length), found: String(written.length), hint: `its type parameters are ${typeParams.map((p) => p.name).join(", ")}` });
  const typeArgs = new Map<string, TypeArgument>();
  for (let i = 0; i < written.length; i++) {
    const type = typeArgument(cx, written[i] ?? 0);
    const param = typeParams[i];
    const place = listed ? child(child(at, 2), i + 1) : child(at, 2 + i);
    if (type === undefined || param === undefined) return cx.typing(undefined, `unknown type argument ${JSON.stringify(written[i] ?? null)}`, place, typeMeant(written[i], pointerOf(place)));
    if (!satisfies(type, param.bound)) return cx.typing(undefined, `type ${type} does not satisfy bound ${param.bound ?? "any"} of ${param.name}`, place, { expected: BOUND_TYPES.get(param.bound ?? "any") ?? BOUND_TYPES.get("value")!, found: type });
    typeArgs.set(param.name, type);
  }
  return callFunction(cx, target.ref, typeArgs, e, listed ? 3 : 2 + typeParams.length, at);
}

const ARGUMENT_TYPES = new Set<string>(["i32", "bytes", "bytes_view", "vec_u8", "option_i32", "option_bytes", "option_bytes_view", "result_i32", "result_bytes", "result_bytes_view", "result_result_bytes"]);

export function typeArgument(cx: Context, e: Expr): TypeArgument | undefined {
  if (Array.isArray(e)) {
    const name = e[1];
    return e[0] === "t" && typeof name === "string" ? cx.facts.typeArgs.get(name) : undefined;
  }
  if (e === "u32") return "u32";
  return typeof e === "string" && ARGUMENT_TYPES.has(e) ? (e as Type) : undefined;
}

function typeMeant(written: Expr | undefined, pointer: string): FaultFacts {
  const nearest = typeof written === "string" ? typeNamed(written, ARGUMENT_TYPES) : undefined;
  return nearest === undefined ? { hint: `types are ${[...ARGUMENT_TYPES].join(", ")}` } : renamed(nearest, pointer);
}

const BOUND_TYPES: ReadonlyMap<string, string> = new Map([["any", "any type"], ["bytes_like", "bytes or bytes_view"], ["num_like", "i32 or u32"], ["value", "bytes, bytes_view, i32 or u32"]]);

function satisfies(type: TypeArgument, bound: string | undefined): boolean {
  switch (bound) {
    case undefined:
    case "any":
      return true;
    case "bytes_like":
      return type === "bytes" || type === "bytes_view";
    case "num_like":
      return type === "i32" || type === "u32";
    default:
      return type === "bytes" || type === "bytes_view" || type === "i32" || type === "u32";
  }
}

// ---- calls

function callFunction(cx: Context, ref: FunctionRef, typeArgs: ReadonlyMap<string, TypeArgument>, e: Expr[], first: number, at: Place): Value {
  const { decl } = ref;
  const given = e.length - first;
  if (given !== decl.params.length)
    return cx.fail("Parse", "X07-TYPE-CALL-0003", `call ${JSON.stringify(decl.name)} expects ${decl.params.length} args`, at, { expected: String(decl.params.length), found: String(given), hint: signature(decl) });
  // Asked for before the arguments are looked at: the callee's mistakes are told even when these are wrong.
  const callee = cx.program.callee(ref, typeArgs);
  const held = cx.held();
  const lent = cx.lent();
  const args = passed(cx, decl, callee, e, first, at);
  return cx.leave(held, lent, args === undefined ? ERROR : decl.async ? startTask(cx, ref, args, at) : callWith(cx, decl, callee, args, first, at));
}

/** The arguments of a call; undefined when one has no value. */
function passed(cx: Context, decl: FunctionDecl, callee: Callee, e: Expr[], first: number, at: Place): Value[] | undefined {
  const args: Value[] = [];
  const held = cx.held();
  const { here } = cx.b;
  let sound = true;
  for (let i = 0; i < callee.params.length; i++) {
    const start = here.length;
    const v = argument(cx, decl, callee.params[i]!, i, e, first, at);
    cx.follow(args, v, start);
    if (v.type === "error") sound = false;
    else if (isOwned(v.type) && !v.literal && cx.leavesAfter(e, first + i)) args[i] = cx.hold(v);
  }
  if (cx.held() > held) cx.release(held);
  return sound ? args : undefined;
}

function signature(decl: FunctionDecl): string {
  const params = decl.params.map((p) => `${p.name}: ${typeof p.type === "string" ? p.type : p.type.parameter}`);
  return params.length === 0 ? `${decl.name} takes nothing` : `${decl.name} takes ${params.join(", ")}`;
}

function callWith(cx: Context, decl: FunctionDecl, callee: Callee, args: readonly Value[], first: number, at: Place): Value {
  const { name, result } = callee;
  let owners: readonly Variable[] = NO_OWNERS;
  if (isViewLike(result)) {
    for (const i of cx.program.borrowsOf(decl)) {
      const a = args[i];
      if (a === undefined) continue;
      if (a.ofTemporary) return cx.typing("X07-BORROW-0001", "bytes_view borrow source requires an identifier owner", child(at, first + i), { hint: "bind the value with let first" });
      owners = [...owners, ...a.owners];
    }
  }
  const out = shape(result);
  const parts = scalars(args);
  const single = out.length === 1 ? out[0] : undefined;
  return value(result, single !== undefined ? [callExpr(name, parts, single)] : cx.b.callMany(name, parts, out), { brand: decl.resultBrand, owners, borrowedAt: at, loose: single === undefined ? "temp" : undefined });
}

/** All scalars of the values, in order. */
function scalars(values: readonly Value[]): IrExpr[] {
  const parts: IrExpr[] = [];
  for (const v of values) for (const p of v.parts) parts.push(p);
  // As much room as it takes: these are kept.
  return parts.slice();
}

/** One argument in the form that the parameter wants: a view parameter borrows, everything else is owned. */
function argument(cx: Context, decl: FunctionDecl, wanted: Wanted, index: number, e: Expr[], first: number, at: Place): Value {
  const v = wanted.type === "bytes_view" ? borrowOperand(cx, e, first + index, at) : ownedOperand(cx, e, first + index, at);
  if (v.type === "error") return v;
  if (wanted.type === "bytes_view" && (v.type === "bytes" || v.type === "vec_u8") && brandFits(wanted, v)) {
    if (cx.facts.kind === "defasync" && typeof e[first + index] !== "string") return cx.typing("X07-BORROW-0001", `call ${JSON.stringify(decl.name)} arg ${index} borrows a temporary, which a defasync cannot`, at, { hint: "bind the value with let first" });
    return asView(v);
  }
  // The language asks for a brand only where bytes become a view of it; a value of the very type is taken as it is.
  if (v.type === wanted.type) {
    if (isViewLike(v.type)) cx.lend(v.owners);
    return v;
  }
  return cx.typing("X07-TYPE-CALL-0002", `call ${JSON.stringify(decl.name)} arg ${index} expects ${spell(wanted.type, wanted.brand)}`, child(at, first + index), { expected: spell(wanted.type, wanted.brand), found: describeType(v) });
}

function brandFits(wanted: Wanted, v: Value): boolean {
  return wanted.brand === undefined || wanted.brand === v.brand;
}

// ---- records and enums

function member(cx: Context, decl: TypeDecl, name: string, e: Expr[], at: Place): Value {
  if (cx.facts.kind === "defasync") return unsupportedInAsync(cx, `${decl.name}.${name}`, at);
  if (decl.kind === "enum") {
    const index = decl.variants.findIndex((v) => v.name === name);
    const variant = decl.variants[index];
    if (variant === undefined) return unknownHead(cx, `${decl.name}.${name}`, e, at);
    return construct(cx, decl, [k(index)], variant.payload ? 1 : 0, e, at);
  }
  if (name === "make") return construct(cx, decl, [], decl.fields.length, e, at);
  const field = decl.fields.indexOf(name);
  if (field < 0) return unknownHead(cx, `${decl.name}.${name}`, e, at);
  if (e.length !== 2) return wrongCount(cx, `${decl.name}.${name}`, 1, e, at, `it reads the field of one ${decl.name}`);
  return cx.frame(() => {
    const r = branded(cx, decl, e[1] ?? 0, child(at, 1));
    return r === undefined ? int(ZERO) : int(word(cx, r, field * 4));
  });
}

function wrongCount(cx: Context, head: string, count: number, e: Expr[], at: Place, hint: string): Value {
  return cx.fail("Parse", "X07-TYPE-CALL-0003", `call ${JSON.stringify(head)} expects ${count} args`, at, { expected: String(count), found: String(e.length - 1), hint });
}

/** Bytes of u32 words: the constant ones first, then the arguments. */
function construct(cx: Context, decl: TypeDecl, leading: readonly ReturnType<typeof k>[], count: number, e: Expr[], at: Place): Value {
  const head = typeof e[0] === "string" ? e[0] : decl.name;
  if (e.length !== count + 1) return wrongCount(cx, head, count, e, at, decl.kind === "record" ? `its fields are ${decl.fields.join(", ")}` : count === 0 ? "this variant has no payload" : "this variant has a payload");
  const args: Value[] = [];
  const { here } = cx.b;
  for (let i = 0; i < count; i++) {
    const start = here.length;
    const refuse = (got: Value, place: Place): Value => cx.typing("X07-TYPE-CALL-0002", `call ${JSON.stringify(head)} arg ${i} expects i32`, place, { expected: "i32", found: describeType(got) });
    cx.follow(args, cx.frame(() => i32(cx, e, i + 1, at, refuse)), start);
  }
  const words = [...leading, ...cx.force(args).map((a) => a.parts[0] ?? ZERO)];
  const block = cx.b.fresh(callExpr("rt.alloc", [k(words.length * 4)]));
  words.forEach((w, i) => cx.b.store(4, block, i * 4, w));
  return value("bytes", [block, k(words.length * 4)], { brand: decl.name, loose: "temp" });
}

/** A value that carries the type's brand, looked at only. */
export function branded(cx: Context, decl: TypeDecl, e: Expr, at: Place): Value | undefined {
  const v = borrow(cx, e, at);
  if (v.type === "error") return undefined;
  if ((v.type === "bytes" || v.type === "bytes_view") && v.brand === decl.name) return cx.force([v])[0];
  cx.typing("X07-TYPE-CALL-0002", `expected a value of type ${decl.name}`, at, { expected: spell("bytes", decl.name), found: describeType(v) });
  return undefined;
}

/** The u32 at a constant offset; a value too short traps, as reading past its end would. */
export function word(cx: Context, v: Value, offset: number): ReturnType<typeof k> {
  const [ptr, len] = v.parts;
  if (ptr === undefined || len === undefined) return ZERO;
  cx.b.trapIf(ltu(len, k(offset + 4)));
  return load(4, ptr, offset);
}
