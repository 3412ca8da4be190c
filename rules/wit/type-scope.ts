// The types and functions of one interface or world, with their names looked up. Knows no other interface: what `use` brings is
// given to it.

import { type Extern, type Field, type FuncType, primitive, type Resource, type ValueType } from "../component/types.ts";
import type { FuncAst, Gate, MethodAst, Parameter, Place, TypeAst, TypeAstItem, TypeDefinition } from "./ast.ts";

/** What lookups share: the first fault, the features that are on, and how far names have led to names. */
export interface Lookup {
  spoil(place: Place, message: string): void;
  on(gate: Gate): boolean;
  /** `inner`, unless names have led to names too often. */
  deeper<T>(place: Place, inner: () => T): T | undefined;
}

const NOTHING: ValueType = primitive("bool");

export class TypeScope {
  readonly #lookup: Lookup;
  readonly #written = new Map<string, TypeAstItem>();
  /** Looked up, or brought by `use`. */
  readonly #known = new Map<string, Extern>();
  readonly #busy = new Set<string>();

  constructor(written: readonly TypeAstItem[], lookup: Lookup) {
    this.#lookup = lookup;
    for (const item of written) {
      if (this.#written.has(item.name)) lookup.spoil(item, `\`${item.name}\` is defined more than once`);
      this.#written.set(item.name, item);
    }
  }

  /** A type of another interface, under this name. */
  bring(name: string, extern: Extern, place: Place): void {
    if (this.#known.has(name) || this.#written.has(name)) this.#lookup.spoil(place, `\`${name}\` is defined more than once`);
    else this.#known.set(name, extern);
  }

  named(name: string, from: Place): Extern | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const item = this.#written.get(name);
    if (item === undefined) return void this.#lookup.spoil(from, `there is no type \`${name}\` here`);
    if (this.#busy.has(name)) return void this.#lookup.spoil(from, `the type \`${name}\` holds itself`);
    this.#busy.add(name);
    const extern = this.#lookup.deeper(from, () => this.#define(item.definition, item));
    this.#busy.delete(name);
    if (extern !== undefined) this.#known.set(name, extern);
    return extern;
  }

  // ---- types ---------------------------------------------------------------------------------------

  #define(definition: TypeDefinition, item: TypeAstItem): Extern {
    switch (definition.form) {
      case "resource":
        return { kind: "resource", resource: { name: item.name } };
      case "alias":
        if (definition.type.kind === "name") return this.named(definition.type.name, definition.type) ?? { kind: "type", type: NOTHING };
        return { kind: "type", type: this.#value(definition.type) };
      case "record":
        this.#distinct(definition.fields.map((f) => f.name), item);
        return { kind: "type", type: { kind: "record", fields: this.#fields(definition.fields) } };
      case "variant":
        this.#distinct(definition.cases.map((c) => c.name), item);
        return { kind: "type", type: { kind: "variant", cases: definition.cases.map((c) => ({ name: c.name, type: c.type && this.#value(c.type) })) } };
      default:
        this.#distinct(definition.names, item);
        return { kind: "type", type: { kind: definition.form, names: definition.names } };
    }
  }

  #distinct(names: readonly string[], item: TypeAstItem): void {
    const twice = repeated(names);
    if (twice !== undefined) this.#lookup.spoil(item, `\`${twice}\` is in \`${item.name}\` more than once`);
  }

  #fields(all: readonly Parameter[]): Field[] {
    return all.map((f) => ({ name: f.name, type: this.#value(f.type) }));
  }

  #value(ast: TypeAst): ValueType {
    const some = (t: TypeAst | undefined) => t && this.#value(t);
    switch (ast.kind) {
      case "primitive":
        return primitive(ast.name);
      case "name":
        return asValue(this.named(ast.name, ast));
      case "own":
      case "borrow":
        return this.#handle(ast.kind, this.named(ast.resource, ast), ast);
      case "list":
        return { ...ast, element: this.#value(ast.element) };
      case "map":
        return { ...ast, key: this.#value(ast.key), value: this.#value(ast.value) };
      case "option":
        return { ...ast, some: this.#value(ast.some) };
      case "result":
        return { ...ast, ok: some(ast.ok), error: some(ast.error) };
      case "tuple":
        return { ...ast, items: ast.items.map((i) => this.#value(i)) };
      default:
        return { ...ast, element: some(ast.element) };
    }
  }

  #handle(kind: "own" | "borrow", found: Extern | undefined, place: Place): ValueType {
    if (found?.kind === "resource") return { kind, resource: found.resource };
    if (found !== undefined) this.#lookup.spoil(place, "only a resource can be owned or borrowed");
    return NOTHING;
  }

  // ---- functions -----------------------------------------------------------------------------------

  func(ast: FuncAst, place: Place, self?: Field): FuncType {
    const params = [...(self === undefined ? [] : [self]), ...this.#fields(ast.params)];
    const twice = repeated(params.map((p) => p.name));
    if (twice !== undefined) this.#lookup.spoil(place, `the parameter \`${twice}\` is there twice`);
    const result = ast.result && this.#value(ast.result);
    if (result !== undefined && holdsBorrow(result)) this.#lookup.spoil(place, "a result holds no `borrow`");
    return { async: ast.async, params, result };
  }

  /** The functions of a resource, under the names that components give them. */
  methods(item: TypeAstItem): readonly (readonly [string, Extern])[] {
    const own = this.#known.get(item.name);
    if (item.definition.form !== "resource" || own?.kind !== "resource") return [];
    const taken = new Set<string>();
    for (const m of item.definition.methods) {
      if (taken.has(m.name)) this.#lookup.spoil(m, `\`${m.name || "constructor"}\` is in \`${item.name}\` more than once`);
      taken.add(m.name);
    }
    const on = item.definition.methods.filter((m) => this.#lookup.on(m.gate));
    return on.map((m) => [methodName(item.name, m), { kind: "func", type: this.#method(m, own.resource) }]);
  }

  #method(m: MethodAst, resource: Resource): FuncType {
    if (m.kind === "method") return this.func(m.func, m, { name: "self", type: { kind: "borrow", resource } });
    const func = this.func(m.func, m);
    if (m.kind === "static") return func;
    if (func.result === undefined) return { ...func, result: { kind: "own", resource } };
    const made = func.result.kind === "result" ? func.result.ok : undefined;
    if (made?.kind !== "own" || made.resource !== resource) this.#lookup.spoil(m, "a constructor gives its resource, or a result of it");
    return func;
  }
}

/** A name that is there before, in whatever case. */
function repeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((n) => seen.size === seen.add(n.toLowerCase()).size);
}

function methodName(resource: string, m: MethodAst): string {
  return m.kind === "constructor" ? `[constructor]${resource}` : `[${m.kind}]${resource}.${m.name}`;
}

/** A type where a value is wanted: a resource by its name is owned. */
function asValue(found: Extern | undefined): ValueType {
  if (found?.kind === "resource") return { kind: "own", resource: found.resource };
  return found?.kind === "type" ? found.type : NOTHING;
}

function holdsBorrow(type: ValueType, seen = new Set<ValueType>()): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  return type.kind === "borrow" || partsOf(type).some((t) => holdsBorrow(t, seen));
}

function partsOf(type: ValueType): readonly ValueType[] {
  const some = (...all: readonly (ValueType | undefined)[]) => all.filter((t) => t !== undefined);
  switch (type.kind) {
    case "list":
    case "future":
    case "stream":
      return some(type.element);
    case "option":
      return [type.some];
    case "map":
      return [type.key, type.value];
    case "result":
      return some(type.ok, type.error);
    case "tuple":
      return type.items;
    case "record":
      return type.fields.map((f) => f.type);
    case "variant":
      return some(...type.cases.map((c) => c.type));
    default:
      return [];
  }
}
