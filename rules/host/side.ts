// Work that needs a thread or a process of its own: where its program is, and the deep stack for guests that need one. Knows no codes.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CommandJob, CommandOutcome, HttpJob, HttpOutcome } from "./host.ts";
import type { HttpRequest } from "./wasi/http.ts";

/** A guest to be run once more where the stack is deep. */
export type DeepTask =
  | { readonly kind: "command"; readonly job: CommandJob }
  | { readonly kind: "request"; readonly job: HttpJob; readonly request: HttpRequest };

const PROGRAM = "component-host.cjs";
/** Address space, not memory, until it is used. */
const STACK_MB = 256;

/** The program beside this package's other built files; null in a checkout that was never built. */
export function sideProgram(): string | null {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < 4; up++, folder = dirname(folder)) {
    for (const path of [join(folder, PROGRAM), join(folder, "dist", PROGRAM)]) if (existsSync(path)) return path;
  }
  return null;
}

/** null: there is no program to run it, or it broke. */
export async function runDeep(task: { readonly kind: "command"; readonly job: CommandJob }): Promise<CommandOutcome | null>;
export async function runDeep(task: { readonly kind: "request"; readonly job: HttpJob; readonly request: HttpRequest }): Promise<HttpOutcome | null>;
export async function runDeep(task: DeepTask): Promise<CommandOutcome | HttpOutcome | null> {
  const program = sideProgram();
  if (program === null) return null;
  const { Worker } = await import("node:worker_threads");
  return new Promise((resolve) => {
    const worker = new Worker(program, { workerData: task, execArgv: [], env: {}, resourceLimits: { stackSizeMb: STACK_MB } });
    const end = (outcome: CommandOutcome | HttpOutcome | null) => {
      void worker.terminate();
      resolve(outcome);
    };
    worker.once("message", (outcome: CommandOutcome | HttpOutcome) => end(outcome));
    worker.once("error", () => end(null));
    worker.once("exit", () => end(null));
  });
}
