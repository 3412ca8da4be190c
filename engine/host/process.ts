// Child processes: one directory each with just the given files, one environment given whole, ended as a group when the
// build is stopped. Uses plain spawn: a wrapper library doubles the cost of a start. Knows nothing of rules.

import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { ProcessRequest, ProcessResult, RunProcess } from "../execute.ts";
import { BASE_ENV } from "../words.ts";

/** Of what a process says, this many bytes are kept for people. */
const SAID_LIMIT = 1 << 20;

export const runInDirectory: RunProcess = async (request) => {
  let dir: string | undefined;
  try {
    dir = fs.mkdtempSync(path.join(tmpdir(), "x07-action-"));
    lay(dir, request);
    const said = await start(request, dir);
    return { ...said, outputs: request.outputs.map((o) => made(path.join(dir!, o))) };
  } catch (e) {
    const { code, message } = e as NodeJS.ErrnoException;
    if (code === undefined) throw e;
    return notStarted(request, code, message);
  } finally {
    if (dir !== undefined) sweep(dir);
  }
};

/** The directory as the process finds it. */
function lay(dir: string, { files, outputs }: ProcessRequest): void {
  fs.mkdirSync(path.join(dir, "out"));
  fs.mkdirSync(path.join(dir, ".tmp"));
  for (const f of files) {
    const to = path.join(dir, f.name);
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.writeFileSync(to, f.bytes);
  }
  for (const o of outputs) fs.mkdirSync(path.dirname(path.join(dir, o)), { recursive: true });
}

function made(file: string): Uint8Array | undefined {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true ? new Uint8Array(fs.readFileSync(file)) : undefined;
}

function sweep(dir: string): void {
  try {
    fs.rmSync(dir, { recursive: true, force: true });
  } catch {
    // A tool left something that cannot be removed; the system's own cleaning of temporary folders gets it.
  }
}

function notStarted({ command, outputs }: ProcessRequest, spawnError: string, stderr: string): ProcessResult {
  return { outcome: { status: null, signal: null, spawnError, stdout: "", stderr, command }, outputs: outputs.map(() => undefined), stdout: new Uint8Array(0) };
}

function start(request: ProcessRequest, cwd: string): Promise<Omit<ProcessResult, "outputs">> {
  const { command, signal } = request;
  const [program = "", ...words] = command;
  const env = { ...BASE_ENV, HOME: cwd, TMPDIR: path.join(cwd, ".tmp"), ...request.env };
  return new Promise((resolve, reject) => {
    // Throws where the words themselves are impossible (too long, a NUL inside).
    const child = spawn(program, words, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const stdout = collect(child, "stdout", request.wholeStdout ? Number.POSITIVE_INFINITY : SAID_LIMIT);
    const stderr = collect(child, "stderr", SAID_LIMIT);
    const stop = () => endGroup(child);
    signal.addEventListener("abort", stop, { once: true });
    const timer = request.timeoutMs === undefined ? undefined : setTimeout(stop, request.timeoutMs);
    child.on("error", (e) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      reject(e);
    });
    child.on("close", (status, ended) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      endGroup(child);
      const bytes = Buffer.concat(stdout);
      resolve({ outcome: { status, signal: ended, stdout: bytes.subarray(0, SAID_LIMIT).toString("utf8"), stderr: Buffer.concat(stderr).toString("utf8"), command }, stdout: new Uint8Array(bytes) });
    });
  });
}

function collect(child: ChildProcess, stream: "stdout" | "stderr", limit: number): Buffer[] {
  const chunks: Buffer[] = [];
  let size = 0;
  child[stream]!.on("data", (chunk: Buffer) => {
    if (size < limit) chunks.push(chunk);
    size += chunk.length;
  });
  return chunks;
}

/** Ends the process and whatever it has started and left behind. */
function endGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // The whole group has already ended.
  }
}
