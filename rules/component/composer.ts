// Two components into one: what the plug exports is what the socket imports. Both go in whole, byte for byte; around them
// there are the imports that are left, and the socket's exports. Knows no tool and no file.

import { fail, ok, type Result } from "../../engine/index.ts";
import type { Malformed } from "../wasm/read.ts";
import { ByteWriter } from "../wasm/write.ts";
import { readComponent } from "./binary.ts";
import { componentType } from "./evaluate.ts";
import type { RawItem, RawType, Sort } from "./raw.ts";
import { mismatch, Pairing } from "./subtype.ts";
import type { ComponentType, Extern, Externs } from "./types.ts";
import { indicesOf, SORT_CODES, TypeWriter, uncopied } from "./write.ts";

/** Why two components do not become one: one of them is none, nothing fits, or this composer does not do it. */
export interface Refusal {
  readonly kind: "unreadable" | "no-match" | "unsupported";
  readonly message: string;
}

export const COMPONENT_PREAMBLE: readonly number[] = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];

type Named = Exclude<Sort, "core" | "value">;

export function compose(socket: Uint8Array, plug: Uint8Array): Result<Uint8Array, Refusal> {
  const s = read("socket", socket);
  if (!s.ok) return s;
  const p = read("plug", plug);
  if (!p.ok) return p;
  const plugged = matches(s.value.type, p.value.type);
  if (!plugged.ok) return plugged;
  try {
    return ok(new Composition().compose(s.value, p.value, plugged.value));
  } catch (e) {
    if (e instanceof Unsupported) return fail({ kind: "unsupported", message: e.message });
    throw e;
  }
}

/** Leaves a composition half-way; never leaves this file. */
class Unsupported extends Error {}

interface Part {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly items: readonly RawItem[];
  readonly type: ComponentType;
}

function read(what: string, bytes: Uint8Array): Result<Part, Refusal> {
  const items = readComponent(bytes);
  if (!items.ok) return fail(unreadable(what, items.error));
  const type = componentType(bytes);
  return type.ok ? ok({ what, bytes, items: items.value, type: type.value }) : fail(unreadable(what, type.error));
}

function unreadable(what: string, { message, offset }: Malformed): Refusal {
  return { kind: "unreadable", message: `the ${what} is not a component that can be read: ${message} (at offset ${offset})` };
}

/** Names that the plug exports and the socket imports, where the types fit. */
function matches(socket: ComponentType, plug: ComponentType): Result<readonly string[], Refusal> {
  const found: string[] = [];
  const misfits: string[] = [];
  for (const [name, wanted] of socket.imports) {
    const offered = plug.exports.get(name);
    const why = offered && mismatch(offered, wanted, "wanted", new Pairing());
    if (offered === undefined) continue;
    if (why === undefined) found.push(name);
    else misfits.push(`${name}: ${why}`);
  }
  if (found.length > 0) return ok(found);
  const reason = misfits.length > 0 ? `; types differ: ${misfits.join("; ")}` : `: it imports ${listed(socket.imports)}, the plug exports ${listed(plug.exports)}`;
  return fail({ kind: "no-match", message: `the socket component had no matching imports for the plugs that were provided${reason}` });
}

function listed(externs: Externs): string {
  return externs.size === 0 ? "nothing" : [...externs.keys()].join(", ");
}

class Composition {
  readonly #w = new ByteWriter(1024).raw(COMPONENT_PREAMBLE);
  readonly #count: { [sort in Named]: number } = { func: 0, type: 0, component: 0, instance: 0 };
  /** Imports of the whole, by name: their places in the index spaces, and what is imported. */
  readonly #imports = new Map<string, { readonly sort: Named; readonly index: number; readonly extern: Extern }>();

  compose(socket: Part, plug: Part, plugged: readonly string[]): Uint8Array {
    this.#importsOf(socket, new Set(plugged));
    this.#importsOf(plug, new Set());
    const plugInstance = this.#instance(plug, new Map());
    const given = new Map(plugged.map((name) => [name, this.#aliased(plugInstance, name, sortOf(plug.type.exports.get(name)!, name))]));
    const socketInstance = this.#instance(socket, given);
    const aliases = [...socket.type.exports].map(([name, extern]) => ({ name, sort: sortOf(extern, name), index: this.#aliased(socketInstance, name, sortOf(extern, name)) }));
    for (const a of aliases) this.#export(a.name, a.sort, a.index);
    return this.#w.bytes();
  }

  #section(id: number, one: ByteWriter): void {
    this.#w.section(id, new ByteWriter(one.length + 5).u32(1).raw(one.view()));
  }

  #next(sort: Named): number {
    return this.#count[sort]++;
  }

  /** The component whole, and its instance. */
  #instance(part: Part, given: ReadonlyMap<string, number>): number {
    this.#w.u8(4).sized(part.bytes);
    const component = this.#next("component");
    const w = new ByteWriter().u8(0).u32(component).u32(part.type.imports.size);
    for (const [name, extern] of part.type.imports) {
      const sort = sortOf(extern, name);
      w.name(name).u8(SORT_CODES[sort]).u32(given.get(name) ?? this.#imports.get(name)!.index);
    }
    this.#section(5, w);
    return this.#next("instance");
  }

  #aliased(instance: number, name: string, sort: Named): number {
    this.#section(6, new ByteWriter().u8(SORT_CODES[sort]).u8(0).u32(instance).name(name));
    return this.#next(sort);
  }

  #export(name: string, sort: Named, index: number): void {
    this.#section(11, new ByteWriter().u8(0).name(name).u8(SORT_CODES[sort]).u32(index).u8(0));
    this.#next(sort);
  }

  // ---- imports -------------------------------------------------------------------------------------

  /** Imports what the part imports and nobody gives it, with the types that this takes, as the part itself states them. */
  #importsOf(part: Part, given: ReadonlySet<string>): void {
    const carried = new Carrier(part.items, part.what);
    for (const item of part.items) {
      if (item.item !== "import" || given.has(item.name)) continue;
      const extern = part.type.imports.get(item.name)!;
      const there = this.#imports.get(item.name);
      if (there !== undefined) this.#shared(item.name, there.extern, extern, part.what);
      const index = there?.index ?? this.#import(item, extern, carried);
      carried.place(item, index);
    }
  }

  /** One import serves both where the first states all that the second needs. */
  #shared(name: string, first: Extern, second: Extern, what: string): void {
    const why = mismatch(first, second, "wanted", new Pairing());
    if (why !== undefined) throw new Unsupported(`both components import ${name}, and the ${what} needs more of it (${why}): only the native provider merges imports`);
  }

