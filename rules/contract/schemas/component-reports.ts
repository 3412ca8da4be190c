// Results of the commands that make, check and run components. Knows nothing of core modules.

import { boolean, integer, list, named, object, oneOfWords, orNull, text, textOrNull } from "../schema.ts";
import { componentArtifact } from "./artifact.ts";
import { report } from "./report.ts";
import { blob64, fileDigest64, looseRef, path4096, u32, u64 } from "./shared.ts";

export const EMIT_KINDS = ["solve", "http", "http-state-doc", "cli", "http-native", "cli-native", "http-adapter", "cli-adapter", "all"] as const;

export const componentBuildReport = report({
  words: "component.build",
  about: "What came of building components from a project.",
  wide: true,
  result: object({
    emit: oneOfWords(...EMIT_KINDS),
    project: fileDigest64,
    out_dir: path4096,
    component_profile: looseRef,
    wasm_profile: looseRef,
    solve_core_wasm: orNull(fileDigest64),
    artifacts: list(componentArtifact, { max: 32 }),
  }),
});

const status = integer(0, 255);

export const componentComposeReport = report({
  words: "component.compose",
  about: "What came of plugging a solve component into an adapter.",
  wide: true,
  result: object({
    adapter_kind: oneOfWords("http", "cli"),
    solve_component: fileDigest64,
    adapter_component: fileDigest64,
    out_component: fileDigest64,
    artifact: componentArtifact,
    targets_check: object({ attempted: boolean, ok: boolean, exit_code: status, stdout: text(), stderr: text() }),
  }),
});

export const componentTargetsReport = report({
  words: "component.targets",
  about: "Whether a component fits a world.",
  wide: true,
  result: object({ component: fileDigest64, wit: fileDigest64, world: text({ min: 1, max: 128 }), wac_exit_code: status, stdout: text(), stderr: text() }),
});

const outcome = oneOfWords("ok", "err", "timeout", "trap", "engine_failed", "component_compile_failed", "linker_failed");

export const componentRunReport = report({
  words: "component.run",
  about: "What came of running a command component.",
  wide: true,
  result: object({
    component: fileDigest64,
    args: list(text({ max: 4096 })),
    stdin: blob64,
    stdout: blob64,
    stderr: blob64,
    run: object({ outcome }, { max_wall_ms: u64, trap: text({ max: 16384 }) }),
    incident_dir: textOrNull({ min: 1, max: 4096 }),
  }),
});

const response = named("response_summary", object({ ok: boolean, status: integer(0, 999), body: blob64, wall_ms: u64 }));

export const serveReport = report({
  words: "serve",
  about: "What came of serving requests with an HTTP component.",
  wide: true,
  result: object({
    mode: oneOfWords("canary", "listen"),
    component: fileDigest64,
    addr: object({ requested: text({ min: 1, max: 128 }), bound: textOrNull({ min: 1, max: 128 }) }),
    stop_after: u32,
    budgets: object({ max_request_bytes: u64, max_response_bytes: u64, max_wall_ms_per_request: u64, max_concurrent: u32 }),
    responses: list(response),
    incidents: list(path4096),
  }),
});
