// `x07 pkg lock` for projects with dependencies: first offline as a check, then, if that fails, with the network allowed.
// It writes beside the user's project, so it is no cached action and makes the goal's answer one that is not replayed.

import type { Diagnostic, PlanContext, ToolIdentity } from "../../engine/index.ts";

export async function pkgLock(context: PlanContext, x07: ToolIdentity, project: string): Promise<{ readonly network: boolean; readonly error: Diagnostic | undefined }> {
  const { execa } = await import("execa");
  const [program, ...words] = x07.command;
  context.volatile();
  const lock = (more: readonly string[]) => execa(program!, [...words, "pkg", "lock", "--project", project, ...more], { cwd: context.engine.cwd, reject: false, stdin: "ignore" });
  const check = await lock(["--check", "--offline"]);
  if (check.exitCode === 0) return { network: false, error: undefined };
  const fetched = await lock([]);
  if (fetched.exitCode === 0) return { network: true, error: undefined };
  return {
    network: true,
    error: { code: "X07WASM_X07_PKG_LOCK_FAILED", severity: "error", stage: "codegen", message: `x07 pkg lock failed (code=${fetched.exitCode ?? "?"})`, data: { stderr: String(fetched.stderr ?? "") }, hint: "check the project's dependencies", place: { file: project } },
  };
}
