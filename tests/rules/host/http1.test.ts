// The HTTP/1.1 reader: what it takes, what it refuses, and that it makes no difference how the bytes are cut.

import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { Connection } from "../../../rules/host/serve/http1/connection.ts";
import type { BodyTaker, Owner } from "../../../rules/host/serve/http1/connection.ts";
import { headEnd, isFault, parseHead } from "../../../rules/host/serve/http1/head.ts";
import type { Fault, Head } from "../../../rules/host/serve/http1/head.ts";

function head(text: string): Head | Fault {
  const bytes = Buffer.from(text, "latin1");
  return parseHead(bytes, 0, headEnd(bytes, 0));
}
const get = (more = "", line = "GET / HTTP/1.1") => head(`${line}\r\nhost: a\r\n${more}\r\n`);
const statusOf = (result: Head | Fault) => (isFault(result) ? result.status : 200);

test("a head is read as it is meant", () => {
  expect(head("POST /a?b=%20 HTTP/1.1\r\nHost: [::1]:80\r\nX-A:\t b c \t\r\nX-Empty:\r\nContent-Length: 007\r\nConnection: x, Close\r\nX-Request-Id: r\r\n\r\n")).toMatchObject({
    method: "POST", target: "/a?b=%20", authority: "[::1]:80", framing: { kind: "length", length: 7 }, keepAlive: false, minor: 1, requestId: "r",
    headers: [{ name: "host" }, { name: "x-a", value: Buffer.from("b c") }, { name: "x-empty", value: Buffer.from("") }, { name: "content-length" }, { name: "connection" }, { name: "x-request-id" }],
  });
  expect(head("GET http://other:81/x?y HTTP/1.1\r\nhost: a\r\n\r\n")).toMatchObject({ target: "/x?y", authority: "other:81" });
  expect(head("GET http://other?y HTTP/1.1\r\nhost: a\r\n\r\n")).toMatchObject({ target: "/?y", authority: "other" });
  expect(head("OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n")).toMatchObject({ target: "*" });
  expect(head("GET / HTTP/1.0\r\n\r\n")).toMatchObject({ authority: null, keepAlive: false, minor: 0 });
  expect(head("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")).toMatchObject({ keepAlive: true });
  expect(get("transfer-encoding: Chunked\r\nexpect: 100-Continue\r\n")).toMatchObject({ framing: { kind: "chunked" }, expectsContinue: true });
  expect(get("x: \xe9\xff\r\n")).toMatchObject({ headers: [{}, { value: Buffer.from([0xe9, 0xff]) }] });
});

