// Two ways to run one program: the interpreter, and the compiler with the engine that Node brings. Both give the output as
// latin1 text or "trap". Knows no modules but std.

import { meter } from "../../../rules/wasm/meter.ts";
import { readModule } from "../../../rules/wasm/read.ts";
import { compile } from "../../../rules/x07/compiler/index.ts";
import { stdLibrary } from "../../../rules/x07/std.ts";
import { compileText } from "../../../scripts/std.mjs";
import { interpret } from "../../rig/interpreter/index.ts";
import { stdDocuments } from "./std.ts";

export type Execute = (input: Uint8Array) => string;

const std = stdDocuments();
const library = await stdLibrary();
const PAGES = 128;

/** `solve` is the text of the body; imports are the modules it names. */
export function programOf(solve: string): object {
  const imports = Object.keys(std).filter((id) => new RegExp(`[( ]${id.replaceAll(".", "\\.")}\\.[a-z_0-9]+[ )]`).test(solve));
  return compileText(`(module main 0.9.0) (import ${imports.join(" ")}) (solve ${solve})`);
}

/** `modules` are the program's own, by id. */
export function interpreted(program: object, modules: { readonly [id: string]: unknown } = {}): Execute {
  return (input) => {
    const got = interpret({ entry: program, modules: { ...modules, ...std } }, input);
    return "trap" in got ? "trap" : Buffer.from(got.output).toString("latin1");
  };
}

/** The core module of a program. */
export function moduleOf(program: object, modules: { readonly [id: string]: unknown } = {}): Uint8Array {
  const encoder = new TextEncoder();
  const outcome = compile({
    entry: { path: "src/main.x07.json", bytes: encoder.encode(JSON.stringify(program)) },
    load(id) {
      return id in modules ? { kind: "found", value: { path: id, bytes: encoder.encode(JSON.stringify(modules[id])) } } : { kind: "missing", searched: ["std"] };
    },
    library,
    memory: { initialBytes: PAGES * 65536, maxBytes: PAGES * 65536 },
  });
  if (!outcome.ok) throw new Error(outcome.errors.map((e) => `${e.path}${e.pointer}: ${e.message}`).join("\n"));
  return outcome.wasm;
}

/** Compiles once. One instance serves all runs, as in a host: a call must not see what an earlier one left. */
export function compiled(program: object, modules: { readonly [id: string]: unknown } = {}): Execute {
  const instance = instantiate(moduleOf(program, modules));
  return (input) => solve(instance, input);
}

function instantiate(wasm: Uint8Array): WebAssembly.Instance {
  return new WebAssembly.Instance(new WebAssembly.Module(wasm));
}

/** Compiles once; each run tells the fuel it took, as the hosts count it. */
export function measured(program: object): (input: Uint8Array) => number {
  const read = readModule(moduleOf(program));
  const woven = read.ok ? meter(read.value, { fuel: true, maxPages: null, maxElements: null }) : read;
  if (!woven.ok) throw new Error("the compiler made a module that cannot be read");
  const { bytes, probes } = woven.value;
  const instance = instantiate(bytes);
  const tank = 10n ** 12n;
  return (input) => {
    const fuel = instance.exports[probes.fuel] as WebAssembly.Global;
    fuel.value = tank;
    (instance.exports[probes.stack] as WebAssembly.Global).value = 1 << 20;
    if (solve(instance, input) === "trap") throw new Error("the program trapped");
    return Number(tank - BigInt(fuel.value));
  };
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly __heap_base: WebAssembly.Global;
  x07_solve_v2(retptr: number, arena: number, capacity: number, input: number, length: number): void;
}
function solve(instance: WebAssembly.Instance, input: Uint8Array): string {
  const { memory, __heap_base, x07_solve_v2 } = instance.exports as unknown as Exports;
  const retptr = ((__heap_base.value as number) + 7) & ~7;
  const inputAt = retptr + 8;
  const arena = (inputAt + input.length + 7) & ~7;
  new Uint8Array(memory.buffer).set(input, inputAt);
  try {
    x07_solve_v2(retptr, arena, PAGES * 65536 - arena, inputAt, input.length);
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return "trap";
    throw error;
  }
  const out = new DataView(memory.buffer);
  return Buffer.from(memory.buffer, out.getUint32(retptr, true), out.getUint32(retptr + 4, true)).toString("latin1");
}
