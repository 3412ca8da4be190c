// The whole tool behind the fast path: loads the graph, hands the words to the command line, runs the goal in a session,
// and leaves a record so that the same question is answered from stats next time.

import { existsSync, fstatSync, readFileSync, type Stats, statSync } from "node:fs";
import { answerKey, discoveredOf, mayAnswer } from "./answer.ts";
import { entriesOf, finished, type Portable, portable, resultOf } from "./answer-keep.ts";
import { type Names, takeAnswer } from "./answer-find.ts";
import { scanRaw } from "./argv.ts";
import { type Answer, runCli } from "./cli.ts";
import { foundName, type LiveName, liveText, writeLive } from "./cache/live.ts";
import { defaultCacheDir, inCi, rawValues } from "./cache-place.ts";
import { type Diagnostic, isError } from "./diagnostic.ts";
import type { BuildEvent } from "./event.ts";
import type { ProcessRequest, ProcessResult } from "./execute.ts";
import type { GraphModule } from "./goal.ts";
import { attempt, isStream, realDisk, writeAtomic, writeOut } from "./host/disk.ts";
import { utf8 } from "./lib/bytes.ts";
import { canonical } from "./lib/canonical-json.ts";
import { loadDigest, sha256Hex } from "./lib/digest.ts";
import { fingerprint, loadFingerprint } from "./lib/fingerprint.ts";
import { commandsOf, type Doors, type LoadedGraph, loadUserGraph } from "./load.ts";
import { addressOf, type Command, type EngineOptions } from "./option.ts";
import { check, encodeRecord, type GoalRecord, IN_CACHE, mayReplay, outputsOf, type PlacedOutput, putBackText, RECORD_FOLDER, type RecordEntry, recordKey, recordPath, refresh, replay, type Replay, writeAll } from "./record.ts";
import { diagnosticsText } from "./report.ts";
import { type GoalRun, Session, type SessionWorld } from "./session.ts";
import { allFresh, type GraphReport, graphReportText } from "./view/graph-report.ts";
import { type Progress, progress } from "./view/progress.ts";

declare const BUILD_ID: string;
/** Digest of the packaged graph's source: the same file in a checkout is not compiled again. */
declare const GRAPH_SOURCE_ID: string;

const GRAPH_FILE = "x07wasm.graph.ts";

/** Milliseconds since the process started; `performance` would load a module of its own. */
function sinceStart(): number {
  return process.uptime() * 1000;
}

/** Asks the file descriptor first: process.stderr loads the whole of streams and sockets. */
function isTerminal(): boolean {
  return fstatSync(2).isCharacterDevice() && process.stderr.isTTY;
}

