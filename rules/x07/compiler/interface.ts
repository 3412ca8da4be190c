// What a module shows to others, as plain data: signatures, types, which parameters a returned view may show, bodies of generics. Knows no other body.

import type { FunctionDecl, Module, TypeDecl } from "./ast.ts";
import { borrowedParams } from "./elab/provenance.ts";

/** A function as its callers need it. Only generic functions bring their body and contracts: callers make their own instances. */
export interface Signature extends FunctionDecl {
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

const NO_BODY = { body: 0, requires: [], ensures: [], invariant: [] } as const;

/** `imports` are the interfaces of the modules that the module names. */
export function interfaceOf(module: Module, imports: readonly ModuleInterface[]): ModuleInterface {
  const known = new Map<FunctionDecl, ReadonlySet<number>>();
  const foreign = new Map<string, FunctionDecl>();
  for (const i of imports) {
    for (const s of i.functions) {
      foreign.set(s.name, s);
      known.set(s, borrowsOf(s));
    }
  }
  const find = (name: string): FunctionDecl | undefined => module.functions.get(name) ?? foreign.get(name);
  const functions = [...module.functions.values()].map((decl): Signature => {
    const borrows = [...borrowedParams(decl, find, known)].sort();
    return { ...decl, ...(decl.typeParams.length > 0 ? {} : NO_BODY), borrows };
  });
  return { id: module.id, path: module.path, imports: module.imports, exports: [...module.exports], functions, types: [...module.types.values()] };
}

const NOTHING: ReadonlySet<number> = new Set();

function borrowsOf(s: Signature): ReadonlySet<number> {
  return s.borrows.length === 0 ? NOTHING : new Set(s.borrows);
}

/** The module as far as its interface tells, and what is known of its returned views. */
export function moduleOf(i: ModuleInterface): { readonly module: Module; readonly borrows: ReadonlyMap<FunctionDecl, ReadonlySet<number>> } {
  const functions = new Map<string, FunctionDecl>();
  const borrows = new Map<FunctionDecl, ReadonlySet<number>>();
  for (const s of i.functions) {
    functions.set(s.name, s);
    borrows.set(s, borrowsOf(s));
  }
  const types = new Map(i.types.map((t) => [t.name, t]));
  return { module: { id: i.id, path: i.path, kind: "module", imports: i.imports, exports: new Set(i.exports), functions, types, solve: undefined }, borrows };
}
