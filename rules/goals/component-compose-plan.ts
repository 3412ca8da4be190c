// The plan of `component compose`: chooses the nodes and words the outcome; every step is a rule.

import { type Artifact, type Diagnostic, file, type FileDigest, type GoalAnswer, isError, type OptionValues, place, type PlanContext, ZERO_SHA256 } from "../../engine/index.ts";
import { type ComponentProfile, resolveComponentProfile } from "../component-profile.ts";
import { composedFacts, composeResult } from "../component/compose-result.ts";
import { componentManifest, manifestPath } from "../component/manifest.ts";
import { plugComponents } from "../component/plug.ts";
import { checkTargets, NOT_CHECKED, type TargetsOutcome } from "../component/targets.ts";
import { packageFiles } from "../wit/bundle.ts";
import type { ADAPTERS } from "./component-compose.ts";

export function componentCompose(options: OptionValues, context: PlanContext): Promise<GoalAnswer> {
  return new ComposePlan(options, context).run();
}

class ComposePlan {
  readonly #o: OptionValues;
  readonly #context: PlanContext;
  readonly #kind: "http" | "cli";
  readonly #out: string;
  readonly #inputs: FileDigest[] = [];
  readonly #outputs: FileDigest[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  #made: FileDigest;
  #check: TargetsOutcome = NOT_CHECKED;

  constructor(o: OptionValues, context: PlanContext) {
    this.#o = o;
    this.#context = context;
    this.#kind = o["adapter"] === "cli" ? "cli" : "http";
    this.#out = o["out"] as string;
    this.#made = { path: this.#out, sha256: ZERO_SHA256, bytes_len: 0 };
  }

  async run(): Promise<GoalAnswer> {
    const solve = this.#look(this.#o["solve"] as string, "name a solve component; `x07-wasm component build --emit solve` makes one");
    const adapter = this.#adapter();
    if (!this.#failed()) await this.#compose(solve.path, adapter.path);
    return {
      result: composeResult({ kind: this.#kind, solve, adapter, out: this.#made }, this.#check),
      diagnostics: this.#diagnostics,
      inputs: this.#inputs,
      outputs: this.#outputs,
      nondeterminism: { uses_os_time: false, uses_network: false, uses_process: true },
      human: this.#failed() ? [] : [`ok: ${this.#out}`],
    };
  }

  #adapter(): FileDigest {
    const kind = this.#o["adapter"] as (typeof ADAPTERS)[number];
    const path = (this.#o["adapter-component"] as string | undefined) ?? `target/x07-wasm/component/${kind}-adapter.component.wasm`;
    const made = kind === "http-state-doc" ? "this package makes no such adapter:" : `\`x07-wasm component build --emit ${kind}-adapter\` makes it, or`;
    return this.#look(path, `${made} name one with --adapter-component`);
  }

  #failed(): boolean {
    return this.#diagnostics.some(isError);
  }

  #look(path: string, hint: string): FileDigest {
    const looked = this.#context.look(path);
    if (looked.ok) {
      this.#inputs.push(looked.digest);
      return looked.digest;
    }
    this.#diagnostics.push({ code: "X07WASM_COMPONENT_COMPOSE_INPUT_READ_FAILED", severity: "error", stage: "parse", message: `failed to read component: ${path}: ${looked.error}`, hint, place: { file: path } });
    return { path, sha256: ZERO_SHA256, bytes_len: 0 };
  }

  async #compose(solve: string, adapter: string): Promise<void> {
    const { inputs, profile } = await resolveComponentProfile((path) => this.#context.read(path), {});
    if (!profile.ok) return void this.#diagnostics.push(...profile.error);
    this.#inputs.push(...inputs);
    const plugged = await plugComponents(this.#context, profile.value.value.tools.wac, file(adapter, "component"), file(solve, "component"), this.#out);
    if (!plugged.ok) return void this.#diagnostics.push(...plugged.error);
    const { component } = plugged.value;
    if (!(await this.#place(component, this.#out, "X07WASM_COMPONENT_COMPOSE_OUTDIR_CREATE_FAILED"))) return;
    this.#made = this.#outputs.at(-1)!;
    const manifest = componentManifest({ facts: composedFacts({ kind: this.#kind, out: this.#made }) }, { label: this.#out }).manifest;
    await this.#place(manifest, (this.#o["artifact-out"] as string | undefined) ?? manifestPath(this.#out), "X07WASM_COMPONENT_ARTIFACT_WRITE_FAILED");
    if (this.#o["targets-check"] === true) await this.#checked(component, profile.value.value);
  }

  async #place(artifact: Artifact, path: string, unwritable: string): Promise<boolean> {
    const placed = await this.#context.build([place(artifact, path)]);
    if (!placed.ok) this.#diagnostics.push(...placed.error.map((d): Diagnostic => (d.code === "GRAPH_OUTPUT_WRITE_FAILED" ? { ...d, code: unwritable } : d)));
    const digest = this.#context.digest(artifact);
    if (placed.ok && digest !== undefined) this.#outputs.push({ path, sha256: digest.sha256, bytes_len: digest.size });
    return placed.ok;
  }

  async #checked(component: Artifact, profile: ComponentProfile): Promise<void> {
    const world = profile.targets[this.#kind];
    const bundle = await packageFiles(this.#context, world.package, profile.witIndexPath);
    if (!bundle.ok) {
      this.#check = { ...NOT_CHECKED, attempted: true, ok: false, exitCode: 1 };
      return void this.#diagnostics.push(...bundle.error);
    }
    this.#check = await checkTargets(this.#context, profile.tools.wac, component, bundle.value, world.world, this.#out);
    this.#diagnostics.push(...bundle.value.warnings, ...this.#check.diagnostics);
  }
}
