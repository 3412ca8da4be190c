// Native targets without a C toolchain: a program's core module is merged with the glue that comes with this package. A changed
// budget is a changed constant.

import type { Artifact, Result } from "../../engine/index.ts";
import { embedded } from "../tool.ts";
import { type GuestLimits, linkGuest } from "./link.ts";
import { glueModule } from "./parts.ts";

export interface NativeTarget {
  /** A core module that exports x07_solve_v2, memory and __heap_base. */
  readonly program: Artifact;
  readonly kind: "http-native" | "cli-native";
  /** Limits by their names in the component profile, e.g. `max_headers`. */
  readonly budgets: { readonly [name: string]: number | bigint };
  /** Both of the wasm profile. */
  readonly arenaCap: number | bigint;
  readonly maxOutput: number | bigint;
  readonly label?: string;
}

/** The core module of a native target, for `component embed` with its world and `component new`. */
export function nativeCore(target: NativeTarget): Result<Artifact> {
  const glue = glueModule(target.kind);
  if (!glue.ok) return glue;
  const { program, kind, label = kind } = target;
  return { ok: true, value: linkGuest({ program, glue: glue.value, limits: limitsOf(target) }, { tool: embedded("guest-linker"), label }).module };
}

/** Limits as a guest counts them: 32 bits without sign; what is larger is no limit to it. */
export function limitsOf({ budgets, arenaCap, maxOutput }: Pick<NativeTarget, "budgets" | "arenaCap" | "maxOutput">): GuestLimits {
  const all = { ...budgets, arena_cap_bytes: arenaCap, max_output_bytes: maxOutput };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, Number(BigInt(value) > 0xffffffffn ? 0xffffffffn : BigInt(value))]));
}
