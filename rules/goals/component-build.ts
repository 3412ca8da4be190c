// `component build`: an x07 project -> WASI 0.2 components, their manifests and the build report. Chooses the nodes; every
// step is a rule of its own, and what several components need is one node for all of them.

import { type Artifact, type ArtifactLike, type Diagnostic, type FileDigest, goal, type GoalAnswer, isError, isJsonArray, type JsonValue, ok, parentOf, type OptionSpec, type OptionValues, place, type Placement, type PlanContext, type Result, under, ZERO_SHA256 } from "../../engine/index.ts";
import { type Budgets, type ComponentProfile, COMPONENT_PROFILES, resolveComponentProfile, type WorldRef } from "../component-profile.ts";
import { componentDocument, type ComponentFacts, componentManifest, manifestPath, WORLD_OF } from "../component/manifest.ts";
import { composeReport, composeResult } from "../component/compose-result.ts";
import { lift } from "../component/lift.ts";
import { componentNew } from "../component/new.ts";
import { plugComponents } from "../component/plug.ts";
import { NOT_CHECKED } from "../component/targets.ts";
import { wrapSolve } from "../component/solve-wrapper.ts";
import { type ChosenTool, chooseWasmTools } from "../component/wasm-tools.ts";
import type { LoadedProfile } from "../contract/registry.ts";
import { coreThroughC, type CTargetKind, wantsC } from "../guest/c-target.ts";
import { nativeCore } from "../guest/native.ts";
import { adapterComponent } from "../guest/parts.ts";
import { reportOf } from "../nested-report.ts";
import { resolveWasmProfile, type WasmProfile } from "../profile.ts";
import { VERSION } from "../tool.ts";
import { asInputs, packageFiles } from "../wit/bundle.ts";
import { C, programOf, readProject } from "../x07/program.ts";
import { buildProgram, buildReport } from "./build.ts";
import { WASM_INDEX } from "./options.ts";

const EMITS = ["solve", "http", "http-state-doc", "cli", "http-native", "cli-native", "http-adapter", "cli-adapter", "all"] as const;
type Emit = (typeof EMITS)[number];

const options: readonly OptionSpec[] = [
  { long: "project", key: "project", kind: "PATH", about: "Project manifest", default: "x07.json" },
  { long: "index", key: "index", kind: "PATH", about: "Registry of component profiles", default: COMPONENT_PROFILES.defaultIndex },
  { long: "profile", key: "profile.id", kind: "STR", about: "Component profile id (default: the registry's own default)", conflicts: ["profile-file"] },
  { long: "profile-file", key: "profile.file", kind: "PATH", about: "Component profile file; the registry is not read", conflicts: ["profile"] },
  { long: "wasm-index", key: "wasm.index", kind: "PATH", about: "Registry of wasm profiles", default: WASM_INDEX },
  { long: "wasm-profile", key: "wasm.profile.id", kind: "STR", about: "Wasm profile id (default: the registry's own default)", conflicts: ["wasm-profile-file"] },
  { long: "wasm-profile-file", key: "wasm.profile.file", kind: "PATH", about: "Wasm profile file; the registry is not read", conflicts: ["wasm-profile"] },
  { long: "out-dir", key: "out.dir", kind: "PATH", about: "Folder for everything that is made", default: "target/x07-wasm/component" },
  { long: "emit", key: "emit", kind: "ENUM", about: "What to make", default: "all", values: EMITS },
  { long: "clean", key: "clean", kind: "flag", about: "Remove the out folder first" },
];

const WASM_PROFILE_OPTIONS = { file: "wasm-profile-file", id: "wasm-profile", index: "wasm-index" };

export const componentBuild = goal({
  about: "Build an x07 project to WASI 0.2 components for HTTP and the command line",
  options,
  report: { schemaVersion: "x07.wasm.component.build.report@0.1.0", command: "x07-wasm.component.build", schemaFile: "x07-wasm.component.build.report.schema.json" },
  examples: ["component build --project examples/http_echo/x07.json --emit all", "component build --emit http-native --out-dir target/native"],
  plan: (o, context) => new ComponentBuildPlan(o, context).run(),
});

