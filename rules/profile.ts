// Wasm profiles: which one a command means and what it says. Knows nothing of compiling or running.

import { asNumber, fail, isJsonObject, ok } from "../engine/index.ts";
import type { JsonObject, OptionValues, PlanFile, Result } from "../engine/index.ts";
import { readPackaged } from "./contract/packaged.ts";
import { resolveProfile } from "./contract/registry.ts";
import type { ProfileKind, ReadFile, Resolution } from "./contract/registry.ts";

/** A whole number of a document: exact, as bigint where a number cannot hold it. */
export type Count = number | bigint;

export type CodegenBackend = "native_x07_wasm_v1" | "c_toolchain_v1";

/** What a guest may use up: null is off (fuel) or the host's default. */
export interface RuntimeLimits {
  readonly maxFuel: Count | null;
  readonly maxMemoryBytes: Count | null;
  readonly maxTableElements: Count | null;
  readonly maxWasmStackBytes: Count | null;
  readonly instanceAllocator: "on_demand" | "pooling";
  readonly cacheConfig: string | null;
}

export interface WasmProfile {
  readonly triple: string;
  readonly codegenBackend: CodegenBackend;
  readonly cc: string;
  readonly cflags: readonly string[];
  readonly linker: string;
  readonly ldflags: readonly string[];
  readonly arenaCapBytes: Count;
  readonly maxOutputBytes: Count;
  readonly limits: RuntimeLimits;
  /** The document's own `runtime`, for reports. */
  readonly runtime: JsonObject;
}

export const WASM_PROFILES: ProfileKind<WasmProfile> = {
  what: "wasm profile",
  indexSchema: "x07-arch.wasm.index.schema.json",
  profileSchema: "x07-wasm.profile.schema.json",
  defaultIndex: "arch/wasm/index.x07wasm.json",
  defaultId: "wasm_release",
  decode: decodeWasmProfile,
};

/** The limits where there is no profile at all: nothing metered, nothing capped but the stack. */
export const NO_LIMITS: RuntimeLimits = {
  maxFuel: null,
  maxMemoryBytes: null,
  maxTableElements: null,
  maxWasmStackBytes: 2 * 1024 * 1024,
  instanceAllocator: "on_demand",
  cacheConfig: null,
};

// ---------------------------------------------------------------------------------------------- resolution

/** The names of the options that choose a wasm profile, which differ between commands. */
export interface ProfileOptions {
  readonly file: string;
  readonly id: string;
  readonly index: string;
}

const OWN_OPTIONS: ProfileOptions = { file: "profile-file", id: "profile", index: "index" };

/**
 * The wasm profile that the options mean. A project without the default index is served from this package, under the
 * paths `packaged:…`; an index that was named must be there. The one diagnostic of a failure has the code `code`.
 */
export async function resolveWasmProfile(read: ReadFile, options: OptionValues, code = "X07WASM_PROFILE_LOAD_FAILED", names = OWN_OPTIONS): Promise<Resolution<WasmProfile>> {
  const index = textOption(options, names.index) ?? WASM_PROFILES.defaultIndex;
  const choice = { file: textOption(options, names.file), id: textOption(options, names.id), index };
  return resolveProfile(WASM_PROFILES, withPackaged(read, WASM_PROFILES.defaultIndex, choice), choice, code);
}

/** `read`, or the package's own files when the project has no index of its own at the default place. */
export function withPackaged(read: ReadFile, defaultIndex: string, choice: { readonly file: string | undefined; readonly index: string }): ReadFile {
  if (choice.file !== undefined || choice.index !== defaultIndex) return read;
  let packaged = false;
  return (path) => {
    if (packaged) return readPackaged(path);
    const file: PlanFile = read(path);
    packaged = path === defaultIndex && !file.ok && file.code === "ENOENT";
    return packaged ? readPackaged(path) : file;
  };
}

