// Random envelopes both ways: what a request says reaches the program, what a program says reaches the client, and no answer,
// however broken, ends a native target with a trap.

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { readPackaged } from "../../../rules/contract/packaged.ts";
import { limitsOf } from "../../../rules/guest/native.ts";
import { merge } from "../../../rules/wasm/merge.ts";
import { answeringProgram, withAnswer } from "../../rig/answering-program.ts";
import { componentOf, HTTP_WIT } from "../../rig/component.ts";
import { Guest } from "../../rig/guest-host.ts";
import { FAULTY, FINE, response } from "./envelopes.ts";

function part(name: string): Uint8Array {
  const read = readPackaged(`dist/guest/${name}`);
  if (!read.ok) throw new Error("dist/guest is missing: run npm run build");
  return read.bytes;
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const bytes = (s: string | Uint8Array) => new Uint8Array(Buffer.from(s as string));
const runs = { numRuns: Number(process.env["X07_WASM_RANDOM_RUNS"] ?? 100), seed: 1 };

const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/).filter((n) => !["host", "connection", "upgrade", "keep-alive", "content-length", "transfer-encoding"].includes(n));
const unicode = fc.string({ unit: "binary", maxLength: 40 });
/** A header value: any text without line ends. */
const value = unicode.map((s) => s.replace(/[\0\r\n]/g, ""));
const body = fc.uint8Array({ maxLength: 300 });

describe("random envelopes", () => {
  let adapter: Guest;
  let native: Guest;
  beforeAll(async () => {
    adapter = await Guest.load(part("http-adapter.component.wasm"));
    const budgets = { max_request_body_bytes: 1 << 20, max_response_body_bytes: 1 << 20, max_headers: 128, max_header_bytes_total: 65536, max_path_bytes: 2048, max_query_bytes: 4096, max_envelope_bytes: 2 << 20 };
    const merged = merge(answeringProgram(), part("http-native.glue.wasm"), { stackBytes: 16384, constantsModule: "x07:link", constants: limitsOf({ budgets, arenaCap: 1 << 20, maxOutput: 60_000 }), heapBaseName: "heap_base" });
    if (!merged.ok) throw new Error(merged.error.message);
    native = await Guest.load(await componentOf(merged.value, HTTP_WIT, "proxy"));
  });

  test("requests", () => {
    let seen = "";
    const instance = adapter.http({ solve: (input) => ((seen = text(input)), bytes(response())) });
    fc.assert(
      fc.property(unicode, fc.array(fc.tuple(token, fc.uint8Array({ maxLength: 30 })), { maxLength: 6 }), body, fc.integer({ min: 1, max: 50 }), (target, fields, body, step) => {
        instance.request({ method: "POST", target, fields, body, step });
        const at = target.indexOf("?");
        const said = JSON.parse(seen) as { readonly headers: unknown };
        const headers = fields.map(([k, v]) => ({ k, v: text(v) })).sort((a, b) => Buffer.compare(bytes(a.k), bytes(b.k)) || Buffer.compare(bytes(a.v), bytes(b.v)));
        expect(said).toEqual({ schema_version: "x07.http.request.envelope@0.1.0", id: "req0", method: "POST", path: at < 0 ? target : target.slice(0, at), query: at < 0 ? "" : target.slice(at + 1), headers, body: { bytes_len: body.length, base64: Buffer.from(body).toString("base64") } });
      }),
      runs,
    );
  });

  test("responses", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), fc.array(fc.tuple(token, value), { maxLength: 6 }), body, unicode, fc.boolean(), fc.anything({ maxDepth: 3, withNullPrototype: false }), fc.constantFrom(undefined, 1, "\t"), (status, fields, raw, said, asText, extra, indent) => {
        const sent = asText ? bytes(said) : raw;
        const b = asText ? { bytes_len: sent.length, text: said } : { bytes_len: sent.length, base64: Buffer.from(sent).toString("base64") };
        const envelope = JSON.parse(response({ status, headers: fields.map(([k, v]) => ({ k, v })), body: b })) as object;
        const answer = JSON.stringify({ ...envelope, extra: JSON.parse(JSON.stringify({ extra: String(extra) })) as unknown }, null, indent);
        const got = adapter.http({ solve: () => bytes(answer), room: 64 }).request();
        expect(got.status).toBe(status);
        expect(got.fields).toEqual(fields);
        expect(Buffer.compare(got.body, sent)).toBe(0);
      }),
      runs,
    );
  });

  test("broken answers are told of, every one", () => {
    const good = [...FINE, ...FAULTY].map((f) => bytes(f.answer)).filter((a) => a.length > 0);
    fc.assert(
      fc.property(fc.constantFrom(...good), fc.array(fc.tuple(fc.nat(), fc.constantFrom("drop", "set", "insert", "cut"), fc.nat(255)), { minLength: 1, maxLength: 4 }), (answer, edits) => {
        let broken = [...answer];
        for (const [where, how, byte] of edits) {
          const at = where % (broken.length + 1);
          if (how === "drop") broken.splice(at, 1);
          else if (how === "set") broken[at] = byte;
          else if (how === "insert") broken.splice(at, 0, byte);
          else broken = broken.slice(0, at);
        }
        const got = native.map((m) => withAnswer(m, Uint8Array.from(broken))).http().request();
        const code = got.fields.find(([n]) => n === "x-x07-diag-code")?.[1];
        expect(got.events[0]).toBe("set");
        if (code !== undefined) expect([got.status, code]).toEqual([500, expect.stringMatching(/^X07WASM_NATIVE_HTTP_RESPONSE_/)]);
      }),
      runs,
    );
  });
});
