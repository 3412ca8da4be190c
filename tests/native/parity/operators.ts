// One solve module for each operator (and for what is special about control flow): each runs its operator a few times. Knows nothing of fuel.

import { OP } from "../../../rules/wasm/ops.ts";
import { answer, EMPTY, funcref, get, I32, i32, i64, set, solveModule, u32, type ModuleText } from "../../rules/wasm/kit.ts";
import type { Subject } from "./subject.ts";

const F32 = [0x43, 0, 0, 0x80, 0x3f], F64 = [0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f], I64 = [0x42, 3], THREE = I32(3);
const f32 = 0x7d, f64 = 0x7c;
const VALUE: { readonly [type: number]: readonly number[] } = { [i32]: THREE, [i64]: I64, [f32]: F32, [f64]: F64 };

/** Operators [from, to] that take these operands. */
type Range = readonly [from: number, to: number, ...operands: readonly number[]];

const NUMERIC: readonly Range[] = [
  [0x45, 0x45, i32], [0x46, 0x4f, i32, i32], [0x50, 0x50, i64], [0x51, 0x5a, i64, i64], [0x5b, 0x60, f32, f32], [0x61, 0x66, f64, f64],
  [0x67, 0x69, i32], [0x6a, 0x78, i32, i32], [0x79, 0x7b, i64], [0x7c, 0x8a, i64, i64], [0x8b, 0x91, f32], [0x92, 0x98, f32, f32], [0x99, 0x9f, f64], [0xa0, 0xa6, f64, f64],
  [0xa7, 0xa7, i64], [0xa8, 0xa9, f32], [0xaa, 0xab, f64], [0xac, 0xad, i32], [0xae, 0xaf, f32], [0xb0, 0xb1, f64], [0xb2, 0xb3, i32], [0xb4, 0xb5, i64], [0xb6, 0xb6, f64],
  [0xb7, 0xb8, i32], [0xb9, 0xba, i64], [0xbb, 0xbb, f32], [0xbc, 0xbc, f32], [0xbd, 0xbd, f64], [0xbe, 0xbe, i32], [0xbf, 0xbf, i64], [0xc0, 0xc1, i32], [0xc2, 0xc4, i64],
];

const LOADS = Array.from({ length: 0x36 - 0x28 }, (_, i) => 0x28 + i);
const STORES: readonly (readonly [number, number])[] = [[0x36, i32], [0x37, i64], [0x38, f32], [0x39, f64], [0x3a, i32], [0x3b, i32], [0x3c, i64], [0x3d, i64], [0x3e, i64]];

/** Runs `code` three times in a loop (local 5 counts), then answers nothing. */
function thrice(code: readonly number[]): number[] {
  return [OP.loop, EMPTY, ...code, ...get(5), ...I32(1), OP.i32Add, OP.localTee, 5, ...THREE, OP.i32LtS, OP.brIf, 0, OP.end, ...answer(get(1), I32(0))];
}

function subject(name: string, code: readonly number[], more: ModuleText & { readonly locals?: readonly number[] } = {}): Subject {
  return { name, module: solveModule(thrice(code), { ...more, locals: [i32, ...(more.locals ?? [])] }), input: Buffer.from("hello"), arenaCap: 1024 };
}

function hex(op: number): string {
  return `0x${op.toString(16)}`;
}

export function operatorSubjects(): Subject[] {
  return [...numeric(), ...memory(), ...bulk(), ...simd(), ...references(), ...control(), ...calls()];
}

function numeric(): Subject[] {
  const plain = NUMERIC.flatMap(([from, to, ...operands]) => Array.from({ length: to - from + 1 }, (_, i) => subject(`operator ${hex(from + i)}`, [...operands.flatMap((t) => VALUE[t]!), from + i, OP.drop])));
  const saturating = Array.from({ length: 8 }, (_, i) => subject(`operator 0xfc ${i}`, [...(i % 4 < 2 ? F32 : F64), 0xfc, i, OP.drop]));
  return [...plain, ...saturating];
}

function memory(): Subject[] {
  return [
    ...LOADS.map((op) => subject(`load ${hex(op)}`, [...I32(64), op, 0, 0, OP.drop])),
    ...STORES.map(([op, type]) => subject(`store ${hex(op)}`, [...I32(512), ...VALUE[type]!, op, 0, 0])),
    subject("memory.size", [OP.memorySize, 0, OP.drop]),
    subject("memory.grow", [...I32(1), OP.memoryGrow, 0, OP.drop], { memory: [1, 4] }),
  ];
}

