// A solve program whose answer is chosen after it was built: the answer lies in its data behind a mark. For tests of guests.

import { ByteWriter, CORE_PREAMBLE } from "../../rules/wasm/write.ts";

const MARK = Buffer.from("<the answer ->>>");
export const ANSWER_ROOM = 65536;
const AT = 16;
const ANSWER_AT = AT + MARK.length + 4;
const I32 = 0x7f;
const PAGES = 512;

/** A core module as the embedded compiler makes them: x07_solve_v2, memory, __data_end and __heap_base. */
export function answeringProgram(): Uint8Array {
  const end = ANSWER_AT + ANSWER_ROOM;
  const constant = (w: ByteWriter, value: number) => w.raw([I32, 0, 0x41]).s32(value).u8(0x0b);
  const exported = (w: ByteWriter, name: string, kind: number, index: number) => w.name(name).u8(kind).u32(index);
  const exports = new ByteWriter().u32(4);
  exported(exports, "memory", 2, 0);
  exported(exports, "x07_solve_v2", 0, 0);
  exported(exports, "__data_end", 3, 0);
  exported(exports, "__heap_base", 3, 1);
  const globals = new ByteWriter().u32(2);
  constant(globals, end);
  constant(globals, end);
  const data = Buffer.concat([MARK, Buffer.alloc(4 + ANSWER_ROOM)]);
  return new ByteWriter().raw(CORE_PREAMBLE)
    .section(1, new ByteWriter().raw([1, 0x60, 5, I32, I32, I32, I32, I32, 0]))
    .section(3, new ByteWriter().raw([1, 0]))
    .section(5, new ByteWriter().raw([1, 1]).u32(PAGES).u32(PAGES))
    .section(6, globals)
    .section(7, exports)
    .section(10, new ByteWriter().u32(1).sized(solve()))
    .section(11, new ByteWriter().raw([1, 0, 0x41]).s32(AT).u8(0x0b).sized(data))
    .bytes();
}

/** Copies the answer into the arena and says where it is. */
function solve(): Uint8Array {
  const length = (w: ByteWriter) => w.u8(0x41).s32(ANSWER_AT - 4).raw([0x28, 2, 0]);
  const w = new ByteWriter().u8(0);
  w.raw([0x20, 1, 0x41]).s32(ANSWER_AT);
  length(w).raw([0xfc, 10, 0, 0]);
  w.raw([0x20, 0, 0x20, 1, 0x36, 2, 0, 0x20, 0]);
  return length(w).raw([0x36, 2, 4, 0x0b]).bytes();
}

/** The module with `answer` behind its mark; it may be inside a larger module by now. */
export function withAnswer(module: Uint8Array, answer: Uint8Array): Uint8Array {
  if (answer.length > ANSWER_ROOM) throw new Error("no room for such an answer");
  const at = Buffer.from(module).indexOf(MARK);
  if (at < 0) return module;
  const patched = Buffer.from(module);
  patched.writeUInt32LE(answer.length, at + MARK.length);
  patched.set(answer, at + MARK.length + 4);
  return new Uint8Array(patched);
}
