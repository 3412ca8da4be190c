// The instruction table: how many operand bytes follow each opcode. Knows nothing of what instructions do.

import type { ByteReader } from "./read.ts";

export const OP = {
  unreachable: 0x00, nop: 0x01, block: 0x02, loop: 0x03, if: 0x04, else: 0x05, end: 0x0b, br: 0x0c, brIf: 0x0d,
  brTable: 0x0e, return: 0x0f, call: 0x10, callIndirect: 0x11, returnCall: 0x12, returnCallIndirect: 0x13,
  drop: 0x1a, localGet: 0x20, localSet: 0x21, localTee: 0x22, globalGet: 0x23, globalSet: 0x24,
  memorySize: 0x3f, memoryGrow: 0x40, i32Const: 0x41, i64Const: 0x42, i32Eqz: 0x45, i32LtS: 0x48, i64LtS: 0x53, i64LeS: 0x57, i64GtU: 0x56,
  i32Add: 0x6a, i32Sub: 0x6b, i64Add: 0x7c, i64Sub: 0x7d, i64Or: 0x84,
  i32WrapI64: 0xa7, i64ExtendI32S: 0xac, i64ExtendI32U: 0xad, refNull: 0xd0, refFunc: 0xd2, bulk: 0xfc, simd: 0xfd, atomic: 0xfe,
} as const;

/** Second bytes of the 0xfc group that matter by name. */
export const BULK = { tableGrow: 15, tableSize: 16 } as const;

// What follows an opcode: 0–3 = so many LEB numbers; the rest need code of their own.
const F32 = 4, F64 = 5, TABLE = 6, TYPES = 7, BULK_GROUP = 8, SIMD_GROUP = 9, ATOMIC_GROUP = 10, UNKNOWN = 255;

const OPERANDS = operandTable();

function operandTable(): Uint8Array {
  const t = new Uint8Array(256).fill(UNKNOWN);
  t.fill(0, 0x00, 0x02); // unreachable nop
  t.fill(1, 0x02, 0x05); // block loop if: a type
  t[0x05] = t[0x0b] = t[0x0f] = t[0x1a] = t[0x1b] = 0; // else end return drop select
  t[0x0c] = t[0x0d] = t[0x10] = t[0x12] = 1; // br br_if call return_call
  t[0x0e] = TABLE;
  t[0x11] = t[0x13] = 2; // call_indirect return_call_indirect: type, table
  t[0x1c] = TYPES;
  t.fill(1, 0x20, 0x27); // locals, globals, table.get table.set
  t.fill(2, 0x28, 0x3f); // loads and stores: align, offset
  t.fill(1, 0x3f, 0x43); // memory.size memory.grow i32.const i64.const
  t[0x43] = F32;
  t[0x44] = F64;
  t.fill(0, 0x45, 0xc5); // comparisons, arithmetic, conversions, sign extension
  t[0xd0] = t[0xd2] = 1; // ref.null ref.func
  t[0xd1] = 0; // ref.is_null
  t[0xfc] = BULK_GROUP;
  t[0xfd] = SIMD_GROUP;
  t[0xfe] = ATOMIC_GROUP;
  return t;
}

/** LEB operands of the 0xfc group by second opcode: conversions 0–7, then bulk memory and tables. */
const BULK_LEBS = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1];

/** Moves behind the operands of `op`, whose opcode byte was just read. An unknown opcode spoils the reader. */
export function skipOperands(op: number, r: ByteReader): void {
  const shape = OPERANDS[op]!;
  switch (shape) {
    case 0: return;
    case 1: return r.skipLeb();
    case 2: r.skipLeb(); return r.skipLeb();
    case F32: return r.skip(4);
    case F64: return r.skip(8);
    case TABLE: return skipLebs(r, r.u32() + 1);
    case TYPES: return skipLebs(r, r.u32());
    case BULK_GROUP: return skipBulk(r);
    case SIMD_GROUP: return skipSimd(r);
    case ATOMIC_GROUP: return skipAtomic(r);
    default: return r.spoil(`unsupported instruction 0x${op.toString(16)}`, r.pos - 1);
  }
}

function skipLebs(r: ByteReader, count: number): void {
  for (let n = count; n > 0 && !r.fault; n--) r.skipLeb();
}

function skipBulk(r: ByteReader): void {
  const op = r.u32();
  const lebs = BULK_LEBS[op];
  if (lebs === undefined) r.spoil(`unsupported instruction 0xfc ${op}`);
  else skipLebs(r, lebs);
}

/** The 0xfd group: most of its instructions have no operands. */
function skipSimd(r: ByteReader): void {
  const op = r.u32();
  if (op <= 11 || op === 92 || op === 93) skipLebs(r, 2); // v128 loads and stores
  else if (op === 12 || op === 13) r.skip(16); // v128.const, i8x16.shuffle
  else if (op >= 21 && op <= 34) r.skip(1); // lane index
  else if (op >= 84 && op <= 91) { // load and store of one lane
    skipLebs(r, 2);
    r.skip(1);
  }
}

function skipAtomic(r: ByteReader): void {
  if (r.u32() === 3) r.skip(1); // atomic.fence
  else skipLebs(r, 2);
}

/** Moves behind a constant expression, its `end` included. */
export function skipConstExpr(r: ByteReader): void {
  while (!r.fault) {
    const op = r.u8();
    if (op === OP.end) return;
    skipOperands(op, r);
  }
}
