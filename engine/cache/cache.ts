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
  };
}
