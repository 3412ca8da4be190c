// The table of contents: every command of x07-wasm is a goal of this graph. Contracts come from arch/, steps from rules/.

import { graph, type GraphModule } from "./engine/index.ts";
import { app } from "./rules/app.ts";
import { build } from "./rules/goals/build.ts";
import { componentBuild } from "./rules/goals/component-build.ts";
import { componentCompose } from "./rules/goals/component-compose.ts";
import { componentTargets } from "./rules/goals/component-targets.ts";
import { cacheGoals } from "./rules/goals/cache.ts";
import { componentRun } from "./rules/goals/component-run.ts";
import { doctor } from "./rules/goals/doctor.ts";
import { httpContracts } from "./rules/goals/http-contracts.ts";
import { httpRegress } from "./rules/goals/http-regress.ts";
import { httpServe } from "./rules/goals/http-serve.ts";
import { httpTest } from "./rules/goals/http-test.ts";
import { incidentList, incidentReplay } from "./rules/goals/incident.ts";
import { profileValidate } from "./rules/goals/profile-validate.ts";
import { run } from "./rules/goals/run.ts";
import { serve } from "./rules/goals/serve.ts";
import { specrowsCheck } from "./rules/goals/specrows-check.ts";
import { componentProfileValidate, toolchainValidate } from "./rules/goals/validate.ts";
import { witValidate } from "./rules/goals/wit-validate.ts";

const x07wasm: GraphModule = graph({
  app,
  goals: {
    build,
    run,

    "component build": componentBuild,
    "component compose": componentCompose,
    "component targets": componentTargets,
    "component run": componentRun,
    serve,

    "http serve": httpServe,
    "http test": httpTest,
    "http contracts validate": httpContracts,
    "http regress from-incident": httpRegress,

    "incident list": incidentList,
    "incident replay": incidentReplay(() => x07wasm.goals),
    ...cacheGoals,

    doctor,
    "profile validate": profileValidate,
    "component profile validate": componentProfileValidate,
    "wit validate": witValidate,
    "toolchain validate": toolchainValidate,
    "cli specrows check": specrowsCheck(app, () => x07wasm.goals),
  },
  schemaText: async (file) => (await import("./rules/contract/schemas/index.ts")).schemaText(file) ?? "",
  specrows: async (goals) => (await import("./rules/specrows.ts")).specrowsDocument(app, goals),
  cacheVariable: "X07_WASM_CACHE_DIR",
  remoteVariable: "X07_WASM_REMOTE_CACHE",
  cacheName: "x07-wasm",
});

export default x07wasm;
