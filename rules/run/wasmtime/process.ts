// Starts Wasmtime on a driver and a solve module and gathers what comes out, within limits on time and size. Knows nothing of what it means.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface WasmtimeCommand {
  /** Absolute path of the program. */
  readonly program: string;
  /** Words before the modules: limits and settings. */
  readonly words: readonly string[];
  readonly files: { readonly [name: string]: Uint8Array };
  /** Words that name the modules, by the names in `files`. */
  readonly modules: readonly string[];
}

export interface WasmtimeJob extends WasmtimeCommand {
  /** The time may run out this long after `clockFrom`; null: never. */
  readonly wallMs: number | null;
  /** "start": from the start of the process; "output": from its first byte of output, when the guest is about to be called. */
  readonly clockFrom: "start" | "output";
  /** More output than this ends the process. */
  readonly maxOutput: number;
}

export interface WasmtimeEnd {
  readonly stderr: string;
  readonly status: number | null;
  /** POSIX name when the program could not be started. */
  readonly spawnError: string | null;
}

/** Of what Wasmtime says on stderr, this much is read from the beginning and as much from the end: a deep stack is told frame by frame in between. */
const READ_STDERR = 16 * 1024;

/**
 * A process in a folder of its own; the folder goes when the process ends. Its stderr is a file there: a stack of 50,000
 * frames is written in as many pieces, and takes more than twice as long into a pipe.
 */
class WasmtimeProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<WasmtimeEnd>;
  readonly #stderr: number;

  constructor(command: WasmtimeCommand, stdin: "ignore" | "pipe") {
    const folder = mkdtempSync(join(tmpdir(), "x07-wasmtime-"));
    for (const [name, bytes] of Object.entries(command.files)) writeFileSync(join(folder, name), bytes);
    this.#stderr = openSync(join(folder, "stderr.txt"), "wx+");
    const env = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: process.env["HOME"] ?? folder, WASMTIME_BACKTRACE_DETAILS: "0" };
    const child = spawn(command.program, [...command.words, ...command.modules], { cwd: folder, stdio: [stdin, "pipe", this.#stderr], env });
    this.child = child;
    child.stdin?.on("error", () => {}); // a guest that traps closes it
    this.ended = new Promise<Omit<WasmtimeEnd, "stderr">>((resolve) => {
      child.on("error", (error) => resolve({ status: null, spawnError: (error as NodeJS.ErrnoException).code ?? error.message }));
      child.on("close", (status) => resolve({ status, spawnError: null }));
    }).then((end) => ({ ...end, stderr: this.#said() })).finally(() => {
      closeSync(this.#stderr);
      rmSync(folder, { recursive: true, force: true });
    });
  }

  /** Wasmtime speaks when the guest is over; how long it takes to tell of it is not the guest's time. Asked while it runs. */
  get hasSpoken(): boolean {
    return fstatSync(this.#stderr).size > 0;
  }

  #said(): string {
    const { size } = fstatSync(this.#stderr);
    const part = (from: number, length: number): string => {
      const bytes = Buffer.alloc(length);
      return bytes.toString("latin1", 0, readSync(this.#stderr, bytes, 0, length, from));
    };
    return size <= 2 * READ_STDERR ? part(0, size) : part(0, READ_STDERR) + part(size - READ_STDERR, READ_STDERR);
  }
}

/** Runs to the end. */
export async function runWasmtime(job: WasmtimeJob): Promise<WasmtimeEnd & { readonly stdout: Uint8Array; readonly ended: "itself" | "timeout" | "output" }> {
  const wasmtime = new WasmtimeProcess(job, "ignore");
  const { child, ended } = wasmtime;
  const out: Uint8Array[] = [];
  let size = 0;
  let how: "itself" | "timeout" | "output" = "itself";
  let timer: NodeJS.Timeout | undefined;
  const stop = (why: "timeout" | "output"): void => {
    if (how === "itself") how = why;
    child.kill("SIGKILL");
  };
  const arm = (): void => {
    if (job.wallMs !== null) timer ??= setTimeout(() => wasmtime.hasSpoken || stop("timeout"), job.wallMs);
  };
  if (job.clockFrom === "start") arm();
  child.stdout?.on("data", (chunk: Uint8Array) => {
    arm();
    size += chunk.length;
    if (size > job.maxOutput) stop("output");
    else out.push(chunk);
  });
  const end = await ended;
  clearTimeout(timer);
  return { ...end, stdout: new Uint8Array(Buffer.concat(out)), ended: how };
}

export type Heard = { readonly kind: "bytes"; readonly bytes: Uint8Array } | { readonly kind: "ended" } | { readonly kind: "timeout" };

/** A process that is written to and read from, a piece at a time. */
export class Conversation {
  readonly #process: WasmtimeProcess;
  #heard: Uint8Array[] = [];
  #size = 0;
  #over = false;
  #wake: (() => void) | undefined;

  constructor(command: WasmtimeCommand) {
    this.#process = new WasmtimeProcess(command, "pipe");
    this.#process.child.stdout?.on("data", (chunk: Uint8Array) => {
      this.#heard.push(chunk);
      this.#size += chunk.length;
      this.#wake?.();
    });
    void this.#process.ended.then(() => {
      this.#over = true;
      this.#wake?.();
    });
  }

  write(bytes: Uint8Array): void {
    this.#process.child.stdin?.write(bytes);
  }

  /** The next `count` bytes; null: whenever they come. */
  async read(count: number, wallMs: number | null): Promise<Heard> {
    let timeout = false;
    const timer = wallMs === null ? undefined : setTimeout(() => {
      timeout = true;
      this.#wake?.();
    }, wallMs);
    try {
      while (this.#size < count) {
        if (this.#over) return { kind: "ended" };
        if (timeout && !this.#process.hasSpoken) return { kind: "timeout" };
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      clearTimeout(timer);
      this.#wake = undefined;
    }
    const all = Buffer.concat(this.#heard);
    this.#heard = [all.subarray(count)];
    this.#size = all.length - count;
    return { kind: "bytes", bytes: new Uint8Array(all.subarray(0, count)) };
  }

  /** Ends the process if it is still there, and tells how it ended. */
  close(): Promise<WasmtimeEnd> {
    this.#process.child.stdin?.end();
    if (!this.#over) this.#process.child.kill("SIGKILL");
    return this.#process.ended;
  }
}