/** Collects what is printed, so that it can be said again, and prints it. */
class Printer {
  readonly #fd: 1 | 2;
  readonly chunks: Uint8Array[] = [];
  constructor(fd: 1 | 2) {
    this.#fd = fd;
  }
  write(data: string | Uint8Array): void {
    const bytes = typeof data === "string" ? utf8(data) : data;
    this.chunks.push(bytes);
    this.show(bytes);
  }
  /** Prints without remembering. */
  show(bytes: Uint8Array): void {
    writeAll(this.#fd, bytes);
  }
  bytes(): Uint8Array {
    return Buffer.concat(this.chunks);
  }
}

/** Same sizes, other stamps: content decides, and then the answer stands. */
async function answeredByContent(argv: readonly string[]): Promise<boolean> {
  if (!mayReplay(argv)) return false;
  const key = recordKey(argv, BUILD_ID);
  const path = recordPath(key);
  const verdict = check(path, key, process.env);
  if (verdict.kind !== "touched") return false;
  await loadFingerprint();
  const stats: Stats[] = [];
  const disk = realDisk(process.cwd());
  for (const i of verdict.touched) {
    // Stat before reading: a change in between must not get the new stamp with the old content.
    const stat = statSync(verdict.open.paths[i]!, { throwIfNoEntry: false });
    const read = attempt(() => disk.read(verdict.open.paths[i]!));
    if (!read.ok || stat === undefined || fingerprint(read.value) !== verdict.open.prints[i]) return false;
    stats.push(stat);
  }
  if (stats.every((s) => disk.grainMs(s) === 0 || Date.now() - s.ctimeMs >= disk.grainMs(s))) attempt(() => refresh(path, verdict.open, verdict.touched, stats));
  process.exitCode = replay(verdict.open, process.cwd(), sinceStart());
  return true;
}

/** The entry knows where the packaged graph's cache is; another graph had to be loaded to know that of its own. */
function answeredElsewhere(argv: readonly string[], names: Names): boolean {
  const key = recordKey(argv, BUILD_ID);
  const path = recordPath(key);
  if (!mayReplay(argv) || check(path, key, process.env).kind !== "none") return false;
  const found = takeAnswer({ argv, env: process.env, recordKey: key, recordPath: path }, names);
  if (found === undefined) return false;
  const { goal } = found.answer.head.replay;
  try {
    process.exitCode = replay(found.answer, process.cwd(), sinceStart(), found.placed === 0 ? undefined : putBackText(goal, found.placed));
    return true;
  } catch {
    // A report that cannot be written is an error of its own, which the normal path explains.
    return false;
  }
}

/** The cache's size when nobody says: what the free stores of CI providers take in one piece. */
const CACHE_BYTES = 5 * 2 ** 30;
const REMOTE_TIMEOUT_MS = 10_000;

async function loadGraph(packaged: GraphModule, doors: Doors, argv: readonly string[]): Promise<{ loaded: LoadedGraph; failed?: undefined } | { loaded?: undefined; failed: Parameters<typeof diagnosticsText>[0] }> {
  const asked = rawValues(argv, "--graph")[0];
  const path = asked ?? (existsSync(GRAPH_FILE) ? GRAPH_FILE : undefined);
  if (path !== undefined) await loadDigest();
  if (path === undefined || (asked === undefined && sha256Hex(readFileSync(path)) === GRAPH_SOURCE_ID)) {
    return { loaded: { module: packaged, code: BUILD_ID, sources: path === undefined ? [] : [path] } };
  }
  const result = await loadUserGraph(path, doors, { disk: realDisk(process.cwd()), buildId: BUILD_ID, readOnly: argv.includes("--dry-run") });
  return result.ok ? { loaded: result.value } : { failed: result.error };
}

/** Records kept in one workspace; half of them stay when there are more. */
const RECORD_LIMIT = 512;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One process of the tool. */
class Tool {
  readonly argv = process.argv.slice(2);
  readonly cwd = process.cwd();
  readonly disk = realDisk(process.cwd());
  readonly stdout = new Printer(1);
  readonly stderr = new Printer(2);
  readonly raw = scanRaw(process.argv.slice(2));
  readonly events: string[] = [];
  readonly stop = new AbortController();
  readonly graph: LoadedGraph;
  stoppedBy: NodeJS.Signals | undefined;
  #children = 0;
  readonly #onSignal = (signal: NodeJS.Signals) => {
    this.stoppedBy = signal;
    this.stop.abort();
  };
  session: Session | undefined;
  last: { readonly run: GoalRun; readonly goal: string; readonly engine: EngineOptions } | undefined;

  constructor(graph: LoadedGraph) {
    this.graph = graph;
  }

