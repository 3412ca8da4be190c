// One request through a reducer that is a function of the test: effects, budgets, answers that are no frames.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compact, type JsonObject, type JsonValue } from "../../../engine/index.ts";
import { Effects } from "../../../rules/http/effects.ts";
import { handle, type Handled } from "../../../rules/http/loop.ts";
import { readPayload, writePayload } from "../../../rules/http/payload.ts";
import type { CoreSession } from "../../../rules/run/session.ts";

const REQUEST = { schema_version: "x07.http.request.envelope@0.1.0", id: "req0", method: "GET", path: "/", headers: [], body: { bytes_len: 0 } };
const RESPONSE = { schema_version: "x07.http.response.envelope@0.1.0", request_id: "req0", status: 200, headers: [], body: { bytes_len: 0 } };

type Dispatch = { readonly state: JsonValue; readonly effect_results: readonly JsonObject[] };
type Answer = { readonly effects?: readonly JsonObject[]; readonly response?: JsonObject; readonly state?: JsonValue } | string;

function reducer(answer: (dispatch: Dispatch, call: number) => Answer): CoreSession {
  let calls = 0;
  return {
    async call(input) {
      const given = answer(JSON.parse(Buffer.from(input).toString()) as Dispatch, calls++);
      const text = typeof given === "string" ? given : compact({ v: 1, kind: "x07.http.frame", state: given.state ?? null, response: given.response ?? null, effects: given.effects ?? [], telemetry: {} });
      return { diagnostics: [], output: Buffer.from(text), memory: null, trap: null, fuelUsed: null, repeatable: true };
    },
    async close() {},
  };
}

interface Told {
  readonly handled: Handled;
  readonly results: readonly JsonObject[];
  readonly said: readonly string[];
  readonly effects: Effects;
}

/** One reducer call that asks for `effects`, a second that answers; what the second was told. */
async function perform(effects: readonly JsonObject[], more: { allowed?: string[]; timeoutMs?: number; strict?: boolean; now?: () => number; maxResultBytes?: bigint; world?: Effects } = {}): Promise<Told> {
  const said: string[] = [];
  let results: readonly JsonObject[] = [];
  const world = more.world ?? new Effects({
    fetch: { allowed: more.allowed ?? [], timeoutMs: more.timeoutMs ?? 2000, maxBodyBytes: 1000 },
    now: more.now ?? (() => 1234),
    clock: true,
    say: (line) => void said.push(line),
    failuresAreErrors: more.strict ?? false,
  });
  const handled = await handle(reducer((dispatch, call) => {
    if (call === 0) return { effects };
    results = dispatch.effect_results;
    return { response: RESPONSE };
  }), REQUEST, world, { maxSteps: 8, maxResultBytes: more.maxResultBytes ?? 1_000_000n });
  return { handled, results, said, effects: world };
}

const codes = (handled: Handled): string[] => handled.diagnostics.map((d) => `${d.severity} ${d.code}`);
const hello = writePayload(Buffer.from("hello"));
const put = (value: JsonValue, ttl?: number): JsonObject => ({ id: "p", type: "kv.put", key: "k", value, ...(ttl === undefined ? {} : { ttl_ms: ttl }) });
const get: JsonObject = { id: "g", type: "kv.get", key: "k" };

test("effects run in order, and their results come with the next call", async () => {
  const { results, said, handled, effects } = await perform([get, put(hello), { ...get, id: "g2" }, { id: "l", type: "log.emit", level: "warn", message: "two\nlines", fields: {} }, { id: "t", type: "time.now" }]);
  expect(results).toEqual([
    { id: "g", type: "kv.get", ok: true, found: false, value: null },
    { id: "p", type: "kv.put", ok: true, written: true },
    { id: "g2", type: "kv.get", ok: true, found: true, value: { bytes_len: 5, base64: "aGVsbG8=", text: "hello" } },
    { id: "l", type: "log.emit", ok: true, emitted: true },
    { id: "t", type: "time.now", ok: true, unix_ms: 1234 },
  ]);
  expect(said).toEqual(["http.reducer log[warn]: two\\nlines"]);
  expect([handled.diagnostics, handled.steps.length, effects.usesTime, effects.usesNetwork]).toEqual([[], 2, true, false]);
});

