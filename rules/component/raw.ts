// What a component declares at one level, by index, as its binary form has it. Knows no bytes.

import type { Primitive } from "../wit/ast.ts";

export type Sort = "func" | "value" | "type" | "component" | "instance" | "core";

/** A primitive, or the index of a type at this level. */
export type RawValue = Primitive | number;
export interface RawField {
  readonly name: string;
  readonly type: RawValue;
}

export type RawType =
  | { readonly form: "value"; readonly type: Primitive }
  | { readonly form: "record"; readonly fields: readonly RawField[] }
  | { readonly form: "variant"; readonly cases: readonly { readonly name: string; readonly type: RawValue | undefined }[] }
  | { readonly form: "list"; readonly element: RawValue; readonly length: number | undefined }
  | { readonly form: "map"; readonly key: RawValue; readonly value: RawValue }
  | { readonly form: "tuple"; readonly items: readonly RawValue[] }
  | { readonly form: "enum" | "flags"; readonly names: readonly string[] }
  | { readonly form: "option"; readonly some: RawValue }
  | { readonly form: "result"; readonly ok: RawValue | undefined; readonly error: RawValue | undefined }
  | { readonly form: "own" | "borrow"; readonly resource: number }
  | { readonly form: "future" | "stream"; readonly element: RawValue | undefined }
  | { readonly form: "func"; readonly async: boolean; readonly params: readonly RawField[]; readonly result: RawValue | undefined }
  | { readonly form: "resource" }
  | { readonly form: "instance" | "component"; readonly decls: readonly RawDecl[] };

export type RawExtern =
  | { readonly kind: "func" | "component" | "instance" | "module"; readonly index: number }
  | { readonly kind: "value"; readonly type: RawValue | undefined; readonly index: number | undefined }
  | { readonly kind: "type"; readonly eq: number }
  | { readonly kind: "resource" };

export type RawAlias =
  | { readonly from: "export"; readonly sort: Sort; readonly instance: number; readonly name: string }
  | { readonly from: "core" }
  | { readonly from: "outer"; readonly sort: Sort; readonly count: number; readonly index: number };

/** A declaration inside the type of an instance or of a component. */
export type RawDecl =
  | { readonly decl: "core" }
  | { readonly decl: "type"; readonly type: RawType }
  | { readonly decl: "alias"; readonly alias: RawAlias }
  | { readonly decl: "import" | "export"; readonly name: string; readonly extern: RawExtern };

export interface RawReference {
  readonly sort: Sort;
  readonly index: number;
}

/** One thing at the top of a component, in file order; those that concern core code alone are left out. */
export type RawItem =
  | { readonly item: "type"; readonly type: RawType }
  | { readonly item: "alias"; readonly alias: RawAlias }
  | { readonly item: "import"; readonly name: string; readonly extern: RawExtern }
  | { readonly item: "export"; readonly name: string; readonly what: RawReference; readonly as: RawExtern | undefined }
  | { readonly item: "component"; readonly start: number; readonly end: number }
  | { readonly item: "instantiate"; readonly component: number; readonly arguments: readonly (RawReference & { readonly name: string })[] }
  | { readonly item: "instance"; readonly exports: readonly (RawReference & { readonly name: string })[] }
  | { readonly item: "lift"; readonly type: number }
  | { readonly item: "value" };
