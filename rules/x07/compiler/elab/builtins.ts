// Applies a builtin by its table entry: checks count and types of the arguments, orders moves and loans, calls the emitter. Knows no single builtin.

import type { Expr, Place } from "../ast.ts";
import { pointerOf } from "../ast.ts";
import type { FaultFacts } from "../errors.ts";
import { isOwned, isViewLike, spell } from "../types.ts";
import type { Type } from "../types.ts";
import { BYTES } from "./builtins-bytes.ts";
import { INTERNAL, MAPS } from "./builtins-maps.ts";
import { NUMBERS } from "./builtins-numbers.ts";
import { OPTIONS } from "./builtins-options.ts";
import { SPECIAL } from "./builtins-special.ts";
import { TASKS, refusedInAsync, takesInAsync, unsupportedInAsync } from "./tasks.ts";
import { VECS } from "./builtins-vec.ts";
import type { Context } from "./context.ts";
import { borrowOperand, child, describeType, dispose, materialize, operand, variable, whole } from "./expr.ts";
import type { Form } from "./forms.ts";
import type { Value } from "./values.ts";
import { ERROR } from "./values.ts";

/**
 * How an argument is taken: a type name owns it; `like` borrows bytes or a view, `any` a vec_u8 too; `&T` borrows a T; `@T` borrows a T that must be a name;
 * `~T` owns a T in place: a name is moved only after the other arguments have been evaluated.
 */
export type ParamSpec = Type | "like" | "any" | `&${Type}` | `@${Type}` | `~${Type}`;

export interface Builtin {
  readonly params: readonly ParamSpec[];
  readonly result: Type;
  /** The second argument may be a view of the first, which is moved: the work is safe when both are one block. */
  readonly ofItself?: boolean;
  /** Emits code; arguments are checked, in order, and may have effects that are still to happen. */
  readonly emit: (cx: Context, args: readonly Value[], at: Place) => Value;
}

/** Heads whose arguments are not all values: literals, types, configurations. */
export type SpecialBuiltin = (cx: Context, e: Expr[], at: Place) => Value;

/** How a parameter takes its argument, and the types that it takes, the one that messages name first. */
interface Param {
  readonly mode: "number" | "borrow" | "named" | "place" | "own";
  readonly types: readonly Type[];
}

const LIKE: Param = { mode: "borrow", types: ["bytes_view", "bytes"] };
const ANY: Param = { mode: "borrow", types: ["bytes_view", "bytes", "vec_u8"] };
const NUMBER: Param = { mode: "number", types: ["i32"] };

function paramOf(spec: ParamSpec): Param {
  if (spec === "like") return LIKE;
  if (spec === "any") return ANY;
  if (spec === "i32") return NUMBER;
  const mode = MODES.get(spec.charAt(0));
  return mode === undefined ? { mode: "own", types: [spec as Type] } : { mode, types: [spec.slice(1) as Type] };
}

const MODES: ReadonlyMap<string, Param["mode"]> = new Map([["&", "borrow"], ["@", "named"], ["~", "place"]]);

/** What each builtin does with a list that it heads. */
export function builtinForms(): [string, Form][] {
  return allBuiltins().map(([head, builtin]) => [head, guarded(head, formOf(head, builtin))]);
}

function formOf(head: string, builtin: Builtin | SpecialBuiltin): Form {
  if (typeof builtin === "function") return builtin;
  const params = builtin.params.map(paramOf);
  return (cx, e, at) => apply(cx, head, builtin, params, e, 1, at);
}

/** Refuses a builtin where it must not stand. */
function guarded(head: string, form: Form): Form {
  if (INTERNAL.has(head)) return (cx, e, at) => (cx.facts.module.startsWith("std.") ? form(cx, e, at) : cx.fail("Unsupported", undefined, `internal-only builtin is not allowed here: ${JSON.stringify(head)}`, at));
  if (!refusedInAsync(head)) return form;
  return (cx, e, at) => (cx.facts.kind === "defasync" ? unsupportedInAsync(cx, head, at) : form(cx, e, at));
}

function allBuiltins(): (readonly [string, Builtin | SpecialBuiltin])[] {
  return [...BYTES, ...VECS, ...NUMBERS, ...OPTIONS, ...MAPS, ...INTERNAL, ...SPECIAL, ...TASKS];
}

/** The heads that programs may write. */
export function builtinNames(): string[] {
  return allBuiltins().map(([head]) => head).filter((head) => !INTERNAL.has(head));
}

/** Applies a builtin to the items of `e` from `first` on. */
export function applyTo(cx: Context, head: string, builtin: Builtin, e: Expr[], first: number, at: Place): Value {
  return apply(cx, head, builtin, builtin.params.map(paramOf), e, first, at);
}

function apply(cx: Context, head: string, builtin: Builtin, params: readonly Param[], e: Expr[], first: number, at: Place): Value {
  const count = params.length;
  if (e.length - first !== count)
    return cx.fail("Parse", "X07-TYPE-CALL-0003", `${head} expects ${count} args`, at, { expected: String(count), found: String(e.length - first) });
  const held = cx.held();
  const lent = cx.lent();
  return cx.leave(held, lent, applied(cx, head, builtin, params, e, first, at));
}

