// The `result` object of a run report, for success, failure and failures that came before there was a module. Knows nothing of how reports are written.

import { ZERO_SHA256, sha256Hex } from "../../engine/index.ts";
import type { FileDigest, JsonObject } from "../../engine/index.ts";
import type { MemoryPlan } from "../wasm/memory-plan.ts";
import type { Count, MemoryAddresses, RunOutcome } from "./core-host.ts";

export type { FileDigest } from "../../engine/index.ts";

export interface ProfileRef {
  readonly id: string;
  readonly v: number | bigint;
}

/** A blob of this many bytes or fewer may be shown in the report itself. */
export const INLINE_LIMIT = 4096;

export const PLACEHOLDER_PROFILE: ProfileRef = { id: "wasm_release", v: 1 };

export function fileDigest(path: string, bytes: Uint8Array): FileDigest {
  return { path, sha256: sha256Hex(bytes), bytes_len: bytes.length };
}

export function zeroDigest(path: string): FileDigest {
  return { path, sha256: ZERO_SHA256, bytes_len: 0 };
}

/** Where a blob can be found besides its digest: in a file, in the report (`inline`, whatever its size), or nowhere. */
export type BlobPlace = { readonly kind: "file"; readonly path: string } | { readonly kind: "inline" } | { readonly kind: "none" };

export function blob(bytes: Uint8Array, place: BlobPlace): JsonObject {
  const digest = { bytes_len: bytes.length, sha256: sha256Hex(bytes) };
  switch (place.kind) {
    case "file": return { ...digest, path: place.path };
    case "inline": return { ...digest, base64: base64(bytes) };
    case "none": return digest;
  }
}

/** The blob of an output: in its file if it was written, else inline if small. `inline` false: the bytes went elsewhere (stdout). */
export function outputBlob(bytes: Uint8Array, path: string | null, inline: boolean): JsonObject {
  if (path !== null) return blob(bytes, { kind: "file", path });
  return blob(bytes, { kind: inline && bytes.length <= INLINE_LIMIT ? "inline" : "none" });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** The output of a run that has none. */
export const NO_OUTPUT: JsonObject = { bytes_len: 0, sha256: ZERO_SHA256 };

export interface RunFacts {
  readonly profile: ProfileRef;
  readonly wasm: FileDigest;
  readonly input: JsonObject;
  readonly arenaCap: Count;
  readonly plan: MemoryPlan;
  /** Which engine ran the module; undefined: none did. */
  readonly engine?: { readonly name: string; readonly version?: string };
  /** null: the run was not started, the checks of the module failed. */
  readonly outcome: Pick<RunOutcome, "output" | "trap" | "memory"> | null;
  /** Blob of the output; not looked at when the run failed. */
  readonly output: JsonObject;
}

/** `result` of a run whose module could be inspected. */
export function runResult(facts: RunFacts): JsonObject {
  const { outcome } = facts;
  return {
    profile: { ...facts.profile },
    wasm: { ...facts.wasm },
    input: facts.input,
    arena_cap_bytes: facts.arenaCap,
    output: outcome?.output ? facts.output : NO_OUTPUT,
    trap: outcome?.trap ?? null,
    ...(facts.engine && { engine: { ...facts.engine } }),
    memory: { plan: { ...facts.plan }, ...addresses(outcome?.memory ?? null) },
  };
}

function addresses(memory: MemoryAddresses | null): JsonObject {
  if (!memory) return {};
  const { heapBase, dataEnd, at } = memory;
  return {
    heap_base: heapBase,
    data_end: dataEnd,
    ...(at && { retptr: at.retptr, input_ptr: at.inputPtr, arena_ptr: at.arenaPtr }),
  };
}

/** `result` of a run that failed before its module was inspected; names the wanted module where there is one. */
export function placeholderRunResult(wasmPath: string | null): JsonObject {
  return {
    profile: { ...PLACEHOLDER_PROFILE },
    wasm: { ...zeroDigest(wasmPath ?? "dist/unknown.wasm") },
    input: { bytes_len: 0 },
    arena_cap_bytes: 0,
    output: { bytes_len: 0 },
    trap: null,
  };
}
