// Keeping a cache folder in order: what is in it, what is damaged, what goes first when it is too big. Knows nothing of
// builds beyond what is in use by them.

import { attempt, type Disk, TEMPORARY_PREFIX, writeAtomic } from "../host/disk.ts";
import { textOf, utf8 } from "../lib/bytes.ts";
import { sha256Hex } from "../lib/digest.ts";
import { type EntryKind, FOLDERS, type Layout, entryAt } from "./layout.ts";
import { decodeResults } from "./result.ts";
import { inUseSince } from "./running.ts";

export interface Entry {
  readonly kind: EntryKind;
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly usedMs: number;
}

export interface Survey {
  readonly entries: readonly Entry[];
  readonly bytes: number;
  /** Files that are no entries: what a crash has left, and what others have put there. */
  readonly strays: readonly { readonly path: string; readonly size: number; readonly changedMs: number; readonly temporary: boolean }[];
}

/** Looks at every file of the cache once. */
export function survey(disk: Disk, at: Layout): Survey {
  const entries: Entry[] = [];
  const strays: Survey["strays"][number][] = [];
  let bytes = 0;
  const names = (path: string) => {
    const listed = attempt(() => disk.list(path));
    return listed.ok ? listed.value : [];
  };
  for (const folder of Object.values(FOLDERS)) {
    for (const shelf of names(`${at.base}/${folder}`)) {
      for (const { name } of names(`${at.base}/${folder}/${shelf.name}`)) {
        const path = `${folder}/${shelf.name}/${name}`;
        const stat = disk.stat(`${at.base}/${path}`);
        if (stat === undefined) continue;
        const entry = stat.kind === "file" ? entryAt(path) : undefined;
        if (entry === undefined) strays.push({ path: `${at.base}/${path}`, size: stat.size, changedMs: stat.ctimeMs, temporary: name.startsWith(TEMPORARY_PREFIX) });
        else entries.push({ ...entry, path: `${at.base}/${path}`, size: stat.size, usedMs: stat.mtimeMs });
        bytes += stat.size;
      }
    }
  }
  return { entries, bytes, strays };
}

// ---- damage --------------------------------------------------------------------------------------

export interface Damage {
  readonly entry: Entry;
  readonly what: string;
}

/** Reads one entry and says what is wrong with it, or undefined. */
export function damageOf(disk: Disk, entry: Entry): string | undefined {
  const read = attempt(() => disk.read(entry.path));
  if (!read.ok) return read.error.code === "ENOENT" ? undefined : `it cannot be read: ${read.error.code}`;
  if (entry.kind === "content") return sha256Hex(read.value) === entry.name ? undefined : "its bytes are not those of its name";
  return decodeResults(read.value, entry.name) === undefined ? "it is no result of its key" : undefined;
}

// ---- room ----------------------------------------------------------------------------------------

export interface Limits {
  readonly maxBytes: number;
  /** Entries not used for longer go, whatever room there is. */
  readonly maxAgeMs?: number;
  /** Names of entries that stay. */
  readonly keep?: ReadonlySet<string>;
}

export interface Collected {
  readonly removed: number;
  readonly removedBytes: number;
  readonly kept: number;
  readonly keptBytes: number;
  /** What would have gone but may be in use. */
  readonly spared: number;
}

/** What a crash left behind is removed when it is older than any build. */
const TEMPORARY_MS = 24 * 3_600_000;

/** Removes what is too old, then what was used longest ago until the rest fits; never what a running build may use. */
export function collect(disk: Disk, at: Layout, limits: Limits, now: number, alive: (pid: number) => boolean): Collected {
  const all = survey(disk, at);
  const guarded = inUseSince(disk, at, now, alive);
  let [bytes, removed, removedBytes, spared] = [all.bytes, 0, 0, 0];
  const gone = (path: string, size: number) => {
    if (!attempt(() => disk.remove(path)).ok) return;
    removed += 1;
    removedBytes += size;
    bytes -= size;
  };
  for (const stray of all.strays) if (stray.temporary && now - stray.changedMs > TEMPORARY_MS) gone(stray.path, stray.size);
  for (const entry of [...all.entries].sort((a, b) => a.usedMs - b.usedMs || (a.name < b.name ? -1 : 1))) {
    const old = limits.maxAgeMs !== undefined && now - entry.usedMs > limits.maxAgeMs;
    if (!old && bytes <= limits.maxBytes) continue;
    if (limits.keep?.has(entry.name) === true) continue;
    // Looked at once more: a build may have come to use it since.
    if (entry.usedMs >= guarded || (disk.stat(entry.path)?.mtimeMs ?? guarded) >= guarded) spared += 1;
    else gone(entry.path, entry.size);
  }
  writeUsage(disk, at, bytes);
  return { removed, removedBytes, kept: all.entries.length + all.strays.length - removed, keptBytes: bytes, spared };
}

/** After an automatic collection so much of the limit is in use, so that not every build collects. */
const LOW_WATER = 0.8;

/** Adds what a build has written (`isAll`: into a new folder); collects when that is too much. Cheap as long as there is room. */
export function account(disk: Disk, at: Layout, written: number, { maxBytes, isAll }: { readonly maxBytes: number; readonly isAll: boolean }, now: number, alive: (pid: number) => boolean): void {
  const before = readUsage(disk, at) ?? (isAll ? 0 : undefined);
  const bytes = before === undefined ? survey(disk, at).bytes : before + written;
  if (bytes > maxBytes) collect(disk, at, { maxBytes: maxBytes * LOW_WATER }, now, alive);
  else writeUsage(disk, at, bytes);
}

function readUsage(disk: Disk, at: Layout): number | undefined {
  if (disk.stat(at.usage) === undefined) return undefined;
  const read = attempt(() => disk.read(at.usage));
  const [count = "", sum] = read.ok ? textOf(read.value).split(" ") : [];
  return sum === sha256Hex(count) ? Number(count) : undefined;
}

function writeUsage(disk: Disk, at: Layout, bytes: number): void {
  const count = String(Math.max(0, bytes));
  attempt(() => writeAtomic(disk, at.usage, utf8(`${count} ${sha256Hex(count)}`)));
}
