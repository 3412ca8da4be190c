// Output streams of guests: what a limit does, whether or not the guest looks at what its writes answer.

import { expect, test } from "vitest";
import type { Value } from "../../../rules/host/component/value.ts";
import { Halt } from "../../../rules/host/stop.ts";
import { streams } from "../../../rules/host/wasi/io.ts";
import { InputStream, OutputStream, Sink, type World } from "../../../rules/host/wasi/world.ts";

const world = undefined as unknown as World; // no stream asks for it
const call = (name: string, ...args: Value[]) => streams[`[method]output-stream.${name}`]!.run(world, ...args);

function stopOf(action: () => unknown): unknown {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof Halt) return thrown.stop;
    throw thrown;
  }
  return null;
}

const FULL = { kind: "output", stream: "stdout", limit: 4 };
const writes: readonly (readonly [string, (to: Value) => unknown])[] = [
  ["write", (to) => call("write", to, Buffer.from("x"))],
  ["blocking-write-and-flush", (to) => call("blocking-write-and-flush", to, Buffer.from("x"))],
  ["write-zeroes", (to) => call("write-zeroes", to, 1n)],
  ["splice", (to) => call("splice", to, { rep: new InputStream(Buffer.from("x")) }, 1n)],
];

for (const [name, write] of writes) {
  test(`${name} on a stream that is exactly full ends the guest, which cannot take it for a closed stream`, () => {
    const sink = new Sink("stdout", 4);
    const stream = { rep: new OutputStream(sink) };
    call("write", stream, Buffer.from("four"));
    expect(call("check-write", stream)).toMatchObject({ tag: 0 });
    expect(stopOf(() => write(stream))).toEqual(FULL);
    expect(Buffer.from(sink.bytes()).toString()).toBe("four");
  });
}

test("of a write beyond the limit, what fits is kept", () => {
  const sink = new Sink("stdout", 4);
  expect(stopOf(() => call("write", { rep: new OutputStream(sink) }, Buffer.from("fourteen")))).toEqual(FULL);
  expect(Buffer.from(sink.bytes()).toString()).toBe("four");
});

test("nothing more may be written to a full stream: that is no breach", () => {
  const stream = { rep: new OutputStream(new Sink("stdout", 0)) };
  expect(call("blocking-write-and-flush", stream, new Uint8Array(0))).toMatchObject({ tag: 0 });
});
