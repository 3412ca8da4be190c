// `wasm-tools component new`: a core module that carries its world -> a component. Two providers of one step; the embedded
// one lifts modules of plain worlds by itself.

import { type Artifact, json, one, output, rule, texts } from "../../engine/index.ts";
import { liftCore } from "./lift-core.ts";
import { type ChosenTool, loadWasmTools, toolSaid, toolThrew } from "./wasm-tools.ts";

const outputs = { component: output("component", "component.wasm") };

export const newNative = rule({
  id: "component.new",
  version: 1,
  inputs: { module: one("core-wasm"), words: texts(), env: json<{ readonly [name: string]: string }>() },
  outputs,
  command: ({ words, module, component }, tool) => [...tool, ...words, "component", "new", module, "-o", component],
  env: ({ env }) => env,
  explainFailure: (o) => toolSaid("WASM_TOOLS", "wasm-tools", "link", o),
});

export const newEmbedded = rule({
  id: "component.new.embedded",
  version: 1,
  inputs: { module: one("core-wasm") },
  outputs,
  async run({ module }) {
    const lifted = liftCore(module.bytes());
    if (lifted !== undefined) return { ok: true, value: { component: lifted } };
    try {
      const tools = await loadWasmTools();
      return { ok: true, value: { component: await tools.componentNew(module.bytes()) } };
    } catch (thrown) {
      return { ok: false, error: toolThrew("WASM_TOOLS", "wasm-tools component new", "link", thrown) };
    }
  },
});

export function componentNew(chosen: ChosenTool, module: Artifact, label: string): Artifact {
  const at = { tool: chosen.tool, label };
  return chosen.provider === "native" ? newNative({ module, words: chosen.words, env: chosen.env }, at).component : newEmbedded({ module }, at).component;
}
