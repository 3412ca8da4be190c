// Archives read back, trusting nothing: every frame, name, size and digest is checked before anything is put into the
// cache, and one fault refuses the whole. Knows nothing of goals.

import { attempt, type Disk, type DiskError, type OpenFile } from "../host/disk.ts";
import { textOf } from "../lib/bytes.ts";
import { sha256Hex, nativeSha256 } from "../lib/digest.ts";
import { parentOf } from "../lib/path.ts";
import { fail, ok, type Result } from "../lib/result.ts";
import type { Trace } from "../trace.ts";
import { ARCHIVE_FORM, type ArchiveEntry, MANIFEST_NAME } from "./archive.ts";
import type { LocalCache } from "./local.ts";
import { entryAt, FOLDERS, type Layout } from "./layout.ts";
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
let imports = 0;

/** Takes an archive into the cache. When it is refused nothing was changed. */
export function importArchive(disk: Disk, at: Layout, cache: LocalCache, file: string, maxBytes: number, zstd: Zstd): Result<Imported, ArchiveFault> {
  imports += 1;
  const staging = `${at.staging}/${process.pid}-${imports}`;
  let source: OpenFile | undefined;
  try {
    source = sourceAt(disk, file);
    return ok(take(disk, at, cache, new Pieces(frames(source, file, zstd)), maxBytes, staging));
  } catch (e) {
    if (e instanceof Refused) return fail(e.fault);
    throw e;
  } finally {
    source?.close();
    if (disk.stat(staging) !== undefined) attempt(() => disk.removeTree(staging));
  }
}

function take(disk: Disk, at: Layout, cache: LocalCache, pieces: Pieces, maxBytes: number, staging: string): Imported {
  const manifest = readManifest(pieces, maxBytes);
  const stage = new Stage(disk, staging);
  const taken = { results: 0, contents: 0, bytes: 0 };
  const known = { results: 0, contents: 0 };
  const mixed: { key: string; traces: readonly Trace[] }[] = [];
  for (const entry of manifest.entries) {
    const { kind, name } = entryAt(entry.path)!;
    headerFor(pieces, entry, manifest.entries);
    if (kind === "content") {
      const isHere = !cache.empty && cache.content({ sha256: name, size: entry.size }) !== undefined;
      if (isHere) proveContent(pieces, entry);
      else stage.write(entry, (to) => proveContent(pieces, entry, to));
      (isHere ? known : taken).contents += 1;
      if (!isHere) taken.bytes += entry.size;
      continue;
    }
    const bytes = readResult(pieces, entry);
    const traces = decodeResults(bytes, name);
    if (traces === undefined) throw new Refused("DAMAGED", `${entry.path} is no result of its key`);
    const before = cache.empty ? [] : cache.results(name).map(sameAs);
    const news = traces.filter((t) => !before.includes(sameAs(t)));
    if (before.length > 0) mixed.push({ key: name, traces: news.reverse() });
    else stage.write(entry, (to) => written(() => to.write([bytes])));
    (news.length === 0 ? known : taken).results += 1;
  }
  endOf(pieces, manifest.entries);
  // All is proved. Content first, so that no result is known before what it names.
  for (const kind of ["content", "result"] as const) written(() => moveIn(disk, `${staging}/${FOLDERS[kind]}`, `${at.base}/${FOLDERS[kind]}`));
  cache.count(stage.bytes);
  for (const { key, traces } of mixed) for (const trace of traces) cache.remember(key, trace);
  return { goals: manifest.goals, results: { taken: taken.results, known: known.results }, contents: { taken: taken.contents, known: known.contents }, takenBytes: taken.bytes };
}

