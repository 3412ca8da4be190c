// Random histories of a workspace as plain data, and the run of one: after every build the outputs are those of a clean
// build, what cannot be made failed, and a second build has nothing to do.

import { answerKey, discoveredOf } from "../../engine/answer.ts";
import { takeFrom } from "../../engine/answer-find.ts";
import { entriesOf, finished, portable, resultOf } from "../../engine/answer-keep.ts";
import { cacheDesk } from "../../engine/cache/desk.ts";
import { foundName, livePath, liveText, writeLive } from "../../engine/cache/live.ts";
import { remoteOver } from "../../engine/cache/remote/remote.ts";
import type { ActionOutcome, Counts } from "../../engine/event.ts";
import { attempt, writeAtomic } from "../../engine/host/disk.ts";
import { utf8 } from "../../engine/lib/bytes.ts";
import { sha256Hex } from "../../engine/lib/digest.ts";
import type { GoalRun, Session } from "../../engine/session.ts";
import { type Faults, memoryStore } from "../rig/cache-server.ts";
import { Crash, type MemoryDisk } from "../rig/memory-disk.ts";
import { type BuildSettings, type Built, buildWith, World } from "../rig/world.ts";
import { cleanBuild, type GraphSpec, hooks, planOf, randomGraph, randomText, SOURCES, type Sources } from "./model.ts";
import { type Seeded, seeded } from "./seeded.ts";

export type Step =
  | { readonly do: "build"; readonly jobs: number; readonly keepGoing: boolean; readonly force: boolean; readonly noCache: boolean }
  | { readonly do: "dry-run" }
  | { readonly do: "two-builds" }
  | { readonly do: "crash"; readonly at: number }
  | { readonly do: "abort"; readonly at: number }
  | { readonly do: "full-disk"; readonly bytes: number }
  | { readonly do: "edit-while-building"; readonly at: number; readonly file: string; readonly text: string }
  | { readonly do: "edit"; readonly file: string; readonly text: string }
  | { readonly do: "edit-unseen"; readonly file: string }
  | { readonly do: "revert"; readonly file: string }
  | { readonly do: "touch" | "delete"; readonly file: string }
  | { readonly do: "tamper" | "tamper-unseen" | "delete-output"; readonly which: number }
  | { readonly do: "delete-outputs" | "lose-state" | "lose-cache" | "lose-files" }
  | { readonly do: "flip"; readonly where: "state" | "cache"; readonly file: number; readonly at: number; readonly bit: number }
  | { readonly do: "cut"; readonly where: "state" | "cache"; readonly file: number; readonly at: number }
  | { readonly do: "glue"; readonly node: number; readonly glue: string }
  | { readonly do: "place"; readonly node: number; readonly path: string | undefined }
  | { readonly do: "share"; readonly with: "nobody" | "read" | "read-write"; readonly faults: Faults }
  | { readonly do: "rot-shared"; readonly which: number; readonly at: number; readonly bit: number }
  | { readonly do: "mix-shared"; readonly which: number; readonly with: number }
  | { readonly do: "clone" }
  | { readonly do: "archive"; readonly spoilt: number | undefined }
  | { readonly do: "gc"; readonly bytes: number }
  | { readonly do: "outputs"; readonly mode: "minimal" | "toplevel" | "all" }
  | { readonly do: "new-code"; readonly code: string }
  | { readonly do: "wait"; readonly ms: number };

export interface History {
  readonly tick: number;
  readonly fine?: boolean;
  readonly graph: GraphSpec;
  readonly files: { readonly [name: string]: string };
  readonly steps: readonly Step[];
}

export function randomHistory(seed: number): History {
  const r = seeded(seed);
  const files: { [name: string]: string } = {};
  for (const name of SOURCES) if (r.chance(name === "extra" ? 30 : 85)) files[name] = randomText(r);
  const graph = randomGraph(r);
  const steps: Step[] = [];
  for (let n = 4 + r.below(10); n > 0; n--) steps.push(...randomSteps(r, graph));
  steps.push(plainBuild);
  return { tick: r.pick([0.001, 1, 4, 10]), fine: r.chance(40), graph, files, steps };
}

const plainBuild: Step = { do: "build", jobs: 2, keepGoing: true, force: false, noCache: false };

