// Breaks programs: replaces, inserts and removes parts of an AST at random. Knows JSON, not the language.

import type { Dice } from "./generator.ts";

type Node = unknown[] | { [key: string]: unknown };
type Spot = readonly [Node, string | number];

const ODD: readonly unknown[] = [null, true, {}, [], [[]], 1.5, 1e20, "", "a b", ["begin"], ["tapp"], ["let"], ["return", 1], ["return", ["bytes.lit", "q"]], ["bytes.lit", 3], ["for", "i", 0, 3, "i"]];

export type Modules = { [path: string]: unknown };

/** Every part of the entries' bodies: what mutations put in the place of other parts. */
export function donorsOf(programs: readonly Modules[]): unknown[] {
  return programs.flatMap((modules) => Object.values(modules).flatMap((m) => spotsIn(isEntry(m) ? m.solve : undefined)).map(([node, key]) => (node as { [key: string]: unknown })[key]));
}

/** A copy of the program in which one module is broken in one to three places, mostly in the entry's body. */
export function mutant(program: Modules, donors: readonly unknown[], dice: Dice): Modules {
  const modules = structuredClone(program);
  const paths = Object.keys(modules);
  const module = modules[paths[dice.below(paths.length)] ?? ""];
  if (isEntry(module) && dice.chance(70)) {
    const body = { solve: module.solve };
    mutate(body, donors, dice);
    Object.assign(module, body);
  } else mutate(module, donors, dice);
  return modules;
}

function isEntry(module: unknown): module is { solve: unknown } {
  return typeof module === "object" && module !== null && "solve" in module;
}

function spotsIn(value: unknown, out: Spot[] = []): Spot[] {
  if (typeof value !== "object" || value === null) return out;
  if (Array.isArray(value)) value.forEach((v, i) => (out.push([value, i]), spotsIn(v, out)));
  else for (const [key, v] of Object.entries(value)) (out.push([value as Node, key]), spotsIn(v, out));
  return out;
}

function mutate(module: unknown, donors: readonly unknown[], dice: Dice): void {
  for (let n = 1 + dice.below(3); n > 0; n--) {
    const spots = spotsIn(module);
    const spot = spots[dice.below(spots.length)];
    if (spot === undefined) return;
    const [node, key] = spot;
    const donor: unknown = structuredClone((dice.chance(75) ? donors[dice.below(donors.length)] : ODD[dice.below(ODD.length)]) ?? 0);
    if (Array.isArray(node) && typeof key === "number") node.splice(key, dice.chance(70) ? 1 : 0, ...(dice.chance(85) ? [donor] : []));
    else (node as { [key: string]: unknown })[key] = donor;
  }
}
