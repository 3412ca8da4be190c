// What is known of each file: its stat when it was last read and the digest of what was read. Columns of plain numbers
// so that a hundred thousand files load in milliseconds. Knows nothing of actions.

import { attempt, type Disk, type Stat } from "./host/disk.ts";
import { ByteReader, ByteWriter, checksum, CutShort, textOf, utf8 } from "./lib/bytes.ts";
import { digestOf, type Digest, sha256Stream } from "./lib/digest.ts";
import { BIG_FROM_BYTES, fingerprint, fingerprintOfBig } from "./lib/fingerprint.ts";
import { holds } from "./lib/path.ts";

export interface FileEntry {
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly size: number;
  readonly ino: number;
  readonly sha256: string;
  readonly fingerprint: bigint;
  /** The stamp was too young to trust when the content was read. */
  readonly racy: boolean;
}

export type FileState = { readonly kind: "file"; readonly digest: Digest } | { readonly kind: "missing" } | { readonly kind: "unreadable"; readonly code: string; readonly message: string };

/** Of what was read. */
interface Sums {
  readonly size: number;
  readonly sha256: string;
  readonly fingerprint: bigint;
}

/** What other workspaces have learned of files that are not of this one. */
export interface KnownElsewhere {
  find(path: string, stat: Stat): FileEntry | undefined;
  learn(path: string, entry: FileEntry): void;
}

const MAGIC = 0x46373058; // "X07F"
const VERSION = 1;

export function sameStat(e: { mtimeMs: number; ctimeMs: number; size: number; ino: number }, s: Stat): boolean {
  return e.mtimeMs === s.mtimeMs && e.ctimeMs === s.ctimeMs && e.size === s.size && e.ino === s.ino;
}

/** Stays in the processor's cache from the reading to what is done with it. */
const PIECE_BYTES = 1 << 16;

/**
 * The files of one workspace. Within one build each file is looked at once (`settled`), so that all actions of a build
 * see one state of the world; whoever writes a file says so by `written`.
 */
export class Files {
  readonly #disk: Disk;
  readonly #now: () => number;
  readonly #entries = new Map<string, FileEntry>();
  readonly #settled = new Map<string, FileState>();
  /** Of files that were only looked for: who asks for their content next need not look again. */
  readonly #stats = new Map<string, Stat | undefined>();
  /** Every path that this build looked at as a source, with what it saw. */
  readonly seen = new Map<string, FileState>();
  changed = false;
  readonly #programs: KnownElsewhere | undefined;