test("the store outlives a request; a value with a time to live does not outlive that", async () => {
  let clock = 0;
  const first = await perform([put(hello, 50)], { now: () => clock });
  const again = async () => (await perform([get], { world: first.effects })).results[0]?.["found"];
  expect(await again()).toBe(true);
  clock = 50;
  expect(await again()).toBe(false);
  await perform([put(hello)], { world: first.effects });
  clock = 1e12;
  expect(await again()).toBe(true);
});

test.each<[string, boolean, string]>([["a remark", false, "warning"], ["an error when asked", true, "error"]])("a failed effect is told to the reducer and is %s", async (_, strict, severity) => {
  const { results, handled } = await perform([put({ bytes_len: 3, text: "hello" }), { id: "f", type: "http.fetch", method: "GET", url: "https://example.com/", headers: [], body: { bytes_len: 0 } }], { strict });
  expect(results.map((r) => r["ok"])).toEqual([false, false]);
  expect(codes(handled)).toEqual([`${severity} X07WASM_HTTP_EFFECT_KV_IO_FAILED`, `${severity} X07WASM_HTTP_EFFECT_HTTP_FETCH_FAILED`]);
  expect(handled.response).toEqual(RESPONSE);
});

test("payloads of a step are summed, and the sum starts again", async () => {
  const over = await perform([put(hello), get, get], { maxResultBytes: 9n });
  expect(over.handled.diagnostics[0]?.message).toBe("effect results exceeded budget: bytes=10 max_effect_results_bytes=9");
  expect(over.handled.diagnostics[0]?.data).toEqual({ bytes: 10, max_effect_results_bytes: 9n });
  expect((await perform([put(hello), get], { maxResultBytes: 5n })).handled.diagnostics).toEqual([]);
});

test.each<[number, string[]]>([[0, ["error X07WASM_BUDGET_EXCEEDED_HTTP_EFFECTS_LOOPS"]], [2, ["error X07WASM_BUDGET_EXCEEDED_HTTP_EFFECTS_LOOPS"]], [3, []]])("with %i calls allowed, a reducer that needs three", async (maxSteps, expected) => {
  const world = new Effects({ fetch: { allowed: [], timeoutMs: 1, maxBodyBytes: 1 }, now: () => 0, clock: true, say: () => {}, failuresAreErrors: false });
  const handled = await handle(reducer((d, call) => (call < 2 ? { state: { n: call } } : { response: RESPONSE, state: d.state })), REQUEST, world, { maxSteps, maxResultBytes: 0n });
  expect(codes(handled)).toEqual(expected);
  if (expected.length === 0) expect(handled.steps[2]?.frame["state"]).toEqual({ n: 1 });
});

test.each<[string, string, RegExp]>([
  ["no JSON", "frame", /^frame is not JSON: /],
  ["another document", "{}", /is not a frame$/],
  ["a frame with an unknown effect", compact({ v: 1, kind: "x07.http.frame", state: null, response: null, effects: [{ id: "a", type: "fs.read" }], telemetry: {} }), /is not a frame$/],
])("an answer that is %s ends the request", async (_, text, message) => {
  const handled = await handle(reducer(() => text), REQUEST, (await perform([])).effects, { maxSteps: 4, maxResultBytes: 0n });
  expect([handled.response, handled.diagnostics[0]?.code, handled.steps]).toEqual([null, "X07WASM_HTTP_FRAME_SCHEMA_INVALID", []]);
  expect(handled.diagnostics[0]?.message).toMatch(message);
});

// ---------------------------------------------------------------------------------------------- http.fetch

let server: Server;
let base: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    const url = request.url ?? "";
    if (url === "/slow") return;
    if (url === "/drip") return void response.writeHead(200).write("x");
    if (url === "/big") return void response.end("x".repeat(1001));
    if (url === "/full") return void response.end("x".repeat(1000));
    if (url === "/away") return void response.writeHead(302, { location: "/full" }).end();
    const chunks: Buffer[] = [];
    request.on("data", (c: Buffer) => chunks.push(c));
    request.on("end", () => response.writeHead(201, { "X-Late": "b", "x-early": "a", "x-odd": "caf\u00e9", "x_under": "no" }).end(`${request.method} ${String(request.headers["x-a"])} ${Buffer.concat(chunks).toString()}`));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.closeAllConnections());