export function textOption(options: OptionValues, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

// ---------------------------------------------------------------------------------------------- decoding

/** A schema-valid document as a value, if it also meets the two demands that its schema does not state. */
export function decodeWasmProfile(document: JsonObject): Result<WasmProfile, string> {
  const demand = unmetDemand(document);
  if (demand !== undefined) return fail(demand);
  const [clang, ld, defaults, runtime] = ["clang", "wasm_ld", "defaults", "runtime"].map((name) => objectIn(document, name)) as [JsonObject, JsonObject, JsonObject, JsonObject];
  return ok({
    triple: String(objectIn(document, "target")["triple"]),
    codegenBackend: document["codegen_backend"] as CodegenBackend,
    cc: typeof clang["cc"] === "string" ? clang["cc"] : "clang",
    cflags: clang["cflags"] as readonly string[],
    linker: typeof ld["linker"] === "string" ? ld["linker"] : "wasm-ld",
    ldflags: ld["ldflags"] as readonly string[],
    arenaCapBytes: countIn(defaults, "arena_cap_bytes") ?? 0,
    maxOutputBytes: countIn(defaults, "max_output_bytes") ?? 0,
    limits: decodeLimits(runtime),
    runtime,
  });
}

/** What a profile must say besides what its schema demands, to be loaded; undefined when it does. */
export function unmetDemand(document: JsonObject): string | undefined {
  const entry = objectIn(document, "target")["entry_export"];
  if (entry !== "x07_solve_v2") return `target.entry_export is ${JSON.stringify(entry)}, but only "x07_solve_v2" can be built and called`;
  return objectIn(document, "x07_build")["emit_c_header"] === true ? undefined : "x07_build.emit_c_header is false, but the header is always made";
}

function decodeLimits(runtime: JsonObject): RuntimeLimits {
  return {
    maxFuel: countIn(runtime, "max_fuel"),
    maxMemoryBytes: countIn(runtime, "max_memory_bytes"),
    maxTableElements: countIn(runtime, "max_table_elements"),
    maxWasmStackBytes: countIn(runtime, "max_wasm_stack_bytes"),
    instanceAllocator: runtime["instance_allocator"] === "pooling" ? "pooling" : "on_demand",
    cacheConfig: typeof runtime["cache_config"] === "string" ? runtime["cache_config"] : null,
  };
}

/** The limits with those of the command line in place of the profile's, where given. */
export function withLimitOptions(limits: RuntimeLimits, options: OptionValues): RuntimeLimits {
  return {
    ...limits,
    maxFuel: countOption(options, "max-fuel") ?? limits.maxFuel,
    maxMemoryBytes: countOption(options, "max-memory-bytes") ?? limits.maxMemoryBytes,
    maxTableElements: countOption(options, "max-table-elements") ?? limits.maxTableElements,
    maxWasmStackBytes: countOption(options, "max-wasm-stack-bytes") ?? limits.maxWasmStackBytes,
  };
}

/** Limits as reports carry them. */
export function limitsJson(limits: RuntimeLimits): JsonObject {
  return {
    instance_allocator: limits.instanceAllocator,
    max_fuel: limits.maxFuel,
    max_memory_bytes: limits.maxMemoryBytes,
    max_table_elements: limits.maxTableElements,
    max_wasm_stack_bytes: limits.maxWasmStackBytes,
    ...(limits.cacheConfig !== null && { cache_config: limits.cacheConfig }),
  };
}

function countOption(options: OptionValues, name: string): Count | undefined {
  const value = options[name];
  return typeof value === "bigint" ? exact(value) : undefined;
}

function exact(value: bigint): Count {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function objectIn(parent: JsonObject, name: string): JsonObject {
  const member = parent[name];
  return isJsonObject(member) ? member : {};
}

function countIn(parent: JsonObject, name: string): Count | null {
  const value = parent[name];
  return typeof value === "bigint" ? value : (asNumber(value) ?? null);
}
