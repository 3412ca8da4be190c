// The file system behind one interface, synchronous on purpose (one thread with a warm cache is the fast way);
// tests put a memory disk or a failing one in its place. Knows nothing of builds.

import * as fs from "node:fs";
import { release } from "node:os";
import { parentOf } from "../lib/path.ts";

export interface Stat {
  /** Milliseconds with the fraction the kernel gives (double: about a quarter of a microsecond). */
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly size: number;
  readonly ino: number;
  readonly mode: number;
  /** The device it lies on: file systems differ in how fine their stamps are. */
  readonly dev: number;
  readonly kind: "file" | "dir" | "other";
}

export interface DirEntry {
  readonly name: string;
  readonly kind: "file" | "dir" | "link" | "other";
}

/** What the outer world can refuse: `code` is the POSIX name (ENOENT, ENOSPC, EACCES …). */
export class DiskError extends Error {
  readonly code: string;
  readonly path: string;
  constructor(code: string, path: string, message: string) {
    super(message);
    this.code = code;
    this.path = path;
  }
}

export interface OpenFile {
  /** Fills `into` with what follows; fewer bytes only at the end of the file. */
  read(into: Uint8Array): number;
  write(parts: readonly Uint8Array[]): void;
  close(): void;
}

/** Paths are absolute or relative to the disk's root. Methods that can fail throw DiskError; stat answers undefined. */
export interface Disk {
  readonly root: string;
  /**
   * A change stamp (ctime: nobody can set it) younger than this when a file is read may hide a later change within the
   * same clock tick: COARSE_TICK_MS, or 0 where every change after a stat is known to get a stamp of its own.
   */
  grainMs(of: { readonly dev: number }): number;
  stat(path: string): Stat | undefined;
  read(path: string): Uint8Array;
  /** A file to be read from its beginning in steps, or a new or truncated one to be written so. */
  open(path: string, how: "read" | "write", mode?: number): OpenFile;
  /** Writes a new or truncated file; not atomic by itself. */
  write(path: string, bytes: Uint8Array, mode?: number): void;
  append(path: string, bytes: Uint8Array): void;
  rename(from: string, to: string): void;
  link(from: string, to: string): void;
  copy(from: string, to: string, how: "reflink" | "copy"): void;
  chmod(path: string, mode: number): void;
  touch(path: string): void;
  remove(path: string): void;
  removeTree(path: string): void;
  /** Fails where something is in it. */
  removeEmptyDir(path: string): void;
  makeDirs(path: string): void;
  list(path: string): DirEntry[];
  realPath(path: string): string;
}

export function realDisk(root: string): Disk {
  const at = root === process.cwd() ? (p: string) => p : (p: string) => (p.startsWith("/") ? p : `${root}/${p}`);
  let fine: number | undefined;
  return {
    root,
    grainMs: ({ dev }) => (dev === (fine ??= fineDevice(root)) ? 0 : COARSE_TICK_MS),
    stat(path) {
      let s: fs.Stats | undefined;
      try {
        s = fs.statSync(at(path), { throwIfNoEntry: false });
      } catch {
        return undefined;
      }
      if (s === undefined) return undefined;
      return { mtimeMs: s.mtimeMs, ctimeMs: s.ctimeMs, size: s.size, ino: s.ino, mode: s.mode, dev: s.dev, kind: s.isFile() ? "file" : s.isDirectory() ? "dir" : "other" };
    },
    // A plain array: a Buffer's slice() would not copy.
    read: (path) =>
      guard(path, () => {
        const b = fs.readFileSync(at(path));
        return new Uint8Array(b.buffer, b.byteOffset, b.length);
      }),
    open: (path, how, mode) => guard(path, () => openFile(path, fs.openSync(at(path), how === "read" ? "r" : "w", mode))),
    write: (path, bytes, mode) => guard(path, () => fs.writeFileSync(at(path), bytes, mode === undefined ? undefined : { mode })),
    append: (path, bytes) => guard(path, () => fs.appendFileSync(at(path), bytes)),
    rename: (from, to) => guard(to, () => fs.renameSync(at(from), at(to))),
    link: (from, to) => guard(to, () => fs.linkSync(at(from), at(to))),
    copy: (from, to, how) =>
      guard(to, () => fs.copyFileSync(at(from), at(to), how === "reflink" ? fs.constants.COPYFILE_FICLONE_FORCE : fs.constants.COPYFILE_FICLONE)),
    chmod: (path, mode) => guard(path, () => fs.chmodSync(at(path), mode)),
    touch: (path) =>
      guard(path, () => {
        const now = new Date();
        fs.utimesSync(at(path), now, now);
      }),
    remove: (path) => guard(path, () => unlink(at(path))),
    removeTree: (path) => guard(path, () => fs.rmSync(at(path), { recursive: true, force: true })),
    removeEmptyDir: (path) => guard(path, () => fs.rmdirSync(at(path))),
    makeDirs: (path) => guard(path, () => makeDirs(at(path))),
    list: (path) =>
      guard(path, () =>
        fs.readdirSync(at(path), { withFileTypes: true }).map((e) => ({ name: e.name, kind: e.isFile() ? "file" : e.isDirectory() ? "dir" : e.isSymbolicLink() ? "link" : "other" }) as const),
      ),
    realPath: (path) => guard(path, () => fs.realpathSync(at(path))),
  };
}

/** How many pieces the system writes in one call. */
const PIECES = 1024;

