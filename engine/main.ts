// Process entry: the fast no-op path first (stats against the goal's own record); everything else is loaded only when
// there is something to do. Imports must stay as few as they are: they are what a no-op costs.

import { check, mayReplay, recordKey, recordPath, replay } from "./record.ts";

declare const BUILD_ID: string;

function fast(): boolean {
  const argv = process.argv.slice(2);
  if (!mayReplay(argv)) return false;
  const key = recordKey(argv, BUILD_ID);
  const verdict = check(recordPath(key), key, process.env);
  if (verdict.kind !== "same") return false;
  try {
    process.exitCode = replay(verdict.open, process.cwd(), process.uptime() * 1000);
    return true;
  } catch {
    // A report that cannot be written is an error of its own, which the normal path explains.
    return false;
  }
}

if (!fast()) void import("./core.ts").then(({ runCore }) => runCore(__dirname));
