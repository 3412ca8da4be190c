// Words of a command line -> the goal, its options and everybody's options, or why not. Knows nothing of what goals do or how anything is printed.

import type { OptionSpec, OptionValues } from "./goal.ts";
import { similar } from "./lib/typo.ts";
import { ENGINE_OPTIONS, MACHINE_OPTIONS, parseValue, shown, sizeOf, withDefaults } from "./option.ts";
import type { Command, EngineOptions, GlobalSpec, MachineArgs, OptionValue } from "./option.ts";

/** Where an argument error was found; the words are those of the parse report. */
export type ArgumentStage = "clap" | "machine_args" | "missing_command";

export type Parsed =
  | { readonly kind: "parsed"; readonly command: Command | undefined; readonly options: OptionValues; readonly machine: MachineArgs; readonly engine: EngineOptions }
  | { readonly kind: "help"; readonly path: readonly string[] }
  | { readonly kind: "version" }
  | { readonly kind: "completion-script" }
  | { readonly kind: "completion-words"; readonly words: readonly string[] }
  | { readonly kind: "error"; readonly stage: ArgumentStage; readonly message: string };

/** The flag with which the completion script of a shell asks for words. */
export const COMPLETION_FLAG = "--get-completions";

/** Parses the words after the program's name. Left to right, the first thing wrong wins; required and conflicting options are looked at last. */
export function parseArgv(program: string, commands: readonly Command[], words: readonly string[]): Parsed {
  if (words[0] === COMPLETION_FLAG) return { kind: "completion-words", words: words.slice(1) };
  return new Parser(program, commands, words).parse();
}

/** What can follow the words `path`: the next words, and the command that is complete there. */
export interface Branch {
  readonly next: ReadonlyMap<string, string>;
  readonly command: Command | undefined;
}

export function branchAt(commands: readonly Command[], path: readonly string[]): Branch {
  const next = new Map<string, string>();
  let command: Command | undefined;
  for (const candidate of commands) {
    for (const name of namesOf(candidate)) {
      const words = name.split(" ");
      if (!path.every((word, i) => words[i] === word)) continue;
      if (words.length === path.length) command = candidate;
      const word = words[path.length];
      if (word !== undefined && !next.has(word)) next.set(word, words.length === path.length + 1 ? candidate.about : `commands: ${groupWords(commands, [...path, word])}`);
    }
  }
  return { next, command };
}

function groupWords(commands: readonly Command[], path: readonly string[]): string {
  const words = commands.map((c) => c.name.split(" ")).filter((ws) => path.every((word, i) => ws[i] === word));
  return [...new Set(words.map((ws) => ws[path.length] ?? ""))].filter(Boolean).join(", ");
}

function namesOf(command: Command): string[] {
  const hyphenated = command.name.includes(" ") ? [command.name.replaceAll(" ", "-")] : [];
  return [command.name, ...hyphenated, ...(command.aliases ?? [])];
}

class ArgumentFault extends Error {}

class Parser {
  readonly #program: string;
  readonly #commands: readonly Command[];
  readonly #words: readonly string[];
  #at = 0;
  #path: string[] = [];
  #branch: Branch;
  /** Options seen at this level of subcommands: a second time is an error, but a later level overrides an earlier one. */
  #seen = new Set<string>();
  readonly #globals = new Map<string, OptionValue>();
  readonly #given = new Map<string, OptionValue[]>();

  constructor(program: string, commands: readonly Command[], words: readonly string[]) {
    this.#program = program;
    this.#commands = commands;
    this.#words = words;
    this.#branch = branchAt(commands, []);
  }

