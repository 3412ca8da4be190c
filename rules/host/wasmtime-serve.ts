// HTTP components under the installed Wasmtime: one `wasmtime serve` process that our handler asks. Knows no codes.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { Agent, request as httpRequest } from "node:http";
import type { RequestOptions } from "node:http";
import { resolve } from "node:path";
import { fail, ok } from "../../engine/index.ts";
import type { PlanContext, Result } from "../../engine/index.ts";
import type { HttpHandler, HttpJob, HttpOutcome, NotStarted } from "./host.ts";
import { leavesTraces } from "../ops/grants.ts";
import type { Grants } from "../ops/grants.ts";
import { beyondWasmtime, interfacesOf } from "./demands.ts";
import { hostLimits } from "./limits.ts";
import { openV8 } from "./v8.ts";
import type { V8Handler } from "./v8.ts";
import { findWasmtime, limitWords, notStarted, stopOf, wasmtimeEnv } from "./wasmtime.ts";
import type { Header, HttpRequest } from "./wasi/http.ts";

const START_MS = 30_000;
const LATE_MS = 1_000;
/** What Wasmtime says about a failed request comes a little after the answer. */
const WORDS_MS = 300;
const CAUSE = /wasm trap: |forcing trap when|minimum size of|timed out after/;

export async function openWasmtime(context: PlanContext, job: HttpJob): Promise<Result<HttpHandler, NotStarted>> {
  const found = findWasmtime(context);
  if (!found.ok) return fail(found.why);
  const grants = job.grants ?? null;
  const beyond = beyondWasmtime(grants, interfacesOf(job.component) ?? new Set());
  if (beyond !== null) return fail(beyond);
  const words = ["serve", "--addr", "127.0.0.1:0", ...limitWords(hostLimits(job.limits, job.wallMs), job.limits), "-S", "cli=y", ...grantWords(grants), resolve(job.path)];
  const child = spawn(found.program, words, { stdio: ["ignore", "ignore", "pipe"], env: { ...wasmtimeEnv(), ...Object.fromEntries(grants?.env ?? []) } });
  const server = new WasmtimeServer(child, job);
  const port = await server.port();
  if (typeof port === "number") return ok(server);
  return fail(port);
}

/** Values go by the process's environment: its words are for everybody to see. */
function grantWords(grants: Grants | null): string[] {
  if (grants === null) return [];
  return [...grants.env.flatMap(([name]) => ["--env", name]), ...grants.folders.flatMap(({ host, path }) => ["--dir", `${host}::${path}`])];
}

