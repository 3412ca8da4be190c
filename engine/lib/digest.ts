// Content addresses: sha256 + size, written the same way everywhere. Knows nothing of files or builds.

import { createRequire } from "node:module";
import { createSHA256, type IHasher } from "hash-wasm";
import { utf8 } from "./bytes.ts";

/** sha256 (64 lower-case hex digits) and size in bytes of some content: its name in the CAS. */
export interface Digest {
  readonly sha256: string;
  readonly size: number;
}

/** Below this, hashing in wasm is done before node:crypto has even been loaded; above it, native code wins. */
const NATIVE_FROM_BYTES = 256 * 1024;

let small: IHasher | undefined;
let native: typeof import("node:crypto") | undefined;

/** Makes small digests cheap for this process. Digests are the same without it. */
export async function loadDigest(): Promise<void> {
  small ??= await createSHA256();
}

export function sha256Hex(content: Uint8Array | string): string {
  const bytes = typeof content === "string" ? utf8(content) : content;
  if (small !== undefined && bytes.length < NATIVE_FROM_BYTES) return small.init().update(bytes).digest("hex");
  return nativeSha256().update(bytes).digest("hex");
}

/** For content that comes in pieces. */
export function nativeSha256(): import("node:crypto").Hash {
  native ??= createRequire(import.meta.url)("node:crypto") as typeof import("node:crypto");
  return native.createHash("sha256");
}

export function digestOf(bytes: Uint8Array): Digest {
  return { sha256: sha256Hex(bytes), size: bytes.length };
}

export const ZERO_SHA256 = "0".repeat(64);
