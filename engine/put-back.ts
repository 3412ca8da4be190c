// Outputs that were lost, put back as the goal's own record names them: no graph is loaded and no key is made. Where
// anything is not as the record says it gives up, and the whole tool sees to what is to be done. Knows no goals.

import { createHash } from "node:crypto";
import { layout } from "./cache/layout.ts";
import { processRuns, STAMP_GRAIN_MS } from "./cache/running.ts";
import { attempt, type Disk, realDisk, type Stat } from "./host/disk.ts";
import { Leftovers } from "./leftovers.ts";
import { Putting } from "./putting.ts";
import { IN_CACHE, type Open, type PlacedOutput, refresh } from "./record.ts";
import { STATE_FOLDER } from "./state.ts";

/** Puts back the outputs at these places of the record; false where one could not be, or is another than it was. */
export function putBack(recordAt: string, open: Open, lost: readonly number[]): boolean {
  const disk = realDisk(process.cwd());
  const outputs = new Map(open.outputs().map((output) => [output[0], output] as const));
  const leftovers = new Leftovers(disk, STATE_FOLDER);
  const paths = lost.map((i) => open.paths[i]!);
  const putting = new Putting(disk);
  leftovers.begin(processRuns);
  try {
    const stats: Stat[] = [];
    for (const path of paths) {
      const output = outputs.get(path);
      const bytes = output === undefined ? undefined : content(disk, open, output);
      const stat = bytes === undefined ? undefined : putting.put(path, bytes);
      if (stat === undefined) return putting.giveUp();
      stats.push(stat);
    }
    if (!putting.finish()) return false;
    if (stats.every((s) => disk.grainMs(s) === 0)) attempt(() => refresh(recordAt, open, lost, stats));
    return true;
  } finally {
    leftovers.end(paths);
  }
}

/** The bytes, proved to be those that are wanted. */
function content(disk: Disk, open: Open, [, sha256, size, at]: PlacedOutput): Uint8Array | undefined {
  const bytes = at === IN_CACHE ? cached(disk, layout(open.head.contents!).content(sha256)) : open.small.subarray(at, at + size);
  return bytes?.length === size && createHash("sha256").update(bytes).digest("hex") === sha256 ? bytes : undefined;
}

/** What is used is stamped, so that it is not the first to go. */
function cached(disk: Disk, path: string): Uint8Array | undefined {
  const stat = disk.stat(path);
  if (stat === undefined) return undefined;
  if (Date.now() - stat.mtimeMs > STAMP_GRAIN_MS) attempt(() => disk.touch(path));
  const read = attempt(() => disk.read(path));
  return read.ok ? read.value : undefined;
}