  parse(): Parsed {
    try {
      while (this.#at < this.#words.length) {
        const done = this.#word(this.#words[this.#at++] as string);
        if (done !== undefined) return done;
      }
      return this.#finish();
    } catch (fault) {
      if (!(fault instanceof ArgumentFault)) throw fault;
      return { kind: "error", stage: "clap", message: this.#text(fault.message) };
    }
  }

  #word(word: string): Parsed | undefined {
    if (word === "-h" || word === "--help") return { kind: "help", path: this.#path };
    if (this.#path.length === 0 && (word === "-V" || word === "--version")) return { kind: "version" };
    if (word === "--") return this.#onlyWordsFollow();
    if (word.startsWith("--")) return this.#long(word.slice(2));
    if (word.startsWith("-") && word !== "-") return this.#short(word.slice(1));
    return this.#subcommand(word);
  }

  #onlyWordsFollow(): undefined {
    while (this.#at < this.#words.length) this.#bareWord(this.#words[this.#at++]!);
  }

  /** A word that is neither an option nor a subcommand: the next positional value of the command. */
  #bareWord(word: string): undefined {
    const wanted = (this.#branch.command?.options ?? []).filter((o) => o.positional);
    const spec = wanted.find((o) => !this.#given.has(o.long)) ?? wanted.find((o) => o.multiple);
    if (spec === undefined) throw new ArgumentFault(`unexpected argument '${word}' found`);
    this.#given.set(spec.long, [...(this.#given.get(spec.long) ?? []), this.#value(spec, word)]);
  }

  // -------------------------------------------------------------------------------------------- subcommands

  #subcommand(word: string): Parsed | undefined {
    if (this.#branch.command !== undefined && this.#branch.next.size === 0) return this.#bareWord(word);
    if (!this.#branch.next.has(word)) {
      if (word === "help") return this.#help();
      if (word === "completion" && this.#path.length === 0) return { kind: "completion-script" };
      throw new ArgumentFault(`unrecognized subcommand '${word}'${tip("subcommand", similar(word, this.#branch.next.keys()))}`);
    }
    this.#descend(word);
  }

  #descend(word: string): void {
    this.#path = [...this.#path, word];
    this.#branch = branchAt(this.#commands, this.#path);
    this.#seen = new Set();
  }

  #help(): Parsed {
    for (const word of this.#words.slice(this.#at).filter((w) => !w.startsWith("-"))) {
      if (!this.#branch.next.has(word)) throw new ArgumentFault(`unrecognized subcommand '${word}'${tip("subcommand", similar(word, this.#branch.next.keys()))}`);
      this.#descend(word);
    }
    return { kind: "help", path: this.#path };
  }

  // -------------------------------------------------------------------------------------------- options

  #long(body: string): undefined {
    const equals = body.indexOf("=");
    const name = equals < 0 ? body : body.slice(0, equals);
    const spec = this.#find(name);
    this.#take(spec, equals < 0 ? undefined : body.slice(equals + 1));
  }

  #short(body: string): undefined {
    const spec = ENGINE_OPTIONS.find((option) => option.short === body[0]);
    if (spec === undefined) throw new ArgumentFault(`unexpected argument '-${body[0]}' found`);
    const glued = body.slice(1).replace(/^=/, "");
    this.#take(spec, body.length > 1 ? glued : undefined);
  }

  #find(name: string): OptionSpec {
    const own = (this.#branch.command?.options ?? []).filter((o) => !o.positional);
    const spec = own.find((o) => o.long === name || o.aliases?.includes(name)) ?? globalNamed(name);
    if (spec !== undefined) return spec;
    const known = [...own, ...MACHINE_OPTIONS, ...ENGINE_OPTIONS].filter((o) => !o.hidden).flatMap((o) => [o.long, ...(o.aliases ?? [])]);
    const near = similar(name, [...known, "help"]).map((long) => `--${long}`);
    throw new ArgumentFault(`unexpected argument '--${name}' found${near.length > 0 ? tip("argument", near) : this.#elsewhere(name)}`);
  }

  /** Helps when an option was put before its subcommand, or given to the wrong one. */
  #elsewhere(name: string): string {
    const owners = this.#commands.filter((c) => c.options.some((o) => o.long === name)).map((c) => `'${c.name} --${name}'`);
    return owners.length === 0 ? "" : `\n\n  tip: ${owners.slice(0, 3).join(", ")} ${owners.length === 1 ? "exists" : "exist"}`;
  }

  #take(spec: OptionSpec, attached: string | undefined): void {
    const text = this.#valueText(spec, attached);
    if (this.#seen.has(spec.long) && !spec.multiple) throw new ArgumentFault(`the argument '${shown(spec)}' cannot be used multiple times`);
    this.#seen.add(spec.long);
    const value = text === undefined ? true : this.#value(spec, text);
    if (globalNamed(spec.long) === spec) this.#globals.set(spec.long, value);
    else this.#given.set(spec.long, [...(this.#given.get(spec.long) ?? []), value]);
  }

  #valueText(spec: OptionSpec, attached: string | undefined): string | undefined {
    if (spec.kind === "flag") {
      if (attached !== undefined) throw new ArgumentFault(`unexpected value '${attached}' for '${shown(spec)}' found; no more were expected`);
      return undefined;
    }
    if (attached !== undefined) return attached;
    const next = this.#words[this.#at];
    if (next !== undefined && (next === "-" || !next.startsWith("-"))) {
      this.#at++;
      return next;
    }
    if ((spec as GlobalSpec).optionalValue) return "";
    const values = spec.kind === "ENUM" ? `\n  [possible values: ${spec.values?.join(", ")}]` : "";
    throw new ArgumentFault(`a value is required for '${shown(spec)}' but none was supplied${values}`);
  }

