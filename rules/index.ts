// The steps of this package as a door for users' own graphs: each rule once, by the name of its tool.

export { artifactManifest } from "./artifact-manifest.ts";
export { clang } from "./clang.ts";
export { inspectModule } from "./inspect.ts";
export { embedded, native } from "./tool.ts";
export { runCoreRule } from "./run/run-core.ts";
export { wasmLd } from "./wasm-ld.ts";
export { emitCNative, emitWasmNative } from "./x07/emit-wasm.ts";
export { type Program, programOf, type ProgramRequest } from "./x07/program.ts";
export { compileX07, linkX07, lowerX07, parseX07, printX07 } from "./x07/stages.ts";
export { clangEmbedded, wasmLdEmbedded } from "./clang-embedded.ts";
export { adapterFromSource, guestModule, guestSources } from "./guest/from-source.ts";
export { adapterComponent } from "./guest/parts.ts";
export { findNpmClang } from "./npm-clang.ts";
export { nativeCore } from "./guest/native.ts";
export { coreThroughC } from "./guest/c-target.ts";
export { witBindgenC } from "./wit-bindgen.ts";
