// The sections of a module whose budgets are imported: imports and a table more, globals moved up, memories made shared or imported too. Knows nothing of code.

import { OP, skipOperands } from "./ops.ts";
import { SECTION, VALTYPE } from "./read.ts";
import type { ByteReader, CoreModule } from "./read.ts";
import { ByteWriter } from "./write.ts";

export interface SharedLayout {
  /** Module name of the imported budgets. */
  readonly tank: string;
  /** Where the imported budgets are in the index space of globals; the module's own follow. */
  readonly firstGlobal: number;
  readonly globals: readonly { readonly name: string; readonly type: number }[];
  /** The table of the refill function, behind the module's own. */
  readonly table: number;
  /** Its export name; null: no fuel is counted. */
  readonly refill: string | null;
  /** The module's one memory becomes an import; null: memories stay as they are. */
  readonly memory: MemoryImport | null;
}

export interface MemoryImport {
  /** Module name and name of the import. */
  readonly from: string;
  readonly name: string;
  /** Pages that the import asks for at least; `min` is what the module declares. */
  readonly least: number;
  readonly min: number;
  readonly max: number;
}

interface Extra {
  readonly name: string;
  readonly kind: number;
  readonly index: number;
}

/** Pages of the largest 32-bit memory: the maximum of memories that state none. */
const MAX_PAGES = 65536;

/** `least`: how few pages an imported memory may have; undefined: no memory becomes an import. */
export function sharedLayout(module: CoreModule, fuel: boolean, least?: number): SharedLayout {
  const fresh = (wish: string, taken: readonly string[]): string => (taken.includes(wish) ? fresh(`${wish}'`, taken) : wish);
  const from = module.imports.map((i) => i.module);
  const tank = fresh("meter", from);
  const [own, ...more] = module.memories;
  const memory = least === undefined || own === undefined || more.length > 0 || module.imports.some((i) => i.kind === "memory") ? null : own;
  return {
    tank,
    memory: memory === null || least === undefined ? null : { from: fresh("meter.memory", from), name: "memory", least: Math.min(least, memory.min), min: memory.min, max: memory.max ?? MAX_PAGES },
    firstGlobal: module.imports.filter((i) => i.kind === "global").length,
    globals: [{ name: "stack", type: VALTYPE.i32 }, { name: "reason", type: VALTYPE.i32 }, { name: "detail", type: VALTYPE.i64 }, ...(fuel ? [{ name: "fuel", type: VALTYPE.i64 }] : [])],
    table: module.tables.length,
    refill: fuel ? fresh("meter.refill", module.exports.map((e) => e.name)) : null,
  };
}

/** The new content of a section; null where sharing changes nothing about it. */
export function weaveShared(id: number, r: ByteReader, layout: SharedLayout, extra: readonly Extra[]): ByteWriter | null {
  switch (id) {
    case SECTION.import: return imports(r, layout);
    case SECTION.table: return layout.refill === null ? null : tables(r);
    case SECTION.memory: return !r.more ? null : layout.memory === null ? memories(r) : new ByteWriter(1).u32(0);
    case SECTION.global: return r.more ? globals(r, layout) : null;
    case SECTION.export: return exports(r, layout, extra);
    case SECTION.element: return r.more ? elements(r, layout) : null;
    case SECTION.data: return r.more ? data(r, layout) : null;
    default: return null;
  }
}

function imports(r: ByteReader, layout: SharedLayout): ByteWriter {
  const had = r.more ? r.u32() : 0;
  const w = new ByteWriter(r.end - r.pos + 256).u32(had + layout.globals.length + (layout.memory === null ? 0 : 1));
  for (let n = had; n > 0 && !r.fault; n--) {
    const from = r.pos;
    r.skip(r.u32());
    r.skip(r.u32());
    const kind = r.u8();
    w.copy(r.bytes, from, r.pos);
    if (kind === 2) limits(r, w);
    else {
      const type = r.pos;
      if (kind === 0) r.skipLeb();
      else if (kind === 3) r.skip(2);
      else if (kind === 1) {
        r.skip(1);
        const flags = r.u8();
        r.skipLeb();
        if (flags & 1) r.skipLeb();
      } else r.spoil("unsupported kind of import");
      w.copy(r.bytes, type, r.pos);
    }
  }
  for (const { name, type } of layout.globals) w.name(layout.tank).name(name).u8(3).u8(type).u8(1);
  if (layout.memory !== null) w.name(layout.memory.from).name(layout.memory.name).u8(2).u8(3).u32(layout.memory.least).u32(layout.memory.max);
  return w;
}

