// The adapters as hosts see them: what a program is given for a request, and what becomes of its answer.

import { beforeAll, describe, expect, test } from "vitest";
import { readPackaged } from "../../../rules/contract/packaged.ts";
import { Guest, type HttpAnswer, type HttpRequest } from "../../rig/guest-host.ts";
import { FAULTY, FINE, response } from "./envelopes.ts";

async function adapter(kind: string): Promise<Guest> {
  const part = readPackaged(`dist/guest/${kind}.component.wasm`);
  if (!part.ok) throw new Error("dist/guest is missing: run npm run build");
  return Guest.load(part.bytes);
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const bytes = (s: string | Uint8Array) => new Uint8Array(Buffer.from(s as string));
const pattern = (size: number) => new Uint8Array(size).map((_, i) => (i * 7 + (i >> 8)) & 0xff);
const base64 = (b: Uint8Array) => Buffer.from(b).toString("base64");

interface Envelope {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: readonly { readonly k: string; readonly v: string }[];
  readonly body: { readonly bytes_len: number; readonly base64: string };
}

const echo = (input: Uint8Array) => {
  const { body } = JSON.parse(text(input)) as Envelope;
  return bytes(response({ body }));
};

describe("http adapter", () => {
  let guest: Guest;
  beforeAll(async () => void (guest = await adapter("http-adapter")));

  /** The envelope that a request becomes, as text. */
  function envelope(request: HttpRequest): string {
    let seen = "";
    guest.http({ solve: (input) => ((seen = text(input)), bytes(response())) }).request(request);
    return seen;
  }
  const answered = (answer: string | Uint8Array): HttpAnswer => guest.http({ solve: () => bytes(answer) }).request();

  test("it imports what the reference's adapter imports", () => {
    expect([...guest.imports].sort()).toEqual(["wasi:http/types", "wasi:io/error", "wasi:io/streams", "x07:solve/handler"]);
  });

  test("a request becomes an envelope of one form", () => {
    const request: HttpRequest = { method: "POST", target: "/a?b=c?d", fields: [["z", "1"], ["a", "ü"], ["a", "b"], ["z", "1"]], body: bytes("hello") };
    expect(envelope(request)).toBe(
      `{"schema_version":"x07.http.request.envelope@0.1.0","id":"req0","method":"POST","path":"/a","query":"b=c?d","headers":[{"k":"a","v":"b"},{"k":"a","v":"ü"},{"k":"z","v":"1"},{"k":"z","v":"1"}],"body":{"bytes_len":5,"base64":"aGVsbG8="}}`,
    );
    expect(envelope({})).toBe(`{"schema_version":"x07.http.request.envelope@0.1.0","id":"req0","method":"GET","path":"/","query":"","headers":[],"body":{"bytes_len":0,"base64":""}}`);
  });

  test("methods are told by name, foreign ones as they are", () => {
    for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PURGE", "purge"]) {
      expect((JSON.parse(envelope({ method })) as Envelope).method).toBe(method);
    }
  });

  test("path and query are split at the first question mark and not decoded", () => {
    const split = (target: string | undefined) => {
      const { path, query } = JSON.parse(envelope({ target })) as Envelope;
      return [path, query];
    };
    expect(split("/a%20b")).toEqual(["/a%20b", ""]);
    expect(split("/?")).toEqual(["/", ""]);
    expect(split("?q")).toEqual(["", "q"]);
    expect(split("/\"\\\u0001\u001f\u007fé")).toEqual(["/\"\\\u0001\u001f\u007fé", ""]);
  });

  test("control characters are written in lower-case hex, everything else raw", () => {
    expect(envelope({ target: "/\u001f\u007f/é\"" })).toContain(`"path":"/\\u001f\u007f/é\\""`);
  });

  test("header values that are no UTF-8 get replacement characters as a decoder gives them", () => {
    for (const hex of ["ff", "c3", "c328", "e282", "e28228", "f09f98", "eda080", "c080", "f4908080", "616263ff64", "f0808080", "e0809f", "80bf"]) {
      const value = new Uint8Array(Buffer.from(hex, "hex"));
      const { headers } = JSON.parse(envelope({ fields: [["x", value]] })) as Envelope;
      expect(headers[0]!.v, hex).toBe(text(value));
    }
  });

  test("10,000 headers are sorted", () => {
    const fields = Array.from({ length: 10_000 }, (_, i) => [`h${(i * 7919) % 10_000}`, `${i}`] as const);
    const { headers } = JSON.parse(envelope({ fields })) as Envelope;
    const order = [...headers].sort((a, b) => (a.k < b.k ? -1 : a.k > b.k ? 1 : a.v < b.v ? -1 : 1));
    expect(headers.length).toBe(10_000);
    expect(headers).toEqual(order);
  });

  test("bodies of every size come back, however they arrive", () => {
    for (const [size, step] of [[0, 1], [1, 1], [2, 1], [3, 2], [4095, 100], [4096, 4096], [4097, 4096], [100_000, 1000], [1 << 20, 65536]] as const) {
      const body = pattern(size);
      const got = guest.http({ solve: echo, room: 4096 }).request({ body, step });
      expect(base64(got.body) === base64(body), `${size} bytes`).toBe(true);
      expect(got.events.indexOf("set"), "the response is handed over before its body").toBe(0);
      expect(got.events.at(-1)).toBe("finish");
    }
  });

  test("a body of the limit is taken, one byte more is 413 and asks no program", () => {
    const instance = guest.http();
    const got = instance.request({ body: new Uint8Array((1 << 20) + 1) });
    expect({ ...got, body: text(got.body), events: [] }).toEqual({ status: 413, fields: [["x-x07-diag-code", "X07WASM_BUDGET_EXCEEDED_HTTP_REQUEST_BODY"]], body: "request too large", events: [] });
  });

  test("a body that cannot be read is told of", () => {
    const got = guest.http().request({ body: new Uint8Array(100), step: 10, failAt: 50 });
    expect([got.status, got.fields, text(got.body)]).toEqual([500, [["x-x07-diag-code", "X07WASM_SERVE_REQUEST_FAILED"]], "incoming body read failed"]);
  });

  test("one instance serves one request after the other in the same memory", () => {
    const instance = guest.http({ solve: echo });
    for (let i = 0; i < 40; i++) expect(instance.request({ body: pattern((1 << 20) - i) }).body.length).toBe((1 << 20) - i);
    expect(instance.pages()).toBeLessThan(200);
  });

  test("a client that goes away ends the call quietly", () => {
    const got = guest.http({ solve: echo, room: 4096, outputFailsAt: 8192 }).request({ body: new Uint8Array(100_000) });
    expect(got.status).toBe(200);
    expect(got.events).not.toContain("finish");
  });

  test.each(FINE)("fine: $name", ({ answer, status = 200, fields = [], body = "ok" }) => {
    const got = answered(answer);
    expect({ status: got.status, fields: got.fields }).toEqual({ status, fields });
    expect([text(got.body), Buffer.from(got.body).toString("latin1")]).toContain(body);
  });

  test.each(FAULTY)("a trap: $name", ({ answer }) => {
    expect(() => answered(answer)).toThrow(/unreachable/);
  });

  test("a trap: another request id, and a low surrogate alone", () => {
    expect(() => answered(response({ request_id: "req1" }))).toThrow(/unreachable/);
    expect(() => answered(response().replace('"ok"', '"\\udc00"'))).toThrow(/unreachable/);
  });
});

