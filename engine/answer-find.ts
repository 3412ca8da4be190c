// Gives an answer that the cache has from another clone, where everything it depends on is here too, byte for byte: puts
// its outputs in place and leaves a record. In any doubt it gives nothing, and has changed nothing. Loads no graph; of so
// many small files node:crypto has the digests before a wasm would be compiled.

import { type Answer, type AnswerOutput, answerKey, decodeAnswer, foldersOf, isOutputPath, listingOf, mayAnswer, type Proof, whatIs } from "./answer.ts";
import { scanRaw } from "./argv.ts";
import { type CacheNames, defaultCacheDir, rawValues } from "./cache-place.ts";
import { type Layout, layout } from "./cache/layout.ts";
import { decodeLive, livePath } from "./cache/live.ts";
import { decodeResults } from "./cache/result.ts";
import { processRuns, STAMP_GRAIN_MS } from "./cache/running.ts";
import { attempt, type Disk, isStream, realDisk, type Stat, writeAtomic } from "./host/disk.ts";
import { Leftovers } from "./leftovers.ts";
import { utf8 } from "./lib/bytes.ts";
import { sha256Hex } from "./lib/digest.ts";
import { Programs } from "./programs.ts";
import { Putting } from "./putting.ts";
import { type Answered, encodeRecord, IN_CACHE, type PlacedOutput, type RecordEntry, type Replay } from "./record.ts";
import { STATE_FOLDER } from "./state.ts";
import type { TracedOutput } from "./trace.ts";

export interface Names extends CacheNames {
  readonly remoteVariable?: string | undefined;
}

export interface Asked {
  readonly argv: readonly string[];
  readonly env: { readonly [name: string]: string | undefined };
  readonly recordKey: string;
  readonly recordPath: string;
}

export interface Found {
  readonly answer: Answered;
  /** Outputs that were not here and are now. */
  readonly placed: number;
}

/** Bigger files are looked up among known programs; one that is not known is for the whole tool to read. */
const READ_BYTES = 1 << 20;

/** The first answer of the cache that holds here, given; undefined where none does. */
export function takeAnswer(asked: Asked, names: Names): Found | undefined {
  const { argv, env } = asked;
  const remote = names.remoteVariable === undefined ? undefined : env[names.remoteVariable];
  const named = rawValues(argv, "--cache-dir");
  if (!mayAnswer(argv) || (remote !== undefined && remote !== "") || named.length > 1) return undefined;
  const folder = named[0] ?? defaultCacheDir(names, env);
  const disk = realDisk(process.cwd());
  if (disk.stat(layout(folder).base) === undefined) return undefined;
  return takeFrom({ disk, folder, now: Date.now, alive: processRuns }, asked);
}

/** Where answers are looked for, and what time it is there. */
export interface Shelf {
  readonly disk: Disk;
  readonly folder: string;
  readonly now: () => number;
  readonly alive: (pid: number) => boolean;
}

export function takeFrom(shelf: Shelf, asked: Asked): Found | undefined {
  return new Taking(shelf, asked).take();
}

/** A file of this clone that an answer was proved by. */
interface Seen {
  readonly stat: Stat;
  readonly sha256: string;
}

class Taking {
  readonly #shelf: Shelf;
  readonly #disk: Disk;
  readonly #at: Layout;
  readonly #asked: Asked;
  readonly #programs: Programs;
  readonly #seen = new Map<string, Seen | undefined>();

  constructor(shelf: Shelf, asked: Asked) {
    this.#shelf = shelf;
    this.#disk = shelf.disk;
    this.#at = layout(shelf.folder);
    this.#asked = asked;
    this.#programs = new Programs(shelf.disk, shelf.folder, shelf.now);
  }

