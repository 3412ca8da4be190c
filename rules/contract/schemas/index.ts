// Every published document form, by file name. Knows nothing of validation.

import { rendered } from "../schema.ts";
import type { SchemaDocument } from "../schema.ts";
import { pretty } from "../../../engine/index.ts";
import { capsEvidence, componentArtifactDocument, wasmArtifactDocument } from "./artifact.ts";
import { cacheReports } from "./cache-reports.ts";
import * as checks from "./check-reports.ts";
import * as components from "./component-reports.ts";
import * as core from "./core-reports.ts";
import { diagDocument } from "./diag.ts";
import * as http from "./http.ts";
import * as incidents from "./incident.ts";
import { capabilities, opsProfile, policyCard, sloProfile } from "./ops.ts";
import { componentProfile, runtimeLimitsDocument, toolchainProfile, wasmProfile } from "./profile.ts";
import { componentIndex, toolchainIndex, wasmIndex, witIndex } from "./registry.ts";
import { specrows } from "./specrows.ts";

export const DOCUMENTS: readonly SchemaDocument[] = [
  wasmIndex,
  componentIndex,
  toolchainIndex,
  witIndex,
  wasmProfile,
  componentProfile,
  toolchainProfile,
  runtimeLimitsDocument,
  wasmArtifactDocument,
  componentArtifactDocument,
  capsEvidence,
  opsProfile,
  capabilities,
  policyCard,
  sloProfile,
  specrows,
  diagDocument,
  http.requestEnvelope,
  http.responseEnvelope,
  http.effect,
  http.dispatch,
  http.frame,
  http.trace,
  core.buildReport,
  core.runReport,
  core.httpContractsReport,
  core.httpServeReport,
  core.httpTestReport,
  core.httpRegressReport,
  components.componentBuildReport,
  components.componentComposeReport,
  components.componentTargetsReport,
  components.componentRunReport,
  components.serveReport,
  checks.profileValidateReport,
  checks.componentProfileValidateReport,
  checks.witValidateReport,
  checks.toolchainValidateReport,
  checks.doctorReport,
  checks.specrowsCheckReport,
  checks.cliParseReport,
  checks.graphReport,
  incidents.incidentReplay,
  incidents.incidentListReport,
  incidents.incidentReplayReport,
  ...cacheReports,
];

/** The JSON Schema text of a document form as `--json-schema` prints it, or undefined when there is no such file. */
export function schemaText(file: string): string | undefined {
  const doc = DOCUMENTS.find((d) => d.file === file);
  return doc === undefined ? undefined : pretty(rendered(doc));
}
