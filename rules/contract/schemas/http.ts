// What HTTP reducers and their hosts say to each other. Knows nothing of sockets.

import { anyObject, boolean, document, either, integer, just, list, named, nothing, object, oneOfWords, orNull, text } from "../schema.ts";
import type { Fields, Schema } from "../schema.ts";
import { count } from "./shared.ts";

const shortId = named("id", text({ min: 1, max: 64, pattern: "^[a-z0-9][a-z0-9._-]{0,63}$" }));
const header = named("header", object({ k: text({ min: 1, max: 64, pattern: "^[A-Za-z0-9-]{1,64}$" }), v: text({ max: 4096 }) }));
const headers = list(header, { max: 256 });
const method = text({ min: 1, max: 16, pattern: "^[A-Z]{1,16}$" });
const payload = named("stream_payload", object({ bytes_len: count }, { text: text(), base64: text() }));

const request = object(
  { schema_version: just("x07.http.request.envelope@0.1.0"), id: shortId, method, path: text({ min: 1, max: 4096, pattern: "^/[^\\s]*$" }), headers, body: payload },
  { query: text({ max: 4096 }) },
);
export const requestEnvelope = document("x07-http.request.envelope", "x07.http.request.envelope@0.1.0", "One HTTP request as a document.", request);

const response = object({ schema_version: just("x07.http.response.envelope@0.1.0"), request_id: shortId, status: integer(100, 599), headers, body: payload });
export const responseEnvelope = document("x07-http.response.envelope", "x07.http.response.envelope@0.1.0", "One HTTP response as a document.", response);

const requestPiece = named("request_envelope", request);
const responsePiece = named("response_envelope", response);

// ---------------------------------------------------------------------------------------------- effects

const wanted = (type: string, required: Fields, optional: Fields = {}): Schema => object({ id: shortId, type: just(type), ...required }, optional);
const key = text({ min: 1, max: 256 });
const sentence = text({ min: 1, max: 4096 });

const effectRequest = named(
  "effect_request",
  either(
    wanted("kv.get", { key }),
    wanted("kv.put", { key, value: payload }, { ttl_ms: { type: ["integer", "null"], minimum: 0 } }),
    wanted("http.fetch", { method, url: sentence, headers, body: payload }),
    wanted("log.emit", { level: oneOfWords("debug", "info", "warn", "error"), message: sentence, fields: anyObject }),
    wanted("time.now", {}),
  ),
);

const done = (type: string, required: Fields): Schema => wanted(type, { ok: just(true), ...required });
const effectResult = named(
  "effect_result",
  either(
    object({ id: shortId, type: oneOfWords("kv.get", "kv.put", "http.fetch", "log.emit", "time.now"), ok: just(false), error: sentence }),
    done("kv.get", { found: boolean, value: orNull(payload) }),
    done("kv.put", { written: boolean }),
    done("http.fetch", { response: responsePiece }),
    done("log.emit", { emitted: boolean }),
    done("time.now", { unix_ms: count }),
  ),
);
export const effect = document("x07-http.effect", "x07.http.effect@0.1.0", "What a reducer asks its host to do, and what came of it.", either(effectRequest, effectResult));

// ---------------------------------------------------------------------------------------------- steps

const state = either(nothing, anyObject);
const dispatchSchema = object({ v: just(1), kind: just("x07.http.dispatch"), state, request: requestPiece, effect_results: list(effectResult, { max: 1024 }) });
export const dispatch = document("x07-http.dispatch", "x07.http.dispatch@0.1.0", "What a reducer is called with.", dispatchSchema);

const frameSchema = object({ v: just(1), kind: just("x07.http.frame"), state, response: orNull(responsePiece), effects: list(effectRequest, { max: 1024 }), telemetry: anyObject });
export const frame = document("x07-http.frame", "x07.http.frame@0.1.0", "What a reducer answers.", frameSchema);

const step = object({ env: named("dispatch", dispatchSchema), frame: named("frame", frameSchema) }, { wallMs: { type: "number", minimum: 0 } });
export const trace = document(
  "x07-http.trace",
  "x07.http.trace@0.1.0",
  "Calls of a reducer and their answers, one after the other.",
  object({ v: just(1), kind: just("x07.http.trace"), steps: list(step) }, { meta: anyObject }),
);
