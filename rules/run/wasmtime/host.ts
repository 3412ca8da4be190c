// Runs a solve module in an installed Wasmtime within its limits and says what happened, in the same words as the host of V8.

import type { Diagnostic } from "../../../engine/index.ts";
import { finding } from "../../wasm/finding.ts";
import { PAGE } from "../../wasm/inspect.ts";
import type { CoreModule } from "../../wasm/read.ts";
import { judge, wallTimeExceeded } from "../core-host.ts";
import type { RunOutcome } from "../core-host.ts";
import type { CallOutcome, GuestSetup } from "../guest.ts";
import { checkEngine, checkModule, guestSetup, lateProblem } from "../prepare.ts";
import type { CoreRequest, ModuleChecks } from "../prepare.ts";
import { AFTER_BYTES, BEFORE_BYTES, noCall, singleCall, SOLVE } from "./driver.ts";
import { runWasmtime } from "./process.ts";

import { firstCause, globalKinds, layoutOf, limitFiles, limitWords, stopOf } from "./words.ts";
import type { Layout } from "./words.ts";

type Ran = Awaited<ReturnType<typeof runWasmtime>>;

const NO_PROBES = { fuel: "", stack: "", reason: "", detail: "", start: null };

/** One call of x07_solve_v2 in a fresh instance. Never rejects. */
export async function runCoreInWasmtime(program: string, request: CoreRequest): Promise<RunOutcome> {
  const refused = checkEngine(request.limits);
  if (refused) return failed(refused);
  const checked = checkModule(request.module, request.limits);
  if ("code" in checked) return failed(checked);
  if (checked.tooBig) return failed(checked.tooBig);
  return new WasmtimeRun(program, request, checked).run();
}

class WasmtimeRun {
  readonly #program: string;
  readonly #request: CoreRequest;
  readonly #checks: ModuleChecks & { readonly module: CoreModule };
  readonly #setup: GuestSetup;
  readonly #counting: boolean;
  readonly #late: Diagnostic | null;

  constructor(program: string, request: CoreRequest, checks: ModuleChecks & { readonly module: CoreModule }) {
    this.#program = program;
    this.#request = request;
    this.#checks = checks;
    this.#setup = guestSetup(request, checks, NO_PROBES);
    this.#counting = request.limits.maxFuel !== null;
    this.#late = lateProblem(checks, request.arenaCap);
  }

