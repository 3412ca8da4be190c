// ONE walk writes an action's manifest: the canonical text of all that may affect it. Its sha256 is the action key, and
// `explain` reads the same text. Knows no disk and no cache.

import type { Reason } from "./event.ts";
import type { Action } from "./graph.ts";
import { sha256Hex } from "./lib/digest.ts";
import type { ActionSpec, Inputs, Outputs, ProcessRule, ToolIdentity } from "./rule.ts";
import { commandWords } from "./words.ts";

/** A file found while an action ran: path relative to the action's root, sha256 or "" for a file that was not there. */
export interface Discovered {
  readonly path: string;
  readonly sha256: string;
}

/** Stands for the digest of a file that the graph itself makes: it must not be discovered, so this matches nothing. */
export const MADE_HERE = "made by the graph";

/** sha256 of an input artifact's content, or undefined when it does not exist (then the action cannot have a key). */
export type DigestOfInput = (artifact: number) => string;

/**
 * The manifest without discovered files. One line per fact: word, tab, name, tab, value; tabs and line ends in names are
 * escaped. `code` is the digest of the module that holds the rule's function, so that changed code is a changed key.
 */
export function baseManifest(action: Action, code: string, digestOf: DigestOfInput): string {
  const { spec } = action;
  const { top, outputs } = fixedLines(spec, action.roles, code);
  let text = top;
  for (const [name, value] of action.parameters) text += `parameter\t${name}\t${value}\n`;
  if ("command" in spec.rule) text += commandLines(action, spec.rule);
  text += outputs;
  for (const input of action.inputs) text += `input\t${input.field} ${escaped(input.name)}\t${digestOf(input.artifact)}\n`;
  return text;
}

/** What all actions of one rule with one tool begin with, and the lines of their outputs. */
interface FixedLines {
  readonly code: string;
  readonly tool: ToolIdentity | undefined;
  readonly top: string;
  readonly outputs: string;
}

const fixed = new WeakMap<ActionSpec["rule"], FixedLines>();

function fixedLines({ rule, tool }: ActionSpec, roles: readonly string[], code: string): FixedLines {
  const known = fixed.get(rule);
  if (known !== undefined && known.tool === tool && known.code === code) return known;
  let top = `rule\t${rule.id}\t${rule.version}\n`;
  if ("run" in rule) top += `code\t\t${code}\n`;
  if (tool !== undefined) top += `tool\t${escaped(tool.name)}\t${escaped(`${tool.provider} ${tool.version} ${tool.digest}`)}\n`;
  let outputs = "";
  for (const role of roles) outputs += `output\t${escaped(role)}\t${escaped(rule.outputs[role]!.name)}\n`;
  const lines = { code, tool, top, outputs };
  fixed.set(rule, lines);
  return lines;
}

/** The words (where a tool is found is not in the key, what it is stands above) and the environment. */
function commandLines(action: Action, rule: ProcessRule<Inputs, Outputs>): string {
  const { spec } = action;
  const words = commandWords(spec, rule, action.inputs, spec.tool === undefined ? [] : [`<${spec.tool.name}>`]);
  let text = `command\t\t${escaped(JSON.stringify(words))}\n`;
  if (rule.stdout !== undefined) text += `stdout\t\t${escaped(rule.stdout)}\n`;
  const env = rule.env?.(spec.arguments as never) ?? {};
  for (const name of Object.keys(env).sort()) text += `env\t${escaped(name)}\t${escaped(env[name]!)}\n`;
  return text;
}

export function withDiscovered(base: string, discovered: readonly Discovered[]): string {
  let text = base;
  for (const d of discovered) text += `discovered\t${escaped(d.path)}\t${d.sha256 === "" ? "missing" : d.sha256}\n`;
  return text;
}

let last: { readonly manifest: string; readonly key: string } | undefined;

/** The same manifest is asked for several times in a row. */
export function keyOf(manifest: string): string {
  if (manifest !== last?.manifest) last = { manifest, key: sha256Hex(manifest) };
  return last.key;
}

function escaped(text: string): string {
  return /[\\\t\n\r]/.test(text) ? text.replace(/\\/g, "\\\\").replace(/\t/g, "\\t").replace(/\n/g, "\\n").replace(/\r/g, "\\r") : text;
}

const REASON_OF: { readonly [word: string]: Reason["kind"] } = {
  rule: "rule",
  code: "rule",
  command: "rule",
  stdout: "rule",
  output: "rule",
  tool: "tool",
  parameter: "parameter",
  env: "env",
  input: "input",
  discovered: "discovered",
};

/** What differs between two manifests of one action, as reasons in the order of the new manifest, removals last. */
export function explainDifference(before: string, now: string): Reason[] {
  const old = facts(before);
  const reasons: Reason[] = [];
  const seen = new Set<string>();
  for (const [id, fact] of facts(now)) {
    seen.add(id);
    const was = old.get(id);
    if (was === undefined) reasons.push({ kind: fact.word === "input" ? "input_added" : REASON_OF[fact.word]!, what: fact.name, new: fact.value });
    else if (was.value !== fact.value) reasons.push({ kind: REASON_OF[fact.word]!, what: fact.name, old: was.value, new: fact.value });
  }
  for (const [id, fact] of old) {
    if (!seen.has(id)) reasons.push({ kind: fact.word === "input" ? "input_removed" : REASON_OF[fact.word]!, what: fact.name, old: fact.value });
  }
  if (reasons.length === 0 && before !== now) reasons.push({ kind: "input", what: "the order of its inputs" });
  return reasons;
}

interface Fact {
  readonly word: string;
  readonly name: string;
  readonly value: string;
}

function facts(manifest: string): Map<string, Fact> {
  const map = new Map<string, Fact>();
  for (const line of manifest.split("\n")) {
    if (line === "") continue;
    const [word = "", name = "", ...rest] = line.split("\t");
    const shown = name === "" ? word : name;
    map.set(`${word}\t${name}`, { word, name: shown, value: rest.join("\t") });
  }
  return map;
}
