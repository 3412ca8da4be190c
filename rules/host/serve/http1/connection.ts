// One connection of a client: requests out of it one after the other, answers into it, a deadline for whatever the client must do
// next. Knows nothing of what requests mean.

import type { Socket } from "node:net";
import { BodyReader } from "./body.ts";
import { headEnd, isFault, MAX_HEAD_BYTES, parseHead } from "./head.ts";
import type { Fault, Head } from "./head.ts";
import { bodyless, chunkHead, CONTINUE, LAST_CHUNK, latin1, responseHead } from "./response.ts";
import type { OutFraming, OutHeader } from "./response.ts";

/** Who is given the body of a request, piece by piece. `gone`: there will be no end of it. */
export interface BodyTaker {
  piece(bytes: Buffer): void;
  end(): void;
  gone(): void;
}

export interface Owner {
  readonly headerTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** A head is there: the taker of its body; null where it was answered already. */
  request(connection: Connection, head: Head): BodyTaker | null;
  /** What came is no request, or it stopped in the middle; the owner may answer. */
  fault(connection: Connection, fault: Fault): void;
  closed(connection: Connection): void;
}

/** What the client must do before the deadline, or "us": it waits for our answer. */
type Waiting = "request" | "head" | "body" | "us" | "read" | "linger";

/** Answers up to this size leave as text together with their head: a copy is quicker than a second buffer. */
const ONE_PIECE = 16_384;
/** What a client may send before its turn, and what is thrown away behind an answer that did not wait for it. */
const MAX_AHEAD = 65_536;
const LINGER_MS = 1_000;
const NOTHING = Buffer.alloc(0);
const CR = 0x0d;
const LF = 0x0a;

export class Connection {
  readonly #socket: Socket;
  readonly #owner: Owner;
  #bytes: Buffer = NOTHING;
  #at = 0;
  /** Where the search for the end of a head goes on. */
  #searched = 0;
  #waiting: Waiting = "request";
  #deadline: number;
  #head: Head | null = null;
  #body: BodyReader | null = null;
  #taker: BodyTaker | null = null;
  #chunked = false;
  /** The answer of this request was begun. */
  #begun = false;
  #last = false;
  #stopped = false;
  #advancing = false;
  #paused = false;
  #timeLeft = 0;
  /** When the client must have taken more of an answer that is being written. */
  #takeBy = Infinity;
  #closed = false;
  /** It brought a request. */
  used = false;
  #drained: (() => void) | null = null;

