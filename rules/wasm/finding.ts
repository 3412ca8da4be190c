// Short hand for error diagnostics. Knows no codes.

import type { Diagnostic, Stage } from "../../engine/diagnostic.ts";
import type { JsonValue } from "../../engine/lib/canonical-json.ts";

/** An error; `data` is left out when not given. */
export function finding(code: string, stage: Stage, message: string, data?: { readonly [key: string]: JsonValue }): Diagnostic {
  return { code, severity: "error", stage, message, ...(data && { data }) };
}
