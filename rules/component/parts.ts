// The components that a project can become, each with what is put in place beside it and what its manifest states. Declares
// nodes; what several parts need is one node for all of them. Knows no options and writes no report but nested ones.

import { type Artifact, type ArtifactLike, type Diagnostic, fail, type FileDigest, type GoalAnswer, isError, ok, place, type Placement, type PlanContext, type Result, under, ZERO_SHA256 } from "../../engine/index.ts";
import type { ComponentProfile, WorldRef } from "../component-profile.ts";
import type { LoadedProfile } from "../contract/registry.ts";
import { coreThroughC, wantsBindings } from "../guest/c-target.ts";
import { nativeCore } from "../guest/native.ts";
import { adapterComponent } from "../guest/parts.ts";
import { reportOf } from "../nested-report.ts";
import type { WasmProfile } from "../profile.ts";
import { VERSION } from "../tool.ts";
import { asInputs, packageFiles } from "../wit/bundle.ts";
import { C, type Program, programOf, readProject } from "../x07/program.ts";
import { composeReport } from "./compose-report.ts";
import { composedFacts, composeResult } from "./compose-result.ts";
import { lift } from "./lift.ts";
import { type ComponentFacts, WORLD_OF } from "./manifest.ts";
import { componentNew } from "./new.ts";
import { chooseWac, plugComponents } from "./plug.ts";
import { wrapSolve } from "./solve-wrapper.ts";
import { NOT_CHECKED } from "./targets.ts";
import { type ChosenTool, chooseWasmTools } from "./wasm-tools.ts";

/** One component to make: its node, where it goes, what else is put in place with it, and what its manifest states. */
export interface Part {
  readonly component: Placement;
  readonly others: readonly Placement[];
  readonly facts: Omit<ComponentFacts, "component">;
  /** What the report calls the component where it came with this package. */
  readonly input?: string;
  /** A report of its own, which can be made once it is known what came out. */
  readonly report?: () => Placement;
}

/** What the parts are made of, and where. */
export interface Setting {
  readonly context: PlanContext;
  readonly project: string;
  readonly outDir: string;
  readonly component: LoadedProfile<ComponentProfile>;
  readonly wasm: LoadedProfile<WasmProfile>;
  /** The nested `build` of the program, with the outer goal's choice of profile; it writes its report beside `out`. */
  readonly build: (out: string, emitDir: string) => Promise<NestedBuild>;
}

export interface NestedBuild {
  readonly answer: GoalAnswer;
  readonly program: Program | undefined;
  readonly report: Placement;
}

/** What was read, said and used on the way; the report of the goal tells it. */
export interface Notes {
  readonly inputs: FileDigest[];
  readonly outputs: FileDigest[];
  readonly diagnostics: Diagnostic[];
  readonly tool: { [name: string]: string };
  network: boolean;
}

export function digestAt(context: PlanContext, { artifact, path }: Placement): FileDigest {
  const digest = context.digest(artifact);
  return { path, sha256: digest?.sha256 ?? ZERO_SHA256, bytes_len: digest?.size ?? 0 };
}

type Target = "solve" | "http" | "cli";

export class Parts {
  readonly #s: Setting;
  readonly #notes: Notes;
  readonly #profiles: ComponentFacts["profiles"];
  /** solve.core.wasm, once it is declared. */
  solveCore: Placement | undefined;

  constructor(setting: Setting, notes: Notes) {
    this.#s = setting;
    this.#notes = notes;
    this.#profiles = { component: setting.component.ref, wasm: setting.wasm.ref };
  }

