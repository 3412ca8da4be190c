// The state of checking one function: scopes, moves, loans, pending temporaries, the code so far. Knows no single form or builtin.

import { similar } from "../../../../engine/index.ts";
import type { Expr, Place } from "../ast.ts";
import { pointerOf } from "../ast.ts";
import type { FunctionBuilder } from "../builder.ts";
import { callExpr } from "../builder.ts";
import type { ErrorKind, Fault, FaultFacts } from "../errors.ts";
import { SUGGESTIONS, fault, renamed } from "../errors.ts";
import type { IrExpr, IrStmt } from "../ir.ts";
import { isConst, isSimple, typeOf } from "../ir.ts";
import { ZERO } from "../ops.ts";
import { blockIndex, isOwned, isViewLike, shape } from "../types.ts";
import type { Type, TypeArgument } from "../types.ts";
import { disturbs, isVolatile } from "./effects.ts";
import type { Program } from "./program.ts";
import type { Value, Variable, VariableState } from "./values.ts";
import { ERROR, value } from "./values.ts";
import * as make from "../make.ts";

interface Scope {
  readonly variables: Variable[];
  readonly shadowed: (Variable | undefined)[];
}

interface Change {
  readonly variable: Variable;
  readonly state: VariableState;
  readonly movedAt: Place | undefined;
  readonly owners: readonly Variable[];
  readonly borrowedAt: Place | undefined;
}

/** The states of the variables that a branch changed, as they were at its end. */
export type BranchEnd = ReadonlyMap<Variable, Change>;

/** A point in the history of the variables; those declared later do not outlive the branch. */
export interface Mark {
  readonly log: number;
  readonly variables: number;
}

/** How many temporaries and loans there were when a call began. */
export interface Frame {
  readonly temps: number;
  readonly loans: number;
}

interface Temporary {
  readonly type: Type;
  readonly parts: readonly IrExpr[];
}

export interface FunctionFacts {
  /** As messages name it: "solve" or the full name. */
  readonly name: string;
  readonly module: string;
  readonly kind: "solve" | "defn" | "defasync";
  readonly result: Type;
  readonly resultBrand: string | undefined;
  readonly typeArgs: ReadonlyMap<string, TypeArgument>;
}

export class Context {
  readonly program: Program;
  readonly facts: FunctionFacts;
  readonly b: FunctionBuilder;
  readonly faults: Fault[] = [];
  /** Where `return` goes when something must happen after the body: result locals and the label to leave to. */
  epilogue: { readonly label: number; readonly locals: readonly number[] } | undefined;
  /** Records of the task scopes around the current expression, inner last. */
  readonly taskScopes: IrExpr[] = [];
  /** True while the call that starts a scope's child is evaluated. */
  startingChild = false;
  private readonly scopes: Scope[] = [];
  private readonly names = new Map<string, Variable>();
  private readonly log: Change[] = [];
  private readonly temporaries: Temporary[] = [];
  private readonly callLoans: Variable[] = [];
  /** By local, whether a variable lives there. */
  private readonly claimed: boolean[] = [];
  private told: Set<string> | undefined;
  private variables = 0;

  constructor(program: Program, facts: FunctionFacts, b: FunctionBuilder) {
    this.program = program;
    this.facts = facts;
    this.b = b;
  }

  // ---- errors

  fail(kind: ErrorKind, code: string | undefined, message: string, at: Place, facts: FaultFacts = {}): Value {
    const pointer = pointerOf(at);
    const key = `${pointer} ${message}`;
    this.told ??= new Set();
    if (!this.told.has(key)) {
      this.told.add(key);
      this.faults.push(fault(kind, code, `${message} (fn=${this.facts.name})`, pointer, facts));
    }
    return ERROR;
  }

  typing(code: string | undefined, message: string, at: Place, facts: FaultFacts = {}): Value {
    return this.fail("Typing", code, message, at, facts);
  }

  // ---- scopes and names

  openScope(): void {
    this.scopes.push({ variables: [], shadowed: [] });
  }

  lookup(name: string): Variable | undefined {
    return this.names.get(name);
  }

  /** For an unknown name at `pointer`: the name that can be read here and was most probably meant. */
  nearestVariable(name: string, pointer: string): FaultFacts {
    return this.faults.length < SUGGESTIONS ? renamed(similar(name, this.names.keys(), 1)[0], pointer) : {};
  }

