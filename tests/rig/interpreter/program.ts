// Reads x07AST documents into one table of callables. Believes what it is given; does not check types.

import { unknown } from "./value.ts";

export type Expr = number | string | readonly Expr[];
export type Type = string | readonly string[];

export interface Param {
  readonly name: string;
  readonly ty: Type;
}
export interface Clause {
  readonly id?: string;
  readonly expr: Expr;
}
export interface Defn {
  readonly kind: "defn" | "defasync";
  readonly name: string;
  readonly params: readonly Param[];
  readonly result: Type;
  readonly body: Expr;
  readonly type_params?: readonly { readonly name: string }[];
  readonly requires?: readonly Clause[];
  readonly ensures?: readonly Clause[];
  readonly invariant?: readonly Clause[];
}
export interface Defrecord {
  readonly kind: "defrecord";
  readonly name: string;
  readonly fields: readonly { readonly name: string }[];
}
export interface Defenum {
  readonly kind: "defenum";
  readonly name: string;
  readonly variants: readonly { readonly name: string; readonly payload?: string }[];
}
export interface Document {
  readonly module_id: string;
  readonly imports?: readonly string[];
  readonly decls: readonly (Defn | Defrecord | Defenum | { readonly kind: "export"; readonly names: readonly string[] })[];
  readonly solve?: Expr;
}

export type Callable =
  | { readonly is: "function"; readonly defn: Defn }
  | { readonly is: "make"; readonly fields: number }
  | { readonly is: "field"; readonly offset: number }
  | { readonly is: "variant"; readonly index: number; readonly payload: boolean };

export interface Program {
  readonly callables: ReadonlyMap<string, Callable>;
  readonly solve: Expr;
}

/** Documents as parsed JSON: the entry, and every module by its id (more modules than needed do no harm). */
export interface Sources {
  readonly entry: unknown;
  readonly modules: { readonly [id: string]: unknown };
}

export function readProgram(sources: Sources): Program {
  const callables = new Map<string, Callable>();
  const entry = sources.entry as Document;
  const seen = new Set<string>();
  const visit = (document: Document): void => {
    for (const decl of document.decls) declare(callables, decl);
    for (const id of document.imports ?? []) {
      if (seen.has(id)) continue;
      seen.add(id);
      visit((sources.modules[id] as Document | undefined) ?? unknown(`no module ${id}`));
    }
  };
  visit(entry);
  return { callables, solve: entry.solve ?? unknown("the entry has no solve") };
}

function declare(into: Map<string, Callable>, decl: Document["decls"][number]): void {
  switch (decl.kind) {
    case "defn":
    case "defasync":
      // Constructors and fields stand before functions.
      if ((into.get(decl.name)?.is ?? "function") === "function") into.set(decl.name, { is: "function", defn: decl });
      break;
    case "defrecord":
      into.set(`${decl.name}.make`, { is: "make", fields: decl.fields.length });
      decl.fields.forEach((f, i) => into.set(`${decl.name}.${f.name}`, { is: "field", offset: 4 * i }));
      break;
    case "defenum":
      decl.variants.forEach((v, index) =>
        into.set(`${decl.name}.${v.name}`, { is: "variant", index, payload: v.payload !== undefined }),
      );
      break;
    case "export":
      break;
  }
}
