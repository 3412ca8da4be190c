// The plan of `component targets`: words the outcome; the check is a rule.

import { type Diagnostic, file, type FileDigest, type GoalAnswer, isError, type OptionValues, type PlanContext, ZERO_SHA256 } from "../../engine/index.ts";
import { resolveComponentProfile } from "../component-profile.ts";
import { bundleWarnings, checkTargets, type TargetsOutcome } from "../component/targets.ts";
import { folderFiles } from "../wit/bundle.ts";
import { filesWith, WIT_INDEX } from "../wit/files.ts";

export function componentTargets(options: OptionValues, context: PlanContext): Promise<GoalAnswer> {
  return new TargetsPlan(options, context).run();
}

class TargetsPlan {
  readonly #o: OptionValues;
  readonly #context: PlanContext;
  readonly #inputs: FileDigest[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #component: FileDigest;
  readonly #wit: FileDigest;

  constructor(o: OptionValues, context: PlanContext) {
    this.#o = o;
    this.#context = context;
    const wit = o["wit"] as string;
    this.#component = this.#known("component", o["component"] as string, context.look(o["component"] as string), "name a component with --component; `x07-wasm component build` makes them");
    this.#wit = this.#known("wit", wit, filesWith(context, WIT_INDEX, wit).read(wit), "name a file of the WIT package with --wit");
  }

  #known(what: "component" | "wit", path: string, found: ReturnType<PlanContext["look"]>, hint: string): FileDigest {
    if (found.ok) this.#inputs.push(found.digest);
    else this.#diagnostics.push({ code: `X07WASM_COMPONENT_TARGETS_${what.toUpperCase()}_READ_FAILED`, severity: "error", stage: "parse", message: `failed to read ${what}: ${path}: ${found.error}`, hint, place: { file: path } });
    return found.ok ? found.digest : { path, sha256: ZERO_SHA256, bytes_len: 0 };
  }

  async run(): Promise<GoalAnswer> {
    const outcome = this.#failed() ? undefined : await this.#check();
    if (outcome !== undefined) this.#diagnostics.push(...outcome.diagnostics);
    const world = (this.#o["world"] as string).slice(0, 128) || "-";
    return {
      result: { component: { ...this.#component }, wit: { ...this.#wit }, world, wac_exit_code: outcome?.exitCode ?? 1, stdout: outcome?.stdout ?? "", stderr: outcome?.stderr ?? "" },
      diagnostics: this.#diagnostics,
      inputs: this.#inputs,
      outputs: [],
      nondeterminism: { uses_os_time: false, uses_network: false, uses_process: true },
      human: this.#failed() ? [] : [`ok: ${this.#component.path} fits the world ${world}`],
    };
  }

  #failed(): boolean {
    return this.#diagnostics.some(isError);
  }

  async #check(): Promise<TargetsOutcome | undefined> {
    const { inputs, profile } = await resolveComponentProfile((path) => this.#context.read(path), {});
    if (!profile.ok) return void this.#diagnostics.push(...profile.error);
    this.#inputs.push(...inputs);
    const { tools, witIndexPath } = profile.value.value;
    const bundle = await folderFiles(this.#context, this.#o["wit"] as string, witIndexPath);
    if (!bundle.ok) return void this.#diagnostics.push(...bundle.error);
    const warnings = bundleWarnings(bundle.value, this.#o["strict"] === true);
    this.#diagnostics.push(...(warnings.ok ? warnings.value : warnings.error));
    if (!warnings.ok) return undefined;
    return checkTargets(this.#context, tools.wac, file(this.#component.path, "component"), bundle.value, this.#o["world"] as string, this.#component.path);
  }
}
