// What a bundle keeps for a rerun, and the results of the commands that list and rerun bundles. Knows nothing of any command.

import { about, anyObject, boolean, document, integer, just, list, object, orNull, text, textOrNull } from "../schema.ts";
import { providedSecret } from "./artifact.ts";
import { report } from "./report.ts";
import { count, path4096, sha256 } from "./shared.ts";

const exitCode = integer(0, 255);
const kept = { sha256, bytes_len: count };

export const incidentReplay = document(
  "x07-wasm.incident.replay",
  "x07.wasm.incident.replay@0.1.0",
  "The words, files and answer of a command that failed: enough to run it again.",
  object({
    schema_version: just("x07.wasm.incident.replay@0.1.0"),
    command: text({ min: 1, max: 128 }),
    tool: object({ version: text({ max: 128 }) }),
    argv: list(text(), { min: 1, max: 4096 }),
    env: { type: "object", additionalProperties: text(), propertyNames: { pattern: "^[A-Za-z_][A-Za-z0-9_]*$" } },
    stdin: orNull(object(kept)),
    files: list({ oneOf: [object({ path: path4096, ...kept }), object({ path: path4096, missing: just(true) }), object({ path: path4096, withheld: just(true) }), object({ path: path4096, folder: just(true) })] }, { max: 65536 }),
    expected: object({ exit_code: exitCode, ok: boolean, diagnostics: list(anyObject), result: anyObject }),
    nondeterminism: anyObject,
  }, {
    evidence: about(object(kept), "What clocks and chance told the guest."),
    secrets: about(list(providedSecret), "What a rerun has to be given; the values are nowhere."),
  }),
);

export const incidentListReport = report({
  words: "incident.list",
  about: "The incident bundles of a folder, newest first.",
  result: object({
    incidents_dir: path4096,
    incidents: list(object({ dir: path4096, command: textOrNull(), exit_code: orNull(exitCode), codes: list(text()), replayable: boolean })),
  }),
});

export const incidentReplayReport = report({
  words: "incident.replay",
  about: "Whether a command that failed fails again in the same way, byte for byte.",
  result: object({
    incident_dir: path4096,
    command: textOrNull(),
    reproduced: boolean,
    expected_exit_code: orNull(exitCode),
    actual_exit_code: orNull(exitCode),
    differs: list(text()),
  }),
});
