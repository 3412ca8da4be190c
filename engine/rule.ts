// rule(): a typed recipe. Calling one declares an action and its outputs; nothing runs, no disk, no time.

import type { Diagnostic, Result } from "./diagnostic.ts";
import type { Digest } from "./lib/digest.ts";
import type { JsonValue } from "./lib/canonical-json.ts";

/** One file that an action makes, or a source file. `decode` turns its bytes into the value that plans see. */
export interface Artifact<T = Uint8Array> {
  readonly type: "artifact";
  readonly origin: { readonly source: string } | { readonly action: ActionSpec; readonly role: string };
  readonly kind: string;
  readonly decode: (bytes: Uint8Array) => T;
}

/** An artifact that is also put at a path of the workspace. */
export interface Placement<T = Uint8Array> {
  readonly type: "placement";
  readonly artifact: Artifact<T>;
  readonly path: string;
}

/** An artifact under the name by which the action sees it (default: the source's own path, or the role's file name). */
export interface Named {
  readonly type: "named";
  readonly artifact: Artifact<unknown>;
  readonly name: string;
}

export type ArtifactLike = Artifact<unknown> | Placement<unknown> | Named;

/** A program, or a library inside this package, that an action uses: its identity is part of the key, its path is not. */
export interface ToolIdentity {
  readonly name: string;
  readonly provider: string;
  readonly version: string;
  /** sha256 of the binary or of the package part that does the work. */
  readonly digest: string;
  /** Command words to start it; empty for a provider inside the process. */
  readonly command: readonly string[];
}

// ---- fields of a rule --------------------------------------------------------------------------

export interface OneField {
  readonly field: "one";
  readonly kind: string;
}
export interface ManyField {
  readonly field: "many";
  readonly kind: string;
}
export interface ParameterField<T> {
  readonly field: "parameter";
  /** Says what is wrong with a value, or undefined. */
  readonly check: (value: unknown) => string | undefined;
  readonly sample?: T;
}
export type InputField = OneField | ManyField | ParameterField<unknown>;

/** `kind` "any" takes every kind of artifact. */
export function one(kind: string): OneField {
  return { field: "one", kind };
}
export function many(kind: string): ManyField {
  return { field: "many", kind };
}
function parameter<T>(check: (v: unknown) => string | undefined): ParameterField<T> {
  return { field: "parameter", check };
}
export function text(): ParameterField<string> {
  return parameter((v) => (typeof v === "string" ? undefined : "a text"));
}
export function texts(): ParameterField<readonly string[]> {
  return parameter((v) => (Array.isArray(v) && v.every((x) => typeof x === "string") ? undefined : "a list of texts"));
}
export function integer(): ParameterField<number> {
  return parameter((v) => (Number.isSafeInteger(v) ? undefined : "an integer"));
}
export function flag(): ParameterField<boolean> {
  return parameter((v) => (typeof v === "boolean" ? undefined : "true or false"));
}
/** Any JSON value; its canonical text is in the key. */
export function json<T>(): ParameterField<T> {
  return parameter((v) => (v === undefined ? "a JSON value" : undefined));
}

export interface OutputField<T> {
  readonly kind: string;
  /** File name inside a process action's directory. */
  readonly name: string;
  readonly decode: (bytes: Uint8Array) => T;
}
export function output(kind: string, name = kind): OutputField<Uint8Array> {
  return { kind, name, decode: (b) => b };
}
/** A small value kept as JSON. */
export function value<T>(kind: string): OutputField<T> {
  return { kind, name: `${kind}.json`, decode: (b) => JSON.parse(new TextDecoder().decode(b)) as T };
}

type InputArgument<F> = F extends OneField ? ArtifactLike : F extends ManyField ? readonly ArtifactLike[] : F extends ParameterField<infer T> ? T : never;
type RunArgument<F> = F extends OneField ? InputFile : F extends ManyField ? readonly InputFile[] : F extends ParameterField<infer T> ? T : never;
type CommandArgument<F> = F extends OneField ? string : F extends ManyField ? readonly string[] : F extends ParameterField<infer T> ? T : never;

export type Inputs = { readonly [name: string]: InputField };
export type Outputs = { readonly [name: string]: OutputField<unknown> };
export type Arguments<I extends Inputs> = { readonly [K in keyof I]: InputArgument<I[K]> };
export type OutputsOf<O extends Outputs> = { readonly [K in keyof O]: O[K] extends OutputField<infer T> ? Artifact<T> : never };

/** A declared input as a function action sees it. */
export interface InputFile {
  readonly name: string;
  readonly digest: Digest;
  bytes(): Uint8Array;
  text(): string;
}

/** The only door of a function action to the world. */
export interface ActionIo {
  /**
   * Reads a file that was not declared but that this rule may discover, by a path relative to the rule's root;
   * "missing" is remembered too. For a rule without `discovers` every call is the diagnostic GRAPH_UNDECLARED_READ.
   */
  read(path: string): Uint8Array | undefined;
  /** A remark (not an error) that belongs to the result and is repeated when the result comes from the cache. */
  remark(diagnostic: Diagnostic): void;
  /** Says that this result is not a function of the inputs alone (the machine ended it): it is used once and not remembered. */
  forget(): void;
  readonly signal: AbortSignal;
}

