// HTTP components under V8: requests in, responses out, limits in the middle of a request.

import { expect, test } from "vitest";
import { openV8 } from "../../../rules/host/v8.ts";
import type { V8Handler } from "../../../rules/host/v8.ts";
import { guestComponent, LIMITS } from "./rig.ts";

interface Settings {
  readonly limits?: Partial<typeof LIMITS>;
  readonly wallMs?: number;
  readonly maxResponse?: number;
  readonly replace?: { readonly [text: string]: string };
}

async function handler(name: string, { limits = {}, wallMs = 5000, maxResponse = 1_048_576, replace = {} }: Settings = {}): Promise<V8Handler> {
  const opened = openV8({ component: await guestComponent(name, replace), path: `${name}.wasm`, limits: { ...LIMITS, ...limits }, wallMs, maxResponse });
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  return opened.value;
}

const post = (body: Uint8Array) => ({ method: "POST", pathWithQuery: "/", authority: "localhost", headers: [], body });
const HELLO = post(Buffer.from("hello"));

test("a body comes back whole, whatever its size", async () => {
  const echo = await handler("http-echo");
  for (const size of [0, 1, 4096, 4097, 100_000, 1_048_576]) {
    const body = new Uint8Array(size).map((_, i) => i * 7);
    const outcome = echo.answerNow(post(body));
    if (outcome.kind !== "answered") throw new Error(JSON.stringify(outcome));
    expect(outcome.response.status).toBe(200);
    expect(Buffer.from(outcome.response.body).equals(Buffer.from(body))).toBe(true);
    expect(outcome.response.headers.map((h) => [h.name, Buffer.from(h.value).toString()])).toEqual([["x-echo", "yes!"]]);
  }
});

test("every request has an instance of its own: a trap in one leaves the next alone", async () => {
  const guest = await handler("http-echo", { replace: { ";; begin": "(global.set $calls (i32.add (global.get $calls) (i32.const 1))) (if (i32.ne (global.get $calls) (i32.const 1)) (then unreachable))", "(table $t 1 funcref)": "(table $t 1 funcref) (global $calls (mut i32) (i32.const 0))" } });
  for (let n = 0; n < 3; n++) expect(guest.answerNow(HELLO).kind).toBe("answered");
});

const ENDINGS: { readonly [what: string]: readonly [code: string, stop: object, settings?: Settings] } = {
  "a trap": ["unreachable", { kind: "trap" }],
  "a busy loop, by fuel": ["(loop $l (br $l))", { kind: "fuel" }, { limits: { maxFuel: 10_000_000 }, wallMs: 60_000 }],
  "a busy loop, by the clock": ["(loop $l (br $l))", { kind: "deadline" }, { wallMs: 100, limits: { maxFuel: null } }],
  "recursion without end": ["(drop (call $deep (i32.const 0)))", { kind: "stack" }, { limits: { maxWasmStackBytes: 65_536 } }],
  "growth of memory": ["(drop (memory.grow (i32.const 4096)))", { kind: "memory", wanted: 4098 }],
  "growth of a table": ["(drop (table.grow $t (ref.null func) (i32.const 200000)))", { kind: "table", wanted: 200_001 }],
  "a memory that is too large from the start": ["", { kind: "memory", wanted: 2 }, { limits: { maxMemoryBytes: 65_536 } }],
  "a handle that does not exist": ["(call $drop-in (i32.const 99))", { kind: "trap" }],
  "a handle of another type": ["(call $drop-in (local.get $req))", { kind: "trap" }],
  "a pointer out of memory": ["(call $append (call $fields) (i32.const -1) (i32.const 6) (i32.const 70) (i32.const 4) (i32.const 16))", { kind: "trap" }],
  "headers without end": ["(local.set $h (call $fields)) (loop $l (call $append (local.get $h) (i32.const 64) (i32.const 6) (i32.const 4096) (i32.const 60000) (i32.const 16)) (br $l))", { kind: "trap" }],
};

for (const [what, [code, stop, settings]] of Object.entries(ENDINGS)) {
  test(`${what} ends the guest, in time`, async () => {
    const guest = await handler("http-echo", { ...settings, replace: { ";; begin": code } });
    const began = performance.now();
    const outcome = guest.answerNow(HELLO);
    expect(outcome).toMatchObject({ kind: "stopped", stop });
    if (settings?.wallMs !== undefined) expect(performance.now() - began).toBeLessThan(settings.wallMs + 200);
  });
}

test("a response over its limit ends the guest, one of exactly the limit does not", async () => {
  const guest = await handler("http-echo", { maxResponse: 5 });
  expect(guest.answerNow(HELLO).kind).toBe("answered");
  expect(guest.answerNow(post(Buffer.from("hello!")))).toEqual({ kind: "stopped", stop: { kind: "output", stream: "response body", limit: 5 } });
});

test("a guest that sets no response, or leaves its body open, is refused", async () => {
  const silent = await handler("http-echo", { replace: { ";; begin": "(if (local.get $req) (then (return)))" } });
  expect(silent.answerNow(HELLO)).toMatchObject({ kind: "refused", message: expect.stringContaining("never invoked") });
  const open = await handler("http-echo", { replace: { ";; answering": "(if (local.get $out) (then (return)))" } });
  expect(open.answerNow(HELLO)).toMatchObject({ kind: "refused", message: expect.stringContaining("did not finish") });
});

test("the smallest sufficient fuel is one number, whether a clock runs beside it or not", async () => {
  const enough = async (fuel: number, wallMs: number) => (await handler("http-echo", { limits: { maxFuel: fuel }, wallMs })).answerNow(HELLO).kind === "answered";
  let low = 0;
  let high = 100_000;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (await enough(middle, 5000)) high = middle;
    else low = middle;
  }
  expect(await enough(high, 60_000)).toBe(true);
  expect(await enough(high - 1, 60_000)).toBe(false);
});

test("any WASI 0.2 will do; another is named", async () => {
  for (const version of ["0.2.0", "0.2.3", "0.2.12"]) expect((await handler("http-echo", { replace: { "@0.2.8": `@${version}` } })).answerNow(HELLO).kind).toBe("answered");
  const later = openV8({ component: await guestComponent("http-echo", { "wasi:io/streams@0.2.8": "wasi:io/streams@0.3.0" }), path: "later.wasm", limits: LIMITS, wallMs: 1000, maxResponse: 1 });
  expect(later).toMatchObject({ ok: false, error: { kind: "world", names: ["wasi:io/streams@0.3.0#[method]input-stream.blocking-read", "wasi:io/streams@0.3.0#[method]output-stream.blocking-write-and-flush"] } });
});
