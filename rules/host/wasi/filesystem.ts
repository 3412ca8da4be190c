// wasi:filesystem over folders that are open to a guest; without any, there is nothing to hold a descriptor of. Times of files are told
// only where the clock is: they would be one.

import { closeSync, constants, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, futimesSync, linkSync, lstatSync, lutimesSync, mkdirSync, opendirSync, openSync, readlinkSync, readSync, renameSync, rmdirSync, symlinkSync, unlinkSync, writeSync } from "node:fs";
import type { BigIntStats, Dir, Dirent } from "node:fs";
import { createHash } from "node:crypto";
import { compareUtf8 } from "../../../engine/index.ts";
import { Halt } from "../stop.ts";
import { err, NONE, okay, some } from "../component/value.ts";
import type { Tagged, Value } from "../component/value.ts";
import { FILE_ERRORS, fileError, Opened, refuse, withEntry } from "./folders.ts";
import type { Entry, FileErrorName } from "./folders.ts";
import { self } from "./io.ts";
import { IoError, OutputStream, Sink } from "./world.ts";
import type { HostImpl, Interface, Source, World } from "./world.ts";

const TYPES = "wasi:filesystem/types";
const SELF = `borrow<${TYPES}.descriptor>`;
const ERROR = `enum{${FILE_ERRORS.join(", ")}}`;
const DATETIME = "record{seconds: u64, nanoseconds: u32}";
const KIND = "enum{unknown, block-device, character-device, directory, fifo, symbolic-link, regular-file, socket}";
const STAT = `record{type: ${KIND}, link-count: u64, size: u64, data-access-timestamp: option<${DATETIME}>, data-modification-timestamp: option<${DATETIME}>, status-change-timestamp: option<${DATETIME}>}`;
const FLAGS = "flags{read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory}";
const PATH_FLAGS = "flags{symlink-follow}";
const OPEN_FLAGS = "flags{create, directory, exclusive, truncate}";
const NEW_TIME = `variant{no-change, now, timestamp(${DATETIME})}`;
const HASH = "record{lower: u64, upper: u64}";
const ADVICE = "enum{normal, sequential, random, will-need, dont-need, no-reuse}";
const ENTRY = `record{type: ${KIND}, name: string}`;

const [READ, WRITE, MUTATE] = [1, 2, 32];
const [CREATE, DIRECTORY, EXCLUSIVE, TRUNCATE] = [1, 2, 4, 8];

/** What one call reads at most. */
const MAX_READ = 1024 * 1024;
const STREAM_READ = 65_536;
/** Larger files are nobody's. */
const MAX_SIZE = 2n ** 40n;

// ---------------------------------------------------------------------------------------------- answers

/** Runs an operation; what goes wrong in it is the guest's answer. */
function answer(work: () => Value): Value {
  try {
    return okay(work());
  } catch (error) {
    if (error instanceof Halt) throw error;
    return err({ tag: FILE_ERRORS.indexOf(fileError(error)) });
  }
}

type Operation = (descriptor: Opened, world: World, ...args: Value[]) => Value;

function method(name: string, params: readonly string[], result: string, work: Operation): Interface {
  const run: HostImpl = (world, descriptor, ...args) => answer(() => work(self<Opened>(descriptor), world, ...args));
  return { [`[method]descriptor.${name}`]: { type: `func(${[SELF, ...params].join(", ")}) -> result<${result}, ${ERROR}>`, run } };
}

// ---------------------------------------------------------------------------------------------- what descriptors are

function fileOf(opened: Opened) {
  return opened.about.kind === "file" ? opened.about : refuse("is-directory");
}

function readable(opened: Opened): Opened {
  if (!fileOf(opened).readable) refuse("not-permitted");
  return opened;
}

function writable(opened: Opened): Opened {
  if (!fileOf(opened).writable) refuse("not-permitted");
  return opened;
}

/** A folder in which entries may come and go. */
function mutable(opened: Opened): Opened {
  if (opened.about.kind !== "folder") refuse("not-directory");
  if (!opened.about.mutable) refuse("not-permitted");
  return opened;
}

