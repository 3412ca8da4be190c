// What is remembered of an action (in the journal, in the cache) against the world as it is: does it still hold, and if
// not, why. Looks at files for actions; runs nothing, places nothing.

import type { Cache } from "./cache/cache.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Reason } from "./event.ts";
import type { Discover } from "./execute.ts";
import type { Files } from "./files.ts";
import type { Action, ActionId, Graph } from "./graph.ts";
import type { Journal, Remembered } from "./journal.ts";
import { type Discovered, explainDifference, keyOf, MADE_HERE, withDiscovered } from "./key.ts";
import { normal, under } from "./lib/path.ts";
import type { Placing } from "./placing.ts";
import type { Trace } from "./trace.ts";

export interface RecallWorld {
  readonly files: Files;
  readonly journal: Journal;
  readonly cache: Cache;
}

/** A remembered result that fits the present inputs, from the journal (`fresh`) or from the cache. */
export interface Hit {
  readonly trace: Trace;
  readonly key: string;
  readonly fresh: boolean;
  readonly reasons: readonly Reason[];
}

const NO_REASONS: readonly Reason[] = [];

export class Recall {
  readonly #graph: Graph;
  readonly #world: RecallWorld;
  readonly #placing: Placing;
  readonly #options: { readonly dryRun: boolean };

  constructor(graph: Graph, world: RecallWorld, placing: Placing, options: { readonly dryRun: boolean }) {
    this.#graph = graph;
    this.#world = world;
    this.#placing = placing;
    this.#options = options;
  }

  reasons(action: Action, base: string, old: Remembered | undefined): readonly Reason[] {
    if (old === undefined) return [{ kind: "first", what: "not built here before" }];
    const found = explainDifference(old.manifest, withDiscovered(base, this.lookAgain(old.discovered, action)));
    return found.length > 0 ? found : [{ kind: "lost", what: "its outputs" }];
  }

  fresh(action: Action, base: string, old: Remembered | undefined): Hit | undefined {
    if (old === undefined || !old.manifest.startsWith(base) || old.outputs.length !== action.outputs.length) return undefined;
    if (old.discovered.length === 0 ? old.manifest !== base : old.manifest !== withDiscovered(base, this.lookAgain(old.discovered, action))) return undefined;
    return { trace: old, key: old.key, fresh: true, reasons: NO_REASONS };
  }

  cached(action: Action, base: string, old: Remembered | undefined): Hit | undefined {
    for (const trace of this.#world.cache.results(keyOf(base))) {
      if (trace.outputs.length !== action.outputs.length) continue;
      const manifest = withDiscovered(base, this.lookAgain(trace.discovered, action));
      if (manifest !== withDiscovered(base, trace.discovered)) continue;
      const key = keyOf(manifest);
      if (!this.#options.dryRun) this.#world.journal.put(action.identity, { ...trace, key, manifest });
      return { trace, key, fresh: false, reasons: old === undefined ? [{ kind: "first", what: "not built here before" }] : explainDifference(old.manifest, manifest) };
    }
    return undefined;
  }

  /** The same files as they are now; one that the graph itself makes never equals what was discovered. */
  lookAgain(discovered: readonly Discovered[], action: Action): Discovered[] {
    return discovered.map(({ path }) => {
      const at = normal(under(action.spec.root, path));
      if (this.#graph.placements.has(at)) return { path, sha256: MADE_HERE };
      const state = this.#look(at, action.id);
      return { path, sha256: state.kind === "file" ? state.digest.sha256 : "" };
    });
  }

  /** The same files as they are now, without depending on them: what a shared cache says must first prove right. */
  probe(paths: readonly string[], action: Action): Discovered[] {
    return paths.map((path) => {
      const at = normal(under(action.spec.root, path));
      if (this.#graph.placements.has(at)) return { path, sha256: MADE_HERE };
      const state = this.#world.files.look(at);
      return { path, sha256: state.kind === "file" ? state.digest.sha256 : "" };
    });
  }

  /** Looks at a file for an action; the answer of the goal depends on it from now on. */
  #look(path: string, reader: ActionId) {
    const state = this.#world.files.look(path);
    this.#world.files.seen.set(path, state);
    this.#placing.readBy(path, reader);
    return state;
  }

  unreadableInput(action: Action): Diagnostic | undefined {
    for (const i of action.inputs) {
      const node = this.#graph.artifacts[i.artifact]!;
      if (node.producer >= 0) continue;
      const state = this.#world.files.look(node.source);
      this.#world.files.seen.set(node.source, state);
      if (state.kind === "file") continue;
      const why = state.kind === "missing" ? "does not exist" : `cannot be read: ${state.code}`;
      return { code: "GRAPH_INPUT_MISSING", severity: "error", stage: "parse", message: `${node.source}, an input of ${action.identity}, ${why}`, data: { path: node.source, rule: action.spec.rule.id }, hint: "create it, or correct the path", place: { file: node.source } };
    }
    return undefined;
  }

  discover(action: Action): Discover {
    return (path) => {
      const at = normal(under(action.spec.root, path));
      const placed = this.#graph.placements.get(at);
      if (placed !== undefined) return { refused: this.#graph.actions[this.#graph.artifacts[placed]!.producer]?.identity ?? at };
      const state = this.#look(at, action.id);
      if (state.kind !== "file") return "missing";
      const bytes = this.#world.files.readExactly(at, state.digest);
      return bytes === undefined ? { changed: changedMeanwhile(at) } : { bytes, sha256: state.digest.sha256 };
    };
  }
}

export function changedMeanwhile(path: string): Diagnostic {
  return { code: "GRAPH_SOURCE_CHANGED", severity: "error", stage: "run", message: `${path} changed while the build was running`, data: { path }, hint: "build again", place: { file: path } };
}