  async run(): Promise<RunOutcome> {
    // The start function has the fuel to itself; only then may the driver add what it needs.
    if (this.#checks.hasStart || this.#late) {
      const alone = await this.#start(noCall().bytes, this.#setup.fuel, "start");
      const stop = this.#instantiationStop(alone);
      if (stop) return stop;
      if (this.#late) return failed(this.#late);
    }
    const { arenaCap, maxOutput, fuel } = this.#setup;
    const driver = singleCall({ input: this.#request.input, arenaCap, maxOutput, globals: globalKinds(this.#checks.module) });
    return this.#outcome(await this.#start(driver.bytes, fuel + driver.fuel, this.#checks.hasStart ? "start" : "output"));
  }

  #start(driver: Uint8Array, fuel: bigint, clockFrom: "start" | "output"): Promise<Ran> {
    return runWasmtime({
      program: this.#program,
      words: ["run", ...limitWords(this.#request.limits, { fuel: this.#counting ? fuel : null, stackBytes: this.#setup.stack, memoryBytes: this.#checks.memoryCap, tableElements: this.#checks.tableCap })],
      files: { "solve.wasm": this.#request.module, "driver.wasm": driver, ...limitFiles(this.#request.limits) },
      modules: ["--preload", `${SOLVE}=solve.wasm`, "driver.wasm"],
      wallMs: this.#request.maxWallMs ?? null,
      clockFrom,
      maxOutput: BEFORE_BYTES + AFTER_BYTES + this.#setup.maxOutput,
    });
  }

  /** null: the module was instantiated, whatever the driver came to. */
  #instantiationStop(end: Ran): RunOutcome | null {
    if (end.spawnError !== null) return notStarted(this.#program, end.spawnError);
    if (end.ended === "timeout") return wallTimeExceeded(this.#request.maxWallMs ?? 0);
    if (end.status === 0 || !/failed to (?:load|instantiate|process)|while instantiating|preload/.test(end.stderr)) return null;
    return engineProblem(end) ?? judge({ failed: stopOf(end.stderr), heapBase: 0, dataEnd: 0, call: null }, this.#judging());
  }

  #outcome(end: Ran): RunOutcome {
    if (end.spawnError !== null) return notStarted(this.#program, end.spawnError);
    if (end.ended === "timeout") return wallTimeExceeded(this.#request.maxWallMs ?? 0);
    const { stdout } = end;
    if (stdout.length < BEFORE_BYTES) return this.#withoutAnswer(end);
    const view = new DataView(stdout.buffer, stdout.byteOffset, stdout.byteLength);
    const [heapBase, dataEnd, pages] = [view.getUint32(0, true), view.getUint32(4, true), view.getUint32(8, true)];
    return this.#judged(this.#call(end, view, layoutOf(heapBase, dataEnd, this.#request.input.length), pages * PAGE), heapBase, dataEnd);
  }

  #call(end: Ran, view: DataView, at: Layout, have: number): CallOutcome {
    const need = at.arenaPtr + this.#setup.arenaCap;
    if (need > have) return { kind: "no-room", need, have };
    if (end.status !== 0 || view.byteLength < BEFORE_BYTES + AFTER_BYTES) return { kind: "stopped", stop: stopOf(end.stderr), fuelLeft: 0n };
    const [outPtr, outLen] = [view.getUint32(BEFORE_BYTES, true), view.getUint32(BEFORE_BYTES + 4, true)];
    if (outLen > this.#setup.maxOutput) return { kind: "too-long", outLen, fuelLeft: 0n };
    if (outPtr < at.arenaPtr || outPtr + outLen > need) return { kind: "outside", outPtr, outLen, fuelLeft: 0n };
    const output = end.stdout.subarray(BEFORE_BYTES + AFTER_BYTES);
    if (output.length !== outLen) return { kind: "stopped", stop: { kind: "host", message: `Wasmtime gave ${output.length} of ${outLen} bytes of the answer` }, fuelLeft: 0n };
    return { kind: "output", at, output, fuelLeft: 0n };
  }

  /** Wasmtime ended before the driver could say anything. */
  #withoutAnswer(end: Ran): RunOutcome {
    const problem = engineProblem(end);
    if (problem) return problem;
    if (end.status === 0) return this.#judged({ kind: "no-room", need: layoutOf(0, 0, this.#request.input.length).arenaPtr + this.#setup.arenaCap, have: 0 }, 0, 0); // no memory at all
    return judge({ failed: stopOf(end.stderr), heapBase: 0, dataEnd: 0, call: null }, this.#judging());
  }

  #judging(): { setup: GuestSetup; counting: boolean; late: Diagnostic | null } {
    return { setup: this.#setup, counting: this.#counting, late: this.#late };
  }

  #judged(call: CallOutcome, heapBase: number, dataEnd: number): RunOutcome {
    return { ...judge({ failed: null, heapBase, dataEnd, call }, this.#judging()), fuelUsed: null };
  }
}

export function failed(diagnostic: Diagnostic, repeatable = true): RunOutcome {
  return { diagnostics: [diagnostic], output: null, memory: null, trap: null, fuelUsed: null, repeatable };
}

export function notStarted(program: string, error: string): RunOutcome {
  return failed({ ...finding("X07WASM_WASMTIME_SPAWN_FAILED", "run", `${program} could not be started: ${error}`), hint: "install Wasmtime, or use --host v8" }, false);
}

/** Settings or code that this Wasmtime does not take; null: it is no such problem. */
export function engineProblem({ stderr }: { readonly stderr: string }): RunOutcome | null {
  if (/wasm trap|forcing trap/.test(stderr)) return null;
  const text = firstCause(stderr);
  if (/cache|pooling|stack size|wasm_stack|unexpected argument|invalid value|unknown/i.test(stderr)) return failed({ ...finding("X07WASM_WASMTIME_ENGINE_FAILED", "run", `Wasmtime refuses its settings: ${text}`), hint: "check runtime.cache_config and the limits of the profile" }, false);
  if (/failed to compile|failed to parse|Invalid input WebAssembly/i.test(stderr)) return failed(finding("X07WASM_WASM_COMPILE_FAILED", "run", `the module cannot be compiled: ${text}`));
  return null;
}
