// Who speaks in reports: the tool's name, version and the forms of its argument errors.

import type { App } from "../engine/index.ts";
import { VERSION } from "./tool.ts";

export const app: App = {
  name: "x07-wasm",
  version: VERSION,
  about: "Build x07 programs to WebAssembly, incrementally, and run them under hard limits",
  codePrefix: "X07WASM",
  locationKind: "x07ast",
  parseReport: { schemaVersion: "x07.wasm.cli.parse.report@0.1.0", command: "x07-wasm.cli.parse", schemaFile: "x07-wasm.cli.parse.report.schema.json" },
  schemaGoal: "doctor",
};
