// Pieces that many documents share: ids, digests, references, blobs, memory plans. Knows nothing of whole documents.

import { boolean, integer, named, object, text } from "../schema.ts";
import type { Schema } from "../schema.ts";

export const U32_MAX = 4294967295;
export const U64_MAX = 18446744073709551615n;

export const id = named("id", text({ min: 1, max: 128, pattern: "^[A-Za-z0-9][A-Za-z0-9._-]*$" }));
export const version: Schema = integer(1);
export const sha256 = named("sha256", text({ pattern: "^[0-9a-f]{64}$" }));
export const u32 = named("u32", integer(0, U32_MAX));
export const u64 = named("u64", integer(0, U64_MAX));
export const count: Schema = integer(0);

/** Relative, no drive letter, never upwards. */
export const RELATIVE_PATH = "^(?![/\\\\])(?![A-Za-z]:)(?!(?:.*[/\\\\])?\\.\\.(?:[/\\\\]|$)).+";
export const relativePath = named("rel_path", text({ min: 1, max: 1024, pattern: RELATIVE_PATH }));
export const path4096: Schema = text({ min: 1, max: 4096 });
export const path1024: Schema = text({ min: 1, max: 1024 });

export const fileDigest = named("file_digest", object({ path: path4096, sha256, bytes_len: count }));
/** The same, with a length that is stated to be a u64. */
export const fileDigest64 = named("file_digest", object({ path: path4096, sha256, bytes_len: u64 }));

export const profileRef = named("profile_ref", object({ id, v: version }));
/** A reference that may also stand for "not loaded" ({unknown, 0}). */
export const looseRef = named("ref", object({ id: text({ min: 1, max: 128 }), v: u64 }));

export const blob = named("blob_ref", object({ bytes_len: count }, { sha256, path: path4096, base64: text() }));
export const blob64 = named("blob_ref", object({ bytes_len: u64 }, { sha256, path: path4096, base64: text() }));

export const memoryPlan = named(
  "memory_plan",
  object({ stack_first: boolean, stack_size_bytes: count, initial_memory_bytes: count, max_memory_bytes: count, growable_memory: boolean }),
);

const VERSION_PARTS = "[0-9]+\\.[0-9]+\\.[0-9]+([+-][0-9A-Za-z.-]+)?$";
export const looseSemver: Schema = text({ min: 1, max: 64, pattern: `^${VERSION_PARTS}` });
export const witPackageId = named("wit_package_id", text({ min: 5, max: 128, pattern: `^[a-z][a-z0-9_-]{0,31}:[a-z][a-z0-9_-]{0,63}@${VERSION_PARTS}` }));
export const witIdent = named("wit_ident", text({ min: 1, max: 64, pattern: "^[a-z][a-z0-9_-]{0,63}$" }));
