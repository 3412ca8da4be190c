// Archives read back, trusting nothing: every frame, name, size and digest is checked before anything is put into the
// cache, and one fault refuses the whole. Knows nothing of goals.

import { attempt, type Disk, type DiskError } from "../host/disk.ts";
import { textOf } from "../lib/bytes.ts";
import { sha256Hex } from "../lib/digest.ts";
import { parentOf } from "../lib/path.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import type { Trace } from "../trace.ts";
import { ARCHIVE_FORM, type ArchiveEntry, MANIFEST_NAME } from "./archive.ts";
import type { LocalCache } from "./local.ts";
import { entryAt, type Layout } from "./layout.ts";
import { decodeResults } from "./result.ts";
import { Pieces, readTarHeader } from "./tar.ts";
import { FRAME_WINDOW, measureFrame, type Zstd } from "./zstd.ts";

export type FaultKind = "UNREADABLE" | "NOT_ARCHIVE" | "VERSION" | "TRUNCATED" | "DAMAGED" | "ESCAPE" | "LINK" | "DUPLICATE" | "OVERSIZE" | "DIGEST" | "WRITE_FAILED";
export interface ArchiveFault {
  readonly kind: FaultKind;
  readonly what: string;
}

export interface Imported {
  readonly goals: readonly { readonly goal: string; readonly actions: number }[];
  readonly results: { readonly taken: number; readonly known: number };
  readonly contents: { readonly taken: number; readonly known: number };
  readonly takenBytes: number;
}

interface Manifest {
  readonly goals: Imported["goals"];
  readonly entries: readonly ArchiveEntry[];
}

/** A fault found deep inside; never leaves this room. */
class Refused extends Error {
  readonly fault: ArchiveFault;
  constructor(kind: FaultKind, what: string) {
    super(what);
    this.fault = { kind, what };
  }
}

const MANIFEST_BYTES = 256 << 20;
const ENTRY_BYTES = 1 << 30;
/** Several frames are read at once. */
const READ_BYTES = 4 * FRAME_WINDOW;
let imports = 0;

/** Takes an archive into the cache. When it is refused nothing was changed. */
export function importArchive(disk: Disk, at: Layout, cache: LocalCache, file: string, maxBytes: number, zstd: Zstd): Result<Imported, ArchiveFault> {
  imports += 1;
  const staging = `${at.staging}/${process.pid}-${imports}`;
  try {
    return ok(take(disk, at, cache, file, maxBytes, zstd, staging));
  } catch (e) {
    if (e instanceof Refused) return fail(e.fault);
    throw e;
  } finally {
    if (disk.stat(staging) !== undefined) attempt(() => disk.removeTree(staging));
  }
}

function take(disk: Disk, at: Layout, cache: LocalCache, file: string, maxBytes: number, zstd: Zstd, staging: string): Imported {
  const pieces = new Pieces(frames(disk, file, zstd));
  const manifest = readManifest(pieces, maxBytes);
  const staged: ArchiveEntry[] = [];
  const found: { key: string; traces: readonly Trace[] }[] = [];
  const known = { results: 0, contents: 0 };
  for (const entry of manifest.entries) {
    const bytes = readEntry(pieces, entry, manifest.entries);
    const { kind, name } = entryAt(entry.path)!;
    if (kind === "result") {
      const traces = decodeResults(bytes, name);
      if (traces === undefined) throw new Refused("DAMAGED", `${entry.path} is no result of its key`);
      found.push({ key: name, traces });
    } else if (cache.content({ sha256: name, size: entry.size }) !== undefined) known.contents += 1;
    else {
      if (staged.length === 0) written(() => disk.makeDirs(staging));
      written(() => disk.write(`${staging}/${name}`, bytes, 0o444));
      staged.push(entry);
    }
  }
  endOf(pieces, manifest.entries);
  // All is proved. Content first, so that no result is known before what it names.
  const shelves = new Set<string>();
  for (const { sha256 } of staged) {
    written(() => {
      const to = at.content(sha256);
      const shelf = parentOf(to);
      if (!shelves.has(shelf)) disk.makeDirs(shelf);
      shelves.add(shelf);
      disk.rename(`${staging}/${sha256}`, to);
    });
  }
  let taken = 0;
  for (const { key, traces } of found) {
    const before = cache.results(key).map(sameAs);
    const news = traces.filter((t) => !before.includes(sameAs(t)));
    if (news.length === 0) known.results += 1;
    else taken += 1;
    if (before.length === 0) cache.rememberAll(key, traces);
    else for (const trace of [...news].reverse()) cache.remember(key, trace);
  }
  const takenBytes = staged.reduce((sum, e) => sum + e.size, 0);
  return { goals: manifest.goals, results: { taken, known: known.results }, contents: { taken: staged.length, known: known.contents }, takenBytes };
}

