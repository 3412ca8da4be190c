// The body of a request out of the bytes behind its head, however they are cut: by length, or in chunks with trailers. Knows no sockets.

import type { Framing } from "./head.ts";
import { isFault, MAX_HEAD_BYTES, parseFields, VALUE } from "./head.ts";

/** Bytes of one line with the size of a chunk, extensions included, and of all extensions of a body. */
const MAX_SIZE_LINE = 256;
const MAX_EXTENSIONS = 16_384;
/** Hex digits of a chunk's size. */
const MAX_DIGITS = 11;

const CR = 0x0d;
const LF = 0x0a;

type State = "data" | "size" | "data-end" | "trailers" | "done" | "broken";

export class BodyReader {
  #state: State;
  /** Bytes of the body, or of this chunk, that have not come. */
  #left: number;
  readonly #chunked: boolean;
  /** A line, or the trailers, of which only a part has come. */
  #line = "";
  #extensions = 0;

  constructor(framing: Framing) {
    this.#chunked = framing.kind === "chunked";
    this.#left = framing.kind === "length" ? framing.length : 0;
    this.#state = framing.kind === "none" ? "done" : this.#chunked ? "size" : "data";
  }

  get done(): boolean {
    return this.#state === "done";
  }

  get broken(): boolean {
    return this.#state === "broken";
  }

  /** Takes what belongs to the body from `bytes[at, …)`, gives each piece of content to `take`, and says where the rest begins. */
  read(bytes: Buffer, at: number, take: (piece: Buffer) => void): number {
    while (at < bytes.length && this.#state !== "done" && this.#state !== "broken") {
      switch (this.#state) {
        case "data": at = this.#data(bytes, at, take); break;
        case "size": at = this.#lineOf(bytes, at, MAX_SIZE_LINE, (line) => this.#size(line)); break;
        case "data-end": at = this.#lineOf(bytes, at, 2, (line) => this.#go(line === "" ? "size" : "broken")); break;
        case "trailers": at = this.#lineOf(bytes, at, MAX_HEAD_BYTES, (line) => this.#trailer(line)); break;
      }
    }
    return at;
  }

  #go(state: State): void {
    this.#state = state;
  }

  #data(bytes: Buffer, at: number, take: (piece: Buffer) => void): number {
    const length = Math.min(this.#left, bytes.length - at);
    take(length === bytes.length ? bytes : bytes.subarray(at, at + length));
    this.#left -= length;
    if (this.#left === 0) this.#go(this.#chunked ? "data-end" : "done");
    return at + length;
  }

  /** Collects a line; bare line feeds, controls and lines that are too long break the body. */
  #lineOf(bytes: Buffer, at: number, most: number, whole: (line: string) => void): number {
    for (let end = at; end < bytes.length; end++) {
      const byte = bytes[end]!;
      const waiting = this.#line.endsWith("\r") && end === at;
      if (byte === LF) {
        const line = this.#line + bytes.toString("latin1", at, end);
        this.#line = "";
        if (!line.endsWith("\r") || line.length - 1 > most) this.#go("broken");
        else whole(line.slice(0, -1));
        return end + 1;
      }
      const afterCr = end > at ? bytes[end - 1] === CR : waiting;
      if (afterCr || (byte !== CR && VALUE[byte] !== 1)) {
        this.#go("broken");
        return end;
      }
    }
    this.#line += bytes.toString("latin1", at, bytes.length);
    if (this.#line.length > most + 1) this.#go("broken");
    return bytes.length;
  }

  #size(line: string): void {
    const match = /^([0-9a-fA-F]+)[ \t]*(;.*)?$/.exec(line);
    this.#extensions += match?.[2]?.length ?? 0;
    if (match === null || match[1]!.length > MAX_DIGITS || this.#extensions > MAX_EXTENSIONS) return this.#go("broken");
    this.#left = parseInt(match[1]!, 16);
    this.#go(this.#left === 0 ? "trailers" : "data");
    if (this.#left === 0) this.#extensions = 0;
  }

  /** Trailers are looked at and let go: the interface to guests has them, no guest of ours asks. */
  #trailer(line: string): void {
    if (line === "") return this.#go("done");
    this.#extensions += line.length;
    const bytes = Buffer.from(`${line}\r\n`, "latin1");
    if (this.#extensions > MAX_HEAD_BYTES || isFault(parseFields(bytes, 0, bytes.length))) this.#go("broken");
  }
}
