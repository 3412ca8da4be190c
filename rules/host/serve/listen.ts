// A real HTTP/1.1 server in front of a handler: keep-alive, limits on everything a client sends, an orderly end. Knows nothing of components.

import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { fail, ok } from "../../../engine/index.ts";
import type { Result } from "../../../engine/index.ts";
import { finding } from "../../wasm/finding.ts";
import type { HttpHandler } from "../host.ts";
import type { HostLimits } from "../limits.ts";
import type { Header, HttpRequest } from "../wasi/http.ts";
import { judge } from "./judge.ts";
import type { Judged } from "./judge.ts";
import type { Ledger } from "./ledger.ts";
import type { Address } from "./serve-goal.ts";

export interface ListenJob {
  readonly address: Address;
  readonly handler: HttpHandler;
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

const MAX_HEADER_BYTES = 65_536;
/** What requests in flight may take to finish after a signal, beyond their own wall time. */
const GRACE_MS = 1_000;

/** Bodies up to this size are sent as text: a copy is quicker than a second buffer. */
const ONE_PIECE = 16_384;

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** Listens until it is told to stop or has answered enough; the error is one of listening. */
export function listen(job: ListenJob): Promise<Result<void>> {
  return new Listener(job).run();
}

class Listener {
  readonly #job: ListenJob;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Sockets that brought a request. */
  readonly #used = new WeakSet<Socket>();
  /** Sockets that were ended for what they sent. */
  readonly #ended = new WeakSet<Socket>();
  #inFlight = 0;
  #counted = 0;
  #nextId: number;
  #closing = false;
  #done: (result: Result<void>) => void = () => undefined;

