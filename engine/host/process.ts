// Child processes: one directory each with just the given files, one environment given whole, ended as a group when the
// build is stopped. Uses plain spawn: a wrapper library doubles the cost of a start. Knows nothing of rules.

import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { RunProcess } from "../execute.ts";
import type { ProcessOutcome } from "../rule.ts";

const OUTPUT_LIMIT = 1 << 20;

/** `baseEnv` values every process gets; an action's own environment comes on top and nothing else does. */
export const runInDirectory: RunProcess = async ({ command, env, files, outputs, signal }) => {
  const dir = fs.mkdtempSync(path.join(tmpdir(), "x07-action-"));
  try {
    fs.mkdirSync(path.join(dir, "out"));
    fs.mkdirSync(path.join(dir, ".tmp"));
    for (const f of files) {
      const to = path.join(dir, f.name);
      fs.mkdirSync(path.dirname(to), { recursive: true });
      fs.writeFileSync(to, f.bytes);
    }
    for (const o of outputs) fs.mkdirSync(path.dirname(path.join(dir, o)), { recursive: true });
    const whole = { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C", TZ: "UTC", SOURCE_DATE_EPOCH: "0", HOME: dir, TMPDIR: path.join(dir, ".tmp"), ...env };
    const outcome = await start(command, dir, whole, signal);
    const found = outputs.map((o) => {
      const at = path.join(dir, o);
      return fs.statSync(at, { throwIfNoEntry: false })?.isFile() === true ? new Uint8Array(fs.readFileSync(at)) : undefined;
    });
    return { outcome, outputs: found };
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
};

function start(command: readonly string[], cwd: string, env: { readonly [name: string]: string }, signal: AbortSignal): Promise<ProcessOutcome> {
  return new Promise((resolve) => {
    const chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
    const sizes = { stdout: 0, stderr: 0 };
    const text = (s: "stdout" | "stderr") => Buffer.concat(chunks[s]).toString("utf8");
    const [program, ...words] = command;
    if (program === undefined) return resolve({ status: null, signal: null, spawnError: "EINVAL", stdout: "", stderr: "", command });
    const child = spawn(program, words, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const stop = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // The group has already ended.
      }
    };
    signal.addEventListener("abort", stop, { once: true });
    for (const s of ["stdout", "stderr"] as const) {
      child[s].on("data", (chunk: Buffer) => {
        if (sizes[s] < OUTPUT_LIMIT) chunks[s].push(chunk);
        sizes[s] += chunk.length;
      });
    }
    child.on("error", (e: NodeJS.ErrnoException) => {
      signal.removeEventListener("abort", stop);
      resolve({ status: null, signal: null, spawnError: e.code ?? "EIO", stdout: "", stderr: e.message, command });
    });
    child.on("close", (status, ended) => {
      signal.removeEventListener("abort", stop);
      resolve({ status, signal: ended, stdout: text("stdout"), stderr: text("stderr"), command });
    });
  });
}
