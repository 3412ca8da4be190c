// Randomness from a seed, the same on every machine. Knows nothing of what it is for.

export interface Seeded {
  /** An integer from 0 to n - 1. */
  below(n: number): number;
  pick<T>(all: readonly T[]): T;
  chance(percent: number): boolean;
}

export function seeded(seed: number): Seeded {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n: number) => Math.floor(next() * n);
  return { below, pick: (all) => all[below(all.length)]!, chance: (percent) => next() * 100 < percent };
}
