// The `result` of a compose report, for the command and for what `component build` composes on its way.

import { type FileDigest, type JsonObject, type ReportSpec } from "../../engine/index.ts";
import { VERSION } from "../tool.ts";
import { componentDocument, type ComponentFacts, WORLD_OF } from "./manifest.ts";
import type { TargetsOutcome } from "./targets.ts";

export const composeReport: ReportSpec = { schemaVersion: "x07.wasm.component.compose.report@0.1.0", command: "x07-wasm.component.compose", schemaFile: "x07-wasm.component.compose.report.schema.json" };

export interface Composed {
  readonly kind: "http" | "cli";
  readonly solve: FileDigest;
  readonly adapter: FileDigest;
  readonly out: FileDigest;
}

export function composedFacts({ kind, out }: Pick<Composed, "kind" | "out">): ComponentFacts {
  return { kind, component: out, wit: WORLD_OF[kind], profiles: {}, toolchain: { x07_wasm: VERSION } };
}

export function composeResult(composed: Composed, check: TargetsOutcome): JsonObject {
  const { attempted, ok, exitCode, stdout, stderr } = check;
  return {
    adapter_kind: composed.kind,
    solve_component: { ...composed.solve },
    adapter_component: { ...composed.adapter },
    out_component: { ...composed.out },
    artifact: componentDocument(composedFacts(composed)),
    targets_check: { attempted, ok, exit_code: exitCode, stdout, stderr },
  };
}
