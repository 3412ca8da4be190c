// What a person asks for: a named goal with typed options, a report and a plan. Knows nothing of argv or of printing.

import type { Diagnostic } from "./diagnostic.ts";
import type { JsonValue } from "./lib/canonical-json.ts";
import type { Artifact } from "./rule.ts";
import type { Result } from "./diagnostic.ts";

/** How an option's value is written on the command line; the names are those of the specrows table. */
export type ValueKind = "STR" | "PATH" | "U32" | "U64" | "BOOL" | "ENUM" | "BYTES" | "BYTES_HEX";

/** One row of a goal's option table: the parser, help, specrows and completion all read it. */
export interface OptionSpec {
  /** Long name without dashes, e.g. `profile-file`. */
  readonly long: string;
  /** Stable machine key, e.g. `profile.file`. */
  readonly key: string;
  /** "flag" takes no value. U32/U64 are unsigned decimal; U64 values are bigint above 2^53. */
  readonly kind: ValueKind | "flag";
  readonly about: string;
  readonly required?: boolean;
  readonly multiple?: boolean;
  readonly hidden?: boolean;
  readonly default?: string | number | boolean;
  /** Allowed words of an ENUM. */
  readonly values?: readonly string[];
  /** Long names that may not be given together with this one. */
  readonly conflicts?: readonly string[];
  /** Other long names that mean the same, e.g. `target` for `adapter`. */
  readonly aliases?: readonly string[];
}

/** Parsed option values by long name: flag -> boolean, U32/U64 -> bigint | undefined, else string(s). */
export type OptionValues = { readonly [long: string]: string | bigint | boolean | readonly string[] | undefined };

export interface ReportSpec {
  /** e.g. `x07.wasm.build.report@0.2.0`. */
  readonly schemaVersion: string;
  /** e.g. `x07-wasm.build`. */
  readonly command: string;
  /** File name of the schema, e.g. `x07-wasm.build.report.schema.json`. */
  readonly schemaFile: string;
}

export interface FileDigest {
  readonly path: string;
  /** 64 lower-case hex digits; zeros when the file could not be read. */
  readonly sha256: string;
  readonly bytes_len: number;
}

/** What a goal answers: the report's `result` and `meta` parts and what people see. The envelope is made by the command line. */
export interface GoalAnswer {
  readonly result: JsonValue;
  readonly diagnostics: readonly Diagnostic[];
  readonly inputs: readonly FileDigest[];
  readonly outputs: readonly FileDigest[];
  readonly nondeterminism: { readonly uses_os_time: boolean; readonly uses_network: boolean; readonly uses_process: boolean };
  /** Extra entries for meta.tool, e.g. { clang: "Debian clang version 14.0.6" }. */
  readonly tool?: { readonly [name: string]: string };
  /** Raw bytes for stdout in human mode (the output of `run`). */
  readonly stdout?: Uint8Array;
  /** Readable lines for people in human mode (stderr for build-like goals, stdout for questions). */
  readonly human?: readonly string[];
  /** Called with the finished report bytes before they are printed; may return diagnostics to add (incident bundles). */
  readonly afterReport?: (reportBytes: Uint8Array) => readonly Diagnostic[];
}

/** What a plan can do: ask for values. Every artifact awaited is recorded and checked next time. */
export interface PlanContext {
  /** Builds the artifact (and all it needs) and gives its bytes' decoded value, or the diagnostics of what failed. */
  need<T>(artifact: Artifact<T>): Promise<Result<T>>;
  /** Builds all of them, in parallel where possible. */
  needAll<T>(artifacts: readonly Artifact<T>[]): Promise<Result<T[]>>;
  /** Reads a declared file of the world as the goal's own dependency: digest and bytes, or undefined when unreadable. */
  read(path: string): { readonly bytes: Uint8Array; readonly digest: FileDigest } | { readonly error: string; readonly code: string };
}

export interface GoalSpec {
  /** One line: what it does, imperative mood. Shown by --help and in specrows. */
  readonly about: string;
  readonly options: readonly OptionSpec[];
  readonly report: ReportSpec;
  readonly plan: (options: OptionValues, context: PlanContext) => Promise<GoalAnswer>;
}
