// Values and variables as the checker sees them: type, scalars, ownership, loans. Knows nothing of expressions.

import type { Place } from "../ast.ts";
import type { IrExpr } from "../ir.ts";
import { k } from "../ops.ts";
import { shape } from "../types.ts";
import type { Type } from "../types.ts";

export interface Value {
  readonly type: Type;
  readonly brand: string | undefined;
  /** One scalar expression per entry of the type's shape. */
  readonly parts: readonly IrExpr[];
  /** Of views: the variables whose bytes it shows; empty for literals and the input. */
  readonly owners: readonly Variable[];
  /** Of views: where they were borrowed. */
  readonly borrowedAt: Place | undefined;
  /** "temp": the parts are locals nobody else uses; "moved": locals of a variable that has just been moved from. */
  readonly loose: "temp" | "moved" | undefined;
  /** The bytes are read-only static data, not a block of the heap. */
  readonly literal: boolean;
  /** A view of bytes that nobody else holds and that go away with the current call. */
  readonly ofTemporary: boolean;
}

/**
 * live: holds a value. moved: certainly moved from, its locals are garbage. cleared: perhaps moved from; then its locals are zero.
 * Reading is an error in the last two.
 */
export type VariableState = "live" | "moved" | "cleared";

/** What a name means at the moment. */
export interface Meaning {
  variable: Variable | undefined;
}

export interface Variable {
  readonly name: string;
  readonly type: Type;
  readonly brand: string | undefined;
  readonly locals: readonly number[];
  /** What reading the locals gives, one scalar each. */
  readonly parts: readonly IrExpr[];
  readonly kind: "local" | "param" | "input";
  readonly index: number;
  /** How many scopes were open around it, its own included. */
  readonly depth: number;
  readonly meaning: Meaning;
  /** What the name meant before. */
  readonly shadowed: Variable | undefined;
  state: VariableState;
  movedAt: Place | undefined;
  owners: readonly Variable[];
  borrowedAt: Place | undefined;
  /** The value that reads give, from the first read until the owners change: reads are many. */
  reading: Value | undefined;
  /** Looked at once more when the body is over, so never dropped. */
  kept: boolean;
  /** Views in scope, and running calls, that show this variable's bytes. */
  loans: number;
}

export function value(type: Type, parts: readonly IrExpr[], more: Partial<Value> = NOTHING): Value {
  const { brand, owners = NO_OWNERS, borrowedAt, loose, literal = false, ofTemporary = false } = more;
  return { type, parts, brand, owners, borrowedAt, loose, literal, ofTemporary };
}

const NOTHING: Partial<Value> = {};
/** Of values and variables that show nobody's bytes. */
export const NO_OWNERS: readonly Variable[] = [];

export function int(e: IrExpr): Value {
  return { type: "i32", parts: [e], brand: undefined, owners: NO_OWNERS, borrowedAt: undefined, loose: undefined, literal: false, ofTemporary: false };
}

const SMALL: readonly Value[] = Array.from({ length: 64 }, (_, n) => int(k(n)));

/** A number as it is written. */
export function number(n: number): Value {
  return SMALL[n] ?? int(k(n));
}

export const ERROR: Value = value("error", []);
export const NEVER: Value = value("never", []);

/** A value of the type with all scalars zero; stands in after an error. */
export function nothing(type: Type): readonly IrExpr[] {
  return shape(type).map(() => k(0));
}
