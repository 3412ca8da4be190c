// The special forms: begin, let, set, if, for, while, return. Knows scopes and control flow, no builtin.

import type { Expr, Place } from "../ast.ts";
import { headOf, pointerOf, sameExpr } from "../ast.ts";
import type { FaultFacts } from "../errors.ts";
import type { IrExpr, IrStmt } from "../ir.ts";
import { isPure } from "../ir.ts";
import { ONE, ZERO, add, cond, geu, k, ltu, not } from "../ops.ts";
import { isOwned, isViewLike, shape, spell } from "../types.ts";
import type { Type } from "../types.ts";
import { finishReturn } from "./body.ts";
import type { BranchEnd, Context } from "./context.ts";
import { assigns } from "./effects.ts";
import { child, describeType, discard, discardWhole, dispose, operand, ownedOperand, scalar, whole } from "./expr.ts";
import { matchForm } from "./match.ts";
import { WRONG, literalValue } from "./operators.ts";
import { tappForm } from "./calls.ts";
import { tryDocForm, tryForm } from "./try.ts";
import type { Value, Variable } from "./values.ts";
import { ERROR, NEVER, number, value } from "./values.ts";
import * as make from "../make.ts";

export type Form = (cx: Context, e: Expr[], at: Place) => Value;

/** Gives back the type alone. */
export type Statement = (cx: Context, e: Expr[], at: Place) => Type;

export const FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ["begin", begin],
  ["let", letValue],
  ["set", setValue],
  ["set0", set0],
  ["if", ifValue],
  ["for", forEach],
  ["while", whileLoop],
  ["return", returnForm],
  ["match", matchForm],
  ["try", tryForm],
  ["try_doc", tryDocForm],
  ["tapp", tappForm],
  ["unsafe", (cx, _e, at) => cx.fail("Unsupported", undefined, "unsafe requires unsafe capability, which world solve-pure does not have", at)],
]);

/** Forms whose value nobody uses: what they do is all. */
export const STATEMENTS: ReadonlyMap<string, Statement> = new Map<string, Statement>([
  ["let", letStatement],
  ["set", setStatement],
  ["begin", beginStatement],
  ["if", ifStatement],
  ["for", (cx, e, at) => forEach(cx, e, at).type],
  ["while", (cx, e, at) => whileLoop(cx, e, at).type],
]);

function arity(cx: Context, code: string, form: string, at: Place): Value {
  return cx.fail("Parse", code, form, at);
}

// ---- begin

function begin(cx: Context, e: Expr[], at: Place): Value {
  if (e.length < 2) return arity(cx, "X07-ARITY-BEGIN-0001", "(begin ...) requires at least 1 expression", at);
  cx.openScope();
  let dead = false;
  for (let i = 1; i < e.length - 1; i++) dead = discard(cx, e, i, at) === "never" || dead;
  const last = e.length - 1;
  const v = operand(cx, e, last, at);
  return cx.closeScope(v, dead || v.type === "never");
}

function beginStatement(cx: Context, e: Expr[], at: Place): Type {
  if (e.length < 2) return arity(cx, "X07-ARITY-BEGIN-0001", "(begin ...) requires at least 1 expression", at).type;
  cx.openScope();
  let type: Type = "i32";
  let dead = false;
  for (let i = 1; i < e.length; i++) {
    type = discard(cx, e, i, at);
    dead = type === "never" || dead;
  }
  cx.closeScope(number(0), dead);
  return dead ? "never" : type;
}

// ---- let and set

/** The name of a let or set; undefined when it is not written as one. */
function boundName(cx: Context, e: Expr[], at: Place, what: "let" | "set"): string | undefined {
  const name = e[1];
  if (e.length === 3 && typeof name === "string") return name;
  arity(cx, "X07-ARITY-LET-0001", `${what} form: (${what} <name> <value>)`, at);
  return undefined;
}

