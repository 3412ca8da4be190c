// The goal's own record: what the last answer depended on (stats) and what it said. The fast no-op path needs this file,
// a checksum and node:fs alone; it opens no source and no output. Knows nothing of graphs, keys or caches.

import * as fs from "node:fs";
import { checksum } from "./lib/bytes.ts";

/** What was said and written, with the two facts of a run (cwd and elapsed_ms) cut out of the report's text. */
export interface Replay {
  readonly goal: string;
  readonly exitCode: number;
  /** Report text in three parts, between which the working directory (as JSON) and the elapsed milliseconds stand. */
  readonly report: readonly [string, string, string] | undefined;
  readonly reportOnStdout: boolean;
  readonly reportOut: string | undefined;
  readonly stderr: string;
  /** What is said where all was fresh; "" where nothing is. */
  readonly summary: string;
  readonly graphReport: { readonly path: string; readonly text: string } | undefined;
  readonly eventsOut: { readonly path: string; readonly text: string } | undefined;
}

/** `above`: a folder that was looked for and has outputs in it. With them or before them, it is no other answer. */
export type EntryKind = "source" | "output" | "dir" | "missing" | "present" | "above";
const KINDS: readonly EntryKind[] = ["source", "output", "dir", "missing", "present", "above"];

export interface RecordEntry {
  readonly path: string;
  readonly kind: EntryKind;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly size: number;
  readonly ino: number;
  readonly fingerprint: bigint;
  /** Content digest of an output; "" for everything else. Kept so that outputs which nobody makes any more can be removed. */
  readonly sha256: string;
}

interface Head {
  readonly key: string;
  readonly env: readonly (readonly [string, string | undefined])[];
  readonly replay: Replay;
  /** The cache folder from which lost outputs may be put back; absent where more than outputs was asked for, or less. */
  readonly contents?: string | undefined;
}

/** A placed output. Content of a few bytes is in no cache: it stands in the record, from `at` on. */
export type PlacedOutput = readonly [path: string, sha256: string, size: number, at: number];
/** `at` of content that is in the cache. */
export const IN_CACHE = -1;

export interface GoalRecord extends Head {
  /** Read only when outputs are lost or not made any more, so it is a section of its own. */
  readonly outputs: readonly PlacedOutput[];
  /** The content of small outputs. Not under the checksum: each has its digest. */
  readonly small: Uint8Array;
  readonly entries: readonly RecordEntry[];
  readonly stdout: Uint8Array;
}

const MAGIC = 0x52373058; // "X07R"
const VERSION = 5;
/** Magic, version, checksum, 0, then the counts of the sections: entries, head, stdout, paths, outputs, small. */
const HEADER_BYTES = 40;
export const RECORD_FOLDER = ".x07-wasm/state/goals";

/** Words with which an answer is never replayed: they ask for work, or stay. */
const NEVER = new Set(["--force", "--watch", "--dry-run", "--explain"]);

/** What the record is about: the words as given, and which build of this tool answers. */
export function recordKey(argv: readonly string[], build: string): string {
  return JSON.stringify([build, ...argv]);
}

export function recordPath(key: string): string {
  // Two 32-bit FNV-1a lanes name the file; the whole key is compared after reading.
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < key.length; i++) {
    const c = key.charCodeAt(i);
    a = Math.imul(a ^ c, 0x01000193);
    b = Math.imul(b ^ (c + i), 0x85ebca6b);
  }
  return `${RECORD_FOLDER}/${(a >>> 0).toString(16).padStart(8, "0")}${(b >>> 0).toString(16).padStart(8, "0")}`;
}

export function mayReplay(argv: readonly string[]): boolean {
  for (const word of argv) if (NEVER.has(word)) return false;
  return true;
}

// ---- the file ------------------------------------------------------------------------------------

