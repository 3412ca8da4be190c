// Linked functions -> the bytes of a core module. Knows the sections and the exports that x07 hosts expect.

import type { Scalar } from "../ir.ts";
import type { Linked } from "../link.ts";
import { ByteBuffer } from "./bytes.ts";
import { Numbers, writeCode } from "./numbers.ts";
import type { CodeFunction } from "./symbols.ts";

export interface MemoryPlan {
  /** Multiples of 65536. */
  readonly initialBytes: number;
  readonly maxBytes: number;
}

const PAGE = 65_536;
const LARGEST = 2 ** 32;
const TYPE: { readonly [t in Scalar]: number } = { i32: 0x7f, i64: 0x7e, f64: 0x7c };
const CONSTANT_GLOBALS = 2;

/** What is wrong with a plan for a program with so many bytes of static data; undefined when nothing is. */
export function planProblem(memory: MemoryPlan, dataEnd: number): { readonly kind: "Parse" | "Budget"; readonly message: string } | undefined {
  const { initialBytes, maxBytes } = memory;
  for (const [name, size] of [["initial", initialBytes], ["maximum", maxBytes]] as const) {
    if (!Number.isInteger(size) || size < 0 || size % PAGE !== 0 || size > LARGEST) return { kind: "Parse", message: `wasm ${name} memory must be a multiple of ${PAGE} up to ${LARGEST}: got ${size}` };
  }
  if (maxBytes < initialBytes) return { kind: "Parse", message: `wasm maximum memory must not be below the initial memory: ${maxBytes} < ${initialBytes}` };
  if (dataEnd > initialBytes) return { kind: "Budget", message: `static data of ${dataEnd} bytes does not fit the initial memory of ${initialBytes} bytes` };
  return undefined;
}

export function encodeModule(linked: Linked<CodeFunction>, memory: MemoryPlan): Uint8Array {
  const out = new ByteBuffer();
  out.raw(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  const types = new Types();
  const typeOf = linked.functions.map((f) => types.index(f.params, f.results));
  const resumes = linked.functions.some((f) => f.name === "rt.turn");
  const resumeType = resumes ? types.index(["i32"], []) : 0;
  section(out, 1, (s) => types.write(s));
  section(out, 3, (s) => {
    s.u32(typeOf.length);
    for (const t of typeOf) s.u32(t);
  });
  const order = new Map<string, number>();
  linked.functions.forEach((f, i) => order.set(f.name, i));
  if (resumes || linked.table.length > 0) section(out, 4, (s) => s.raw(new Uint8Array([1, 0x70, 1, ...leb(linked.table.length), ...leb(linked.table.length)])));
  section(out, 5, (s) => {
    s.u32(1);
    s.byte(1);
    s.u32(memory.initialBytes / PAGE);
    s.u32(memory.maxBytes / PAGE);
  });
  const heapBase = Math.max(16, linked.dataEnd);
  section(out, 6, (s) => globals(s, linked, heapBase));
  section(out, 7, (s) => exports(s, linked.functions.length - 1));
  if (linked.table.length > 0) section(out, 9, (s) => elements(s, linked.table, order));
  section(out, 10, (s) => writeCode(s, linked.functions, new Numbers(linked, order, resumeType, CONSTANT_GLOBALS)));
  if (linked.data.length > 0) section(out, 11, (s) => data(s, linked));
  return out.view().slice();
}

function leb(n: number): number[] {
  const b = new ByteBuffer();
  b.u32(n);
  return [...b.view()];
}

function section(out: ByteBuffer, id: number, write: (s: ByteBuffer) => void): void {
  const s = new ByteBuffer();
  write(s);
  out.byte(id);
  out.u32(s.length);
  out.raw(s.view());
}

class Types {
  private readonly known = new Map<string, number>();
  /** By the lists themselves: functions of one type mostly share them. */
  private readonly shared = new Map<readonly Scalar[], Map<readonly Scalar[], number>>();
  private readonly list: { params: readonly Scalar[]; results: readonly Scalar[] }[] = [];

  index(params: readonly Scalar[], results: readonly Scalar[]): number {
    let byResults = this.shared.get(params);
    if (byResults === undefined) this.shared.set(params, (byResults = new Map()));
    let index = byResults.get(results);
    if (index === undefined) byResults.set(results, (index = this.indexByText(params, results)));
    return index;
  }

  private indexByText(params: readonly Scalar[], results: readonly Scalar[]): number {
    const key = `${params.join()}>${results.join()}`;
    const found = this.known.get(key);
    if (found !== undefined) return found;
    this.known.set(key, this.list.length);
    this.list.push({ params, results });
    return this.list.length - 1;
  }

  write(s: ByteBuffer): void {
    s.u32(this.list.length);
    for (const t of this.list) {
      s.byte(0x60);
      for (const side of [t.params, t.results]) {
        s.u32(side.length);
        for (const x of side) s.byte(TYPE[x]);
      }
    }
  }
}

function globals(s: ByteBuffer, linked: Linked<CodeFunction>, heapBase: number): void {
  s.u32(CONSTANT_GLOBALS + linked.globals.length);
  const one = (mutable: number, value: number): void => {
    s.byte(0x7f);
    s.byte(mutable);
    s.byte(0x41);
    s.s32(value);
    s.byte(0x0b);
  };
  one(0, linked.dataEnd);
  one(0, heapBase);
  for (const _ of linked.globals) one(1, heapBase);
}

function exports(s: ByteBuffer, entry: number): void {
  s.u32(4);
  for (const [name, kind, index] of [["memory", 2, 0], ["x07_solve_v2", 0, entry], ["__data_end", 3, 0], ["__heap_base", 3, 1]] as const) {
    s.text(name);
    s.byte(kind);
    s.u32(index);
  }
}

function elements(s: ByteBuffer, table: readonly string[], order: ReadonlyMap<string, number>): void {
  s.u32(1);
  s.raw(new Uint8Array([0, 0x41, 0, 0x0b]));
  s.u32(table.length);
  for (const name of table) s.u32(order.get(name) ?? 0);
}

function data(s: ByteBuffer, { data, dataStart }: Linked<CodeFunction>): void {
  s.u32(1);
  s.raw(new Uint8Array([0, 0x41]));
  s.s32(dataStart);
  s.byte(0x0b);
  s.u32(data.length);
  s.raw(data);
}
