// Folders that a guest may use, and paths in them. No path leaves its folder: each part is opened below the one before it, and links are
// followed by hand. What the system says is turned into the words of wasi:filesystem. Knows no interface.

import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readlinkSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { platform } from "node:process";
import type { GrantedFolder } from "../../ops/grants.ts";
import type { Tank } from "../component/tank.ts";

/** Cases of wasi:filesystem's error-code. */
export const FILE_ERRORS = [
  "access", "would-block", "already", "bad-descriptor", "busy", "deadlock", "quota", "exist", "file-too-large", "illegal-byte-sequence", "in-progress",
  "interrupted", "invalid", "io", "is-directory", "loop", "too-many-links", "message-size", "name-too-long", "no-device", "no-entry", "no-lock",
  "insufficient-memory", "insufficient-space", "not-directory", "not-empty", "not-recoverable", "unsupported", "no-tty", "no-such-device", "overflow",
  "not-permitted", "pipe", "read-only", "invalid-seek", "text-file-busy", "cross-device",
] as const;
export type FileErrorName = (typeof FILE_ERRORS)[number];

const BY_CODE: { readonly [code: string]: FileErrorName } = {
  EACCES: "access", EAGAIN: "would-block", EBADF: "bad-descriptor", EBUSY: "busy", EDQUOT: "quota", EEXIST: "exist", EFBIG: "file-too-large", EILSEQ: "illegal-byte-sequence",
  EINTR: "interrupted", EINVAL: "invalid", EIO: "io", EISDIR: "is-directory", ELOOP: "loop", EMLINK: "too-many-links", ENAMETOOLONG: "name-too-long", ENODEV: "no-device",
  ENOENT: "no-entry", ENOMEM: "insufficient-memory", ENOSPC: "insufficient-space", ENOTDIR: "not-directory", ENOTEMPTY: "not-empty", ENOTSUP: "unsupported", ENXIO: "no-such-device",
  EOVERFLOW: "overflow", EPERM: "not-permitted", EPIPE: "pipe", EROFS: "read-only", ESPIPE: "invalid-seek", ETXTBSY: "text-file-busy", EXDEV: "cross-device", EMFILE: "quota", ENFILE: "quota",
};

/** An operation that did not come to pass; thrown within the operation and answered to the guest. */
export class FileError {
  readonly name: FileErrorName;
  constructor(name: FileErrorName) {
    this.name = name;
  }
}

export function refuse(name: FileErrorName): never {
  throw new FileError(name);
}

/** The guest's word for what the system said. */
export function fileError(error: unknown): FileErrorName {
  if (error instanceof FileError) return error.name;
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code !== undefined && Object.hasOwn(BY_CODE, code) ? BY_CODE[code]! : "io";
}

/** Descriptors of one guest that are open at once. */
const MAX_OPEN = 256;
/** Bytes that one guest may write for one request. */
const MAX_WRITTEN = 256 * 1024 * 1024;
const MAX_LINKS = 40;
const MAX_PATH = 4096;

/** What a guest does with its folders: bounds, and everything that is to be closed in the end. */
export class Folders {
  readonly #granted: readonly GrantedFolder[];
  readonly #tank: Tank;
  readonly #open = new Set<Opened>();
  readonly #files = new Set<string>();
  #written = 0;

  constructor(granted: readonly GrantedFolder[], tank: Tank) {
    this.#granted = granted;
    this.#tank = tank;
  }

