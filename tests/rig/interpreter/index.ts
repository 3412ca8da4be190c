// The oracle: runs a well-typed x07 program by the documented language, simply and slowly. Checks no types.

import { need, type Run, type Scope } from "./evaluate.ts";
import { handleBuiltins } from "./handles.ts";
import { Machine, type Step } from "./machine.ts";
import { readProgram, type Sources } from "./program.ts";
import { contentOf, memory, Trap, view } from "./value.ts";

export type { Sources } from "./program.ts";
export { Unknown } from "./value.ts";

export type Outcome = { readonly output: Uint8Array } | { readonly trap: string };

export interface Limits {
  /** One unit for each evaluated expression. */
  readonly fuel?: number;
  /** The largest single allocation, in bytes. */
  readonly memory?: number;
}

/** Runs `solve` on the input. A trap is an outcome; an {@link Unknown} is thrown for programs that are not well typed. */
export function interpret(sources: Sources, input: Uint8Array, limits: Limits = {}): Outcome {
  const run: Run = {
    program: readProgram(sources),
    input: view(input.slice()),
    memory: memory(limits.memory ?? 64 << 20),
    machine: new Machine(),
    handles: handleBuiltins(),
    simple: new WeakMap(),
    decided: new WeakMap(),
    fuel: limits.fuel ?? 50_000_000,
  };
  try {
    return { output: contentOf(run.machine.main(solve(run))).slice() };
  } catch (error) {
    if (error instanceof Trap) return { trap: error.message };
    throw error;
  }
}

function* solve(run: Run): Step {
  const scope: Scope = { names: new Map(), outer: undefined, frame: { types: new Map(), async: false } };
  return yield need(run, run.program.solve, scope);
}
