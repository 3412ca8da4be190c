// Types of components back to bytes, with every index that leads out of them replaced. The inverse of binary.ts.

import type { ByteWriter } from "../wasm/write.ts";
import type { Primitive } from "../wit/ast.ts";
import type { RawAlias, RawDecl, RawExtern, RawField, RawType, RawValue, Sort } from "./raw.ts";

/** The new index of a type of the level that is copied from. */
export type Renumber = (index: number) => number;

const PRIMITIVE_CODES: { readonly [name in Primitive]: number } = {
  bool: 0x7f, s8: 0x7e, u8: 0x7d, s16: 0x7c, u16: 0x7b, s32: 0x7a, u32: 0x79, s64: 0x78, u64: 0x77, f32: 0x76, f64: 0x75, char: 0x74,
  string: 0x73, "error-context": 0x64,
};

export const SORT_CODES: { readonly [sort in Exclude<Sort, "core">]: number } = { func: 1, value: 2, type: 3, component: 4, instance: 5 };

/** Why a type cannot be copied, where it cannot. */
export function uncopied(type: RawType): string | undefined {
  if (type.form === "resource") return "a resource of its own";
  if (type.form !== "instance" && type.form !== "component") return undefined;
  for (const d of type.decls) {
    if (d.decl === "core") return "a core type";
    if ((d.decl === "import" || d.decl === "export") && (d.extern.kind === "module" || d.extern.kind === "value")) return `a ${d.extern.kind}`;
    const inner = d.decl === "type" ? uncopied(d.type) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** The indices of its own level that a type needs. `depth` is how many types it is inside of. */
export function indicesOf(type: RawType, found: Set<number>, depth = 0): void {
  const value = (v: RawValue | undefined) => (typeof v === "number" && depth === 0 ? void found.add(v) : undefined);
  switch (type.form) {
    case "record":
      return type.fields.forEach((f) => value(f.type));
    case "variant":
      return type.cases.forEach((c) => value(c.type));
    case "list":
    case "future":
    case "stream":
      return value(type.element);
    case "map":
      return value(type.key), value(type.value);
    case "tuple":
      return type.items.forEach(value);
    case "option":
      return value(type.some);
    case "result":
      return value(type.ok), value(type.error);
    case "own":
    case "borrow":
      return value(type.resource);
    case "func":
      return type.params.forEach((p) => value(p.type)), value(type.result);
    case "instance":
    case "component":
      for (const d of type.decls) {
        if (d.decl === "type") indicesOf(d.type, found, depth + 1);
        else if (d.decl === "alias" && d.alias.from === "outer" && d.alias.count === depth + 1) found.add(d.alias.index);
      }
      return;
    default:
      return;
  }
}

export class TypeWriter {
  readonly #w: ByteWriter;
  readonly #renumber: Renumber;

  constructor(writer: ByteWriter, renumber: Renumber) {
    this.#w = writer;
    this.#renumber = renumber;
  }

  #index(index: number, depth: number): number {
    return depth === 0 ? this.#renumber(index) : index;
  }

  #value(v: RawValue, depth: number): void {
    if (typeof v === "string") return void this.#w.u8(PRIMITIVE_CODES[v]);
    this.#w.s32(this.#index(v, depth));
  }

  #maybe(v: RawValue | undefined, depth: number): void {
    this.#w.u8(v === undefined ? 0 : 1);
    if (v !== undefined) this.#value(v, depth);
  }

  #all<T>(items: readonly T[], one: (item: T) => void): void {
    this.#w.u32(items.length);
    items.forEach(one);
  }

  #fields(fields: readonly RawField[], depth: number): void {
    this.#all(fields, (f) => (this.#w.name(f.name), this.#value(f.type, depth)));
  }

  type(type: RawType, depth = 0): void {
    const code = FORM_CODES[type.form];
    switch (type.form) {
      case "value":
        return void this.#w.u8(PRIMITIVE_CODES[type.type]);
      case "list":
        this.#w.u8(type.length === undefined ? 0x70 : 0x67);
        this.#value(type.element, depth);
        return type.length === undefined ? undefined : void this.#w.u32(type.length);
      case "func":
        this.#w.u8(type.async ? 0x43 : 0x40);
        this.#fields(type.params, depth);
        return type.result === undefined ? void this.#w.u8(1).u8(0) : (this.#w.u8(0), this.#value(type.result, depth));
      default:
        this.#w.u8(code);
        return this.#body(type, depth);
    }
  }

  #body(type: Exclude<RawType, { readonly form: "value" | "list" | "func" }>, depth: number): void {
    switch (type.form) {
      case "record":
        return this.#fields(type.fields, depth);
      case "variant":
        return this.#all(type.cases, (c) => (this.#w.name(c.name), this.#maybe(c.type, depth), this.#w.u8(0)));
      case "map":
        return this.#value(type.key, depth), this.#value(type.value, depth);
      case "tuple":
        return this.#all(type.items, (i) => this.#value(i, depth));
      case "enum":
      case "flags":
        return this.#all(type.names, (n) => this.#w.name(n));
      case "option":
        return this.#value(type.some, depth);
      case "result":
        return this.#maybe(type.ok, depth), this.#maybe(type.error, depth);
      case "own":
      case "borrow":
        return void this.#w.u32(this.#index(type.resource, depth));
      case "future":
      case "stream":
        return this.#maybe(type.element, depth);
      case "instance":
      case "component":
        return this.#all(type.decls, (d) => this.#decl(d, depth + 1));
      default:
        return;
    }
  }

  #decl(d: RawDecl, depth: number): void {
    if (d.decl === "type") return this.#w.u8(1), this.type(d.type, depth);
    if (d.decl === "alias") return this.#w.u8(2), this.#alias(d.alias, depth);
    if (d.decl === "core") return;
    this.#w.u8(d.decl === "import" ? 3 : 4).u8(0).name(d.name);
    this.extern(d.extern, depth);
  }

  #alias(alias: RawAlias, depth: number): void {
    if (alias.from === "core" || alias.sort === "core") return;
    this.#w.u8(SORT_CODES[alias.sort]);
    if (alias.from === "export") this.#w.u8(0).u32(alias.instance).name(alias.name);
    else this.#w.u8(2).u32(alias.count).u32(alias.count === depth ? this.#renumber(alias.index) : alias.index);
  }

  extern(extern: RawExtern, depth = 0): void {
    switch (extern.kind) {
      case "func":
        return void this.#w.u8(1).u32(this.#index(extern.index, depth));
      case "component":
        return void this.#w.u8(4).u32(this.#index(extern.index, depth));
      case "instance":
        return void this.#w.u8(5).u32(this.#index(extern.index, depth));
      case "type":
        return void this.#w.u8(3).u8(0).u32(this.#index(extern.eq, depth));
      case "resource":
        return void this.#w.u8(3).u8(1);
      default:
        return;
    }
  }
}

const FORM_CODES: { readonly [form in RawType["form"]]: number } = {
  value: 0, record: 0x72, variant: 0x71, list: 0x70, tuple: 0x6f, flags: 0x6e, enum: 0x6d, option: 0x6b, result: 0x6a, own: 0x69, borrow: 0x68,
  stream: 0x66, future: 0x65, map: 0x63, func: 0x40, component: 0x41, instance: 0x42, resource: 0x3f,
};
