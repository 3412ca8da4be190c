// Real programs inside native targets: what the command line gets is what the program alone gives, with tables and tasks too.

import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CliInstance, Guest } from "../../rig/guest-host.ts";
import { ROOT, Workspace } from "../../rig/project.ts";

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly __heap_base: { readonly value: number };
  readonly x07_solve_v2: (result: number, arena: number, cap: number, input: number, size: number) => void;
}

/** The program's answer without any guest around it. */
function alone(module: Uint8Array, input: Uint8Array): Uint8Array {
  const { memory, __heap_base, x07_solve_v2 } = new WebAssembly.Instance(new WebAssembly.Module(module)).exports as unknown as Exports;
  const result = (__heap_base.value + 15) & ~15;
  const at = result + 16;
  const arena = (at + input.length + 15) & ~15;
  new Uint8Array(memory.buffer).set(input, at);
  x07_solve_v2(result, arena, 64 << 20, at, input.length);
  const [ptr, size] = [0, 4].map((o) => new DataView(memory.buffer).getUint32(result + o, true)) as [number, number];
  return new Uint8Array(memory.buffer, ptr, size).slice();
}

const PROGRAMS = [
  ["solve_pure_echo", "tests/fixtures/in_binary.bin"],
  ["report_service", "tests/fixtures/access.log"],
  ["task_sched", "tests/expected.bin"],
  ["json_patch", "tests/expected.bin"],
] as const;

test.each(PROGRAMS)("%s answers as it does alone, call after call", async (name, fixture) => {
  const work = new Workspace();
  try {
    cpSync(join(ROOT, "examples", name), work.dir, { recursive: true });
    const made = work.tool(["component", "build", "--emit", "cli-native", "--provider", "embedded", "--out-dir", "out"]);
    expect(made.stdout + made.stderr).toContain("ok");
    const input = new Uint8Array(readFileSync(join(work.dir, fixture)));
    const wanted = alone(work.read("out/solve.core.raw.wasm"), input);
    const instance: CliInstance = (await Guest.load(work.read("out/cli.component.wasm"))).cli();
    for (let i = 0; i < 3; i++) {
      const got = instance.call(input);
      expect([got.ok, got.stderr]).toEqual([true, ""]);
      expect(Buffer.compare(got.stdout, wanted)).toBe(0);
    }
    expect(new WebAssembly.Module(work.read("out/cli.core.wasm"))).toBeDefined();
  } finally {
    work.clean();
  }
}, 60_000);
