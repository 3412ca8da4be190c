// Code of one or more modules that are optimised together: objects -> functions with open names, and what may be copied into the
// callers outside. Knows the order of the stages, no files and no addresses.

import type { IrFunction } from "./ir.ts";
import type { Library } from "./library.ts";
import type { Checked, ModuleObject } from "./object.ts";
import { needed } from "./object.ts";
import { finish, LARGE, optimise, SMALL } from "./optimise/index.ts";
import { sizeOf } from "./optimise/walk.ts";
import { ownerOf, RUNTIME_UNIT } from "./library.ts";
import { runtimeFunction } from "./runtime/index.ts";
import { anew } from "./make.ts";
import { type CodeFunction, summaryOf, SymbolicEncoder } from "./wasm/symbols.ts";

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
  const encoded = encodeReached(better, roots);
  const kept = [...encoded.keys()].sort();
  const functions = kept.map((name) => encoded.get(name)!);
  const checked = all.map(({ name, path, faults, needs }) => ({ name, path, faults, needs }));
  const offered = (f: IrFunction): boolean => f.inline !== "never" && sizeOf(f.body, offer) <= offer && !callsInstance(encoded.get(f.name)!);
  const inline = whole ? [] : kept.map((name) => better.get(name)!).filter(offered);
  return { functions, checked, inline };
}

/** Whether it calls an instance of a generic, which lies in its own unit and nowhere else. */
function callsInstance(f: CodeFunction): boolean {
  for (const callee of summaryOf(f).callees) if (callee.includes("<")) return true;
  return false;
}

/** Encodes what is still called after copying. */
function encodeReached(functions: ReadonlyMap<string, IrFunction>, roots: readonly string[]): Map<string, CodeFunction> {
  const encoder = new SymbolicEncoder();
  const encoded = new Map<string, CodeFunction>();
  const queue = [...roots];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const f = encoded.has(name) ? undefined : functions.get(name);
    if (f === undefined) continue;
    const code = encoder.encode(finish(f));
    encoded.set(name, code);
    encoder.eachFunctionNamed(code, (callee) => void (functions.has(callee) && !encoded.has(callee) && queue.push(callee)));
  }
  return encoded;
}

/** Looks up what may be copied: in what the given units offer, read from JSON, then in the library; of the runtime, what asks for it. */
export function outsideOf(inline: Iterable<IrFunction>, library: Library): Outside {
  const known = new Map<string, IrFunction>();
  for (const f of inline) if (!known.has(f.name)) known.set(f.name, f);
  return (name) => {
    const owner = ownerOf(name);
    if (owner === RUNTIME_UNIT) return copied(runtimeFunction(name));
    const f = known.get(name);
    return f !== undefined ? anew(f) : library.has(owner) ? library.inline(name) : undefined;
  };
}

function copied(f: IrFunction | undefined): IrFunction | undefined {
  return f?.inline === "always" ? f : undefined;
}
