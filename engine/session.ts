// One goal from plan to answer: opens the workspace's state, lets the plan ask, saves what was learned and says what the
// answer depends on. Knows nothing of argv, reports or printing.

import { availableParallelism } from "node:os";
import { backedByMemory, type Cache, memoryCache } from "./cache/cache.ts";
import type { CacheDesk } from "./cache/desk.ts";
import type { Farther, Traffic } from "./cache/farther.ts";
import type { LiveAction } from "./cache/live.ts";
import { type LocalCache, localCache } from "./cache/local.ts";
import { processRuns } from "./cache/running.ts";
import type { Diagnostic, Result } from "./diagnostic.ts";
import { fail, ok } from "./diagnostic.ts";
import type { ActionOutcome, Counts, EventSink } from "./event.ts";
import { Build, type OutputsMode } from "./build.ts";
import type { RunProcess } from "./execute.ts";
import { Files } from "./files.ts";
import type { FileDigest, GoalAnswer, PlanContext, PlanFile } from "./goal.ts";
import { type ArtifactId, Graph } from "./graph.ts";
import { attempt, COARSE_TICK_MS, type Disk, type DiskError, type Stat, writeAtomic } from "./host/disk.ts";
import { Journal } from "./journal.ts";
import { Leftovers } from "./leftovers.ts";
import { type Digest, loadDigest } from "./lib/digest.ts";
import { loadFingerprint } from "./lib/fingerprint.ts";
import { foldersAbove, holds, normal, under } from "./lib/path.ts";
import { Programs } from "./programs.ts";
import type { Trace, TracedOutput } from "./trace.ts";
import { type Artifact, file, type Placement } from "./rule.ts";
import { STATE_FOLDER } from "./state.ts";

export interface SessionOptions {
  readonly jobs: number | undefined;
  readonly keepGoing: boolean;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly noCache: boolean;
  /** Absolute, or relative to the working directory. */
  readonly cacheDir: string;
  readonly cacheMaxBytes: number;
  readonly outputs: OutputsMode;
  readonly provider: "native" | "embedded" | "auto";
  readonly code: string;
}

export interface SessionWorld {
  readonly disk: Disk;
  readonly cwd: string;
  readonly env: { readonly [name: string]: string | undefined };
  readonly now: () => number;
  /** Lets this many milliseconds pass; default: the thread really waits. */
  readonly sleep?: (ms: number) => void;
  readonly runProcess: RunProcess;
  /** Turns signals to this process into a request to stop; absent: nobody asks. */
  readonly attend?: PlanContext["attend"];
  readonly emit: EventSink;
  readonly signal: AbortSignal;
  /** Whether a process of this machine still runs; default: the system is asked. */
  readonly alive?: (pid: number) => boolean;
  /** What an earlier answer to the same words had put in place: path -> sha256. */
  readonly formerOutputs?: (() => ReadonlyMap<string, string>) | undefined;
  /** Opens the cache that is shared with others, where there is one. */
  readonly farther?: ((near: Cache, onProblem: (d: Diagnostic) => void) => Promise<Farther | undefined>) | undefined;
}

/** One thing of the world that the answer depends on, as it was. */
export interface Dependency {
  readonly path: string;
  readonly kind: "source" | "output" | "dir" | "missing" | "present" | "above";
  /** For a folder that a glob listed: its stat from before it was listed. */
  readonly stat?: Stat | undefined;
  /** What the globs that listed it have found, there or elsewhere. */
  readonly found?: readonly string[] | undefined;
}

export interface GoalRun {
  readonly answer: GoalAnswer;
  readonly counts: Counts;
  readonly actions: readonly ActionOutcome[];
  /** What was found damaged and lived without. */
  readonly recovered: readonly Diagnostic[];
  /** What the answer depends on, or undefined when it must not be replayed. */
  readonly dependencies: readonly Dependency[] | undefined;
  /** Every path that was looked at, for --watch. */
  readonly watched: readonly string[];
  readonly env: readonly (readonly [string, string | undefined])[];
  /** Placed outputs with their digests, and their content where it is small. */
  readonly outputs: readonly (readonly [string, TracedOutput])[];
  /** The remembered results behind the answer. */
  readonly live: readonly LiveAction[];
  /** What was asked of a shared cache, where there is one. */
  readonly traffic: Traffic | undefined;
}

export type Plan = (context: PlanContext) => Promise<GoalAnswer>;

