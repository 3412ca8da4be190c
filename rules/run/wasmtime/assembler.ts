// Writes the driver's straight-line code and counts its fuel by Wasmtime's rule. Knows nothing of modules.

import { OP } from "../../wasm/ops.ts";
import { ByteWriter } from "../../wasm/write.ts";

/** Local variables: words (i32) first, then longs (i64). */
export const LOCALS = {
  base: 0, retptr: 1, inputPtr: 2, arenaPtr: 3, outPtr: 4, outLen: 5, words: 6,
  need: 6, have: 7, saved0: 8, saved8: 9, saved16: 10, longs: 5,
} as const;

const GLOBAL = { heapBase: 0, dataEnd: 1 } as const;
const FREE = new Set<number>([OP.nop, OP.drop, OP.block, OP.loop, OP.else, OP.end, OP.return, OP.unreachable]);
const I64_STORE = 0x37, I64_LOAD = 0x29, I32_STORE = 0x36, I32_LOAD = 0x28, I64_SHL = 0x86, I32_AND = 0x71, I32_GT_U = 0x4b, I32_GE_U = 0x4f, I64_LE_U = 0x58, I64_AND = 0x83, SELECT = 0x1b;
const EMPTY = 0x40;
const STDOUT = 1;

export class Assembler {
  readonly #w = new ByteWriter(256);
  /** Fuel of the code so far, the entry of the function included. */
  cost = 1;

  bytes(): Uint8Array {
    return this.#w.bytes();
  }

  op(op: number, ...operands: readonly number[]): this {
    if (!FREE.has(op)) this.cost++;
    this.#w.u8(op).raw(operands);
    return this;
  }

  get(local: number): this {
    return this.op(OP.localGet, local);
  }

  set(local: number): this {
    return this.op(OP.localSet, local);
  }

  i32(value: number): this {
    this.op(OP.i32Const);
    this.#w.s32(value | 0);
    return this;
  }

  i64(value: number | bigint): this {
    this.op(OP.i64Const);
    this.#w.s64(BigInt(value));
    return this;
  }

  /** An instruction of the 0xfc group: memory.init is 8. */
  bulk(second: number, ...operands: readonly number[]): this {
    return this.op(OP.bulk, second, ...operands);
  }

  #access(op: number, align: number, offset: number): this {
    return this.op(op, align, offset);
  }

  store64(offset: number): this {
    return this.#access(I64_STORE, 0, offset);
  }

  store32(offset: number): this {
    return this.#access(I32_STORE, 0, offset);
  }

  /** base, retptr, inputPtr, arenaPtr as the host of V8 computes them; need and have in bytes. */
  layOut(inputLength: number, arenaCap: number): void {
    this.addresses(() => this.i32(inputLength));
    // The same sums in 64 bits say whether there is room.
    this.get(LOCALS.base).op(OP.i64ExtendI32U).i64(7).op(OP.i64Add).i64(-8).op(I64_AND).i64(8 + inputLength + 7).op(OP.i64Add).i64(-8).op(I64_AND).i64(arenaCap).op(OP.i64Add).set(LOCALS.need);
    this.op(OP.memorySize, 0).op(OP.i64ExtendI32U).i64(16).op(I64_SHL).set(LOCALS.have);
  }

  /** base, retptr, inputPtr and arenaPtr, behind an input as long as `length` pushes. */
  addresses(length: () => void): void {
    const align8 = (): this => this.i32(7).op(OP.i32Add).i32(-8).op(I32_AND);
    this.op(OP.globalGet, GLOBAL.heapBase).op(OP.globalGet, GLOBAL.dataEnd).op(OP.globalGet, GLOBAL.heapBase).op(OP.globalGet, GLOBAL.dataEnd).op(I32_GT_U).op(SELECT).set(LOCALS.base);
    this.get(LOCALS.base);
    align8().set(LOCALS.retptr);
    this.get(LOCALS.retptr).i32(8).op(OP.i32Add).set(LOCALS.inputPtr);
    this.get(LOCALS.inputPtr);
    length();
    this.op(OP.i32Add);
    align8().set(LOCALS.arenaPtr);
  }

  /** Does `what` with the first 24 bytes of memory free to use, where there is memory at all. */
  borrow(what: () => void): void {
    this.op(OP.memorySize, 0).op(OP.if, EMPTY);
    for (const [local, at] of [[LOCALS.saved0, 0], [LOCALS.saved8, 8], [LOCALS.saved16, 16]] as const) this.i32(0).#access(I64_LOAD, 0, at).set(local);
    what();
    for (const [local, at] of [[LOCALS.saved0, 0], [LOCALS.saved8, 8], [LOCALS.saved16, 16]] as const) this.i32(0).get(local).store64(at);
    this.op(OP.end);
  }

  /** Heap base, data end and pages at 12, told with the vector at 0; the count of bytes written goes to 8. */
  tellBefore(): void {
    this.i32(0).op(OP.globalGet, GLOBAL.heapBase).store32(12);
    this.i32(0).op(OP.globalGet, GLOBAL.dataEnd).store32(16);
    this.i32(0).op(OP.memorySize, 0).store32(20);
    this.#tell(12, 12);
  }

  /** Address and length of the answer at 12. */
  tellAfter(): void {
    this.i32(0).get(LOCALS.outPtr).store32(12);
    this.i32(0).get(LOCALS.outLen).store32(16);
    this.#tell(12, 8);
  }

  #tell(at: number, length: number): void {
    this.i32(0).i32(at).store32(0);
    this.i32(0).i32(length).store32(4);
    this.i32(STDOUT).i32(0).i32(1).i32(8).op(OP.call, 0).op(OP.drop);
  }

  takeAnswer(): void {
    this.get(LOCALS.retptr).#access(I32_LOAD, 0, 0).set(LOCALS.outPtr);
    this.get(LOCALS.retptr).#access(I32_LOAD, 0, 4).set(LOCALS.outLen);
  }

  /** The answer itself, if it may be had. What the guest wrote at retptr is already the vector that names it. */
  handOut(arenaCap: number, maxOutput: number): void {
    this.mayBeHad(arenaCap, maxOutput);
    this.op(OP.if, EMPTY);
    this.i32(0).#access(I32_LOAD, 0, 0).set(LOCALS.base);
    this.i32(STDOUT).get(LOCALS.retptr).i32(1).i32(0).op(OP.call, 0).op(OP.drop);
    this.i32(0).get(LOCALS.base).store32(0);
    this.op(OP.end);
  }

  /** Pushes whether the answer is short enough and inside the arena. */
  mayBeHad(arenaCap: number, maxOutput: number): void {
    const { arenaPtr, outPtr, outLen } = LOCALS;
    this.get(outLen).i32(maxOutput).op(I32_GT_U).op(OP.i32Eqz);
    this.get(outPtr).get(arenaPtr).op(I32_GE_U).op(I32_AND);
    this.get(outPtr).op(OP.i64ExtendI32U).get(outLen).op(OP.i64ExtendI32U).op(OP.i64Add);
    this.get(arenaPtr).op(OP.i64ExtendI32U).i64(arenaCap).op(OP.i64Add).op(I64_LE_U).op(I32_AND);
  }
}
