// The optimiser: IR functions -> fewer, better IR functions with the same meaning. Knows the IR and which pass helps which.

import type { IrExpr, IrFunction, IrStmt } from "../ir.ts";
import { visit } from "../link.ts";
import { removeDead } from "./dead.ts";
import { inlineCalls } from "./inline.ts";
import type { Candidates } from "./inline.ts";
import { propagate } from "./propagate.ts";
import { unrollLoops } from "./unroll.ts";
import { sizeOf } from "./walk.ts";

/** Copied wherever it is called. */
const SMALL = 16;
/** Copied when there is one call only. */
const LARGE = 300;
/** A function that has grown to this takes in no more. */
const FULL = 4000;

/** Works from the callees up, so that what is copied is already good. `solve` is the root; what it does not reach stays as it is. */
export function optimise(functions: ReadonlyMap<string, IrFunction>): ReadonlyMap<string, IrFunction> {
  const counts = new Map<string, number>();
  const callees = new Map<string, readonly string[]>();
  for (const f of functions.values()) callees.set(f.name, countCalls(f, counts));
  const done = new Map<string, IrFunction>();
  const small = new Map<string, boolean>();
  const candidate = (caller: IrFunction) => (name: string): IrFunction | undefined => {
    const callee = done.get(name);
    if (callee === undefined || callee.inline === "never" || name === caller.name) return undefined;
    const fits = small.get(name);
    return fits === true ? callee : undefined;
  };
  for (const name of bottomUp(functions, callees)) {
    const f = functions.get(name);
    if (f === undefined) continue;
    const may = candidate(f);
    const calls = callees.get(name)?.some((c) => may(c) !== undefined) === true;
    const better = improve(f, calls ? may : undefined);
    done.set(name, better);
    const limit = counts.get(name) === 1 ? LARGE : SMALL;
    small.set(name, !(callees.get(name) ?? []).includes(name) && sizeOf(better.body, limit) <= limit);
  }
  return done;
}

function improve(f: IrFunction, candidate: Candidates | undefined): IrFunction {
  const inlined = candidate !== undefined && sizeOf(f.body, FULL) < FULL ? inlineCalls(f, candidate) : f;
  return unrollLoops(removeDead(propagate(inlined)));
}

function countCalls(f: IrFunction, calls: Map<string, number>): readonly string[] {
  const targets = new Set<string>();
  const note = (x: IrExpr | IrStmt): void => {
    if (x.op !== "call") return;
    targets.add(x.target);
    calls.set(x.target, (calls.get(x.target) ?? 0) + 1);
  };
  visit(f.body, note, note);
  return [...targets];
}

/** Callees before callers where there is no cycle; an explicit stack, for call chains may be long. */
function bottomUp(functions: ReadonlyMap<string, IrFunction>, callees: ReadonlyMap<string, readonly string[]>): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  for (const root of [...functions.keys()].sort()) {
    if (seen.has(root)) continue;
    seen.add(root);
    const stack = [{ name: root, next: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const child = callees.get(top.name)?.[top.next++];
      if (child === undefined) {
        order.push(top.name);
        stack.pop();
      } else if (!seen.has(child) && functions.has(child)) {
        seen.add(child);
        stack.push({ name: child, next: 0 });
      }
    }
  }
  return order;
}
