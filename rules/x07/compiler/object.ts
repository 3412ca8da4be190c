// One module at a time: module + interfaces of what it imports -> an object of plain data; objects -> a wasm module. Knows the order of stages.

import type { FunctionDecl, Module } from "./ast.ts";
import type { CompileError, Fault } from "./errors.ts";
import { bySource, fault, unique } from "./errors.ts";
import type { IrFunction } from "./ir.ts";
import { lowerFunction, lowerSolve } from "./elab/body.ts";
import type { Lowered } from "./elab/body.ts";
import { Program } from "./elab/program.ts";
import type { ModuleInterface } from "./interface.ts";
import { moduleOf } from "./interface.ts";
import { link } from "./link.ts";
import { optimise } from "./optimise/index.ts";
import { encodeModule, planProblem } from "./wasm/module.ts";
import type { MemoryPlan } from "./wasm/module.ts";

/** One function of a module, or one instance of a generic one. Mistakes count only when the program reaches the function. */
export interface ObjectFunction {
  readonly name: string;
  /** File that the mistakes point into. */
  readonly path: string;
  readonly code: readonly IrFunction[];
  readonly faults: readonly Fault[];
  /** Functions that it names; asked for even where `code` is missing. */
  readonly needs: readonly string[];
}

/** Serialisable: plain objects, arrays, strings, numbers. */
export interface ModuleObject {
  readonly id: string;
  readonly functions: readonly ObjectFunction[];
}

/** Lowers every function of a module and the instances of generics that they need. `imports`: the interfaces of all modules it reaches. */
export function lowerModule(module: Module, imports: readonly ModuleInterface[]): ModuleObject {
  const modules = new Map([[module.id, module]]);
  const borrows = new Map<FunctionDecl, ReadonlySet<number>>();
  for (const i of imports) {
    const known = moduleOf(i);
    if (i.id === module.id) continue;
    modules.set(i.id, known.module);
    for (const [decl, params] of known.borrows) borrows.set(decl, params);
  }
  const program = new Program(modules, borrows);
  const functions: ObjectFunction[] = [];
  const add = (name: string, path: string, lowered: Lowered): void => {
    functions.push({ name, path, code: lowered.functions, faults: lowered.faults, needs: lowered.needs });
  };
  if (module.kind === "entry") add("solve", module.path, lowerSolve(program, module.solve ?? 0));
  for (const decl of module.functions.values()) if (decl.typeParams.length === 0) program.need({ module, decl }, new Map());
  for (let next = program.take(); next !== undefined; next = program.take()) {
    const own = next.ref.module.id === module.id;
    if (own || next.ref.decl.typeParams.length > 0) add(next.name, next.ref.module.path, lowerFunction(program, next));
  }
  return { id: module.id, functions };
}

export type LinkOutcome = { readonly ok: true; readonly wasm: Uint8Array } | { readonly ok: false; readonly errors: CompileError[] };

/** Joins the objects of a whole program. The order of the objects does not matter. */
export function linkObjects(objects: readonly ModuleObject[], memory: MemoryPlan): LinkOutcome {
  const all = new Map<string, ObjectFunction>();
  for (const o of objects) for (const f of o.functions) all.set(f.name, f);
  const code = new Map<string, IrFunction>();
  const errors: CompileError[] = [];
  const seen = new Set<string>();
  const queue = ["solve"];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const f = all.get(name);
    if (f === undefined || seen.has(name)) continue;
    seen.add(name);
    for (const fault of f.faults) errors.push({ ...fault, path: f.path });
    for (const c of f.code) code.set(c.name, c);
    for (const need of f.needs) queue.push(need);
  }
  if (errors.length > 0) return { ok: false, errors: unique(errors).sort(bySource) };
  return emit(code, memory, all.get("solve")?.path ?? "");
}

/** Optimises, links and encodes checked code; `path` is where a bad memory plan is told. */
export function emit(code: ReadonlyMap<string, IrFunction>, memory: MemoryPlan, path: string): LinkOutcome {
  const linked = link(optimise(code));
  const problem = planProblem(memory, linked.dataEnd);
  if (problem !== undefined) return { ok: false, errors: [{ ...fault(problem.kind, undefined, problem.message, ""), path }] };
  return { ok: true, wasm: encodeModule(linked, memory) };
}