function applied(cx: Context, head: string, builtin: Builtin, params: readonly Param[], e: Expr[], first: number, at: Place): Value {
  const lent = cx.lent();
  const args = taken(cx, head, params, e, first, at);
  for (const a of args) if (a.type === "error" || a.type === "never") return ERROR;
  const target = e[first];
  if (params[0]?.mode === "place" && typeof target === "string") {
    const moved = moveInPlace(cx, target, child(at, first), builtin.ofItself === true ? lent : undefined);
    if (moved.type === "error") return ERROR;
    args[0] = moved;
  }
  return builtin.emit(cx, args, at);
}

function taken(cx: Context, head: string, params: readonly Param[], e: Expr[], first: number, at: Place): Value[] {
  const args: Value[] = [];
  const held = cx.held();
  const { here } = cx.b;
  for (let i = 0; i < params.length; i++) {
    const start = here.length;
    const param = params[i]!;
    const v = take(cx, head, param, e, first + i, at);
    cx.follow(args, v, start);
    if (isOwned(v.type) && !v.literal && owns(param, e[first + i]) && cx.leavesAfter(e, first + i)) args[i] = cx.hold(v);
  }
  if (cx.held() > held) cx.release(held);
  return args;
}

/** The name as it is now: the other arguments may have set it, or moved it, which leaves it empty. */
function moveInPlace(cx: Context, name: string, at: Place, lent: number | undefined): Value {
  const v = cx.lookup(name);
  if (v === undefined) return ERROR;
  if (v.state !== "live") {
    if (v.state === "moved") cx.zero(v);
    cx.setState(v, "live", undefined);
  }
  if (lent !== undefined) cx.takeBack(v, lent);
  return cx.move(v, at);
}

function owns({ mode }: Param, e: Expr | undefined): boolean {
  return mode === "own" || (mode === "place" && typeof e !== "string");
}

function take(cx: Context, head: string, param: Param, e: Expr[], i: number, at: Place): Value {
  switch (param.mode) {
    case "number":
      return expect(cx, head, operand(cx, e, i, at), param, i, at);
    case "borrow":
      return expect(cx, head, cx.facts.kind === "defasync" && takesInAsync(head) ? takeOperand(cx, e, i, at) : borrowOperand(cx, e, i, at), param, i, at);
    case "named":
      return named(cx, head, param, e, i, at);
    case "place":
      return typeof e[i] === "string" ? inPlace(cx, head, param, e, i, at) : owned(cx, head, param, e, i, at);
    case "own":
      return owned(cx, head, param, e, i, at);
  }
}

/** Within a defasync some builtins take what they only look at elsewhere. */
function takeOperand(cx: Context, e: Expr[], i: number, at: Place): Value {
  if (typeof e[i] !== "string") return borrowOperand(cx, e, i, at);
  const v = operand(cx, e, i, at);
  return isOwned(v.type) ? cx.keepUntilEnd(v) : v;
}

function owned(cx: Context, head: string, param: Param, e: Expr[], i: number, at: Place): Value {
  const v = operand(cx, e, i, at);
  // bytes.concat only reads its operands, so literals need not be copied for it first.
  const mine = expect(cx, head, head === "bytes.concat" ? v : materialize(cx, v), param, i, at);
  if (isViewLike(mine.type)) cx.lend(mine.owners);
  return mine;
}

/** A name that is moved only after the other arguments have been evaluated. */
function inPlace(cx: Context, head: string, param: Param, e: Expr[], i: number, at: Place): Value {
  const place = child(at, i);
  const v = variable(cx, String(e[i]), place);
  return v === undefined ? ERROR : expect(cx, head, movable(cx.read(v, place)), param, i, at);
}

function movable(v: Value): Value {
  return v.withParts(v.parts, "moved");
}

/** An owner that must be a local name. */
function named(cx: Context, head: string, param: Param, list: Expr[], i: number, at: Place): Value {
  const e = list[i] ?? 0;
  const place = child(at, i);
  if (typeof e !== "string") {
    const checked = whole(cx, e, place);
    dispose(cx, checked);
    if (checked.type === "error") return checked;
    return cx.typing("X07-BORROW-0001", `${head} requires an identifier owner (bind the value to a local with let first)`, place, viewRepair(head, e, place));
  }
  const v = variable(cx, e, place);
  if (v === undefined) return ERROR;
  const read = expect(cx, head, cx.read(v, place), param, i, at);
  if (read.type === "error") return read;
  const owners = [v];
  cx.lend(owners);
  return read.lentBy(owners, at);
}

/** A view of literal text has a form of its own; anything else wants a name. */
function viewRepair(head: string, e: Expr, at: Place): FaultFacts {
  const hint = "bind the value to a local with let first";
  if (head !== "bytes.view" || !Array.isArray(e) || e[0] !== "bytes.lit" || at.parent === undefined) return { hint };
  return { hint: "use bytes.view_lit", quickfix: [{ op: "replace", path: pointerOf(at.parent), value: ["bytes.view_lit", e[1]] }] };
}

/** The value of item `i` of the list at `at`, if its type is one that the parameter takes. */
function expect(cx: Context, head: string, v: Value, { types }: Param, i: number, at: Place): Value {
  if (types.includes(v.type) || v.type === "error") return v;
  // A mistake in what is returned has been told already.
  if (v.type === "never" && cx.faults.length > 0) return v;
  const expected = types[0] ?? "i32";
  return cx.typing("X07-TYPE-CALL-0002", `${head} expects ${expected}`, child(at, i), { expected: spell(expected), found: describeType(v) });
}
