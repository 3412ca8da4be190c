// The cache as goals look after it: what is in it, is it whole, make room, write and take archives. Answers with facts and
// diagnostics; prints nothing. Loaded by those goals alone.

import { type Diagnostic, fail, ok, type Result } from "../diagnostic.ts";
import { attempt, type Disk } from "../host/disk.ts";
import { loadDigest } from "../lib/digest.ts";
import { under } from "../lib/path.ts";
import { type Exported, exportArchive } from "./archive.ts";
import { collect, type Collected, damageOf, survey } from "./keep.ts";
import { type EntryKind, type Layout, layout } from "./layout.ts";
import { type LiveSet, readLive } from "./live.ts";
import { localCache } from "./local.ts";
import { decodeResults } from "./result.ts";
import { type ArchiveFault, importArchive, type Imported } from "./unpack.ts";

export interface Tally {
  readonly entries: number;
  readonly bytes: number;
}

export interface CacheStat {
  readonly results: Tally;
  readonly contents: Tally;
  /** Files that are no entries. */
  readonly strays: Tally;
  readonly maxBytes: number;
}

export interface DamagedEntry {
  readonly path: string;
  readonly kind: EntryKind;
  readonly what: string;
  readonly removed: boolean;
}

export interface Verified {
  readonly checked: Tally;
  readonly damaged: readonly DamagedEntry[];
}

export interface GcRequest {
  readonly maxBytes?: number | undefined;
  readonly maxAgeMs?: number | undefined;
  /** Goals whose live results stay, whatever the limits say. */
  readonly keep: readonly string[];
}

export interface CacheDesk {
  /** Absolute. */
  readonly path: string;
  stat(): CacheStat;
  verify(repair: boolean): Verified;
  gc(request: GcRequest): Result<Collected>;
  export(file: string, goals: readonly string[]): Promise<Result<Exported>>;
  import(file: string): Promise<Result<Imported>>;
}

export interface DeskOptions {
  readonly maxBytes: number;
  readonly now: () => number;
  readonly alive: (pid: number) => boolean;
}

export async function cacheDesk(disk: Disk, folder: string, { maxBytes, now, alive }: DeskOptions): Promise<CacheDesk> {
  await loadDigest();
  const at = layout(folder);
  const problems: Diagnostic[] = [];
  const cache = () => localCache(disk, folder, { onProblem: (d) => void problems.push(d), maxBytes, now, alive });
  return {
    path: under(disk.root, folder),
    stat() {
      const { entries, strays } = survey(disk, at);
      const of = (kind: EntryKind) => tally(entries.filter((e) => e.kind === kind));
      return { results: of("result"), contents: of("content"), strays: tally(strays), maxBytes };
    },
    verify(repair) {
      const { entries } = survey(disk, at);
      const damaged: DamagedEntry[] = [];
      for (const entry of [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))) {
        const what = damageOf(disk, entry);
        if (what === undefined) continue;
        const removed = repair && attempt(() => disk.remove(entry.path)).ok;
        damaged.push({ path: entry.path, kind: entry.kind, what, removed });
      }
      return { checked: tally(entries), damaged };
    },
    gc(request) {
      const sets = chosen(disk, request.keep);
      if (!sets.ok) return sets;
      const keep = request.keep.length === 0 ? new Set<string>() : liveNames(disk, at, sets.value);
      const limits = { maxBytes: request.maxBytes ?? maxBytes, keep, ...(request.maxAgeMs === undefined ? {} : { maxAgeMs: request.maxAgeMs }) };
      return ok(collect(disk, at, limits, now(), alive));
    },
    async export(file, goals) {
      const sets = chosen(disk, goals);
      if (!sets.ok) return sets;
      if (sets.value.length === 0) return fail([nothingBuilt()]);
      const { loadZstd } = await import("./zstd.ts");
      const zstd = await loadZstd();
      const written = attempt(() => exportArchive(disk, at, sets.value, file, zstd));
      return written.ok ? written : fail([{ code: "GRAPH_CACHE_ARCHIVE_WRITE_FAILED", severity: "error", stage: "run", message: `cannot write ${file}: ${written.error.code}`, data: { path: file }, hint: "check the folder's permissions and free space", place: { file } }]);
    },
    async import(file) {
      const { loadZstd } = await import("./zstd.ts");
      const zstd = await loadZstd();
      const into = cache();
      const taken = importArchive(disk, at, into, file, maxBytes, zstd);
      into.close();
      const unwritable = problems.find((d) => d.code === "GRAPH_CACHE_UNWRITABLE");
      if (!taken.ok) return fail([refusal(file, taken.error)]);
      return unwritable === undefined ? taken : fail([refusal(file, { kind: "WRITE_FAILED", what: unwritable.message })]);
    },
  };
}