  /** The program as a component that exports x07:solve/handler. */
  async solve(): Promise<Result<Part>> {
    const world = this.#s.component.value.solve;
    if (await this.#throughBindings()) return this.#throughC("solve", world, {});
    const ready = await this.#liftable(world);
    if (!ready.ok) return ready;
    const { tool, wit, program } = ready.value;
    const { arenaCapBytes, maxOutputBytes } = this.#s.wasm.value;
    const label = this.#at("solve.component.wasm");
    const core = wrapSolve({ module: program.module, arenaCap: Number(arenaCapBytes), maxOutput: Number(maxOutputBytes) }, { label }).module;
    const { embedded, component } = lift(tool, core, wit, world.world, label);
    this.solveCore = place(core, this.#at("solve.core.wasm"));
    const others = [...program.others, this.solveCore, place(embedded, this.#at("solve.core.embedded.wasm"))];
    return ok({ component: place(component, label), others, facts: this.#facts("solve", world, program.x07, { wasm_tools: tool.line }) });
  }

  /** An adapter of this package; no project can make it stale. */
  async adapter(kind: "http" | "cli"): Promise<Result<Part>> {
    const adapter = await adapterComponent(this.#s.context, `${kind}-adapter`);
    if (!adapter.ok) return adapter;
    const component = place(adapter.value, this.#at(`${kind}-adapter.component.wasm`));
    const facts = { kind: `${kind}-adapter`, wit: WORLD_OF[`${kind}-adapter`], profiles: { component: this.#s.component.ref }, toolchain: { x07_wasm: VERSION } } as const;
    return ok({ component, others: [], facts, input: `embedded:${kind}-adapter.component.wasm` });
  }

  /** The solve component plugged into an adapter, and the report of that. */
  async composed(kind: "http" | "cli", solve: Part, adapter: Part): Promise<Result<Part>> {
    const { context } = this.#s;
    const at = this.#at(`${kind}.component.wasm`);
    const plugged = await plugComponents(context, this.#s.component.value.tools.wac, adapter.component.artifact, solve.component.artifact, at);
    if (!plugged.ok) return plugged;
    const component = place(plugged.value.component, at);
    const report = () => {
      const [solved, adapted, out] = [solve.component, adapter.component, component].map((p) => digestAt(context, p)) as [FileDigest, FileDigest, FileDigest];
      const result = composeResult({ kind, solve: solved, adapter: adapted, out }, NOT_CHECKED);
      const answer: GoalAnswer = { result, diagnostics: [], inputs: [solved, adapted], outputs: [out], nondeterminism: { uses_os_time: false, uses_network: false, uses_process: true } };
      const reportAt = this.#at(`${kind}.component.compose.report.json`);
      return place(reportOf(composeReport, answer, reportAt), reportAt);
    };
    return ok({ component, others: [], facts: composedFacts({ kind, out: digestAt(context, component) }), report });
  }

  /** The program and the glue of a native target in one core module, lifted into its WASI world. */
  async native(kind: "http" | "cli"): Promise<Result<Part>> {
    const target = this.#s.component.value.native[kind];
    if (await this.#throughBindings()) return this.#throughC(kind, target, target.budgets);
    const ready = await this.#liftable(target);
    if (!ready.ok) return ready;
    const { tool, wit, program } = ready.value;
    const { arenaCapBytes: arenaCap, maxOutputBytes: maxOutput } = this.#s.wasm.value;
    const label = this.#at(`${kind}.component.wasm`);
    const core = nativeCore({ program: program.module, kind: `${kind}-native`, budgets: target.budgets, arenaCap, maxOutput, label });
    if (!core.ok) return core;
    const { component } = lift(tool, core.value, wit, target.world, label);
    const others = [...program.others, place(core.value, this.#at(`${kind}.core.wasm`))];
    return ok({ component: place(component, label), others, facts: this.#facts(kind, target, program.x07, { wasm_tools: tool.line }) });
  }

  /** Looks for the tools before they are asked for: an installed one is a big program, which is read while others work. */
  async seekTools(composing: boolean): Promise<void> {
    const { tools } = this.#s.component.value;
    await Promise.all([chooseWasmTools(this.#s.context, tools.wasm_tools), ...(composing ? [chooseWac(this.#s.context, tools.wac, "WAC_PLUG")] : [])]);
  }

  // ---- steps that parts share --------------------------------------------------------------------

  #throughBindings(): Promise<boolean> {
    return wantsBindings(this.#s.context, this.#s.wasm.value, this.#s.component.value);
  }

  /** C, bindings and glue, compiled and linked: the back end c_toolchain_v1. */
  async #throughC(kind: Target, world: WorldRef, budgets: ComponentProfile["native"]["http"]["budgets"]): Promise<Result<Part>> {
    const { context, project, outDir, wasm } = this.#s;
    const lifting = await this.#lifting(world);
    if (!lifting.ok) return lifting;
    this.#say(lifting.value.warnings);
    const { manifest } = readProject(context, project);
    if (!manifest.ok) return manifest;
    const { program, network } = await programOf(context, { project, manifest: manifest.value, profile: wasm.value, backend: C, emitDir: outDir, out: this.#at(`${kind}.core.wasm`) });
    this.#notes.network ||= network;
    if (!program.ok) return program;
    const { c, header, x07 } = program.value;
    if (c === undefined || header === undefined) return fail([{ code: "X07WASM_INTERNAL_COMPONENT_BUILD_FAILED", severity: "error", stage: "codegen", message: "the back end c_toolchain_v1 made no C", hint: "this is a fault of x07-wasm" }]);
    const label = this.#at(`${kind}.component.wasm`);
    const made = await coreThroughC(context, { kind, program: { c, header }, profile: wasm.value, witBindgen: this.#s.component.value.tools.wit_bindgen, wit: lifting.value.wit, world: world.world, budgets, label });
    if (!made.ok) return made;
    const { clang, wasm_ld } = made.value.toolchain;
    Object.assign(this.#notes.tool, { clang, wasm_ld });
    this.#say(made.value.remarks);
    const core = place(made.value.module, this.#at(`${kind}.core.wasm`));
    if (kind === "solve") this.solveCore = core;
    const files = made.value.files.map((f) => place(f.artifact, this.#at(f.path)));
    const component = place(componentNew(lifting.value.tool, made.value.module, label), label);
    return ok({ component, others: [...files, core], facts: this.#facts(kind, world, x07, { ...made.value.toolchain, wasm_tools: lifting.value.tool.line }) });
  }

  async #liftable(world: WorldRef) {
    const lifting = this.#lifting(world);
    const program = await this.#program(this.#at("solve.core.raw.wasm"), this.#at("solve.core.emit"));
    const ready = await lifting;
    if (!ready.ok) return ready;
    this.#say(ready.value.warnings);
    return program.ok ? ok({ ...ready.value, program: program.value }) : program;
  }

  /** What it takes to lift a core module into a world: the tool, and the WIT of the world's package with all that it needs. */
  async #lifting(world: WorldRef): Promise<Result<{ readonly tool: ChosenTool; readonly wit: readonly ArtifactLike[]; readonly warnings: readonly Diagnostic[] }>> {
    const profile = this.#s.component.value;
    const tool = chooseWasmTools(this.#s.context, profile.tools.wasm_tools);
    const bundle = await packageFiles(this.#s.context, world.package, profile.witIndexPath);
    if (bundle.ok && !this.#notes.inputs.some((i) => i.path === bundle.value.index.path)) this.#notes.inputs.push(bundle.value.index);
    const chosen = await tool;
    if (!chosen.ok) return chosen;
    if (!bundle.ok) return bundle;
    return ok({ tool: chosen.value, wit: asInputs(bundle.value), warnings: bundle.value.warnings });
  }

  /** The nested `build`: the program, its own files and report. */
  async #program(out: string, emitDir: string): Promise<Result<{ readonly module: Artifact; readonly x07: string; readonly others: readonly Placement[] }>> {
    const { answer, program, report } = await this.#s.build(out, emitDir);
    this.#notes.network ||= answer.nondeterminism.uses_network;
    Object.assign(this.#notes.tool, answer.tool);
    this.#notes.outputs.push(...answer.outputs);
    const failed = answer.diagnostics.filter(isError);
    this.#say(answer.diagnostics.filter((d) => !isError(d)));
    if (program !== undefined && failed.length === 0) return ok({ module: program.module, x07: program.x07, others: [report] });
    await this.#s.context.build([report]);
    return fail(failed);
  }

  #facts(kind: Target, world: WorldRef, x07: string, tools: ComponentFacts["toolchain"]): Part["facts"] {
    return { kind, wit: { package: world.package, world: world.world }, profiles: this.#profiles, toolchain: { x07_wasm: VERSION, x07, ...tools } };
  }

  #at(name: string): string {
    return under(this.#s.outDir, name);
  }

  #say(found: readonly Diagnostic[]): void {
    for (const d of found) if (!this.#notes.diagnostics.some((known) => known.code === d.code && known.message === d.message)) this.#notes.diagnostics.push(d);
  }
}
