// Rewrites one function body for the meter: counts in a local, tells the counts at calls and exits. Knows nothing of sections.

import { BULK, OP, skipOperands } from "./ops.ts";
import type { ByteReader } from "./read.ts";
import { VALTYPE } from "./read.ts";
import { ByteWriter } from "./write.ts";

/** Where the meter's additions to the module are, by index. */
export interface Weave {
  readonly stackGlobal: number;
  /** null: fuel is not counted. */
  readonly fuelGlobal: number | null;
  /** Functions: () → stops for want of stack; (fuel left) → stops for want of fuel. */
  readonly overflow: number;
  readonly exhausted: number;
  /** `exhausted` gives back the fuel to go on with. */
  readonly refills: boolean;
  /** Globals from this index on have moved up, for the meter's own are imported. */
  readonly shift: { readonly from: number; readonly by: number } | null;
  /** By memory and table: the function that stands in for its growth; null leaves the instruction as it is. */
  readonly growMemory: readonly (number | null)[];
  readonly growTable: readonly (number | null)[];
}

const EMPTY_BLOCK = 0x40;

/**
 * The stack a call is taken to need, in bytes: a fixed frame and a slot for each parameter and local, up to 16 of
 * them (an optimising engine keeps few of many locals across a call). The exact number is nobody's promise,
 * but it is the same on every machine, and a depth of 5,000 fits in 1 MiB.
 */
export function frameBytes(locals: number): number {
  return 48 + 8 * Math.min(locals, 16);
}

/** Weaves bodies one after another; keeps its buffers between them. */
export class BodyWeaver {
  private readonly weave: Weave;
  private readonly head = new ByteWriter(64);
  private readonly code = new ByteWriter(4096);

  constructor(weave: Weave) {
    this.weave = weave;
  }

  /** Appends the woven body, its size in front, to `out`. `r` covers one body; `params` = parameters of the function. */
  append(r: ByteReader, params: number, out: ByteWriter): void {
    const counting = this.weave.fuelGlobal !== null;
    const decls = r.u32();
    const declsFrom = r.pos;
    let locals = params;
    for (let n = decls; n > 0 && !r.fault; n--) {
      locals += r.u32();
      r.u8();
    }
    const head = this.head.clear().u32(decls + (counting ? 2 : 1)).copy(r.bytes, declsFrom, r.pos).u32(1).u8(VALTYPE.i32);
    if (counting) head.u32(1).u8(VALTYPE.i64);
    const code = this.code.clear();
    const body = new Body(r, this.weave, locals, code);
    body.rewrite();
    if (r.fault) return;
    body.entry(head);
    out.u32(head.length + code.length).raw(head.view()).raw(code.view());
  }
}

/** An open block: which instruction opened it and whether a branch to its end was seen. */
interface Open {
  readonly op: number;
  targeted: boolean;
}

const MAX_LEBS = 2, FREE = 3, SPECIAL = 4;

/** By opcode: how many LEB operands an instruction has that the meter only counts; FREE; or SPECIAL for all others. */
const PLAIN = plainTable();
/** The same for modules whose globals move. */
const PLAIN_SHIFTED = Uint8Array.from(PLAIN, (leb, op) => (op === OP.globalGet || op === OP.globalSet ? SPECIAL : leb));

function plainTable(): Uint8Array {
  const t = new Uint8Array(256).fill(SPECIAL);
  t[OP.nop] = t[OP.drop] = FREE;
  t[0x1b] = 0; // select
  t.fill(1, 0x20, 0x27); // locals, globals, table.get table.set
  t.fill(2, 0x28, 0x3f); // loads and stores
  t[OP.memorySize] = t[OP.i32Const] = t[OP.i64Const] = 1;
  t.fill(0, 0x45, 0xc5); // comparisons, arithmetic, conversions
  return t;
}

class Body {
  private readonly code: ByteWriter;
  private readonly r: ByteReader;
  private readonly weave: Weave;
  private readonly counting: boolean;
  private readonly stackLocal: number;
  private readonly fuelLocal: number;
  private readonly frame: number;
  /** Fuel of instructions passed since the local was last brought up to date. */
  private pending = 0;
  private readonly open: Open[] = [{ op: OP.end, targeted: false }];
  /** Start of the original code that is not copied yet. */
  private from: number;