  constructor(job: ListenJob) {
    this.#job = job;
    this.#nextId = job.ids?.first ?? 0;
    const { headerTimeoutMs, bodyTimeoutMs, idleTimeoutMs } = job;
    this.#server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headerTimeoutMs,
      requestTimeout: headerTimeoutMs + bodyTimeoutMs,
      keepAliveTimeout: idleTimeoutMs,
      connectionsCheckingInterval: Math.max(50, Math.min(1_000, headerTimeoutMs / 4, idleTimeoutMs / 4)),
      noDelay: true,
    });
    this.#server.maxHeadersCount = 0; // bounded by bytes; fewer would be dropped without a word
  }

  run(): Promise<Result<void>> {
    const { address, ready, stop } = this.#job;
    return new Promise((resolve) => {
      this.#done = resolve;
      const server = this.#server;
      server.on("request", (request, response) => void this.#request(request, response));
      server.on("connection", (socket) => this.#connection(socket));
      server.on("clientError", (error: NodeJS.ErrnoException, socket) => this.#clientError(error, socket as Socket));
      server.once("error", (error: NodeJS.ErrnoException) => resolve(fail([{ ...finding("X07WASM_SERVE_LISTEN_FAILED", "run", `cannot listen on ${address.host}:${address.port}: ${error.message}`, { os_error: error.code ?? "" }), hint: "choose another --addr; port 0 takes any free one" }])));
      server.listen(address.port, address.host, () => {
        const bound = server.address() as AddressInfo;
        ready(bound.family === "IPv6" ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`);
      });
      if (stop.aborted) this.#close();
      else stop.addEventListener("abort", () => this.#close(), { once: true });
    });
  }

  // ---- connections ---------------------------------------------------------------------------------

  #connection(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (!this.#used.has(socket)) this.#count();
    });
  }

  #clientError(error: NodeJS.ErrnoException, socket: Socket): void {
    if (this.#ended.has(socket)) return; // what still comes on it is nonsense too
    this.#ended.add(socket);
    const status = error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? "408 Request Timeout" : "400 Bad Request";
    if (error.code !== "ECONNRESET" && error.code !== "EPIPE") {
      this.#job.ledger.tell([{ code: "X07WASM_SERVE_HTTP1_CONN_FAILED", severity: "warning", stage: "run", message: `a connection was ended: ${status} (${error.code ?? error.message})` }]);
    }
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy());
    else socket.destroy();
  }

  /** One of the things that --stop-after counts is over. */
  #count(): void {
    this.#counted++;
    if (this.#job.stopAfter > 0 && this.#counted >= this.#job.stopAfter) this.#close();
  }

  get #last(): boolean {
    return this.#closing || (this.#job.stopAfter > 0 && this.#counted + this.#inFlight >= this.#job.stopAfter);
  }

  // ---- requests ------------------------------------------------------------------------------------

  async #request(message: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#used.add(message.socket);
    const id = requestId(message.headers["x-request-id"]) ?? this.#newId();
    const began = performance.now();
    this.#inFlight++;
    response.once("close", () => {
      this.#inFlight--;
      this.#count();
    });
    message.on("error", () => undefined); // the client went away: "close" says so
    if (this.#inFlight > this.#job.maxConcurrent) return this.#refuse(message, response, id, 503, "server busy", began);
    if (Number(message.headers["content-length"] ?? 0) > this.#job.maxRequest) return this.#refuse(message, response, id, 413, "request too large", began);
    const body = await this.#body(message);
    if (body === "gone") return;
    if (body === "too large") return this.#refuse(message, response, id, 413, "request too large", began);
    const request = requestOf(message, id, body);
    const judged = judge(await this.#job.handler.answer(request), this.#job.limits);
    this.#job.ledger.note(id, request, judged, performance.now() - began, { status: judged.status, body: judged.response?.body ?? Buffer.from(judged.text) });
    this.#send(response, id, judged);
  }

  #newId(): string {
    const id = `req${this.#nextId}`;
    this.#nextId += this.#job.ids?.step ?? 1;
    return id;
  }

  #body(message: IncomingMessage): Promise<Uint8Array | "too large" | "gone"> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let length = 0;
      message.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length > this.#job.maxRequest) resolve("too large");
        else chunks.push(chunk);
      });
      message.once("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)));
      message.once("close", () => resolve("gone"));
    });
  }

  /** An answer of the host's own; what the client still sends is not waited for. */
  #refuse(message: IncomingMessage, response: ServerResponse, id: string, status: 413 | 503, text: string, began: number): void {
    this.#job.ledger.list(false, status, Buffer.from(text), performance.now() - began);
    const whole = message.complete;
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "content-length": text.length, "x-request-id": id, ...(status === 503 && { "retry-after": "1" }), ...(!whole && { connection: "close" }) });
    response.end(text, () => void (whole || message.socket.destroySoon()));
  }

  #send(response: ServerResponse, id: string, judged: Judged): void {
    if (this.#last) response.shouldKeepAlive = false;
    const body = judged.response?.body ?? Buffer.from(judged.text);
    const headers: string[] = [];
    let length = false;
    for (const { name, value } of judged.response?.headers ?? [{ name: "content-type", value: Buffer.from("text/plain; charset=utf-8") }]) {
      if (name === "x-request-id") continue;
      length ||= name === "content-length";
      headers.push(name, latin1(value));
    }
    headers.push("x-request-id", id);
    if (!length && judged.status !== 204 && judged.status !== 304) headers.push("content-length", String(body.length));
    response.writeHead(judged.status, headers);
    // Text goes out with the head in one piece.
    if (body.length <= ONE_PIECE) response.end(latin1(body), "latin1");
    else response.end(body);
  }

  // ---- the end -------------------------------------------------------------------------------------

  #close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#server.close(() => this.#done(ok(undefined)));
    this.#server.closeIdleConnections();
    const wait = (this.#job.limits.wallMs ?? 0) + GRACE_MS;
    setTimeout(() => this.#sockets.forEach((socket) => socket.destroy()), wait).unref();
    // A connection that has sent nothing yet is idle too, though Node does not count it so.
    for (const socket of this.#sockets) if (!this.#used.has(socket)) socket.destroy();
  }
}

/** An id that a client gave, in its canonical form; null when it is none. */
export function requestId(value: string | readonly string[] | undefined): string | null {
  const id = (typeof value === "string" ? value : (value?.[0] ?? "")).trim().toLowerCase();
  return /^[a-z0-9][a-z0-9._-]{0,63}$/.test(id) ? id : null;
}

function requestOf(message: IncomingMessage, id: string, body: Uint8Array): HttpRequest {
  const headers: Header[] = [];
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    const name = message.rawHeaders[i]!.toLowerCase();
    if (name !== "x-request-id") headers.push({ name, value: Buffer.from(message.rawHeaders[i + 1]!, "latin1") });
  }
  headers.push({ name: "x-request-id", value: Buffer.from(id) });
  const target = message.url ?? "/";
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*(.*)$/i.exec(target);
  return { method: message.method ?? "GET", pathWithQuery: absolute === null ? target : absolute[1] || "/", authority: message.headers.host ?? null, headers, body };
}
