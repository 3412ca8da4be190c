// A whole function: parameters, contracts, body, return. Knows the frame of a function, not its expressions.

import type { Clause, Expr, FunctionDecl, Place } from "../ast.ts";
import { FunctionBuilder } from "../builder.ts";
import type { Fault, FaultFacts } from "../errors.ts";
import type { IrFunction, Scalar } from "../ir.ts";
import { ZERO, not } from "../ops.ts";
import { isOwned, isViewLike, shape, spell } from "../types.ts";
import type { Type } from "../types.ts";
import { finishTask, taskBuilder } from "./tasks.ts";
import type { Context, FunctionFacts } from "./context.ts";
import { impureHead } from "./contracts.ts";
import { describeType, materialize, own, whole } from "./expr.ts";
import { assign } from "./forms.ts";
import type { Instance } from "./program.ts";
import { NO_TYPES, concrete } from "./program.ts";
import type { Value, Variable } from "./values.ts";
import * as make from "../make.ts";

export interface Lowered {
  readonly functions: readonly IrFunction[];
  readonly faults: readonly Fault[];
  /** Functions of the program that it names. */
  readonly needs: readonly string[];
}

/** Checks `solve` and lowers it to `solve(input_ptr, input_len) -> (ptr, len)`. */
export function lowerSolve(cx: Context, body: Expr): Lowered {
  cx.program.takeNeeds();
  const b = new FunctionBuilder(["i32", "i32"]);
  const facts: FunctionFacts = { name: "solve", module: "main", kind: "solve", result: "bytes", resultBrand: undefined, typeArgs: NO_TYPES };
  cx.begin(facts, b);
  cx.openScope();
  cx.declare("input", "bytes_view", undefined, [0, 1], "input");
  const at: Place = { parent: undefined, step: "/solve" };
  cx.openScope();
  runBody(cx, body, at);
  return { functions: [b.finish("solve", ["i32", "i32"], "never")], faults: cx.faults, needs: cx.program.takeNeeds() };
}

export function lowerFunction(cx: Context, instance: Instance): Lowered {
  cx.program.takeNeeds();
  const { decl, module } = instance.ref;
  const { typeArgs } = instance;
  const types = decl.params.map((p) => concrete(p.type, typeArgs));
  const result = concrete(decl.result, typeArgs);
  const params: Scalar[] = [];
  for (const t of types) for (const s of shape(t)) params.push(s);
  const b = decl.async ? taskBuilder() : new FunctionBuilder(params);
  if (decl.async) for (const p of params) b.local(p);
  const facts: FunctionFacts = { name: decl.name, module: module.id, kind: decl.async ? "defasync" : "defn", result, resultBrand: decl.resultBrand, typeArgs };
  cx.begin(facts, b);
  const at: Place = { parent: undefined, step: decl.pointer };
  if (unsupported(cx, decl, types, result, at)) return { functions: [], faults: cx.faults, needs: cx.program.takeNeeds() };
  cx.openScope();
  cx.declare("input", "bytes_view", undefined, [], "input");
  cx.openScope();
  declareParams(cx, decl, types, decl.async ? 1 : 0);
  if (decl.async) return lowerTask(cx, instance, params.length);
  runContracted(cx, decl, { parent: undefined, step: `${decl.pointer}/body` });
  const name = instance.name;
  return { functions: [cx.b.finish(name, shape(result))], faults: cx.faults, needs: cx.program.takeNeeds() };
}

function unsupported(cx: Context, decl: FunctionDecl, types: readonly Type[], result: Type, at: Place): boolean {
  decl.params.forEach((p, i) => {
    if (types[i] === "error") cx.fail("Unsupported", undefined, `type of parameter ${JSON.stringify(p.name)} is not available in world solve-pure`, at);
  });
  if (result === "error" || result === "f64") cx.fail("Unsupported", undefined, `result type ${spell(result === "error" ? "error" : result)} is not supported`, at);
  if (decl.async && (decl.typeParams.length > 0 || types.includes("f64"))) cx.fail("Unsupported", undefined, "defasync cannot be generic or take f64", at);
  return cx.faults.length > 0;
}

/** A defasync becomes a function that makes the task and one that runs it. Contracts are checked at its first run and its end. */
function lowerTask(cx: Context, instance: Instance, params: number): Lowered {
  const { decl } = instance.ref;
  for (const c of contractClauses(decl)) complainIfImpure(cx, c);
  for (const c of [...decl.requires, ...decl.invariant]) check(cx, c);
  cx.epilogue = { label: cx.b.label(), locals: cx.newLocals(cx.facts.result) };
  runBody(cx, decl.body, { parent: undefined, step: `${decl.pointer}/body` });
  if (cx.faults.length > 0) return { functions: [], faults: cx.faults, needs: cx.program.takeNeeds() };
  return { functions: finishTask(cx, decl, instance.name, params), faults: [], needs: cx.program.takeNeeds() };
}

function declareParams(cx: Context, decl: FunctionDecl, types: readonly Type[], first: number): void {
  let next = first;
  for (let i = 0; i < decl.params.length; i++) {
    const p = decl.params[i]!;
    const type = types[i] ?? "error";
    const from = next;
    const locals = shape(type).map((_, part) => from + part);
    next += locals.length;
    const variable = cx.declare(p.name, type, p.brand, locals, "param");
    if (isViewLike(type)) cx.ownOrigin(variable);
  }
}