afterAll(() => new Promise((done) => server.close(done)));

function fetching(path: string, more: JsonObject = {}): JsonObject {
  return { id: "f", type: "http.fetch", method: "GET", url: path.startsWith("/") ? `${base}${path}` : path, headers: [], body: { bytes_len: 0 }, ...more };
}

test("a permitted host is asked, and its answer is an envelope with sorted headers", async () => {
  const { results, effects } = await perform([fetching("/", { method: "POST", headers: [{ k: "x-a", v: "1" }, { k: "x-a", v: "2" }, { k: "host", v: "evil" }, { k: "x-bad", v: "a\nb" }], body: hello })], { allowed: ["127.0.0.1"] });
  const response = results[0]?.["response"] as JsonObject;
  expect(response["status"]).toBe(201);
  expect(response["request_id"]).toBe("f");
  const body = readPayload(response["body"]);
  expect(body.ok && Buffer.from(body.value).toString()).toBe("POST 1, 2 hello");
  const names = (response["headers"] as JsonObject[]).map((h) => String(h["k"]));
  expect(names).toEqual([...names].sort());
  expect(names).toContain("x-early");
  expect(names).not.toContain("x-odd");
  expect(names).not.toContain("x_under");
  expect(effects.usesNetwork).toBe(true);
});

test("no redirect is followed, and a body may be just as large as allowed", async () => {
  const { results, handled } = await perform([fetching("/away"), fetching("/full")], { allowed: ["127.0.0.1"] });
  expect(handled.diagnostics).toEqual([]);
  expect(results.map((r) => (r["response"] as JsonObject)["status"])).toEqual([302, 200]);
});

test.each<[string, JsonObject | (() => JsonObject), RegExp, string[]]>([
  ["a host that nobody allowed", () => fetching("/"), /not allowlisted/, ["example.com"]],
  ["another scheme", fetching("https://127.0.0.1/"), /only http:/, ["127.0.0.1"]],
  ["no url", fetching("nonsense"), /cannot be parsed/, ["127.0.0.1"]],
  ["a file", fetching("file:///etc/passwd"), /only http:/, [""]],
  ["a body over the limit", () => fetching("/big"), /over 1000 bytes/, ["127.0.0.1"]],
  ["no answer in time", () => fetching("/slow"), /within 200 ms/, ["127.0.0.1"]],
  ["no end in time", () => fetching("/drip"), /within 200 ms/, ["127.0.0.1"]],
  ["nobody listening", fetching("http://127.0.0.1:1/"), /request failed/, ["127.0.0.1"]],
  ["a body that contradicts itself", () => fetching("/", { body: { bytes_len: 2, text: "abc" } }), /bytes_len is 2/, ["127.0.0.1"]],
])("fetching fails: %s", async (_, effect, error, allowed) => {
  const { results, handled } = await perform([typeof effect === "function" ? effect() : effect], { allowed, timeoutMs: 200 });
  expect(results[0]?.["ok"]).toBe(false);
  expect(String(results[0]?.["error"])).toMatch(error);
  expect(handled.response).toEqual(RESPONSE);
});

test.each<[string, JsonValue, boolean]>([
  ["nothing", { bytes_len: 0 }, true],
  ["length without content", { bytes_len: 1 }, false],
  ["base64 before text", { bytes_len: 1, base64: "YQ==", text: "other" }, true],
  ["base64 without padding", { bytes_len: 1, base64: "YQ" }, false],
  ["text counted in bytes", { bytes_len: 2, text: "é" }, true],
  ["no object", "abc", false],
])("a payload: %s", (_, payload, good) => {
  expect(readPayload(payload).ok).toBe(good);
});

test("bytes that are no text have none", () => {
  expect(writePayload(Uint8Array.of(0xff))).toEqual({ bytes_len: 1, base64: "/w==" });
  expect(writePayload(new Uint8Array(0))).toEqual({ bytes_len: 0, base64: "", text: "" });
});