  /**
   * Runs a child process. Only while there is one are signals handled, to end it and to answer in good order; at any other
   * moment a signal simply ends this process, which state and outputs survive, and which also stops a guest that is computing.
   */
  async #runProcess(request: ProcessRequest): Promise<ProcessResult> {
    const { runInDirectory } = await import("./host/process.ts");
    if (this.#children++ === 0) for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    try {
      return await runInDirectory(request);
    } finally {
      if (--this.#children === 0) for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    }
  }

  /** The first signal asks the work to stop, which then answers in good order; the second ends this process. */
  async #attend<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
    const asked = new AbortController();
    const onSignal = () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      asked.abort();
    };
    for (const signal of SIGNALS) process.on(signal, onSignal);
    try {
      return await work(asked.signal);
    } finally {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    }
  }

  get spoken(): boolean {
    return !this.raw.json;
  }

  /** When the present answer was begun: the process's start for the first, later with --watch. */
  #began = 0;

  async once(): Promise<number> {
    if (this.last !== undefined) this.#began = sinceStart();
    const { module } = this.graph;
    const code = await runCli({
      app: module.app,
      commands: commandsOf(module),
      argv: [module.app.name, ...this.argv],
      cwd: this.cwd,
      stdout: this.stdout,
      stderr: this.stderr,
      elapsed: () => sinceStart() - this.#began,
      buildGoal: (command, options, engine) => this.#build(command, options, engine),
      schemaText: module.schemaText,
      specrows: () => module.specrows(module.goals),
    });
    if (this.stoppedBy === undefined && this.last !== undefined) this.#conclude(code);
    this.session?.end();
    if (this.stoppedBy !== undefined) return this.stoppedBy === "SIGINT" ? 130 : this.stoppedBy === "SIGTERM" ? 143 : 129;
    return code;
  }

  async #build(command: Command, options: Parameters<GraphModule["goals"][string]["plan"]>[0], engine: EngineOptions): Promise<Answer> {
    const bar = this.#progress();
    this.session ??= this.#session(engine, bar);
    const run = await this.session.run(command.name, (context) => this.graph.module.goals[command.name]!.plan(options, context));
    bar?.clear();
    this.last = { run, goal: command.name, engine };
    if (this.spoken) for (const d of run.recovered) this.stderr.show(utf8(diagnosticsText([d])));
    await this.#tell(run, command, engine);
    return run.answer;
  }

  #progress(): Progress | undefined {
    if (!this.spoken || !isTerminal() || inCi(process.env)) return undefined;
    return progress((text) => void process.stderr.write(text), () => process.stderr.columns ?? 80, () => sinceStart());
  }

  #session(engine: EngineOptions, bar: Progress | undefined): Session {
    const emit = (event: BuildEvent) => {
      if (engine.eventsOut !== undefined) this.events.push(JSON.stringify(event));
      if (event.type === "said") {
        bar?.clear();
        this.stderr.show(utf8(this.spoken || event.data === undefined ? `${event.line}\n` : canonical(event.data)));
      } else bar?.sink(event);
    };
    return new Session(
      { disk: this.disk, cwd: this.cwd, env: process.env, now: Date.now, runProcess: (request) => this.#runProcess(request), attend: (work) => this.#attend(work), emit, signal: this.stop.signal, farther: this.#farther(engine), formerOutputs: () => this.#formerOutputs() },
      { ...engine, cacheDir: engine.cacheDir ?? defaultCacheDir(this.graph.module, process.env), cacheMaxBytes: engine.cacheMaxBytes ?? CACHE_BYTES, code: this.graph.code },
    );
  }

  #formerOutputs(): ReadonlyMap<string, string> {
    const key = recordKey(this.argv, BUILD_ID);
    return outputsOf(recordPath(key), key);
  }

  /** The shared cache that words or environment name. Its token comes from a file or the environment, and goes nowhere else. */
  #farther(engine: EngineOptions): SessionWorld["farther"] {
    const variable = this.graph.module.remoteVariable;
    const named = engine.remoteCache ?? (variable === undefined ? undefined : process.env[variable]);
    if (named === undefined || named === "") return undefined;
    return async (near, onProblem) => {
      const url = addressOf(named);
      const token = this.#token(engine, variable);
      if (url === undefined) onProblem(remoteUnusable(`${variable} is not an http or https address without credentials`));
      else if ("problem" in token) onProblem(remoteUnusable(token.problem));
      else {
        const { remoteCache } = await import("./cache/remote/remote.ts");
        return remoteCache(near, { url, token: token.text, timeoutMs: engine.remoteTimeoutMs ?? REMOTE_TIMEOUT_MS, writable: engine.remoteWritable }, onProblem);
      }
      return undefined;
    };
  }

  #token(engine: EngineOptions, variable: string | undefined): { readonly text: string | undefined } | { readonly problem: string } {
    const file = engine.remoteTokenFile;
    if (file === undefined) return { text: variable === undefined ? undefined : process.env[`${variable}_TOKEN`]?.trim() || undefined };
    const read = attempt(() => this.disk.read(file));
    return read.ok ? { text: Buffer.from(read.value).toString("utf8").trim() } : { problem: `the token file ${file} cannot be read: ${read.error.code}` };
  }

  /** What the engine itself has to say: explanations, the summary, the graph report. */
  async #tell(run: GoalRun, command: Command, engine: EngineOptions): Promise<void> {
    if (engine.explain || engine.dryRun) {
      const { explainText } = await import("./view/explain.ts");
      this.stderr.show(utf8(explainText(run.actions)));
    }
    if (this.spoken && run.counts.total > 0 && command.question !== true) {
      const { summaryText } = await import("./view/explain.ts");
      this.stderr.show(utf8(`${command.name}: ${engine.dryRun ? "would be " : ""}${summaryText(run.counts, sinceStart() - this.#began)}\n`));
    }
    if (this.spoken && run.traffic !== undefined && run.traffic.hits + run.traffic.misses + run.traffic.uploadedBytes > 0) {
      const { trafficText } = await import("./view/explain.ts");
      this.stderr.show(utf8(trafficText(run.traffic)));
    }
    if (engine.graphReport !== undefined) this.#side(engine.graphReport, graphReportText(this.#graphReport(run, command.name)));
    if (engine.eventsOut !== undefined) this.#side(engine.eventsOut, this.events.map((e) => `${e}\n`).join(""));
  }

  #graphReport(run: GoalRun, goal: string): GraphReport {
    return { goal, ok: !run.answer.diagnostics.some(isError), counts: run.counts, actions: run.actions, recovered: run.recovered, traffic: run.traffic };
  }

  #side(path: string, text: string): void {
    const done = attempt(() => writeOut(this.disk, path, utf8(text)));
    if (!done.ok) this.stderr.show(utf8(`${this.graph.module.app.name}: cannot write ${path}: ${done.error.code}\n`));
  }

  // ---- the record --------------------------------------------------------------------------------

  #conclude(exitCode: number): void {
    const { run, goal, engine } = this.last!;
    const answer = this.#remember(exitCode);
    if (!engine.dryRun && !engine.noCache && run.live.length > 0 && !run.answer.diagnostics.some(isError)) {
      writeLive(this.disk, goal, this.argv, run.live, answer !== undefined || run.counts.fresh < run.counts.total, answer);
    }
  }

  /** For the next time that these words are said, here and elsewhere; gives the answer's name where the cache has it. */
  #remember(exitCode: number): LiveName | undefined {
    const { run, goal, engine } = this.last!;
    const key = recordKey(this.argv, BUILD_ID);
    const path = recordPath(key);
    if (exitCode !== 0 || run.dependencies === undefined || !mayReplay(this.argv)) return undefined;
    // A pipe cannot be read back, and is another reader's each time.
    if ([this.raw.reportOut, engine.graphReport, engine.eventsOut].some((to) => to !== undefined && isStream(this.disk, to))) return undefined;
    this.#removeOrphans(outputsOf(path, key), new Set(run.outputs.map(([p]) => p)));
    const report = this.#reportParts();
    if (report === "unknown") return undefined;
    const fresh = allFresh(this.#graphReport(run, goal));
    const said: Replay = {
      goal,
      exitCode,
      report,
      reportOnStdout: this.raw.json && !this.raw.quiet,
      reportOut: this.raw.reportOut,
      stderr: Buffer.from(this.stderr.bytes()).toString("utf8"),
      summary: this.spoken && run.counts.total > 0 && this.graph.module.goals[goal]?.question !== true ? `${goal}: nothing to do, ${run.counts.total} fresh\n` : "",
      graphReport: engine.graphReport === undefined ? undefined : { path: engine.graphReport, text: graphReportText(fresh) },
      eventsOut: engine.eventsOut === undefined ? undefined : { path: engine.eventsOut, text: `${JSON.stringify({ type: "goal_replayed", goal, counts: fresh.counts })}\n` },
    };
    const entries = this.#entries(run);
    if (entries === undefined) return undefined;
    const stdout = report === undefined ? this.stdout.bytes() : new Uint8Array(0);
    const record = encodeRecord({ key, env: run.env, replay: said, contents: this.#contents(engine), ...recordedOutputs(run.outputs), entries, stdout });
    if (attempt(() => writeAtomic(this.disk, path, record)).ok) this.#prune();
    if (engine.outputs !== "toplevel" || run.counts.total === 0 || !mayAnswer(this.argv)) return undefined;
    return this.#keepAnswer(run, goal, portable(this.disk, { cwd: this.cwd, argv: this.argv, run, entries, replay: said, stdout }));
  }

  /** For other clones, which have nothing of this workspace but its cache. */
  #keepAnswer(run: GoalRun, goal: string, answer: Portable | undefined): LiveName | undefined {
    if (answer === undefined) return undefined;
    const base = answerKey(recordKey(this.argv, BUILD_ID));
    const name: LiveName = [base, foundName(discoveredOf(answer.proofs))];
    const content = finished(answer, liveText(goal, this.argv, run.live, name));
    return this.session!.keepAnswer(base, resultOf(answer, content), content) ? name : undefined;
  }

  /** Where lost outputs may be had again without asking anybody else, and without anything more to tell. */
  #contents(engine: EngineOptions): string | undefined {
    const plain = !engine.noCache && engine.outputs !== "minimal" && engine.graphReport === undefined && engine.eventsOut === undefined;
    return plain ? (engine.cacheDir ?? defaultCacheDir(this.graph.module, process.env)) : undefined;
  }

  /** Every way of asking leaves a record; the oldest go when there are too many. */
  #prune(): void {
    const listed = attempt(() => this.disk.list(RECORD_FOLDER));
    if (!listed.ok || listed.value.length <= RECORD_LIMIT) return;
    const aged = listed.value.map(({ name }) => ({ path: `${RECORD_FOLDER}/${name}`, at: this.disk.stat(`${RECORD_FOLDER}/${name}`)?.mtimeMs ?? 0 })).sort((a, b) => a.at - b.at);
    for (const { path } of aged.slice(0, aged.length - RECORD_LIMIT / 2)) attempt(() => this.disk.remove(path));
  }

  /** Outputs that the last answer put in place and this one does not make; what a person changed since is left alone. */
  #removeOrphans(before: ReadonlyMap<string, string>, now: ReadonlySet<string>): void {
    for (const [path, sha256] of before) {
      if (now.has(path)) continue;
      const state = this.session!.files.look(path);
      if (state.kind === "file" && state.digest.sha256 === sha256) attempt(() => this.disk.remove(path));
    }
  }

  #reportParts(): Replay["report"] | "unknown" {
    if (!this.raw.json) return undefined;
    const text = this.raw.quiet ? readFileSync(this.raw.reportOut!, "utf8") : Buffer.from(this.stdout.bytes()).toString("utf8");
    for (const [colon, gap] of [[":", ","], [": ", ",\n    "]] as const) {
      const before = `"cwd"${colon}`;
      const middle = `${gap}"elapsed_ms"${colon}`;
      const at = text.lastIndexOf(`${before}${JSON.stringify(this.cwd)}${middle}`);
      if (at < 0) continue;
      const from = at + before.length + JSON.stringify(this.cwd).length + middle.length;
      const digits = /^\d+/.exec(text.slice(from, from + 20))?.[0];
      if (digits !== undefined) return [text.slice(0, at + before.length), middle, text.slice(from + digits.length)];
    }
    return "unknown";
  }

  #entries(run: GoalRun): RecordEntry[] | undefined {
    const graphFiles = this.graph.sources.map((path) => ({ path, kind: "source" as const }));
    const noGraph = this.graph.sources.length === 0 ? [{ path: GRAPH_FILE, kind: "missing" as const }] : [];
    return entriesOf(this.disk, this.session!.files, [...run.dependencies!, ...graphFiles, ...noGraph]);
  }
}

