// The loop of one build: key, fresh? cached? run, record, unblock. Clean actions are settled without being queued; only
// what must run meets the queue. Knows nothing of goals, reports or people.

import PQueue from "p-queue";
import type { Cache } from "./cache/cache.ts";
import { Contents, type Misplaced } from "./content.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { ActionOutcome, ActionState, Counts, EventSink, Reason } from "./event.ts";
import { execute, LostInput, type Discover, type Execution, type RunProcess } from "./execute.ts";
import type { Files } from "./files.ts";
import type { Action, ActionId, ArtifactId, Graph } from "./graph.ts";
import { attempt, type Disk } from "./host/disk.ts";
import type { Journal, Remembered } from "./journal.ts";
import { baseManifest, type Discovered, explainDifference, keyOf, MADE_HERE, withDiscovered } from "./key.ts";
import { type Digest, digestOf } from "./lib/digest.ts";
import { normal, under } from "./lib/path.ts";
import { criticalPaths } from "./priority.ts";
import { BUSY, DONE, FAILED, Readiness, WAITING } from "./ready.ts";
import { INLINE_LIMIT, type Trace } from "./trace.ts";

export interface BuildOptions {
  readonly jobs: number;
  readonly keepGoing: boolean;
  readonly force: boolean;
  readonly dryRun: boolean;
  /** Digest of the module that holds the rules' functions. */
  readonly code: string;
}

/** The world of one build; tests put other parts in. */
export interface World {
  readonly disk: Disk;
  readonly files: Files;
  readonly journal: Journal;
  readonly cache: Cache;
  readonly runProcess: RunProcess;
  readonly emit: EventSink;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** How a settled action ended, with what its report line needs. */
interface Ended {
  readonly state: ActionState;
  readonly reasons: readonly Reason[];
  readonly key: string;
  readonly durationMs: number;
}

/** A remembered result that fits the present inputs, from the journal (`fresh`) or from the cache. */
interface Hit {
  readonly trace: Trace;
  readonly key: string;
  readonly fresh: boolean;
  readonly reasons: readonly Reason[];
}

const NO_REASONS: readonly Reason[] = [];
const STOPPED: Reason = { kind: "dependency_failed", what: "the build was stopped" };

export class Build {
  readonly graph: Graph;
  readonly #world: World;
  readonly #options: BuildOptions;
  readonly #queue: PQueue;
  readonly #ready: Readiness;
  readonly #contents: Contents;
  readonly #ended: (Ended | undefined)[] = [];
  readonly #mustRun = new Map<ActionId, Reason>();
  /** Actions that failed or need one that did. */
  readonly #withdrawn = new Set<ActionId>();
  readonly #failures = new Map<ActionId, readonly Diagnostic[]>();
  readonly #remarks = new Map<ActionId, readonly Diagnostic[]>();
  /** Sources that could not be put where they should be. */
  readonly #unplaced = new Map<ArtifactId, Diagnostic>();
  /** Files that actions have discovered: path -> an action that read it. */
  readonly #readBy = new Map<string, ActionId>();
  #waiters: { readonly resolve: () => void; readonly open: Set<ActionId> }[] = [];
  #priorities: Float64Array | undefined;
  #stopped = false;
  /** Bugs in rules (a throw) end the build; the first is rethrown to the caller. */
  #bug: { readonly thrown: unknown } | undefined;

  constructor(graph: Graph, world: World, options: BuildOptions) {
    this.graph = graph;
    this.#world = world;
    this.#options = options;
    this.#queue = new PQueue({ concurrency: Math.max(1, options.jobs) });
    this.#ready = new Readiness(graph);
    this.#contents = new Contents(graph, world);
  }

  // ---- what callers ask --------------------------------------------------------------------------

