// Limits as Wasmtime's options, and Wasmtime's words as reasons. Starts nothing.

import { PAGE } from "../../wasm/inspect.ts";
import type { CoreModule } from "../../wasm/read.ts";
import type { Stop } from "../guest.ts";
import type { CoreLimits } from "../prepare.ts";
import type { GlobalKinds } from "./driver.ts";

export interface Layout {
  readonly retptr: number;
  readonly inputPtr: number;
  readonly arenaPtr: number;
}

/** Where things are in memory, by the rule of the solve ABI. */
export function layoutOf(heapBase: number, dataEnd: number, inputLength: number): Layout {
  const retptr = Math.ceil(Math.max(heapBase, dataEnd) / 8) * 8;
  return { retptr, inputPtr: retptr + 8, arenaPtr: Math.ceil((retptr + 8 + inputLength) / 8) * 8 };
}

export function globalKinds(module: CoreModule): GlobalKinds {
  const mutable = (name: string): boolean => module.globals[module.exports.find((e) => e.name === name)?.index ?? -1]?.mutable ?? false;
  return { heapBaseMutable: mutable("__heap_base"), dataEndMutable: mutable("__data_end") };
}

/** Room that host functions need on the stack besides the guest's. */
const HOST_STACK = 1024 * 1024;

/** The name of the cache's configuration beside the modules. */
const CACHE_FILE = "cache.toml";

/** Files that the options refer to. */
export function limitFiles(limits: CoreLimits): { readonly [name: string]: Uint8Array } {
  return limits.cacheConfig == null ? {} : { [CACHE_FILE]: limits.cacheConfig };
}

export interface Caps {
  /** null: Wasmtime counts none. */
  readonly fuel: bigint | null;
  readonly stackBytes: number;
  readonly memoryBytes: bigint | null;
  readonly tableElements: bigint | null;
}

/** Frames of a trap without places in the code: a deep stack is told in half the time. */
const BRIEF = ["-D", "address-map=n"];

/** The limits as options of Wasmtime 42. */
export function limitWords(limits: CoreLimits, caps: Caps): string[] {
  const words = ["-W", `max-wasm-stack=${caps.stackBytes}`, "-W", `async-stack-size=${caps.stackBytes + HOST_STACK}`, "-W", "trap-on-grow-failure=y", ...BRIEF];
  if (caps.fuel !== null) words.push("-W", `fuel=${caps.fuel}`);
  if (caps.memoryBytes !== null) words.push("-W", `max-memory-size=${caps.memoryBytes}`);
  if (caps.tableElements !== null) words.push("-W", `max-table-elements=${caps.tableElements}`);
  if (limits.instanceAllocator === "pooling") words.push("-O", "pooling-allocator=y", "-O", `pooling-max-memory-size=${roundUp(caps.memoryBytes ?? 0n)}`, "-O", `pooling-table-elements=${caps.tableElements ?? 0n}`);
  words.push("-C", limits.cacheConfig == null ? "cache=n" : `cache-config=${CACHE_FILE}`);
  return words;
}

function roundUp(bytes: bigint): bigint {
  return ((bytes + BigInt(PAGE) - 1n) / BigInt(PAGE)) * BigInt(PAGE);
}

/** Why Wasmtime stopped, from what it says. */
export function stopOf(stderr: string): Stop {
  const memory = /forcing trap when growing memory to (\d+) bytes/.exec(stderr)?.[1];
  if (memory !== undefined) return { kind: "memory", wanted: Number(memory) / PAGE };
  const table = /forcing trap when growing table to (\d+) elements/.exec(stderr)?.[1];
  if (table !== undefined) return { kind: "table", wanted: Number(table) };
  const trap = /wasm trap: (.*)/.exec(stderr)?.[1]?.trim();
  if (trap === undefined) return { kind: "host", message: firstCause(stderr) };
  if (trap.startsWith("all fuel consumed")) return { kind: "fuel" };
  if (trap.startsWith("call stack exhausted")) return { kind: "stack" };
  // V8 does not tell these two apart; reports of both hosts are to be equal.
  const vague = trap === "uninitialized element" || trap === "indirect call type mismatch";
  return { kind: "trap", message: vague ? "null function or function signature mismatch" : trap };
}

/** The innermost cause that Wasmtime names. */
export function firstCause(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.replace(/^\s*\d*:?\s*/, "").trim()).filter((line) => line !== "" && !/^(?:Caused by:|at |0x)/.test(line));
  return lines.at(-1) ?? "Wasmtime ended without a word";
}
