// The thread that speaks HTTP to others on behalf of guests that sleep meanwhile. Connects only to addresses that the rules allow. The
// guest's end is wasi/errand.ts. Knows nothing of guests.

import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { request as httpRequest } from "node:http";
import { parentPort } from "node:worker_threads";
import { denialOf, NetworkRules, systemResolve } from "../ops/network.ts";
import { OUT } from "./wasi/errand.ts";
import type { CourierData, ErrandHead, FromCourier, HttpError, SendOff, ToCourier } from "./wasi/errand.ts";
import type { Header } from "./wasi/http.ts";
import { HIGH, LOW } from "./wasi/live.ts";

export function courier({ network }: CourierData): void {
  const rules = new NetworkRules(network);
  parentPort?.on("message", (sendOff: SendOff) => new Delivery(sendOff, rules).start());
}

async function requester(scheme: "http" | "https"): Promise<typeof httpRequest> {
  return scheme === "http" ? httpRequest : ((await import("node:https")).request as typeof httpRequest);
}

class Delivery {
  readonly #head: ErrandHead;
  readonly #port: SendOff["port"];
  readonly #words: Int32Array;
  readonly #bell: Int32Array;
  readonly #rules: NetworkRules;
  #request: ClientRequest | null = null;
  #incoming: IncomingMessage | null = null;
  #timer: NodeJS.Timeout | undefined;
  #over = false;
  /** What came from the guest before there was a request to write to. */
  #early: ToCourier[] | null = [];

