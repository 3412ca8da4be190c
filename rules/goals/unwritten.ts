// The command line's word for an output that could not be written: one where its folder cannot be made, another where the file
// cannot be put there. Knows nothing of what the output is.

import { type Diagnostic, parentOf, type PlanContext } from "../../engine/index.ts";

export function unwritten(context: PlanContext, d: Diagnostic, path: string, codes: { readonly folder: string; readonly file: string }): Diagnostic {
  if (d.code !== "GRAPH_OUTPUT_WRITE_FAILED") return d;
  const folder = parentOf(path) || ".";
  return { ...d, code: context.probe(folder) === "dir" ? codes.file : codes.folder };
}
