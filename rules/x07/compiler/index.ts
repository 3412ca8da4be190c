// The embedded x07 compiler: sources -> a core wasm module, or every mistake found. Pure; the caller brings the bytes.

import type { CompileError, Fault } from "./errors.ts";
import { bySource, unique } from "./errors.ts";
import type { IrFunction } from "./ir.ts";
import { lowerFunction, lowerSolve } from "./elab/body.ts";
import type { Lowered } from "./elab/body.ts";
import { Program } from "./elab/program.ts";
import { loadModules } from "./modules.ts";
import type { LoadedSource, ModuleSet } from "./modules.ts";
import { emit } from "./object.ts";
import type { MemoryPlan } from "./wasm/module.ts";

export type { CompileError, ErrorKind, PatchOp } from "./errors.ts";
export type { MemoryPlan } from "./wasm/module.ts";
export type { LoadedSource } from "./modules.ts";
export { interfaceOf } from "./interface.ts";
export type { ModuleInterface } from "./interface.ts";
export { linkObjects, lowerModule } from "./object.ts";
export type { ModuleObject } from "./object.ts";
export { parseModule } from "./parse.ts";

export interface Sources {
  readonly entry: { readonly path: string; readonly bytes: Uint8Array };
  /** Resolves a module id; called once per id. */
  load(id: string): LoadedSource;
}

export interface CompileRequest extends Sources {
  readonly memory: MemoryPlan;
}

export type CompileOutcome = { readonly ok: true; readonly wasm: Uint8Array } | { readonly ok: false; readonly errors: CompileError[] };

export function compile(request: CompileRequest): CompileOutcome {
  const lowered = lower(request);
  if (!lowered.ok) return lowered;
  return emit(lowered.functions, request.memory, request.entry.path);
}

/** The front end alone, for every back end. */
export function lower(sources: Sources): LoweredProgram {
  const loaded = loadModules(sources.entry, (id) => sources.load(id));
  return loaded.ok ? lowerProgram(loaded.set) : loaded;
}

export type LoweredProgram = { readonly ok: true; readonly functions: ReadonlyMap<string, IrFunction> } | { readonly ok: false; readonly errors: CompileError[] };

/** Checks and lowers solve and everything it reaches; the rest of the program is not looked at. */
function lowerProgram(set: ModuleSet): LoweredProgram {
  const program = new Program(set.modules);
  const functions = new Map<string, IrFunction>();
  const found: { module: string; path: string; faults: readonly Fault[] }[] = [];
  const take = (module: string, path: string, lowered: Lowered): void => {
    for (const f of lowered.functions) functions.set(f.name, f);
    if (lowered.faults.length > 0) found.push({ module, path, faults: lowered.faults });
  };
  take("main", set.entry.path, lowerSolve(program, set.entry.solve ?? 0));
  for (let next = program.take(); next !== undefined; next = program.take()) {
    take(next.ref.module.id, next.ref.module.path, lowerFunction(program, next));
  }
  if (found.length === 0) return { ok: true, functions };
  const errors = found.flatMap((f) => f.faults.map((fault) => ({ ...fault, path: f.path })));
  return { ok: false, errors: unique(errors).sort(bySource) };
}
