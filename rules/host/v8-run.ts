// A command component under V8: on this thread while its stack is deep enough, else once more on one that is deeper.

import type { CommandJob, CommandOutcome } from "./host.ts";
import { runDeep } from "./side.ts";
import { runCommand as runHere } from "./v8.ts";

export async function runCommand(job: CommandJob): Promise<CommandOutcome> {
  const outcome = runHere(job);
  const shallow = outcome.kind === "ran" && outcome.ended.kind === "stopped" && outcome.ended.stop.kind === "host-stack";
  // Nothing that the guest did has left this process, so the run can simply be made again.
  return shallow ? ((await runDeep({ kind: "command", job })) ?? outcome) : outcome;
}
