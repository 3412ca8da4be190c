// Values and variables as the checker sees them: type, scalars, ownership, loans. Knows nothing of expressions.

import type { Place } from "../ast.ts";
import type { IrExpr } from "../ir.ts";
import { k } from "../ops.ts";
import { shape } from "../types.ts";
import type { Type } from "../types.ts";

/** "temp": the parts are locals nobody else uses; "moved": locals of a variable that has just been moved from. */
type Loose = "temp" | "moved" | undefined;

/** What a value may be besides its type and scalars. */
export interface ValueFacts {
  readonly brand?: string | undefined;
  readonly owners?: readonly Variable[];
  readonly borrowedAt?: Place | undefined;
  readonly loose?: Loose;
  readonly literal?: boolean;
  readonly ofTemporary?: boolean;
}

/** A class, so that all have one shape however they came about: they are what the checker looks at most. */
export class Value {
  readonly type: Type;
  /** One scalar expression per entry of the type's shape. */
  readonly parts: readonly IrExpr[];
  readonly brand: string | undefined;
  /** Of views: the variables whose bytes it shows; empty for literals and the input. */
  readonly owners: readonly Variable[];
  /** Of views: where they were borrowed. */
  readonly borrowedAt: Place | undefined;
  readonly loose: Loose;
  /** The bytes are read-only static data, not a block of the heap. */
  readonly literal: boolean;
  /** A view of bytes that nobody else holds and that go away with the current call. */
  readonly ofTemporary: boolean;

  constructor(type: Type, parts: readonly IrExpr[], brand: string | undefined, owners: readonly Variable[], borrowedAt: Place | undefined, loose: Loose, literal: boolean, ofTemporary: boolean) {
    this.type = type;
    this.parts = parts;
    this.brand = brand;
    this.owners = owners;
    this.borrowedAt = borrowedAt;
    this.loose = loose;
    this.literal = literal;
    this.ofTemporary = ofTemporary;
  }

  withParts(parts: readonly IrExpr[], loose: Loose): Value {
    return new Value(this.type, parts, this.brand, this.owners, this.borrowedAt, loose, this.literal, this.ofTemporary);
  }

  withBrand(brand: string | undefined): Value {
    return new Value(this.type, this.parts, brand, this.owners, this.borrowedAt, this.loose, this.literal, this.ofTemporary);
  }

  /** As something that `owners` lend at `at`. */
  lentBy(owners: readonly Variable[], at: Place): Value {
    return new Value(this.type, this.parts, this.brand, owners, at, this.loose, this.literal, this.ofTemporary);
  }

  asTemporary(): Value {
    return new Value(this.type, this.parts, this.brand, this.owners, this.borrowedAt, this.loose, this.literal, true);
  }

  /** What was read-only data, with bytes that somebody may own. */
  unliteral(parts: readonly IrExpr[], loose: Loose): Value {
    return new Value(this.type, parts, this.brand, this.owners, this.borrowedAt, loose, false, this.ofTemporary);
  }
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
  /** The look through the history that met it last. */
  met: number;
  /** Looked at once more when the body is over, so never dropped. */
  kept: boolean;
  /** Views in scope, and running calls, that show this variable's bytes. */
  loans: number;
}

/** Of values and variables that show nobody's bytes. */
export const NO_OWNERS: readonly Variable[] = [];
const NOTHING: ValueFacts = {};

export function value(type: Type, parts: readonly IrExpr[], more: ValueFacts = NOTHING): Value {
  const { brand, owners = NO_OWNERS, borrowedAt, loose, literal = false, ofTemporary = false } = more;
  return new Value(type, parts, brand, owners, borrowedAt, loose, literal, ofTemporary);
}

export function int(e: IrExpr): Value {
  return new Value("i32", [e], undefined, NO_OWNERS, undefined, undefined, false, false);
}

const SMALL: readonly Value[] = Array.from({ length: 64 }, (_, n) => int(k(n)));

/** A number as it is written. */
export function number(n: number): Value {
  return (n >= 0 && n < SMALL.length ? SMALL[n] : undefined) ?? int(k(n));
}

export const ERROR: Value = value("error", []);
export const NEVER: Value = value("never", []);

/** A value of the type with all scalars zero; stands in after an error. */
export function nothing(type: Type): readonly IrExpr[] {
  return shape(type).map(() => k(0));
}
