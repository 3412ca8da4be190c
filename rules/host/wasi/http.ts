// wasi:http: one incoming request and its response in memory, requests to others as errands. Knows nothing of sockets.

import { err, NONE, OK, okay, some } from "../component/value.ts";
import type { Rep, Tagged, Value } from "../component/value.ts";
import { self } from "./io.ts";
import { ErrandSink } from "./errand.ts";
import type { Errand, ErrandHead, Errands, HttpError } from "./errand.ts";
import { InputStream, OutputStream, Pollable, Sink } from "./world.ts";
import type { IoError } from "./world.ts";
import type { Interface, Source, World } from "./world.ts";

const TYPES = "wasi:http/types";
const METHODS = ["get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"] as const;

/** The cases of error-code with the names of what they carry, in order. */
const ERROR_CASES = [
  "DNS-timeout", "DNS-error(record{rcode: option<string>, info-code: option<u16>})", "destination-not-found", "destination-unavailable",
  "destination-IP-prohibited", "destination-IP-unroutable", "connection-refused", "connection-terminated", "connection-timeout",
  "connection-read-timeout", "connection-write-timeout", "connection-limit-reached", "TLS-protocol-error", "TLS-certificate-error",
  "TLS-alert-received(record{alert-id: option<u8>, alert-message: option<string>})", "HTTP-request-denied", "HTTP-request-length-required",
  "HTTP-request-body-size(option<u64>)", "HTTP-request-method-invalid", "HTTP-request-URI-invalid", "HTTP-request-URI-too-long",
  "HTTP-request-header-section-size(option<u32>)", "HTTP-request-header-size(option<FIELD>)", "HTTP-request-trailer-section-size(option<u32>)",
  "HTTP-request-trailer-size(FIELD)", "HTTP-response-incomplete", "HTTP-response-header-section-size(option<u32>)", "HTTP-response-header-size(FIELD)",
  "HTTP-response-body-size(option<u64>)", "HTTP-response-trailer-section-size(option<u32>)", "HTTP-response-trailer-size(FIELD)",
  "HTTP-response-transfer-coding(option<string>)", "HTTP-response-content-coding(option<string>)", "HTTP-response-timeout", "HTTP-upgrade-failed",
  "HTTP-protocol-error", "loop-detected", "configuration-error", "internal-error(option<string>)",
].map((c) => c.replace("FIELD", "record{field-name: option<string>, field-size: option<u32>}"));

const ERROR_CODE = `variant{${ERROR_CASES.join(", ")}}`;
const HEADER_ERROR = "variant{invalid-syntax, forbidden, immutable}";
const METHOD = `variant{${METHODS.join(", ")}, other(string)}`;
const SCHEME = "variant{HTTP, HTTPS, other(string)}";
const t = (name: string) => `${TYPES}.${name}`;
const b = (name: string) => `borrow<${TYPES}.${name}>`;

const INVALID = err({ tag: 0 });
const FORBIDDEN = err({ tag: 1 });
const IMMUTABLE = err({ tag: 2 });

