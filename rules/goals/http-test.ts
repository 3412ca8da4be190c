// `http test`: the goal around rules/http/test.ts, with its options.

import { goal } from "../../engine/index.ts";
import { reducerOptions } from "../http/options.ts";
import { incidentOptions } from "../incident/options.ts";

export const httpTest = goal({
  about: "Replay recorded traces: each answer of the reducer must be the recorded frame",
  options: [
    ...reducerOptions,
    { long: "trace", key: "trace", kind: "PATH", multiple: true, about: "Trace to replay (may be repeated)" },
    ...incidentOptions,
  ],
  report: { schemaVersion: "x07.wasm.http.test.report@0.1.0", command: "x07-wasm.http.test", schemaFile: "x07-wasm.http.test.report.schema.json" },
  examples: ["http test --component dist/app.wasm --trace spec/fixtures/http/trace.min.json"],
  direct: true,
  plan: async (options, context) => (await import("../http/test.ts")).httpTest(context, options),
});
