// What can be wrong, as data: a code, where, the facts and the next step. Knows nothing of who prints it.

import type { JsonValue } from "./lib/canonical-json.ts";
import type { Result as AnyResult } from "./lib/result.ts";

export { fail, ok } from "./lib/result.ts";

/** An expected failure is a value: the diagnostics, unless said otherwise. */
export type Result<T, E = Diagnostic[]> = AnyResult<T, E>;

export type Severity = "error" | "warning" | "info" | "hint";

/** The part of the work that found the problem; decides, with the code, the exit code of a command. */
export type Stage = "parse" | "lint" | "rewrite" | "type" | "lower" | "codegen" | "link" | "run";

/** One finding. `data` holds the facts a machine reads; `hint` is the next step for a person. */
export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly stage: Stage;
  readonly message: string;
  readonly data?: { readonly [key: string]: JsonValue };
  readonly notes?: readonly string[];
  readonly hint?: string;
  /** Where it is: a file and, for JSON documents, a JSON pointer inside it. */
  readonly place?: Place;
  /** A JSON Patch (RFC 6902) that repairs the document at `place`, where one exists. */
  readonly quickfix?: JsonValue;
}

export interface Place {
  readonly file?: string;
  readonly pointer?: string;
}

export function isError(d: Diagnostic): boolean {
  return d.severity === "error";
}
