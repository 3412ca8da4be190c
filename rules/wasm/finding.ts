// Short hand for error diagnostics. Knows no codes.

import type { Diagnostic, JsonValue, Stage } from "../../engine/index.ts";

/** An error; `data` is left out when not given. */
export function finding(code: string, stage: Stage, message: string, data?: { readonly [key: string]: JsonValue }): Diagnostic {
  return { code, severity: "error", stage, message, ...(data && { data }) };
}
