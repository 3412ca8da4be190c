// A unit of code as it is kept between stages: units -> plain data, few of them -> one, and back to what is linked. Knows no files.

import type { Checked } from "./object.ts";
import type { Part } from "./program.ts";
import type { Unit } from "./unit.ts";
import { better, type CodeFunction, keep, type KeptCode, takeOut } from "./wasm/symbols.ts";

export interface KeptUnit {
  readonly code: KeptCode;
  /** Whether a function has mistakes. */
  readonly faulty: boolean;
  /** Functions that the unit's own name and that lie elsewhere. */
  readonly outward: readonly string[];
  /** Texts of lists of Checked: read only where a mistake is possible. */
  readonly checked: readonly string[];
}

export function keepUnit({ functions, checked }: Unit): KeptUnit {
  const own = new Set(checked.map((c) => c.name));
  const outward = new Set<string>();
  for (const c of checked) for (const n of c.needs) if (!own.has(n)) outward.add(n);
  return { code: keep(functions), faulty: checked.some((c) => c.faults.length > 0), outward: [...outward].sort(), checked: [JSON.stringify(checked)] };
}

/** Of equal instances, which are code of several units, the better one stays, as it would in linking. */
export function gather(units: readonly KeptUnit[]): KeptUnit {
  const functions = new Map<string, CodeFunction>();
  const outward = new Set<string>();
  for (const u of units) {
    for (const [name, f] of takeOut(u.code)) if (better(f, functions.get(name))) functions.set(name, f);
    for (const n of u.outward) outward.add(n);
  }
  return { code: keep([...functions.values()]), faulty: units.some((u) => u.faulty), outward: [...outward].sort(), checked: units.flatMap((u) => u.checked) };
}

export function partOf({ code, faulty, outward, checked }: KeptUnit): Part {
  return { functions: takeOut(code), faulty, outward, checked: () => checked.flatMap((text) => JSON.parse(text) as Checked[]) };
}
