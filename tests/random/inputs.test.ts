// Mutated inputs of every kind: the answer is always a value with codes, never a throw. A plain run tries 20,000;
// `npm run fuzz:inputs` tries X07_WASM_FUZZ_INPUTS of them (default there: 1,000,000) from the seed X07_WASM_FUZZ_SEED.
// X07_WASM_FUZZ_KIND keeps to the kinds whose names hold it; X07_WASM_FUZZ_TIMES=1 says what each costs.

import { expect, test } from "vitest";
import { random } from "../rules/wasm/random-module.ts";
import { BINARY_KINDS } from "./inputs/binaries.ts";
import { COMMAND_KINDS } from "./inputs/commands.ts";
import { DOCUMENT_KINDS } from "./inputs/documents.ts";
import { SOURCE_KINDS } from "./inputs/sources.ts";
import { STORAGE_KINDS } from "./inputs/storage.ts";
import { WORD_KINDS } from "./inputs/words.ts";
import type { Kinds } from "./inputs/kind.ts";

const COUNT = Number(process.env["X07_WASM_FUZZ_INPUTS"] ?? 20_000);
const FIRST = Number(process.env["X07_WASM_FUZZ_SEED"] ?? 0);
const ONLY = process.env["X07_WASM_FUZZ_KIND"] ?? "";

const ALL: Kinds = { ...DOCUMENT_KINDS, ...BINARY_KINDS, ...SOURCE_KINDS, ...STORAGE_KINDS, ...WORD_KINDS, ...COMMAND_KINDS };
const names = Object.keys(ALL).filter((name) => name.includes(ONLY));
/** Whose turn it is: a whole command costs several of the others. */
const turns = names.flatMap((name) => (name in COMMAND_KINDS ? [name] : [name, name, name]));
const turn = (seed: number): string => turns[seed % turns.length]!;
/** What is only rewritten has nothing to find. */
const SILENT = new Set(["recorded words"]);
/** As reports demand. */
const CODE = /^[A-Z][A-Z0-9_-]{0,63}$/;

interface Tally {
  fed: number;
  found: number;
  ms: number;
}

const tally = new Map<string, Tally>(names.map((name) => [name, { fed: 0, found: 0, ms: 0 }]));

async function feed(seed: number): Promise<void> {
  const name = turn(seed);
  const began = performance.now();
  const found = await ALL[name]!(random(seed));
  const sum = tally.get(name)!;
  sum.fed++;
  sum.ms += performance.now() - began;
  if (found.length > 0) sum.found++;
  const bad = found.find((d) => !CODE.test(d.code) || d.message === "");
  if (bad !== undefined) throw new Error(`a finding without code or words: ${JSON.stringify(bad)}`);
}

test(`${COUNT} mutated inputs from seed ${FIRST}: always an answer, always a code`, async () => {
  const failures: string[] = [];
  for (let seed = FIRST; seed < FIRST + COUNT && failures.length < 20; seed++) {
    await feed(seed).catch((e: unknown) => void failures.push(`seed ${seed} (${turn(seed)}): ${e instanceof Error ? e.stack : String(e)}`));
  }
  if (process.env["X07_WASM_FUZZ_TIMES"] === "1") {
    for (const [name, { fed, found, ms }] of [...tally].sort((a, b) => b[1].ms - a[1].ms)) console.info(`${(ms / 1000).toFixed(2).padStart(8)} s  ${String(found).padStart(7)} found of ${fed}  ${name}`);
  }
  expect(failures.join("\n\n")).toBe("");
  // Most mutants are found out; a kind that never finds anything is not looking.
  expect(names.filter((name) => !SILENT.has(name) && tally.get(name)!.found <= tally.get(name)!.fed / 50)).toEqual([]);
}, 36_000_000);
