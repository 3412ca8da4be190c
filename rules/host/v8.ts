// Components under V8, on this thread: a fresh instance for every command and every request. Knows no files, no sockets, no codes.

import type { MessagePort } from "node:worker_threads";
import { fail, ok } from "../../engine/index.ts";
import type { Result } from "../../engine/index.ts";
import { ComponentInstance } from "./component/instance.ts";
import type { HostWorld } from "./component/instance.ts";
import { SHORT_PAGES, WHOLE } from "./component/memories.ts";
import type { Func } from "./component/plan.ts";
import { spellFunc } from "./component/types.ts";
import { Tank } from "./component/tank.ts";
import type { Tagged, Value } from "./component/value.ts";
import { beyondV8, leavesTracesBy, namesOf } from "./demands.ts";
import { leavesTraces } from "../ops/grants.ts";
import type { Grants } from "../ops/grants.ts";
import type { CommandJob, CommandOutcome, Ended, HttpEnd, HttpHandler, HttpJob, HttpOutcome, HttpResponse, NotStarted } from "./host.ts";
import { hostLimits } from "./limits.ts";
import type { HostLimits } from "./limits.ts";
import { exportOf, importKey, prepareComponent } from "./prepare.ts";
import type { Prepared, PrepareFault } from "./prepare.ts";
import { guestEnded } from "./memory.ts";
import { runDeep, sideProgram } from "./side.ts";
import type { GuestStop } from "./stop.ts";
import { Courier } from "./wasi/errand.ts";
import { errorCodeName, Exchange } from "./wasi/http.ts";
import type { HttpRequest, HttpWorld } from "./wasi/http.ts";
import { GuestLine } from "./wasi/live.ts";
import { Outside } from "./wasi/outside.ts";
import { OpenSenses } from "./wasi/senses.ts";
import { NOBODY, Sink } from "./wasi/world.ts";
import type { World } from "./wasi/world.ts";
import type { WorldName } from "./wasi/index.ts";

const LOST: HttpOutcome = { kind: "refused", message: "the thread of the guest ended" };
/** What a request may take with short memories: all attempts together stay within what a wall limit may be late. */
const ATTEMPT_MS = 50;
const NO_BYTES = new Uint8Array(0);

/** A prepared component and the function that starts it. */
export interface Loaded {
  readonly prepared: Prepared;
  readonly entry: Func;
  readonly limits: HostLimits;
}

const ENTRIES: { readonly [W in WorldName]: { readonly interface: string; readonly name: string; readonly type: string } } = {
  command: { interface: "wasi:cli/run", name: "run", type: "func() -> result" },
  proxy: { interface: "wasi:http/incoming-handler", name: "handle", type: "func(wasi:http/types.incoming-request, wasi:http/types.response-outparam)" },
};

export function load(bytes: Uint8Array, world: WorldName, limits: HostLimits): Result<Loaded, NotStarted> {
  const prepared = prepareComponent(bytes, world, limits);
  if (!prepared.ok) return fail(notStarted(prepared.error));
  const wanted = ENTRIES[world];
  const entry = exportOf(prepared.value.program.plan, wanted.interface, wanted.name);
  const full = `${wanted.interface}@0.2`;
  if (entry === null) return fail({ kind: "world", message: `no exported instance named \`${full}\``, names: [full], notes: [] });
  if (spellFunc(entry.type) !== wanted.type) return fail({ kind: "world", message: `the export \`${full}\` has another type than ${wanted.type}`, names: [full], notes: [] });
  return ok({ prepared: prepared.value, entry, limits });
}

function notStarted(fault: PrepareFault): NotStarted {
  if (fault.kind === "malformed") return fault;
  return { kind: "world", message: `the component imports what this host does not offer: ${fault.names.slice(0, 8).join(", ")}${fault.names.length > 8 ? ", …" : ""}`, names: fault.names, notes: fault.notes };
}

/** Runs a component: a fresh instance for each call, in a world of its own. */
class Runner {
  readonly #loaded: Loaded;
  readonly #instance: ComponentInstance;
  /** Of the instance that runs: guests run one at a time. */
  #world: World;

