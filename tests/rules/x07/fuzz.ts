// What a random program must not do: answer otherwise than the interpreter, or bring the compiler down. Also makes failing programs small.
// Knows nothing of how programs are made.

import { readFileSync, readdirSync } from "node:fs";
import { interpret } from "../../rig/interpreter/index.ts";
import { Dice, Generator } from "./generator.ts";
import { donorsOf, mutant } from "./mutate.ts";
import type { Modules } from "./mutate.ts";
import { compileFiles, instantiate } from "./rig.ts";

export interface Verdict {
  /** "same" and "refused" are well; the others are mistakes of the compiler (or of the interpreter). */
  readonly kind: "same" | "refused" | "different" | "invalid" | "threw" | "empty";
  readonly what: string;
}

export interface Case {
  readonly modules: Modules;
  /** Mutants are only compiled: they may loop for ever. */
  readonly mutated: boolean;
}

const INPUTS = ["", "hello world", "\u0000\u0001\u00ff\u0003"].map((s) => Buffer.from(s, "latin1"));
const ENTRY = "src/main.x07.json";
/** Small memory: hundreds of instances live until the collector comes. */
const MEMORY = { initialBytes: 4 << 20, maxBytes: 4 << 20 };

/** Makes the cases: the same seed gives the same case. `folder` holds the measured programs that are broken for the mutated share. */
export function casesFrom(folder: URL): (seed: number) => Case {
  const programs = readdirSync(folder).filter((f) => f.endsWith(".json")).map((f) => (JSON.parse(readFileSync(new URL(f, folder), "utf8")) as { program: { modules: Modules } }).program.modules);
  const donors = donorsOf(programs);
  return (seed) => {
    const dice = new Dice(seed);
    if (!dice.chance(30)) return { modules: { [ENTRY]: new Generator(new Dice(seed)).program() }, mutated: false };
    return { modules: mutant(programs[dice.below(programs.length)] ?? {}, donors, dice), mutated: true };
  };
}

export function judge(c: Case): Verdict {
  try {
    const outcome = compileFiles(c.modules, ENTRY, ["src"], MEMORY);
    if (!outcome.ok) {
      const [first] = outcome.errors;
      const told = first !== undefined && outcome.errors.every((e) => e.code !== "" && e.message !== "" && e.kind !== "Internal");
      return told ? { kind: "refused", what: first.message } : { kind: "empty", what: JSON.stringify(outcome.errors) };
    }
    if (!WebAssembly.validate(outcome.wasm as Uint8Array<ArrayBuffer>)) return { kind: "invalid", what: "the module does not validate" };
    return c.mutated ? { kind: "same", what: "" } : compared(c, outcome.wasm);
  } catch (e) {
    return { kind: "threw", what: e instanceof Error ? (e.stack ?? e.message) : String(e) };
  }
}

function compared(c: Case, wasm: Uint8Array): Verdict {
  const solver = instantiate(wasm);
  for (const input of INPUTS) {
    const outcome = interpret({ entry: c.modules[ENTRY], modules: {} }, input);
    const wanted = "trap" in outcome ? "trap" : Buffer.from(outcome.output).toString("hex");
    const output = solver.run(input, 1 << 20);
    const got = output === "trap" ? output : Buffer.from(output).toString("hex");
    if (got !== wanted) return { kind: "different", what: `input ${JSON.stringify(input.toString("latin1"))}: interpreter ${short(wanted)}, compiled ${short(got)}` };
  }
  return { kind: "same", what: "" };
}

function short(hex: string): string {
  return hex.length > 200 ? `${hex.slice(0, 200)}... (${hex.length / 2} bytes)` : hex;
}

export function isWrong(v: Verdict): boolean {
  return v.kind !== "same" && v.kind !== "refused";
}

/** The smallest case found that fails in the same way: parts are dropped or replaced by their own parts while that lasts. */
export function shrink(c: Case): Case {
  const { kind } = judge(c);
  let best = c;
  for (let smaller: Case | undefined = c; smaller !== undefined; ) {
    best = smaller;
    smaller = undefined;
    for (const candidate of smallerThan(best.modules)) {
      const tried = { ...best, modules: candidate };
      if (judge(tried).kind !== kind) continue;
      smaller = tried;
      break;
    }
  }
  return best;
}

function* smallerThan(value: Modules): Iterable<Modules> {
  for (const next of smallerValues(value)) yield next as Modules;
}

/** Every value that is one step smaller; the biggest steps come first. */
function* smallerValues(value: unknown): Iterable<unknown> {
  if (typeof value === "number" && value !== 0) yield 0;
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    const list: unknown[] = value;
    for (let i = 1; i < list.length; i++) yield list[i];
    if (list.length > 0 && JSON.stringify(list) !== '["bytes.lit",""]') yield* [0, ["bytes.lit", ""]];
    for (let i = 0; i < list.length; i++) yield list.toSpliced(i, 1);
    for (let i = 0; i < list.length; i++) for (const s of smallerValues(list[i])) yield list.with(i, s);
    return;
  }
  for (const [key, part] of Object.entries(value)) for (const s of smallerValues(part)) yield { ...value, [key]: s };
}
