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
import { sizeOf, Survey } from "./walk.ts";

/** Copied wherever it is called. */
export const SMALL = 16;
/** Copied when there is one call only. */
export const LARGE = 300;
/** A function that has grown to this takes in no more. */
const FULL = 4000;

/** A function, of these or of other units, as others call it. */
interface Called {
  readonly name: string;
  /** Undefined: it lies in another unit. */
  f: IrFunction | undefined;
  size: number;
  /** What it calls, each once. */
  callees: readonly Called[];
  /** Calls of it everywhere. */
  calls: number;
  /** When it has been improved. */
  done: IrFunction | undefined;
  /** As it is copied into callers, once somebody has asked; undefined: it is called. */
  copy: IrFunction | undefined;
  asked: boolean;
  /** The function that was last seen to call it. */
  caller: Called | undefined;
  /** Whether it has its place in the order. */
  placed: boolean;
}

/**
 * Works from the callees up, so that what is copied is already good. `outside` knows functions of other units, optimised already;
 * `roots` are called from there too.
 */
export function optimise(functions: ReadonlyMap<string, IrFunction>, outside: (name: string) => IrFunction | undefined = () => undefined, roots: ReadonlySet<string> = new Set()): ReadonlyMap<string, IrFunction> {
  const known = survey(functions, roots);
  const done = new Map<string, IrFunction>();
  const copyOf = (c: Called): IrFunction | undefined => {
    if (!c.asked) {
      if (c.f !== undefined && c.done === undefined) return undefined;
      c.asked = true;
      c.copy = mayCopy(c, c.f === undefined ? outside(c.name) : c.done);
    }
    return c.copy;
  };
  for (const c of bottomUp(functions, known)) {
    if (c.f === undefined) continue;
    const candidates: Candidates | undefined = c.size < FULL && c.callees.some((callee) => callee !== c && copyOf(callee) !== undefined)
      ? (name) => {
          const callee = known.get(name);
          return callee === undefined || callee === c ? undefined : copyOf(callee);
        }
      : undefined;
    c.done = improve(c.f, candidates);
    done.set(c.name, c.done);
  }
  return done;
}

function mayCopy(c: Called, f: IrFunction | undefined): IrFunction | undefined {
  if (f === undefined || f.inline === "never" || c.callees.includes(c)) return undefined;
  const limit = c.calls === 1 || f.inline === "always" ? LARGE : SMALL;
  return sizeOf(f.body, limit) <= limit ? f : undefined;
}

function survey(functions: ReadonlyMap<string, IrFunction>, roots: ReadonlySet<string>): ReadonlyMap<string, Called> {
  const known = new Map<string, Called>();
  const called = (name: string): Called => {
    let c = known.get(name);
    if (c === undefined) known.set(name, (c = { name, f: undefined, size: 0, callees: [], calls: 0, done: undefined, copy: undefined, asked: false, caller: undefined, placed: false }));
    return c;
  };
  for (const name of roots) called(name).calls++;
  for (const f of functions.values()) {
    const c = called(f.name);
    const { size, targets } = new Survey(f.body);
    const callees: Called[] = [];
    for (const target of targets) {
      const callee = called(target);
      callee.calls++;
      if (callee.caller !== c) callees.push(callee);
      callee.caller = c;
    }
    c.f = f;
    c.size = size;
    c.callees = callees;
  }
  return known;
}

/** Callees before callers where there is no cycle; an explicit stack, for call chains may be long. */
function bottomUp(functions: ReadonlyMap<string, IrFunction>, known: ReadonlyMap<string, Called>): Called[] {
  const order: Called[] = [];
  for (const name of [...functions.keys()].sort()) {
    const root = known.get(name);
    if (root === undefined || root.placed) continue;
    root.placed = true;
    const stack = [{ called: root, next: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const child = top.called.callees[top.next++];
      if (child === undefined) {
        order.push(top.called);
        stack.pop();
      } else if (!child.placed && child.f !== undefined) {
        child.placed = true;
        stack.push({ called: child, next: 0 });
      }
    }
  }
  return order;
}

function improve(f: IrFunction, candidates: Candidates | undefined): IrFunction {
  const neat = tidy(candidates === undefined ? f : inlineCalls(f, candidates));
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
