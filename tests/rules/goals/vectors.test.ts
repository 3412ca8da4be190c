// Every recorded program through `build` and `run` as goals: the language's answer, a trap where the language traps, and a
// failed build where it does not compile. Programs whose answer the reference's own wasm backend gets right come first.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { realDisk } from "../../../engine/host/disk.ts";
import { runInDirectory } from "../../../engine/host/process.ts";
import type { GoalSpec, OptionValues } from "../../../engine/index.ts";
import { Session } from "../../../engine/session.ts";
import { build } from "../../../rules/goals/build.ts";
import { run } from "../../../rules/goals/run.ts";
import { ROOT } from "../../rig/project.ts";

interface Vector {
  readonly name: string;
  readonly about: string;
  readonly project: object;
  readonly program: { readonly modules: { readonly [path: string]: object | string } };
  readonly cases?: readonly { readonly input_b64: string; readonly output_b64?: string; readonly trap?: boolean }[];
  readonly compile_error?: { readonly code: string };
  readonly backends: { readonly native_wasm: boolean };
}

const folder = join(ROOT, "tests/cases/x07");
const vectors = readdirSync(folder)
  .filter((n) => n.endsWith(".json"))
  .map((n) => JSON.parse(readFileSync(join(folder, n), "utf8")) as Vector);

let base = "";
const home = process.cwd();
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "x07-vectors-"));
});
afterAll(() => {
  process.chdir(home);
  rmSync(base, { recursive: true, force: true });
});

async function ask(dir: string, goal: GoalSpec, options: OptionValues) {
  process.chdir(dir);
  const session = new Session(
    { disk: realDisk(dir), cwd: dir, env: { PATH: "" }, now: Date.now, runProcess: runInDirectory, emit: () => {}, signal: new AbortController().signal },
    { jobs: 1, keepGoing: false, force: false, dryRun: false, noCache: true, cacheMaxBytes: 1 << 30, outputs: "toplevel", cacheDir: join(base, "cache"), provider: "embedded", code: "test" },
  );
  return (await session.run("vector", (context) => goal.plan(options, context))).answer;
}

function lay(v: Vector): string {
  const dir = join(base, v.name);
  for (const [path, content] of [["x07.json", v.project] as const, ...Object.entries(v.program.modules)]) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  return dir;
}

async function check(v: Vector): Promise<void> {
  const dir = lay(v);
  const built = await ask(dir, build, { project: "x07.json", index: "arch/wasm/index.x07wasm.json", "check-exports": true });
  if (v.compile_error !== undefined) {
    expect(built.diagnostics[0]?.code).toMatch(/^X07WASM_(X07_BUILD_FAILED|PROJECT_)/);
    return;
  }
  expect(built.diagnostics).toEqual([]);
  for (const c of v.cases ?? []) {
    const ran = await ask(dir, run, { wasm: "dist/app.wasm", "input-base64": c.input_b64, index: "arch/wasm/index.x07wasm.json" });
    if (c.trap === true) expect(ran.diagnostics.map((d) => d.code)).toEqual([expect.stringMatching(/^X07WASM_(RUN_FAILED|BUDGET_EXCEEDED_(CPU_FUEL|WASM_STACK))$/)]);
    else {
      expect(ran.diagnostics).toEqual([]);
      expect(Buffer.from(ran.stdout ?? []).toString("base64")).toBe(c.output_b64);
    }
  }
}

describe("programs that the reference's wasm backend builds", () => {
  test.each(vectors.filter((v) => v.backends.native_wasm).map((v) => [v.name, v] as const))("%s", (_name, v) => check(v));
});

describe("the rest of the language", () => {
  test.each(vectors.filter((v) => !v.backends.native_wasm).map((v) => [v.name, v] as const))("%s", (_name, v) => check(v));
});