/** One component to make: its node, where it goes, what else is put in place with it, and what its manifest states. */
interface Part {
  readonly component: Placement;
  readonly others: readonly Placement[];
  readonly facts: Omit<ComponentFacts, "component">;
  /** What the report calls the component where it came with this package. */
  readonly input?: string;
  /** A report of its own, which can be made once it is known what came out. */
  readonly report?: () => Placement;
}

interface Profiles {
  readonly component: LoadedProfile<ComponentProfile>;
  readonly wasm: LoadedProfile<WasmProfile>;
}

interface Lifting {
  readonly tool: ChosenTool;
  readonly wit: readonly ArtifactLike[];
}

class ComponentBuildPlan {
  readonly #o: OptionValues;
  readonly #context: PlanContext;
  readonly #emit: Emit;
  readonly #outDir: string;
  readonly #project: string;
  readonly #inputs: FileDigest[] = [];
  readonly #outputs: FileDigest[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #artifacts: JsonValue[] = [];
  #projectDigest: FileDigest;
  #refs: { component: LoadedProfile<ComponentProfile>["ref"]; wasm: LoadedProfile<WasmProfile>["ref"] } = { component: { id: "unknown", v: 0 }, wasm: { id: "unknown", v: 0 } };
  #solveCore: Placement | undefined;
  #network = false;
  #tool: { readonly [name: string]: string } = {};

  constructor(o: OptionValues, context: PlanContext) {
    this.#o = o;
    this.#context = context;
    this.#emit = o["emit"] as Emit;
    this.#outDir = o["out-dir"] as string;
    this.#project = o["project"] as string;
    this.#projectDigest = { path: this.#project, sha256: ZERO_SHA256, bytes_len: 0 };
  }

