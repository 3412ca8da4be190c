// The worker's program is the text of functions; a bundler's rewriting of that text must not break it.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import type { runCore } from "../../../rules/run/core-host.ts";
import { ECHO, solveModule } from "../wasm/kit.ts";

const PLAN = { stack_first: false, stack_size_bytes: 0, initial_memory_bytes: 65536, max_memory_bytes: 65536, growable_memory: false };

test.each([{ minify: true, keepNames: true }, { minify: false, keepNames: true }, { minify: true, keepNames: false }])("bundled with %o, a run without fuel still runs", async (options) => {
  const folder = mkdtempSync(join(tmpdir(), "x07-worker-"));
  try {
    const bundled = await build({ entryPoints: ["rules/run/core-host.ts"], bundle: true, write: false, platform: "node", format: "esm", target: "node20", ...options });
    const path = join(folder, "host.mjs");
    writeFileSync(path, bundled.outputFiles[0]!.contents);
    const host = (await import(/* @vite-ignore */ pathToFileURL(path).href)) as { runCore: typeof runCore };
    const outcome = await host.runCore({
      module: solveModule(ECHO), input: Uint8Array.of(1, 2, 3), arenaCap: 64, maxOutput: 64, plan: PLAN,
      limits: { maxFuel: null, maxMemoryBytes: null, maxTableElements: null, maxWasmStackBytes: null },
    });
    expect(outcome.diagnostics).toEqual([]);
    expect(outcome.output).toEqual(Uint8Array.of(1, 2, 3));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