function position(offset: Value, length = 0): number {
  if ((offset as bigint) + BigInt(length) > MAX_SIZE) refuse("file-too-large");
  return Number(offset as bigint);
}

function kindOf(stat: BigIntStats | Dirent): number {
  if (stat.isFile()) return 6;
  if (stat.isDirectory()) return 3;
  if (stat.isSymbolicLink()) return 5;
  if (stat.isFIFO()) return 4;
  if (stat.isSocket()) return 7;
  return stat.isCharacterDevice() ? 2 : stat.isBlockDevice() ? 1 : 0;
}

function statValue(stat: BigIntStats, world: World): Value {
  const time = (ns: bigint): Tagged => (world.senses.tellsTimes && ns >= 0n ? some([ns / 1_000_000_000n, Number(ns % 1_000_000_000n)]) : NONE);
  return [{ tag: kindOf(stat) }, stat.nlink, stat.size, time(stat.atimeNs), time(stat.mtimeNs), time(stat.ctimeNs)];
}

function hashOf({ dev, ino }: BigIntStats): Value {
  const digest = createHash("sha256").update(`${dev}:${ino}`).digest();
  return [digest.readBigUInt64LE(0), digest.readBigUInt64LE(8)];
}

// ---------------------------------------------------------------------------------------------- bytes

function readAt(opened: Opened, at: number, most: number): Uint8Array {
  opened.folders.working();
  const bytes = new Uint8Array(most);
  return bytes.subarray(0, readSync(opened.fd, bytes, 0, most, at));
}

function writeAt(opened: Opened, bytes: Uint8Array, at: number): number {
  opened.folders.working();
  opened.folders.writing(bytes.length);
  let done = 0;
  while (done < bytes.length) done += writeSync(opened.fd, bytes, done, bytes.length - done, at + done);
  return done;
}

function read(opened: Opened, _world: World, length: Value, offset: Value): Value {
  const most = Number((length as bigint) > BigInt(MAX_READ) ? MAX_READ : length);
  const bytes = readAt(readable(opened), position(offset), most);
  return [bytes, bytes.length === 0 && most > 0];
}

function write(opened: Opened, _world: World, bytes: Value, offset: Value): Value {
  const buffer = bytes as Uint8Array;
  return BigInt(writeAt(writable(opened), buffer, position(offset, buffer.length)));
}

function failed(error: unknown): IoError {
  if (error instanceof Halt) throw error;
  const name = fileError(error);
  return new IoError(name, { file: name });
}

