// `wac plug`: what the plug exports goes where the socket imports it. Two providers of one step; has never heard of what the
// components are for.

import { type Artifact, type Diagnostic, json, named, one, output, type PlanContext, type Result, rule, texts } from "../../engine/index.ts";
import type { ToolCommand } from "../component-profile.ts";
import { embedded } from "../tool.ts";
import { type ChosenTool, chooseTool, toolSaid } from "./wasm-tools.ts";

const inputs = { socket: one("any"), plug: one("any") };
const outputs = { component: output("component", "composed.wasm") };

export const plugNative = rule({
  id: "component.plug",
  version: 1,
  inputs: { ...inputs, words: texts(), env: json<{ readonly [name: string]: string }>() },
  outputs,
  command: ({ words, socket, plug, component }, wac) => [...wac, ...words, "plug", "--plug", plug, socket, "-o", component],
  env: ({ env }) => env,
  explainFailure: (o) => toolSaid("WAC_PLUG", "wac plug", "run", o),
});

export const plugEmbedded = rule({
  id: "component.plug.embedded",
  version: 1,
  inputs,
  outputs,
  async run({ socket, plug }) {
    const { compose } = await import("./composer.ts");
    const composed = compose(socket.bytes(), plug.bytes());
    return composed.ok ? { ok: true, value: { component: composed.value } } : { ok: false, error: [refused(composed.error.kind, composed.error.message)] };
  },
});

function refused(kind: "unreadable" | "no-match" | "unsupported", message: string): Diagnostic {
  if (kind === "unsupported") return { code: "X07WASM_PLUG_UNSUPPORTED", severity: "error", stage: "run", message: `the embedded composer refuses: ${message}`, data: { stderr: message }, hint: "install wac and use --provider native" };
  const hint = kind === "unreadable" ? "name a component; `x07-wasm component build` makes them" : "the plug must export what the socket imports, by the same name and type";
  return { code: "X07WASM_WAC_PLUG_FAILED", severity: "error", stage: "run", message: `wac plug failed: ${message}`, data: { stderr: message }, hint };
}

/** The wac to use, natively only where it satisfies the pins. `code` is how its failures are called. */
export async function chooseWac(context: PlanContext, command: ToolCommand, code: "WAC_PLUG" | "WAC_TARGETS"): Promise<Result<ChosenTool>> {
  const chosen = await chooseTool(context, { name: "wac", code, command, embedded: () => embedded("wac") });
  return chosen.ok ? chosen : { ok: false, error: chosen.error.map((d) => ({ ...d, stage: "run" })) };
}

/** Plugs one component into another; `command` is how the component profile starts wac. */
export async function plugComponents(context: PlanContext, command: ToolCommand, socket: Artifact, plug: Artifact, label: string): Promise<Result<{ readonly component: Artifact; readonly tool: ChosenTool }>> {
  const wac = await chooseWac(context, command, "WAC_PLUG");
  if (!wac.ok) return wac;
  const parts = { socket: named(socket, "socket.wasm"), plug: named(plug, "plug.wasm") };
  const at = { tool: wac.value.tool, label };
  const { component } = wac.value.provider === "native" ? plugNative({ ...parts, words: wac.value.words, env: wac.value.env }, at) : plugEmbedded(parts, at);
  return { ok: true, value: { component, tool: wac.value } };
}
