// The archive form: the live results and their content as one tar of plain files in bounded zstd frames, a manifest first.
// Same live set, same bytes. Knows nothing of how it is read back (see unpack.ts).

import { attempt, type Disk, type OpenFile, placeAtomic } from "../host/disk.ts";
import { canonical, type JsonValue } from "../lib/canonical-json.ts";
import { utf8 } from "../lib/bytes.ts";
import { sha256Hex, sha256Stream } from "../lib/digest.ts";
import type { Trace } from "../trace.ts";
import { entryPath, type Layout } from "./layout.ts";
import { foundName, type LiveSet } from "./live.ts";
import { decodeResults, encodeResults } from "./result.ts";
import { TAR_END, tarHeader, tarPadding } from "./tar.ts";
import { FRAME_BYTES, type Zstd } from "./zstd.ts";

export const ARCHIVE_FORM = "graph.cache.archive@1";
export const MANIFEST_NAME = "manifest.json";

export interface ArchiveEntry {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface Exported {
  readonly goals: readonly { readonly goal: string; readonly actions: number }[];
  readonly results: number;
  readonly contents: number;
  readonly contentBytes: number;
  /** Names of what the goals need and the cache does not have (any more). */
  readonly missing: readonly string[];
  readonly archiveBytes: number;
  /** Of the manifest, which says every byte: the same digest, the same archive. */
  readonly sha256: string;
}

/** Writes the archive in one step. Throws DiskError where `file` cannot be written. */
export function exportArchive(disk: Disk, at: Layout, sets: readonly LiveSet[], file: string, zstd: Zstd): Exported {
  const damaged = new Set<string>();
  // Content is proved while it is written, so that it is read once; the rare damage is left out of a second attempt.
  for (;;) {
    const missing = new Set(damaged);
    const results = liveResults(disk, at, sets, missing);
    const contents = liveContents(disk, at, results, missing);
    try {
      return { ...write(disk, at, sets, file, zstd, results, contents), missing: [...missing].sort() };
    } catch (e) {
      if (!(e instanceof Damaged)) throw e;
      damaged.add(e.sha256);
    }
  }
}

/** Thrown where content is not what its name says; never leaves this room. */
class Damaged extends Error {
  readonly sha256: string;
  constructor(sha256: string) {
    super(`content ${sha256} is damaged`);
    this.sha256 = sha256;
  }
}

function write(disk: Disk, at: Layout, sets: readonly LiveSet[], file: string, zstd: Zstd, results: ReadonlyMap<string, readonly Trace[]>, contents: ReadonlyMap<string, number>): Omit<Exported, "missing"> {
  const named = [...results].map(([key, traces]) => ({ path: entryPath("result", key), bytes: encodeResults(key, traces) }));
  const entries: ArchiveEntry[] = [
    ...named.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: sha256Hex(bytes) })),
    ...[...contents].map(([sha256, size]) => ({ path: entryPath("content", sha256), size, sha256 })),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  const inMemory = new Map(named.map(({ path, bytes }) => [path, bytes]));
  const goals = goalCounts(sets);
  const manifest = utf8(canonical({ form: ARCHIVE_FORM, goals, entries } as unknown as JsonValue));
  let archiveBytes = 0;
  placeAtomic(disk, file, (temp) => {
    using(disk.open(temp, "write"), (to) => {
      const out = new FrameWriter(to, zstd);
      out.file(MANIFEST_NAME, manifest);
      for (const e of entries) {
        const bytes = inMemory.get(e.path);
        if (bytes === undefined) addContent(out, disk, at, e);
        else out.file(e.path, bytes);
      }
      archiveBytes = out.finish();
    });
  });
  const contentBytes = [...contents.values()].reduce((a, b) => a + b, 0);
  return { goals, results: results.size, contents: contents.size, contentBytes, archiveBytes, sha256: sha256Hex(manifest) };
}

function addContent(out: FrameWriter, disk: Disk, at: Layout, entry: ArchiveEntry): void {
  const from = attempt(() => disk.open(at.content(entry.sha256), "read"));
  if (!from.ok) throw new Damaged(entry.sha256);
  using(from.value, (file) => out.content(entry.path, entry, file));
}

function using(file: OpenFile, work: (file: OpenFile) => void): void {
  try {
    work(file);
  } finally {
    file.close();
  }
}

function goalCounts(sets: readonly LiveSet[]): { goal: string; actions: number }[] {
  const keys = new Map<string, Set<string>>();
  for (const set of sets) {
    const all = keys.get(set.goal) ?? new Set();
    for (const [base, found] of set.actions) all.add(`${base} ${found}`);
    keys.set(set.goal, all);
  }
  return [...keys].map(([goal, all]) => ({ goal, actions: all.size })).sort((a, b) => (a.goal < b.goal ? -1 : 1));
}

