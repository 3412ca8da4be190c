// Code of one or more modules that are optimised together: objects -> functions with open names, and what may be copied into the
// callers outside. Knows the order of the stages, no files and no addresses.

import type { IrFunction } from "./ir.ts";
import type { Library } from "./library.ts";
import type { Checked, ModuleObject } from "./object.ts";
import { needed } from "./object.ts";
import { finish, LARGE, optimise, SMALL } from "./optimise/index.ts";
import { sizeOf } from "./optimise/walk.ts";
import { summarise } from "./link.ts";
import { ownerOf } from "./library.ts";
import { type CodeFunction, SymbolicEncoder } from "./wasm/symbols.ts";

export interface Unit {
  readonly functions: readonly CodeFunction[];
  readonly checked: readonly Checked[];
  /** Small functions that other units may copy. */
  readonly inline: readonly IrFunction[];
}

/** Functions of other units that may be copied into this one, by name. */
export type Outside = (name: string) => IrFunction | undefined;

/** Largest function that a unit offers for copying: user modules keep it small, so that few edits are seen elsewhere. */
export type Offer = typeof SMALL | typeof LARGE;

export function compileUnit(objects: readonly ModuleObject[], outside: Outside, offer: Offer = SMALL): Unit {
  const sorted = [...objects].sort((a, b) => (a.id < b.id ? -1 : 1));
  const all = sorted.flatMap((o) => o.functions);
  const whole = sorted.some((o) => o.roots.includes("solve"));
  // In a unit with `solve` nobody outside calls in: what the unit's other modules export is called from here or not at all.
  const roots = whole ? ["solve"] : sorted.flatMap((o) => o.roots);
  const code = new Map<string, IrFunction>();
  for (const f of needed(all, roots).values()) for (const c of f.code) code.set(c.name, c);
  const better = optimise(code, outside, new Set(roots));
  const encoder = new SymbolicEncoder();
  const kept = reachable(better, roots);
  const functions = kept.map((f) => encoder.encode(finish(f)));
  const checked = all.map(({ name, path, faults, needs }) => ({ name, path, faults, needs }));
  const inline = whole ? [] : kept.filter((f) => f.inline !== "never" && sizeOf(f.body, offer) <= offer && !callsInstance(f));
  return { functions, checked, inline };
}

/** Whether it calls an instance of a generic, which lies in its own unit and nowhere else. */
function callsInstance(f: IrFunction): boolean {
  for (const callee of summarise(f).callees) if (callee.includes("<")) return true;
  return false;
}

/** What is still called after copying, by name. */
function reachable(functions: ReadonlyMap<string, IrFunction>, roots: readonly string[]): IrFunction[] {
  const seen = new Set<string>();
  const queue = [...roots];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const f = functions.get(name);
    if (f === undefined || seen.has(name)) continue;
    seen.add(name);
    const { callees, entries } = summarise(f);
    queue.push(...callees, ...entries);
  }
  return [...seen].sort().flatMap((name) => functions.get(name) ?? []);
}

/** Looks up what may be copied: in the given units, then in the library. */
export function outsideOf(inline: Iterable<IrFunction>, library: Library): Outside {
  const known = new Map<string, IrFunction>();
  for (const f of inline) if (!known.has(f.name)) known.set(f.name, f);
  return (name) => known.get(name) ?? (library.has(ownerOf(name)) ? library.inline(name) : undefined);
}
