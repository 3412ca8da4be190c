// Results of the commands that check contracts, tools and the command line itself. Knows nothing of building.

import { boolean, integer, just, list, named, nothing, object, oneOfWords, text, textOrNull } from "../schema.ts";
import type { Schema } from "../schema.ts";
import { TOOL_IDS } from "./profile.ts";
import { ALL_TOOLS, report } from "./report.ts";
import { count, fileDigest, fileDigest64, path1024, path4096, profileRef, sha256, u32, witIdent, witPackageId } from "./shared.ts";
import { SPECROWS_BASE } from "./specrows.ts";

function orNothing(schema: Schema): Schema {
  return { anyOf: [schema, nothing] };
}

const indexSummary = named("index_summary", object({ path: text(), ok: boolean, profiles_count: count, default_profile_id: textOrNull(), default_profile_found: boolean }));
const profileStatus = named("profile_status", object({ ref: profileRef, path: text(), ok: boolean, schema_version: textOrNull(), schema_valid: boolean, id_matches_index: boolean }));
const profileMode = oneOfWords("index_v1", "profile_id_v1", "profile_file_v1");

export const profileValidateReport = report({
  words: "profile.validate",
  about: "Which wasm profiles keep to their schema and their index.",
  result: object({ mode: profileMode, index: orNothing(indexSummary), profiles: list(profileStatus) }),
});

const componentProfileStatus = object({ ref: profileRef, path: path1024, ok: boolean, schema_valid: boolean, id_matches_index: boolean });

export const componentProfileValidateReport = report({
  words: "component.profile.validate",
  about: "Which component profiles keep to their schema and their index.",
  wide: true,
  result: object({ strict: boolean, index: fileDigest64, profiles_total: u32, profiles_ok: u32, profiles_failed: u32, profiles: list(componentProfileStatus, { max: 256 }) }),
});

const packageStatus = object(
  { id: witPackageId, path: path1024, kind: oneOfWords("local", "vendored"), ok: boolean, worlds: list(witIdent, { max: 128 }), dependencies: list(witPackageId, { max: 256 }) },
  { sha256_tree: sha256 },
);

export const witValidateReport = report({
  words: "wit.validate",
  about: "Which WIT packages are there, pinned and readable.",
  wide: true,
  result: object({
    mode: oneOfWords("validate", "list"),
    strict: boolean,
    index: fileDigest64,
    packages_total: u32,
    packages_ok: u32,
    packages_failed: u32,
    packages: list(packageStatus, { max: 256 }),
  }),
});

const toolStatus = object({
  tool_id: oneOfWords(...TOOL_IDS),
  ok: boolean,
  required_constraint: text({ min: 1, max: 128 }),
  found_version: textOrNull({ min: 1, max: 128 }),
  cmd: path4096,
  argv: list(path4096, { min: 1, max: 32 }),
  stdout: text({ max: 4096 }),
  stderr: text({ max: 4096 }),
});

export const toolchainValidateReport = report({
  words: "toolchain.validate",
  about: "Which tools are there in a version that the toolchain profile allows.",
  tools: ALL_TOOLS,
  result: object({ mode: profileMode, index: orNothing(indexSummary), profile: profileStatus, tools: list(toolStatus), compatibility_hash: sha256 }),
});

const toolLine = textOrNull();

export const doctorReport = report({
  words: "doctor",
  about: "Which tools are installed, each with the first line that it says of its version.",
  result: object(
    { x07: toolLine, clang: toolLine, wasm_ld: toolLine, wasmtime: toolLine, wasm_tools: toolLine, wit_bindgen: toolLine, wac: toolLine },
    { jco: toolLine },
  ),
});

export const specrowsCheckReport = report({
  words: "cli.specrows.check",
  about: "Whether a table of commands and options is well-formed and in order.",
  tools: ["git_sha", "rustc"],
  result: object(
    {
      mode: oneOfWords("self_v1", "stdin_v1", "file_v1"),
      parsed_ok: boolean,
      schema_id: just(`${SPECROWS_BASE}x07cli.specrows.schema.json`),
      schema_valid: boolean,
      rows_count: count,
      scopes: list(text({ pattern: "^(root|[a-z][a-z0-9_-]{0,31})$" })),
      invariants: object({
        expect_app_name: text(),
        app_name: textOrNull(),
        app_version: textOrNull(),
        has_root_help: boolean,
        has_root_version: boolean,
        has_root_cli_specrows: boolean,
        ordering_checked: boolean,
        ordering_ok: boolean,
      }),
    },
    { input: orNothing(fileDigest) },
  ),
});

export const cliParseReport = report({
  words: "cli.parse",
  about: "Why a command line was not understood.",
  result: object({ stage: oneOfWords("clap", "machine_args", "missing_command") }),
});

// ---------------------------------------------------------------------------------------------- the build graph itself

/** One changed line of the action's manifest, or a fact about the world. */
const reasonRow = object(
  { kind: oneOfWords("first", "input", "input_added", "input_removed", "parameter", "tool", "rule", "env", "discovered", "forced", "lost", "output", "dependency_failed"), what: text() },
  { old: text(), new: text() },
);
const actionRow = object(
  {
    rule: text({ min: 1 }),
    label: text(),
    state: oneOfWords("fresh", "cut_off", "restored", "ran", "failed"),
    reasons: list(reasonRow),
  },
  { key: text({ pattern: "^([0-9a-f]{64})?$" }), duration_ms: { type: "number", minimum: 0 } },
);

export const graphReport = {
  ...report({ words: "graph", about: "", result: nothing }),
  about: "What each action of a build did, and why.",
  schema: object(
    {
      schema_version: just("x07.wasm.graph.report@0.1.0"),
      ok: boolean,
      counts: object({ total: count, fresh: count, cut_off: count, restored: count, ran: count, failed: count }),
      recovered: list(object({ code: text({ min: 1 }), message: text() })),
      actions: list(actionRow),
    },
    { command: text(), goal: text(), exit_code: integer(0, 255), remote: object({ hits: count, misses: count, downloaded_bytes: count, uploaded_bytes: count, failures: count }) },
  ),
};