export function encodeRecord(record: GoalRecord): Uint8Array {
  const n = record.entries.length;
  const numbers = new Float64Array(n * 4);
  const prints = new BigUint64Array(n);
  const kinds = new Uint8Array(n);
  record.entries.forEach((e, i) => {
    numbers[i] = e.mtimeMs;
    numbers[n + i] = e.ctimeMs;
    numbers[2 * n + i] = e.size;
    numbers[3 * n + i] = e.ino;
    prints[i] = e.fingerprint;
    kinds[i] = KINDS.indexOf(e.kind);
  });
  const { key, env, contents } = record;
  const head: Head = { key, env, replay: record.replay, ...(contents !== undefined && { contents }) };
  const headBytes = Buffer.from(JSON.stringify(head));
  const outputs = Buffer.from(JSON.stringify(record.outputs));
  const paths = Buffer.from(record.entries.map((e) => e.path).join("\0"));
  const sizes = new Uint32Array([n, headBytes.length, record.stdout.length, paths.length, outputs.length, record.small.length]);
  const body = Buffer.concat([Buffer.from(sizes.buffer), Buffer.from(numbers.buffer), Buffer.from(prints.buffer), kinds, headBytes, record.stdout, paths, outputs, Buffer.alloc(4)]);
  const whole = body.subarray(0, body.length - (body.length % 4));
  return Buffer.concat([Buffer.from(new Uint32Array([MAGIC, VERSION, checksum(whole), 0]).buffer), whole, record.small]);
}

export interface Open {
  /** The whole file, 8-byte aligned; the arrays below are views of it. */
  readonly bytes: Uint8Array;
  readonly n: number;
  readonly numbers: Float64Array;
  readonly prints: BigUint64Array;
  readonly kinds: Uint8Array;
  readonly head: Head;
  readonly stdout: Uint8Array;
  readonly paths: readonly string[];
  readonly outputs: () => readonly PlacedOutput[];
  readonly small: Uint8Array;
}

/** The decoded file, or undefined when it is missing, damaged or of another version (the caller then builds normally). */
export function openRecord(path: string): Open | undefined {
  try {
    return decodeRecord(fs.readFileSync(path));
  } catch (e) {
    if ((e as NodeJS.ErrnoException).syscall === undefined) throw e;
    return undefined;
  }
}

function decodeRecord(file: Buffer): Open | undefined {
  if (file.length < HEADER_BYTES) return undefined;
  const aligned = file.byteOffset % 8 === 0 ? file : new Uint8Array(file);
  const top = new Uint32Array(aligned.buffer, aligned.byteOffset, 10);
  const checked = aligned.length - top[9]!;
  if (top[0] !== MAGIC || top[1] !== VERSION || checked < HEADER_BYTES || top[2] !== checksum(aligned.subarray(16, checked))) return undefined;
  const n = top[4]!;
  const start = aligned.byteOffset + HEADER_BYTES;
  const at = HEADER_BYTES + n * 41;
  const end = at + top[5]! + top[6]! + top[7]! + top[8]!;
  if (end > checked) return undefined;
  const text = (from: number, length: number) => Buffer.from(aligned.buffer, aligned.byteOffset + from, length).toString("utf8");
  const joined = text(at + top[5]! + top[6]!, top[7]!);
  return {
    bytes: aligned,
    n,
    numbers: new Float64Array(aligned.buffer, start, n * 4),
    prints: new BigUint64Array(aligned.buffer, start + n * 32, n),
    kinds: aligned.subarray(HEADER_BYTES + n * 40, at),
    head: JSON.parse(text(at, top[5]!)) as Head,
    stdout: aligned.subarray(at + top[5]!, at + top[5]! + top[6]!),
    paths: n === 0 ? [] : joined.split("\0"),
    outputs: () => JSON.parse(text(end - top[8]!, top[8]!)) as PlacedOutput[],
    small: aligned.subarray(checked),
  };
}

/** Outputs that the last answer under this key had put in place: path -> sha256. */
export function outputsOf(path: string, key: string): ReadonlyMap<string, string> {
  const open = openRecord(path);
  return open === undefined || open.head.key !== key ? new Map() : new Map(open.outputs().map(([p, sha256]) => [p, sha256] as const));
}

// ---- the check -----------------------------------------------------------------------------------

export type Verdict =
  | { readonly kind: "same"; readonly open: Open }
  | { readonly kind: "touched"; readonly open: Open; readonly touched: readonly number[] }
  | { readonly kind: "lost"; readonly open: Open; readonly lost: readonly number[] }
  | { readonly kind: "stale" }
  /** Nothing is remembered here of these words. */
  | { readonly kind: "none" };

const STALE: Verdict = { kind: "stale" };
/** More touched files than this and the normal path is the quicker one. */
const TOUCH_LIMIT = 256;

