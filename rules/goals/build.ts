// `build`: an x07 project -> a wasm32 module that exports x07_solve_v2, its manifest and the build report. Chooses the nodes;
// every step is a rule of its own.

import {
  type Artifact,
  baseName,
  type Diagnostic,
  file,
  type FileDigest,
  goal,
  type GoalAnswer,
  type JsonValue,
  type OptionValues,
  parentOf,
  parseJson,
  place,
  type PlanContext,
  type Result,
  under,
  ZERO_SHA256,
} from "../../engine/index.ts";
import { artifactDocument, artifactManifest, type ManifestFacts } from "../artifact-manifest.ts";
import { clang, clangArguments } from "../clang.ts";
import { type Inspected, inspectModule } from "../inspect.ts";
import type { LoadedProfile } from "../contract/registry.ts";
import { resolveWasmProfile, type WasmProfile } from "../profile.ts";
import { embedded, type FoundTool, native, VERSION } from "../tool.ts";
import { wasmLd } from "../wasm-ld.ts";
import { adaptedLinkerFlags } from "../wasm-ld-flags.ts";
import { checkExports, checkMemory, memoryPlan, missingExports, readLdflags, REQUIRED_EXPORTS, ZERO_PLAN } from "../wasm/memory-plan.ts";
import { emitCEmbedded } from "../x07/emit-c.ts";
import { emitCNative, emitWasmEmbedded, emitWasmNative, nativeSources, x07BuildArguments } from "../x07/emit-wasm.ts";
import { shimSource } from "../x07/shim.ts";
import { buildOptions } from "./options.ts";

type ResolvedProfile = LoadedProfile<WasmProfile>;

const NATIVE = "native_x07_wasm_v1";
const C = "c_toolchain_v1";

export const build = goal({
  about: "Build an x07 project to a wasm32 module that exports x07_solve_v2",
  options: buildOptions,
  report: { schemaVersion: "x07.wasm.build.report@0.2.0", command: "x07-wasm.build", schemaFile: "x07-wasm.build.report.schema.json" },
  examples: ["build --project examples/solve_pure_echo/x07.json", "build --json --report-out build.report.json"],
  plan: (options, context) => new BuildPlan(options, context).run(),
});

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
  const folder = parentOf(project);
  const last = baseName(folder);
  const name = last === "" || last === "." || last === ".." ? "app" : last;
  const out = (options["out"] as string | undefined) ?? under(folder, `dist/${name}.wasm`);
  return {
    project,
    folder,
    name,
    emitDir: (options["emit-dir"] as string | undefined) ?? under(folder, `build/wasm/${profileId}`),
    out,
    manifest: (options["artifact-out"] as string | undefined) ?? `${out}.manifest.json`,
  };
}

/** What came out of the code generator: the module and, where the provider makes them, C and header. */
interface Emitted {
  readonly module: Artifact;
  readonly c: Artifact | undefined;
  readonly header: Artifact | undefined;
  readonly shim: Artifact | undefined;
  readonly x07: string;
  readonly x07Arguments: readonly string[];
  readonly tool: { readonly [name: string]: string };
  readonly clangFlags: readonly string[];
}