/** Binds a value to a new variable of the current scope. */
export function bind(cx: Context, name: string, v: Value, at: Place): Variable | undefined {
  if (cx.inCurrentScope(name)) {
    const same = cx.lookup(name)?.type === v.type && v.type !== "error";
    const repair: FaultFacts = same ? { quickfix: [{ op: "replace", path: `${pointerOf(at)}/0`, value: "set" }] } : {};
    cx.typing(undefined, `duplicate let binding in same scope: ${JSON.stringify(name)}`, at, { hint: same ? "set changes a variable" : "give the second one another name", ...repair });
    return undefined;
  }
  const type = v.type === "never" ? "error" : v.type;
  // Temporaries that no variable lives in yet need no copy: the new variable moves in.
  const locals = shape(type).map((t, i) => {
    const p = v.parts[i];
    return p?.op === "get" && cx.claim(p.local) ? p.local : cx.b.local(t);
  });
  const variable = cx.declare(name, type, v.brand, locals);
  assign(cx, locals, v.type === "never" ? [] : v.parts);
  cx.setOwners(variable, v.owners, v.borrowedAt);
  return variable;
}

/** Assigns all scalars at once: no part may be read after another has been overwritten. */
export function assign(cx: Context, locals: readonly number[], parts: readonly IrExpr[]): void {
  if (cx.deliver(locals, parts)) return;
  const [local] = locals;
  if (locals.length === 1 && local !== undefined) return cx.b.set(local, parts[0] ?? ZERO);
  const safe = parts.some((p, i) => readsFirst(p, locals, i)) ? parts.map((p, i) => (readsFirst(p, locals, i) ? cx.b.fresh(p) : p)) : parts;
  for (let i = 0; i < locals.length; i++) cx.b.set(locals[i]!, safe[i] ?? ZERO);
}

function readsFirst(e: IrExpr, locals: readonly number[], count: number): boolean {
  for (let i = 0; i < count; i++) if (readsLocal(e, locals[i]!)) return true;
  return false;
}

function readsLocal(e: IrExpr, local: number): boolean {
  switch (e.op) {
    case "get":
      return e.local === local;
    case "bin":
      return readsLocal(e.a, local) || readsLocal(e.b, local);
    case "un":
      return readsLocal(e.a, local);
    case "load":
      return readsLocal(e.addr, local);
    case "cond":
      return readsLocal(e.cond, local) || readsLocal(e.a, local) || readsLocal(e.b, local);
    case "call":
      return e.args.some((a) => readsLocal(a, local));
    default:
      return false;
  }
}

function letStatement(cx: Context, e: Expr[], at: Place): Type {
  const name = boundName(cx, e, at, "let");
  if (name === undefined) return "error";
  const v = ownedOperand(cx, e, 2, at);
  // The name keeps meaning the program's input, as in the reference.
  if (name === "input") dispose(cx, v);
  else bind(cx, name, v, at);
  return v.type;
}

function letValue(cx: Context, e: Expr[], at: Place): Value {
  const type = letStatement(cx, e, at);
  return assignedValue(cx, e, type, at, "let");
}

function assignedValue(cx: Context, e: Expr[], type: Type, at: Place, what: "let" | "set"): Value {
  if (type === "error" || type === "never") return type === "error" ? ERROR : NEVER;
  if (isOwned(type)) return cx.fail("Unsupported", undefined, `${what} expression cannot produce an owned value; use (begin (${what} ...) <var>)`, at, { hint: "name the value after it", quickfix: [{ op: "replace", path: pointerOf(at), value: ["begin", e, e[1] ?? ""] }] });
  const name = e[1];
  const v = typeof name === "string" ? cx.lookup(name) : undefined;
  return v === undefined ? ERROR : cx.read(v, at);
}

function setStatement(cx: Context, e: Expr[], at: Place): Type {
  const name = boundName(cx, e, at, "set");
  return name === undefined ? "error" : store(cx, name, ownedOperand(cx, e, 2, at), at);
}

function setValue(cx: Context, e: Expr[], at: Place): Value {
  const type = setStatement(cx, e, at);
  return assignedValue(cx, e, type, at, "set");
}

