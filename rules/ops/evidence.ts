// What a guest was told by clocks and chance, as a document that can be played again. Knows nothing of guests.

import { asNumber, isJsonArray, isJsonObject, parseJson, pretty } from "../../engine/index.ts";
import type { JsonObject, JsonValue, Result } from "../../engine/index.ts";
import { fail, ok } from "../../engine/index.ts";
import { strictBase64 } from "../http/payload.ts";
import { validate } from "../contract/validate.ts";
import type { ProvidedSecret } from "./secrets.ts";

export interface Evidence {
  /** Nanoseconds, in the order in which they were told. */
  readonly wall: readonly bigint[];
  readonly monotonic: readonly bigint[];
  readonly secure: Uint8Array;
  readonly insecure: Uint8Array;
  readonly seed: bigint;
}

const SCHEMA = "x07-wasm.caps.evidence.schema.json";
const MAX_BYTES = 256 * 1024 * 1024;
/** What is wrong with a file is told in so many lines. */
const MAX_TOLD = 8;

export function evidenceBytes(evidence: Evidence, provided: readonly ProvidedSecret[]): Uint8Array {
  const document: JsonObject = {
    schema_version: "x07.wasm.caps.evidence@0.1.0",
    v: 1,
    clocks: { wall_clock_now_ns: evidence.wall, monotonic_clock_now_ns: evidence.monotonic },
    random: { secure_random_bytes_b64: base64(evidence.secure), insecure_random_bytes_b64: base64(evidence.insecure), insecure_seed_u128: String(evidence.seed) },
    secrets: { provided: provided.map(({ id, source }) => ({ id, source })) },
  };
  return new TextEncoder().encode(pretty(document));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** The evidence in a file, or what is wrong with it, a sentence each. */
export async function readEvidence(bytes: Uint8Array, path: string): Promise<Result<Evidence, readonly string[]>> {
  if (bytes.length > MAX_BYTES) return fail([`${path} has ${bytes.length} bytes; more than ${MAX_BYTES} are not read`]);
  const parsed = parseJson(bytes);
  if (!parsed.ok) return fail([`${path} is not JSON: ${parsed.error.message} at line ${parsed.error.line}, column ${parsed.error.column}`]);
  const faults = await validate(SCHEMA, parsed.value, path);
  if (faults.length > 0) return fail(faults.slice(0, MAX_TOLD).map((d) => d.message));
  const [clocks, random] = [member(parsed.value, "clocks"), member(parsed.value, "random")];
  const secure = strictBase64(String(member(random, "secure_random_bytes_b64")));
  const insecure = strictBase64(String(member(random, "insecure_random_bytes_b64")));
  if (secure === undefined || insecure === undefined) return fail([`${path}#/random: bytes that are not padded standard base64`]);
  const seed = seedOf(String(member(random, "insecure_seed_u128")));
  if (seed === null) return fail([`${path}#/random/insecure_seed_u128: not a number of at most 128 bits`]);
  return ok({ wall: times(clocks, "wall_clock_now_ns"), monotonic: times(clocks, "monotonic_clock_now_ns"), secure, insecure, seed });
}

function member(value: JsonValue, name: string): JsonValue {
  return isJsonObject(value) ? (value[name] ?? null) : null;
}

function times(clocks: JsonValue, name: string): bigint[] {
  const list = member(clocks, name);
  return isJsonArray(list) ? list.map((time) => (typeof time === "bigint" ? time : BigInt(asNumber(time) ?? 0))) : [];
}

function seedOf(text: string): bigint | null {
  if (!/^[0-9]{0,39}$/.test(text)) return null;
  const seed = BigInt(text === "" ? "0" : text);
  return seed < 1n << 128n ? seed : null;
}