class FileSource implements Source {
  readonly waitable = null;
  readonly #opened: Opened;
  #at: number;
  failure: IoError | null = null;
  constructor(opened: Opened, at: number) {
    this.#opened = opened;
    this.#at = at;
    opened.hold();
  }
  read(max: number): Uint8Array | null {
    if (this.failure !== null) return null;
    try {
      const bytes = readAt(this.#opened, this.#at, Math.min(max, STREAM_READ));
      this.#at += bytes.length;
      return bytes.length === 0 ? null : bytes;
    } catch (error) {
      this.failure = failed(error);
      return null;
    }
  }
  dropped(): void {
    this.#opened.dropped();
  }
}

class FileSink extends Sink {
  readonly #opened: Opened;
  /** null: always at the end. */
  #at: number | null;
  #failure: IoError | null = null;
  constructor(opened: Opened, at: number | null) {
    super("file", Number.MAX_SAFE_INTEGER);
    this.#opened = opened;
    this.#at = at;
    opened.hold();
  }
  override get failure(): IoError | null {
    return this.#failure;
  }
  protected override keep(bytes: Uint8Array): void {
    try {
      const at = this.#at ?? Number(this.#opened.stat().size);
      const done = writeAt(this.#opened, bytes, position(BigInt(at), bytes.length));
      if (this.#at !== null) this.#at += done;
    } catch (error) {
      this.#failure = failed(error);
      this.open = false;
    }
  }
  override dropped(): void {
    this.#opened.dropped();
  }
}

function setSize(opened: Opened, _world: World, size: Value): Value {
  ftruncateSync(writable(opened).fd, position(size));
  return undefined;
}

// ---------------------------------------------------------------------------------------------- entries

function openAt(opened: Opened, _world: World, pathFlags: Value, path: Value, openFlags: Value, flags: Value): Value {
  const [how, wanted] = [openFlags as number, flags as number];
  const folder = opened.about.kind === "folder" ? opened.about : refuse("not-directory");
  const changes = (how & (CREATE | TRUNCATE)) !== 0 || (wanted & (WRITE | MUTATE)) !== 0;
  if (changes && !folder.mutable) refuse("not-permitted");
  if ((how & DIRECTORY) !== 0 && (how & (CREATE | EXCLUSIVE | TRUNCATE)) !== 0) refuse("invalid");
  // What must not be there is not looked for behind a link.
  const follow = (pathFlags as number) !== 0 && (how & EXCLUSIVE) === 0;
  return withEntry(opened, path as string, follow, (entry) => ({ rep: openEntry(opened, entry, how, wanted) }));
}

function openEntry(from: Opened, { path, name, mustBeFolder, base }: Entry, how: number, wanted: number): Opened {
  const [reads, writes] = [(wanted & READ) !== 0 || (wanted & WRITE) === 0, (wanted & WRITE) !== 0];
  const mode = writes ? (reads ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY;
  const bit = (flag: number, system: number) => ((how & flag) !== 0 ? system : 0);
  if ((base === "." && (how & (CREATE | TRUNCATE)) !== 0) || (mustBeFolder && (how & CREATE) !== 0)) refuse("is-directory");
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isSymbolicLink() === true) refuse((how & EXCLUSIVE) !== 0 ? "exist" : "loop");
  // Whoever is at the other end of a pipe is not waited for.
  const special = constants.O_NOFOLLOW | constants.O_NONBLOCK | bit(CREATE, constants.O_CREAT) | bit(EXCLUSIVE, constants.O_EXCL) | bit(DIRECTORY, constants.O_DIRECTORY) | bit(TRUNCATE, constants.O_TRUNC);
  const fd = openSync(path, mode | special, 0o666);
  const isFolder = orClose(fd, () => {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) return true;
    if (!stat.isFile()) refuse("not-permitted");
    if (mustBeFolder) refuse("not-directory");
    return false;
  });
  if (isFolder) return from.folders.add(fd, { kind: "folder", path: from.about.kind === "folder" ? below(from.about, name) : path, name, mutable: from.about.kind === "folder" && from.about.mutable });
  if (there !== undefined) from.folders.note(name);
  return from.folders.add(fd, { kind: "file", name, readable: reads, writable: writes });
}

function orClose<T>(fd: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function below({ path, name }: { readonly path: string; readonly name: string }, entry: string): string {
  return `${path}${entry.slice(name.length)}`;
}

function statAt(opened: Opened, world: World, pathFlags: Value, path: Value): Value {
  return withEntry(opened, path as string, (pathFlags as number) !== 0, (entry) => statValue(entryStat(entry), world));
}

function entryStat({ path, mustBeFolder }: Entry): BigIntStats {
  const stat = lstatSync(path, { bigint: true });
  return mustBeFolder && !stat.isDirectory() ? refuse("not-directory") : stat;
}

/** Does something with an entry of a folder that may be changed. */
function changing(work: (entry: Entry, ...args: Value[]) => void): Operation {
  return (opened, _world, path, ...args) => {
    withEntry(mutable(opened), path as string, false, (entry) => work(entry, ...args));
    return undefined;
  };
}

function unlink({ path, mustBeFolder }: Entry): void {
  if (lstatSync(path).isDirectory()) refuse("is-directory");
  if (mustBeFolder) refuse("not-directory");
  unlinkSync(path);
}

function between(work: (from: Entry, to: Entry) => void): (opened: Opened, path: Value, other: Value, otherPath: Value) => Value {
  return (opened, path, other, otherPath) => {
    withEntry(mutable(opened), path as string, false, (from) => withEntry(mutable(self<Opened>(other)), otherPath as string, false, (to) => work(from, to)));
    return undefined;
  };
}

const rename = between((from, to) => {
  if (from.mustBeFolder) entryStat(from);
  renameSync(from.path, to.path);
});
const link = between((from, to) => linkSync(from.path, to.path));

function linkAt(opened: Opened, _world: World, flags: Value, path: Value, other: Value, otherPath: Value): Value {
  return (flags as number) !== 0 ? refuse("invalid") : link(opened, path, other, otherPath);
}

/** Others may follow the link too: it must not lead out of the folder. */
function symlinkAt(opened: Opened, _world: World, target: Value, path: Value): Value {
  const text = target as string;
  if (text.startsWith("/") || text === "" || text.includes("\0")) refuse(text === "" ? "no-entry" : "not-permitted");
  withEntry(mutable(opened), path as string, false, (entry) => {
    if (entry.mustBeFolder) refuse("no-entry");
    let depth = entry.depth;
    for (const part of text.split("/")) {
      depth += part === ".." ? -1 : part === "" || part === "." ? 0 : 1;
      if (depth < 0) refuse("not-permitted");
    }
    symlinkSync(text, entry.path);
  });
  return undefined;
}

function readlinkAt(opened: Opened, _world: World, path: Value): Value {
  return withEntry(opened, path as string, false, (entry) => {
    const target = readlinkSync(entry.path);
    return target.startsWith("/") ? refuse("not-permitted") : target;
  });
}

function newTime(time: Value, otherwise: bigint): number {
  const { tag, value } = time as Tagged;
  if (tag === 0) return Number(otherwise / 1000n) / 1e6;
  if (tag === 1) return Date.now() / 1000;
  const [seconds, nanoseconds] = value as readonly [bigint, number];
  if (nanoseconds >= 1_000_000_000) refuse("invalid");
  return Number(seconds) + nanoseconds / 1e9;
}

function setTimes(opened: Opened, _world: World, access: Value, modification: Value): Value {
  if (opened.about.kind === "folder") mutable(opened);
  else writable(opened);
  const { atimeNs, mtimeNs } = opened.stat();
  futimesSync(opened.fd, newTime(access, atimeNs), newTime(modification, mtimeNs));
  return undefined;
}

function setTimesAt(opened: Opened, _world: World, pathFlags: Value, path: Value, access: Value, modification: Value): Value {
  withEntry(mutable(opened), path as string, (pathFlags as number) !== 0, (entry) => {
    const { atimeNs, mtimeNs } = entryStat(entry);
    lutimesSync(entry.path, newTime(access, atimeNs), newTime(modification, mtimeNs));
  });
  return undefined;
}

// ---------------------------------------------------------------------------------------------- listing

/** What an entry costs the host besides its name. */
const ENTRY_COST = 96;

/** In the order of their names, whatever the disk's is. */
function readDirectory(opened: Opened): Value {
  return withEntry(opened, ".", false, ({ path }) => {
    const [entries, dir]: [Dirent[], Dir] = [[], opendirSync(path)];
    try {
      for (let entry = dir.readSync(); entry !== null; entry = dir.readSync()) {
        opened.folders.keep(ENTRY_COST + 2 * entry.name.length);
        entries.push(entry);
      }
    } finally {
      dir.closeSync();
    }
    return { rep: entries.sort((a, b) => compareUtf8(a.name, b.name)).reverse() };
  });
}

function nextEntry(stream: Value): Value {
  const entry = self<Dirent[]>(stream).pop();
  if (entry === undefined) return NONE;
  if (entry.name.includes("\ufffd")) refuse("illegal-byte-sequence");
  return some([{ tag: kindOf(entry) }, entry.name]);
}

function flagsOf({ about }: Opened): number {
  if (about.kind === "folder") return READ | (about.mutable ? MUTATE : 0);
  return (about.readable ? READ : 0) | (about.writable ? WRITE : 0);
}

const nothing = (work: (opened: Opened) => void): Operation => (opened) => {
  work(opened);
  return undefined;
};

function errorCodeOf(error: Value): Value {
  const { file } = self<IoError>(error);
  return file === null ? NONE : some({ tag: FILE_ERRORS.indexOf(file satisfies FileErrorName) });
}

const IN = "wasi:io/streams.input-stream";
const OUT = "wasi:io/streams.output-stream";

export const filesystem: { readonly [name: string]: Interface } = {
  "wasi:filesystem/preopens": {
    "get-directories": { type: `func() -> list<tuple<${TYPES}.descriptor, string>>`, run: (w) => (w.folders?.preopens() ?? []).map(({ name, folder }) => [{ rep: folder }, name]) },
  },
  [TYPES]: {
    ...method("read-via-stream", ["u64"], IN, (d, _w, offset) => ({ rep: new FileSource(readable(d), position(offset)) })),
    ...method("write-via-stream", ["u64"], OUT, (d, _w, offset) => ({ rep: new OutputStream(new FileSink(writable(d), position(offset))) })),
    ...method("append-via-stream", [], OUT, (d) => ({ rep: new OutputStream(new FileSink(writable(d), null)) })),
    ...method("advise", ["u64", "u64", ADVICE], "_", nothing((d) => void fileOf(d))),
    ...method("sync-data", [], "_", nothing((d) => fdatasyncSync(d.fd))),
    ...method("sync", [], "_", nothing((d) => fsyncSync(d.fd))),
    ...method("get-flags", [], FLAGS, (d) => flagsOf(d)),
    ...method("get-type", [], KIND, (d) => ({ tag: kindOf(d.stat()) })),
    ...method("set-size", ["u64"], "_", setSize),
    ...method("set-times", [NEW_TIME, NEW_TIME], "_", setTimes),
    ...method("read", ["u64", "u64"], "tuple<list<u8>, bool>", read),
    ...method("write", ["list<u8>", "u64"], "u64", write),
    ...method("read-directory", [], `${TYPES}.directory-entry-stream`, readDirectory),
    ...method("create-directory-at", ["string"], "_", changing(({ path }) => mkdirSync(path))),
    ...method("stat", [], STAT, (d, world) => statValue(d.stat(), world)),
    ...method("stat-at", [PATH_FLAGS, "string"], STAT, statAt),
    ...method("set-times-at", [PATH_FLAGS, "string", NEW_TIME, NEW_TIME], "_", setTimesAt),
    ...method("link-at", [PATH_FLAGS, "string", SELF, "string"], "_", linkAt),
    ...method("open-at", [PATH_FLAGS, "string", OPEN_FLAGS, FLAGS], `${TYPES}.descriptor`, openAt),
    ...method("readlink-at", ["string"], "string", readlinkAt),
    ...method("remove-directory-at", ["string"], "_", changing(({ path }) => rmdirSync(path))),
    ...method("rename-at", ["string", SELF, "string"], "_", (d, _w, path, other, otherPath) => rename(d, path, other, otherPath)),
    ...method("symlink-at", ["string", "string"], "_", symlinkAt),
    ...method("unlink-file-at", ["string"], "_", changing(unlink)),
    ...method("metadata-hash", [], HASH, (d) => hashOf(d.stat())),
    ...method("metadata-hash-at", [PATH_FLAGS, "string"], HASH, (d, _w, flags, path) => withEntry(d, path as string, (flags as number) !== 0, (entry) => hashOf(entryStat(entry)))),
    "[method]descriptor.is-same-object": { type: `func(${SELF}, ${SELF}) -> bool`, run: (_w, one, other) => isSame(self<Opened>(one), self<Opened>(other)) },
    "[method]directory-entry-stream.read-directory-entry": { type: `func(borrow<${TYPES}.directory-entry-stream>) -> result<option<${ENTRY}>, ${ERROR}>`, run: (_w, s) => answer(() => nextEntry(s)) },
    "filesystem-error-code": { type: `func(borrow<wasi:io/error.error>) -> option<${ERROR}>`, run: (_w, error) => errorCodeOf(error) },
  },
};

function isSame(one: Opened, other: Opened): boolean {
  const [a, b] = [one.stat(), other.stat()];
  return a.dev === b.dev && a.ino === b.ino;
}