  constructor(r: ByteReader, weave: Weave, locals: number, code: ByteWriter) {
    this.r = r;
    this.weave = weave;
    this.counting = weave.fuelGlobal !== null;
    this.stackLocal = locals;
    this.fuelLocal = locals + 1;
    this.frame = frameBytes(locals);
    this.from = r.pos;
    this.code = code;
  }

  /** The checks on function entry: stack first, as in an engine's own prologue, then fuel. */
  entry(w: ByteWriter): void {
    const { stackGlobal, overflow, fuelGlobal, exhausted } = this.weave;
    w.u8(OP.globalGet).u32(stackGlobal).u8(OP.i32Const).s32(this.frame).u8(OP.i32Sub).u8(OP.localTee).u32(this.stackLocal);
    w.u8(OP.i32Const).s32(0).u8(OP.i32LtS).u8(OP.if).u8(EMPTY_BLOCK).u8(OP.call).u32(overflow).u8(OP.end);
    if (fuelGlobal === null) return;
    w.u8(OP.globalGet).u32(fuelGlobal).u8(OP.i64Const).s32(1).u8(OP.i64Sub).u8(OP.localTee).u32(this.fuelLocal);
    w.u8(OP.i64Const).s32(0).u8(OP.i64LeS).u8(OP.if).u8(EMPTY_BLOCK);
    w.u8(OP.localGet).u32(this.fuelLocal).u8(OP.call).u32(exhausted);
    if (this.weave.refills) w.u8(OP.localSet).u32(this.fuelLocal);
    w.u8(OP.end);
  }

  rewrite(): void {
    const { r, open } = this;
    const { bytes, end } = r;
    const table = this.weave.shift === null ? PLAIN : PLAIN_SHIFTED;
    let pos = r.pos;
    while (open.length > 0 && !r.fault) {
      // Nearly all instructions neither branch nor call: they are counted and stepped over here, fast also in cold code.
      const plain = pos < end ? table[bytes[pos]!]! : SPECIAL;
      if (plain <= MAX_LEBS) {
        this.pending++;
        pos++;
        for (let n = plain; n > 0; n--) while (bytes[pos++]! >= 0x80);
      } else if (plain === FREE) {
        pos++;
      } else {
        r.pos = pos;
        this.step(r.u8(), pos);
        pos = r.pos;
      }
    }
    if (pos !== end) r.spoil("a function body does not end where it should");
    this.copyTo(end);
  }

  private step(op: number, at: number): void {
    const { r } = this;
    switch (op) {
      case OP.block: r.skipLeb(); this.open.push({ op, targeted: false }); return;
      case OP.loop: return this.loop(at);
      case OP.if: this.pending++; this.settle(at); r.skipLeb(); this.open.push({ op, targeted: true }); return;
      case OP.else: return this.settle(at);
      case OP.end: return this.close(at);
      case OP.br: this.pending++; return this.branch(r.u32(), at);
      case OP.brIf: this.pending++; return this.branchIf(r.u32(), at);
      case OP.brTable: this.pending++; return this.branchTable(at);
      case OP.return: case OP.unreachable: return this.tell(at);
      case OP.call: case OP.callIndirect: this.pending++; return this.call(op, at);
      case OP.returnCall: case OP.returnCallIndirect: this.pending++; return this.tailCall(op, at);
      case OP.memoryGrow: this.pending++; return this.stand(this.weave.growMemory[r.u32()], at);
      case OP.bulk: this.pending++; return this.bulk(at);
      case OP.globalGet: case OP.globalSet: this.pending++; return this.global(op, at);
      case OP.atomic: this.pending++; return this.atomic(at);
      default: this.pending++; skipOperands(op, r);
    }
  }

  private copyTo(end: number): void {
    this.code.copy(this.r.bytes, this.from, end);
    this.from = end;
  }

  /** Brings the local up to date in front of the instruction at `at`, where control parts or meets. */
  private settle(at: number): void {
    if (!this.counting || this.pending === 0) return;
    this.copyTo(at);
    this.left();
    this.code.u8(OP.localSet).u32(this.fuelLocal);
  }

  /** Tells the global in front of the instruction at `at`, which leaves the function. */
  private tell(at: number): void {
    if (this.weave.fuelGlobal === null) return;
    this.copyTo(at);
    this.left();
    this.code.u8(OP.globalSet).u32(this.weave.fuelGlobal);
  }

