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
  /** The caps that the meter wove in, for messages; null: none. */
  readonly maxMemoryBytes: number | null;
  readonly maxTableElements: number | null;
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
 * Self-contained on purpose: its source text is also the program of the worker (see worker.ts). So it uses nothing
 * from outside its own braces but globals of the platform, and its helpers are methods of one object: a bundler
 * that keeps names wraps named functions in a helper of its own, which the worker would not have.
 */
export function guest(module: WebAssembly.Module, setup: GuestSetup): Guest {
  const { probes } = setup;
  const self = {
    exports: {} as WebAssembly.Instance["exports"],

    /** The end of a guest that the meter did not stop. */
    hostStop(error: unknown): Stop {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof RangeError && message.includes("call stack")) return { kind: "host-stack" };
      return error instanceof WebAssembly.RuntimeError ? { kind: "trap", message } : { kind: "host", message };
    },

    get(name: string): number | bigint {
      const value = self.exports[name];
      return value instanceof WebAssembly.Global ? value.value : 0;
    },

    set(name: string, value: number | bigint): void {
      const probe = self.exports[name];
      if (probe instanceof WebAssembly.Global) probe.value = value;
    },

    address(name: string): number {
      return Number(self.get(name)) >>> 0;
    },

    /** Calls an export with full tanks; null when it returned. */
    run(name: string, args: readonly number[], fuel: bigint): Stop | null {
      const target = self.exports[name];
      if (typeof target !== "function") return { kind: "host", message: `no function ${name}` };
      self.set(probes.fuel, fuel);
      self.set(probes.stack, setup.stack);
      self.set(probes.reason, 0);
      try {
        target(...args);
        return null;
      } catch (error) {
        const wanted = Number(self.get(probes.detail));
        switch (Number(self.get(probes.reason))) { // the numbers of STOPPED in rules/wasm/meter.ts
          case 1: return { kind: "fuel" };
          case 2: return { kind: "stack" };
          case 3: return { kind: "memory", wanted };
          case 4: return { kind: "table", wanted };
          default: return self.hostStop(error);
        }
      }
    },

    instantiate(): Stop | null {
      try {
        self.exports = new WebAssembly.Instance(module).exports;
      } catch (error) {
        return self.hostStop(error);
      }
      return probes.start === null ? null : self.run(probes.start, [], setup.fuel);
    },

    call(input: Uint8Array, fuel: bigint): CallOutcome {
      const memory = self.exports["memory"];
      if (!(memory instanceof WebAssembly.Memory)) return { kind: "stopped", stop: { kind: "host", message: "no memory" }, fuelLeft: fuel };
      const base = Math.max(self.address("__heap_base"), self.address("__data_end"));
      const retptr = Math.ceil(base / 8) * 8;
      const inputPtr = retptr + 8;
      const arenaPtr = Math.ceil((inputPtr + input.length) / 8) * 8;
      const arenaEnd = arenaPtr + setup.arenaCap;
      const have = memory.buffer.byteLength;
      if (arenaEnd > have) return { kind: "no-room", need: arenaEnd, have };
      const before = new Uint8Array(memory.buffer);
      before.fill(0, retptr, retptr + 8);
      before.set(input, inputPtr);
      const args = [retptr, arenaPtr, setup.arenaCap, inputPtr, input.length].map((n) => n | 0);
      const stop = self.run("x07_solve_v2", args, fuel);
      const fuelLeft = BigInt(self.get(probes.fuel));
      if (stop) return { kind: "stopped", stop, fuelLeft };
      const view = new DataView(memory.buffer); // the guest may have grown it
      const outPtr = view.getUint32(retptr, true);
      const outLen = view.getUint32(retptr + 4, true);
      if (outLen > setup.maxOutput) return { kind: "too-long", outLen, fuelLeft };
      // Inside the arena is also inside the memory of before the call: the arena was.
      if (outPtr < arenaPtr || outPtr + outLen > arenaEnd) return { kind: "outside", outPtr, outLen, fuelLeft };
      return { kind: "output", at: { retptr, inputPtr, arenaPtr }, output: new Uint8Array(memory.buffer.slice(outPtr, outPtr + outLen)), fuelLeft };
    },
  };

  const failed = self.instantiate();
  const ran = failed === null && probes.start !== null;
  return {
    failed,
    heapBase: self.address("__heap_base"),
    dataEnd: self.address("__data_end"),
    fuelLeft: ran ? BigInt(self.get(probes.fuel)) : setup.fuel,
    call: self.call,
  };
}
