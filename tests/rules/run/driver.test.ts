// The module that calls a solve module in Wasmtime, run here on V8 with a stand-in for WASI: what it tells, what it leaves alone.

import { expect, test } from "vitest";
import { AFTER_BYTES, BEFORE_BYTES, noCall, singleCall } from "../../../rules/run/wasmtime/driver.ts";
import { answer, ECHO, get, I32, i32, solveModule } from "../wasm/kit.ts";

const FIXED = { heapBaseMutable: false, dataEndMutable: false };

interface Call {
  readonly told: Uint8Array;
  readonly memory: Uint8Array;
}

function drive(solve: Uint8Array, driver: Uint8Array): Call {
  const exports = new WebAssembly.Instance(new WebAssembly.Module(solve)).exports;
  const memory = exports["memory"] as WebAssembly.Memory;
  const told: number[] = [];
  const fd_write = (fd: number, vector: number, count: number, written: number): number => {
    expect([fd, count]).toEqual([1, 1]);
    const view = new DataView(memory.buffer);
    const [at, length] = [view.getUint32(vector, true), view.getUint32(vector + 4, true)];
    told.push(...new Uint8Array(memory.buffer, at, length));
    view.setUint32(written, length, true);
    return 0;
  };
  const run = new WebAssembly.Instance(new WebAssembly.Module(driver), { wasi_snapshot_preview1: { fd_write }, solve: { ...exports } }).exports["_start"] as () => void;
  run();
  return { told: Uint8Array.from(told), memory: new Uint8Array(memory.buffer) };
}

function words(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => view.getUint32(4 * i, true));
}

const input = Buffer.from("hello");
const single = (arenaCap: number, maxOutput: number, bytes: Uint8Array = input) => singleCall({ input: bytes, arenaCap, maxOutput, globals: FIXED }).bytes;

test("it tells where things are, where the answer is, and the answer", () => {
  const { told } = drive(solveModule(ECHO), single(1024, 1024));
  expect(words(told.subarray(0, BEFORE_BYTES + AFTER_BYTES))).toEqual([16, 0, 1, 32, 5]);
  expect(Buffer.from(told.subarray(BEFORE_BYTES + AFTER_BYTES)).toString()).toBe("hello");
});

test.each<[string, number[], number, number]>([
  ["longer than allowed", answer(get(1), I32(11)), 1024, 10],
  ["before the arena", answer(I32(0), I32(0)), 1024, 1024],
  ["behind the arena", answer(get(1), I32(1025)), 1024, 2048],
  ["round the end of memory", answer(I32(-4), I32(4)), 1024, 1024],
])("an answer that is %s is told of, not handed out", (_, code, arenaCap, maxOutput) => {
  expect(drive(solveModule(code), single(arenaCap, maxOutput)).told).toHaveLength(BEFORE_BYTES + AFTER_BYTES);
});

test("without room it calls nothing", () => {
  const { told, memory } = drive(solveModule([...I32(500), ...I32(7), 0x36, 2, 0]), single(65536 - 31, 1024));
  expect(words(told)).toEqual([16, 0, 1]);
  expect(memory[500]).toBe(0);
  expect(drive(solveModule(answer(get(1), I32(0))), single(65536 - 32, 1024)).told).toHaveLength(BEFORE_BYTES + AFTER_BYTES);
});

test("the guest sees memory as it was made: no word of the driver's stays", () => {
  // Copies the first 32 bytes of memory to the arena and answers them.
  const look = [...get(1), ...I32(0), ...I32(32), 0xfc, 10, 0, 0, ...answer(get(1), I32(32))];
  const data = Array.from({ length: 24 }, (_, i) => i + 1);
  const module = solveModule(look, { data: [{ at: 0, bytes: data }], globals: [{ type: i32, value: 64 }, { type: i32, value: 0 }] });
  const { told, memory } = drive(module, single(1024, 1024));
  expect([...told.subarray(BEFORE_BYTES + AFTER_BYTES)]).toEqual([...data, ...Array<number>(8).fill(0)]);
  expect([...memory.subarray(0, 24)]).toEqual(data);
});

test("an arena at the very beginning is not disturbed either", () => {
  const { told } = drive(solveModule(ECHO, { globals: [{ type: i32, value: 0 }, { type: i32, value: 0 }] }), single(64, 64, new Uint8Array(0)));
  expect(words(told)).toEqual([0, 0, 1, 8, 0]);
});

test("globals may be mutable, and the driver that makes no call needs nothing of the module", () => {
  const module = solveModule(ECHO, { globals: [{ type: i32, value: 16, mutable: true }, { type: i32, value: 0 }] });
  const driver = singleCall({ input, arenaCap: 64, maxOutput: 64, globals: { heapBaseMutable: true, dataEndMutable: false } });
  expect(drive(module, driver.bytes).told.length).toBe(BEFORE_BYTES + AFTER_BYTES + 5);
  expect(driver.fuel).toBeGreaterThan(50n);
  expect(WebAssembly.validate(noCall().bytes)).toBe(true);
});
