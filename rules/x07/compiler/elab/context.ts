// The state of checking one function: scopes, moves, loans, pending temporaries, the code so far. Knows no single form or builtin.

import { similar } from "../../../../engine/index.ts";
import type { Expr, Place } from "../ast.ts";
import { pointerOf } from "../ast.ts";
import { FunctionBuilder, callExpr } from "../builder.ts";
import type { ErrorKind, Fault, FaultFacts } from "../errors.ts";
import { SUGGESTIONS, fault, renamed } from "../errors.ts";
import type { IrExpr, IrStmt } from "../ir.ts";
import { isConst, isSimple, typeOf } from "../ir.ts";
import { ZERO } from "../ops.ts";
import { blockIndex, isOwned, isViewLike, shape } from "../types.ts";
import type { Type, TypeArgument } from "../types.ts";
import { disturbs, isVolatile } from "./effects.ts";
import { NO_TYPES, type Program } from "./program.ts";
import type { Meaning, Value, Variable, VariableState } from "./values.ts";
import { ERROR, NO_OWNERS, value } from "./values.ts";
import * as make from "../make.ts";

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

interface Temporary {
  readonly type: Type;
  readonly parts: readonly IrExpr[];
  /** An operand that waits for the others of its call, which will own it. */
  readonly operand: boolean;
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

/** So many of the names at a place are told; the newest. */
const SHOWN = 8;

/** One serves all functions of a module, one after the other: its lists and names are there already when the next function begins. */
export class Context {
  readonly program: Program;
  facts: FunctionFacts;
  b: FunctionBuilder;
  faults: Fault[] = [];
  /** Where `return` goes when something must happen after the body: result locals and the label to leave to. */
  epilogue: { readonly label: number; readonly locals: readonly number[] } | undefined;
  /** Records of the task scopes around the current expression, inner last. */
  taskScopes: IrExpr[] = [];
  /** True while the call that starts a scope's child is evaluated. */
  startingChild = false;
  /** The variables of all open scopes, in order; where each scope begins among them. */
  private readonly declared: Variable[] = [];
  private readonly scopes: number[] = [];
  private readonly names = new Map<string, Meaning>();
  private readonly log: Change[] = [];
  private readonly temporaries: Temporary[] = [];
  private readonly callLoans: Variable[] = [];
  /** By local, the function in which a variable lives there; functions are numbered. */
  private readonly claimed: number[] = [];
  private told: Set<string> | undefined;
  private leaving: Map<Expr[], boolean> | undefined;
  private variables = 0;
  private functions = 0;
  private looks = 0;

  constructor(program: Program) {
    this.program = program;
    this.facts = NO_FUNCTION;
    this.b = new FunctionBuilder([]);
  }

  /** Turns to another function; nothing is left of the one before. */
  begin(facts: FunctionFacts, b: FunctionBuilder): void {
    this.facts = facts;
    this.b = b;
    this.faults = [];
    this.epilogue = undefined;
    this.taskScopes = [];
    this.startingChild = false;
    this.told = undefined;
    this.leaving = undefined;
    this.variables = 0;
    this.functions++;
    while (this.declared.length > 0) this.declared.pop()!.meaning.variable = undefined;
    clear(this.scopes);
    clear(this.log);
    clear(this.temporaries);
    clear(this.callLoans);
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
    this.scopes.push(this.declared.length);
  }

  lookup(name: string): Variable | undefined {
    return this.names.get(name)?.variable;
  }

  /** For an unknown name at `pointer`: the name that can be read here and was most probably meant. */
  nearestVariable(name: string, pointer: string): FaultFacts {
    if (this.faults.length >= SUGGESTIONS) return {};
    if (name === "__result") return { hint: "__result is known in ensures and invariant only" };
    const names = this.declared.map((v) => v.name);
    const [nearest] = similar(name, names, 1);
    if (nearest !== undefined) return renamed(nearest, pointer);
    const known = [...new Set(names)].slice(-SHOWN).join(", ");
    return { hint: `bind it with let first${known === "" ? "" : `; known here: ${known}`}` };
  }

  inCurrentScope(name: string): boolean {
    return this.lookup(name)?.depth === this.scopes.length;
  }

