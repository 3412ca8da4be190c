// Which engine runs guests: V8, which is always here, or an installed Wasmtime. Starts nothing but the question for its version.

import { fail, ok } from "../../engine/index.ts";
import type { Diagnostic, PlanContext, Result } from "../../engine/index.ts";

export interface WasmtimeHost {
  readonly kind: "wasmtime";
  /** Absolute path. */
  readonly program: string;
  /** What it says of its version, e.g. `wasmtime 42.0.0`. */
  readonly line: string;
  readonly version: string;
  readonly remarks: readonly Diagnostic[];
}

export type Host = { readonly kind: "v8"; readonly remarks: readonly Diagnostic[] } | WasmtimeHost;

/** `wanted`: v8, wasmtime, or auto: Wasmtime where a version that satisfies its pin is installed. */
export async function chooseHost(context: PlanContext, wanted: string): Promise<Result<Host>> {
  const v8: Host = { kind: "v8", remarks: [] };
  if (wanted === "v8") return ok(v8);
  const { native } = await import("../tool.ts");
  const { toolConstraint, withinPin } = await import("../pins.ts");
  const found = await native(context, "wasmtime");
  if (!found.ok) return wanted === "auto" ? ok(v8) : fail([{ code: "X07WASM_TOOL_MISSING_WASMTIME", severity: "error", stage: "run", message: `wasmtime: ${found.message}`, hint: "install it (cargo install wasmtime-cli --version 42.0.0), or use --host v8" }]);
  const pin = toolConstraint(context, "wasmtime");
  const pinned = withinPin(found.line, pin);
  if (!pinned && wanted === "auto") return ok(v8);
  const version = /\d+\.\d+\.\d+\S*/.exec(found.line)?.[0] ?? found.line;
  const remarks: Diagnostic[] = pinned ? [] : [{ code: "X07WASM_TOOL_NOT_PINNED", severity: "warning", stage: "run", message: `${found.line} does not satisfy the pin ${pin ?? ""}: its limits are not known to be those of --host v8`, data: { tool: "wasmtime", found: version, pin: pin ?? null }, hint: "install a version that the toolchain profile allows" }];
  return ok({ kind: "wasmtime", program: found.tool.command[0] as string, line: found.line, version, remarks });
}