function randomSteps(r: Seeded, graph: GraphSpec): Step[] {
  const steps: Step[] = [];
  for (let n = r.below(3); n > 0; n--) steps.push(randomChange(r, graph));
  if (r.chance(50)) steps.push({ do: "wait", ms: r.pick([0.01, 3, 12, 100]) });
  steps.push(randomBuild(r));
  return steps;
}

function randomBuild(r: Seeded): Step {
  const kind = r.below(20);
  if (kind === 0) return { do: "two-builds" };
  if (kind <= 2) return { do: "crash", at: r.below(40) };
  if (kind === 3) return { do: "abort", at: r.below(5) };
  if (kind === 4) return { do: "edit-while-building", at: r.below(5), file: r.pick(SOURCES), text: randomText(r) };
  if (kind === 5) return { do: "dry-run" };
  if (kind === 6) return { do: "full-disk", bytes: r.below(4000) };
  return { do: "build", jobs: 1 + r.below(4), keepGoing: r.chance(80), force: r.chance(5), noCache: r.chance(8) };
}

function randomChange(r: Seeded, graph: GraphSpec): Step {
  const file = r.pick(SOURCES);
  const where = r.pick(["state", "cache"] as const);
  const node = r.below(graph.nodes.length);
  switch (r.below(30)) {
    case 0: return { do: "touch", file };
    case 1: return { do: "delete", file };
    case 2: case 3: return { do: "revert", file };
    case 4: case 5: return { do: "edit-unseen", file };
    case 6: return { do: "tamper", which: r.below(99) };
    case 7: return { do: "tamper-unseen", which: r.below(99) };
    case 8: return { do: "delete-output", which: r.below(99) };
    case 9: return { do: r.pick(["delete-outputs", "lose-state", "lose-cache", "lose-files"] as const) };
    case 10: case 11: return { do: "flip", where, file: r.below(999), at: r.below(99999), bit: r.below(8) };
    case 12: return { do: "cut", where, file: r.below(999), at: r.below(99999) };
    case 13: return { do: "glue", node, glue: r.pick(["", "-", "+"]) };
    case 14: return { do: "place", node, path: r.chance(60) ? `out/new/${node}` : undefined };
    case 16: case 17: return { do: "share", with: r.pick(["nobody", "read", "read-write", "read-write"] as const), faults: r.chance(50) ? {} : { corrupt: r.below(30), wrong: r.below(20), error: r.below(20), lose: r.below(30), full: r.chance(10) } };
    case 18: return { do: "rot-shared", which: r.below(999), at: r.below(99999), bit: r.below(8) };
    case 19: return { do: "mix-shared", which: r.below(999), with: r.below(999) };
    case 20: case 21: return { do: "clone" };
    case 22: return { do: "archive", spoilt: r.chance(30) ? r.below(99999) : undefined };
    case 23: return { do: "gc", bytes: r.below(20_000) };
    case 24: return { do: "outputs", mode: r.pick(["minimal", "toplevel", "all"] as const) };
    case 15: return { do: "new-code", code: r.pick(["code-1", "code-2"]) };
    default: return { do: "edit", file, text: randomText(r) };
  }
}

// ---- the run -----------------------------------------------------------------------------------------

/** How many answers all histories took from the cache: a run that takes none tests nothing of them. */
export const answersTaken = { count: 0 };

/** Undefined when all went well, else what did not. */
export async function play(history: History): Promise<string | undefined> {
  const p = new Player(history);
  for (const [n, step] of history.steps.entries()) {
    const wrong = await p.step(step);
    if (wrong !== undefined) return `step ${n} (${step.do}): ${wrong}`;
  }
  return undefined;
}

/** What a stat-only check of the last answer would need: the answer's dependencies with the stats it knew. */
type Recorded = readonly { readonly path: string; readonly kind: string; readonly stamp: string }[];

class Player {
  readonly #w: World;
  readonly #older = new Map<string, string>();
  #graph: GraphSpec;
  #code = "code-1";
  #recorded: Recorded | undefined;
  /** What a server that outlives every clone has stored. */
  readonly #shared = new Map<string, Uint8Array>();
  #sharing: Extract<Step, { do: "share" }> = { do: "share", with: "nobody", faults: {} };
  #mode: "minimal" | "toplevel" | "all" = "toplevel";
  #builds = 0;
  #asked = 0;

