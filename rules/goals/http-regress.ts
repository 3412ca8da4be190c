// `http regress from-incident`: the goal around rules/http/regress.ts, with its options.

import { goal } from "../../engine/index.ts";

export const httpRegress = goal({
  about: "Make a regression test of an incident: a trace and a script",
  options: [
    { long: "incident-dir", key: "incident_dir", kind: "PATH", about: "Folder of the incident", required: true },
    { long: "out-dir", key: "out_dir", kind: "PATH", about: "Folder for trace and script", default: "tests/regress" },
  ],
  report: { schemaVersion: "x07.wasm.http.regress.from.incident.report@0.1.0", command: "x07-wasm.http.regress.from-incident", schemaFile: "x07-wasm.http.regress.from.incident.report.schema.json" },
  examples: ["http regress from-incident --incident-dir .x07-wasm/incidents/http-test/0123456789abcdef0123456789abcdef"],
  direct: true,
  plan: async (options, context) => (await import("../http/regress.ts")).httpRegress(context, options),
});
