// A slow, plain interpreter of an integer subset that counts fuel by the written rule, one instruction at a time. Shares no code with the meter but the reader.

import { OP, skipOperands } from "../../../rules/wasm/ops.ts";
import { ByteReader, readModule, SECTION } from "../../../rules/wasm/read.ts";
import type { CoreModule } from "../../../rules/wasm/read.ts";

export type OracleEnd = { readonly kind: "returned"; readonly values: readonly number[] } | { readonly kind: "fuel" } | { readonly kind: "trap" };

export interface OracleRun {
  readonly end: OracleEnd;
  /** Fuel consumed; a trap leaves it at the trapping instruction. */
  readonly consumed: number;
  /** Values of the module's own i32 globals afterwards. */
  readonly globals: readonly number[];
}

/** Control left normally, by a branch so many labels out, or out of the function. */
type Flow = { readonly kind: "next" } | { readonly kind: "branch"; readonly depth: number } | { readonly kind: "return" };
const NEXT: Flow = { kind: "next" };

class Stopped extends Error {
  readonly end: OracleEnd;
  constructor(end: OracleEnd) {
    super(end.kind);
    this.end = end;
  }
}

/** Instructions that cost nothing. */
const FREE = new Set<number>([OP.nop, OP.drop, OP.block, OP.loop, OP.else, OP.end, OP.return, OP.unreachable]);

export function interpret(bytes: Uint8Array, fn: number, args: readonly number[], maxFuel: number): OracleRun {
  const machine = new Machine(bytes, maxFuel);
  const end = machine.run(fn, args);
  return { end, consumed: machine.consumed, globals: machine.globals };
}

class Machine {
  consumed = 0;
  readonly globals: number[] = [];
  private readonly bodies: { from: number; to: number }[] = [];
  private readonly module: CoreModule;
  private readonly maxFuel: number;
  private readonly stack: number[] = [];
  private readonly table: number[] = [];

  constructor(bytes: Uint8Array, maxFuel: number) {
    const module = readModule(bytes);
    if (!module.ok) throw new Error(module.error.message);
    this.module = module.value;
    this.maxFuel = maxFuel;
    for (const section of module.value.sections) {
      const r = new ByteReader(bytes, section.start, section.end);
      if (section.id === SECTION.code) for (let n = r.u32(); n > 0; n--) this.addBody(r);
      if (section.id === SECTION.global) for (let n = r.u32(); n > 0; n--) this.addGlobal(r);
      if (section.id === SECTION.element) this.addElements(r);
    }
  }

  private addBody(r: ByteReader): void {
    const size = r.u32();
    this.bodies.push({ from: r.pos, to: r.pos + size });
    r.skip(size);
  }

  private addGlobal(r: ByteReader): void {
    r.skip(3); // type, mutability, i32.const
    this.globals.push(signed(r));
    r.skip(1);
  }

  private addElements(r: ByteReader): void {
    r.skip(5); // one segment, table 0, i32.const 0, end
    for (let n = r.u32(); n > 0; n--) this.table.push(r.u32());
  }

  run(fn: number, args: readonly number[]): OracleEnd {
    try {
      this.stack.push(...args);
      this.call(fn);
      return { kind: "returned", values: [...this.stack] };
    } catch (error) {
      if (error instanceof Stopped) return error.end;
      throw error;
    }
  }

  private check(): void {
    if (this.consumed >= this.maxFuel) throw new Stopped({ kind: "fuel" });
  }

  private pop(): number {
    const value = this.stack.pop();
    if (value === undefined) throw new Error("oracle: empty stack");
    return value;
  }

  private call(fn: number): void {
    this.consumed++;
    this.check();
    const type = this.module.types[this.module.functions[fn]!]!;
    const body = this.bodies[fn]!;
    const r = new ByteReader(this.module.bytes, body.from, body.to);
    const locals = this.stack.splice(this.stack.length - type.params.length);
    for (let n = r.u32(); n > 0; n--) {
      for (let count = r.u32(); count > 0; count--) locals.push(0);
      r.u8();
    }
    const height = this.stack.length;
    this.block(r, locals);
    const results = this.stack.splice(this.stack.length - type.results.length);
    this.stack.length = height;
    this.stack.push(...results);
  }

  /** Runs to the matching `end` (or `else`), which is consumed. */
  private block(r: ByteReader, locals: number[]): Flow {
    for (;;) {
      const op = r.u8();
      if (!FREE.has(op)) this.consumed++;
      if (op === OP.end) return NEXT;
      if (op === OP.else) {
        skipBlock(r);
        return NEXT;
      }
      const flow = this.step(op, r, locals);
      if (flow.kind !== "next") return flow;
    }
  }