function store(cx: Context, name: string, v: Value, at: Place): Type {
  const variable = cx.lookup(name);
  if (variable === undefined || variable.kind === "input") {
    cx.typing(variable === undefined ? "X07-TYPE-SET-0001" : undefined, `set of unknown variable: ${JSON.stringify(name)}`, at, variable === undefined ? unset(cx, name, at) : { hint: "the input cannot be set: bind another name with let" });
    return "error";
  }
  if (v.type === "never" || v.type === "error" || variable.type === "error") {
    // One mistake is told once: the name counts as set.
    if (v.type === "error") cx.setState(variable, "live", undefined);
    return v.type;
  }
  if (v.type !== variable.type) {
    cx.typing("X07-TYPE-SET-0002", `type mismatch in set of ${JSON.stringify(name)}: expected ${spell(variable.type)}, got ${describeType(v)}`, child(at, 2), { expected: variable.type, found: describeType(v) });
    return "error";
  }
  if (isOwned(variable.type)) {
    if (!cx.mayLose(variable, "set", at)) return "error";
    if (variable.state !== "moved") {
      v = cx.settle(v);
      cx.dropVariable(variable);
    }
    assign(cx, variable.locals, v.parts);
    cx.setState(variable, "live", undefined);
  } else {
    assign(cx, variable.locals, v.parts);
    if (isViewLike(variable.type)) cx.setOwners(variable, v.owners, v.borrowedAt);
  }
  return variable.type;
}

function unset(cx: Context, name: string, at: Place): FaultFacts {
  const near = cx.nearestVariable(name, `${pointerOf(at)}/1`);
  if (near.nearest !== undefined) return near;
  return { hint: "let makes a variable, set changes one", quickfix: [{ op: "replace", path: `${pointerOf(at)}/0`, value: "let" }] };
}

function set0(cx: Context, e: Expr[], at: Place): Value {
  setStatement(cx, e, at);
  return number(0);
}

// ---- if

interface Branch {
  readonly code: IrStmt[];
  readonly value: Value;
  readonly end: BranchEnd;
}

/** Item `i` of the list `e` at `at`, as one of two ways that may be gone. */
function branch(cx: Context, e: Expr[], i: number, at: Place, used: boolean): Branch {
  const mark = cx.mark();
  const outer = cx.b.open();
  cx.openScope();
  const inner = used ? ownedOperand(cx, e, i, at) : discard(cx, e, i, at) === "never" ? NEVER : number(0);
  const v = cx.closeScope(inner, inner.type === "never");
  return { code: cx.b.close(outer), value: v, end: cx.undo(mark) };
}

/** Item `i` of the list `e` at `at`, which must be an i32. */
function condition(cx: Context, e: Expr[], i: number, at: Place, what: string): IrExpr {
  const x = scalar(cx, e, i, at);
  if (x !== undefined) return x === WRONG ? ZERO : x;
  const v = operand(cx, e, i, at);
  if (v.type === "i32") return v.parts[0] ?? ZERO;
  if (v.type !== "error") cx.typing("X07-TYPE-UNIFY-0001", `${what} condition must be i32`, child(at, i), { expected: "i32", found: describeType(v) });
  return ZERO;
}

/** Checks an expression that will not run: its mistakes are told, its code and moves are forgotten. */
function checkOnly<T>(cx: Context, check: () => T): T {
  const mark = cx.mark();
  let result: T | undefined;
  cx.b.block(() => {
    cx.openScope();
    result = check();
    cx.closeScope(number(0), true);
  });
  cx.undo(mark);
  return result!;
}

function ifStatement(cx: Context, e: Expr[], at: Place): Type {
  if (cx.facts.kind !== "defasync") return ifForm(cx, e, at, false).type;
  // Within a defasync the branches must agree even where nobody wants the value.
  const v = cx.frame(() => ifForm(cx, e, at, true));
  dispose(cx, v);
  return v.type;
}

function ifValue(cx: Context, e: Expr[], at: Place): Value {
  return ifForm(cx, e, at, true);
}

function ifForm(cx: Context, e: Expr[], at: Place, used: boolean): Value {
  if (e.length !== 4) return arity(cx, "X07-ARITY-IF-0001", "if form: (if <cond:i32> <then:any> <else:any>)", at);
  const [, c, t, f] = e;
  if (c === undefined || t === undefined || f === undefined) return ERROR;
  const known = literalValue(c);
  if (known !== undefined) return literalIf(cx, e, known !== 0, at, used);
  if (sameExpr(t, f)) {
    // Both ways give the same, so the reference's optimiser drops the condition with all its effects.
    checkOnly(cx, () => condition(cx, e, 1, at, "if"));
    return inline(cx, e, 2, at, used);
  }
  const test = condition(cx, e, 1, at, "if");
  const then = branch(cx, e, 2, at, used);
  const otherwise = branch(cx, e, 3, at, used);
  return joinTwo(cx, test, then, otherwise, at, used);
}

