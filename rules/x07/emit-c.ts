// x07 sources -> freestanding C and its header, by the embedded compiler, which finds the modules it needs by itself.

import { one, output, rule } from "../../engine/index.ts";
import { compileFailed, openSources } from "./sources.ts";

export const emitCEmbedded = rule({
  id: "x07.emit-c",
  version: 1,
  discovers: true,
  inputs: { project: one("file") },
  outputs: { c: output("c-source", "program.c"), header: output("c-header", "x07.h") },
  async run({ project }, io) {
    const [{ compileToC }, sources] = await Promise.all([import("./c/index.ts"), openSources(project, io)]);
    if (!sources.ok) return sources;
    const outcome = compileToC(sources.value);
    if (outcome.ok) return { ok: true, value: { c: outcome.c, header: outcome.header } };
    return { ok: false, error: compileFailed(outcome.errors) };
  },
});
