// Help and shell completion from the same option tables that the parser reads. Loaded only when asked for: yargs draws the help. Knows nothing of running goals.

import type { Argv, Options } from "yargs";
import { branchAt, COMPLETION_FLAG } from "./argv.ts";
import type { OptionSpec } from "./goal.ts";
import { ENGINE_OPTIONS, MACHINE_OPTIONS, shown } from "./option.ts";
import type { Command, GlobalSpec } from "./option.ts";
import type { App } from "./goal.ts";

const WIDTH = 100;

/** The help of the program, of a group of commands or of one command, whichever the words name; ends with a line feed. */
export async function helpText(app: App, commands: readonly Command[], path: readonly string[]): Promise<string> {
  const { default: yargs } = await import("yargs");
  const name = [app.name, ...path].join(" ");
  const help = yargs([]).scriptName(name).locale("en").wrap(WIDTH).help(false).version(false);
  const { command } = branchAt(commands, path);
  if (command === undefined) listCommands(help, app, commands, path, name);
  else describe(help, command, name, app);
  addGroup(help, MACHINE_OPTIONS, "Report options:");
  addGroup(help, ENGINE_OPTIONS, "Engine options:");
  help.option("help", { alias: "h", type: "boolean", describe: "Show this help", group: "Help:" });
  if (path.length === 0) help.option("version", { alias: "V", type: "boolean", describe: "Show the version", group: "Help:" });
  return `${(await help.getHelp()).trimEnd()}\n`;
}

function listCommands(help: Argv, app: App, commands: readonly Command[], path: readonly string[], name: string): void {
  help.usage(`${path.length === 0 ? `${app.about}\n\n` : ""}Usage: ${name} <command> [options]`);
  const members = commands.filter((c) => path.every((word, i) => c.name.split(" ")[i] === word));
  for (const member of members) help.command(member.name.split(" ").slice(path.length).join(" "), member.about);
  if (path.length === 0) help.command("completion", "Print a completion script for the shell: eval \"$(" + app.name + " completion)\"");
  const example = members.find((m) => m.examples?.length)?.examples?.[0];
  if (example !== undefined) help.example(`${app.name} ${example}`, "");
  help.epilogue(`'${name} <command> --help' tells more about a command.`);
}

function describe(help: Argv, command: Command, name: string, app: App): void {
  const words = command.options.filter((o) => o.positional);
  help.usage(`${command.about}\n\nUsage: ${name} ${words.map((o) => `${shown(o)} `).join("")}[options]${words.map((o) => `\n  ${shown(o)}  ${o.about}`).join("")}`);
  addGroup(help, command.options.filter((o) => !o.positional), "Options:");
  for (const example of command.examples ?? []) help.example(`${app.name} ${example}`, "");
  help.epilogue(`Report: ${command.report.schemaVersion} (--json prints it, --json-schema its schema).`);
}

function addGroup(help: Argv, options: readonly (OptionSpec | GlobalSpec)[], group: string): void {
  for (const option of options) if (!option.hidden) help.option(option.long, row(option, group));
}

function row(option: OptionSpec | GlobalSpec, group: string): Options {
  const aliases = [...(option.aliases ?? []), ...("short" in option && option.short !== undefined ? [option.short] : [])];
  const conflicts = option.conflicts?.length ? ` (not with --${option.conflicts.join(", --")})` : "";
  return {
    alias: aliases,
    group,
    describe: `${option.about}${conflicts}`,
    type: option.kind === "flag" ? "boolean" : option.multiple ? "array" : "string",
    choices: option.values,
    demandOption: option.required,
    defaultDescription: option.default === undefined ? undefined : String(option.default),
    default: option.default,
  };
}

// ---------------------------------------------------------------------------------------------- completion

/** A script for bash (and zsh by bashcompinit) that asks this program for words. */
export function completionScript(app: App): string {
  const name = `_${app.name.replace(/[^A-Za-z0-9]/g, "_")}_words`;
  return [
    `# Completion of ${app.name}. bash, zsh: eval "$(${app.name} completion)"`,
    `if [ -n "\${ZSH_VERSION-}" ]; then autoload -U +X bashcompinit && bashcompinit; fi`,
    `${name}() {`,
    `  local IFS=$'\\n'`,
    `  COMPREPLY=($(${app.name} ${COMPLETION_FLAG} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))`,
    `}`,
    `complete -o default -F ${name} ${app.name}`,
    "",
  ].join("\n");
}

/** What the last of `words` (perhaps empty) could become; nothing where a file name belongs. */
export function completionWords(commands: readonly Command[], words: readonly string[]): string[] {
  const prefix = words[words.length - 1] ?? "";
  const { path, awaiting } = followed(commands, words.slice(0, -1));
  if (awaiting !== undefined) return (awaiting.values ?? (awaiting.kind === "BOOL" ? ["true", "false"] : [])).filter((v) => v.startsWith(prefix));
  if (prefix.startsWith("-")) return optionsAt(commands, path).map((o) => `--${o.long}`).filter((o) => o.startsWith(prefix)).sort();
  const own = commands.map((c) => c.name.split(" ")).filter((ws) => path.every((word, i) => ws[i] === word));
  const next = new Set(own.map((ws) => ws[path.length] ?? ""));
  if (path.length === 0) next.add("completion").add("help");
  return [...next].filter((word) => word !== "" && word.startsWith(prefix)).sort();
}

function optionsAt(commands: readonly Command[], path: readonly string[]): (OptionSpec | GlobalSpec)[] {
  return [...(branchAt(commands, path).command?.options ?? []), ...MACHINE_OPTIONS, ...ENGINE_OPTIONS].filter((o) => !o.hidden && !o.positional);
}

/** The subcommands among the words before the one being typed, and the option that still waits for its value. */
function followed(commands: readonly Command[], words: readonly string[]): { path: string[]; awaiting: OptionSpec | undefined } {
  const path: string[] = [];
  let awaiting: OptionSpec | undefined;
  for (const word of words) {
    if (awaiting !== undefined) awaiting = undefined;
    else if (word.startsWith("--")) awaiting = optionsAt(commands, path).find((o) => `--${o.long}` === word && o.kind !== "flag" && !("optionalValue" in o));
    else if (branchAt(commands, path).next.has(word)) path.push(word);
  }
  return { path, awaiting };
}
