// Native targets without a C toolchain: a program merged with its glue, as hosts see the component. Every limit at its edge.

import { beforeAll, describe, expect, test } from "vitest";
import { readPackaged } from "../../../rules/contract/packaged.ts";
import { limitsOf } from "../../../rules/guest/native.ts";
import { merge } from "../../../rules/wasm/merge.ts";
import { answeringProgram, withAnswer } from "../../rig/answering-program.ts";
import { CLI_WIT, componentOf, HTTP_WIT } from "../../rig/component.ts";
import { Guest, type HostOptions, type HttpAnswer, type HttpRequest } from "../../rig/guest-host.ts";
import { FAULTY, FINE, response, TOLD } from "./envelopes.ts";

const HTTP_LIMITS = { max_request_body_bytes: 64, max_response_body_bytes: 32, max_headers: 3, max_header_bytes_total: 40, max_path_bytes: 16, max_query_bytes: 8, max_envelope_bytes: 400 };
const CLI_LIMITS = { max_stdin_bytes: 16, max_stdout_bytes: 8, max_stderr_bytes: 200 };

function core(kind: "http-native" | "cli-native", budgets: { readonly [name: string]: number }, program = answeringProgram(), maxOutput = 60_000): Uint8Array {
  const glue = readPackaged(`dist/guest/${kind}.glue.wasm`);
  if (!glue.ok) throw new Error("dist/guest is missing: run npm run build");
  const merged = merge(program, glue.bytes, { stackBytes: 16384, constantsModule: "x07:link", constants: limitsOf({ budgets, arenaCap: 1 << 20, maxOutput }), heapBaseName: "heap_base" });
  if (!merged.ok) throw new Error(merged.error.message);
  expect(WebAssembly.validate(merged.value)).toBe(true);
  return merged.value;
}

const http = async (budgets: { readonly [name: string]: number }, program?: Uint8Array) => Guest.load(await componentOf(core("http-native", budgets, program), HTTP_WIT, "proxy"));
const cli = async (budgets: { readonly [name: string]: number }) => Guest.load(await componentOf(core("cli-native", budgets), CLI_WIT, "command"));

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const bytes = (s: string | Uint8Array) => new Uint8Array(Buffer.from(s as string));

/** What an error answer says: code, text, and the data of a limit. */
function told(a: HttpAnswer): { readonly status: number; readonly code: string | undefined; readonly text: string; readonly data: unknown } {
  const get = (name: string) => a.fields.find(([n]) => n === name)?.[1];
  const data = get("x-x07-diag-data-b64");
  expect(get("content-type")).toBe("text/plain; charset=utf-8");
  expect(a.fields.length).toBe(data === undefined ? 2 : 3);
  return { status: a.status, code: get("x-x07-diag-code"), text: text(a.body), data: data === undefined ? undefined : (JSON.parse(Buffer.from(data, "base64").toString("utf8")) as unknown) };
}

