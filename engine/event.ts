// Everything that can happen in a build, as a union: the only way out of the engine to people. Knows no printer.

import type { Diagnostic } from "./diagnostic.ts";
import type { JsonValue } from "./lib/canonical-json.ts";

/** How one action ended. `fresh`: nothing to do; `cut_off`: fresh although something before it ran. */
export type ActionState = "fresh" | "cut_off" | "restored" | "ran" | "failed";

/** Why an action was not fresh: one changed line of its manifest, or a fact about the world. */
export interface Reason {
  readonly kind: "first" | "input" | "parameter" | "tool" | "rule" | "env" | "discovered" | "forced" | "lost" | "output" | "dependency_failed" | "input_added" | "input_removed";
  readonly what: string;
  readonly old?: string;
  readonly new?: string;
}

export interface ActionOutcome {
  readonly rule: string;
  readonly label: string;
  readonly state: ActionState;
  readonly reasons: readonly Reason[];
  readonly key: string;
  readonly duration_ms: number;
}

export interface Counts {
  readonly total: number;
  readonly fresh: number;
  readonly cut_off: number;
  readonly restored: number;
  readonly ran: number;
  readonly failed: number;
}

export type BuildEvent =
  | { readonly type: "goal_started"; readonly goal: string }
  | { readonly type: "action_started"; readonly rule: string; readonly label: string; readonly reasons: readonly Reason[] }
  | ({ readonly type: "action_ended" } & ActionOutcome)
  | { readonly type: "output_placed"; readonly path: string; readonly how: "written" | "copied" | "linked" }
  | { readonly type: "output_removed"; readonly path: string }
  | { readonly type: "recovered"; readonly diagnostic: Diagnostic }
  | { readonly type: "said"; readonly line: string; readonly data?: JsonValue }
  | { readonly type: "goal_replayed"; readonly goal: string; readonly counts: Counts }
  | { readonly type: "goal_ended"; readonly goal: string; readonly exit_code: number; readonly counts: Counts; readonly duration_ms: number };

export type EventSink = (event: BuildEvent) => void;