function tally(files: readonly { readonly size: number }[]): Tally {
  return { entries: files.length, bytes: files.reduce((sum, f) => sum + f.size, 0) };
}

/** The live sets of these goals, or of all; a goal that was never built here is an error, not an empty set. */
function chosen(disk: Disk, goals: readonly string[]): Result<LiveSet[]> {
  const all = readLive(disk);
  if (goals.length === 0) return ok(all);
  const wanted = goals.map((g) => g.replaceAll("-", " "));
  const known = new Set(all.map((s) => s.goal));
  const unknown = wanted.filter((g) => !known.has(g));
  if (unknown.length > 0) return fail(unknown.map((g) => neverBuilt(g, [...known].sort())));
  return ok(all.filter((s) => wanted.includes(s.goal)));
}

function liveNames(disk: Disk, at: Layout, sets: readonly LiveSet[]): Set<string> {
  const names = new Set<string>();
  for (const [base] of sets.flatMap((s) => [...s.actions, ...(s.answer === undefined ? [] : [s.answer])])) {
    names.add(base);
    const read = attempt(() => disk.read(at.result(base)));
    for (const trace of (read.ok ? decodeResults(read.value, base) : undefined) ?? []) for (const o of trace.outputs) names.add(o.sha256);
  }
  return names;
}

function neverBuilt(goal: string, known: readonly string[]): Diagnostic {
  const hint = known.length === 0 ? "build it first" : `build it first; built here: ${known.join(", ")}`;
  return { code: "GRAPH_CACHE_GOAL_UNKNOWN", severity: "error", stage: "parse", message: `the goal "${goal}" was not built in this folder`, data: { goal, known: [...known] }, hint };
}

function nothingBuilt(): Diagnostic {
  return { code: "GRAPH_CACHE_NOTHING_LIVE", severity: "error", stage: "parse", message: "nothing was built in this folder, so there is nothing to export", hint: "build a goal first" };
}

const HINTS: { readonly [K in ArchiveFault["kind"]]: string } = {
  UNREADABLE: "name a file that `cache export` wrote",
  NOT_ARCHIVE: "name a file that `cache export` wrote",
  VERSION: "export again with this version of the tool",
  TRUNCATED: "fetch or export the archive again",
  DAMAGED: "fetch or export the archive again",
  ESCAPE: "do not use this archive: no export writes such a name",
  LINK: "do not use this archive: no export writes links",
  DUPLICATE: "do not use this archive: no export writes a name twice",
  OVERSIZE: "raise --cache-max-size if you trust the archive",
  DIGEST: "do not use this archive: its content is not what it says",
  WRITE_FAILED: "free space or name another folder with --cache-dir",
};

function refusal(file: string, { kind, what }: ArchiveFault): Diagnostic {
  return { code: `GRAPH_CACHE_ARCHIVE_${kind}`, severity: "error", stage: kind === "WRITE_FAILED" ? "run" : "parse", message: `the archive ${file} was refused: ${what}; nothing was taken from it`, data: { path: file, fault: kind.toLowerCase() }, hint: HINTS[kind], place: { file } };
}
