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
  /** The names of the symbols, as they were given. */
  private readonly names: string[] = [];
  private readonly known: { readonly [kind in SymbolKind]: Map<string, number> } = { f: new Map(), g: new Map(), l: new Map(), a: new Map(), o: new Map(), e: new Map(), t: new Map() };
  private readonly buffer = new ByteBuffer();
  private readonly room = new Room();
  private notes: number[] = [];

  encode(f: IrFunction): CodeFunction {
    this.notes = [];
    this.buffer.length = 0;
    encodeFunction(f, this.buffer, this.note);
    return { name: f.name, params: f.params, results: f.results, code: this.room.copy(this.buffer.view()), notes: this.notes, symbols: this.symbols };
  }

  private readonly note = (offset: number, kind: SymbolKind, name: string): void => {
    let index = this.known[kind].get(name);
    if (index === undefined) {
      this.known[kind].set(name, (index = this.symbols.push(kind + name) - 1));
      this.names.push(name);
    }
    this.notes.push(offset, index);
  };

  /** Shows the functions that one calls or makes entries of, once for each mention. */
  eachFunctionNamed(f: CodeFunction, show: (name: string) => void): void {
    for (let i = 1; i < f.notes.length; i += 2) {
      const index = f.notes[i]!;
      const kind = this.symbols[index]!.charAt(0);
      if (kind === FUNCTION || kind === ENTRY) show(this.names[index]!);
    }
  }
}

const ROOM = 65_536;

/** Many small arrays of bytes in a few large ones: each one of its own would cost more than its content. */
class Room {
  private bytes = new Uint8Array(0);
  private used = 0;

  copy(bytes: Uint8Array): Uint8Array {
    if (this.used + bytes.length > this.bytes.length) {
      this.bytes = new Uint8Array(Math.max(bytes.length, Math.min(ROOM, Math.max(1024, this.bytes.length * 2))));
      this.used = 0;
    }
    const at = this.used;
    this.bytes.set(bytes, at);
    this.used += bytes.length;
    return this.bytes.subarray(at, this.used);
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
  let callees: Set<string> | undefined;
  let entries: Set<string> | undefined;
  let globals: Set<string> | undefined;
  let areas: Set<string> | undefined;
  let literals: Set<string> | undefined;
  for (let i = 1; i < f.notes.length; i += 2) {
    const index = f.notes[i]!;
    const name = names[index]!;
    switch (f.symbols[index]!.charAt(0)) {
      case FUNCTION:
        (callees ??= new Set()).add(name);
        break;
      case ENTRY:
        (entries ??= new Set()).add(name);
        break;
      case GLOBAL:
        (globals ??= new Set()).add(name);
        break;
      case AREA:
        (areas ??= new Set()).add(name);
        break;
      case OFFSET:
        (areas ??= new Set()).add(areaOf(name).area);
        break;
      case LITERAL:
        (literals ??= new Set()).add(name);
    }
  }
  return { callees: callees ?? NOTHING, entries: entries ?? NOTHING, globals: globals ?? NOTHING, areas: areas ?? NOTHING, literals: literals ?? NOTHING };
}

/** Whether to take `a` of two equal instances of a generic: the shorter code, then the smaller bytes, so that no order matters. */
export function better(a: CodeFunction, b: CodeFunction | undefined): boolean {
  if (b === undefined || a.code.length !== b.code.length) return b === undefined || a.code.length < b.code.length;
  return Buffer.compare(a.code, b.code) < 0;
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
  const table = new Table();
  const rows = functions.map((f): Row => [f.name, lettersOf(f.params), lettersOf(f.results), f.code.length, table.notes(f)]);
  return { symbols: table.symbols, rows, code: Buffer.from(all.view()).toString("base64") };
}

/** One table of symbols for functions that may come from several. */
class Table {
  readonly symbols: string[] = [];
  private readonly known = new Map<string, number>();
  private first: readonly string[] | undefined;
  private readonly moved = new Map<readonly string[], number[]>();

  notes(f: CodeFunction): readonly number[] {
    this.first ??= f.symbols;
    let to = this.moved.get(f.symbols);
    if (to === undefined) this.moved.set(f.symbols, (to = f.symbols.map((s) => this.index(s))));
    return f.symbols === this.first ? f.notes : f.notes.map((n, i) => (i % 2 === 0 ? n : to[n]!));
  }

  private index(symbol: string): number {
    let index = this.known.get(symbol);
    if (index === undefined) this.known.set(symbol, (index = this.symbols.push(symbol) - 1));
    return index;
  }
}

export function takeOut(kept: KeptCode): Map<string, CodeFunction> {
  const bytes = Buffer.from(kept.code, "base64");
  const functions = new Map<string, CodeFunction>();
  let at = 0;
  for (const [name, params, results, size, notes] of kept.rows) {
    functions.set(name, { name, params: scalarsOf(params), results: scalarsOf(results), code: bytes.subarray(at, at + size), notes, symbols: kept.symbols });
    at += size;
  }
  return functions;
}

function lettersOf(types: readonly Scalar[]): string {
  let letters = "";
  for (const t of types) letters += LETTER[t];
  return letters;
}

const scalars = new Map<string, readonly Scalar[]>();

function scalarsOf(letters: string): readonly Scalar[] {
  let known = scalars.get(letters);
  if (known === undefined) scalars.set(letters, (known = Array.from(letters, (l) => SCALAR[l] ?? "i32")));
  return known;
}
