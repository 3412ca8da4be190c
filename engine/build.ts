// The loop of one build: key, fresh? cached? run, record, unblock. Clean actions are settled without being queued; only
// what must run meets the queue. Knows nothing of goals, reports or people.

import PQueue from "p-queue";
import { Aftermath, type Ended } from "./aftermath.ts";
import type { Cache } from "./cache/cache.ts";
import type { Farther, Question } from "./cache/farther.ts";
import type { LiveAction } from "./cache/live.ts";
import { Contents } from "./content.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { ActionOutcome, ActionState, Counts, EventSink, Reason } from "./event.ts";
import { execute, LostInput, type Execution, type RunProcess } from "./execute.ts";
import type { Files } from "./files.ts";
import type { Action, ActionId, ArtifactId, Graph } from "./graph.ts";
import type { Disk } from "./host/disk.ts";
import type { Journal } from "./journal.ts";
import { baseManifest, keyOf, withDiscovered } from "./key.ts";
import { type Digest, digestOf } from "./lib/digest.ts";
import { Placing } from "./placing.ts";
import { criticalPaths } from "./priority.ts";
import { changedMeanwhile, type Hit, Recall } from "./recall.ts";
import { BUSY, DONE, FAILED, Readiness, WAITING } from "./ready.ts";
import { INLINE_LIMIT, type Trace, type TracedOutput } from "./trace.ts";

export interface BuildOptions {
  readonly jobs: number;
  readonly keepGoing: boolean;
  readonly force: boolean;
  readonly dryRun: boolean;
  /** Digest of the module that holds the rules' functions. */
  readonly code: string;
  readonly outputs: OutputsMode;
}

/**
 * What is brought here of results that need not be made: nothing (an output that is already in its place is still kept
 * right), what is asked for, or that and all between.
 */
export type OutputsMode = "minimal" | "toplevel" | "all";

