// One instance of a solve module in Wasmtime that is called again and again. The meter is woven in, as for V8: Wasmtime's own
// fuel cannot be filled up between calls. Knows nothing of what the calls are for.

import { fail, ok } from "../../../engine/index.ts";
import type { Diagnostic, Result } from "../../../engine/index.ts";
import { finding } from "../../wasm/finding.ts";
import { PAGE } from "../../wasm/inspect.ts";
import { meter } from "../../wasm/meter.ts";
import type { Metered } from "../../wasm/meter.ts";
import type { CoreModule } from "../../wasm/read.ts";
import { judge, wallTimeExceeded } from "../core-host.ts";
import type { RunOutcome } from "../core-host.ts";
import type { CallOutcome, GuestSetup, Stop } from "../guest.ts";
import { checkEngine, checkModule, guestSetup, lateProblem } from "../prepare.ts";
import type { ModuleChecks } from "../prepare.ts";
import type { CoreSession, SessionRequest } from "../session.ts";
import { ANSWER_BYTES, BEFORE_BYTES, manyCalls, SOLVE } from "./driver.ts";
import { engineProblem, notStarted } from "./host.ts";
import { Conversation } from "./process.ts";
import type { WasmtimeEnd } from "./process.ts";
import { globalKinds, layoutOf, limitFiles, limitWords, stopOf } from "./words.ts";

export async function openCoreInWasmtime(program: string, request: SessionRequest): Promise<Result<CoreSession>> {
  const refused = checkEngine(request.limits);
  if (refused) return fail([refused]);
  const checked = checkModule(request.module, request.limits);
  if ("code" in checked) return fail([checked]);
  if (checked.tooBig) return fail([checked.tooBig]);
  const late = lateProblem(checked, request.arenaCap);
  const metered = meter(checked.module, { fuel: request.limits.maxFuel !== null, maxPages: null, maxElements: null });
  if (!metered.ok) return fail([finding("X07WASM_WASM_INVALID", "run", `invalid module: ${metered.error.message} (at offset ${metered.error.offset})`)]);
  if (late) return fail([late]);
  const session = new WasmtimeSession(program, request, checked, metered.value);
  const problem = await session.open();
  return problem ? fail([...problem.diagnostics]) : ok(session);
}

/** The driver's own page must be allowed whatever the guest may have. */
const LEAST_MEMORY = BigInt(PAGE);
/** Wasmtime's frames are larger than the meter's estimate, which is what counts. */
const STACK_PER_METERED = 16;
const LEAST_STACK = 1024 * 1024;

interface Running {
  readonly talk: Conversation;
  readonly heapBase: number;
  readonly dataEnd: number;
  /** Pages of memory after the last call. */
  pages: number;
}

class WasmtimeSession implements CoreSession {
  readonly #program: string;
  readonly #request: SessionRequest;
  readonly #checks: ModuleChecks & { readonly module: CoreModule };
  readonly #metered: Metered;
  readonly #setup: GuestSetup;
  #running: Running | undefined;

  constructor(program: string, request: SessionRequest, checks: ModuleChecks & { readonly module: CoreModule }, metered: Metered) {
    this.#program = program;
    this.#request = request;
    this.#checks = checks;
    this.#metered = metered;
    this.#setup = guestSetup(request, checks, metered.probes);
  }

