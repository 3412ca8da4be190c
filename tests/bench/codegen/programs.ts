// The programs that the quality of code is measured with: their modules and inputs, and what a run of each costs. Knows one meter, that
// of the hosts; nothing of other compilers.

import { readdirSync, readFileSync } from "node:fs";
import { meter } from "../../../rules/wasm/meter.ts";
import { readModule } from "../../../rules/wasm/read.ts";
import { compileText } from "../../../scripts/std.mjs";

/** Folder of this file, also where its code has been bundled elsewhere. */
const here = new URL("tests/bench/codegen/", new URL(`file://${process.cwd()}/`));

export interface BenchProgram {
  readonly name: string;
  readonly module: object;
  readonly input: Uint8Array;
}

const TEXT = Buffer.from("The quick brown fox jumps over the lazy dog.\nA line of words, and of WORDS again; the fox is quick.\n\nPack my box with five dozen jugs.\n".repeat(4));
const JSON_TEXT = Buffer.from('{"z": [1, 2, 3, {"b": true, "a": null}], "name": "x07 \\u00e9 wasm", "nested": {"k": {"q": [0.5, -17, 12e3]}, "j": ""}}');
const path = Buffer.from("nested.k");
const INPUTS: { readonly [name: string]: Uint8Array } = {
  spin: word(1000),
  http_echo: Buffer.from(JSON.stringify({ schema_version: "x07.http.request.envelope@0.1.0", id: "req0", method: "POST", path: "/", query: "", headers: [], body: { bytes_len: 5, base64: "aGVsbG8=" } })),
  json_canonical: JSON_TEXT,
  json_extract: Buffer.concat([JSON_TEXT, Buffer.from([0]), path]),
};

function word(n: number): Uint8Array {
  const b = Buffer.alloc(4);
  b.writeUInt32LE(n);
  return b;
}

export function benchPrograms(): BenchProgram[] {
  const example = (name: string): object => JSON.parse(readFileSync(new URL(`../../../examples/${name}/src/main.x07.json`, here), "utf8")) as object;
  const own = readdirSync(here).filter((f) => f.endsWith(".x07s")).sort().map((f) => ({ name: f.slice(0, -".x07s".length), module: compileText(readFileSync(new URL(f, here), "utf8")) as object }));
  const programs = [{ name: "spin", module: example("solve_pure_spin") }, { name: "http_echo", module: example("http_echo") }, ...own];
  return programs.map((p) => ({ ...p, input: INPUTS[p.name] ?? TEXT }));
}

export interface Cost {
  readonly fuel: number;
  readonly bytes: number;
  /** The answer, so that what is compared is known to do the same. */
  readonly output: string;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly __heap_base: WebAssembly.Global;
  readonly __data_end: WebAssembly.Global;
  x07_solve_v2(retptr: number, arena: number, capacity: number, input: number, length: number): void;
}

/** Fuel of one call, by Wasmtime's rule, and the size of the module. */
export function costOf(wasm: Uint8Array, input: Uint8Array): Cost {
  const read = readModule(wasm);
  const woven = read.ok ? meter(read.value, { fuel: true, maxPages: null, maxElements: null }) : read;
  if (!woven.ok) throw new Error("not a module");
  const { bytes, probes } = woven.value;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>));
  const x = instance.exports as unknown as Exports;
  const tank = 10n ** 12n;
  const fuel = instance.exports[probes.fuel] as WebAssembly.Global;
  fuel.value = tank;
  (instance.exports[probes.stack] as WebAssembly.Global).value = 1 << 20;
  const retptr = (Math.max(x.__heap_base.value as number, x.__data_end.value as number) + 15) & ~15;
  const inputAt = retptr + 16;
  const arena = (inputAt + input.length + 15) & ~15;
  new Uint8Array(x.memory.buffer).set(input, inputAt);
  x.x07_solve_v2(retptr, arena, 1 << 20, inputAt, input.length);
  const view = new DataView(x.memory.buffer);
  const output = Buffer.from(x.memory.buffer, view.getUint32(retptr, true), view.getUint32(retptr + 4, true)).toString("latin1");
  return { fuel: Number(tank - BigInt(fuel.value as bigint)), bytes: wasm.length, output };
}