  inCurrentScope(name: string): boolean {
    return this.names.get(name)?.depth === this.scopes.length;
  }

  declare(name: string, type: Type, brand: string | undefined, locals: readonly number[], kind: Variable["kind"] = "local"): Variable {
    for (const l of locals) this.claimed[l] = true;
    const variable: Variable = { name, type, brand, locals, kind, index: this.variables++, depth: this.scopes.length, state: "live", movedAt: undefined, owners: [], borrowedAt: undefined, kept: false, loans: 0 };
    const scope = this.scopes.at(-1);
    scope?.variables.push(variable);
    scope?.shadowed.push(this.names.get(name));
    this.names.set(name, variable);
    return variable;
  }

  /** Reserves a local for a variable; false when one lives there already. */
  claim(local: number): boolean {
    if (this.claimed[local] === true) return false;
    this.claimed[local] = true;
    return true;
  }

  /** Lets the call that has just produced `parts` in temporaries put them into `locals` instead. False when that is not so. */
  deliver(locals: readonly number[], parts: readonly IrExpr[]): boolean {
    const last = this.b.here.at(-1);
    if (last?.op !== "call" || last.dests.length !== locals.length || locals.length < 2) return false;
    const direct = parts.every((p, i) => p.op === "get" && p.local === last.dests[i] && this.claimed[p.local] !== true);
    if (!direct) return false;
    this.b.here.pop();
    this.b.call(last.target, last.args, locals);
    return true;
  }

  newLocals(type: Type): number[] {
    return shape(type).map((t) => this.b.local(t));
  }

  /** Ends the scope whose result is `result`: drops what is still owned and returns the result, safe from those drops. */
  closeScope(result: Value, unreachable = false): Value {
    const scope = this.scopes.pop();
    if (scope === undefined) return result;
    let out = result;
    if (scope.variables.length === 0) return out;
    if (!unreachable && scope.variables.some(isHeld)) {
      out = this.settle(out);
      for (let i = scope.variables.length - 1; i >= 0; i--) if (isHeld(scope.variables[i]!)) this.dropVariable(scope.variables[i]);
    }
    for (let i = scope.variables.length - 1; i >= 0; i--) {
      const v = scope.variables[i];
      if (v === undefined) continue;
      this.setOwners(v, [], undefined);
      const outer = scope.shadowed[i];
      if (outer === undefined) this.names.delete(v.name);
      else this.names.set(v.name, outer);
    }
    return this.checkEscape(out, scope);
  }

  private checkEscape(out: Value, scope: Scope): Value {
    const escaping = out.owners.length === 0 ? undefined : out.owners.find((o) => scope.variables.includes(o) && o.kind !== "input" && isOwned(o.type));
    if (escaping !== undefined && this.scopes.length > 0)
      return this.typing("X07-BORROW-0002", `view outlives its owner: ${JSON.stringify(escaping.name)}`, out.borrowedAt ?? ROOT, { hint: "copy it with view.to_bytes, or keep the owner in the outer scope" });
    for (const v of scope.variables) {
      if (v.loans > 0 && isOwned(v.type))
        return this.typing("X07-BORROW-0002", `view outlives its owner: ${JSON.stringify(v.name)}`, this.borrower(v)?.borrowedAt ?? ROOT, { hint: "keep the owner in the outer scope" });
    }
    return out;
  }

  dropVariable(v: Variable | undefined): void {
    if (v !== undefined && !v.kept) this.drop(v.type, v.locals.map((l) => this.b.get(l)));
  }

  /** Frees the block of an owned value. */
  drop(type: Type, parts: readonly IrExpr[]): void {
    const index = blockIndex(type);
    const block = index === undefined ? undefined : parts[index];
    if (block !== undefined && !isConst(block)) this.b.call("rt.free", [block]);
  }

  /** Before leaving the function: everything owned that is not moved. */
  dropAll(): void {
    for (let s = this.scopes.length - 1; s >= 0; s--) {
      const vars = this.scopes[s]?.variables ?? [];
      for (let i = vars.length - 1; i >= 0; i--) {
        const v = vars[i];
        if (v !== undefined && isOwned(v.type) && v.state !== "moved") this.dropVariable(v);
      }
    }
    for (const t of this.temporaries) this.drop(t.type, t.parts);
  }