  /** Pushes the fuel left, pending instructions included. */
  private left(): void {
    const { code, pending, fuelLocal } = this;
    this.pending = 0;
    if (fuelLocal < 0x80 && pending < 0x40 && pending > 0) {
      code.u8x4(OP.localGet, fuelLocal, OP.i64Const, pending).u8(OP.i64Sub);
      return;
    }
    code.u8(OP.localGet).u32(fuelLocal);
    if (pending > 0) code.u8(OP.i64Const).s32(pending).u8(OP.i64Sub);
  }

  private loop(at: number): void {
    this.settle(at);
    this.r.skipLeb();
    this.open.push({ op: OP.loop, targeted: false });
    if (!this.counting) return;
    this.copyTo(this.r.pos);
    this.code.u8(OP.localGet).u32(this.fuelLocal).u8(OP.i64Const).s32(0).u8(OP.i64LeS).u8(OP.if).u8(EMPTY_BLOCK);
    this.code.u8(OP.localGet).u32(this.fuelLocal).u8(OP.call).u32(this.weave.exhausted);
    if (this.weave.refills) this.code.u8(OP.localSet).u32(this.fuelLocal);
    this.code.u8(OP.end);
  }

  /** Only where branches meet must the count be settled; the end of a loop, or of a block nobody leaves early, is a straight line. */
  private close(at: number): void {
    const closed = this.open.pop()!;
    if (this.open.length === 0) this.tell(at);
    else if (closed.targeted) this.settle(at);
  }

  /** Marks the target; true when the branch leaves the function. */
  private target(depth: number): boolean {
    const open = this.open[this.open.length - 1 - depth];
    if (!open) this.r.spoil("branch to a label that does not exist");
    else if (open.op !== OP.loop) open.targeted = true;
    return depth === this.open.length - 1;
  }

  private branch(depth: number, at: number): void {
    if (this.target(depth)) this.tell(at);
    else this.settle(at);
  }

  private branchIf(depth: number, at: number): void {
    const leaves = this.target(depth);
    this.settle(at);
    if (leaves) this.tell(at); // harmless when the branch is not taken
  }

  private branchTable(at: number): void {
    const { r } = this;
    let leaves = false;
    for (let n = r.u32() + 1; n > 0 && !r.fault; n--) leaves = this.target(r.u32()) || leaves;
    this.settle(at);
    if (leaves) this.tell(at);
  }

  private call(op: number, at: number): void {
    this.tell(at);
    this.copyTo(at);
    this.code.u8(OP.localGet).u32(this.stackLocal).u8(OP.globalSet).u32(this.weave.stackGlobal);
    skipOperands(op, this.r);
    this.copyTo(this.r.pos);
    if (this.weave.fuelGlobal !== null) this.code.u8(OP.globalGet).u32(this.weave.fuelGlobal).u8(OP.localSet).u32(this.fuelLocal);
  }

  /** The callee takes the place of this frame. */
  private tailCall(op: number, at: number): void {
    this.tell(at);
    this.copyTo(at);
    this.code.u8(OP.localGet).u32(this.stackLocal).u8(OP.i32Const).s32(this.frame).u8(OP.i32Add).u8(OP.globalSet).u32(this.weave.stackGlobal);
    skipOperands(op, this.r);
  }

  /** Replaces the growth at `at` by a call of the function that stands in for it, if there is one. */
  private stand(helper: number | null | undefined, at: number): void {
    if (helper === undefined) this.r.spoil("growth of a memory or table that does not exist");
    if (helper === undefined || helper === null) return;
    this.copyTo(at);
    this.code.u8(OP.call).u32(helper);
    this.from = this.r.pos;
  }

  private global(op: number, at: number): void {
    const index = this.r.u32();
    const { shift } = this.weave;
    if (shift === null || index < shift.from) return;
    this.copyTo(at);
    this.code.u8(op).u32(index + shift.by);
    this.from = this.r.pos;
  }

  /** A memory that was made shared would let a guest wait for ever; on its own memory it traps. */
  private atomic(at: number): void {
    const { r } = this;
    const operands = r.pos;
    const op = r.u32();
    if (this.weave.refills && (op === 1 || op === 2)) {
      this.copyTo(at);
      this.code.u8(OP.unreachable);
    }
    r.pos = operands;
    skipOperands(OP.atomic, r);
  }

  private bulk(at: number): void {
    const { r } = this;
    const operands = r.pos;
    if (r.u32() === BULK.tableGrow) return this.stand(this.weave.growTable[r.u32()], at);
    r.pos = operands;
    skipOperands(OP.bulk, r);
  }
}
