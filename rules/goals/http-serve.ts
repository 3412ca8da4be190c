// `http serve`: the goal around rules/http/serve.ts, with its options.

import { readFileSync } from "node:fs";
import { fail, goal, ok, type Result } from "../../engine/index.ts";
import { reducerOptions } from "../http/options.ts";
import { incidentOptions } from "../incident/options.ts";

export const httpServe = goal({
  about: "Serve requests with a reducer: one canary, or request envelopes from standard input",
  options: [
    ...reducerOptions,
    { long: "mode", key: "mode", kind: "ENUM", values: ["canary", "listen"], default: "listen", about: "canary: one built-in GET /; listen: one request envelope a line of standard input" },
    { long: "max-effect-steps", key: "max_effect_steps", kind: "U32", default: 64, about: "Calls that one request may take" },
    { long: "max-effect-results-bytes", key: "max_effect_results_bytes", kind: "U64", default: 1_048_576, about: "Bytes that the effects of one step may bring in" },
    { long: "fetch-timeout-ms", key: "fetch.timeout_ms", kind: "U32", default: 10_000, about: "Milliseconds that one http.fetch may take" },
    { long: "max-fetch-bytes", key: "fetch.max_bytes", kind: "U32", default: 1_048_576, about: "Largest body that http.fetch accepts" },
    { long: "ops", key: "ops", kind: "PATH", about: "Ops profile: its capabilities decide on http.fetch and time.now" },
    { long: "fail-on-effect-error", key: "effects.strict", kind: "flag", about: "Fail the command when an effect fails, even if the reducer copes" },
    { long: "trace-out", key: "trace.out", kind: "PATH", about: "Record every call and its answer here, for `http test`" },
    { long: "responses-out", key: "responses.out", kind: "PATH", about: "Write the whole response envelopes here, one a line" },
    ...incidentOptions,
  ],
  report: { schemaVersion: "x07.wasm.http.serve.report@0.1.0", command: "x07-wasm.http.serve", schemaFile: "x07-wasm.http.serve.report.schema.json" },
  examples: ["http serve --component dist/app.wasm --mode canary", "http serve --component dist/app.wasm --trace-out traces/day.json --responses-out out.jsonl < requests.jsonl"],
  direct: true,
  plan: async (options, context) => (await import("../http/serve.ts")).httpServe(context, options, standardInput),
});

function standardInput(): Result<Uint8Array, string> {
  try {
    return ok(readFileSync(0));
  } catch (e) {
    return fail((e as Error).message);
  }
}
