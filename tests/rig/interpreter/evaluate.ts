// The language proper: names, scopes, control forms, calls, contracts, match. Each form is one small generator that asks
// the machine for the values of its parts. Knows no scheduling; tasks are in tasks.ts.

import { brandForms } from "./brands.ts";
import { builtins, u32le, type Builtin } from "./builtins.ts";
import type { Machine, Request, Step } from "./machine.ts";
import { operators } from "./operators.ts";
import type { Callable, Clause, Defn, Expr, Program, Type } from "./program.ts";
import { taskForms } from "./tasks.ts";
import { typeIntrinsic } from "./types.ts";
import {
  bytes, contentOf, copyOf, failed, leftBehind, numberOf, outcomeOf, trap, unknown, view, type Memory, type Value, type View,
} from "./value.ts";

export interface Run {
  readonly program: Program;
  readonly input: View;
  readonly memory: Memory;
  readonly machine: Machine;
  readonly handles: ReadonlyMap<string, Builtin>;
  /** Which expressions can be valued at once, and which ifs are decided before they run; remembered, as asked often. */
  readonly simple: WeakMap<readonly Expr[], boolean>;
  readonly decided: WeakMap<readonly Expr[], { readonly value: number | undefined }>;
  fuel: number;
}

/** A chain of names. `frame` is what belongs to the whole function call. */
export interface Scope {
  readonly names: Map<string, Value>;
  readonly outer: Scope | undefined;
  readonly frame: Frame;
}
export interface Frame {
  /** Type parameters of this call, already resolved to concrete types. */
  readonly types: ReadonlyMap<string, string>;
  readonly async: boolean;
}

/** Whether a name's owned value is taken (the name is left empty) or only looked at. */
export type Use = "own" | "look";

export type Form = (run: Run, e: readonly Expr[], scope: Scope) => Step;

export function inner(scope: Scope): Scope {
  return { names: new Map(), outer: scope, frame: scope.frame };
}

/** Asks the machine for the value of an expression. */
export function need(run: Run, e: Expr | undefined, scope: Scope, use: Use = "own"): Request {
  if (e === undefined) return unknown("expression missing");
  if (simple(run, e)) return { ask: "known", value: valueOf(run, e, scope, use) };
  burn(run);
  return { ask: "value", step: compound(run, e as readonly Expr[], scope) };
}

function burn(run: Run): void {
  if (--run.fuel < 0) trap("fuel exhausted");
}

/** Whether an expression is made of literals, names, operators and plain builtins alone, so that nothing in it can pause. */
function simple(run: Run, e: Expr): boolean {
  if (!Array.isArray(e)) return true;
  const known = run.simple.get(e);
  if (known !== undefined) return known;
  const head = headOf(e);
  const plain = (operators.has(head) || builtinOf(run, head) !== undefined) && e.slice(1).every((part) => simple(run, part));
  run.simple.set(e, plain);
  return plain;
}

/** The value of a simple expression, at once. */
function valueOf(run: Run, e: Expr, scope: Scope, use: Use): Value {
  burn(run);
  if (typeof e === "number") return e | 0;
  if (typeof e === "string") return read(run, e, scope, use);
  return apply(run, e, scope, e.slice(1).map((part, i) => valueOf(run, part, scope, useOf(run, e, i, scope))));
}

/** What a builtin takes in a defasync although it only looks at it elsewhere. */
const TAKEN_IN_ASYNC: { readonly [head: string]: readonly number[] } = {
  "bytes.eq": [0, 1], "bytes.slice": [0], "bytes.cmp_range": [0, 3], "codec.read_u32_le": [0], "vec_u8.get": [0], "vec_u8.cap": [0],
};

function useOf(run: Run, e: readonly Expr[], argument: number, scope: Scope): Use {
  const head = headOf(e);
  if (scope.frame.async && TAKEN_IN_ASYNC[head]?.includes(argument) === true) return "own";
  return builtinOf(run, head)?.moves.includes(argument) === true ? "own" : "look";
}

function builtinOf(run: Run, head: string): Builtin | undefined {
  return builtins.get(head) ?? run.handles.get(head);
}

/** An operator or builtin on the values of its operands. */
function apply(run: Run, e: readonly Expr[], scope: Scope, values: readonly Value[]): Value {
  const head = headOf(e);
  const operator = operators.get(head);
  if (operator !== undefined) return operator(numberOf(values[0] ?? 0), numberOf(values[1] ?? 0));
  const builtin = builtinOf(run, head) ?? unknown(`head ${head}`);
  return builtin.run(run.memory, builtin.inPlace ? changed(run, e[1], scope, values) : values);
}