interface RuleCommon<I extends Inputs, O extends Outputs> {
  /** Stable name, e.g. `wasm-ld`; with `version` part of every key. Raise `version` when the recipe changes meaning. */
  readonly id: string;
  readonly version: number;
  readonly inputs: I;
  readonly outputs: O;
  /** It tells about failures: it runs also when another action has failed and nothing else is started any more. */
  readonly afterFailure?: boolean;
  /** A plan can go on without it (it asks what may not be there): its failure stops nothing else. */
  readonly dispensable?: boolean;
  /** Short name of one action for people; default: that of its first artifact. */
  readonly label?: (inputs: Arguments<I>) => string;
}

export interface FunctionRule<I extends Inputs, O extends Outputs> extends RuleCommon<I, O> {
  /** Makes every output or says why not. Must depend on nothing but its arguments and `io`. */
  readonly run: (inputs: { readonly [K in keyof I]: RunArgument<I[K]> }, io: ActionIo) => RunResult<O> | Promise<RunResult<O>>;
  /** The rule may read further files under the root that its caller names (`at.root`). */
  readonly discovers?: boolean;
}
export type RunResult<O extends Outputs> = Result<{ readonly [K in keyof O]: Uint8Array | string | { readonly json: JsonValue } }>;

export interface ProcessRule<I extends Inputs, O extends Outputs> extends RuleCommon<I, O> {
  /** Command words; inputs and outputs are given as paths inside the action's own directory. */
  readonly command: (words: { readonly [K in keyof I]: CommandArgument<I[K]> } & { readonly [K in keyof O]: string }, tool: readonly string[]) => readonly string[];
  /** The output role that is what the process prints on stdout, where there is one. */
  readonly stdout?: string;
  /** Environment of the process, whole: nothing else reaches it. */
  readonly env?: (inputs: Arguments<I>) => { readonly [name: string]: string };
  /** The process is ended after so many milliseconds, and has failed then. Only for what takes no time by its nature: it is not in the key. */
  readonly timeoutMs?: number;
  /** Turns a failed process into diagnostics. */
  readonly explainFailure?: (outcome: ProcessOutcome) => Diagnostic[];
}

export interface ProcessOutcome {
  /** Exit status, or null when a signal ended it or it could not be started. */
  readonly status: number | null;
  readonly signal: string | null;
  /** POSIX name when the program could not be started. */
  readonly spawnError?: string;
  readonly stdout: string;
  readonly stderr: string;
  /** The words that were started. */
  readonly command: readonly string[];
}

export type Rule<I extends Inputs = Inputs, O extends Outputs = Outputs> = FunctionRule<I, O> | ProcessRule<I, O>;

/** One declared action: a rule with its arguments. Identity is by content; see graph.ts. */
export interface ActionSpec {
  readonly rule: Rule;
  readonly arguments: { readonly [name: string]: unknown };
  readonly tool: ToolIdentity | undefined;
  /** Folder (workspace path) against which discovered reads are resolved; not in the key, the relative paths are. */
  readonly root: string;
  readonly label: string | undefined;
}

export interface ActionOptions {
  readonly tool?: ToolIdentity;
  readonly root?: string;
  readonly label?: string;
}

export type RuleCall<I extends Inputs, O extends Outputs> = (inputs: Arguments<I>, at?: ActionOptions) => OutputsOf<O>;

/** Makes a rule callable: arguments in, output artifacts out. Bad arguments are found when the graph is loaded or planned. */
export function rule<I extends Inputs, O extends Outputs>(recipe: FunctionRule<I, O> | ProcessRule<I, O>): RuleCall<I, O> {
  const roles = Object.keys(recipe.outputs);
  return (inputs, at = {}) => {
    const action: ActionSpec = {
      rule: recipe as unknown as Rule,
      arguments: inputs,
      tool: at.tool,
      root: at.root ?? "",
      label: at.label ?? recipe.label?.(inputs),
    };
    const made: { [role: string]: Artifact<unknown> } = {};
    for (const role of roles) {
      const field = recipe.outputs[role] as OutputField<unknown>;
      made[role] = { type: "artifact", origin: { action, role }, kind: field.kind, decode: field.decode };
    }
    return made as OutputsOf<O>;
  };
}

const rawBytes = (bytes: Uint8Array) => bytes;

/** A source file of the workspace (or an output that another action of the graph places there). */
export function file(path: string, kind = "file"): Artifact {
  return { type: "artifact", origin: { source: path }, kind, decode: rawBytes };
}

export function place<T>(artifact: Artifact<T>, path: string): Placement<T> {
  return { type: "placement", artifact, path };
}

export function named(artifact: Artifact<unknown> | Placement<unknown>, name: string): Named {
  return { type: "named", artifact: artifact.type === "placement" ? artifact.artifact : artifact, name };
}
