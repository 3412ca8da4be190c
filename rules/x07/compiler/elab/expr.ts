// Expressions: leaves, dispatch by head, and the ways a value can be asked for (owned, borrowed, discarded). Knows no single form.

import type { Expr, Place } from "../ast.ts";
import { pointerOf, within } from "../ast.ts";
import type { FaultFacts } from "../errors.ts";
import { type IrExpr, isConst } from "../ir.ts";
import { k } from "../ops.ts";
import { isOwned, isViewLike, spell } from "../types.ts";
import type { Type } from "../types.ts";
import { builtinForms } from "./builtins.ts";
import { applyCall } from "./calls.ts";
import type { Context } from "./context.ts";
import { FORMS, STATEMENTS, type Form, type Statement } from "./forms.ts";
import { type ScalarForm, WRONG, operatorForms } from "./operators.ts";
import type { Value, Variable } from "./values.ts";
import { ERROR, int, number, value } from "./values.ts";
import * as make from "../make.ts";

/** Evaluates an expression and takes ownership of the result; an owned name is moved. */
export function own(cx: Context, e: Expr, at: Place): Value {
  if (typeof e === "number") return number(e);
  if (typeof e === "string") {
    const v = variable(cx, e, at);
    if (v === undefined) return ERROR;
    return isOwned(v.type) ? cx.move(v, at) : cx.read(v, at);
  }
  return list(cx, e, at);
}

/** The same as a call of its own: what it borrowed and put aside for itself is let go. */
export function whole(cx: Context, e: Expr, at: Place): Value {
  // Numbers and names leave nothing behind.
  if (!Array.isArray(e)) return own(cx, e, at);
  const held = cx.held();
  const lent = cx.lent();
  return cx.leave(held, lent, list(cx, e, at));
}

/** Item `i` of the list `e` at `at`, evaluated as `whole` does. Most items are leaves, and nobody asks for the place of those. */
export function operand(cx: Context, e: Expr[], i: number, at: Place): Value {
  const x = e[i] ?? 0;
  return leaf(cx, x) ?? whole(cx, x, child(at, i));
}

/** The same where somebody is to own the bytes of a literal too. */
export function ownedOperand(cx: Context, e: Expr[], i: number, at: Place): Value {
  return materialize(cx, operand(cx, e, i, at));
}

/** Item `i` of the list `e` at `at` as an i32, where that is what it is at first sight; undefined, with nothing done, where it is to be looked at as a value. */
export function scalar(cx: Context, e: Expr[], i: number, at: Place): IrExpr | undefined {
  const x = e[i] ?? 0;
  if (typeof x === "number") return k(x);
  if (typeof x === "string") {
    const v = cx.plain(x);
    return v?.type === "i32" ? v.parts[0] : undefined;
  }
  const form = meaningOf(x[0])?.scalar;
  return form === undefined ? undefined : form(cx, x, child(at, i));
}

/** Numbers, and names whose reading changes nothing and cannot go wrong. */
function leaf(cx: Context, e: Expr): Value | undefined {
  if (typeof e === "number") return number(e);
  return typeof e === "string" ? cx.plain(e) : undefined;
}

/** Evaluates an expression that is only looked at while the current call runs; a name is not moved, a temporary dies with the call. */
export function borrow(cx: Context, e: Expr, at: Place): Value {
  if (typeof e === "string") {
    const v = variable(cx, e, at);
    if (v === undefined) return ERROR;
    const read = cx.read(v, at);
    if (read.type === "error") return read;
    if (isOwned(v.type)) {
      cx.lend([v]);
      return read.lentBy([v], at);
    }
    cx.lend(read.owners);
    return read;
  }
  const v = own(cx, e, at);
  if (isOwned(v.type)) return v.literal ? v : cx.keepUntilEnd(v).asTemporary();
  cx.lend(v.owners);
  return v;
}

/** The same for item `i` of the list `e` at `at`. */
export function borrowOperand(cx: Context, e: Expr[], i: number, at: Place): Value {
  const x = e[i] ?? 0;
  const v = leaf(cx, x);
  if (v === undefined) return borrow(cx, x, child(at, i));
  cx.lend(v.owners);
  return v;
}

/** Evaluates item `i` of the list `e` at `at` for the effect alone. Returns the type, so that callers see code after which nothing runs. */
export function discard(cx: Context, e: Expr[], i: number, at: Place): Type {
  const x = e[i] ?? 0;
  return typeof x === "number" ? "i32" : discardWhole(cx, x, child(at, i));
}