/** A result apart from how long it took. */
function sameAs(trace: Trace): string {
  return JSON.stringify([trace.discovered, trace.outputs.map((o) => [o.sha256, o.size]), trace.remarks]);
}

function written(work: () => void): void {
  const done = attempt(work);
  if (!done.ok) throw new Refused("WRITE_FAILED", `the cache cannot be written: ${done.error.code}`);
}

/** The archive's content, a frame at a time. */
function frames(disk: Disk, file: string, zstd: Zstd): () => Uint8Array | undefined {
  const size = disk.stat(file)?.size;
  if (size === undefined || disk.stat(file)?.kind !== "file") throw new Refused("UNREADABLE", `${file} is not a file that can be read`);
  let at = 0;
  let window: Uint8Array = new Uint8Array(0);
  const refill = () => {
    const read = attempt(() => disk.readAt(file, at, Math.min(READ_BYTES, size - at)));
    if (!read.ok) throw unreadable(file, read.error);
    window = read.value;
  };
  const measured = () => measureFrame(window.subarray(0, FRAME_WINDOW), at + window.length >= size);
  return () => {
    if (at >= size) return undefined;
    let frame = window.length === 0 ? undefined : measured();
    // The window may end within a frame, which is whole in a new one.
    if (frame === undefined || (typeof frame === "string" && window.length < Math.min(FRAME_WINDOW, size - at))) {
      refill();
      frame = measured();
    }
    if (frame === "not-zstd") throw new Refused(at === 0 ? "NOT_ARCHIVE" : "DAMAGED", at === 0 ? `${file} is not an archive of this tool` : "something that is no frame follows a frame");
    if (frame === "truncated") throw new Refused("TRUNCATED", "the archive ends in the middle of a frame");
    if (frame === "oversize") throw new Refused("OVERSIZE", "a frame is bigger than this tool makes them");
    const content = frame === "damaged" ? undefined : zstd.decompress(window.subarray(0, frame.length), frame.contentSize);
    if (frame === "damaged" || content === undefined) throw new Refused("DAMAGED", "a frame cannot be unpacked");
    at += frame.length;
    window = window.subarray(frame.length);
    return content;
  };
}

function unreadable(file: string, error: DiskError): Refused {
  return new Refused("UNREADABLE", `${file} cannot be read: ${error.code}`);
}

function readManifest(pieces: Pieces, maxBytes: number): Manifest {
  const head = headerOf(pieces);
  if (head === "end" || head.name !== MANIFEST_NAME) throw new Refused("NOT_ARCHIVE", "it does not begin with a manifest");
  if (head.size > MANIFEST_BYTES) throw new Refused("OVERSIZE", "the manifest is too big");
  const text = pieces.file(head.size);
  if (text === undefined) throw new Refused("TRUNCATED", "the manifest is cut");
  const manifest = parsed(textOf(text));
  if (manifest["form"] !== ARCHIVE_FORM) throw new Refused("VERSION", `its form is ${JSON.stringify(manifest["form"] ?? null)}, this tool reads ${ARCHIVE_FORM}`);
  const { goals, entries } = manifest;
  if (!Array.isArray(goals) || !goals.every(isGoal) || !Array.isArray(entries)) throw new Refused("DAMAGED", "the manifest lacks its parts");
  checkEntries(entries, maxBytes);
  return { goals: goals.map(({ goal, actions }) => ({ goal, actions })), entries: entries as ArchiveEntry[] };
}

