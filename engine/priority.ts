// The critical path: how long the chain of work is that waits on each action. Numbers only; no disk, no states.

import type { ActionId, Graph } from "./graph.ts";

/** For each action its own duration plus the longest chain of dependents, in the unit of `durationOf`. */
export function criticalPaths(graph: Graph, durationOf: (action: ActionId) => number): Float64Array {
  const longest = new Float64Array(graph.actions.length);
  // Producers always have smaller ids than their dependents, so one backward pass is enough.
  for (let id = graph.actions.length - 1; id >= 0; id--) {
    const total = longest[id]! + durationOf(id);
    longest[id] = total;
    for (const input of graph.actions[id]!.inputs) {
      const p = graph.artifacts[input.artifact]!.producer;
      if (p >= 0 && longest[p]! < total) longest[p] = total;
    }
  }
  return longest;
}
