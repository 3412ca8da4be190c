// `wac targets`: whether a component fits a world. Two providers of one step: the installed wac, and the check by decoded types.

import { type Artifact, type ArtifactLike, type Diagnostic, isError, json, many, named, one, output, type PlanContext, type Result, rule, text, texts } from "../../engine/index.ts";
import type { ToolCommand } from "../component-profile.ts";
import { type WitBundle, asInputs, bundlePlacements } from "../wit/bundle.ts";
import { chooseWac } from "./plug.ts";
import { type ChosenTool, toolSaid } from "./wasm-tools.ts";

const inputs = { component: one("any"), wit: many("wit"), world: text() };
const outputs = { said: output("text", "said.txt") };

export const targetsNative = rule({
  id: "component.targets",
  version: 1,
  inputs: { ...inputs, words: texts(), env: json<{ readonly [name: string]: string }>() },
  outputs,
  stdout: "said",
  command: ({ words, component, world }, wac) => [...wac, ...words, "targets", "--wit", "wit", "--world", world, component],
  env: ({ env }) => env,
  explainFailure: (o) => toolSaid("WAC_TARGETS", "wac targets", "run", o).map((d) => ({ ...d, data: { ...d.data, exit_code: o.status, stdout: o.stdout } })),
});

export const targetsEmbedded = rule({
  id: "component.targets.embedded",
  version: 1,
  inputs: { ...inputs, package: text() },
  outputs,
  async run({ component, wit, world, package: id }) {
    const { checkTarget } = await import("./target-check.ts");
    const trouble = checkTarget(component.bytes(), wit.map((w) => ({ path: w.name, text: w.text() })), id, world);
    if (trouble === undefined) return { ok: true, value: { said: "" } };
    const error: Diagnostic = {
      code: "X07WASM_WAC_TARGETS_FAILED",
      severity: "error",
      stage: "run",
      message: "wac targets failed (code=1)",
      data: { stderr: `error: ${trouble.text}`, exit_code: 1, stdout: "", ...trouble.facts },
      hint: trouble.hint,
    };
    return { ok: false, error: [error] };
  },
});

/** What came of a check, as reports carry it. */
export interface TargetsOutcome {
  readonly attempted: boolean;
  readonly ok: boolean;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly diagnostics: readonly Diagnostic[];
}

export const NOT_CHECKED: TargetsOutcome = { attempted: false, ok: true, exitCode: 0, stdout: "", stderr: "", diagnostics: [] };

/** Checks the component against a world of the bundle's package; `command` is how the component profile starts wac. */
export async function checkTargets(context: PlanContext, command: ToolCommand, component: Artifact, bundle: WitBundle, world: string, label: string): Promise<TargetsOutcome> {
  const wac = await chooseWac(context, command, "WAC_TARGETS");
  if (!wac.ok) return failed(wac.error);
  const placed = wac.value.provider === "native" ? await context.build(bundlePlacements(bundle)) : { ok: true as const, value: undefined };
  if (!placed.ok) return failed(placed.error.map((d) => (d.code === "GRAPH_OUTPUT_WRITE_FAILED" ? { ...d, code: "X07WASM_WIT_BUNDLE_MATERIALIZE_FAILED" } : d)));
  const said = await context.need(declared(wac.value, named(component, "component.wasm"), bundle, world, label));
  return said.ok ? { attempted: true, ok: true, exitCode: 0, stdout: new TextDecoder().decode(said.value), stderr: "", diagnostics: [] } : failed(said.error);
}

function declared(wac: ChosenTool, component: ArtifactLike, bundle: WitBundle, world: string, label: string): Artifact {
  const at = { tool: wac.tool, label };
  const what = { component, wit: asInputs(bundle), world };
  return wac.provider === "native" ? targetsNative({ ...what, words: wac.words, env: wac.env }, at).said : targetsEmbedded({ ...what, package: bundle.id }, at).said;
}

function failed(diagnostics: readonly Diagnostic[]): TargetsOutcome {
  const data = diagnostics.find((d) => isError(d) && d.data !== undefined)?.data ?? {};
  const status = data["exit_code"];
  return { attempted: true, ok: false, exitCode: typeof status === "number" && status >= 0 && status <= 255 ? status : 1, stdout: textOf(data["stdout"]), stderr: textOf(data["stderr"]), diagnostics };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Warnings of a bundle, as errors where that is wanted; and whether any is one. */
export function bundleWarnings(bundle: WitBundle, strict: boolean): Result<readonly Diagnostic[]> {
  const found = bundle.warnings.map((d): Diagnostic => (strict ? { ...d, severity: "error" } : d));
  return found.some(isError) ? { ok: false, error: found } : { ok: true, value: found };
}