  constructor(history: History) {
    this.#graph = history.graph;
    const files = Object.entries(history.files).map(([name, text]) => [`src/${name}`, text] as const);
    this.#w = new World(Object.fromEntries(files), { ms: 1e6, tick: history.tick, fine: history.fine === true, step: 0.03 });
    this.#w.disk.makeDirs("src");
  }

  #sources(): Sources {
    return new Map(this.#w.disk.list("src").map(({ name }) => [name, this.#w.text(`src/${name}`)]));
  }

  async step(step: Step): Promise<string | undefined> {
    switch (step.do) {
      case "build":
        return this.#checked({ ...step, jobs: step.jobs }, step.keepGoing);
      case "two-builds":
        return this.#twoBuilds();
      case "dry-run":
        return this.#dryRun();
      case "crash":
        this.#w.disk.crashAfter = step.at;
        await this.#build({}).catch(onlyCrashes);
        this.#w.disk.reboot();
        return undefined;
      case "abort":
        return this.#mischief(step.at, (stop) => stop.abort());
      case "full-disk":
        return this.#fullDisk(step.bytes);
      case "edit-while-building":
        return this.#mischief(step.at, () => this.#w.write(`src/${step.file}`, step.text));
      case "archive":
        return this.#archive(step.spoilt);
      case "gc":
        (await this.#desk()).gc({ maxBytes: step.bytes, keep: [] });
        return this.#replayHolds();
      default:
        this.#change(step);
        return this.#replayHolds();
    }
  }

  async #build(settings: BuildSettings): Promise<{ built: Built; session: Session }> {
    const session = this.#w.session({ keepGoing: true, code: this.#code, outputs: this.#mode, farther: this.#farther(), ...settings });
    let hanging = true;
    const work = buildWith(session, planOf(this.#graph), []).finally(() => (hanging = false));
    const built = await Promise.race([work, this.#watchdog(() => hanging)]);
    if (settings.force !== true) this.#keepAnswer(built.run, session, settings);
    if (built.diagnostics.length === 0 && settings.dryRun !== true && settings.noCache !== true) writeLive(this.#w.disk, "test", ["test"], built.run.live, true);
    return { built, session };
  }

  #farther(): BuildSettings["farther"] {
    const { with: mode, faults } = this.#sharing;
    if (mode === "nobody") return undefined;
    this.#builds += 1;
    const store = memoryStore(this.#shared, faults, this.#builds);
    return (near) => Promise.resolve(remoteOver(near, store, { writable: mode === "read-write", timeoutMs: 1000 }, () => {}));
  }

  #desk() {
    return cacheDesk(this.#w.disk.forProcess(), "/cache", { maxBytes: 1 << 30, now: this.#w.now, alive: () => true });
  }

  /** Exports what is live, loses the cache, takes the archive back; a spoilt one must not change anything. */
  async #archive(spoilt: number | undefined): Promise<string | undefined> {
    const desk = await this.#desk();
    const written = await desk.export("/archive", []);
    if (!written.ok) return this.#replayHolds();
    this.#w.loseCache();
    if (spoilt !== undefined) this.#w.disk.rot("/archive", (b) => b.slice(0, spoilt % b.length));
    const taken = await desk.import("/archive");
    if (taken.ok === (spoilt !== undefined)) return spoilt === undefined ? `the archive was refused: ${taken.ok ? "" : taken.error[0]!.message}` : "a cut archive was taken";
    if (spoilt !== undefined && this.#w.disk.filesBelow("/cache").some((p) => !p.includes("/running/"))) return "a refused archive left something behind";
    return this.#replayHolds();
  }

  /** Ends the wait for a build whose process died, and finds builds that never end. */
  async #watchdog(hanging: () => boolean): Promise<never> {
    // Many turns and much time: on a busy machine loading a module alone may take thousands of turns.
    const started = Date.now();
    for (let n = 0; (n < 5000 || Date.now() - started < 20_000) && hanging(); n++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#w.disk.crashed) throw new Crash("power lost");
    }
    if (hanging()) throw new Error("the build hangs");
    return new Promise(() => {});
  }

  async #mischief(at: number, work: (stop: AbortController) => void): Promise<string | undefined> {
    const stop = new AbortController();
    let runs = 0;
    hooks.onRun = () => void (runs++ === at && work(stop));
    const { built, session } = await this.#build({ signal: stop.signal });
    hooks.onRun = () => {};
    this.#record(built.run, session);
    return this.#replayHolds();
  }

  async #fullDisk(bytes: number): Promise<string | undefined> {
    this.#w.disk.space = bytes;
    const { built } = await this.#build({});
    this.#w.disk.space = Number.POSITIVE_INFINITY;
    this.#recorded = undefined;
    return this.#outputsWrong(built.run, false);
  }

  async #dryRun(): Promise<string | undefined> {
    const before = this.#w.disk.changes;
    await this.#build({ dryRun: true });
    return this.#w.disk.changes === before ? undefined : "a dry run changed the disk";
  }

  async #twoBuilds(): Promise<string | undefined> {
    const both = await Promise.all([this.#build({}), this.#build({ jobs: 1 })]);
    for (const { built } of both) {
      const wrong = this.#outputsWrong(built.run, true);
      if (wrong !== undefined) return wrong;
    }
    return this.#nothingToDo({});
  }

  /** The words that ask for this graph, built by this code. */
  #words(): string[] {
    return ["test", this.#code, JSON.stringify(this.#graph)];
  }

  #plain({ noCache, dryRun }: BuildSettings): boolean {
    return this.#mode === "toplevel" && this.#sharing.with === "nobody" && noCache !== true && dryRun !== true;
  }

  #keepAnswer(run: GoalRun, session: Session, settings: BuildSettings): void {
    if (!this.#plain(settings) || run.dependencies === undefined) return;
    const { disk } = this.#w;
    const entries = entriesOf(disk, session.files, run.dependencies);
    const replay = { goal: "test", exitCode: 0, report: undefined, reportOnStdout: false, reportOut: undefined, stderr: "", summary: "", graphReport: undefined, eventsOut: undefined };
    const answer = entries === undefined ? undefined : portable(disk, { cwd: disk.root, argv: this.#words(), run, entries, replay, stdout: new Uint8Array(0) });
    if (answer === undefined) return;
    const base = answerKey(JSON.stringify(this.#words()));
    const live = liveText("test", ["test"], run.live, [base, foundName(discoveredOf(answer.proofs))]);
    const content = finished(answer, live);
    if (session.keepAnswer(base, resultOf(answer, content), content)) attempt(() => writeAtomic(disk, livePath(["test"]), utf8(live)));
    session.end();
  }

  /** Every second build asks the cache first; an answer that it gives must be the answer. */
  #answerWrong(settings: BuildSettings): string | undefined {
    this.#asked += 1;
    if (!this.#plain(settings) || settings.force === true || this.#asked % 2 === 1) return undefined;
    const before = this.#w.disk.changes;
    const found = takeFrom({ disk: this.#w.disk.forProcess(), folder: "/cache", now: this.#w.now, alive: () => true }, { argv: this.#words(), env: {}, recordKey: JSON.stringify(this.#words()), recordPath: ".x07-wasm/state/goals/answer" });
    if (found === undefined) return this.#w.disk.changes === before ? undefined : this.#replayHolds();
    answersTaken.count += 1;
    for (const [path, text] of cleanBuild(this.#graph, this.#sources())) {
      if (text === undefined) return `an answer was taken although ${path} cannot be made`;
      if (!this.#w.exists(path) || this.#w.text(path) !== text) return `an answer was taken that leaves ${path} wrong`;
    }
    return this.#replayHolds();
  }

  async #checked(settings: BuildSettings, complete: boolean): Promise<string | undefined> {
    const unanswered = this.#answerWrong(settings);
    if (unanswered !== undefined) return unanswered;
    const { built, session } = await this.#build(settings);
    const wrong = this.#outputsWrong(built.run, complete) ?? sumsWrong(built.counts);
    if (wrong !== undefined) return wrong;
    this.#record(built.run, session);
    return complete ? this.#nothingToDo({ noCache: settings.noCache ?? false }) : undefined;
  }

  async #nothingToDo(settings: BuildSettings): Promise<string | undefined> {
    const { built, session } = await this.#build(settings);
    // Without a cache, content between actions lives as long as the process: what failed may want it made again.
    const excused = (a: ActionOutcome) => settings.noCache === true && built.counts.failed > 0 && (a.state === "cut_off" || a.reasons[0]?.kind === "lost");
    const busy = built.actions.filter((a) => (a.state === "ran" || a.state === "restored" || a.state === "cut_off") && !excused(a));
    if (busy.length > 0) return `the second build was not idle: ${busy.map((a) => `${a.state} ${a.rule} ${a.label} (${a.reasons.map((x) => `${x.kind} ${x.what} ${x.old ?? ""} ${x.new ?? ""}`).join("; ")})`).join(", ")}`;
    if (built.run.recovered.length > 0) return `the second build found damage: ${built.run.recovered.map((d) => d.message).join("; ")}`;
    this.#record(built.run, session);
    return this.#outputsWrong(built.run, true);
  }

  /** Compares with the oracle; an incomplete build may lack outputs but not have wrong ones. */
  #outputsWrong(run: GoalRun, complete: boolean): string | undefined {
    const wanted = cleanBuild(this.#graph, this.#sources());
    const claimed = new Map(run.outputs.map(([path, digest]) => [path, digest.sha256]));
    for (const [path, text] of wanted) {
      const claim = claimed.get(path);
      if (text === undefined && claim !== undefined) return `${path} was made although it cannot be`;
      const absent = this.#mode === "minimal" && !this.#w.exists(path);
      if (this.#mode === "minimal" && complete && text !== undefined && !absent && this.#w.text(path) !== text) return `${path} was left as ${JSON.stringify(this.#w.text(path))}`;
      if (text !== undefined && claim === undefined && complete && !absent) return `${path} was not made: ${run.answer.diagnostics.map((d) => d.message).join("; ")}`;
      if (text === undefined || claim === undefined) continue;
      if (claim !== sha256Hex(text)) return `${path} has digest of other content than ${JSON.stringify(text)}`;
      if (!this.#w.exists(path)) return `${path} is not in place`;
      if (this.#w.text(path) !== text) return `${path} is ${JSON.stringify(this.#w.text(path))}, not ${JSON.stringify(text)}`;
    }
    const failed = [...wanted.values()].includes(undefined);
    const saysFailed = run.answer.diagnostics.length > 0;
    return complete && failed !== saysFailed ? `it ${failed ? "should have failed" : `failed: ${run.answer.diagnostics.map((d) => d.message).join("; ")}`}` : undefined;
  }

  // ---- the stat-only check -------------------------------------------------------------------------

  #record(run: GoalRun, session: Session): void {
    this.#recorded = run.dependencies?.map(({ path, kind, stat }) => ({ path, kind, stamp: stampOf(kind === "dir" ? stat : kind === "missing" || kind === "present" ? undefined : session.files.entry(path)) }));
  }

  /** If stats alone say that nothing changed, then the outputs in place must be right. */
  #replayHolds(): string | undefined {
    const same = this.#recorded?.every(({ path, kind, stamp }) => {
      const stat = this.#w.disk.stat(path);
      if (kind === "missing") return stat === undefined;
      return stat !== undefined && (kind === "present" || stampOf(stat, kind) === stamp);
    });
    if (same !== true) return undefined;
    const wanted = cleanBuild(this.#graph, this.#sources());
    for (const [path, text] of wanted) {
      if (text === undefined) return `the record would be replayed although ${path} cannot be made`;
      if (this.#mode === "minimal" && !this.#w.exists(path)) continue;
      if (!this.#w.exists(path) || this.#w.text(path) !== text) return `the record would be replayed although ${path} is wrong`;
    }
    return undefined;
  }

  // ---- changes -------------------------------------------------------------------------------------

  #change(step: Step): void {
    const { disk } = this.#w;
    switch (step.do) {
      case "edit":
        return this.#write(step.file, step.text);
      case "revert":
        return this.#write(step.file, this.#older.get(step.file) ?? "first");
      case "edit-unseen":
        return this.#unseen(`src/${step.file}`);
      case "touch":
        return this.#w.exists(`src/${step.file}`) ? this.#w.touch(`src/${step.file}`) : undefined;
      case "delete":
        return disk.remove(`src/${step.file}`);
      case "tamper":
        return this.#onOutput(step.which, (path) => this.#w.write(path, "tampered"));
      case "tamper-unseen":
        return this.#onOutput(step.which, (path) => this.#unseen(path));
      case "delete-output":
        return this.#onOutput(step.which, (path) => disk.remove(path));
      case "delete-outputs":
        return this.#w.delete("out");
      case "lose-state":
        return this.#w.loseState();
      case "lose-cache":
        return this.#w.loseCache();
      case "lose-files":
        return disk.remove(".x07-wasm/state/files");
      case "flip":
        return rotten(disk, step.where, step.file, (b) => flipped(b, step.at, step.bit));
      case "cut":
        return rotten(disk, step.where, step.file, (b) => b.slice(0, step.at % (b.length + 1)));
      case "glue":
        return this.#alter(step.node, (n) => ({ ...n, glue: step.glue }));
      case "place":
        return this.#alter(step.node, (n) => ({ ...n, places: step.path === undefined ? [] : [step.path] }));
      case "share":
        this.#sharing = step;
        return;
      case "rot-shared":
        return this.#onShared(step.which, (name, body) => void this.#shared.set(name, flipped(body.slice(), step.at, step.bit)));
      case "mix-shared":
        return this.#onShared(step.which, (name) => this.#onShared(step.with, (_, body) => void this.#shared.set(name, body)));
      case "clone":
        this.#w.loseState();
        this.#w.loseCache();
        return this.#w.delete("out");
      case "outputs":
        this.#recorded = undefined;
        this.#mode = step.mode;
        return;
      case "new-code":
        this.#recorded = undefined;
        this.#code = step.code;
        return;
      case "wait":
        disk.clock.ms += step.ms;
        return;
      default:
        throw new Error(`${step.do} is not a change`);
    }
  }

  #write(file: string, text: string): void {
    const path = `src/${file}`;
    if (this.#w.exists(path)) this.#older.set(file, this.#w.text(path));
    this.#w.write(path, text);
  }

  /** Other bytes, same size, same modification stamp. */
  #unseen(path: string): void {
    const before = this.#w.disk.stat(path);
    if (before === undefined || before.size === 0) return;
    const text = this.#w.text(path);
    this.#w.write(path, (text[0] === "y" ? "z" : "y") + text.slice(1));
    this.#w.disk.setModified(path, before.mtimeMs);
  }

  #onShared(which: number, work: (name: string, body: Uint8Array) => void): void {
    const all = [...this.#shared];
    if (all.length > 0) work(...all[which % all.length]!);
  }

  #onOutput(which: number, work: (path: string) => void): void {
    const outputs = this.#w.disk.filesBelow("out");
    if (outputs.length > 0) work(outputs[which % outputs.length]!);
  }

  #alter(node: number, change: (n: GraphSpec["nodes"][number]) => GraphSpec["nodes"][number]): void {
    this.#recorded = undefined;
    this.#graph = { nodes: this.#graph.nodes.map((n, i) => (i === node ? change(n) : n)) };
  }
}

function onlyCrashes(e: unknown): void {
  if (!(e instanceof Crash)) throw e;
}

function sumsWrong(c: Counts): string | undefined {
  return c.fresh + c.cut_off + c.restored + c.ran + c.failed === c.total ? undefined : `the counts do not add up: ${JSON.stringify(c)}`;
}

function stampOf(s: { mtimeMs: number; ctimeMs: number; size: number; ino: number; kind?: string } | undefined, kind?: string): string {
  if (s === undefined) return "";
  return kind !== undefined && kind !== "dir" && s.kind !== "file" ? "not a file" : `${s.mtimeMs} ${s.ctimeMs} ${s.size} ${s.ino}`;
}

function rotten(disk: MemoryDisk, where: "state" | "cache", which: number, change: (b: Uint8Array) => Uint8Array): void {
  const files = disk.filesBelow(where === "state" ? ".x07-wasm" : "/cache");
  if (files.length > 0) disk.rot(files[which % files.length]!, change);
}

function flipped(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  if (bytes.length > 0) bytes[at % bytes.length]! ^= 1 << bit;
  return bytes;
}

