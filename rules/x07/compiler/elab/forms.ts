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
import { child, describeType, discard, dispose, materialize, own, whole, wholeOwned } from "./expr.ts";
import { matchForm } from "./match.ts";
import { literalValue } from "./operators.ts";
import { tappForm } from "./calls.ts";
import { tryDocForm, tryForm } from "./try.ts";
import type { Value, Variable } from "./values.ts";
import { ERROR, NEVER, int, value } from "./values.ts";

export type Form = (cx: Context, e: Expr[], at: Place) => Value;

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

function arity(cx: Context, code: string, form: string, at: Place): Value {
  return cx.fail("Parse", code, form, at);
}

// ---- begin

function begin(cx: Context, e: Expr[], at: Place): Value {
  if (e.length < 2) return arity(cx, "X07-ARITY-BEGIN-0001", "(begin ...) requires at least 1 expression", at);
  cx.openScope();
  let dead = false;
  for (let i = 1; i < e.length - 1; i++) dead = discard(cx, e[i] ?? 0, child(at, i)) === "never" || dead;
  const last = e.length - 1;
  const v = whole(cx, e[last] ?? 0, child(at, last));
  return cx.closeScope(v, dead || v.type === "never");
}

export function beginStatement(cx: Context, e: Expr, at: Place): Type {
  if (!Array.isArray(e) || e.length < 2) return arity(cx, "X07-ARITY-BEGIN-0001", "(begin ...) requires at least 1 expression", at).type;
  cx.openScope();
  let type: Type = "i32";
  let dead = false;
  for (let i = 1; i < e.length; i++) {
    type = discard(cx, e[i] ?? 0, child(at, i));
    dead = type === "never" || dead;
  }
  cx.closeScope(int(ZERO), dead);
  return dead ? "never" : type;
}

// ---- let and set

