// The whole program while it is checked: resolves names across modules and collects the functions that are needed. Knows no expressions.

import type { FunctionDecl, Module, TypeDecl, TypeExpr } from "../ast.ts";
import { type Type, type TypeArgument, typeNamed } from "../types.ts";
import { Names } from "./names.ts";
import { borrowedParams } from "./provenance.ts";

export interface FunctionRef {
  readonly module: Module;
  readonly decl: FunctionDecl;
}

export interface Wanted {
  readonly type: Type;
  readonly brand: string | undefined;
}

/** A function as one of its calls needs it: with the type arguments put in. */
export interface Callee {
  /** The name that calls use. */
  readonly name: string;
  readonly params: readonly Wanted[];
  readonly result: Type;
}

export const NO_TYPES: ReadonlyMap<string, TypeArgument> = new Map();

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
  private readonly names: Names;
  private readonly imports = new Map<Module, ReadonlySet<string>>();
  private readonly instances = new Map<string, Instance>();
  private readonly waiting: Instance[] = [];
  private readonly borrows = new Map<FunctionDecl, ReadonlySet<number>>();
  private readonly callees = new Map<string, Callee>();
  /** What heads mean, by the module that they stand in. */
  private readonly resolved = new Map<string, Map<string, Resolution>>();
  private asked = new Set<string>();

  constructor(modules: ReadonlyMap<string, Module>) {
    this.modules = modules;
    this.names = new Names(modules);
  }

  private importsOf(module: Module): ReadonlySet<string> {
    let set = this.imports.get(module);
    if (set === undefined) this.imports.set(module, (set = new Set(module.imports)));
    return set;
  }

  /** What a head means in `from`. */
  resolve(head: string, from: string): Resolution {
    let known = this.resolved.get(from);
    if (known === undefined) this.resolved.set(from, (known = new Map()));
    let found = known.get(head);
    if (found === undefined) known.set(head, (found = this.find(head, from)));
    return found;
  }

  /** Records and enums are seen wherever their module is loaded, and stand before functions. */
  private find(head: string, from: string): Resolution {
    const dot = head.lastIndexOf(".");
    const decl = dot < 0 ? undefined : this.names.type(head.slice(0, dot))?.decl;
    const member = head.slice(dot + 1);
    if (decl !== undefined && hasMember(decl, member)) return { kind: "type", decl, member };
    const ref = this.names.function(head);
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
    const functions = new Set<string>();
    const members = new Set<string>();
    for (const module of this.modules.values()) {
      for (const name of module.functions.keys()) if (this.visible(name, module, from) === undefined) functions.add(name);
      for (const decl of module.types.values()) {
        for (const member of decl.kind === "enum" ? decl.variants.map((v) => v.name) : ["make", ...decl.fields]) members.add(`${decl.name}.${member}`);
      }
    }
    return [...functions, ...members];
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

  /** Registers a use, and tells what its call needs to know. */
  callee(ref: FunctionRef, typeArgs: ReadonlyMap<string, TypeArgument>): Callee {
    const name = this.need(ref, typeArgs);
    let callee = this.callees.get(name);
    if (callee === undefined) {
      const { params, result } = ref.decl;
      this.callees.set(name, (callee = { name, params: params.map((p) => ({ type: concrete(p.type, typeArgs), brand: p.brand })), result: concrete(result, typeArgs) }));
    }
    return callee;
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
    return borrowedParams(decl, (name) => this.names.function(name)?.decl, this.borrows);
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
  return typeNamed(type);
}
