// Facts of a built module -> the artifact manifest (x07.wasm.artifact@0.2.0), canonical JSON. Knows no disk.

import { canonical, type FileDigest, json, type JsonObject, type JsonValue, rule, output } from "../engine/index.ts";
import type { MemoryPlan } from "./wasm/memory-plan.ts";

/** The C prototype that manifests state; a constant of the contract. */
export const SOLVE_PROTOTYPE = "bytes_t x07_solve_v2(uint8_t* arena_mem, uint32_t arena_cap, const uint8_t* input_ptr, uint32_t input_len)";

export interface ManifestFacts {
  /** Project folder's name, or `app`. */
  readonly name: string;
  readonly backend: string;
  readonly profile: { readonly id: string; readonly v: number | bigint };
  readonly wasm: FileDigest;
  readonly memory: MemoryPlan;
  /** Versions by tool, e.g. { x07: "0.2.17", x07_wasm: "0.3.0" }. */
  readonly toolchain: { readonly [tool: string]: string };
  readonly x07Arguments: readonly string[];
  readonly clangArguments: readonly string[];
  readonly linkerArguments: readonly string[];
}

export function artifactId(name: string, sha256: string): string {
  return `${name}-${sha256.slice(0, 16)}`;
}

const PARAMETERS = [
  ["retptr", "sret_ptr"],
  ["arena_mem", "arena_ptr"],
  ["arena_cap", "arena_cap"],
  ["input_ptr", "input_ptr"],
  ["input_len", "input_len"],
] as const;

export function artifactDocument(f: ManifestFacts): JsonObject {
  return {
    schema_version: "x07.wasm.artifact@0.2.0",
    artifact_id: artifactId(f.name, f.wasm.sha256),
    codegen_backend: f.backend,
    profile: { ...f.profile },
    wasm: { ...f.wasm },
    abi: {
      kind: "x07_solve_v2",
      c_signature: SOLVE_PROTOTYPE,
      wasm_c_abi: { kind: "basic_c_abi", v: 1 },
      calling_convention: {
        kind: "sret_v1",
        retptr_param_index: 0,
        return_struct: {
          kind: "bytes_t",
          size_bytes: 8,
          align_bytes: 4,
          fields: [
            { name: "ptr", offset_bytes: 0, type: "i32" },
            { name: "len", offset_bytes: 4, type: "i32" },
          ],
        },
      },
      params: PARAMETERS.map(([name, role], index) => ({ index, name, type: "i32", role })),
    },
    exports: { data_end: "__data_end", heap_base: "__heap_base", memory: "memory", solve: "x07_solve_v2", optional: {} },
    memory: { ...f.memory },
    toolchain: { ...f.toolchain },
    repro: { x07_build_args: [...f.x07Arguments], clang_args: [...f.clangArguments], wasm_ld_args: [...f.linkerArguments] },
  };
}

/** The manifest as a file of the graph. */
export const artifactManifest = rule({
  id: "artifact.manifest",
  version: 1,
  inputs: { facts: json<ManifestFacts>() },
  outputs: { manifest: output("artifact-manifest", "manifest.json") },
  run: ({ facts }) => ({ ok: true, value: { manifest: canonical(artifactDocument(facts) as JsonValue) } }),
});
