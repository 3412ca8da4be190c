// Live sets: for each way in which a goal was asked for in this workspace, the remembered results behind its last good
// answer. Kept beside the workspace's other state. Knows nothing of formats of the cache.

import { attempt, type Disk, writeAtomic } from "../host/disk.ts";
import { textOf, utf8 } from "../lib/bytes.ts";
import { sha256Hex } from "../lib/digest.ts";
import type { Discovered } from "../key.ts";
import type { Trace } from "../trace.ts";

export const LIVE_FOLDER = ".x07-wasm/state/live";

/** A result that stands behind an answer. */
export interface LiveAction {
  readonly base: string;
  readonly trace: Trace;
}

/** One way of asking: the goal, its words, and for each action its base key with a name for the files it discovered. */
export interface LiveSet {
  readonly goal: string;
  readonly words: readonly string[];
  readonly actions: readonly LiveName[];
  /** The answer itself, where the cache has it. */
  readonly answer?: LiveName;
}

export type LiveName = readonly [base: string, found: string];

/** Ways of asking that are kept. */
const LIVE_LIMIT = 512;

/** A name for one set of discovered files, to tell apart results under one base key. */
export function foundName(discovered: readonly Discovered[]): string {
  return discovered.length === 0 ? "" : sha256Hex(discovered.map((d) => `${d.path}\0${d.sha256}\n`).join(""));
}

export function livePath(words: readonly string[]): string {
  return `${LIVE_FOLDER}/${sha256Hex(JSON.stringify(words)).slice(0, 32)}`;
}

export function liveText(goal: string, words: readonly string[], live: readonly LiveAction[], answer?: LiveName): string {
  const set: LiveSet = { goal, words, actions: live.map(({ base, trace }) => [base, foundName(trace.discovered)] as const), ...(answer !== undefined && { answer }) };
  return JSON.stringify(set);
}

/** `changed` is false where the set written last for these words is known to hold. */
export function writeLive(disk: Disk, goal: string, words: readonly string[], live: readonly LiveAction[], changed: boolean, answer?: LiveName): void {
  const path = livePath(words);
  if (!changed && disk.stat(path) !== undefined) return;
  attempt(() => writeAtomic(disk, path, utf8(liveText(goal, words, live, answer))));
  prune(disk);
}

function prune(disk: Disk): void {
  const listed = attempt(() => disk.list(LIVE_FOLDER));
  if (!listed.ok || listed.value.length <= LIVE_LIMIT) return;
  const aged = listed.value.map(({ name }) => ({ path: `${LIVE_FOLDER}/${name}`, at: disk.stat(`${LIVE_FOLDER}/${name}`)?.mtimeMs ?? 0 })).sort((a, b) => a.at - b.at);
  for (const { path } of aged.slice(0, aged.length - LIVE_LIMIT / 2)) attempt(() => disk.remove(path));
}

/** Every live set of this workspace, in the order of their words; one that is damaged is left out. */
export function readLive(disk: Disk): LiveSet[] {
  const listed = attempt(() => disk.list(LIVE_FOLDER));
  const sets: LiveSet[] = [];
  for (const { name } of listed.ok ? listed.value : []) {
    const read = attempt(() => disk.read(`${LIVE_FOLDER}/${name}`));
    const set = read.ok ? decodeLive(textOf(read.value)) : undefined;
    if (set !== undefined) sets.push(set);
  }
  return sets.sort((a, b) => (JSON.stringify(a.words) < JSON.stringify(b.words) ? -1 : 1));
}

export function decodeLive(text: string): LiveSet | undefined {
  try {
    const set = JSON.parse(text) as Partial<LiveSet>;
    const whole = typeof set.goal === "string" && Array.isArray(set.words) && Array.isArray(set.actions) && set.actions.every(isName) && (set.answer === undefined || isName(set.answer));
    return whole ? (set as LiveSet) : undefined;
  } catch (e) {
    if (e instanceof SyntaxError) return undefined;
    throw e;
  }
}

function isName(a: unknown): boolean {
  return Array.isArray(a) && /^[0-9a-f]{64}$/.test(String(a[0])) && typeof a[1] === "string";
}