  constructor(disk: Disk, now: () => number, programs?: KnownElsewhere) {
    this.#disk = disk;
    this.#now = now;
    this.#programs = programs;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Takes over what another table has proved. */
  know(path: string, entry: FileEntry): void {
    this.#entries.set(path, entry);
    this.changed = true;
  }

  entry(path: string): FileEntry | undefined {
    return this.#entries.get(path);
  }

  /** What stands there, without asking for its content. */
  peek(path: string): Stat | undefined {
    const stat = this.#disk.stat(path);
    this.#stats.set(path, stat);
    return stat;
  }

  #stat(path: string): Stat | undefined {
    if (!this.#stats.has(path)) return this.#disk.stat(path);
    const stat = this.#stats.get(path);
    this.#stats.delete(path);
    return stat;
  }

  /** The content's digest by stat where that is proof enough, else by reading. */
  look(path: string): FileState {
    const known = this.#settled.get(path);
    if (known !== undefined) return known;
    const state = this.#examine(path);
    this.#settled.set(path, state);
    return state;
  }

  #examine(path: string): FileState {
    const stat = this.#stat(path);
    if (stat === undefined) {
      if (this.#entries.delete(path)) this.changed = true;
      return { kind: "missing" };
    }
    if (stat.kind !== "file") return { kind: "unreadable", code: stat.kind === "dir" ? "EISDIR" : "EINVAL", message: `${path} is not a regular file` };
    const entry = this.#entries.get(path);
    if (entry !== undefined && !entry.racy && sameStat(entry, stat)) return { kind: "file", digest: { sha256: entry.sha256, size: entry.size } };
    const known = this.#programs?.find(path, stat);
    if (known !== undefined) {
      this.know(path, known);
      return { kind: "file", digest: { sha256: known.sha256, size: known.size } };
    }
    const read = attempt(() => (stat.size < BIG_FROM_BYTES ? this.#sums(path) : this.#sumsOfBig(path)));
    if (!read.ok) return { kind: "unreadable", code: read.error.code, message: read.error.message };
    const digest = this.#remember(path, read.value, stat);
    this.#programs?.learn(path, this.#entries.get(path)!);
    return { kind: "file", digest };
  }

  #sums(path: string): Sums {
    const bytes = this.#disk.read(path);
    const print = fingerprint(bytes);
    const old = this.#entries.get(path);
    const same = old !== undefined && old.fingerprint === print && old.size === bytes.length;
    return { size: bytes.length, sha256: same ? old.sha256 : digestOf(bytes).sha256, fingerprint: print };
  }

  /** Never whole in memory. */
  #sumsOfBig(path: string): Sums {
    const hash = sha256Stream();
    let size = 0;
    const file = this.#disk.open(path, "read");
    try {
      const piece = new Uint8Array(PIECE_BYTES);
      for (let n = file.read(piece); n > 0; n = file.read(piece)) {
        hash.update(piece.subarray(0, n));
        size += n;
      }
    } finally {
      file.close();
    }
    const sha256 = hash.digest("hex");
    return { size, sha256, fingerprint: fingerprintOfBig(sha256) };
  }

  /** Records content that was read between two equal stats, or marks it as not to be trusted next time. */
  #remember(path: string, { size, sha256, fingerprint }: Sums, before: Stat): Digest {
    const after = this.#disk.stat(path);
    const steady = after !== undefined && sameStat(before, after) && size === after.size;
    const stat = after ?? before;
    const racy = !steady || this.#young(stat);
    this.#entries.set(path, { mtimeMs: stat.mtimeMs, ctimeMs: stat.ctimeMs, size, ino: stat.ino, sha256, fingerprint, racy });
    this.changed = true;
    return { sha256, size };
  }