export function discardWhole(cx: Context, e: Expr, at: Place): Type {
  if (typeof e === "number") return "i32";
  if (typeof e === "string") return discardName(cx, e, at);
  const statement = meaningOf(e[0])?.statement;
  if (statement !== undefined) return statement(cx, e, at);
  const v = whole(cx, e, at);
  dispose(cx, v);
  return v.type;
}

/** A name as a statement is read like any other: what it owns is moved out of it, and let go. */
function discardName(cx: Context, name: string, at: Place): Type {
  const v = variable(cx, name, at);
  if (v === undefined) return "error";
  if (isOwned(v.type)) dispose(cx, cx.move(v, at));
  return v.type;
}

/** Lets an unused value go: effects stay, blocks are freed. */
export function dispose(cx: Context, v: Value): void {
  if (v.literal) return;
  const parts = v.parts.map((p) => (p.op === "get" || isConst(p) ? p : cx.b.fresh(p)));
  cx.drop(v.type, parts);
}

export function variable(cx: Context, name: string, at: Place): Variable | undefined {
  const v = cx.lookup(name);
  if (v === undefined) cx.typing("X07-TYPE-0001", `unknown identifier: ${JSON.stringify(name)}`, at, meant(cx, name, pointerOf(at)));
  return v;
}

/** What an unknown name may stand for: a call without its list, or another name. */
function meant(cx: Context, name: string, pointer: string): FaultFacts {
  const target = cx.program.resolve(name, cx.facts.module);
  if (target.kind === "function" && target.ref.decl.params.length === 0 && target.ref.decl.typeParams.length === 0)
    return { hint: "a call is a list", quickfix: [{ op: "replace", path: pointer, value: [name] }] };
  return cx.nearestVariable(name, pointer);
}

function list(cx: Context, e: Expr[], at: Place): Value {
  const head = e[0];
  if (typeof head !== "string") return ERROR;
  const known = meaningOf(head);
  return known === undefined ? applyCall(cx, head, e, at) : known.form(cx, e, at);
}

/** What a list with a head of the language's own does: as a value, as a statement whose value nobody uses, as an i32 without a value around it. */
interface HeadMeaning {
  readonly form: Form;
  readonly statement: Statement | undefined;
  readonly scalar: ScalarForm | undefined;
}

let heads: ReadonlyMap<string, HeadMeaning> | undefined;

function meaningOf(head: Expr | undefined): HeadMeaning | undefined {
  return typeof head === "string" ? (heads ??= allHeads()).get(head) : undefined;
}

/** Joined on first use: its parts import this room. A form hides an operator, an operator a builtin of its name. */
function allHeads(): ReadonlyMap<string, HeadMeaning> {
  const all = new Map<string, HeadMeaning>();
  for (const [head, form] of builtinForms()) all.set(head, { form, statement: undefined, scalar: undefined });
  for (const [head, scalar] of operatorForms()) all.set(head, { form: valued(scalar), statement: undefined, scalar });
  for (const [head, form] of FORMS) all.set(head, { form, statement: STATEMENTS.get(head), scalar: undefined });
  return all;
}

function valued(scalar: ScalarForm): Form {
  return (cx, e, at) => {
    const x = scalar(cx, e, at);
    return x === WRONG ? ERROR : int(x);
  };
}

/** Evaluates item `i` of the list `e` at `at`, which must be an i32. */
export function i32(cx: Context, e: Expr[], i: number, at: Place, complaint: (got: Value, at: Place) => void): Value {
  const x = e[i];
  if (x === undefined) return ERROR;
  const v = leaf(cx, x) ?? own(cx, x, child(at, i));
  if (v.type === "i32") return v;
  if (v.type !== "error") complaint(v, child(at, i));
  return number(0);
}

/** Copies literal bytes to the heap when somebody is to own them. */
export function materialize(cx: Context, v: Value): Value {
  if (!v.literal) return v;
  const [ptr, len] = v.parts;
  if (ptr === undefined || len === undefined) return v;
  if (len.op === "const" && len.value === 0) return v.unliteral(v.parts, v.loose);
  const block = cx.b.fresh(make.callExpr("rt.copy", [ptr, len], "i32"));
  return v.unliteral([block, len], "temp");
}

export function describeType(v: Value): string {
  return spell(v.type, v.brand);
}

export function child(at: Place, index: number): Place {
  return within(at, index);
}

/** A view value with the same bytes. */
export function asView(v: Value): Value {
  if (isViewLike(v.type)) return v;
  return value("bytes_view", v.parts.length === 2 ? v.parts : v.parts.slice(0, 2), { owners: v.owners, borrowedAt: v.borrowedAt, ofTemporary: v.ofTemporary, brand: v.brand });
}
