// A cache that others share, as a build sees it: asked for results and content, offered what was made. What it answers is
// put into the near cache, verified. Knows no protocol; never fails, at worst it knows nothing.

import type { Action } from "../graph.ts";
import type { Discovered } from "../key.ts";
import type { Digest } from "../lib/digest.ts";
import type { Trace } from "../trace.ts";

/** One action whose inputs are known. */
export interface Question {
  readonly action: Action;
  /** The base manifest and its digest. */
  readonly base: string;
  readonly key: string;
  readonly digest: (artifact: number) => Digest;
  /** These files as they are now, relative to the action's root. */
  readonly look: (paths: readonly string[]) => Discovered[];
}

export interface Traffic {
  readonly hits: number;
  readonly misses: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  /** Requests that failed, and answers that were refused as wrong. */
  readonly failures: number;
}

export interface Farther {
  /** Resolves when the near cache knows whatever this cache knows of the action. */
  result(question: Question): Promise<void>;
  content(digests: readonly Digest[]): Promise<void>;
  /** Says what an action has made; it is sent in the background. */
  offer(question: Question, trace: Trace): void;
  /** Resolves when all that was offered is sent or given up. */
  settle(): Promise<Traffic>;
}
