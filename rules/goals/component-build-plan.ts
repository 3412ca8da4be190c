// The plan of `component build`: chooses the parts that an --emit stands for and words the outcome; what a part is made of is
// written in rules/component/parts.ts.

import { type Diagnostic, type FileDigest, type GoalAnswer, isError, isJsonArray, type JsonValue, type OptionValues, parentOf, place, type Placement, type PlanContext, type Result, under, ZERO_SHA256 } from "../../engine/index.ts";
import { resolveComponentProfile } from "../component-profile.ts";
import { componentDocument, type ComponentFacts, componentManifest, manifestPath } from "../component/manifest.ts";
import type { ProfileRef } from "../contract/registry.ts";
import { digestAt, type NestedBuild, type Notes, type Part, Parts, type Setting } from "../component/parts.ts";
import { reportOf } from "../nested-report.ts";
import { resolveWasmProfile } from "../profile.ts";
import { readProject } from "../x07/program.ts";
import { buildProgram, buildReport } from "./build.ts";
import type { Emit } from "./component-build.ts";

const WASM_PROFILE_OPTIONS = { file: "wasm-profile-file", id: "wasm-profile", index: "wasm-index" };

/** Codes of a file in the out folder that cannot be put there. */
const UNWRITABLE = new Set(["X07WASM_BUILD_IO_FAILED", "X07WASM_COMPONENT_BUILD_IO_FAILED", "X07WASM_COMPONENT_ARTIFACT_WRITE_FAILED"]);

export function componentBuild(options: OptionValues, context: PlanContext): Promise<GoalAnswer> {
  return new ComponentBuildPlan(options, context).run();
}

class ComponentBuildPlan {
  readonly #o: OptionValues;
  readonly #context: PlanContext;
  readonly #emit: Emit;
  readonly #outDir: string;
  readonly #project: string;
  readonly #notes: Notes = { inputs: [], outputs: [], diagnostics: [], tool: {}, network: false };
  readonly #artifacts: JsonValue[] = [];
  #projectDigest: FileDigest;
  #refs: { readonly component: ProfileRef; readonly wasm: ProfileRef } = { component: { id: "unknown", v: 0 }, wasm: { id: "unknown", v: 0 } };
  #parts: Parts | undefined;

  constructor(o: OptionValues, context: PlanContext) {
    this.#o = o;
    this.#context = context;
    this.#emit = o["emit"] as Emit;
    this.#outDir = o["out-dir"] as string;
    this.#project = o["project"] as string;
    this.#projectDigest = { path: this.#project, sha256: ZERO_SHA256, bytes_len: 0 };
  }

