// Memories that are used again: no byte of one request is there in the next, and short ones are never told from the declared.

import { expect, test } from "vitest";
import { Memories } from "../../../rules/host/component/memories.ts";
import { openV8 } from "../../../rules/host/v8.ts";
import type { V8Handler } from "../../../rules/host/v8.ts";
import { guestComponent, LIMITS } from "./rig.ts";

/** The echo guest; each request first calls `work` of a module with a memory of 128 MiB. */
async function withWork(work: string, wallMs = 5_000): Promise<V8Handler> {
  const component = await guestComponent("http-echo", {
    "(core instance $a (instantiate $alloc))": `(core instance $a (instantiate $alloc)) (core module $big (memory 2048 2048) (func (export "work") (local $i i32) ${work})) (core instance $b (instantiate $big))`,
    '(import "a" "realloc"': '(import "b" "work" (func $work)) (import "a" "realloc"',
    '(with "h" (instance $h))': '(with "h" (instance $h)) (with "b" (instance $b))',
    ";; begin": "(call $work)",
  });
  return opened(component, wallMs);
}

function opened(component: Uint8Array, wallMs: number): V8Handler {
  const handler = openV8({ component, path: "c.wasm", limits: LIMITS, wallMs, maxResponse: 1_048_576 });
  if (!handler.ok) throw new Error(JSON.stringify(handler.error));
  return handler.value;
}

const HELLO = { method: "POST", pathWithQuery: "/", authority: "localhost", headers: [], body: Buffer.from("hello") };

function answers(guest: V8Handler, times = 4): void {
  for (let n = 0; n < times; n++) expect(guest.answerNow(HELLO)).toMatchObject({ kind: "answered", response: { status: 200 } });
}

const allZeroThenDirty = (bytes: number) => `(loop $l (if (i64.ne (i64.load (local.get $i)) (i64.const 0)) (then unreachable))
  (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const ${bytes}))))
  (memory.fill (i32.const 0) (i32.const 255) (i32.const ${bytes}))`;

test.each([131_072, 524_288, 2_097_152, 4_194_304])("%i bytes that one request wrote are zero in the next", async (bytes) => answers(await withWork(allZeroThenDirty(bytes))));

test("they are too behind a request that trapped", async () => {
  const guest = await withWork(`${allZeroThenDirty(131_072)} (i64.store (i32.const 0) (i64.const 0)) (unreachable)`);
  for (let n = 0; n < 3; n++) expect(guest.answerNow(HELLO)).toMatchObject({ kind: "stopped", stop: { kind: "trap", message: "unreachable" } });
});

test("what lies beyond a short memory is there, and zero", async () => {
  answers(await withWork("(if (i64.ne (i64.load (i32.const 134217720)) (i64.const 0)) (then unreachable)) (i64.store (i32.const 134217720) (i64.const 1))"));
});

test("the end of memory is where the module declares it", async () => {
  expect((await withWork("(drop (i64.load (i32.const 134217721)))")).answerNow(HELLO)).toMatchObject({ kind: "stopped", stop: { kind: "trap", message: expect.stringContaining("out of bounds") as string } });
});

test("a module that asks sees the size it declares", async () => answers(await withWork("(if (i32.ne (memory.size) (i32.const 2048)) (then unreachable))")));

test("an attempt with a short memory does not shorten the time that a guest has", async () => {
  // Some 200 ms of work, then a byte that only the whole memory has.
  const guest = await withWork("(loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20000000)))) (i32.store (i32.const 100000000) (i32.const 1))");
  answers(guest, 2);
});

test("a memory that has grown is not used again", async () => {
  const code = "(if (i32.ne (memory.size) (i32.const 2)) (then unreachable)) (drop (memory.grow (i32.const 1))) (i64.store (i32.const 140000) (i64.const 1))";
  answers(opened(await guestComponent("http-echo", { ";; begin": code }), 5_000));
});

test("memories of one size come back zeroed, others apart, and while one is out there is no second", () => {
  const memories = new Memories({ from: "m", name: "memory", least: 2, min: 2048, max: 2048, sizeless: true });
  const small = memories.take(2);
  new Uint8Array(small.buffer).fill(7);
  memories.release();
  expect(new Uint8Array(small.buffer).every((byte) => byte === 0)).toBe(true);
  expect(memories.take(8).buffer.byteLength).toBe(8 * 65_536);
  expect(memories.take(2)).toBe(small);
  expect(memories.take(Infinity).buffer.byteLength).toBe(2048 * 65_536);
});