describe("cli adapter", () => {
  let guest: Guest;
  beforeAll(async () => void (guest = await adapter("cli-adapter")));

  test("it imports streams and nothing of the environment", () => {
    expect([...guest.imports].sort()).toEqual(["wasi:cli/stderr", "wasi:cli/stdin", "wasi:cli/stdout", "wasi:io/error", "wasi:io/streams", "x07:solve/handler"]);
  });

  test("input of every size goes through the program to the output", () => {
    for (const size of [0, 1, 4096, 4097, 100_000, 1 << 20, 3 << 20]) {
      const input = pattern(size);
      const got = guest.cli({ solve: (i) => i, room: 4096 }).call(input);
      expect([got.ok, got.stderr, base64(got.stdout) === base64(input)]).toEqual([true, "", true]);
    }
  });

  test("an output that is not taken is an error of the run, not a trap", () => {
    const got = guest.cli({ solve: (i) => i, outputFailsAt: 0 }).call(bytes("hello"));
    expect([got.ok, got.stderr]).toEqual([false, "cannot write to standard output\n"]);
  });

  test("an input that cannot be read is told of", () => {
    const got = guest.cli().call(new Uint8Array(100), { step: 10, failAt: 50 });
    expect([got.ok, got.stderr]).toEqual([false, "x07-diag-code: X07WASM_COMPONENT_RUN_STDIN_READ_FAILED\n"]);
  });

  test("a program that traps is a trap", () => {
    expect(() => guest.cli({ solve: () => { throw new Error("unreachable executed"); } }).call(bytes("x"))).toThrow(/unreachable/);
  });
});
