// Functions as code whose numbers are still names. Knows no addresses and no files.

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

const NOTHING: readonly string[] = [];

/** A table of symbols taken apart: a unit's functions share one, so each symbol is cut once. */
interface Cut {
  readonly kinds: string;
  /** Names without their kinds; of an OFFSET, the area. */
  readonly names: readonly string[];
  /** The function that was last seen to use a symbol, as the number of its turn. */
  readonly usedBy: Int32Array;
}

const cuts = new WeakMap<readonly string[], Cut>();
let turn = 0;

function cutOf(symbols: readonly string[]): Cut {
  let cut = cuts.get(symbols);
  // A table grows while its unit is encoded.
  if (cut === undefined || cut.names.length !== symbols.length) cuts.set(symbols, (cut = cutUp(symbols)));
  return cut;
}

function cutUp(symbols: readonly string[]): Cut {
  let kinds = "";
  const names: string[] = [];
  for (const s of symbols) {
    const kind = s.charAt(0);
    kinds += kind;
    names.push(kind === OFFSET ? areaOf(s.slice(1)).area : s.slice(1));
  }
  return { kinds, names, usedBy: new Int32Array(symbols.length) };
}

/** The parts of the name of an OFFSET. */
export function areaOf(name: string): { readonly area: string; readonly offset: number } {
  const space = name.indexOf(" ");
  return { area: name.slice(space + 1), offset: Number(name.slice(0, space)) };
}

/** What a function refers to, by kind. */
export function summaryOf({ symbols, notes }: CodeFunction): Summary {
  const { kinds, names, usedBy } = cutOf(symbols);
  turn += 1;
  const by: { [kind in SymbolKind]?: string[] } = {};
  for (let i = 1; i < notes.length; i += 2) {
    const index = notes[i]!;
    if (usedBy[index] === turn) continue;
    usedBy[index] = turn;
    const kind = kinds.charAt(index) as SymbolKind;
    const into = kind === OFFSET ? AREA : kind;
    (by[into] ??= []).push(names[index]!);
  }
  return { callees: by.f ?? NOTHING, entries: by.e ?? NOTHING, globals: by.g ?? NOTHING, areas: by.a ?? NOTHING, literals: by.l ?? NOTHING };
}

/** Whether to take `a` of two equal instances of a generic: the shorter code, then the smaller bytes, so that no order matters. */
export function better(a: CodeFunction, b: CodeFunction | undefined): boolean {
  if (b === undefined || a.code.length !== b.code.length) return b === undefined || a.code.length < b.code.length;
  return Buffer.compare(a.code, b.code) < 0;
}
