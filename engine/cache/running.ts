// Marks of the builds that use a cache folder now, so that nobody removes what they use. Knows nothing of entries.

import { hostname } from "node:os";
import { attempt, type Disk } from "../host/disk.ts";
import type { Layout } from "./layout.ts";

/** An entry that was used less than this ago is not stamped again: a stamp may lag behind its use by so much. */
export const STAMP_GRAIN_MS = 30 * 60_000;
/** A mark of another machine is believed for a day. */
const FOREIGN_MARK_MS = 24 * 3_600_000;

let marks = 0;

/** Says that a build began to use the cache; gives the way to say that it ended. */
export function beginRunning(disk: Disk, at: Layout, now: number): () => void {
  marks += 1;
  const path = `${at.running}/${Math.floor(now)}-${process.pid}-${marks}-${hostname().replace(/[^A-Za-z0-9]/g, "_")}`;
  const write = () => disk.write(path, new Uint8Array(0));
  if (!attempt(write).ok) attempt(() => (disk.makeDirs(at.running), write()));
  return () => void attempt(() => disk.remove(path));
}

/**
 * Everything used since this moment may be in use now (infinity: no build runs). Marks of processes that are gone are
 * removed; `alive` is asked for processes of this machine.
 */
export function inUseSince(disk: Disk, at: Layout, now: number, alive: (pid: number) => boolean): number {
  const listed = attempt(() => disk.list(at.running));
  let since = Number.POSITIVE_INFINITY;
  for (const { name } of listed.ok ? listed.value : []) {
    const mark = /^(\d+)-(\d+)-\d+-(.*)$/.exec(name);
    const started = Number(mark?.[1] ?? 0);
    const here = mark?.[3] === hostname().replace(/[^A-Za-z0-9]/g, "_");
    const runs = mark !== null && (here ? alive(Number(mark[2])) : now - started < FOREIGN_MARK_MS);
    if (!runs) attempt(() => disk.remove(`${at.running}/${name}`));
    else since = Math.min(since, started);
  }
  return since - STAMP_GRAIN_MS;
}

export function processRuns(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === "EPERM";
  }
}
