// A parsed module as plain data, and the facts that decide what else it needs. Knows no types and no files.

import type { Expr, FunctionDecl, Module, TypeDecl } from "./ast.ts";
import type { CompileError } from "./errors.ts";

/** What is known of a module without its bodies: enough to plan what its checking needs. */
export interface ModuleFacts {
  readonly id: string;
  readonly path: string;
  readonly imports: readonly string[];
  /** Modules that its names may lead into: every prefix of a dotted name in it. */
  readonly mentions: readonly string[];
  /** Whether others may have to check and lower its bodies, as instances of their own. */
  readonly generic: boolean;
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: readonly CompileError[] };

/** A module whose maps and sets are lists. */
export interface ModuleDocument extends Omit<Module, "exports" | "functions" | "types" | "solve"> {
  readonly exports: readonly string[];
  readonly functions: readonly FunctionDecl[];
  readonly types: readonly TypeDecl[];
  readonly solve?: Expr | undefined;
}

export function documentOf(m: Module): ModuleDocument {
  return { ...m, exports: [...m.exports], functions: [...m.functions.values()], types: [...m.types.values()] };
}

export function moduleOfDocument(d: ModuleDocument): Module {
  return { ...d, exports: new Set(d.exports), functions: new Map(d.functions.map((f) => [f.name, f])), types: new Map(d.types.map((t) => [t.name, t])), solve: d.solve };
}

/** `names`: what the expressions of the module name (ParseOutcome). */
export function factsOf(m: Module, names: ReadonlySet<string>): ModuleFacts {
  const mentions = new Set<string>();
  for (const name of names) {
    for (let dot = name.lastIndexOf("."); dot > 0; dot = name.lastIndexOf(".", dot - 1)) mentions.add(name.slice(0, dot));
  }
  const generic = [...m.functions.values()].some((f) => f.typeParams.length > 0);
  return { id: m.id, path: m.path, imports: m.imports, mentions: [...mentions].sort(), generic };
}
