// Bazel's HTTP cache form: GET and PUT of /ac/<sha256> and /cas/<sha256>, with limits on time, size and number at once. A
// server that fails is asked less and then not at all. Knows no message and no build.

import * as http from "node:http";
import * as https from "node:https";

export interface HttpOptions {
  readonly url: URL;
  readonly token: string | undefined;
  /** One request, from the first byte sent to the last one received. */
  readonly timeoutMs: number;
}

export type Shelf = "ac" | "cas";
export type Got = { readonly kind: "body"; readonly body: Uint8Array } | { readonly kind: "miss" } | { readonly kind: "failed" };

/** Why a request came to nothing. */
export interface Trouble {
  readonly what: string;
  readonly code: "TIMEOUT" | "UNREACHABLE" | "REFUSED" | "FULL" | "STATUS" | "WRONG";
}

const LANES = 16;
const RETRIES = 2;
const BACKOFF_MS = 80;
/** After so many requests in a row that failed, or so many that took too long, nobody is asked any more. */
const FAILURES_IN_A_ROW = 6;
const TIMEOUTS = 3;

/** What the shared cache needs of a server. */
export interface Store {
  /** False when asking is pointless for the rest of this process. */
  readonly asks: boolean;
  readonly sends: boolean;
  readonly traffic: { readonly downloadedBytes: number; readonly uploadedBytes: number; readonly failures: number };
  /** The body, if it is not longer than `limit`. */
  get(shelf: Shelf, name: string, limit: number): Promise<Got>;
  put(shelf: Shelf, name: string, body: Uint8Array): Promise<boolean>;
  /** Says that an answer was not what it should be. */
  wrong(what: string): void;
  close(): void;
}

type Answer = { readonly status: number; readonly body: Uint8Array } | { readonly trouble: Trouble };

export class HttpStore implements Store {
  readonly #options: HttpOptions;
  readonly #onTrouble: (t: Trouble) => void;
  readonly #client: typeof http | typeof https;
  readonly #agent: http.Agent;
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #row = 0;
  #timeouts = 0;
  #off = false;
  #full = false;
  readonly traffic = { downloadedBytes: 0, uploadedBytes: 0, failures: 0 };

  constructor(options: HttpOptions, onTrouble: (t: Trouble) => void) {
    this.#options = options;
    this.#onTrouble = onTrouble;
    this.#client = options.url.protocol === "https:" ? https : http;
    this.#agent = new this.#client.Agent({ keepAlive: true, maxSockets: LANES });
  }

  get asks(): boolean {
    return !this.#off;
  }
  get sends(): boolean {
    return !this.#off && !this.#full;
  }

  async get(shelf: Shelf, name: string, limit: number): Promise<Got> {
    const answer = await this.#request("GET", `${shelf}/${name}`, undefined, limit);
    if (answer === undefined) return { kind: "failed" };
    if (answer.status === 404 || answer.status === 410) return (this.#row = 0), { kind: "miss" };
    if (answer.status !== 200) return this.#refused(answer.status, `GET ${shelf}`), { kind: "failed" };
    this.#row = 0;
    this.traffic.downloadedBytes += answer.body.length;
    return { kind: "body", body: answer.body };
  }

  async put(shelf: Shelf, name: string, body: Uint8Array): Promise<boolean> {
    if (!this.sends) return false;
    const answer = await this.#request("PUT", `${shelf}/${name}`, body, 1 << 16);
    if (answer === undefined) return false;
    if (answer.status < 200 || answer.status > 299) return this.#refused(answer.status, `PUT ${shelf}`), false;
    this.#row = 0;
    this.traffic.uploadedBytes += body.length;
    return true;
  }

  wrong(what: string): void {
    this.#trouble({ code: "WRONG", what });
  }

  close(): void {
    this.#agent.destroy();
  }

  #refused(status: number, what: string): void {
    if (status === 401 || status === 403) this.#off = true;
    if (status === 413 || status === 507) this.#full = true;
    this.#trouble({ code: status === 401 || status === 403 ? "REFUSED" : status === 413 || status === 507 ? "FULL" : "STATUS", what: `${what} was answered with status ${status}` });
  }

  #trouble(t: Trouble): void {
    this.traffic.failures += 1;
    this.#row += 1;
    if (t.code === "TIMEOUT") this.#timeouts += 1;
    if (this.#row >= FAILURES_IN_A_ROW || this.#timeouts >= TIMEOUTS) this.#off = true;
    this.#onTrouble(t);
  }

  /** The answer, after retries where they may help; undefined when there is none (said already). */
  async #request(method: "GET" | "PUT", path: string, body: Uint8Array | undefined, limit: number): Promise<Extract<Answer, { status: number }> | undefined> {
    for (let tries = 0; ; tries++) {
      await this.#lane();
      const answer = this.#off ? undefined : await this.#once(method, path, body, limit);
      this.#leave();
      if (answer === undefined) return undefined;
      const again = "trouble" in answer ? answer.trouble.code === "UNREACHABLE" : answer.status === 408 || answer.status === 429 || (answer.status >= 500 && answer.status !== 507);
      if (!again || tries >= RETRIES) {
        if (!("trouble" in answer)) return answer;
        this.#trouble(answer.trouble);
        return undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, BACKOFF_MS * 2 ** tries * (0.5 + Math.random())));
    }
  }

  async #lane(): Promise<void> {
    if (this.#busy >= LANES) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#busy += 1;
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy -= 1;
    else next();
  }

  #once(method: "GET" | "PUT", path: string, body: Uint8Array | undefined, limit: number): Promise<Answer> {
    const { url, token, timeoutMs } = this.#options;
    const base = url.pathname.replace(/\/+$/, "");
    const headers: http.OutgoingHttpHeaders = { accept: "*/*" };
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    if (body !== undefined) Object.assign(headers, { "content-length": body.length, "content-type": "application/octet-stream" });
    return new Promise((resolve) => {
      const request = this.#client.request({ protocol: url.protocol, hostname: url.hostname.replace(/^\[|\]$/g, ""), port: url.port === "" ? undefined : url.port, path: `${base}/${path}`, method, headers, agent: this.#agent });
      const finish = (answer: Answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      const failed = (code: Trouble["code"], what: string) => {
        finish({ trouble: { code, what } });
        request.destroy();
      };
      const timer = setTimeout(() => failed("TIMEOUT", `a request took longer than ${timeoutMs} ms`), timeoutMs);
      request.on("error", (e: NodeJS.ErrnoException) => failed("UNREACHABLE", `a request failed: ${e.code ?? "the connection broke"}`));
      request.on("response", (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size > limit) failed("WRONG", `an answer is longer than the ${limit} bytes it may have`);
          else chunks.push(chunk);
        });
        response.on("error", () => failed("UNREACHABLE", "the connection broke in the middle of an answer"));
        response.on("aborted", () => failed("UNREACHABLE", "the connection broke in the middle of an answer"));
        response.on("end", () => finish({ status: response.statusCode ?? 0, body: new Uint8Array(Buffer.concat(chunks)) }));
      });
      request.end(body);
    });
  }
}