describe("http native", () => {
  let small: Guest;
  let large: Guest;
  beforeAll(async () => {
    small = await http(HTTP_LIMITS);
    large = await http({ max_request_body_bytes: 1 << 20, max_response_body_bytes: 1 << 20, max_headers: 128, max_header_bytes_total: 65536, max_path_bytes: 2048, max_query_bytes: 4096, max_envelope_bytes: 2 << 20 });
  });

  const ask = (guest: Guest, answer: string | Uint8Array, request: HttpRequest = {}, options: HostOptions = {}) => guest.map((m) => withAnswer(m, bytes(answer))).http(options).request(request);

  test("it imports what the reference's native target imports", () => {
    expect([...small.imports].sort()).toEqual(["wasi:http/types", "wasi:io/error", "wasi:io/streams"]);
  });

  test.each(FINE)("fine: $name", ({ answer, status = 200, fields = [], body = "ok" }) => {
    const got = ask(large, answer);
    expect({ status: got.status, fields: got.fields }).toEqual({ status, fields });
    expect([text(got.body), Buffer.from(got.body).toString("latin1")]).toContain(body);
    expect(got.events[0]).toBe("set");
  });

  test.each(FAULTY)("told: $name", ({ answer, fault }) => {
    expect(told(ask(large, answer))).toEqual({ status: 500, ...TOLD[fault], data: undefined });
  });

  test("any request id will do, and a low surrogate alone becomes a replacement character", () => {
    expect(ask(large, response({ request_id: "other" })).status).toBe(200);
    expect(text(ask(large, response({ body: { bytes_len: 3, text: "?" } }).replace('"?"', '"\\udc00"')).body)).toBe("\ufffd");
  });

  const B = "X07WASM_BUDGET_EXCEEDED_HTTP";
  const many = (n: number) => Array.from({ length: n }, (_, i) => [`h${i}`, "v"] as const);
  const answerWith = (n: number) => response({ headers: many(n).map(([k, v]) => ({ k, v })) });
  const limits: readonly (readonly [string, { readonly at: HttpRequest; readonly over: HttpRequest }, { readonly code: string; readonly text: string; readonly limit: number; readonly measured: number }])[] = [
    ["path", { at: { target: "/".padEnd(16, "a") }, over: { target: "/".padEnd(17, "a") } }, { code: `${B}_PATH_BYTES`, text: "path too large", limit: 16, measured: 17 }],
    ["query", { at: { target: "/?12345678" }, over: { target: "/?123456789" } }, { code: `${B}_QUERY_BYTES`, text: "query too large", limit: 8, measured: 9 }],
    ["headers", { at: { fields: many(3) }, over: { fields: many(5) } }, { code: `${B}_HEADERS`, text: "too many headers", limit: 3, measured: 5 }],
    ["header bytes", { at: { fields: [["a", "x".repeat(39)]] }, over: { fields: [["a", "x".repeat(40)]] } }, { code: `${B}_HEADER_BYTES_TOTAL`, text: "headers too large", limit: 40, measured: 41 }],
    ["body", { at: { body: new Uint8Array(64) }, over: { body: new Uint8Array(1000), step: 7 } }, { code: `${B}_REQUEST_BODY`, text: "request body too large", limit: 64, measured: 65 }],
  ];
  test.each(limits)("limit on the %s of a request", (_, { at, over }, { code, text, limit, measured }) => {
    expect(ask(small, response(), at).status).toBe(200);
    expect(told(ask(small, response(), over))).toEqual({ status: 413, code, text, data: { limit, measured } });
  });

  test("limit on the envelope", async () => {
    const request: HttpRequest = { fields: [["a", "\u0001".repeat(30)]] };
    const measured = (told(ask(await http({ ...HTTP_LIMITS, max_envelope_bytes: 10 }), response(), request)).data as { measured: number }).measured;
    expect(measured).toBe(JSON.stringify({ schema_version: "x07.http.request.envelope@0.1.0", id: "req0", method: "GET", path: "/", query: "", headers: [{ k: "a", v: "\u0001".repeat(30) }], body: { bytes_len: 0, base64: "" } }).length);
    expect(ask(await http({ ...HTTP_LIMITS, max_envelope_bytes: measured }), response(), request).status).toBe(200);
    expect(told(ask(await http({ ...HTTP_LIMITS, max_envelope_bytes: measured - 1 }), response(), request))).toEqual({ status: 413, code: `${B}_ENVELOPE_BYTES`, text: "envelope too large", data: { limit: measured - 1, measured } });
  });

  test("limits on the response", () => {
    const body = (n: number) => response({ body: { bytes_len: n, text: "b".repeat(n) } });
    expect(ask(small, body(32)).status).toBe(200);
    expect(told(ask(small, body(33)))).toEqual({ status: 500, code: `${B}_RESPONSE_BODY`, text: "response body too large", data: { limit: 32, measured: 33 } });
    expect(ask(small, answerWith(3)).status).toBe(200);
    expect(told(ask(small, answerWith(4)))).toEqual({ status: 500, code: `${B}_HEADERS`, text: "response headers too many", data: { limit: 3, measured: 4 } });
    const header = (n: number) => response({ headers: [{ k: "a", v: "x".repeat(n) }] });
    expect(ask(small, header(39)).status).toBe(200);
    expect(told(ask(small, header(40)))).toEqual({ status: 500, code: `${B}_HEADER_BYTES_TOTAL`, text: "response headers too large", data: { limit: 40, measured: 41 } });
  });

  test("a body that cannot be read is told of", () => {
    expect(told(ask(large, response(), { body: new Uint8Array(100), step: 10, failAt: 50 }))).toEqual({ status: 500, code: "X07WASM_SERVE_REQUEST_FAILED", text: "incoming body read failed", data: undefined });
  });

  test("an answer over the program's own limit is a trap", async () => {
    const guest = await Guest.load(await componentOf(core("http-native", HTTP_LIMITS, answeringProgram(), 100), HTTP_WIT, "proxy"));
    expect(() => ask(guest, response())).toThrow(/unreachable/);
  });
});

