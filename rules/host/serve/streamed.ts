// A request whose body is long, or of unknown length: its guest starts in a thread before all of it has come, and the answer leaves
// as it is written. Knows neither threads nor sockets beyond what they are asked for.

import { createHash } from "node:crypto";
import type { HttpOutcome } from "../host.ts";
import type { HttpRequest } from "../wasi/http.ts";
import type { FromGuest } from "../wasi/live.ts";
import type { BodyTaker, Connection } from "./http1/connection.ts";
import type { BodyDigest } from "./ledger.ts";
import type { GuestCall, Listening, Threads } from "./threads.ts";

/** Bytes of a request that are kept for an incident while it goes by. */
const KEPT = 1024 * 1024;
const NO_BYTES = new Uint8Array(0);

/** What the server does with a streamed request; each is called at most once. */
export interface Streaming {
  readonly threads: Threads;
  readonly maxRequest: number;
  /** Also a body that has come whole goes to a thread, where one is free. */
  readonly always: boolean;
  /** The request with another body. */
  request(body: Uint8Array): HttpRequest;
  /** It has come whole before a thread took it. */
  whole(body: Uint8Array): void;
  tooLarge(): void;
  /** Nothing has left yet. */
  answered(request: HttpRequest, outcome: HttpOutcome): void;
  /** The answer left while it was written; whether all of it did says the outcome. */
  left(request: HttpRequest, outcome: HttpOutcome, sent: { readonly status: number; readonly digest: BodyDigest }): void;
  /** Whether the connection is to be closed behind the answer. */
  last(): boolean;
  readonly id: string;
}

type State = "waiting" | "collecting" | "started" | "over";

export class Streamed implements BodyTaker, Listening {
  readonly #to: Streaming;
  readonly #connection: Connection;
  #state: State = "waiting";
  #call: GuestCall | null = null;
  #pieces: Buffer[] = [];
  #kept = 0;
  #length = 0;
  #head: (FromGuest & { readonly kind: "head" }) | null = null;
  #sent = 0;
  readonly #hash = createHash("sha256");

  constructor(to: Streaming, connection: Connection) {
    this.#to = to;
    this.#connection = connection;
    // What came together with its head may be whole already, and is then nothing to stream.
    setImmediate(() => this.#start());
  }

  // ---- the request ---------------------------------------------------------------------------------

  #start(): void {
    if (this.#state !== "waiting") return;
    this.#call = this.#to.threads.start(this.#to.request(NO_BYTES), this);
    this.#state = this.#call === null ? "collecting" : "started";
    if (this.#call !== null) for (const piece of this.#pieces) this.#pass(piece);
  }

  #pass(piece: Buffer): void {
    if (this.#call?.body(piece) === false) this.#connection.pause();
  }

  piece(bytes: Buffer): void {
    if (this.#state === "over") return;
    this.#length += bytes.length;
    if (this.#length > this.#to.maxRequest) return this.#tooLarge();
    if (this.#state !== "started") this.#pieces.push(bytes);
    else {
      if (this.#kept < KEPT) this.#pieces.push(Buffer.from(bytes.subarray(0, KEPT - this.#kept)));
      this.#pass(bytes);
    }
    this.#kept += bytes.length;
  }

  #tooLarge(): void {
    this.#stop();
    if (this.#head === null) this.#to.tooLarge();
    else this.#connection.destroy();
  }

  end(): void {
    if (this.#to.always) this.#start();
    if (this.#state === "started") return this.#call?.end();
    if (this.#state === "over") return;
    this.#state = "over";
    this.#to.whole(this.#body());
  }

  #body(): Buffer {
    return this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
  }

  /** The client is gone, or has had its answer. */
  gone(): void {
    this.#stop();
  }

  #stop(): void {
    this.#state = "over";
    this.#call?.cut();
  }

  more(): void {
    this.#connection.resume();
  }

  // ---- the answer ----------------------------------------------------------------------------------

  head(head: FromGuest & { readonly kind: "head" }): void {
    // What cannot be a final answer is judged at the end.
    if (this.#state === "over" || head.status < 200) return;
    this.#head = head;
    this.#connection.start(head.status, head.headers, this.#to.id, head.length, this.#to.last());
  }

  data(bytes: Uint8Array, left: () => void): void {
    if (this.#state === "over" || this.#head === null) return left();
    // More than was promised would be taken for the next answer.
    if (this.#head.length !== null && this.#sent + bytes.length > this.#head.length) return this.#break(left);
    this.#sent += bytes.length;
    this.#hash.update(bytes);
    this.#connection.send(bytes, left);
  }

  #break(left: () => void): void {
    left();
    this.#connection.destroy();
  }

  ended(outcome: HttpOutcome | null): void {
    if (this.#state === "over") return;
    this.#state = "over";
    const known: HttpOutcome = outcome ?? { kind: "refused", message: "the thread of the guest ended" };
    const request = this.#to.request(this.#body());
    if (this.#head === null) return this.#to.answered(request, known);
    if (known.kind === "answered") this.#connection.finish();
    else this.#connection.destroy();
    this.#to.left(request, known, { status: this.#head.status, digest: { bytes_len: this.#sent, sha256: this.#hash.digest("hex") } });
  }
}
