// The table of contents: every command of x07-wasm is a goal of this graph. Contracts come from arch/, steps from rules/.

import { type App, graph, type GraphModule } from "./engine/index.ts";
import { build } from "./rules/goals/build.ts";
import { cacheGoals } from "./rules/goals/cache.ts";
import { doctor } from "./rules/goals/doctor.ts";
import { profileValidate } from "./rules/goals/profile-validate.ts";
import { run } from "./rules/goals/run.ts";
import { specrowsCheck } from "./rules/goals/specrows-check.ts";
import { componentProfileValidate, toolchainValidate } from "./rules/goals/validate.ts";
import { VERSION } from "./rules/tool.ts";

const app: App = {
  name: "x07-wasm",
  version: VERSION,
  about: "Build x07 programs to WebAssembly, incrementally, and run them under hard limits",
  codePrefix: "X07WASM",
  parseReport: { schemaVersion: "x07.wasm.cli.parse.report@0.1.0", command: "x07-wasm.cli.parse", schemaFile: "x07-wasm.cli.parse.report.schema.json" },
  schemaGoal: "doctor",
};

const x07wasm: GraphModule = graph({
  app,
  goals: {
    build,
    run,
    doctor,
    "profile validate": profileValidate,
    "component profile validate": componentProfileValidate,
    "toolchain validate": toolchainValidate,
    ...cacheGoals,
    "cli specrows check": specrowsCheck(app, () => x07wasm.goals),
  },
  schemaText: async (file) => (await import("./rules/contract/schemas/index.ts")).schemaText(file) ?? "",
  specrows: async (goals) => (await import("./rules/specrows.ts")).specrowsDocument(app, goals),
  cacheVariable: "X07_WASM_CACHE_DIR",
  remoteVariable: "X07_WASM_REMOTE_CACHE",
  cacheName: "x07-wasm",
});

export default x07wasm;