/** The limits of a memory, shared and with a maximum. */
function limits(r: ByteReader, w: ByteWriter): void {
  const flags = r.u8();
  const min = r.u64();
  const max = flags & 1 ? r.u64() : MAX_PAGES;
  w.u8(flags | 3).u32(min).u32(max);
}

function memories(r: ByteReader): ByteWriter {
  const count = r.u32();
  const w = new ByteWriter(64).u32(count);
  for (let n = count; n > 0 && !r.fault; n--) limits(r, w);
  return w;
}

function tables(r: ByteReader): ByteWriter {
  const had = r.more ? r.u32() : 0;
  return new ByteWriter(r.end - r.pos + 16).u32(had + 1).copy(r.bytes, r.pos, r.end).raw([VALTYPE.funcref, 1, 1, 1]);
}

function globals(r: ByteReader, layout: SharedLayout): ByteWriter {
  const count = r.u32();
  const w = new ByteWriter(r.end - r.pos + 64).u32(count);
  for (let n = count; n > 0 && !r.fault; n--) {
    w.copy(r.bytes, r.pos, r.pos + 2);
    r.skip(2);
    constant(r, w, layout);
  }
  return w;
}

function exports(r: ByteReader, layout: SharedLayout, extra: readonly Extra[]): ByteWriter {
  const had = r.more ? r.u32() : 0;
  const w = new ByteWriter(r.end - r.pos + 256).u32(had + extra.length);
  for (let n = had; n > 0 && !r.fault; n--) {
    const from = r.pos;
    r.skip(r.u32());
    const kind = r.u8();
    w.copy(r.bytes, from, r.pos);
    const index = r.u32();
    w.u32(kind === 3 ? moved(index, layout) : index);
  }
  for (const e of extra) w.name(e.name).u8(e.kind).u32(e.index);
  return w;
}

function moved(index: number, layout: SharedLayout): number {
  return index < layout.firstGlobal ? index : index + layout.globals.length;
}

/** A constant expression, its `end` included. */
function constant(r: ByteReader, w: ByteWriter, layout: SharedLayout): void {
  while (!r.fault) {
    const from = r.pos;
    const op = r.u8();
    if (op === OP.globalGet) {
      w.u8(op).u32(moved(r.u32(), layout));
      continue;
    }
    if (op !== OP.end) skipOperands(op, r);
    w.copy(r.bytes, from, r.pos);
    if (op === OP.end) return;
  }
}

function elements(r: ByteReader, layout: SharedLayout): ByteWriter {
  const count = r.u32();
  const w = new ByteWriter(r.end - r.pos + 64).u32(count);
  for (let n = count; n > 0 && !r.fault; n--) {
    const flags = r.u32();
    w.u32(flags);
    const active = (flags & 1) === 0;
    if (active && flags & 2) w.u32(r.u32());
    if (active) constant(r, w, layout);
    if (flags & 3) w.u8(r.u8());
    const items = r.u32();
    w.u32(items);
    for (let k = items; k > 0 && !r.fault; k--) if (flags & 4) constant(r, w, layout); else w.u32(r.u32());
  }
  return w;
}

function data(r: ByteReader, layout: SharedLayout): ByteWriter {
  const count = r.u32();
  const w = new ByteWriter(r.end - r.pos + 64).u32(count);
  for (let n = count; n > 0 && !r.fault; n--) {
    const flags = r.u32();
    w.u32(flags);
    if (flags === 2) w.u32(r.u32());
    if (flags !== 1) constant(r, w, layout);
    const length = r.u32();
    const from = r.pos;
    r.skip(length);
    w.u32(length).copy(r.bytes, from, r.pos);
  }
  return w;
}
