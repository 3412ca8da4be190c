// Component profiles: which one a command means and what it says. Knows nothing of making components.

import { asNumber, isJsonObject, ok } from "../engine/index.ts";
import type { JsonObject, OptionValues } from "../engine/index.ts";
import { resolveProfile } from "./contract/registry.ts";
import type { ProfileKind, ReadFile, Resolution } from "./contract/registry.ts";
import { textOption, withPackaged } from "./profile.ts";

/** How a tool is started: its program, words before the command's own, and additions to its environment. */
export interface ToolCommand {
  readonly cmd: string;
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
}

/** A world of a WIT package, e.g. `proxy` of `wasi:http@0.2.8`. */
export interface WorldRef {
  readonly package: string;
  readonly world: string;
}

/** Limits of a native target by their names in the document, e.g. `max_headers`. */
export type Budgets = { readonly [name: string]: number | bigint };

export interface ComponentProfile {
  readonly witIndexPath: string;
  readonly tools: { readonly wit_bindgen: ToolCommand; readonly wasm_tools: ToolCommand; readonly wac: ToolCommand; readonly wasmtime: ToolCommand };
  readonly solve: WorldRef;
  readonly targets: { readonly http: WorldRef; readonly cli: WorldRef };
  readonly native: { readonly http: WorldRef & { readonly budgets: Budgets }; readonly cli: WorldRef & { readonly budgets: Budgets } };
}

export const COMPONENT_PROFILES: ProfileKind<ComponentProfile> = {
  what: "component profile",
  indexSchema: "x07-arch.wasm.component.index.schema.json",
  profileSchema: "x07-wasm.component.profile.schema.json",
  defaultIndex: "arch/wasm/component/index.x07wasm.component.json",
  defaultId: "component_release",
  decode: (document) => ok(decodeComponentProfile(document)),
};

/** The component profile that the options `profile`, `profile-file` and `index` mean; packaged where the project has no index. */
export async function resolveComponentProfile(read: ReadFile, options: OptionValues): Promise<Resolution<ComponentProfile>> {
  const index = textOption(options, "index") ?? COMPONENT_PROFILES.defaultIndex;
  const choice = { file: textOption(options, "profile-file"), id: textOption(options, "profile"), index };
  return resolveProfile(COMPONENT_PROFILES, withPackaged(read, COMPONENT_PROFILES.defaultIndex, choice), choice, "X07WASM_COMPONENT_PROFILE_LOAD_FAILED");
}

// ---------------------------------------------------------------------------------------------- decoding

function decodeComponentProfile(document: JsonObject): ComponentProfile {
  const cfg = member(document, "cfg");
  const tools = member(cfg, "toolchain");
  const targets = member(cfg, "targets");
  const native = member(cfg, "native_targets");
  return {
    witIndexPath: String(cfg["wit_index_path"]),
    tools: { wit_bindgen: toolCommand(tools, "wit_bindgen"), wasm_tools: toolCommand(tools, "wasm_tools"), wac: toolCommand(tools, "wac"), wasmtime: toolCommand(tools, "wasmtime") },
    solve: worldRef(member(cfg, "componentize"), "solve_package", "solve_world"),
    targets: { http: worldRef(targets, "http_package", "http_world"), cli: worldRef(targets, "cli_package", "cli_world") },
    native: { http: nativeTarget(member(native, "http")), cli: nativeTarget(member(native, "cli")) },
  };
}

function nativeTarget(target: JsonObject): WorldRef & { readonly budgets: Budgets } {
  const budgets = Object.entries(member(target, "budgets")).map(([name, value]) => [name, typeof value === "bigint" ? value : (asNumber(value) ?? 0)] as const);
  return { ...worldRef(target, "package", "world"), budgets: Object.fromEntries(budgets) };
}

function toolCommand(tools: JsonObject, name: string): ToolCommand {
  const tool = member(tools, name);
  return { cmd: String(tool["cmd"]), args: (tool["args"] as readonly string[] | undefined) ?? [], env: member(tool, "env") as { [name: string]: string } };
}

function worldRef(parent: JsonObject, packageName: string, world: string): WorldRef {
  return { package: String(parent[packageName]), world: String(parent[world]) };
}

function member(parent: JsonObject, name: string): JsonObject {
  const value = parent[name];
  return isJsonObject(value) ? value : {};
}
