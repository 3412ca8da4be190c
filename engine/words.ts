// Hands a rule its arguments: artifacts as files or as names, parameters as they are. Knows nothing of running.

import type { ActionSpec, Inputs, Outputs, ProcessRule } from "./rule.ts";

/** Besides an action's own environment nothing but these few fixed values reaches its process. */
export const BASE_ENV = { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C", TZ: "UTC", SOURCE_DATE_EPOCH: "0" };

/** An input of one field, under the name by which the action sees it. */
interface NamedInput {
  readonly field: string;
  readonly name: string;
}

/** The arguments by field: each artifact as `make` shows it, each parameter as given. */
export function argumentsOf<I extends NamedInput, T>(spec: ActionSpec, inputs: readonly I[], make: (i: I) => T): { [name: string]: unknown } {
  const all: { [name: string]: unknown } = {};
  for (const [name, field] of Object.entries(spec.rule.inputs)) {
    if (field.field === "parameter") all[name] = spec.arguments[name];
    else {
      const made = inputs.filter((i) => i.field === name).map(make);
      all[name] = field.field === "one" ? made[0] : made;
    }
  }
  return all;
}

/** Where a process writes an output, inside the action's directory. */
export function outputPath(rule: ProcessRule<Inputs, Outputs>, role: string): string {
  return `out/${rule.outputs[role]!.name}`;
}

/** The words that are started; `tool` are the first of them. */
export function commandWords(spec: ActionSpec, rule: ProcessRule<Inputs, Outputs>, inputs: readonly NamedInput[], tool: readonly string[]): readonly string[] {
  const words = argumentsOf(spec, inputs, (i) => i.name);
  for (const role of Object.keys(rule.outputs)) words[role] = outputPath(rule, role);
  return rule.command(words as never, tool);
}
