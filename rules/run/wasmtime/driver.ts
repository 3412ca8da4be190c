// The small module beside a solve module in Wasmtime: it lays out memory, calls x07_solve_v2 and hands the answer out.
// Knows nothing of how Wasmtime is started.

import { OP } from "../../wasm/ops.ts";
import { SECTION, VALTYPE } from "../../wasm/read.ts";
import { ByteWriter, CORE_PREAMBLE } from "../../wasm/write.ts";
import { Assembler, LOCALS } from "./assembler.ts";
import { SERVING, ServingCode } from "./serving-code.ts";

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

/** A module of one function `_start`: what it imports, what memory it has and what it does. */
interface Parts {
  readonly locals: readonly [words: number, longs: number];
  readonly code: Assembler;
  readonly imports: readonly ((s: ByteWriter) => void)[];
  readonly functions: number;
  /** Index of the memory that WASI reads and writes: that of the solve module, or one of its own. */
  readonly memory: 0 | 1;
  readonly data?: Uint8Array;
}

function moduleOf(code: Assembler, input: Uint8Array, globals: GlobalKinds): Uint8Array {
  return assemble({ code, locals: [LOCALS.words, LOCALS.longs], functions: 2, memory: 0, data: input, imports: [wasi("fd_write"), solveFunction, solveMemory, ...addresses(globals)] });
}

const wasi = (name: string) => (s: ByteWriter): void => void s.name("wasi_snapshot_preview1").name(name).u8(0).u32(0);
const solveFunction = (s: ByteWriter): void => void s.name(SOLVE).name("x07_solve_v2").u8(0).u32(1);
const solveMemory = (s: ByteWriter): void => void s.name(SOLVE).name("memory").u8(2).u8(0).u32(0);
const global = (name: string, type: number, mutable: boolean) => (s: ByteWriter): void => void s.name(SOLVE).name(name).u8(3).u8(type).u8(mutable ? 1 : 0);
const addresses = (kinds: GlobalKinds) => [global("__heap_base", i32, kinds.heapBaseMutable), global("__data_end", i32, kinds.dataEndMutable)];

function assemble(parts: Parts): Uint8Array {
  const w = new ByteWriter((parts.data?.length ?? 0) + 1024).raw(CORE_PREAMBLE);
  const types: readonly (readonly [readonly number[], readonly number[]])[] = [[[i32, i32, i32, i32], [i32]], [[i32, i32, i32, i32, i32], []], [[], []]];
  const section = (id: number, count: number, fill: (s: ByteWriter) => void): void => {
    const s = new ByteWriter().u32(count);
    fill(s);
    w.section(id, s);
  };
  section(SECTION.type, types.length, (s) => {
    for (const [params, results] of types) s.u8(0x60).sized(Uint8Array.from(params)).sized(Uint8Array.from(results));
  });
  section(SECTION.import, parts.imports.length, (s) => parts.imports.forEach((add) => add(s)));
  section(SECTION.function, 1, (s) => s.u32(2));
  if (parts.memory === 1) section(SECTION.memory, 1, (s) => s.u8(1).u32(1).u32(1));
  section(SECTION.export, 2, (s) => s.name("memory").u8(2).u32(parts.memory).name("_start").u8(0).u32(parts.functions));
  if (parts.data) section(SECTION.dataCount, 1, () => {});
  section(SECTION.code, 1, (s) => {
    const [words, longs] = parts.locals;
    const locals = new ByteWriter().u32(2).u32(words).u8(i32).u32(longs).u8(i64);
    s.sized(locals.raw(parts.code.bytes()).u8(OP.end).view());
  });
  const { data } = parts;
  if (data) section(SECTION.data, 1, (s) => s.u8(1).sized(data));
  return w.bytes();
}

// ---------------------------------------------------------------------------------------------- many calls

/** What comes out after each call: address and length of the answer, pages of memory. */
export const ANSWER_BYTES = 12;

export interface ManyCalls {
  readonly arenaCap: number;
  readonly maxOutput: number;
  readonly globals: GlobalKinds;
  readonly fuel: bigint;
  readonly stack: number;
  /** Names of the meter's globals; `fuel` null: it does not count. */
  readonly probes: { readonly fuel: string | null; readonly stack: string };
}

/**
 * A driver that makes a call for each length and input on stdin, until there are no more. The solve module has the meter
 * woven in, which this fills up before each call; so the driver may loop and has a memory of its own for what passes through.
 */
export function manyCalls(calls: ManyCalls): Uint8Array {
  const fuelled = calls.probes.fuel !== null;
  const a = new ServingCode();
  a.tell([() => a.op(OP.globalGet, 0), () => a.op(OP.globalGet, 1), () => a.op(OP.memorySize, 0)]);
  a.loop(() => {
    a.readLength();
    a.layOutFor(SERVING.length);
    a.readInput();
    a.get(LOCALS.retptr).i64(0).store64(0);
    a.i32(calls.stack).op(OP.globalSet, 2);
    if (fuelled) a.i64(calls.fuel).op(OP.globalSet, 3);
    a.get(LOCALS.retptr).get(LOCALS.arenaPtr).i32(calls.arenaCap).get(LOCALS.inputPtr).get(SERVING.length).op(OP.call, 2);
    a.takeAnswer();
    a.tell([() => a.get(LOCALS.outPtr), () => a.get(LOCALS.outLen), () => a.op(OP.memorySize, 0)]);
    a.mayBeHad(calls.arenaCap, calls.maxOutput);
    a.op(OP.if, EMPTY);
    a.writeAnswer();
    a.op(OP.end);
  });
  return assemble({
    code: a,
    locals: [SERVING.words, 0],
    functions: 3,
    memory: 1,
    imports: [wasi("fd_write"), wasi("fd_read"), solveFunction, solveMemory, ...addresses(calls.globals), global(calls.probes.stack, i32, true), ...(calls.probes.fuel === null ? [] : [global(calls.probes.fuel, i64, true)])],
  });
}
