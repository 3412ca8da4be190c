// The form of a WIT file as it is written: names not yet looked up. Knows no file and no other package.

/** Where something is written: the file and the offset in it. */
export interface Place {
  readonly file: string;
  readonly at: number;
}

export interface PackageName {
  readonly namespace: string;
  readonly name: string;
  readonly version: string | undefined;
}

/** An interface or a world by name: in this package, or in another. */
export interface WitPath extends Place {
  readonly package: PackageName | undefined;
  readonly name: string;
}

/** What switches an item on or off; `undefined` where nothing does. */
export type Gate = { readonly feature: string } | undefined;

export const PRIMITIVES = ["bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string", "error-context"] as const;
export type Primitive = (typeof PRIMITIVES)[number];

export type TypeAst =
  | { readonly kind: "primitive"; readonly name: Primitive }
  | ({ readonly kind: "name"; readonly name: string } & Place)
  | { readonly kind: "list"; readonly element: TypeAst; readonly length: number | undefined }
  | { readonly kind: "map"; readonly key: TypeAst; readonly value: TypeAst }
  | { readonly kind: "option"; readonly some: TypeAst }
  | { readonly kind: "result"; readonly ok: TypeAst | undefined; readonly error: TypeAst | undefined }
  | { readonly kind: "tuple"; readonly items: readonly TypeAst[] }
  | ({ readonly kind: "own" | "borrow"; readonly resource: string } & Place)
  | { readonly kind: "future" | "stream"; readonly element: TypeAst | undefined };

export interface Parameter {
  readonly name: string;
  readonly type: TypeAst;
}

export interface FuncAst {
  readonly async: boolean;
  readonly params: readonly Parameter[];
  readonly result: TypeAst | undefined;
}

export interface MethodAst extends Place {
  readonly kind: "constructor" | "method" | "static";
  readonly gate: Gate;
  /** `""` of a constructor. */
  readonly name: string;
  readonly func: FuncAst;
}

export type TypeDefinition =
  | { readonly form: "alias"; readonly type: TypeAst }
  | { readonly form: "record"; readonly fields: readonly Parameter[] }
  | { readonly form: "variant"; readonly cases: readonly { readonly name: string; readonly type: TypeAst | undefined }[] }
  | { readonly form: "enum" | "flags"; readonly names: readonly string[] }
  | { readonly form: "resource"; readonly methods: readonly MethodAst[] };

interface Gated extends Place {
  readonly gate: Gate;
}
export interface UseAst extends Gated {
  readonly item: "use";
  readonly from: WitPath;
  readonly names: readonly ({ readonly name: string; readonly as: string } & Place)[];
}
export interface TypeAstItem extends Gated {
  readonly item: "type";
  readonly name: string;
  readonly definition: TypeDefinition;
}
export interface FuncItem extends Gated {
  readonly item: "func";
  readonly name: string;
  readonly func: FuncAst;
}
export type InterfaceItem = UseAst | TypeAstItem | FuncItem;

export interface InterfaceAst extends Gated {
  readonly name: string;
  readonly items: readonly InterfaceItem[];
}

export type PortAst = { readonly kind: "path"; readonly path: WitPath } | { readonly kind: "func"; readonly name: string; readonly func: FuncAst } | { readonly kind: "interface"; readonly name: string; readonly items: readonly InterfaceItem[] };
export interface PortItem extends Gated {
  readonly item: "import" | "export";
  readonly port: PortAst;
}
export interface IncludeItem extends Gated {
  readonly item: "include";
  readonly from: WitPath;
  readonly renames: readonly { readonly from: string; readonly to: string }[];
}
export type WorldItem = PortItem | IncludeItem | UseAst | TypeAstItem;

export interface WorldAst extends Gated {
  readonly name: string;
  readonly items: readonly WorldItem[];
}

/** `use a:b/c as d` at the top of a file: a name for this file alone. */
export interface TopUse extends Place {
  readonly path: WitPath;
  readonly as: string;
}

/** What one package, or the part of it in one file, holds. */
export interface PackageBody {
  readonly interfaces: readonly InterfaceAst[];
  readonly worlds: readonly WorldAst[];
  readonly uses: readonly TopUse[];
}

export interface WitFileAst extends PackageBody {
  readonly file: string;
  readonly package: PackageName | undefined;
  /** Packages in braces. */
  readonly nested: readonly (PackageBody & Place & { readonly package: PackageName })[];
}

/** `ns:name@1.2.3` */
export function packageId(p: PackageName): string {
  return `${p.namespace}:${p.name}${p.version === undefined ? "" : `@${p.version}`}`;
}

/** `ns:name/interface@1.2.3` */
export function memberId(p: PackageName, member: string): string {
  return `${p.namespace}:${p.name}/${member}${p.version === undefined ? "" : `@${p.version}`}`;
}