  async run(): Promise<GoalAnswer> {
    const setting = await this.#prepare();
    if (setting !== undefined && !this.#notes.diagnostics.some(isError)) await this.#finish(await this.#choose((this.#parts = new Parts(setting, this.#notes))));
    return this.#answer();
  }

  /** Project and profiles, each with its own finding; then the out folder. */
  async #prepare(): Promise<Setting | undefined> {
    const { inputs, diagnostics } = this.#notes;
    const looked = this.#context.look(this.#project);
    if (looked.ok) inputs.push((this.#projectDigest = looked.digest));
    else diagnostics.push({ code: "X07WASM_COMPONENT_BUILD_PROJECT_READ_FAILED", severity: "error", stage: "parse", message: `failed to read project: ${this.#project}: ${looked.error}`, hint: "name the project's x07.json with --project", place: { file: this.#project } });
    const read = (path: string) => this.#context.read(path);
    const component = await resolveComponentProfile(read, this.#o);
    const wasm = await resolveWasmProfile(read, this.#o, "X07WASM_WASM_PROFILE_LOAD_FAILED", WASM_PROFILE_OPTIONS);
    for (const r of [component, wasm]) {
      if (r.profile.ok) inputs.push(...r.inputs);
      else diagnostics.push(...r.profile.error);
    }
    if (component.profile.ok) this.#refs = { ...this.#refs, component: component.profile.value.ref };
    if (wasm.profile.ok) this.#refs = { ...this.#refs, wasm: wasm.profile.value.ref };
    if (this.#emit === "http-state-doc") diagnostics.push({ code: "X07WASM_ADAPTER_KIND_UNSUPPORTED", severity: "error", stage: "run", message: "--emit http-state-doc is not offered by this tool", hint: "use --emit http; an adapter of your own with that world can be given to component compose --adapter-component" });
    if (this.#o["clean"] === true) this.#clean();
    if (!component.profile.ok || !wasm.profile.ok) return undefined;
    this.#lookAtOutDir();
    const build: Setting["build"] = (out, emitDir) => this.#build(out, emitDir);
    return { context: this.#context, project: this.#project, outDir: this.#outDir, component: component.profile.value, wasm: wasm.profile.value, build };
  }

  async #build(out: string, emitDir: string): Promise<NestedBuild> {
    const o = this.#o;
    const nested = await buildProgram({ project: this.#project, out, "emit-dir": emitDir, index: o["wasm-index"], profile: o["wasm-profile"], "profile-file": o["wasm-profile-file"], "check-exports": true, "wasm-opt": o["wasm-opt"] }, this.#context);
    const at = `${out}.build.report.json`;
    return { ...nested, report: place(reportOf(buildReport, nested.answer, at), at) };
  }

  #clean(): void {
    const { manifest } = readProject(this.#context, this.#project);
    const roots = manifest.ok && isJsonArray(manifest.value["module_roots"] ?? null) ? (manifest.value["module_roots"] as readonly JsonValue[]) : [];
    const sources = roots.flatMap((root) => (typeof root === "string" ? [under(parentOf(this.#project), root)] : []));
    const cleared = this.#context.clear(this.#outDir, sources);
    if (!cleared.ok) this.#notes.diagnostics.push(...cleared.error.map((d) => ({ ...d, code: "X07WASM_COMPONENT_BUILD_CLEAN_FAILED" })));
  }

  /** A folder cannot be made where something else stands, itself or above it. */
  #lookAtOutDir(): void {
    let at = this.#outDir;
    while (at !== "" && this.#context.probe(at) === "missing" && parentOf(at) !== at) at = parentOf(at);
    const kind = at === "" ? "dir" : this.#context.probe(at);
    if (kind === "dir" || kind === "missing") return;
    this.#notes.diagnostics.push({ code: "X07WASM_COMPONENT_BUILD_OUTDIR_CREATE_FAILED", severity: "error", stage: "run", message: `failed to create out-dir: ${this.#outDir}: ${at} is not a folder`, data: { error: "ENOTDIR", path: at }, hint: "name another folder with --out-dir", place: { file: at } });
  }

  /** What could not be written because the folder of it all could not be made is one finding. */
  #withoutOutDir(): Diagnostic[] {
    const { diagnostics } = this.#notes;
    const first = diagnostics.find((d) => UNWRITABLE.has(d.code))!;
    return [{ ...first, code: "X07WASM_COMPONENT_BUILD_OUTDIR_CREATE_FAILED", message: `failed to create out-dir: ${this.#outDir}` }, ...diagnostics.filter((d) => !UNWRITABLE.has(d.code) && d.code !== "GRAPH_STOPPED")];
  }

  /** The parts that the --emit stands for, in the order in which the report lists them. */
  async #choose(parts: Parts): Promise<Part[]> {
    const chosen: Part[] = [];
    const add = async (making: Promise<Result<Part>>): Promise<Part | undefined> => {
      const made = await making;
      if (made.ok) chosen.push(made.value);
      else this.#notes.diagnostics.push(...made.error);
      return made.ok ? made.value : undefined;
    };
    const wants = (...emits: readonly Emit[]) => emits.includes(this.#emit);
    const lifts = !wants("http-adapter", "cli-adapter");
    const tools = lifts ? parts.seekTools(wants("http", "cli", "all")) : undefined;
    const solve = wants("solve", "http", "cli", "all") ? await add(parts.solve()) : undefined;
    for (const kind of ["http", "cli"] as const) {
      const adapter = wants(kind, `${kind}-adapter`, "all") ? await add(parts.adapter(kind)) : undefined;
      if (wants(kind, "all") && solve !== undefined && adapter !== undefined) await add(parts.composed(kind, solve, adapter));
      if (wants(`${kind}-native`)) await add(parts.native(kind));
    }
    await tools;
    return chosen;
  }

  /** Builds every part, side by side where nothing binds them, then states what each one is. */
  async #finish(parts: readonly Part[]): Promise<void> {
    const { inputs, outputs } = this.#notes;
    const built = await Promise.all(parts.map((p) => this.#context.build([...p.others, p.component])));
    const manifests: Placement[] = [];
    for (const [i, part] of parts.entries()) {
      const done = built[i]!;
      if (!done.ok) {
        this.#note(done.error.map(asComponentDiagnostic));
        continue;
      }
      const facts: ComponentFacts = { ...part.facts, component: digestAt(this.#context, part.component) };
      this.#artifacts.push(componentDocument(facts));
      outputs.push(...part.others.map((o) => digestAt(this.#context, o)), facts.component);
      if (part.input !== undefined) inputs.push({ ...facts.component, path: part.input });
      if (part.report !== undefined) manifests.push(part.report());
      const at = manifestPath(part.component.path);
      manifests.push(place(componentManifest({ facts }, { label: at }).manifest, at));
    }
    const written = await this.#context.build(manifests);
    if (written.ok) outputs.push(...manifests.map((m) => digestAt(this.#context, m)));
    else this.#note(written.error.map((d) => (d.code === "GRAPH_OUTPUT_WRITE_FAILED" ? { ...d, code: "X07WASM_COMPONENT_ARTIFACT_WRITE_FAILED" } : d)));
  }

  /** Says once what several parts have to say. */
  #note(found: readonly Diagnostic[]): void {
    const { diagnostics } = this.#notes;
    for (const d of found) if (!diagnostics.some((known) => known.code === d.code && known.message === d.message)) diagnostics.push(d);
  }

  #answer(): GoalAnswer {
    const { inputs, outputs, tool, network } = this.#notes;
    const diagnostics = this.#notes.diagnostics.some((d) => UNWRITABLE.has(d.code)) && this.#context.probe(this.#outDir) !== "dir" ? this.#withoutOutDir() : this.#notes.diagnostics;
    const core = this.#parts?.solveCore;
    const result = {
      emit: this.#emit,
      project: { ...this.#projectDigest },
      out_dir: this.#outDir,
      component_profile: { ...this.#refs.component },
      wasm_profile: { ...this.#refs.wasm },
      solve_core_wasm: core === undefined || this.#context.digest(core.artifact) === undefined ? null : { ...digestAt(this.#context, core) },
      artifacts: this.#artifacts,
    };
    // The errors of the language come after the one that the reference reports, and keep its exit code.
    const exit = diagnostics.find(isError)?.code === "X07WASM_X07_BUILD_FAILED" ? { exitCode: 1 } : {};
    const human = diagnostics.some(isError) ? [] : ["ok"];
    return { ...exit, result, diagnostics, inputs, outputs, nondeterminism: { uses_os_time: false, uses_network: network, uses_process: true }, tool, human };
  }
}

/** Engine words for what the command line documents under its own codes. */
function asComponentDiagnostic(d: Diagnostic): Diagnostic {
  return d.code === "GRAPH_OUTPUT_WRITE_FAILED" ? { ...d, code: "X07WASM_COMPONENT_BUILD_IO_FAILED" } : d;
}
