// All modules whose fuel is compared: measured programs, generated programs, C, random control flow, every operator. Knows nothing of fuel.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { installed, ROOT } from "../../rig/project.ts";
import { randomSolveModule } from "../../rules/wasm/random-module.ts";
import { casesFrom } from "../../rules/x07/fuzz.ts";
import { compileFiles } from "../../rules/x07/rig.ts";
import { cSubjects } from "./c-programs.ts";
import { operatorSubjects } from "./operators.ts";
import type { Subject } from "./subject.ts";

interface Vector {
  readonly name: string;
  readonly program: { readonly modules: { readonly [path: string]: unknown } };
  readonly project: { readonly entry: string; readonly module_roots: readonly string[] };
  readonly cases?: readonly { readonly input_b64: string }[];
}

const MEMORY = { initialBytes: 8 << 20, maxBytes: 8 << 20 };
const ARENA = 4 << 20;
const FOLDER = join(ROOT, "tests/cases/x07");

function measured(): Subject[] {
  return readdirSync(FOLDER).filter((f) => f.endsWith(".json")).sort().flatMap((f): Subject[] => {
    const v = JSON.parse(readFileSync(join(FOLDER, f), "utf8")) as Vector;
    if (v.cases?.[0] === undefined) return [];
    const made = compileFiles(v.program.modules, v.project.entry, v.project.module_roots, MEMORY);
    return made.ok ? [{ name: `program ${v.name}`, module: made.wasm, input: Buffer.from(v.cases[0].input_b64, "base64"), arenaCap: ARENA }] : [];
  });
}

function generated(count: number): Subject[] {
  const make = casesFrom(pathToFileURL(`${FOLDER}/`));
  const found: Subject[] = [];
  for (let seed = 1; found.length < count; seed++) {
    const { modules, mutated } = make(seed);
    if (mutated) continue; // may loop for ever
    const made = compileFiles(modules, "src/main.x07.json", ["src"], MEMORY);
    if (made.ok) found.push({ name: `generated program ${seed}`, module: made.wasm, input: Buffer.from("hello world"), arenaCap: ARENA });
  }
  return found;
}

function randomControl(count: number): Subject[] {
  return Array.from({ length: count }, (_, seed) => ({ name: `random module ${seed}`, module: randomSolveModule(seed), input: new Uint8Array(0), arenaCap: 1024 }));
}

/** `all`: every one of them; else a few of each kind. C is left out, and that is said, where there is no compiler for it. */
export function subjects(all: boolean): Subject[] {
  const c = installed("clang") && installed("wasm-ld");
  if (!c) console.log("SKIPPED: fuel of C programs: clang and wasm-ld are not installed");
  const kinds = all ? [measured(), generated(120), c ? cSubjects(120) : [], randomControl(120), operatorSubjects()] : [measured(), generated(4), c ? cSubjects(4) : [], randomControl(6), operatorSubjects()];
  return all ? kinds.flat() : kinds.flatMap((kind) => kind.filter((_, i) => i % Math.max(1, Math.floor(kind.length / 6)) === 0));
}
