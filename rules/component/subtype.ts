// Whether one thing can stand where another is wanted, and if not, what is in the way. Resources are paired by where they are
// exported; functions and values must be the same, as all runtimes of today demand.

import { describe, describeExtern, type Extern, type Externs, type FuncType, type Resource, type ValueType } from "./types.ts";

/** Pairs of a component's resources and those of the world around it, found so far; and pairs of types known to be the same. */
export class Pairing {
  readonly #outside = new Map<Resource, Resource>();
  readonly #same = new Map<ValueType, Set<ValueType>>();

  /** Says that the two are one; false when the component's own is paired with another already. */
  pair(own: Resource, outside: Resource): boolean {
    const known = this.#outside.get(own);
    if (known === undefined) this.#outside.set(own, outside);
    return known === undefined || known === outside;
  }

  /** Resources that no export has paired go by their names. */
  match(own: Resource, outside: Resource): boolean {
    return this.#outside.has(own) ? this.#outside.get(own) === outside : own.name === outside.name && this.pair(own, outside);
  }

  known(a: ValueType, b: ValueType): boolean {
    return this.#same.get(a)?.has(b) === true;
  }

  remember(a: ValueType, b: ValueType): void {
    const set = this.#same.get(a) ?? new Set();
    this.#same.set(a, set.add(b));
  }
}

/** Which of the two is the component's own: what it is given (`wanted` is) or what it gives (`offered` is). */
export type Own = "wanted" | "offered";

/** Undefined when `offered` can stand where `wanted` is; else a sentence of what differs, the outermost first. */
export function mismatch(offered: Extern, wanted: Extern, own: Own, pairing: Pairing): string | undefined {
  return new Comparison(own, pairing).extern(offered, wanted);
}

class Comparison {
  readonly #own: Own;
  readonly #pairing: Pairing;

  constructor(own: Own, pairing: Pairing) {
    this.#own = own;
    this.#pairing = pairing;
  }

  extern(offered: Extern, wanted: Extern): string | undefined {
    if (offered.kind === "func" && wanted.kind === "func") return this.#func(offered.type, wanted.type);
    if (offered.kind === "instance" && wanted.kind === "instance") return this.#exports(offered.exports, wanted.exports);
    if (offered.kind === "resource" && wanted.kind === "resource") return this.#paired(offered.resource, wanted.resource, (a, b) => this.#pairing.pair(a, b));
    if (offered.kind === "type" && wanted.kind === "type") return this.#value(offered.type, wanted.type);
    if (offered.kind === "value" && wanted.kind === "value") return this.#value(offered.type, wanted.type);
    if (offered.kind === "component" && wanted.kind === "component") return this.#exports(offered.type.exports, wanted.type.exports) ?? this.#exports(wanted.type.imports, offered.type.imports);
    if (offered.kind === "definition" && wanted.kind === "definition" && offered.definition !== wanted.definition) return `the two types of a ${wanted.of} cannot be compared`;
    return offered.kind === wanted.kind ? undefined : `expected ${describeExtern(wanted)}, found ${describeExtern(offered)}`;
  }