/** The remembered results that the sets name; how long they took is a fact of one machine and stays here. */
function liveResults(disk: Disk, at: Layout, sets: readonly LiveSet[], missing: Set<string>): Map<string, Trace[]> {
  const wanted = new Map<string, Set<string>>();
  for (const [base, found] of sets.flatMap((s) => s.actions)) wanted.set(base, (wanted.get(base) ?? new Set()).add(found));
  const results = new Map<string, Trace[]>();
  for (const [base, founds] of [...wanted].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const read = attempt(() => disk.read(at.result(base)));
    const there = (read.ok ? decodeResults(read.value, base) : undefined) ?? [];
    const live = [...founds].sort().flatMap((found) => there.find((t) => foundName(t.discovered) === found) ?? []);
    if (live.length < founds.size) missing.add(base);
    if (live.length > 0) results.set(base, live.map((t) => ({ ...t, durationMs: 0 })));
  }
  for (const [base, trace] of liveAnswers(disk, at, sets)) results.set(base, [...(results.get(base) ?? []), trace]);
  return results;
}

/** The answers that the sets name. They save time and nothing else: one that is gone, or damaged, is not missed. */
function liveAnswers(disk: Disk, at: Layout, sets: readonly LiveSet[]): (readonly [base: string, trace: Trace])[] {
  return sets.flatMap(({ answer }) => {
    if (answer === undefined) return [];
    const read = attempt(() => disk.read(at.result(answer[0])));
    const trace = (read.ok ? decodeResults(read.value, answer[0]) : undefined)?.find((t) => foundName(t.discovered) === answer[1]);
    const whole = trace?.outputs.every(({ sha256, inline }) => {
      const content = inline === undefined ? attempt(() => disk.read(at.content(sha256))) : undefined;
      return content === undefined || (content.ok && sha256Hex(content.value) === sha256);
    });
    return trace === undefined || whole !== true ? [] : [[answer[0], { ...trace, durationMs: 0 }] as const];
  });
}

function liveContents(disk: Disk, at: Layout, results: ReadonlyMap<string, readonly Trace[]>, missing: Set<string>): Map<string, number> {
  const contents = new Map<string, number>();
  for (const output of [...results.values()].flat().flatMap((t) => t.outputs)) {
    if (output.inline !== undefined || contents.has(output.sha256)) continue;
    if (!missing.has(output.sha256) && disk.stat(at.content(output.sha256))?.size === output.size) contents.set(output.sha256, output.size);
    else missing.add(output.sha256);
  }
  return contents;
}

/** Packs what it is given into frames and writes each to a file. Whole content goes from file to frame without a copy between. */
class FrameWriter {
  readonly #file: OpenFile;
  readonly #zstd: Zstd;
  readonly #frame = Buffer.allocUnsafeSlow(FRAME_BYTES);
  #used = 0;
  #written = 0;

  constructor(file: OpenFile, zstd: Zstd) {
    this.#file = file;
    this.#zstd = zstd;
  }

  file(name: string, content: Uint8Array): void {
    for (const part of [tarHeader(name, content.length), content, tarPadding(content.length)]) this.#push(part);
  }

  /** Takes content from an open file; throws Damaged where that is not what it should be. */
  content(name: string, { size, sha256 }: ArchiveEntry, from: OpenFile): void {
    this.#push(tarHeader(name, size));
    const hash = sha256Stream();
    for (let left = size; left > 0; ) {
      const room = this.#frame.subarray(this.#used, Math.min(FRAME_BYTES, this.#used + left));
      const got = from.read(room);
      if (got === 0) throw new Damaged(sha256);
      hash.update(room.subarray(0, got));
      left -= got;
      this.#taken(got);
    }
    if (hash.digest("hex") !== sha256) throw new Damaged(sha256);
    this.#push(tarPadding(size));
  }

  #push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const n = Math.min(bytes.length - at, FRAME_BYTES - this.#used);
      this.#frame.set(bytes.subarray(at, at + n), this.#used);
      at += n;
      this.#taken(n);
    }
  }

  #taken(n: number): void {
    this.#used += n;
    if (this.#used === FRAME_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#used === 0) return;
    const packed = this.#zstd.compress(this.#frame.subarray(0, this.#used));
    this.#file.write(packed);
    for (const part of packed) this.#written += part.length;
    this.#used = 0;
  }

  /** How many bytes the archive has. */
  finish(): number {
    this.#push(TAR_END);
    this.#flush();
    return this.#written;
  }
}
