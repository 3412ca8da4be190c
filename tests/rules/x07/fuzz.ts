// What a random program must not do: answer otherwise than the interpreter, or bring the compiler down. Also makes failing programs small.
// Knows nothing of how programs are made.

import { readFileSync, readdirSync } from "node:fs";
import { compileToC } from "../../../rules/x07/c/index.ts";
import { interpret } from "../../rig/interpreter/index.ts";
import { CBatch } from "./c-batch.ts";
import { Dice, Generator } from "./generator.ts";
import { donorsOf, mutant } from "./mutate.ts";
import type { Modules } from "./mutate.ts";
import { bytesOf, compileFiles, instantiate, library, loader, type Solver } from "./rig.ts";

export { haveClang } from "./c-batch.ts";

export interface Verdict {
  /** "same" and "refused" are well; the others are mistakes of the compiler (or of the interpreter). */
  readonly kind: "same" | "refused" | "different" | "invalid" | "threw" | "empty";
  readonly what: string;
  /** What interpreter and wasm answered to each input, where they were run. */
  readonly answers?: readonly string[];
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
  const answers: string[] = [];
  for (const input of INPUTS) {
    const outcome = interpret({ entry: c.modules[ENTRY], modules: {} }, input);
    const wanted = "trap" in outcome ? "trap" : Buffer.from(outcome.output).toString("hex");
    const got = answered(solver, input);
    if (got !== wanted) return { kind: "different", what: `input ${JSON.stringify(input.toString("latin1"))}: interpreter ${short(wanted)}, compiled ${short(got)}` };
    answers.push(got);
  }
  return { kind: "same", what: "", answers };
}

function answered(solver: Solver, input: Uint8Array): string {
  const output = solver.run(input, 1 << 20);
  return output === "trap" ? output : Buffer.from(output).toString("hex");
}

/** A case whose wasm answered as it should, waiting for its C. */
interface Waiting {
  readonly seed: number;
  readonly subject: Case;
  /** Absent: it is only compiled. */
  readonly answers: readonly string[] | undefined;
}

/** How the C of a batch is compiled: mostly fast, for it is our text that is tried; now and then with all that clang can make of it. */
const [PLAIN, GOOD, BEST] = [["-O0"], ["-O1", "-fno-inline"], ["-O2"]];
const BEST_EVERY = 32;
const PROGRAMS_PER_BATCH = 200;

/** The third judge: the C of the same programs, many at a time, against the answers that the first two agree on. */
export class CJudge {
  readonly waiting: Waiting[] = [];
  private batches = 0;

  /** Whether there are enough for a batch. */
  add(seed: number, subject: Case, answers: readonly string[] | undefined): boolean {
    return this.waiting.push({ seed, subject, answers }) >= PROGRAMS_PER_BATCH;
  }

  /** What is wrong with the C of those that wait. */
  *differences(): Iterable<{ readonly seed: number; readonly subject: Case; readonly verdict: Verdict }> {
    const cases = this.waiting.splice(0);
    const n = ++this.batches;
    const level = n % BEST_EVERY === 0 ? BEST : n % 2 === 0 ? PLAIN : GOOD;
    for (const [i, verdict] of cVerdicts(cases, level).entries()) {
      const c = cases[i];
      if (c !== undefined && isWrong(verdict)) yield { seed: c.seed, subject: c.subject, verdict };
    }
  }
}

/** Also judges the C of one case alone, at every level. */
export function judgeWithC(c: Case): Verdict {
  const verdict = judge(c);
  if (verdict.kind !== "same") return verdict;
  for (const level of [PLAIN, GOOD, BEST]) {
    const [byC] = cVerdicts([{ subject: c, answers: verdict.answers }], level);
    if (byC !== undefined && isWrong(byC)) return byC;
  }
  return verdict;
}

function cVerdicts(cases: readonly Pick<Waiting, "subject" | "answers">[], level: readonly string[]): Verdict[] {
  const batch = new CBatch();
  const entries = cases.map(({ subject }): string | Verdict => {
    try {
      const sources = { entry: { path: ENTRY, bytes: bytesOf(subject.modules[ENTRY]) }, load: loader(subject.modules, ["src"]), library };
      const made = compileToC(sources);
      return made.ok ? batch.add(made.c) : { kind: "different", what: `wasm is made, C refused: ${JSON.stringify(made.errors)}` };
    } catch (e) {
      return { kind: "threw", what: `C: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}` };
    }
  });
  const built = batch.build(level);
  if (!built.ok) {
    // The one that does not compile is found alone.
    if (cases.length > 1) return cases.flatMap((c) => cVerdicts([c], level));
    return [{ kind: "invalid", what: `C ${level.join(" ")}: ${built.message}` }];
  }
  const module = new WebAssembly.Module(built.wasm as Uint8Array<ArrayBuffer>);
  return entries.map((entry, i) => (typeof entry === "string" ? cAnswers(module, entry, cases[i]?.answers ?? [], level) : entry));
}

/** Each program gets an instance of its own: what one leaves behind, no other sees. */
function cAnswers(module: WebAssembly.Module, entry: string, answers: readonly string[], level: readonly string[]): Verdict {
  if (answers.length === 0) return { kind: "same", what: "" };
  let solver = instantiate(module, entry);
  for (const [i, wanted] of answers.entries()) {
    const input = INPUTS[i] ?? new Uint8Array();
    const got = answered(solver, input);
    if (got !== wanted) return { kind: "different", what: `input ${JSON.stringify(Buffer.from(input).toString("latin1"))}: interpreter and wasm ${short(wanted)}, C ${level.join(" ")} ${short(got)}` };
    // The C's stack pointer stays where the trap found it.
    if (got === "trap") solver = instantiate(module, entry);
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
export function shrink(c: Case, judged: (c: Case) => Verdict = judge): Case {
  const { kind } = judged(c);
  let best = c;
  for (let smaller: Case | undefined = c; smaller !== undefined; ) {
    best = smaller;
    smaller = undefined;
    for (const candidate of smallerThan(best.modules)) {
      const tried = { ...best, modules: candidate };
      if (judged(tried).kind !== kind) continue;
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
