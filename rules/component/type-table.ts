// Types of plain functions written one after another, each once: the index space of types at one level of a component. Knows
// where they are written to no more than how a definition is put there.

import { ByteWriter } from "../wasm/write.ts";
import type { RawType, RawValue } from "./raw.ts";
import type { FuncType, ValueType } from "./types.ts";
import { indicesOf, TypeWriter } from "./write.ts";

const AS_IT_IS = (index: number) => index;

/** The bytes of a type whose indices are those of its own level. */
export function typeBytes(type: RawType): Uint8Array {
  const w = new ByteWriter(32);
  new TypeWriter(w, AS_IT_IS).type(type);
  return w.view();
}

/** `define` puts a definition into the level and gives its index. */
export class TypeTable {
  readonly #define: (bytes: Uint8Array) => number;
  /** By the definition's own bytes: equal types have equal ones, because their parts do. */
  readonly #known = new Map<string, number>();

  constructor(define: (bytes: Uint8Array) => number) {
    this.#define = define;
  }

  /**
   * `scope`: the interface of the function. Of two interfaces, definitions that speak of other definitions are not shared, as
   * wasm-tools has it.
   */
  func({ params, result }: FuncType, scope = ""): number {
    const fields = params.map((p) => ({ name: p.name, type: this.#value(p.type, scope) }));
    return this.#index({ form: "func", async: false, params: fields, result: result && this.#value(result, scope) }, scope);
  }

  #index(type: RawType, scope: string): number {
    const bytes = typeBytes(type);
    const inner = new Set<number>();
    indicesOf(type, inner);
    const key = `${inner.size === 0 ? "" : scope} ${bytes.join()}`;
    let index = this.#known.get(key);
    if (index === undefined) this.#known.set(key, (index = this.#define(bytes)));
    return index;
  }

  #value(type: ValueType, scope: string): RawValue {
    const value = (t: ValueType) => this.#value(t, scope);
    switch (type.kind) {
      case "primitive":
        return type.name;
      case "list":
        return this.#index({ form: "list", element: value(type.element), length: undefined }, scope);
      case "option":
        return this.#index({ form: "option", some: value(type.some) }, scope);
      case "result":
        return this.#index({ form: "result", ok: type.ok && value(type.ok), error: type.error && value(type.error) }, scope);
      case "tuple":
        return this.#index({ form: "tuple", items: type.items.map(value) }, scope);
      default:
        throw new Error(`a plain world has no ${type.kind}`);
    }
  }
}
