// wasi:cli, wasi:clocks and wasi:random: arguments and streams from memory, the machine's clock and chance, no environment, no terminal.

import { Halt, trap } from "../stop.ts";
import { NONE } from "../component/value.ts";
import type { Tagged, Value } from "../component/value.ts";
import { InputStream, monotonic, OutputStream, Pollable } from "./world.ts";
import type { Interface, World } from "./world.ts";

const IN = "wasi:io/streams.input-stream";
const OUT = "wasi:io/streams.output-stream";
const POLLABLE = "wasi:io/poll.pollable";
const SECOND = 1_000_000_000n;

function fixed(type: string, value: Value) {
  return { type, run: () => value };
}

function exit(status: number): never {
  throw new Halt({ kind: "exit", status });
}

export const cli: { readonly [name: string]: Interface } = {
  "wasi:cli/environment": {
    "get-environment": fixed("func() -> list<tuple<string, string>>", []),
    "get-arguments": { type: "func() -> list<string>", run: (w) => w.args },
    "initial-cwd": fixed("func() -> option<string>", NONE),
  },
  "wasi:cli/exit": {
    exit: { type: "func(result)", run: (_w, status) => exit((status as Tagged).tag) },
    "exit-with-code": { type: "func(u8)", run: (_w, status) => exit(status as number) },
  },
  "wasi:cli/stdin": { "get-stdin": { type: `func() -> ${IN}`, run: (w) => ({ rep: stdinOf(w) }) } },
  "wasi:cli/stdout": { "get-stdout": { type: `func() -> ${OUT}`, run: (w) => ({ rep: new OutputStream(w.stdout) }) } },
  "wasi:cli/stderr": { "get-stderr": { type: `func() -> ${OUT}`, run: (w) => ({ rep: new OutputStream(w.stderr) }) } },
  "wasi:cli/terminal-input": {},
  "wasi:cli/terminal-output": {},
  "wasi:cli/terminal-stdin": { "get-terminal-stdin": fixed("func() -> option<wasi:cli/terminal-input.terminal-input>", NONE) },
  "wasi:cli/terminal-stdout": { "get-terminal-stdout": fixed("func() -> option<wasi:cli/terminal-output.terminal-output>", NONE) },
  "wasi:cli/terminal-stderr": { "get-terminal-stderr": fixed("func() -> option<wasi:cli/terminal-output.terminal-output>", NONE) },
};

/** As Wasmtime reads its own standard input, so that a guest takes as many turns, and as much fuel, there and here. */
const STDIN_CHUNK = 1024;

const stdins = new WeakMap<World, InputStream>();

/** Every handle of standard input reads on where the last one stopped. */
function stdinOf(world: World): InputStream {
  let stream = stdins.get(world);
  if (stream === undefined) stdins.set(world, (stream = new InputStream(world.stdin, STDIN_CHUNK)));
  return stream;
}

// ---------------------------------------------------------------------------------------------- clocks

const DATETIME = "record{seconds: u64, nanoseconds: u32}";

function later(world: World, nanoseconds: Value): Value {
  return { rep: new Pollable(monotonic(world) + (nanoseconds as bigint)) };
}

export const clocks: { readonly [name: string]: Interface } = {
  "wasi:clocks/monotonic-clock": {
    now: { type: "func() -> u64", run: (w) => monotonic(w) },
    resolution: fixed("func() -> u64", 1n),
    "subscribe-instant": { type: `func(u64) -> ${POLLABLE}`, run: (_w, at) => ({ rep: new Pollable(at as bigint) }) },
    "subscribe-duration": { type: `func(u64) -> ${POLLABLE}`, run: later },
  },
  "wasi:clocks/wall-clock": {
    now: { type: `func() -> ${DATETIME}`, run: wallNow },
    resolution: fixed(`func() -> ${DATETIME}`, [0n, 1_000_000]),
  },
};

function wallNow(): Value {
  const ns = BigInt(Date.now()) * 1_000_000n;
  return [ns / SECOND, Number(ns % SECOND)];
}

// ---------------------------------------------------------------------------------------------- random

/** More chance than this in one call is refused: it would be made on the host's account. */
const MAX_RANDOM = 16n * 1024n * 1024n;

function randomBytes(_world: World, length: Value): Value {
  if ((length as bigint) > MAX_RANDOM) trap(`more than ${MAX_RANDOM} random bytes at once`);
  const bytes = new Uint8Array(Number(length));
  for (let at = 0; at < bytes.length; at += 65_536) globalThis.crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return bytes;
}

function randomU64(): Value {
  return globalThis.crypto.getRandomValues(new BigUint64Array(1))[0]!;
}

export const random: { readonly [name: string]: Interface } = {
  "wasi:random/random": {
    "get-random-bytes": { type: "func(u64) -> list<u8>", run: randomBytes },
    "get-random-u64": { type: "func() -> u64", run: randomU64 },
  },
  "wasi:random/insecure": {
    "get-insecure-random-bytes": { type: "func(u64) -> list<u8>", run: randomBytes },
    "get-insecure-random-u64": { type: "func() -> u64", run: randomU64 },
  },
  "wasi:random/insecure-seed": {
    "insecure-seed": { type: "func() -> tuple<u64, u64>", run: () => [randomU64() as bigint, randomU64() as bigint] },
  },
};

