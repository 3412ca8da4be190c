// WIT text -> tokens, one at a time, each with its offset. Knows words and marks, not what they mean together.

export type TokenKind = "word" | "escaped" | "number" | "mark" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** The word without its `%`, the digits, or the mark; `""` at the end. */
  readonly text: string;
  readonly at: number;
}

/** What is wrong with a text and where. */
export interface WitFault {
  readonly file: string;
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** A fault at an offset of a text. */
export function faultIn(text: string, { file, at }: { readonly file: string; readonly at: number }, message: string): WitFault {
  const before = text.slice(0, at);
  return { file, message, line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}

const KEYWORDS = new Set(
  (
    "use type func u8 u16 u32 u64 s8 s16 s32 s64 f32 f64 char resource own borrow record flags variant enum bool string " +
    "option result future stream error-context list map _ as from static interface tuple world import export package " +
    "constructor include with async"
  ).split(" "),
);

const WORD = /[A-Za-z0-9_-]+/y;
const VERSION = /(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?/y;
/** Characters that make a text look other than it is, and control characters. */
const TREACHEROUS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** The next token is looked at as often as wanted. After the first fault there is nothing but the end. */
export class Lexer {
  readonly #file: string;
  readonly #text: string;
  #pos = 0;
  #next: Token | undefined;
  #fault: WitFault | undefined;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
    const odd = TREACHEROUS.exec(text);
    if (odd !== null) this.spoil(`the character U+${odd[0].charCodeAt(0).toString(16).padStart(4, "0")} is not allowed`, odd.index);
  }

  get fault(): WitFault | undefined {
    return this.#fault;
  }

  spoil(message: string, at: number): void {
    if (this.#fault !== undefined) return;
    this.#fault = faultIn(this.#text, { file: this.#file, at }, message);
    this.#pos = this.#text.length;
    this.#next = undefined;
  }

  peek(): Token {
    this.#next ??= this.#read();
    return this.#next;
  }

  take(): Token {
    const token = this.peek();
    this.#next = undefined;
    return token;
  }

  /** Takes the next token if it is this mark or keyword. */
  eat(text: string): boolean {
    if (!this.is(text)) return false;
    this.#next = undefined;
    return true;
  }

  is(text: string): boolean {
    const token = this.peek();
    return token.text === text && (token.kind === "mark" || token.kind === "word");
  }

  expect(text: string): void {
    if (!this.eat(text)) this.unexpected(`\`${text}\``);
  }

  unexpected(wanted: string): void {
    const token = this.peek();
    this.spoil(`expected ${wanted}, found ${token.kind === "end" ? "the end of the file" : `\`${token.text}\``}`, token.at);
  }

  get ended(): boolean {
    return this.peek().kind === "end";
  }

  /** Items between two marks, with commas between them; one may follow the last. */
  list<T>(open: string, close: string, item: () => T): T[] {
    const items: T[] = [];
    this.expect(open);
    while (!this.ended && !this.is(close)) {
      items.push(item());
      if (!this.eat(",")) break;
    }
    this.expect(close);
    return items;
  }

  /** A name: a word that is no keyword, or any word after `%`. */
  name(): string {
    const token = this.peek();
    if ((token.kind !== "word" || KEYWORDS.has(token.text)) && token.kind !== "escaped") {
      this.unexpected(token.kind === "word" ? `a name (write \`%${token.text}\` to use the keyword as one)` : "a name");
      return "";
    }
    const fault = badName(token.text);
    if (fault !== undefined) this.spoil(`\`${token.text}\` is no name: ${fault}`, token.at);
    return this.take().text;
  }

  number(): number {
    const token = this.peek();
    if (token.kind !== "number") {
      this.unexpected("a number");
      return 0;
    }
    if (Number(token.text) > 0xffffffff) this.spoil(`${token.text} is too large`, token.at);
    return Number(this.take().text);
  }

  /** A semantic version right here. */
  version(): string {
    const { at } = this.peek();
    VERSION.lastIndex = at;
    const found = this.#fault === undefined ? VERSION.exec(this.#text)?.[0] : undefined;
    if (found === undefined) {
      this.unexpected("a semantic version");
      return "";
    }
    this.#next = undefined;
    this.#pos = at + found.length;
    return found;
  }

  #read(): Token {
    this.#skipBlanks();
    const at = this.#pos;
    const text = this.#text;
    if (at >= text.length) return { kind: "end", text: "", at };
    const escaped = text[at] === "%";
    WORD.lastIndex = escaped ? at + 1 : at;
    const word = WORD.exec(text)?.[0];
    if (word !== undefined && !word.startsWith("-")) {
      this.#pos = WORD.lastIndex;
      return { kind: escaped ? "escaped" : /^\d+$/.test(word) ? "number" : "word", text: word, at };
    }
    const mark = text.startsWith("->", at) ? "->" : text[at]!;
    if (!"=,:.;(){}<>@/*+-->".includes(mark)) {
      this.spoil(`the character \`${String.fromCodePoint(text.codePointAt(at)!)}\` is not expected here`, at);
      return { kind: "end", text: "", at: text.length };
    }
    this.#pos = at + mark.length;
    return { kind: "mark", text: mark, at };
  }

  #skipBlanks(): void {
    const text = this.#text;
    for (;;) {
      while (this.#pos < text.length && " \t\r\n".includes(text[this.#pos]!)) this.#pos++;
      if (text.startsWith("//", this.#pos)) {
        const end = text.indexOf("\n", this.#pos);
        this.#pos = end < 0 ? text.length : end;
      } else if (text.startsWith("/*", this.#pos)) this.#skipComment();
      else return;
    }
  }

  /** Comments in a comment are part of it. */
  #skipComment(): void {
    const start = this.#pos;
    const ends = /\/\*|\*\//g;
    ends.lastIndex = start;
    let depth = 0;
    for (let found = ends.exec(this.#text); found !== null; found = ends.exec(this.#text)) {
      depth += found[0] === "/*" ? 1 : -1;
      this.#pos = ends.lastIndex;
      if (depth === 0) return;
    }
    this.spoil("this comment has no end", start);
  }
}

function badName(text: string): string | undefined {
  const parts = text.split("-");
  if (parts.some((p) => p === "")) return "there must be characters between its hyphens";
  if (!/^[A-Za-z]/.test(text)) return "it must start with a letter";
  if (parts.some((p) => !/^(?:[a-z0-9]+|[A-Z0-9]+)$/.test(p))) return "each word is of lower-case or of upper-case letters, and digits";
  return undefined;
}
