// Expressions: leaves, dispatch by head, and the ways a value can be asked for (owned, borrowed, discarded). Knows no single form.

import type { Expr, Place } from "../ast.ts";
import { headOf, pointerOf, within } from "../ast.ts";
import type { FaultFacts } from "../errors.ts";
import { k } from "../ops.ts";
import { isConst } from "../ir.ts";
import { isOwned, isViewLike, spell } from "../types.ts";
import type { Type } from "../types.ts";
import { builtinForms } from "./builtins.ts";
import { applyCall } from "./calls.ts";
import type { Context } from "./context.ts";
import { FORMS, type Form, beginStatement, forEach, ifStatement, letStatement, setStatement, whileLoop } from "./forms.ts";
import { operatorForms } from "./operators.ts";
import type { Value, Variable } from "./values.ts";
import { ERROR, int, value } from "./values.ts";

/** Evaluates an expression and takes ownership of the result; an owned name is moved. */
export function own(cx: Context, e: Expr, at: Place): Value {
  if (typeof e === "number") return int(k(e));
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
  const frame = cx.enter();
  return cx.leave(frame, list(cx, e, at));
}

/** The same where somebody is to own the bytes of a literal too. */
export function wholeOwned(cx: Context, e: Expr, at: Place): Value {
  return materialize(cx, whole(cx, e, at));
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
      return { ...read, owners: [v], borrowedAt: at };
    }
    cx.lend(read.owners);
    return read;
  }
  const v = own(cx, e, at);
  if (isOwned(v.type)) return v.literal ? v : { ...cx.keepUntilEnd(v), ofTemporary: true };
  cx.lend(v.owners);
  return v;
}

/** Evaluates for the effect alone. Returns the type, so that callers see code after which nothing runs. */
export function discard(cx: Context, e: Expr, at: Place): Type {
  if (typeof e === "number") return "i32";
  if (typeof e === "string") return discardName(cx, e, at);
  switch (headOf(e)) {
    case "let":
      return letStatement(cx, e, at);
    case "set":
      return setStatement(cx, e, at);
    case "begin":
      return beginStatement(cx, e, at);
    case "if":
      return ifStatement(cx, e, at);
    case "for":
      return forEach(cx, e, at).type;
    case "while":
      return whileLoop(cx, e, at).type;
  }
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
  // Joined on first use: its parts import this room. A form hides an operator, an operator a builtin of its name.
  heads ??= new Map([...builtinForms(), ...operatorForms(), ...FORMS]);
  const form = heads.get(head);
  return form === undefined ? applyCall(cx, head, e, at) : form(cx, e, at);
}

let heads: ReadonlyMap<string, Form> | undefined;

/** Evaluates an operand that must be an i32. */
export function i32(cx: Context, e: Expr | undefined, at: Place, complaint: (got: Value) => void): Value {
  if (e === undefined) return ERROR;
  const v = own(cx, e, at);
  if (v.type === "i32" || v.type === "error") return v.type === "i32" ? v : int(k(0));
  complaint(v);
  return int(k(0));
}

/** Copies literal bytes to the heap when somebody is to own them. */
export function materialize(cx: Context, v: Value): Value {
  if (!v.literal) return v;
  const [ptr, len] = v.parts;
  if (ptr === undefined || len === undefined) return v;
  if (len.op === "const" && len.value === 0) return { ...v, literal: false };
  const block = cx.b.fresh({ op: "call", target: "rt.copy", args: [ptr, len], type: "i32" });
  return { ...v, parts: [block, len], literal: false, loose: "temp" };
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
  return value("bytes_view", v.parts.slice(0, 2), { owners: v.owners, borrowedAt: v.borrowedAt, ofTemporary: v.ofTemporary, brand: v.brand });
}