  #import(item: Extract<RawItem, { item: "import" }>, extern: Extern, carried: Carrier): number {
    const sort = sortOf(extern, item.name);
    for (const index of carried.needs(item)) this.#carry(index, carried);
    const w = new ByteWriter().u8(0).name(item.name);
    new TypeWriter(w, (index) => carried.renumbered(index)).extern(item.extern);
    this.#section(10, w);
    const index = this.#next(sort);
    this.#imports.set(item.name, { sort, index, extern });
    return index;
  }

  /** A type that imports speak of: written again, or aliased out of an import again. */
  #carry(index: number, carried: Carrier): void {
    const known = carried.type(index);
    if (known.kind === "placed") return;
    if (known.kind === "alias") return carried.placeType(index, this.#aliased(carried.instance(known.instance), known.name, "type"));
    for (const inner of carried.inside(known.type)) this.#carry(inner, carried);
    const w = new ByteWriter();
    new TypeWriter(w, (i) => carried.renumbered(i)).type(known.type);
    this.#section(7, w);
    carried.placeType(index, this.#next("type"));
  }
}

function sortOf(extern: Extern, name: string): Named {
  switch (extern.kind) {
    case "func":
    case "instance":
    case "component":
      return extern.kind;
    case "type":
    case "resource":
    case "definition":
      return "type";
    default:
      throw new Unsupported(`${name} is a ${extern.kind}: only functions, instances, types and components are passed on`);
  }
}

type Carried = { readonly kind: "type"; readonly type: RawType } | { readonly kind: "alias"; readonly instance: number; readonly name: string } | { readonly kind: "placed"; readonly index: number };

/** The index spaces of one part, and where its members have got to in the whole. */
class Carrier {
  readonly #what: string;
  readonly #types: (Carried | undefined)[] = [];
  readonly #instances: (number | undefined)[] = [];
  /** For each import: its index in the space of its sort. */
  readonly #places = new Map<RawItem, { readonly sort: "type" | "instance"; readonly index: number }>();

  constructor(items: readonly RawItem[], what: string) {
    this.#what = what;
    for (const item of items) this.#enter(item);
  }

  #enter(item: RawItem): void {
    switch (item.item) {
      case "type":
        return void this.#types.push({ kind: "type", type: item.type });
      case "alias":
        if (item.alias.from !== "core" && item.alias.sort === "instance") this.#instances.push(undefined);
        if (item.alias.from !== "core" && item.alias.sort === "type") this.#types.push(item.alias.from === "export" ? { kind: "alias", instance: item.alias.instance, name: item.alias.name } : undefined);
        return;
      case "import":
      case "export": {
        const sort = item.item === "export" ? item.what.sort : item.extern.kind === "instance" ? "instance" : item.extern.kind === "type" || item.extern.kind === "resource" ? "type" : "func";
        if (sort === "instance") this.#places.set(item, { sort, index: this.#instances.push(undefined) - 1 });
        if (sort === "type") this.#places.set(item, { sort, index: this.#types.push(undefined) - 1 });
        return;
      }
      case "instance":
      case "instantiate":
        return void this.#instances.push(undefined);
      default:
        return;
    }
  }

  place(item: RawItem, index: number): void {
    const at = this.#places.get(item);
    if (at?.sort === "instance") this.#instances[at.index] = index;
    if (at?.sort === "type") this.#types[at.index] = { kind: "placed", index };
  }

  placeType(index: number, to: number): void {
    this.#types[index] = { kind: "placed", index: to };
  }

  instance(index: number): number {
    return this.#instances[index] ?? this.#odd("an import's type comes out of an instance that is not imported before it");
  }

  type(index: number): Carried {
    return this.#types[index] ?? this.#odd("an import's type is made by what is not an import");
  }

  renumbered(index: number): number {
    const type = this.type(index);
    return type.kind === "placed" ? type.index : this.#odd("types of imports depend on each other");
  }

  inside(type: RawType): ReadonlySet<number> {
    const reason = uncopied(type);
    if (reason !== undefined) this.#odd(`the type of an import holds ${reason}`);
    const found = new Set<number>();
    indicesOf(type, found);
    return found;
  }

  needs({ extern }: Extract<RawItem, { item: "import" }>): readonly number[] {
    if (extern.kind === "type") return [extern.eq];
    return extern.kind === "func" || extern.kind === "component" || extern.kind === "instance" ? [extern.index] : [];
  }

  #odd(message: string): never {
    throw new Unsupported(`the ${this.#what} cannot be taken apart: ${message}`);
  }
}
