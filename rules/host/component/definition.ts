// The definitions of a component as its binary states them, in file order, indices not yet resolved. Declares types only.

export type CoreSort = "func" | "table" | "memory" | "global" | "type" | "module" | "instance";
export type Sort = "core func" | "core table" | "core memory" | "core global" | "core type" | "core module" | "core instance" | "func" | "value" | "type" | "component" | "instance";

export type Primitive = "bool" | "s8" | "u8" | "s16" | "u16" | "s32" | "u32" | "s64" | "u64" | "f32" | "f64" | "char" | "string";

/** A value type: a primitive or an index of the type space. */
export type ValueRef = Primitive | number;

export interface Field {
  readonly name: string;
  readonly type: ValueRef;
}
export interface Case {
  readonly name: string;
  readonly type: ValueRef | null;
}

export type TypeDefinition =
  | { readonly kind: "primitive"; readonly of: Primitive }
  | { readonly kind: "record"; readonly fields: readonly Field[] }
  | { readonly kind: "variant"; readonly cases: readonly Case[] }
  | { readonly kind: "list" | "option"; readonly of: ValueRef }
  | { readonly kind: "tuple"; readonly of: readonly ValueRef[] }
  | { readonly kind: "flags" | "enum"; readonly names: readonly string[] }
  | { readonly kind: "result"; readonly ok: ValueRef | null; readonly err: ValueRef | null }
  | { readonly kind: "own" | "borrow"; readonly resource: number }
  | { readonly kind: "func"; readonly params: readonly Field[]; readonly result: ValueRef | null }
  | { readonly kind: "component" | "instance"; readonly declarations: readonly Definition[] }
  | { readonly kind: "resource"; readonly destructor: number | null };

export type ExternType =
  | { readonly kind: "func" | "component" | "instance"; readonly type: number }
  | { readonly kind: "core module" | "value" }
  | { readonly kind: "type"; readonly equal: number | null };

export interface SortIndex {
  readonly sort: Sort;
  readonly index: number;
}
export interface NamedIndex extends SortIndex {
  readonly name: string;
}

export type AliasTarget =
  | { readonly kind: "export" | "core export"; readonly instance: number; readonly name: string }
  | { readonly kind: "outer"; readonly count: number; readonly index: number };

export interface CanonOptions {
  readonly encoding: "utf8" | "utf16" | "latin1+utf16";
  readonly memory: number | null;
  readonly realloc: number | null;
  readonly postReturn: number | null;
}

export type Canon =
  | { readonly kind: "lift"; readonly core: number; readonly type: number; readonly options: CanonOptions }
  | { readonly kind: "lower"; readonly func: number; readonly options: CanonOptions }
  | { readonly kind: "resource.new" | "resource.drop" | "resource.rep"; readonly resource: number };

export type Definition =
  | { readonly kind: "core module"; readonly start: number; readonly end: number }
  | { readonly kind: "core instance"; readonly module: number; readonly args: readonly { readonly name: string; readonly instance: number }[] }
  | { readonly kind: "core exports" | "exports"; readonly items: readonly NamedIndex[] }
  | { readonly kind: "core type" }
  | { readonly kind: "component"; readonly body: readonly Definition[] }
  | { readonly kind: "instance"; readonly component: number; readonly args: readonly NamedIndex[] }
  | { readonly kind: "alias"; readonly sort: Sort; readonly target: AliasTarget }
  | { readonly kind: "type"; readonly type: TypeDefinition }
  | { readonly kind: "canon"; readonly canon: Canon }
  | { readonly kind: "import"; readonly name: string; readonly type: ExternType }
  /** `type` alone in a type's declarations; `of` alone or with a type in a component's body. */
  | { readonly kind: "export"; readonly name: string; readonly of: SortIndex | null; readonly type: ExternType | null };
