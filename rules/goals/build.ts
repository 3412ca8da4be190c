// `build`: an x07 project -> a wasm32 module that exports x07_solve_v2, its manifest and the build report. Chooses the nodes;
// every step is a rule of its own.

import { type Artifact, baseName, type Diagnostic, type FileDigest, goal, type GoalAnswer, type JsonValue, type OptionValues, parentOf, place, type PlanContext, under, ZERO_SHA256 } from "../../engine/index.ts";
import { artifactDocument, artifactManifest, type ManifestFacts } from "../artifact-manifest.ts";
import type { LoadedProfile } from "../contract/registry.ts";
import { type Inspected, inspectModule } from "../inspect.ts";
import { resolveWasmProfile, type WasmProfile } from "../profile.ts";
import { VERSION } from "../tool.ts";
import { checkExports, checkMemory, memoryPlan, missingExports, readLdflags, REQUIRED_EXPORTS, ZERO_PLAN } from "../wasm/memory-plan.ts";
import { C, isBackend, NATIVE, type Program, programOf, readProject } from "../x07/program.ts";
import { buildOptions } from "./options.ts";
import { unwritten } from "./unwritten.ts";

type ResolvedProfile = LoadedProfile<WasmProfile>;

export const buildReport = { schemaVersion: "x07.wasm.build.report@0.2.0", command: "x07-wasm.build", schemaFile: "x07-wasm.build.report.schema.json" } as const;

export const build = goal({
  about: "Build an x07 project to a wasm32 module that exports x07_solve_v2",
  options: buildOptions,
  report: buildReport,
  examples: ["build --project examples/solve_pure_echo/x07.json", "build --json --report-out build.report.json"],
  plan: async (options, context) => (await buildProgram(options, context)).answer,
});

/** The answer of `build`, and the program where there is one: another goal may go on from it. */
export interface BuiltProgram {
  readonly answer: GoalAnswer;
  readonly program: Program | undefined;
}

export async function buildProgram(options: OptionValues, context: PlanContext): Promise<BuiltProgram> {
  const plan = new BuildPlan(options, context);
  const answer = await plan.run();
  return { answer, program: plan.program };
}

/** Where everything goes, from the options alone. */
interface Paths {
  readonly project: string;
  readonly folder: string;
  readonly name: string;
  readonly emitDir: string;
  readonly out: string;
  readonly manifest: string;
}

export function buildPaths(options: OptionValues, profileId: string): Paths {
  const project = options["project"] as string;
  const folder = folderText(project);
  const last = baseName(folder);
  const name = last === "" || last === "." || last === ".." ? "app" : last;
  const below = (path: string) => (folder === "." ? `./${path}` : under(folder, path));
  const out = (options["out"] as string | undefined) ?? below(`dist/${name}.wasm`);
  return {
    project,
    folder,
    name,
    emitDir: (options["emit-dir"] as string | undefined) ?? below(`build/wasm/${profileId}`),
    out,
    manifest: (options["artifact-out"] as string | undefined) ?? `${out}.manifest.json`,
  };
}

/** The folder of a file as the reference words it: `x.json` -> ``, `./x.json` -> `.`, `a/./x.json` and `a//x.json` -> `a`. */
function folderText(path: string): string {
  const folder = parentOf(path).replace(/(?<=[^/])(?:\/+\.?)*$/, "");
  return folder === "" && path.startsWith("./") ? "." : folder;
}

class BuildPlan {
  readonly #o: OptionValues;
  readonly #context: PlanContext;
  readonly #inputs: FileDigest[] = [];
  readonly #outputs: FileDigest[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  #network = false;
  program: Program | undefined;

  constructor(options: OptionValues, context: PlanContext) {
    this.#o = options;
    this.#context = context;
  }