  /** Brings all these artifacts up to date; resolves when each is done or failed. */
  async demand(artifacts: readonly ArtifactId[]): Promise<void> {
    const wanted = new Set<ActionId>();
    for (const id of artifacts) {
      const producer = this.graph.artifacts[id]!.producer;
      if (producer >= 0) wanted.add(producer);
    }
    this.#ready.enroll([...wanted]);
    this.#priorities = undefined;
    await this.#finish(wanted);
    for (let tries = 0; tries < 3; tries++) {
      const again = artifacts.filter((id) => this.#placeAll(id) === "lost");
      if (again.length === 0) return;
      await this.#finish(new Set(again.map((id) => this.graph.artifacts[id]!.producer)));
    }
  }

  digest(artifact: ArtifactId): Digest | undefined {
    return this.#contents.digest(artifact);
  }

  /** The content of an artifact that was demanded before; makes it again when it is lost. */
  async content(artifact: ArtifactId): Promise<Uint8Array | undefined> {
    const { producer, label } = this.graph.artifacts[artifact]!;
    for (let tries = 0; tries < 3; tries++) {
      const bytes = this.#contents.find(artifact);
      if (bytes !== undefined || producer < 0 || this.#failed(producer)) return bytes;
      this.#revive(producer, label);
      await this.#finish(new Set([producer]));
    }
    return undefined;
  }

  #failed(action: ActionId): boolean {
    return this.#ready.status(action) === FAILED;
  }

  /** True when an artifact that was demanded could not be had, or not be put in its place. */
  lacks(artifact: ArtifactId): boolean {
    const { producer } = this.graph.artifacts[artifact]!;
    return producer >= 0 ? this.#failed(producer) : this.#unplaced.has(artifact) || this.#contents.digest(artifact) === undefined;
  }

  /** Diagnostics of every failed action among those that `artifacts` need, in graph order, without mere consequences. */
  failuresBehind(artifacts: readonly ArtifactId[]): Diagnostic[] {
    const found: Diagnostic[] = [];
    for (const a of artifacts) if (this.#unplaced.has(a)) found.push(this.#unplaced.get(a)!);
    for (const action of this.#behind(artifacts)) found.push(...(this.#failures.get(action) ?? []));
    return found;
  }

  remarksBehind(artifacts: readonly ArtifactId[]): Diagnostic[] {
    const found: Diagnostic[] = [];
    for (const action of this.#behind(artifacts)) found.push(...(this.#remarks.get(action) ?? []));
    return found;
  }

  outcomes(): ActionOutcome[] {
    const all: ActionOutcome[] = [];
    for (const action of this.graph.actions) {
      const e = this.#ended[action.id];
      if (e !== undefined) all.push(this.#outcome(action, e));
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

  // ---- scheduling --------------------------------------------------------------------------------

  #finish(wanted: ReadonlySet<ActionId>): Promise<void> {
    this.#settleReady();
    const open = new Set<ActionId>();
    for (const a of wanted) if (!this.#ready.settled(a)) open.add(a);
    return new Promise<void>((resolve, reject) => {
      const over = () => (this.#bug === undefined ? resolve() : reject(this.#bug.thrown));
      if (open.size === 0) over();
      else this.#waiters.push({ open, resolve: over });
    });
  }

  #settleReady(): void {
    for (let batch = this.#ready.take(); batch.length > 0; batch = this.#ready.take()) {
      for (const id of batch) if (this.#ready.status(id) === WAITING && !this.#ready.mustWait(id)) this.#settle(this.graph.actions[id]!);
    }
  }

  #settle(action: Action): void {
    try {
      this.#decide(action);
    } catch (e) {
      this.#breakOff(action, e);
    }
  }

  /** A throw is a bug: the build ends, and the first one is handed to the caller. */
  #breakOff(action: Action, thrown: unknown): void {
    this.#bug ??= { thrown };
    this.#stopped = true;
    this.#end(action, FAILED, { state: "failed", reasons: NO_REASONS, key: "", durationMs: 0 });
  }

  /** Decides one action whose inputs are all decided: skip, take from journal or cache, or queue it. */
  #decide(action: Action): void {
    const blocked = this.#blockedBy(action);
    if (blocked !== undefined) {
      this.#withdrawAfter(action);
      return this.#end(action, FAILED, { state: this.#options.dryRun ? "ran" : "failed", reasons: [blocked], key: "", durationMs: 0 });
    }
    const unreadable = this.#unreadableInput(action);
    if (unreadable !== undefined) return this.#fail(action, [unreadable], NO_REASONS, "", 0);

    const base = baseManifest(action, this.#options.code, (a) => this.#contents.digest(a)!.sha256);
    const old = this.#world.journal.get(action.identity);
    const must = this.#mustRun.get(action.id) ?? (this.#options.force ? ({ kind: "forced", what: "--force" } as const) : undefined);
    if (must !== undefined) return this.#enqueue(action, base, [must]);
    const hit = this.#fresh(action, base, old) ?? this.#cached(action, base, old);
    if (hit !== undefined && this.#accept(action, hit)) return;
    const lost = this.#mustRun.get(action.id);
    this.#enqueue(action, base, lost !== undefined ? [lost] : this.#reasons(action, base, old));
  }

  #reasons(action: Action, base: string, old: Remembered | undefined): readonly Reason[] {
    if (old === undefined) return [{ kind: "first", what: "not built here before" }];
    const found = explainDifference(old.manifest, withDiscovered(base, this.#lookAgain(old.discovered, action)));
    return found.length > 0 ? found : [{ kind: "lost", what: "its outputs" }];
  }

  #fresh(action: Action, base: string, old: Remembered | undefined): Hit | undefined {
    if (old === undefined || !old.manifest.startsWith(base) || old.outputs.length !== action.outputs.length) return undefined;
    if (old.discovered.length === 0 ? old.manifest !== base : old.manifest !== withDiscovered(base, this.#lookAgain(old.discovered, action))) return undefined;
    return { trace: old, key: old.key, fresh: true, reasons: NO_REASONS };
  }

  #cached(action: Action, base: string, old: Remembered | undefined): Hit | undefined {
    for (const trace of this.#world.cache.results(keyOf(base))) {
      if (trace.outputs.length !== action.outputs.length) continue;
      const manifest = withDiscovered(base, this.#lookAgain(trace.discovered, action));
      if (manifest !== withDiscovered(base, trace.discovered)) continue;
      const key = keyOf(manifest);
      if (!this.#options.dryRun) this.#world.journal.put(action.identity, { ...trace, key, manifest });
      return { trace, key, fresh: false, reasons: old === undefined ? [{ kind: "first", what: "not built here before" }] : explainDifference(old.manifest, manifest) };
    }
    return undefined;
  }

  /** The same files as they are now; one that the graph itself makes never equals what was discovered. */
  #lookAgain(discovered: readonly Discovered[], action: Action): Discovered[] {
    return discovered.map(({ path }) => {
      const at = normal(under(action.spec.root, path));
      if (this.graph.placements.has(at)) return { path, sha256: MADE_HERE };
      const state = this.#look(at, action.id);
      return { path, sha256: state.kind === "file" ? state.digest.sha256 : "" };
    });
  }

  /** Looks at a file for an action; the answer of the goal depends on it from now on. */
  #look(path: string, reader: ActionId) {
    const state = this.#world.files.look(path);
    this.#world.files.seen.set(path, state);
    this.#readBy.set(path, reader);
    return state;
  }

  /** Takes a remembered result if every output that must be in place can be put there. */
  #accept(action: Action, { trace, key, fresh, reasons }: Hit): boolean {
    for (const [i, artifact] of action.outputs.entries()) this.#contents.believe(artifact, trace.outputs[i]!);
    const repaired: Reason[] = [];
    for (const [i, artifact] of action.outputs.entries()) {
      for (const path of this.graph.placedAt.get(artifact) ?? []) {
        const done = this.#repair(artifact, path, trace.outputs[i]!);
        if (done === undefined) continue;
        if (done.kind === "lost") {
          this.#mustRun.set(action.id, { kind: "lost", what: path });
          return false;
        }
        repaired.push({ kind: "output", what: path, ...done.was });
        if (done.kind === "refused") {
          this.#fail(action, [done.problem], repaired, key, 0);
          return true;
        }
      }
    }
    if (trace.remarks.length > 0) this.#remarks.set(action.id, trace.remarks);
    const state: ActionState = repaired.length > 0 || !fresh ? "restored" : this.#somethingRanBefore(action) ? "cut_off" : "fresh";
    this.#end(action, DONE, { state, reasons: repaired.length === 0 ? reasons : [...reasons, ...repaired], key, durationMs: 0 });
    return true;
  }

  /** Sees to it that one placed output is there; undefined when it was. */
  #repair(artifact: ArtifactId, path: string, digest: Digest): { kind: "put"; was: Misplaced } | { kind: "refused"; was: Misplaced; problem: Diagnostic } | { kind: "lost" } | undefined {
    const conflict = this.#readBefore(path, artifact);
    if (conflict !== undefined) return { kind: "refused", was: { new: digest.sha256 }, problem: conflict };
    const was = this.#contents.misplaced(path, digest);
    if (was === undefined) return undefined;
    if (this.#options.dryRun) return this.#contents.available(artifact) ? { kind: "put", was } : { kind: "lost" };
    const bytes = this.#contents.find(artifact);
    if (bytes === undefined) return { kind: "lost" };
    const problem = this.#contents.put(path, bytes, digest);
    return problem === undefined ? { kind: "put", was } : { kind: "refused", was, problem };
  }

  /** An output must not appear where an action has already looked for a source: the next build would see it. */
  #readBefore(path: string, artifact: ArtifactId): Diagnostic | undefined {
    const reader = this.#readBy.get(path);
    if (reader === undefined) return undefined;
    const names = { reader: this.graph.actions[reader]!.identity, maker: this.graph.actions[this.graph.artifacts[artifact]!.producer]?.identity ?? path };
    return { code: "GRAPH_OUTPUT_IS_SOURCE", severity: "error", stage: "run", message: `${path} is made by ${names.maker} but was read before by ${names.reader}`, data: { path, ...names }, hint: "give the output another path, or declare it as an input of the reader", place: { file: path } };
  }

  #somethingRanBefore(action: Action): boolean {
    for (const i of action.inputs) {
      const p = this.graph.artifacts[i.artifact]!.producer;
      if (p < 0) continue;
      const state = this.#ended[p]?.state;
      if (state === "ran" || state === "cut_off") return true;
    }
    return false;
  }

  #blockedBy(action: Action): Reason | undefined {
    for (const i of action.inputs) {
      const p = this.graph.artifacts[i.artifact]!.producer;
      if (p >= 0 && this.#failed(p)) return { kind: "dependency_failed", what: this.graph.actions[p]!.identity };
    }
    return undefined;
  }

  #unreadableInput(action: Action): Diagnostic | undefined {
    for (const i of action.inputs) {
      const node = this.graph.artifacts[i.artifact]!;
      if (node.producer >= 0) continue;
      const state = this.#world.files.look(node.source);
      this.#world.files.seen.set(node.source, state);
      if (state.kind === "file") continue;
      const why = state.kind === "missing" ? "does not exist" : `cannot be read: ${state.code}`;
      return { code: "GRAPH_INPUT_MISSING", severity: "error", stage: "parse", message: `${node.source}, an input of ${action.identity}, ${why}`, data: { path: node.source, rule: action.spec.rule.id }, hint: "create it, or correct the path", place: { file: node.source } };
    }
    return undefined;
  }

  #enqueue(action: Action, base: string, reasons: readonly Reason[]): void {
    if (this.#options.dryRun) return this.#end(action, FAILED, { state: "ran", reasons, key: keyOf(base), durationMs: 0 });
    if (this.#mayNotStart(action)) return this.#leave(action);
    for (const i of action.inputs) {
      if (this.graph.artifacts[i.artifact]!.producer >= 0 && !this.#contents.available(i.artifact)) return this.#waitFor(action, i.artifact);
    }
    this.#ready.set(action.id, BUSY);
    void this.#queue.add(() => this.#run(action, base, reasons), { priority: this.#priority(action.id) });
  }

  #mayNotStart(action: Action): boolean {
    return this.#world.signal.aborted || (this.#stopped && action.spec.rule.afterFailure !== true);
  }

  /** The build was stopped before this action started: it is not done, and that is no fault of its own. */
  #leave(action: Action): void {
    this.#end(action, FAILED, { state: "failed", reasons: [STOPPED], key: "", durationMs: 0 });
  }

  #priority(action: ActionId): number {
    this.#priorities ??= criticalPaths(this.graph, (a) => this.#world.journal.durationMs(this.graph.actions[a]!.identity) ?? 1);
    return this.#priorities[action] ?? 0;
  }

  /** Parks an action until a lost input has been made again. */
  #waitFor(action: Action, artifact: ArtifactId): void {
    const { producer, label } = this.graph.artifacts[artifact]!;
    this.#revive(producer, label);
    if (!this.#ready.mustWait(action.id)) this.#ready.again(action.id);
  }

  #revive(producer: ActionId, what: string): void {
    if (this.#ready.status(producer) !== DONE) return;
    this.#mustRun.set(producer, { kind: "lost", what: `content of ${what}` });
    this.#ready.again(producer);
  }

  async #run(action: Action, base: string, reasons: readonly Reason[]): Promise<void> {
    const { emit, now, runProcess, signal } = this.#world;
    if (this.#mayNotStart(action)) this.#leave(action);
    else {
      const started = now();
      try {
        emit({ type: "action_started", rule: action.spec.rule.id, label: action.label, reasons });
        const inputs = action.inputs.map((i) => ({ field: i.field, name: i.name, digest: this.#contents.digest(i.artifact)!, load: () => this.#contents.load(i.artifact) }));
        const done = await execute(action.spec, action.label, inputs, this.#discover(action), runProcess, signal);
        this.#complete(action, base, reasons, done, now() - started);
      } catch (e) {
        if (e instanceof LostInput) this.#lostInput(action, e.artifact, reasons);
        else this.#breakOff(action, e);
      }
    }
    this.#settleReady();
  }

  #lostInput(action: Action, artifact: ArtifactId, reasons: readonly Reason[]): void {
    const { producer, source } = this.graph.artifacts[artifact]!;
    if (producer >= 0) this.#waitFor(action, artifact);
    else this.#fail(action, [changedMeanwhile(source)], reasons, "", 0);
  }

  #discover(action: Action): Discover {
    return (path) => {
      const at = normal(under(action.spec.root, path));
      const placed = this.graph.placements.get(at);
      if (placed !== undefined) return { refused: this.graph.actions[this.graph.artifacts[placed]!.producer]?.identity ?? at };
      const state = this.#look(at, action.id);
      if (state.kind !== "file") return "missing";
      const bytes = this.#world.files.readExactly(at, state.digest);
      return bytes === undefined ? { changed: changedMeanwhile(at) } : { bytes, sha256: state.digest.sha256 };
    };
  }

  #complete(action: Action, base: string, reasons: readonly Reason[], done: Execution, durationMs: number): void {
    if (done.kind === "failed") {
      if (this.#world.signal.aborted) return this.#leave(action);
      return this.#fail(action, done.diagnostics, reasons, keyOf(base), durationMs);
    }
    const outputs = done.outputs.map((bytes) => ({ ...digestOf(bytes), inline: bytes.length <= INLINE_LIMIT ? bytes : undefined }));
    const trace: Trace = { discovered: done.discovered, remarks: done.remarks, durationMs, outputs };
    const manifest = withDiscovered(base, done.discovered);
    const key = keyOf(manifest);
    for (const [i, artifact] of action.outputs.entries()) this.#contents.take(artifact, outputs[i]!, done.outputs[i]!);
    if (!done.forget) {
      this.#world.cache.remember(keyOf(base), trace);
      this.#world.journal.put(action.identity, { ...trace, key, manifest });
    }
    this.#mustRun.delete(action.id);
    if (done.remarks.length > 0) this.#remarks.set(action.id, done.remarks);
    for (const [i, artifact] of action.outputs.entries()) {
      for (const path of this.graph.placedAt.get(artifact) ?? []) {
        const put = this.#repair(artifact, path, outputs[i]!);
        if (put?.kind === "refused") return this.#fail(action, [put.problem], reasons, key, durationMs);
      }
    }
    this.#end(action, DONE, { state: "ran", reasons, key, durationMs });
  }

  #fail(action: Action, diagnostics: readonly Diagnostic[], reasons: readonly Reason[], key: string, durationMs: number): void {
    this.#failures.set(action.id, diagnostics);
    if (!this.#options.keepGoing) this.#stopped = true;
    this.#withdraw(action);
    this.#end(action, FAILED, { state: "failed", reasons, key, durationMs });
  }

  /** An action that cannot run because one before it failed has no outputs either; one that was merely stopped keeps them. */
  #withdrawAfter(action: Action): void {
    const failed = action.inputs.some((i) => this.#withdrawn.has(this.graph.artifacts[i.artifact]!.producer));
    if (failed) this.#withdraw(action);
  }

  /**
   * What a failed action had put in place before is no output any more: a clean build would not have it. A file that is not
   * what was built last is left alone.
   */
  #withdraw(action: Action): void {
    this.#withdrawn.add(action.id);
    if (this.#options.dryRun || this.#world.signal.aborted) return;
    const old = this.#world.journal.get(action.identity);
    if (old === undefined) return;
    for (const [i, artifact] of action.outputs.entries()) {
      for (const path of this.graph.placedAt.get(artifact) ?? []) {
        const state = this.#world.files.look(path);
        if (state.kind !== "file" || state.digest.sha256 !== old.outputs[i]?.sha256) continue;
        attempt(() => this.#world.disk.remove(path));
        this.#world.files.forget(path);
        this.#world.emit({ type: "output_removed", path });
      }
    }
  }

  #end(action: Action, status: typeof DONE | typeof FAILED, ended: Ended): void {
    if (status === FAILED) this.#contents.disown(action.outputs);
    this.#ended[action.id] = ended;
    if (ended.state !== "fresh") this.#world.emit({ type: "action_ended", ...this.#outcome(action, ended) });
    this.#ready.end(action.id, status);
    if (this.#waiters.length === 0) return;
    const over = this.#waiters.filter((w) => w.open.delete(action.id) && w.open.size === 0);
    if (over.length === 0) return;
    this.#waiters = this.#waiters.filter((w) => w.open.size > 0);
    for (const w of over) w.resolve();
  }

  #outcome(action: Action, e: Ended): ActionOutcome {
    return { rule: action.spec.rule.id, label: action.label, state: e.state, reasons: e.reasons, key: e.key, duration_ms: Math.round(e.durationMs) };
  }

  /** Placements declared after their action had ended (an artifact first needed as a value, then placed). */
  #placeAll(artifact: ArtifactId): "placed" | "lost" {
    const { producer } = this.graph.artifacts[artifact]!;
    const digest = this.#contents.digest(artifact);
    if (digest === undefined || this.#options.dryRun || (producer >= 0 && this.#ready.status(producer) !== DONE)) return "placed";
    for (const path of this.graph.placedAt.get(artifact) ?? []) {
      const done = this.#repair(artifact, path, digest);
      if (producer < 0 && done?.kind === "refused") this.#unplaced.set(artifact, done.problem);
      if (done === undefined || producer < 0) continue;
      const action = this.graph.actions[producer]!;
      const ended = this.#ended[producer]!;
      if (done.kind === "lost") {
        this.#revive(producer, path);
        return "lost";
      }
      if (done.kind === "refused") this.#fail(action, [done.problem], NO_REASONS, ended.key, 0);
      else if (ended.state === "fresh" || ended.state === "cut_off") this.#ended[producer] = { ...ended, state: "restored", reasons: [{ kind: "output", what: path, ...done.was }] };
    }
    return "placed";
  }

  /** Every action that leads to these artifacts, in graph order. */
  #behind(artifacts: readonly ArtifactId[]): ActionId[] {
    const seen = new Set<ActionId>();
    const stack = artifacts.map((a) => this.graph.artifacts[a]!.producer).filter((p) => p >= 0);
    while (stack.length > 0) {
      const id = stack.pop()!;
      if (seen.has(id)) continue;
      seen.add(id);
      for (const i of this.graph.actions[id]!.inputs) {
        const p = this.graph.artifacts[i.artifact]!.producer;
        if (p >= 0) stack.push(p);
      }
    }
    return [...seen].sort((a, b) => a - b);
  }
}

function changedMeanwhile(path: string): Diagnostic {
  return { code: "GRAPH_SOURCE_CHANGED", severity: "error", stage: "run", message: `${path} changed while the build was running`, data: { path }, hint: "build again", place: { file: path } };
}