function bulk(): Subject[] {
  const tables = { table: [8, 64] as const, elements: [1], fns: [{ code: [] }] };
  return [
    ...[0, 1, 1000, 40000].flatMap((n) => [
      subject(`memory.copy of ${n}`, [...I32(8192), ...I32(16384), ...I32(n), 0xfc, 10, 0, 0]),
      subject(`memory.fill of ${n}`, [...I32(8192), ...I32(7), ...I32(n), 0xfc, 11, 0]),
    ]),
    subject("memory.init and data.drop", [...I32(8192), ...I32(0), ...I32(0), 0xfc, 8, 0, 0, 0xfc, 9, 0], { passive: [1, 2, 3] }),
    subject("table.size", [0xfc, 16, 0, OP.drop], tables),
    subject("table.grow", [0xd0, funcref, ...I32(2), 0xfc, 15, 0, OP.drop], tables),
    subject("table.fill", [...I32(1), 0xd0, funcref, ...I32(4), 0xfc, 17, 0], tables),
    subject("table.copy", [...I32(1), ...I32(0), ...I32(2), 0xfc, 14, 0, 0], tables),
    subject("table.get and table.set", [...I32(2), ...I32(0), 0x25, 0, 0x26, 0], tables),
  ];
}

function simd(): Subject[] {
  const v128 = 0x7b;
  const splat = [...THREE, 0xfd, 0x11];
  return [
    subject("v128.const", [0xfd, 12, ...Array<number>(16).fill(1), OP.drop]),
    subject("v128.load and store", [...I32(512), ...I32(64), 0xfd, 0, 0, 0, 0xfd, 11, 0, 0]),
    subject("i32x4.add", [...splat, ...splat, 0xfd, 0xae, 0x01, OP.drop]),
    subject("i8x16.shuffle", [...splat, ...splat, 0xfd, 13, ...Array.from({ length: 16 }, (_, i) => i), OP.drop]),
    subject("i32x4.extract_lane", [...splat, 0xfd, 27, 2, OP.drop]),
    subject("v128.load8_lane", [...I32(64), ...splat, 0xfd, 84, 0, 0, 3, OP.drop]),
    subject("a v128 local", [...splat, ...set(6), ...get(6), OP.drop], { locals: [v128] }),
  ];
}

function references(): Subject[] {
  const declared = { table: [2] as const, elements: [1], fns: [{ code: [] }] };
  return [
    subject("ref.null and ref.is_null", [0xd0, funcref, 0xd1, OP.drop]),
    subject("ref.func", [0xd2, 1, OP.drop], declared),
    subject("select", [...THREE, ...THREE, ...I32(1), 0x1b, OP.drop]),
    subject("select of a type", [...THREE, ...THREE, ...I32(1), 0x1c, 1, i32, OP.drop]),
    subject("globals", [0x23, 2, ...I32(1), OP.i32Add, 0x24, 2], { globals: [{ type: i32, value: 16 }, { type: i32, value: 0 }, { type: i32, value: 0, mutable: true }] }),
  ];
}