/** State that outlives a single goal in one process (`--watch` builds again and again with it). */
export class Session {
  readonly #world: SessionWorld;
  readonly #options: SessionOptions;
  readonly files: Files;
  readonly #programs: Programs | undefined;
  readonly #journal: Journal;
  readonly #local: LocalCache | undefined;
  #cache: Cache;
  #farther: Farther | undefined;
  readonly #recovered: Diagnostic[] = [];
  readonly #leftovers: Leftovers;
  #opened = false;
  #journalOpen = false;
  #stateWritable = true;
  /** What is wrong now is not worth a word. */
  #silent = false;

  constructor(world: SessionWorld, options: SessionOptions) {
    this.#world = world;
    this.#options = options;
    this.#programs = options.noCache ? undefined : new Programs(world.disk, options.cacheDir, world.now);
    this.files = new Files(world.disk, world.now, this.#programs);
    this.#journal = new Journal(world.disk, `${STATE_FOLDER}/journal`);
    this.#leftovers = new Leftovers(world.disk, STATE_FOLDER);
    const { cacheDir, cacheMaxBytes, dryRun } = options;
    const local = { onProblem: (d: Diagnostic) => this.#recover(d), readOnly: dryRun, maxBytes: cacheMaxBytes, now: world.now, alive: world.alive ?? processRuns };
    this.#local = options.noCache ? undefined : localCache(world.disk, cacheDir, local);
    this.#cache = this.#local ?? memoryCache();
  }

  async #open(): Promise<void> {
    if (this.#opened) return this.files.unsettle();
    this.#opened = true;
    await Promise.all([loadFingerprint(), loadDigest()]);
    const known = attempt(() => this.#world.disk.read(`${STATE_FOLDER}/files`));
    if (known.ok && !this.files.load(known.value)) {
      this.#recover({ code: "GRAPH_STATE_DROPPED", severity: "warning", stage: "run", message: "the table of known files is damaged or of another version; it was dropped", hint: "nothing to do: every file is read again", place: { file: `${STATE_FOLDER}/files` } });
    }
    await this.#openFarther();
  }

  /** Read when something is first built: goals that build nothing do without it. */
  #openJournal(): void {
    if (this.#journalOpen) return;
    this.#journalOpen = true;
    this.#journal.open();
    for (const d of this.#journal.recovered) this.#recover(d);
  }

  /** A dry run changes nothing, not even the near cache, and so asks nobody. */
  async #openFarther(): Promise<void> {
    if (this.#world.farther === undefined || this.#options.noCache || this.#options.dryRun) return;
    this.#cache = backedByMemory(this.#cache);
    this.#farther = await this.#world.farther(this.#cache, (d) => this.#recover(d));
  }

  #recover(diagnostic: Diagnostic): void {
    if (this.#silent) return;
    this.#recovered.push(diagnostic);
    this.#world.emit({ type: "recovered", diagnostic });
  }

  /** Runs the plan; when a source changed under its feet it starts over, at most twice. What it used is its own until `end`. */
  async run(goal: string, plan: Plan): Promise<GoalRun> {
    await this.#open();
    this.#world.emit({ type: "goal_started", goal });
    const started = this.#world.now();
    for (let attempts = 0; ; attempts++) {
      const run = new PlanRun(this.#world, this.#options, this.files, this.#journal, this.#cache, this.#farther, () => this.#beginBuilding());
      const answer = await plan(run.context);
      const changed = answer.diagnostics.some((d) => d.code === "GRAPH_SOURCE_CHANGED");
      if (changed && attempts < 2 && !this.#world.signal.aborted) {
        this.files.unsettle();
        continue;
      }
      const failed = answer.diagnostics.some((d) => d.severity === "error");
      if (failed) run.withdrawFormer();
      const counts = run.counts();
      const dependencies = await this.#save(run, counts.total > 0 || this.#recovered.length > 0);
      const traffic = await this.#farther?.settle();
      if (!this.#options.dryRun) this.#leftovers.end([...run.placements(), `${STATE_FOLDER}/files`, `${STATE_FOLDER}/goals/x`, `${STATE_FOLDER}/live/x`]);
      this.#world.emit({ type: "goal_ended", goal, exit_code: failed ? 1 : 0, counts, duration_ms: Math.round(this.#world.now() - started) });
      return { answer, counts, actions: run.outcomes(), recovered: this.#recovered, dependencies: failed ? undefined : dependencies, watched: run.dependencies().map((d) => d.path), env: run.env(), outputs: run.outputs(), live: run.live(), traffic };
    }
  }

  /**
   * Keeps an answer beside the results that it stands on, if it can: an answer saves time and nothing else, so whatever is
   * wrong with one is not worth a word. A cache that others share is not asked for answers, and gets none.
   */
  keepAnswer(key: string, trace: Trace, content: Uint8Array): boolean {
    const cache = this.#local;
    if (cache === undefined || this.#farther !== undefined || this.#options.dryRun) return false;
    this.#silent = true;
    const output = trace.outputs[0]!;
    if (output.inline === undefined) cache.keep(output, content);
    const kept = cache.remember(key, trace);
    this.#silent = false;
    return kept;
  }

  /** Nothing more of this answer is asked for or kept: others may make room in the cache. */
  end(): void {
    this.#cache.close();
  }

  #beginBuilding(): void {
    this.#openJournal();
    if (!this.#options.dryRun) this.#leftovers.begin(this.#world.alive ?? processRuns);
  }

  /** Writes journal and file table; gives the dependencies once the clock has moved past every young stamp. */
  async #save(run: PlanRun, worthKeeping: boolean): Promise<Dependency[] | undefined> {
    if (this.#options.dryRun) return undefined;
    const paths = run.dependencies().filter((d) => d.kind === "source" || d.kind === "output").map((d) => d.path);
    if (this.files.anyRacy(paths) || run.anyYoungDir()) this.#waitForTheClock();
    const steady = this.files.confirm(paths).length === 0 && (await run.steady());
    this.#programs?.save();
    if (worthKeeping && this.#stateWritable) {
      const saved = attempt(() => {
        this.#world.disk.makeDirs(STATE_FOLDER);
        this.#journal.flush();
        if (this.files.changed) writeAtomic(this.#world.disk, `${STATE_FOLDER}/files`, this.files.encode());
        this.files.changed = false;
      });
      if (!saved.ok) {
        this.#stateWritable = false;
        this.#recover(stateUnwritable(saved.error));
      }
    }
    return steady && this.#stateWritable ? run.dependencies() : undefined;
  }

  #waitForTheClock(): void {
    (this.#world.sleep ?? reallySleep)(COARSE_TICK_MS + 1);
  }
}

function unattended<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  return work(new AbortController().signal);
}

function reallySleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function stateUnwritable(e: DiskError): Diagnostic {
  return { code: "GRAPH_STATE_UNWRITABLE", severity: "warning", stage: "run", message: `the build's memory in ${STATE_FOLDER} cannot be written: ${e.code}`, hint: "the outputs are right; the next build will check more", place: { file: e.path } };
}

/** A glob as this build saw it: what matched, and every folder that was listed with its stamp. */
interface GlobSeen {
  readonly patterns: readonly string[];
  readonly folder: string;
  readonly links: "follow" | "skip" | "names";
  readonly paths: readonly string[];
  readonly dirs: ReadonlyMap<string, Stat | undefined>;
}

/** One execution of a plan: its graph, its build and what it asked of the world. */
class PlanRun {
  readonly #world: SessionWorld;
  readonly #options: SessionOptions;
  readonly #files: Files;
  readonly #graph = new Graph();
  readonly #build: Build;
  readonly #seen = new Map<string, Dependency["kind"]>();
  #globs: GlobSeen[] = [];
  readonly #env = new Map<string, string | undefined>();
  #volatile = false;
  #writes = false;
  readonly #beginBuilding: () => void;
  readonly #dryRun: boolean;
  readonly context: PlanContext;

  constructor(world: SessionWorld, options: SessionOptions, files: Files, journal: Journal, cache: Cache, farther: Farther | undefined, beginBuilding: () => void) {
    this.#world = world;
    this.#beginBuilding = beginBuilding;
    this.#options = options;
    this.#files = files;
    this.#dryRun = options.dryRun;
    const jobs = options.jobs ?? availableParallelism();
    const { disk, runProcess, emit, now, signal, formerOutputs } = world;
    this.#build = new Build(this.#graph, { disk, files, journal, cache, farther, runProcess, emit, now, signal, formerOutputs }, { ...options, jobs });
    this.context = {
      need: (a) => this.#need(a),
      needAll: (all) => this.#valuesAtOnce(all) ?? Promise.all(all.map((a) => this.#need(a))),
      build: (all) => this.#buildAll(all),
      digest: (a) => this.#digest(a),
      read: (path) => this.#read(path),
      look: (path) => this.#look(path),
      probe: (path) => this.#probe(path),
      glob: (patterns, folder, links) => this.#glob(typeof patterns === "string" ? [patterns] : patterns, folder ?? ".", links ?? "follow"),
      clear: (folder, keep) => this.#clear(folder, keep),
      env: (name) => this.#envOf(name),
      findProgram: (name) => this.#findProgram(name),
      remarks: (all) => this.#build.remarksBehind(this.#ids(all)),
      volatile: () => void (this.#volatile = true),
      cache: () => ((this.#volatile = true), this.#desk()),
      say: (line, data) => world.emit({ type: "said", line, ...(data !== undefined && { data }) }),
      attend: (work) => (world.attend ?? unattended)(work),
      engine: { provider: options.provider, dryRun: options.dryRun, force: options.force, cwd: world.cwd },
    };
  }

  counts(): Counts {
    return this.#build.counts();
  }

  outcomes(): ActionOutcome[] {
    return this.#build.outcomes();
  }

  env(): (readonly [string, string | undefined])[] {
    return [...this.#env];
  }

  placements(): Iterable<string> {
    return this.#graph.placements.keys();
  }

  /** What the goal made before it failed in this place, and did not come to again: nobody shall take it for made of what is there now. */
  withdrawFormer(): void {
    if (this.#dryRun || this.#world.signal.aborted) return;
    const sources = new Set(this.dependencies().flatMap((d) => (d.kind === "source" ? [d.path] : [])));
    for (const [path, sha256] of this.#world.formerOutputs?.() ?? []) {
      if (this.#graph.placements.has(path) || sources.has(path)) continue;
      const state = this.#files.look(path);
      if (state.kind !== "file" || state.digest.sha256 !== sha256 || !attempt(() => this.#world.disk.remove(path)).ok) continue;
      this.#files.forget(path);
      this.#world.emit({ type: "output_removed", path });
    }
  }

  live(): LiveAction[] {
    return this.#build.live();
  }

  /** With minimal outputs a placement may be a place where nothing is. */
  #inPlace(path: string): boolean {
    return this.#options.outputs !== "minimal" || this.#files.look(path).kind !== "missing";
  }

  async #desk(): Promise<CacheDesk> {
    const { cacheDesk } = await import("./cache/desk.ts");
    return cacheDesk(this.#world.disk, this.#options.cacheDir, { maxBytes: this.#options.cacheMaxBytes, now: this.#world.now, alive: this.#world.alive ?? processRuns });
  }

  outputs(): (readonly [string, TracedOutput])[] {
    const all: [string, TracedOutput][] = [];
    for (const [path, id] of this.#graph.placements) {
      if (!this.#inPlace(path)) continue;
      const output = this.#build.lacks(id) ? undefined : this.#build.output(id);
      if (output !== undefined) all.push([path, output]);
    }
    return all;
  }

  dependencies(): Dependency[] {
    const all = new Map<string, Dependency["kind"]>(this.#seen);
    for (const [path, state] of this.#files.seen) all.set(path, state.kind === "file" ? "source" : state.kind === "missing" ? "missing" : "present");
    for (const a of this.#graph.artifacts) if (a.source !== "" && !all.has(a.source)) all.set(a.source, this.#files.look(a.source).kind === "file" ? "source" : "missing");
    for (const path of this.#graph.placements.keys()) all.set(path, this.#inPlace(path) ? "output" : "missing");
    const above = foldersAbove(this.#graph.placements.keys());
    for (const path of this.#seen.keys()) if (above.has(path) && this.#world.disk.stat(path)?.kind === "dir") all.set(path, "above");
    const listed = new Map(this.#globs.flatMap((g) => [...g.dirs]));
    for (const dir of listed.keys()) all.set(dir, "dir");
    const found = (dir: string) => this.#globs.flatMap((g) => (g.dirs.has(dir) ? g.paths : []));
    return [...all].map(([path, kind]) => (kind === "dir" ? { path, kind, stat: listed.get(path), found: found(path) } : { path, kind }));
  }

  /** False when the answer must not be replayed: a stat cannot check all it used, or the world has moved since. */
  async steady(): Promise<boolean> {
    if (this.#volatile || this.#graph.problems.length > 0) return false;
    // Why something could not be read is more than a stat tells.
    for (const state of this.#files.seen.values()) if (state.kind === "unreadable") return false;
    const before = this.#globs;
    this.#globs = [];
    for (const glob of before) {
      const again = await this.#expand(glob.patterns, glob.folder, glob.links);
      if (again.paths.join("\0") !== glob.paths.join("\0")) return false;
    }
    return true;
  }

  /** Directories whose stamps are so young that a file could still slip in unseen. */
  anyYoungDir(): boolean {
    return this.#globs.some((g) => [...g.dirs.values()].some((s) => s !== undefined && this.#world.disk.grainMs(s) > 0 && this.#world.now() - s.ctimeMs < this.#world.disk.grainMs(s)));
  }

  // ---- artifacts ---------------------------------------------------------------------------------

  async #need<T>(like: Artifact<T> | Placement<T>): Promise<Result<T>> {
    const built = await this.#buildAll([like]);
    if (!built.ok) return built;
    const artifact: Artifact<T> = like.type === "placement" ? like.artifact : like;
    const id = this.#ids([artifact])[0]!;
    const bytes = await this.#build.content(id);
    if (bytes === undefined) return fail(this.#failures([id]));
    return ok(artifact.decode(bytes));
  }

  /** Where nothing must run: plans that ask for hundreds of values, one after the other, need not wait for each. */
  #valuesAtOnce<T>(all: readonly Artifact<T>[]): Result<T>[] | undefined {
    const before = this.#graph.problems.length;
    const ids = this.#ids(all);
    const problems = this.#graph.problems.slice(before);
    if (problems.length > 0) return all.map(() => fail(problems));
    if (ids.length < all.length || ids.length === 0) return undefined;
    if (!this.#writes) this.#beginBuilding();
    this.#writes = true;
    if (!this.#build.demandAtOnce(ids)) return undefined;
    const values: Result<T>[] = [];
    for (const [i, id] of ids.entries()) {
      const bytes = this.#build.lacks(id) ? undefined : this.#build.contentAtOnce(id);
      if (bytes === undefined) return undefined;
      values.push(ok(all[i]!.decode(bytes)));
    }
    return values;
  }

  async #buildAll(all: readonly (Artifact<unknown> | Placement<unknown>)[]): Promise<Result<void>> {
    const problemsBefore = this.#graph.problems.length;
    this.#graph.announce(all.filter((a): a is Placement<unknown> => a.type === "placement"));
    const ids = this.#ids(all);
    const found = this.#graph.problems.slice(problemsBefore);
    const problems = found.length > 0 ? found : this.#overRead(all);
    if (problems.length > 0) return fail(problems);
    if (!this.#writes && ids.length > 0) this.#beginBuilding();
    this.#writes ||= ids.length > 0;
    await this.#build.demand(ids);
    return ids.some((id) => this.#build.lacks(id)) ? fail(this.#failures(ids)) : ok(undefined);
  }

  /** What the plan itself has read is a source too: nothing is put in its place. */
  #overRead(all: readonly (Artifact<unknown> | Placement<unknown>)[]): Diagnostic[] {
    const places = all.flatMap((a) => (a.type === "placement" ? [normal(a.path)] : []));
    const read = places.filter((path) => this.#files.seen.get(path)?.kind === "file");
    return read.map((path) => ({ code: "GRAPH_OUTPUT_IS_SOURCE", severity: "error", stage: "parse", message: `${path} is read as a source and written as an output`, data: { path }, hint: "give the output another path", place: { file: path } }));
  }

  #failures(ids: readonly ArtifactId[]): Diagnostic[] {
    const found = this.#build.failuresBehind(ids);
    for (const id of ids) {
      const node = this.#graph.artifacts[id]!;
      if (node.producer < 0 && this.#build.digest(id) === undefined) found.push({ code: "GRAPH_INPUT_MISSING", severity: "error", stage: "parse", message: `${node.source} does not exist or cannot be read`, data: { path: node.source }, hint: "create it, or correct the path", place: { file: node.source } });
    }
    if (found.length > 0) return found;
    if (this.#dryRun) return [{ code: "GRAPH_DRY_RUN", severity: "info", stage: "run", message: "what follows from here depends on what a dry run does not make" }];
    const stopped = this.#world.signal.aborted ? "the build was stopped" : "the build ended before this was made";
    return [{ code: "GRAPH_STOPPED", severity: "error", stage: "run", message: stopped, hint: "build again" }];
  }

  #ids(all: readonly (Artifact<unknown> | Placement<unknown>)[]): ArtifactId[] {
    const ids: ArtifactId[] = [];
    for (const a of all) {
      const id = this.#graph.intern(a);
      if (id !== undefined) ids.push(id);
    }
    return ids;
  }

  #digest(artifact: Artifact<unknown>): Digest | undefined {
    const id = this.#graph.intern(artifact);
    return id === undefined ? undefined : this.#build.digest(id);
  }

  // ---- the world ---------------------------------------------------------------------------------

  #read(path: string): PlanFile {
    const at = normal(path);
    const looked = this.#look(at);
    if (!looked.ok) return looked;
    const bytes = this.#files.readExactly(at, { sha256: looked.digest.sha256, size: looked.digest.bytes_len });
    if (bytes === undefined) return { ok: false, code: "EAGAIN", error: `${at} changed while it was read` };
    return { ok: true, bytes, digest: { ...looked.digest, path } };
  }

  #look(path: string): { readonly ok: true; readonly digest: FileDigest } | { readonly ok: false; readonly code: string; readonly error: string } {
    const at = normal(path);
    const state = this.#files.look(at);
    this.#files.seen.set(at, state);
    if (state.kind === "file") return { ok: true, digest: { path, sha256: state.digest.sha256, bytes_len: state.digest.size } };
    return state.kind === "missing" ? { ok: false, code: "ENOENT", error: "No such file or directory" } : { ok: false, code: state.code, error: state.message };
  }

  #probe(path: string): "file" | "dir" | "other" | "missing" {
    const at = normal(path);
    const kind = this.#files.peek(at)?.kind ?? "missing";
    if (!this.#seen.has(at)) this.#seen.set(at, kind === "missing" ? "missing" : "present");
    return kind;
  }

  #clear(folder: string, keep: readonly string[]): Result<void> {
    this.#volatile = true;
    const at = normal(folder);
    const refused = (why: string): Result<void> => fail([{ code: "GRAPH_CLEAR_REFUSED", severity: "error", stage: "run", message: `${folder} is not removed: ${why}`, data: { path: folder }, hint: "name a folder that holds outputs alone", place: { file: folder } }]);
    const absolute = normal(under(this.#world.cwd, at));
    if (holds(absolute, normal(this.#world.cwd))) return refused("it holds the working directory");
    const read = [...this.#files.seen].flatMap(([path, state]) => (state.kind === "file" ? [path] : []));
    const held = [...read, ...keep].find((path) => holds(absolute, normal(under(this.#world.cwd, path))));
    if (held !== undefined) return refused(`it holds ${held}, which this goal reads`);
    if (this.#dryRun) return ok(undefined);
    const done = attempt(() => this.#world.disk.removeTree(at));
    this.#files.unsettleBelow(at);
    if (done.ok) return ok(undefined);
    return fail([{ code: "GRAPH_CLEAR_FAILED", severity: "error", stage: "run", message: `${folder} cannot be removed: ${done.error.message}`, data: { path: folder, error: done.error.message }, hint: "check permissions, or remove it by hand", place: { file: folder } }]);
  }

  #envOf(name: string): string | undefined {
    const value = this.#world.env[name];
    this.#env.set(name, value);
    return value;
  }

  #findProgram(name: string): string | undefined {
    if (name.includes("/")) {
      const path = name.startsWith("/") ? name : under(this.#world.cwd, name);
      return this.#probe(path) === "file" ? path : undefined;
    }
    for (const dir of (this.#envOf("PATH") ?? "").split(":")) {
      if (dir === "") continue;
      const path = under(dir, name);
      if (this.#probe(path) === "file" && ((this.#world.disk.stat(path)?.mode ?? 0) & 0o111) !== 0) return path;
    }
    return undefined;
  }

  async #glob(patterns: readonly string[], folder: string, links: GlobSeen["links"]): Promise<Artifact[]> {
    const found = await this.#expand(patterns, folder, links);
    return found.paths.map((path) => file(path));
  }

  async #expand(patterns: readonly string[], folder: string, links: GlobSeen["links"]): Promise<GlobSeen> {
    const { expand } = await import("./glob.ts");
    const dirs = new Map<string, Stat | undefined>();
    const paths = expand(this.#world.disk, patterns, folder, links, (dir) => void dirs.set(dir, this.#world.disk.stat(dir)));
    const seen = { patterns, folder, links, paths, dirs };
    this.#globs.push(seen);
    return seen;
  }
}
