// Rewrites one function body for the meter: counts in a local, passes the counts on at calls and exits. Knows nothing of sections.

import { BULK, OP, skipOperands } from "./ops.ts";
import type { Passing } from "./meter-passing.ts";
import { ByteReader, VALTYPE } from "./read.ts";
import type { FuncType } from "./read.ts";
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
  /** A function (stack left, fuel left - 1) -> fuel left - 1: one of the two is below zero. */
  readonly entryFailed: number;
  /** The module's own types. */
  readonly types: readonly FuncType[];
  /** By function: how it takes its budgets, if not in the globals. */
  readonly passing: readonly (Passing | null)[];
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
  /** A tail call was seen: the callee must have the results of the caller, so no function may have results of its own. */
  tailCalls = false;
  /** An instruction was seen whose result is the size of a memory. */
  asksForSize = false;
  private readonly weave: Weave;
  private readonly head = new ByteWriter(64);
  private readonly code = new ByteWriter(4096);

  constructor(weave: Weave) {
    this.weave = weave;
  }

  /** Appends the woven body of function `index`, its size in front, to `out`. `r` covers one body; `params` = parameters of the function. */
  append(r: ByteReader, index: number, params: number, out: ByteWriter): void {
    const passing = this.weave.passing[index] ?? null;
    const decls = r.u32();
    const declsFrom = r.pos;
    let declared = 0;
    for (let n = decls; n > 0 && !r.fault; n--) {
      declared += r.u32();
      r.u8();
    }
    const head = this.head.clear();
    if (passing !== null) head.u32(decls).copy(r.bytes, declsFrom, r.pos);
    else if (this.weave.fuelGlobal === null) head.u32(decls + 1).copy(r.bytes, declsFrom, r.pos).u32(1).u8(VALTYPE.i32);
    else head.u32(decls + 2).copy(r.bytes, declsFrom, r.pos).u32(1).u8(VALTYPE.i32).u32(1).u8(VALTYPE.i64);
    const code = this.code.clear();
    // Locals move up behind the parameters that are new: in a copy (slice of a Buffer would be none), since the module is not ours.
    const own = passing === null || declared === 0 ? r : new ByteReader(new Uint8Array(r.bytes.subarray(r.pos, r.end)));
    const body = new Body(own, this.weave, params + declared, passing, code);
    body.rewrite();
    if (body.tailCalls) this.tailCalls = true;
    if (body.asksForSize) this.asksForSize = true;
    if (own !== r && own.fault) r.spoil(own.fault.message, r.pos + own.fault.offset);
    if (r.fault) return;
    body.entry(head);
    out.u32(head.length + code.length).raw(head.view()).raw(code.view());
  }
}

/** An open block: which instruction opened it and whether a branch to its end was seen. */
interface Open {
  readonly op: number;
  targeted: boolean;
  /** Labels that the meter put around it and around what it is in. */
  readonly added: number;
  /** A loop that the meter put into blocks. */
  readonly wrapped: boolean;
}

/** Labels around a loop: where it ends, where it starts again, and where its fuel is at an end. */
const LOOP_LABELS = 3;

const MAX_LEBS = 2, FREE = 3, LOCAL = 4, SPECIAL = 5;

/** By opcode: how many LEB operands an instruction has that the meter only counts; FREE; LOCAL where locals move; or SPECIAL for all others. */
const PLAIN = plainTable();
/** The same for modules whose globals move. */
const PLAIN_SHIFTED = Uint8Array.from(PLAIN, (leb, op) => (op === OP.globalGet || op === OP.globalSet ? SPECIAL : leb));
/** Both for functions whose locals move. */
const [PASSING, PASSING_SHIFTED] = [withLocals(PLAIN), withLocals(PLAIN_SHIFTED)];