  declare(name: string, type: Type, brand: string | undefined, locals: readonly number[], kind: Variable["kind"] = "local"): Variable {
    for (const l of locals) this.claimed[l] = this.functions;
    const parts = kind === "input" && locals.length === 0 ? INPUT : locals.map((l) => this.b.get(l));
    const meaning = this.meaning(name);
    const variable: Variable = { name, type, brand, locals, parts, kind, index: this.variables++, depth: this.scopes.length, meaning, shadowed: meaning.variable, state: "live", movedAt: undefined, owners: NO_OWNERS, borrowedAt: undefined, reading: undefined, met: 0, kept: false, loans: 0 };
    this.declared.push(variable);
    meaning.variable = variable;
    return variable;
  }

  private meaning(name: string): Meaning {
    let meaning = this.names.get(name);
    if (meaning === undefined) this.names.set(name, (meaning = { variable: undefined }));
    return meaning;
  }

  /** Reserves a local for a variable; false when one lives there already. */
  claim(local: number): boolean {
    if (this.isClaimed(local)) return false;
    this.claimed[local] = this.functions;
    return true;
  }

  private isClaimed(local: number): boolean {
    return this.claimed[local] === this.functions;
  }

  /** Lets the call that has just produced `parts` in temporaries put them into `locals` instead. False when that is not so. */
  deliver(locals: readonly number[], parts: readonly IrExpr[]): boolean {
    const last = this.b.here.at(-1);
    if (last?.op !== "call" || last.dests.length !== locals.length || locals.length < 2) return false;
    for (let i = 0; i < parts.length; i++) {
      const p = parts[i]!;
      if (p.op !== "get" || p.local !== last.dests[i] || this.isClaimed(p.local)) return false;
    }
    this.b.here.pop();
    this.b.call(last.target, last.args, locals);
    return true;
  }

  newLocals(type: Type): number[] {
    return shape(type).map((t) => this.b.local(t));
  }

  /** Ends the scope whose result is `result`: drops what is still owned and returns the result, safe from those drops. */
  closeScope(result: Value, unreachable = false): Value {
    const { declared } = this;
    const start = this.scopes.pop();
    if (start === undefined || declared.length === start) return result;
    const out = unreachable ? result : this.dropScope(result, start);
    for (let i = declared.length - 1; i >= start; i--) {
      const v = declared[i]!;
      this.setOwners(v, NO_OWNERS, undefined);
      v.meaning.variable = v.shadowed;
    }
    const escaping = out.owners.length === 0 ? undefined : out.owners.find((o) => o.kind !== "input" && isOwned(o.type) && declared.indexOf(o, start) >= 0);
    let lent: Variable | undefined;
    while (declared.length > start) {
      const v = declared.pop()!;
      if (v.loans > 0 && isOwned(v.type)) lent = v;
    }
    if (escaping !== undefined && this.scopes.length > 0)
      return this.typing("X07-BORROW-0002", `view outlives its owner: ${JSON.stringify(escaping.name)}`, out.borrowedAt ?? ROOT, { hint: "copy it with view.to_bytes, or keep the owner in the outer scope" });
    if (lent !== undefined)
      return this.typing("X07-BORROW-0002", `view outlives its owner: ${JSON.stringify(lent.name)}`, this.borrower(lent)?.borrowedAt ?? ROOT, { hint: "keep the owner in the outer scope" });
    return out;
  }

  /** Drops what the variables from `start` on still own. */
  private dropScope(result: Value, start: number): Value {
    const { declared } = this;
    let out = result;
    for (let i = declared.length - 1, settled = false; i >= start; i--) {
      const v = declared[i]!;
      if (!isHeld(v)) continue;
      if (!settled) out = this.settle(out);
      settled = true;
      this.dropVariable(v);
    }
    return out;
  }

  dropVariable(v: Variable): void {
    if (!v.kept) this.drop(v.type, v.parts);
  }

  /** Frees the block of an owned value. */
  drop(type: Type, parts: readonly IrExpr[]): void {
    const index = blockIndex(type);
    const block = index === undefined ? undefined : parts[index];
    if (block !== undefined && !isConst(block)) this.b.call("rt.free", [block]);
  }

  /** Before leaving the function: everything owned that is not moved. */
  dropAll(): void {
    for (let i = this.declared.length - 1; i >= 0; i--) {
      const v = this.declared[i]!;
      if (isHeld(v)) this.dropVariable(v);
    }
    for (const t of this.temporaries) this.drop(t.type, t.parts);
  }

