// The small module beside a solve module in Wasmtime: it lays out memory, calls x07_solve_v2 and hands the answer out.
// Knows nothing of how Wasmtime is started.

import { OP } from "../../wasm/ops.ts";
import { SECTION, VALTYPE } from "../../wasm/read.ts";
import { ByteWriter, CORE_PREAMBLE } from "../../wasm/write.ts";
import { Assembler, LOCALS } from "./assembler.ts";

/** The name under which the solve module is given to Wasmtime (`--preload solve=FILE`). */
export const SOLVE = "solve";

/**
 * What comes out on stdout, little endian. Before the call: heap base, data end, pages of memory. After it: address and
 * length of the answer, then the answer itself if it is no longer than allowed and inside the arena.
 */
export const BEFORE_BYTES = 12;
export const AFTER_BYTES = 8;

export interface Driver {
  readonly bytes: Uint8Array;
  /** Fuel that the driver uses up to and with its call of x07_solve_v2; what comes after is never checked. */
  readonly fuel: bigint;
}

/** An import states whether a global may change. */
export interface GlobalKinds {
  readonly heapBaseMutable: boolean;
  readonly dataEndMutable: boolean;
}

const { i32, i64 } = VALTYPE;

/**
 * A driver for one call. It must not disturb what the guest can see: words that it borrows in memory are put back, and its
 * own fuel is a constant. So it has no loop and no function but `_start`: code after the call runs even when no fuel is left.
 */
export function singleCall(call: { readonly input: Uint8Array; readonly arenaCap: number; readonly maxOutput: number; readonly globals: GlobalKinds }): Driver {
  const { input, arenaCap, maxOutput } = call;
  const a = new Assembler();
  a.layOut(input.length, arenaCap);
  a.borrow(() => a.tellBefore());
  // Without room nothing is called: the host sees that from what it was told.
  a.get(LOCALS.need).get(LOCALS.have).op(OP.i64GtU).op(OP.if, EMPTY).op(OP.return).op(OP.end);
  a.get(LOCALS.retptr).i64(0).store64(0);
  a.get(LOCALS.inputPtr).i32(0).i32(input.length).bulk(8, 0, 0);
  a.get(LOCALS.retptr).get(LOCALS.arenaPtr).i32(arenaCap).get(LOCALS.inputPtr).i32(input.length);
  a.op(OP.call, IMPORT.solve);
  const fuel = BigInt(a.cost);
  a.takeAnswer();
  a.borrow(() => a.tellAfter());
  a.handOut(arenaCap, maxOutput);
  return { bytes: moduleOf(a, input, call.globals), fuel };
}

/** A driver that does nothing, for a look at the solve module's start function alone. */
export function noCall(): Driver {
  return { bytes: new ByteWriter().raw(CORE_PREAMBLE).section(SECTION.type, new ByteWriter().raw([1, 0x60, 0, 0])).section(SECTION.function, new ByteWriter().raw([1, 0]))
    .section(SECTION.export, new ByteWriter().u32(1).name("_start").u8(0).u32(0)).section(SECTION.code, new ByteWriter().raw([1, 2, 0, OP.end])).bytes(), fuel: 0n };
}

const EMPTY = 0x40;

/** Function indices of the imports. */
const IMPORT = { fdWrite: 0, solve: 1 } as const;

function moduleOf(code: Assembler, input: Uint8Array, globals: GlobalKinds): Uint8Array {
  const w = new ByteWriter(input.length + 1024).raw(CORE_PREAMBLE);
  const types: readonly (readonly [readonly number[], readonly number[]])[] = [[[i32, i32, i32, i32], [i32]], [[i32, i32, i32, i32, i32], []], [[], []]];
  const section = (id: number, count: number, fill: (s: ByteWriter) => void): void => {
    const s = new ByteWriter().u32(count);
    fill(s);
    w.section(id, s);
  };
  section(SECTION.type, types.length, (s) => {
    for (const [params, results] of types) s.u8(0x60).sized(Uint8Array.from(params)).sized(Uint8Array.from(results));
  });
  section(SECTION.import, 5, (s) => {
    s.name("wasi_snapshot_preview1").name("fd_write").u8(0).u32(0);
    s.name(SOLVE).name("x07_solve_v2").u8(0).u32(1);
    s.name(SOLVE).name("memory").u8(2).u8(0).u32(0);
    s.name(SOLVE).name("__heap_base").u8(3).u8(i32).u8(globals.heapBaseMutable ? 1 : 0);
    s.name(SOLVE).name("__data_end").u8(3).u8(i32).u8(globals.dataEndMutable ? 1 : 0);
  });
  section(SECTION.function, 1, (s) => s.u32(2));
  // WASI reads and writes the memory that its caller exports: the solve module's own.
  section(SECTION.export, 2, (s) => s.name("memory").u8(2).u32(0).name("_start").u8(0).u32(2));
  section(SECTION.dataCount, 1, () => {});
  section(SECTION.code, 1, (s) => {
    const locals = new ByteWriter().u32(2).u32(LOCALS.words).u8(i32).u32(LOCALS.longs).u8(i64);
    s.sized(locals.raw(code.bytes()).u8(OP.end).view());
  });
  section(SECTION.data, 1, (s) => s.u8(1).sized(input));
  return w.bytes();
}
