// The head of an HTTP/1.1 message out of bytes: strict, so that no two readers can see different requests in it. Knows no sockets.

export interface RawHeader {
  /** In lower case. */
  readonly name: string;
  readonly value: Uint8Array;
}

/** How the body of a request is told apart from what follows it. */
export type Framing = { readonly kind: "none" } | { readonly kind: "length"; readonly length: number } | { readonly kind: "chunked" };

export interface Head {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly authority: string | null;
  readonly headers: readonly RawHeader[];
  readonly framing: Framing;
  /** What the client wishes; a server may still close. */
  readonly keepAlive: boolean;
  readonly minor: 0 | 1;
  /** The client waits for a word before it sends the body. */
  readonly expectsContinue: boolean;
  readonly requestId: string | null;
}

/** Why a message is no request: the status to answer, and a few words. */
export interface Fault {
  readonly status: 400 | 408 | 417 | 431 | 501 | 505;
  readonly message: string;
}

export const MAX_HEAD_BYTES = 65_536;
const MAX_HEADERS = 1_024;
const MAX_METHOD = 64;

const SP = 0x20;
const TAB = 0x09;
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;

function table(accepts: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (accepts(code) ? 1 : 0));
}

export const TOKEN = table((c) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/.test(String.fromCharCode(c)));
/** Field values: visible, spaces, tabs and bytes beyond ASCII; no NUL, no other control. */
export const VALUE = table((c) => c === TAB || (c >= SP && c !== 0x7f));
/** Visible ASCII without `#`, which no target has, and without what a URI must encode. */
const TARGET = table((c) => c > SP && c < 0x7f && !'#"<>\\'.includes(String.fromCharCode(c)));
const HOST = /^(?:[A-Za-z0-9\-._~%!$&'()*+,;=]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?]*)(.*)$/;

function bad(message: string, status: Fault["status"] = 400): Fault {
  return { status, message };
}

export function isFault<T extends object>(result: T | Fault): result is Fault {
  return "status" in result;
}

/** Where the head that begins at `from` ends (behind its empty line); -1: not yet. Empty lines before it are to be skipped first. */
export function headEnd(bytes: Buffer, from: number): number {
  const at = bytes.indexOf("\r\n\r\n", from, "latin1");
  return at < 0 ? -1 : at + 4;
}

/** The head in `bytes[from, end)`, `end` as `headEnd` gave it. */
export function parseHead(bytes: Buffer, from: number, end: number): Head | Fault {
  const line = requestLine(bytes, from, end);
  if (isFault(line)) return line;
  const headers = parseFields(bytes, line.next, end - 2);
  if (isFault(headers)) return headers;
  return interpret(line, headers);
}

interface Line {
  readonly method: string;
  readonly target: string;
  readonly minor: 0 | 1;
  readonly next: number;
}

function requestLine(bytes: Buffer, from: number, end: number): Line | Fault {
  let at = from;
  while (at < end && TOKEN[bytes[at]!] === 1) at++;
  if (at === from || at - from > MAX_METHOD || bytes[at] !== SP) return bad("no method");
  const method = bytes.toString("latin1", from, at);
  const start = ++at;
  while (at < end && TARGET[bytes[at]!] === 1) at++;
  if (at === start || bytes[at] !== SP) return bad("no request target");
  const target = bytes.toString("latin1", start, at);
  const version = bytes.toString("latin1", at + 1, at + 9);
  if (bytes[at + 9] !== CR || bytes[at + 10] !== LF) return bad("no end of the request line");
  if (version !== "HTTP/1.1" && version !== "HTTP/1.0") return /^HTTP\/[0-9]\.[0-9]$/.test(version) ? bad("only HTTP/1.0 and HTTP/1.1 are spoken here", 505) : bad("no HTTP version");
  return { method, target, minor: version === "HTTP/1.1" ? 1 : 0, next: at + 11 };
}

/** Lines `name: value` in `bytes[from, end)`, each with its line end. Trailers look the same. */
export function parseFields(bytes: Buffer, from: number, end: number): RawHeader[] | Fault {
  const headers: RawHeader[] = [];
  for (let at = from; at < end; ) {
    const start = at;
    while (TOKEN[bytes[at]!] === 1) at++;
    if (at === start || bytes[at] !== COLON) return bad(bytes[start] === SP || bytes[start] === TAB ? "a header goes on in a second line" : "a header without a proper name");
    const name = bytes.toString("latin1", start, at).toLowerCase();
    at++;
    while (bytes[at] === SP || bytes[at] === TAB) at++;
    const first = at;
    while (VALUE[bytes[at]!] === 1) at++;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return bad("a control character in a header");
    let last = at;
    while (last > first && (bytes[last - 1] === SP || bytes[last - 1] === TAB)) last--;
    headers.push({ name, value: bytes.subarray(first, last) });
    if (headers.length > MAX_HEADERS) return bad("too many headers", 431);
    at += 2;
  }
  return headers;
}

function text(value: Uint8Array): string {
  return (value as Buffer).toString("latin1", 0, value.length);
}

/** What the headers say about the message itself, and where they contradict each other. */
function interpret({ method, target, minor }: Line, headers: readonly RawHeader[]): Head | Fault {
  let host: string | null = null;
  let length: string | null = null;
  let coding: string | null = null;
  let connection = "";
  let expect: string | null = null;
  let requestId: string | null = null;
  for (const { name, value } of headers) {
    switch (name) {
      case "host":
        if (host !== null) return bad("two hosts");
        host = text(value);
        break;
      case "content-length":
        if (length !== null) return bad("two content lengths");
        length = text(value);
        break;
      case "transfer-encoding":
        if (coding !== null) return bad("two transfer codings");
        coding = text(value).toLowerCase();
        break;
      case "connection": connection += `,${text(value).toLowerCase()}`; break;
      case "expect": expect = text(value).toLowerCase(); break;
      case "x-request-id": requestId ??= text(value); break;
    }
  }
  const place = placeOf(method, target, host, minor);
  if (isFault(place)) return place;
  const framing = framingOf(length, coding, minor);
  if (isFault(framing)) return framing;
  if (expect !== null && expect !== "100-continue") return bad("an expectation that is not known", 417);
  const tokens = connection === "" ? NO_TOKENS : connection.split(",").map((t) => t.trim());
  const keepAlive = minor === 1 ? !tokens.includes("close") : tokens.includes("keep-alive") && !tokens.includes("close");
  return { method, ...place, headers, framing, keepAlive, minor, expectsContinue: expect !== null && minor === 1 && framing.kind !== "none", requestId };
}

const NO_TOKENS: readonly string[] = [];

/** Target and authority; one that is in the target stands above the host header. */
function placeOf(method: string, target: string, host: string | null, minor: 0 | 1): { readonly target: string; readonly authority: string | null } | Fault {
  if (method === "CONNECT") return bad("this is no proxy", 501);
  if (host === null && minor === 1) return bad("no host");
  if (host !== null && !HOST.test(host)) return bad("not a host");
  if (target.charCodeAt(0) === 0x2f) return { target, authority: host };
  if (target === "*") return method === "OPTIONS" ? { target, authority: host } : bad("no request target");
  const absolute = ABSOLUTE.exec(target);
  if (absolute === null || absolute[1] === "" || !HOST.test(absolute[1]!)) return bad("no request target");
  const rest = absolute[2]!;
  return { target: rest.startsWith("/") ? rest : `/${rest}`, authority: absolute[1]! };
}

const NONE: Framing = { kind: "none" };
const CHUNKED: Framing = { kind: "chunked" };

function framingOf(length: string | null, coding: string | null, minor: 0 | 1): Framing | Fault {
  if (coding !== null) {
    if (length !== null) return bad("both a content length and a transfer coding");
    if (minor === 0) return bad("a transfer coding in HTTP/1.0");
    return coding === "chunked" ? CHUNKED : bad("a transfer coding other than chunked", 501);
  }
  if (length === null) return NONE;
  if (!/^[0-9]{1,15}$/.test(length)) return bad("no proper content length");
  return length === "0" ? NONE : { kind: "length", length: Number(length) };
}
