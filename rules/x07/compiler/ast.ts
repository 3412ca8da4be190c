// One x07 module after parsing: declarations by name, bodies still as JSON expressions. Knows no types' meaning.

import type { Json } from "./json.ts";

/** number | name | [head, ...]; checked by the parser. */
export type Expr = number | string | Expr[];

/** A type as written: a name, or ["t", "T"] for a type parameter. */
export type TypeExpr = string | { readonly parameter: string };

export interface Param {
  readonly name: string;
  readonly type: TypeExpr;
  readonly brand: string | undefined;
}

export interface Clause {
  readonly expr: Expr;
  readonly pointer: string;
}

export interface FunctionDecl {
  readonly name: string;
  readonly pointer: string;
  readonly async: boolean;
  readonly typeParams: readonly { readonly name: string; readonly bound: string | undefined }[];
  readonly params: readonly Param[];
  readonly result: TypeExpr;
  readonly resultBrand: string | undefined;
  readonly body: Expr;
  readonly requires: readonly Clause[];
  readonly ensures: readonly Clause[];
  readonly invariant: readonly Clause[];
  readonly decreases: number;
  /** Of a function whose body may be elsewhere: the parameters that a returned view may show. */
  readonly borrows?: readonly number[];
}

export interface RecordDecl {
  readonly kind: "record";
  readonly name: string;
  readonly fields: readonly string[];
}

export interface EnumDecl {
  readonly kind: "enum";
  readonly name: string;
  readonly variants: readonly { readonly name: string; readonly payload: boolean }[];
}

export type TypeDecl = RecordDecl | EnumDecl;

export interface Module {
  readonly id: string;
  readonly path: string;
  readonly kind: "entry" | "module";
  readonly imports: readonly string[];
  readonly exports: ReadonlySet<string>;
  readonly functions: ReadonlyMap<string, FunctionDecl>;
  readonly types: ReadonlyMap<string, TypeDecl>;
  readonly solve: Expr | undefined;
}

/** A place in a document, as a chain from the inside out; turned into text only when somebody asks. */
export interface Place {
  readonly parent: Place | undefined;
  readonly step: number | string;
}

export function within(parent: Place, step: number): Place {
  return { parent, step };
}

export function pointerOf(place: Place): string {
  const parts: string[] = [];
  for (let p: Place | undefined = place; p !== undefined; p = p.parent) parts.push(typeof p.step === "number" ? `/${p.step}` : p.step);
  return parts.reverse().join("");
}

export function headOf(expr: Expr): string | undefined {
  if (!Array.isArray(expr)) return undefined;
  const head = expr[0];
  return typeof head === "string" ? head : undefined;
}

export function sameExpr(a: Expr, b: Expr): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!sameExpr(a[i] ?? 0, b[i] ?? 0)) return false;
  return true;
}

/** Narrows a JSON value that the parser has already found to be an expression. */
export function asExpr(value: Json): Expr {
  return value as Expr;
}