describe("cli native", () => {
  let guest: Guest;
  beforeAll(async () => void (guest = await cli(CLI_LIMITS)));
  const run = (answer: string, input = "in", options: HostOptions = {}) => guest.map((m) => withAnswer(m, bytes(answer))).cli(options).call(bytes(input));
  const sentinel = (code: string, data?: object) => `x07-diag-code: ${code}\n${data === undefined ? "" : `x07-diag-data-b64: ${Buffer.from(JSON.stringify(data)).toString("base64")}\n`}`;

  test("it imports what the reference's native target imports", () => {
    expect([...guest.imports].sort()).toEqual(["wasi:cli/stderr", "wasi:cli/stdin", "wasi:cli/stdout", "wasi:io/error", "wasi:io/streams"]);
  });

  test("limits on input and output, at the edge and one over", () => {
    expect(run("12345678", "x".repeat(16))).toEqual({ ok: true, stdout: bytes("12345678"), stderr: "" });
    expect(run("1", "x".repeat(17))).toEqual({ ok: false, stdout: bytes(""), stderr: sentinel("X07WASM_BUDGET_EXCEEDED_CLI_STDIN", { limit: 16, measured: 17 }) });
    expect(run("123456789")).toEqual({ ok: false, stdout: bytes(""), stderr: sentinel("X07WASM_BUDGET_EXCEEDED_CLI_STDOUT", { limit: 8, measured: 9 }) });
    expect(run("")).toEqual({ ok: true, stdout: bytes(""), stderr: "" });
  });

  test("an output that is not taken has the output's code", () => {
    expect(run("1", "x", { outputFailsAt: 0 })).toEqual({ ok: false, stdout: bytes(""), stderr: sentinel("X07WASM_BUDGET_EXCEEDED_CLI_STDOUT") });
  });

  test("an input that cannot be read is told of", () => {
    expect(guest.cli().call(new Uint8Array(10), { step: 4, failAt: 8 })).toEqual({ ok: false, stdout: bytes(""), stderr: sentinel("X07WASM_COMPONENT_RUN_STDIN_READ_FAILED") });
  });

  test("what is said on standard error is cut at its limit", async () => {
    const terse = await cli({ ...CLI_LIMITS, max_stderr_bytes: 20 });
    expect(terse.cli().call(bytes("x".repeat(17))).stderr).toBe("x07-diag-code: X07WA");
  });
});

describe("merging", () => {
  const glue = (): Uint8Array => {
    const read = readPackaged("dist/guest/cli-native.glue.wasm");
    return read.ok ? read.bytes : new Uint8Array(0);
  };
  const options = { stackBytes: 16384, constantsModule: "x07:link", constants: limitsOf({ budgets: CLI_LIMITS, arenaCap: 1, maxOutput: 1 }), heapBaseName: "heap_base" };

  test("the same parts give the same bytes, another budget changes a constant only", () => {
    const one = merge(answeringProgram(), glue(), options);
    const two = merge(answeringProgram(), glue(), { ...options, constants: { ...options.constants, max_stdin_bytes: 17 } });
    expect(merge(answeringProgram(), glue(), options)).toEqual(one);
    if (!one.ok || !two.ok) throw new Error("not merged");
    expect(one.value.length).toBe(two.value.length);
    expect(one.value.filter((b, i) => b !== two.value[i]).length).toBe(1);
  });

  test("what does not fit together is refused in words", () => {
    const without = (name: string) => Buffer.from(Buffer.from(answeringProgram()).toString("latin1").replace(name, name.replace(/^../, "zz")), "latin1");
    const message = (program: Uint8Array, laid = glue(), how = options) => {
      const merged = merge(program, laid, how);
      return merged.ok ? "merged" : merged.error.message;
    };
    expect(message(without("x07_solve_v2"))).toBe("the program does not export x07_solve_v2");
    expect(message(without("__heap_base"))).toBe("the program does not export the constant __heap_base");
    expect(message(answeringProgram(), answeringProgram())).toBe("the module to lay in is not position-independent");
    expect(message(glue())).toMatch(/^the program imports /);
    expect(message(answeringProgram(), glue(), { ...options, constants: {} })).toMatch(/^nothing says what x07:link\./);
    expect(message(answeringProgram(), glue(), { ...options, stackBytes: 512 * 65536 })).toMatch(/do not fit the initial memory/);
    for (const cut of [8, 40, 200, 1000]) expect(merge(answeringProgram().subarray(0, cut), glue(), options).ok).toBe(false);
    expect(merge(new Uint8Array(0), glue(), options)).toEqual({ ok: false, error: expect.anything() as unknown });
  });
});
