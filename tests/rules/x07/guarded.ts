// Compiles with a heap that never reuses a block and poisons what is freed: leaks, double frees and uses after free show. Knows the compiler's stages.

import { lowerFunction, lowerSolve } from "../../../rules/x07/compiler/elab/body.ts";
import type { Lowered } from "../../../rules/x07/compiler/elab/body.ts";
import { Program } from "../../../rules/x07/compiler/elab/program.ts";
import { FunctionBuilder } from "../../../rules/x07/compiler/builder.ts";
import type { IrExpr, IrFunction } from "../../../rules/x07/compiler/ir.ts";
import { link } from "../../../rules/x07/compiler/link.ts";
import { loadModules } from "../../../rules/x07/compiler/modules.ts";
import { ONE, ZERO, add, and, eq, gtu, k, load, not, sub } from "../../../rules/x07/compiler/ops.ts";
import { optimise } from "../../../rules/x07/compiler/optimise/index.ts";
import { encodeModule } from "../../../rules/x07/compiler/wasm/module.ts";
import { bytesOf, loader } from "./rig.ts";
import type { Files } from "./rig.ts";

const LEDGER = 60 << 20;
const SIZE = 64 << 20;
const ARENA = 70_000;
const FREED = k(-1);
const top: IrExpr = { op: "global", name: "heap_top" };

export interface Report {
  readonly output: Uint8Array | "trap";
  /** Blocks alive at the end. */
  readonly live: number;
  readonly doubleFrees: number;
}

/** Undefined when the program is refused. */
export function guarded(files: Files): ((input: Uint8Array) => Report) | undefined {
  const loaded = loadModules({ path: "src/main.x07.json", bytes: bytesOf(files["src/main.x07.json"]) }, loader(files, ["src"]));
  if (!loaded.ok) return undefined;
  const program = new Program(loaded.set.modules);
  const functions = new Map<string, IrFunction>();
  let faults = 0;
  const take = (lowered: Lowered): void => {
    faults += lowered.faults.length;
    for (const f of lowered.functions) functions.set(f.name, f);
  };
  take(lowerSolve(program, loaded.set.entry.solve ?? 0));
  for (let next = program.take(); next !== undefined; next = program.take()) take(lowerFunction(program, next));
  if (faults > 0) return undefined;
  for (const f of [alloc(), free(), fits()]) functions.set(f.name, f);
  return run(encodeModule(link(optimise(functions)), { initialBytes: SIZE, maxBytes: SIZE }));
}

function run(wasm: Uint8Array): (input: Uint8Array) => Report {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>));
  const x = instance.exports as unknown as { memory: WebAssembly.Memory; x07_solve_v2(...args: number[]): void };
  return (input) => {
    const view = new DataView(x.memory.buffer);
    view.setUint32(LEDGER, 0, true);
    view.setUint32(LEDGER + 4, 0, true);
    new Uint8Array(x.memory.buffer).set(input, 66_000);
    let trapped = false;
    try {
      x.x07_solve_v2(65_536, ARENA, 50 << 20, 66_000, input.length);
    } catch {
      trapped = true;
    }
    const ptr = view.getUint32(65_536, true);
    const output = trapped ? "trap" : new Uint8Array(x.memory.buffer).slice(ptr, ptr + view.getUint32(65_540, true));
    return { output, live: view.getInt32(LEDGER, true), doubleFrees: view.getUint32(LEDGER + 4, true) };
  };
}

function alloc(): IrFunction {
  const b = new FunctionBuilder(["i32"]);
  const n = b.param(0);
  b.if(not(n), () => b.ret(ZERO));
  b.trapIf(gtu(n, k(1 << 20)));
  const at = b.fresh(top);
  b.emit({ op: "global.set", name: "heap_top", value: add(at, and(add(n, k(15)), k(-8))) });
  b.store(4, at, 0, n);
  b.store(4, k(LEDGER), 0, add(load(4, k(LEDGER)), ONE));
  b.fill(add(at, k(4)), k(0xaa), n);
  b.ret(add(at, k(4)));
  return b.finish("rt.alloc", ["i32"], "never");
}

function free(): IrFunction {
  const b = new FunctionBuilder(["i32"]);
  const p = b.param(0);
  b.if(p, () => {
    const n = b.fresh(load(4, sub(p, k(4))));
    b.if(
      eq(n, FREED),
      () => b.store(4, k(LEDGER), 4, ONE),
      () => {
        b.fill(p, k(0xdd), n);
        b.store(4, sub(p, k(4)), 0, FREED);
        b.store(4, k(LEDGER), 0, sub(load(4, k(LEDGER)), ONE));
      },
    );
  });
  b.ret();
  return b.finish("rt.free", [], "never");
}

/** Nothing grows in place, so that every growth moves. */
function fits(): IrFunction {
  const b = new FunctionBuilder(["i32", "i32"]);
  b.ret(ZERO);
  return b.finish("rt.fits", ["i32"], "never");
}
