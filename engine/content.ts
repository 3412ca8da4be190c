// Where the bytes of an artifact can be had, cheapest first, and how outputs get to their places. Knows nothing of keys,
// readiness or who asks.

import type { Cache } from "./cache/cache.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { EventSink } from "./event.ts";
import { LostInput } from "./execute.ts";
import type { Files } from "./files.ts";
import type { ArtifactId, Graph } from "./graph.ts";
import { attempt, type Disk, writeOut } from "./host/disk.ts";
import type { Digest } from "./lib/digest.ts";
import type { TracedOutput } from "./trace.ts";

/** What was made in this process is kept in memory up to here, and beyond where nothing else holds it. */
const MEMORY_LIMIT = 256 << 20;

/** What is wrong with a placed file: the digest found, if there is a file, and the one wanted. */
export interface Misplaced {
  readonly old?: string;
  readonly new: string;
}

export interface ContentWorld {
  readonly disk: Disk;
  readonly files: Files;
  readonly cache: Cache;
  readonly emit: EventSink;
}

export class Contents {
  readonly #graph: Graph;
  readonly #world: ContentWorld;
  readonly #outputs: (TracedOutput | undefined)[] = [];
  readonly #held = new Map<string, Uint8Array>();
  #heldSize = 0;

  constructor(graph: Graph, world: ContentWorld) {
    this.#graph = graph;
    this.#world = world;
  }

  /** The digest of a source as this build sees it, or of an output that was made or remembered. */
  digest(artifact: ArtifactId): Digest | undefined {
    const node = this.#graph.artifacts[artifact]!;
    if (node.producer >= 0) return this.#outputs[artifact];
    const state = this.#world.files.look(node.source);
    return state.kind === "file" ? state.digest : undefined;
  }

  /** The same, with the bytes where they are few. */
  output(artifact: ArtifactId): TracedOutput | undefined {
    const digest = this.digest(artifact);
    return digest === undefined ? undefined : "inline" in digest ? (digest as TracedOutput) : { ...digest, inline: undefined };
  }

  /** Believes that an output has this digest; its bytes may come with it. */
  believe(artifact: ArtifactId, output: TracedOutput): void {
    this.#outputs[artifact] = output;
  }

  /** Takes what an action has just made; keeps it where it will be found again. */
  take(artifact: ArtifactId, output: TracedOutput, bytes: Uint8Array): void {
    this.#outputs[artifact] = output;
    if (output.inline !== undefined) return;
    this.#world.cache.keep(output, bytes);
    if (this.#heldSize + bytes.length <= MEMORY_LIMIT || !this.#world.cache.holds(output)) this.#hold(output.sha256, bytes);
  }

  /** An action that failed has no outputs, whatever was believed before. */
  disown(artifacts: readonly ArtifactId[]): void {
    for (const a of artifacts) this.#outputs[a] = undefined;
  }

  #hold(sha256: string, bytes: Uint8Array): void {
    if (this.#held.has(sha256)) return;
    this.#held.set(sha256, bytes);
    this.#heldSize += bytes.length;
  }

  #inMemory(artifact: ArtifactId, digest: Digest): Uint8Array | undefined {
    return this.#outputs[artifact]?.inline ?? this.#held.get(digest.sha256);
  }

  /** The bytes, or LostInput is thrown. */
  load(artifact: ArtifactId): Uint8Array {
    const bytes = this.find(artifact);
    if (bytes === undefined) throw new LostInput(artifact);
    return bytes;
  }

  /** The bytes, verified against the digest, or undefined when nobody has them any more. */
  find(artifact: ArtifactId): Uint8Array | undefined {
    const digest = this.digest(artifact);
    if (digest === undefined) return undefined;
    const node = this.#graph.artifacts[artifact]!;
    const { files, cache } = this.#world;
    if (node.producer < 0) return files.readExactly(node.source, digest);
    const held = this.#inMemory(artifact, digest);
    if (held !== undefined) return held;
    for (const path of this.#graph.placedAt.get(artifact) ?? []) {
      const bytes = files.entry(path)?.sha256 === digest.sha256 ? files.readExactly(path, digest) : undefined;
      if (bytes !== undefined) return bytes;
    }
    const bytes = cache.content(digest);
    if (bytes !== undefined && this.#heldSize + bytes.length <= MEMORY_LIMIT) this.#hold(digest.sha256, bytes);
    return bytes;
  }

  /** Cheap and hopeful: what turns out lost while it is read is made again then. */
  available(artifact: ArtifactId): boolean {
    const node = this.#graph.artifacts[artifact]!;
    const digest = this.digest(artifact);
    if (digest === undefined) return false;
    if (node.producer < 0 || this.#inMemory(artifact, digest) !== undefined) return true;
    for (const path of this.#graph.placedAt.get(artifact) ?? []) if (this.misplaced(path, digest) === undefined) return true;
    return this.#world.cache.holds(digest);
  }

  /** What is wrong with the file at `path`, or undefined when it is exactly this content. */
  misplaced(path: string, digest: Digest): Misplaced | undefined {
    const state = this.#world.files.look(path);
    if (state.kind === "file") return state.digest.sha256 === digest.sha256 ? undefined : { old: state.digest.sha256, new: digest.sha256 };
    return { new: digest.sha256 };
  }

  /** Puts the bytes at `path`, or says why not. */
  put(path: string, bytes: Uint8Array, digest: Digest): Diagnostic | undefined {
    const done = attempt(() => writeOut(this.#world.disk, path, bytes));
    if (!done.ok) {
      this.#world.files.forget(path);
      return { code: "GRAPH_OUTPUT_WRITE_FAILED", severity: "error", stage: "run", message: `cannot write ${path}: ${done.error.code}`, data: { path, error: done.error.message }, hint: "check the folder's permissions and free space", place: { file: path } };
    }
    this.#world.files.written(path, bytes, digest, done.value);
    this.#world.emit({ type: "output_placed", path, how: "written" });
    return undefined;
  }
}
