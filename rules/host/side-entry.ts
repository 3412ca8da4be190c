// The program of worker threads and of serving processes (dist/component-host.cjs). Does the one thing that it was started for.

import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { courier } from "./courier.ts";
import type { HttpJob } from "./host.ts";
import { serveChild } from "./serve/child.ts";
import type { Start } from "./serve/threads.ts";
import type { DeepTask } from "./side.ts";
import { openV8, runCommand } from "./v8.ts";
import type { CourierData } from "./wasi/errand.ts";

function deep(task: DeepTask): unknown {
  if (task.kind === "command") return runCommand(task.job);
  const opened = openV8(task.job);
  return opened.ok ? opened.value.answerNow(task.request) : null;
}

/** Answers requests whose bodies go by, one at a time, until the process ends. */
function stream(job: HttpJob): void {
  const opened = openV8(job);
  if (!opened.ok) return;
  parentPort?.on("message", ({ request, port, words }: Start) => port.postMessage(opened.value.answerLive(request, port, words)));
}

const data = workerData as DeepTask | CourierData | { readonly kind: "stream"; readonly job: HttpJob };
if (isMainThread) serveChild();
else if (data.kind === "stream") stream(data.job);
else if (data.kind === "courier") courier(data);
else parentPort?.postMessage(deep(data));
