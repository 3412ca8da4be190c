// JSON in and out, exactly: u64/i64 integers, floats that stay floats, one canonical text per value. Knows nothing of files, schemas or reports.

import { fail, ok } from "../diagnostic.ts";
import type { Result } from "../diagnostic.ts";

/**
 * A parsed JSON value. Integers beyond 2^53 are bigint (up to the u64/i64 range, larger ones become floats);
 * a float with an integral value (`1.0`) is kept apart from `1` as a {@link JsonFloat}, which is neither array nor object.
 */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject;

/** Members whose value is undefined are not written. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** An integral number that was written as a float. Made by the parser only; typed as a JsonValue, told apart by {@link isJsonFloat}. */
export class JsonFloat {
  readonly float: number;
  constructor(float: number) {
    this.float = float;
  }
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
  return new ExactReader(text).read();
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

class SyntaxFault extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const U64_MAX = 18446744073709551615n;
const I64_MIN = -9223372036854775808n;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: { readonly [letter: string]: string } = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** Recursive descent over the text; slower than native parsing, but keeps what native parsing loses and says what is wrong where. */
class ExactReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Result<JsonValue, JsonError> {
    try {
      const value = this.#value(MAX_DEPTH);
      this.#blanks();
      if (this.#at < this.#text.length) throw new SyntaxFault("trailing characters", this.#at);
      return ok(value);
    } catch (fault) {
      if (!(fault instanceof SyntaxFault)) throw fault;
      return fail(errorAt(this.#text, fault.offset, fault.message));
    }
  }

  #blanks(): void {
    for (;;) {
      const c = this.#text.charCodeAt(this.#at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.#at++;
    }
  }

  #value(depth: number): JsonValue {
    this.#blanks();
    const c = this.#text[this.#at];
    if (c === undefined) throw new SyntaxFault("unexpected end of the text, expected a value", this.#at);
    if (c === "{") return this.#object(depth);
    if (c === "[") return this.#array(depth);
    if (c === '"') return this.#string();
    if (c === "t") return this.#word("true", true);
    if (c === "f") return this.#word("false", false);
    if (c === "n") return this.#word("null", null);
    return this.#number();
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw new SyntaxFault(`expected ${word}`, this.#at);
    this.#at += word.length;
    return value;
  }

  #open(depth: number): void {
    if (depth === 0) throw new SyntaxFault(`nested deeper than ${MAX_DEPTH} levels`, this.#at);
    this.#at++;
    this.#blanks();
  }

  #array(depth: number): JsonValue {
    this.#open(depth);
    const items: JsonValue[] = [];
    if (this.#closes("]")) return items;
    do items.push(this.#value(depth - 1));
    while (this.#goesOn("]"));
    return items;
  }

  #object(depth: number): JsonValue {
    this.#open(depth);
    const members: { [key: string]: JsonValue } = {};
    if (this.#closes("}")) return members;
    do {
      this.#blanks();
      if (this.#text[this.#at] !== '"') throw new SyntaxFault("expected a key in double quotes", this.#at);
      const key = this.#string();
      this.#blanks();
      if (this.#text[this.#at] !== ":") throw new SyntaxFault("expected `:`", this.#at);
      this.#at++;
      const value = this.#value(depth - 1);
      if (key === "__proto__") Object.defineProperty(members, key, { value, enumerable: true, configurable: true, writable: true });
      else members[key] = value;
    } while (this.#goesOn("}"));
    return members;
  }

  #closes(closer: string): boolean {
    if (this.#text[this.#at] !== closer) return false;
    this.#at++;
    return true;
  }

  #goesOn(closer: string): boolean {
    this.#blanks();
    if (this.#closes(closer)) return false;
    if (this.#text[this.#at] !== ",") throw new SyntaxFault(`expected \`,\` or \`${closer}\``, this.#at);
    this.#at++;
    return true;
  }

  #number(): JsonValue {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) throw new SyntaxFault("expected a value", this.#at);
    const start = this.#at;
    this.#at = NUMBER.lastIndex;
    if (/[\d.]/.test(this.#text[this.#at] ?? "")) throw new SyntaxFault("invalid number", start);
    const [text, fraction, exponent] = match;
    if (fraction === undefined && exponent === undefined && text !== "-0") return exactInteger(text);
    const float = Number(text);
    if (!Number.isFinite(float)) throw new SyntaxFault("number out of range", start);
    return asFloat(float);
  }

  #string(): string {
    const start = this.#at++;
    let out = "";
    for (;;) {
      PLAIN.lastIndex = this.#at;
      PLAIN.exec(this.#text);
      out += this.#text.slice(this.#at, PLAIN.lastIndex);
      this.#at = PLAIN.lastIndex;
      const c = this.#text[this.#at];
      if (c === '"') {
        this.#at++;
        return out;
      }
      if (c === undefined) throw new SyntaxFault("a string that is never closed", start);
      if (c !== "\\") throw new SyntaxFault("a control character inside a string", this.#at);
      out += this.#escape();
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? "";
    if (letter !== "u") {
      const plain = ESCAPES[letter];
      if (plain === undefined) throw new SyntaxFault("invalid escape", this.#at);
      this.#at += 2;
      return plain;
    }
    const unit = this.#unit();
    if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit);
    const at = this.#at - 6;
    if (unit > 0xdbff || this.#text[this.#at] !== "\\" || this.#text[this.#at + 1] !== "u") throw new SyntaxFault("a lone surrogate", at);
    const low = this.#unit();
    if (low < 0xdc00 || low > 0xdfff) throw new SyntaxFault("a lone surrogate", at);
    return String.fromCharCode(unit, low);
  }

  #unit(): number {
    const hex = this.#text.slice(this.#at + 2, this.#at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw new SyntaxFault("invalid \\u escape", this.#at);
    this.#at += 6;
    return Number.parseInt(hex, 16);
  }
}

function exactInteger(text: string): JsonValue {
  const near = Number(text);
  if (Number.isSafeInteger(near)) return near;
  // Longer than any u64 can be: no need to read a million digits exactly to know.
  if (text.length <= 20) {
    const exact = BigInt(text);
    if (exact <= U64_MAX && exact >= I64_MIN) return exact;
  }
  if (!Number.isFinite(near)) throw new SyntaxFault("number out of range", 0);
  return near;
}

/** Only a safe integer could be mistaken for an integer later; every other float speaks for itself. */
function asFloat(float: number): JsonValue {
  return Number.isSafeInteger(float) ? (new JsonFloat(float) as unknown as JsonValue) : float;
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
  let out = "{";
  for (const key of sortedKeys(value)) out += (out.length === 1 ? "" : ",") + JSON.stringify(key) + ":" + compact(value[key] as JsonValue);
  return out + "}";
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
  return "{" + keys.map((key) => inner + JSON.stringify(key) + ": " + indented(value[key] as JsonValue, inner)).join(",") + margin + "}";
}

function scalar(value: null | boolean | number | bigint | string): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "number") return String(value);
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : floatText(value);
}

function sortedKeys(value: JsonObject): string[] {
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  return keys.sort(compareUtf8);
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