/** Entry checks, body, exit checks. */
function runContracted(cx: Context, decl: FunctionDecl, at: Place): void {
  if (decl.requires.length + decl.ensures.length + decl.invariant.length === 0) return runBody(cx, decl.body, at);
  const entry = [...decl.requires, ...decl.invariant];
  const exit = [...decl.ensures, ...decl.invariant];
  for (const c of contractClauses(decl)) complainIfImpure(cx, c);
  if (entry.length + exit.length > 0 && decl.decreases === 0 && calls(decl.body, decl.name))
    cx.typing("X07-CONTRACT-0011", `recursive function with contracts needs decreases: ${JSON.stringify(decl.name)}`, { parent: undefined, step: decl.pointer }, measured(decl));
  if (cx.faults.length > 0) return;
  for (const c of entry) check(cx, c);
  if (exit.length === 0) return runBody(cx, decl.body, at);
  // Exit clauses may look at parameters after the body has let go of them; their blocks then live until the run is over.
  for (const p of decl.params) {
    const v = cx.lookup(p.name);
    if (v !== undefined && exit.some((c) => names(c.expr, p.name))) v.kept = true;
  }
  const label = cx.b.label();
  const locals = cx.newLocals(cx.facts.result);
  cx.epilogue = { label, locals };
  const body = cx.b.block(() => runBody(cx, decl.body, at));
  cx.epilogue = undefined;
  cx.b.emit(make.block(label, body));
  cx.openScope();
  const result = cx.declare("__result", cx.facts.result, decl.resultBrand, locals);
  for (const c of exit) check(cx, c);
  cx.b.ret(...result.locals.map((l) => cx.b.get(l)));
}

function contractClauses(decl: FunctionDecl): readonly Clause[] {
  return [...decl.requires, ...decl.ensures, ...decl.invariant];
}

function complainIfImpure(cx: Context, c: Clause): void {
  const head = impureHead(c.expr);
  if (head !== undefined) cx.typing("X07-CONTRACT-0002", `contract expression is not pure: disallowed call ${JSON.stringify(head)}`, placeOf(c), { hint: "operators, let, if and what only reads values are allowed" });
}

/** A number that gets smaller with every call; which one, only its author knows. */
function measured(decl: FunctionDecl): FaultFacts {
  const number = decl.params.find((p) => p.type === "i32");
  if (number === undefined) return { hint: "say with decreases what gets smaller with every call" };
  return { hint: "say with decreases what gets smaller with every call", quickfix: [{ op: "add", path: `${decl.pointer}/decreases`, value: [{ expr: number.name }] }] };
}

function placeOf(c: Clause): Place {
  return { parent: undefined, step: c.pointer };
}

function check(cx: Context, clause: Clause): void {
  const at = placeOf(clause);
  const v = whole(cx, clause.expr, at);
  if (v.type === "i32") cx.b.trapIf(not(v.parts[0] ?? ZERO));
  else if (v.type !== "error") cx.typing("X07-CONTRACT-0001", "contract expression must be i32", at, { expected: "i32", found: describeType(v) });
}

function names(e: Expr, name: string): boolean {
  return e === name || (Array.isArray(e) && e.some((x) => names(x, name)));
}

function calls(e: Expr, name: string): boolean {
  if (!Array.isArray(e)) return false;
  return e[0] === name || (e[0] === "tapp" && e[1] === name) || e.some((x) => calls(x, name));
}

function runBody(cx: Context, body: Expr, at: Place): void {
  const v = cx.frame(() => materialize(cx, own(cx, body, at)));
  if (v.type === "never" || v.type === "error") return;
  const { name, result } = cx.facts;
  if (v.type !== result) {
    const subject = name === "solve" ? "solve expression" : `function ${JSON.stringify(name)}`;
    cx.typing("X07-TYPE-UNIFY-0001", `${subject} must evaluate to ${spell(result)} (or return), got ${describeType(v)}`, at, { expected: result, found: describeType(v) });
    return;
  }
  finishReturn(cx, v, at);
}

/** Leaves the function with `v`: everything else that is owned is dropped first. */
export function finishReturn(cx: Context, v: Value, at: Place): void {
  if (isViewLike(v.type)) checkReturnedView(cx, v, at);
  const out = cx.needsDropAll() ? cx.settle(v) : v;
  cx.dropAll();
  if (cx.epilogue === undefined) return cx.b.ret(...out.parts);
  assign(cx, cx.epilogue.locals, out.parts);
  cx.b.br(cx.epilogue.label);
}

function checkReturnedView(cx: Context, v: Value, at: Place): void {
  const name = JSON.stringify(cx.facts.name);
  const local = v.owners.find((o: Variable) => isOwned(o.type));
  if (local !== undefined) {
    cx.typing("X07-BORROW-0002", `function ${name} returns bytes_view borrowed from local owned buffer ${JSON.stringify(local.name)}`, v.borrowedAt ?? at, { hint: "return bytes instead" });
    return;
  }
  const sources = v.owners.filter((o: Variable) => o.kind === "param");
  if (new Set(sources).size > 1) cx.typing(undefined, `function ${name} returns bytes_view that may borrow from different parameters: ${sources.map((s) => JSON.stringify(s.name)).join(", ")}`, at);
}
