// Jumps at once to where a jump would lead anyway: behind a block or a branch that has just given a local the value which is tested
// there. Knows the IR only.

import type { IrExpr, IrFunction, IrStmt } from "../ir.ts";
import { bin, not, un } from "../ops.ts";
import { countReads, mapChildren } from "./walk.ts";
import * as make from "../make.ts";

/** `left`: whether locals are set whose test is no longer reached. */
export function threadJumps(f: IrFunction): { readonly f: IrFunction; readonly left: boolean } {
  const threading = new Threading(f);
  const body = threading.list(f.body);
  return { f: body === f.body ? f : make.withBody(f, body), left: threading.left };
}

/** A test of one local, and how control leaves when it holds. */
interface Test {
  readonly local: number;
  readonly cond: IrExpr;
  readonly leave: IrStmt;
}

class Threading {
  left = false;
  private readonly f: IrFunction;
  private reads: Int32Array | undefined;

  constructor(f: IrFunction) {
    this.f = f;
  }

  list(stmts: readonly IrStmt[]): readonly IrStmt[] {
    let out: IrStmt[] | undefined;
    for (let i = 0; i < stmts.length; i++) {
      const s = stmts[i]!;
      if (s.op !== "if" && s.op !== "block" && s.op !== "loop") {
        out?.push(s);
        continue;
      }
      const test = s.op === "loop" ? undefined : testOf(stmts[i + 1]);
      const split = test === undefined || s.op !== "if" ? undefined : intoBranches(s, test);
      if (split !== undefined && test !== undefined && this.readsOf(test.local) === 1) {
        // The test has gone into the branches.
        (out ??= stmts.slice(0, i)).push(...this.list(split));
        i++;
        continue;
      }
      const body = test !== undefined && s.op === "block" ? leadAhead(s.body, s.label, test, true) : undefined;
      const led = body === undefined || s.op !== "block" || body === s.body ? s : make.block(s.label, body);
      if (led !== s) this.left = true;
      const next = this.stmt(led);
      if (next !== s) out ??= stmts.slice(0, i);
      out?.push(next);
    }
    return out ?? stmts;
  }

  private readsOf(local: number): number {
    if (this.reads === undefined) {
      this.reads = new Int32Array(this.f.locals.length);
      countReads(this.f.body, this.reads);
    }
    return this.reads[local]!;
  }

  private stmt(s: IrStmt): IrStmt {
    if (s.op === "if") {
      const then = this.list(s.then);
      const otherwise = this.list(s.else);
      return then === s.then && otherwise === s.else ? s : make.if(s.cond, then, otherwise);
    }
    if (s.op !== "loop" && s.op !== "block") return s;
    const body = this.list(s.body);
    return body === s.body ? s : make.around(s, body);
  }
}

/** A jump, or a short way out, that depends on nothing but one local. */
function testOf(s: IrStmt | undefined): Test | undefined {
  const leave: IrStmt | undefined = s?.op === "br" ? make.br(s.label, undefined) : s?.op === "if" && s.else.length === 0 && s.then.length === 1 && isWayOut(s.then[0]) ? s.then[0] : undefined;
  if (leave === undefined || (s?.op !== "br" && s?.op !== "if") || s.cond === undefined) return undefined;
  const local = onlyLocal(s.cond);
  return local === undefined ? undefined : { local, cond: s.cond, leave };
}

function isWayOut(s: IrStmt | undefined): boolean {
  return s !== undefined && ((s.op === "br" && s.cond === undefined) || (s.op === "return" && s.values.length <= 1 && s.values.every((v) => v.op === "const")));
}

/** The local of a comparison with a constant, or of a plain truth. */
function onlyLocal(e: IrExpr): number | undefined {
  if (e.op === "get") return e.type === "i32" ? e.local : undefined;
  if (e.op === "un") return e.kind === "eqz" ? onlyLocal(e.a) : undefined;
  return e.op === "bin" && e.b.op === "const" && e.a.op === "get" && e.a.type === "i32" ? e.a.local : undefined;
}

/** The test of a value instead of the local. */
function put(e: IrExpr, local: number, value: IrExpr): IrExpr {
  if (e.op === "get") return e.local === local ? value : e;
  if (e.op === "un") return un(e.kind, put(e.a, local, value));
  if (e.op === "bin") return bin(e.kind, put(e.a, local, value), e.b);
  return mapChildren(e, (c) => put(c, local, value));
}

function holds(test: Test, value: IrExpr): boolean | undefined {
  if (value.op !== "const") return undefined;
  const truth = put(test.cond, test.local, value);
  return truth.op === "const" ? truth.value !== 0 : undefined;
}

/** A body in which what leads to the test with a constant that passes it leaves at once; `end`: its end leads there too. */
function leadAhead(stmts: readonly IrStmt[], label: number, test: Test, end: boolean): readonly IrStmt[] {
  let out: IrStmt[] | undefined;
  stmts.forEach((s, i) => {
    let next = s;
    const last = i === stmts.length - 1;
    if (s.op === "if") {
      const then = leadAhead(s.then, label, test, end && last);
      const otherwise = leadAhead(s.else, label, test, end && last && s.else.length > 0);
      if (then !== s.then || otherwise !== s.else) next = make.if(s.cond, then, otherwise);
    } else if (s.op === "loop" || s.op === "block") {
      const body = leadAhead(s.body, label, test, false);
      if (body !== s.body) next = make.around(s, body);
    } else if (s.op === "br" && s.label === label && s.cond === undefined && passes(stmts[i - 1], test)) next = test.leave;
    if (next !== s && out === undefined) out = stmts.slice(0, i);
    out?.push(next);
  });
  const done = out ?? stmts;
  return end && passes(done.at(-1), test) ? [...done, test.leave] : done;
}

function passes(s: IrStmt | undefined, test: Test): boolean {
  return s?.op === "set" && s.local === test.local && holds(test, s.value) === true;
}

/** `if c { …; x = a } else { …; x = b }` with the test of x, which nobody else reads, in both; where one of a and b decides it. */
function intoBranches(s: Extract<IrStmt, { op: "if" }>, test: Test): readonly IrStmt[] | undefined {
  const [a, b] = [s.then.at(-1), s.else.at(-1)];
  if (a?.op !== "set" || b?.op !== "set" || a.local !== test.local || b.local !== test.local) return undefined;
  if (holds(test, a.value) === undefined && holds(test, b.value) === undefined) return undefined;
  const tested = (side: readonly IrStmt[], value: IrExpr): readonly IrStmt[] => {
    const before = side.slice(0, -1);
    const truth = holds(test, value);
    if (truth !== undefined) return truth ? [...before, test.leave] : before;
    const cond = put(test.cond, test.local, value);
    return [...before, test.leave.op === "br" ? make.br(test.leave.label, cond) : make.if(cond, [test.leave], [])];
  };
  const then = tested(s.then, a.value);
  const otherwise = tested(s.else, b.value);
  // One side that only leaves needs no branch.
  if (otherwise.length === 1 && otherwise[0] === test.leave) return [leaving(test, not(s.cond)), ...then];
  if (then.length === 1 && then[0] === test.leave) return [leaving(test, s.cond), ...otherwise];
  return [make.if(s.cond, then, otherwise)];
}

function leaving(test: Test, cond: IrExpr): IrStmt {
  return test.leave.op === "br" ? make.br(test.leave.label, cond) : make.if(cond, [test.leave], []);
}
