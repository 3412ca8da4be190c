// The loop of one build: key, fresh? cached? run, record, unblock. Clean actions are settled without being queued; only
// what must run meets the queue. Knows nothing of goals, reports or people.

import PQueue from "p-queue";
import type { Cache } from "./cache/cache.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { ActionOutcome, ActionState, Counts, EventSink, Reason } from "./event.ts";
import { execute, LostInput, type Discover, type Execution, type RunProcess } from "./execute.ts";
import type { Files } from "./files.ts";
import type { Action, ActionId, ArtifactId, Graph } from "./graph.ts";
import { attempt, type Disk, placeAtomic } from "./host/disk.ts";
import type { Journal, Remembered } from "./journal.ts";
import { baseManifest, type Discovered, explainDifference, keyOf, withDiscovered } from "./key.ts";
import { type Digest, digestOf } from "./lib/digest.ts";
import { normal, under } from "./lib/path.ts";
import { criticalPaths } from "./priority.ts";
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

const UNKNOWN = 0;
const WAITING = 1;
const BUSY = 2;
const DONE = 3;
const FAILED = 4;
type Status = typeof UNKNOWN | typeof WAITING | typeof BUSY | typeof DONE | typeof FAILED;

/** How a settled action ended, with what its report line needs. */
interface Ended {
  readonly state: ActionState;
  readonly reasons: readonly Reason[];
  readonly key: string;
  readonly durationMs: number;
}

const MEMORY_LIMIT = 256 << 20;

export class Build {
  readonly graph: Graph;
  readonly #world: World;
  readonly #options: BuildOptions;
  readonly #queue: PQueue;
  readonly #status: Status[] = [];
  readonly #pending: number[] = [];
  readonly #dependents: ActionId[][] = [];
  readonly #ended: (Ended | undefined)[] = [];
  readonly #digests: (Digest | undefined)[] = [];
  readonly #mustRun = new Map<ActionId, Reason>();
  readonly #failures = new Map<ActionId, readonly Diagnostic[]>();
  readonly #remarks = new Map<ActionId, readonly Diagnostic[]>();
  readonly #made = new Map<string, Uint8Array>();
  #madeSize = 0;
  #ready: ActionId[] = [];
  #waiters: { left: number; readonly resolve: () => void; readonly actions: Set<ActionId> }[] = [];
  #priorities: Float64Array | undefined;
  #stopped = false;
  /** Bugs in rules (a throw) end the build; the first is rethrown to the caller. */
  #bug: unknown;

  constructor(graph: Graph, world: World, options: BuildOptions) {
    this.graph = graph;
    this.#world = world;
    this.#options = options;
    this.#queue = new PQueue({ concurrency: Math.max(1, options.jobs) });
  }

  // ---- what callers ask --------------------------------------------------------------------------

