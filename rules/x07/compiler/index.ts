// The embedded x07 compiler as one call: sources -> a core wasm module, or every mistake found. The stages are doors of their own, so
// that a build can keep what each of them made. Pure; the caller brings the bytes.

import { documentOf, factsOf, type ModuleFacts, moduleOfDocument, type Parsed } from "./document.ts";
import type { CompileError } from "./errors.ts";
import type { Module } from "./ast.ts";
import { interfaceOf, type ModuleInterface } from "./interface.ts";
import type { Library } from "./library.ts";
import { arrange, type Found, interfacesNeeded } from "./modules.ts";
import { lowerModule, type ModuleObject, objectOf } from "./object.ts";
import { parseModule } from "./parse.ts";
import { type CompileOutcome, linkParts } from "./program.ts";
import { compileUnit, outsideOf } from "./unit.ts";
import type { MemoryPlan } from "./wasm/module.ts";

export type { CompileError, ErrorKind, PatchOp } from "./errors.ts";
export type { ModuleDocument, ModuleFacts, Parsed } from "./document.ts";
export type { CompileOutcome, Part } from "./program.ts";
export type { IrFunction } from "./ir.ts";
export type { Library } from "./library.ts";
export type { MemoryPlan } from "./wasm/module.ts";
export type { Checked, ModuleObject } from "./object.ts";
export type { ModuleInterface } from "./interface.ts";
export type { Found } from "./modules.ts";
export { arrange, compileUnit, documentOf, factsOf, interfaceOf, interfacesNeeded, linkParts, lowerModule, moduleOfDocument, objectOf, outsideOf, parseModule };

export type LoadedSource = Found<{ readonly path: string; readonly bytes: Uint8Array }>;

export interface Sources {
  readonly entry: { readonly path: string; readonly bytes: Uint8Array };
  /** Resolves the id of a module that is not in the library; called once per id. */
  load(id: string): LoadedSource;
  readonly library: Library;
}

export interface CompileRequest extends Sources {
  readonly memory: MemoryPlan;
}

export function compile(request: CompileRequest): CompileOutcome {
  const { library, memory, entry } = request;
  const lowered = lower(request);
  if (!lowered.ok) return lowered;
  const { functions, checked } = compileUnit(lowered.objects, outsideOf([], library));
  return linkParts([{ functions: new Map(functions.map((f) => [f.name, f])), checked: () => checked, faulty: true, outward: [] }], library, memory, entry.path);
}

export type LoweredProgram = { readonly ok: true; readonly objects: readonly ModuleObject[] } | { readonly ok: false; readonly errors: CompileError[] };

/** The front end alone: the objects of the program's own modules. Mistakes in functions are in the objects still. */
export function lower({ entry, load, library }: Sources): LoweredProgram {
  const modules = new Map<string, Module>();
  const parse = (id: string, source: { readonly path: string; readonly bytes: Uint8Array }): Parsed<ModuleFacts> => {
    const parsed = parseModule(id, source.path, source.bytes, id === "main" ? "entry" : "module");
    if (!parsed.ok) return parsed;
    modules.set(id, parsed.module);
    return { ok: true, value: factsOf(parsed.module, parsed.names) };
  };
  const found = (id: string): Found<Parsed<ModuleFacts>> => {
    const source = load(id);
    return source.kind === "found" ? { kind: "found", value: parse(id, source.value) } : source;
  };
  const { order, errors } = arrange(parse("main", entry), found, library);
  if (errors.length > 0) return { ok: false, errors: [...errors] };
  const facts = new Map(order.map((m) => [m.id, m]));
  const interfaces = new Map<string, ModuleInterface>();
  const objects: ModuleObject[] = [];
  for (const m of order) {
    const module = modules.get(m.id);
    if (module === undefined) continue;
    const needs = interfacesNeeded(m, (id) => facts.get(id) ?? library.facts(id)).flatMap((id) => interfaces.get(id) ?? library.interface(id) ?? []);
    objects.push(lowerModule(module, needs));
    interfaces.set(m.id, interfaceOf(module, needs));
  }
  return { ok: true, objects };
}
