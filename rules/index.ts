// The steps of this package as a door for users' own graphs: each rule once, by the name of its tool.

export { artifactManifest } from "./artifact-manifest.ts";
export { clang } from "./clang.ts";
export { inspectModule } from "./inspect.ts";
export { embedded, native } from "./tool.ts";
export { cacheGoals } from "./goals/cache.ts";
export { runCoreRule } from "./run/run-core.ts";
export { wasmLd } from "./wasm-ld.ts";
export { emitCEmbedded } from "./x07/emit-c.ts";
export { emitCNative, emitWasmEmbedded, emitWasmNative } from "./x07/emit-wasm.ts";
export { clangEmbedded, wasmLdEmbedded } from "./clang-embedded.ts";
export { adapterFromSource, guestModule, guestSources } from "./guest/from-source.ts";
export { adapterComponent } from "./guest/parts.ts";
export { findNpmClang } from "./npm-clang.ts";
