// Content addresses: sha256 + size, written the same way everywhere. Knows nothing of files or builds.

import type { Hash } from "node:crypto";
import { createRequire } from "node:module";
import { createSHA256, type IHasher } from "hash-wasm";
import { utf8 } from "./bytes.ts";

/** sha256 (64 lower-case hex digits) and size in bytes of some content: its name in the CAS. */
export interface Digest {
  readonly sha256: string;
  readonly size: number;
}

/** So much is hashed in wasm before node:crypto could even be loaded; who has more to hash is ten times faster with that. */
const WASM_BYTES = 1 << 20;

let small: IHasher | undefined;
let loading: Promise<void> | undefined;
let inWasm = 0;
let native: typeof import("node:crypto") | undefined;

/** Makes small digests cheap for this process. Digests are the same without it. */
export function loadDigest(): Promise<void> {
  return (loading ??= createSHA256().then((hasher) => void (small = hasher)));
}

export function sha256Hex(content: Uint8Array | string): string {
  const bytes = typeof content === "string" ? utf8(content) : content;
  if (small !== undefined && native === undefined && (inWasm += bytes.length) < WASM_BYTES) return small.init().update(bytes).digest("hex");
  return sha256Stream().update(bytes).digest("hex");
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
