// One instance of a solve module that is called again and again, its memory kept between the calls. Knows nothing of what the calls are for.

import { fail, ok } from "../../engine/index.ts";
import type { Diagnostic, Result } from "../../engine/index.ts";
import { hitHostStack, judge, mayRunHere, prepareCore, wallTimeExceeded } from "./core-host.ts";
import type { CoreRequest, Prepared, RunOutcome } from "./core-host.ts";
import { guest } from "./guest.ts";
import type { Guest } from "./guest.ts";
import { GuestAway } from "./worker.ts";
import type { Answer, GuestRun, Opening } from "./worker.ts";
import { finding } from "../wasm/finding.ts";

export interface CoreSession {
  /** Calls x07_solve_v2 with full fuel. Never rejects; calls must not overlap. */
  call(input: Uint8Array): Promise<RunOutcome>;
  close(): Promise<void>;
}

export type SessionRequest = Omit<CoreRequest, "input">;

/** Loads and instantiates the module; the diagnostics are those of runCore up to the call. `maxWallMs` holds for each call. */
export async function openCore(request: SessionRequest): Promise<Result<CoreSession>> {
  const prepared = prepareCore(request);
  if ("code" in prepared) return fail([prepared]);
  const session = new V8Session(prepared, request.maxWallMs ?? null);
  const problem = await session.open();
  if (!problem) return ok(session);
  await session.close();
  return fail(problem);
}

/** Where the instance is: on this thread, away from it, or nowhere (the next call makes a fresh one). */
type Place = { readonly kind: "here"; readonly instance: Guest } | { readonly kind: "away"; readonly guest: GuestAway; readonly opening: Opening } | { readonly kind: "nowhere" };

/**
 * Calls run on this thread where fuel bounds them, else away from it, where they can be ended. A call that needs a deeper stack
 * moves away for good, where a fresh instance first repeats the earlier calls: without imports the same inputs
 * lead to the same state. A call that was stopped midway leaves its instance in no defined state, so the next gets a new one.
 */
class V8Session implements CoreSession {
  readonly #prepared: Prepared;
  readonly #wallMs: number | null;
  /** The completed calls of the present instance. */
  #history: Uint8Array[] = [];
  #deep = false;
  #place: Place = { kind: "nowhere" };

  constructor(prepared: Prepared, wallMs: number | null) {
    this.#prepared = prepared;
    this.#wallMs = wallMs;
  }

  async open(): Promise<Diagnostic[] | null> {
    const failed = await this.#instantiate();
    if (failed) return failed;
    return this.#prepared.late ? [this.#prepared.late] : null;
  }

  async call(input: Uint8Array): Promise<RunOutcome> {
    if (this.#place.kind === "nowhere") {
      const failed = await this.#instantiate();
      if (failed) return nothing(failed[0] as Diagnostic);
    }
    const ran = await this.#run(input);
    if (ran.kind === "answer" && hitHostStack(ran.value) && !this.#deep) return this.#deeper(input);
    return this.#judged(ran, input);
  }

  async close(): Promise<void> {
    const place = this.#place;
    this.#place = { kind: "nowhere" };
    if (place.kind === "away") place.guest.close();
  }

  async #deeper(input: Uint8Array): Promise<RunOutcome> {
    const history = this.#history;
    this.#deep = true;
    await this.close();
    const failed = await this.#instantiate();
    if (failed) return nothing(failed[0] as Diagnostic);
    for (const earlier of history) {
      const ran = await this.#run(earlier);
      if (ran.kind !== "answer") return this.#judged(ran, earlier);
      this.#history.push(earlier);
    }
    return this.#judged(await this.#run(input), input);
  }

  async #judged(ran: Answer<GuestRun>, input: Uint8Array): Promise<RunOutcome> {
    const completed = ran.kind === "answer" && ran.value.call?.kind !== "stopped";
    if (completed) this.#history.push(input);
    else await this.close();
    switch (ran.kind) {
      case "answer": return judge(ran.value, this.#prepared);
      case "timeout": return wallTimeExceeded(this.#wallMs ?? 0);
      case "broken": return nothing(finding("X07WASM_RUN_FAILED", "run", `the call could not be completed: ${ran.message}`), false);
    }
  }

  async #run(input: Uint8Array): Promise<Answer<GuestRun>> {
    const place = this.#place;
    const { fuel } = this.#prepared.setup;
    switch (place.kind) {
      case "nowhere": return { kind: "broken", message: "there is no instance" };
      case "here": {
        const { heapBase, dataEnd } = place.instance;
        return { kind: "answer", value: { failed: null, heapBase, dataEnd, call: place.instance.call(input, fuel) } };
      }
      case "away": {
        const { heapBase, dataEnd } = place.opening;
        const answer = await place.guest.call(input, fuel);
        return answer.kind === "answer" ? { kind: "answer", value: { failed: null, heapBase, dataEnd, call: answer.value } } : answer;
      }
    }
  }

  /** A fresh instance; the diagnostics of one that cannot be made. */
  async #instantiate(): Promise<Diagnostic[] | null> {
    this.#history = [];
    const { module, setup } = this.#prepared;
    if (!this.#deep && mayRunHere(this.#prepared, this.#wallMs)) {
      const instance = guest(module, setup);
      if (!hitHostStack({ ...instance, call: null })) {
        this.#place = { kind: "here", instance };
        return this.#refusal(instance);
      }
      this.#deep = true;
    }
    const { guest: away, opening } = await GuestAway.open(this.#prepared, this.#wallMs);
    if (opening.kind === "answer") {
      this.#place = { kind: "away", guest: away, opening: opening.value };
      return this.#refusal(opening.value);
    }
    away.close();
    return opening.kind === "timeout" ? [...wallTimeExceeded(this.#wallMs ?? 0).diagnostics] : [finding("X07WASM_RUN_FAILED", "run", `the module could not be instantiated: ${opening.message}`)];
  }

  #refusal({ failed, heapBase, dataEnd }: Pick<Opening, "failed" | "heapBase" | "dataEnd">): Diagnostic[] | null {
    return failed === null ? null : [...judge({ failed, heapBase, dataEnd, call: null }, this.#prepared).diagnostics];
  }
}

function nothing(diagnostic: Diagnostic, repeatable = true): RunOutcome {
  return { diagnostics: [diagnostic], output: null, memory: null, trap: null, fuelUsed: null, repeatable };
}
