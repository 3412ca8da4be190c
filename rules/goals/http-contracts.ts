// `http contracts validate`: the goal around rules/http/contracts.ts, with its options.

import { goal } from "../../engine/index.ts";

export const httpContracts = goal({
  about: "Check the HTTP fixtures of a project against their document forms",
  options: [{ long: "strict", key: "strict", kind: "flag", about: "Turn warnings into errors" }],
  report: { schemaVersion: "x07.wasm.http.contracts.validate.report@0.1.0", command: "x07-wasm.http.contracts.validate", schemaFile: "x07-wasm.http.contracts.validate.report.schema.json" },
  examples: ["http contracts validate --strict"],
  question: true,
  plan: async (options, context) => (await import("../http/contracts.ts")).httpContracts(context, options),
});