/** A branch that always runs: its own scope, no jump. */
function inline(cx: Context, list: Expr[], i: number, listAt: Place, used: boolean): Value {
  const e = list[i] ?? 0;
  const at = child(listAt, i);
  // The reference checks the branch in its own scope, then lifts it out: a let of a name that is known anyway takes effect outside.
  const name = Array.isArray(e) && e[0] === "let" ? e[1] : undefined;
  if (!used && Array.isArray(e) && typeof name === "string" && cx.lookup(name)?.kind === "local") return value(cx.inCurrentScope(name) ? setStatement(cx, e, at) : letStatement(cx, e, at), []);
  cx.openScope();
  let v: Value = number(0);
  if (used) v = whole(cx, e, at);
  else if (discardWhole(cx, e, at) === "never") v = NEVER;
  return cx.closeScope(v, v.type === "never");
}

function literalIf(cx: Context, e: Expr[], taken: boolean, at: Place, used: boolean): Value {
  const keep = taken ? 2 : 3;
  const drop = taken ? 3 : 2;
  const dropped = checkOnly(cx, () => operand(cx, e, drop, at));
  const v = inline(cx, e, keep, at, used);
  return used && commonType(cx, v, dropped, at) === "error" ? ERROR : v;
}

function joinTwo(cx: Context, test: IrExpr, a: Branch, b: Branch, at: Place, used: boolean): Value {
  const reachable = [a.value.type !== "never", b.value.type !== "never"];
  const type = used ? commonType(cx, a.value, b.value, at) : "i32";
  if (used && type !== "error" && type !== "never" && quiet(a) && quiet(b) && shape(type).length === 1) {
    cx.join([a.end, b.end], reachable, () => undefined);
    const x = a.value.parts[0] ?? ZERO;
    const y = b.value.parts[0] ?? ZERO;
    return joined(a.value, b.value, type, [cond(test, x, y)], cx, at);
  }
  const locals = used && type !== "never" ? cx.newLocals(type) : [];
  if (locals.length > 0) {
    deliverTo(cx, locals, a);
    deliverTo(cx, locals, b);
  }
  cx.joinBlocks([a.end, b.end], reachable, [a.code, b.code]);
  cx.b.emitIf(test, a.code, b.code);
  if (!used) return reachable.includes(true) ? number(0) : NEVER;
  if (type === "never") return NEVER;
  return joined(a.value, b.value, type, locals.map((l) => cx.b.get(l)), cx, at);
}

/** Ends a branch with its value in the locals. */
function deliverTo(cx: Context, locals: readonly number[], side: Branch): void {
  if (side.value.type === "never") return;
  for (const s of cx.b.block(() => assign(cx, locals, side.value.parts))) side.code.push(s);
}

function quiet(side: Branch): boolean {
  if (side.code.length > 0 || side.value.type === "never" || !side.value.parts.every(isPure)) return false;
  for (const c of side.end.values()) if (c.state === "moved") return false;
  return true;
}

function commonType(cx: Context, a: Value, b: Value, at: Place): Type {
  if (a.type === "never") return b.type;
  if (b.type === "never" || a.type === b.type) return a.type;
  if (a.type === "error" || b.type === "error") return "error";
  cx.typing("X07-TYPE-UNIFY-0001", `if branches must have the same type: got ${describeType(a)} and ${describeType(b)}`, child(at, 3), { expected: describeType(a), found: describeType(b) });
  return "error";
}

