// Copies code of one module into another, where functions, globals and types have other numbers. Knows operands, not what they do.

import { BULK, OP, skipConstExpr, skipOperands } from "./ops.ts";
import { ByteReader } from "./read.ts";
import { ByteWriter } from "./write.ts";

/** Numbers of the new module by those of the old one. */
export interface Renumbering {
  readonly func: (index: number) => number;
  readonly global: (index: number) => number;
  readonly type: (index: number) => number;
  /** Tables, data and element segments keep their numbers. False: code that names one is refused. */
  readonly keepsTables: boolean;
}

const REF_FUNC = 0xd2;
const TABLE_GET = 0x25;
const TABLE_SET = 0x26;
const DATA_OR_TABLE = new Set<number>([8, 9, 12, 13, 14, BULK.tableGrow, BULK.tableSize, 17]);

/** One function body: its locals as they are, its code renumbered. */
export function rewriteBody(body: ByteReader, how: Renumbering): ByteWriter {
  const w = new ByteWriter(body.end - body.pos + 64);
  const from = body.pos;
  for (let groups = body.u32(); groups > 0 && !body.fault; groups--) {
    body.skipLeb();
    body.skip(1);
  }
  w.copy(body.bytes, from, body.pos);
  while (body.more) rewriteOne(body, w, how);
  return w;
}

/** A constant expression with its `end`. */
export function rewriteConstExpr(r: ByteReader, w: ByteWriter, how: Renumbering): void {
  while (!r.fault) if (rewriteOne(r, w, how) === OP.end) return;
}

/** An element section: numbers of functions, or expressions that give them. */
export function rewriteElements(r: ByteReader, how: Renumbering): ByteWriter {
  const count = r.u32();
  const w = new ByteWriter(r.end - r.pos + 64).u32(count);
  for (let i = 0; i < count && !r.fault; i++) {
    const flags = r.u32();
    w.u32(flags);
    const active = (flags & 1) === 0;
    const byExpression = (flags & 4) !== 0;
    if (active && (flags & 2) !== 0) w.u32(r.u32());
    if (active) rewriteConstExpr(r, w, how);
    if ((flags & 3) !== 0) w.u8(r.u8());
    const items = r.u32();
    w.u32(items);
    for (let n = 0; n < items && !r.fault; n++) {
      if (byExpression) rewriteConstExpr(r, w, how);
      else w.u32(how.func(r.u32()));
    }
  }
  return w;
}

/** Steps over a constant expression of the form `global.get index`; the index, or null when it is of another form. */
export function readGlobalGet(r: ByteReader): number | null {
  const from = r.pos;
  if (r.u8() === OP.globalGet) {
    const index = r.u32();
    if (r.u8() === OP.end) return index;
  }
  r.pos = from;
  skipConstExpr(r);
  return null;
}

/** Steps over a constant expression of the form `i32.const value`; the value as unsigned, or null when it is of another form. */
export function readI32Const(r: ByteReader): number | null {
  const from = r.pos;
  if (r.u8() === OP.i32Const) {
    const value = signed(r);
    if (r.u8() === OP.end) return value >>> 0;
  }
  r.pos = from;
  skipConstExpr(r);
  return null;
}

function signed(r: ByteReader): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = r.u8();
    value |= (byte & 0x7f) << shift;
    if ((byte & 0x80) === 0) return shift < 28 && (byte & 0x40) !== 0 ? value | (-1 << (shift + 7)) : value;
  }
  return value;
}

function rewriteOne(r: ByteReader, w: ByteWriter, how: Renumbering): number {
  const at = r.pos;
  const op = r.u8();
  switch (op) {
    case OP.call:
    case OP.returnCall:
    case REF_FUNC:
      w.u8(op).u32(how.func(r.u32()));
      return op;
    case OP.globalGet:
    case OP.globalSet:
      w.u8(op).u32(how.global(r.u32()));
      return op;
    case OP.block:
    case OP.loop:
    case OP.if:
      w.u8(op);
      blockType(r, w, how);
      return op;
    case OP.callIndirect:
    case OP.returnCallIndirect:
      if (!how.keepsTables) r.spoil("it calls through a table", at);
      w.u8(op).u32(how.type(r.u32())).u32(r.u32());
      return op;
  }
  if (!how.keepsTables && namesTableOrData(op, r)) r.spoil("it uses a table or a data segment by number", at);
  skipOperands(op, r);
  w.copy(r.bytes, at, r.pos);
  return op;
}

function namesTableOrData(op: number, r: ByteReader): boolean {
  return op === TABLE_GET || op === TABLE_SET || (op === OP.bulk && DATA_OR_TABLE.has(r.bytes[r.pos] ?? 0));
}

/** Nothing, one value type (a negative number of one byte), or a type by number. */
function blockType(r: ByteReader, w: ByteWriter, how: Renumbering): void {
  const first = r.bytes[r.pos] ?? 0;
  if ((first & 0xc0) === 0x40) w.u8(r.u8());
  else w.s32(how.type(r.u32()));
}
