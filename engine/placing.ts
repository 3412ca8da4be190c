// Outputs in their places: put right what is not as built, take away what a failed action had put there. Knows nothing of
// keys, caches or scheduling.

import type { Contents, Misplaced } from "./content.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { EventSink } from "./event.ts";
import type { Files } from "./files.ts";
import type { Action, ActionId, ArtifactId, Graph } from "./graph.ts";
import { attempt, type Disk } from "./host/disk.ts";
import type { Digest } from "./lib/digest.ts";
import { parentOf } from "./lib/path.ts";
import type { Trace } from "./trace.ts";

export interface PlacingWorld {
  readonly disk: Disk;
  readonly files: Files;
  readonly emit: EventSink;
  /** What an earlier answer to the same words had put in place: path -> sha256. */
  readonly formerOutputs?: (() => ReadonlyMap<string, string>) | undefined;
}

export interface PlacingOptions {
  readonly dryRun: boolean;
  readonly outputs: "minimal" | "toplevel" | "all";
}

/** What came of an output that was not in place as it should be. */
export type Repaired = { readonly kind: "put"; readonly was: Misplaced } | { readonly kind: "refused"; readonly was: Misplaced; readonly problem: Diagnostic } | { readonly kind: "lost" };

export class Placing {
  readonly #graph: Graph;
  readonly #world: PlacingWorld;
  readonly #contents: Contents;
  readonly #options: PlacingOptions;
  /** Files that actions have discovered: path -> an action that read it. */
  readonly #readBy = new Map<string, ActionId>();

  constructor(graph: Graph, world: PlacingWorld, contents: Contents, options: PlacingOptions) {
    this.#graph = graph;
    this.#world = world;
    this.#contents = contents;
    this.#options = options;
  }

  readBy(path: string, reader: ActionId): void {
    this.#readBy.set(path, reader);
  }

  /** Sees to it that one placed output is there; undefined when it was. */
  repair(artifact: ArtifactId, path: string, digest: Digest): Repaired | undefined {
    const conflict = this.#readBefore(path, artifact);
    if (conflict !== undefined) return { kind: "refused", was: { new: digest.sha256 }, problem: conflict };
    if (this.#options.outputs === "minimal" && this.#world.files.look(path).kind === "missing") return undefined;
    const was = this.#contents.misplaced(path, digest);
    if (was === undefined) return undefined;
    if (this.#options.dryRun) return this.#contents.available(artifact) ? { kind: "put", was } : { kind: "lost" };
    const bytes = this.#contents.find(artifact);
    if (bytes === undefined) return { kind: "lost" };
    const refused = this.#contents.put(path, bytes, digest);
    const problem = refused !== undefined && this.#cleared(path) ? this.#contents.put(path, bytes, digest) : refused;
    return problem === undefined ? { kind: "put", was } : { kind: "refused", was, problem };
  }

  /** Takes away former outputs that are in the way: a file where a folder is needed, or files in a folder where a file is. */
  #cleared(path: string): boolean {
    const former = this.#world.formerOutputs?.() ?? new Map<string, string>();
    const blocking = [...former.keys()].filter((p) => path.startsWith(`${p}/`) || p.startsWith(`${path}/`));
    let removed = false;
    for (const p of blocking) {
      const state = this.#world.files.look(p);
      if (this.#graph.placements.has(p) || state.kind !== "file" || state.digest.sha256 !== former.get(p)) continue;
      if (!attempt(() => this.#world.disk.remove(p)).ok) continue;
      this.#world.files.forget(p);
      this.#world.emit({ type: "output_removed", path: p });
      removed = true;
      for (let dir = parentOf(p); dir.startsWith(path) && dir !== ""; dir = parentOf(dir)) attempt(() => this.#world.disk.removeEmptyDir(dir));
    }
    return removed;
  }

  /** An output must not appear where an action has already looked for a source: the next build would see it. */
  #readBefore(path: string, artifact: ArtifactId): Diagnostic | undefined {
    const reader = this.#readBy.get(path);
    if (reader === undefined) return undefined;
    const names = { reader: this.#graph.actions[reader]!.identity, maker: this.#graph.actions[this.#graph.artifacts[artifact]!.producer]?.identity ?? path };
    return { code: "GRAPH_OUTPUT_IS_SOURCE", severity: "error", stage: "run", message: `${path} is made by ${names.maker} but was read before by ${names.reader}`, data: { path, ...names }, hint: "give the output another path, or declare it as an input of the reader", place: { file: path } };
  }

  /**
   * What a failed action had put in place before is no output any more: a clean build would not have it. A file that is not
   * what was built last is left alone.
   */
  withdraw(action: Action, old: Trace | undefined): void {
    if (old === undefined) return;
    for (const [i, artifact] of action.outputs.entries()) {
      for (const path of this.#graph.placedAt.get(artifact) ?? []) {
        const state = this.#world.files.look(path);
        if (state.kind !== "file" || state.digest.sha256 !== old.outputs[i]?.sha256) continue;
        attempt(() => this.#world.disk.remove(path));
        this.#world.files.forget(path);
        this.#world.emit({ type: "output_removed", path });
      }
    }
  }
}
