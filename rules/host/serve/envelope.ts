// Requests and responses as the documents that incidents keep. Knows nothing of guests.

import { compareUtf8 } from "../../../engine/index.ts";
import type { JsonObject } from "../../../engine/index.ts";
import { writePayload } from "../../http/payload.ts";
import type { HttpResponse } from "../host.ts";
import type { Header, HttpRequest } from "../wasi/http.ts";

const lossy = new TextDecoder("utf-8", { ignoreBOM: true });

export function payload(bytes: Uint8Array, short: boolean): JsonObject {
  const whole = writePayload(bytes);
  if (!short) return whole;
  const { bytes_len, base64, text } = whole;
  return bytes.length === 0 ? { bytes_len } : text === undefined ? { bytes_len, base64 } : { bytes_len, text };
}

function headersJson(headers: readonly Header[]): JsonObject[] {
  return headers
    .map(({ name, value }) => ({ k: name, v: lossy.decode(value) }))
    .sort((a, b) => compareUtf8(a.k, b.k) || compareUtf8(a.v, b.v));
}

/** The host's own view of a request. */
export function requestEnvelope(id: string, request: HttpRequest, short: boolean): JsonObject {
  const target = request.pathWithQuery ?? "/";
  const at = target.indexOf("?");
  return {
    schema_version: "x07.http.request.envelope@0.1.0",
    id,
    method: request.method,
    path: at < 0 ? target : target.slice(0, at) || "/",
    query: at < 0 ? "" : target.slice(at + 1),
    headers: headersJson(request.headers),
    body: payload(request.body, short),
  };
}

export function responseEnvelope(id: string, response: HttpResponse | { readonly status: number }, short: boolean): JsonObject {
  const known = "headers" in response ? response : { headers: [], body: new Uint8Array(0) };
  return { schema_version: "x07.http.response.envelope@0.1.0", request_id: id, status: response.status, headers: headersJson(known.headers), body: payload(known.body, short) };
}
