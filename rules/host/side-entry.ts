// The program of worker threads and of serving processes (dist/component-host.cjs). Does the one thing that it was started for.

import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { serveChild } from "./serve/child.ts";
import type { DeepTask } from "./side.ts";
import { openV8, runCommand } from "./v8.ts";

function deep(task: DeepTask): unknown {
  if (task.kind === "command") return runCommand(task.job);
  const opened = openV8(task.job);
  return opened.ok ? opened.value.answerNow(task.request) : null;
}

if (isMainThread) serveChild();
else parentPort?.postMessage(deep(workerData as DeepTask));
