// Units of code -> a wasm module, or every mistake of the program. Knows what a whole program is, not how its parts were made.

import type { CompileError } from "./errors.ts";
import { fault } from "./errors.ts";
import type { Reached } from "./link.ts";
import { link } from "./link.ts";
import { type Library, ownerOf, RUNTIME_UNIT } from "./library.ts";
import type { Checked } from "./object.ts";
import { mistakes } from "./object.ts";
import { encodeModule, type MemoryPlan, planProblem } from "./wasm/module.ts";
import { better, type CodeFunction, summaryOf, SymbolicEncoder } from "./wasm/symbols.ts";

export interface Part {
  readonly functions: ReadonlyMap<string, CodeFunction>;
  /** What each of its functions names, and its mistakes; only asked for when there may be any. */
  readonly checked: () => readonly Checked[];
  readonly faulty: boolean;
  /** Functions of others that it names. */
  readonly outward: readonly string[];
}

export type CompileOutcome = { readonly ok: true; readonly wasm: Uint8Array } | { readonly ok: false; readonly errors: CompileError[] };

/** `path` is the entry's, where a bad memory plan is told. The order of the parts does not matter. */
export function linkParts(parts: readonly Part[], library: Library, memory: MemoryPlan, path: string): CompileOutcome {
  const suspicious = parts.some((p) => p.faulty || p.outward.some((name) => library.checked(name) !== undefined));
  const errors = suspicious ? mistakes(parts.flatMap((p) => p.checked()), library) : [];
  if (errors.length > 0) return { ok: false, errors };
  const own = new Map<string, CodeFunction>();
  for (const p of parts) for (const [name, f] of p.functions) if (better(f, own.get(name))) own.set(name, f);
  const missing = new Set<string>();
  const homes = new Map<CodeFunction, string>();
  const reached = (f: CodeFunction): Reached<CodeFunction> => ({ f, summary: summaryOf(f) });
  const find = (name: string, by: CodeFunction | undefined): Reached<CodeFunction> | undefined => {
    const mine = own.get(name);
    if (mine !== undefined) return reached(mine);
    // An instance of a generic lies with the unit that asked for it.
    const home = by === undefined ? undefined : homes.get(by);
    for (const unit of [ownerOf(name), home]) {
      const f = unit === undefined || !(unit === RUNTIME_UNIT || library.has(unit)) ? undefined : library.code(unit).get(name);
      if (f === undefined || unit === undefined) continue;
      homes.set(f, unit);
      return reached(f);
    }
    missing.add(name);
    return undefined;
  };
  const linked = link(find, (entry) => reached(new SymbolicEncoder().encode(entry)));
  if (missing.size > 0) return { ok: false, errors: [...missing].sort().map((name) => ({ ...fault("Internal", undefined, `no code for ${name}`, ""), path })) };
  const problem = planProblem(memory, linked.dataEnd);
  if (problem !== undefined) return { ok: false, errors: [{ ...fault(problem.kind, undefined, problem.message, ""), path }] };
  return { ok: true, wasm: encodeModule(linked, memory) };
}
