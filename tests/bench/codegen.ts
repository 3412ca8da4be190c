// Costs of the bench programs as our compiler builds them. Knows the compiler's one call.

import { compile, type Sources } from "../../rules/x07/compiler/index.ts";
import { compileToC } from "../../rules/x07/c/index.ts";
import { stdLibrary } from "../../rules/x07/std.ts";
import { HEADER } from "../../rules/x07/c/header.ts";
import { SHIM } from "../../rules/x07/shim.ts";
import { benchPrograms, type BenchProgram, type Cost, costOf } from "./codegen/programs.ts";

import { moduleDocument } from "./project.mjs";

export { benchPrograms, costOf, HEADER, SHIM };
export type { BenchProgram, Cost };

const library = await stdLibrary();
const MEMORY = { initialBytes: 4 << 20, maxBytes: 4 << 20 };

function sources(module: object): Sources {
  return { entry: { path: "src/main.x07.json", bytes: new TextEncoder().encode(JSON.stringify(module)) }, load: (id) => ({ kind: "missing", searched: [id] }), library };
}

export function ourWasm(module: object): Uint8Array {
  const made = compile({ ...sources(module), memory: MEMORY });
  if (!made.ok) throw new Error(made.errors.map((e) => `${e.pointer}: ${e.message}`).join("\n"));
  return made.wasm;
}

export function ourC(module: object): string {
  const made = compileToC(sources(module));
  if (!made.ok) throw new Error(made.errors.map((e) => `${e.pointer}: ${e.message}`).join("\n"));
  return made.c;
}

export type Table = { readonly [name: string]: { readonly fuel: number; readonly bytes: number } };

/** What every program costs now. */
export function measured(): Table {
  return Object.fromEntries(benchPrograms().map((p) => [p.name, pick(costOf(ourWasm(p.module), p.input))]));
}

function pick({ fuel, bytes }: Cost): { fuel: number; bytes: number } {
  return { fuel, bytes };
}

export interface Speed {
  readonly megabytes: number;
  readonly rate: number;
}

/** Megabytes of source a second, for programs of several sizes in a warm process; the best of three. */
export function speeds(sizes: readonly number[] = [1, 3, 10]): Speed[] {
  return sizes.map((size) => {
    const files = new Map<string, Uint8Array>();
    let bytes = 0;
    for (let i = 0; bytes < size * 1e6; i++) {
      const text = new TextEncoder().encode(JSON.stringify(moduleDocument(i, 64)));
      files.set(`app.m${i}`, text);
      bytes += text.length;
    }
    const last = `app.m${files.size - 1}`;
    const entry = { schema_version: "x07.x07ast@0.5.0", kind: "entry", module_id: "main", imports: [last], decls: [], solve: ["codec.write_u32_le", [`${last}.run`, "input", 7]] };
    const load: Sources["load"] = (id) => ({ kind: "found", value: { path: `${id}.x07.json`, bytes: files.get(id) ?? new Uint8Array(0) } });
    const times = [1, 2, 3].map(() => {
      const started = performance.now();
      const made = compile({ ...sources(entry), load, memory: { initialBytes: 64 << 20, maxBytes: 64 << 20 } });
      if (!made.ok) throw new Error(made.errors[0]?.message);
      return performance.now() - started;
    });
    return { megabytes: bytes / 1e6, rate: bytes / 1000 / Math.min(...times) };
  });
}
