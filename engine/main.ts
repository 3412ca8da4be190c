// Process entry: the fast no-op path first (stats against the goal's own record); everything else is loaded only when
// there is something to do. Imports must stay as few as they are: they are what a no-op costs.

import { check, mayReplay, type Open, recordKey, recordPath, replay } from "./record.ts";

declare const BUILD_ID: string;

/** True when the question is answered. */
async function fast(): Promise<boolean> {
  const argv = process.argv.slice(2);
  if (!mayReplay(argv)) return false;
  const key = recordKey(argv, BUILD_ID);
  const path = recordPath(key);
  const verdict = check(path, key, process.env);
  if (verdict.kind === "same") return answered(verdict.open);
  if (verdict.kind !== "lost" || verdict.open.head.contents === undefined) return false;
  const { putBack } = await import("./put-back.ts");
  return putBack(path, verdict.open, verdict.lost) && answered(verdict.open, `${verdict.open.head.replay.goal}: nothing to build, ${verdict.lost.length} outputs put back\n`);
}

function answered(open: Open, summary?: string): boolean {
  try {
    process.exitCode = replay(open, process.cwd(), process.uptime() * 1000, summary);
    return true;
  } catch {
    // A report that cannot be written is an error of its own, which the normal path explains.
    return false;
  }
}

void fast().then((done) => {
  if (!done) void import("./core.ts").then(({ runCore }) => runCore(__dirname));
});
