// xxh64 of content, for local change detection only: never shared, never an address. Loads its wasm on first use. Of big
// content it is a part of the digest, which is wanted of it in any case: going over it twice takes longer than all else.

import { sha256Hex } from "./digest.ts";
import xxhash from "xxhash-wasm";

export type Fingerprint = bigint;

let hash: ((bytes: Uint8Array) => bigint) | undefined;
let loading: Promise<void> | undefined;

/** Must have been awaited once before `fingerprint` is called. */
export function loadFingerprint(): Promise<void> {
  return (loading ??= xxhash().then(({ h64Raw }) => void (hash = h64Raw)));
}

export function fingerprint(bytes: Uint8Array): Fingerprint {
  if (hash === undefined) throw new Error("loadFingerprint() was not awaited");
  return bytes.length < BIG_FROM_BYTES ? hash(bytes) : fingerprintOfBig(sha256Hex(bytes));
}

/** From here on content is big; that of programs is, that of sources is not. */
export const BIG_FROM_BYTES = 1 << 22;

export function fingerprintOfBig(sha256: string): Fingerprint {
  return BigInt(`0x${sha256.slice(0, 16)}`);
}
