// wasi:io: errors, streams and polling. Streams over memory are always ready; what has its other end elsewhere says what to wait for.

import { trap } from "../stop.ts";
import { err, OK, okay } from "../component/value.ts";
import type { Rep, Value } from "../component/value.ts";
import { OutputStream, Pollable, realTime } from "./world.ts";
import type { Interface, IoError, Source, Waitable, World } from "./world.ts";

const IN = "wasi:io/streams.input-stream";
const OUT = "wasi:io/streams.output-stream";
const STREAM_ERROR = "variant{last-operation-failed(wasi:io/error.error), closed}";
const POLLABLE = "wasi:io/poll.pollable";
const CLOSED = err({ tag: 1 });
/** What a write may bring at once, and a blocking one (the interface says so). */
const WRITE_ROOM = 65_536;
const BLOCKING_WRITE = 4_096;
const NO_BYTES = new Uint8Array(0);

export function self<T>(value: Value): T {
  return (value as Rep).rep as T;
}

function size(value: Value): number {
  return Number(value as bigint);
}

function read(_world: World, stream: Value, length: Value): Value {
  const max = size(length);
  if (max === 0) return okay(NO_BYTES);
  const source = self<Source>(stream);
  const part = source.read(max);
  return part === null ? ended(source) : okay(part);
}

function ended({ failure }: { readonly failure?: IoError | null }): Value {
  return failure ? err({ tag: 0, value: { rep: failure } }) : CLOSED;
}

function block(waitable: Waitable | null): void {
  while (waitable !== null && !waitable.ready) waitable.sleep(SLEEP_MS);
}

function blockingRead(world: World, stream: Value, length: Value): Value {
  if (size(length) > 0) block(self<Source>(stream).waitable);
  return read(world, stream, length);
}

function skip(world: World, stream: Value, length: Value): Value {
  const result = read(world, stream, length) as { tag: number; value: Uint8Array };
  return result.tag === 0 ? okay(BigInt(result.value.length)) : result;
}

function blockingSkip(world: World, stream: Value, length: Value): Value {
  if (size(length) > 0) block(self<Source>(stream).waitable);
  return skip(world, stream, length);
}

/** The limit of a stream is no part of this: what is written beyond it ends the guest, as it does under Wasmtime. */
function room(_world: World, stream: Value): Value {
  const { sink } = self<OutputStream>(stream);
  return sink.open ? okay(BigInt(sink.waitable?.ready === false ? 0 : WRITE_ROOM)) : CLOSED;
}

function put(stream: Value, bytes: Uint8Array): Value {
  const { sink } = self<OutputStream>(stream);
  if (!sink.open) return CLOSED;
  block(sink.waitable);
  sink.write(bytes);
  return sink.failure === null ? OK : ended(sink);
}

function putAtMost(most: number, stream: Value, bytes: Uint8Array): Value {
  if (bytes.length > most) trap(`Buffer too large for the write (expected at most ${most})`);
  return put(stream, bytes);
}

function zeroes(most: number, stream: Value, length: Value): Value {
  return putAtMost(most, stream, new Uint8Array(Math.min(size(length), most + 1)));
}

function splice(_world: World, to: Value, from: Value, length: Value): Value {
  const { sink } = self<OutputStream>(to);
  if (!sink.open) return CLOSED;
  const source = self<Source>(from);
  const part = source.read(Math.min(size(length), WRITE_ROOM));
  if (part === null) return ended(source);
  block(sink.waitable);
  sink.write(part);
  if (sink.failure !== null) return ended(sink);
  return okay(BigInt(part.length));
}

function blockingSplice(world: World, to: Value, from: Value, length: Value): Value {
  if (self<OutputStream>(to).sink.open && size(length) > 0) block(self<Source>(from).waitable);
  return splice(world, to, from, length);
}

function flush(_world: World, stream: Value): Value {
  const { sink } = self<OutputStream>(stream);
  if (!sink.open) return CLOSED;
  sink.flush();
  return OK;
}

// ---------------------------------------------------------------------------------------------- polling

