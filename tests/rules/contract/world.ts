// A world of files in memory, for goals that only read; and the report around a goal's answer.
import { sha256Hex } from "../../../engine/index.ts";
import type { Diagnostic, GoalAnswer, PlanFile } from "../../../engine/index.ts";
import { composeReport } from "../../../engine/report.ts";
import { validate } from "../../../rules/contract/validate.ts";
import { app } from "../../engine/cli/rig.ts";

export type Tree = { readonly [path: string]: unknown };

/** Texts stand as they are, anything else as JSON. */
export function world(tree: Tree): (path: string) => PlanFile {
  return (path) => {
    if (!(path in tree)) return { ok: false, code: "ENOENT", error: "no such file" };
    const content = tree[path];
    const bytes = new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content));
    return { ok: true, bytes, digest: { path, sha256: sha256Hex(bytes), bytes_len: bytes.length } };
  };
}

export function codes(answer: GoalAnswer): string[] {
  return answer.diagnostics.map((d) => d.code.replace("X07WASM_", ""));
}

/** The whole report of an answer, and what is wrong with it; `words` are those of its schema, e.g. `profile.validate`. */
export async function reported(answer: GoalAnswer, words: string): Promise<{ exitCode: number; faults: Diagnostic[] }> {
  const spec = { schemaVersion: `x07.wasm.${words}.report@0.1.0`, command: `x07-wasm.${words}`, schemaFile: `x07-wasm.${words}.report.schema.json` };
  const report = composeReport(app, spec, answer.result, answer.diagnostics, { ...answer, argv: ["x07-wasm"], cwd: "/", elapsedMs: 0 });
  return { exitCode: report.exitCode, faults: await validate(spec.schemaFile, report.value) };
}