/** Where entries lie, in a tree like that of the cache, until all are proved. */
class Stage {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #made = new Set<string>();
  bytes = 0;

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  write({ path, size }: ArchiveEntry, fill: (to: OpenFile) => void): void {
    const at = `${this.#folder}/${path}`;
    const shelf = parentOf(at);
    if (!this.#made.has(shelf)) written(() => this.#disk.makeDirs(shelf));
    this.#made.add(shelf);
    const to = written(() => this.#disk.open(at, "write", 0o444));
    try {
      fill(to);
    } finally {
      written(() => to.close());
    }
    this.bytes += size;
  }
}

/** Moves a tree into another whose folder is there, in as few steps as there can be: a folder that is new is one. */
function moveIn(disk: Disk, from: string, to: string): void {
  const stat = disk.stat(from);
  if (stat === undefined) return;
  if (stat.kind !== "dir") return disk.rename(from, to);
  // Where another process makes the folder at this moment the move fails, and what is in it moves.
  if (disk.stat(to) === undefined && attempt(() => disk.rename(from, to)).ok) return;
  for (const { name } of disk.list(from)) moveIn(disk, `${from}/${name}`, `${to}/${name}`);
}

/** A result apart from how long it took. */
function sameAs(trace: Trace): string {
  return JSON.stringify([trace.discovered, trace.outputs.map((o) => [o.sha256, o.size]), trace.remarks]);
}

function written<T>(work: () => T): T {
  const done = attempt(work);
  if (!done.ok) throw new Refused("WRITE_FAILED", `the cache cannot be written: ${done.error.code}`);
  return done.value;
}

function sourceAt(disk: Disk, file: string): OpenFile {
  if (disk.stat(file)?.kind !== "file") throw new Refused("UNREADABLE", `${file} is not a file that can be read`);
  const opened = attempt(() => disk.open(file, "read"));
  if (!opened.ok) throw unreadable(file, opened.error);
  return opened.value;
}

/** The archive's content, a frame at a time, in parts that hold until the next is asked for. */
function frames(source: OpenFile, file: string, zstd: Zstd): () => readonly Uint8Array[] | undefined {
  // A plain array: a Buffer's slice() would not copy.
  const buffer = new Uint8Array(FRAME_WINDOW);
  let [from, to, frames] = [0, 0, 0];
  let ended = false;
  const refill = () => {
    buffer.copyWithin(0, from, to);
    [from, to] = [0, to - from];
    const read = attempt(() => source.read(buffer.subarray(to)));
    if (!read.ok) throw unreadable(file, read.error);
    ended = read.value < buffer.length - to;
    to += read.value;
  };
  return () => {
    let frame = measureFrame(buffer.subarray(from, to), ended);
    // The window may end within a frame, which is whole in a new one.
    if (typeof frame === "string" && !ended) {
      refill();
      frame = measureFrame(buffer.subarray(from, to), ended);
    }
    if (from === to && frames > 0) return undefined;
    const packed = typeof frame === "string" ? undefined : buffer.subarray(from, from + frame.length);
    if (frame === "not-zstd") throw new Refused(frames === 0 ? "NOT_ARCHIVE" : "DAMAGED", frames === 0 ? `${file} is not an archive of this tool` : "something that is no frame follows a frame");
    if (frame === "truncated") throw new Refused("TRUNCATED", "the archive ends in the middle of a frame");
    if (frame === "oversize") throw new Refused("OVERSIZE", "a frame is bigger than this tool makes them");
    const content = frame === "damaged" ? undefined : zstd.decompress(packed!, frame.contentSize);
    if (frame === "damaged" || content === undefined) throw new Refused("DAMAGED", "a frame cannot be unpacked");
    from += frame.length;
    frames += 1;
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
  const text = pieces.take(head.size)?.slice();
  if (text === undefined || !pieces.padding(head.size)) throw new Refused("TRUNCATED", "the manifest is cut");
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

function headerFor(pieces: Pieces, entry: ArchiveEntry, all: readonly ArchiveEntry[]): void {
  const head = headerOf(pieces);
  if (head === "end") throw new Refused("TRUNCATED", `${entry.path} is missing`);
  if (head.name !== entry.path || head.size !== entry.size) throw unexpected(head.name, all);
}

/** Reads content and compares it with its digest; it goes to a file on the way where one is given. */
function proveContent(pieces: Pieces, entry: ArchiveEntry, to?: OpenFile): void {
  const hash = nativeSha256();
  for (let left = entry.size; left > 0; ) {
    const part = pieces.some(left);
    if (part === undefined) throw cut(entry);
    hash.update(part);
    if (to !== undefined) written(() => to.write([part]));
    left -= part.length;
  }
  if (!pieces.padding(entry.size)) throw cut(entry);
  if (hash.digest("hex") !== entry.sha256) throw new Refused("DIGEST", `${entry.path} has other bytes than the manifest says`);
}

/** A result's bytes, for good. */
function readResult(pieces: Pieces, entry: ArchiveEntry): Uint8Array {
  const bytes = pieces.take(entry.size)?.slice();
  if (bytes === undefined || !pieces.padding(entry.size)) throw cut(entry);
  if (sha256Hex(bytes) !== entry.sha256) throw new Refused("DIGEST", `${entry.path} has other bytes than the manifest says`);
  return bytes;
}

function cut(entry: ArchiveEntry): Refused {
  return new Refused("TRUNCATED", `${entry.path} is cut`);
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
