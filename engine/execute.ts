// Runs one action: a function behind its only door to the world, or a process in a directory of its own that holds just
// its declared inputs. Knows nothing of keys, caches or scheduling.

import type { Diagnostic } from "./diagnostic.ts";
import type { Discovered } from "./key.ts";
import { canonical } from "./lib/canonical-json.ts";
import type { Digest } from "./lib/digest.ts";
import { textOf, utf8 } from "./lib/bytes.ts";
import type { ActionIo, ActionSpec, FunctionRule, InputFile, Inputs, Outputs, ProcessOutcome, ProcessRule } from "./rule.ts";
import { argumentsOf, commandWords, outputPath } from "./words.ts";

/** One input as the executor needs it: `load` throws LostInput when its content cannot be had any more. */
export interface LoadedInput {
  readonly field: string;
  readonly name: string;
  readonly digest: Digest;
  readonly load: () => Uint8Array;
}

export type Execution =
  | { readonly kind: "made"; readonly outputs: readonly Uint8Array[]; readonly discovered: readonly Discovered[]; readonly remarks: readonly Diagnostic[]; readonly forget: boolean }
  | { readonly kind: "failed"; readonly diagnostics: readonly Diagnostic[] };

/** Thrown by `LoadedInput.load`; the scheduler makes the input again. Never leaves the engine. */
export class LostInput extends Error {
  readonly artifact: number;
  constructor(artifact: number) {
    super("input content is lost");
    this.artifact = artifact;
  }
}

/** Reads an undeclared file for a rule that may discover: bytes and digest as of this build. `refused` names the action that makes it. */
export type Discover = (path: string) => { readonly bytes: Uint8Array; readonly sha256: string } | "missing" | { readonly refused: string } | { readonly changed: Diagnostic };

export interface ProcessRequest {
  readonly command: readonly string[];
  readonly env: { readonly [name: string]: string };
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly outputs: readonly string[];
  /** What is printed is an output: it is wanted whole and as bytes. */
  readonly wholeStdout: boolean;
  readonly timeoutMs?: number | undefined;
  readonly signal: AbortSignal;
}

export interface ProcessResult {
  readonly outcome: ProcessOutcome;
  readonly outputs: readonly (Uint8Array | undefined)[];
  /** Every byte, where the request wants it whole. */
  readonly stdout: Uint8Array;
}

/** Starts the words in a fresh directory with the given files and answers the outcome and the named output files. */
export type RunProcess = (request: ProcessRequest) => Promise<ProcessResult>;

class Refused extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

export async function execute(spec: ActionSpec, label: string, inputs: readonly LoadedInput[], discover: Discover, runProcess: RunProcess, signal: AbortSignal): Promise<Execution> {
  return "run" in spec.rule ? runFunction(spec, spec.rule, label, inputs, discover, signal) : runCommand(spec, spec.rule, inputs, runProcess, signal);
}

/** What ended an action from inside `io` or `load`; remembered, since a rule's own `catch` may swallow the throw. */
interface Breach {
  thrown: Refused | LostInput | undefined;
}

async function runFunction(spec: ActionSpec, rule: FunctionRule<Inputs, Outputs>, label: string, inputs: readonly LoadedInput[], discover: Discover, signal: AbortSignal): Promise<Execution> {
  const discovered = new Map<string, string>();
  const remarks: Diagnostic[] = [];
  let forget = false;
  const breach: Breach = { thrown: undefined };
  const io: ActionIo = {
    signal,
    remark: (d) => void remarks.push(d),
    forget: () => void (forget = true),
    read: (path) => readDiscovered(rule, label, path, discover, discovered, breach),
  };
  try {
    const result = await rule.run(functionArguments(spec, inputs, breach) as never, io);
    if (breach.thrown !== undefined) throw breach.thrown;
    if (!result.ok) return { kind: "failed", diagnostics: result.error };
    const made = result.value as { readonly [role: string]: Uint8Array | string | { readonly json: never } };
    const outputs: Uint8Array[] = [];
    for (const role of Object.keys(rule.outputs)) {
      const out = made[role];
      if (out === undefined) return { kind: "failed", diagnostics: [missingOutput(rule.id, label, role)] };
      outputs.push(typeof out === "string" ? utf8(out) : out instanceof Uint8Array ? out : utf8(canonical(out.json)));
    }
    return { kind: "made", outputs, discovered: inOrder(discovered), remarks, forget };
  } catch (e) {
    const thrown = breach.thrown ?? e;
    if (thrown instanceof Refused) return { kind: "failed", diagnostics: [thrown.diagnostic] };
    throw thrown;
  }
}

