// Reads JSON as x07 needs it: numbers outside i32 keep their text, nesting is limited, offsets are told. Knows nothing of x07AST.

/** A number that is not an integer within i32; `text` as written. */
export class OddNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  get isInteger(): boolean {
    return /^-?\d+$/.test(this.text);
  }
}

export type Json = number | OddNumber | string | boolean | null | Json[] | JsonObject;
export type JsonObject = Map<string, Json>;

export interface JsonDocument {
  readonly value: Json;
  /** Bytes that remain when white space outside strings is left out. */
  readonly compactBytes: number;
}

export type JsonOutcome = { readonly ok: true; readonly document: JsonDocument } | { readonly ok: false; readonly message: string; readonly offset: number };

const MAX_DEPTH = 127;
const TABLE = 2048;

/** Parses UTF-8 JSON. Never throws on bad input; a repeated key keeps its last value. */
export function readJson(bytes: Uint8Array): JsonOutcome {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.failure === undefined) {
    reader.space();
    if (reader.at < bytes.length) reader.fail("trailing characters");
  }
  if (reader.failure !== undefined) return { ok: false, ...place(reader.failure, bytes) };
  return { ok: true, document: { value: value ?? null, compactBytes: bytes.length - reader.spaces } };
}

function place(failure: { message: string; offset: number }, bytes: Uint8Array): { message: string; offset: number } {
  let line = 1;
  let column = 0;
  for (let i = 0; i < failure.offset && i < bytes.length; i++) {
    column++;
    if (bytes[i] === 10) {
      line++;
      column = 0;
    }
  }
  return { message: `${failure.message} at line ${line} column ${column}`, offset: failure.offset };
}

/** The items from `start` to `end`. Most lists are short, and a list that is written out takes the room that it needs. */
function taken(items: readonly Json[], start: number, end: number): Json[] {
  switch (end - start) {
    case 0:
      return [];
    case 1:
      return [items[start]!];
    case 2:
      return [items[start]!, items[start + 1]!];
    case 3:
      return [items[start]!, items[start + 1]!, items[start + 2]!];
    case 4:
      return [items[start]!, items[start + 1]!, items[start + 2]!, items[start + 3]!];
    default:
      return items.slice(start, end);
  }
}

class Reader {
  /** The text and a zero, so that there is a byte wherever one is looked for. */
  readonly bytes: Uint8Array;
  readonly end: number;
  at = 0;
  spaces = 0;
  failure: { message: string; offset: number } | undefined;
  /** Items of the lists that are open now, and where those of each begin. */
  private readonly items: Json[] = [];
  private readonly opened: number[] = [];
  private top = 0;
  private open = 0;
  // Heads and names repeat by the thousand; a slot remembers the last string that hashed to it.
  private readonly starts = new Int32Array(TABLE);
  private readonly lengths = new Int32Array(TABLE).fill(-1);
  private readonly strings: string[] = new Array<string>(TABLE).fill("");

  constructor(bytes: Uint8Array) {
    this.bytes = new Uint8Array(bytes.length + 1);
    this.bytes.set(bytes);
    this.end = bytes.length;
  }

  private get ended(): boolean {
    return this.at >= this.end;
  }

  fail(message: string): undefined {
    this.failure ??= { message, offset: this.at };
    return undefined;
  }

  space(): void {
    this.at = this.spaceFrom(this.at);
  }

