// One module at a time: module + interfaces of what it names -> an object of plain data; and what is wrong with a program of such
// objects. Knows no back end.

import type { Module } from "./ast.ts";
import type { CompileError, Fault } from "./errors.ts";
import { bySource, unique } from "./errors.ts";
import type { IrFunction } from "./ir.ts";
import { type Library, ownerOf } from "./library.ts";
import { lowerFunction, lowerSolve } from "./elab/body.ts";
import type { Lowered } from "./elab/body.ts";
import { Context } from "./elab/context.ts";
import { NO_TYPES, Program } from "./elab/program.ts";
import type { Roots } from "./elab/repairs.ts";
import { explained, rootsOf as rootsOfDecl } from "./elab/repairs.ts";
import type { ModuleInterface } from "./interface.ts";
import { moduleOf } from "./interface.ts";
import { anew } from "./make.ts";

/** What is known of a function after its check. Mistakes count only when the program reaches the function. */
export interface Checked {
  readonly name: string;
  /** File that the mistakes point into. */
  readonly path: string;
  readonly faults: readonly Fault[];
  /** Functions that it names; asked for even where code is missing. */
  readonly needs: readonly string[];
}

/** One function of a module, or one instance of a generic one. */
export interface ObjectFunction extends Checked {
  readonly code: readonly IrFunction[];
}

/** Serialisable: plain objects, arrays, strings, numbers. */
export interface ModuleObject {
  readonly id: string;
  /** Functions that other modules may call. */
  readonly roots: readonly string[];
  readonly functions: readonly ObjectFunction[];
}

/** An object that was kept as JSON. */
export function objectOf(text: string): ModuleObject {
  const object = JSON.parse(text) as ModuleObject;
  return { ...object, functions: object.functions.map(withShapes) };
}

/** A function that was read from JSON. */
export function withShapes(f: ObjectFunction): ObjectFunction {
  return { ...f, code: f.code.map(anew) };
}

/** Lowers every function of a module and the instances of generics that they need. `imports`: the interfaces of the modules it names. */
export function lowerModule(module: Module, imports: readonly ModuleInterface[]): ModuleObject {
  const modules = new Map([[module.id, module]]);
  for (const i of imports) if (i.id !== module.id) modules.set(i.id, moduleOf(i));
  const program = new Program(modules);
  const cx = new Context(program);
  const functions: ObjectFunction[] = [];
  const add = (name: string, path: string, { functions: code, faults, needs }: Lowered, roots: () => Roots): void => {
    functions.push({ name, path, code, faults: faults.length === 0 ? faults : faults.map((f) => explained(f, roots())), needs });
  };
  if (module.kind === "entry") add("solve", module.path, lowerSolve(cx, module.solve ?? 0), () => [["/solve", module.solve ?? 0]]);
  for (const decl of module.functions.values()) if (decl.typeParams.length === 0) program.need({ module, decl }, NO_TYPES);
  for (let next = program.take(); next !== undefined; next = program.take()) {
    const own = next.ref.module.id === module.id;
    if (own || next.ref.decl.typeParams.length > 0) add(next.name, next.ref.module.path, lowerFunction(cx, next), () => rootsOfDecl(next.ref.decl));
  }
  return { id: module.id, roots: rootsOf(module), functions };
}

/** Generic bodies are lowered elsewhere and may name what is not exported. */
function rootsOf(module: Module): string[] {
  if (module.kind === "entry") return ["solve"];
  const decls = [...module.functions.values()].filter((d) => d.typeParams.length === 0);
  const generic = decls.length < module.functions.size;
  return decls.filter((d) => generic || module.exports.has(d.name)).map((d) => d.name);
}

/** The functions that the roots need, by name. The first of equal instances counts; `more` knows functions that are not in the list. */
export function needed<F extends Checked>(functions: Iterable<F>, roots: Iterable<string>, more: (name: string) => F | undefined = () => undefined): Map<string, F> {
  const all = new Map<string, F>();
  for (const f of functions) if (!all.has(f.name)) all.set(f.name, f);
  const reached = new Map<string, F>();
  const queue = [...roots];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (reached.has(name)) continue;
    const f = all.get(name) ?? more(name);
    if (f === undefined) continue;
    reached.set(name, f);
    queue.push(...f.needs);
  }
  return reached;
}

/** Every mistake in what `solve` reaches, in source order. */
export function mistakes(functions: readonly Checked[], library: Library): CompileError[] {
  const names = new Set(functions.map((f) => f.name));
  const errors: CompileError[] = [];
  const reached = needed(functions, ["solve"], (name) => library.checked(name));
  for (const f of reached.values()) {
    for (const fault of f.faults) errors.push(...(names.has(f.name) ? [{ ...worded(fault, names, library), path: f.path }] : elsewhere(f, fault, reached, names)));
  }
  return unique(errors).sort(bySource);
}

/** What is wrong with a function of the library is told where the program's own functions lead to it. */
function elsewhere(f: Checked, { head: _, moved: __, expression: ___, ...fault }: Fault, reached: ReadonlyMap<string, Checked>, own: ReadonlySet<string>): CompileError[] {
  const errors: CompileError[] = [];
  const seen = new Set([f.name]);
  for (const name of seen) {
    for (const caller of reached.values()) {
      if (!caller.needs.includes(name)) continue;
      if (!own.has(caller.name)) seen.add(caller.name);
      else errors.push({ ...fault, path: caller.path, pointer: caller.name === "solve" ? "/solve" : "", hint: `${caller.name} calls ${name}, which needs another world: a solve-pure program has its input only` });
    }
  }
  return errors;
}

/** A name that its module does not know may be that of a module which others have loaded. */
function worded(fault: Fault, names: ReadonlySet<string>, library: Library): Fault {
  const { head, moved: _, ...rest } = fault;
  if (head === undefined) return rest;
  const module = head.name.slice(0, head.name.lastIndexOf("."));
  if (!names.has(head.name)) return library.interface(module)?.exports.includes(head.name) === true ? { ...rest, hint: "add the module to imports", quickfix: [{ op: "add", path: "/imports/-", value: module }] } : rest;
  const { nearest: __, ...missing } = rest;
  return { ...missing, kind: "Parse", code: "X07-IMPORT-0002", message: `call to ${JSON.stringify(head.name)} requires (import ${module}) in module ${JSON.stringify(head.from)}`, hint: "add the module to imports", quickfix: [{ op: "add", path: "/imports/-", value: module }] };
}

/** All that `solve` needs, the functions of the library too. */
export function wholeProgram(objects: readonly ModuleObject[], library: Library): Iterable<ObjectFunction> {
  const own = [...objects].sort((a, b) => (a.id < b.id ? -1 : 1)).flatMap((o) => o.functions);
  return needed(own, ["solve"], libraryFunctions(library)).values();
}

/** Functions of the library by name; an instance lies with the module that asked for it, which is known by the time it is named. */
function libraryFunctions(library: Library): (name: string) => ObjectFunction | undefined {
  const known = new Map<string, ObjectFunction>();
  const opened = new Set<string>();
  return (name) => {
    const owner = ownerOf(name);
    if (!opened.has(owner) && library.has(owner)) {
      opened.add(owner);
      for (const f of library.object(owner)?.functions ?? []) if (!known.has(f.name)) known.set(f.name, f);
    }
    return known.get(name);
  };
}