function parsed(text: string): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as { readonly [name: string]: unknown };
  } catch (e) {
    if (!(e instanceof SyntaxError)) throw e;
  }
  throw new Refused("DAMAGED", "the manifest is no JSON object");
}

function isGoal(g: unknown): g is { goal: string; actions: number } {
  return typeof g === "object" && g !== null && "goal" in g && typeof g.goal === "string" && "actions" in g && Number.isSafeInteger(g.actions);
}

/** Names that are entries and nothing else, each once, in order; sizes that fit. */
function checkEntries(entries: readonly unknown[], maxBytes: number): asserts entries is readonly ArchiveEntry[] {
  let before = "";
  let sum = 0;
  for (const e of entries) {
    if (typeof e !== "object" || e === null || !("path" in e) || typeof e.path !== "string" || !("size" in e) || !("sha256" in e)) throw new Refused("DAMAGED", "an entry of the manifest lacks its parts");
    const named = entryAt(e.path);
    if (named === undefined) throw new Refused("ESCAPE", `${JSON.stringify(e.path)} is not the name of an entry`);
    if (e.path === before) throw new Refused("DUPLICATE", `${e.path} is there twice`);
    if (e.path < before) throw new Refused("DAMAGED", `${e.path} is out of order`);
    if (!Number.isSafeInteger(e.size) || (e.size as number) < 0) throw new Refused("DAMAGED", `${e.path} has no size`);
    if ((e.size as number) > ENTRY_BYTES) throw new Refused("OVERSIZE", `${e.path} is bigger than an entry may be`);
    if (named.kind === "content" && e.sha256 !== named.name) throw new Refused("DIGEST", `${e.path} is said to have another digest`);
    before = e.path;
    sum += e.size as number;
  }
  if (sum > maxBytes) throw new Refused("OVERSIZE", `it holds ${sum} bytes, more than the cache may have (${maxBytes})`);
}

function headerOf(pieces: Pieces) {
  const block = pieces.header();
  if (block === undefined) throw new Refused("TRUNCATED", "the archive ends too early");
  const head = readTarHeader(block);
  if (head === "link") throw new Refused("LINK", "it holds something that is not a plain file");
  if (head === "damaged") throw new Refused("DAMAGED", "a file's header is damaged");
  return head;
}

function readEntry(pieces: Pieces, entry: ArchiveEntry, all: readonly ArchiveEntry[]): Uint8Array {
  const head = headerOf(pieces);
  if (head === "end") throw new Refused("TRUNCATED", `${entry.path} is missing`);
  if (head.name !== entry.path || head.size !== entry.size) throw unexpected(head.name, all);
  const bytes = pieces.file(head.size);
  if (bytes === undefined) throw new Refused("TRUNCATED", `${entry.path} is cut`);
  if (sha256Hex(bytes) !== entry.sha256) throw new Refused("DIGEST", `${entry.path} has other bytes than the manifest says`);
  return bytes;
}

function unexpected(name: string, all: readonly ArchiveEntry[]): Refused {
  if (entryAt(name) === undefined) return new Refused("ESCAPE", `${JSON.stringify(name)} is not the name of an entry`);
  return all.some((e) => e.path === name) ? new Refused("DUPLICATE", `${name} is not in its place, or there twice`) : new Refused("DAMAGED", `${name} is not in the manifest`);
}

function endOf(pieces: Pieces, all: readonly ArchiveEntry[]): void {
  const head = headerOf(pieces);
  if (head !== "end") throw unexpected(head.name, all);
  if (!pieces.ended()) throw new Refused("DAMAGED", "something follows the end");
}