  needsDropAll(): boolean {
    return this.temporaries.length > 0 || this.scopes.some((s) => s.variables.some((v) => isOwned(v.type) && v.state !== "moved"));
  }

  // ---- moves and loans; every change is logged so that branches can be undone and joined

  private remember(v: Variable): void {
    this.log.push({ variable: v, state: v.state, movedAt: v.movedAt, owners: v.owners, borrowedAt: v.borrowedAt });
  }

  setState(v: Variable, state: VariableState, movedAt: Place | undefined): void {
    if (v.state === state && v.movedAt === movedAt) return;
    this.remember(v);
    v.state = state;
    v.movedAt = movedAt;
  }

  setOwners(v: Variable, owners: readonly Variable[], at: Place | undefined): void {
    if (v.owners.length === 0 && owners.length === 0) return;
    this.remember(v);
    this.exchangeOwners(v, owners, at);
  }

  private exchangeOwners(v: Variable, owners: readonly Variable[], at: Place | undefined): void {
    for (const o of v.owners) o.loans--;
    for (const o of owners) o.loans++;
    v.owners = owners;
    v.borrowedAt = at;
  }

  mark(): Mark {
    return { log: this.log.length, variables: this.variables };
  }

  /** Takes back all changes since `mark`; tells how things stood. */
  undo(mark: Mark): BranchEnd {
    if (this.log.length === mark.log) return UNCHANGED;
    const end = new Map<Variable, Change>();
    for (let i = this.log.length - 1; i >= mark.log; i--) {
      const change = this.log[i];
      if (change === undefined) continue;
      const v = change.variable;
      if (!end.has(v) && v.index < mark.variables) end.set(v, { variable: v, state: v.state, movedAt: v.movedAt, owners: v.owners, borrowedAt: v.borrowedAt });
      v.state = change.state;
      v.movedAt = change.movedAt;
      this.exchangeOwners(v, change.owners, change.borrowedAt);
    }
    this.log.length = mark.log;
    // A variable that was moved and set again is where it was.
    for (const [v, c] of end) if (c.state === v.state && c.movedAt === v.movedAt && c.owners === v.owners && c.borrowedAt === v.borrowedAt) end.delete(v);
    return end;
  }

  /**
   * Joins the ends of alternative branches, all of which began in the present state. `zero(i, v)` must put code at the end of branch `i`
   * that clears the locals of `v`. Branches that never end count for nothing.
   */
  join(ends: readonly BranchEnd[], reachable: readonly boolean[], zero: (branch: number, v: Variable) => void): void {
    if (ends.every((end) => end.size === 0)) return;
    const touched = new Set<Variable>();
    ends.forEach((end, i) => {
      if (reachable[i]) for (const v of end.keys()) touched.add(v);
    });
    for (const v of touched) this.joinOne(v, ends, reachable, zero);
  }

  private joinOne(v: Variable, ends: readonly BranchEnd[], reachable: readonly boolean[], zero: (branch: number, v: Variable) => void): void {
    const present = this.present(v);
    const states = ends.map((end, i) => (reachable[i] === true ? (end.get(v) ?? present) : undefined));
    let moved: Change | undefined;
    let all = true;
    let borrowedAt: Place | undefined;
    const owners: Variable[] = [];
    for (const s of states) {
      if (s === undefined) continue;
      if (s.state !== "live") moved ??= s;
      if (s.state !== "moved") all = false;
      borrowedAt ??= s.borrowedAt;
      for (const o of s.owners) if (!owners.includes(o)) owners.push(o);
    }
    this.log.push(present);
    v.state = moved === undefined ? "live" : all ? "moved" : "cleared";
    if (v.state === "cleared") states.forEach((s, i) => void (s?.state === "moved" && zero(i, v)));
    v.movedAt = moved?.movedAt;
    this.exchangeOwners(v, owners, borrowedAt);
  }

  /** Joins branches whose code is in `blocks`; the clearing code goes to their ends. */
  joinBlocks(ends: readonly BranchEnd[], reachable: readonly boolean[], blocks: readonly IrStmt[][]): void {
    this.join(ends, reachable, (i, v) => {
      for (const local of v.locals) blocks[i]?.push(make.set(local, ZERO));
    });
  }