const REFUSED: readonly (readonly [what: string, result: () => Head | Fault, status: number])[] = [
  ["no method", () => get("", " / HTTP/1.1"), 400], ["a method that is no token", () => get("", "G(T / HTTP/1.1"), 400],
  ["two spaces", () => get("", "GET  / HTTP/1.1"), 400], ["a tab for a space", () => get("", "GET\t/ HTTP/1.1"), 400],
  ["a relative target", () => get("", "GET a HTTP/1.1"), 400], ["a star for GET", () => get("", "GET * HTTP/1.1"), 400],
  ["a fragment", () => get("", "GET /#a HTTP/1.1"), 400], ["bytes beyond ASCII in the target", () => get("", "GET /\xe9 HTTP/1.1"), 400],
  ["a target without a host", () => get("", "GET http:///x HTTP/1.1"), 400], ["user and password in the target", () => get("", "GET http://u@h/ HTTP/1.1"), 400],
  ["no version", () => get("", "GET /"), 400], ["HTTP/0.9", () => get("", "GET / HTTP/0.9"), 505], ["HTTP/2", () => get("", "PRI * HTTP/2.0"), 505], ["a version in lower case", () => get("", "GET / http/1.1"), 400],
  ["more behind the version", () => get("", "GET / HTTP/1.1 x"), 400], ["CONNECT", () => get("", "CONNECT a:1 HTTP/1.1"), 501],
  ["no host", () => head("GET / HTTP/1.1\r\n\r\n"), 400], ["two hosts", () => get("host: a\r\n"), 400], ["a host with a path", () => head("GET / HTTP/1.1\r\nhost: a/b\r\n\r\n"), 400], ["a host with a comma and a space", () => head("GET / HTTP/1.1\r\nhost: a, b\r\n\r\n"), 400],
  ["space before the colon", () => get("x : y\r\n"), 400], ["a header in two lines", () => get("x: y\r\n z\r\n"), 400], ["a first line that goes on", () => head("GET / HTTP/1.1\r\n host: a\r\n\r\n"), 400],
  ["no colon", () => get("xy\r\n"), 400], ["no name", () => get(": y\r\n"), 400], ["NUL", () => get("x: a\0b\r\n"), 400], ["DEL", () => get("x: \x7f\r\n"), 400], ["a bare CR", () => get("x: a\rb: c\r\n"), 400], ["a bare LF", () => get("x: a\nb: c\r\n"), 400],
  ["both lengths", () => get("content-length: 1\r\ntransfer-encoding: chunked\r\n"), 400], ["both, the other way round", () => get("transfer-encoding: chunked\r\ncontent-length: 1\r\n"), 400],
  ["two content lengths", () => get("content-length: 1\r\ncontent-length: 1\r\n"), 400], ["a list of lengths", () => get("content-length: 1, 1\r\n"), 400], ["a negative length", () => get("content-length: -1\r\n"), 400], ["a length with a plus", () => get("content-length: +1\r\n"), 400],
  ["a hex length", () => get("content-length: 0x1\r\n"), 400], ["an empty length", () => get("content-length:\r\n"), 400], ["a length beyond all bounds", () => get(`content-length: ${"9".repeat(16)}\r\n`), 400],
  ["two codings", () => get("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n"), 400], ["a list of codings", () => get("transfer-encoding: gzip, chunked\r\n"), 501], ["a vertical tab in the coding", () => get("transfer-encoding: \x0bchunked\r\n"), 400], ["identity", () => get("transfer-encoding: identity\r\n"), 501],
  ["chunks in HTTP/1.0", () => head("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n"), 400], ["another expectation", () => get("expect: x\r\n"), 417], ["too many headers", () => get("x: y\r\n".repeat(1_100)), 431],
];
for (const [what, result, status] of REFUSED) test(`refused: ${what}`, () => expect(statusOf(result())).toBe(status));

// ---------------------------------------------------------------------------------------------- connections

class FakeSocket extends EventEmitter {
  out = "";
  ended = false;
  writableNeedDrain = false;
  writableLength = 0;
  write(data: string | Uint8Array, ...rest: unknown[]): boolean {
    this.out += typeof data === "string" ? data : Buffer.from(data).toString("latin1");
    const done = rest.find((r) => typeof r === "function") as (() => void) | undefined;
    done?.();
    return true;
  }
  end(): void { this.ended = true; }
  destroySoon(): void { this.ended = true; }
  destroy(): void { this.ended = true; }
  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}
}

/** Answers with what it was asked: method, target and body. */
class Echo implements Owner {
  readonly headerTimeoutMs = 1_000;
  readonly bodyTimeoutMs = 1_000;
  readonly idleTimeoutMs = 1_000;
  readonly faults: number[] = [];
  request(connection: Connection, { method, target }: Head): BodyTaker {
    const pieces: Buffer[] = [];
    return { piece: (b) => void pieces.push(Buffer.from(b)), gone: () => undefined, end: () => connection.answer(200, [], "", Buffer.from(`${method} ${target} ${Buffer.concat(pieces).toString("latin1")}`), false) };
  }
  fault(_c: Connection, fault: Fault): void { this.faults.push(fault.status); }
  closed(): void {}
}

