// `wit validate`: the goal around the checks of rules/wit/validate.ts.

import { goal } from "../../engine/index.ts";
import { WIT_INDEX } from "../wit/files.ts";

export const witValidate = goal({
  about: "Check the WIT packages of the index: pins, syntax, names and what they depend on",
  options: [
    { long: "index", key: "index", kind: "PATH", about: "Registry of WIT packages", default: WIT_INDEX },
    { long: "package", key: "package", kind: "STR", about: "Check only this package (may be repeated)", multiple: true },
    { long: "strict", key: "strict", kind: "flag", about: "Turn warnings into errors" },
    { long: "list", key: "list", kind: "flag", about: "List the packages and their worlds" },
  ],
  report: { schemaVersion: "x07.wasm.wit.validate.report@0.1.0", command: "x07-wasm.wit.validate", schemaFile: "x07-wasm.wit.validate.report.schema.json" },
  examples: ["wit validate --strict", "wit validate --list --package wasi:http@0.2.8"],
  question: true,
  plan: async (options, context) => (await import("../wit/validate.ts")).validateWit(context, options),
});
