// The whole program while it is checked: resolves names across modules and collects the functions that are needed. Knows no expressions.

import type { FunctionDecl, Module, TypeDecl, TypeExpr } from "../ast.ts";
import type { Type, TypeArgument } from "../types.ts";
import { borrowedParams } from "./provenance.ts";

export interface FunctionRef {
  readonly module: Module;
  readonly decl: FunctionDecl;
}

export type Resolution =
  | { readonly kind: "function"; readonly ref: FunctionRef }
  | { readonly kind: "type"; readonly decl: TypeDecl; readonly member: string }
  | { readonly kind: "unknown" }
  | { readonly kind: "refused"; readonly why: "import" | "export"; readonly module: string; readonly message: string };

/** One function to be checked and lowered: a declaration with its type arguments. */
export interface Instance {
  readonly name: string;
  readonly ref: FunctionRef;
  readonly typeArgs: ReadonlyMap<string, TypeArgument>;
}

const NOBODY: readonly string[] = [];

export class Program {
  readonly modules: ReadonlyMap<string, Module>;
  private readonly functions = new Map<string, FunctionRef>();
  private readonly types = new Map<string, { readonly module: Module; readonly decl: TypeDecl }>();
  private readonly imports = new Map<Module, ReadonlySet<string>>();
  private readonly instances = new Map<string, Instance>();
  private readonly waiting: Instance[] = [];
  private readonly borrows: Map<FunctionDecl, ReadonlySet<number>>;
  private asked = new Set<string>();

  /** `borrows`: what is known already of functions whose bodies are not here. */
  constructor(modules: ReadonlyMap<string, Module>, borrows: ReadonlyMap<FunctionDecl, ReadonlySet<number>> = new Map()) {
    this.modules = modules;
    this.borrows = new Map(borrows);
    for (const module of modules.values()) {
      for (const decl of module.functions.values()) this.functions.set(decl.name, { module, decl });
      for (const decl of module.types.values()) this.types.set(decl.name, { module, decl });
    }
  }

  private importsOf(module: Module): ReadonlySet<string> {
    let set = this.imports.get(module);
    if (set === undefined) this.imports.set(module, (set = new Set(module.imports)));
    return set;
  }

  function(name: string): FunctionRef | undefined {
    return this.functions.get(name);
  }

  /** What a head means in `from`. Records and enums are seen wherever their module is loaded, and stand before functions. */
  resolve(head: string, from: string): Resolution {
    const dot = head.lastIndexOf(".");
    const decl = dot < 0 ? undefined : this.types.get(head.slice(0, dot))?.decl;
    const member = head.slice(dot + 1);
    if (decl !== undefined && hasMember(decl, member)) return { kind: "type", decl, member };
    const ref = this.functions.get(head);
    if (ref !== undefined) return this.visible(head, ref.module, from) ?? { kind: "function", ref };
    return decl === undefined ? { kind: "unknown" } : { kind: "type", decl, member };
  }

  private visible(name: string, owner: Module, from: string): Resolution | undefined {
    if (owner.id === from) return undefined;
    const module = this.modules.get(from);
    if (module === undefined || !this.importsOf(module).has(owner.id))
      return { kind: "refused", why: "import", module: owner.id, message: `call to ${JSON.stringify(name)} requires (import ${owner.id}) in module ${JSON.stringify(from)}` };
    if (owner.kind === "module" && !owner.exports.has(name))
      return { kind: "refused", why: "export", module: owner.id, message: `function ${JSON.stringify(name)} is not exported by module ${JSON.stringify(owner.id)}` };
    return undefined;
  }

  /** Every head of the program's own that may stand in `from`. */
  visibleFrom(from: string): string[] {
    const names: string[] = [];
    for (const [name, { module }] of this.functions) if (this.visible(name, module, from) === undefined) names.push(name);
    for (const [name, { decl }] of this.types) {
      names.push(...(decl.kind === "enum" ? decl.variants.map((v) => `${name}.${v.name}`) : ["make", ...decl.fields].map((f) => `${name}.${f}`)));
    }
    return names;
  }

  /** A record or enum by its full name. */
  type(name: string): TypeDecl | undefined {
    return this.types.get(name)?.decl;
  }

  /** Registers a use; returns the name that calls use. */
  need(ref: FunctionRef, typeArgs: ReadonlyMap<string, TypeArgument>): string {
    const name = typeArgs.size === 0 ? ref.decl.name : `${ref.decl.name}<${[...typeArgs.values()].join(",")}>`;
    this.asked.add(name);
    if (!this.instances.has(name)) {
      const instance: Instance = { name, ref, typeArgs };
      this.instances.set(name, instance);
      this.waiting.push(instance);
    }
    return name;
  }

  /** The names asked for since the last time. */
  takeNeeds(): readonly string[] {
    if (this.asked.size === 0) return NOBODY;
    const names = [...this.asked];
    this.asked = new Set();
    return names;
  }

  /** The next function that somebody needs and nobody has taken yet. */
  take(): Instance | undefined {
    return this.waiting.pop();
  }

  /** Indices of the parameters whose bytes a returned view may show. */
  borrowsOf(decl: FunctionDecl): ReadonlySet<number> {
    return borrowedParams(decl, (name) => this.functions.get(name)?.decl, this.borrows);
  }
}

function hasMember(decl: TypeDecl, member: string): boolean {
  return decl.kind === "enum" ? decl.variants.some((v) => v.name === member) : member === "make" || decl.fields.includes(member);
}

/** The type that a written type stands for, inside an instance. */
export function concrete(type: TypeExpr, typeArgs: ReadonlyMap<string, TypeArgument>): Type {
  if (typeof type !== "string") {
    const given = typeArgs.get(type.parameter) ?? "error";
    return given === "u32" ? "i32" : given;
  }
  if (type.startsWith("ptr_")) return "error";
  return type as Type;
}
