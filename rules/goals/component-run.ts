// `component run`: the goal around rules/host/run-goal.ts, with its options.

import { goal } from "../../engine/index.ts";
import { hostOption, limitOptions } from "../host/inputs.ts";
import { incidentOptions } from "../incident/options.ts";

export const componentRun = goal({
  about: "Run a command component, within limits",
  options: [
    { long: "component", key: "component", kind: "PATH", about: "Component to run", required: true },
    { long: "args-json", key: "args.json", kind: "STR", default: "[]", about: "Arguments as a JSON array of texts, given as they are" },
    { long: "stdin", key: "stdin", kind: "PATH", about: "Standard input from a file", conflicts: ["stdin-b64"] },
    { long: "stdin-b64", key: "stdin.b64", kind: "STR", about: "Standard input as base64", conflicts: ["stdin"] },
    { long: "stdout-out", key: "stdout.out", kind: "PATH", about: "Write what the guest writes to stdout here" },
    { long: "stderr-out", key: "stderr.out", kind: "PATH", about: "Write what the guest writes to stderr here" },
    { long: "max-output-bytes", key: "output.max.bytes", kind: "U64", default: 16_777_216, about: "Bytes of stdout, and of stderr" },
    { long: "max-wall-ms", key: "wall.max.ms", kind: "U32", about: "Milliseconds the run may take (default: no limit but fuel)" },
    ...limitOptions,
    hostOption,
    ...incidentOptions,
  ],
  report: { schemaVersion: "x07.wasm.component.run.report@0.1.0", command: "x07-wasm.component.run", schemaFile: "x07-wasm.component.run.report.schema.json" },
  examples: ["component run --component dist/cli.component.wasm --stdin in.txt", "component run --component dist/cli.component.wasm --stdin-b64 aGVsbG8= --max-wall-ms 1000 --json"],
  direct: true,
  plan: async (options, context) => (await import("../host/run-goal.ts")).componentRun(context, options),
});
