// Content addresses: sha256 + size, written the same way everywhere. Knows nothing of files or builds.

import type { Hash } from "node:crypto";
import { createRequire } from "node:module";
import { utf8 } from "./bytes.ts";
import { CONTENT_AT, SHA256_WASM, STATE_AT } from "./sha256-wasm.ts";

/** sha256 (64 lower-case hex digits) and size in bytes of some content: its name in the CAS. */
export interface Digest {
  readonly sha256: string;
  readonly size: number;
}

/** So much is hashed in wasm before node:crypto could even be loaded; who has more to hash is ten times faster with that. */
const WASM_BYTES = 1 << 20;

/** What of the module's memory is filled at once: whole blocks. */
const PIECE = 1 << 16;

interface Small {
  readonly begin: () => void;
  readonly blocks: (at: number, end: number) => void;
  readonly end: (at: number, rest: number, bitsHigh: number, bitsLow: number) => void;
  readonly memory: Buffer;
}

let small: Small | undefined;
let inWasm = 0;
let native: typeof import("node:crypto") | undefined;

export function sha256Hex(content: Uint8Array | string): string {
  const bytes = typeof content === "string" ? utf8(content) : content;
  if (native === undefined && (inWasm += bytes.length) < WASM_BYTES) return hexInWasm((small ??= compiled()), bytes);
  return sha256Stream().update(bytes).digest("hex");
}

/** At once, which is quicker than to wait for a thread that does it: it is small. */
function compiled(): Small {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(SHA256_WASM, "base64")));
  const { memory, ...rest } = exports as unknown as Omit<Small, "memory"> & { readonly memory: WebAssembly.Memory };
  return { ...rest, memory: Buffer.from(memory.buffer) };
}

function hexInWasm({ begin, blocks, end, memory }: Small, bytes: Uint8Array): string {
  begin();
  let at = 0;
  for (; bytes.length - at > PIECE; at += PIECE) {
    memory.set(bytes.subarray(at, at + PIECE), CONTENT_AT);
    blocks(CONTENT_AT, CONTENT_AT + PIECE);
  }
  memory.set(bytes.subarray(at), CONTENT_AT);
  const whole = (bytes.length - at) & -64;
  blocks(CONTENT_AT, CONTENT_AT + whole);
  end(CONTENT_AT + whole, bytes.length - at - whole, bytes.length / 2 ** 29, bytes.length << 3);
  return memory.toString("hex", STATE_AT, STATE_AT + 32);
}

/** For content that comes in pieces. */
export function sha256Stream(): Hash {
  native ??= createRequire(import.meta.url)("node:crypto") as typeof import("node:crypto");
  return native.createHash("sha256");
}

export function digestOf(bytes: Uint8Array): Digest {
  return { sha256: sha256Hex(bytes), size: bytes.length };
}

export const ZERO_SHA256 = "0".repeat(64);