  private step(op: number, r: ByteReader, locals: number[]): Flow {
    switch (op) {
      case OP.nop: return NEXT;
      case OP.unreachable: throw new Stopped({ kind: "trap" });
      case OP.return: return { kind: "return" };
      case OP.drop: this.pop(); return NEXT;
      case OP.block: return this.enter(r, locals, false);
      case OP.loop: return this.enter(r, locals, true);
      case OP.if: return this.enterIf(r, locals);
      case OP.br: return { kind: "branch", depth: r.u32() };
      case OP.brIf: {
        const depth = r.u32();
        return this.pop() !== 0 ? { kind: "branch", depth } : NEXT;
      }
      case OP.brTable: {
        const depths = Array.from({ length: r.u32() }, () => r.u32());
        const otherwise = r.u32();
        return { kind: "branch", depth: depths[this.pop() >>> 0] ?? otherwise };
      }
      case OP.call: this.call(r.u32()); return NEXT;
      case OP.callIndirect: this.callIndirect(r); return NEXT;
      default: this.plain(op, r, locals); return NEXT;
    }
  }

  private callIndirect(r: ByteReader): void {
    const type = this.module.types[r.u32()]!;
    r.u32();
    const target = this.table[this.pop() >>> 0];
    if (target === undefined) throw new Stopped({ kind: "trap" });
    const actual = this.module.types[this.module.functions[target]!]!;
    if (`${actual.params}|${actual.results}` !== `${type.params}|${type.results}`) throw new Stopped({ kind: "trap" });
    this.call(target);
  }

  private plain(op: number, r: ByteReader, locals: number[]): void {
    switch (op) {
      case OP.localGet: this.stack.push(locals[r.u32()]!); return;
      case OP.localSet: locals[r.u32()] = this.pop(); return;
      case OP.localTee: locals[r.u32()] = this.stack.at(-1)!; return;
      case OP.globalGet: this.stack.push(this.globals[r.u32()]!); return;
      case OP.globalSet: this.globals[r.u32()] = this.pop(); return;
      case OP.i32Const: this.stack.push(signed(r)); return;
      case OP.i32Eqz: this.stack.push(this.pop() === 0 ? 1 : 0); return;
    }
    const b = this.pop();
    const a = this.pop();
    switch (op) {
      case OP.i32LtS: this.stack.push(a < b ? 1 : 0); return;
      case OP.i32Add: this.stack.push((a + b) | 0); return;
      case OP.i32Sub: this.stack.push((a - b) | 0); return;
      case 0x6d: // div_s
        if (b === 0 || (b === -1 && a === -0x80000000)) throw new Stopped({ kind: "trap" });
        this.stack.push((a / b) | 0);
        return;
      default: throw new Error(`oracle: instruction 0x${op.toString(16)}`);
    }
  }

  private enterIf(r: ByteReader, locals: number[]): Flow {
    const arity = this.blockType(r);
    if (this.pop() === 0 && skipBlock(r) === "end") return NEXT;
    return this.inside(r, locals, { at: r.pos, loop: false, ...arity });
  }

  private blockType(r: ByteReader): { params: number; results: number } {
    const first = r.bytes[r.pos]!;
    if (first === 0x40) return r.skip(1), { params: 0, results: 0 };
    if (first >= 0x6f && first <= 0x7f) return r.skip(1), { params: 0, results: 1 };
    const type = this.module.types[r.u32()]!;
    return { params: type.params.length, results: type.results.length };
  }

  private enter(r: ByteReader, locals: number[], loop: boolean): Flow {
    const { params, results } = this.blockType(r);
    return this.inside(r, locals, { at: r.pos, loop, params, results });
  }

  private inside(r: ByteReader, locals: number[], label: { at: number; loop: boolean; params: number; results: number }): Flow {
    const height = this.stack.length - label.params;
    for (;;) {
      r.pos = label.at;
      if (label.loop) this.check();
      const flow = this.block(r, locals);
      if (flow.kind === "next") return NEXT;
      if (flow.kind === "return") return flow;
      if (flow.depth > 0) return { kind: "branch", depth: flow.depth - 1 };
      const arity = label.loop ? label.params : label.results;
      const kept = this.stack.splice(this.stack.length - arity);
      this.stack.length = height;
      this.stack.push(...kept);
      if (label.loop) continue;
      r.pos = label.at;
      while (skipBlock(r) === "else");
      return NEXT;
    }
  }
}

function signed(r: ByteReader): number {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = r.u8();
    value |= (byte & 0x7f) << shift;
    if ((byte & 0x80) === 0) return shift < 25 && byte & 0x40 ? value | (-1 << (shift + 7)) : value;
  }
}

/** Moves behind the next `else` or `end` of the block that `r` is in. */
function skipBlock(r: ByteReader): "else" | "end" {
  for (let depth = 0; ;) {
    const op = r.u8();
    if (op === OP.end && depth-- === 0) return "end";
    if (op === OP.else && depth === 0) return "else";
    if (op === OP.block || op === OP.loop || op === OP.if) depth++;
    skipOperands(op, r);
    if (r.fault) throw new Error("oracle: body ends early");
  }
}
