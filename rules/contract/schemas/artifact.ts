// What is written beside what was built or run: artifact manifests and evidence. Knows nothing of reports.

import { document, integer, just, list, named, object, oneOfWords, text, textOrNull } from "../schema.ts";
import { codegenBackend } from "./profile.ts";
import { fileDigest, fileDigest64, looseRef, looseSemver, memoryPlan, profileRef, u64, version, witIdent, witPackageId } from "./shared.ts";

/** The C prototype of the exported function; part of the manifest's contract. */
export const SOLVE_SIGNATURE = "bytes_t x07_solve_v2(uint8_t* arena_mem, uint32_t arena_cap, const uint8_t* input_ptr, uint32_t input_len)";

const semver = named("semver", text({ pattern: "^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(?:-[0-9A-Za-z.-]+)?(?:\\+[0-9A-Za-z.-]+)?$" }));
const texts = list(text());

const returnField = named("abi_field", object({ name: oneOfWords("ptr", "len"), type: oneOfWords("i32"), offset_bytes: { type: "integer", enum: [0, 4] } }));
const parameter = named(
  "abi_param",
  object(
    {
      index: integer(0, 4),
      name: oneOfWords("retptr", "arena_mem", "arena_cap", "input_ptr", "input_len"),
      type: oneOfWords("i32"),
      role: oneOfWords("sret_ptr", "arena_ptr", "arena_cap", "input_ptr", "input_len"),
    },
    { notes: text({ max: 1024 }) },
  ),
);
const returned = object({ kind: just("bytes_t"), size_bytes: just(8), align_bytes: just(4), fields: list(returnField, { min: 2, max: 2 }) });
const abi = named(
  "abi",
  object({
    kind: just("x07_solve_v2"),
    c_signature: just(SOLVE_SIGNATURE),
    wasm_c_abi: object({ kind: just("basic_c_abi"), v: just(1) }),
    calling_convention: object({ kind: just("sret_v1"), retptr_param_index: just(0), return_struct: returned }),
    params: list(parameter, { min: 5, max: 5 }),
  }),
);

const wasmArtifactSchema = object(
  {
    schema_version: just("x07.wasm.artifact@0.2.0"),
    artifact_id: text({ min: 1, max: 256 }),
    codegen_backend: codegenBackend,
    wasm: fileDigest,
    abi,
    exports: object(
      { solve: just("x07_solve_v2"), memory: just("memory"), heap_base: just("__heap_base"), data_end: just("__data_end") },
      { optional: object({}, { stack_pointer: text(), x07_exit_code: text() }) },
    ),
    memory: memoryPlan,
    toolchain: object({ x07: semver, x07_wasm: semver }, { clang: text(), wasm_ld: text(), wasmtime: textOrNull() }),
    repro: object({ x07_build_args: texts, clang_args: texts, wasm_ld_args: texts }),
  },
  { profile: profileRef, notes: text({ max: 16384 }) },
);
export const wasmArtifact = named("wasm_artifact", wasmArtifactSchema);
export const wasmArtifactDocument = document("x07-wasm.artifact", "x07.wasm.artifact@0.2.0", "What is known of a built core module: bytes, interface, memory and how it was made.", wasmArtifactSchema);

const line = text();
const componentArtifactSchema = object(
  {
    schema_version: just("x07.wasm.component.artifact@0.1.0"),
    artifact_id: text({ min: 1, max: 256 }),
    kind: oneOfWords("solve", "http-adapter", "http-state-doc-adapter", "cli-adapter", "http", "cli"),
    component: fileDigest64,
    wit: object({ package: witPackageId, world: witIdent }),
    toolchain: object(
      { x07_wasm: looseSemver },
      { x07: line, clang: line, wasm_ld: line, wit_bindgen: line, wasm_tools: line, wac: line, cargo: line, rustc: line, wasmtime: line },
    ),
  },
  { profiles: object({}, { component: looseRef, wasm: looseRef }) },
);
export const componentArtifact = named("component_artifact", componentArtifactSchema);
export const componentArtifactDocument = document("x07-wasm.component.artifact", "x07.wasm.component.artifact@0.1.0", "What is known of a component: bytes, world and how it was made.", componentArtifactSchema);

export const providedSecret = object({ id: text({ min: 1, max: 128, pattern: "^[a-z0-9][a-z0-9._-]{0,127}$" }), source: oneOfWords("env", "file") });
export const capsEvidence = document(
  "x07-wasm.caps.evidence",
  "x07.wasm.caps.evidence@0.1.0",
  "What a guest was told by clocks and random sources, so that a run can be played again.",
  object({
    schema_version: just("x07.wasm.caps.evidence@0.1.0"),
    v: version,
    clocks: object({ wall_clock_now_ns: list(u64), monotonic_clock_now_ns: list(u64) }),
    random: object({ secure_random_bytes_b64: text(), insecure_random_bytes_b64: text(), insecure_seed_u128: text() }),
    secrets: object({ provided: list(providedSecret) }),
  }),
);