/** What a server answers to these pieces: bodies, and whether it closed. */
function talk(pieces: readonly Buffer[]): { readonly bodies: readonly string[]; readonly faults: readonly number[]; readonly ended: boolean } {
  const socket = new FakeSocket();
  const owner = new Echo();
  new Connection(socket as unknown as Socket, owner);
  for (const piece of pieces) socket.emit("data", piece);
  const bodies = socket.out.split(/(?=HTTP\/1\.1 )/).filter((t) => t !== "").map((t) => (t.startsWith("HTTP/1.1 200") ? t.slice(t.indexOf("\r\n\r\n") + 4) : t.slice(9, 12)));
  return { bodies, faults: owner.faults, ended: socket.ended };
}

const STREAM = Buffer.from([
  "\r\nGET /1 HTTP/1.1\r\nhost: a\r\n\r\n",
  "POST /2 HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello",
  "POST /3 HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4;n=\"v\"\r\na\r\nb\r\n0A \r\n0123456789\r\n00\r\nx-t: 1\r\n\r\n",
  "POST /4 HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
].join(""), "latin1");
const ANSWERS = { bodies: ["GET /1 ", "POST /2 hello", "POST /3 a\r\nb0123456789", "POST /4 ok"], faults: [], ended: true };

test("pipelined requests are answered in their order", () => expect(talk([STREAM])).toEqual(ANSWERS));

test("it makes no difference where the bytes are cut", () => {
  for (let at = 1; at < STREAM.length; at++) expect(talk([STREAM.subarray(0, at), STREAM.subarray(at)]), `cut at ${at}`).toEqual(ANSWERS);
  expect(talk([...STREAM].map((b) => Buffer.from([b])))).toEqual(ANSWERS);
});

test("nor into how many pieces", () => {
  let seed = 7;
  const random = (n: number) => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) % n;
  for (let round = 0; round < 300; round++) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < STREAM.length; ) {
      const length = 1 + random(40);
      pieces.push(STREAM.subarray(at, at + length));
      at += length;
    }
    expect(talk(pieces)).toEqual(ANSWERS);
  }
});

const CHUNKED = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
const BROKEN: { readonly [what: string]: string } = {
  "a size that is none": "x\r\n", "an empty size": "\r\n", "a size with a sign": "+1\r\na\r\n0\r\n\r\n", "a size in 0x form": "0x1\r\na\r\n0\r\n\r\n", "a size of many digits": `${"0".repeat(12)}1\r\n`,
  "a bare line feed": "1\na\r\n0\r\n\r\n", "a bare carriage return": "1\rx\na\r\n0\r\n\r\n", "no line end behind a chunk": "1\r\nab\r\n0\r\n\r\n", "a control in an extension": "1;\0\r\na\r\n0\r\n\r\n", "an endless extension": `1;${"x".repeat(300)}`,
  "a trailer in two lines": "0\r\na: b\r\n c\r\n\r\n", "a trailer without a name": "0\r\n: b\r\n\r\n",
};
for (const [what, body] of Object.entries(BROKEN)) {
  test(`chunks with ${what} end the connection, however they are cut`, () => {
    const bytes = Buffer.from(CHUNKED + body + "GET /next HTTP/1.1\r\nhost: a\r\n\r\n", "latin1");
    for (let at = CHUNKED.length; at < bytes.length; at++) expect(talk([bytes.subarray(0, at), bytes.subarray(at)])).toEqual({ bodies: ["400"], faults: [400], ended: true });
  });
}

test("nothing behind a bad head is read as a request", () => {
  expect(talk([Buffer.from("GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 3, 3\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n")])).toEqual({ bodies: ["400"], faults: [400], ended: true });
});

test("a head without end is refused once it is too long, and costs no copy a byte", () => {
  const began = performance.now();
  const line = Buffer.from("GET / HTTP/1.1\r\nhost: a\r\nx: ");
  expect(talk([line, ...Array.from({ length: 66_000 }, () => Buffer.from("y"))])).toMatchObject({ bodies: ["431"] });
  expect(performance.now() - began).toBeLessThan(5_000);
});
