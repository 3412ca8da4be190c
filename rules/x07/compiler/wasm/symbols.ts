// Functions as code whose numbers are still names, and the text in which a unit of them is kept. Knows no addresses and no files.

import type { IrFunction, Scalar } from "../ir.ts";
import type { Summary } from "../link.ts";
import { ByteBuffer } from "./bytes.ts";
import { encodeFunction } from "./code.ts";

/** First letter of a symbol: what kind of number its name stands for. */
export const FUNCTION = "f";
export const GLOBAL = "g";
export const LITERAL = "l";
export const AREA = "a";
/** So many bytes into an area: the number, a space, the area. */
export const OFFSET = "o";
export const ENTRY = "e";
export const RESUME_TYPE = "t";
export type SymbolKind = typeof FUNCTION | typeof GLOBAL | typeof LITERAL | typeof AREA | typeof OFFSET | typeof ENTRY | typeof RESUME_TYPE;

/** The body of a function; at each note the number of a symbol is to be put in: offset, index in `symbols`, offset, ... */
export interface CodeFunction {
  readonly name: string;
  readonly params: readonly Scalar[];
  readonly results: readonly Scalar[];
  readonly code: Uint8Array;
  readonly notes: readonly number[];
  readonly symbols: readonly string[];
}

const LETTER: { readonly [t in Scalar]: string } = { i32: "i", i64: "l", f64: "d" };
const SCALAR: { readonly [letter: string]: Scalar } = { i: "i32", l: "i64", d: "f64" };

/** Encodes functions that share one table of symbols. */
export class SymbolicEncoder {
  readonly symbols: string[] = [];
  private readonly known = new Map<string, number>();
  private readonly buffer = new ByteBuffer();

  encode(f: IrFunction): CodeFunction {
    const notes: number[] = [];
    this.buffer.length = 0;
    encodeFunction(f, this.buffer, (offset, symbol) => {
      let index = this.known.get(symbol);
      if (index === undefined) this.known.set(symbol, (index = this.symbols.push(symbol) - 1));
      notes.push(offset, index);
    });
    return { name: f.name, params: f.params, results: f.results, code: this.buffer.view().slice(), notes, symbols: this.symbols };
  }
}

const NOTHING: ReadonlySet<string> = new Set();
/** The names of a table without their kinds: a unit's functions share one table, so each is cut once. */
const cut = new WeakMap<readonly string[], readonly string[]>();

function namesOf(symbols: readonly string[]): readonly string[] {
  let names = cut.get(symbols);
  // A table grows while its unit is encoded.
  if (names === undefined || names.length !== symbols.length) cut.set(symbols, (names = symbols.map((s) => s.slice(1))));
  return names;
}

/** The parts of the name of an OFFSET. */
export function areaOf(name: string): { readonly area: string; readonly offset: number } {
  const space = name.indexOf(" ");
  return { area: name.slice(space + 1), offset: Number(name.slice(0, space)) };
}

/** What a function refers to, by kind. */
export function summaryOf(f: CodeFunction): Summary {
  const names = namesOf(f.symbols);
  const sets: { [kind: string]: Set<string> } = {};
  for (let i = 1; i < f.notes.length; i += 2) {
    const index = f.notes[i] ?? 0;
    const kind = f.symbols[index]?.charAt(0) ?? "";
    const name = names[index] ?? "";
    if (kind === OFFSET) (sets[AREA] ??= new Set()).add(areaOf(name).area);
    else (sets[kind] ??= new Set()).add(name);
  }
  return { callees: sets[FUNCTION] ?? NOTHING, entries: sets[ENTRY] ?? NOTHING, globals: sets[GLOBAL] ?? NOTHING, areas: sets[AREA] ?? NOTHING, literals: sets[LITERAL] ?? NOTHING };
}

// ---- the kept form

type Row = readonly [name: string, params: string, results: string, size: number, notes: readonly number[]];

/** Plain data: the bodies one after the other in base64, and a row for each function. */
export interface KeptCode {
  readonly symbols: readonly string[];
  readonly rows: readonly Row[];
  readonly code: string;
}

export function keep(functions: readonly CodeFunction[]): KeptCode {
  const all = new ByteBuffer();
  for (const f of functions) all.raw(f.code);
  const letters = (types: readonly Scalar[]): string => types.map((t) => LETTER[t]).join("");
  const rows = functions.map((f): Row => [f.name, letters(f.params), letters(f.results), f.code.length, f.notes]);
  return { symbols: functions[0]?.symbols ?? [], rows, code: Buffer.from(all.view()).toString("base64") };
}

export function takeOut(kept: KeptCode): Map<string, CodeFunction> {
  const bytes = Buffer.from(kept.code, "base64");
  const scalars = (letters: string): Scalar[] => Array.from(letters, (l) => SCALAR[l] ?? "i32");
  const functions = new Map<string, CodeFunction>();
  let at = 0;
  for (const [name, params, results, size, notes] of kept.rows) {
    functions.set(name, { name, params: scalars(params), results: scalars(results), code: bytes.subarray(at, at + size), notes, symbols: kept.symbols });
    at += size;
  }
  return functions;
}
