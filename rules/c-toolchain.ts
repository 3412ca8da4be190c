// The C compiler and linker of a build: the installed clang and wasm-ld, or those of @yowasp/clang where it is installed from npm.
// Chooses the pair once and hands out nodes; knows no file of any program.

import type { Artifact, ArtifactLike, Diagnostic, PlanContext, Result } from "../engine/index.ts";
import { clang } from "./clang.ts";
import { clangEmbedded, wasmLdEmbedded } from "./clang-embedded.ts";
import { findNpmClang } from "./npm-clang.ts";
import type { WasmProfile } from "./profile.ts";
import { type FoundTool, native } from "./tool.ts";
import { wasmLd } from "./wasm-ld.ts";
import { adaptedLinkerFlags } from "./wasm-ld-flags.ts";

export interface CToolchain {
  readonly provider: "native" | "embedded";
  /** An object of one C file, with the profile's flags and more. */
  compile(source: ArtifactLike, headers: readonly ArtifactLike[], label: string, more?: readonly string[]): Artifact;
  /** A core module of objects, with the profile's flags. */
  link(objects: readonly ArtifactLike[], label: string): Artifact;
  /** Version lines by the names that reports use. */
  readonly versions: { readonly clang: string; readonly wasm_ld: string };
  /** What was done to the profile's flags. */
  readonly remarks: readonly Diagnostic[];
}

type Profile = Pick<WasmProfile, "cc" | "cflags" | "triple" | "linker" | "ldflags">;
type Found = Extract<FoundTool, { ok: true }>;

/** embedded: the one of npm first; native: the installed one only; auto: the installed one first. */
export async function chooseCToolchain(context: PlanContext, profile: Profile): Promise<Result<CToolchain>> {
  const { provider } = context.engine;
  const npm = provider === "embedded" ? npmToolchain(context, profile) : undefined;
  if (npm !== undefined) return { ok: true, value: npm };
  const cc = await native(context, "clang", profile.cc);
  const ld = await native(context, "wasm-ld", profile.linker);
  if (cc.ok && ld.ok) return { ok: true, value: nativeToolchain(profile, cc, ld) };
  // A tool that the profile names by itself is meant: no other stands in for it.
  const named = (!cc.ok && profile.cc !== "clang") || (!ld.ok && profile.linker !== "wasm-ld");
  const instead = provider === "auto" && !named ? npmToolchain(context, profile) : undefined;
  if (instead !== undefined) return { ok: true, value: instead };
  if (!cc.ok) return missing("CLANG", "codegen", cc.message, provider);
  return missing("WASM_LD", "link", ld.ok ? "" : ld.message, provider);
}

function nativeToolchain(profile: Profile, cc: Found, ld: Found): CToolchain {
  const { flags, remark } = adaptedLinkerFlags(profile.ldflags, ld.line);
  return {
    provider: "native",
    compile: (source, headers, label, more = []) => clang({ source, headers, flags: [...profile.cflags, ...more], target: profile.triple }, { tool: cc.tool, label }).object,
    link: (objects, label) => wasmLd({ objects, flags }, { tool: ld.tool, label }).module,
    versions: { clang: cc.line, wasm_ld: ld.line },
    remarks: remark === undefined ? [] : [remark],
  };
}

function npmToolchain(context: PlanContext, profile: Profile): CToolchain | undefined {
  const found = findNpmClang(context);
  if (found === undefined) return undefined;
  const { digest } = found.clang;
  return {
    provider: "embedded",
    compile: (source, headers, label, more = []) => clangEmbedded({ source, headers, flags: [...profile.cflags, ...more], target: profile.triple, package: digest }, { tool: found.clang, label }).object,
    link: (objects, label) => wasmLdEmbedded({ objects, flags: profile.ldflags, package: digest }, { tool: found.wasmLd, label }).module,
    versions: { clang: found.line, wasm_ld: found.line },
    remarks: [],
  };
}

function missing(name: "CLANG" | "WASM_LD", stage: "codegen" | "link", message: string, provider: string): Result<never> {
  const npm = provider === "native" ? "" : ", or `npm install @yowasp/clang` beside the project";
  return { ok: false, error: [{ code: `X07WASM_${name}_SPAWN_FAILED`, severity: "error", stage, message: `spawn failed: ${message}`, data: { error: message }, hint: `install the C toolchain (clang, lld)${npm}, or use --codegen-backend native_x07_wasm_v1` }] };
}
