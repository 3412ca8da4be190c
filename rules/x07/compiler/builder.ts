// Builds the body of one IR function: locals, statement lists, labels. Used by the front end and by the runtime alike; knows only the IR.

import type { IrExpr, IrFunction, IrStmt, Scalar } from "./ir.ts";
import { isSimple, typeOf } from "./ir.ts";
import { not } from "./ops.ts";
import * as make from "./make.ts";

export class FunctionBuilder {
  readonly locals: Scalar[];
  readonly paramCount: number;
  /** The list that statements go to now. */
  here: IrStmt[] = [];
  private labels = 0;

  constructor(params: readonly Scalar[]) {
    this.locals = [...params];
    this.paramCount = params.length;
  }

  param(index: number): IrExpr {
    return this.get(index);
  }

  local(type: Scalar = "i32"): number {
    this.locals.push(type);
    return this.locals.length - 1;
  }

  get(local: number): IrExpr {
    return make.get(local, this.locals[local] ?? "i32");
  }

  emit(stmt: IrStmt): void {
    this.here.push(stmt);
  }

  set(local: number, value: IrExpr): void {
    if (value.op === "get" && value.local === local) return;
    this.here.push(make.set(local, value));
  }

  /** The value in a form that may be used twice: itself when simple, else a new local. */
  keep(value: IrExpr): IrExpr {
    return isSimple(value) ? value : this.fresh(value);
  }

  /** A new local that holds the value. */
  fresh(value: IrExpr): IrExpr {
    const t = this.local(typeOf(value));
    this.here.push(make.set(t, value));
    return this.get(t);
  }

  /** Begins a new list; gives the one around it, which `close` goes back to. */
  open(): IrStmt[] {
    const outer = this.here;
    this.here = [];
    return outer;
  }

  /** Ends the list that `open` began. */
  close(outer: IrStmt[]): IrStmt[] {
    const inner = this.here;
    this.here = outer;
    return inner;
  }

  /** Collects the statements that `fill` emits. */
  block(fill: () => void): IrStmt[] {
    const outer = this.open();
    fill();
    return this.close(outer);
  }

  label(): number {
    return this.labels++;
  }

  if(cond: IrExpr, then: () => void, otherwise?: () => void): void {
    this.emitIf(cond, this.block(then), otherwise === undefined ? [] : this.block(otherwise));
  }

  emitIf(cond: IrExpr, then: readonly IrStmt[], otherwise: readonly IrStmt[]): void {
    this.here.push(make.if(cond, settled(then), settled(otherwise)));
  }

  /** `while (cond) body`, tested at the top. */
  while(cond: () => IrExpr, body: (exit: number) => void): void {
    const exit = this.label();
    const again = this.label();
    const round = this.block(() => {
      const leave = not(cond());
      if (leave.op !== "const" || leave.value !== 0) this.here.push(make.br(exit, leave));
      body(exit);
      this.here.push(make.br(again, undefined));
    });
    this.here.push(make.block(exit, [make.loop(again, round)]));
  }

  br(label: number, cond?: IrExpr): void {
    this.here.push(make.br(label, cond));
  }

  trapIf(cond: IrExpr): void {
    if (cond.op === "const") {
      if (cond.value !== 0) this.here.push(make.trap());
      return;
    }
    this.here.push(make.trapIf(cond));
  }

  store(size: 1 | 2 | 4 | 8, addr: IrExpr, offset: number, value: IrExpr): void {
    this.here.push(make.store(size, addr, offset, value));
  }

  copy(dst: IrExpr, src: IrExpr, len: IrExpr): void {
    if (len.op === "const" && len.value === 0) return;
    this.here.push(make.copy(dst, src, len));
  }

  fill(dst: IrExpr, value: IrExpr, len: IrExpr): void {
    this.here.push(make.fill(dst, value, len));
  }

  call(target: string, args: readonly IrExpr[], dests: readonly number[] = NO_DESTS): void {
    this.here.push(make.call(target, args, dests));
  }

  /** Calls a function of several results into new locals. */
  callMany(target: string, args: readonly IrExpr[], results: readonly Scalar[]): IrExpr[] {
    const dests = results.map((t) => this.local(t));
    this.call(target, args, dests);
    return dests.map((d) => this.get(d));
  }

  ret(...values: readonly IrExpr[]): void {
    this.here.push(make.return(values));
  }

  finish(name: string, results: readonly Scalar[], inline: IrFunction["inline"] = "auto"): IrFunction {
    return make.fn(name, this.locals.slice(0, this.paramCount), results, this.locals.slice(), settled(this.here), inline);
  }
}

const NO_DESTS: readonly number[] = [];
const NO_STATEMENTS: readonly IrStmt[] = [];

/** A list that nothing is added to any more. A growing one holds room for many; what is kept should not. */
function settled(list: readonly IrStmt[]): readonly IrStmt[] {
  return list.length === 0 ? NO_STATEMENTS : list.slice();
}

export function callExpr(target: string, args: readonly IrExpr[], type: Scalar = "i32"): IrExpr {
  return make.callExpr(target, args, type);
}