/** Compares the world with the record by stats alone. "touched": same sizes, other stamps; content decides. "lost": only outputs are gone. */
export function check(path: string, key: string, env: { readonly [name: string]: string | undefined }): Verdict {
  const open = openRecord(path);
  if (open === undefined || open.head.key !== key) return { kind: "none" };
  for (const [name, value] of open.head.env) if ((env[name] ?? null) !== (value ?? null)) return STALE;
  const { n, numbers, kinds, paths } = open;
  const [touched, lost]: [number[], number[]] = [[], []];
  const quiet = { throwIfNoEntry: false } as const;
  for (let i = 0; i < n; i++) {
    let s: fs.Stats | undefined;
    try {
      s = fs.statSync(paths[i]!, quiet);
    } catch {
      s = undefined;
    }
    const kind = kinds[i]!;
    if (s === undefined) {
      if (kind === 1) lost.push(i);
      else if (kind !== 3 && kind !== 5) return STALE;
      continue;
    }
    if (kind === 3) return STALE;
    if (kind === 5) {
      if (!s.isDirectory()) return STALE;
      continue;
    }
    if (kind === 4) {
      // Its kind and permissions are all that was asked of it (is it a program, is it a folder).
      if (s.mode !== numbers[2 * n + i]) return STALE;
      continue;
    }
    if (s.mtimeMs === numbers[i] && s.ctimeMs === numbers[n + i] && s.size === numbers[2 * n + i] && s.ino === numbers[3 * n + i]) continue;
    if (kind === 2 || s.size !== numbers[2 * n + i] || !s.isFile() || touched.length >= TOUCH_LIMIT) return STALE;
    touched.push(i);
  }
  if (lost.length > 0) return touched.length === 0 ? { kind: "lost", open, lost } : STALE;
  return touched.length === 0 ? { kind: "same", open } : { kind: "touched", open, touched };
}

type Stamps = Pick<fs.Stats, "mtimeMs" | "ctimeMs" | "ino">;

/** Writes the record again with the present stamps of files whose content proved unchanged. */
export function refresh(path: string, open: Open, touched: readonly number[], stats: readonly Stamps[]): void {
  touched.forEach((i, k) => {
    const s = stats[k]!;
    open.numbers.set([s.mtimeMs], i);
    open.numbers.set([s.ctimeMs], open.n + i);
    open.numbers.set([s.ino], 3 * open.n + i);
  });
  new DataView(open.bytes.buffer, open.bytes.byteOffset).setUint32(8, checksum(open.bytes.subarray(16, open.bytes.length - open.small.length)), true);
  const temporary = `${path}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, open.bytes);
  fs.renameSync(temporary, path);
}

// ---- the answer ----------------------------------------------------------------------------------

/** What was answered, without what it depended on. */
export interface Answered {
  readonly head: Pick<Head, "replay">;
  readonly stdout: Uint8Array;
}

/** What is said in place of the summary where outputs were not there. */
export function putBackText(goal: string, count: number): string {
  return `${goal}: nothing to build, ${count} outputs put back\n`;
}

/** Says again what was said, for this working directory and this run's time. Gives the exit code. */
export function replay(open: Answered, cwd: string, elapsedMs: number, summary = open.head.replay.summary): number {
  const { replay: r } = open.head;
  const report = r.report === undefined ? undefined : `${r.report[0]}${JSON.stringify(cwd)}${r.report[1]}${Math.max(0, Math.round(elapsedMs))}${r.report[2]}`;
  for (const side of [r.graphReport, r.eventsOut, r.reportOut === undefined || report === undefined ? undefined : { path: r.reportOut, text: report }]) {
    if (side !== undefined) writeWhole(side.path, side.text);
  }
  if (open.stdout.length > 0) writeAll(1, open.stdout);
  if (report !== undefined && r.reportOnStdout) writeAll(1, Buffer.from(report));
  const said = r.summary === "" ? r.stderr : r.stderr + summary;
  if (said !== "") writeAll(2, Buffer.from(said));
  return r.exitCode;
}

function writeWhole(path: string, text: string): void {
  const there = fs.statSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !there.isFile()) return fs.writeFileSync(path, text);
  const temporary = `${path}.${process.pid}.tmp`;
  // A folder that is gone is for the normal path to make: this one throws, and the caller goes there.
  fs.writeFileSync(temporary, text);
  fs.renameSync(temporary, path);
}

/** Whole and in order, also into a slow pipe; a reader that went away ends it quietly. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += fs.writeSync(fd, bytes, at);
    } catch (e) {
      const code = (e as NodeJS.ErrnoException).code;
      if (code === "EAGAIN") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      else if (code === "EPIPE") return;
      else throw Object.assign(e as Error, { fd });
    }
  }
}
