// Turns the answer that a goal has just given into one that another clone can give. Where something about it could not be
// proved there by content, or names this place, there is none. Knows no cache.

import { type Answer, ANSWER_FORM, type AnswerOutput, discoveredOf, encodeAnswer, foldersOf, isOutputPath, listingOf, type Proof, whatIs } from "./answer.ts";
import { type Files, sameStat } from "./files.ts";
import type { Disk } from "./host/disk.ts";
import { digestOf, sha256Hex } from "./lib/digest.ts";
import { holds } from "./lib/path.ts";
import type { RecordEntry, Replay } from "./record.ts";
import type { Dependency, GoalRun } from "./session.ts";
import { INLINE_LIMIT, type Trace } from "./trace.ts";

export interface Given {
  readonly cwd: string;
  readonly argv: readonly string[];
  readonly run: GoalRun;
  readonly entries: readonly RecordEntry[];
  readonly replay: Replay;
  readonly stdout: Uint8Array;
}

/** Everything but the live set, which names the answer's own files. */
export type Portable = Omit<Answer, "live">;

export function portable(disk: Disk, { cwd, argv, run, entries, replay, stdout }: Given): Portable | undefined {
  if (replay.graphReport !== undefined || replay.eventsOut !== undefined) return undefined;
  const said = Buffer.from(stdout);
  if ([...(replay.report ?? []), replay.stderr, said.toString("utf8")].some((text) => text.includes(cwd))) return undefined;
  const prints = new Map(entries.flatMap((e) => (e.kind === "output" ? [[e.path, e.fingerprint] as const] : [])));
  const outputs: AnswerOutput[] = [];
  for (const [path, { sha256, size, inline }] of run.outputs) {
    const print = prints.get(path);
    if (print === undefined || !isOutputPath(path, argv)) return undefined;
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
      return stat?.mode === e.size ? ["present", e.path, whatIs(stat)] : undefined;
    }
    case "dir": {
      const listing = listingOf(disk, e.path, outputFolders);
      const stat = disk.stat(e.path);
      // The listing that the answer was made from: nothing has come since.
      return listing === undefined || stat === undefined || !sameStat(e, stat) ? undefined : ["dir", e.path, listing];
    }
    case "missing":
    case "above":
      return [e.kind, e.path];
    case "output":
      return undefined;
  }
}

/** What a goal's answer depends on, with the stamps that prove it here; undefined where one proves nothing. */
export function entriesOf(disk: Disk, files: Files, dependencies: readonly Dependency[]): RecordEntry[] | undefined {
  const entries: RecordEntry[] = [];
  for (const d of dependencies) {
    if (d.kind === "source" || d.kind === "output") {
      if (files.look(d.path).kind !== "file") return undefined;
      const e = files.entry(d.path);
      if (e === undefined || e.racy) return undefined;
      entries.push({ ...e, path: d.path, kind: d.kind });
    } else {
      const stat = d.kind === "dir" ? d.stat : undefined;
      const mode = d.kind === "present" ? disk.stat(d.path)?.mode : undefined;
      entries.push({ path: d.path, kind: d.kind, mtimeMs: stat?.mtimeMs ?? 0, ctimeMs: stat?.ctimeMs ?? 0, size: mode ?? stat?.size ?? 0, ino: stat?.ino ?? 0, fingerprint: 0n, sha256: "" });
    }
  }
  return entries;
}

/** As a result of the cache: found by the words, told from others by the files it depends on. */
export function resultOf(answer: Portable, content: Uint8Array): Trace {
  return { discovered: discoveredOf(answer.proofs), outputs: [{ ...digestOf(content), inline: content.length <= INLINE_LIMIT ? content : undefined }], remarks: [], durationMs: 0 };
}
