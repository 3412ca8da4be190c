// What a module shows to others, as plain data: signatures, types, which parameters a returned view may show, bodies of generics. Knows no other body.

import type { Expr, FunctionDecl, Module, TypeDecl } from "./ast.ts";
import { borrowedParams } from "./elab/provenance.ts";

/** A function as its callers need it. Only generic functions bring their body: callers make their own instances. */
export interface Signature extends Omit<FunctionDecl, "body" | "requires" | "ensures" | "invariant"> {
  readonly exported: boolean;
  readonly borrows: readonly number[];
  readonly generic: Pick<FunctionDecl, "body" | "requires" | "ensures" | "invariant"> | undefined;
}

export interface ModuleInterface {
  readonly id: string;
  readonly path: string;
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  readonly functions: readonly Signature[];
  readonly types: readonly TypeDecl[];
}

/** `imports` are the interfaces of all modules that the module reaches. */
export function interfaceOf(module: Module, imports: readonly ModuleInterface[]): ModuleInterface {
  const known = new Map<FunctionDecl, ReadonlySet<number>>();
  const foreign = new Map<string, FunctionDecl>();
  for (const i of imports) {
    for (const s of i.functions) {
      const decl = declOf(s);
      foreign.set(s.name, decl);
      known.set(decl, new Set(s.borrows));
    }
  }
  const find = (name: string): FunctionDecl | undefined => module.functions.get(name) ?? foreign.get(name);
  const functions = [...module.functions.values()].map((decl): Signature => {
    const { body, requires, ensures, invariant, ...head } = decl;
    const generic = decl.typeParams.length > 0 ? { body, requires, ensures, invariant } : undefined;
    return { ...head, exported: module.exports.has(decl.name), borrows: [...borrowedParams(decl, find, known)].sort(), generic };
  });
  return { id: module.id, path: module.path, imports: module.imports, exports: [...module.exports], functions, types: [...module.types.values()] };
}

const NO_BODY: Expr = 0;

function declOf(s: Signature): FunctionDecl {
  const { exported: _exported, borrows: _borrows, generic, ...head } = s;
  return { ...head, ...(generic ?? { body: NO_BODY, requires: [], ensures: [], invariant: [] }) };
}

/** The module as far as its interface tells, and what is known of its returned views. */
export function moduleOf(i: ModuleInterface): { readonly module: Module; readonly borrows: ReadonlyMap<FunctionDecl, ReadonlySet<number>> } {
  const functions = new Map<string, FunctionDecl>();
  const borrows = new Map<FunctionDecl, ReadonlySet<number>>();
  for (const s of i.functions) {
    const decl = declOf(s);
    functions.set(s.name, decl);
    borrows.set(decl, new Set(s.borrows));
  }
  const types = new Map(i.types.map((t) => [t.name, t]));
  return { module: { id: i.id, path: i.path, kind: "module", imports: i.imports, exports: new Set(i.exports), functions, types, solve: undefined }, borrows };
}
