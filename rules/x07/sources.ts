// What the embedded compiler reads and says, for the rules around it: a project's modules through the action's door, mistakes as
// diagnostics. Knows projects and std; has never heard of back ends.

import type { ActionIo, Diagnostic, InputFile, JsonValue, Result } from "../../engine/index.ts";
import type { CompileError } from "./compiler/errors.ts";
import type { Sources } from "./compiler/index.ts";
import { stdSource } from "./std.ts";

/** The entry of a project and the way to its modules; std modules win over the project's own. */
export async function openSources(project: InputFile, io: ActionIo): Promise<Result<Sources>> {
  const { loadProject } = await import("./project.ts");
  const parsed = loadProject(project.bytes(), project.name, (path) => io.read(path));
  if (!parsed.ok) return { ok: false, error: [buildFailed(parsed.error.map((d) => d.message)), ...parsed.error] };
  const entry = io.read(parsed.value.entry);
  if (entry === undefined) return { ok: false, error: [buildFailed([`load project: the entry ${parsed.value.entry} does not exist`])] };
  const load: Sources["load"] = (id) => {
    const std = stdSource(id);
    if (std !== undefined) return { kind: "found", ...std };
    const searched = parsed.value.candidates(id);
    const found = searched.flatMap((path) => {
      const bytes = io.read(path);
      return bytes === undefined ? [] : [{ path, bytes }];
    });
    if (found.length > 1) return { kind: "ambiguous", paths: found.map((f) => f.path) };
    return found[0] === undefined ? { kind: "missing", searched } : { kind: "found", ...found[0] };
  };
  return { ok: true, value: { entry: { path: parsed.value.entry, bytes: entry }, load } };
}

/** What a build with these mistakes reports: the failed build first, then each mistake with its place. */
export function compileFailed(errors: readonly CompileError[]): Diagnostic[] {
  return [buildFailed(errors.map((e) => `compile failed: ${e.kind}: ${e.message}`)), ...errors.map(errorDiagnostic)];
}

/** The diagnostic every failed x07 build starts with, whichever provider ran. */
function buildFailed(lines: readonly string[]): Diagnostic {
  return { code: "X07WASM_X07_BUILD_FAILED", severity: "error", stage: "codegen", message: "x07 build failed (code=2)", data: { stderr: lines.map((l) => `${l}\n`).join("") }, hint: "the errors of the language follow, each with its place" };
}

function errorDiagnostic(e: CompileError): Diagnostic {
  const data: { [key: string]: string } = { kind: e.kind };
  if (e.expected !== undefined) data["expected"] = e.expected;
  if (e.found !== undefined) data["found"] = e.found;
  return {
    code: e.code,
    severity: "error",
    stage: e.kind === "Parse" || e.kind === "Budget" ? "parse" : e.kind === "Typing" ? "type" : "lower",
    message: e.message,
    data,
    place: { file: e.path, pointer: e.pointer },
    ...(e.hint === undefined ? {} : { hint: e.hint }),
    ...(e.quickfix === undefined ? {} : { quickfix: e.quickfix as unknown as JsonValue }),
  };
}
