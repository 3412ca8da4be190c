// Generated C -> modules with the clang and wasm-ld that are installed, many programs per process. Knows two command lines and the
// profiles' flags; not what the programs do.

import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { adaptedLinkerFlags } from "../../rules/wasm-ld-flags.ts";
import { HEADER } from "../../rules/x07/c/header.ts";
import { SHIM } from "../../rules/x07/shim.ts";
import { installed, ROOT } from "../rig/project.ts";

/** All tests of the native tools are wanted, not a sample. */
export const required = process.env["X07_WASM_NATIVE"] === "required";

/** Whether there is a C toolchain; says on stdout that `test` is skipped where there is none, and throws where it is required. */
export function haveToolchain(test: string): boolean {
  if (installed("clang") && installed("wasm-ld")) return true;
  const why = "clang and wasm-ld are not installed (scripts/setup-native.sh installs them)";
  if (required) throw new Error(why);
  console.log(`SKIPPED: ${test}: ${why}`);
  return false;
}

interface Profile {
  readonly target: { readonly triple: string };
  readonly clang: { readonly cflags: readonly string[] };
  readonly wasm_ld: { readonly ldflags: readonly string[] };
}

const FILES_PER_PROCESS = 20;
// Programs may compare a value with itself or never end; the C has no other fault to warn of.
const WARNINGS = ["-Wall", "-Werror", "-Wno-tautological-compare", "-Wno-infinite-recursion"];
const run = promisify(execFile);

/** A folder of C files on their way to modules. */
export class Toolchain {
  readonly dir = mkdtempSync(join(tmpdir(), "x07-c-"));
  private readonly profile: Profile;
  private readonly ldflags: readonly string[];

  constructor(profile = "wasm_release") {
    this.profile = JSON.parse(readFileSync(join(ROOT, `arch/wasm/profiles/${profile}.json`), "utf8")) as Profile;
    this.ldflags = adaptedLinkerFlags(this.profile.wasm_ld.ldflags, execFileSync("wasm-ld", ["--version"], { encoding: "utf8" })).flags;
    writeFileSync(join(this.dir, "x07.h"), HEADER);
    this.write("phase0_shim", SHIM);
  }

  /** Puts `text` into the folder as `name`.c. */
  write(name: string, text: string): void {
    writeFileSync(join(this.dir, `${name}.c`), text);
  }

  /** Compiles these and the support file to objects, two processes at a time. */
  async compile(names: readonly string[]): Promise<void> {
    const files = ["phase0_shim", ...names].map((n) => `${n}.c`);
    const batches: string[][] = [];
    for (let i = 0; i < files.length; i += FILES_PER_PROCESS) batches.push(files.slice(i, i + FILES_PER_PROCESS));
    const flags = [`--target=${this.profile.target.triple}`, ...this.profile.clang.cflags, ...WARNINGS, "-c"];
    const worker = async (): Promise<void> => {
      for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) await run("clang", [...flags, ...batch], { cwd: this.dir, maxBuffer: 1 << 26 });
    };
    await Promise.all([worker(), worker()]);
  }

  /** The module of the objects of these names. */
  async link(...names: readonly string[]): Promise<Buffer> {
    const out = `${names[0]}.wasm`;
    await run("wasm-ld", [...this.ldflags, ...names.map((n) => `${n}.o`), "phase0_shim.o", "-o", out], { cwd: this.dir });
    return readFileSync(join(this.dir, out));
  }

  clean(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