/** The operands of an in-place builtin: a name is read now, as the others have left it, and emptied. */
function changed(run: Run, first: Expr | undefined, scope: Scope, values: readonly Value[]): readonly Value[] {
  return typeof first === "string" ? [read(run, first, scope, "own"), ...values.slice(1)] : values;
}

function owner(name: string, scope: Scope): Scope | undefined {
  let s: Scope | undefined = scope;
  while (s !== undefined && !s.names.has(name)) s = s.outer;
  return s;
}

function read(run: Run, name: string, scope: Scope, use: Use): Value {
  if (name === "input") return run.input;
  const s = owner(name, scope) ?? unknown(`identifier ${name}`);
  const value = s.names.get(name) ?? 0;
  if (use === "own") empty(name, s);
  return value;
}

function empty(name: string, scope: Scope): void {
  const s = owner(name, scope);
  s?.names.set(name, leftBehind(s.names.get(name) ?? 0));
}

export function headOf(e: Expr | undefined): string {
  return Array.isArray(e) && typeof e[0] === "string" ? e[0] : unknown(`a form expected, got ${JSON.stringify(e)}`);
}
export function textOf(e: Expr | undefined): string {
  return typeof e === "string" ? e : unknown(`a name expected, got ${JSON.stringify(e)}`);
}

function compound(run: Run, e: readonly Expr[], scope: Scope): Step {
  const head = headOf(e);
  const form = forms[head] ?? taskForms[head] ?? brandForms[head];
  if (form !== undefined) return form(run, e, scope);
  if (operators.has(head) || builtinOf(run, head) !== undefined) return operands(run, e, scope);
  if (head.startsWith("ty.")) return intrinsic(run, e, scope);
  const callable = run.program.callables.get(head) ?? unknown(`head ${head}`);
  return call(run, callable, e.slice(1), scope, new Map());
}

function* operands(run: Run, e: readonly Expr[], scope: Scope): Step {
  const values: Value[] = [];
  for (let i = 1; i < e.length; i++) values.push(yield need(run, e[i], scope, useOf(run, e, i - 1, scope)));
  return apply(run, e, scope, values);
}

function* intrinsic(run: Run, e: readonly Expr[], scope: Scope): Step {
  const values: Value[] = [];
  const { moves, inPlace, run: compute } = typeIntrinsic(headOf(e), typeName(e[1] as Type, scope.frame));
  for (let i = 2; i < e.length; i++) values.push(yield need(run, e[i], scope, moves.includes(i - 2) ? "own" : "look"));
  return compute(run.memory, inPlace ? changed(run, e[2], scope, values) : values);
}

function typeName(t: Type, frame: Frame): string {
  const name = typeof t === "string" ? t : (t[1] ?? unknown("type"));
  return frame.types.get(name) ?? name;
}

// ---- calls

export function* call(run: Run, callable: Callable, args: readonly Expr[], scope: Scope, types: ReadonlyMap<string, string>): Step {
  if (callable.is === "function") {
    const values = yield* argumentsOf(run, callable.defn, args, scope, types);
    if (callable.defn.kind === "defasync") return run.machine.start(invoke(run, callable.defn, values, types));
    return yield { ask: "call", step: invoke(run, callable.defn, values, types) };
  }
  const values: Value[] = [];
  for (const a of args) values.push(yield need(run, a, scope, callable.is === "field" ? "look" : "own"));
  return construct(run, callable, values);
}

function construct(run: Run, callable: Exclude<Callable, { is: "function" }>, values: readonly Value[]): Value {
  if (callable.is === "make") return bytes(u32le(run.memory, ...values.map(numberOf)));
  if (callable.is === "variant") return bytes(u32le(run.memory, callable.index, ...values.map(numberOf)));
  return word(contentOf(values[0] ?? 0), callable.offset);
}

function word(data: Uint8Array, offset: number): number {
  if (offset + 4 > data.length) trap("codec.read_u32_le oob");
  return new DataView(data.buffer, data.byteOffset).getInt32(offset, true);
}

function* argumentsOf(
  run: Run, defn: Defn, args: readonly Expr[], scope: Scope, types: ReadonlyMap<string, string>,
): Generator<Request, Value[], Value> {
  const values: Value[] = [];
  for (const [i, param] of defn.params.entries()) {
    const lent = typeName(param.ty, { types, async: false }) === "bytes_view";
    const value = yield need(run, args[i], scope, lent ? "look" : "own");
    values.push(lent ? view(contentOf(value)) : value);
  }
  return values;
}