  async run(): Promise<GoalAnswer> {
    const profiles = await this.#prepare();
    if (profiles !== undefined && !this.#diagnostics.some(isError)) await this.#make(profiles);
    return this.#answer();
  }

  /** Project and profiles, each with its own finding; then the out folder. */
  async #prepare(): Promise<Profiles | undefined> {
    const looked = this.#context.look(this.#project);
    if (looked.ok) this.#inputs.push((this.#projectDigest = looked.digest));
    else this.#diagnostics.push({ code: "X07WASM_COMPONENT_BUILD_PROJECT_READ_FAILED", severity: "error", stage: "parse", message: `failed to read project: ${this.#project}: ${looked.error}`, hint: "name the project's x07.json with --project", place: { file: this.#project } });
    const read = (path: string) => this.#context.read(path);
    const component = await resolveComponentProfile(read, this.#o);
    const wasm = await resolveWasmProfile(read, this.#o, "X07WASM_WASM_PROFILE_LOAD_FAILED", WASM_PROFILE_OPTIONS);
    for (const r of [component, wasm]) {
      if (r.profile.ok) this.#inputs.push(...r.inputs);
      else this.#diagnostics.push(...r.profile.error);
    }
    if (component.profile.ok) this.#refs = { ...this.#refs, component: component.profile.value.ref };
    if (wasm.profile.ok) this.#refs = { ...this.#refs, wasm: wasm.profile.value.ref };
    if (this.#emit === "http-state-doc") this.#diagnostics.push({ code: "X07WASM_ADAPTER_KIND_UNSUPPORTED", severity: "error", stage: "run", message: "--emit http-state-doc is not offered by this tool", hint: "use --emit http; an adapter of your own with that world can be given to component compose --adapter-component" });
    if (this.#o["clean"] === true) this.#clean();
    return component.profile.ok && wasm.profile.ok ? { component: component.profile.value, wasm: wasm.profile.value } : undefined;
  }

  #clean(): void {
    const { manifest } = readProject(this.#context, this.#project);
    const roots = manifest.ok && isJsonArray(manifest.value["module_roots"] ?? null) ? (manifest.value["module_roots"] as readonly JsonValue[]) : [];
    const sources = roots.flatMap((root) => (typeof root === "string" ? [under(parentOf(this.#project), root)] : []));
    const cleared = this.#context.clear(this.#outDir, sources);
    if (!cleared.ok) this.#diagnostics.push(...cleared.error.map((d) => ({ ...d, code: "X07WASM_COMPONENT_BUILD_CLEAN_FAILED" })));
  }

  // ---- what is made ------------------------------------------------------------------------------

  async #make(profiles: Profiles): Promise<void> {
    const parts: Part[] = [];
    const add = (made: Result<Part>): Part | undefined => {
      if (made.ok) parts.push(made.value);
      else this.#diagnostics.push(...made.error);
      return made.ok ? made.value : undefined;
    };
    const wants = (...emits: readonly Emit[]) => emits.includes(this.#emit);
    const solve = wants("solve", "http", "cli", "all") ? add(await this.#solve(profiles)) : undefined;
    for (const kind of ["http", "cli"] as const) {
      const adapter = wants(kind, `${kind}-adapter`, "all") ? add(await this.#adapter(kind)) : undefined;
      if (wants(kind, "all") && solve !== undefined && adapter !== undefined) add(await this.#composed(profiles, kind, solve.component, adapter.component));
    }
    for (const kind of ["http", "cli"] as const) if (wants(`${kind}-native`)) add(await this.#native(profiles, kind));
    await this.#finish(parts);
  }

  /** The program and the glue of a native target in one core module, lifted into its WASI world. */
  async #native(profiles: Profiles, kind: "http" | "cli"): Promise<Result<Part>> {
    const target = profiles.component.value.native[kind];
    const lifting = await this.#lifting(profiles, target);
    if (!lifting.ok) return lifting;
    if (await wantsC(this.#context, kind, profiles.wasm.value, profiles.component.value)) return this.#throughC(profiles, kind, target, target.budgets, lifting.value);
    const raw = await this.#program(this.#at("solve.core.raw.wasm"), this.#at("solve.core.emit"));
    if (!raw.ok) return raw;
    const { arenaCapBytes: arenaCap, maxOutputBytes: maxOutput } = profiles.wasm.value;
    const label = this.#at(`${kind}.component.wasm`);
    const core = nativeCore({ program: raw.value.module, kind: `${kind}-native`, budgets: target.budgets, arenaCap, maxOutput, label });
    if (!core.ok) return core;
    const { component } = lift(lifting.value.tool, core.value, lifting.value.wit, target.world, label);
    const toolchain = { x07_wasm: VERSION, x07: raw.value.x07, wasm_tools: lifting.value.tool.line };
    return ok({ component: place(component, label), others: [...raw.value.others, place(core.value, this.#at(`${kind}.core.wasm`))], facts: { kind, wit: { package: target.package, world: target.world }, profiles: this.#refs, toolchain } });
  }

  async #adapter(kind: "http" | "cli"): Promise<Result<Part>> {
    const adapter = await adapterComponent(this.#context, `${kind}-adapter`);
    if (!adapter.ok) return adapter;
    const component = place(adapter.value, this.#at(`${kind}-adapter.component.wasm`));
    const facts = { kind: `${kind}-adapter`, wit: WORLD_OF[`${kind}-adapter`], profiles: { component: this.#refs.component }, toolchain: { x07_wasm: VERSION } } as const;
    return ok({ component, others: [], facts, input: `embedded:${kind}-adapter.component.wasm` });
  }

  /** The solve component plugged into an adapter, and the report of that. */
  async #composed(profiles: Profiles, kind: "http" | "cli", solve: Placement, adapter: Placement): Promise<Result<Part>> {
    const at = this.#at(`${kind}.component.wasm`);
    const plugged = await plugComponents(this.#context, profiles.component.value.tools.wac, adapter.artifact, solve.artifact, at);
    if (!plugged.ok) return plugged;
    const component = place(plugged.value.component, at);
    const facts = { kind, wit: WORLD_OF[kind], profiles: {}, toolchain: { x07_wasm: VERSION } } as const;
    const report = () => {
      const [solved, adapted, out] = [solve, adapter, component].map((p) => this.#digestAt(p)) as [FileDigest, FileDigest, FileDigest];
      const answer: GoalAnswer = { result: composeResult({ kind, solve: solved, adapter: adapted, out }, NOT_CHECKED), diagnostics: [], inputs: [solved, adapted], outputs: [out], nondeterminism: { uses_os_time: false, uses_network: false, uses_process: true } };
      const reportAt = this.#at(`${kind}.component.compose.report.json`);
      return place(reportOf(composeReport, answer, reportAt), reportAt);
    };
    return ok({ component, others: [], facts, report });
  }

  /** The program as a component that exports x07:solve/handler. */
  async #solve(profiles: Profiles): Promise<Result<Part>> {
    const world = profiles.component.value.solve;
    const lifting = await this.#lifting(profiles, world);
    if (!lifting.ok) return lifting;
    if (await wantsC(this.#context, "solve", profiles.wasm.value, profiles.component.value)) return this.#throughC(profiles, "solve", world, {}, lifting.value);
    const raw = await this.#program(this.#at("solve.core.raw.wasm"), this.#at("solve.core.emit"));
    if (!raw.ok) return raw;
    const { arenaCapBytes, maxOutputBytes } = profiles.wasm.value;
    const label = this.#at("solve.component.wasm");
    const core = wrapSolve({ module: raw.value.module, arenaCap: Number(arenaCapBytes), maxOutput: Number(maxOutputBytes) }, { label }).module;
    const { embedded, component } = lift(lifting.value.tool, core, lifting.value.wit, world.world, label);
    const coreAt = place(core, this.#at("solve.core.wasm"));
    this.#solveCore = coreAt;
    const toolchain = { x07_wasm: VERSION, x07: raw.value.x07, wasm_tools: lifting.value.tool.line };
    return ok({ component: place(component, label), others: [...raw.value.others, coreAt, place(embedded, this.#at("solve.core.embedded.wasm"))], facts: { kind: "solve", wit: world, profiles: this.#refs, toolchain } });
  }

  /** Any target as C, with the bindings of wit-bindgen, by a C toolchain: the module carries its world when it is linked. */
  async #throughC(profiles: Profiles, kind: CTargetKind, world: WorldRef, budgets: Budgets, lifting: Lifting): Promise<Result<Part>> {
    const { value: profile } = profiles.wasm;
    const { manifest } = readProject(this.#context, this.#project);
    if (!manifest.ok) return manifest;
    const { program, network } = await programOf(this.#context, { project: this.#project, manifest: manifest.value, profile, backend: C, emitDir: this.#outDir, out: this.#at(`${kind}.core.wasm`) });
    this.#network ||= network;
    if (!program.ok) return program;
    const { c, header, x07 } = program.value;
    if (c === undefined || header === undefined) throw new Error("the C back end gave no C");
    const label = this.#at(`${kind}.component.wasm`);
    const core = await coreThroughC(this.#context, { kind, program: { c, header }, profile, witBindgen: profiles.component.value.tools.wit_bindgen, wit: lifting.wit, world: world.world, budgets, label });
    if (!core.ok) return core;
    this.#diagnostics.push(...core.value.remarks.filter((r) => !this.#diagnostics.some((d) => d.code === r.code)));
    const coreAt = place(core.value.module, this.#at(`${kind}.core.wasm`));
    if (kind === "solve") this.#solveCore = coreAt;
    const toolchain = { x07_wasm: VERSION, x07, wasm_tools: lifting.tool.line, ...core.value.toolchain };
    const others = [...core.value.files.map((f) => place(f.artifact, this.#at(f.path))), coreAt];
    return ok({ component: place(componentNew(lifting.tool, core.value.module, label), label), others, facts: { kind, wit: { package: world.package, world: world.world }, profiles: this.#refs, toolchain } });
  }

  /** What it takes to lift a core module into a world: the tool, and the WIT of the world's package with all that it needs. */
  async #lifting(profiles: Profiles, world: WorldRef): Promise<Result<Lifting>> {
    const tool = await chooseWasmTools(this.#context, profiles.component.value.tools.wasm_tools);
    if (!tool.ok) return tool;
    const bundle = await packageFiles(this.#context, world.package, profiles.component.value.witIndexPath);
    if (!bundle.ok) return bundle;
    this.#inputs.push(...(this.#inputs.some((i) => i.path === bundle.value.index.path) ? [] : [bundle.value.index]));
    this.#diagnostics.push(...bundle.value.warnings);
    return ok({ tool: tool.value, wit: asInputs(bundle.value) });
  }

  /** The nested `build`: the program, its own files and report. */
  async #program(out: string, emitDir: string): Promise<Result<{ readonly module: Artifact; readonly x07: string; readonly others: readonly Placement[] }>> {
    const nested: OptionValues = { project: this.#project, out, "emit-dir": emitDir, index: this.#o["wasm-index"], profile: this.#o["wasm-profile"], "profile-file": this.#o["wasm-profile-file"], "check-exports": true };
    const { answer, program } = await buildProgram(nested, this.#context);
    this.#network ||= answer.nondeterminism.uses_network;
    this.#tool = { ...this.#tool, ...answer.tool };
    this.#outputs.push(...answer.outputs);
    const report = place(reportOf(buildReport, answer, `${out}.build.report.json`), `${out}.build.report.json`);
    const failed = answer.diagnostics.filter(isError);
    if (program !== undefined && failed.length === 0) return { ok: true, value: { module: program.module, x07: program.x07, others: [report] } };
    await this.#context.build([report]);
    return { ok: false, error: failed };
  }

  #at(name: string): string {
    return under(this.#outDir, name);
  }

  // ---- the answer --------------------------------------------------------------------------------

  /** Builds every part, side by side where nothing binds them, then states what each one is. */
  async #finish(parts: readonly Part[]): Promise<void> {
    const built = await Promise.all(parts.map((p) => this.#context.build([...p.others, p.component])));
    const manifests: Placement[] = [];
    for (const [i, part] of parts.entries()) {
      const done = built[i]!;
      if (!done.ok) {
        this.#diagnostics.push(...done.error.filter((d) => !this.#diagnostics.some((known) => known.code === d.code && known.message === d.message)).map(asComponentDiagnostic));
        continue;
      }
      const facts: ComponentFacts = { ...part.facts, component: this.#digestAt(part.component) };
      this.#artifacts.push(componentDocument(facts));
      this.#outputs.push(...part.others.map((o) => this.#digestAt(o)), facts.component);
      if (part.input !== undefined) this.#inputs.push({ ...facts.component, path: part.input });
      if (part.report !== undefined) manifests.push(part.report());
      const at = manifestPath(part.component.path);
      manifests.push(place(componentManifest({ facts }, { label: at }).manifest, at));
    }
    const written = await this.#context.build(manifests);
    if (written.ok) this.#outputs.push(...manifests.map((m) => this.#digestAt(m)));
    else this.#diagnostics.push(...written.error.map((d) => (d.code === "GRAPH_OUTPUT_WRITE_FAILED" ? { ...d, code: "X07WASM_COMPONENT_ARTIFACT_WRITE_FAILED" } : d)));
  }

  #digestAt({ artifact, path }: Placement): FileDigest {
    const digest = this.#context.digest(artifact);
    return { path, sha256: digest?.sha256 ?? ZERO_SHA256, bytes_len: digest?.size ?? 0 };
  }

  #answer(): GoalAnswer {
    const failed = this.#diagnostics.some(isError);
    const result = {
      emit: this.#emit,
      project: { ...this.#projectDigest },
      out_dir: this.#outDir,
      component_profile: { ...this.#refs.component },
      wasm_profile: { ...this.#refs.wasm },
      solve_core_wasm: this.#solveCore === undefined || this.#context.digest(this.#solveCore.artifact) === undefined ? null : { ...this.#digestAt(this.#solveCore) },
      artifacts: this.#artifacts,
    };
    const human = failed ? [] : ["ok"];
    // The errors of the language come after the one that the reference reports, and keep its exit code.
    const exit = this.#diagnostics.find(isError)?.code === "X07WASM_X07_BUILD_FAILED" ? { exitCode: 1 } : {};
    return { ...exit, result, diagnostics: this.#diagnostics, inputs: this.#inputs, outputs: this.#outputs, nondeterminism: { uses_os_time: false, uses_network: this.#network, uses_process: true }, tool: this.#tool, human };
  }
}

/** Engine words for what the command line documents under its own codes. */
function asComponentDiagnostic(d: Diagnostic): Diagnostic {
  return d.code === "GRAPH_OUTPUT_WRITE_FAILED" ? { ...d, code: "X07WASM_COMPONENT_BUILD_IO_FAILED" } : d;
}