/** An error-code case in words. */
export function errorCodeName(tag: number): string {
  return ERROR_CASES[tag]?.replace(/\(.*$/, "") ?? `error-code ${tag}`;
}

// ---------------------------------------------------------------------------------------------- fields

const FORBIDDEN_NAMES = new Set(["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "transfer-encoding", "upgrade", "host", "http2-settings"]);

export interface Header {
  readonly name: string;
  readonly value: Uint8Array;
}

/** Names in lower case; values of one name stay together, in the order they came. */
export class Fields {
  readonly #values = new Map<string, Uint8Array[]>();
  readonly immutable: boolean;

  constructor(headers: Iterable<Header>, immutable: boolean) {
    for (const { name, value } of headers) this.append(name, value);
    this.immutable = immutable;
  }

  append(name: string, value: Uint8Array): void {
    const known = this.#values.get(name);
    if (known) known.push(value);
    else this.#values.set(name, [value]);
  }
  set(name: string, values: Uint8Array[]): void {
    this.#values.set(name, values);
  }
  delete(name: string): void {
    this.#values.delete(name);
  }
  get(name: string): readonly Uint8Array[] {
    return this.#values.get(name) ?? [];
  }
  has(name: string): boolean {
    return this.#values.has(name);
  }
  *[Symbol.iterator](): Iterator<Header> {
    for (const [name, values] of this.#values) for (const value of values) yield { name, value };
  }
}

function validName(name: string): boolean {
  return name.length > 0 && name.length < 65_536 && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);
}

function validValue(value: Uint8Array): boolean {
  for (let i = 0; i < value.length; i++) {
    const byte = value[i]!;
    if (byte === 0x7f || (byte < 0x20 && byte !== 0x09)) return false;
  }
  return true;
}

function copy(bytes: Value): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes as Uint8Array);
}

/** null: the name and values may be set; else the error to answer. */
function fault(fields: Fields | null, name: string, values: readonly Value[]): Tagged | null {
  if (fields?.immutable) return IMMUTABLE;
  if (!validName(name) || !values.every((v) => validValue(v as Uint8Array))) return INVALID;
  return FORBIDDEN_NAMES.has(name.toLowerCase()) ? FORBIDDEN : null;
}

/** What one header or body costs the host besides its bytes. */
const KEEP_COST = 128;

function keep(world: World, name: string, values: readonly Value[]): void {
  for (const value of values) world.tank.keep(KEEP_COST + name.length + (value as Uint8Array).length);
}

function change(world: World, fields: Value, name: Value, values: readonly Value[], how: (f: Fields, name: string) => void): Value {
  keep(world, name as string, values);
  const f = self<Fields>(fields);
  const wrong = fault(f, name as string, values);
  if (wrong) return wrong;
  how(f, (name as string).toLowerCase());
  return OK;
}

function fromList(world: World, entries: Value): Value {
  const fields = new Fields([], false);
  for (const [name, value] of entries as readonly (readonly [string, Uint8Array])[]) {
    const wrong = fault(null, name, [value]);
    if (wrong) return wrong;
    keep(world, name, [value]);
    fields.append(name.toLowerCase(), copy(value));
  }
  return okay({ rep: fields });
}

function clone(world: World, fields: Value): Value {
  for (const { name, value } of self<Fields>(fields)) keep(world, name, [value]);
  return { rep: new Fields(self<Fields>(fields), false) };
}

/** A body is counted as if it were full, whatever is written to it. */
const BODY_COST = 1024 * 1024;

const LIST = "list<list<u8>>";
const HEADER_RESULT = `result<_, ${HEADER_ERROR}>`;

const fieldsInterface: Interface = {
  "[constructor]fields": { type: `func() -> ${t("fields")}`, run: () => ({ rep: new Fields([], false) }) },
  "[static]fields.from-list": { type: `func(list<tuple<string, list<u8>>>) -> result<${t("fields")}, ${HEADER_ERROR}>`, run: fromList },
  "[method]fields.get": { type: `func(${b("fields")}, string) -> ${LIST}`, run: (_w, f, name) => [...self<Fields>(f).get((name as string).toLowerCase())] },
  "[method]fields.has": { type: `func(${b("fields")}, string) -> bool`, run: (_w, f, name) => self<Fields>(f).has((name as string).toLowerCase()) },
  "[method]fields.set": { type: `func(${b("fields")}, string, ${LIST}) -> ${HEADER_RESULT}`, run: (w, f, name, values) => change(w, f, name, values as Value[], (own, key) => own.set(key, (values as Value[]).map(copy))) },
  "[method]fields.delete": { type: `func(${b("fields")}, string) -> ${HEADER_RESULT}`, run: (w, f, name) => change(w, f, name, [], (own, key) => own.delete(key)) },
  "[method]fields.append": { type: `func(${b("fields")}, string, list<u8>) -> ${HEADER_RESULT}`, run: (w, f, name, value) => change(w, f, name, [value], (own, key) => own.append(key, copy(value))) },
  "[method]fields.entries": { type: `func(${b("fields")}) -> list<tuple<string, list<u8>>>`, run: (_w, f) => [...self<Fields>(f)].map(({ name, value }) => [name, value]) },
  "[method]fields.clone": { type: `func(${b("fields")}) -> ${t("fields")}`, run: clone },
};

// ---------------------------------------------------------------------------------------------- the request

export interface HttpRequest {
  readonly method: string;
  readonly pathWithQuery: string | null;
  readonly authority: string | null;
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
}

export class IncomingRequest {
  readonly request: HttpRequest;
  readonly headers: Fields;
  consumed = false;
  constructor(request: HttpRequest) {
    this.request = request;
    this.headers = new Fields(request.headers.filter((h) => !FORBIDDEN_NAMES.has(h.name)), true);
  }
}

class IncomingBody {
  readonly source: Source;
  taken = false;
  constructor(source: Source) {
    this.source = source;
  }
}

function methodOf(method: string): Tagged {
  const tag = METHODS.findIndex((m) => m.toUpperCase() === method);
  return tag < 0 ? { tag: METHODS.length, value: method } : { tag };
}

function optionalText(text: string | null): Tagged {
  return text === null ? NONE : some(text);
}

function consume(world: World, request: Value): Value {
  const r = self<IncomingRequest>(request);
  if (r.consumed) return err();
  r.consumed = true;
  const live = "exchange" in world ? (world as HttpWorld).exchange.live : null;
  return okay({ rep: new IncomingBody(live?.source ?? new InputStream(r.request.body)) });
}

function bodyStream(_world: World, body: Value): Value {
  const own = self<IncomingBody>(body);
  if (own.taken) return err();
  own.taken = true;
  return okay({ rep: own.source });
}

const incoming: Interface = {
  "[method]incoming-request.method": { type: `func(${b("incoming-request")}) -> ${METHOD}`, run: (_w, r) => methodOf(self<IncomingRequest>(r).request.method) },
  "[method]incoming-request.path-with-query": { type: `func(${b("incoming-request")}) -> option<string>`, run: (_w, r) => optionalText(self<IncomingRequest>(r).request.pathWithQuery) },
  "[method]incoming-request.scheme": { type: `func(${b("incoming-request")}) -> option<${SCHEME}>`, run: () => some({ tag: 0 }) },
  "[method]incoming-request.authority": { type: `func(${b("incoming-request")}) -> option<string>`, run: (_w, r) => optionalText(self<IncomingRequest>(r).request.authority) },
  "[method]incoming-request.headers": { type: `func(${b("incoming-request")}) -> ${t("fields")}`, run: (_w, r) => ({ rep: self<IncomingRequest>(r).headers }) },
  "[method]incoming-request.consume": { type: `func(${b("incoming-request")}) -> result<${t("incoming-body")}>`, run: consume },
  "[method]incoming-body.stream": { type: `func(${b("incoming-body")}) -> result<wasi:io/streams.input-stream>`, run: bodyStream },
  "[static]incoming-body.finish": { type: `func(${t("incoming-body")}) -> ${t("future-trailers")}`, run: () => ({ rep: "trailers" }) },
  "[method]future-trailers.subscribe": { type: `func(${b("future-trailers")}) -> wasi:io/poll.pollable`, run: () => ({ rep: new Pollable(null) }) },
  "[method]future-trailers.get": { type: `func(${b("future-trailers")}) -> option<result<result<option<${t("fields")}>, ${ERROR_CODE}>>>`, run: () => some(okay(okay(NONE))) },
};

// ---------------------------------------------------------------------------------------------- the response

export class OutgoingResponse {
  status = 200;
  readonly headers: Fields;
  body: OutgoingBody | null = null;
  constructor(headers: Fields) {
    this.headers = headers;
  }
}

export class OutgoingBody {
  readonly sink: Sink;
  readonly #headers: Fields;
  written = false;
  finished = false;
  constructor(sink: Sink, headers: Fields) {
    this.sink = sink;
    this.#headers = headers;
  }
  dropped(): void {
    if (!this.finished && this.sink instanceof ErrandSink) this.sink.abandon();
  }
  /** The length that the headers promise; null: none. */
  get promised(): number | null {
    const [value] = this.#headers.get("content-length");
    const text = value === undefined ? "" : Buffer.from(value).toString("latin1");
    return /^[0-9]{1,15}$/.test(text) ? Number(text) : null;
  }
}

export type Answer = { readonly kind: "none" } | { readonly kind: "response"; readonly response: OutgoingResponse } | { readonly kind: "error"; readonly code: number };

/** The other side of an exchange while the guest runs, where bodies go by instead of lying in memory. */
export interface Live {
  readonly source: Source;
  sink(limit: number): Sink;
  /** The head of the answer is final. */
  head(response: OutgoingResponse): void;
}

/** One request on its way through a guest. */
export class Exchange {
  readonly request: IncomingRequest;
  readonly maxResponse: number;
  answer: Answer = { kind: "none" };
  readonly live: Live | null;
  constructor(request: HttpRequest, maxResponse: number, live: Live | null = null) {
    this.request = new IncomingRequest(request);
    this.maxResponse = maxResponse;
    this.live = live;
  }
}

/** The world of a guest that answers a request. */
export interface HttpWorld extends World {
  readonly exchange: Exchange;
  readonly errands: Errands;
}

function setStatus(_world: World, response: Value, status: Value): Value {
  if ((status as number) < 100 || (status as number) > 999) return err();
  self<OutgoingResponse>(response).status = status as number;
  return OK;
}

function responseBody(world: World, response: Value): Value {
  const own = self<OutgoingResponse>(response);
  if (own.body !== null) return err();
  world.tank.keep(BODY_COST);
  const exchange = "exchange" in world ? (world as HttpWorld).exchange : null;
  const limit = exchange?.maxResponse ?? 0;
  own.body = new OutgoingBody(exchange?.live?.sink(limit) ?? new Sink("response body", limit), own.headers);
  return okay({ rep: own.body });
}

function bodyWrite(_world: World, body: Value): Value {
  const own = self<OutgoingBody>(body);
  if (own.written) return err();
  own.written = true;
  return okay({ rep: new OutputStream(own.sink) });
}

function finish(_world: World, body: Value): Value {
  const own = self<OutgoingBody>(body);
  own.finished = true;
  own.sink.open = false;
  const { promised } = own;
  if (promised === null || promised === own.sink.length) own.sink.finish();
  else if (own.sink instanceof ErrandSink) own.sink.abandon();
  return promised === null || promised === own.sink.length ? OK : err({ tag: 28, value: some(BigInt(own.sink.length)) }); // HTTP-response-body-size
}

function setResponse(_world: World, param: Value, response: Value): Value {
  const exchange = self<Exchange>(param);
  const { tag, value } = response as Tagged;
  exchange.answer = tag === 0 ? { kind: "response", response: (value as Rep).rep as OutgoingResponse } : { kind: "error", code: (value as Tagged).tag };
  if (exchange.answer.kind === "response") exchange.live?.head(exchange.answer.response);
  return undefined;
}

const outgoing: Interface = {
  "[constructor]outgoing-response": { type: `func(${t("fields")}) -> ${t("outgoing-response")}`, run: (_w, headers) => ({ rep: new OutgoingResponse(self<Fields>(headers)) }) },
  "[method]outgoing-response.status-code": { type: `func(${b("outgoing-response")}) -> u16`, run: (_w, r) => self<OutgoingResponse>(r).status },
  "[method]outgoing-response.set-status-code": { type: `func(${b("outgoing-response")}, u16) -> result`, run: setStatus },
  "[method]outgoing-response.headers": { type: `func(${b("outgoing-response")}) -> ${t("fields")}`, run: (_w, r) => ({ rep: new Fields(self<OutgoingResponse>(r).headers, true) }) },
  "[method]outgoing-response.body": { type: `func(${b("outgoing-response")}) -> result<${t("outgoing-body")}>`, run: responseBody },
  "[method]outgoing-body.write": { type: `func(${b("outgoing-body")}) -> result<wasi:io/streams.output-stream>`, run: bodyWrite },
  "[static]outgoing-body.finish": { type: `func(${t("outgoing-body")}, option<${t("fields")}>) -> result<_, ${ERROR_CODE}>`, run: finish },
  "[static]response-outparam.set": { type: `func(${t("response-outparam")}, result<${t("outgoing-response")}, ${ERROR_CODE}>)`, run: setResponse },
  "http-error-code": { type: `func(borrow<wasi:io/error.error>) -> option<${ERROR_CODE}>`, run: (_w, e) => httpErrorOf(self<IoError>(e)) },
};

// ---------------------------------------------------------------------------------------------- requests to others

class OutgoingRequest {
  readonly headers: Fields;
  method: Value = { tag: 0 };
  path: Value = NONE;
  scheme: Value = NONE;
  authority: Value = NONE;
  body: OutgoingBody | null = null;
  constructor(headers: Fields) {
    this.headers = headers;
  }
}

const REQUEST = "outgoing-request";

function property(name: string, key: "method" | "path" | "scheme" | "authority", type: string): Interface {
  return {
    [`[method]${REQUEST}.${name}`]: { type: `func(${b(REQUEST)}) -> ${type}`, run: (_w, r) => self<OutgoingRequest>(r)[key] },
    [`[method]${REQUEST}.set-${name}`]: { type: `func(${b(REQUEST)}, ${type}) -> result`, run: (_w, r, value) => { self<OutgoingRequest>(r)[key] = value; return OK; } },
  };
}

function requestBody(world: World, request: Value): Value {
  const own = self<OutgoingRequest>(request);
  if (own.body !== null) return err();
  world.tank.keep(BODY_COST);
  own.body = new OutgoingBody(new ErrandSink(), own.headers);
  return okay({ rep: own.body });
}

function timeout(name: string): Interface {
  return {
    [`[method]request-options.${name}`]: { type: `func(${b("request-options")}) -> option<u64>`, run: (_w, o) => self<Map<string, Value>>(o).get(name) ?? NONE },
    [`[method]request-options.set-${name}`]: { type: `func(${b("request-options")}, option<u64>) -> result`, run: (_w, o, value) => { self<Map<string, Value>>(o).set(name, value); return OK; } },
  };
}

const errorTag = (name: string): number => ERROR_CASES.findIndex((c) => c.replace(/\(.*$/, "") === name);

/** An error-code with what it carries, nothing where it may carry nothing. */
function errorValue({ name, text }: HttpError): Tagged {
  const said = text === undefined ? NONE : some(text);
  switch (name) {
    case "internal-error": return { tag: errorTag(name), value: said };
    case "DNS-error": return { tag: errorTag(name), value: [said, NONE] };
    case "HTTP-response-header-section-size": return { tag: errorTag(name), value: NONE };
    default: return { tag: errorTag(name) };
  }
}

function httpErrorOf({ http }: IoError): Tagged {
  return http === null ? NONE : some(errorValue(http));
}

class IncomingResponse {
  readonly status: number;
  readonly headers: Fields;
  readonly errand: Errand;
  consumed = false;
  constructor(errand: Errand, status: number, headers: readonly Header[]) {
    this.errand = errand;
    this.status = status;
    this.headers = new Fields(headers, true);
  }
}

class FutureResponse {
  readonly errand: Errand;
  taken = false;
  constructor(errand: Errand) {
    this.errand = errand;
  }
}

function futureGet(world: World, future: Value): Value {
  const own = self<FutureResponse>(future);
  if (!own.errand.answered.ready) return NONE;
  if (own.taken) return some(err());
  own.taken = true;
  const { head, failed } = own.errand;
  if (head === null) return some(okay(err(errorValue(failed ?? { name: "internal-error" }))));
  for (const { name, value } of head.headers) keep(world, name, [value]);
  return some(okay(okay({ rep: new IncomingResponse(own.errand, head.status, head.headers) })));
}

function consumeResponse(_world: World, response: Value): Value {
  const own = self<IncomingResponse>(response);
  if (own.consumed) return err();
  own.consumed = true;
  return okay({ rep: new IncomingBody(own.errand.body) });
}

const others: Interface = {
  [`[constructor]${REQUEST}`]: { type: `func(${t("fields")}) -> ${t(REQUEST)}`, run: (_w, headers) => ({ rep: new OutgoingRequest(self<Fields>(headers)) }) },
  [`[method]${REQUEST}.body`]: { type: `func(${b(REQUEST)}) -> result<${t("outgoing-body")}>`, run: requestBody },
  [`[method]${REQUEST}.headers`]: { type: `func(${b(REQUEST)}) -> ${t("fields")}`, run: (_w, r) => ({ rep: new Fields(self<OutgoingRequest>(r).headers, true) }) },
  ...property("method", "method", METHOD),
  ...property("path-with-query", "path", "option<string>"),
  ...property("scheme", "scheme", `option<${SCHEME}>`),
  ...property("authority", "authority", "option<string>"),
  "[constructor]request-options": { type: `func() -> ${t("request-options")}`, run: () => ({ rep: new Map<string, Value>() }) },
  ...timeout("connect-timeout"),
  ...timeout("first-byte-timeout"),
  ...timeout("between-bytes-timeout"),
  "[method]incoming-response.status": { type: `func(${b("incoming-response")}) -> u16`, run: (_w, r) => self<IncomingResponse>(r).status },
  "[method]incoming-response.headers": { type: `func(${b("incoming-response")}) -> ${t("fields")}`, run: (_w, r) => ({ rep: self<IncomingResponse>(r).headers }) },
  "[method]incoming-response.consume": { type: `func(${b("incoming-response")}) -> result<${t("incoming-body")}>`, run: consumeResponse },
  "[method]future-incoming-response.subscribe": { type: `func(${b("future-incoming-response")}) -> wasi:io/poll.pollable`, run: (_w, f) => ({ rep: new Pollable(null, self<FutureResponse>(f).errand.answered) }) },
  "[method]future-incoming-response.get": { type: `func(${b("future-incoming-response")}) -> option<result<result<${t("incoming-response")}, ${ERROR_CODE}>>>`, run: futureGet },
};

const SCHEMES = ["http", "https"] as const;
const PORTS = { http: 80, https: 443 } as const;
/** What a request to others may take where the guest sets no limit; its own wall limit ends it before that. */
const TIMEOUT_MS = 600_000;

/** The request as it leaves, or why it cannot. */
function errandHead(request: OutgoingRequest, options: Map<string, Value> | null): ErrandHead | HttpError {
  const chosen = request.scheme as Tagged;
  const scheme = chosen.tag === 0 ? "https" : SCHEMES[(chosen.value as Tagged).tag];
  if (scheme === undefined) return { name: "HTTP-protocol-error" };
  const authority = request.authority as Tagged;
  const where = authority.tag === 0 ? null : hostAndPort(authority.value as string, PORTS[scheme]);
  if (where === null) return { name: "HTTP-request-URI-invalid" };
  const { tag, value } = request.method as Tagged;
  const method = METHODS[tag]?.toUpperCase() ?? String(value);
  if (!validName(method) || method === "CONNECT") return { name: "HTTP-request-method-invalid" };
  const path = (request.path as Tagged).tag === 0 ? "/" : ((request.path as Tagged).value as string);
  if (!/^[/?*][!-~]*$|^$/.test(path)) return { name: "HTTP-request-URI-invalid" };
  const limit = (name: string): number => {
    const wanted = options?.get(name) as Tagged | undefined;
    return wanted === undefined || wanted.tag === 0 ? TIMEOUT_MS : Math.max(1, Number((wanted.value as bigint) / 1_000_000n));
  };
  return {
    scheme, ...where, method, path: path.startsWith("/") || path === "*" ? path : `/${path}`, headers: [...request.headers], hasBody: request.body !== null,
    timeouts: { connect: limit("connect-timeout"), firstByte: limit("first-byte-timeout"), betweenBytes: limit("between-bytes-timeout") },
  };
}

/** In the one form that a URL has: addresses written as numbers are addresses. */
function hostAndPort(authority: string, otherwise: number): { readonly host: string; readonly port: number } | null {
  if (!/^[^@/?#\\\s]+$/.test(authority) || !URL.canParse(`http://${authority}/`)) return null;
  const { hostname } = new URL(`http://${authority}/`);
  const port = /:(\d+)$/.exec(authority)?.[1];
  return hostname === "" ? null : { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: port === undefined ? otherwise : Number(port) };
}

function handle(world: World, request: Value, options: Value): Value {
  const own = self<OutgoingRequest>(request);
  const given = options as Tagged;
  const head = errandHead(own, given.tag === 0 ? null : self<Map<string, Value>>(given.value));
  if ("name" in head) return err(errorValue(head));
  const errand = (world as HttpWorld).errands.start(head);
  if ("name" in errand) return err(errorValue(errand));
  if (own.body?.sink instanceof ErrandSink) own.body.sink.send(errand);
  return okay({ rep: new FutureResponse(errand) });
}

export const http: { readonly [name: string]: Interface } = {
  [TYPES]: { ...fieldsInterface, ...incoming, ...outgoing, ...others },
  "wasi:http/outgoing-handler": {
    handle: { type: `func(${t(REQUEST)}, option<${t("request-options")}>) -> result<${t("future-incoming-response")}, ${ERROR_CODE}>`, run: handle },
  },
};
