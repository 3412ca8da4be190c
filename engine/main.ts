// Process entry: the fast no-op path first (stats against the goal's own record); everything else is loaded only when
// there is something to do. Imports must stay as few as they are: they are what a no-op costs.

import type { Names } from "./answer-find.ts";
import type * as Answers from "./answers.ts";
import { existsSync } from "node:fs";
import { defaultCacheDir, rawValues } from "./cache-place.ts";
import { layout } from "./cache/layout.ts";
import { type Answered, check, mayReplay, putBackText, recordKey, recordPath, replay } from "./record.ts";

declare const BUILD_ID: string;
/** Under which names the packaged graph's cache is found. */
declare const CACHE_NAMES: Names;

/** True when the question is answered. */
async function fast(): Promise<boolean> {
  const argv = process.argv.slice(2);
  if (!mayReplay(argv)) return false;
  const key = recordKey(argv, BUILD_ID);
  const path = recordPath(key);
  const verdict = check(path, key, process.env);
  if (verdict.kind === "same") return answered(verdict.open);
  if (verdict.kind === "none") return answeredElsewhere(argv, key, path);
  if (verdict.kind !== "lost" || verdict.open.head.contents === undefined) return false;
  const { putBack } = await answers();
  return putBack(path, verdict.open, verdict.lost) && answered(verdict.open, putBackText(verdict.open.head.replay.goal, verdict.lost.length));
}

/** A fresh clone: another may have left its answer in the cache. */
async function answeredElsewhere(argv: readonly string[], key: string, path: string): Promise<boolean> {
  if (!existsSync(layout(rawValues(argv, "--cache-dir")[0] ?? defaultCacheDir(CACHE_NAMES, process.env)).base)) return false;
  const { takeAnswer } = await answers();
  const found = unlessBroken(() => takeAnswer({ argv, env: process.env, recordKey: key, recordPath: path }, CACHE_NAMES));
  return found !== undefined && answered(found.answer, found.placed === 0 ? undefined : putBackText(found.answer.head.replay.goal, found.placed));
}

async function answers(): Promise<typeof Answers> {
  const { loadScript } = await import("./core.ts");
  return loadScript(__dirname, "answer") as typeof Answers;
}

/** A place or cache where even looking fails, such as a working directory that is gone, is for the whole tool to explain. */
function unlessBroken<T>(look: () => T | undefined): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function answered(open: Answered, summary?: string): boolean {
  try {
    process.exitCode = replay(open, process.cwd(), process.uptime() * 1000, summary);
    return true;
  } catch {
    // A report that cannot be written is an error of its own, which the normal path explains.
    return false;
  }
}

void fast().then((done) => {
  // Nothing is left to do: ending at once is quicker than to be taken down.
  if (done) process.exit();
  void import("./core.ts").then(({ loadTool }) => loadTool(__dirname));
});