function openFile(path: string, fd: number): OpenFile {
  return {
    read: (into) =>
      guard(path, () => {
        let have = 0;
        for (let got = -1; have < into.length && got !== 0; have += got) got = fs.readSync(fd, into, have, into.length - have, null);
        return have;
      }),
    write: (parts) =>
      guard(path, () => {
        for (let i = 0; i < parts.length; i += PIECES) writeParts(fd, parts.slice(i, i + PIECES));
      }),
    close: () => guard(path, () => fs.closeSync(fd)),
  };
}

/** The system may take less than it is given: the rest is given again. */
function writeParts(fd: number, parts: readonly Uint8Array[]): void {
  let rest = parts.filter((p) => p.length > 0);
  while (rest.length > 0) {
    let taken = rest.length === 1 ? fs.writeSync(fd, rest[0]!) : fs.writevSync(fd, rest);
    while (rest.length > 0 && taken >= rest[0]!.length) taken -= rest.shift()!.length;
    if (rest.length > 0) rest = [rest[0]!.subarray(taken), ...rest.slice(1)];
  }
}

/** Node's own rmSync looks at the file twice before. */
function unlink(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== "ENOENT") throw e;
  }
}

/** One level at a time: Node's own recursive mkdir never returns where the system says ENOENT for good, as /proc does. */
export function makeDirs(path: string): void {
  if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const parent = parentOf(path);
  if (parent !== "" && parent !== path) makeDirs(parent);
  try {
    fs.mkdirSync(path);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== "EEXIST" || !fs.statSync(path).isDirectory()) throw e;
  }
}

/** File systems with multigrain stamps since Linux 6.13: ext4, xfs, btrfs, tmpfs. */
const FINE_STAMPS = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994]);
/** Kernels without them tick at up to 10 ms. */
export const COARSE_TICK_MS = 10;
const NONE = -1;

/** The device of `root` if its stamps are fine; other devices that lie below it are taken for coarse. */
function fineDevice(root: string): number {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  if (process.platform !== "linux" || major < 6 || (major === 6 && minor < 13)) return NONE;
  try {
    return FINE_STAMPS.has(fs.statfsSync(root).type) ? fs.statSync(root).dev : NONE;
  } catch {
    return NONE;
  }
}

function guard<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (e) {
    const err = e as NodeJS.ErrnoException;
    throw new DiskError(err.code ?? "EIO", path, err.message);
  }
}

let temporaries = 0;

/** Every temporary file begins like this, followed by the id of its process. */
export const TEMPORARY_PREFIX = ".x07tmp-";

/** Runs `work`; a DiskError becomes a value, anything else stays a bug. */
export function attempt<T>(work: () => T): { ok: true; value: T } | { ok: false; error: DiskError } {
  try {
    return { ok: true, value: work() };
  } catch (e) {
    if (e instanceof DiskError) return { ok: false, error: e };
    throw e;
  }
}

/** A name beside `path` that no other process or call uses; renamed over `path` when complete. */
export function temporaryBeside(path: string): string {
  const dir = parentOf(path);
  temporaries += 1;
  const name = `${TEMPORARY_PREFIX}${process.pid}-${temporaries}`;
  return dir === "" ? name : dir === "/" ? `/${name}` : `${dir}/${name}`;
}

/**
 * Puts content in place by temp + rename, so that readers see the old or the new file, never a part. Creates parents.
 * Gives the new file's stat from just before the rename, which keeps inode and mtime.
 */
export function writeAtomic(disk: Disk, path: string, bytes: Uint8Array, mode?: number): Stat | undefined {
  let made: Stat | undefined;
  placeAtomic(disk, path, (temp) => {
    disk.write(temp, bytes, mode);
    made = disk.stat(temp);
  });
  return made;
}

/** `/dev/stdout` may lead to a regular file that is open already; `/dev/shm` is a folder like any other. */
export function namesStream(path: string): boolean {
  return (path.startsWith("/dev/") && !path.startsWith("/dev/shm/")) || path.startsWith("/proc/");
}

/** A device, a pipe, or a stream of this process by its name: it is written to, and nothing is ever renamed over it. */
export function isStream(disk: Disk, path: string): boolean {
  return namesStream(path) || disk.stat(path)?.kind === "other";
}

/** Writes where a person has said: whole or not at all, or straight into a stream. */
export function writeOut(disk: Disk, path: string, bytes: Uint8Array): Stat | undefined {
  if (!isStream(disk, path)) return writeAtomic(disk, path, bytes);
  disk.write(path, bytes);
  return undefined;
}

/** Folders that were there when a file was put into them. */
const seen = new WeakMap<Disk, Set<string>>();

/** Makes a folder that this process does not know yet; that one is missing is dear to learn from a write that fails. */
function prepare(disk: Disk, folder: string): void {
  let known = seen.get(disk);
  if (known === undefined) seen.set(disk, (known = new Set()));
  if (known.has(folder)) return;
  disk.makeDirs(folder);
  known.add(folder);
}

/** Like writeAtomic, with the temporary file made by `make`. The temporary is removed when anything fails. */
export function placeAtomic(disk: Disk, path: string, make: (temp: string) => void): void {
  const temp = temporaryBeside(path);
  const folder = parentOf(path) || ".";
  prepare(disk, folder);
  const work = () => {
    make(temp);
    disk.rename(temp, path);
  };
  try {
    work();
  } catch (e) {
    attempt(() => disk.remove(temp));
    if (!(e instanceof DiskError) || e.code !== "ENOENT") throw e;
    disk.makeDirs(folder);
    try {
      work();
    } catch (again) {
      attempt(() => disk.remove(temp));
      throw again;
    }
  }
}
