// `wasm-tools component …`: which one (the installed program, or the one inside jco-transpile) and how it is started. Each
// call of the tool is written once, in a rule of its own beside this file.

import { type Diagnostic, type PlanContext, type ProcessOutcome, type Result, type ToolIdentity } from "../../engine/index.ts";
import type { ToolCommand } from "../component-profile.ts";
import { pinned } from "../pins.ts";
import { embeddedPackage, native } from "../tool.ts";

/** A chosen tool: its identity, and how the profile wants it started where it is an installed program. */
export interface ChosenTool {
  readonly provider: "native" | "embedded";
  readonly tool: ToolIdentity;
  /** Words before the tool's own subcommand. */
  readonly words: readonly string[];
  readonly env: { readonly [name: string]: string };
  /** First line of `--version`, or what the package says of its own. */
  readonly line: string;
}

export interface ToolWish {
  /** As on PATH, e.g. `wasm-tools`. */
  readonly name: string;
  /** As in codes, e.g. `WASM_TOOLS`. */
  readonly code: string;
  readonly command: ToolCommand;
  /** What stands in for it in this package. */
  readonly embedded: () => ToolIdentity;
}

/** auto: the installed program where it satisfies the pins, else the embedded one. */
export async function chooseTool(context: PlanContext, wish: ToolWish): Promise<Result<ChosenTool>> {
  const { provider } = context.engine;
  const embedded = (): Result<ChosenTool> => {
    const tool = wish.embedded();
    return { ok: true, value: { provider: "embedded", tool, words: [], env: {}, line: `${tool.name} ${tool.version}` } };
  };
  if (provider === "embedded") return embedded();
  const found = await native(context, wish.name, wish.command.cmd);
  if (found.ok) {
    const wanted = provider === "native" || (await pinned(context, wish.name, found.line));
    return wanted ? { ok: true, value: { provider: "native", tool: found.tool, words: wish.command.args, env: wish.command.env, line: found.line } } : embedded();
  }
  if (provider === "auto") return embedded();
  return { ok: false, error: [{ code: `X07WASM_${wish.code}_SPAWN_FAILED`, severity: "error", stage: "link", message: `${wish.command.cmd} spawn failed: ${found.message}`, data: { error: found.message }, hint: `--provider native needs the installed ${wish.name}: install it, or use --provider embedded` }] };
}

/** The wasm-tools to use under this component profile. */
export function chooseWasmTools(context: PlanContext, command: ToolCommand): Promise<Result<ChosenTool>> {
  return chooseTool(context, { name: "wasm-tools", code: "WASM_TOOLS", command, embedded: () => embeddedPackage("wasm-tools", "@bytecodealliance/jco-transpile") });
}

/** The embedded wasm-tools: heavy, so loaded when an action needs it, once for a process. */
export function loadWasmTools(): Promise<typeof import("@bytecodealliance/jco-transpile/wasm-tools")> {
  return import("@bytecodealliance/jco-transpile/wasm-tools");
}

/** Diagnostics of a failed tool: X07WASM_<CODE>_SPAWN_FAILED or _FAILED with its stderr. */
export function toolSaid(code: string, label: string, stage: Diagnostic["stage"], o: ProcessOutcome): Diagnostic[] {
  if (o.spawnError !== undefined) return [{ code: `X07WASM_${code}_SPAWN_FAILED`, severity: "error", stage, message: `${label} spawn failed`, data: { error: o.spawnError }, hint: `install ${label}, or name it in the component profile` }];
  return [{ code: `X07WASM_${code}_FAILED`, severity: "error", stage, message: `${label} failed (code=${o.status ?? o.signal ?? "?"})`, data: { stderr: o.stderr, command: [...o.command] }, hint: `what ${label} said is in data.stderr` }];
}

/** The same for an embedded tool, which throws what it would have said. */
export function toolThrew(code: string, label: string, stage: Diagnostic["stage"], thrown: unknown): Diagnostic[] {
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  return [{ code: `X07WASM_${code}_FAILED`, severity: "error", stage, message: `${label} failed: ${said.split("\n")[0]}`, data: { stderr: said }, hint: `what ${label} said is in data.stderr` }];
}
