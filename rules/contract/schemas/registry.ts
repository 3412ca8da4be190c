// The indexes under arch/: which profiles and WIT packages there are, and where. Knows nothing of what they hold.

import { document, just, list, named, object, oneOfWords } from "../schema.ts";
import type { SchemaDocument } from "../schema.ts";
import { id, relativePath, sha256, witPackageId } from "./shared.ts";

const entry = named("ref", object({ id, path: relativePath }));
const defaults = named("defaults", object({}, { default_profile_id: id }));

function profileIndex(file: string, title: string, about: string, max?: number): SchemaDocument {
  return document(file, title, about, object({ schema_version: just(title), profiles: list(entry, { min: 1, max }) }, { defaults }));
}

export const wasmIndex = profileIndex("x07-arch.wasm.index", "x07.arch.wasm.index@0.1.0", "The wasm profiles of a project; paths are relative to the working directory.");
export const componentIndex = profileIndex(
  "x07-arch.wasm.component.index",
  "x07.arch.wasm.component.index@0.1.0",
  "The component profiles of a project; paths are relative to the working directory.",
  256,
);
export const toolchainIndex = profileIndex(
  "x07-arch.wasm.toolchain.index",
  "x07.arch.wasm.toolchain.index@0.1.0",
  "The toolchain profiles of a project; paths are relative to the working directory.",
);

const witPackage = named("package", object({ id: witPackageId, path: relativePath, kind: oneOfWords("local", "vendored") }, { sha256_tree: sha256 }));
export const witIndex = document(
  "x07-arch.wit.index",
  "x07.arch.wit.index@0.1.0",
  "The WIT packages of a project, pinned by the digest of their files.",
  object({ schema_version: just("x07.arch.wit.index@0.1.0"), packages: list(witPackage, { min: 1, max: 256 }) }),
);