class BuildPlan {
  readonly #o: OptionValues;
  readonly #context: PlanContext;
  readonly #inputs: FileDigest[] = [];
  readonly #outputs: FileDigest[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  #network = false;

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
    if (backend !== NATIVE && backend !== C) {
      return this.#answer(this.#placeholder(resolved.value, paths), [{ code: "X07WASM_CLI_ARGS_INVALID", severity: "error", stage: "parse", message: `unknown --codegen-backend: ${backend}`, hint: `use ${NATIVE} or ${C}` }]);
    }
    const project = this.#project(paths);
    if (!project.ok) return this.#answer(this.#placeholder(resolved.value, paths), project.error);
    const emitted = await this.#emit(resolved.value, paths, backend, project.value);
    if (!emitted.ok) return this.#answer(this.#placeholder(resolved.value, paths), emitted.error);
    return this.#finish(resolved.value, paths, backend, emitted.value);
  }

  // ---- the project -------------------------------------------------------------------------------

  #project(paths: Paths): Result<{ readonly [key: string]: JsonValue }> {
    const read = this.#context.read(paths.project);
    const trouble = (code: string, message: string, hint: string, path = paths.project): Result<never> => ({ ok: false, error: [{ code, severity: "error", stage: "parse", message, hint, place: { file: path } }] });
    if (!read.ok) return trouble("X07WASM_PROJECT_READ_FAILED", `failed to read project: ${paths.project}: ${read.error}`, "name the project's x07.json with --project");
    this.#inputs.push(read.digest);
    const parsed = parseJson(read.bytes);
    if (!parsed.ok) return trouble("X07WASM_PROJECT_PARSE_FAILED", `failed to parse project JSON: ${paths.project}: ${parsed.error.message} at byte ${parsed.error.offset}`, "correct the JSON");
    const manifest = parsed.value;
    const entry = typeof manifest === "object" && manifest !== null && "entry" in manifest ? (manifest as { entry: JsonValue }).entry : undefined;
    if (typeof entry === "string") {
      const path = under(paths.folder, entry);
      const looked = this.#context.look(path);
      if (!looked.ok && looked.code === "ENOENT") return trouble("X07WASM_PROJECT_ENTRY_MISSING", `project entry does not exist: ${path}`, "correct `entry` in the project, or create the file", path);
      if (!looked.ok) return trouble("X07WASM_PROJECT_ENTRY_READ_FAILED", `failed to read project entry: ${path}: ${looked.error}`, "`entry` must be a readable file", path);
      this.#inputs.push(looked.digest);
    }
    return { ok: true, value: manifest as { readonly [key: string]: JsonValue } };
  }

  // ---- code generation ---------------------------------------------------------------------------

  async #emit(resolved: ResolvedProfile, paths: Paths, backend: string, project: { readonly [key: string]: JsonValue }): Promise<Result<Emitted>> {
    const x07 = await this.#x07();
    if (!x07.ok) return x07;
    if (x07.value === "embedded") return backend === NATIVE ? this.#emitEmbedded(resolved, paths) : this.#compileC(resolved, paths, emitCEmbedded({ project: file(paths.project) }, { tool: embedded("x07"), root: paths.folder, label: paths.project }), `${VERSION}+embedded`);
    const locked = await this.#lock(project, paths, x07.value);
    if (!locked.ok) return locked;
    const roots = texts(project["module_roots"]);
    const dependencies = Array.isArray(project["dependencies"]) ? project["dependencies"].flatMap((d) => (typeof d === "object" && d !== null && "path" in d && typeof d.path === "string" ? [d.path] : [])) : [];
    const sources = await nativeSources(this.#context, file(paths.project), paths.folder, roots, dependencies);
    if (backend === NATIVE) return this.#emitNative(resolved, paths, x07.value, sources);
    const made = emitCNative({ ...sources, memory: nativeMemory(resolved) }, { tool: x07.value.tool, root: paths.folder, label: paths.project });
    return this.#compileC(resolved, paths, made, versionOf(x07.value.line));
  }

  /** auto: the installed x07 where it satisfies the pins, else the embedded compiler. */
  async #x07(): Promise<Result<"embedded" | Extract<FoundTool, { ok: true }>>> {
    const { provider } = this.#context.engine;
    if (provider === "embedded") return { ok: true, value: "embedded" };
    const found = await native(this.#context, "x07");
    if (found.ok) return { ok: true, value: provider === "native" || (await satisfiesPin(this.#context, "x07", found.line)) ? found : "embedded" };
    if (provider === "auto") return { ok: true, value: "embedded" };
    return { ok: false, error: [{ code: "X07WASM_X07_BUILD_SPAWN_FAILED", severity: "error", stage: "codegen", message: `x07 build spawn failed: ${found.message}`, data: { error: found.message }, hint: "--provider native needs the installed x07: install it, or build with --provider embedded" }] };
  }

  #emitEmbedded(resolved: ResolvedProfile, paths: Paths): Result<Emitted> {
    const want = readLdflags(resolved.value.ldflags);
    const initialBytes = want.initialMemory ?? 16 << 20;
    const maxBytes = want.noGrowableMemory ? initialBytes : (want.maxMemory ?? initialBytes);
    const { module } = emitWasmEmbedded({ project: file(paths.project), memory: { initialBytes, maxBytes } }, { tool: embedded("x07"), root: paths.folder, label: paths.project });
    const memory = { initialBytes: want.initialMemory, maxBytes: want.maxMemory, noGrow: want.noGrowableMemory };
    const x07Arguments = x07BuildArguments(paths.project, `${paths.emitDir}/program.c`, `${paths.emitDir}/x07.h`, paths.out, memory);
    return { ok: true, value: { module, c: undefined, header: undefined, shim: undefined, x07: `${VERSION}+embedded`, x07Arguments, tool: {}, clangFlags: [] } };
  }

  #emitNative(resolved: ResolvedProfile, paths: Paths, x07: Extract<FoundTool, { ok: true }>, sources: Parameters<typeof emitWasmNative>[0] extends infer A ? Omit<A, "memory"> : never): Result<Emitted> {
    const memory = nativeMemory(resolved);
    const made = emitWasmNative({ ...sources, memory }, { tool: x07.tool, root: paths.folder, label: paths.project });
    const x07Arguments = x07BuildArguments(paths.project, `${paths.emitDir}/program.c`, `${paths.emitDir}/x07.h`, paths.out, memory);
    return { ok: true, value: { ...made, shim: undefined, x07: versionOf(x07.line), x07Arguments, tool: {}, clangFlags: [] } };
  }

  /** C -> objects -> module, with the installed C toolchain. */
  async #compileC(resolved: ResolvedProfile, paths: Paths, { c, header }: { readonly c: Artifact; readonly header: Artifact }, x07: string): Promise<Result<Emitted>> {
    const profile = resolved.value;
    const cc = await native(this.#context, "clang", profile.cc);
    if (!cc.ok) return spawnFailed("CLANG", "codegen", cc.message);
    const ld = await native(this.#context, "wasm-ld", profile.linker);
    if (!ld.ok) return spawnFailed("WASM_LD", "link", ld.message);
    const { shim } = shimSource({});
    const compile = (source: Artifact, label: string) => clang({ source, headers: [header], flags: profile.cflags, target: profile.triple }, { tool: cc.tool, label }).object;
    const flags = adaptedLinkerFlags(profile.ldflags, ld.line);
    if (flags.remark !== undefined) this.#diagnostics.push(flags.remark);
    const objects = [compile(c, `${paths.project} program.c`), compile(shim, "phase0_shim.c")];
    const { module } = wasmLd({ objects, flags: flags.flags }, { tool: ld.tool, label: paths.project });
    const x07Arguments = x07BuildArguments(paths.project, `${paths.emitDir}/program.c`, `${paths.emitDir}/x07.h`, undefined, nativeMemory(resolved));
    return { ok: true, value: { module, c, header, shim, x07, x07Arguments, tool: { clang: cc.line, wasm_ld: ld.line }, clangFlags: clangArguments(profile.cflags, profile.triple) } };
  }

  /** A project with dependencies must have its lock file checked by the installed x07 first, as the reference does. */
  async #lock(project: { readonly [key: string]: JsonValue }, paths: Paths, x07: Extract<FoundTool, { ok: true }>): Promise<Result<void>> {
    const dependencies = project["dependencies"];
    if (!Array.isArray(dependencies) || dependencies.length === 0) return { ok: true, value: undefined };
    const { pkgLock } = await import("../x07/pkg-lock.ts");
    const locked = await pkgLock(this.#context, x07.tool, paths.project);
    this.#network ||= locked.network;
    return locked.error === undefined ? { ok: true, value: undefined } : { ok: false, error: [locked.error] };
  }

  // ---- the answer --------------------------------------------------------------------------------

  async #finish(resolved: ResolvedProfile, paths: Paths, backend: string, emitted: Emitted): Promise<GoalAnswer> {
    const extra = [place(emitted.module, paths.out)];
    if (emitted.c !== undefined) extra.unshift(place(emitted.c, `${paths.emitDir}/program.c`));
    if (emitted.header !== undefined) extra.splice(1, 0, place(emitted.header, `${paths.emitDir}/x07.h`));
    if (emitted.shim !== undefined) extra.splice(2, 0, place(emitted.shim, `${paths.emitDir}/phase0_shim.c`));
    const built = await this.#context.build(extra);
    if (!built.ok) return this.#answer(this.#placeholder(resolved, paths), built.error.map(asBuildDiagnostic));
    const inspected = await this.#context.need(inspectModule({ module: emitted.module }, { label: paths.out }).facts);
    if (!inspected.ok) return this.#answer(this.#placeholder(resolved, paths), inspected.error);
    for (const p of extra) this.#outputs.push(this.#digestAt(p.artifact, p.path));
    return this.#concluded(resolved, paths, backend, emitted, inspected.value);
  }

  #digestAt(artifact: Artifact<unknown>, path: string): FileDigest {
    const digest = this.#context.digest(artifact);
    return { path, sha256: digest?.sha256 ?? ZERO_SHA256, bytes_len: digest?.size ?? 0 };
  }

  async #concluded(resolved: ResolvedProfile, paths: Paths, backend: string, emitted: Emitted, inspected: Inspected): Promise<GoalAnswer> {
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
    const wasm = this.#digestAt(emitted.module, paths.out);
    const toolchain = { x07: emitted.x07, x07_wasm: VERSION, ...emitted.tool };
    const manifest: ManifestFacts = { name: paths.name, backend, profile: resolved.ref, wasm, memory, toolchain, x07Arguments: emitted.x07Arguments, clangArguments: emitted.clangFlags, linkerArguments: backend === C ? resolved.value.ldflags : [] };
    if (this.#o["no-manifest"] !== true) {
      const node = artifactManifest({ facts: manifest }, { label: paths.manifest }).manifest;
      const written = await this.#context.build([place(node, paths.manifest)]);
      if (written.ok) this.#outputs.push(this.#digestAt(node, paths.manifest));
      else this.#diagnostics.push(...written.error.map((d) => (d.code === "GRAPH_OUTPUT_WRITE_FAILED" ? { ...d, code: "X07WASM_MANIFEST_WRITE_FAILED" } : d)));
    }
    const found = facts.exports.map((e) => e.name).sort();
    const result = {
      profile: { ...resolved.ref },
      emit: { emit_dir: paths.emitDir, c_path: `${paths.emitDir}/program.c`, h_path: emitted.header === undefined ? null : `${paths.emitDir}/x07.h` },
      wasm: { ...wasm },
      artifact: artifactDocument(manifest),
      exports: { required: [...REQUIRED_EXPORTS], found, missing },
      memory: { ...memory },
      flags: { codegen_backend: backend, clang: backend === C ? emitted.clangFlags : [], wasm_ld: resolved.value.ldflags },
    };
    return this.#answer(result as unknown as JsonValue, this.#diagnostics, emitted.tool);
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