/** The body of a function with its contracts around it. A "return" inside ends the body, not the checks after it. */
export function* invoke(run: Run, defn: Defn, values: readonly Value[], types: ReadonlyMap<string, string>): Step {
  const scope: Scope = { names: new Map(), outer: undefined, frame: { types, async: defn.kind === "defasync" } };
  defn.params.forEach((p, i) => scope.names.set(p.name, values[i] ?? unknown(`argument ${i} of ${defn.name} missing`)));
  if (!hasContract(defn)) return yield need(run, defn.body, scope);
  yield* check(run, defn, "requires", defn.requires, scope);
  yield* check(run, defn, "invariant", defn.invariant, scope);
  const result = yield { ask: "call", step: bodyOf(run, defn, scope) };
  const after = inner(scope);
  after.names.set("__result", result);
  yield* check(run, defn, "ensures", defn.ensures, after);
  yield* check(run, defn, "invariant", defn.invariant, after);
  return result;
}
function* bodyOf(run: Run, defn: Defn, scope: Scope): Step {
  return yield need(run, defn.body, scope);
}
function hasContract(d: Defn): boolean {
  return d.requires !== undefined || d.ensures !== undefined || d.invariant !== undefined;
}
function* check(
  run: Run, defn: Defn, kind: string, clauses: readonly Clause[] | undefined, scope: Scope,
): Generator<Request, void, Value> {
  for (const [index, clause] of (clauses ?? []).entries()) {
    if (numberOf(yield need(run, clause.expr, scope, "look")) !== 0) continue;
    const facts = { contract_kind: kind, fn: defn.name, clause_id: clause.id ?? null, clause_index: index };
    trap(`X07T_CONTRACT_V1 ${JSON.stringify(facts)}`);
  }
}

/** `["tapp", f, ["tys", t…], arg…]`, or the types one by one between the name and the arguments. */
const tapp: Form = function* (run, e, scope) {
  const callable = run.program.callables.get(textOf(e[1])) ?? unknown(`generic ${textOf(e[1])}`);
  if (callable.is !== "function") return unknown("tapp of a constructor");
  const names = (callable.defn.type_params ?? []).map((p) => p.name);
  const grouped = Array.isArray(e[2]) && e[2][0] === "tys";
  const given = (grouped ? (e[2] as readonly Expr[]).slice(1) : e.slice(2, 2 + names.length)) as Type[];
  const types = new Map(names.map((n, i) => [n, typeName(given[i] ?? unknown("type missing"), scope.frame)]));
  return yield { ask: "value", step: call(run, callable, e.slice(grouped ? 3 : 2 + names.length), scope, types) };
};

// ---- control forms

function* sequence(run: Run, list: readonly Expr[], scope: Scope): Step {
  let last: Value = 0;
  for (const e of list) last = yield need(run, e, scope);
  return last;
}

