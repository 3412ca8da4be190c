// The code section: bodies with the numbers of their symbols put in. Knows what a symbol stands for in one linked program, no other section.

import type { Linked } from "../link.ts";
import type { ByteBuffer } from "./bytes.ts";
import { AREA, areaOf, type CodeFunction, ENTRY, FUNCTION, GLOBAL, LITERAL, OFFSET } from "./symbols.ts";

/** The number of each symbol of a table, and how it is written: addresses are signed constants, indices are not. */
interface NumberTable {
  readonly values: Int32Array;
  readonly signed: Uint8Array;
  /** Bytes that each takes; 0: nothing is linked under this name, so no function that is linked may use it. */
  readonly lengths: Uint8Array;
}

const NO_NUMBERS: NumberTable = { values: new Int32Array(0), signed: new Uint8Array(0), lengths: new Uint8Array(0) };

interface Kind {
  readonly signed: boolean;
  readonly of: ReadonlyMap<string, number>;
}

export class Numbers {
  private readonly kinds: { readonly [kind: string]: Kind };
  private readonly resumeType: number;
  private readonly statics: ReadonlyMap<string, number>;
  private readonly tables = new Map<readonly string[], NumberTable>();

  constructor(linked: Linked<CodeFunction>, order: ReadonlyMap<string, number>, resumeType: number, firstGlobal: number) {
    this.resumeType = resumeType;
    this.statics = linked.statics;
    this.kinds = {
      [FUNCTION]: { signed: false, of: order },
      [GLOBAL]: { signed: false, of: new Map(linked.globals.map((g, i) => [g, i + firstGlobal])) },
      [LITERAL]: { signed: true, of: linked.literals },
      [AREA]: { signed: true, of: linked.statics },
      [ENTRY]: { signed: true, of: new Map(linked.table.map((name, i) => [name, i])) },
    };
  }

  /** A unit's functions share a table of symbols: it is gone through once. */
  of(symbols: readonly string[]): NumberTable {
    let table = this.tables.get(symbols);
    if (table === undefined) this.tables.set(symbols, (table = this.tableOf(symbols)));
    return table;
  }

  private tableOf(symbols: readonly string[]): NumberTable {
    const values = new Int32Array(symbols.length);
    const signed = new Uint8Array(symbols.length);
    const lengths = new Uint8Array(symbols.length);
    for (let i = 0; i < symbols.length; i++) {
      const symbol = symbols[i]!;
      const kind = this.kinds[symbol.charAt(0)];
      const value = kind === undefined ? this.other(symbol) : kind.of.get(symbol.slice(1));
      if (value === undefined) continue;
      values[i] = value;
      if (kind?.signed === true) signed[i] = 1;
      lengths[i] = lengthOf(value, kind?.signed === true);
    }
    return { values, signed, lengths };
  }

  private other(symbol: string): number | undefined {
    if (symbol.charAt(0) !== OFFSET) return this.resumeType;
    const { area, offset } = areaOf(symbol.slice(1));
    const start = this.statics.get(area);
    return start === undefined ? undefined : start + offset;
  }
}

function lengthOf(value: number, signed: boolean): number {
  // A signed number needs one bit more, for its sign.
  const size = signed ? (value < 0 ? ~value : value) * 2 : value >>> 0;
  return size < 2 ** 7 ? 1 : size < 2 ** 14 ? 2 : size < 2 ** 21 ? 3 : size < 2 ** 28 ? 4 : 5;
}

/** Each function's size, then its code with the numbers put in. */
export function writeCode(s: ByteBuffer, functions: readonly CodeFunction[], numbers: Numbers): void {
  s.u32(functions.length);
  let symbols: readonly string[] | undefined;
  let table = NO_NUMBERS;
  for (let i = 0; i < functions.length; i++) {
    const f = functions[i]!;
    if (f.symbols !== symbols) table = numbers.of((symbols = f.symbols));
    const size = sizeWith(f, table.lengths);
    s.u32(size);
    s.reserve(size);
    fillIn(f.code, f.notes, s.bytes, s.length, table);
    s.length += size;
  }
}

function sizeWith({ code, notes, symbols }: CodeFunction, lengths: Uint8Array): number {
  let all = code.length;
  for (let i = 1; i < notes.length; i += 2) {
    const length = lengths[notes[i]!]!;
    // Whoever links brings all that is used: any other number would be wrong code.
    if (length === 0) throw new Error(`nothing is linked under the name ${symbols[notes[i]!]}`);
    all += length;
  }
  return all;
}

/** Fewer bytes than this are copied by hand, which is faster for so few. */
const BY_HAND = 12;

function fillIn(code: Uint8Array, notes: readonly number[], out: Uint8Array, start: number, { values, signed, lengths }: NumberTable): void {
  let at = start;
  let from = 0;
  for (let i = 0; i <= notes.length; i += 2) {
    const to = i < notes.length ? notes[i]! : code.length;
    if (to - from < BY_HAND) while (from < to) out[at++] = code[from++]!;
    else {
      out.set(from === 0 && to === code.length ? code : code.subarray(from, to), at);
      at += to - from;
      from = to;
    }
    if (i === notes.length) return;
    const symbol = notes[i + 1]!;
    let rest = values[symbol]!;
    const shifted = signed[symbol] === 1;
    for (let left = lengths[symbol]!; left > 1; left--) {
      out[at++] = (rest & 0x7f) | 0x80;
      rest = shifted ? rest >> 7 : rest >>> 7;
    }
    out[at++] = rest & 0x7f;
  }
}
