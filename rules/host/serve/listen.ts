// A real HTTP/1.1 server in front of a handler: which requests it takes, what is answered to the others, an orderly end. Knows nothing of components.

import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { fail, ok } from "../../../engine/index.ts";
import type { Result } from "../../../engine/index.ts";
import { finding } from "../../wasm/finding.ts";
import type { HttpHandler, HttpOutcome } from "../host.ts";
import type { HostLimits } from "../limits.ts";
import type { Header, HttpRequest } from "../wasi/http.ts";
import { Connection } from "./http1/connection.ts";
import type { BodyTaker, Owner } from "./http1/connection.ts";
import type { Fault, Head } from "./http1/head.ts";
import { judge } from "./judge.ts";
import type { Judged } from "./judge.ts";
import type { Ledger } from "./ledger.ts";
import type { Address } from "./serve-goal.ts";
import { Streamed } from "./streamed.ts";
import type { Threads } from "./threads.ts";

export interface ListenJob {
  readonly address: Address;
  readonly handler: HttpHandler;
  /** For requests that are streamed; null: all are collected first. */
  readonly threads: Threads | null;
  readonly ledger: Ledger;
  readonly limits: HostLimits;
  /** Requests, or connections that ended without one, after which the server stops; 0: never. */
  readonly stopAfter: number;
  readonly maxRequest: number;
  readonly maxConcurrent: number;
  readonly headerTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Ids that the server gives: the first, and what is between two; processes that serve together must not give the same. */
  readonly ids?: { readonly first: number; readonly step: number };
  readonly ready: (bound: string) => void;
  readonly stop: AbortSignal;
}

/** What requests in flight may take to finish after a signal, beyond their own wall time. */
const GRACE_MS = 1_000;
/** Longer bodies are streamed, and those that do not say how long they are; shorter ones are quicker collected. */
const STREAM_FROM = 262_144;
const BACKLOG = 1_024;
const PLAIN: readonly Header[] = [{ name: "content-type", value: Buffer.from("text/plain; charset=utf-8") }];
const COME_AGAIN: readonly Header[] = [...PLAIN, { name: "retry-after", value: Buffer.from("1") }];
const NO_BYTES = Buffer.alloc(0);

/** Listens until it is told to stop or has answered enough; the error is one of listening. */
export function listen(job: ListenJob): Promise<Result<void>> {
  return new Listener(job).run();
}

/** A request on its way: counted once, whatever comes of it. */
interface Visit {
  readonly id: string;
  readonly head: Head;
  readonly began: number;
  /** To be told when the client is gone. */
  streamed: Streamed | null;
}

class Listener implements Owner {
  readonly #job: ListenJob;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  /** What each connection is asked at the moment. */
  readonly #visits = new Map<Connection, Visit>();
  #counted = 0;
  #nextId: number;
  #closing = false;
  #clock: NodeJS.Timeout | undefined;
  #done: (result: Result<void>) => void = () => undefined;

  constructor(job: ListenJob) {
    this.#job = job;
    this.#nextId = job.ids?.first ?? 0;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#connections.add(new Connection(socket, this)));
  }

  get headerTimeoutMs(): number {
    return this.#job.headerTimeoutMs;
  }
  get bodyTimeoutMs(): number {
    return this.#job.bodyTimeoutMs;
  }
  get idleTimeoutMs(): number {
    return this.#job.idleTimeoutMs;
  }

