// x07 sources -> a core module or C by the installed `x07`, which runs on copies in a directory of its own.

import { type Artifact, type ArtifactLike, type Diagnostic, json, many, normal, one, output, type PlanContext, type ProcessOutcome, rule } from "../../engine/index.ts";

interface NativeArguments {
  readonly memory: { readonly initialBytes: number | null; readonly maxBytes: number | null; readonly noGrow: boolean };
}

/** Words after `x07`: the build as the reference starts it, on in-memory repair so that no source is rewritten. */
export function x07BuildArguments(project: string, c: string, header: string, wasm: string | undefined, memory: NativeArguments["memory"]): string[] {
  const words = ["build", "--project", project, "--out", c, "--emit-c-header", header, "--freestanding", "--repair", "memory"];
  if (wasm === undefined) return words;
  words.push("--emit-wasm", wasm);
  if (memory.initialBytes !== null) words.push("--wasm-initial-memory-bytes", String(memory.initialBytes));
  if (memory.maxBytes !== null) words.push("--wasm-max-memory-bytes", String(memory.maxBytes));
  if (memory.noGrow) words.push("--wasm-no-growable-memory");
  return words;
}

const nativeInputs = { project: one("file"), sources: many("file"), memory: json<NativeArguments["memory"]>() };

function x07Failed(o: ProcessOutcome): Diagnostic[] {
  if (o.spawnError !== undefined) return [{ code: "X07WASM_X07_BUILD_SPAWN_FAILED", severity: "error", stage: "codegen", message: "x07 build spawn failed", data: { error: o.spawnError }, hint: "check the installed x07, or use --provider embedded" }];
  return [{ code: "X07WASM_X07_BUILD_FAILED", severity: "error", stage: "codegen", message: `x07 build failed (code=${o.status ?? o.signal ?? "?"})`, data: { stderr: o.stderr }, hint: "what x07 said is in data.stderr" }];
}

export const emitWasmNative = rule({
  id: "x07.emit-wasm.native",
  version: 1,
  inputs: nativeInputs,
  outputs: { module: output("core-wasm", "module.wasm"), c: output("c-source", "program.c"), header: output("c-header", "x07.h") },
  command: ({ project, memory, module, c, header }, x07) => [...x07, ...x07BuildArguments(project, c, header, module, memory)],
  explainFailure: x07Failed,
});

export const emitCNative = rule({
  id: "x07.emit-c.native",
  version: 1,
  inputs: nativeInputs,
  outputs: { c: output("c-source", "program.c"), header: output("c-header", "x07.h") },
  command: ({ project, memory, c, header }, x07) => [...x07, ...x07BuildArguments(project, c, header, undefined, memory)],
  explainFailure: x07Failed,
});

export interface NativeSources {
  readonly project: Artifact;
  readonly sources: readonly ArtifactLike[];
}

/** Every file the installed x07 may want: the manifest, its lock, and all sources under the module roots and packages. */
export async function nativeSources(context: PlanContext, projectFile: Artifact, folder: string, roots: readonly string[], dependencies: readonly string[]): Promise<NativeSources> {
  const patterns = [...roots.map((r) => `${normal(r)}/**/*.{x07.json,x07t}`), ...dependencies.map((d) => `${normal(d)}/**/*.json`), "x07.lock.json"].map((p) => p.replace(/^\.\//, ""));
  return { project: projectFile, sources: await context.glob(patterns, folder === "" ? "." : folder) };
}


