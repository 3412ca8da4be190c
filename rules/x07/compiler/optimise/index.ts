// The optimiser: IR functions -> fewer, better IR functions with the same meaning. Knows the IR and which pass helps which.

import type { IrFunction } from "../ir.ts";
import { coalesce, removeDeadSets } from "./coalesce.ts";
import { withoutDead } from "./dead.ts";
import { shareExits } from "./exits.ts";
import { inlineCalls } from "./inline.ts";
import type { Candidates } from "./inline.ts";
import { propagate } from "./propagate.ts";
import { shareValues } from "./share.ts";
import { sinkValues } from "./sink.ts";
import { threadJumps } from "./thread.ts";
import { unrollFully, unrollLoops } from "./unroll.ts";
import { eachCall, sizeOf } from "./walk.ts";

/** Copied wherever it is called. */
export const SMALL = 16;
/** Copied when there is one call only. */
export const LARGE = 300;
/** A function that has grown to this takes in no more. */
const FULL = 4000;

/**
 * Works from the callees up, so that what is copied is already good. `outside` knows functions of other units, optimised already;
 * `roots` are called from there too.
 */
export function optimise(functions: ReadonlyMap<string, IrFunction>, outside: (name: string) => IrFunction | undefined = () => undefined, roots: ReadonlySet<string> = new Set()): ReadonlyMap<string, IrFunction> {
  const counts = new Map<string, number>([...roots].map((r) => [r, 1]));
  const callees = new Map<string, readonly string[]>();
  for (const f of functions.values()) callees.set(f.name, countCalls(f, counts));
  const done = new Map<string, IrFunction>();
  const fits = new Map<string, IrFunction | undefined>();
  /** The function as it is copied into callers; undefined: it is called. */
  const copyOf = (name: string): IrFunction | undefined => {
    if (fits.has(name)) return fits.get(name);
    const f = functions.has(name) ? done.get(name) : outside(name);
    if (f === undefined) return functions.has(name) ? undefined : remember(name, undefined);
    const limit = counts.get(name) === 1 || f.inline === "always" ? LARGE : SMALL;
    const recursive = callees.get(name)?.includes(name) === true;
    return remember(name, f.inline !== "never" && !recursive && sizeOf(f.body, limit) <= limit ? f : undefined);
  };
  const remember = (name: string, f: IrFunction | undefined): IrFunction | undefined => {
    fits.set(name, f);
    return f;
  };
  for (const name of bottomUp(functions, callees)) {
    const f = functions.get(name);
    if (f === undefined) continue;
    const may = (callee: string): IrFunction | undefined => (callee === name ? undefined : copyOf(callee));
    const calls = callees.get(name)?.some((c) => may(c) !== undefined) === true;
    done.set(name, improve(f, calls ? may : undefined));
  }
  return done;
}

function improve(f: IrFunction, candidate: Candidates | undefined): IrFunction {
  const inlined = candidate !== undefined && sizeOf(f.body, FULL) < FULL ? inlineCalls(f, candidate) : f;
  const neat = tidy(inlined);
  const written = unrollFully(neat);
  return unrollLoops(written === undefined ? neat : tidy(written));
}

function tidy(f: IrFunction): IrFunction {
  const { f: left, reads } = withoutDead(propagate(f));
  return sinkValues(left, reads);
}

/** What makes code shorter but harder to improve once it has been copied: for functions that are about to be encoded. */
export function finish(f: IrFunction): IrFunction {
  const threaded = threadJumps(shareExits(f));
  return coalesce(shareValues(threaded.left ? removeDeadSets(threaded.f) : threaded.f));
}

/** A function that nothing is copied into. */
export function improveAlone(f: IrFunction): IrFunction {
  return finish(improve(f, undefined));
}

function countCalls(f: IrFunction, calls: Map<string, number>): readonly string[] {
  const targets: string[] = [];
  eachCall(f.body, (target) => {
    if (!targets.includes(target)) targets.push(target);
    calls.set(target, (calls.get(target) ?? 0) + 1);
  });
  return targets;
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
