// Components under the installed Wasmtime: `wasmtime run` with our limits, and what its words on stderr mean. Knows no codes.

import { spawn } from "node:child_process";
import { resolve } from "node:path";
import type { PlanContext } from "../../engine/index.ts";
import { PAGE } from "../wasm/inspect.ts";
import type { CommandJob, CommandOutcome, Ended, NotStarted } from "./host.ts";
import { hostLimits } from "./limits.ts";
import type { HostLimits } from "./limits.ts";
import type { GuestStop } from "./stop.ts";
import type { RuntimeLimits } from "../profile.ts";

/** What the host's own frames need below the guest's stack. */
const HOST_STACK = 1024 * 1024;
/** Wasmtime's own clock ends a guest; if it does not, the process is ended so much later. */
const LATE_MS = 1_000;
/** A backtrace of a deep recursion is long. */
const MAX_STDERR_OF_WASMTIME = 16 * 1024 * 1024;

export type FoundWasmtime = { readonly ok: true; readonly program: string } | { readonly ok: false; readonly why: NotStarted };

export function findWasmtime(context: PlanContext): FoundWasmtime {
  const program = context.findProgram("wasmtime");
  if (program !== undefined) return { ok: true, program };
  return { ok: false, why: { kind: "engine", message: "wasmtime is not on PATH", hint: "install wasmtime 42, or use --host v8" } };
}

/** Frames of a trap without places in the code: a deep stack is told in half the time. */
const BRIEF = ["-D", "address-map=n"];

/** Wasmtime's words for our limits. */
export function limitWords(limits: HostLimits, runtime: RuntimeLimits): string[] {
  const words = ["-W", `max-wasm-stack=${limits.stackBytes}`, "-W", `async-stack-size=${limits.stackBytes + HOST_STACK}`, "-W", "trap-on-grow-failure=y", ...BRIEF];
  if (limits.fuel !== null) words.push("-W", `fuel=${limits.fuel}`);
  if (limits.memoryBytes !== null) words.push("-W", `max-memory-size=${limits.memoryBytes}`);
  if (limits.tableElements !== null) words.push("-W", `max-table-elements=${limits.tableElements}`);
  if (limits.wallMs !== null) words.push("-W", `timeout=${Math.max(1, limits.wallMs)}ms`);
  if (runtime.instanceAllocator === "pooling") words.push("-O", "pooling-allocator=y");
  words.push("-C", runtime.cacheConfig === null ? "cache=n" : `cache-config=${resolve(runtime.cacheConfig)}`);
  return words;
}

export function wasmtimeEnv(): { readonly [name: string]: string } {
  return { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: process.env["HOME"] ?? "/", WASMTIME_BACKTRACE_DETAILS: "0", RUST_BACKTRACE: "0" };
}

interface ProcessEnd {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly status: number | null;
  readonly cut: GuestStop | null;
  readonly spawnError: string | null;
}

export async function runCommand(context: PlanContext, job: CommandJob): Promise<CommandOutcome> {
  const found = findWasmtime(context);
  if (!found.ok) return { kind: "not-started", why: found.why };
  const limits = hostLimits(job.limits, job.wallMs);
  // The first argument is what a program takes for its own name: Wasmtime always gives one.
  const [first, ...others] = job.args;
  const words = ["run", ...limitWords(limits, job.limits), ...(first === undefined ? [] : ["--argv0", first]), resolve(job.path), ...others];
  const end = await run(found.program, words, job, limits);
  if (end.spawnError !== null) return { kind: "not-started", why: { kind: "engine", message: `wasmtime could not be started: ${end.spawnError}` } };
  const { guest, error } = splitStderr(end.stderr);
  const why = error === null ? null : notStarted(error);
  if (why !== null) return { kind: "not-started", why };
  const ended = endedOf(guest.length > job.maxOutput ? { ...end, cut: end.cut ?? { kind: "output", stream: "stderr", limit: job.maxOutput } } : end, error);
  return { kind: "ran", ended, stdout: end.stdout.subarray(0, job.maxOutput), stderr: guest.subarray(0, job.maxOutput) };
}

function endedOf(end: ProcessEnd, error: string | null): Ended {
  if (end.cut !== null) return { kind: "stopped", stop: end.cut };
  if (end.status === 0) return { kind: "ok" };
  return error === null ? { kind: "err" } : { kind: "stopped", stop: stopOf(error) };
}