  private present(v: Variable): Change {
    return { variable: v, state: v.state, movedAt: v.movedAt, owners: v.owners, borrowedAt: v.borrowedAt };
  }

  zero(v: Variable): void {
    for (const l of v.locals) this.b.set(l, ZERO);
  }

  /** Variables changed since the mark, with their state at the mark. */
  changedSince(mark: Mark): ReadonlyMap<Variable, VariableState> {
    if (this.log.length === mark.log) return NONE_CHANGED;
    const before = new Map<Variable, VariableState>();
    for (let i = mark.log; i < this.log.length; i++) {
      const change = this.log[i];
      if (change !== undefined && !before.has(change.variable) && change.variable.index < mark.variables) before.set(change.variable, change.state);
    }
    return before;
  }

  /** Whether a variable that is visible now is certainly moved. */
  someMoved(): boolean {
    for (const v of this.names.values()) if (v.state === "moved") return true;
    return false;
  }

  borrower(owner: Variable): Variable | undefined {
    for (const s of this.scopes) for (const v of s.variables) if (v.owners.includes(owner)) return v;
    for (const v of this.names.values()) if (v.owners.includes(owner)) return v;
    return undefined;
  }

  /** Reads a variable; owned ones are not moved by this. */
  read(v: Variable, at: Place): Value {
    if (v.state !== "live") return this.typing(undefined, `use after move: ${JSON.stringify(v.name)} moved_ptr=${v.movedAt === undefined ? "" : pointerOf(v.movedAt)}`, at, v.movedAt === undefined ? {} : { moved: { name: v.name, type: v.type, pointer: pointerOf(v.movedAt) } });
    const parts = v.kind === "input" && v.locals.length === 0 ? INPUT : v.locals.map((l) => this.b.get(l));
    return value(v.type, parts, { brand: v.brand, owners: isViewLike(v.type) ? v.owners : [], borrowedAt: v.borrowedAt });
  }

  /** Moves an owned variable out. Its locals stay readable until it is set again. */
  move(v: Variable, at: Place): Value {
    const read = this.read(v, at);
    if (read.type === "error") return read;
    if (!this.mayLose(v, "move", at)) return ERROR;
    this.setState(v, "moved", at);
    return { ...read, loose: "moved" };
  }

  /** Whether no view shows the variable's bytes; tells if one does. */
  mayLose(v: Variable, what: "move" | "set", at: Place): boolean {
    if (v.loans === 0) return true;
    const by = this.borrower(v);
    const where = by?.borrowedAt === undefined ? "" : ` borrowed_ptr=${pointerOf(by.borrowedAt)}`;
    this.typing(undefined, `${what} while borrowed: ${JSON.stringify(v.name)} borrowed_by=${JSON.stringify(by?.name ?? "call")}${where}`, at, { hint: "end the view's scope first, or copy the bytes" });
    return false;
  }

  // ---- calls: temporaries and loans that last as long as one call

  /** Evaluates a call's arguments and result; afterwards temporaries are freed and loans given back. */
  frame(body: () => Value): Value {
    const frame = this.enter();
    return this.leave(frame, body());
  }

  enter(): Frame {
    return { temps: this.temporaries.length, loans: this.callLoans.length };
  }

  leave({ temps, loans }: Frame, result: Value): Value {
    let out = result;
    while (this.callLoans.length > loans) {
      const v = this.callLoans.pop();
      if (v !== undefined) v.loans--;
    }
    if (this.temporaries.length > temps) {
      out = this.settle(out);
      while (this.temporaries.length > temps) {
        const t = this.temporaries.pop();
        if (t !== undefined && out.type !== "never") this.drop(t.type, t.parts);
      }
    }
    return out;
  }

  lend(owners: readonly Variable[]): void {
    for (const v of owners) {
      v.loans++;
      this.callLoans.push(v);
    }
  }

  /** A point in the history of loans to running calls. */
  lent(): number {
    return this.callLoans.length;
  }

  /** Ends, before their calls are over, the loans of `v` made since. */
  takeBack(v: Variable, since: number): void {
    for (let i = this.callLoans.length - 1; i >= since; i--) {
      if (this.callLoans[i] !== v) continue;
      this.callLoans.splice(i, 1);
      v.loans--;
    }
  }

