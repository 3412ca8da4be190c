// Code with open names as it is kept: one head for many functions, and their bodies in one piece. Knows no addresses and no files.

import type { Scalar } from "../ir.ts";
import { ByteBuffer } from "./bytes.ts";
import type { CodeFunction } from "./symbols.ts";

const LETTER: { readonly [t in Scalar]: string } = { i32: "i", i64: "l", f64: "d" };
const SCALAR: { readonly [letter: string]: Scalar } = { i: "i32", l: "i64", d: "f64" };

/** Plain data, a column for each fact: a reader of thousands of functions makes few objects. */
export interface CodeHead {
  readonly symbols: readonly string[];
  readonly names: readonly string[];
  /** Letters of the parameters, a colon, those of the results. */
  readonly types: readonly string[];
  /** Length of each body. */
  readonly sizes: readonly number[];
  /** How many numbers of `notes` are each function's. */
  readonly counts: readonly number[];
  readonly notes: readonly number[];
}

export interface KeptCode {
  readonly head: CodeHead;
  /** The bodies one after the other. */
  readonly bytes: Uint8Array;
}

export function keep(functions: readonly CodeFunction[]): KeptCode {
  const all = new ByteBuffer();
  const table = new Table();
  const head = { names: [] as string[], types: [] as string[], sizes: [] as number[], counts: [] as number[], notes: [] as number[] };
  for (const f of functions) {
    all.raw(f.code);
    head.names.push(f.name);
    head.types.push(`${lettersOf(f.params)}:${lettersOf(f.results)}`);
    head.sizes.push(f.code.length);
    head.counts.push(f.notes.length);
    for (const n of table.notes(f)) head.notes.push(n);
  }
  return { head: { symbols: table.symbols, ...head }, bytes: all.view().slice() };
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

export function takeOut({ head, bytes }: KeptCode): Map<string, CodeFunction> {
  const { symbols, names, types, sizes, counts, notes } = head;
  const functions = new Map<string, CodeFunction>();
  let at = 0;
  let note = 0;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    const type = typeOf(types[i]!);
    const code = bytes.subarray(at, (at += sizes[i]!));
    functions.set(name, { name, params: type.params, results: type.results, code, notes: notes.slice(note, (note += counts[i]!)), symbols });
  }
  return functions;
}

function lettersOf(types: readonly Scalar[]): string {
  let letters = "";
  for (const t of types) letters += LETTER[t];
  return letters;
}

interface FunctionType {
  readonly params: readonly Scalar[];
  readonly results: readonly Scalar[];
}

const types = new Map<string, FunctionType>();

/** Functions of one type share it. */
function typeOf(letters: string): FunctionType {
  let known = types.get(letters);
  if (known === undefined) {
    const [params = [], results = []] = letters.split(":").map((side) => Array.from(side, (l) => SCALAR[l] ?? "i32"));
    types.set(letters, (known = { params, results }));
  }
  return known;
}