function run(program: string, words: readonly string[], job: CommandJob, limits: HostLimits): Promise<ProcessEnd> {
  return new Promise((done) => {
    const child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"], env: wasmtimeEnv() });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    const sizes = { stdout: 0, stderr: 0 };
    let cut: GuestStop | null = null;
    const stop = (why: GuestStop) => {
      cut ??= why;
      child.kill("SIGKILL");
    };
    const timer = limits.wallMs === null ? undefined : setTimeout(() => stop({ kind: "deadline" }), limits.wallMs + LATE_MS);
    const take = (name: "stdout" | "stderr", into: Buffer[], extra: number) => (chunk: Buffer) => {
      sizes[name] += chunk.length;
      if (sizes[name] <= job.maxOutput + extra) into.push(chunk);
      else {
        into.push(chunk);
        stop({ kind: "output", stream: name, limit: job.maxOutput });
      }
    };
    child.stdout.on("data", take("stdout", out, 0));
    child.stderr.on("data", take("stderr", err, MAX_STDERR_OF_WASMTIME));
    child.stdin.on("error", () => undefined); // a guest need not read what it is given
    child.stdin.end(job.stdin);
    const end = (status: number | null, spawnError: string | null) => {
      clearTimeout(timer);
      done({ stdout: Buffer.concat(out), stderr: Buffer.concat(err), status, cut, spawnError });
    };
    child.on("error", (error: NodeJS.ErrnoException) => end(null, error.code ?? error.message));
    child.on("close", (status) => end(status, null));
  });
}

/** What the guest wrote, and what Wasmtime said behind it. */
function splitStderr(stderr: Uint8Array): { readonly guest: Uint8Array; readonly error: string | null } {
  const bytes = Buffer.from(stderr);
  const at = bytes.lastIndexOf("Error: failed to ");
  if (at < 0 || (at > 0 && bytes[at - 1] !== 0x0a)) return { guest: bytes, error: null };
  return { guest: bytes.subarray(0, at), error: bytes.subarray(at).toString("utf8") };
}

/** null: the guest was started. */
export function notStarted(error: string): NotStarted | null {
  const missing = [...error.matchAll(/component imports (?:instance|function|resource|type) `([^`]+)`/g)].map((m) => m[1]!);
  const inside = /instance export `([^`]+)` has the wrong type|no exported instance named `([^`]+)`/.exec(error);
  if (missing.length > 0 || inside !== null) {
    const names = missing.length > 0 ? missing : [inside![1] ?? inside![2]!];
    return { kind: "world", message: missing.length > 0 ? `the component imports what this host does not offer: ${names.join(", ")}` : `no exported instance named \`${names[0]}\``, names, notes: [] };
  }
  if (/failed to parse (?:WebAssembly|wasm)|magic header|failed to compile|unexpected end|unknown binary version|expected a WebAssembly|decoding/i.test(error)) return { kind: "malformed", message: lastCause(error) };
  return /unknown .* flag|invalid value|failed to (?:parse|load) (?:cache|config)|unexpected argument/i.test(error) ? { kind: "engine", message: lastCause(error) } : null;
}

/** Why Wasmtime stopped a guest, from what it says. */
export function stopOf(error: string): GuestStop {
  const memory = /forcing trap when growing memory to (\d+) bytes/.exec(error)?.[1] ?? /memory minimum size of (\d+) pages exceeds memory limits/.exec(error)?.[1];
  if (memory !== undefined) return { kind: "memory", wanted: error.includes("pages exceeds") ? Number(memory) : Number(memory) / PAGE };
  const table = /forcing trap when growing table to (\d+) elements/.exec(error)?.[1] ?? /table minimum size of (\d+) elements exceeds table limits/.exec(error)?.[1];
  if (table !== undefined) return { kind: "table", wanted: Number(table) };
  if (/timed out after|wasm trap: interrupt/.test(error)) return { kind: "deadline" };
  const trap = /wasm trap: (.*)/.exec(error)?.[1]?.trim();
  if (trap === undefined) return { kind: "trap", message: lastCause(error) };
  if (trap.startsWith("all fuel consumed")) return { kind: "fuel" };
  if (trap.startsWith("call stack exhausted")) return { kind: "stack" };
  return { kind: "trap", message: trap };
}

function lastCause(error: string): string {
  const lines = error.split("\n").map((line) => line.trim().replace(/^\d+: /, "")).filter((line) => line !== "" && !line.startsWith("Caused by"));
  return (lines.at(-1) ?? "unknown reason").replace(/^Error: /, "").slice(0, 500);
}
