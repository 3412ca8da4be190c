// Every measured program through the C back end, the real clang and the real wasm-ld: the answers must be those of the wasm back
// end. A plain run takes a sample, X07_WASM_NATIVE=required takes them all. Knows the vector format and two command lines.

import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileToC } from "../../rules/x07/c/index.ts";
import { adaptedLinkerFlags } from "../../rules/wasm-ld-flags.ts";
import { SHIM } from "../../rules/x07/shim.ts";
import { installed, ROOT } from "../rig/project.ts";
import { bytesOf, instantiate, loader } from "../rules/x07/rig.ts";

interface Vector {
  readonly name: string;
  readonly program: { readonly modules: { readonly [path: string]: unknown } };
  readonly project: { readonly entry: string; readonly module_roots: readonly string[] };
  readonly cases?: readonly { readonly input_b64: string; readonly output_b64?: string; readonly trap?: boolean }[];
}
interface Profile {
  readonly target: { readonly triple: string };
  readonly clang: { readonly cflags: readonly string[] };
  readonly wasm_ld: { readonly ldflags: readonly string[] };
}

const required = process.env["X07_WASM_NATIVE"] === "required";
const here = installed("clang") && installed("wasm-ld");
if (!here) {
  const why = "clang and wasm-ld are not installed (scripts/setup-native.sh installs them)";
  if (required) throw new Error(why);
  console.log(`SKIPPED: tests/native/c-vectors: ${why}`);
}

// The reference runs out of fuel there, which is the host's limit and no property of the module.
const HOST_LIMIT = new Set(["mem_fuel_limit"]);
// The reference's own defect (a length of -1); a trap is asked for.
const DEFECT = new Map([["bytes_alloc_too_big", 1]]);
const SAMPLE = 60;
// Programs may compare a value with itself or never end; the C has no other fault to warn of.
const WARNINGS = ["-Wall", "-Werror", "-Wno-tautological-compare", "-Wno-infinite-recursion"];
const FILES_PER_PROCESS = 20;

const folder = join(ROOT, "tests/cases/x07");
const all = readdirSync(folder).filter((f) => f.endsWith(".json")).sort().map((f) => JSON.parse(readFileSync(join(folder, f), "utf8")) as Vector).filter((v) => v.cases !== undefined && !HOST_LIMIT.has(v.name));
const step = required ? 1 : Math.max(1, Math.floor(all.length / SAMPLE));
const chosen = all.filter((_, i) => i % step === 0);

const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), "x07-c-vectors-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function profile(id: string): Profile {
  return JSON.parse(readFileSync(join(ROOT, `arch/wasm/profiles/${id}.json`), "utf8")) as Profile;
}

/** Compiles C files beside each other to objects; two processes at a time. */
async function clang(p: Profile, files: readonly string[]): Promise<void> {
  const batches: string[][] = [];
  for (let i = 0; i < files.length; i += FILES_PER_PROCESS) batches.push(files.slice(i, i + FILES_PER_PROCESS));
  const worker = async (): Promise<void> => {
    for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) await run("clang", [`--target=${p.target.triple}`, ...p.clang.cflags, ...WARNINGS, "-c", ...batch], { cwd: dir, maxBuffer: 1 << 26 });
  };
  await Promise.all([worker(), worker()]);
}

describe.skipIf(!here)(`programs through C${required ? "" : `, every ${step}th`}`, () => {
  const release = profile("wasm_release");
  let ldflags: readonly string[] = [];

  beforeAll(async () => {
    ldflags = adaptedLinkerFlags(release.wasm_ld.ldflags, execFileSync("wasm-ld", ["--version"], { encoding: "utf8" })).flags;
    writeFileSync(join(dir, "phase0_shim.c"), SHIM);
    for (const v of chosen) {
      const bytes = bytesOf(v.program.modules[v.project.entry]);
      const made = compileToC({ entry: { path: v.project.entry, bytes }, load: loader(v.program.modules, v.project.module_roots) });
      if (!made.ok) throw new Error(`${v.name}: ${JSON.stringify(made.errors, null, 1)}`);
      writeFileSync(join(dir, `${v.name}.c`), made.c);
      writeFileSync(join(dir, "x07.h"), made.header);
    }
    await clang(release, ["phase0_shim.c", ...chosen.map((v) => `${v.name}.c`)]);
  }, 120_000);

  test.each(chosen.map((v) => [v.name, v] as const))("%s", async (name, v) => {
    await run("wasm-ld", [...ldflags, `${name}.o`, "phase0_shim.o", "-o", `${name}.wasm`], { cwd: dir });
    const solver = instantiate(readFileSync(join(dir, `${name}.wasm`)));
    v.cases?.forEach((c, i) => {
      const got = solver.run(Buffer.from(c.input_b64, "base64"));
      const want = c.trap === true || DEFECT.get(v.name) === i ? "trap" : (c.output_b64 ?? "");
      expect(got === "trap" ? got : Buffer.from(got).toString("base64"), `case ${i}`).toBe(want);
    });
  });
});
