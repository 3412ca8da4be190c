// The program of an x07 project: one core module that exports x07_solve_v2, by whichever provider and back end. Chooses the nodes for
// every goal that needs a program; knows no reports and puts nothing in place.

import { type Artifact, type Diagnostic, fail, file, type FileDigest, type JsonValue, parentOf, parseJson, type PlanContext, type Result, under } from "../../engine/index.ts";
import { chooseCToolchain } from "../c-toolchain.ts";
import { clangArguments } from "../clang.ts";
import type { WasmProfile } from "../profile.ts";
import { embedded, type FoundTool, native, VERSION } from "../tool.ts";
import { readLdflags } from "../wasm/memory-plan.ts";
import { emitCNative, emitWasmNative, type NativeSources, nativeSources, x07BuildArguments } from "./emit-wasm.ts";
import { shimSource } from "./shim.ts";

export const NATIVE = "native_x07_wasm_v1";
export const C = "c_toolchain_v1";
export type Backend = typeof NATIVE | typeof C;

export function isBackend(name: string): name is Backend {
  return name === NATIVE || name === C;
}

export interface ProgramRequest {
  /** Path of the manifest, and what is in it. */
  readonly project: string;
  readonly manifest: ProjectManifest;
  /** Memory plan, C flags and the programs to call. */
  readonly profile: WasmProfile;
  readonly backend: Backend;
  /** Where generated C and the module go; only told to people and to the installed x07. */
  readonly emitDir: string;
  readonly out: string;
  /** Level of binaryen's optimiser; undefined: it is not asked. */
  readonly wasmOpt?: string | undefined;
}

/** What came out of the code generator: the module and, where the provider makes them, C and header. */
export interface Program {
  readonly module: Artifact;
  readonly c: Artifact | undefined;
  readonly header: Artifact | undefined;
  readonly shim: Artifact | undefined;
  /** Version of the x07 that ran, and the words that it was (or would be) started with. */
  readonly x07: string;
  readonly x07Arguments: readonly string[];
  readonly tool: { readonly [name: string]: string };
  readonly clangFlags: readonly string[];
  readonly remarks: readonly Diagnostic[];
}

export interface ProgramOutcome {
  readonly program: Result<Program>;
  /** Whether packages were fetched on the way. */
  readonly network: boolean;
}

export type ProjectManifest = { readonly [key: string]: JsonValue };
type X07 = Extract<FoundTool, { ok: true }>;

/** The manifest of a project and its entry's digest. `inputs` holds every file that was read, also when something is wrong. */
export function readProject(context: PlanContext, path: string): { readonly inputs: readonly FileDigest[]; readonly manifest: Result<ProjectManifest> } {
  const inputs: FileDigest[] = [];
  const trouble = (code: string, message: string, hint: string, at = path): { inputs: FileDigest[]; manifest: Result<never> } => ({ inputs, manifest: { ok: false, error: [{ code, severity: "error", stage: "parse", message, hint, place: { file: at } }] } });
  const read = context.read(path);
  if (!read.ok) return trouble("X07WASM_PROJECT_READ_FAILED", `failed to read project: ${path}: ${read.error}`, "name the project's x07.json with --project");
  inputs.push(read.digest);
  const parsed = parseJson(read.bytes);
  if (!parsed.ok) return trouble("X07WASM_PROJECT_PARSE_FAILED", `failed to parse project JSON: ${path}: ${parsed.error.message} at byte ${parsed.error.offset}`, "correct the JSON");
  const manifest = parsed.value;
  const entry = typeof manifest === "object" && manifest !== null && "entry" in manifest ? (manifest as { entry: JsonValue }).entry : undefined;
  if (typeof entry === "string") {
    const at = under(parentOf(path), entry);
    const looked = context.look(at);
    if (!looked.ok && looked.code === "ENOENT") return trouble("X07WASM_PROJECT_ENTRY_MISSING", `project entry does not exist: ${at}`, "correct `entry` in the project, or create the file", at);
    if (!looked.ok) return trouble("X07WASM_PROJECT_ENTRY_READ_FAILED", `failed to read project entry: ${at}: ${looked.error}`, "`entry` must be a readable file", at);
    inputs.push(looked.digest);
  }
  return { inputs, manifest: { ok: true, value: manifest as ProjectManifest } };
}

/** Declares the nodes of the program. Asks for what tells which they are, e.g. the imports of its modules, and for no code. */
export async function programOf(context: PlanContext, request: ProgramRequest): Promise<ProgramOutcome> {
  const { program, network } = await generated(context, request);
  const level = request.wasmOpt;
  if (level === undefined || !program.ok) return { program, network };
  const { wasmOpt } = await import("../wasm-opt.ts");
  const better = await wasmOpt(context, program.value.module, level, request.project);
  if (!better.ok) return { program: better, network };
  const { module, line } = better.value;
  return { program: { ok: true, value: { ...program.value, module, tool: { ...program.value.tool, wasm_opt: line } } }, network };
}

async function generated(context: PlanContext, request: ProgramRequest): Promise<ProgramOutcome> {
  const x07 = await chosenX07(context);
  if (!x07.ok) return { program: x07, network: false };
  if (x07.value === "embedded") return { program: await embeddedProgram(context, request), network: false };
  const locked = await lock(context, request, x07.value);
  const program = locked.error === undefined ? await nativeProgram(context, request, x07.value) : fail([locked.error]);
  return { program, network: locked.network };
}

