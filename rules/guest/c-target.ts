// Core modules through a C toolchain: a project's C program, the bindings of `wit-bindgen c` and the glue, compiled and linked as C
// programs are. Chooses the nodes for one target; knows neither projects nor where files are put.

import { type Artifact, type ArtifactLike, type Diagnostic, named, ok, type PlanContext, type Result } from "../../engine/index.ts";
import { chooseCToolchain } from "../c-toolchain.ts";
import type { ComponentProfile, ToolCommand } from "../component-profile.ts";
import { type ChosenTool, chooseTool } from "../component/wasm-tools.ts";
import { packageRoot } from "../contract/packaged.ts";
import type { WasmProfile } from "../profile.ts";
import { embedded } from "../tool.ts";
import { witBindgenC } from "../wit-bindgen.ts";
import { shimSource } from "../x07/shim.ts";
import { guestSources, oneSource } from "./from-source.ts";
import { limitsOf, type NativeTarget } from "./native.ts";
import type { Defines } from "./one-source.ts";
import { BINDGEN_SOURCES_OF } from "./sources.ts";

export type CTargetKind = keyof typeof BINDGEN_SOURCES_OF;

export interface CTarget {
  readonly kind: CTargetKind;
  /** What `emit-c` made of the project. */
  readonly program: { readonly c: Artifact; readonly header: Artifact };
  readonly profile: WasmProfile;
  readonly witBindgen: ToolCommand;
  /** The WIT of the world's package, files named by their paths below `wit/`. */
  readonly wit: readonly ArtifactLike[];
  readonly world: string;
  /** Limits of a native target by their names in the component profile; none for solve. */
  readonly budgets: NativeTarget["budgets"];
  readonly label: string;
}

export interface CTargetBuilt {
  /** The module carries its world: it is ready for `component new`, without embed. */
  readonly module: Artifact;
  /** All generated files by the paths they have in an out folder. */
  readonly files: readonly { readonly path: string; readonly artifact: Artifact }[];
  /** Version lines by the names that manifests use. */
  readonly toolchain: { readonly clang: string; readonly wasm_ld: string; readonly wit_bindgen: string };
  readonly remarks: readonly Diagnostic[];
}

/**
 * Whether a target of a C profile is linked with generated bindings. Without wit-bindgen, or with `--provider embedded`, its module
 * is wrapped or merged like any other: then C is only the way in which the program was compiled.
 */
export async function wantsBindings(context: PlanContext, wasm: WasmProfile, component: ComponentProfile): Promise<boolean> {
  const { provider } = context.engine;
  if (wasm.codegenBackend !== "c_toolchain_v1" || provider === "embedded") return false;
  return provider === "native" || (await chooseBindgen(context, component.tools.wit_bindgen)).ok;
}

/** Names as the reference has them in its out folder. */
const NAMES = {
  solve: { bindings: "solve", folder: "wit-bindgen", glue: "solve_glue", object: "solve_bindgen" },
  http: { bindings: "proxy", folder: "wit-bindgen-http", glue: "http_glue", object: "proxy_bindgen" },
  cli: { bindings: "command", folder: "wit-bindgen-cli", glue: "cli_glue", object: "command_bindgen" },
} as const;

export async function coreThroughC(context: PlanContext, target: CTarget): Promise<Result<CTargetBuilt>> {
  const bindgen = await chooseBindgen(context, target.witBindgen);
  if (!bindgen.ok) return bindgen;
  const chosen = await chooseCToolchain(context, target.profile);
  if (!chosen.ok) return chosen;
  const { compile, link, versions, remarks } = chosen.value;
  const sources = await guestSources(context, `${packageRoot()}/`);
  const names = NAMES[target.kind];
  const { program, label, wit, world } = target;
  const bound = witBindgenC[names.bindings]({ wit, world, words: bindgen.value.words, env: bindgen.value.env }, { tool: bindgen.value.tool, label });
  const glue = oneSource(sources, BINDGEN_SOURCES_OF[target.kind], definesOf(target), `${names.glue}.c`);
  const { shim } = shimSource({});
  const objects = [
    named(compile(program.c, [program.header], `${label} program.c`), "program.o"),
    named(compile(shim, [program.header], "phase0_shim.c"), "phase0_shim.o"),
    named(compile(bound.c, [bound.header, ...sources.libc], `${names.object}.c`, ["-Ilibc"]), `${names.object}.o`),
    named(compile(named(glue, `${names.glue}.c`), [bound.header], `${names.glue}.c`), `${names.glue}.o`),
    named(bound.type, `${names.folder}/${names.bindings}_component_type.o`),
  ];
  const files = [
    { path: "program.c", artifact: program.c },
    { path: "x07.h", artifact: program.header },
    { path: "phase0_shim.c", artifact: shim },
    { path: `${names.folder}/${names.bindings}.c`, artifact: bound.c },
    { path: `${names.folder}/${names.bindings}.h`, artifact: bound.header },
    { path: `${names.folder}/${names.bindings}_component_type.o`, artifact: bound.type },
    { path: `${names.glue}.c`, artifact: glue },
  ];
  return ok({ module: link(objects, label), files, toolchain: { ...versions, wit_bindgen: bindgen.value.line }, remarks });
}

/** There is no embedded one: what it generates is needed only where C is compiled. */
async function chooseBindgen(context: PlanContext, command: ToolCommand): Promise<Result<ChosenTool>> {
  const chosen = await chooseTool(context, { name: "wit-bindgen", code: "WIT_BINDGEN", command, embedded: () => embedded("wit-bindgen") });
  if (!chosen.ok || chosen.value.provider === "native") return chosen;
  return { ok: false, error: [{ code: "X07WASM_WIT_BINDGEN_SPAWN_FAILED", severity: "error", stage: "codegen", message: `${command.cmd} spawn failed: the C path needs an installed wit-bindgen`, data: { error: "no embedded wit-bindgen" }, hint: "cargo install wit-bindgen-cli@0.53.1 and use --provider native or auto, or use --codegen-backend native_x07_wasm_v1" }] };
}

const PREFIX = { solve: "", http: "X07_NATIVE_HTTP_", cli: "X07_NATIVE_CLI_" } as const;

/** Arena and output of the wasm profile, then the target's limits, under the names that glue in C has for them. */
function definesOf({ kind, budgets, profile }: CTarget): Defines {
  const { arena_cap_bytes = 0, max_output_bytes = 0, ...rest } = limitsOf({ budgets, arenaCap: profile.arenaCapBytes, maxOutput: profile.maxOutputBytes });
  const own = Object.entries(rest).map(([name, value]) => [`${PREFIX[kind]}${name.toUpperCase()}`, `${value}u`] as const);
  return [["X07_SOLVE_ARENA_CAP_BYTES", `${arena_cap_bytes}u`], ["X07_SOLVE_MAX_OUTPUT_BYTES", `${max_output_bytes}u`], ...own];
}
