// What one component instance may use up, shared by all its core modules: fuel, stack, time. Knows nothing of components.

import { STOPPED } from "../../wasm/meter.ts";
import { Halt, trap } from "../stop.ts";
import type { GuestStop } from "../stop.ts";

export interface TankLimits {
  /** null: not counted. */
  readonly fuel: bigint | null;
  /** Bytes of stack as the meter counts them. */
  readonly stack: number;
  /** Milliseconds from the tank's start; null: no limit. */
  readonly wallMs: number | null;
}

/** Fuel between two looks at the clock: about a millisecond of work. */
const SLICE = 2_000_000n;
/** More than any run can burn: stands for "no limit" where fuel is counted only to look at the clock. */
const ENDLESS = 1n << 60n;

/** Linear memory has its own limit; this one bounds what lies beside it. */
const HOST_BYTES = 64 * 1024 * 1024;

function now(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

export class Tank {
  /** The tank of the guest that runs on this thread: the one that was started last. */
  static running: Tank | null = null;
  readonly fuel = new WebAssembly.Global({ value: "i64", mutable: true }, 0n);
  readonly stack = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
  readonly reason = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
  readonly detail = new WebAssembly.Global({ value: "i64", mutable: true }, 0n);
  /** Given to every module as its import. */
  readonly imports = { fuel: this.fuel, stack: this.stack, reason: this.reason, detail: this.detail };
  readonly #limits: TankLimits;
  readonly #total: bigint;
  readonly #counting: boolean;
  /** Fuel that is not in the global. */
  #rest = 0n;
  #deadline: number | null = null;
  /** Milliseconds that the guest gets where the limit allows more. */
  #attempt = Infinity;
  #kept = 0;

  constructor(limits: TankLimits) {
    this.#limits = limits;
    this.#total = limits.fuel ?? ENDLESS;
    this.#counting = limits.fuel !== null || limits.wallMs !== null;
    this.fill();
  }

  /** Full fuel and stack. `attemptMs`: the guest is stopped after so long already; the clock must run for that. */
  fill(attemptMs = Infinity): void {
    this.#attempt = attemptMs;
    this.#rest = this.#total;
    this.#kept = 0;
    this.detail.value = 0n;
    this.fuel.value = 0n;
    this.fuel.value = this.#more(0n);
    this.stack.value = this.#limits.stack;
    this.reason.value = STOPPED.no;
  }

  /** The clock runs from here. */
  start(): void {
    Tank.running = this;
    this.#deadline = this.#limits.wallMs === null ? null : now() + Math.min(this.#limits.wallMs, this.#attempt);
    this.stack.value = this.#limits.stack;
  }

  get used(): bigint {
    return this.#total - this.#rest - BigInt(this.fuel.value);
  }

  /** Milliseconds until the deadline; null without one. */
  get timeLeft(): number | null {
    return this.#deadline === null ? null : this.#deadline - now();
  }

  /** Time that the guest had to wait for somebody else is not its own. */
  pause(ms: number): void {
    if (this.#deadline !== null) this.#deadline += ms;
  }

  /** Counts fuel that was burnt outside of metered code; whether any is left is looked at later. */
  charge(fuel: number): void {
    if (this.#counting) this.fuel.value = BigInt(this.fuel.value) - BigInt(fuel);
  }

  /** The look that metered code takes itself at each loop and function. */
  check(): void {
    if (this.#counting && BigInt(this.fuel.value) <= 0n) this.fuel.value = this.refill(BigInt(this.fuel.value));
  }

  lookAtClock(): void {
    if (this.#deadline !== null && now() >= this.#deadline) throw new Halt({ kind: "deadline" });
  }

  /** Counts bytes that the guest makes the host keep outside of linear memory (headers, bodies). */
  keep(bytes: number): void {
    this.#kept += bytes;
    if (this.#kept > HOST_BYTES) trap(`the guest makes its host keep more than ${HOST_BYTES} bytes`);
  }

  #more(left: bigint): bigint {
    const part = this.#limits.wallMs === null || this.#rest < SLICE ? this.#rest : SLICE;
    this.#rest -= part;
    return left + part;
  }

  /** Called by metered code when its slice is used up: gives more, or ends the guest exactly where the whole is used up. */
  refill(left: bigint): bigint {
    let have = left;
    while (have <= 0n && this.#rest > 0n) have = this.#more(have);
    if (have <= 0n) {
      this.fuel.value = have;
      throw new Halt({ kind: "fuel" });
    }
    this.lookAtClock();
    return have;
  }

  /** Why metered code stopped itself; null: it did not. */
  get stopped(): GuestStop | null {
    const wanted = Number(this.detail.value);
    switch (this.reason.value) {
      case STOPPED.stack: return { kind: "stack" };
      case STOPPED.memory: return { kind: "memory", wanted };
      case STOPPED.table: return { kind: "table", wanted };
      default: return null;
    }
  }
}
