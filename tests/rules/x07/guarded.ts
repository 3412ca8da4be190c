// Compiles with a heap that never reuses a block and poisons what is freed: leaks, double frees and uses after free show. Knows the compiler's stages.

import { FunctionBuilder } from "../../../rules/x07/compiler/builder.ts";
import { lower } from "../../../rules/x07/compiler/index.ts";
import type { IrExpr, IrFunction } from "../../../rules/x07/compiler/ir.ts";
import { mistakes, wholeProgram } from "../../../rules/x07/compiler/object.ts";
import { ONE, ZERO, add, and, eq, gtu, k, load, not, sub } from "../../../rules/x07/compiler/ops.ts";
import { optimise } from "../../../rules/x07/compiler/optimise/index.ts";
import { bytesOf, encodeIr, library, loader } from "./rig.ts";
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
  const lowered = lower({ entry: { path: "src/main.x07.json", bytes: bytesOf(files["src/main.x07.json"]) }, load: loader(files, ["src"]), library });
  if (!lowered.ok || mistakes(lowered.objects.flatMap((o) => o.functions), library).length > 0) return undefined;
  const functions = new Map<string, IrFunction>();
  for (const f of wholeProgram(lowered.objects, library)) for (const c of f.code) functions.set(c.name, c);
  for (const f of [alloc(), free(), fits()]) functions.set(f.name, f);
  return run(encodeIr(optimise(functions), { initialBytes: SIZE, maxBytes: SIZE }));
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
