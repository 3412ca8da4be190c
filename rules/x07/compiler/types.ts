// The types of x07 values and the scalars that hold them. Knows no expressions.

import type { Scalar } from "./ir.ts";

export type Type =
  | "i32" | "f64" | "bytes" | "bytes_view" | "vec_u8"
  | "option_i32" | "option_bytes" | "option_bytes_view"
  | "result_i32" | "result_bytes" | "result_bytes_view" | "result_result_bytes"
  | "iface"
  /** After `return`. */
  | "never"
  /** After a reported error: agrees with everything, so that one mistake is told once. */
  | "error";

/** Names that a source file may write, u32 being i32; the raw pointers belong to other worlds. */
export const TYPE_NAMES: ReadonlySet<string> = new Set([
  "i32", "u32", "f64", "bytes", "bytes_view", "vec_u8", "option_i32", "option_bytes", "option_bytes_view", "result_i32", "result_bytes",
  "result_bytes_view", "result_result_bytes", "iface", "ptr_const_u8", "ptr_mut_u8", "ptr_const_void", "ptr_mut_void", "ptr_const_i32", "ptr_mut_i32",
]);

const SHAPES: { readonly [type in Type]: readonly Scalar[] } = {
  i32: ["i32"],
  f64: ["f64"],
  bytes: ["i32", "i32"], // address, length
  bytes_view: ["i32", "i32"],
  vec_u8: ["i32", "i32", "i32"], // address, length, capacity
  option_i32: ["i32", "i32"], // tag, value
  option_bytes: ["i32", "i32", "i32"], // tag, address, length
  option_bytes_view: ["i32", "i32", "i32"],
  result_i32: ["i32", "i32"], // tag (1 ok), value or error code
  result_bytes: ["i32", "i32", "i32"], // tag, address, length or error code
  result_bytes_view: ["i32", "i32", "i32"],
  result_result_bytes: ["i32", "i32", "i32", "i32"], // outer tag, inner tag, address, length or error code
  iface: ["i32"],
  never: [],
  error: [],
};

/** A type argument: u32 is i32 for values, but compares unsigned. */
export type TypeArgument = Type | "u32";

/** The scalars of a value, in order. */
export function shape(type: Type): readonly Scalar[] {
  return type === "i32" ? SHAPES.i32 : SHAPES[type];
}

const TYPES: ReadonlyMap<string, Type> = new Map(Object.keys(SHAPES).map((name) => [name, name as Type]));

/** The type that a source file calls so; it is compared with others more quickly than the text that was read. Raw pointers are none here. */
export function typeNamed(name: string): Type {
  return TYPES.get(name) ?? "error";
}

/** Move-only types and the index of the scalar that holds the address of their block. */
export function blockIndex(type: Type): number | undefined {
  switch (type) {
    case "bytes":
    case "vec_u8":
      return 0;
    case "option_bytes":
    case "result_bytes":
      return 1;
    case "result_result_bytes":
      return 2;
    default:
      return undefined;
  }
}

export function isOwned(type: Type): boolean {
  return blockIndex(type) !== undefined;
}

export function isViewLike(type: Type): boolean {
  return type === "bytes_view" || type === "option_bytes_view" || type === "result_bytes_view";
}

/** How messages spell a type. */
export function spell(type: Type, brand?: string): string {
  return brand === undefined ? type : `${type}@${brand}`;
}