/** The world of one build; tests put other parts in. */
export interface World {
  readonly disk: Disk;
  readonly files: Files;
  readonly journal: Journal;
  readonly cache: Cache;
  /** A cache that others share; what it knows is brought into `cache`. */
  readonly farther?: Farther | undefined;
  readonly runProcess: RunProcess;
  readonly emit: EventSink;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly formerOutputs?: (() => ReadonlyMap<string, string>) | undefined;
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
  readonly #placing: Placing;
  readonly #recall: Recall;
  readonly #after: Aftermath;
  readonly #mustRun = new Map<ActionId, Reason>();
  /** Actions that failed or need one that did. */
  readonly #withdrawn = new Set<ActionId>();
  /** Sources that could not be put where they should be. */
  readonly #unplaced = new Map<ArtifactId, Diagnostic>();
  /** What the farther cache was asked for already: base keys and digests. */
  readonly #asked = new Set<string>();
  readonly #live = new Map<ActionId, LiveAction>();
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
    this.#placing = new Placing(graph, world, this.#contents, options);
    this.#recall = new Recall(graph, world, this.#placing, options);
    this.#after = new Aftermath(graph);
  }

  // ---- what callers ask --------------------------------------------------------------------------

  /** What `demand` does, where all is up to date or brought so at once; false where it takes time. */
  demandAtOnce(artifacts: readonly ArtifactId[]): boolean {
    const wanted = this.#producersOf(artifacts);
    this.#ready.enroll(wanted);
    this.#priorities = undefined;
    this.#settleReady();
    return this.#bug === undefined && wanted.every((a) => this.#ready.settled(a)) && artifacts.every((a) => this.#placeAll(a) === "placed");
  }

  #producersOf(artifacts: readonly ArtifactId[]): ActionId[] {
    return artifacts.map((a) => this.graph.artifacts[a]!.producer).filter((p) => p >= 0);
  }

  /** Brings all these artifacts up to date; resolves when each is done or failed. */
  async demand(artifacts: readonly ArtifactId[]): Promise<void> {
    if (this.demandAtOnce(artifacts)) return;
    await this.#finish(new Set(this.#producersOf(artifacts)));
    for (let tries = 0; tries < 4; tries++) {
      const lost = artifacts.filter((id) => this.#placeAll(id) === "lost");
      if (lost.length === 0) return;
      if (await this.#brought(lost)) continue;
      const makers = new Set(lost.map((id) => this.graph.artifacts[id]!.producer));
      for (const id of lost) this.#revive(this.graph.artifacts[id]!.producer, this.graph.placedAt.get(id)?.[0] ?? this.graph.artifacts[id]!.label);
      await this.#finish(makers);
    }
  }

  digest(artifact: ArtifactId): Digest | undefined {
    return this.#contents.digest(artifact);
  }

  /** Its digest, with its content where that is small. */
  output(artifact: ArtifactId): TracedOutput | undefined {
    return this.#contents.output(artifact);
  }

  /** The content of an artifact that was demanded before, unless it is lost. */
  contentAtOnce(artifact: ArtifactId): Uint8Array | undefined {
    return this.#contents.find(artifact);
  }

  /** The same; makes it again when it is lost. */
  async content(artifact: ArtifactId): Promise<Uint8Array | undefined> {
    const { producer, label } = this.graph.artifacts[artifact]!;
    for (let tries = 0; tries < 4; tries++) {
      const bytes = this.#contents.find(artifact);
      if (bytes !== undefined || producer < 0 || this.#failed(producer)) return bytes;
      if (await this.#brought([artifact])) continue;
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
    return [...artifacts.flatMap((a) => this.#unplaced.get(a) ?? []), ...this.#after.failuresBehind(artifacts)];
  }

  remarksBehind(artifacts: readonly ArtifactId[]): Diagnostic[] {
    return this.#after.remarksBehind(artifacts);
  }

  outcomes(): ActionOutcome[] {
    return this.#after.outcomes();
  }

  counts(): Counts {
    return this.#after.counts();
  }

  /** Which remembered results stand behind what was built: what a cache must hold so that it is not built again. */
  live(): LiveAction[] {
    return [...this.#live.values()];
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
    const unreadable = this.#recall.unreadableInput(action);
    if (unreadable !== undefined) return this.#fail(action, [unreadable], NO_REASONS, "", 0);

    const base = baseManifest(action, this.#options.code, (a) => this.#contents.digest(a)!.sha256);
    const old = this.#world.journal.get(action.identity);
    const must = this.#mustRun.get(action.id) ?? (this.#options.force ? ({ kind: "forced", what: "--force" } as const) : undefined);
    if (must !== undefined) return this.#enqueue(action, base, [must]);
    const hit = this.#recall.fresh(action, base, old) ?? this.#recall.cached(action, base, old);
    if (hit === undefined ? this.#askFarther(action, base) : this.#bring(action, this.#wanted(action, hit.trace))) return;
    if (hit !== undefined && this.#accept(action, base, hit)) return;
    const lost = this.#mustRun.get(action.id);
    this.#enqueue(action, base, lost !== undefined ? [lost] : this.#recall.reasons(action, base, old));
  }

  // ---- the farther cache -------------------------------------------------------------------------

  /** True when a farther cache is asked now: the action is decided once more when the answer is in. */
  #askFarther(action: Action, base: string): boolean {
    const { farther } = this.#world;
    if (farther === undefined) return false;
    const question = this.#question(action, base);
    if (this.#asked.has(question.key)) return false;
    this.#asked.add(question.key);
    this.#await(action, farther.result(question));
    return true;
  }

  /** True when content is fetched from afar now, each digest once. */
  #bring(action: Action, digests: readonly Digest[]): boolean {
    const missing = this.#unasked(digests);
    if (missing.length === 0) return false;
    this.#await(action, this.#world.farther!.content(missing));
    return true;
  }

  async #brought(artifacts: readonly ArtifactId[]): Promise<boolean> {
    const missing = this.#unasked(artifacts.flatMap((a) => this.#contents.digest(a) ?? []));
    if (missing.length > 0) await this.#world.farther!.content(missing);
    return missing.length > 0;
  }

  #unasked(digests: readonly Digest[]): Digest[] {
    if (this.#world.farther === undefined) return [];
    const missing = digests.filter((d) => !this.#asked.has(d.sha256));
    for (const d of missing) this.#asked.add(d.sha256);
    return missing;
  }

  #await(action: Action, arrival: Promise<void>): void {
    this.#ready.set(action.id, BUSY);
    const again = () => {
      this.#ready.again(action.id);
      this.#settleReady();
    };
    arrival.then(again, (e: unknown) => (this.#breakOff(action, e), this.#settleReady()));
  }

  /** What a hit needs here and nobody has. */
  #wanted(action: Action, trace: Trace): Digest[] {
    if (this.#world.farther === undefined || this.#options.outputs === "minimal") return [];
    const wanted: Digest[] = [];
    for (const [i, artifact] of action.outputs.entries()) {
      this.#contents.believe(artifact, trace.outputs[i]!);
      const asked = this.#options.outputs === "all" || this.graph.placedAt.has(artifact);
      if (asked && !this.#contents.available(artifact)) wanted.push(trace.outputs[i]!);
    }
    return wanted;
  }

  #question(action: Action, base: string): Question {
    return { action, base, key: keyOf(base), digest: (artifact) => this.#contents.digest(artifact)!, look: (paths) => this.#recall.probe(paths, action) };
  }

  // ---- taking what is remembered -----------------------------------------------------------------

  /** Takes a remembered result if every output that must be in place can be put there. */
  #accept(action: Action, base: string, { trace, key, fresh, reasons }: Hit): boolean {
    for (const [i, artifact] of action.outputs.entries()) this.#contents.believe(artifact, trace.outputs[i]!);
    const repaired: Reason[] = [];
    for (const [i, artifact] of action.outputs.entries()) {
      for (const path of this.graph.placedAt.get(artifact) ?? []) {
        const done = this.#placing.repair(artifact, path, trace.outputs[i]!);
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
    this.#after.remark(action.id, trace.remarks);
    this.#live.set(action.id, { base: trace.discovered.length === 0 ? key : keyOf(base), trace });
    const state: ActionState = repaired.length > 0 || !fresh ? "restored" : this.#somethingRanBefore(action) ? "cut_off" : "fresh";
    this.#end(action, DONE, { state, reasons: repaired.length === 0 ? reasons : [...reasons, ...repaired], key, durationMs: 0 });
    return true;
  }

  #somethingRanBefore(action: Action): boolean {
    for (const i of action.inputs) {
      const p = this.graph.artifacts[i.artifact]!.producer;
      if (p < 0) continue;
      const state = this.#after.ended(p)?.state;
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

  #enqueue(action: Action, base: string, reasons: readonly Reason[]): void {
    if (this.#options.dryRun) return this.#end(action, FAILED, { state: "ran", reasons, key: keyOf(base), durationMs: 0 });
    if (this.#mayNotStart(action)) return this.#leave(action);
    const gone = action.inputs.filter((i) => this.graph.artifacts[i.artifact]!.producer >= 0 && !this.#contents.available(i.artifact));
    if (gone.length > 0 && this.#bring(action, gone.flatMap((i) => this.#contents.digest(i.artifact) ?? []))) return;
    if (gone.length > 0) return this.#waitFor(action, gone[0]!.artifact);
    this.#ready.set(action.id, BUSY);
    // Whoever starts at once needs no place in the line.
    const waits = this.#queue.pending >= this.#queue.concurrency;
    void this.#queue.add(() => this.#run(action, base, reasons), waits ? { priority: this.#priority(action.id) } : undefined);
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
        const done = await execute(action.spec, action.label, inputs, this.#recall.discover(action), runProcess, signal);
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
    if (producer >= 0) {
      const digest = this.#contents.digest(artifact);
      if (digest === undefined || !this.#bring(action, [digest])) this.#waitFor(action, artifact);
    } else this.#fail(action, [changedMeanwhile(source)], reasons, "", 0);
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
      this.#world.farther?.offer(this.#question(action, base), trace);
      this.#live.set(action.id, { base: keyOf(base), trace });
    }
    this.#mustRun.delete(action.id);
    this.#after.remark(action.id, done.remarks);
    for (const [i, artifact] of action.outputs.entries()) {
      for (const path of this.graph.placedAt.get(artifact) ?? []) {
        const put = this.#placing.repair(artifact, path, outputs[i]!);
        if (put?.kind === "refused") return this.#fail(action, [put.problem], reasons, key, durationMs);
      }
    }
    this.#end(action, DONE, { state: "ran", reasons, key, durationMs });
  }

  #fail(action: Action, diagnostics: readonly Diagnostic[], reasons: readonly Reason[], key: string, durationMs: number): void {
    this.#after.failure(action.id, diagnostics);
    if (!this.#options.keepGoing && action.spec.rule.dispensable !== true) this.#stopped = true;
    this.#withdraw(action);
    this.#end(action, FAILED, { state: "failed", reasons, key, durationMs });
  }

  /** An action that cannot run because one before it failed has no outputs either; one that was merely stopped keeps them. */
  #withdrawAfter(action: Action): void {
    const failed = action.inputs.some((i) => this.#withdrawn.has(this.graph.artifacts[i.artifact]!.producer));
    if (failed) this.#withdraw(action);
  }

  #withdraw(action: Action): void {
    this.#withdrawn.add(action.id);
    if (!this.#options.dryRun && !this.#world.signal.aborted) this.#placing.withdraw(action, this.#world.journal.get(action.identity));
  }

  #end(action: Action, status: typeof DONE | typeof FAILED, ended: Ended): void {
    if (status === FAILED) this.#contents.disown(action.outputs);
    const outcome = this.#after.end(action, ended);
    if (ended.state !== "fresh") this.#world.emit({ type: "action_ended", ...outcome });
    this.#ready.end(action.id, status);
    if (this.#waiters.length === 0) return;
    const over = this.#waiters.filter((w) => w.open.delete(action.id) && w.open.size === 0);
    if (over.length === 0) return;
    this.#waiters = this.#waiters.filter((w) => w.open.size > 0);
    for (const w of over) w.resolve();
  }

  /** Placements declared after their action had ended (an artifact first needed as a value, then placed). */
  #placeAll(artifact: ArtifactId): "placed" | "lost" {
    const { producer } = this.graph.artifacts[artifact]!;
    const digest = this.#contents.digest(artifact);
    if (digest === undefined || this.#options.dryRun || (producer >= 0 && this.#ready.status(producer) !== DONE)) return "placed";
    for (const path of this.graph.placedAt.get(artifact) ?? []) {
      const done = this.#placing.repair(artifact, path, digest);
      if (producer < 0 && done?.kind === "refused") this.#unplaced.set(artifact, done.problem);
      if (done === undefined || producer < 0) continue;
      if (done.kind === "lost") return "lost";
      const ended = this.#after.ended(producer)!;
      if (done.kind === "refused") this.#fail(this.graph.actions[producer]!, [done.problem], NO_REASONS, ended.key, 0);
      else if (ended.state === "fresh" || ended.state === "cut_off") this.#after.amend(producer, { ...ended, state: "restored", reasons: [{ kind: "output", what: path, ...done.was }] });
    }
    return "placed";
  }
}
