// The pieces of a driver that makes call after call: it passes bytes between WASI and the solve module's memory, through
// a page of its own. Knows nothing of fuel.

import { OP } from "../../wasm/ops.ts";
import { Assembler, LOCALS } from "./assembler.ts";

/** Local variables besides those of LOCALS, of which this code needs only the words. */
export const SERVING = { length: LOCALS.words, at: LOCALS.words + 1, left: LOCALS.words + 2, chunk: LOCALS.words + 3, words: LOCALS.words + 4 } as const;

const EMPTY = 0x40;
const I32_STORE = 0x36, I32_LOAD = 0x28, I32_LT_U = 0x49, SELECT = 0x1b;
/** In the driver's page: the vector at 0, the count of bytes moved at 8, words to tell at 12, the buffer at 64. */
const VECTOR = 0, MOVED = 8, WORDS = 12, BUFFER = 64, BUFFER_SIZE = 32768;
const [FD_WRITE, FD_READ] = [0, 1];
const [STDIN, STDOUT] = [0, 1];

export class ServingCode extends Assembler {
  /** A loop that goes round for ever; `return` leaves it. */
  loop(body: () => void): void {
    this.op(OP.loop, EMPTY);
    body();
    this.op(OP.br, 0).op(OP.end);
  }

  /** i32 at an address of the driver's own page (memory 1). */
  #load(at: number): this {
    return this.i32(at).op(I32_LOAD, 0x40, 1, 0);
  }

  #store(at: number, value: () => void): this {
    this.i32(at);
    value();
    return this.op(I32_STORE, 0x40, 1, 0);
  }

  #move(call: number, fd: number, at: number, length: () => void): void {
    this.#store(VECTOR, () => this.i32(at)).#store(VECTOR + 4, length);
    this.i32(fd).i32(VECTOR).i32(1).i32(MOVED).op(OP.call, call).op(OP.drop);
  }

  /** Reads into the page; the program ends when nothing comes any more. */
  #read(at: number, length: () => void): void {
    this.#move(FD_READ, STDIN, at, length);
    this.#load(MOVED).op(OP.i32Eqz).op(OP.if, EMPTY).op(OP.return).op(OP.end);
  }

  tell(words: readonly (() => void)[]): void {
    words.forEach((word, i) => this.#store(WORDS + 4 * i, word));
    this.#move(FD_WRITE, STDOUT, WORDS, () => this.i32(4 * words.length));
  }

  readLength(): void {
    this.#read(WORDS, () => this.i32(4));
    this.#load(WORDS).set(SERVING.length);
  }

  layOutFor(length: number): void {
    this.addresses(() => this.get(length));
  }

  readInput(): void {
    this.get(LOCALS.inputPtr).set(SERVING.at).get(SERVING.length).set(SERVING.left);
    this.#pieces(() => {
      this.#read(BUFFER, () => this.get(SERVING.chunk));
      this.#load(MOVED).set(SERVING.chunk);
      this.get(SERVING.at).i32(BUFFER).get(SERVING.chunk).bulk(10, 0, 1);
    });
  }

  writeAnswer(): void {
    this.get(LOCALS.outPtr).set(SERVING.at).get(LOCALS.outLen).set(SERVING.left);
    this.#pieces(() => {
      this.i32(BUFFER).get(SERVING.at).get(SERVING.chunk).bulk(10, 1, 0);
      this.#move(FD_WRITE, STDOUT, BUFFER, () => this.get(SERVING.chunk));
      this.#load(MOVED).set(SERVING.chunk);
    });
  }

  /** Goes through `left` bytes from `at` in pieces that fit the buffer; `move` leaves in `chunk` how many it moved. */
  #pieces(move: () => void): void {
    const { at, left, chunk } = SERVING;
    this.op(OP.loop, EMPTY).get(left).op(OP.if, EMPTY);
    this.get(left).i32(BUFFER_SIZE).get(left).i32(BUFFER_SIZE).op(I32_LT_U).op(SELECT).set(chunk);
    move();
    this.get(at).get(chunk).op(OP.i32Add).set(at).get(left).get(chunk).op(OP.i32Sub).set(left);
    this.op(OP.br, 1).op(OP.end).op(OP.end);
  }
}
