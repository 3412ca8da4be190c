// A core module -> the same module, optimised by binaryen: the installed wasm-opt, or the npm package. Knows levels and the features
// that our modules use; has never heard of profiles.

import { type Artifact, type Diagnostic, one, output, type PlanContext, type ProcessOutcome, type Result, rule, text } from "../engine/index.ts";
import { embedded, native, VERSION } from "./tool.ts";

/** What --wasm-opt takes: the words after -O. */
export const LEVELS = ["0", "1", "2", "3", "4", "s", "z"] as const;

/** Features that our back ends and the C profiles use; binaryen must know them and may use no others. The package's bulk memory has a part of its own, BulkMemoryOpt, that older programs do not name. */
const FEATURES = [["bulk-memory", "BulkMemory"], ["multivalue", "Multivalue"], ["nontrapping-float-to-int", "NontrappingFPToInt"], ["sign-ext", "SignExt"], ["mutable-globals", "MutableGlobals"]] as const;

const byProgram = rule({
  id: "wasm-opt",
  version: 1,
  inputs: { module: one("core-wasm"), level: text() },
  outputs: { optimised: output("core-wasm", "optimised.wasm") },
  command: ({ module, level, optimised }, tool) => [...tool, `-O${level}`, ...FEATURES.map(([flag]) => `--enable-${flag}`), module, "-o", optimised],
  explainFailure: (o: ProcessOutcome) => [failed(o.stderr.trim() || `it ended with ${o.status ?? o.signal ?? o.spawnError ?? "?"}`)],
});

const byPackage = rule({
  id: "wasm-opt.embedded",
  version: 1,
  inputs: { module: one("core-wasm"), level: text() },
  outputs: { optimised: output("core-wasm", "optimised.wasm") },
  async run({ module, level }) {
    const { default: binaryen } = await import("binaryen");
    try {
      const read = binaryen.readBinary(module.bytes());
      read.setFeatures(FEATURES.reduce<number>((all, [, name]) => all | binaryen.Features[name], binaryen.Features.BulkMemoryOpt));
      binaryen.setOptimizeLevel(level === "s" || level === "z" ? 2 : Number(level));
      binaryen.setShrinkLevel(level === "z" ? 2 : level === "s" ? 1 : 0);
      read.optimize();
      const optimised = read.emitBinary();
      read.dispose();
      return { ok: true, value: { optimised } };
    } catch (thrown) {
      return { ok: false, error: [failed(thrown instanceof Error ? thrown.message : String(thrown))] };
    }
  },
});

export interface Optimised {
  readonly module: Artifact;
  /** Which binaryen does it, as its own version line says it. */
  readonly line: string;
}

/** The node that optimises `module`, by the provider that is asked for: auto takes the installed program where there is one. */
export async function wasmOpt(context: PlanContext, module: Artifact, level: string, label: string): Promise<Result<Optimised>> {
  const { provider } = context.engine;
  const found = provider === "embedded" ? undefined : await native(context, "wasm-opt");
  if (found?.ok === true) return { ok: true, value: { module: byProgram({ module, level }, { tool: found.tool, label }).optimised, line: found.line } };
  if (provider === "native" && found !== undefined) return { ok: false, error: [{ code: "X07WASM_WASM_OPT_SPAWN_FAILED", severity: "error", stage: "link", message: `wasm-opt cannot be used: ${found.message}`, hint: "install binaryen, or build with --provider auto" }] };
  return { ok: true, value: { module: byPackage({ module, level }, { tool: embedded("binaryen"), label }).optimised, line: `binaryen of x07-wasm ${VERSION}` } };
}

function failed(why: string): Diagnostic {
  return { code: "X07WASM_WASM_OPT_FAILED", severity: "error", stage: "link", message: `wasm-opt failed: ${why}`, hint: "build without --wasm-opt, or with another level" };
}