  /** Brings all these artifacts up to date; resolves when each is done or failed. */
  async demand(artifacts: readonly ArtifactId[]): Promise<void> {
    const wanted = new Set<ActionId>();
    for (const id of artifacts) {
      const producer = this.graph.artifacts[id]!.producer;
      if (producer >= 0) wanted.add(producer);
    }
    this.#enroll(wanted);
    await this.#finish(wanted);
    for (let tries = 0; tries < 3; tries++) {
      const again = artifacts.filter((id) => this.#placeAll(id) === "lost");
      if (again.length === 0) return;
      await this.#finish(new Set(again.map((id) => this.graph.artifacts[id]!.producer)));
    }
  }

  digest(artifact: ArtifactId): Digest | undefined {
    const node = this.graph.artifacts[artifact]!;
    if (node.producer >= 0) return this.#digests[artifact];
    const state = this.#world.files.look(node.source);
    return state.kind === "file" ? state.digest : undefined;
  }

  /** The content of an artifact that was demanded before; makes it again when it is lost. */
  async content(artifact: ArtifactId): Promise<Uint8Array | undefined> {
    for (let tries = 0; tries < 3; tries++) {
      try {
        return this.#load(artifact);
      } catch (e) {
        if (!(e instanceof LostInput)) throw e;
        const producer = this.graph.artifacts[e.artifact]!.producer;
        if (producer < 0) return undefined;
        this.#revive(producer, this.graph.artifacts[e.artifact]!.label);
        await this.#finish(new Set([producer]));
        if (this.#status[producer] === FAILED) return undefined;
      }
    }
    return undefined;
  }

  failed(action: ActionId): boolean {
    return this.#status[action] === FAILED;
  }

  /** Diagnostics of every failed action among those that `artifacts` need, in graph order, without mere consequences. */
  failuresBehind(artifacts: readonly ArtifactId[]): Diagnostic[] {
    const found: Diagnostic[] = [];
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

  #enroll(wanted: Set<ActionId>): void {
    const stack = [...wanted].reverse();
    this.#priorities = undefined;
    while (stack.length > 0) {
      const id = stack.pop()!;
      if ((this.#status[id] ?? UNKNOWN) !== UNKNOWN) continue;
      this.#status[id] = WAITING;
      this.#dependents[id] ??= [];
      const producers = new Set<ActionId>();
      for (const input of this.graph.actions[id]!.inputs) {
        const p = this.graph.artifacts[input.artifact]!.producer;
        if (p >= 0) producers.add(p);
      }
      let open = 0;
      for (const p of producers) {
        (this.#dependents[p] ??= []).push(id);
        const s = this.#status[p] ?? UNKNOWN;
        if (s !== DONE && s !== FAILED) open += 1;
        if (s === UNKNOWN) stack.push(p);
      }
      this.#pending[id] = open;
      if (open === 0) this.#ready.push(id);
    }
  }

  #finish(wanted: Set<ActionId>): Promise<void> {
    const open = new Set([...wanted].filter((a) => this.#status[a] !== DONE && this.#status[a] !== FAILED));
    this.#settleReady();
    for (const a of open) if (this.#status[a] === DONE || this.#status[a] === FAILED) open.delete(a);
    if (open.size === 0) return this.#bug === undefined ? Promise.resolve() : Promise.reject(this.#bug);
    return new Promise<void>((resolve, reject) => {
      this.#waiters.push({ left: open.size, actions: open, resolve: () => (this.#bug === undefined ? resolve() : reject(this.#bug)) });
    });
  }

  #settleReady(): void {
    while (this.#ready.length > 0) {
      const batch = this.#ready;
      this.#ready = [];
      for (const id of batch) if (this.#status[id] === WAITING) this.#settle(this.graph.actions[id]!);
    }
  }

  /** Decides one action whose inputs are all decided: skip, take from journal or cache, or queue it. */
  #settle(action: Action): void {
    if (this.#stillOpen(action)) return;
    const blocked = this.#blockedBy(action);
    if (blocked !== undefined) return this.#end(action, FAILED, { state: this.#options.dryRun ? "ran" : "failed", reasons: [blocked], key: "", durationMs: 0 });
    const unreadable = this.#unreadableInput(action);
    if (unreadable !== undefined) return this.#fail(action, [unreadable], [], "", 0);

    const base = baseManifest(action, this.#options.code, (a) => this.digest(a)!.sha256);
    const old = this.#world.journal.get(action.identity);
    const must = this.#mustRun.get(action.id) ?? (this.#options.force ? ({ kind: "forced", what: "--force" } as const) : undefined);
    if (must === undefined) {
      const hit = this.#fresh(action, base, old) ?? this.#cached(action, base, old);
      if (hit !== undefined && this.#accept(action, hit.trace, hit.key, hit.fresh, hit.reasons)) return;
    }
    const lost = this.#mustRun.get(action.id);
    const reasons = lost !== undefined ? [lost] : must !== undefined ? [must] : this.#reasons(action, base, old);
    this.#enqueue(action, base, reasons);
  }

  /** A producer that had to be made again is open once more; whoever is ready meanwhile waits for it. */
  #stillOpen(action: Action): boolean {
    const open = new Set<ActionId>();
    for (const i of action.inputs) {
      const p = this.graph.artifacts[i.artifact]!.producer;
      if (p >= 0 && this.#status[p] !== DONE && this.#status[p] !== FAILED) open.add(p);
    }
    this.#pending[action.id] = open.size;
    return open.size > 0;
  }

  #reasons(action: Action, base: string, old: Remembered | undefined): readonly Reason[] {
    if (old === undefined) return [{ kind: "first", what: "not built here before" }];
    const now = withDiscovered(base, this.#lookAgain(old.discovered, action.spec.root));
    const found = explainDifference(old.manifest, now);
    return found.length > 0 ? found : [{ kind: "lost", what: "its outputs" }];
  }

  #fresh(action: Action, base: string, old: Remembered | undefined): { trace: Trace; key: string; fresh: boolean; reasons: readonly Reason[] } | undefined {
    if (old === undefined) return undefined;
    if (!old.manifest.startsWith(base)) return undefined;
    const now = withDiscovered(base, this.#lookAgain(old.discovered, action.spec.root));
    return now === old.manifest ? { trace: old, key: old.key, fresh: true, reasons: [] } : undefined;
  }

  #cached(action: Action, base: string, old: Remembered | undefined): { trace: Trace; key: string; fresh: boolean; reasons: readonly Reason[] } | undefined {
    for (const trace of this.#world.cache.results(keyOf(base))) {
      if (trace.outputs.length !== action.outputs.length) continue;
      const manifest = withDiscovered(base, this.#lookAgain(trace.discovered, action.spec.root));
      if (manifest !== withDiscovered(base, trace.discovered)) continue;
      const key = keyOf(manifest);
      if (!this.#options.dryRun) this.#world.journal.put(action.identity, { ...trace, key, manifest });
      return { trace, key, fresh: false, reasons: old === undefined ? [{ kind: "first", what: "not built here before" }] : explainDifference(old.manifest, manifest) };
    }
    return undefined;
  }

  #lookAgain(discovered: readonly Discovered[], root: string): Discovered[] {
    return discovered.map((d) => {
      const state = this.#world.files.look(normal(under(root, d.path)));
      return { path: d.path, sha256: state.kind === "file" ? state.digest.sha256 : "" };
    });
  }

  /** Takes a remembered result if every output that must be in place can be put there. */
  #accept(action: Action, trace: Trace, key: string, fresh: boolean, reasons: readonly Reason[]): boolean {
    action.outputs.forEach((artifact, i) => {
      this.#digests[artifact] = { sha256: trace.outputs[i]!.sha256, size: trace.outputs[i]!.size };
      const inline = trace.outputs[i]!.inline;
      if (inline !== undefined) this.#hold(trace.outputs[i]!.sha256, inline);
    });
    const repaired: Reason[] = [];
    for (const artifact of action.outputs) {
      for (const path of this.graph.placedAt.get(artifact) ?? []) {
        const wrong = this.#misplaced(path, this.#digests[artifact]!);
        if (wrong === undefined) continue;
        repaired.push({ kind: "output", what: path, ...wrong });
        const bytes = this.#options.dryRun ? undefined : this.#find(artifact);
        if (this.#options.dryRun && this.#available(artifact)) continue;
        if (bytes === undefined) {
          this.#mustRun.set(action.id, { kind: "lost", what: path });
          return false;
        }
        const problem = this.#put(path, bytes, this.#digests[artifact]!);
        if (problem !== undefined) {
          this.#fail(action, [problem], repaired, key, 0);
          return true;
        }
      }
    }
    if (trace.remarks.length > 0) this.#remarks.set(action.id, trace.remarks);
    const state: ActionState = repaired.length > 0 || !fresh ? "restored" : this.#somethingRanBefore(action) ? "cut_off" : "fresh";
    this.#end(action, DONE, { state, reasons: [...reasons, ...repaired], key, durationMs: 0 });
    return true;
  }

  #somethingRanBefore(action: Action): boolean {
    return action.inputs.some((i) => {
      const p = this.graph.artifacts[i.artifact]!.producer;
      if (p < 0) return false;
      const state = this.#ended[p]?.state;
      return state === "ran" || state === "cut_off";
    });
  }

  #blockedBy(action: Action): Reason | undefined {
    for (const i of action.inputs) {
      const p = this.graph.artifacts[i.artifact]!.producer;
      if (p >= 0 && this.#status[p] === FAILED) return { kind: "dependency_failed", what: this.graph.actions[p]!.identity };
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
    if (this.#stopped || this.#world.signal.aborted) return this.#end(action, FAILED, { state: "failed", reasons: [{ kind: "dependency_failed", what: "the build was stopped" }], key: "", durationMs: 0 });
    const lost = action.inputs.find((i) => !this.#available(i.artifact));
    if (lost !== undefined && this.graph.artifacts[lost.artifact]!.producer >= 0) return this.#waitFor(action, lost.artifact);
    this.#status[action.id] = BUSY;
    void this.#queue.add(() => this.#run(action, base, reasons), { priority: this.#priority(action.id) });
  }

  #priority(action: ActionId): number {
    this.#priorities ??= criticalPaths(this.graph, (a) => this.#world.journal.get(this.graph.actions[a]!.identity)?.durationMs ?? 1);
    return this.#priorities[action] ?? 0;
  }

  /** Parks an action until a lost input has been made again. */
  #waitFor(action: Action, artifact: ArtifactId): void {
    const producer = this.graph.artifacts[artifact]!.producer;
    this.#status[action.id] = WAITING;
    this.#pending[action.id] = 1;
    if (this.#status[producer] === FAILED) {
      this.#ready.push(action.id);
      return;
    }
    const dependents = (this.#dependents[producer] ??= []);
    if (!dependents.includes(action.id)) dependents.push(action.id);
    this.#revive(producer, this.graph.artifacts[artifact]!.label);
  }

  #revive(producer: ActionId, what: string): void {
    if (this.#status[producer] !== DONE) return;
    this.#mustRun.set(producer, { kind: "lost", what: `content of ${what}` });
    this.#status[producer] = WAITING;
    this.#pending[producer] = 0;
    this.#ready.push(producer);
  }

  async #run(action: Action, base: string, reasons: readonly Reason[]): Promise<void> {
    const world = this.#world;
    const graph = this.graph;
    if (this.#stopped || world.signal.aborted) {
      this.#end(action, FAILED, { state: "failed", reasons: [{ kind: "dependency_failed", what: "the build was stopped" }], key: "", durationMs: 0 });
      return this.#settleReady();
    }
    world.emit({ type: "action_started", rule: action.spec.rule.id, label: action.label, reasons });
    const started = world.now();
    const inputs = action.inputs.map((i) => ({ field: i.field, name: i.name, digest: this.digest(i.artifact)!, load: () => this.#load(i.artifact) }));
    try {
      const done = await execute(action.spec, action.label, inputs, this.#discover(action), world.runProcess, world.signal);
      this.#complete(action, base, reasons, done, world.now() - started);
    } catch (e) {
      if (e instanceof LostInput) {
        if (graph.artifacts[e.artifact]!.producer >= 0) this.#waitFor(action, e.artifact);
        else this.#fail(action, [changedMeanwhile(graph.artifacts[e.artifact]!.source)], reasons, "", world.now() - started);
      } else {
        this.#bug ??= e;
        this.#stopped = true;
        this.#fail(action, [], reasons, "", 0);
      }
    }
    this.#settleReady();
  }

  #discover(action: Action): Discover {
    return (path) => {
      const at = normal(under(action.spec.root, path));
      const placed = this.graph.placements.get(at);
      if (placed !== undefined) return { refused: `it is made by ${this.graph.actions[this.graph.artifacts[placed]!.producer]!.identity}: declare that artifact as an input` };
      const state = this.#world.files.look(at);
      this.#world.files.seen.set(at, state);
      if (state.kind !== "file") return "missing";
      const bytes = this.#world.files.readExactly(at, state.digest);
      return bytes === undefined ? { refused: "it changed while the build was running; build again" } : { bytes, sha256: state.digest.sha256 };
    };
  }

  #complete(action: Action, base: string, reasons: readonly Reason[], done: Execution, durationMs: number): void {
    if (done.kind === "failed") return this.#fail(action, done.diagnostics, reasons, keyOf(base), durationMs);
    const outputs = done.outputs.map((bytes) => ({ ...digestOf(bytes), bytes }));
    const trace: Trace = {
      discovered: done.discovered,
      remarks: done.remarks,
      durationMs,
      outputs: outputs.map((o) => ({ sha256: o.sha256, size: o.size, inline: o.size <= INLINE_LIMIT ? o.bytes : undefined })),
    };
    const manifest = withDiscovered(base, done.discovered);
    const key = keyOf(manifest);
    action.outputs.forEach((artifact, i) => {
      this.#digests[artifact] = { sha256: outputs[i]!.sha256, size: outputs[i]!.size };
      this.#hold(outputs[i]!.sha256, outputs[i]!.bytes);
      if (outputs[i]!.size > INLINE_LIMIT) this.#world.cache.keep(outputs[i]!, outputs[i]!.bytes);
    });
    this.#world.cache.remember(keyOf(base), trace);
    this.#world.journal.put(action.identity, { ...trace, key, manifest });
    this.#mustRun.delete(action.id);
    if (done.remarks.length > 0) this.#remarks.set(action.id, done.remarks);
    for (const [i, artifact] of action.outputs.entries()) {
      for (const path of this.graph.placedAt.get(artifact) ?? []) {
        if (this.#misplaced(path, outputs[i]!) === undefined) continue;
        const problem = this.#put(path, outputs[i]!.bytes, outputs[i]!);
        if (problem !== undefined) return this.#fail(action, [problem], reasons, key, durationMs);
      }
    }
    this.#end(action, DONE, { state: "ran", reasons, key, durationMs });
  }

  #fail(action: Action, diagnostics: readonly Diagnostic[], reasons: readonly Reason[], key: string, durationMs: number): void {
    this.#failures.set(action.id, diagnostics);
    if (!this.#options.keepGoing) this.#stopped = true;
    this.#end(action, FAILED, { state: "failed", reasons, key, durationMs });
  }

  #end(action: Action, status: Status, ended: Ended): void {
    const again = this.#ended[action.id] !== undefined;
    this.#status[action.id] = status;
    this.#ended[action.id] = again && ended.state !== "failed" ? { ...ended, state: ended.state === "fresh" ? this.#ended[action.id]!.state : ended.state } : ended;
    if (ended.state !== "fresh") this.#world.emit({ type: "action_ended", ...this.#outcome(action, ended) });
    for (const d of this.#dependents[action.id] ?? []) {
      if (this.#status[d] !== WAITING) continue;
      this.#pending[d]! -= 1;
      if (this.#pending[d]! <= 0) this.#ready.push(d);
    }
    if (this.#waiters.length === 0) return;
    for (const w of this.#waiters) if (w.actions.delete(action.id)) w.left -= 1;
    const over = this.#waiters.filter((w) => w.left === 0);
    if (over.length === 0) return;
    this.#waiters = this.#waiters.filter((w) => w.left > 0);
    for (const w of over) w.resolve();
  }

  #outcome(action: Action, e: Ended): ActionOutcome {
    return { rule: action.spec.rule.id, label: action.label, state: e.state, reasons: e.reasons, key: e.key, duration_ms: Math.round(e.durationMs) };
  }

  // ---- content -----------------------------------------------------------------------------------

  #hold(sha256: string, bytes: Uint8Array): void {
    if (this.#made.has(sha256) || this.#madeSize + bytes.length > MEMORY_LIMIT) return;
    this.#made.set(sha256, bytes);
    this.#madeSize += bytes.length;
  }

  #load(artifact: ArtifactId): Uint8Array {
    const bytes = this.#find(artifact);
    if (bytes === undefined) throw new LostInput(artifact);
    return bytes;
  }

  #find(artifact: ArtifactId): Uint8Array | undefined {
    const node = this.graph.artifacts[artifact]!;
    const digest = this.digest(artifact);
    if (digest === undefined) return undefined;
    if (node.producer < 0) return this.#world.files.readExactly(node.source, digest);
    const held = this.#made.get(digest.sha256) ?? (digest.size === 0 ? new Uint8Array(0) : undefined);
    if (held !== undefined) return held;
    for (const path of this.graph.placedAt.get(artifact) ?? []) {
      const bytes = this.#world.files.entry(path)?.sha256 === digest.sha256 ? this.#world.files.readExactly(path, digest) : undefined;
      if (bytes !== undefined) return bytes;
    }
    const bytes = this.#world.cache.content(digest);
    if (bytes !== undefined) this.#hold(digest.sha256, bytes);
    return bytes;
  }

  /** Cheap and hopeful: what turns out lost while it is read is made again then. */
  #available(artifact: ArtifactId): boolean {
    const node = this.graph.artifacts[artifact]!;
    const digest = this.digest(artifact);
    if (digest === undefined) return false;
    if (node.producer < 0 || digest.size === 0 || this.#made.has(digest.sha256)) return true;
    if ((this.graph.placedAt.get(artifact) ?? []).some((p) => this.#misplaced(p, digest) === undefined)) return true;
    return this.#world.cache.holds(digest);
  }

  // ---- outputs in place --------------------------------------------------------------------------

  /** What is wrong with the file at `path`, or undefined when it is exactly this content. */
  #misplaced(path: string, digest: Digest): { old?: string; new: string } | undefined {
    const state = this.#world.files.look(path);
    if (state.kind === "file") return state.digest.sha256 === digest.sha256 ? undefined : { old: state.digest.sha256, new: digest.sha256 };
    return { new: digest.sha256 };
  }

  #put(path: string, bytes: Uint8Array, digest: Digest): Diagnostic | undefined {
    const done = attempt(() => placeAtomic(this.#world.disk, path, (temp) => this.#world.disk.write(temp, bytes)));
    if (!done.ok) {
      this.#world.files.forget(path);
      return { code: "GRAPH_OUTPUT_WRITE_FAILED", severity: "error", stage: "run", message: `cannot write ${path}: ${done.error.code}`, data: { path, error: done.error.message }, hint: "check the folder's permissions and free space", place: { file: path } };
    }
    this.#world.files.written(path, bytes, digest);
    this.#world.emit({ type: "output_placed", path, how: "written" });
    return undefined;
  }

  /** Placements declared after their action had ended (an artifact first needed as a value, then placed). */
  #placeAll(artifact: ArtifactId): "placed" | "lost" {
    const paths = this.graph.placedAt.get(artifact);
    const producer = this.graph.artifacts[artifact]!.producer;
    if (paths === undefined || this.#options.dryRun) return "placed";
    if (producer >= 0 && this.#status[producer] !== DONE) return "placed";
    const digest = this.digest(artifact);
    if (digest === undefined) return "placed";
    for (const path of paths) {
      const wrong = this.#misplaced(path, digest);
      if (wrong === undefined) continue;
      const bytes = this.#find(artifact);
      const problem = bytes === undefined ? undefined : this.#put(path, bytes, digest);
      if (producer < 0) continue;
      const action = this.graph.actions[producer]!;
      if (problem !== undefined) this.#fail(action, [problem], [], this.#ended[producer]?.key ?? "", 0);
      else if (bytes === undefined) {
        this.#revive(producer, path);
        return "lost";
      } else if (this.#ended[producer]?.state === "fresh" || this.#ended[producer]?.state === "cut_off") {
        this.#ended[producer] = { ...this.#ended[producer]!, state: "restored", reasons: [{ kind: "output", what: path, ...wrong }] };
      }
    }
    return "placed";
  }

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
