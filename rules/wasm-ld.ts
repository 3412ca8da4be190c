// Objects -> one core module. Knows flags and files; has never heard of profiles or components.

import { many, output, rule, texts } from "../engine/index.ts";
import { toolFailed } from "./clang.ts";

export const wasmLd = rule({
  id: "wasm-ld",
  version: 1,
  inputs: { objects: many("wasm-object"), flags: texts() },
  outputs: { module: output("core-wasm", "module.wasm") },
  command: ({ objects, flags, module }, ld) => [...ld, ...flags, ...objects, "-o", module],
  explainFailure: (o) => toolFailed("WASM_LD", "wasm-ld", "link", o),
});