function withLocals(table: Uint8Array): Uint8Array {
  return Uint8Array.from(table, (leb, op) => (op === OP.localGet || op === OP.localSet || op === OP.localTee ? LOCAL : leb));
}

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
  private readonly passing: Passing | null;
  tailCalls = false;
  asksForSize = false;
  /** i32, and i64 in a function that passes. */
  private readonly stackLocal: number;
  private readonly fuelLocal: number;
  private readonly frame: number;
  /** Fuel of instructions passed since the local was last brought up to date. A function starts with 1 less in the local than there is. */
  private pending = -1;
  private readonly open: Open[] = [{ op: OP.end, targeted: false, added: 0, wrapped: false }];
  /** Start of the original code that is not copied yet. */
  private from: number;

  constructor(r: ByteReader, weave: Weave, locals: number, passing: Passing | null, code: ByteWriter) {
    this.r = r;
    this.weave = weave;
    this.counting = weave.fuelGlobal !== null;
    this.passing = passing;
    this.stackLocal = passing?.params ?? locals;
    this.fuelLocal = this.stackLocal + 1;
    this.frame = frameBytes(locals);
    this.from = r.pos;
    this.code = code;
  }

  /**
   * The checks on function entry: stack, as in an engine's own prologue, and fuel, both at once: the sign of one of two
   * numbers. The entry costs 1 and at least 1 must be left: so 2 are taken, and given back with what is pending.
   */
  entry(w: ByteWriter): void {
    const { stackGlobal, overflow, fuelGlobal, entryFailed } = this.weave;
    const { stackLocal, fuelLocal, passing } = this;
    if (passing !== null) w.u8(OP.localGet).u32(stackLocal).u8(OP.i64Const).s32(this.frame).u8(OP.i64Sub).u8(OP.localTee).u32(stackLocal).u8(OP.localGet).u32(fuelLocal);
    else w.u8(OP.globalGet).u32(stackGlobal).u8(OP.i32Const).s32(this.frame).u8(OP.i32Sub).u8(OP.localTee).u32(stackLocal);
    if (fuelGlobal === null) {
      w.u8(OP.i32Const).s32(0).u8(OP.i32LtS).u8(OP.if).u8(EMPTY_BLOCK).u8(OP.call).u32(overflow).u8(OP.end);
      return;
    }
    if (passing === null) w.u8(OP.i64ExtendI32S).u8(OP.globalGet).u32(fuelGlobal);
    w.u8(OP.i64Const).s32(2).u8(OP.i64Sub).u8(OP.localTee).u32(fuelLocal);
    w.u8(OP.i64Or).u8(OP.i64Const).s32(0).u8(OP.i64LtS).u8(OP.if).u8(EMPTY_BLOCK);
    this.stackLeft(w);
    w.u8(OP.localGet).u32(fuelLocal).u8(OP.call).u32(entryFailed).u8(OP.localSet).u32(fuelLocal).u8(OP.end);
    // Branches that leave the function go to the end of a block around its body, where the fuel is put behind its results.
    if (passing !== null) w.u8(OP.block).raw(passing.block);
  }

  /** Pushes the stack left to calls as an i64. */
  private stackLeft(w: ByteWriter): void {
    w.u8(OP.localGet).u32(this.stackLocal);
    if (this.passing === null) w.u8(OP.i64ExtendI32S);
  }

  rewrite(): void {
    const { r, open } = this;
    const { bytes, end } = r;
    const shifted = this.weave.shift !== null;
    const table = this.passing === null ? (shifted ? PLAIN_SHIFTED : PLAIN) : shifted ? PASSING_SHIFTED : PASSING;
    const params = this.passing?.params ?? 0;
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
      } else if (plain === LOCAL) {
        this.pending++;
        const index = bytes[++pos]!;
        if ((index & 0x7f) >= params) bytes[pos] = index + 2;
        while (bytes[pos++]! >= 0x80);
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
      case OP.block: r.skipLeb(); return this.enter(op, false);
      case OP.loop: return this.loop(at);
      case OP.if: this.pending++; this.settle(at); r.skipLeb(); return this.enter(op, true);
      case OP.else: return this.settle(at);
      case OP.end: return this.close(at);
      case OP.br: this.pending++; return this.branch(r.u32(), at);
      case OP.brIf: this.pending++; return this.branchIf(r.u32(), at);
      case OP.brTable: this.pending++; return this.branchTable(at);
      case OP.return: return this.leave(at);
      case OP.unreachable: return this.tell(at);
      case OP.call: this.pending++; return this.call(at);
      case OP.callIndirect: this.pending++; return this.callOut(op, at);
      case OP.returnCall: case OP.returnCallIndirect: this.pending++; return this.tailCall(op, at);
      case OP.memorySize: this.pending++; this.asksForSize = true; return skipOperands(op, r);
      case OP.memoryGrow: this.pending++; this.asksForSize = true; return this.stand(this.weave.growMemory[r.u32()], at);
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

  /** In front of the instruction at `at`, which leaves the function with its results. */
  private leave(at: number): void {
    if (this.passing === null) return this.tell(at);
    this.copyTo(at);
    this.left();
  }

  /** Tells the global in front of the instruction at `at`. */
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
    if (pending !== 0) code.u8(OP.i64Const).s32(pending).u8(OP.i64Sub);
  }

  private enter(op: number, targeted: boolean, labels = 0): void {
    this.open.push({ op, targeted, added: this.open.at(-1)!.added + labels, wrapped: labels > 0 });
  }

  /**
   * A loop whose fuel is at an end is left for a block behind it, and entered again from there when there is more: with a
   * call inside, an engine would keep nothing in registers from one round to the next. What the loop works on is in locals.
   */
  private loop(at: number): void {
    this.settle(at);
    const type = this.r.pos;
    this.r.skipLeb();
    if (!this.counting) return this.enter(OP.loop, false);
    const { code, r, fuelLocal } = this;
    if (this.takesValues(type)) {
      this.copyTo(r.pos);
      code.u8(OP.localGet).u32(fuelLocal).u8(OP.i64Const).s32(0).u8(OP.i64LeS).u8(OP.if).u8(EMPTY_BLOCK);
      this.askForMore();
      code.u8(OP.end);
      return this.enter(OP.loop, false);
    }
    this.copyTo(at);
    code.u8(OP.block).copy(r.bytes, type, r.pos).u8x4(OP.loop, EMPTY_BLOCK, OP.block, EMPTY_BLOCK);
    this.copyTo(r.pos);
    code.u8(OP.localGet).u32(fuelLocal).u8(OP.i64Const).s32(0).u8(OP.i64LeS).u8(OP.brIf).u32(1);
    this.enter(OP.loop, false, LOOP_LABELS);
  }

  private closeLoop(): void {
    this.copyTo(this.r.pos);
    this.code.u8(OP.br).u32(2).u8(OP.end);
    this.askForMore();
    this.code.u8x4(OP.br, 0, OP.end, OP.unreachable).u8(OP.end);
  }

  private askForMore(): void {
    this.code.u8(OP.localGet).u32(this.fuelLocal).u8(OP.call).u32(this.weave.exhausted);
    if (this.weave.refills) this.code.u8(OP.localSet).u32(this.fuelLocal);
  }

  /** Whether the block type at `at` has parameters: a number of a type, not one negative byte. */
  private takesValues(at: number): boolean {
    const { bytes, end } = this.r;
    if ((bytes[at]! & 0xc0) === 0x40) return false;
    return (this.weave.types[new ByteReader(bytes, at, end).u32()]?.params.length ?? 0) > 0;
  }

  /** Only where branches meet must the count be settled; the end of a loop, or of a block nobody leaves early, is a straight line. */
  private close(at: number): void {
    const closed = this.open.pop()!;
    if (this.open.length === 0) this.finish(closed, at);
    else if (closed.targeted) this.settle(at);
    else if (closed.wrapped) this.closeLoop();
  }

  private finish(body: Open, at: number): void {
    if (this.passing === null) return this.tell(at);
    if (body.targeted) this.settle(at);
    this.copyTo(at);
    this.code.u8(OP.end);
    this.left();
  }

  /** Marks the target; true when the branch leaves the function and the global must be told. */
  private target(depth: number): boolean {
    const open = this.open[this.open.length - 1 - depth];
    if (!open) this.r.spoil("branch to a label that does not exist");
    else if (open.op !== OP.loop) open.targeted = true;
    return depth === this.open.length - 1 && this.passing === null;
  }

  /** A depth as it is with the labels that the meter put in between. */
  private moved(depth: number): number {
    const { open } = this;
    return depth + open.at(-1)!.added - (open[open.length - 1 - depth]?.added ?? 0);
  }

  /** Writes the branch at `at` anew where its label is farther away now. */
  private retarget(op: number, depth: number, at: number): void {
    const moved = this.moved(depth);
    if (moved === depth) return;
    this.copyTo(at);
    this.code.u8(op).u32(moved);
    this.from = this.r.pos;
  }

  private branch(depth: number, at: number): void {
    if (this.target(depth)) this.tell(at);
    else this.settle(at);
    this.retarget(OP.br, depth, at);
  }

  private branchIf(depth: number, at: number): void {
    const leaves = this.target(depth);
    this.settle(at);
    if (leaves) this.tell(at); // harmless when the branch is not taken
    this.retarget(OP.brIf, depth, at);
  }

  private branchTable(at: number): void {
    const { r, code } = this;
    const depths: number[] = [];
    let leaves = false;
    for (let n = r.u32() + 1; n > 0 && !r.fault; n--) {
      const depth = r.u32();
      depths.push(depth);
      leaves = this.target(depth) || leaves;
    }
    this.settle(at);
    if (leaves) this.tell(at);
    if (this.open.at(-1)!.added === 0) return;
    this.copyTo(at);
    code.u8(OP.brTable).u32(depths.length - 1);
    for (const depth of depths) code.u32(this.moved(depth));
    this.from = r.pos;
  }

  private call(at: number): void {
    const callee = this.r.u32();
    if (!this.weave.passing[callee]) {
      this.r.pos = at + 1;
      return this.callOut(OP.call, at);
    }
    this.copyTo(at);
    this.stackLeft(this.code);
    this.left();
    this.copyTo(this.r.pos);
    this.code.u8(OP.localSet).u32(this.fuelLocal);
  }

  /** A call that finds its budgets in the globals. */
  private callOut(op: number, at: number): void {
    this.tell(at);
    this.copyTo(at);
    this.code.u8(OP.localGet).u32(this.stackLocal);
    if (this.passing !== null) this.code.u8(OP.i32WrapI64);
    this.code.u8(OP.globalSet).u32(this.weave.stackGlobal);
    skipOperands(op, this.r);
    this.copyTo(this.r.pos);
    if (this.weave.fuelGlobal !== null) this.code.u8(OP.globalGet).u32(this.weave.fuelGlobal).u8(OP.localSet).u32(this.fuelLocal);
  }

  /** The callee takes the place of this frame. */
  private tailCall(op: number, at: number): void {
    this.tailCalls = true;
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