function readDiscovered(rule: FunctionRule<Inputs, Outputs>, label: string, path: string, discover: Discover, discovered: Map<string, string>, breach: Breach): Uint8Array | undefined {
  const refuse = (diagnostic: Diagnostic) => (breach.thrown ??= new Refused(diagnostic));
  if (rule.discovers !== true) throw refuse(undeclared(rule.id, label, path, "declare it as an input of the rule, or let the rule discover files"));
  const found = discover(path);
  if (found === "missing") {
    discovered.set(path, "");
    return undefined;
  }
  if ("changed" in found) throw refuse(found.changed);
  if ("refused" in found) throw refuse(undeclared(rule.id, label, path, `it is made by ${found.refused}: declare that artifact as an input`));
  discovered.set(path, found.sha256);
  return found.bytes;
}

/** By path, so that rules which read in parallel have one manifest. */
function inOrder(discovered: ReadonlyMap<string, string>): Discovered[] {
  return [...discovered].map(([path, sha256]) => ({ path, sha256 })).sort((a, b) => (a.path < b.path ? -1 : 1));
}

function undeclared(rule: string, label: string, path: string, hint: string): Diagnostic {
  return { code: "GRAPH_UNDECLARED_READ", severity: "error", stage: "run", message: `rule ${rule} (${label}) read ${path}, which is not among its inputs`, data: { rule, path }, hint, place: { file: path } };
}

function missingOutput(rule: string, label: string, role: string): Diagnostic {
  return { code: "GRAPH_OUTPUT_MISSING", severity: "error", stage: "run", message: `rule ${rule} (${label}) ended well but did not make its output "${role}"`, data: { rule, output: role }, hint: "the tool changed where it writes, or the rule's command does not name its output" };
}

function functionArguments(spec: ActionSpec, inputs: readonly LoadedInput[], breach: Breach): { readonly [name: string]: unknown } {
  return argumentsOf(spec, inputs, (i): InputFile => {
    let kept: Uint8Array | undefined;
    const bytes = () => (kept ??= loaded(i, breach));
    return { name: i.name, digest: i.digest, bytes, text: () => textOf(bytes()) };
  });
}

function loaded(input: LoadedInput, breach: Breach): Uint8Array {
  try {
    return input.load();
  } catch (e) {
    if (e instanceof LostInput) breach.thrown ??= e;
    throw e;
  }
}

async function runCommand(spec: ActionSpec, rule: ProcessRule<Inputs, Outputs>, inputs: readonly LoadedInput[], runProcess: RunProcess, signal: AbortSignal): Promise<Execution> {
  const roles = Object.keys(rule.outputs);
  const names = roles.map((role) => outputPath(rule, role));
  const command = commandWords(spec, rule, inputs, spec.tool?.command ?? []);
  const files = inputs.map((i) => ({ name: i.name, bytes: i.load() }));
  const env = rule.env?.(spec.arguments as never) ?? {};
  const { outcome, outputs, stdout } = await runProcess({ command, env, files, outputs: names, wholeStdout: rule.stdout !== undefined, timeoutMs: rule.timeoutMs, signal });
  if (outcome.status !== 0) return { kind: "failed", diagnostics: rule.explainFailure?.(outcome) ?? [commandFailed(rule.id, outcome)] };
  const made = outputs.map((o, i) => (roles[i] === rule.stdout ? stdout : o));
  const absent = made.findIndex((o) => o === undefined);
  if (absent >= 0) return { kind: "failed", diagnostics: [missingOutput(rule.id, command.join(" "), roles[absent]!)] };
  return { kind: "made", outputs: made as Uint8Array[], discovered: [], remarks: [], forget: false };
}

function commandFailed(rule: string, o: ProcessOutcome): Diagnostic {
  const how = o.spawnError !== undefined ? `could not be started (${o.spawnError})` : o.signal !== null ? `was ended by ${o.signal}` : `failed (code=${o.status})`;
  return {
    code: o.spawnError !== undefined ? "GRAPH_ACTION_SPAWN_FAILED" : "GRAPH_ACTION_FAILED",
    severity: "error",
    stage: "run",
    message: `${o.command[0] ?? rule} ${how}`,
    data: { rule, command: [...o.command], stderr: o.stderr },
    hint: "the command and what it said are in data",
  };
}
