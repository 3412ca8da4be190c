// How each settled action of one build ended, and what there is to say about it. Decides nothing; no disk, no queue.

import type { Diagnostic } from "./diagnostic.ts";
import type { ActionOutcome, ActionState, Counts, Reason } from "./event.ts";
import type { Action, ActionId, ArtifactId, Graph } from "./graph.ts";

/** How a settled action ended, with what its report line needs. */
export interface Ended {
  readonly state: ActionState;
  readonly reasons: readonly Reason[];
  readonly key: string;
  readonly durationMs: number;
}

export class Aftermath {
  readonly #graph: Graph;
  readonly #ended: (Ended | undefined)[] = [];
  readonly #failures = new Map<ActionId, readonly Diagnostic[]>();
  readonly #remarks = new Map<ActionId, readonly Diagnostic[]>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  end(action: Action, ended: Ended): ActionOutcome {
    this.#ended[action.id] = ended;
    return outcome(action, ended);
  }

  /** Says something else about an action that has ended already. */
  amend(action: ActionId, ended: Ended): void {
    this.#ended[action] = ended;
  }

  ended(action: ActionId): Ended | undefined {
    return this.#ended[action];
  }

  failure(action: ActionId, diagnostics: readonly Diagnostic[]): void {
    this.#failures.set(action, diagnostics);
  }

  remark(action: ActionId, diagnostics: readonly Diagnostic[]): void {
    if (diagnostics.length > 0) this.#remarks.set(action, diagnostics);
  }

  failuresBehind(artifacts: readonly ArtifactId[]): Diagnostic[] {
    return this.#behind(artifacts).flatMap((action) => this.#failures.get(action) ?? []);
  }

  remarksBehind(artifacts: readonly ArtifactId[]): Diagnostic[] {
    return this.#behind(artifacts).flatMap((action) => this.#remarks.get(action) ?? []);
  }

  outcomes(): ActionOutcome[] {
    const all: ActionOutcome[] = [];
    for (const action of this.#graph.actions) {
      const e = this.#ended[action.id];
      if (e !== undefined) all.push(outcome(action, e));
    }
    return all;
  }

  counts(): Counts {
    const c = { total: 0, fresh: 0, cut_off: 0, restored: 0, ran: 0, failed: 0 };
    for (const e of this.#ended) {
      if (e === undefined) continue;
      c.total += 1;
      c[e.state] += 1;
    }
    return c;
  }

  /** Every action that leads to these artifacts, in graph order. */
  #behind(artifacts: readonly ArtifactId[]): ActionId[] {
    const seen = new Set<ActionId>();
    const stack = artifacts.map((a) => this.#graph.artifacts[a]!.producer).filter((p) => p >= 0);
    while (stack.length > 0) {
      const id = stack.pop()!;
      if (seen.has(id)) continue;
      seen.add(id);
      for (const i of this.#graph.actions[id]!.inputs) {
        const p = this.#graph.artifacts[i.artifact]!.producer;
        if (p >= 0) stack.push(p);
      }
    }
    return [...seen].sort((a, b) => a - b);
  }
}

function outcome(action: Action, e: Ended): ActionOutcome {
  return { rule: action.spec.rule.id, label: action.label, state: e.state, reasons: e.reasons, key: e.key, duration_ms: Math.round(e.durationMs) };
}