  run(): Promise<Result<void>> {
    const { address, ready, stop } = this.#job;
    return new Promise((resolve) => {
      this.#done = resolve;
      const server = this.#server;
      server.once("error", (error: NodeJS.ErrnoException) => this.#failed(error));
      server.listen({ port: address.port, host: address.host, backlog: BACKLOG }, () => {
        const bound = server.address() as AddressInfo;
        ready(bound.family === "IPv6" ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`);
      });
      this.#clock = setInterval(() => this.#look(), this.#tick());
      if (stop.aborted) this.#close();
      else stop.addEventListener("abort", () => this.#close(), { once: true });
    });
  }

  #failed(error: NodeJS.ErrnoException): void {
    clearInterval(this.#clock);
    const { host, port } = this.#job.address;
    this.#done(fail([{ ...finding("X07WASM_SERVE_LISTEN_FAILED", "run", `cannot listen on ${host}:${port}: ${error.message}`, { os_error: error.code ?? "" }), hint: "choose another --addr; port 0 takes any free one" }]));
  }

  /** One coarse clock for all connections. */
  #tick(): number {
    const { headerTimeoutMs, bodyTimeoutMs, idleTimeoutMs } = this.#job;
    return Math.max(25, Math.min(500, Math.min(headerTimeoutMs, bodyTimeoutMs, idleTimeoutMs) / 4));
  }

  #look(): void {
    const now = performance.now();
    for (const connection of this.#connections) connection.look(now);
  }

  // ---- connections ---------------------------------------------------------------------------------

  closed(connection: Connection): void {
    this.#connections.delete(connection);
    if (!connection.used) this.#count();
    this.#visits.get(connection)?.streamed?.gone();
    this.#leave(connection);
    if (this.#closing && this.#connections.size === 0) this.#finished();
  }

  fault(connection: Connection, fault: Fault): void {
    this.#job.ledger.tell([{ code: "X07WASM_SERVE_HTTP1_CONN_FAILED", severity: "warning", stage: "run", message: `a connection was ended: ${fault.status} (${fault.message})` }]);
    this.#leave(connection);
  }

  /** One of the things that --stop-after counts is over. */
  #count(): void {
    this.#counted++;
    if (this.#job.stopAfter > 0 && this.#counted >= this.#job.stopAfter) this.#close();
  }

  get #last(): boolean {
    return this.#closing || (this.#job.stopAfter > 0 && this.#counted + this.#visits.size >= this.#job.stopAfter);
  }

  // ---- requests ------------------------------------------------------------------------------------

  request(connection: Connection, head: Head): BodyTaker | null {
    const visit: Visit = { id: requestId(head.requestId) ?? this.#newId(), head, began: performance.now(), streamed: null };
    this.#visits.set(connection, visit);
    if (this.#visits.size > this.#job.maxConcurrent) return this.#refuse(connection, visit, 503, "server busy");
    if (head.framing.kind === "length" && head.framing.length > this.#job.maxRequest) return this.#refuse(connection, visit, 413, "request too large");
    const { framing } = head;
    if (this.#job.threads !== null && (this.#job.handler.away === true || framing.kind === "chunked" || (framing.kind === "length" && framing.length > STREAM_FROM))) return this.#stream(connection, visit, this.#job.threads);
    return new Collector(this.#job.maxRequest, {
      whole: (body) => this.#whole(connection, visit, body),
      tooLarge: () => void this.#refuse(connection, visit, 413, "request too large"),
    });
  }

  #stream(connection: Connection, visit: Visit, threads: Threads): Streamed {
    const { id, head, began } = visit;
    const { maxRequest, ledger, limits, handler } = this.#job;
    return (visit.streamed = new Streamed({
      threads, maxRequest, id, always: handler.away === true,
      request: (body) => requestOf(head, id, body),
      whole: (body) => this.#whole(connection, visit, body),
      tooLarge: () => void this.#refuse(connection, visit, 413, "request too large"),
      answered: (request, outcome) => this.#answered(connection, visit, request, outcome),
      left: (request, outcome, sent) => {
        ledger.note(id, request, judge(outcome, limits), performance.now() - began, sent);
        this.#leave(connection);
      },
      last: () => this.#last,
    }, connection));
  }

  #newId(): string {
    const id = `req${this.#nextId}`;
    this.#nextId += this.#job.ids?.step ?? 1;
    return id;
  }

  /** An answer of the host's own; what the client still sends is not waited for. */
  #refuse(connection: Connection, { id, began }: Visit, status: 413 | 503, text: string): null {
    const body = Buffer.from(text);
    this.#job.ledger.list(false, status, body, performance.now() - began);
    connection.answer(status, status === 503 ? COME_AGAIN : PLAIN, id, body, this.#last);
    this.#leave(connection);
    return null;
  }

  #whole(connection: Connection, visit: Visit, body: Uint8Array): void {
    const request = requestOf(visit.head, visit.id, body);
    const outcome = this.#job.handler.answer(request);
    if (outcome instanceof Promise) void outcome.then((o) => this.#answered(connection, visit, request, o));
    else this.#answered(connection, visit, request, outcome);
  }

  #answered(connection: Connection, { id, began }: Visit, request: HttpRequest, outcome: HttpOutcome): void {
    const judged = judge(outcome, this.#job.limits);
    const body = bodyOf(judged);
    this.#job.ledger.note(id, request, judged, performance.now() - began, judged);
    connection.answer(judged.status, judged.response?.headers ?? PLAIN, id, body, this.#last);
    this.#leave(connection);
  }

  /** A request is over, or its client is gone. */
  #leave(connection: Connection): void {
    if (this.#visits.delete(connection)) this.#count();
  }

  // ---- the end -------------------------------------------------------------------------------------

  #close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#server.close();
    const wait = (this.#job.limits.wallMs ?? 0) + GRACE_MS;
    setTimeout(() => this.#connections.forEach((c) => c.destroy()), wait).unref();
    for (const connection of this.#connections) if (connection.idle) connection.destroy();
    if (this.#connections.size === 0) this.#finished();
  }

  #finished(): void {
    clearInterval(this.#clock);
    this.#job.threads?.close();
    this.#done(ok(undefined));
  }
}

/** Keeps a body until it is whole. */
class Collector implements BodyTaker {
  readonly #limit: number;
  readonly #to: { whole(body: Uint8Array): void; tooLarge(): void };
  #first: Buffer = NO_BYTES;
  #chunks: Buffer[] | null = null;
  #length = 0;
  constructor(limit: number, to: { whole(body: Uint8Array): void; tooLarge(): void }) {
    this.#limit = limit;
    this.#to = to;
  }
  piece(bytes: Buffer): void {
    const before = this.#length;
    this.#length += bytes.length;
    if (before > this.#limit) return;
    if (this.#length > this.#limit) return this.#to.tooLarge();
    if (before === 0) this.#first = bytes;
    else (this.#chunks ??= [this.#first]).push(bytes);
  }
  end(): void {
    if (this.#length <= this.#limit) this.#to.whole(this.#chunks === null ? this.#first : Buffer.concat(this.#chunks, this.#length));
  }
  gone(): void {}
}

function bodyOf(judged: Judged): Uint8Array {
  return judged.response?.body ?? Buffer.from(judged.text);
}

/** An id that a client gave, in its canonical form; null when it is none. */
export function requestId(value: string | null): string | null {
  const id = (value ?? "").trim().toLowerCase();
  return /^[a-z0-9][a-z0-9._-]{0,63}$/.test(id) ? id : null;
}

function requestOf({ method, target, authority, headers }: Head, id: string, body: Uint8Array): HttpRequest {
  const given: Header[] = headers.filter((h) => h.name !== "x-request-id");
  given.push({ name: "x-request-id", value: Buffer.from(id) });
  return { method, pathWithQuery: target, authority, headers: given, body };
}