  constructor(loaded: Loaded, world: World) {
    this.#loaded = loaded;
    this.#world = world;
    const { functions } = loaded.prepared;
    const host: HostWorld = {
      function: (from, name) => {
        const run = functions.get(importKey(from, name))!;
        return (...args) => run(this.#world, ...args);
      },
      dropped: (rep) => (rep as { dropped?: () => void }).dropped?.(),
    };
    this.#instance = new ComponentInstance(loaded.prepared.program, host, world.tank);
  }

  /** `world` has the tank of the first one; `short`: see memories.ts. */
  call(world: World, args: readonly Value[], short = WHOLE): { readonly stop: GuestStop | null; readonly value: Value } {
    this.#world = world;
    const { tooLarge } = this.#loaded.prepared;
    const failed = tooLarge ?? this.#instance.instantiate(short);
    const result = failed === null ? this.#instance.call(this.#loaded.entry, args) : { kind: "stopped" as const, stop: failed };
    this.#instance.release();
    return result.kind === "returned" ? { stop: null, value: result.value } : { stop: result.stop, value: undefined };
  }
}

export function tankOf(limits: HostLimits): Tank {
  return new Tank({ fuel: limits.fuel, stack: limits.stackBytes, wallMs: limits.wallMs });
}

// ---------------------------------------------------------------------------------------------- commands

export function runCommand(job: CommandJob): CommandOutcome {
  const loaded = load(job.component, "command", hostLimits(job.limits, job.wallMs));
  if (!loaded.ok) return { kind: "not-started", why: loaded.error };
  const world: World = {
    tank: tankOf(loaded.value.limits),
    args: job.args,
    stdin: job.stdin,
    stdout: new Sink("stdout", job.maxOutput),
    stderr: new Sink("stderr", job.maxOutput),
    env: [],
    senses: new OpenSenses(),
    folders: null,
  };
  const ran = new Runner(loaded.value, world).call(world, []);
  return { kind: "ran", ended: endedOf(ran), stdout: world.stdout.bytes(), stderr: world.stderr.bytes() };
}

function endedOf({ stop, value }: { readonly stop: GuestStop | null; readonly value: Value }): Ended {
  if (stop === null) return (value as Tagged).tag === 0 ? { kind: "ok" } : { kind: "err" };
  if (stop.kind === "exit") return stop.status === 0 ? { kind: "ok" } : { kind: "err" };
  return { kind: "stopped", stop };
}

// ---------------------------------------------------------------------------------------------- requests

/** `begun`: the head of the answer, and all that was written, went over the line. */
export interface LiveOutcome {
  readonly outcome: HttpOutcome;
  readonly begun: boolean;
}

export class V8Handler implements HttpHandler {
  readonly #loaded: Loaded;
  readonly #job: HttpJob;
  readonly #maxResponse: number;
  readonly #grants: Grants | null;
  readonly #courier: Courier | null;
  readonly away: boolean;
  /** Wakes a guest that waits for others. */
  readonly #bell = new Int32Array(new SharedArrayBuffer(4));
  /** One for all requests: a guest is never called again once its request is answered. */
  readonly #tank: Tank;
  #runner: Runner | null = null;
  /** By the size of the request's body in bits (as zeros in front): which of the short memories to try. */
  readonly #shortest: number[];

