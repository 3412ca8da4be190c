// A small workspace for tests: a map of files on a memory disk, builds of plans over it, and the list of actions that
// ran. Each build is a session of its own, as a new process is. Knows no rule.

import { expect } from "vitest";
import type { Diagnostic, PlanContext, Result } from "../../engine/index.ts";
import type { ActionOutcome, BuildEvent, Counts } from "../../engine/event.ts";
import type { RunProcess } from "../../engine/execute.ts";
import { textOf, utf8 } from "../../engine/lib/bytes.ts";
import type { Placement } from "../../engine/rule.ts";
import { type GoalRun, Session, type SessionOptions, type SessionWorld } from "../../engine/session.ts";
import { type Clock, memoryDisk, type MemoryDisk } from "./memory-disk.ts";

export type TestPlan = (context: PlanContext) => Promise<Result<unknown>>;

/** The plan that puts these outputs in place. */
export function placing(...placements: Placement<unknown>[]): TestPlan {
  return (c) => c.build(placements);
}

/** What one build did. */
export interface Built {
  /** `rule label` of each action that ran, sorted. */
  readonly ran: readonly string[];
  readonly states: { readonly [action: string]: ActionOutcome["state"] };
  readonly counts: Counts;
  readonly actions: readonly ActionOutcome[];
  readonly diagnostics: readonly Diagnostic[];
  readonly events: readonly BuildEvent[];
  readonly run: GoalRun;
  reasons(action: string): string[];
}

export interface BuildSettings extends Partial<SessionOptions> {
  readonly signal?: AbortSignal;
  readonly env?: { readonly [name: string]: string };
  readonly runProcess?: RunProcess;
  readonly onEvent?: (event: BuildEvent) => void;
  readonly farther?: SessionWorld["farther"];
  readonly alive?: SessionWorld["alive"];
  readonly formerOutputs?: SessionWorld["formerOutputs"];
}

export const DEFAULTS: SessionOptions = { jobs: 2, keepGoing: false, force: false, dryRun: false, noCache: false, cacheDir: "/cache", cacheMaxBytes: 1 << 30, outputs: "toplevel", provider: "auto", code: "code-1" };

const noProcess: RunProcess = () => Promise.reject(new Error("this test has no processes"));

export interface Openable {
  readonly disk: MemoryDisk;
  readonly now: () => number;
  readonly sleep: (ms: number) => void;
}

/** Opens a session as a process of its own would. */
export function openSession(w: Openable, settings: BuildSettings, emit: (e: BuildEvent) => void): Session {
  const { signal, env, runProcess, onEvent, farther, alive, formerOutputs, ...options } = settings;
  return new Session(
    { disk: w.disk.forProcess(), cwd: w.disk.root, env: env ?? {}, now: w.now, sleep: w.sleep, runProcess: runProcess ?? noProcess, emit: (e) => (onEvent?.(e), emit(e)), signal: signal ?? new AbortController().signal, alive: alive ?? (() => true), farther, formerOutputs },
    { ...DEFAULTS, ...options },
  );
}

export async function buildWith(session: Session, plan: TestPlan, events: BuildEvent[]): Promise<Built> {
  const run = await session.run("test", async (context) => {
    const result = await plan(context);
    return { result: null, diagnostics: result.ok ? [] : result.error, inputs: [], outputs: [], nondeterminism: { uses_os_time: false, uses_network: false, uses_process: false } };
  });
  session.end();
  const name = (a: ActionOutcome) => `${a.rule} ${a.label}`;
  return {
    run,
    ran: run.actions.filter((a) => a.state === "ran").map(name).sort(),
    states: Object.fromEntries(run.actions.map((a) => [name(a), a.state])),
    counts: run.counts,
    actions: run.actions,
    diagnostics: run.answer.diagnostics,
    events,
    reasons: (action) => run.actions.filter((a) => name(a) === action).flatMap((a) => a.reasons.map((r) => `${r.kind} ${r.what}`)),
  };
}

export class World {
  readonly disk: MemoryDisk;
  readonly now = () => {
    this.disk.clock.ms += 0.01;
    return Math.floor(this.disk.clock.ms);
  };
  readonly sleep = (ms: number) => void (this.disk.clock.ms += ms);

  constructor(files: { readonly [path: string]: string }, clock?: Clock, root = "/w") {
    this.disk = memoryDisk(root, clock);
    for (const [path, text] of Object.entries(files)) this.write(path, text);
    this.disk.clock.ms += 1000;
  }

  write(path: string, content: string | Uint8Array): void {
    this.disk.makeDirs(path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".");
    this.disk.write(path, typeof content === "string" ? utf8(content) : content);
  }

  edit(path: string, change: (text: string) => string): void {
    this.write(path, change(this.text(path)));
  }

  touch(path: string): void {
    this.disk.touch(path);
  }

  delete(path: string): void {
    this.disk.removeTree(path);
  }

  text(path: string): string {
    return textOf(this.disk.read(path));
  }

  exists(path: string): boolean {
    return this.disk.stat(path) !== undefined;
  }

  /** Forgets what the workspace knows about itself; the cache stays. */
  loseState(): void {
    this.delete(".x07-wasm");
  }

  loseCache(): void {
    this.delete("/cache");
  }

  session(settings: BuildSettings = {}, events: BuildEvent[] = []): Session {
    return openSession(this, settings, (e) => void events.push(e));
  }

  async build(plan: TestPlan, settings: BuildSettings = {}): Promise<Built> {
    const events: BuildEvent[] = [];
    return buildWith(this.session(settings, events), plan, events);
  }
}

/** A workspace with these files; time stands at a second after the last of them was written. */
export function world(files: { readonly [path: string]: string }, clock?: Clock, root?: string): World {
  return new World(files, clock, root);
}

expect.extend({
  toHaveRun(built: Built, actions: readonly string[]) {
    const wanted = [...actions].sort();
    const pass = this.equals(built.ran, wanted);
    const told = built.actions.map((a) => `  ${a.state} ${a.rule} ${a.label} (${a.reasons.map((r) => `${r.kind} ${r.what}`).join("; ")})`).join("\n");
    return { pass, message: () => `ran ${JSON.stringify(built.ran)}, wanted ${JSON.stringify(wanted)}\n${told}\n${built.diagnostics.map((d) => `  ${d.code}: ${d.message}`).join("\n")}` };
  },
});

declare module "vitest" {
  // Merging wants vitest's own type parameter, default and all.
  interface Matchers<T = any> {
    toHaveRun(actions: readonly string[]): T;
  }
}
