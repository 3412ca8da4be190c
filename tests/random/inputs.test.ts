// Mutated inputs of every kind: the answer is always a value with codes, never a throw. A plain run tries 20,000;
// `npm run fuzz:inputs` tries X07_WASM_FUZZ_INPUTS of them (default there: 1,000,000).

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Diagnostic, type JsonValue, parseJson } from "../../engine/index.ts";
import { resolveWasmProfile } from "../../rules/profile.ts";
import { validateProfiles } from "../../rules/profile-validate.ts";
import { validateComponentProfiles } from "../../rules/component-profile-validate.ts";
import { readFrame, checkDispatch, checkContinuity, SCHEMAS } from "../../rules/http/documents.ts";
import { validate } from "../../rules/contract/validate.ts";
import { wordsAgain } from "../../rules/incident/words.ts";
import { prepareCore } from "../../rules/run/core-host.ts";
import { inspect } from "../../rules/wasm/inspect.ts";
import { ROOT } from "../rig/project.ts";
import { operatorSubjects } from "../native/parity/operators.ts";
import { random, type Random } from "../rules/wasm/random-module.ts";

const COUNT = Number(process.env["X07_WASM_FUZZ_INPUTS"] ?? 20_000);
const read = (path: string): Uint8Array => new Uint8Array(readFileSync(join(ROOT, path)));
const folder = (path: string): Uint8Array[] => readdirSync(join(ROOT, path)).filter((f) => f.endsWith(".json")).map((f) => read(`${path}/${f}`));

const FIXTURES = folder("spec/fixtures/http");
const WASM_PROFILES = folder("arch/wasm/profiles");
const COMPONENT_PROFILES = folder("arch/wasm/component/profiles");
const REGISTRIES = [read("arch/wasm/index.x07wasm.json"), read("arch/wasm/component/index.x07wasm.component.json"), read("arch/wit/index.x07wit.json")];
const MODULES = operatorSubjects().map((s) => s.module);
const PLAN = { stack_first: false, stack_size_bytes: 0, initial_memory_bytes: 0, max_memory_bytes: 0, growable_memory: false };

const STRANGE = [0x00, 0xff, 0x22, 0x7b, 0x5d, 0x2d, 0x65, 0x0a, 0x80, 0x0b, 0x41, 0xfc];

/** A few bytes changed, left out, put in or repeated. */
function mutated(bytes: Uint8Array, rnd: Random): Uint8Array {
  const out = [...bytes];
  for (let n = 1 + rnd(4); n > 0; n--) {
    const at = rnd(out.length + 1);
    switch (rnd(5)) {
      case 0: out[at] = rnd(256); break;
      case 1: out.splice(at, 1 + rnd(8)); break;
      case 2: out.splice(at, 0, STRANGE[rnd(STRANGE.length)]!); break;
      case 3: out.splice(at, 0, ...out.slice(at, at + rnd(40))); break;
      default: out.length = rnd(12) === 0 ? at : out.length; break;
    }
  }
  return Uint8Array.from(out, (b) => b ?? 0);
}

function pick<T>(list: readonly T[], rnd: Random): T {
  return list[rnd(list.length)]!;
}

function fileOf(bytes: Uint8Array) {
  return () => ({ ok: true, bytes, digest: { path: "p.json", sha256: "0".repeat(64), bytes_len: bytes.length } }) as const;
}

const document = (bytes: Uint8Array): JsonValue | undefined => {
  const parsed = parseJson(bytes);
  return parsed.ok ? parsed.value : undefined;
};

/** Each gives the diagnostics of what it was fed. */
const KINDS: { readonly [name: string]: (rnd: Random) => Promise<readonly Diagnostic[]> } = {
  "wasm profiles": async (rnd) => (await validateProfiles(fileOf(mutated(pick(WASM_PROFILES, rnd), rnd)), { "profile-file": "p.json" })).diagnostics,
  "wasm profiles, loaded": async (rnd) => {
    const { profile } = await resolveWasmProfile(fileOf(mutated(pick(WASM_PROFILES, rnd), rnd)), { "profile-file": "p.json" });
    return profile.ok ? [] : profile.error;
  },
  registries: async (rnd) => (await validateProfiles(fileOf(mutated(pick(REGISTRIES, rnd), rnd)), {})).diagnostics,
  "component profiles": async (rnd) => (await validateComponentProfiles(fileOf(mutated(pick([...COMPONENT_PROFILES, ...REGISTRIES], rnd), rnd)), {})).diagnostics,
  frames: async (rnd) => {
    const frame = await readFrame(mutated(pick(FIXTURES, rnd), rnd), "step 0");
    return frame.ok ? [] : frame.diagnostics;
  },
  "envelopes, dispatches and traces": async (rnd) => {
    const value = document(mutated(pick(FIXTURES, rnd), rnd));
    if (value === undefined) return [];
    return [...(await checkDispatch(value, "d")), ...(await validate(pick(Object.values(SCHEMAS), rnd), value, "f")), ...checkContinuity(value, "t")];
  },
  wasm: async (rnd) => {
    const module = mutated(pick(MODULES, rnd), rnd);
    inspect(module);
    const prepared = prepareCore({ module, arenaCap: 1024, maxOutput: 1024, plan: PLAN, limits: { maxFuel: 1000, maxMemoryBytes: 1 << 20, maxTableElements: 100, maxWasmStackBytes: 1 << 16 } });
    return "code" in prepared ? [prepared] : [];
  },
  words: async (rnd) => {
    const words = Array.from({ length: rnd(6) }, () => Buffer.from(mutated(Buffer.from(pick(["--json", "--wasm=/a", "-j3", "run", "--", "--x=", "-"], rnd)), rnd)).toString("latin1"));
    wordsAgain(["x07-wasm", ...words], [{ long: "wasm", key: "w", kind: "PATH", about: "" }], () => "m");
    return [];
  },
};

test(`${COUNT} mutated inputs: always an answer, always a code`, async () => {
  const names = Object.keys(KINDS);
  const seen: { [name: string]: number } = {};
  for (let seed = 0; seed < COUNT; seed++) {
    const name = names[seed % names.length]!;
    const found = await KINDS[name]!(random(seed)).catch((e: unknown) => {
      throw new Error(`seed ${seed} (${name}): ${e instanceof Error ? e.stack : String(e)}`);
    });
    if (found.length > 0) seen[name] = (seen[name] ?? 0) + 1;
    for (const d of found) if (!/^X07WASM_[A-Z0-9_]+$/.test(d.code) || d.message === "") throw new Error(`seed ${seed} (${name}): ${JSON.stringify(d)}`);
  }
  // Most mutants are found out; a kind that never finds anything is not looking.
  expect(names.filter((n) => n !== "words" && (seen[n] ?? 0) <= COUNT / names.length / 50)).toEqual([]);
}, 36_000_000);
