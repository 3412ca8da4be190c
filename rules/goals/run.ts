// `run`: one call of a solve module under limits. What it takes; the plan is loaded when it is wanted.

import { goal } from "../../engine/index.ts";
import { runOptions } from "./options.ts";

export const run = goal({
  about: "Run a solve module on one input, within limits",
  options: runOptions,
  report: { schemaVersion: "x07.wasm.run.report@0.1.0", command: "x07-wasm.run", schemaFile: "x07-wasm.run.report.schema.json" },
  examples: ["run --wasm dist/app.wasm --input in.bin --output-out out.bin", "run --wasm dist/app.wasm --input-hex 68656c6c6f --json"],
  plan: async (options, context) => (await import("./run-plan.ts")).runModule(options, context),
});