  private spaceFrom(start: number): number {
    const { bytes } = this;
    let i = start;
    for (;;) {
      const c = bytes[i];
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) break;
      i++;
    }
    this.spaces += i - start;
    return i;
  }

  value(depth: number): Json | undefined {
    let c = this.bytes[this.at]!;
    if (c <= 32) {
      this.space();
      c = this.bytes[this.at]!;
    }
    if (c === 0x22) return this.string();
    if (c === 0x5b) return this.array(depth + 1);
    if (c === 0x7b) return this.object(depth + 1);
    if (c === 0x2d || (c >= 0x30 && c <= 0x39)) return this.number();
    if (c === 0x74) return this.word("true", true);
    if (c === 0x66) return this.word("false", false);
    if (c === 0x6e) return this.word("null", null);
    return this.fail(this.ended ? "EOF while parsing a value" : "expected value");
  }

  private word<T extends boolean | null>(text: string, value: T): T | undefined {
    for (let i = 0; i < text.length; i++) if (this.bytes[this.at + i] !== text.charCodeAt(i)) return this.fail("expected ident");
    this.at += text.length;
    return value;
  }

  /**
   * A list and the lists in it, without recursion: nearly all of a program is lists, and this keeps their state in local variables. What
   * is not a list, a plain string or a plain number is read by the others.
   */
  private array(depth: number): Json[] | undefined {
    const { bytes, items, opened } = this;
    const outermost = this.open;
    const bottom = this.top;
    let top = bottom;
    let open = outermost;
    let i = this.at;
    for (;;) {
      // An item, or a list that opens or is empty.
      let c = bytes[i]!;
      if (c <= 32) c = bytes[(i = this.spaceFrom(i))]!;
      if (c === 0x5b) {
        if (depth + open - outermost > MAX_DEPTH) return this.failIn(i, bottom, outermost, "recursion limit exceeded");
        opened[open++] = top;
        c = bytes[++i]!;
        if (c <= 32) c = bytes[(i = this.spaceFrom(i))]!;
        if (c !== 0x5d) continue;
      } else {
        this.at = i;
        this.top = top;
        this.open = open;
        const item = c === 0x22 ? this.string() : this.value(depth + open - outermost - 1);
        if (item === undefined) return this.failIn(this.at, bottom, outermost, "");
        i = this.at;
        items[top++] = item;
        c = bytes[i]!;
        if (c <= 32) c = bytes[(i = this.spaceFrom(i))]!;
      }
      // Lists that end here.
      while (c === 0x5d) {
        const start = opened[--open]!;
        const list = taken(items, start, top);
        i++;
        if (open === outermost) {
          this.at = i;
          this.top = bottom;
          this.open = outermost;
          return list;
        }
        items[start] = list;
        top = start + 1;
        c = bytes[i]!;
        if (c <= 32) c = bytes[(i = this.spaceFrom(i))]!;
      }
      if (c !== 0x2c) return this.failIn(i, bottom, outermost, i >= this.end ? "EOF while parsing a list" : "expected `,` or `]`");
      i++;
    }
  }

  private failIn(at: number, top: number, open: number, message: string): undefined {
    this.at = at;
    this.top = top;
    this.open = open;
    return this.fail(message);
  }

  private object(depth: number): JsonObject | undefined {
    if (depth > MAX_DEPTH) return this.fail("recursion limit exceeded");
    this.at++;
    const object: JsonObject = new Map();
    this.space();
    if (this.bytes[this.at] === 0x7d) {
      this.at++;
      return object;
    }
    for (;;) {
      this.space();
      const c = this.bytes[this.at];
      if (c !== 0x22) return this.fail(this.ended ? "EOF while parsing an object" : "key must be a string");
      const key = this.string();
      if (key === undefined) return undefined;
      this.space();
      if (this.bytes[this.at] !== 0x3a) return this.fail(this.ended ? "EOF while parsing an object" : "expected `:`");
      this.at++;
      const value = this.value(depth);
      if (value === undefined) return undefined;
      object.set(key, value);
      this.space();
      const d = this.bytes[this.at];
      if (d === 0x2c) {
        this.at++;
        continue;
      }
      if (d === 0x7d) {
        this.at++;
        return object;
      }
      return this.fail(this.ended ? "EOF while parsing an object" : "expected `,` or `}`");
    }
  }

  private string(): string | undefined {
    const { bytes } = this;
    const start = ++this.at;
    let hash = 0;
    let ascii = true;
    let i = start;
    for (;; i++) {
      const c = bytes[i]!;
      if (c === 0x22) break;
      if (c === 0x5c) return this.escaped(start);
      if (c < 0x20) return this.brokenString(i);
      if (c >= 0x80) ascii = false;
      hash = (Math.imul(hash, 31) + c) | 0;
    }
    this.at = i + 1;
    return ascii ? this.interned(start, i, hash) : this.decode(bytes.subarray(start, i));
  }

  /** Of a string with a control character at `i`; past the end stands one, too. */
  private brokenString(i: number): undefined {
    this.at = i;
    return this.fail(this.ended ? "EOF while parsing a string" : "control character (\\u0000-\\u001F) found while parsing a string");
  }

  private interned(start: number, end: number, hash: number): string {
    const length = end - start;
    if (length > 48) return latin(this.bytes, start, end);
    const slot = (hash ^ (hash >>> 15)) & (TABLE - 1);
    if (this.lengths[slot] === length && this.sameBytes(this.starts[slot] ?? 0, start, length)) return this.strings[slot] ?? "";
    const text = latin(this.bytes, start, end);
    this.starts[slot] = start;
    this.lengths[slot] = length;
    this.strings[slot] = text;
    return text;
  }

  private sameBytes(a: number, b: number, length: number): boolean {
    const { bytes } = this;
    for (let i = 0; i < length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
    return true;
  }

  private decode(part: Uint8Array): string | undefined {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(part);
    } catch {
      return this.fail("invalid unicode code point");
    }
  }

  /** The slow way, for strings with escapes. */
  private escaped(start: number): string | undefined {
    const { bytes } = this;
    const parts: string[] = [];
    let from = start;
    let i = start;
    for (;;) {
      const c = bytes[i]!;
      if (c < 0x20) return this.brokenString(i);
      if (c !== 0x22 && c !== 0x5c) {
        i++;
        continue;
      }
      if (i > from) {
        const part = this.decode(bytes.subarray(from, i));
        if (part === undefined) return undefined;
        parts.push(part);
      }
      if (c === 0x22) {
        this.at = i + 1;
        return parts.join("");
      }
      this.at = i;
      const part = this.escape();
      if (part === undefined) return undefined;
      parts.push(part);
      i = from = this.at;
    }
  }

  private escape(): string | undefined {
    const c = this.bytes[this.at + 1]!;
    const plain = ESCAPES.get(c);
    if (plain !== undefined) {
      this.at += 2;
      return plain;
    }
    if (c !== 0x75) return this.fail(this.at + 1 >= this.end ? "EOF while parsing a string" : "invalid escape");
    const unit = this.hex4(this.at + 2);
    if (unit === undefined) return undefined;
    this.at += 6;
    if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit);
    if (unit > 0xdbff || this.bytes[this.at] !== 0x5c || this.bytes[this.at + 1] !== 0x75) return this.fail("lone leading surrogate in hex escape");
    const low = this.hex4(this.at + 2);
    if (low === undefined) return undefined;
    if (low < 0xdc00 || low > 0xdfff) return this.fail("lone leading surrogate in hex escape");
    this.at += 6;
    return String.fromCharCode(unit, low);
  }

  private hex4(from: number): number | undefined {
    let n = 0;
    for (let i = from; i < from + 4; i++) {
      const c = this.bytes[i] ?? 0;
      const digit = c >= 0x30 && c <= 0x39 ? c - 0x30 : (c | 32) >= 0x61 && (c | 32) <= 0x66 ? (c | 32) - 0x57 : -1;
      if (digit < 0) return this.fail("invalid escape");
      n = n * 16 + digit;
    }
    return n;
  }

  private number(): Json | undefined {
    const { bytes } = this;
    const start = this.at;
    let i = start;
    if (bytes[i] === 0x2d) i++;
    const digits = i;
    let n = 0;
    for (let c = bytes[i]!; c >= 0x30 && c <= 0x39; c = bytes[++i]!) n = n * 10 + (c - 0x30);
    if (i === digits || (bytes[digits] === 0x30 && i > digits + 1)) {
      this.at = i;
      return this.fail("invalid number");
    }
    const next = bytes[i];
    if (next !== 0x2e && next !== 0x65 && next !== 0x45) {
      this.at = i;
      const value = digits > start ? -n : n;
      // -0 is a float to the reference's reader, yet zero to everybody else; it is taken as 0.
      return value >= -2147483648 && value <= 2147483647 ? value | 0 : new OddNumber(latin(bytes, start, i));
    }
    return this.float(start, i);
  }

  private float(start: number, from: number): OddNumber | undefined {
    const { bytes } = this;
    const digitsFrom = (p: number): number => {
      let q = p;
      for (let c = bytes[q]!; c >= 0x30 && c <= 0x39; c = bytes[++q]!);
      return q;
    };
    let i = from;
    if (bytes[i] === 0x2e) {
      const end = digitsFrom(i + 1);
      if (end === i + 1) {
        this.at = end;
        return this.fail("invalid number");
      }
      i = end;
    }
    if (bytes[i] === 0x65 || bytes[i] === 0x45) {
      i++;
      if (bytes[i] === 0x2b || bytes[i] === 0x2d) i++;
      const end = digitsFrom(i);
      if (end === i) {
        this.at = end;
        return this.fail("invalid number");
      }
      i = end;
    }
    this.at = i;
    return new OddNumber(latin(bytes, start, i));
  }
}

const ESCAPES = new Map<number, string>([
  [0x22, '"'], [0x5c, "\\"], [0x2f, "/"], [0x62, "\b"], [0x66, "\f"], [0x6e, "\n"], [0x72, "\r"], [0x74, "\t"],
]);

function latin(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}