/** Does what the process was asked to do, with the graph of this package unless the words or the folder name another. */
export async function main(packaged: GraphModule, doors: Doors): Promise<void> {
  const fault = (e: unknown) => {
    writeAll(2, utf8(internalError(packaged.app.name, e)));
    process.exit(2);
  };
  process.on("uncaughtException", fault);
  try {
    await answer(packaged, doors);
    // All is said and written: what V8 still compiles in other threads, and its heap, need not be waited for and taken down.
    process.exit();
  } catch (e) {
    fault(e);
  }
}

/** More small outputs than this are not kept in a record, which every no-op reads. */
const SMALL_BYTES = 256 << 10;

function recordedOutputs(outputs: GoalRun["outputs"]): Pick<GoalRecord, "outputs" | "small"> {
  const small: Uint8Array[] = [];
  let at = 0;
  const placed = outputs.map(([path, { sha256, size, inline }]): PlacedOutput => {
    if (inline === undefined || at + size > SMALL_BYTES) return [path, sha256, size, IN_CACHE];
    small.push(inline);
    at += size;
    return [path, sha256, size, at - size];
  });
  return { outputs: placed, small: Buffer.concat(small) };
}

function remoteUnusable(why: string): Diagnostic {
  return { code: "GRAPH_REMOTE_CACHE_UNUSABLE", severity: "warning", stage: "run", message: `the shared cache is not used: ${why}`, hint: "the build goes on without it; correct the setting" };
}

