// The report of a command that ran inside another, as a file of the graph: same form, but nothing in it tells of this run alone.

import { canonical, composeReport, type Diagnostic, type FileDigest, type GoalAnswer, json, type JsonValue, output, type ReportSpec, rule } from "../engine/index.ts";
import { app } from "./app.ts";

interface NestedFacts {
  readonly report: ReportSpec;
  readonly result: JsonValue;
  readonly diagnostics: readonly Diagnostic[];
  readonly inputs: readonly FileDigest[];
  readonly outputs: readonly FileDigest[];
  readonly nondeterminism: GoalAnswer["nondeterminism"];
  readonly tool: { readonly [name: string]: string };
}

const nestedReport = rule({
  id: "report.nested",
  version: 1,
  afterFailure: true,
  inputs: { facts: json<NestedFacts>() },
  outputs: { report: output("report", "report.json") },
  run({ facts: { report, result, diagnostics, ...meta } }) {
    const composed = composeReport(app, report, result, diagnostics, { ...meta, argv: [], cwd: ".", elapsedMs: 0 });
    return { ok: true, value: { report: canonical(composed.value) } };
  },
});

/** The answer of a nested goal as its report's text. */
export function reportOf(report: ReportSpec, answer: GoalAnswer, label: string) {
  const { result, diagnostics, inputs, outputs, nondeterminism, tool = {} } = answer;
  return nestedReport({ facts: { report, result, diagnostics, inputs, outputs, nondeterminism, tool } }, { label }).report;
}
