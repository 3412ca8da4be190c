// Envelopes that tests speak of, and what a guest may do with a program's answer. Data only.

export const VERSION = "x07.http.response.envelope@0.1.0";

/** A response envelope as JSON; what is given replaces what is usual, undefined leaves a member out. */
export function response(change: { readonly [key: string]: unknown } = {}): string {
  return JSON.stringify({ schema_version: VERSION, request_id: "req0", status: 200, headers: [], body: { bytes_len: 2, text: "ok" }, ...change });
}

/** Answers that are fine, and what comes of them. */
export const FINE: readonly { readonly name: string; readonly answer: string; readonly status?: number; readonly fields?: readonly (readonly [string, string])[]; readonly body?: string }[] = [
  { name: "status 204 and no body", answer: response({ status: 204, body: { bytes_len: 0 } }), status: 204, body: "" },
  { name: "status 600", answer: response({ status: 600 }), status: 600 },
  { name: "status 999", answer: response({ status: 999 }), status: 999 },
  { name: "status 100", answer: response({ status: 100 }), status: 100 },
  { name: "base64 wins over text", answer: response({ body: { text: "no", base64: "b2s=", bytes_len: 2 } }) },
  { name: "empty base64", answer: response({ body: { bytes_len: 0, base64: "" } }), body: "" },
  { name: "base64 of one, two and three bytes", answer: response({ body: { bytes_len: 5, base64: "+/+/AA8=" } }), body: Buffer.from("+/+/AA8=", "base64").toString("latin1") },
  { name: "unknown keys of every kind", answer: response({ a: [1, -2.5e+3, { b: [[], {}, "\\", null, true, false] }, []], body: { x: [0], bytes_len: 2, text: "ok" } }) },
  { name: "trailing garbage", answer: `${response()}}} garbage`, },
  { name: "white space everywhere", answer: `\n\t { "schema_version" : "${VERSION}" ,\r\n"request_id":"req0", "status":200 , "headers" : [ ] , "body":{ "bytes_len":2,"text":"ok" } }` },
  { name: "a repeated key: the last one counts", answer: `{"status":500,"body":{"bytes_len":9,"text":"not this"},"headers":[{"k":"a","v":"b"}],${response().slice(1)}` },
  { name: "headers in order, with duplicates and extra keys", answer: response({ headers: [{ k: "b", v: "1" }, { v: "2", k: "a", extra: {} }, { k: "b", v: "" }] }), fields: [["b", "1"], ["a", "2"], ["b", ""]] },
  { name: "escapes", answer: response({ headers: [] }).replace('"ok"', '"\\u00e9\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\"\\\\"').replace('"bytes_len":2', '"bytes_len":14'), body: "é😀/\b\f\n\r\t\"\\" },
  { name: "an escaped key", answer: response().replace('"status"', '"\\u0073tatus"') },
  { name: "unicode in a header and a body", answer: response({ headers: [{ k: "x-u", v: "grüße" }], body: { bytes_len: 7, text: "größe" } }), fields: [["x-u", "grüße"]], body: "größe" },
  { name: "a right content-length", answer: response({ headers: [{ k: "Content-Length", v: "2" }] }), fields: [["Content-Length", "2"]] },
];

type Fault = "PARSE_FAILED" | "B64_INVALID" | "INVALID" | "FIELDS" | "STATUS";

