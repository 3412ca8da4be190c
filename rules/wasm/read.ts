// Reads the binary format of core modules: LEB numbers, sections, what a module declares. Knows nothing of what a rule wants from it.

import { fail, ok } from "../../engine/index.ts";
import type { Result } from "../../engine/index.ts";
import { skipConstExpr } from "./ops.ts";

/** Bytes that are not the binary format: what was expected and the byte offset where it was not found. */
export interface Malformed {
  readonly message: string;
  readonly offset: number;
}

export type ExternKind = "func" | "table" | "memory" | "global" | "tag";
export const EXTERN_KINDS: readonly ExternKind[] = ["func", "table", "memory", "global", "tag"];

export const SECTION = {
  custom: 0, type: 1, import: 2, function: 3, table: 4, memory: 5, global: 6, export: 7, start: 8,
  element: 9, code: 10, data: 11, dataCount: 12, tag: 13,
} as const;

export const VALTYPE = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b, funcref: 0x70, externref: 0x6f } as const;

/** The text of UTF-8 bytes, null when they are none. Names are ASCII nearly always, and a decoder is slow to make. */
function decodeName(bytes: Uint8Array): string | null {
  if (bytes.length < 256 && bytes.every((byte) => byte < 0x80)) return String.fromCharCode(...bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * A cursor over bytes. The first problem is kept in `fault` and sticks: later reads return zeros, so that
 * callers check once at the end (and in loops whose length the input decides).
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  pos: number;
  readonly end: number;
  fault: Malformed | null = null;

  constructor(bytes: Uint8Array, pos = 0, end = bytes.length) {
    this.bytes = bytes;
    this.pos = pos;
    this.end = end;
  }

  get more(): boolean {
    return this.fault === null && this.pos < this.end;
  }

  spoil(message: string, offset = this.pos): void {
    this.fault ??= { message, offset };
  }

  u8(): number {
    if (this.pos >= this.end) this.spoil("unexpected end");
    return this.fault ? 0 : this.bytes[this.pos++]!;
  }

  /** Unsigned LEB of at most 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) {
        if (value > 0xffffffff) this.spoil("integer too large");
        return this.fault ? 0 : value;
      }
    }
    this.spoil("integer representation too long");
    return 0;
  }

  /** Unsigned LEB of at most 64 bits, as a number (exact up to 2^53). */
  u64(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) return this.fault ? 0 : value;
    }
    this.spoil("integer representation too long");
    return 0;
  }

  /** Steps over one LEB of any width. */
  skipLeb(): void {
    const from = this.pos;
    while (this.pos < this.end) if ((this.bytes[this.pos++]! & 0x80) === 0) return this.pos - from > 10 ? this.spoil("integer representation too long", from) : undefined;
    this.spoil("unexpected end");
  }

  skip(count: number): void {
    if (count > this.end - this.pos) this.spoil("unexpected end");
    else this.pos += count;
  }

  name(): string {
    const length = this.u32();
    const from = this.pos;
    this.skip(length);
    if (this.fault) return "";
    const text = decodeName(this.bytes.subarray(from, this.pos));
    if (text === null) this.spoil("malformed UTF-8 in a name", from);
    return text ?? "";
  }

  /** A reader of the next `count` bytes; this one moves behind them. */
  slice(count: number): ByteReader {
    const from = this.pos;
    this.skip(count);
    const inner = new ByteReader(this.bytes, from, this.fault ? from : this.pos);
    inner.fault = this.fault;
    return inner;
  }
}

/** One section: id and the byte range [start, end) of its content. */
export interface Section {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

export type Format = "core" | "component";

/** Which binary format the preamble announces; null when it announces none of the two. */
export function formatOf(bytes: Uint8Array, at = 0): Format | null {
  const magic = [0, 0x61, 0x73, 0x6d];
  if (bytes.length < at + 8 || magic.some((byte, i) => bytes[at + i] !== byte)) return null;
  const [a, b, c, d] = bytes.subarray(at + 4, at + 8);
  if (a === 1 && b === 0 && c === 0 && d === 0) return "core";
  return a === 0x0d && b === 0 && c === 1 && d === 0 ? "component" : null;
}

/** The sections of the module or component in [at, end), in file order. */
export function readSections(bytes: Uint8Array, at = 0, end = bytes.length): Result<Section[], Malformed> {
  if (formatOf(bytes, at) === null) return fail({ message: "not a WebAssembly binary (bad magic or version)", offset: at });
  const r = new ByteReader(bytes, at + 8, end);
  const sections: Section[] = [];
  while (r.more) {
    const id = r.u8();
    const length = r.u32();
    const start = r.pos;
    r.skip(length);
    sections.push({ id, start, end: r.pos });
  }
  return r.fault ? fail(r.fault) : ok(sections);
}

export interface FuncType {
  readonly params: readonly number[];
  readonly results: readonly number[];
}

export interface Limits {
  readonly min: number;
  readonly max: number | null;
  /** The raw flag byte: bit 0 has max, bit 1 shared, bit 2 64-bit. */
  readonly flags: number;
}

export interface TableType {
  readonly element: number;
  readonly limits: Limits;
}

export interface GlobalType {
  readonly type: number;
  readonly mutable: boolean;
}

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternKind;
}

export interface Export {
  readonly name: string;
  readonly kind: ExternKind;
  readonly index: number;
}

