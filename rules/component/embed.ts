// `wasm-tools component embed`: a core module + the WIT of its world -> the same module with that world as metadata. Two
// providers of one step; the embedded one does plain worlds by itself. Has never heard of what the world is for.

import { type Artifact, type ArtifactLike, json, many, one, output, rule, text, texts } from "../../engine/index.ts";
import { embedWorld, plainWorldIn } from "./embed-world.ts";
import { type ChosenTool, loadWasmTools, toolSaid, toolThrew } from "./wasm-tools.ts";
import { joinWit } from "./wit-source.ts";

const inputs = { module: one("core-wasm"), wit: many("wit"), world: text() };
const outputs = { embedded: output("core-wasm", "embedded.wasm") };

export const embedNative = rule({
  id: "component.embed",
  version: 1,
  inputs: { ...inputs, words: texts(), env: json<{ readonly [name: string]: string }>() },
  outputs,
  command: ({ words, world, module, embedded }, tool) => [...tool, ...words, "component", "embed", "wit", "--world", world, module, "-o", embedded],
  env: ({ env }) => env,
  explainFailure: (o) => toolSaid("WASM_TOOLS", "wasm-tools", "link", o),
});

export const embedEmbedded = rule({
  id: "component.embed.embedded",
  version: 1,
  inputs,
  outputs,
  async run({ module, wit, world }) {
    const files = wit.map((w) => ({ path: w.name, text: w.text() }));
    const plain = plainWorldIn(files, world);
    const embedded = plain && embedWorld(module.bytes(), plain);
    if (embedded !== undefined) return { ok: true, value: { embedded } };
    const witSource = joinWit(files);
    if (witSource === undefined) return { ok: false, error: toolThrew("WASM_TOOLS", "wasm-tools component embed", "link", "a folder of WIT files states no package") };
    try {
      const tools = await loadWasmTools();
      return { ok: true, value: { embedded: await tools.componentEmbed({ binary: module.bytes(), witSource, world }) } };
    } catch (thrown) {
      return { ok: false, error: toolThrew("WASM_TOOLS", "wasm-tools component embed", "link", thrown) };
    }
  },
});

/** `wit`: the bundle's files, each named by its path below `wit/`. */
export function embed(chosen: ChosenTool, module: Artifact, wit: readonly ArtifactLike[], world: string, label: string): Artifact {
  const at = { tool: chosen.tool, label };
  return chosen.provider === "native" ? embedNative({ module, wit, world, words: chosen.words, env: chosen.env }, at).embedded : embedEmbedded({ module, wit, world }, at).embedded;
}
