// What `component run` and `serve` read before they start: the component's bytes and the limits that hold. Knows no host.

import type { Diagnostic, FileDigest, OptionSpec, OptionValues, PlanContext } from "../../engine/index.ts";
import { readPackaged } from "../contract/packaged.ts";
import { resolveProfile } from "../contract/registry.ts";
import { WASM_PROFILES, withLimitOptions, withPackaged } from "../profile.ts";
import type { RuntimeLimits } from "../profile.ts";
import { zeroDigest } from "../run/report.ts";
import { finding } from "../wasm/finding.ts";

export const limitOptions: readonly OptionSpec[] = [
  { long: "max-fuel", key: "fuel.max", kind: "U64", about: "Fuel of an instance (default: the wasm_release profile's)" },
  { long: "max-memory-bytes", key: "memory.max.bytes", kind: "U64", about: "Cap of each memory in bytes; 0 is no limit (default: the profile's)" },
  { long: "max-table-elements", key: "table.max.elements", kind: "U32", about: "Cap of each table; 0 is no limit (default: the profile's)" },
  { long: "max-wasm-stack-bytes", key: "wasm.stack.max.bytes", kind: "U32", about: "Wasm stack in bytes (default: the profile's)" },
];

export const hostOption: OptionSpec = { long: "host", key: "host", kind: "ENUM", values: ["auto", "v8", "wasmtime"], default: "auto", about: "Who runs the component; auto is v8, which is always there and the same everywhere" };

const PROFILE = "wasm_release";

/** The limits of the profile wasm_release with those of the command line; this package's own where the project has none that can be read. */
export async function guestLimits(context: PlanContext, options: OptionValues): Promise<{ readonly limits: RuntimeLimits; readonly warnings: readonly Diagnostic[] }> {
  const choice = { file: undefined, id: PROFILE, index: WASM_PROFILES.defaultIndex };
  const own = await resolveProfile(WASM_PROFILES, withPackaged((path) => context.read(path), WASM_PROFILES.defaultIndex, choice), choice, "X07WASM_PROFILE_LOAD_FAILED");
  if (own.profile.ok) return { limits: withLimitOptions(own.profile.value.value.limits, options), warnings: [] };
  const packaged = await resolveProfile(WASM_PROFILES, readPackaged, choice, "X07WASM_PROFILE_LOAD_FAILED");
  const limits = packaged.profile.ok ? packaged.profile.value.value.limits : BUILT_IN;
  const warnings = own.profile.error.map((d): Diagnostic => ({ ...d, severity: "warning", hint: "the limits of this package's own wasm_release hold instead" }));
  return { limits: withLimitOptions(limits, options), warnings };
}

/** Finite whatever happens to the package's files. */
const BUILT_IN: RuntimeLimits = { maxFuel: 200_000_000, maxMemoryBytes: 134_217_728, maxTableElements: 131_072, maxWasmStackBytes: 1_048_576, instanceAllocator: "on_demand", cacheConfig: null };

export type ReadComponent =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly digest: FileDigest }
  | { readonly ok: false; readonly digest: FileDigest; readonly diagnostics: readonly Diagnostic[] };

/** The component's bytes; a text component is translated. `codes`: what to say when the file cannot be read, and when it is no component. */
export async function readComponent(context: PlanContext, path: string, codes: { readonly read: string; readonly compile: string }): Promise<ReadComponent> {
  const read = context.read(path);
  if (!read.ok) {
    return {
      ok: false,
      digest: zeroDigest(path),
      diagnostics: [
        { ...finding(codes.read, "parse", `failed to read component: ${path}: ${read.error}`), hint: "name a component with --component; `x07-wasm component build` makes one", place: { file: path } },
        finding(codes.compile, "run", "there is no component to compile"),
      ],
    };
  }
  const bytes = looksLikeText(read.bytes) ? await fromText(read.bytes) : read.bytes;
  if (typeof bytes !== "string") return { ok: true, bytes, digest: read.digest };
  return { ok: false, digest: read.digest, diagnostics: [{ ...finding(codes.compile, "run", `not a component: ${bytes}`), place: { file: path } }] };
}

function looksLikeText(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 64)).toString("latin1").trimStart();
  return start.startsWith("(") || start.startsWith(";;");
}

/** The binary form, or what is wrong with the text. */
async function fromText(bytes: Uint8Array): Promise<Uint8Array | string> {
  try {
    const { loadWasmTools } = await import("../component/wasm-tools.ts");
    return await (await loadWasmTools()).parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return text.replace(/^.*kind: Custom\("?/s, "").slice(0, 300);
  }
}

/** The artifact manifest beside a component: `a.wasm` has `a.wasm.manifest.json`. */
export function manifestBeside(context: PlanContext, component: string): Uint8Array | null {
  const stem = component.endsWith(".wasm") ? component.slice(0, -".wasm".length) : component;
  const read = context.read(`${stem}.wasm.manifest.json`);
  return read.ok ? read.bytes : null;
}
