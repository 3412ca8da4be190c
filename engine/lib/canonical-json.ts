// JSON in and out, exactly: u64/i64 integers, floats that stay floats, one canonical text per value. Knows nothing of files, schemas or reports.

import { fail, ok } from "./result.ts";
import type { Result } from "./result.ts";
import { JsonFloat, readExactly } from "./json-reader.ts";

export { JsonFloat };

/**
 * A parsed JSON value. Integers beyond 2^53 are bigint (up to the u64/i64 range, larger ones become floats);
 * a float with an integral value (`1.0`) is kept apart from `1` as a {@link JsonFloat}, which is neither array nor object.
 */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject;

/** Members whose value is undefined are not written. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** Why a text is not JSON: `offset` in UTF-16 units of the text (bytes when it is not UTF-8), `line` and `column` from 1. */
export interface JsonError {
  readonly message: string;
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** Containers nested deeper than this are refused, so every walk over a parsed value may recurse. */
export const MAX_DEPTH = 127;

export function isJsonFloat(value: unknown): value is JsonFloat {
  return value instanceof JsonFloat;
}

export function isJsonArray(value: unknown): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof JsonFloat);
}

/** The value as a JavaScript number (rounded above 2^53), or undefined when it is no number. */
export function asNumber(value: JsonValue | undefined): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  return isJsonFloat(value) ? value.float : undefined;
}

// ---------------------------------------------------------------------------------------------- reading

/** Parses JSON text or UTF-8 bytes. Duplicate keys: the last wins. Lone surrogates, byte order marks and bad UTF-8 are errors. */
export function parseJson(input: Uint8Array | string): Result<JsonValue, JsonError> {
  const text = typeof input === "string" ? input : decodeUtf8(input);
  if (text === undefined) return fail(errorAt("", 0, "the text is not valid UTF-8"));
  if (!NEEDS_EXACT.test(text)) {
    try {
      const value = JSON.parse(text) as JsonValue;
      if (!mayBeTooDeep(text) || depthWithin(value, MAX_DEPTH)) return ok(value);
    } catch {
      // The exact reader below finds out where and why.
    }
  }
  const read = readExactly(text, MAX_DEPTH);
  return read.ok ? read : fail(errorAt(text, read.error.offset, read.error.message));
}

/** A number that native parsing would change (float form, 16 digits or more, -0), or an escape that may be a lone surrogate. */
const NEEDS_EXACT = /(?:^|[:,[\s])-?(?:\d+[.eE]|\d{16}|0(?<=-0))|\\u[dD][89a-fA-F]/;

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Counting openers is much cheaper than walking the value, and small documents never have enough of them. */
function mayBeTooDeep(text: string): boolean {
  let openers = 0;
  for (const opener of ["[", "{"]) {
    for (let at = text.indexOf(opener); at >= 0; at = text.indexOf(opener, at + 1)) {
      if (++openers > MAX_DEPTH) return true;
    }
  }
  return false;
}

function depthWithin(value: JsonValue, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depth === 0) return false;
  if (isJsonArray(value)) return value.every((item) => depthWithin(item, depth - 1));
  for (const key in value) if (!depthWithin(value[key] as JsonValue, depth - 1)) return false;
  return true;
}

function errorAt(text: string, offset: number, message: string): JsonError {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { message, offset, line, column: offset - before.lastIndexOf("\n") };
}

// ---------------------------------------------------------------------------------------------- writing

/** The canonical text: keys sorted by their UTF-8 bytes, no blanks, least escaping, one trailing line feed. */
export function canonical(value: JsonValue): string {
  return compact(value) + "\n";
}

/** The canonical text without its line feed, for embedding in messages and manifests. */
export function compact(value: JsonValue): string {
  if (typeof value !== "object" || value === null) return scalar(value);
  if (isJsonArray(value)) {
    let out = "[";
    for (let i = 0; i < value.length; i++) out += (i === 0 ? "" : ",") + compact(value[i] as JsonValue);
    return out + "]";
  }
  if (isJsonFloat(value)) return floatText(value.float);
  let out = "";
  for (const key of sortedKeys(value)) out += (out === "" ? "{" : ",") + quoted(key) + ":" + compact(value[key] as JsonValue);
  return out === "" ? "{}" : out + "}";
}

/** The canonical order with two blanks of indent a level, `"k": v`, empty containers closed at once, one trailing line feed. */
export function pretty(value: JsonValue): string {
  return indented(value, "\n") + "\n";
}

function indented(value: JsonValue, margin: string): string {
  if (typeof value !== "object" || value === null) return scalar(value);
  const inner = margin + "  ";
  if (isJsonArray(value)) {
    if (value.length === 0) return "[]";
    return "[" + value.map((item) => inner + indented(item, inner)).join(",") + margin + "]";
  }
  if (isJsonFloat(value)) return floatText(value.float);
  const keys = sortedKeys(value);
  if (keys.length === 0) return "{}";
  return "{" + keys.map((key) => inner + quoted(key) + ": " + indented(value[key] as JsonValue, inner)).join(",") + margin + "}";
}

function scalar(value: null | boolean | number | bigint | string): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value !== "number") return String(value);
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : floatText(value);
}

const NOTHING_TO_ESCAPE = /^[^"\\\u0000-\u001f\ud800-\udfff]*$/;

function quoted(text: string): string {
  return NOTHING_TO_ESCAPE.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** The native order is that of UTF-8 but for keys with surrogates or what comes after them. */
const ASTRAL = /[\ud800-\uffff]/;

function sortedKeys(value: JsonObject): string[] {
  const keys: string[] = [];
  let sorted = true;
  let astral = false;
  for (const key in value) {
    if (value[key] === undefined || !Object.hasOwn(value, key)) continue;
    sorted &&= keys.length === 0 || (keys[keys.length - 1] as string) < key;
    astral ||= ASTRAL.test(key);
    keys.push(key);
  }
  if (astral) return keys.sort(compareUtf8);
  return sorted ? keys : keys.sort();
}

/** Orders two strings as their UTF-8 bytes would be: UTF-16 units, but surrogate pairs after everything else. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    if (x >= 0xd800 && y >= 0xd800) return rank(x) - rank(y);
    return x - y;
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Shortest text that reads back as the same float and is visibly a float: `1.0`, `0.00001`, `1e16`. Not-a-number has no JSON text: null. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return "null";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  if (value === 0) return sign + "0.0";
  const [mantissa = "", power = "0"] = Math.abs(value).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const point = Number(power) + 1;
  return sign + placed(digits, point);
}

/** `digits` with the decimal point after the first `point` of them. */
function placed(digits: string, point: number): string {
  if (point > 16 || point <= -5) return (digits.length === 1 ? digits : digits[0] + "." + digits.slice(1)) + "e" + (point - 1);
  if (digits.length <= point) return digits + "0".repeat(point - digits.length) + ".0";
  if (point > 0) return digits.slice(0, point) + "." + digits.slice(point);
  return "0." + "0".repeat(-point) + digits;
}
