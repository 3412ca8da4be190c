// The cache folder of this machine: `cas/` content by sha256, `ac/` results by base key. Safe with other processes: every
// file is put in place by rename and verified when read. Damage is reported, removed and lived without.

import type { Diagnostic } from "../diagnostic.ts";
import { attempt, type Disk, writeAtomic } from "../host/disk.ts";
import { ByteReader, ByteWriter, checksum, CutShort } from "../lib/bytes.ts";
import { sha256Hex } from "../lib/digest.ts";
import { readTrace, type Trace, type TracedOutput, writeTrace } from "../trace.ts";
import { type Cache, sameDiscovered, VARIANT_LIMIT } from "./cache.ts";

const MAGIC = 0x41373058; // "X07A"
const VERSION = 2;

export interface LocalCache extends Cache {
  readonly folder: string;
}

/**
 * `onProblem` hears of damaged entries (removed) and of a folder that cannot be written (said once, then the cache is
 * read only for the rest of the process). A `readOnly` cache changes nothing.
 */
export function localCache(disk: Disk, folder: string, onProblem: (d: Diagnostic) => void, readOnly = false): LocalCache {
  const base = `${folder}/v1`;
  const blobPath = (sha: string) => `${base}/cas/${sha.slice(0, 2)}/${sha}`;
  const resultPath = (key: string) => `${base}/ac/${key.slice(0, 2)}/${key}`;
  let writable = !readOnly;

  const damaged = (path: string, what: string) => {
    if (!readOnly) attempt(() => disk.remove(path));
    onProblem({ code: "GRAPH_CACHE_ENTRY_DAMAGED", severity: "warning", stage: "run", message: `${what} in the cache is damaged`, hint: "nothing to do: it is made again", place: { file: path } });
  };
  const write = (path: string, bytes: Uint8Array) => {
    if (!writable) return;
    const done = attempt(() => writeAtomic(disk, path, bytes, 0o444));
    if (done.ok) return;
    writable = false;
    onProblem({
      code: "GRAPH_CACHE_UNWRITABLE",
      severity: "warning",
      stage: "run",
      message: `the cache folder ${folder} cannot be written: ${done.error.code}; going on without storing`,
      hint: "free space or name another folder with --cache-dir",
      place: { file: path },
    });
  };
  const results = (key: string): Trace[] => {
    const path = resultPath(key);
    // A miss is the common case of a first build, and a thrown ENOENT costs twenty times a stat.
    if (disk.stat(path) === undefined) return [];
    const read = attempt(() => disk.read(path));
    if (!read.ok) return [];
    const traces = decode(read.value, key);
    if (traces === undefined) damaged(path, `the result of action ${key.slice(0, 12)}`);
    return traces ?? [];
  };

  return {
    folder,
    results,
    remember(key, trace) {
      const others = results(key).filter((t) => !sameDiscovered(t, trace));
      write(resultPath(key), encode(key, [trace, ...others].slice(0, VARIANT_LIMIT)));
    },
    content(digest) {
      const path = blobPath(digest.sha256);
      if (disk.stat(path) === undefined) return undefined;
      const read = attempt(() => disk.read(path));
      if (!read.ok) return undefined;
      if (read.value.length === digest.size && sha256Hex(read.value) === digest.sha256) return read.value;
      damaged(path, `content ${digest.sha256.slice(0, 12)}`);
      return undefined;
    },
    holds(digest) {
      return disk.stat(blobPath(digest.sha256))?.size === digest.size;
    },
    keep(digest, bytes) {
      // What has just been made again must not be refused in favour of damaged bytes of the same size.
      if (this.holds(digest) && this.content(digest) !== undefined) return;
      write(blobPath(digest.sha256), bytes);
    },
  };
}

/** The key stands inside too: a whole file in another's place is as wrong as a flipped bit. */
function encode(key: string, traces: readonly Trace[]): Uint8Array {
  const body = new ByteWriter();
  body.raw(Buffer.from(key, "hex"));
  body.u32(traces.length);
  for (const t of traces) writeTrace(body, t);
  const payload = body.finish();
  const w = new ByteWriter();
  for (const x of [MAGIC, VERSION, checksum(payload)]) w.u32(x);
  w.raw(payload);
  return w.finish();
}

function decode(bytes: Uint8Array, key: string): Trace[] | undefined {
  try {
    const r = new ByteReader(bytes);
    if (r.u32() !== MAGIC || r.u32() !== VERSION) return undefined;
    const sum = r.u32();
    if (checksum(bytes.subarray(r.at)) !== sum) return undefined;
    if (Buffer.from(r.raw(32)).toString("hex") !== key) return undefined;
    const traces: Trace[] = [];
    for (let n = r.u32(); n > 0; n--) traces.push(readTrace(r));
    return traces.every((t) => t.outputs.every(isItself)) ? traces : undefined;
  } catch (e) {
    if (e instanceof CutShort || e instanceof SyntaxError) return undefined;
    throw e;
  }
}

/** Inline content is verified as content from a file is. */
function isItself(output: TracedOutput): boolean {
  return output.inline === undefined || (output.inline.length === output.size && sha256Hex(output.inline) === output.sha256);
}
