// The cache folder of this machine: `cas/` content by sha256, `ac/` results by base key. Safe with other processes: every
// file is put in place by rename and verified when read. Damage is reported, removed and lived without.

import type { Diagnostic } from "../diagnostic.ts";
import { attempt, type Disk, placeAtomic, type Stat } from "../host/disk.ts";
import { sha256Hex } from "../lib/digest.ts";
import { type Cache, VARIANT_LIMIT } from "./cache.ts";
import { account } from "./keep.ts";
import { layout } from "./layout.ts";
import { decodeResults, encodeResults, withResult } from "./result.ts";
import type { Trace } from "../trace.ts";
import { beginRunning, STAMP_GRAIN_MS } from "./running.ts";

export interface LocalCache extends Cache {
  readonly folder: string;
  /** There was nothing in the folder when it was first asked. */
  readonly empty: boolean;
  /** True when it is remembered from now on. */
  remember(baseKey: string, trace: Trace): boolean;
  /** So many bytes were put in by somebody else. */
  count(bytes: number): void;
  /** The build is over: what it wrote is counted, and too old entries make room when the folder has grown too big. */
  close(): void;
}

export interface LocalOptions {
  /** Hears of damaged entries (removed) and of a folder that cannot be written (said once; from then on it is read only). */
  readonly onProblem: (d: Diagnostic) => void;
  /** Changes nothing. */
  readonly readOnly?: boolean;
  readonly maxBytes: number;
  readonly now: () => number;
  readonly alive: (pid: number) => boolean;
}

export function localCache(disk: Disk, folder: string, { onProblem, readOnly = false, maxBytes, now, alive }: LocalOptions): LocalCache {
  const at = layout(folder);
  let writable = !readOnly;
  let written = 0;
  let empty: boolean | undefined;
  const isEmpty = () => (empty ??= disk.stat(at.base) === undefined);
  let endRunning: (() => void) | undefined;

  const damaged = (path: string, what: string) => {
    if (!readOnly) attempt(() => disk.remove(path));
    onProblem({ code: "GRAPH_CACHE_ENTRY_DAMAGED", severity: "warning", stage: "run", message: `${what} in the cache is damaged`, hint: "nothing to do: it is made again", place: { file: path } });
  };
  const write = (path: string, bytes: Uint8Array): boolean => {
    if (!writable) return false;
    const done = attempt(() => placeAtomic(disk, path, (temp) => disk.write(temp, bytes, 0o444)));
    if (done.ok) {
      written += bytes.length;
      return true;
    }
    writable = false;
    onProblem({
      code: "GRAPH_CACHE_UNWRITABLE",
      severity: "warning",
      stage: "run",
      message: `the cache folder ${folder} cannot be written: ${done.error.code}; going on without storing`,
      hint: "free space or name another folder with --cache-dir",
      place: { file: path },
    });
    return false;
  };
  /** The entry's stat; what is used is stamped, so that it is not the first to go. A miss is common and costs one stat. */
  const used = (path: string): Stat | undefined => {
    if (endRunning === undefined && writable) {
      isEmpty();
      endRunning = beginRunning(disk, at, now());
    }
    const stat = disk.stat(path);
    if (stat !== undefined && writable && now() - stat.mtimeMs > STAMP_GRAIN_MS) attempt(() => disk.touch(path));
    return stat;
  };
  /** What `decode` makes of the results under a key; undefined where there are none, or damaged ones. */
  const decoded = <T>(key: string, decode: (file: Uint8Array) => T | undefined): T | undefined => {
    const path = at.result(key);
    if (used(path) === undefined) return undefined;
    const read = attempt(() => disk.read(path));
    if (!read.ok) return undefined;
    const whole = decode(read.value);
    if (whole === undefined) damaged(path, `the result of action ${key.slice(0, 12)}`);
    return whole;
  };

  return {
    folder,
    get empty() {
      return isEmpty();
    },
    count: (bytes) => void (written += bytes),
    results: (key) => decoded(key, (file) => decodeResults(file, key)) ?? [],
    remember(key, trace) {
      return write(at.result(key), decoded(key, (file) => withResult(file, key, trace, VARIANT_LIMIT)) ?? encodeResults(key, [trace]));
    },
    content(digest) {
      const path = at.content(digest.sha256);
      if (used(path) === undefined) return undefined;
      const read = attempt(() => disk.read(path));
      if (!read.ok) return undefined;
      if (read.value.length === digest.size && sha256Hex(read.value) === digest.sha256) return read.value;
      damaged(path, `content ${digest.sha256.slice(0, 12)}`);
      return undefined;
    },
    holds(digest) {
      return used(at.content(digest.sha256))?.size === digest.size;
    },
    keep(digest, bytes) {
      // What has just been made again must not be refused in favour of damaged bytes of the same size.
      if (this.holds(digest) && this.content(digest) !== undefined) return;
      write(at.content(digest.sha256), bytes);
    },
    close() {
      if (written > 0 && !readOnly) account(disk, at, written, { maxBytes, isAll: empty === true }, now(), alive);
      [written, empty] = [0, undefined];
      endRunning?.();
      endRunning = undefined;
    },
  };
}