function nativeMemory(resolved: ResolvedProfile) {
  const want = readLdflags(resolved.value.ldflags);
  return { initialBytes: want.initialMemory, maxBytes: want.maxMemory, noGrow: want.noGrowableMemory };
}

function texts(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((v): v is string => typeof v === "string") : [];
}

/** `x07 0.2.17` -> `0.2.17`; anything that is no version -> `0.0.0`. */
function versionOf(line: string): string {
  const word = line.split(/\s+/)[1] ?? "";
  return /^\d+\.\d+\.\d+/.test(word) ? word : "0.0.0";
}

function spawnFailed(name: string, stage: "codegen" | "link", message: string): Result<never> {
  return { ok: false, error: [{ code: `X07WASM_${name}_SPAWN_FAILED`, severity: "error", stage, message: `spawn failed: ${message}`, data: { error: message }, hint: "install the C toolchain (clang, lld), or use --codegen-backend native_x07_wasm_v1" }] };
}

/** Engine words for what the command line documents under its own codes. */
function asBuildDiagnostic(d: Diagnostic): Diagnostic {
  return d.code === "GRAPH_OUTPUT_WRITE_FAILED" ? { ...d, code: "X07WASM_BUILD_IO_FAILED" } : d;
}

async function satisfiesPin(context: PlanContext, tool: string, line: string): Promise<boolean> {
  const { pinned } = await import("../pins.ts");
  return pinned(context, tool, line);
}

