// The command line's word for an output that could not be written: one where its folder cannot be made, another where the file
// cannot be put there. Knows nothing of what the output is.

import { type Diagnostic, parentOf, type PlanContext } from "../../engine/index.ts";

export function unwritten(context: PlanContext, d: Diagnostic, path: string, codes: { readonly folder: string; readonly file: string }): Diagnostic {
  if (d.code !== "GRAPH_OUTPUT_WRITE_FAILED") return d;
  const folder = parentOf(path) || ".";
  const data = d.data?.["error"] === undefined ? {} : { data: { ...d.data, error: causeOf(d.data["error"]) } };
  return { ...d, ...data, code: context.probe(folder) === "dir" ? codes.file : codes.folder };
}

/** The system's words without the paths behind them, which are other ones in every run. */
function causeOf(error: unknown): string {
  return String(error).split(",")[0] as string;
}
