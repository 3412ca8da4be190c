// The steps of this package as a door for users' own graphs: each rule once, by the name of its tool.

export { artifactManifest } from "./artifact-manifest.ts";
export { chooseCToolchain } from "./c-toolchain.ts";
export { clang } from "./clang.ts";
export { clangEmbedded, wasmLdEmbedded } from "./clang-embedded.ts";
export { resolveComponentProfile } from "./component-profile.ts";
export { lift } from "./component/lift.ts";
export { componentNew } from "./component/new.ts";
export { chooseWasmTools } from "./component/wasm-tools.ts";
export { coreThroughC } from "./guest/c-target.ts";
export { adapterFromSource, guestModule, guestSources } from "./guest/from-source.ts";
export { nativeCore } from "./guest/native.ts";
export { adapterComponent } from "./guest/parts.ts";
export { cacheGoals } from "./goals/cache.ts";
export { inspectModule } from "./inspect.ts";
export { findNpmClang } from "./npm-clang.ts";
export { resolveWasmProfile } from "./profile.ts";
export { runCoreRule } from "./run/run-core.ts";
export { embedded, native } from "./tool.ts";
export { wasmLd } from "./wasm-ld.ts";
export { wasmOpt } from "./wasm-opt.ts";
export { witBindgenC } from "./wit-bindgen.ts";
export { asInputs, packageFiles } from "./wit/bundle.ts";
export { emitCNative, emitWasmNative } from "./x07/emit-wasm.ts";
export { type Program, programOf, type ProgramRequest } from "./x07/program.ts";
export { compileX07, gatherX07, linkX07, lowerX07, moduleX07, parseX07, printX07 } from "./x07/stages.ts";
