// Calls from component to component that hand over bytes and get bytes: the shape of `solve`. Copies directly, and counts the
// fuel that Wasmtime's own adapter between components burns, for it is compiled and metered like any other code.

import { trap } from "../stop.ts";
import type { Side } from "./abi.ts";
import type { FuncType } from "./types.ts";

/** Measured on Wasmtime 42.0.0, by bisection on small components. It copies lists element by element. */
export const ADAPTER_FUEL = {
  /** From the call to the callee's first instruction, without the bytes. */
  enter: 65,
  /** A list that is not empty: once, and for each byte. */
  list: 4,
  byte: 17,
  /** From the callee's return to the allocation for the result, and from there to the first byte. */
  back: 28,
  allocated: 27,
  /** From the last byte to the end; `left` of it behind the clean-up call, which itself takes `cleanUp`. */
  stored: 10,
  cleanUp: 2,
  left: 3,
} as const;

export function isBytesToBytes(type: FuncType): boolean {
  const [input, ...others] = type.params;
  return others.length === 0 && input?.kind === "list" && input.of.kind === "u8" && type.result?.kind === "list" && type.result.of.kind === "u8";
}

export function checkBytes(side: Pick<Side, "holds">, at: number, length: number): void {
  if (!side.holds(at + length)) trap("list pointer/length out of bounds of memory");
}
