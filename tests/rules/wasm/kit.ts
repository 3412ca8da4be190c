// Hand-made core modules for tests: a description in, bytes out. Knows nothing of what is tested.

import { OP } from "../../../rules/wasm/ops.ts";
import { SECTION, VALTYPE } from "../../../rules/wasm/read.ts";
import { ByteWriter, CORE_PREAMBLE } from "../../../rules/wasm/write.ts";

export const { i32, i64, funcref } = VALTYPE;

export interface Fn {
  readonly params?: readonly number[];
  readonly results?: readonly number[];
  /** Types of the locals. */
  readonly locals?: readonly number[];
  /** Instructions without the final `end`. */
  readonly code: readonly number[];
}

export interface ModuleText {
  /** [min, max?] in pages. */
  readonly memory?: readonly [number, number?];
  readonly table?: readonly [number, number?];
  readonly globals?: readonly { readonly type: number; readonly mutable?: boolean; readonly value: number }[];
  readonly fns?: readonly Fn[];
  readonly exports?: readonly (readonly [name: string, kind: number, index: number])[];
  readonly importFns?: readonly (readonly [module: string, name: string])[];
  readonly start?: number;
  /** Function indices that fill table 0 from its beginning. */
  readonly elements?: readonly number[];
  readonly data?: readonly { readonly at: number; readonly bytes: readonly number[] }[];
  /** Types besides those of the functions (which come first, one each), for block types and call_indirect. */
  readonly types?: readonly { readonly params: readonly number[]; readonly results: readonly number[] }[];
  readonly passive?: readonly number[];
}

function vec<T>(items: readonly T[], each: (w: ByteWriter, item: T) => void): ByteWriter {
  const w = new ByteWriter().u32(items.length);
  for (const item of items) each(w, item);
  return w;
}

function limits(w: ByteWriter, [min, max]: readonly [number, number?]): void {
  w.u8(max === undefined ? 0 : 1).u32(min);
  if (max !== undefined) w.u32(max);
}

/** Type index i is that of function i (imports of type ()→() first), then `types`. */
export function build(m: ModuleText): Uint8Array {
  const fns = m.fns ?? [];
  const imports = m.importFns ?? [];
  const types = [...imports.map(() => ({ params: [], results: [] })), ...fns.map((f) => ({ params: f.params ?? [], results: f.results ?? [] })), ...(m.types ?? [])];
  const w = new ByteWriter().raw(CORE_PREAMBLE);
  w.section(SECTION.type, vec(types, (s, t) => s.u8(0x60).sized(Uint8Array.from(t.params)).sized(Uint8Array.from(t.results))));
  if (imports.length > 0) w.section(SECTION.import, vec(imports, (s, [from, name]) => s.name(from).name(name).u8(0).u32(0)));
  w.section(SECTION.function, vec(fns, (s, f) => s.u32(imports.length + fns.indexOf(f))));
  if (m.table) w.section(SECTION.table, vec([m.table], (s, t) => limits(s.u8(funcref), t)));
  if (m.memory) w.section(SECTION.memory, vec([m.memory], limits));
  if (m.globals) w.section(SECTION.global, vec(m.globals, (s, g) => {
    s.u8(g.type).u8(g.mutable ? 1 : 0);
    if (g.type === i64) s.u8(OP.i64Const).s64(BigInt(g.value)).u8(OP.end);
    else s.u8(OP.i32Const).s32(g.value).u8(OP.end);
  }));
  if (m.exports) w.section(SECTION.export, vec(m.exports, (s, [name, kind, index]) => s.name(name).u8(kind).u32(index)));
  if (m.start !== undefined) w.section(SECTION.start, new ByteWriter().u32(m.start));
  if (m.elements) w.section(SECTION.element, vec([m.elements], (s, e) => {
    s.u32(0).u8(OP.i32Const).s32(0).u8(OP.end).u32(e.length);
    for (const f of e) s.u32(f);
  }));
  if (m.passive) w.section(SECTION.dataCount, new ByteWriter().u32(1));
  w.section(SECTION.code, vec(fns, (s, f) => {
    const body = vec(f.locals ?? [], (b, type) => b.u32(1).u8(type)).raw(f.code).u8(OP.end);
    s.sized(body.view());
  }));
  if (m.passive) w.section(SECTION.data, vec([m.passive], (s, bytes) => s.u8(1).sized(Uint8Array.from(bytes))));
  else if (m.data) w.section(SECTION.data, vec(m.data, (s, d) => s.u32(0).u8(OP.i32Const).s32(d.at).u8(OP.end).sized(Uint8Array.from(d.bytes))));
  return w.bytes();
}

/** A signed LEB, for constants in code. */
export function s32(value: number): number[] {
  return [...new ByteWriter().s32(value).view()];
}

export function u32(value: number): number[] {
  return [...new ByteWriter().u32(value).view()];
}

export const I32 = (value: number): number[] => [OP.i32Const, ...s32(value)];
export const get = (index: number): number[] => [OP.localGet, ...u32(index)];
export const set = (index: number): number[] => [OP.localSet, ...u32(index)];
export const EMPTY = 0x40;

const FIVE = [i32, i32, i32, i32, i32];

/**
 * A solve module: `code` is the body of x07_solve_v2 (parameters: 0 retptr, 1 arena, 2 cap, 3 input, 4 length).
 * Function 0 is solve; `more.fns` follow it. Heap base 16, data end 0, one page of fixed memory.
 */
export function solveModule(code: readonly number[], more: ModuleText & { readonly locals?: readonly number[] } = {}): Uint8Array {
  return build({
    memory: [1, 1],
    globals: [{ type: i32, value: 16 }, { type: i32, value: 0 }],
    exports: [["x07_solve_v2", 0, more.importFns?.length ?? 0], ["memory", 2, 0], ["__heap_base", 3, 0], ["__data_end", 3, 1]],
    ...more,
    fns: [{ params: FIVE, locals: more.locals ?? [], code }, ...(more.fns ?? [])],
  });
}

/** Stores the range (ptr, len) at retptr. */
export function answer(ptr: readonly number[], len: readonly number[]): number[] {
  return [...get(0), ...ptr, 0x36, 2, 0, ...get(0), ...len, 0x36, 2, 4];
}

/** Copies the input to the arena and returns it. */
export const ECHO: readonly number[] = [...get(1), ...get(3), ...get(4), OP.bulk, 10, 0, 0, ...answer(get(1), get(4))];
