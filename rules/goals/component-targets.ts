// `component targets`: whether a component fits a world of a WIT package. What it takes; the plan is loaded when it is wanted.

import { goal, type OptionSpec } from "../../engine/index.ts";

const options: readonly OptionSpec[] = [
  { long: "component", key: "component", kind: "PATH", about: "Component to check", required: true },
  { long: "wit", key: "wit", kind: "PATH", about: "WIT file; its folder is the package", required: true },
  { long: "world", key: "world", kind: "STR", about: "World of that package", required: true },
  { long: "strict", key: "strict", kind: "flag", about: "Turn warnings into errors" },
];

export const componentTargets = goal({
  about: "Check that a component fits a world: its imports, its exports, their types",
  options,
  report: { schemaVersion: "x07.wasm.component.targets.report@0.1.0", command: "x07-wasm.component.targets", schemaFile: "x07-wasm.component.targets.report.schema.json" },
  examples: ["component targets --component target/x07-wasm/component/http.component.wasm --wit wit/deps/wasi/http/0.2.8/proxy.wit --world proxy"],
  plan: async (options, context) => (await import("./component-targets-plan.ts")).componentTargets(options, context),
});
