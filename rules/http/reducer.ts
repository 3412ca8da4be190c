// A reducer ready to be called: its module, profile, limits and session. Knows nothing of requests or traces.

import { file, named } from "../../engine/index.ts";
import type { Diagnostic, FileDigest, JsonObject, OptionValues, Result } from "../../engine/index.ts";
import { limitsJson, resolveWasmProfile, withLimitOptions } from "../profile.ts";
import type { RuntimeLimits } from "../profile.ts";
import { inspectModule } from "../inspect.ts";
import { zeroDigest } from "../run/report.ts";
import { readCacheConfig } from "../run/cache-config.ts";
import { chooseHost } from "../run/choose-host.ts";
import type { Host } from "../run/choose-host.ts";
import type { Witness } from "../incident/record.ts";
import { openCore } from "../run/session.ts";
import type { CoreSession, SessionRequest } from "../run/session.ts";
import { memoryPlan, readLdflags } from "../wasm/memory-plan.ts";
import { finding } from "../wasm/finding.ts";

/** What is known of the reducer when it could not be opened, and whenever a report is made. */
export interface ReducerFacts {
  readonly component: FileDigest;
  readonly limits: JsonObject;
  readonly inputs: readonly FileDigest[];
}

export type Opened = { readonly facts: ReducerFacts; readonly host?: Host } & ({ readonly session: CoreSession } | { readonly session?: undefined; readonly diagnostics: readonly Diagnostic[] });

/**
 * `codes`: HTTP_SERVE or HTTP_TEST, the start of the codes for a module that cannot be had. `witness` keeps what a rerun
 * needs; tools are asked for behind its back.
 */
export async function openReducer(witness: Witness, options: OptionValues, codes: "HTTP_SERVE" | "HTTP_TEST"): Promise<Opened> {
  const { context } = witness;
  const path = options["component"] as string;
  const looked = context.look(path);
  const component = looked.ok ? looked.digest : zeroDigest(path);
  const { inputs, profile } = await resolveWasmProfile((p) => context.read(p), options, "X07WASM_WASM_PROFILE_LOAD_FAILED");
  const known = [...(looked.ok ? [looked.digest] : []), ...inputs];
  const limits = profile.ok ? withLimitOptions(profile.value.value.limits, options) : undefined;
  const facts: ReducerFacts = { component, limits: limits === undefined ? UNKNOWN_LIMITS : limitsJson(limits), inputs: known };
  const problems: Diagnostic[] = [];
  if (!looked.ok) problems.push({ ...finding(`X07WASM_${codes}_COMPONENT_READ_FAILED`, "parse", `failed to read component: ${path}: ${looked.error}`), hint: "name a module with --component; `x07-wasm build` makes one", place: { file: path } });
  if (!profile.ok) problems.push(...profile.error);
  if (!looked.ok || !profile.ok || limits === undefined) return { facts, diagnostics: problems };
  const module = context.read(path);
  if (!module.ok) return { facts, diagnostics: [finding(`X07WASM_${codes}_COMPONENT_READ_FAILED`, "parse", `failed to read component: ${path}: ${module.error}`)] };
  const inspected = await context.need(inspectModule({ module: named(file(path, "core-wasm"), "module.wasm") }, { label: path }).facts);
  if (!inspected.ok) return { facts, diagnostics: inspected.error };
  if (!inspected.value.ok) return { facts, diagnostics: [loadFailed(codes, path, `not a decodable module: ${inspected.value.message}`)] };
  const plan = memoryPlan(readLdflags(profile.value.value.ldflags), inspected.value.facts.memory);
  const host = await chooseHost(witness.outer, String(options["host"] ?? "v8"));
  if (!host.ok) return { facts, diagnostics: host.error };
  const cache = host.value.kind === "wasmtime" ? readCacheConfig(context, limits.cacheConfig) : { ok: true as const, value: null };
  if (!cache.ok) return { facts, host: host.value, diagnostics: cache.error };
  const wall = options["max-wall-ms"];
  const request: SessionRequest = {
    module: module.bytes,
    arenaCap: profile.value.value.arenaCapBytes,
    maxOutput: profile.value.value.maxOutputBytes,
    limits: { ...withDefaultStack(limits), cacheConfig: cache.value },
    plan,
    maxWallMs: typeof wall === "bigint" ? Number(wall) : null,
  };
  const opened = await openOn(host.value, request);
  return opened.ok ? { facts, host: host.value, session: opened.value } : { facts, host: host.value, diagnostics: openingFailed(codes, path, opened.error) };
}

async function openOn(host: Host, request: SessionRequest): Promise<Result<CoreSession>> {
  if (host.kind === "v8") return openCore(request);
  const { openCoreInWasmtime } = await import("../run/wasmtime/session.ts");
  return openCoreInWasmtime(host.program, request);
}

/** The parts of a report that tell which engine ran the reducer. */
export function hostFacts(host: Host | undefined): { readonly tool?: { readonly [name: string]: string }; readonly uses_process: boolean } {
  return host?.kind === "wasmtime" ? { tool: { wasmtime: host.line }, uses_process: true } : { uses_process: false };
}

/** The report's limits when there is no profile to take them from. */
const UNKNOWN_LIMITS: JsonObject = { max_fuel: null, max_memory_bytes: null, max_table_elements: null, max_wasm_stack_bytes: null };

const DEFAULT_STACK = 2 * 1024 * 1024;

function withDefaultStack(limits: RuntimeLimits): RuntimeLimits {
  return { ...limits, maxWasmStackBytes: limits.maxWasmStackBytes ?? DEFAULT_STACK };
}

function openingFailed(codes: string, path: string, found: readonly Diagnostic[]): Diagnostic[] {
  return found.flatMap((d) => {
    if (d.code.startsWith("X07WASM_BUDGET_EXCEEDED_")) return [d];
    const failed = { ...loadFailed(codes, path, d.message), ...(d.hint === undefined ? {} : { hint: d.hint }), data: { ...d.data, cause: d.code } };
    return d.code === "X07WASM_EXPORT_MISSING_MEMORY" ? [finding("X07WASM_CORE_EXPORT_MISSING_MEMORY", "run", `${path}: ${d.message}`), failed] : [failed];
  });
}

function loadFailed(codes: string, path: string, why: string): Diagnostic {
  return { ...finding(`X07WASM_${codes}_COMPONENT_LOAD_FAILED`, "run", `failed to load component: ${path}: ${why}`), hint: "build the module again with `x07-wasm build`", place: { file: path } };
}