  /** True when the file could still change without another stamp. */
  #young(stat: Stat): boolean {
    const grain = this.#disk.grainMs(stat);
    return grain > 0 && this.#now() - stat.ctimeMs < grain;
  }

  /** The file's bytes, if they are still those of `digest`. */
  readExactly(path: string, digest: Digest): Uint8Array | undefined {
    const read = attempt(() => this.#disk.read(path));
    if (!read.ok || read.value.length !== digest.size || digestOf(read.value).sha256 !== digest.sha256) return undefined;
    return read.value;
  }

  /** Says that this process has just put `bytes` at `path` by renaming the file `made`; what is not that file any more is unknown. */
  written(path: string, bytes: Uint8Array, digest: Digest, made: Stat | undefined): void {
    this.#stats.delete(path);
    const stat = this.#disk.stat(path);
    if (stat === undefined || made === undefined || stat.size !== bytes.length || stat.ino !== made.ino || stat.mtimeMs !== made.mtimeMs) return this.forget(path);
    const racy = this.#young(stat);
    this.#entries.set(path, { mtimeMs: stat.mtimeMs, ctimeMs: stat.ctimeMs, size: stat.size, ino: stat.ino, sha256: digest.sha256, fingerprint: fingerprint(bytes), racy });
    this.#settled.set(path, { kind: "file", digest });
    this.changed = true;
  }

  forget(path: string): void {
    this.#stats.delete(path);
    this.#settled.delete(path);
    if (this.#entries.delete(path)) this.changed = true;
  }

  /** What this process believed of files below a folder is looked at again. */
  unsettleBelow(folder: string): void {
    this.#stats.clear();
    for (const path of this.#settled.keys()) if (holds(folder, path)) this.#settled.delete(path);
  }

  /** Looks again at everything next time (a new build in the same process, as `--watch` does). */
  unsettle(): void {
    this.#stats.clear();
    this.#settled.clear();
    this.seen.clear();
  }

  /**
   * Once the clock has moved on, entries with young stamps are read once more: equal content makes them trustworthy.
   * Gives the paths that are no longer what the build saw.
   */
  confirm(paths: Iterable<string>): string[] {
    const moved: string[] = [];
    for (const path of paths) {
      const entry = this.#entries.get(path);
      if (entry === undefined) continue;
      const stat = this.#disk.stat(path);
      if (stat === undefined || stat.kind !== "file") {
        moved.push(path);
        continue;
      }
      if (sameStat(entry, stat) && !entry.racy) continue;
      const read = attempt(() => this.#disk.read(path));
      const after = this.#disk.stat(path);
      if (!read.ok || after === undefined || !sameStat(stat, after) || read.value.length !== entry.size || fingerprint(read.value) !== entry.fingerprint) {
        this.forget(path);
        moved.push(path);
        continue;
      }
      const racy = this.#young(stat);
      this.#entries.set(path, { ...entry, mtimeMs: stat.mtimeMs, ctimeMs: stat.ctimeMs, ino: stat.ino, racy });
      this.changed = true;
    }
    return moved;
  }

  /** True when some of these entries have stamps that the clock has not yet left behind. */
  anyRacy(paths: Iterable<string>): boolean {
    for (const path of paths) if (this.#entries.get(path)?.racy === true) return true;
    return false;
  }

  encode(): Uint8Array {
    const n = this.#entries.size;
    const w = new ByteWriter();
    const numbers = new Float64Array(n * 4);
    const prints = new BigUint64Array(n);
    const shas = new Uint8Array(n * 32);
    const flags = new Uint8Array(n);
    const paths: string[] = [];
    let i = 0;
    for (const [path, e] of this.#entries) {
      numbers.set([e.mtimeMs, e.ctimeMs, e.size, e.ino], i * 4);
      prints[i] = e.fingerprint;
      shas.set(Buffer.from(e.sha256, "hex"), i * 32);
      flags[i] = e.racy ? 1 : 0;
      paths.push(path);
      i += 1;
    }
    for (const part of [numbers, prints, shas, flags]) w.raw(new Uint8Array(part.buffer));
    w.raw(utf8(paths.join("\0")));
    const body = w.finish();
    const head = new ByteWriter();
    for (const x of [MAGIC, VERSION, n, checksum(body)]) head.u32(x);
    head.raw(body);
    return head.finish();
  }

  /** Loads what an earlier build wrote; false when the file is damaged or of another version (then it is written anew). */
  load(bytes: Uint8Array): boolean {
    const loaded = this.#decode(bytes);
    if (!loaded) this.changed = true;
    return loaded;
  }

  #decode(bytes: Uint8Array): boolean {
    try {
      const r = new ByteReader(bytes);
      if (r.u32() !== MAGIC || r.u32() !== VERSION) return false;
      const n = r.u32();
      const sum = r.u32();
      const body = bytes.slice(r.at);
      if (checksum(body) !== sum || body.length < n * 73) return false;
      const numbers = new Float64Array(body.buffer, 0, n * 4);
      const prints = new BigUint64Array(body.buffer, n * 32, n);
      const shas = Buffer.from(body.buffer, n * 40, n * 32).toString("hex");
      const paths = n === 0 ? [] : textOf(body.subarray(n * 73)).split("\0");
      if (paths.length !== n) return false;
      for (let i = 0; i < n; i++) {
        this.#entries.set(paths[i]!, {
          mtimeMs: numbers[i * 4]!,
          ctimeMs: numbers[i * 4 + 1]!,
          size: numbers[i * 4 + 2]!,
          ino: numbers[i * 4 + 3]!,
          fingerprint: prints[i]!,
          sha256: shas.slice(i * 64, i * 64 + 64),
          racy: body[n * 72 + i] === 1,
        });
      }
      return true;
    } catch (e) {
      if (e instanceof CutShort || e instanceof RangeError) return false;
      throw e;
    }
  }
}