  async run(): Promise<GoalAnswer> {
    const { inputs, profile: resolved } = await resolveWasmProfile((path) => this.#context.read(path), this.#o);
    if (!resolved.ok) return this.#answer(this.#placeholder(undefined, undefined), resolved.error);
    this.#inputs.push(...inputs);
    const paths = buildPaths(this.#o, resolved.value.ref.id);
    const backend = (this.#o["codegen-backend"] as string | undefined) ?? resolved.value.value.codegenBackend;
    if (!isBackend(backend)) {
      return this.#answer(this.#placeholder(resolved.value, paths), [{ code: "X07WASM_CLI_ARGS_INVALID", severity: "error", stage: "parse", message: `unknown --codegen-backend: ${backend}`, hint: `use ${NATIVE} or ${C}` }]);
    }
    const project = readProject(this.#context, paths.project);
    this.#inputs.push(...project.inputs);
    if (!project.manifest.ok) return this.#answer(this.#placeholder(resolved.value, paths), project.manifest.error);
    const { program, network } = await programOf(this.#context, { project: paths.project, manifest: project.manifest.value, profile: resolved.value.value, backend, emitDir: paths.emitDir, out: paths.out, wasmOpt: this.#o["wasm-opt"] as string | undefined });
    this.#network = network;
    if (!program.ok) return this.#answer(this.#placeholder(resolved.value, paths), program.error);
    this.program = program.value;
    this.#diagnostics.push(...program.value.remarks);
    return this.#finish(resolved.value, paths, backend, program.value);
  }

  // ---- the answer --------------------------------------------------------------------------------

  async #finish(resolved: ResolvedProfile, paths: Paths, backend: string, program: Program): Promise<GoalAnswer> {
    const extra = [place(program.module, paths.out)];
    if (program.c !== undefined) extra.unshift(place(program.c, `${paths.emitDir}/program.c`));
    if (program.header !== undefined) extra.splice(1, 0, place(program.header, `${paths.emitDir}/x07.h`));
    if (program.shim !== undefined) extra.splice(2, 0, place(program.shim, `${paths.emitDir}/phase0_shim.c`));
    const built = await this.#context.build(extra);
    if (!built.ok) return this.#answer(this.#placeholder(resolved, paths), built.error.map(asBuildDiagnostic));
    const inspected = await this.#context.need(inspectModule({ module: program.module }, { label: paths.out }).facts);
    if (!inspected.ok) return this.#answer(this.#placeholder(resolved, paths), inspected.error);
    for (const p of extra) this.#outputs.push(this.#digestAt(p.artifact, p.path));
    return this.#concluded(resolved, paths, backend, program, inspected.value);
  }

  #digestAt(artifact: Artifact<unknown>, path: string): FileDigest {
    const digest = this.#context.digest(artifact);
    return { path, sha256: digest?.sha256 ?? ZERO_SHA256, bytes_len: digest?.size ?? 0 };
  }

  async #concluded(resolved: ResolvedProfile, paths: Paths, backend: string, program: Program, inspected: Inspected): Promise<GoalAnswer> {
    const want = readLdflags(resolved.value.ldflags);
    if (!inspected.ok) {
      const code = backend === NATIVE ? "X07WASM_NATIVE_BACKEND_WASM_INVALID" : "X07WASM_WASM_INSPECT_FAILED";
      return this.#answer(this.#placeholder(resolved, paths), [{ code, severity: "error", stage: backend === NATIVE ? "codegen" : "link", message: `${paths.out} is not a decodable module: ${inspected.message} (at offset ${inspected.offset})`, hint: "the code generator is at fault: try the other provider or backend" }]);
    }
    const { facts } = inspected;
    const missing = missingExports(facts);
    if (this.#o["check-exports"] !== false) this.#diagnostics.push(...checkExports(missing, "link"));
    this.#diagnostics.push(...checkMemory(want, facts.memory, "link"));
    const memory = memoryPlan(want, facts.memory);
    const wasm = this.#digestAt(program.module, paths.out);
    const toolchain = { x07: program.x07, x07_wasm: VERSION, ...program.tool };
    const manifest: ManifestFacts = { name: paths.name, backend, profile: resolved.ref, wasm, memory, toolchain, x07Arguments: program.x07Arguments, clangArguments: program.clangFlags, linkerArguments: backend === C ? resolved.value.ldflags : [] };
    if (this.#o["no-manifest"] !== true) {
      const node = artifactManifest({ facts: manifest }, { label: paths.manifest }).manifest;
      const written = await this.#context.build([place(node, paths.manifest)]);
      if (written.ok) this.#outputs.push(this.#digestAt(node, paths.manifest));
      else this.#diagnostics.push(...written.error.map((d) => unwritten(this.#context, d, paths.manifest, { folder: "X07WASM_BUILD_IO_FAILED", file: "X07WASM_MANIFEST_WRITE_FAILED" })));
    }
    const found = facts.exports.map((e) => e.name).sort();
    const result = {
      profile: { ...resolved.ref },
      emit: { emit_dir: paths.emitDir, c_path: `${paths.emitDir}/program.c`, h_path: program.header === undefined ? null : `${paths.emitDir}/x07.h` },
      wasm: { ...wasm },
      artifact: artifactDocument(manifest),
      exports: { required: [...REQUIRED_EXPORTS], found, missing },
      memory: { ...memory },
      flags: { codegen_backend: backend, clang: backend === C ? program.clangFlags : [], wasm_ld: resolved.value.ldflags },
    };
    return this.#answer(result as unknown as JsonValue, this.#diagnostics, program.tool);
  }

  #answer(result: JsonValue, diagnostics: readonly Diagnostic[], tool: { readonly [name: string]: string } = {}): GoalAnswer {
    const failed = diagnostics.some((d) => d.severity === "error");
    // The errors of the language come after the one that the reference reports, and keep its exit code.
    const exit = diagnostics[0]?.code === "X07WASM_X07_BUILD_FAILED" ? { exitCode: 1 } : {};
    return { ...exit, result, diagnostics, inputs: this.#inputs, outputs: this.#outputs, nondeterminism: { uses_os_time: false, uses_network: this.#network, uses_process: true }, tool, human: failed ? [] : ["ok"] };
  }

  /** The result of a build that ended early; names what was asked for as far as it is known. */
  #placeholder(resolved: ResolvedProfile | undefined, paths: Paths | undefined): JsonValue {
    const ref = resolved?.ref ?? { id: "wasm_release", v: 1 };
    const at = paths ?? buildPaths(this.#o, ref.id);
    const ldflags = resolved?.value.ldflags ?? [];
    const asked = this.#o["codegen-backend"];
    const backend = asked === NATIVE || asked === C ? asked : (resolved?.value.codegenBackend ?? NATIVE);
    const wasm = { path: paths === undefined ? "dist/unknown.wasm" : at.out, sha256: ZERO_SHA256, bytes_len: 0 };
    const facts: ManifestFacts = { name: paths === undefined ? "unknown" : at.name, backend, profile: ref, wasm, memory: ZERO_PLAN, toolchain: { x07: "0.0.0", x07_wasm: VERSION }, x07Arguments: [], clangArguments: [], linkerArguments: [] };
    return {
      profile: { ...ref },
      emit: { emit_dir: at.emitDir, c_path: `${at.emitDir}/program.c`, h_path: null },
      wasm,
      artifact: artifactDocument(facts),
      exports: { required: [...REQUIRED_EXPORTS], found: [], missing: [] },
      memory: { ...ZERO_PLAN },
      flags: { codegen_backend: backend, clang: [], wasm_ld: [...ldflags] },
    } as unknown as JsonValue;
  }
}

/** Engine words for what the command line documents under its own codes. */
function asBuildDiagnostic(d: Diagnostic): Diagnostic {
  return d.code === "GRAPH_OUTPUT_WRITE_FAILED" ? { ...d, code: "X07WASM_BUILD_IO_FAILED" } : d;
}