function isReady(pollable: Pollable): boolean {
  if (pollable.of !== null) return pollable.of.ready;
  return pollable.at === null || pollable.at <= realTime();
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

const SLEEP_MS = 1_000;
const SHORT_SLEEP_MS = 2;

/** Sleeps until the first of them is ready, or to the guest's deadline. */
function wait(world: World, pollables: readonly Pollable[]): void {
  const [live, other] = [...new Set(pollables.flatMap((p) => (p.of === null ? [] : [p.of])))];
  while (!pollables.some(isReady)) {
    world.tank.lookAtClock();
    const now = realTime();
    const untilReady = pollables.reduce((ms, p) => (p.at === null ? ms : Math.min(ms, Number((p.at - now) / 1000n) / 1000)), SLEEP_MS);
    // Each hears only what comes for itself.
    if (live !== undefined) live.sleep(Math.max(0, Math.min(untilReady, other === undefined ? SLEEP_MS : SHORT_SLEEP_MS)));
    else Atomics.wait(sleeper, 0, 0, Math.max(0, Math.min(untilReady, world.tank.timeLeft ?? Infinity)));
  }
}

function poll(world: World, list: Value): Value {
  const pollables = (list as readonly Value[]).map((p) => self<Pollable>(p));
  if (pollables.length === 0) trap("empty poll list");
  wait(world, pollables);
  return pollables.flatMap((p, i) => (isReady(p) ? [i] : []));
}

// ---------------------------------------------------------------------------------------------- offers

export const error: Interface = {
  "[method]error.to-debug-string": { type: "func(borrow<wasi:io/error.error>) -> string", run: (_w, e) => self<IoError>(e).message },
};

export const pollInterface: Interface = {
  "[method]pollable.ready": { type: `func(borrow<${POLLABLE}>) -> bool`, run: (_w, p) => isReady(self<Pollable>(p)) },
  "[method]pollable.block": { type: `func(borrow<${POLLABLE}>)`, run: (w, p) => wait(w, [self<Pollable>(p)]) as undefined },
  poll: { type: `func(list<borrow<${POLLABLE}>>) -> list<u32>`, run: poll },
};

const reads = `func(borrow<${IN}>, u64) -> result<list<u8>, ${STREAM_ERROR}>`;
const skips = `func(borrow<${IN}>, u64) -> result<u64, ${STREAM_ERROR}>`;
const writes = `func(borrow<${OUT}>, list<u8>) -> result<_, ${STREAM_ERROR}>`;
const zeroWrites = `func(borrow<${OUT}>, u64) -> result<_, ${STREAM_ERROR}>`;
const flushes = `func(borrow<${OUT}>) -> result<_, ${STREAM_ERROR}>`;
const splices = `func(borrow<${OUT}>, borrow<${IN}>, u64) -> result<u64, ${STREAM_ERROR}>`;

export const streams: Interface = {
  "[method]input-stream.read": { type: reads, run: read },
  "[method]input-stream.blocking-read": { type: reads, run: blockingRead },
  "[method]input-stream.skip": { type: skips, run: skip },
  "[method]input-stream.blocking-skip": { type: skips, run: blockingSkip },
  "[method]input-stream.subscribe": { type: `func(borrow<${IN}>) -> ${POLLABLE}`, run: (_w, s) => ({ rep: new Pollable(null, self<Source>(s).waitable) }) },
  "[method]output-stream.check-write": { type: `func(borrow<${OUT}>) -> result<u64, ${STREAM_ERROR}>`, run: room },
  "[method]output-stream.write": { type: writes, run: (_w, s, b) => putAtMost(WRITE_ROOM, s, b as Uint8Array) },
  "[method]output-stream.blocking-write-and-flush": { type: writes, run: (_w, s, b) => putAtMost(BLOCKING_WRITE, s, b as Uint8Array) },
  "[method]output-stream.flush": { type: flushes, run: flush },
  "[method]output-stream.blocking-flush": { type: flushes, run: flush },
  "[method]output-stream.subscribe": { type: `func(borrow<${OUT}>) -> ${POLLABLE}`, run: (_w, s) => ({ rep: new Pollable(null, self<OutputStream>(s).sink.waitable) }) },
  "[method]output-stream.write-zeroes": { type: zeroWrites, run: (_w, s, n) => zeroes(WRITE_ROOM, s, n) },
  "[method]output-stream.blocking-write-zeroes-and-flush": { type: zeroWrites, run: (_w, s, n) => zeroes(BLOCKING_WRITE, s, n) },
  "[method]output-stream.splice": { type: splices, run: splice },
  "[method]output-stream.blocking-splice": { type: splices, run: blockingSplice },
};