class WasmtimeServer implements HttpHandler {
  readonly #child: ChildProcess;
  readonly #job: HttpJob;
  readonly #agent = new Agent({ keepAlive: true });
  #port = 0;
  #said = "";
  #explainer: Result<V8Handler, NotStarted> | undefined;
  /** One at a time: what Wasmtime says on stderr must belong to the request that failed. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(child: ChildProcess, job: HttpJob) {
    this.#child = child;
    this.#job = job;
    child.stderr?.on("data", (chunk: Buffer) => {
      if (this.#said.length < 1024 * 1024) this.#said += chunk.toString("utf8");
    });
  }

  /** Where it listens, or why it does not. */
  port(): Promise<number | NotStarted> {
    return new Promise((done) => {
      const look = () => {
        const port = /Serving HTTP on http:\/\/127\.0\.0\.1:(\d+)\//.exec(this.#said)?.[1];
        if (port === undefined) return;
        this.#port = Number(port);
        this.#said = "";
        done(this.#port);
      };
      this.#child.stderr?.on("data", look);
      this.#child.once("error", (error: NodeJS.ErrnoException) => done({ kind: "engine", message: `wasmtime could not be started: ${error.code ?? error.message}` }));
      this.#child.once("close", () => done(notStarted(this.#said) ?? { kind: "engine", message: `wasmtime serve ended: ${this.#said.trim().slice(0, 500)}` }));
      setTimeout(() => done({ kind: "engine", message: "wasmtime serve did not start in time" }), START_MS).unref();
    });
  }

  answer(request: HttpRequest): Promise<HttpOutcome> {
    const turn = this.#turn.then(() => this.#ask(request));
    this.#turn = turn;
    return turn;
  }

  async #ask(request: HttpRequest): Promise<HttpOutcome> {
    this.#said = "";
    const outcome = await this.#send(request);
    if (outcome.kind === "answered" && outcome.response.status !== 500) return outcome;
    for (let waited = 0; waited < WORDS_MS && !/\n/.test(this.#said); waited += 10) await new Promise((r) => setTimeout(r, 10));
    if (!/error|::/.test(this.#said)) return outcome;
    if (CAUSE.test(this.#said)) return { kind: "stopped", stop: stopOf(this.#said) };
    return this.#explained(request, /while executing/.test(this.#said));
  }

  /**
   * Wasmtime 42 tells that a handler stopped, not why. The same request under V8, with the same limits, stops for the same
   * reason: both count the same fuel.
   */
  #explained(request: HttpRequest, trapped: boolean): HttpOutcome {
    this.#explainer ??= openV8(this.#job);
    // What leaves traces is done once.
    const again = this.#explainer.ok && !leavesTraces(this.#job.grants ?? null) ? this.#explainer.value.answerNow(request) : null;
    if (again !== null && again.kind !== "answered" && (again.kind === "stopped") === trapped) return again;
    return trapped ? { kind: "stopped", stop: { kind: "trap", message: "error while executing" } } : { kind: "refused", message: "guest never invoked `response-outparam::set` method" };
  }

  #send(request: HttpRequest): Promise<HttpOutcome> {
    const { maxResponse, wallMs } = this.#job;
    return new Promise((done) => {
      const headers: string[] = [];
      for (const { name, value } of request.headers) if (name !== "connection" && name !== "transfer-encoding" && name !== "content-length") headers.push(name, Buffer.from(value).toString("latin1"));
      if (!request.headers.some((h) => h.name === "host")) headers.push("host", request.authority ?? "localhost");
      if (request.headers.some((h) => h.name === "content-length" || h.name === "transfer-encoding") || request.body.length > 0) headers.push("content-length", String(request.body.length));
      const timer = setTimeout(() => sent.destroy(new Error("timeout")), wallMs + LATE_MS);
      const sent = httpRequest({ host: "127.0.0.1", port: this.#port, method: request.method, path: request.pathWithQuery ?? "/", headers, agent: this.#agent, setDefaultHeaders: false } as RequestOptions, (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on("data", (chunk: Buffer) => {
          length += chunk.length;
          if (length <= maxResponse) chunks.push(chunk);
          else {
            end({ kind: "stopped", stop: { kind: "output", stream: "response body", limit: maxResponse } });
            sent.destroy();
          }
        });
        response.on("end", () => end({ kind: "answered", response: { status: response.statusCode ?? 0, headers: headersOf(response.rawHeaders), body: Buffer.concat(chunks) } }));
        response.on("error", () => end({ kind: "refused", message: "the guest did not finish the response body" }));
      });
      const end = (outcome: HttpOutcome) => {
        clearTimeout(timer);
        done(outcome);
      };
      sent.on("error", (error) => end(error.message === "timeout" ? { kind: "stopped", stop: { kind: "deadline" } } : { kind: "refused", message: `no answer: ${error.message}` }));
      sent.end(request.body);
    });
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    this.#child.removeAllListeners("close");
    this.#child.kill("SIGKILL");
  }
}

/** The guest's own headers: what the connection needs is not its business. */
function headersOf(raw: readonly string[]): Header[] {
  const headers: Header[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (!["connection", "transfer-encoding", "date", "keep-alive"].includes(name)) headers.push({ name, value: Buffer.from(raw[i + 1]!, "latin1") });
  }
  return headers;
}