const forms: { readonly [head: string]: Form } = {
  begin: (run, e, scope) => sequence(run, e.slice(1), inner(scope)),
  *let(run, e, scope) {
    const value = yield need(run, e[2], scope);
    scope.names.set(textOf(e[1]), value);
    return value;
  },
  *set(run, e, scope) {
    const value = yield need(run, e[2], scope);
    const name = textOf(e[1]);
    (owner(name, scope) ?? unknown(`set of ${name}`)).names.set(name, value);
    return value;
  },
  *set0(run, e, scope) {
    yield need(run, ["set", e[1] ?? "", e[2] ?? 0], scope);
    return 0;
  },
  *if(run, e, scope) {
    const known = decided(run, e);
    if (known !== undefined) return yield need(run, known !== 0 ? e[2] : e[3], scope);
    const chosen = numberOf(yield need(run, e[1], scope)) !== 0 ? e[2] : e[3];
    return yield need(run, chosen, inner(scope));
  },
  *while(run, e, scope) {
    while (numberOf(yield need(run, e[1], inner(scope))) !== 0) yield need(run, e[2], inner(scope), "look");
    return 0;
  },
  for: forLoop,
  *return(run, e, scope) {
    return yield { ask: "return", value: yield need(run, e[1], scope) };
  },
  *"&&"(run, e, scope) {
    if (numberOf(yield need(run, e[1], scope)) === 0) return 0;
    return numberOf(yield need(run, e[2], scope)) === 0 ? 0 : 1;
  },
  *"||"(run, e, scope) {
    if (numberOf(yield need(run, e[1], scope)) !== 0) return 1;
    return numberOf(yield need(run, e[2], scope)) === 0 ? 0 : 1;
  },
  *"bytes.lit"(run, e) {
    return copyOf(run.memory, new TextEncoder().encode(textOf(e[1])));
  },
  *"bytes.view_lit"(_run, e) {
    return view(new TextEncoder().encode(textOf(e[1])));
  },
  *try(run, e, scope) {
    const r = outcomeOf(yield need(run, e[1], scope));
    return r.value ?? (yield { ask: "return", value: failed(r.code) });
  },
  *try_doc(run, e, scope) {
    const doc = yield need(run, e[1], scope);
    const data = contentOf(doc);
    return data[0] === 1 ? copyOf(run.memory, data.subarray(1)) : yield { ask: "return", value: doc };
  },
  *match(run, e, scope) {
    const data = contentOf(yield need(run, e[1], scope, "look"));
    for (const arm of e.slice(2) as (readonly Expr[])[]) {
      const variant = run.program.callables.get(headOf(arm));
      if (variant?.is !== "variant" || variant.index !== word(data, 0)) continue;
      const own = inner(scope);
      if (arm.length === 3) own.names.set(textOf(arm[1]), word(data, 4));
      return yield need(run, arm[arm.length - 1], own);
    }
    return trap("match: bad tag");
  },
  tapp,
  *"budget.scope_v1"(run, e, scope) {
    const limit = (e[1] as readonly Expr[]).find((c) => Array.isArray(c) && c[0] === "alloc_bytes") as readonly Expr[] | undefined;
    if (limit === undefined) return unknown("budget.scope_v1 without alloc_bytes");
    const before = run.memory.allocated;
    const value = yield need(run, e[2], inner(scope));
    if (run.memory.allocated - before > numberOf(limit[1] as number)) trap("X07T_BUDGET_EXCEEDED_ALLOC_BYTES");
    return value;
  },
};

/**
 * The condition's value when the optimizer knows it. It then replaces the if by a branch, without a scope: when the
 * condition is constant, or both branches are the same (the condition is dropped, even one that would trap).
 */
function decided(run: Run, e: readonly Expr[]): number | undefined {
  const known = run.decided.get(e);
  if (known !== undefined) return known.value;
  const value = JSON.stringify(e[2]) === JSON.stringify(e[3]) ? 1 : constant(e[1]);
  run.decided.set(e, { value });
  return value;
}

function* forLoop(run: Run, e: readonly Expr[], scope: Scope): Step {
  const [, variable, from, to, body] = e;
  const name = textOf(variable);
  const bound = owner(name, scope);
  const home = bound ?? scope;
  const short = bound !== undefined && unrolled(name, from, to, body);
  if (bound === undefined) home.names.set(name, 0);
  home.names.set(name, numberOf(yield need(run, from, scope)));
  const end = numberOf(yield need(run, to, scope)) >>> 0;
  const current = (): number => numberOf(home.names.get(name) ?? 0);
  while (current() >>> 0 < end) {
    yield need(run, body, inner(scope), "look");
    home.names.set(name, (current() + 1) | 0);
  }
  if (short && (constant(from) ?? 0) >>> 0 < end) home.names.set(name, (end - 1) | 0);
  return 0;
}

/** The optimizer unrolls short loops over literals; then a variable that was bound before ends at the last index it had. */
function unrolled(name: string, from: Expr | undefined, to: Expr | undefined, body: Expr | undefined): boolean {
  const [a, b] = [constant(from), constant(to)];
  return a !== undefined && b !== undefined && Math.max(0, (b >>> 0) - (a >>> 0)) <= 8 && !assigns(body, name);
}
function constant(e: Expr | undefined): number | undefined {
  if (typeof e === "number") return e;
  if (!Array.isArray(e) || e.length !== 3) return undefined;
  const operator = operators.get(headOf(e));
  const [a, b] = [constant(e[1]), constant(e[2])];
  return operator === undefined || a === undefined || b === undefined ? undefined : operator(a, b);
}
function assigns(e: Expr | undefined, name: string): boolean {
  if (!Array.isArray(e)) return false;
  if ((e[0] === "set" || e[0] === "set0" || e[0] === "for") && e[1] === name) return true;
  return e.some((part) => assigns(part, name));
}
