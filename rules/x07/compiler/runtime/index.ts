// The runtime library: IR functions by name, built when a program first needs them. Knows their names and static areas only.

import type { IrFunction, StaticArea } from "../ir.ts";
import { BYTES } from "./bytes.ts";
import { BINS, MEMORY } from "./memory.ts";
import { DIGITS, NUMBERS } from "./numbers.ts";
import { SCHEDULER, SCHEDULER_AREA } from "./scheduler.ts";
import { HANDLES, TABLES } from "./tables.ts";

const FACTORIES: ReadonlyMap<string, () => IrFunction> = new Map([...MEMORY, ...BYTES, ...NUMBERS, ...TABLES, ...SCHEDULER]);
const AREAS: ReadonlyMap<string, StaticArea> = new Map([BINS, DIGITS, HANDLES, SCHEDULER_AREA].map((a) => [a.name, a]));
const built = new Map<string, IrFunction>();

export function runtimeFunction(name: string): IrFunction | undefined {
  const done = built.get(name);
  if (done !== undefined) return done;
  const made = FACTORIES.get(name)?.();
  if (made !== undefined) built.set(name, made);
  return made;
}

export function staticArea(name: string): StaticArea | undefined {
  return AREAS.get(name);
}

/** Every function of the runtime, by the name under which it is asked for. */
export function runtimeNames(): string[] {
  return [...FACTORIES.keys()];
}
