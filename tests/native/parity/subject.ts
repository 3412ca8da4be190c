// One module to be run on both hosts, and how much fuel it needs on each. Knows nothing of where modules come from.

import { prepareCore, runCore, type CoreRequest } from "../../../rules/run/core-host.ts";
import { runGuest } from "../../../rules/run/worker.ts";
import { runCoreInWasmtime } from "../../../rules/run/wasmtime/host.ts";

export interface Subject {
  readonly name: string;
  readonly module: Uint8Array;
  readonly input: Uint8Array;
  readonly arenaCap: number;
}

const PLAN = { stack_first: false, stack_size_bytes: 0, initial_memory_bytes: 0, max_memory_bytes: 0, growable_memory: false };
const FUEL = "X07WASM_BUDGET_EXCEEDED_CPU_FUEL";

export function request(subject: Subject, maxFuel: bigint): CoreRequest {
  return { module: subject.module, input: subject.input, arenaCap: subject.arenaCap, maxOutput: 1 << 24, plan: PLAN, limits: { maxFuel, maxMemoryBytes: null, maxTableElements: null, maxWasmStackBytes: 1 << 20 }, maxWallMs: null };
}

/** The least fuel with which the run is not stopped for want of it, by bisection on V8; null: more than `ceiling`, or it never ends but for want of stack. */
export function leastFuelOnV8(subject: Subject, ceiling: bigint): bigint | null {
  const prepared = prepareCore(request(subject, ceiling));
  if ("code" in prepared) throw new Error(`${subject.name}: ${prepared.message}`);
  const { module, setup } = prepared;
  const run = (fuel: bigint) => runGuest({ module, setup: { ...setup, fuel }, inputs: [subject.input], refill: false });
  const stopped = ({ failed, call }: ReturnType<typeof run>): boolean => failed?.kind === "fuel" || (call?.kind === "stopped" && call.stop.kind === "fuel");
  const whole = run(ceiling);
  if (stopped(whole) || (whole.call?.kind === "stopped" && /stack/.test(whole.call.stop.kind))) return null;
  // What was used in all is an upper bound, unless the run ended before it was counted.
  const used = whole.call && "fuelLeft" in whole.call ? ceiling - whole.call.fuelLeft + 1n : ceiling;
  let [low, high] = [0n, stopped(run(used)) ? ceiling : used]; // low is too little (0 always is), high is enough
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (stopped(run(middle))) low = middle;
    else high = middle;
  }
  return high;
}

export interface Ending {
  readonly codes: readonly string[];
  readonly trap: string | null;
  readonly output: string | null;
}

async function ending(outcome: ReturnType<typeof runCore>): Promise<Ending> {
  const { diagnostics, trap, output } = await outcome;
  return { codes: diagnostics.map((d) => d.code), trap, output: output === null ? null : Buffer.from(output).toString("hex") };
}

/**
 * What is not the same on both hosts: `fuel` must be enough and one less too little in Wasmtime (more never hurts, so that
 * is the least there too), and with it both must end alike. Empty: all is the same.
 */
export async function differences(program: string, subject: Subject, fuel: bigint): Promise<string[]> {
  const [less, there, here] = await Promise.all([
    ending(runCoreInWasmtime(program, request(subject, fuel - 1n))),
    ending(runCoreInWasmtime(program, request(subject, fuel))),
    ending(runCore(request(subject, fuel))),
  ]);
  const found: string[] = [];
  const instantiating = here.codes.includes("X07WASM_WASM_INSTANTIATE_FAILED");
  if (!less.codes.includes(FUEL) && !less.codes.includes("X07WASM_WASM_INSTANTIATE_FAILED")) found.push(`${subject.name}: with ${fuel - 1n} Wasmtime does not stop: ${JSON.stringify(less)}`);
  if (there.codes.includes(FUEL)) found.push(`${subject.name}: ${fuel} is not enough in Wasmtime`);
  if (!instantiating && JSON.stringify(there) !== JSON.stringify(here)) found.push(`${subject.name}: V8 ${JSON.stringify(here)}, Wasmtime ${JSON.stringify(there)}`);
  return found;
}

/** The least fuel in Wasmtime, by bisection there alone. */
export async function leastFuelInWasmtime(program: string, subject: Subject, ceiling: bigint): Promise<bigint> {
  const enough = async (fuel: bigint): Promise<boolean> => !(await ending(runCoreInWasmtime(program, request(subject, fuel)))).codes.includes(FUEL);
  let [low, high] = [0n, ceiling];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (await enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}