/** What a core module declares. The index spaces (functions … globals) hold imports first, as the format has it. */
export interface CoreModule {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  readonly types: FuncType[];
  readonly imports: Import[];
  /** Type index of every function. */
  readonly functions: number[];
  readonly importedFunctions: number;
  readonly tables: TableType[];
  readonly memories: Limits[];
  readonly globals: GlobalType[];
  readonly exports: Export[];
  readonly start: number | null;
}

export function readExports(r: ByteReader): Export[] {
  const found: Export[] = [];
  for (let n = r.u32(); n > 0 && !r.fault; n--) {
    const name = r.name();
    const kind = readKind(r);
    const index = r.u32();
    if (!r.fault) found.push({ name, kind, index });
  }
  return found;
}

function readKind(r: ByteReader): ExternKind {
  const kind = EXTERN_KINDS[r.u8()];
  if (kind === undefined) r.spoil("unknown kind of import or export", r.pos - 1);
  return kind ?? "func";
}

export function readMemories(r: ByteReader): Limits[] {
  const found: Limits[] = [];
  for (let n = r.u32(); n > 0 && !r.fault; n--) found.push(readLimits(r));
  return found;
}

function readLimits(r: ByteReader): Limits {
  const flags = r.u8();
  if (flags > 7) r.spoil("unknown limits flags", r.pos - 1);
  const min = r.u64();
  const max = flags & 1 ? r.u64() : null;
  return { min, max, flags };
}

function readValType(r: ByteReader): number {
  const type = r.u8();
  const known = (type >= VALTYPE.v128 && type <= VALTYPE.i32) || type === VALTYPE.funcref || type === VALTYPE.externref;
  if (!known) r.spoil(`unsupported value type 0x${type.toString(16)}`, r.pos - 1);
  return type;
}

function readValTypes(r: ByteReader): number[] {
  const found: number[] = [];
  for (let n = r.u32(); n > 0 && !r.fault; n--) found.push(readValType(r));
  return found;
}

function readTypes(r: ByteReader, into: FuncType[]): void {
  for (let n = r.u32(); n > 0 && !r.fault; n--) {
    if (r.u8() !== 0x60) r.spoil("unsupported type form", r.pos - 1);
    into.push({ params: readValTypes(r), results: readValTypes(r) });
  }
}

function readTable(r: ByteReader): TableType {
  return { element: readValType(r), limits: readLimits(r) };
}

function readGlobalType(r: ByteReader): GlobalType {
  return { type: readValType(r), mutable: r.u8() === 1 };
}

/** Imports: their names and kinds, and what they add to the index spaces. */
function readImports(r: ByteReader, module: CoreModule): void {
  for (let n = r.u32(); n > 0 && !r.fault; n--) {
    const from = r.name();
    const name = r.name();
    const kind = readKind(r);
    module.imports.push({ module: from, name, kind });
    switch (kind) {
      case "func": module.functions.push(r.u32()); break;
      case "table": module.tables.push(readTable(r)); break;
      case "memory": module.memories.push(readLimits(r)); break;
      case "global": module.globals.push(readGlobalType(r)); break;
      case "tag": r.spoil("exception tags are not supported"); break;
    }
  }
}

function readGlobals(r: ByteReader, into: GlobalType[]): void {
  for (let n = r.u32(); n > 0 && !r.fault; n--) {
    into.push(readGlobalType(r));
    skipConstExpr(r);
  }
}

function readTables(r: ByteReader, into: TableType[]): void {
  for (let n = r.u32(); n > 0 && !r.fault; n--) into.push(readTable(r));
}

/** Everything a core module declares, bodies and segments excepted; the module should have been validated first. */
export function readModule(bytes: Uint8Array): Result<CoreModule, Malformed> {
  const sections = readSections(bytes);
  if (!sections.ok) return sections;
  if (formatOf(bytes) !== "core") return fail({ message: "a component, not a core module", offset: 4 });
  const module: CoreModule = {
    bytes, sections: sections.value, types: [], imports: [], functions: [], importedFunctions: 0,
    tables: [], memories: [], globals: [], exports: [], start: null,
  };
  let importedFunctions = 0;
  let start: number | null = null;
  for (const section of sections.value) {
    const r = new ByteReader(bytes, section.start, section.end);
    switch (section.id) {
      case SECTION.type: readTypes(r, module.types); break;
      case SECTION.import: readImports(r, module); importedFunctions = module.functions.length; break;
      case SECTION.function: for (let n = r.u32(); n > 0 && !r.fault; n--) module.functions.push(r.u32()); break;
      case SECTION.table: readTables(r, module.tables); break;
      case SECTION.memory: module.memories.push(...readMemories(r)); break;
      case SECTION.global: readGlobals(r, module.globals); break;
      case SECTION.export: module.exports.push(...readExports(r)); break;
      case SECTION.start: start = r.u32(); break;
      case SECTION.tag: r.spoil("exception tags are not supported"); break;
    }
    if (r.fault) return fail(r.fault);
  }
  return ok({ ...module, importedFunctions, start });
}

/** The signature of function `index`; null when the index or its type does not exist. */
export function signatureOf(module: CoreModule, index: number): FuncType | null {
  const type = module.functions[index];
  return (type === undefined ? undefined : module.types[type]) ?? null;
}
