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

export function factsOf(m: Module): ModuleFacts {
  const mentions = new Set<string>();
  if (m.solve !== undefined) mention(m.solve, mentions);
  let generic = false;
  for (const f of m.functions.values()) {
    generic ||= f.typeParams.length > 0;
    mention(f.body, mentions);
    for (const clause of [...f.requires, ...f.ensures, ...f.invariant]) mention(clause.expr, mentions);
  }
  return { id: m.id, path: m.path, imports: m.imports, mentions: [...mentions].sort(), generic };
}

function mention(e: Expr, into: Set<string>): void {
  if (typeof e === "string") {
    for (let dot = e.lastIndexOf("."); dot > 0; dot = e.lastIndexOf(".", dot - 1)) {
      const prefix = e.slice(0, dot);
      if (into.has(prefix)) return;
      into.add(prefix);
    }
    return;
  }
  if (!Array.isArray(e)) return;
  const literal = e[0] === "bytes.lit" || e[0] === "bytes.view_lit";
  if (!literal) for (const x of e) mention(x, into);
}
