// What a person asks for: a named goal with typed options, a report and a plan. Knows nothing of argv or of printing.

import type { CacheDesk } from "./cache/desk.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { JsonValue } from "./lib/canonical-json.ts";
import type { Artifact, Placement } from "./rule.ts";
import type { Digest } from "./lib/digest.ts";
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
  /** Given as a bare word, in the order of the table; one that is `multiple` takes all words that are left. */
  readonly positional?: true;
  /** What the text must look like: `5G`, `300M`, `none`; `30d`, `12h`; an http or https address without a password in it. */
  readonly form?: "size" | "age" | "address";
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

/** Who is speaking. `codePrefix` starts every diagnostic code of the tool, e.g. `X07WASM`. */
export interface App {
  readonly name: string;
  readonly version: string;
  readonly about: string;
  readonly codePrefix: string;
  /** What a report calls a place inside a document (default: `json`). */
  readonly locationKind?: string;
  /** The report of an argument error. */
  readonly parseReport: ReportSpec;
  /** The goal whose schema is shown when no goal is named. */
  readonly schemaGoal: string;
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
  /** What a program that the goal ran wrote, for its own two streams in human mode, whatever came of it. */
  readonly passOn?: { readonly stdout: Uint8Array; readonly stderr: Uint8Array };
  /** Readable lines for people in human mode (stderr for build-like goals, stdout for questions). */
  readonly human?: readonly string[];
  /** Overrides the exit code computed from the diagnostics, where a command has rules of its own. */
  readonly exitCode?: number;
  /** Called with the finished report bytes before they are printed; may return diagnostics to add (incident bundles). */
  readonly afterReport?: (reportBytes: Uint8Array) => readonly Diagnostic[];
}

/** A file as a plan saw it: its bytes and digest, or why not (`code` is the POSIX name, e.g. ENOENT). */
export type PlanFile = { readonly ok: true; readonly bytes: Uint8Array; readonly digest: FileDigest } | { readonly ok: false; readonly code: string; readonly error: string };

/** What a plan can do: ask for values. Everything asked for is recorded and checked next time. */
export interface PlanContext {
  /** Builds the artifact (and all it needs) and gives its decoded value, or the diagnostics of what failed. A placement is also put in place. */
  need<T>(artifact: Artifact<T> | Placement<T>): Promise<Result<T>>;
  /** The same for many; no promise where none of them must be built. */
  needAll<T>(artifacts: readonly Artifact<T>[]): Promise<readonly Result<T>[]> | readonly Result<T>[];
  /** Builds all of them, in parallel where possible; does not load their content. */
  build(artifacts: readonly (Artifact<unknown> | Placement<unknown>)[]): Promise<Result<void>>;
  /** The digest of an artifact that was built. */
  digest(artifact: Artifact<unknown>): Digest | undefined;
  /** Reads a file of the world as the goal's own dependency. */
  read(path: string): PlanFile;
  /** Digest only; the content is not loaded when the stat proves that it is known. */
  look(path: string): { readonly ok: true; readonly digest: FileDigest } | { readonly ok: false; readonly code: string; readonly error: string };
  /** The kind of thing at a path; also its absence is remembered. */
  probe(path: string): "file" | "dir" | "other" | "missing";
  /** Files that match the patterns, sorted; a new matching file makes the goal stale. Links lead to what they point at, unless they are skipped; by "names" whatever is called so is found. */
  glob(patterns: string | readonly string[], folder?: string, links?: "follow" | "skip" | "names"): Promise<Artifact[]>;
  /**
   * Removes a folder of outputs and all in it before anything is built; not there is fine. Refused for a folder that holds
   * the working directory, a file that this goal has read, or something of `keep`. The answer is not replayed. Nothing
   * happens in a dry run.
   */
  clear(folder: string, keep: readonly string[]): Result<void>;
  /** A variable of the user's environment that the goal depends on. */
  env(name: string): string | undefined;
  /** The absolute path of a program on PATH (or of a path with a slash), or undefined. */
  findProgram(name: string): string | undefined;
  /** Remarks (warnings of cached and fresh actions alike) behind these artifacts. */
  remarks(artifacts: readonly Artifact<unknown>[]): readonly Diagnostic[];
  /** Says that the answer depends on more than what was asked here: it will not be replayed. */
  volatile(): void;
  /** The cache folder itself, for goals that look after it; such an answer is not replayed. */
  cache(): Promise<CacheDesk>;
  /**
   * Tells people one line at once, on stderr: what a host has to say while it runs. Beside a machine report the line is
   * `data` as JSON instead, where it is given.
   */
  say(line: string, data?: JsonValue): void;
  /**
   * Runs work that goes on until it is told to stop. While it runs, a signal that would end this process aborts `stop`
   * instead, and the answer is reported as usual; a second signal ends the process.
   */
  attend<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T>;
  readonly engine: { readonly provider: "native" | "embedded" | "auto"; readonly dryRun: boolean; readonly force: boolean; readonly cwd: string };
}

export interface GoalSpec {
  /** One line: what it does, imperative mood. Shown by --help and in specrows. */
  readonly about: string;
  readonly options: readonly OptionSpec[];
  readonly report: ReportSpec;
  /** Other full names; the words joined by `-` are an alias already. */
  readonly aliases?: readonly string[];
  /** Complete command lines without the program's name, shown by help. */
  readonly examples?: readonly string[];
  /** A question answers people on stdout; anything else tells about itself on stderr. */
  readonly question?: boolean;
  /** It acts itself, not by actions of the graph: nothing of it can be left out, so it takes no --dry-run. */
  readonly direct?: true;
  readonly plan: (options: OptionValues, context: PlanContext) => Promise<GoalAnswer>;
}

/** What a graph file exports: who speaks, the goals by name, and where report schemas are found. */
export interface GraphModule {
  readonly app: App;
  readonly goals: { readonly [name: string]: GoalSpec };
  /** JSON Schema text of a report, by the file name that its goal states. */
  readonly schemaText: (schemaFile: string) => Promise<string>;
  /** The table of all commands and options, as `--cli-specrows` prints it. */
  readonly specrows: (goals: { readonly [name: string]: GoalSpec }) => Promise<JsonValue>;
  /** Environment variables that name the cache folder, in order of precedence. */
  readonly cacheVariable: string;
  /** Environment variable that names the shared cache (an address); with `_TOKEN` behind it, its bearer token. */
  readonly remoteVariable?: string;
  readonly cacheName: string;
}

export function goal(spec: GoalSpec): GoalSpec {
  return spec;
}

export function graph(module: GraphModule): GraphModule {
  return module;
}
