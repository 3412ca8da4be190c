// `http.fetch` of a reducer: one request to an allowed host, with limits on time and size. Knows nothing of frames.

import type { IncomingMessage } from "node:http";
import { fail, isJsonArray, isJsonObject, ok } from "../../engine/index.ts";
import type { JsonObject, JsonValue, Result } from "../../engine/index.ts";
import { denialOf, systemResolve } from "../ops/network.ts";
import type { Denial, NetworkRules } from "../ops/network.ts";
import { readPayload, writePayload } from "./payload.ts";

export interface FetchPolicy {
  /** Host names, compared exactly, without port; or the rules of capabilities. */
  readonly allowed: readonly string[] | NetworkRules;
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
}

/** The variable that names the hosts; without it nothing may be fetched. */
export const ALLOW_VARIABLE = "X07_WASM_HTTP_FETCH_ALLOW_HOSTS";

export function allowedHosts(variable: string | undefined): string[] {
  return (variable ?? "").split(",").map((host) => host.trim()).filter((host) => host !== "");
}

export interface Fetched {
  readonly response: JsonObject;
  readonly bodyBytes: number;
}

/** What the reducer is told, and the rule behind it where capabilities refused. */
export interface Unfetched {
  readonly error: string;
  readonly denial: Denial | null;
}

function unfetched(error: string): Result<never, Unfetched> {
  return fail({ error, denial: null });
}

function denied(denial: Denial): Result<never, Unfetched> {
  return fail({ error: "http.fetch denied by capabilities", denial });
}

/** The answer as a response envelope, or why there is none. `onPermitted` is told once the network is about to be used. */
export async function fetchEffect(effect: JsonObject, policy: FetchPolicy, onPermitted: () => void): Promise<Result<Fetched, Unfetched>> {
  const url = permittedUrl(String(effect["url"]), policy);
  if (!url.ok) return url;
  onPermitted();
  const body = readPayload(effect["body"]);
  if (!body.ok) return unfetched(`the body cannot be read: ${body.error}`);
  const answer = await exchange(url.value, String(effect["method"]), legalHeaders(effect["headers"], await import("node:http")), body.value, policy);
  if (!answer.ok) return answer;
  const { status, headers, bytes } = answer.value;
  if (status < 100 || status > 599) return unfetched(`the server answered with status ${status}`);
  const response = { schema_version: "x07.http.response.envelope@0.1.0", request_id: String(effect["id"]), status, headers, body: writePayload(bytes) };
  return ok({ response, bodyBytes: bytes.length });
}

function permittedUrl(text: string, { allowed }: FetchPolicy): Result<URL, Unfetched> {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return unfetched("the url cannot be parsed");
  }
  if (url.protocol !== "http:") return unfetched("unsupported scheme (only http:// allowed)");
  if (url.hostname === "") return unfetched("missing host");
  if (!isRules(allowed)) return allowed.includes(url.hostname) ? ok(url) : unfetched(`http.fetch host not allowlisted (set ${ALLOW_VARIABLE})`);
  const denial = allowed.check("http", url.hostname.replace(/^\[(.*)\]$/, "$1"), url.port === "" ? 80 : Number(url.port));
  return denial === null ? ok(url) : denied(denial);
}

function isRules(allowed: FetchPolicy["allowed"]): allowed is NetworkRules {
  return "check" in allowed;
}

type HttpModule = Pick<typeof import("node:http"), "validateHeaderName" | "validateHeaderValue">;

/** The header pairs that HTTP allows; others, and those that belong to the connection, are left out. */
function legalHeaders(headers: JsonValue | undefined, http: HttpModule): [string, string][] {
  const legal: [string, string][] = [];
  for (const header of headers !== undefined && isJsonArray(headers) ? headers : []) {
    if (!isJsonObject(header) || typeof header["k"] !== "string" || typeof header["v"] !== "string") continue;
    const [name, value] = [header["k"], header["v"]];
    if (/^(?:host|connection|content-length|transfer-encoding|upgrade|expect)$/i.test(name)) continue;
    try {
      http.validateHeaderName(name);
      http.validateHeaderValue(name, value);
      legal.push([name, value]);
    } catch {
      // No header that could be sent.
    }
  }
  return legal;
}

interface HttpAnswer {
  readonly status: number;
  readonly headers: readonly JsonObject[];
  readonly bytes: Uint8Array;
}

async function exchange(url: URL, wanted: string, headers: readonly [string, string][], body: Uint8Array, policy: FetchPolicy): Promise<Result<HttpAnswer, Unfetched>> {
  const { METHODS, request } = await import("node:http");
  const method = METHODS.includes(wanted) && wanted !== "CONNECT" ? wanted : "GET";
  return new Promise((resolve) => {
    const outgoing = request(url, { method, agent: false, headers: { ...grouped(headers), "content-length": body.length }, ...(isRules(policy.allowed) && { lookup: policy.allowed.lookup(systemResolve) }) });
    const timer = setTimeout(() => end(unfetched(`no complete answer within ${policy.timeoutMs} ms`)), policy.timeoutMs);
    const end = (result: Result<HttpAnswer, Unfetched>): void => {
      clearTimeout(timer);
      resolve(result);
      outgoing.destroy();
    };
    outgoing.on("error", (error) => {
      const denial = denialOf(error);
      end(denial === null ? unfetched(`the request failed: ${error.message || (error as NodeJS.ErrnoException).code || "connection refused"}`) : denied(denial));
    });
    outgoing.on("response", (incoming) => void collect(incoming, policy.maxBodyBytes).then(end));
    outgoing.end(body);
  });
}

function grouped(headers: readonly [string, string][]): { [name: string]: string[] } {
  const all: { [name: string]: string[] } = {};
  for (const [name, value] of headers) (all[name.toLowerCase()] ??= []).push(value);
  return all;
}

async function collect(incoming: IncomingMessage, maxBytes: number): Promise<Result<HttpAnswer, Unfetched>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > maxBytes) return unfetched(`the response body is over ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    return unfetched(`the response ended early: ${(error as Error).message}`);
  }
  return ok({ status: incoming.statusCode ?? 0, headers: tellableHeaders(incoming.rawHeaders), bytes: new Uint8Array(Buffer.concat(chunks)) });
}

const MAX_HEADERS = 256;

/** Headers as an envelope may carry them (visible ASCII, a known form of name, not too long), in order. */
function tellableHeaders(raw: readonly string[]): JsonObject[] {
  const pairs: { k: string; v: string }[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [k, v] = [raw[i]!.toLowerCase(), raw[i + 1]!];
    if (/^[a-z0-9-]{1,64}$/.test(k) && /^[\x20-\x7e]{0,4096}$/.test(v)) pairs.push({ k, v });
  }
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return pairs.sort((a, b) => order(a.k, b.k) || order(a.v, b.v)).slice(0, MAX_HEADERS);
}
