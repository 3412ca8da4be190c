// Results of the commands that make and run core modules. Knows nothing of components.

import { boolean, integer, list, named, object, oneOfWords, text, textOrNull } from "../schema.ts";
import { wasmArtifact } from "./artifact.ts";
import { codegenBackend, runtimeLimits } from "./profile.ts";
import { report } from "./report.ts";
import { blob, count, fileDigest, memoryPlan, path4096, profileRef } from "./shared.ts";

const texts = list(text());

export const buildReport = report({
  words: "build",
  version: "0.2.0",
  about: "What came of building a project to a core module.",
  result: object({
    profile: profileRef,
    emit: object({ emit_dir: text(), c_path: text(), h_path: textOrNull() }),
    wasm: fileDigest,
    artifact: wasmArtifact,
    exports: object({ required: list(text(), { min: 1 }), found: texts, missing: texts }),
    memory: memoryPlan,
    flags: object({ codegen_backend: codegenBackend }, { clang: texts, wasm_ld: texts }),
  }),
});

const layout = object({}, { plan: memoryPlan, heap_base: count, data_end: count, retptr: count, input_ptr: count, arena_ptr: count });

export const runReport = report({
  words: "run",
  about: "What came of calling a core module.",
  result: object(
    { profile: profileRef, wasm: fileDigest, input: blob, arena_cap_bytes: count, output: blob, trap: textOrNull() },
    { engine: object({}, { name: text(), version: text() }), memory: layout },
  ),
});

// ---------------------------------------------------------------------------------------------- http reducers

const HOST_TOOLS = ["git_sha", "rustc", "wasmtime"];

export const httpContractsReport = report({
  words: "http.contracts.validate",
  about: "Which HTTP document forms are known and which fixtures keep to them.",
  result: object({ schemas: list(object({ id: path4096, ok: boolean })), fixtures: list(object({ path: path4096, ok: boolean })) }),
});

const answered = named("response_summary", object({ status: integer(100, 599), headers_count: count, body_bytes: count }));

export const httpServeReport = report({
  words: "http.serve",
  about: "What came of serving requests with an HTTP reducer.",
  tools: HOST_TOOLS,
  result: object({
    mode: oneOfWords("canary", "listen"),
    component: fileDigest,
    runtime_limits: runtimeLimits,
    requests: count,
    responses: list(answered),
    trace_path: textOrNull(),
    incident_dir: textOrNull(),
  }),
});

const testCase = object({ name: text({ min: 1, max: 256 }), ok: boolean, trace_path: textOrNull(), incident_dir: textOrNull() });

export const httpTestReport = report({
  words: "http.test",
  about: "Which recorded traces an HTTP reducer still follows.",
  tools: HOST_TOOLS,
  result: object({ component: fileDigest, runtime_limits: runtimeLimits, cases: list(testCase), cases_ok: count, cases_failed: count }),
});

export const httpRegressReport = report({
  words: "http.regress.from.incident",
  command: "http.regress.from-incident",
  about: "The regression test that was made of an incident.",
  tools: ["git_sha"],
  result: object({ incident_dir: path4096, generated_fixture: fileDigest, generated_test: fileDigest, updated_files: list(fileDigest) }),
});
