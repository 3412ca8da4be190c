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
import { borrow, child, describeType, dispose, materialize, own, variable, whole } from "./expr.ts";
import type { Form } from "./forms.ts";
import type { Value, Variable } from "./values.ts";
import { ERROR, value } from "./values.ts";

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

/** What each builtin does with a list that it heads. */
export function builtinForms(): [string, Form][] {
  return allBuiltins().map(([head, builtin]) => [head, (cx, e, at) => applyBuiltin(cx, head, builtin, e, at)]);
}

function allBuiltins(): (readonly [string, Builtin | SpecialBuiltin])[] {
  return [...BYTES, ...VECS, ...NUMBERS, ...OPTIONS, ...MAPS, ...INTERNAL, ...SPECIAL, ...TASKS];
}

/** The heads that programs may write. */
export function builtinNames(): string[] {
  return allBuiltins().map(([head]) => head).filter((head) => !INTERNAL.has(head));
}

function applyBuiltin(cx: Context, head: string, builtin: Builtin | SpecialBuiltin, e: Expr[], at: Place): Value {
  if (cx.facts.kind === "defasync" && refusedInAsync(head)) return unsupportedInAsync(cx, head, at);
  if (INTERNAL.has(head) && !cx.facts.module.startsWith("std.")) return cx.fail("Unsupported", undefined, `internal-only builtin is not allowed here: ${JSON.stringify(head)}`, at);
  if (typeof builtin === "function") return builtin(cx, e, at);
  return applyTo(cx, head, builtin, e, 1, at);
}

/** Applies a builtin to the items of `e` from `first` on. */
export function applyTo(cx: Context, head: string, builtin: Builtin, e: Expr[], first: number, at: Place): Value {
  const count = builtin.params.length;
  if (e.length - first !== count)
    return cx.fail("Parse", "X07-TYPE-CALL-0003", `${head} expects ${count} args`, at, { expected: String(count), found: String(e.length - first) });
  const frame = cx.enter();
  return cx.leave(frame, applied(cx, head, builtin, e, first, at));
}

function applied(cx: Context, head: string, builtin: Builtin, e: Expr[], first: number, at: Place): Value {
  const lent = cx.lent();
  const operand = (i: number): Expr => e[first + i] ?? 0;
  const spec = (i: number): ParamSpec => builtin.params[i] ?? "i32";
  const args = cx.operands(builtin.params.length, (i) => take(cx, head, spec(i), operand(i), child(at, first + i)), (i) => owns(spec(i), operand(i)), operand);
  for (const a of args) if (a.type === "error" || a.type === "never") return ERROR;
  const target = e[first];
  if (builtin.params[0]?.startsWith("~") === true && typeof target === "string") {
    const moved = moveInPlace(cx, target, child(at, first), builtin.ofItself === true ? lent : undefined);
    if (moved.type === "error") return ERROR;
    args[0] = moved;
  }
  return builtin.emit(cx, args, at);
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

function owns(spec: ParamSpec, e: Expr): boolean {
  const mode = spec.charAt(0);
  return mode === "~" ? typeof e !== "string" : mode !== "&" && mode !== "@" && spec !== "like" && spec !== "any";
}

function take(cx: Context, head: string, spec: ParamSpec, e: Expr, at: Place): Value {
  if (spec === "i32") return expect(cx, head, whole(cx, e, at), NUMBER, at);
  if (spec === "like") return expect(cx, head, lookAt(cx, head, e, at), LIKE, at);
  if (spec === "any") return expect(cx, head, borrow(cx, e, at), ANY, at);
  const mode = spec.charAt(0);
  if (mode === "&") return expect(cx, head, lookAt(cx, head, e, at), [spec.slice(1) as Type], at);
  if (mode === "@") return named(cx, head, spec.slice(1) as Type, e, at);
  if (mode === "~" && typeof e === "string") {
    const v = variable(cx, e, at);
    return v === undefined ? ERROR : expect(cx, head, { ...cx.read(v, at), loose: "moved" }, [spec.slice(1) as Type], at);
  }
  const type = (mode === "~" ? spec.slice(1) : spec) as Type;
  const frame = cx.enter();
  const v = expect(cx, head, cx.leave(frame, materializeUnless(cx, own(cx, e, at), head)), [type], at);
  if (isViewLike(v.type)) cx.lend(v.owners);
  return v;
}

/** Within a defasync some builtins take what they only look at elsewhere. */
function lookAt(cx: Context, head: string, e: Expr, at: Place): Value {
  if (cx.facts.kind !== "defasync" || typeof e !== "string" || !takesInAsync(head)) return borrow(cx, e, at);
  const v = own(cx, e, at);
  return isOwned(v.type) ? cx.keepUntilEnd(v) : v;
}

const LIKE: readonly Type[] = ["bytes_view", "bytes"];
const ANY: readonly Type[] = ["bytes_view", "bytes", "vec_u8"];
const NUMBER: readonly Type[] = ["i32"];

/** bytes.concat only reads its operands, so literals need not be copied for it first. */
function materializeUnless(cx: Context, v: Value, head: string): Value {
  return head === "bytes.concat" ? v : materialize(cx, v);
}

/** An owner that must be a local name. */
function named(cx: Context, head: string, type: Type, e: Expr, at: Place): Value {
  const v: Variable | undefined = typeof e === "string" ? variable(cx, e, at) : undefined;
  if (typeof e !== "string") {
    const checked = whole(cx, e, at);
    dispose(cx, checked);
    if (checked.type === "error") return checked;
    return cx.typing("X07-BORROW-0001", `${head} requires an identifier owner (bind the value to a local with let first)`, at, viewRepair(head, e, at));
  }
  if (v === undefined) return ERROR;
  const read = expect(cx, head, cx.read(v, at), [type], at);
  if (read.type === "error") return read;
  cx.lend([v]);
  return { ...read, owners: [v], borrowedAt: at.parent ?? at };
}

/** A view of literal text has a form of its own; anything else wants a name. */
function viewRepair(head: string, e: Expr, at: Place): FaultFacts {
  const hint = "bind the value to a local with let first";
  if (head !== "bytes.view" || !Array.isArray(e) || e[0] !== "bytes.lit" || at.parent === undefined) return { hint };
  return { hint: "use bytes.view_lit", quickfix: [{ op: "replace", path: pointerOf(at.parent), value: ["bytes.view_lit", e[1]] }] };
}

function expect(cx: Context, head: string, v: Value, types: readonly Type[], at: Place): Value {
  if (v.type === "error" || types.includes(v.type)) return v;
  // A mistake in what is returned has been told already.
  if (v.type === "never" && cx.faults.length > 0) return v;
  const expected = types[0] ?? "i32";
  return cx.typing("X07-TYPE-CALL-0002", `${head} expects ${expected}`, at, { expected: spell(expected), found: describeType(v) });
}

export function fresh(type: Type, parts: Value["parts"], more: Partial<Value> = {}): Value {
  return value(type, parts, { loose: isOwned(type) ? "temp" : undefined, ...more });
}
