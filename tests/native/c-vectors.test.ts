// Every measured program through the C back end, the real clang and the real wasm-ld: the answers must be those of the wasm back
// end. A plain run takes a sample, X07_WASM_NATIVE=required takes them all. Knows the vector format.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileToC } from "../../rules/x07/c/index.ts";
import { ROOT } from "../rig/project.ts";
import { bytesOf, instantiate, library, loader } from "../rules/x07/rig.ts";
import { haveToolchain, required, Toolchain } from "./c-toolchain.ts";

interface Vector {
  readonly name: string;
  readonly program: { readonly modules: { readonly [path: string]: unknown } };
  readonly project: { readonly entry: string; readonly module_roots: readonly string[] };
  readonly cases?: readonly { readonly input_b64: string; readonly output_b64?: string; readonly trap?: boolean }[];
}

// The reference runs out of fuel there, which is the host's limit and no property of the module.
const HOST_LIMIT = new Set(["mem_fuel_limit"]);
const SAMPLE = 60;

const folder = join(ROOT, "tests/cases/x07");
const all = readdirSync(folder).filter((f) => f.endsWith(".json")).sort().map((f) => JSON.parse(readFileSync(join(folder, f), "utf8")) as Vector).filter((v) => v.cases !== undefined && !HOST_LIMIT.has(v.name));
const step = required ? 1 : Math.max(1, Math.floor(all.length / SAMPLE));
const chosen = all.filter((_, i) => i % step === 0);

describe.skipIf(!haveToolchain("tests/native/c-vectors"))(`programs through C${required ? "" : `, every ${step}th`}`, () => {
  let toolchain: Toolchain;

  beforeAll(async () => {
    toolchain = new Toolchain();
    for (const v of chosen) {
      const made = compileToC({ entry: { path: v.project.entry, bytes: bytesOf(v.program.modules[v.project.entry]) }, load: loader(v.program.modules, v.project.module_roots), library });
      if (!made.ok) throw new Error(`${v.name}: ${JSON.stringify(made.errors, null, 1)}`);
      toolchain.write(v.name, made.c);
    }
    await toolchain.compile(chosen.map((v) => v.name));
  }, 240_000);
  afterAll(() => toolchain.clean());

  test.each(chosen.map((v) => [v.name, v] as const))("%s", async (name, v) => {
    const solver = instantiate(await toolchain.link(name));
    v.cases?.forEach((c, i) => {
      const got = solver.run(Buffer.from(c.input_b64, "base64"));
      const want = c.trap === true ? "trap" : (c.output_b64 ?? "");
      expect(got === "trap" ? got : Buffer.from(got).toString("base64"), `case ${i}`).toBe(want);
    });
  });
});
