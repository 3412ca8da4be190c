// JSON text read number by number and letter by letter: slower than the native reader, but exact, and it says what is wrong where. Knows nothing of writing.

import { fail, ok } from "./result.ts";
import type { Result } from "./result.ts";
import type { JsonValue } from "./canonical-json.ts";

/** An integral number that was written as a float. Made by the parser only; typed as a JsonValue, told apart by `isJsonFloat`. */
export class JsonFloat {
  readonly float: number;
  constructor(float: number) {
    this.float = float;
  }
}

/** What is wrong, and where in UTF-16 units. */
export interface JsonFault {
  readonly message: string;
  readonly offset: number;
}

/** The value of a JSON text whose containers are nested at most `depth` deep. */
export function readExactly(text: string, depth: number): Result<JsonValue, JsonFault> {
  return new ExactReader(text).read(depth);
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

  read(depth: number): Result<JsonValue, JsonFault> {
    try {
      const value = this.#value(depth);
      this.#blanks();
      if (this.#at < this.#text.length) throw new SyntaxFault("trailing characters", this.#at);
      return ok(value);
    } catch (fault) {
      if (!(fault instanceof SyntaxFault)) throw fault;
      return fail({ message: fault.message, offset: fault.offset });
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
    if (depth === 0) throw new SyntaxFault("nested too deeply", this.#at);
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