  #exports(offered: Externs, wanted: Externs): string | undefined {
    for (const [name, want] of wanted) {
      const have = offered.get(name);
      const trouble = have === undefined ? `it lacks the ${describeExtern(want)} \`${name}\`` : within(`\`${name}\``, this.extern(have, want));
      if (trouble !== undefined) return trouble;
    }
    return undefined;
  }

  #func(offered: FuncType, wanted: FuncType): string | undefined {
    if (offered.async !== wanted.async) return `expected ${wanted.async ? "an async" : "a"} function, found ${offered.async ? "an async one" : "one that is not async"}`;
    if (offered.params.length !== wanted.params.length) return `expected ${wanted.params.length} parameters, found ${offered.params.length}`;
    return this.#fields("parameter", offered.params, wanted.params) ?? within("result", this.#maybe(offered.result, wanted.result));
  }

  #fields(what: string, offered: readonly { readonly name: string; readonly type: ValueType | undefined }[], wanted: readonly { readonly name: string; readonly type: ValueType | undefined }[]): string | undefined {
    if (offered.length !== wanted.length) return `expected ${wanted.length} ${what}s, found ${offered.length}`;
    for (const [i, want] of wanted.entries()) {
      const have = offered[i]!;
      if (have.name !== want.name) return `expected ${what} ${i} to be \`${want.name}\`, found \`${have.name}\``;
      const trouble = within(`${what} \`${want.name}\``, this.#maybe(have.type, want.type));
      if (trouble !== undefined) return trouble;
    }
    return undefined;
  }

  #maybe(offered: ValueType | undefined, wanted: ValueType | undefined): string | undefined {
    if (offered === undefined || wanted === undefined) return offered === wanted ? undefined : `expected ${wanted === undefined ? "nothing" : describe(wanted)}, found ${offered === undefined ? "nothing" : describe(offered)}`;
    return this.#value(offered, wanted);
  }

  #paired(offered: Resource, wanted: Resource, agree: (own: Resource, outside: Resource) => boolean): string | undefined {
    const agreed = this.#own === "wanted" ? agree(wanted, offered) : agree(offered, wanted);
    return agreed ? undefined : `expected the resource \`${wanted.name}\`, found another, \`${offered.name}\``;
  }

  #value(offered: ValueType, wanted: ValueType): string | undefined {
    if (this.#pairing.known(offered, wanted)) return undefined;
    const trouble = this.#parts(offered, wanted);
    if (trouble === undefined) this.#pairing.remember(offered, wanted);
    return trouble;
  }

  #parts(offered: ValueType, wanted: ValueType): string | undefined {
    if (offered.kind === "primitive" && wanted.kind === "primitive") return offered.name === wanted.name ? undefined : differ(offered, wanted);
    if (offered.kind === "list" && wanted.kind === "list") return offered.length === wanted.length ? within("list", this.#value(offered.element, wanted.element)) : `expected a list of ${wanted.length ?? "any"} items, found one of ${offered.length ?? "any"}`;
    if (offered.kind === "option" && wanted.kind === "option") return within("option", this.#value(offered.some, wanted.some));
    if (offered.kind === "map" && wanted.kind === "map") return within("map", this.#value(offered.key, wanted.key) ?? this.#value(offered.value, wanted.value));
    if (offered.kind === "result" && wanted.kind === "result") return within("result", this.#maybe(offered.ok, wanted.ok)) ?? within("error", this.#maybe(offered.error, wanted.error));
    if (offered.kind === "tuple" && wanted.kind === "tuple") return this.#fields("item", unnamed(offered.items), unnamed(wanted.items));
    if (offered.kind === "record" && wanted.kind === "record") return this.#fields("field", offered.fields, wanted.fields);
    if (offered.kind === "variant" && wanted.kind === "variant") return this.#fields("case", offered.cases, wanted.cases);
    if ((offered.kind === "own" || offered.kind === "borrow") && offered.kind === wanted.kind) return this.#paired(offered.resource, wanted.resource, (a, b) => this.#pairing.match(a, b));
    if ((offered.kind === "enum" || offered.kind === "flags") && offered.kind === wanted.kind) return this.#fields("name", named(offered.names), named(wanted.names));
    if ((offered.kind === "future" || offered.kind === "stream") && offered.kind === wanted.kind) return within(offered.kind, this.#maybe(offered.element, wanted.element));
    return differ(offered, wanted);
  }
}

function differ(offered: ValueType, wanted: ValueType): string {
  return `expected ${describe(wanted)}, found ${describe(offered)}`;
}

function within(where: string, trouble: string | undefined): string | undefined {
  return trouble === undefined ? undefined : `${where}: ${trouble}`;
}

function unnamed(items: readonly ValueType[]): { readonly name: string; readonly type: ValueType }[] {
  return items.map((type) => ({ name: "", type }));
}

function named(names: readonly string[]): { readonly name: string; readonly type: undefined }[] {
  return names.map((name) => ({ name, type: undefined }));
}