/** The value of two alternatives: brands must agree to survive, views may have one owner. */
export function joined(a: Value, b: Value, type: Type, parts: readonly IrExpr[], cx: Context, at: Place): Value {
  const brand = a.type === "never" ? b.brand : b.type === "never" || a.brand === b.brand ? a.brand : undefined;
  const owners = a.owners.length + b.owners.length === 0 ? a.owners : [...new Set([...a.owners, ...b.owners])];
  if (owners.filter((o) => isOwned(o.type)).length > 1)
    return cx.typing(undefined, "if branches borrow from different owners", at, { hint: "copy with view.to_bytes, or join before borrowing" });
  const temp = parts.every((p) => p.op === "get");
  return value(type, parts, { brand, owners, borrowedAt: a.borrowedAt ?? b.borrowedAt, loose: temp ? "temp" : undefined, ofTemporary: a.ofTemporary || b.ofTemporary });
}

// ---- loops

/** Loops of at most this many iterations with literal bounds behave as if written out. */
const UNROLL = 8;

function forEach(cx: Context, e: Expr[], at: Place): Value {
  const name = e[1];
  if (e.length !== 5 || typeof name !== "string") return arity(cx, "X07-ARITY-FOR-0001", "for form: (for <var> <start:i32> <end:i32> <body:any>)", at);
  const bound = cx.lookup(name);
  if (bound !== undefined && bound.type !== "i32") return bound.type === "error" ? ERROR : cx.typing(undefined, `for variable must be i32: ${JSON.stringify(name)}`, at);
  const [, , s, f, body] = e;
  if (s === undefined || f === undefined || body === undefined) return ERROR;
  const start = literalValue(s);
  const end = literalValue(f);
  if (start !== undefined && end !== undefined) {
    const rounds = start >>> 0 < end >>> 0 ? (end - start) >>> 0 : 0;
    const looksEmpty = end < start;
    if ((looksEmpty || rounds <= UNROLL) && !(looksEmpty && rounds > 0) && !touches(body, name)) return writtenOut(cx, name, bound, start, end, rounds, e, at);
  }
  return realLoop(cx, e, name, bound, at);
}

/** Whether the body sets the loop variable or loops over it again. */
function touches(body: Expr, name: string): boolean {
  const head = headOf(body);
  if (!Array.isArray(body) || head === undefined) return false;
  if ((head === "set" || head === "set0" || head === "for") && body[1] === name) return true;
  return body.some((x) => touches(x, name));
}

function writtenOut(cx: Context, name: string, bound: Variable | undefined, start: number, end: number, rounds: number, e: Expr[], at: Place): Value {
  if (rounds === 0) {
    checkOnly(cx, () => {
      if (bound === undefined) cx.declare(name, "i32", undefined, [cx.b.local()]);
      discard(cx, e, 4, at);
    });
    if (bound !== undefined) cx.b.set(bound.locals[0] ?? 0, k(start));
    return number(0);
  }
  cx.openScope();
  const variable = bound ?? cx.declare(name, "i32", undefined, [cx.b.local()]);
  const local = variable.locals[0] ?? 0;
  const mark = cx.mark();
  const code = loopBody(cx, e, 4, at, () => cx.b.set(local, add(cx.b.get(local), ONE)));
  if (rounds > 1 && cx.changedSince(mark).some(({ variable, state }) => state === "live" && variable.state !== "live")) {
    // Written out, the second copy of the body meets what the first has moved.
    checkOnly(cx, () => discard(cx, e, 4, at));
  }
  cx.b.set(local, k(start));
  emitLoop(cx, code, true, ZERO, ltu(cx.b.get(local), k(end)));
  if (bound !== undefined) cx.b.set(local, k(end - 1));
  cx.closeScope(number(0));
  return number(0);
}

function realLoop(cx: Context, e: Expr[], name: string, bound: Variable | undefined, at: Place): Value {
  const variable = bound ?? cx.declare(name, "i32", undefined, [cx.b.local()]);
  const local = variable.locals[0] ?? 0;
  // The variable is there before its start is known: the start may name it.
  if (bound === undefined && names(e[2] ?? 0, name)) cx.b.set(local, ZERO);
  cx.b.set(local, condition(cx, e, 2, at, "for start"));
  let limit = condition(cx, e, 3, at, "for end");
  const i = cx.b.get(local);
  const next = add(i, ONE);
  const code = loopBody(cx, e, 4, at, () => cx.b.set(local, next));
  const steady = limit.op === "const" || (limit.op === "get" && !assigns(code, limit.local));
  if (!steady) limit = cx.b.fresh(limit);
  emitLoop(cx, code, false, geu(i, limit), ltu(i, limit));
  return number(0);
}

