// The last look into memory by a function that writes nothing, and the local that holds what it found: a second look need not be made.
// Knows the names of such functions, not what they look for.

import { hasCall } from "../elab/effects.ts";
import type { IrExpr } from "../ir.ts";
import { isSimple } from "../ir.ts";
import * as make from "../make.ts";

type Call = Extract<IrExpr, { op: "call" }>;

export interface Look {
  readonly call: Call;
  readonly local: number;
}

/** What these find depends on memory and their arguments alone. */
const LOOKS: ReadonlySet<string> = new Set(["rt.u32_find", "rt.vv_slot", "rt.mv_find", "rt.eq"]);

export class Looks {
  /** undefined: none, or something has been written since. */
  last: Look | undefined;

  /** The value, or the local where the last look has left it. */
  answer(value: IrExpr): IrExpr {
    const { last } = this;
    if (last === undefined) return value;
    if (value.op === "call" && value.target === last.call.target && value.args.every((a, i) => same(a, last.call.args[i]!))) return make.get(last.local, value.type);
    this.see(value);
    return value;
  }

  learn(local: number, value: IrExpr): void {
    if (value.op === "call" && LOOKS.has(value.target) && value.args.every(isSimple) && !reads(value, local)) this.last = { call: value, local };
  }

  /** What is evaluated may write. */
  see(e: IrExpr): void {
    if (this.last !== undefined && hasCall(e)) this.last = undefined;
  }

  assigned(local: number): void {
    if (this.last !== undefined && (this.last.local === local || reads(this.last.call, local))) this.last = undefined;
  }
}

function reads(call: Call, local: number): boolean {
  return call.args.some((a) => a.op === "get" && a.local === local);
}

function same(a: IrExpr, b: IrExpr): boolean {
  if (a.op === "get") return b.op === "get" && b.local === a.local;
  return a.op === "const" && b.op === "const" && b.value === a.value;
}