  constructor({ head, port, words, bell }: SendOff, rules: NetworkRules) {
    this.#head = head;
    this.#port = port;
    this.#words = words;
    this.#bell = bell;
    this.#rules = rules;
    port.on("message", (message: ToCourier) => this.#hear(message));
    port.on("close", () => this.#cut());
  }

  start(): void {
    void this.#send().catch((error: unknown) => this.#failed(error));
  }

  async #send(): Promise<void> {
    const { scheme, timeouts } = this.#head;
    const make = await requester(scheme);
    if (this.#over) return;
    const request = make(this.#options());
    this.#request = request;
    this.#within(timeouts.connect, "connection-timeout");
    const connected = () => this.#within(timeouts.firstByte, "connection-read-timeout");
    request.on("socket", (socket) => socket.once(scheme === "https" ? "secureConnect" : "connect", connected));
    request.on("error", (error) => this.#failed(error));
    request.on("response", (incoming) => this.#response(incoming));
    request.on("upgrade", (_response, socket) => {
      socket.destroy();
      this.#failed(new Error("the server changed the protocol"));
    });
    const early = this.#early ?? [];
    this.#early = null;
    if (!this.#head.hasBody) request.end();
    for (const message of early) this.#hear(message);
  }

  #options(): RequestOptions {
    const { host, port, method, path, hasBody } = this.#head;
    const headers: { [name: string]: string[] | string } = {};
    for (const { name, value } of this.#head.headers) {
      const text = Buffer.from(value).toString("latin1");
      const known = headers[name];
      headers[name] = known === undefined ? text : [...(Array.isArray(known) ? known : [known]), text];
    }
    if (hasBody && headers["content-length"] === undefined) headers["transfer-encoding"] = "chunked";
    return { host, port, method, path, headers, agent: false, lookup: this.#rules.lookup(systemResolve) };
  }

  /** What is next must come to pass in so many milliseconds. */
  #within(ms: number, otherwise: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail({ name: otherwise }), Math.min(ms, 2 ** 31 - 1));
  }

  // ---- what the guest sends ------------------------------------------------------------------------

  #hear(message: ToCourier): void {
    if (message.kind === "cut") return this.#cut();
    if (message.kind === "more") return void this.#incoming?.resume();
    if (this.#early !== null) return void this.#early.push(message);
    if (this.#over || !this.#head.hasBody) return;
    if (message.kind === "end") return void this.#request?.end();
    const { bytes } = message;
    this.#request?.write(bytes, () => {
      Atomics.sub(this.#words, OUT.leaving, bytes.length);
      this.#ring();
    });
  }

  #cut(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#request?.destroy();
    this.#port.close();
  }

  // ---- what comes back -----------------------------------------------------------------------------

  #response(incoming: IncomingMessage): void {
    this.#incoming = incoming;
    const { betweenBytes } = this.#head.timeouts;
    const late = () => this.#within(betweenBytes, "HTTP-response-timeout");
    late();
    this.#tell({ kind: "head", status: incoming.statusCode ?? 0, headers: headersOf(incoming.rawHeaders) });
    incoming.on("data", (chunk: Buffer) => {
      late();
      this.#data(chunk);
    });
    incoming.on("error", (error) => this.#failed(error));
    incoming.on("aborted", () => this.#fail({ name: "HTTP-response-incomplete" }));
    incoming.on("end", () => this.#end(incoming.complete));
  }

  #data(chunk: Buffer): void {
    const bytes = Uint8Array.prototype.slice.call(chunk);
    const coming = Atomics.add(this.#words, OUT.coming, bytes.length) + bytes.length;
    this.#tell({ kind: "data", bytes }, [bytes.buffer as ArrayBuffer]);
    if (coming < HIGH) return;
    this.#incoming?.pause();
    clearTimeout(this.#timer); // it is the guest that takes its time
    Atomics.store(this.#words, OUT.paused, 1);
    // It may have read all of it meanwhile, and then nobody else would say so.
    if (Atomics.load(this.#words, OUT.coming) < LOW && Atomics.exchange(this.#words, OUT.paused, 0) === 1) this.#incoming?.resume();
  }

  #end(complete: boolean): void {
    if (!complete) return this.#fail({ name: "HTTP-response-incomplete" });
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#tell({ kind: "end" });
    this.#request?.destroy();
  }

  #failed(error: unknown): void {
    const denial = denialOf(error);
    if (!this.#over && denial !== null) this.#tell({ kind: "failed", error: { name: "destination-IP-prohibited" }, denial });
    if (denial === null) this.#fail(errorOf(error));
    else this.#over = true;
  }

  #fail(error: HttpError): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#tell({ kind: "failed", error, denial: null });
    this.#request?.destroy();
  }

  #tell(message: FromCourier, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
    this.#ring();
  }

  #ring(): void {
    Atomics.add(this.#bell, 0, 1);
    Atomics.notify(this.#bell, 0);
  }
}

/** Those of the message, not of the connection. */
function headersOf(raw: readonly string[]): Header[] {
  const headers: Header[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (!/^(?:connection|keep-alive|proxy-authenticate|proxy-connection|transfer-encoding|upgrade|http2-settings)$/.test(name)) headers.push({ name, value: Buffer.from(raw[i + 1]!, "latin1") });
  }
  return headers;
}

const BY_CODE: { readonly [code: string]: string } = {
  ECONNREFUSED: "connection-refused",
  ECONNRESET: "connection-terminated",
  EPIPE: "connection-terminated",
  ETIMEDOUT: "connection-timeout",
  EHOSTUNREACH: "destination-unavailable",
  ENETUNREACH: "destination-IP-unroutable",
  ENOTFOUND: "DNS-error",
  EAI_AGAIN: "DNS-timeout",
  ERR_UNESCAPED_CHARACTERS: "HTTP-request-URI-invalid",
  ERR_INVALID_HTTP_TOKEN: "HTTP-request-method-invalid",
  HPE_HEADER_OVERFLOW: "HTTP-response-header-section-size",
  EPROTO: "TLS-protocol-error",
};

function errorOf(error: unknown): HttpError {
  const { code = "", message = "" } = (error ?? {}) as { readonly code?: string; readonly message?: string };
  if (Object.hasOwn(BY_CODE, code)) return { name: BY_CODE[code]!, text: code };
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(code)) return { name: "TLS-certificate-error" };
  if (code.startsWith("ERR_SSL")) return { name: "TLS-protocol-error" };
  return code.startsWith("HPE_") ? { name: "HTTP-protocol-error" } : { name: "internal-error", text: (code || message).slice(0, 200) };
}
