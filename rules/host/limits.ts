// The limits of a guest as hosts apply them: plain numbers, null for none. Knows nothing of profiles or options.

import type { RuntimeLimits } from "../profile.ts";

export interface HostLimits {
  readonly fuel: bigint | null;
  readonly memoryBytes: number | null;
  readonly tableElements: number | null;
  readonly stackBytes: number;
  /** Milliseconds of one call, a busy loop's too. */
  readonly wallMs: number | null;
}

const MAX_FUEL = 2n ** 60n;
const DEFAULT_STACK = 2 * 1024 * 1024;
const MAX_STACK = 2 ** 31 - 1;

export function hostLimits(limits: RuntimeLimits, wallMs: number | null): HostLimits {
  const capped = (n: bigint) => (n > MAX_FUEL ? MAX_FUEL : n);
  const unlessZero = (count: RuntimeLimits["maxMemoryBytes"]) => (count === null || Number(count) === 0 ? null : Number(count));
  return {
    fuel: limits.maxFuel === null ? null : capped(BigInt(limits.maxFuel)),
    memoryBytes: unlessZero(limits.maxMemoryBytes),
    tableElements: unlessZero(limits.maxTableElements),
    stackBytes: Math.min(Number(limits.maxWasmStackBytes ?? DEFAULT_STACK), MAX_STACK),
    wallMs,
  };
}
