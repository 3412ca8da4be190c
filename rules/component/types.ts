// The types of components, however they were written (WIT or binary): values, resources, functions, instances. Knows no
// syntax and no bytes.

import type { Primitive } from "../wit/ast.ts";

/** A resource is itself: two of the same name are two. */
export interface Resource {
  readonly name: string;
}

export interface Field {
  readonly name: string;
  readonly type: ValueType;
}

export interface Case {
  readonly name: string;
  readonly type: ValueType | undefined;
}

export type ValueType =
  | { readonly kind: "primitive"; readonly name: Primitive }
  | { readonly kind: "list"; readonly element: ValueType; readonly length: number | undefined }
  | { readonly kind: "map"; readonly key: ValueType; readonly value: ValueType }
  | { readonly kind: "option"; readonly some: ValueType }
  | { readonly kind: "result"; readonly ok: ValueType | undefined; readonly error: ValueType | undefined }
  | { readonly kind: "tuple"; readonly items: readonly ValueType[] }
  | { readonly kind: "record"; readonly fields: readonly Field[] }
  | { readonly kind: "variant"; readonly cases: readonly Case[] }
  | { readonly kind: "enum" | "flags"; readonly names: readonly string[] }
  | { readonly kind: "own" | "borrow"; readonly resource: Resource }
  | { readonly kind: "future" | "stream"; readonly element: ValueType | undefined };

export interface FuncType {
  readonly async: boolean;
  readonly params: readonly Field[];
  readonly result: ValueType | undefined;
}

/** Names in the order in which they are written. */
export type Externs = ReadonlyMap<string, Extern>;

/** What can be imported or exported under a name. */
export type Extern =
  | { readonly kind: "func"; readonly type: FuncType }
  | { readonly kind: "type"; readonly type: ValueType }
  | { readonly kind: "resource"; readonly resource: Resource }
  | { readonly kind: "instance"; readonly exports: Externs }
  | { readonly kind: "component"; readonly type: ComponentType }
  /** The type of a function, an instance or a component, itself under a name; only WIT packages in binary form have it. */
  | { readonly kind: "definition"; readonly of: "func" | "instance" | "component"; readonly definition: object }
  | { readonly kind: "module" }
  | { readonly kind: "value"; readonly type: ValueType };

/** A component, or a world: what goes in and what comes out. */
export interface ComponentType {
  readonly imports: Externs;
  readonly exports: Externs;
}

const PRIMITIVES = new Map<Primitive, ValueType>();

export function primitive(name: Primitive): ValueType {
  let known = PRIMITIVES.get(name);
  if (known === undefined) PRIMITIVES.set(name, (known = { kind: "primitive", name }));
  return known;
}

/** A short name of a type for messages. */
export function describe(type: ValueType): string {
  switch (type.kind) {
    case "primitive":
      return type.name;
    case "own":
      return type.resource.name;
    case "borrow":
      return `borrow<${type.resource.name}>`;
    default:
      return type.kind;
  }
}

export function describeExtern(e: Extern): string {
  if (e.kind === "definition") return `type of a ${e.of}`;
  return e.kind === "func" ? "function" : e.kind;
}
