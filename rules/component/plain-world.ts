// The worlds that this package lifts modules into by itself: they import nothing, and what they export are functions of plain
// values, at the top or in interfaces. Such a world out of a component's type, and what the canonical ABI makes of its functions.

import { VALTYPE } from "../wasm/read.ts";
import type { ComponentType, Externs, FuncType, ValueType } from "./types.ts";

export type NamedFunc = readonly [name: string, type: FuncType];

export type PlainExport = { readonly kind: "func"; readonly name: string; readonly type: FuncType } | { readonly kind: "interface"; readonly name: string; readonly funcs: readonly NamedFunc[] };

/** A world by its name and its id, `ns:package/world@version`. */
export interface PlainWorld {
  readonly name: string;
  readonly id: string;
  readonly exports: readonly PlainExport[];
}

/** Functions first, as wasm-tools has them. Undefined where the world has imports, resources, named types, or functions that are asynchronous. */
export function plainExports({ imports, exports }: ComponentType): readonly PlainExport[] | undefined {
  if (imports.size > 0) return undefined;
  const found: PlainExport[] = [];
  for (const [name, extern] of exports) {
    const one = extern.kind === "func" && isPlainFunc(extern.type) ? ({ kind: "func", name, type: extern.type } as const) : extern.kind === "instance" ? plainInterface(name, extern.exports) : undefined;
    if (one === undefined) return undefined;
    found.push(one);
  }
  return [...found.filter((e) => e.kind === "func"), ...found.filter((e) => e.kind === "interface")];
}

function plainInterface(name: string, exports: Externs): PlainExport | undefined {
  const funcs: NamedFunc[] = [];
  for (const [member, extern] of exports) {
    if (extern.kind !== "func" || !isPlainFunc(extern.type)) return undefined;
    funcs.push([member, extern.type]);
  }
  return { kind: "interface", name, funcs };
}

function isPlainFunc(type: FuncType): boolean {
  return !type.async && [...type.params.map((p) => p.type), ...(type.result === undefined ? [] : [type.result])].every(isPlain);
}

/** A type that needs no name: neither record nor variant, no handle, nothing of fixed length. */
function isPlain(type: ValueType | undefined): boolean {
  switch (type?.kind) {
    case undefined:
      return true;
    case "primitive":
      return type.name !== "error-context";
    case "list":
      return type.length === undefined && isPlain(type.element);
    case "option":
      return isPlain(type.some);
    case "result":
      return isPlain(type.ok) && isPlain(type.error);
    case "tuple":
      return type.items.every(isPlain);
    default:
      return false;
  }
}

// ---------------------------------------------------------------------------------------------- canonical ABI

const MOST_FLAT_PARAMS = 16;
const { i32, i64, f32, f64 } = VALTYPE;

/** The core function that stands behind one of these, and what it takes to lift it. */
export interface Lifting {
  readonly params: readonly number[];
  readonly results: readonly number[];
  readonly memory: boolean;
  readonly realloc: boolean;
  readonly strings: boolean;
}

export function liftingOf({ params, result }: FuncType): Lifting {
  const given = params.flatMap((p) => flat(p.type));
  const answer = flat(result);
  const packed = given.length > MOST_FLAT_PARAMS;
  const inside = params.some((p) => hasPointer(p.type));
  const outside = answer.length > 1 || hasPointer(result);
  return {
    params: packed ? [i32] : given,
    results: answer.length > 1 ? [i32] : answer,
    memory: packed || inside || outside,
    realloc: packed || inside,
    strings: params.some((p) => hasString(p.type)) || hasString(result),
  };
}

function flat(type: ValueType | undefined): number[] {
  switch (type?.kind) {
    case "primitive":
      return type.name === "string" ? [i32, i32] : [FLAT_64[type.name] ?? i32];
    case "list":
      return [i32, i32];
    case "option":
      return [i32, ...flat(type.some)];
    case "result":
      return [i32, ...joined(flat(type.ok), flat(type.error))];
    case "tuple":
      return type.items.flatMap(flat);
    default:
      return [];
  }
}

const FLAT_64: { readonly [name: string]: number } = { s64: i64, u64: i64, f32, f64 };

/** Two cases in the same places: where they differ, what holds the bits of both. */
function joined(a: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
    const [x, y] = [a[i] ?? b[i]!, b[i] ?? a[i]!];
    return x === y ? x : (x === i32 && y === f32) || (x === f32 && y === i32) ? i32 : i64;
  });
}

function hasPointer(type: ValueType | undefined): boolean {
  return holds(type, (t) => t.kind === "list" || (t.kind === "primitive" && t.name === "string"));
}

function hasString(type: ValueType | undefined): boolean {
  return holds(type, (t) => t.kind === "primitive" && t.name === "string");
}

function holds(type: ValueType | undefined, wanted: (type: ValueType) => boolean): boolean {
  if (type === undefined) return false;
  if (wanted(type)) return true;
  switch (type.kind) {
    case "list":
      return holds(type.element, wanted);
    case "option":
      return holds(type.some, wanted);
    case "result":
      return holds(type.ok, wanted) || holds(type.error, wanted);
    case "tuple":
      return type.items.some((t) => holds(t, wanted));
    default:
      return false;
  }
}