function nameAndValue(cx: Context, e: Expr, at: Place, what: "let" | "set"): { name: string; value: Value; valueAt: Place } | undefined {
  const name = Array.isArray(e) ? e[1] : undefined;
  if (!Array.isArray(e) || e.length !== 3 || typeof name !== "string") {
    arity(cx, "X07-ARITY-LET-0001", `${what} form: (${what} <name> <value>)`, at);
    return undefined;
  }
  const valueAt = child(at, 2);
  const v = wholeOwned(cx, e[2] ?? 0, valueAt);
  return { name, value: v, valueAt };
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
  const safe = parts.map((p, i) => (readsFirst(p, locals, i) ? cx.b.fresh(p) : p));
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

export function letStatement(cx: Context, e: Expr, at: Place): Type {
  const parsed = nameAndValue(cx, e, at, "let");
  if (parsed === undefined) return "error";
  // The name keeps meaning the program's input, as in the reference.
  if (parsed.name === "input") dispose(cx, parsed.value);
  else bind(cx, parsed.name, parsed.value, at);
  return parsed.value.type;
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

export function setStatement(cx: Context, e: Expr, at: Place): Type {
  const parsed = nameAndValue(cx, e, at, "set");
  if (parsed === undefined) return "error";
  return store(cx, parsed.name, parsed.value, parsed.valueAt, at);
}

function setValue(cx: Context, e: Expr[], at: Place): Value {
  const type = setStatement(cx, e, at);
  return assignedValue(cx, e, type, at, "set");
}

function store(cx: Context, name: string, v: Value, valueAt: Place, at: Place): Type {
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
    cx.typing("X07-TYPE-SET-0002", `type mismatch in set of ${JSON.stringify(name)}: expected ${spell(variable.type)}, got ${describeType(v)}`, valueAt, { expected: variable.type, found: describeType(v) });
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
  return int(ZERO);
}

// ---- if

interface Branch {
  readonly code: IrStmt[];
  readonly value: Value;
  readonly end: BranchEnd;
}

function branch(cx: Context, e: Expr, at: Place, used: boolean): Branch {
  const mark = cx.mark();
  let v: Value = NEVER;
  const code = cx.b.block(() => {
    cx.openScope();
    if (used) v = cx.frame(() => materialize(cx, own(cx, e, at)));
    else {
      const type = discard(cx, e, at);
      v = type === "never" ? NEVER : int(ZERO);
    }
    v = cx.closeScope(v, v.type === "never");
  });
  return { code, value: v, end: cx.undo(mark) };
}

function condition(cx: Context, e: Expr, at: Place, what: string): IrExpr {
  const v = whole(cx, e, at);
  if (v.type === "i32") return v.parts[0] ?? ZERO;
  if (v.type !== "error") cx.typing("X07-TYPE-UNIFY-0001", `${what} condition must be i32`, at, { expected: "i32", found: describeType(v) });
  return ZERO;
}

/** Checks an expression that will not run: its mistakes are told, its code and moves are forgotten. */
function checkOnly<T>(cx: Context, check: () => T): T {
  const mark = cx.mark();
  let result: T | undefined;
  cx.b.block(() => {
    cx.openScope();
    result = check();
    cx.closeScope(int(ZERO), true);
  });
  cx.undo(mark);
  return result!;
}

export function ifStatement(cx: Context, e: Expr, at: Place): Type {
  if (cx.facts.kind !== "defasync") return ifForm(cx, e, at, false).type;
  // Within a defasync the branches must agree even where nobody wants the value.
  const v = cx.frame(() => ifForm(cx, e, at, true));
  dispose(cx, v);
  return v.type;
}

function ifValue(cx: Context, e: Expr[], at: Place): Value {
  return ifForm(cx, e, at, true);
}

function ifForm(cx: Context, e: Expr, at: Place, used: boolean): Value {
  if (!Array.isArray(e) || e.length !== 4) return arity(cx, "X07-ARITY-IF-0001", "if form: (if <cond:i32> <then:any> <else:any>)", at);
  const [, c, t, f] = e;
  if (c === undefined || t === undefined || f === undefined) return ERROR;
  const known = literalValue(c);
  if (known !== undefined) return literalIf(cx, e, known !== 0, at, used);
  if (sameExpr(t, f)) {
    // Both ways give the same, so the reference's optimiser drops the condition with all its effects.
    checkOnly(cx, () => condition(cx, c, child(at, 1), "if"));
    return inline(cx, t, child(at, 2), used);
  }
  const test = condition(cx, c, child(at, 1), "if");
  const then = branch(cx, t, child(at, 2), used);
  const otherwise = branch(cx, f, child(at, 3), used);
  return joinTwo(cx, test, then, otherwise, at, used);
}

/** A branch that always runs: its own scope, no jump. */
function inline(cx: Context, e: Expr, at: Place, used: boolean): Value {
  // The reference checks the branch in its own scope, then lifts it out: a let of a name that is known anyway takes effect outside.
  const name = Array.isArray(e) && e[0] === "let" ? e[1] : undefined;
  if (!used && typeof name === "string" && cx.lookup(name)?.kind === "local") return { ...NEVER, type: cx.inCurrentScope(name) ? setStatement(cx, e, at) : letStatement(cx, e, at) };
  cx.openScope();
  let v: Value = int(ZERO);
  if (used) v = whole(cx, e, at);
  else if (discard(cx, e, at) === "never") v = NEVER;
  return cx.closeScope(v, v.type === "never");
}

function literalIf(cx: Context, e: Expr[], taken: boolean, at: Place, used: boolean): Value {
  const keep = taken ? 2 : 3;
  const drop = taken ? 3 : 2;
  const dropped = checkOnly(cx, () => whole(cx, e[drop] ?? 0, child(at, drop)));
  const v = inline(cx, e[keep] ?? 0, child(at, keep), used);
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
  for (const side of [a, b]) {
    if (side.value.type === "never" || locals.length === 0) continue;
    for (const s of cx.b.block(() => assign(cx, locals, side.value.parts))) side.code.push(s);
  }
  cx.joinBlocks([a.end, b.end], reachable, [a.code, b.code]);
  cx.b.emitIf(test, a.code, b.code);
  if (!used) return reachable.includes(true) ? int(ZERO) : NEVER;
  if (type === "never") return NEVER;
  return joined(a.value, b.value, type, locals.map((l) => cx.b.get(l)), cx, at);
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

export function forEach(cx: Context, e: Expr, at: Place): Value {
  const name = Array.isArray(e) ? e[1] : undefined;
  if (!Array.isArray(e) || e.length !== 5 || typeof name !== "string") return arity(cx, "X07-ARITY-FOR-0001", "for form: (for <var> <start:i32> <end:i32> <body:any>)", at);
  const bound = cx.lookup(name);
  if (bound !== undefined && bound.type !== "i32") return bound.type === "error" ? ERROR : cx.typing(undefined, `for variable must be i32: ${JSON.stringify(name)}`, at);
  const [, , s, f, body] = e;
  if (s === undefined || f === undefined || body === undefined) return ERROR;
  const start = literalValue(s);
  const end = literalValue(f);
  if (start !== undefined && end !== undefined) {
    const rounds = start >>> 0 < end >>> 0 ? (end - start) >>> 0 : 0;
    const looksEmpty = end < start;
    if ((looksEmpty || rounds <= UNROLL) && !(looksEmpty && rounds > 0) && !touches(body, name)) return writtenOut(cx, name, bound, start, end, rounds, body, at);
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

function writtenOut(cx: Context, name: string, bound: Variable | undefined, start: number, end: number, rounds: number, body: Expr, at: Place): Value {
  if (rounds === 0) {
    checkOnly(cx, () => {
      if (bound === undefined) cx.declare(name, "i32", undefined, [cx.b.local()]);
      discard(cx, body, child(at, 4));
    });
    if (bound !== undefined) cx.b.set(bound.locals[0] ?? 0, k(start));
    return int(ZERO);
  }
  cx.openScope();
  const variable = bound ?? cx.declare(name, "i32", undefined, [cx.b.local()]);
  const local = variable.locals[0] ?? 0;
  const mark = cx.mark();
  const code = loopBody(cx, body, child(at, 4), () => cx.b.set(local, add(cx.b.get(local), ONE)));
  if (rounds > 1 && [...cx.changedSince(mark)].some(([v, before]) => before === "live" && v.state !== "live")) {
    // Written out, the second copy of the body meets what the first has moved.
    checkOnly(cx, () => discard(cx, body, child(at, 4)));
  }
  cx.b.set(local, k(start));
  emitLoop(cx, code, true, ZERO, ltu(cx.b.get(local), k(end)));
  if (bound !== undefined) cx.b.set(local, k(end - 1));
  cx.closeScope(int(ZERO));
  return int(ZERO);
}

function realLoop(cx: Context, e: Expr[], name: string, bound: Variable | undefined, at: Place): Value {
  const from = e[2] ?? 0;
  const variable = bound ?? cx.declare(name, "i32", undefined, [cx.b.local()]);
  const local = variable.locals[0] ?? 0;
  // The variable is there before its start is known: the start may name it.
  if (bound === undefined && names(from, name)) cx.b.set(local, ZERO);
  cx.b.set(local, condition(cx, from, child(at, 2), "for start"));
  let limit = condition(cx, e[3] ?? 0, child(at, 3), "for end");
  const i = cx.b.get(local);
  const next = add(i, ONE);
  const code = loopBody(cx, e[4] ?? 0, child(at, 4), () => cx.b.set(local, next));
  const steady = limit.op === "const" || (limit.op === "get" && !assigns(code, limit.local));
  if (!steady) limit = cx.b.fresh(limit);
  emitLoop(cx, code, false, geu(i, limit), ltu(i, limit));
  return int(ZERO);
}

function names(e: Expr, name: string): boolean {
  return e === name || (Array.isArray(e) && e.some((x) => names(x, name)));
}

/** One round of a loop: moved outer variables are cleared at its end, because the next round may look at them. */
function loopBody(cx: Context, body: Expr, at: Place, step: () => void): IrStmt[] {
  prepareLoop(cx, [body]);
  const mark = cx.mark();
  return cx.b.block(() => {
    cx.openScope();
    const type = discard(cx, body, at);
    cx.closeScope(int(ZERO), type === "never");
    endRound(cx, mark);
    step();
  });
}

/** Variables that are moved before a loop and set within it must be clear from the first round on. */
function prepareLoop(cx: Context, parts: readonly Expr[]): void {
  if (!cx.someMoved()) return;
  const names = new Set<string>();
  for (const p of parts) collectSets(p, names);
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
  for (const [v, before] of cx.changedSince(mark)) {
    if (v.state === "moved" && before !== "moved") {
      cx.zero(v);
      cx.setState(v, "cleared", v.movedAt);
    } else if (v.state === "live" && before !== "live") cx.setState(v, "cleared", v.movedAt);
  }
}

function emitLoop(cx: Context, round: readonly IrStmt[], entered: boolean, skip: IrExpr, again: IrExpr): void {
  const label = cx.b.label();
  const loop: IrStmt = { op: "loop", label, body: [...round, { op: "br", label, cond: again }] };
  if (entered || (skip.op === "const" && skip.value === 0)) return cx.b.emit(loop);
  const exit = cx.b.label();
  cx.b.emit({ op: "block", label: exit, body: [{ op: "br", label: exit, cond: skip }, loop] });
}

export function whileLoop(cx: Context, e: Expr, at: Place): Value {
  if (!Array.isArray(e) || e.length !== 3) return arity(cx, "X07-ARITY-WHILE-0001", "while form: (while <cond:i32> <body:any>)", at);
  const [, c, body] = e;
  if (c === undefined || body === undefined) return ERROR;
  prepareLoop(cx, [c, body]);
  const mark = cx.mark();
  let test: IrExpr = ZERO;
  const head = cx.b.block(() => {
    cx.openScope();
    test = condition(cx, c, child(at, 1), "while");
    cx.closeScope(int(ZERO));
  });
  const round = cx.b.block(() => {
    cx.openScope();
    const type = discard(cx, body, child(at, 2));
    cx.closeScope(int(ZERO), type === "never");
    endRound(cx, mark);
  });
  if (head.length === 0 && isPure(test)) {
    emitLoop(cx, round, false, not(test), test);
    return int(ZERO);
  }
  const label = cx.b.label();
  const exit = cx.b.label();
  const out: IrStmt = { op: "br", label: exit, cond: not(test) };
  cx.b.emit({ op: "block", label: exit, body: [{ op: "loop", label, body: [...head, out, ...round, { op: "br", label, cond: undefined }] }] });
  return int(ZERO);
}

// ---- return

function returnForm(cx: Context, e: Expr[], at: Place): Value {
  if (e.length !== 2) return arity(cx, "X07-ARITY-RETURN-0001", "return form: (return <value>)", at);
  const mark = cx.mark();
  const v = wholeOwned(cx, e[1] ?? 0, child(at, 1));
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
