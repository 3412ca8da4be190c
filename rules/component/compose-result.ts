// The `result` of a compose report, for the command and for what `component build` composes on its way.

import { type FileDigest, type JsonObject } from "../../engine/index.ts";
import { VERSION } from "../tool.ts";
import { componentDocument, type ComponentFacts, WORLD_OF } from "./manifest.ts";
import type { TargetsOutcome } from "./targets.ts";

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