/** A bug of ours, said in a way that people can report it; that nobody could be told anything is none. */
function internalError(name: string, e: unknown): string {
  const error = e instanceof Error ? e : new Error(String(e));
  if ("fd" in error) return `${name}: cannot write to ${error.fd === 1 ? "stdout" : "stderr"}: ${error.message}\n`;
  const where = (error.stack ?? "").split("\n").filter((l) => l.trimStart().startsWith("at ")).slice(0, 3).map((l) => l.trim().replace(/\(?(?:file:\/\/)?\/[^ ]*\//, "("));
  return `${name}: internal error: ${error.message}\n  ${where.join("\n  ")}\n  this is a bug of ${name}; your sources and outputs are as they were\n`;
}

function standsSomewhere(): boolean {
  try {
    return process.cwd() !== "";
  } catch {
    return false;
  }
}

async function answer(packaged: GraphModule, doors: Doors): Promise<void> {
  const argv = process.argv.slice(2);
  if (!standsSomewhere()) {
    writeAll(2, utf8(diagnosticsText([{ code: "GRAPH_WORKING_DIRECTORY_GONE", severity: "error", stage: "parse", message: "the working directory is not there any more", hint: "change to a folder that exists" }])));
    process.exitCode = 2;
    return;
  }
  if (await answeredByContent(argv)) return;
  // Compiled by other threads while the words are read.
  void loadDigest();
  void loadFingerprint();
  const graph = await loadGraph(packaged, doors, argv);
  if (graph.loaded === undefined) {
    writeAll(2, utf8(diagnosticsText(graph.failed)));
    process.exitCode = 3;
    return;
  }
  if (graph.loaded.module.cacheVariable !== packaged.cacheVariable && answeredElsewhere(argv, graph.loaded.module)) return;
  const tool = new Tool(graph.loaded);
  const code = await tool.once();
  if (tool.last?.engine.watch === true && inCi(process.env)) tool.stderr.show(utf8("--watch does nothing where CI is set\n"));
  else if (tool.last?.engine.watch === true && !tool.stop.signal.aborted) {
    const { watch } = await import("./watch.ts");
    await watch(tool);
  }
  process.exitCode = code;
}

export type { Tool };
