// How values of component types look in JavaScript: what host functions are given and give back.

import type { Resource } from "./types.ts";

/** Variants, enums, options and results: the case by number, and its value if it has one. */
export interface Tagged {
  readonly tag: number;
  readonly value?: Value;
}

/**
 * Numbers for integers up to 32 bits, floats and flags (bits); bigint for 64-bit integers; text for strings and chars;
 * bytes for list<u8> (valid only during the call: copy what is kept); arrays for lists, records (in field order) and tuples;
 * for handles what they stand for.
 */
export type Value = number | bigint | boolean | string | Uint8Array | readonly Value[] | Tagged | Rep | undefined;

/** A resource as it crosses: the host's own object, or the number by which the defining component knows it. */
export interface Rep {
  readonly rep: unknown;
  readonly of?: Resource;
}

export const NONE: Tagged = { tag: 0 };
export function some(value: Value): Tagged {
  return { tag: 1, value };
}

export const OK: Tagged = { tag: 0, value: undefined };
export function okay(value: Value): Tagged {
  return { tag: 0, value };
}
export function err(value?: Value): Tagged {
  return { tag: 1, value };
}