  constructor(socket: Socket, owner: Owner) {
    this.#socket = socket;
    this.#owner = owner;
    this.#deadline = performance.now() + owner.headerTimeoutMs;
    socket.on("data", (chunk: Buffer) => this.#data(chunk));
    socket.on("end", () => this.#ended());
    socket.on("error", () => undefined); // "close" follows
    socket.on("close", () => this.#gone());
    socket.on("drain", () => this.#drain());
  }

  get idle(): boolean {
    return this.#waiting === "request";
  }

  get minor(): 0 | 1 {
    return this.#head?.minor ?? 1;
  }

  /** Nothing came that has not been answered. */
  get whole(): boolean {
    return this.#body === null || this.#body.done;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Ends what waits for too long. */
  look(now: number): void {
    if (now >= this.#takeBy) return this.destroy();
    if (now < this.#deadline) return;
    switch (this.#waiting) {
      case "head": return this.#refuse({ status: 408, message: "the headers took too long" });
      case "body": return this.#begun ? this.destroy() : this.#refuse({ status: 408, message: "the body took too long" });
      case "us": return;
      case "request": case "read": case "linger": return this.destroy();
    }
  }

  // ---- what comes in -------------------------------------------------------------------------------

  #data(chunk: Buffer): void {
    if (this.#waiting === "linger") return this.#discard(chunk);
    if (this.#stopped) return;
    this.#append(chunk);
    this.#advance();
  }

  /** What was thrown away counts, so that a client cannot hold the connection by sending. */
  #discard(chunk: Buffer): void {
    this.#at += chunk.length;
    if (this.#at > MAX_AHEAD * 16) this.destroy();
  }

  #append(chunk: Buffer): void {
    const rest = this.#bytes.length - this.#at;
    if (rest === 0) {
      this.#bytes = chunk;
      this.#searched -= this.#at;
      this.#at = 0;
      return;
    }
    // Clients that send byte by byte must not cost a copy of everything a byte.
    const parent = this.#bytes.buffer as ArrayBuffer;
    const used = this.#bytes.byteOffset + this.#bytes.length;
    if (this.#own && parent.byteLength - used >= chunk.length) {
      const grown = Buffer.from(parent, this.#bytes.byteOffset, this.#bytes.length + chunk.length);
      grown.set(chunk, this.#bytes.length);
      this.#bytes = grown;
      return;
    }
    const room = Buffer.from(new ArrayBuffer(2 * (rest + chunk.length)));
    room.set(this.#bytes.subarray(this.#at), 0);
    room.set(chunk, rest);
    this.#bytes = room.subarray(0, rest + chunk.length);
    this.#searched -= this.#at;
    this.#at = 0;
    this.#own = true;
  }
  #own = false;

  #take(upTo: number): void {
    this.#at = upTo;
    if (upTo < this.#bytes.length) return;
    this.#bytes = NOTHING;
    this.#at = 0;
    this.#own = false;
  }

  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    while (!this.#stopped && this.#step());
    this.#advancing = false;
  }

  /** true: something was done, there may be more to do. */
  #step(): boolean {
    switch (this.#waiting) {
      case "request": case "head": return this.#readHead();
      case "body": return this.#readBody();
      case "us": case "read":
        if (this.#body !== null && !this.#body.done) return this.#readBody();
        if (this.#bytes.length - this.#at > MAX_AHEAD) this.pause();
        return false;
      case "linger": return false;
    }
  }

  #readHead(): boolean {
    let at = this.#at;
    while (this.#bytes[at] === CR && this.#bytes[at + 1] === LF) at += 2;
    if (at > this.#at) this.#take(at);
    at = this.#at;
    if (at >= this.#bytes.length) return false;
    if (this.#waiting === "request") {
      this.#waiting = "head";
      this.#searched = at;
      // The first head's time began with the connection.
      if (this.used) this.#deadline = performance.now() + this.#owner.headerTimeoutMs;
    }
    const end = headEnd(this.#bytes, Math.max(at, this.#searched - 3));
    this.#searched = this.#bytes.length;
    if ((end < 0 ? this.#bytes.length : end) - at > MAX_HEAD_BYTES) return this.#refused({ status: 431, message: `more than ${MAX_HEAD_BYTES} bytes of headers` });
    if (end < 0) return false;
    const head = parseHead(this.#bytes, at, end);
    if (isFault(head)) return this.#refused(head);
    this.used = true;
    this.#take(end);
    this.#begin(head);
    return true;
  }

  #begin(head: Head): void {
    this.#head = head;
    this.#begun = false;
    this.#last = !head.keepAlive;
    this.#body = new BodyReader(head.framing);
    this.#waiting = this.#body.done ? "us" : "body";
    this.#deadline = this.#body.done ? Infinity : performance.now() + this.#owner.bodyTimeoutMs;
    const taker = this.#owner.request(this, head);
    if (taker === null) return;
    this.#taker = taker;
    if (this.#body.done) return this.#bodyDone();
    if (head.expectsContinue && this.#at >= this.#bytes.length) this.#socket.write(CONTINUE, "latin1");
  }

  #bodyDone(): void {
    const taker = this.#taker;
    this.#taker = null;
    if (this.#waiting === "body") {
      this.#waiting = "us";
      this.#deadline = Infinity;
    }
    taker?.end();
  }

  #readBody(): boolean {
    const body = this.#body!;
    if (this.#at >= this.#bytes.length || this.#paused) return false;
    const next = body.read(this.#bytes, this.#at, (piece) => this.#taker?.piece(piece));
    this.#take(Math.min(next, this.#bytes.length));
    if (this.#stopped) return false;
    if (body.broken) {
      if (this.#begun) this.destroy();
      else this.#refuse({ status: 400, message: "a body whose chunks are none" });
      return false;
    }
    if (body.done) this.#bodyDone();
    return true;
  }

  #refused(fault: Fault): false {
    this.#refuse(fault);
    return false;
  }

  /** What comes is no request: nothing behind it can be trusted. */
  #refuse(fault: Fault): void {
    if (this.#stopped) return;
    const taker = this.#taker;
    this.#taker = null;
    this.#owner.fault(this, fault);
    taker?.gone();
    this.#write(responseHead(fault.status, [], "", { kind: "length", length: 0 }, null));
    this.#linger();
  }

  /** The client said that it will send no more. */
  #ended(): void {
    if (this.#stopped || this.#waiting === "request") return void this.#socket.end();
    if (this.#waiting === "head") return this.#refuse({ status: 400, message: "the connection ended within the headers" });
    if (!this.whole) {
      if (this.#begun) this.destroy();
      else this.#refuse({ status: 400, message: "the connection ended within the body" });
    }
    this.#last = true;
  }

  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopped = true;
    const taker = this.#taker;
    this.#taker = null;
    taker?.gone();
    this.#drain();
    this.#owner.closed(this);
  }

  /** Nothing more is read; the time until `resume` is not the client's. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#timeLeft = this.#deadline - performance.now();
    if (this.#waiting === "body") this.#deadline = Infinity;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused || this.#closed) return;
    this.#paused = false;
    if (this.#waiting === "body") this.#deadline = performance.now() + this.#timeLeft;
    this.#socket.resume();
    if (this.#bytes.length > this.#at) setImmediate(() => this.#advance());
  }

  // ---- what goes out -------------------------------------------------------------------------------

  #write(text: string): void {
    if (!this.#closed) this.#socket.write(text, "latin1");
  }

  get #idleSeconds(): number | null {
    return this.#last ? null : Math.max(1, Math.floor(this.#owner.idleTimeoutMs / 1000));
  }

  /** A whole answer. `last`: the connection is closed behind it; it is too where the request's body has not come whole. */
  answer(status: number, headers: Iterable<OutHeader>, id: string, body: Uint8Array, last: boolean): void {
    if (this.#closed || this.#head === null) return;
    if (last || !this.whole) this.#last = true;
    this.#begun = true;
    const none = bodyless(status);
    const head = responseHead(status, headers, id, none ? { kind: "given" } : { kind: "length", length: body.length }, this.#idleSeconds);
    const silent = none || this.#head.method === "HEAD" || body.length === 0;
    if (silent) this.#write(head);
    else if (body.length <= ONE_PIECE) this.#write(head + latin1(body));
    else {
      this.#socket.cork();
      this.#write(head);
      this.#socket.write(body);
      this.#socket.uncork();
    }
    this.#answered();
  }

  /** Begins an answer whose body is not known yet. */
  start(status: number, headers: Iterable<OutHeader>, id: string, length: number | null, last: boolean): void {
    if (this.#closed || this.#head === null) return;
    const none = bodyless(status);
    if (last || (length === null && this.#head.minor === 0)) this.#last = true;
    this.#begun = true;
    this.#chunked = length === null && !none && this.#head.minor === 1;
    const framing: OutFraming = none ? { kind: "given" } : length !== null ? { kind: "length", length } : this.#chunked ? { kind: "chunked" } : { kind: "close" };
    this.#write(responseHead(status, headers, id, framing, this.#idleSeconds));
  }

  /** A piece of the body of an answer that was started; `written` when it has left. The client must take it within the idle time. */
  send(body: Uint8Array, written: () => void): void {
    if (this.#closed || this.#head === null || this.#head.method === "HEAD" || body.length === 0) return written();
    this.#socket.cork();
    if (this.#chunked) this.#write(chunkHead(body.length));
    const done = () => {
      this.#takeBy = this.#socket.writableLength === 0 ? Infinity : performance.now() + this.#owner.idleTimeoutMs;
      written();
    };
    if (this.#takeBy === Infinity) this.#takeBy = performance.now() + this.#owner.idleTimeoutMs;
    this.#socket.write(body, this.#chunked ? undefined : done);
    if (this.#chunked) this.#socket.write("\r\n", "latin1", done);
    this.#socket.uncork();
  }

  /** Ends an answer that was started. */
  finish(): void {
    if (this.#closed || this.#head === null) return;
    if (this.#chunked && this.#head.method !== "HEAD") this.#write(LAST_CHUNK);
    this.#chunked = false;
    if (!this.whole) this.#last = true;
    this.#answered();
  }

  #answered(): void {
    const whole = this.whole;
    this.#head = null;
    this.#taker = null;
    if (this.#last) {
      if (whole) {
        this.#stopped = true;
        this.#waiting = "read";
        this.#deadline = performance.now() + this.#owner.idleTimeoutMs;
        // Closed at once where nothing more came: only bytes that nobody read would make the kernel drop the answer.
        if (this.#bytes.length > this.#at) this.#socket.end();
        else if (this.#socket.writableLength === 0) this.#socket.destroy();
        else this.#socket.destroySoon();
      } else this.#linger();
      return;
    }
    this.#body = null;
    if (this.#socket.writableNeedDrain) {
      // The next request has to wait until the client takes this answer.
      this.#waiting = "read";
      this.#deadline = performance.now() + this.#owner.idleTimeoutMs;
      this.#drained = () => this.#next();
      return;
    }
    this.#next();
  }

  #next(): void {
    this.#waiting = "request";
    this.#deadline = performance.now() + this.#owner.idleTimeoutMs;
    this.#searched = this.#at;
    this.resume();
    if (this.#bytes.length > this.#at) this.#advance();
  }

  #drain(): void {
    const next = this.#drained;
    this.#drained = null;
    if (!this.#closed) next?.();
  }

  /** Ends our side and lets what still comes go by for a moment: a client that is sending would else lose the answer. */
  #linger(): void {
    this.#stopped = true;
    this.#waiting = "linger";
    this.#at = 0;
    this.#bytes = NOTHING;
    this.#deadline = performance.now() + LINGER_MS;
    this.#socket.end();
    this.#paused = false;
    this.#socket.resume();
  }
}
