// Content addresses: sha256 + size, written the same way everywhere. Knows nothing of files or builds.

import { createHash } from "node:crypto";

/** sha256 (64 lower-case hex digits) and size in bytes of some content: its name in the CAS. */
export interface Digest {
  readonly sha256: string;
  readonly size: number;
}

export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function digestOf(bytes: Uint8Array): Digest {
  return { sha256: sha256Hex(bytes), size: bytes.length };
}

export const ZERO_SHA256 = "0".repeat(64);
