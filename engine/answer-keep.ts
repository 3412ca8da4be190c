// Turns the answer that a goal has just given into one that another clone can give. Where something about it could not be
// proved there by content, or names this place, there is none. Knows no cache.

import { type Answer, ANSWER_FORM, type AnswerOutput, encodeAnswer, foldersOf, isOutputPath, listingOf, type Proof, whatIs } from "./answer.ts";
import type { Disk } from "./host/disk.ts";
import { sha256Hex } from "./lib/digest.ts";
import { holds } from "./lib/path.ts";
import type { RecordEntry, Replay } from "./record.ts";
import type { GoalRun } from "./session.ts";

export interface Given {
  readonly cwd: string;
  readonly run: GoalRun;
  readonly entries: readonly RecordEntry[];
  readonly replay: Replay;
  readonly stdout: Uint8Array;
}

/** Everything but the live set, which names the answer's own files. */
export type Portable = Omit<Answer, "live">;

export function portable(disk: Disk, { cwd, run, entries, replay, stdout }: Given): Portable | undefined {
  if (replay.graphReport !== undefined || replay.eventsOut !== undefined) return undefined;
  const said = Buffer.from(stdout);
  if ([...(replay.report ?? []), replay.stderr, said.toString("utf8")].some((text) => text.includes(cwd))) return undefined;
  const prints = new Map(entries.flatMap((e) => (e.kind === "output" ? [[e.path, e.fingerprint] as const] : [])));
  const outputs: AnswerOutput[] = [];
  for (const [path, { sha256, size, inline }] of run.outputs) {
    const print = prints.get(path);
    if (print === undefined || !isOutputPath(path)) return undefined;
    outputs.push([path, sha256, size, print.toString(16), inline === undefined ? null : Buffer.from(inline).toString("base64")]);
  }
  if (outputs.length !== prints.size) return undefined;
  const proofs = proofsOf(disk, run, entries, cwd, foldersOf(outputs));
  if (proofs === undefined) return undefined;
  return {
    form: ANSWER_FORM,
    goal: replay.goal,
    env: run.env.map(([name, value]) => [name, value === undefined ? null : sha256Hex(value)] as const),
    proofs,
    outputs,
    report: replay.report ?? null,
    reportOnStdout: replay.reportOnStdout,
    stdout: said.toString("base64"),
    stderr: replay.stderr,
    summary: replay.summary,
  };
}

export function finished(answer: Portable, live: string): Uint8Array {
  return encodeAnswer({ ...answer, live });
}

function proofsOf(disk: Disk, run: GoalRun, entries: readonly RecordEntry[], cwd: string, outputFolders: ReadonlySet<string>): Proof[] | undefined {
  if (foundAmongOutputs(run, outputFolders)) return undefined;
  const proofs: Proof[] = [];
  for (const e of entries) {
    if (holds(cwd, e.path)) return undefined;
    const proof = e.kind === "output" ? "none" : proofOf(disk, e, outputFolders);
    if (proof === undefined) return undefined;
    if (proof !== "none") proofs.push(proof);
  }
  return proofs;
}

/** Listings are compared without folders of outputs: what matched there would not be found before there are any. */
function foundAmongOutputs(run: GoalRun, outputFolders: ReadonlySet<string>): boolean {
  const dirs = run.dependencies!.filter((d) => d.kind === "dir");
  const listed = new Set(dirs.map((d) => d.path));
  const unlisted = [...outputFolders].filter((folder) => !listed.has(folder));
  return unlisted.length > 0 && dirs.some((d) => d.found?.some((path) => unlisted.some((folder) => holds(folder, path))) === true);
}

function proofOf(disk: Disk, e: RecordEntry, outputFolders: ReadonlySet<string>): Proof | undefined {
  switch (e.kind) {
    case "source":
      return ["source", e.path, e.sha256, e.size, e.fingerprint.toString(16)];
    case "present": {
      const stat = disk.stat(e.path);
      return stat === undefined ? undefined : ["present", e.path, whatIs(stat)];
    }
    case "dir": {
      const listing = listingOf(disk, e.path, outputFolders);
      return listing === undefined ? undefined : ["dir", e.path, listing];
    }
    case "missing":
    case "above":
      return [e.kind, e.path];
    case "output":
      return undefined;
  }
}