  constructor(loaded: Loaded, job: HttpJob) {
    this.#loaded = loaded;
    this.#job = job;
    this.#maxResponse = job.maxResponse;
    this.#grants = job.grants ?? null;
    this.#courier = this.#grants === null ? null : new Courier(this.#grants.network);
    this.#tank = tankOf(loaded.limits);
    this.away = leavesTraces(this.#grants) && leavesTracesBy(namesOf(loaded.prepared.program.plan.imports));
    // What leaves traces is not tried: it is done once.
    const mayTry = !this.away && loaded.limits.wallMs !== null && loaded.prepared.program.modules.some((m) => m.memory?.sizeless === true && m.memory.min > m.memory.least);
    this.#shortest = new Array<number>(33).fill(mayTry ? 0 : SHORT_PAGES.length);
  }

  #world(exchange: Exchange, { env, senses, errands, folders }: Outside): HttpWorld {
    return { tank: this.#tank, args: [], stdin: NO_BYTES, stdout: new Sink("stdout", NOBODY), stderr: new Sink("stderr", NOBODY), env, senses, folders, exchange, errands };
  }

  answer(request: HttpRequest): HttpOutcome | Promise<HttpOutcome> {
    if (this.away && sideProgram() !== null) return runDeep({ kind: "request", job: this.#job, request }).then((deep) => deep ?? LOST);
    const outcome = this.answerNow(request);
    if (outcome.kind !== "stopped" || outcome.stop.kind !== "host-stack") return outcome;
    return runDeep({ kind: "request", job: this.#job, request }).then((deep) => deep ?? outcome);
  }

  async close(): Promise<void> {
    await this.#courier?.close();
  }

  /** First with short memories, if those were enough for requests of this size so far; where they might not be, all over again. */
  answerNow(request: HttpRequest): HttpOutcome {
    const size = Math.clz32(request.body.length);
    for (let step = this.#shortest[size]!; ; step++) {
      const short = SHORT_PAGES[step] ?? WHOLE;
      const outcome = this.#run(new Exchange(request, this.#maxResponse), short);
      if (!mayBeShortage(outcome)) this.#shortest[size] = step;
      else if (short !== WHOLE) {
        // Whoever takes so long gains nothing from short memories.
        if (outcome.stop.kind === "deadline") step = SHORT_PAGES.length - 1;
        continue;
      }
      return outcome;
    }
  }

  /** The bodies go over a line to another thread; this one sleeps while the guest waits for them. */
  answerLive(request: HttpRequest, port: MessagePort, words: Int32Array): LiveOutcome {
    const line = new GuestLine(port, words, this.#tank);
    const outcome = this.#run(new Exchange(request, this.#maxResponse, line), WHOLE, line.bell);
    if (outcome.kind !== "answered" || !line.begun) return { outcome, begun: line.begun };
    line.push();
    return { outcome: { ...outcome, response: { ...outcome.response, body: NO_BYTES } }, begun: true };
  }

  #run(exchange: Exchange, short = WHOLE, bell: Int32Array = this.#bell): HttpOutcome {
    this.#tank.fill(short === WHOLE ? Infinity : ATTEMPT_MS);
    const outside = new Outside(this.#grants, this.#tank, this.#courier, bell);
    const world = this.#world(exchange, outside);
    this.#runner ??= new Runner(this.#loaded, world);
    const { stop } = this.#runner.call(world, [{ rep: exchange.request }, { rep: exchange }], short);
    guestEnded();
    outside.close();
    const end: HttpEnd = stop !== null && !(stop.kind === "exit" && stop.status === 0) ? { kind: "stopped", stop } : outcomeOf(exchange);
    const told = outside.told();
    return told === undefined ? end : { ...end, told };
  }
}

/** Whether the guest might have come to another end with its whole memory. */
function mayBeShortage(outcome: HttpOutcome): outcome is HttpOutcome & { readonly kind: "stopped" } {
  return outcome.kind === "stopped" && (outcome.stop.kind === "trap" || outcome.stop.kind === "host" || outcome.stop.kind === "deadline");
}

function outcomeOf(exchange: Exchange): HttpEnd {
  const { answer } = exchange;
  switch (answer.kind) {
    case "none": return { kind: "refused", message: "guest never invoked `response-outparam::set` method" };
    case "error": return { kind: "refused", message: `the guest answered with the error ${errorCodeName(answer.code)}` };
    case "response": {
      const { response } = answer;
      const body = response.body?.sink.bytes() ?? NO_BYTES;
      const promised = response.body?.promised ?? null;
      if (response.body !== null && !response.body.finished && response.body.written) return { kind: "refused", message: "the guest did not finish the response body" };
      const length = response.body?.sink.length ?? 0;
      if (promised !== null && promised !== length) return { kind: "refused", message: `the response promises ${promised} bytes and has ${length}` };
      const sent: HttpResponse = { status: response.status, headers: [...response.headers], body };
      return { kind: "answered", response: sent };
    }
  }
}

export function openV8(job: HttpJob): Result<V8Handler, NotStarted> {
  const loaded = load(job.component, "proxy", hostLimits(job.limits, job.wallMs));
  if (!loaded.ok) return loaded;
  const beyond = beyondV8(job.grants ?? null, namesOf(loaded.value.prepared.program.plan.imports));
  return beyond === null ? ok(new V8Handler(loaded.value, job)) : fail(beyond);
}
