// `component build`: an x07 project -> WASI 0.2 components, their manifests and the build report. What it takes; the plan is
// loaded when it is wanted.

import { goal, type OptionSpec } from "../../engine/index.ts";
import { COMPONENT_PROFILES } from "../component-profile.ts";
import { WASM_INDEX, wasmOptOption } from "./options.ts";

export const EMITS = ["solve", "http", "http-state-doc", "cli", "http-native", "cli-native", "http-adapter", "cli-adapter", "all"] as const;
export type Emit = (typeof EMITS)[number];

const options: readonly OptionSpec[] = [
  { long: "project", key: "project", kind: "PATH", about: "Project manifest", default: "x07.json" },
  { long: "index", key: "index", kind: "PATH", about: "Registry of component profiles", default: COMPONENT_PROFILES.defaultIndex },
  { long: "profile", key: "profile.id", kind: "STR", about: "Component profile id (default: the registry's own default)", conflicts: ["profile-file"] },
  { long: "profile-file", key: "profile.file", kind: "PATH", about: "Component profile file; the registry is not read", conflicts: ["profile"] },
  { long: "wasm-index", key: "wasm.index", kind: "PATH", about: "Registry of wasm profiles", default: WASM_INDEX },
  { long: "wasm-profile", key: "wasm.profile.id", kind: "STR", about: "Wasm profile id (default: the registry's own default)", conflicts: ["wasm-profile-file"] },
  { long: "wasm-profile-file", key: "wasm.profile.file", kind: "PATH", about: "Wasm profile file; the registry is not read", conflicts: ["wasm-profile"] },
  { long: "out-dir", key: "out.dir", kind: "PATH", about: "Folder for everything that is made", default: "target/x07-wasm/component" },
  { long: "emit", key: "emit", kind: "ENUM", about: "What to make", default: "all", values: EMITS },
  wasmOptOption,
  { long: "clean", key: "clean", kind: "flag", about: "Remove the out folder first" },
];

export const componentBuild = goal({
  about: "Build an x07 project to WASI 0.2 components for HTTP and the command line",
  options,
  report: { schemaVersion: "x07.wasm.component.build.report@0.1.0", command: "x07-wasm.component.build", schemaFile: "x07-wasm.component.build.report.schema.json" },
  examples: ["component build --project examples/http_echo/x07.json --emit all", "component build --emit http-native --out-dir target/native"],
  plan: async (options, context) => (await import("./component-build-plan.ts")).componentBuild(options, context),
});
