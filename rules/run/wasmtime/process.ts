// Starts Wasmtime on a driver and a solve module and gathers what comes out, within limits on time and size. Knows nothing of what it means.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface WasmtimeJob {
  /** Absolute path of the program. */
  readonly program: string;
  /** Words before the modules: limits and settings. */
  readonly words: readonly string[];
  readonly files: { readonly [name: string]: Uint8Array };
  /** Words that name the modules, by the names in `files`. */
  readonly modules: readonly string[];
  /** The time may run out this long after `clockFrom`; null: never. */
  readonly wallMs: number | null;
  /** "start": from the start of the process; "output": from its first byte of output, when the guest is about to be called. */
  readonly clockFrom: "start" | "output";
  /** More output than this ends the process. */
  readonly maxOutput: number;
}

export interface WasmtimeEnd {
  readonly stdout: Uint8Array;
  readonly stderr: string;
  readonly status: number | null;
  readonly ended: "itself" | "timeout" | "output";
  /** POSIX name when the program could not be started. */
  readonly spawnError: string | null;
}

/** Of what Wasmtime says on stderr, this much is kept. */
const MAX_STDERR = 64 * 1024;

export async function runWasmtime(job: WasmtimeJob): Promise<WasmtimeEnd> {
  const folder = mkdtempSync(join(tmpdir(), "x07-wasmtime-"));
  try {
    for (const [name, bytes] of Object.entries(job.files)) writeFileSync(join(folder, name), bytes);
    return await start(job, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(job: WasmtimeJob, cwd: string): Promise<WasmtimeEnd> {
  return new Promise((resolve) => {
    const child = spawn(job.program, [...job.words, ...job.modules], { cwd, stdio: ["ignore", "pipe", "pipe"], env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: process.env["HOME"] ?? cwd, WASMTIME_BACKTRACE_DETAILS: "0" } });
    const out: Uint8Array[] = [];
    let [size, stderr, ended] = [0, "", "itself" as WasmtimeEnd["ended"]];
    let timer: NodeJS.Timeout | undefined;
    const arm = (): void => {
      if (job.wallMs !== null) timer ??= setTimeout(() => stop("timeout"), job.wallMs);
    };
    const stop = (why: WasmtimeEnd["ended"]): void => {
      if (ended === "itself") ended = why;
      child.kill("SIGKILL");
    };
    if (job.clockFrom === "start") arm();
    child.stdout.on("data", (chunk: Uint8Array) => {
      arm();
      size += chunk.length;
      if (size > job.maxOutput) stop("output");
      else out.push(chunk);
    });
    child.stderr.on("data", (chunk: Uint8Array) => {
      if (stderr.length < MAX_STDERR) stderr += Buffer.from(chunk).toString("utf8");
    });
    const end = (status: number | null, spawnError: string | null): void => {
      clearTimeout(timer);
      resolve({ stdout: new Uint8Array(Buffer.concat(out)), stderr, status, ended, spawnError });
    };
    child.on("error", (error) => end(null, (error as NodeJS.ErrnoException).code ?? error.message));
    child.on("close", (status) => end(status, null));
  });
}