  /** Keeps an owned temporary until the current call is over. */
  keepUntilEnd(v: Value): Value {
    if (v.literal) return v;
    const parts = v.parts.map((p) => this.b.keep(p));
    this.temporaries.push({ type: v.type, parts });
    return { ...v, parts };
  }

  /** The same value with nothing in it that later stores, frees or calls could change. */
  settle(v: Value): Value {
    if (!v.parts.some(isVolatile)) return v;
    return { ...v, parts: v.parts.map((p) => (isVolatile(p) ? this.b.fresh(p) : p)) };
  }

  /**
   * Evaluates operands left to right; earlier results are put aside where a later operand's code would change them. `owns` tells of which
   * operands the call will own the result: those are let go when a later operand, `later(index)`, leaves the function.
   */
  operands(count: number, one: (index: number) => Value, owns: (index: number) => boolean = NEITHER, later: (index: number) => Expr = NUMBER): Value[] {
    const out: Value[] = [];
    const here = this.b.here;
    let held: Temporary[] | undefined;
    for (let i = 0; i < count; i++) {
      const start = here.length;
      const v = one(i);
      if (here.length > start) this.putAside(out, start);
      out.push(isOwned(v.type) && !v.literal && owns(i) && leavesAfter(i, count, later) ? this.hold(v, (held ??= [])) : v);
    }
    if (held !== undefined) for (const t of held) this.temporaries.splice(this.temporaries.indexOf(t), 1);
    return out;
  }

  /** Keeps an owned operand in locals of its own, as a temporary until the others have been evaluated. */
  private hold(v: Value, held: Temporary[]): Value {
    const parts = v.parts.map((p) => this.b.fresh(p));
    const temporary = { type: v.type, parts };
    held.push(temporary);
    this.temporaries.push(temporary);
    return { ...v, parts, loose: "temp" };
  }

  /** One operand, after whose evaluation the code from `start` on was written for the next. */
  kept(v: Value, start: number): Value {
    if (this.b.here.length === start) return v;
    const earlier = [v];
    this.putAside(earlier, start);
    return earlier[0] ?? v;
  }

  private putAside(earlier: Value[], start: number): void {
    const here = this.b.here;
    const saved: { local: number; value: IrExpr }[] = [];
    for (let j = 0; j < earlier.length; j++) {
      const v = earlier[j];
      if (v === undefined || !v.parts.some((p) => disturbs(here, start, p))) continue;
      const parts = v.parts.map((p) => {
        if (!disturbs(here, start, p)) return p;
        const local = this.b.local(typeOf(p));
        saved.push({ local, value: p });
        return this.b.get(local);
      });
      earlier[j] = { ...v, parts, loose: v.loose === undefined ? undefined : "temp" };
    }
    if (saved.length > 0) here.splice(start, 0, ...saved.map((s) => make.set(s.local, s.value)));
  }

  /** Makes every scalar repeatable, in order, so that effects stay in order. */
  force(values: readonly Value[]): Value[] {
    return values.map((v) => this.forceOne(v));
  }

  private forceOne(v: Value): Value {
    return v.parts.every(isSimple) ? v : { ...v, parts: v.parts.map((p) => this.b.keep(p)) };
  }
}

function isHeld(v: Variable): boolean {
  return v.state !== "moved" && isOwned(v.type);
}

const UNCHANGED: BranchEnd = new Map();
const NONE_CHANGED: ReadonlyMap<Variable, VariableState> = new Map();
const ROOT: Place = { parent: undefined, step: "" };
const INPUT: readonly IrExpr[] = [
  make.global("input_ptr"),
  make.global("input_len"),
];

const NEITHER = (): boolean => false;
const NUMBER = (): Expr => 0;

function leavesAfter(index: number, count: number, operand: (index: number) => Expr): boolean {
  for (let i = index + 1; i < count; i++) if (mayLeave(operand(i))) return true;
  return false;
}

const leaving = new WeakMap<Expr[], boolean>();

/** Whether a return or try in the expression may leave the function. Each list is looked through once. */
function mayLeave(e: Expr): boolean {
  if (!Array.isArray(e)) return false;
  const known = leaving.get(e);
  if (known !== undefined) return known;
  const answer = e[0] === "return" || e[0] === "try" || e[0] === "try_doc" || e.some(mayLeave);
  leaving.set(e, answer);
  return answer;
}

export function call(target: string, ...args: IrExpr[]): IrExpr {
  return callExpr(target, args);
}