  #value(spec: OptionSpec, text: string): OptionValue {
    const value = parseValue(spec, text);
    if (value.ok) return value.value;
    const near = spec.kind === "ENUM" ? tip("value", similar(text, spec.values ?? []).map((v) => `${v}`)) : "";
    throw new ArgumentFault(`invalid value '${text}' for '${shown(spec)}'\n  [${value.error}]${near}`);
  }

  // -------------------------------------------------------------------------------------------- the end

  #finish(): Parsed {
    const command = this.#branch.command;
    if (command === undefined && this.#path.length > 0) throw new ArgumentFault(this.#missingSubcommand());
    if (command !== undefined) this.#checkTogether(command.options);
    if (command?.direct === true && this.#globals.has("dry-run")) throw new ArgumentFault(`the argument '--dry-run' cannot be used with '${command.name}', which acts at once`);
    if (this.#globals.has("quiet-json") && !this.#globals.has("report-out")) throw new ArgumentFault("the argument '--quiet-json' needs '--report-out <PATH>' too");
    return { kind: "parsed", command, options: withDefaults(command?.options ?? [], this.#given), machine: machineArgs(this.#globals), engine: engineOptions(this.#globals) };
  }

  #missingSubcommand(): string {
    const next = [...this.#branch.next].map(([word, about]) => `\n  ${word.padEnd(14)} ${about}`);
    return `'${this.#program} ${this.#path.join(" ")}' requires a subcommand but one was not provided\n\nCommands:${next.join("")}`;
  }

  #checkTogether(options: readonly OptionSpec[]): void {
    const given = options.filter((o) => this.#given.has(o.long));
    for (const option of given) {
      const other = given.find((o) => option.conflicts?.includes(o.long) || o.conflicts?.includes(option.long));
      if (other !== undefined) throw new ArgumentFault(`the argument '${shown(option)}' cannot be used with '${shown(other)}'`);
    }
    const missing = options.filter((o) => o.required && !this.#given.has(o.long));
    if (missing.length > 0) throw new ArgumentFault(`the following required arguments were not provided:${missing.map((o) => `\n  ${shown(o)}`).join("")}`);
  }

  #text(message: string): string {
    const name = [this.#program, ...this.#path].join(" ");
    const required = (this.#branch.command?.options ?? []).filter((o) => o.required).map((o) => ` ${shown(o)}`);
    const usage = `${name}${required.join("")} [OPTIONS]${this.#branch.next.size > 0 ? " <COMMAND>" : ""}`;
    return `error: ${message}\n\nUsage: ${usage}\n\nFor more information, try '--help'.`;
  }
}

function globalNamed(long: string): GlobalSpec | undefined {
  return MACHINE_OPTIONS.find((o) => o.long === long) ?? ENGINE_OPTIONS.find((o) => o.long === long);
}

function tip(what: string, near: readonly string[]): string {
  if (near.length === 0) return "";
  return `\n\n  tip: ${near.length === 1 ? `a similar ${what} exists` : `some similar ${what}s exist`}: ${near.map((n) => `'${n}'`).join(", ")}`;
}

function machineArgs(globals: ReadonlyMap<string, OptionValue>): MachineArgs {
  const json = globals.get("json") ?? globals.get("report-json");
  return {
    json: typeof json === "string" ? json.trim() : undefined,
    reportOut: text(globals.get("report-out")),
    quiet: globals.has("quiet-json"),
    schema: globals.has("json-schema"),
    schemaId: globals.has("json-schema-id"),
    specrows: globals.has("cli-specrows"),
  };
}

function engineOptions(globals: ReadonlyMap<string, OptionValue>): EngineOptions {
  const jobs = globals.get("jobs");
  const provider = globals.get("provider");
  const outputs = globals.get("outputs");
  const timeout = globals.get("remote-timeout-ms");
  return {
    graphReport: text(globals.get("graph-report")),
    eventsOut: text(globals.get("events-out")),
    explain: globals.has("explain"),
    dryRun: globals.has("dry-run"),
    force: globals.has("force"),
    noCache: globals.has("no-cache"),
    cacheDir: text(globals.get("cache-dir")),
    cacheMaxBytes: sizeOf(text(globals.get("cache-max-size")) ?? ""),
    outputs: outputs === "minimal" || outputs === "all" ? outputs : "toplevel",
    remoteCache: text(globals.get("remote-cache")),
    remoteWritable: globals.get("remote-cache-mode") !== "read",
    remoteTokenFile: text(globals.get("remote-cache-token-file")),
    remoteTimeoutMs: timeout === undefined ? undefined : Number(timeout),
    jobs: jobs === undefined ? undefined : Math.max(1, Number(jobs)),
    keepGoing: globals.has("keep-going"),
    watch: globals.has("watch"),
    provider: provider === "native" || provider === "embedded" ? provider : "auto",
    graph: text(globals.get("graph")),
  };
}

function text(value: OptionValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

// ---------------------------------------------------------------------------------------------- machine arguments

/** The rule about machine arguments that a parsed command line still has to meet; undefined when it does. */
export function machineFault(machine: MachineArgs): string | undefined {
  if (machine.json !== undefined && machine.json !== "" && machine.json !== "pretty") {
    return `error: invalid --json mode '${machine.json}': it is empty or 'pretty' (write --json=MODE before a subcommand)`;
  }
  if (machine.reportOut !== undefined && machine.json === undefined) return "error: --report-out needs --json";
  return undefined;
}

/** Where the report of an argument error goes: found by looking at the raw words, since parsing them has failed. */
export interface RawEmission {
  readonly json: boolean;
  readonly reportOut: string | undefined;
  readonly quiet: boolean;
}

export function scanRaw(words: readonly string[]): RawEmission {
  const json = words.some((w) => /^--(?:report-)?json(?:=|$)/.test(w));
  let reportOut: string | undefined;
  words.forEach((word, i) => {
    if (word.startsWith("--report-out=")) reportOut = word.slice("--report-out=".length);
    else if (word === "--report-out") reportOut = words[i + 1] ?? reportOut;
  });
  return { json, reportOut: reportOut === "" ? undefined : reportOut, quiet: words.includes("--quiet-json") };
}
