// What a module shows to others, as plain data: signatures, types, which parameters a returned view may show, bodies of generics. Knows no other body.

import type { FunctionDecl, Module, TypeDecl } from "./ast.ts";
import { Names } from "./elab/names.ts";
import { borrowedParams } from "./elab/provenance.ts";

/** A function as its callers need it. Only generic functions bring their body and contracts: callers make their own instances. */
export interface Signature extends FunctionDecl {
  /** The parameters that a returned view may show. */
  readonly borrows: readonly number[];
}

export interface ModuleInterface {
  readonly id: string;
  readonly path: string;
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  readonly functions: readonly Signature[];
  readonly types: readonly TypeDecl[];
}

const NONE = [] as const;

/** `imports` are the interfaces of the modules that the module names. */
export function interfaceOf(module: Module, imports: readonly ModuleInterface[]): ModuleInterface {
  const known = new Map<FunctionDecl, ReadonlySet<number>>();
  const foreign = new Names(new Map(imports.map((i) => [i.id, moduleOf(i)])));
  const find = (name: string): FunctionDecl | undefined => module.functions.get(name) ?? foreign.function(name)?.decl;
  const functions = Array.from(module.functions.values(), (decl) => signatureOf(decl, borrowedParams(decl, find, known)));
  return { id: module.id, path: module.path, imports: module.imports, exports: [...module.exports], functions, types: [...module.types.values()] };
}

function signatureOf(decl: FunctionDecl, shown: ReadonlySet<number>): Signature {
  const borrows = shown.size === 0 ? NONE : [...shown].sort();
  if (decl.typeParams.length > 0) return { ...decl, borrows };
  const { name, pointer, async, typeParams, params, result, resultBrand, decreases } = decl;
  return { name, pointer, async, typeParams, params, result, resultBrand, body: 0, requires: NONE, ensures: NONE, invariant: NONE, decreases, borrows };
}

/** Modules of interfaces: those who import the same one share it. */
const modules = new WeakMap<ModuleInterface, Module>();

/** The module as far as its interface tells; its functions are signatures. */
export function moduleOf(i: ModuleInterface): Module {
  const known = modules.get(i);
  if (known !== undefined) return known;
  const functions = new Map<string, FunctionDecl>();
  for (const s of i.functions) functions.set(s.name, s);
  const types = new Map(i.types.map((t) => [t.name, t]));
  const module: Module = { id: i.id, path: i.path, kind: "module", imports: i.imports, exports: new Set(i.exports), functions, types, solve: undefined };
  modules.set(i, module);
  return module;
}
