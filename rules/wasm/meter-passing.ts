// Which functions of a module take their budgets as parameters and give them back as results, so that a call passes them
// in registers, and the types that they then have. Functions that are reached other than by `call` keep their type.

import { OP, skipOperands } from "./ops.ts";
import { ByteReader, SECTION, signatureOf, VALTYPE } from "./read.ts";
import type { CoreModule, FuncType } from "./read.ts";
import { ByteWriter } from "./write.ts";

/** A passing function: its own type, and the block type of its former results. */
export interface Passing {
  readonly type: number;
  readonly params: number;
  readonly block: Uint8Array;
}

export interface PassingPlan {
  /** By function; null: budgets are in the globals when it is called, and when it returns. */
  readonly functions: readonly (Passing | null)[];
  /** Types more, behind `firstType`. */
  readonly types: readonly FuncType[];
}

/** Two locals more must still be written in one byte. */
const MOST_LOCALS = 0x7f - 2;
const MOST_RESULTS = 100;

export function noPassing(module: CoreModule): PassingPlan {
  return { functions: module.functions.map(() => null), types: [] };
}

export function planPassing(module: CoreModule, firstType: number): PassingPlan {
  const outer = reachedFromOutside(module);
  const locals = localCounts(module);
  const types: FuncType[] = [];
  const known = new Map<string, number>();
  const typeOf = (type: FuncType): number => {
    const key = `${type.params.join()}>${type.results.join()}`;
    const index = known.get(key) ?? firstType + types.push(type) - 1;
    known.set(key, index);
    return index;
  };
  const functions = module.functions.map((_, index): Passing | null => {
    const type = signatureOf(module, index);
    const count = locals[index - module.importedFunctions];
    if (type === null || count === undefined || outer.has(index) || type.params.length + count > MOST_LOCALS || type.results.length > MOST_RESULTS) return null;
    const own = typeOf({ params: [...type.params, VALTYPE.i64, VALTYPE.i64], results: [...type.results, VALTYPE.i64] });
    return { type: own, params: type.params.length, block: blockType(type.results, typeOf) };
  });
  return { functions, types };
}

function blockType(results: readonly number[], typeOf: (type: FuncType) => number): Uint8Array {
  if (results.length === 0) return Uint8Array.of(0x40);
  if (results.length === 1) return Uint8Array.of(results[0]!);
  return new ByteWriter(8).s32(typeOf({ params: [], results })).bytes();
}

/** Exports, the start function, and whatever a table or a reference may name. */
function reachedFromOutside(module: CoreModule): ReadonlySet<number> {
  const found = new Set(module.exports.flatMap((e) => (e.kind === "func" ? [e.index] : [])));
  if (module.start !== null) found.add(module.start);
  for (const { id, start, end } of module.sections) {
    const r = new ByteReader(module.bytes, start, end);
    if (id === SECTION.element) elements(r, found);
    else if (id === SECTION.global) for (let n = r.u32(); n > 0 && !r.fault; n--) (r.skip(2), references(r, found));
  }
  return found;
}

function elements(r: ByteReader, found: Set<number>): void {
  for (let n = r.u32(); n > 0 && !r.fault; n--) {
    const flags = r.u32();
    const active = (flags & 1) === 0;
    if (active && flags & 2) r.u32();
    if (active) references(r, found);
    if (flags & 3) r.u8();
    for (let items = r.u32(); items > 0 && !r.fault; items--) if (flags & 4) references(r, found); else found.add(r.u32());
  }
}

/** Functions that a constant expression names. */
function references(r: ByteReader, found: Set<number>): void {
  while (!r.fault) {
    const op = r.u8();
    if (op === OP.end) return;
    if (op === OP.refFunc) found.add(r.u32());
    else skipOperands(op, r);
  }
}

/** Declared locals of each body, parameters not counted. */
function localCounts(module: CoreModule): number[] {
  const section = module.sections.find((s) => s.id === SECTION.code);
  const counts: number[] = [];
  if (section === undefined) return counts;
  const r = new ByteReader(module.bytes, section.start, section.end);
  for (let n = r.u32(); n > 0 && !r.fault; n--) {
    const body = r.slice(r.u32());
    let count = 0;
    for (let groups = body.u32(); groups > 0 && !body.fault; groups--) {
      count += body.u32();
      body.skip(1);
    }
    counts.push(count);
  }
  return counts;
}