function control(): Subject[] {
  return [
    subject("nop and drop", [OP.nop, OP.nop, ...THREE, OP.drop, OP.nop]),
    subject("empty blocks", [OP.block, EMPTY, OP.end, OP.block, EMPTY, OP.block, EMPTY, OP.end, OP.end]),
    subject("an empty loop", [OP.loop, EMPTY, OP.end]),
    subject("loops in loops", [OP.loop, EMPTY, OP.loop, EMPTY, OP.loop, EMPTY, OP.nop, OP.end, OP.end, OP.end]),
    ...[0, 1].flatMap((taken) => [
      subject(`if, ${taken}`, [...I32(taken), OP.if, EMPTY, ...THREE, OP.drop, OP.end]),
      subject(`if else, ${taken}`, [...I32(taken), OP.if, EMPTY, ...THREE, OP.drop, OP.else, OP.nop, OP.end]),
      subject(`br_if, ${taken}`, [OP.block, EMPTY, ...I32(taken), OP.brIf, 0, ...THREE, OP.drop, OP.end]),
      subject(`br_if with a value, ${taken}`, [OP.block, i32, ...THREE, ...I32(taken), OP.brIf, 0, OP.drop, ...THREE, OP.end, OP.drop]),
    ]),
    ...[0, 1, 2, 9].map((index) => subject(`br_table, ${index}`, [OP.block, EMPTY, OP.block, EMPTY, OP.block, EMPTY, ...I32(index), OP.brTable, 2, 0, 1, 2, OP.end, ...THREE, OP.drop, OP.end, ...THREE, OP.drop, OP.end])),
    subject("br with dead code behind it", [OP.block, EMPTY, OP.br, 0, ...THREE, OP.drop, OP.block, EMPTY, OP.loop, EMPTY, OP.end, OP.end, OP.end]),
    subject("return in the middle", [...get(5), OP.if, EMPTY, ...answer(get(1), I32(0)), OP.return, ...THREE, OP.drop, OP.end]),
    subject("br out of the function", [...get(5), OP.if, EMPTY, ...answer(get(1), I32(0)), OP.br, 2, OP.end]),
    subject("br_if out of the function", [...answer(get(1), I32(0)), ...get(5), OP.brIf, 1]),
    subject("br_table out of the function", [...answer(get(1), I32(0)), OP.block, EMPTY, ...get(5), OP.brTable, 1, 0, 2, OP.end]),
    subject("several results", [OP.block, ...u32(1), ...THREE, ...THREE, OP.end, OP.drop, OP.drop], { types: [{ params: [], results: [i32, i32] }] }),
    subject("a loop with a parameter", [...THREE, OP.loop, ...u32(1), ...I32(1), OP.i32Sub, OP.localTee, 5, ...get(5), OP.brIf, 0, OP.end, OP.drop, ...I32(7), ...set(5)], { types: [{ params: [i32], results: [i32] }] }),
    subject("unreachable", [...get(5), OP.if, EMPTY, OP.unreachable, OP.end]),
    subject("a division by zero", [...I32(1), ...get(5), ...I32(1), OP.i32Sub, 0x6d, OP.drop]),
  ];
}

function calls(): Subject[] {
  const add = { params: [i32], results: [i32], code: [...get(0), ...I32(1), OP.i32Add] };
  const early = { params: [i32], code: [...get(0), OP.if, EMPTY, OP.return, OP.end, OP.nop] };
  const down = { params: [i32], code: [...get(0), OP.if, EMPTY, ...get(0), ...I32(1), OP.i32Sub, OP.call, 1, OP.end] };
  const tail = { params: [i32], code: [...get(0), OP.i32Eqz, OP.if, EMPTY, OP.return, OP.end, ...get(0), ...I32(1), OP.i32Sub, OP.returnCall, 1] };
  const tailIndirect = { params: [i32], code: [...get(0), OP.i32Eqz, OP.if, EMPTY, OP.return, OP.end, ...get(0), ...I32(1), OP.i32Sub, ...I32(0), OP.returnCallIndirect, 1, 0] };
  const table = { table: [1] as const, elements: [1] };
  return [
    subject("a call of nothing", [OP.call, 1], { fns: [{ code: [] }] }),
    subject("a call", [...THREE, OP.call, 1, OP.drop], { fns: [add] }),
    subject("an early return", [...get(5), OP.call, 1], { fns: [early] }),
    subject("recursion", [...I32(20), OP.call, 1], { fns: [down] }),
    subject("call_indirect", [...THREE, ...I32(0), OP.callIndirect, 1, 0, OP.drop], { fns: [add], ...table }),
    subject("call_indirect of a null", [...THREE, ...I32(0), OP.callIndirect, 1, 0, OP.drop], { fns: [add], table: [1] }),
    subject("return_call", [...I32(30), OP.call, 1], { fns: [tail] }),
    subject("return_call_indirect", [...I32(30), OP.call, 1], { fns: [tailIndirect], ...table }),
    subject("a start function", [OP.nop], { fns: [{ code: [OP.loop, EMPTY, OP.end, ...THREE, OP.drop] }], start: 1 }),
    subject("many locals", [OP.call, 1], { fns: [{ locals: Array<number>(200).fill(i64), code: [...I64, ...set(150), ...get(199), OP.drop] }] }),
  ];
}
