// The form of a compose report, apart from what makes one.

import type { ReportSpec } from "../../engine/index.ts";

export const composeReport: ReportSpec = { schemaVersion: "x07.wasm.component.compose.report@0.1.0", command: "x07-wasm.component.compose", schemaFile: "x07-wasm.component.compose.report.schema.json" };