/** auto: the installed x07 where it satisfies the pins, else the embedded compiler. */
async function chosenX07(context: PlanContext): Promise<Result<"embedded" | X07>> {
  const { provider } = context.engine;
  if (provider === "embedded") return { ok: true, value: "embedded" };
  const found = await native(context, "x07");
  if (found.ok) return { ok: true, value: provider === "native" || (await satisfiesPin(context, "x07", found.line)) ? found : "embedded" };
  if (provider === "auto") return { ok: true, value: "embedded" };
  return { ok: false, error: [{ code: "X07WASM_X07_BUILD_SPAWN_FAILED", severity: "error", stage: "codegen", message: `x07 build spawn failed: ${found.message}`, data: { error: found.message }, hint: "--provider native needs the installed x07: install it, or build with --provider embedded" }] };
}

const NOTHING_MORE = { c: undefined, header: undefined, shim: undefined, tool: {}, clangFlags: [], remarks: [] };

async function embeddedProgram(context: PlanContext, request: ProgramRequest): Promise<Result<Program>> {
  const { project, profile, emitDir, out } = request;
  const tool = embedded("x07");
  const x07 = `${VERSION}+embedded`;
  const { programNodes } = await import("./modules.ts");
  const { linkX07, printX07 } = await import("./stages.ts");
  const nodes = await programNodes(context, project, tool, request.backend === C ? "c" : "wasm");
  if (!nodes.ok) return nodes;
  const { entry, objects, units, problems } = nodes.value;
  if (request.backend === C) return compileC(context, request, printX07({ objects, problems }, { tool, label: project }), x07);
  const want = readLdflags(profile.ldflags);
  const initialBytes = want.initialMemory ?? 16 << 20;
  const maxBytes = want.noGrowableMemory ? initialBytes : (want.maxMemory ?? initialBytes);
  const { module } = linkX07({ units, memory: { initialBytes, maxBytes }, entry, problems }, { tool, label: project });
  const x07Arguments = x07BuildArguments(project, `${emitDir}/program.c`, `${emitDir}/x07.h`, out, nativeMemory(profile));
  return { ok: true, value: { ...NOTHING_MORE, module, x07, x07Arguments } };
}

async function nativeProgram(context: PlanContext, request: ProgramRequest, x07: X07): Promise<Result<Program>> {
  const { project, profile, emitDir, out } = request;
  const sources = await sourcesOf(context, request);
  const memory = nativeMemory(profile);
  const at = { tool: x07.tool, root: parentOf(project), label: project };
  if (request.backend === C) return compileC(context, request, emitCNative({ ...sources, memory }, at), versionOf(x07.line));
  const made = emitWasmNative({ ...sources, memory }, at);
  const x07Arguments = x07BuildArguments(project, `${emitDir}/program.c`, `${emitDir}/x07.h`, out, memory);
  return { ok: true, value: { ...NOTHING_MORE, ...made, x07: versionOf(x07.line), x07Arguments } };
}

/** C -> objects -> module, with a C toolchain. */
async function compileC(context: PlanContext, { project, profile, emitDir }: ProgramRequest, { c, header }: { readonly c: Artifact; readonly header: Artifact }, x07: string): Promise<Result<Program>> {
  const chosen = await chooseCToolchain(context, profile);
  if (!chosen.ok) return chosen;
  const { shim } = shimSource({});
  const { compile, link, versions, remarks } = chosen.value;
  const module = link([compile(c, [header], `${project} program.c`), compile(shim, [header], "phase0_shim.c")], project);
  const x07Arguments = x07BuildArguments(project, `${emitDir}/program.c`, `${emitDir}/x07.h`, undefined, nativeMemory(profile));
  return { ok: true, value: { module, c, header, shim, x07, x07Arguments, tool: versions, clangFlags: clangArguments(profile.cflags, profile.triple), remarks } };
}

/** A project with dependencies must have its lock file checked by the installed x07 first, as the reference does. */
async function lock(context: PlanContext, { project, manifest }: ProgramRequest, x07: X07): Promise<{ readonly network: boolean; readonly error: Diagnostic | undefined }> {
  const dependencies = manifest["dependencies"];
  if (!Array.isArray(dependencies) || dependencies.length === 0) return { network: false, error: undefined };
  const { pkgLock } = await import("./pkg-lock.ts");
  return pkgLock(context, x07.tool, project);
}

function sourcesOf(context: PlanContext, { project, manifest }: ProgramRequest): Promise<NativeSources> {
  const dependencies = Array.isArray(manifest["dependencies"]) ? manifest["dependencies"].flatMap((d) => (typeof d === "object" && d !== null && "path" in d && typeof d.path === "string" ? [d.path] : [])) : [];
  return nativeSources(context, file(project), parentOf(project), texts(manifest["module_roots"]), dependencies);
}

function nativeMemory(profile: WasmProfile) {
  const want = readLdflags(profile.ldflags);
  return { initialBytes: want.initialMemory, maxBytes: want.maxMemory, noGrow: want.noGrowableMemory };
}

function texts(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((v): v is string => typeof v === "string") : [];
}

/** `x07 0.2.17` -> `0.2.17`; anything that is no version -> `0.0.0`. */
function versionOf(line: string): string {
  const word = line.split(/\s+/)[1] ?? "";
  return /^\d+\.\d+\.\d+/.test(word) ? word : "0.0.0";
}

async function satisfiesPin(context: PlanContext, tool: string, line: string): Promise<boolean> {
  const { pinned } = await import("../pins.ts");
  return pinned(context, tool, line);
}
