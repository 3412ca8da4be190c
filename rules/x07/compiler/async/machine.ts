// A function body with `suspend` in it -> a function that can be entered again where it left. Knows the IR only.
//
// Local 0 is the task's record. `pc` is 0 while code runs forward and k while it is on its way back to suspend number k: then every
// statement that does not contain k is skipped. All other locals live in the frame between two runs.

import type { FunctionBuilder } from "../builder.ts";
import type { IrExpr, IrFunction, IrStmt } from "../ir.ts";
import { ZERO, cond, eq, k, leu, load, not, sub } from "../ops.ts";
import { TASK } from "../runtime/scheduler.ts";
import * as make from "../make.ts";

const RECORD: IrExpr = make.get(0, "i32");

/** Bytes of a frame for this many locals besides the record. */
export function frameBytes(locals: number): number {
  return locals * 4;
}

/** The function `name(record)` that runs or continues the body. The body leaves by `return` when the task is done. */
export function resumable(b: FunctionBuilder, name: string): IrFunction {
  const saved = b.locals.length;
  const pc = b.local();
  const frame = b.local();
  const leave = b.label();
  const machine = new Machine(b.get(pc), pc, leave);
  const body = machine.list(b.here);
  const enter: IrStmt[] = [
    make.set(frame, load(4, RECORD, TASK.frame)),
    make.set(pc, load(4, RECORD, TASK.pc)),
  ];
  const exit: IrStmt[] = [make.store(4, RECORD, TASK.pc, b.get(pc))];
  for (let i = 1; i < saved; i++) {
    enter.push(make.set(i, load(4, b.get(frame), (i - 1) * 4)));
    exit.push(make.store(4, b.get(frame), (i - 1) * 4, b.get(i)));
  }
  const all: IrStmt[] = [...enter, make.block(leave, body), ...exit, make.return([])];
  return make.fn(name, ["i32"], [], b.locals, all, "never");
}

/** Releases the frame when the task is done. */
export function releaseFrame(b: FunctionBuilder): void {
  b.call("rt.free", [load(4, RECORD, TASK.frame)]);
}

class Machine {
  private readonly pc: IrExpr;
  private readonly pcLocal: number;
  private readonly leave: number;
  private points = 0;

  constructor(pc: IrExpr, pcLocal: number, leave: number) {
    this.pc = pc;
    this.pcLocal = pcLocal;
    this.leave = leave;
  }

  list(stmts: readonly IrStmt[]): IrStmt[] {
    const out: IrStmt[] = [];
    let forward: IrStmt[] = [];
    const flush = (): void => {
      if (forward.length > 0) out.push(onlyForward(this.pc, forward));
      forward = [];
    };
    for (const s of stmts) {
      if (!suspends(s)) {
        forward.push(s);
        continue;
      }
      flush();
      out.push(...this.suspending(s));
    }
    flush();
    return out;
  }

  private suspending(s: IrStmt): IrStmt[] {
    const first = this.points + 1;
    switch (s.op) {
      case "suspend": {
        const point = ++this.points;
        const pause: IrStmt[] = [make.set(this.pcLocal, k(point)), make.br(this.leave, undefined)];
        const goOn: IrStmt[] = [make.set(this.pcLocal, ZERO)];
        return [make.if(eq(this.pc, k(point)), goOn, [make.if(not(this.pc), pause, [])])];
      }
      case "if": {
        const then = this.list(s.then);
        const middle = this.points;
        const otherwise = this.list(s.else);
        const choice = cond(this.pc, this.between(first, middle), s.cond);
        return [make.if(this.mayEnter(first), [make.if(choice, then, otherwise)], [])];
      }
      case "loop":
      case "block": {
        const body = this.list(s.body);
        return [make.if(this.mayEnter(first), [make.around(s, body)], [])];
      }
      default:
        return [s];
    }
  }

  private between(first: number, last: number): IrExpr {
    return last < first ? ZERO : leu(sub(this.pc, k(first)), k(last - first));
  }

  /** Running forward, or on the way to a point inside. */
  private mayEnter(first: number): IrExpr {
    return cond(this.pc, this.between(first, this.points), k(1));
  }
}

function onlyForward(pc: IrExpr, stmts: readonly IrStmt[]): IrStmt {
  return make.if(not(pc), stmts, []);
}

function suspends(s: IrStmt): boolean {
  switch (s.op) {
    case "suspend":
      return true;
    case "if":
      return s.then.some(suspends) || s.else.some(suspends);
    case "loop":
    case "block":
      return s.body.some(suspends);
    default:
      return false;
  }
}