  /** The folders with the names that the guest knows. One that is gone meanwhile is left out. */
  preopens(): { readonly name: string; readonly folder: Opened }[] {
    return this.#granted.flatMap(({ host, path, writable }) => {
      try {
        return [{ name: path, folder: this.add(openSync(host, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW), { kind: "folder", path: host, name: path, mutable: writable }) }];
      } catch {
        return [];
      }
    });
  }

  add(fd: number, about: About): Opened {
    if (this.#open.size >= MAX_OPEN) {
      closeSync(fd);
      refuse("quota");
    }
    const opened = new Opened(this, fd, about);
    this.#open.add(opened);
    return opened;
  }

  forget(opened: Opened): void {
    this.#open.delete(opened);
  }

  /** Counts what is about to be written. */
  writing(bytes: number): void {
    this.#written += bytes;
    if (this.#written > MAX_WRITTEN) refuse("quota");
  }

  /** Looks at the clock: reading and writing burn no fuel. */
  working(): void {
    this.#tank.lookAtClock();
  }

  keep(bytes: number): void {
    this.#tank.keep(bytes);
  }

  note(name: string): void {
    if (this.#files.size < MAX_NOTED) this.#files.add(name);
  }

  /** Files that were opened, by the guest's names. */
  get files(): readonly string[] {
    return [...this.#files].sort();
  }

  close(): void {
    for (const opened of [...this.#open]) opened.close();
  }
}

const MAX_NOTED = 256;

export type About =
  /** `path`: where it was when it was opened; used where the system offers nothing better. */
  | { readonly kind: "folder"; readonly path: string; readonly name: string; readonly mutable: boolean }
  | { readonly kind: "file"; readonly name: string; readonly readable: boolean; readonly writable: boolean };

/** A file or folder that is open. */
export class Opened {
  readonly folders: Folders;
  readonly about: About;
  readonly #fd: number;
  #closed = false;
  /** Streams on it keep it open when its handle is dropped. */
  #users = 1;

  constructor(folders: Folders, fd: number, about: About) {
    this.folders = folders;
    this.#fd = fd;
    this.about = about;
  }

  get fd(): number {
    return this.#closed ? refuse("bad-descriptor") : this.#fd;
  }

  stat(): BigIntStats {
    return fstatSync(this.fd, { bigint: true });
  }

  /** One more holds on to it. */
  hold(): void {
    this.#users++;
  }

  /** A handle or a stream let go of it. */
  dropped(): void {
    this.#users--;
    if (this.#users <= 0) this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.folders.forget(this);
    closeSync(this.#fd);
  }
}

/** On Linux an entry of an open folder can be named by the folder itself, so that nobody can put another in its place. */
const BY_DESCRIPTOR = platform === "linux" && existsSync("/proc/self/fd");

/** An entry of a folder: its name to the system, which is not followed through its last part. */
export interface Entry {
  readonly base: string;
  readonly path: string;
  /** What the guest would call it from its preopened folder. */
  readonly name: string;
  /** How many folders below the preopened one. */
  readonly depth: number;
  /** The path ended with a slash: only a folder can be meant. */
  readonly mustBeFolder: boolean;
}

interface Parent {
  readonly fd: number;
  readonly path: string;
  readonly name: string;
}

function entryPath(parent: Parent, base: string): string {
  return `${BY_DESCRIPTOR ? `/proc/self/fd/${parent.fd}` : parent.path}/${base}`;
}

function partsOf(path: string): string[] {
  if (path.includes("\0")) refuse("invalid");
  if (path.length > MAX_PATH) refuse("name-too-long");
  if (path === "") refuse("no-entry");
  if (path.startsWith("/")) refuse("not-permitted");
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

/**
 * Does something with the entry that a guest's path means. `follow`: a link in the last place is gone through. The folders on the way
 * are closed when it is done.
 */
export function withEntry<T>(folder: Opened, path: string, follow: boolean, work: (entry: Entry) => T): T {
  const { about } = folder;
  if (about.kind !== "folder") refuse("not-directory");
  folder.folders.working();
  const way: Parent[] = [{ fd: folder.fd, path: about.path, name: about.name }];
  try {
    return work(find(way, path, follow));
  } finally {
    for (const { fd } of way.slice(1)) closeSync(fd);
  }
}

/** Goes down `way` part by part; `..` goes back up it, never above its beginning. */
function find(way: Parent[], path: string, follow: boolean): Entry {
  const left = partsOf(path);
  const mustBeFolder = /\/\.?$/.test(path);
  let links = 0;
  for (;;) {
    const parent = way.at(-1)!;
    const base = left.shift();
    if (base === undefined) return { base: ".", path: entryPath(parent, "."), name: parent.name, depth: way.length - 1, mustBeFolder };
    if (base === "..") {
      if (way.length === 1) refuse("not-permitted");
      closeSync(way.pop()!.fd);
      continue;
    }
    const at = entryPath(parent, base);
    const last = left.length === 0;
    const link = !last || follow || mustBeFolder ? linkAt(at) : null;
    if (link !== null) {
      if (++links > MAX_LINKS) refuse("loop");
      left.unshift(...partsOf(link));
      continue;
    }
    const name = `${parent.name}/${base}`;
    if (last) return { base, path: at, name, depth: way.length - 1, mustBeFolder };
    way.push({ fd: openSync(at, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW), path: `${parent.path}/${base}`, name });
  }
}

/** Where a link leads; null: it is none, or nothing. */
function linkAt(path: string): string | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isSymbolicLink() === true ? readlinkSync(path) : null;
}
