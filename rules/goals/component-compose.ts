// `component compose`: a solve component into an adapter, the manifest of what comes out and, where wanted, the check of its
// world. What it takes; the plan is loaded when it is wanted.

import { goal, type OptionSpec } from "../../engine/index.ts";
import { composeReport } from "../component/compose-report.ts";

export const ADAPTERS = ["http", "http-state-doc", "cli"] as const;

const options: readonly OptionSpec[] = [
  { long: "adapter", key: "adapter", kind: "ENUM", about: "Kind of the adapter", required: true, values: ADAPTERS, aliases: ["target"] },
  { long: "solve", key: "solve", kind: "PATH", about: "Solve component", required: true },
  { long: "out", key: "out", kind: "PATH", about: "Where the composed component goes", required: true },
  { long: "adapter-component", key: "adapter.component", kind: "PATH", about: "Adapter component (default: target/x07-wasm/component/<kind>-adapter.component.wasm)" },
  { long: "artifact-out", key: "artifact.out", kind: "PATH", about: "The artifact manifest (default: <out>.manifest.json)" },
  { long: "targets-check", key: "targets.check", kind: "flag", about: "Check that what comes out fits its WASI world" },
];

export const componentCompose = goal({
  about: "Plug a solve component into an adapter",
  options,
  report: composeReport,
  examples: ["component compose --adapter http --solve target/x07-wasm/component/solve.component.wasm --out dist/http.wasm --targets-check"],
  plan: async (options, context) => (await import("./component-compose-plan.ts")).componentCompose(options, context),
});