/** Answers that are not, and as what a native target tells of them. */
export const FAULTY: readonly { readonly name: string; readonly answer: string | Uint8Array; readonly fault: Fault }[] = [
  { name: "nothing", answer: "", fault: "PARSE_FAILED" },
  { name: "white space only", answer: "  \n", fault: "PARSE_FAILED" },
  { name: "no JSON", answer: "hello", fault: "PARSE_FAILED" },
  { name: "an object cut short", answer: response().slice(0, -1), fault: "PARSE_FAILED" },
  { name: "a string cut short", answer: `{"schema_version":"x07`, fault: "PARSE_FAILED" },
  { name: "a trailing comma", answer: response().slice(0, -1) + ",}", fault: "PARSE_FAILED" },
  { name: "an unknown escape", answer: response({ x: 1 }).replace('"ok"', '"\\x"'), fault: "PARSE_FAILED" },
  { name: "an unpaired high surrogate", answer: response().replace('"ok"', '"\\ud800"'), fault: "PARSE_FAILED" },
  { name: "bytes that are no UTF-8", answer: Buffer.from(response().replace('"ok"', '"\xff\xfe"'), "latin1"), fault: "PARSE_FAILED" },
  { name: "nesting without end", answer: `{"x":${"[".repeat(5000)}`, fault: "PARSE_FAILED" },
  { name: "another JSON value", answer: "[1,2]", fault: "INVALID" },
  { name: "another schema version", answer: response({ schema_version: "x07.http.response.envelope@0.2.0" }), fault: "INVALID" },
  { name: "no request id", answer: response({ request_id: undefined }), fault: "INVALID" },
  { name: "a request id that is no text", answer: response({ request_id: 0 }), fault: "INVALID" },
  { name: "no status", answer: response({ status: undefined }), fault: "INVALID" },
  { name: "a status as text", answer: response({ status: "200" }), fault: "INVALID" },
  { name: "a status with a fraction", answer: response({ status: 200.5 }), fault: "INVALID" },
  { name: "a negative status", answer: response({ status: -1 }), fault: "INVALID" },
  { name: "status 65536", answer: response({ status: 65536 }), fault: "INVALID" },
  { name: "status 99", answer: response({ status: 99 }), fault: "STATUS" },
  { name: "status 1000", answer: response({ status: 1000 }), fault: "STATUS" },
  { name: "no headers", answer: response({ headers: undefined }), fault: "INVALID" },
  { name: "headers as an object", answer: response({ headers: {} }), fault: "INVALID" },
  { name: "a header that is no object", answer: response({ headers: ["a"] }), fault: "INVALID" },
  { name: "a header without a value", answer: response({ headers: [{ k: "a" }] }), fault: "INVALID" },
  { name: "a header value that is no text", answer: response({ headers: [{ k: "a", v: 1 }] }), fault: "INVALID" },
  { name: "a header name with a space", answer: response({ headers: [{ k: "a b", v: "" }] }), fault: "FIELDS" },
  { name: "a header value with a line end", answer: response({ headers: [{ k: "a", v: "b\nc" }] }), fault: "FIELDS" },
  { name: "a header of the connection", answer: response({ headers: [{ k: "connection", v: "close" }] }), fault: "FIELDS" },
  { name: "a wrong content-length", answer: response({ headers: [{ k: "content-length", v: "3" }] }), fault: "FIELDS" },
  { name: "a content-length that is no number", answer: response({ headers: [{ k: "content-length", v: "two" }] }), fault: "FIELDS" },
  { name: "no body", answer: response({ body: undefined }), fault: "INVALID" },
  { name: "a body that is no object", answer: response({ body: "ok" }), fault: "INVALID" },
  { name: "no length", answer: response({ body: { text: "ok" } }), fault: "INVALID" },
  { name: "a wrong length", answer: response({ body: { bytes_len: 3, text: "ok" } }), fault: "INVALID" },
  { name: "a length beyond 32 bits", answer: response({ body: { bytes_len: 4294967298, text: "ok" } }), fault: "INVALID" },
  { name: "a length without bytes", answer: response({ body: { bytes_len: 2 } }), fault: "INVALID" },
  { name: "base64 without padding", answer: response({ body: { bytes_len: 2, base64: "b2s" } }), fault: "B64_INVALID" },
  { name: "base64 with dirty bits", answer: response({ body: { bytes_len: 2, base64: "b2t=" } }), fault: "B64_INVALID" },
  { name: "base64 with three padding characters", answer: response({ body: { bytes_len: 2, base64: "b===" } }), fault: "B64_INVALID" },
  { name: "base64 with padding inside", answer: response({ body: { bytes_len: 2, base64: "b2s=b2s=" } }), fault: "B64_INVALID" },
  { name: "base64 with a line end", answer: response({ body: { bytes_len: 2, base64: "b2s\n" } }), fault: "B64_INVALID" },
  { name: "base64 with a letter of another alphabet", answer: response({ body: { bytes_len: 3, base64: "b2-_" } }), fault: "B64_INVALID" },
];

const NATIVE = "X07WASM_NATIVE_HTTP_RESPONSE";
export const TOLD: { readonly [fault in Fault]: { readonly code: string; readonly text: string } } = {
  PARSE_FAILED: { code: `${NATIVE}_ENVELOPE_PARSE_FAILED`, text: "response envelope parse failed" },
  B64_INVALID: { code: `${NATIVE}_BODY_B64_INVALID`, text: "response body base64 invalid" },
  INVALID: { code: `${NATIVE}_ENVELOPE_INVALID`, text: "response envelope invalid" },
  FIELDS: { code: `${NATIVE}_ENVELOPE_INVALID`, text: "response headers invalid for wasi:http" },
  STATUS: { code: `${NATIVE}_ENVELOPE_INVALID`, text: "invalid status code" },
};