function names(e: Expr, name: string): boolean {
  return e === name || (Array.isArray(e) && e.some((x) => names(x, name)));
}

/** One round of a loop: moved outer variables are cleared at its end, because the next round may look at them. */
function loopBody(cx: Context, e: Expr[], i: number, at: Place, step: () => void): IrStmt[] {
  prepareLoop(cx, e, i);
  const mark = cx.mark();
  const outer = cx.b.open();
  cx.openScope();
  const type = discard(cx, e, i, at);
  cx.closeScope(number(0), type === "never");
  endRound(cx, mark);
  step();
  return cx.b.close(outer);
}

/** Variables that are moved before a loop and set within it, in the items from `first` on, must be clear from the first round on. */
function prepareLoop(cx: Context, e: Expr[], first: number): void {
  if (!cx.someMoved()) return;
  const names = new Set<string>();
  for (let i = first; i < e.length; i++) collectSets(e[i] ?? 0, names);
  for (const name of names) {
    const v = cx.lookup(name);
    if (v?.state !== "moved") continue;
    cx.zero(v);
    cx.setState(v, "cleared", v.movedAt);
  }
}

function collectSets(e: Expr, into: Set<string>): void {
  if (!Array.isArray(e)) return;
  if (e[0] === "set" && typeof e[1] === "string") into.add(e[1]);
  for (const x of e) if (Array.isArray(x)) collectSets(x, into);
}

function endRound(cx: Context, mark: ReturnType<Context["mark"]>): void {
  for (const { variable: v, state: before } of cx.changedSince(mark)) {
    if (v.state === "moved" && before !== "moved") {
      cx.zero(v);
      cx.setState(v, "cleared", v.movedAt);
    } else if (v.state === "live" && before !== "live") cx.setState(v, "cleared", v.movedAt);
  }
}

function emitLoop(cx: Context, round: readonly IrStmt[], entered: boolean, skip: IrExpr, again: IrExpr): void {
  const label = cx.b.label();
  const loop: IrStmt = make.loop(label, [...round, make.br(label, again)]);
  if (entered || (skip.op === "const" && skip.value === 0)) return cx.b.emit(loop);
  const exit = cx.b.label();
  cx.b.emit(make.block(exit, [make.br(exit, skip), loop]));
}

function whileLoop(cx: Context, e: Expr[], at: Place): Value {
  if (e.length !== 3) return arity(cx, "X07-ARITY-WHILE-0001", "while form: (while <cond:i32> <body:any>)", at);
  prepareLoop(cx, e, 1);
  const mark = cx.mark();
  let test: IrExpr = ZERO;
  const head = cx.b.block(() => {
    cx.openScope();
    test = condition(cx, e, 1, at, "while");
    cx.closeScope(number(0));
  });
  const round = cx.b.block(() => {
    cx.openScope();
    const type = discard(cx, e, 2, at);
    cx.closeScope(number(0), type === "never");
    endRound(cx, mark);
  });
  if (head.length === 0 && isPure(test)) {
    emitLoop(cx, round, false, not(test), test);
    return number(0);
  }
  const label = cx.b.label();
  const exit = cx.b.label();
  const out = make.br(exit, not(test));
  cx.b.emit(make.block(exit, [make.loop(label, [...head, out, ...round, make.br(label, undefined)])]));
  return number(0);
}

// ---- return

function returnForm(cx: Context, e: Expr[], at: Place): Value {
  if (e.length !== 2) return arity(cx, "X07-ARITY-RETURN-0001", "return form: (return <value>)", at);
  const mark = cx.mark();
  const v = ownedOperand(cx, e, 1, at);
  if (v.type === "error" || (v.type === "never" && cx.faults.length > 0)) return NEVER;
  if (v.type !== cx.facts.result) {
    cx.typing("X07-TYPE-RET-0001", `return type mismatch: expected ${spell(cx.facts.result)}, got ${describeType(v)}`, child(at, 1), { expected: cx.facts.result, found: describeType(v) });
    return NEVER;
  }
  finishReturn(cx, v, child(at, 1));
  // What never runs may still name what went away with the result.
  cx.undo(mark);
  return NEVER;
}
