// Asks an installed program something and gives what it said. Loads execa only when called; knows no tool by name.

import type { ProbeResult } from "./toolchain.ts";

/** A tool that has not answered after this many milliseconds is ended and counts as one that cannot be started. */
const PATIENCE_MS = 10_000;

/** Exit status is not looked at: many tools print their version and fail. */
export async function probe(program: string, argv: readonly string[]): Promise<ProbeResult> {
  const { execa } = await import("execa");
  const ran = await execa(program, [...argv], { reject: false, stdin: "ignore", timeout: PATIENCE_MS });
  if (ran.timedOut) return { osError: `no answer within ${PATIENCE_MS / 1000} s` };
  if (ran.exitCode === undefined && ran.signal === undefined) return { osError: ran.code ?? ran.shortMessage ?? "could not be started" };
  return { stdout: ran.stdout, stderr: ran.stderr };
}
