// Runs compiled x07 modules under the arena ABI, and finds modules the way a project does. Knows V8's WebAssembly, not the compiler's insides.

import { join } from "node:path";
import { compile } from "../../../rules/x07/compiler/index.ts";
import type { CompileOutcome, IrFunction, LoadedSource, MemoryPlan } from "../../../rules/x07/compiler/index.ts";
import { link } from "../../../rules/x07/compiler/link.ts";
import { runtimeFunction } from "../../../rules/x07/compiler/runtime/index.ts";
import { encodeModule } from "../../../rules/x07/compiler/wasm/module.ts";
import { summaryOf, SymbolicEncoder } from "../../../rules/x07/compiler/wasm/symbols.ts";
import { stdLibrary } from "../../../rules/x07/std.ts";

export const MEMORY = { initialBytes: 128 << 20, maxBytes: 128 << 20 };
/** The std modules, compiled from their sources when first used. */
export const library = await stdLibrary();

export type Files = { readonly [path: string]: unknown };

/** A file's bytes: objects are written as JSON, strings as they are. */
export function bytesOf(file: unknown): Uint8Array {
  return new TextEncoder().encode(typeof file === "string" ? file : JSON.stringify(file));
}

/** Every root is probed. */
export function loader(files: Files, roots: readonly string[]): (id: string) => LoadedSource {
  return (id) => {
    const relative = `${id.replaceAll(".", "/")}.x07.json`;
    const paths = roots.map((r) => join(r, relative)).filter((p) => files[p] !== undefined);
    const [path] = paths;
    if (path === undefined) return { kind: "missing", searched: [relative] };
    return paths.length > 1 ? { kind: "ambiguous", paths } : { kind: "found", value: { path, bytes: bytesOf(files[path]) } };
  };
}

export function compileFiles(files: Files, entry = "src/main.x07.json", roots: readonly string[] = ["src"], memory = MEMORY): CompileOutcome {
  return compile({ entry: { path: entry, bytes: bytesOf(files[entry]) }, load: loader(files, roots), library, memory });
}

/** A module of functions that are given as they are. */
export function encodeIr(functions: ReadonlyMap<string, IrFunction>, memory: MemoryPlan): Uint8Array {
  const encoder = new SymbolicEncoder();
  const encoded = (f: IrFunction) => {
    const code = encoder.encode(f);
    return { f: code, summary: summaryOf(code) };
  };
  const find = (name: string) => {
    const f = functions.get(name) ?? runtimeFunction(name);
    return f === undefined ? undefined : encoded(f);
  };
  return encodeModule(link(find, encoded), memory);
}

export interface Solver {
  /** The result, or "trap". */
  run(input: Uint8Array, arenaCap?: number): Uint8Array | "trap";
}

type Solve = (retptr: number, arenaPtr: number, arenaCap: number, inputPtr: number, inputLen: number) => void;

interface Exports {
  memory: WebAssembly.Memory;
  __data_end: WebAssembly.Global;
  __heap_base: WebAssembly.Global;
}

/** `entry`: the name of the export to call, where a module has several. */
export function instantiate(wasm: Uint8Array | WebAssembly.Module, entry = "x07_solve_v2"): Solver {
  const instance = new WebAssembly.Instance(wasm instanceof WebAssembly.Module ? wasm : new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>));
  const solve = instance.exports[entry] as Solve;
  const x = instance.exports as unknown as Exports;
  const align8 = (n: number): number => Math.ceil(n / 8) * 8;
  return {
    run(input, arenaCap = 64 << 20) {
      const retptr = align8(Math.max(x.__heap_base.value as number, x.__data_end.value as number));
      const inputPtr = align8(retptr + 8);
      const arenaPtr = align8(inputPtr + input.length);
      const memory = new Uint8Array(x.memory.buffer);
      memory.set(input, inputPtr);
      try {
        solve(retptr, arenaPtr, arenaCap, inputPtr, input.length);
      } catch (e) {
        if (e instanceof WebAssembly.RuntimeError || e instanceof RangeError) return "trap";
        throw e;
      }
      const view = new DataView(x.memory.buffer);
      const ptr = view.getUint32(retptr, true);
      const len = view.getUint32(retptr + 4, true);
      if (len === 0 ? ptr !== arenaPtr : false) throw new Error(`empty result at ${ptr}, not at the arena ${arenaPtr}`);
      return memory.slice(ptr, ptr + len);
    },
  };
}

/** Compiles and runs one program of one file; undefined input means empty. */
export function solve(program: object, input: Uint8Array = new Uint8Array()): Uint8Array | "trap" {
  const outcome = compileFiles({ "src/main.x07.json": program });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors, null, 1));
  return instantiate(outcome.wasm).run(input);
}
