// One C file -> one wasm object. Knows flags and files; has never heard of profiles.

import { type Diagnostic, many, one, output, type ProcessOutcome, rule, text, texts } from "../engine/index.ts";

export const clang = rule({
  id: "clang",
  version: 1,
  inputs: { source: one("c-source"), headers: many("c-header"), flags: texts(), target: text() },
  outputs: { object: output("wasm-object", "object.o") },
  command: ({ source, flags, target, object }, cc) => [...cc, ...clangArguments(flags, target), "-c", source, "-o", object],
  explainFailure: (o) => toolFailed("CLANG", "clang", "codegen", o),
});

/** `--target` unless the flags name one; with the word order of the reference. */
export function clangArguments(flags: readonly string[], target: string): string[] {
  return flags.some((f) => f.startsWith("--target=")) ? [...flags] : [`--target=${target}`, ...flags];
}

/** Diagnostics of a failed compiler or linker: X07WASM_<NAME>_SPAWN_FAILED or _FAILED with its stderr. */
export function toolFailed(name: string, label: string, stage: "codegen" | "link", o: ProcessOutcome): Diagnostic[] {
  if (o.spawnError !== undefined) return [{ code: `X07WASM_${name}_SPAWN_FAILED`, severity: "error", stage, message: `${label} spawn failed`, data: { error: o.spawnError }, hint: `install ${label}, or name it in the profile` }];
  return [{ code: `X07WASM_${name}_FAILED`, severity: "error", stage, message: `${label} failed (code=${o.status ?? o.signal ?? "?"})`, data: { stderr: o.stderr, command: [...o.command] }, hint: `what ${label} said is in data.stderr` }];
}
