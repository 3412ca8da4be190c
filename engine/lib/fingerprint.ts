// xxh64 of content, for local change detection only: never shared, never an address. Loads its wasm on first use.

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
  return hash(bytes);
}
