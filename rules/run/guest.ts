// Runs one solve module under V8: instantiates it, lays out memory, calls it, takes the output. Knows no diagnostics and no limits but those the meter wove in.

import type { Probes } from "../wasm/meter.ts";

export interface GuestSetup {
  readonly arenaCap: number;
  readonly maxOutput: number;
  readonly probes: Probes;
  /** Fuel that the start function may use. */
  readonly fuel: bigint;
  /** Stack of every call, in bytes as the meter counts them. */
  readonly stack: number;
}

/** Why the guest did not come to its end. */
export type Stop =
  | { readonly kind: "fuel" }
  | { readonly kind: "stack" }
  /** The meter refused a growth to `wanted` pages or elements. */
  | { readonly kind: "memory" | "table"; readonly wanted: number }
  /** V8's own stack ended before the metered one: nothing is known about the guest. */
  | { readonly kind: "host-stack" }
  /** A wasm trap, in V8's words. */
  | { readonly kind: "trap"; readonly message: string }
  /** The host could not do its part (no memory left, a segment that does not fit). */
  | { readonly kind: "host"; readonly message: string };

/** Byte addresses of the layout. */
export interface Addresses {
  readonly retptr: number;
  readonly inputPtr: number;
  readonly arenaPtr: number;
}

export type CallOutcome =
  | { readonly kind: "output"; readonly at: Addresses; readonly output: Uint8Array; readonly fuelLeft: bigint }
  | { readonly kind: "no-room"; readonly need: number; readonly have: number }
  | { readonly kind: "too-long"; readonly outLen: number; readonly fuelLeft: bigint }
  | { readonly kind: "outside"; readonly outPtr: number; readonly outLen: number; readonly fuelLeft: bigint }
  | { readonly kind: "stopped"; readonly stop: Stop; readonly fuelLeft: bigint };

export interface Guest {
  /** null: instantiated, the start function (if any) has run. */
  readonly failed: Stop | null;
  readonly heapBase: number;
  readonly dataEnd: number;
  /** What the start function left of the fuel. */
  readonly fuelLeft: bigint;
  /**
   * Calls x07_solve_v2 once, with `fuel` in the tank; memory keeps what earlier calls left in it.
   * Only when `failed` is null and the exports have their types.
   */
  call(input: Uint8Array, fuel: bigint): CallOutcome;
}

/**
 * Self-contained on purpose: its source text is also the program of the worker (see worker.ts),
 * so it must not use anything from outside its own braces but globals of the platform.
 */
export function guest(module: WebAssembly.Module, setup: GuestSetup): Guest {
  const { probes } = setup;
  const align8 = (n: number): number => Math.ceil(n / 8) * 8;

  function hostStop(error: unknown): Stop {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof RangeError && message.includes("call stack")) return { kind: "host-stack" };
    return error instanceof WebAssembly.RuntimeError ? { kind: "trap", message } : { kind: "host", message };
  }

  let exports: WebAssembly.Instance["exports"] = {};
  const number = (name: string): number | bigint => {
    const value = exports[name];
    return value instanceof WebAssembly.Global ? value.value : 0;
  };
  const address = (name: string): number => Number(number(name)) >>> 0;
  const fuelLeft = (): bigint => BigInt(number(probes.fuel));

  function set(name: string, value: number | bigint): void {
    const probe = exports[name];
    if (probe instanceof WebAssembly.Global) probe.value = value;
  }

  /** Calls an export with full tanks; null when it returned. */
  function run(name: string, args: readonly number[], fuel: bigint): Stop | null {
    const target = exports[name];
    if (typeof target !== "function") return { kind: "host", message: `no function ${name}` };
    set(probes.fuel, fuel);
    set(probes.stack, setup.stack);
    set(probes.reason, 0);
    try {
      target(...args);
      return null;
    } catch (error) {
      const reason = Number(number(probes.reason));
      const wanted = Number(number(probes.detail));
      if (reason === 1) return { kind: "fuel" };
      if (reason === 2) return { kind: "stack" };
      if (reason === 3) return { kind: "memory", wanted };
      if (reason === 4) return { kind: "table", wanted };
      return hostStop(error);
    }
  }

  function instantiate(): Stop | null {
    try {
      exports = new WebAssembly.Instance(module).exports;
    } catch (error) {
      return hostStop(error);
    }
    return probes.start === null ? null : run(probes.start, [], setup.fuel);
  }

  const failed = instantiate();

  function call(input: Uint8Array, fuel: bigint): CallOutcome {
    const memory = exports["memory"];
    if (!(memory instanceof WebAssembly.Memory)) return { kind: "stopped", stop: { kind: "host", message: "no memory" }, fuelLeft: fuel };
    const base = Math.max(address("__heap_base"), address("__data_end"));
    const retptr = align8(base);
    const inputPtr = align8(retptr + 8);
    const arenaPtr = align8(inputPtr + input.length);
    const arenaEnd = arenaPtr + setup.arenaCap;
    const have = memory.buffer.byteLength;
    if (arenaEnd > have) return { kind: "no-room", need: arenaEnd, have };
    const before = new Uint8Array(memory.buffer);
    before.fill(0, retptr, retptr + 8);
    before.set(input, inputPtr);
    const stop = run("x07_solve_v2", [retptr, arenaPtr, setup.arenaCap, inputPtr, input.length].map((n) => n | 0), fuel);
    const left = fuelLeft();
    if (stop) return { kind: "stopped", stop, fuelLeft: left };
    const view = new DataView(memory.buffer); // the guest may have grown it
    const outPtr = view.getUint32(retptr, true);
    const outLen = view.getUint32(retptr + 4, true);
    if (outLen > setup.maxOutput) return { kind: "too-long", outLen, fuelLeft: left };
    // Inside the arena is also inside the memory of before the call: the arena was.
    if (outPtr < arenaPtr || outPtr + outLen > arenaEnd) return { kind: "outside", outPtr, outLen, fuelLeft: left };
    return { kind: "output", at: { retptr, inputPtr, arenaPtr }, output: new Uint8Array(memory.buffer.slice(outPtr, outPtr + outLen)), fuelLeft: left };
  }

  const ran = failed === null && probes.start !== null;
  return { failed, heapBase: address("__heap_base"), dataEnd: address("__data_end"), fuelLeft: ran ? fuelLeft() : setup.fuel, call };
}