  async open(): Promise<RunOutcome | null> {
    const { limits } = this.#request;
    const counting = limits.maxFuel !== null;
    const { probes } = this.#metered;
    const driver = manyCalls({ ...this.#setup, globals: globalKinds(this.#checks.module), probes: { fuel: counting ? probes.fuel : null, stack: probes.stack } });
    const cap = this.#checks.memoryCap;
    const talk = new Conversation({
      program: this.#program,
      words: ["run", ...limitWords(limits, { fuel: null, stackBytes: Math.max(LEAST_STACK, this.#setup.stack * STACK_PER_METERED), memoryBytes: cap !== null && cap < LEAST_MEMORY ? LEAST_MEMORY : cap, tableElements: this.#checks.tableCap })],
      files: { "solve.wasm": this.#metered.bytes, "driver.wasm": driver, ...limitFiles(limits) },
      modules: ["--preload", `${SOLVE}=solve.wasm`, "driver.wasm"],
    });
    // Compiling is not the guest's time; a start function is.
    const before = await talk.read(BEFORE_BYTES, this.#checks.hasStart ? this.#wallMs : null);
    if (before.kind !== "bytes") {
      const end = await talk.close();
      if (end.spawnError !== null) return notStarted(this.#program, end.spawnError);
      if (before.kind === "timeout") return wallTimeExceeded(this.#wallMs ?? 0);
      return engineProblem(end) ?? judge({ failed: this.#stopOf(end), heapBase: 0, dataEnd: 0, call: null }, this.#judging());
    }
    const view = new DataView(before.bytes.buffer, before.bytes.byteOffset, before.bytes.length);
    this.#running = { talk, heapBase: view.getUint32(0, true), dataEnd: view.getUint32(4, true), pages: view.getUint32(8, true) };
    return null;
  }

  async call(input: Uint8Array): Promise<RunOutcome> {
    if (!this.#running) {
      const problem = await this.open();
      if (problem) return problem;
    }
    const running = this.#running as Running;
    const at = layoutOf(running.heapBase, running.dataEnd, input.length);
    const need = at.arenaPtr + this.#setup.arenaCap;
    const have = running.pages * PAGE;
    if (need > have) return this.#judged(running, { kind: "no-room", need, have });
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, input.length, true);
    running.talk.write(length);
    running.talk.write(input);
    const told = await running.talk.read(ANSWER_BYTES, this.#wallMs);
    if (told.kind !== "bytes") return this.#stopped(running, told.kind === "timeout");
    const view = new DataView(told.bytes.buffer, told.bytes.byteOffset, told.bytes.length);
    const [outPtr, outLen] = [view.getUint32(0, true), view.getUint32(4, true)];
    running.pages = view.getUint32(8, true);
    if (outLen > this.#setup.maxOutput) return this.#judged(running, { kind: "too-long", outLen, fuelLeft: 0n });
    if (outPtr < at.arenaPtr || outPtr + outLen > need) return this.#judged(running, { kind: "outside", outPtr, outLen, fuelLeft: 0n });
    const output = await running.talk.read(outLen, null);
    return output.kind === "bytes" ? this.#judged(running, { kind: "output", at, output: output.bytes, fuelLeft: 0n }) : this.#stopped(running, false);
  }

  async close(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.talk.close();
  }

  get #wallMs(): number | null {
    return this.#request.maxWallMs ?? null;
  }

  /** The process is no more, or is ended now; the next call starts another. */
  async #stopped(running: Running, timeout: boolean): Promise<RunOutcome> {
    this.#running = undefined;
    const end = await running.talk.close();
    if (timeout) return wallTimeExceeded(this.#wallMs ?? 0);
    return this.#judged(running, { kind: "stopped", stop: this.#stopOf(end), fuelLeft: 0n });
  }

  /** Why Wasmtime ended: the meter's own functions say what they stand for by where they are. */
  #stopOf(end: WasmtimeEnd): Stop {
    const stop = stopOf(end.stderr);
    if (stop.kind !== "trap" || !stop.message.includes("unreachable")) return stop;
    const first = /<wasm function (\d+)>/.exec(end.stderr)?.[1];
    switch (Number(first) - this.#checks.module.functions.length) {
      case 0: return { kind: "stack" };
      case 1: return { kind: "fuel" };
      default: return stop;
    }
  }

  #judging(): { setup: GuestSetup; counting: boolean; late: Diagnostic | null } {
    return { setup: this.#setup, counting: this.#request.limits.maxFuel !== null, late: null };
  }

  #judged({ heapBase, dataEnd }: Running, call: CallOutcome): RunOutcome {
    return { ...judge({ failed: null, heapBase, dataEnd, call }, this.#judging()), fuelUsed: null };
  }
}

