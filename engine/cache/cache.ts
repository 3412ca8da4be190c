// What any cache can do: remember an action's result by key, and content by digest. Knows no place and no protocol.

import type { Digest } from "../lib/digest.ts";
import type { Trace } from "../trace.ts";

export interface Cache {
  /**
   * Results recorded under a base key, newest first. An action that discovers files has one for each set of files seen;
   * others have at most one with no discovered files.
   */
  results(baseKey: string): readonly Trace[];
  remember(baseKey: string, trace: Trace): void;
  /** The content, verified against its digest, or undefined. */
  content(digest: Digest): Uint8Array | undefined;
  /** Cheap presence check (no verification). */
  holds(digest: Digest): boolean;
  keep(digest: Digest, bytes: Uint8Array): void;
  /** The build is over. */
  close(): void;
}

/** How many discovered file sets are kept for one base key. */
export const VARIANT_LIMIT = 16;

export function sameDiscovered(a: Trace, b: Trace): boolean {
  return a.discovered.length === b.discovered.length && a.discovered.every((d, i) => d.path === b.discovered[i]!.path && d.sha256 === b.discovered[i]!.sha256);
}

/** For --no-cache: content lives as long as the process, results are not remembered. */
export function memoryCache(): Cache {
  const contents = new Map<string, Uint8Array>();
  return {
    results: () => [],
    remember: () => {},
    content: (d) => contents.get(d.sha256),
    holds: (d) => contents.has(d.sha256),
    keep: (d, bytes) => void contents.set(d.sha256, bytes),
    close: () => {},
  };
}

/** What the cache itself cannot hold (its folder is full or read only) is held in memory for the rest of the process. */
export function backedByMemory(cache: Cache): Cache {
  const contents = new Map<string, Uint8Array>();
  const traces = new Map<string, Trace[]>();
  return {
    results: (key) => [...(traces.get(key) ?? []), ...cache.results(key)],
    remember(key, trace) {
      cache.remember(key, trace);
      if (cache.results(key).some((t) => sameDiscovered(t, trace))) return;
      traces.set(key, [trace, ...(traces.get(key) ?? []).filter((t) => !sameDiscovered(t, trace))].slice(0, VARIANT_LIMIT));
    },
    content: (d) => contents.get(d.sha256) ?? cache.content(d),
    holds: (d) => contents.has(d.sha256) || cache.holds(d),
    keep(digest, bytes) {
      cache.keep(digest, bytes);
      if (!cache.holds(digest)) contents.set(digest.sha256, bytes);
    },
    close: () => cache.close(),
  };
}
