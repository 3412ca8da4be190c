// wasi:cli, wasi:clocks and wasi:random: arguments, variables and streams from memory, what senses tell of time and chance, no terminal.

import { Halt } from "../stop.ts";
import { NONE } from "../component/value.ts";
import type { Tagged, Value } from "../component/value.ts";
import { checkedLength } from "./senses.ts";
import type { Chance } from "./senses.ts";
import { InputStream, OutputStream, Pollable, realTime } from "./world.ts";
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
    "get-environment": { type: "func() -> list<tuple<string, string>>", run: (w) => w.env },
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

function later(nanoseconds: Value): Value {
  return { rep: new Pollable(realTime() + (nanoseconds as bigint)) };
}

/** An instant of the clock that the guest sees. */
function at(world: World, instant: Value): Value {
  const left = (instant as bigint) - world.senses.monotonic();
  return later(left > 0n ? left : 0n);
}

function datetime(ns: bigint): Value {
  return [ns / SECOND, Number(ns % SECOND)];
}

export const clocks: { readonly [name: string]: Interface } = {
  "wasi:clocks/monotonic-clock": {
    now: { type: "func() -> u64", run: (w) => w.senses.monotonic() },
    resolution: fixed("func() -> u64", 1n),
    "subscribe-instant": { type: `func(u64) -> ${POLLABLE}`, run: at },
    "subscribe-duration": { type: `func(u64) -> ${POLLABLE}`, run: (_w, duration) => later(duration) },
  },
  "wasi:clocks/wall-clock": {
    now: { type: `func() -> ${DATETIME}`, run: (w) => datetime(w.senses.wall()) },
    resolution: { type: `func() -> ${DATETIME}`, run: (w) => datetime(BigInt(w.senses.wallResolution)) },
  },
};

// ---------------------------------------------------------------------------------------------- random

const bytes = (kind: Chance) => ({ type: "func(u64) -> list<u8>", run: (w: World, length: Value) => w.senses.bytes(kind, checkedLength(length as bigint)) });
const u64 = (kind: Chance) => ({ type: "func() -> u64", run: (w: World) => w.senses.u64(kind) });

export const random: { readonly [name: string]: Interface } = {
  "wasi:random/random": { "get-random-bytes": bytes("secure"), "get-random-u64": u64("secure") },
  "wasi:random/insecure": { "get-insecure-random-bytes": bytes("insecure"), "get-insecure-random-u64": u64("insecure") },
  "wasi:random/insecure-seed": {
    "insecure-seed": { type: "func() -> tuple<u64, u64>", run: (w) => halves(w.senses.seed()) },
  },
};

function halves(seed: bigint): Value {
  return [BigInt.asUintN(64, seed), seed >> 64n];
}