  take(): Found | undefined {
    const key = answerKey(this.#asked.recordKey);
    const bytes = this.#read(this.#at.result(key));
    for (const trace of (bytes === undefined ? undefined : decodeResults(bytes, key)) ?? []) {
      const output = trace.outputs[0];
      if (output === undefined || !trace.discovered.every(({ path, sha256 }) => this.#is(path, sha256))) continue;
      const text = output.inline ?? this.#content(output);
      const answer = text === undefined ? undefined : decodeAnswer(text);
      return answer === undefined || !this.#holds(answer) ? undefined : this.#give(answer);
    }
    return undefined;
  }

  // ---- is all as it was --------------------------------------------------------------------------

  #is(path: string, sha256: string): boolean {
    if (sha256 === "") return this.#disk.stat(path) === undefined;
    return this.#look(path)?.sha256 === sha256;
  }

  /** The file with its stat from before it was read; undefined where it is no file, or none that is quickly read. */
  #look(path: string): Seen | undefined {
    if (this.#seen.has(path)) return this.#seen.get(path);
    const seen = this.#examine(path);
    this.#seen.set(path, seen);
    return seen;
  }

  #examine(path: string): Seen | undefined {
    const stat = this.#disk.stat(path);
    if (stat?.kind !== "file") return undefined;
    if (stat.size >= READ_BYTES && path.startsWith("/")) {
      const known = this.#programs.find(path, stat);
      return known === undefined ? undefined : { stat, sha256: known.sha256 };
    }
    const read = attempt(() => this.#disk.read(path));
    return read.ok && read.value.length === stat.size ? { stat, sha256: sha256Hex(read.value) } : undefined;
  }

  #holds(answer: Answer): boolean {
    const { env, argv } = this.#asked;
    const digestOfValue = (value: string | undefined) => (value === undefined ? null : sha256Hex(value));
    if (!answer.env.every(([name, sha256]) => digestOfValue(env[name]) === sha256)) return false;
    const { json, quiet, reportOut } = scanRaw(argv);
    if (json !== (answer.report !== null) || answer.reportOnStdout !== (json && !quiet)) return false;
    if (!answer.outputs.every(([path]) => isOutputPath(path, argv))) return false;
    if (reportOut !== undefined && isStream(this.#disk, reportOut)) return false;
    const folders = foldersOf(answer.outputs);
    return answer.proofs.every((proof) => this.#proved(proof, folders));
  }

  #proved(proof: Proof, folders: ReadonlySet<string>): boolean {
    const [kind, path] = proof;
    switch (kind) {
      case "source":
        return this.#is(path, proof[2]) && this.#look(path)!.stat.size === proof[3];
      case "missing":
        return this.#disk.stat(path) === undefined;
      case "above":
        return (this.#disk.stat(path)?.kind ?? "dir") === "dir";
      case "present": {
        const stat = this.#disk.stat(path);
        return stat !== undefined && whatIs(stat) === proof[2];
      }
      case "dir":
        return listingOf(this.#disk, path, folders) === proof[2];
    }
  }

  // ---- putting in place --------------------------------------------------------------------------

  #give(answer: Answer): Found | undefined {
    const wanted = new Map<AnswerOutput, Uint8Array>();
    for (const output of answer.outputs) {
      const [path, sha256, size, , inline] = output;
      const there = this.#disk.stat(path);
      // Nothing that is here is written over by what an answer says.
      if (there !== undefined && !this.#is(path, sha256)) return undefined;
      const bytes = there !== undefined ? undefined : inline === null ? this.#content({ sha256, size }) : proved(Buffer.from(inline, "base64"), sha256);
      if (there === undefined && bytes?.length !== size) return undefined;
      if (bytes !== undefined) wanted.set(output, bytes);
    }
    const leftovers = new Leftovers(this.#disk, STATE_FOLDER);
    const putting = new Putting(this.#disk);
    leftovers.begin(this.#shelf.alive);
    try {
      for (const [[path, sha256], bytes] of wanted) {
        const stat = putting.put(path, bytes);
        if (stat === undefined) return void putting.giveUp();
        this.#seen.set(path, { stat, sha256 });
      }
      if (!putting.finish()) return undefined;
      return { answer: this.#record(answer), placed: wanted.size };
    } finally {
      leftovers.end(answer.outputs.map(([path]) => path));
    }
  }

  /** What this workspace remembers from now on: the answer with the stamps of its own files, and the live set behind it. */
  #record(answer: Answer): Answered {
    const { argv, env, recordKey, recordPath } = this.#asked;
    const small: Uint8Array[] = [];
    let at = 0;
    const outputs = answer.outputs.map(([path, sha256, size, , inline]): PlacedOutput => {
      if (inline === null) return [path, sha256, size, IN_CACHE];
      small.push(Buffer.from(inline, "base64"));
      at += size;
      return [path, sha256, size, at - size];
    });
    const replay: Replay = {
      goal: answer.goal,
      exitCode: 0,
      report: answer.report ?? undefined,
      reportOnStdout: answer.reportOnStdout,
      reportOut: scanRaw(argv).reportOut,
      stderr: answer.stderr,
      summary: answer.summary,
      graphReport: undefined,
      eventsOut: undefined,
    };
    const entries = [...answer.proofs.map((proof) => this.#entry(proof)), ...answer.outputs.map(([path, , size, print]) => this.#fileEntry(path, "output", size, print))];
    const stdout = Buffer.from(answer.stdout, "base64");
    const record = encodeRecord({ key: recordKey, env: answer.env.map(([name]) => [name, env[name]] as const), replay, contents: this.#shelf.folder, outputs, small: Buffer.concat(small), entries, stdout });
    attempt(() => writeAtomic(this.#disk, recordPath, record));
    this.#keepAlive(answer);
    return { head: { replay }, stdout };
  }

  #entry(proof: Proof): RecordEntry {
    const [kind, path] = proof;
    if (kind === "source") return this.#fileEntry(path, kind, proof[3], proof[4]);
    const stat = kind === "missing" || kind === "above" ? undefined : this.#disk.stat(path);
    const size = kind === "present" ? stat?.mode : stat?.size;
    return { path, kind, mtimeMs: stat?.mtimeMs ?? 0, ctimeMs: this.#settled(stat), size: size ?? 0, ino: stat?.ino ?? 0, fingerprint: 0n, sha256: "" };
  }

  #fileEntry(path: string, kind: "source" | "output", size: number, print: string): RecordEntry {
    const { stat, sha256 } = this.#seen.get(path)!;
    return { path, kind, mtimeMs: stat.mtimeMs, ctimeMs: this.#settled(stat), size, ino: stat.ino, fingerprint: BigInt(`0x${print}`), sha256 };
  }

  /** A stamp that may hide a later change is none: content decides next time. */
  #settled(stat: Stat | undefined): number {
    if (stat === undefined) return 0;
    const grain = this.#disk.grainMs(stat);
    return grain > 0 && this.#shelf.now() - stat.ctimeMs < grain ? 0 : stat.ctimeMs;
  }

  /** What is behind the answer is in use as much as the answer: it is archived with it, and not the first to go. */
  #keepAlive(answer: Answer): void {
    const live = decodeLive(answer.live);
    if (live === undefined || live.goal !== answer.goal || JSON.stringify(live.words) !== JSON.stringify(this.#asked.argv)) return;
    attempt(() => writeAtomic(this.#disk, livePath(live.words), utf8(answer.live)));
    for (const [base] of live.actions) this.#use(this.#at.result(base));
  }

  // ---- the cache ---------------------------------------------------------------------------------

  /** Whether it is there; what is used is stamped, so that it is not the first to go. */
  #use(path: string): Stat | undefined {
    const stat = this.#disk.stat(path);
    if (stat !== undefined && this.#shelf.now() - stat.mtimeMs > STAMP_GRAIN_MS) attempt(() => this.#disk.touch(path));
    return stat;
  }

  #read(path: string): Uint8Array | undefined {
    if (this.#use(path)?.kind !== "file") return undefined;
    const read = attempt(() => this.#disk.read(path));
    return read.ok ? read.value : undefined;
  }

  #content({ sha256, size }: Pick<TracedOutput, "sha256" | "size">): Uint8Array | undefined {
    const path = this.#at.content(sha256);
    if (this.#use(path)?.size !== size) return undefined;
    const bytes = this.#read(path);
    return bytes === undefined ? undefined : proved(bytes, sha256);
  }
}

function proved(bytes: Uint8Array, sha256: string): Uint8Array | undefined {
  return sha256Hex(bytes) === sha256 ? bytes : undefined;
}
