// Makes a failing history smaller while it still fails: fewer steps, fewer placements, fewer nodes, fewer files.

import { type History, play } from "./history.ts";
import type { GraphSpec, NodeSpec, Ref } from "./model.ts";

/** What went wrong, also where the engine threw. */
export async function failure(history: History): Promise<string | undefined> {
  try {
    return await play(history);
  } catch (e) {
    return e instanceof Error ? (e.stack ?? e.message) : String(e);
  }
}

export async function shrink(history: History): Promise<History> {
  let best = history;
  for (let smaller: History | undefined = best; smaller !== undefined; ) {
    smaller = undefined;
    for (const candidate of candidates(best)) {
      if ((await failure(candidate)) === undefined) continue;
      smaller = best = candidate;
      break;
    }
  }
  return best;
}

function* candidates(h: History): Generator<History> {
  for (let size = Math.floor(h.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at + size <= h.steps.length; at += size) yield { ...h, steps: h.steps.toSpliced(at, size) };
  }
  for (let n = h.graph.nodes.length - 1; n >= 0; n--) yield { ...h, graph: without(h.graph, n) };
  for (const [n, node] of h.graph.nodes.entries()) {
    if (node.places.length > 0) yield { ...h, graph: replaced(h.graph, n, { ...node, places: node.places.slice(1) }) };
    if (node.inputs.length > 1 && node.kind === "join") yield { ...h, graph: replaced(h.graph, n, { ...node, inputs: node.inputs.slice(1) }) };
  }
  for (const name of Object.keys(h.files)) {
    yield { ...h, files: Object.fromEntries(Object.entries(h.files).filter(([n]) => n !== name)) };
    if (h.files[name]!.length > 1) yield { ...h, files: { ...h.files, [name]: h.files[name]!.split("\n")[0] === h.files[name] ? "a" : h.files[name]!.split("\n")[0]! } };
  }
}

function replaced(graph: GraphSpec, at: number, node: NodeSpec): GraphSpec {
  return { nodes: graph.nodes.map((n, i) => (i === at ? node : n)) };
}

/** The graph without one node; who read it reads what it read, or the first source. */
function without(graph: GraphSpec, at: number): GraphSpec {
  const instead: Ref = graph.nodes[at]!.inputs[0] ?? { source: "s0" };
  const moved = (ref: Ref): Ref => {
    if ("source" in ref || ref.node < at) return ref;
    return ref.node === at ? instead : { ...ref, node: ref.node - 1 };
  };
  return { nodes: graph.nodes.filter((_, i) => i !== at).map((n) => ({ ...n, inputs: n.inputs.map(moved) })) };
}
