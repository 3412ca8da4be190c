// Bodies inside documents: bytes as `bytes_len` with base64 and, where they are text, `text`. Knows nothing of envelopes.

import { asNumber, fail, isJsonObject, ok } from "../../engine/index.ts";
import type { JsonObject, JsonValue, Result } from "../../engine/index.ts";

/** The bytes of a payload: base64 where given, else the text, else nothing; `bytes_len` must agree. */
export function readPayload(value: JsonValue | undefined): Result<Uint8Array, string> {
  if (!isJsonObject(value)) return fail("a payload is an object");
  const length = asNumber(value["bytes_len"]) ?? 0;
  const { base64, text } = value;
  const bytes = typeof base64 === "string" ? strictBase64(base64) : typeof text === "string" ? Buffer.from(text, "utf8") : length === 0 ? new Uint8Array(0) : undefined;
  if (bytes === undefined) return fail(typeof base64 === "string" ? "base64 is not padded standard base64" : `bytes_len is ${length}, but there is neither base64 nor text`);
  return bytes.length === length ? ok(bytes) : fail(`bytes_len is ${length}, the content has ${bytes.length} bytes`);
}

export function writePayload(bytes: Uint8Array): JsonObject {
  const payload = { bytes_len: bytes.length, base64: Buffer.from(bytes).toString("base64") };
  const text = asText(bytes);
  return text === undefined ? payload : { ...payload, text };
}

/** undefined: not base64 of the standard alphabet with padding. */
export function strictBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

function asText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
