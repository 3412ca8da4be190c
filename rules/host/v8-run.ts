// A command component under V8: on this thread while its stack is deep enough, else once more on one that is deeper.

import type { CommandJob, CommandOutcome } from "./host.ts";
import { runCommand as runHere } from "./v8.ts";

export async function runCommand(job: CommandJob): Promise<CommandOutcome> {
  return runHere(job);
}