  needsDropAll(): boolean {
    return this.temporaries.length > 0 || this.declared.some(isHeld);
  }

  // ---- moves and loans; every change is logged so that branches can be undone and joined

  private remember(v: Variable): void {
    this.log.push(this.present(v));
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
    v.reading = undefined;
  }

  /** A view parameter is its own origin: what is returned from it is traced back to it. */
  ownOrigin(v: Variable): void {
    v.owners = [v];
    v.reading = undefined;
  }

  mark(): Mark {
    return { log: this.log.length, variables: this.variables };
  }

  /** Takes back all changes since `mark`; tells how things stood. */
  undo(mark: Mark): BranchEnd {
    if (this.log.length === mark.log) return UNCHANGED;
    const look = ++this.looks;
    const ends: Change[] = [];
    while (this.log.length > mark.log) {
      const change = this.log.pop()!;
      const v = change.variable;
      if (v.met !== look && v.index < mark.variables) ends.push(this.present(v));
      v.met = look;
      v.state = change.state;
      v.movedAt = change.movedAt;
      this.exchangeOwners(v, change.owners, change.borrowedAt);
    }
    let end: Map<Variable, Change> | undefined;
    for (const c of ends) if (!isPresent(c)) (end ??= new Map()).set(c.variable, c);
    return end ?? UNCHANGED;
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

  /** Variables changed since the mark, as they were then. */
  changedSince(mark: Mark): readonly Change[] {
    const look = ++this.looks;
    const before: Change[] = [];
    for (let i = mark.log; i < this.log.length; i++) {
      const change = this.log[i]!;
      const v = change.variable;
      if (v.met !== look && v.index < mark.variables) before.push(change);
      v.met = look;
    }
    return before;
  }

  /** Whether a variable is certainly moved. */
  someMoved(): boolean {
    for (const v of this.declared) if (v.state === "moved") return true;
    return false;
  }

  borrower(owner: Variable): Variable | undefined {
    return this.declared.find((v) => v.owners.includes(owner));
  }

  /** Reads a variable; owned ones are not moved by this. */
  read(v: Variable, at: Place): Value {
    if (v.state !== "live") return this.typing(undefined, `use after move: ${JSON.stringify(v.name)} moved_ptr=${v.movedAt === undefined ? "" : pointerOf(v.movedAt)}`, at, v.movedAt === undefined ? {} : { moved: { name: v.name, type: v.type, pointer: pointerOf(v.movedAt) } });
    return this.reading(v);
  }

  private reading(v: Variable): Value {
    return (v.reading ??= value(v.type, v.parts, { brand: v.brand, owners: isViewLike(v.type) ? v.owners : NO_OWNERS, borrowedAt: v.borrowedAt }));
  }

  /** The value of a name that may be read without further ado: known, live and not owned. */
  plain(name: string): Value | undefined {
    const v = this.lookup(name);
    return v === undefined || v.state !== "live" || isOwned(v.type) ? undefined : this.reading(v);
  }

  /** Moves an owned variable out. Its locals stay readable until it is set again. */
  move(v: Variable, at: Place): Value {
    const read = this.read(v, at);
    if (read.type === "error") return read;
    if (!this.mayLose(v, "move", at)) return ERROR;
    this.setState(v, "moved", at);
    return read.withParts(read.parts, "moved");
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
    const held = this.held();
    const lent = this.lent();
    return this.leave(held, lent, body());
  }

  /** How many temporaries wait for the end of their calls. */
  held(): number {
    return this.temporaries.length;
  }

  /** How many loans running calls have been given: a point in their history. */
  lent(): number {
    return this.callLoans.length;
  }

  /** Ends a call that began when `held` temporaries and `lent` loans were there. */
  leave(held: number, lent: number, result: Value): Value {
    while (this.callLoans.length > lent) this.callLoans.pop()!.loans--;
    if (this.temporaries.length === held) return result;
    const out = this.settle(result);
    while (this.temporaries.length > held) {
      const t = this.temporaries.pop()!;
      if (out.type !== "never") this.drop(t.type, t.parts);
    }
    return out;
  }

  lend(owners: readonly Variable[]): void {
    for (const v of owners) {
      v.loans++;
      this.callLoans.push(v);
    }
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
    const kept = this.repeatable(v);
    this.temporaries.push({ type: v.type, parts: kept.parts, operand: false });
    return kept;
  }

  /** The same value with nothing in it that later stores, frees or calls could change. */
  settle(v: Value): Value {
    if (!v.parts.some(isVolatile)) return v;
    return v.withParts(v.parts.map((p) => (isVolatile(p) ? this.b.fresh(p) : p)), v.loose);
  }

  /** Puts the next operand's value behind the earlier ones, which are put aside where its code, from `start` on, would change them. */
  follow(earlier: Value[], next: Value, start: number): void {
    if (this.b.here.length > start) this.putAside(earlier, start);
    earlier.push(next);
  }

  /** Keeps an operand that its call will own in locals of its own: should a later operand leave the function, it is let go. */
  hold(v: Value): Value {
    const parts = v.parts.map((p) => this.b.fresh(p));
    this.temporaries.push({ type: v.type, parts, operand: true });
    return v.withParts(parts, "temp");
  }

  /** The call has all its operands: those held since there were `held` temporaries are its own now. */
  release(held: number): void {
    for (let i = this.temporaries.length - 1; i >= held; i--) if (this.temporaries[i]!.operand) this.temporaries.splice(i, 1);
  }

  /** Whether an item of the list after `index` may leave the function by return or try. */
  leavesAfter(e: readonly Expr[], index: number): boolean {
    for (let i = index + 1; i < e.length; i++) if (this.mayLeave(e[i]!)) return true;
    return false;
  }

  /** Each list is looked through once. */
  private mayLeave(e: Expr): boolean {
    if (!Array.isArray(e)) return false;
    this.leaving ??= new Map();
    const known = this.leaving.get(e);
    if (known !== undefined) return known;
    const answer = e[0] === "return" || e[0] === "try" || e[0] === "try_doc" || this.leavesAfter(e, -1);
    this.leaving.set(e, answer);
    return answer;
  }

  /** A scalar after whose evaluation the code from `start` on was written: put aside where that would change it. */
  kept(e: IrExpr, start: number): IrExpr {
    const { here } = this.b;
    if (here.length === start || !disturbs(here, start, e)) return e;
    const local = this.b.local(typeOf(e));
    here.splice(start, 0, make.set(local, e));
    return this.b.get(local);
  }

  private putAside(earlier: Value[], start: number): void {
    const here = this.b.here;
    const saved: IrStmt[] = [];
    for (let j = 0; j < earlier.length; j++) {
      const v = earlier[j]!;
      if (!v.parts.some((p) => disturbs(here, start, p))) continue;
      const parts = v.parts.map((p) => {
        if (!disturbs(here, start, p)) return p;
        const local = this.b.local(typeOf(p));
        saved.push(make.set(local, p));
        return this.b.get(local);
      });
      earlier[j] = v.withParts(parts, v.loose === undefined ? undefined : "temp");
    }
    if (saved.length > 0) here.splice(start, 0, ...saved);
  }

  /** Makes every scalar repeatable, in order, so that effects stay in order. */
  force(values: readonly Value[]): readonly Value[] {
    return values.every(isRepeatable) ? values : values.map((v) => this.repeatable(v));
  }

  /** The same value with scalars that may be used more than once. */
  repeatable(v: Value): Value {
    return isRepeatable(v) ? v : v.withParts(v.parts.map((p) => this.b.keep(p)), v.loose);
  }
}

function isHeld(v: Variable): boolean {
  return v.state !== "moved" && isOwned(v.type);
}

function isRepeatable(v: Value): boolean {
  return v.parts.every(isSimple);
}

/** Whether the variable is, or is again, as it was then: one may be moved and set again. */
function isPresent({ variable: v, state, movedAt, owners, borrowedAt }: Change): boolean {
  return state === v.state && movedAt === v.movedAt && owners === v.owners && borrowedAt === v.borrowedAt;
}

function clear(list: unknown[]): void {
  while (list.length > 0) list.pop();
}

const NO_FUNCTION: FunctionFacts = { name: "", module: "", kind: "defn", result: "i32", resultBrand: undefined, typeArgs: NO_TYPES };
const UNCHANGED: BranchEnd = new Map();
const ROOT: Place = { parent: undefined, step: "" };
const INPUT: readonly IrExpr[] = [
  make.global("input_ptr"),
  make.global("input_len"),
];

export function call(target: string, ...args: IrExpr[]): IrExpr {
  return callExpr(target, args);
}
