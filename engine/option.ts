// Option tables: the ones every goal shares, what a value of each kind may be, and whether a table makes sense. Knows nothing of argv's order or of what a goal does.

import { fail, ok } from "./diagnostic.ts";
import type { Result } from "./diagnostic.ts";
import type { GoalSpec, OptionSpec, OptionValues } from "./goal.ts";

/** A goal as the command line sees it. `name` is its words with one blank between, e.g. `component build`. */
export interface Command extends Omit<GoalSpec, "plan"> {
  readonly name: string;
}

/** An option of every goal. `optionalValue` takes the next token only when that does not start with a dash. */
export interface GlobalSpec extends OptionSpec {
  readonly short?: string;
  readonly optionalValue?: true;
}

/** The machine's side of the command line: what is written where. Modes are trimmed; undefined means "not asked for". */
export interface MachineArgs {
  readonly json: string | undefined;
  readonly reportOut: string | undefined;
  readonly quiet: boolean;
  readonly schema: boolean;
  readonly schemaId: boolean;
  readonly specrows: boolean;
}

/** How the engine goes about a goal, whatever the goal is. */
export interface EngineOptions {
  readonly graphReport: string | undefined;
  readonly eventsOut: string | undefined;
  readonly explain: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly noCache: boolean;
  readonly cacheDir: string | undefined;
  /** Undefined: the default. */
  readonly cacheMaxBytes: number | undefined;
  readonly outputs: "minimal" | "toplevel" | "all";
  readonly remoteCache: string | undefined;
  readonly remoteWritable: boolean;
  readonly remoteTokenFile: string | undefined;
  readonly remoteTimeoutMs: number | undefined;
  readonly jobs: number | undefined;
  readonly keepGoing: boolean;
  readonly watch: boolean;
  readonly provider: "native" | "embedded" | "auto";
  readonly graph: string | undefined;
}

export const MACHINE_OPTIONS: readonly GlobalSpec[] = [
  { long: "json", key: "json", kind: "STR", optionalValue: true, about: "Print the report as JSON on stdout; MODE is empty (one canonical line) or `pretty`" },
  { long: "report-json", key: "report.json", kind: "STR", optionalValue: true, hidden: true, about: "Same as --json" },
  { long: "report-out", key: "report.out", kind: "PATH", about: "Also write the report to this file (with --json)" },
  { long: "quiet-json", key: "quiet.json", kind: "flag", about: "Print no JSON on stdout (with --report-out)" },
  { long: "json-schema", key: "json.schema", kind: "flag", about: "Print the JSON Schema of the command's report and stop" },
  { long: "json-schema-id", key: "json.schema.id", kind: "flag", about: "Print the schema version of the command's report and stop" },
  { long: "cli-specrows", key: "cli.specrows", kind: "flag", about: "Print the table of all commands and options and stop" },
];

export const ENGINE_OPTIONS: readonly GlobalSpec[] = [
  { long: "graph-report", key: "graph.report", kind: "PATH", about: "Write what each action did, and why, to this JSON file" },
  { long: "events-out", key: "events.out", kind: "PATH", about: "Write every event of the build to this file, one JSON object a line" },
  { long: "explain", key: "explain", kind: "flag", about: "Say on stderr why each action runs" },
  { long: "dry-run", key: "dry.run", kind: "flag", about: "Say what would run, and run nothing" },
  { long: "force", key: "force", kind: "flag", about: "Run every action, whatever is remembered" },
  { long: "no-cache", key: "no.cache", kind: "flag", about: "Neither read nor write the cache" },
  { long: "cache-dir", key: "cache.dir", kind: "PATH", about: "Where the cache lives" },
  { long: "cache-max-size", key: "cache.max.size", kind: "STR", form: "size", about: "How big the cache may grow, e.g. 500M, 5G, none (default: 5G); what was used longest ago goes first" },
  { long: "outputs", key: "outputs", kind: "ENUM", values: ["minimal", "toplevel", "all"], default: "toplevel", about: "What is brought here of known results: nothing, the goal's outputs, or all between as well" },
  { long: "remote-cache", key: "remote.cache", kind: "STR", form: "address", about: "Address (http or https) of a cache that is shared with others" },
  { long: "remote-cache-mode", key: "remote.cache.mode", kind: "ENUM", values: ["read", "read-write"], default: "read-write", about: "Whether what is made here is sent to the shared cache" },
  { long: "remote-cache-token-file", key: "remote.cache.token.file", kind: "PATH", about: "File with the bearer token of the shared cache" },
  { long: "remote-timeout-ms", key: "remote.timeout.ms", kind: "U32", about: "How long one request to the shared cache may take (default: 10000)" },
  { long: "jobs", short: "j", key: "jobs", kind: "U32", about: "How many actions may run at once (default: the number of processors)" },
  { long: "keep-going", key: "keep.going", kind: "flag", about: "After a failure, finish what does not depend on it" },
  { long: "watch", key: "watch", kind: "flag", about: "Stay and build again whenever an input changes" },
  { long: "provider", key: "provider", kind: "ENUM", values: ["auto", "native", "embedded"], default: "auto", about: "Where tools come from: installed ones, the embedded ones, or installed where they satisfy the pins" },
  { long: "graph", key: "graph", kind: "PATH", about: "The graph file to use in place of the built-in one" },
];

export type OptionValue = string | bigint | boolean;

const U32_MAX = 4294967295n;
const U64_MAX = 18446744073709551615n;

const SIZE = /^(\d{1,15})([KMGT]?)$/;
const AGE = /^(\d{1,9})([smhd])$/;
const SIZE_UNITS: { readonly [unit: string]: number } = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
const AGE_UNITS: { readonly [unit: string]: number } = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Bytes of `5G`; infinitely many of `none`. */
export function sizeOf(text: string): number | undefined {
  const [, digits, unit = ""] = SIZE.exec(text) ?? [];
  return text === "none" ? Number.POSITIVE_INFINITY : digits === undefined ? undefined : Number(digits) * SIZE_UNITS[unit]!;
}

/** Milliseconds of `30d`. */
export function ageOf(text: string): number | undefined {
  const [, digits, unit = ""] = AGE.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * AGE_UNITS[unit]!;
}

/** An http or https address; credentials have no place in words, which are recorded. */
export function addressOf(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && (url.protocol === "http:" || url.protocol === "https:") && url.username === "" && url.password === "" ? url : undefined;
}

/** Reads the text of one value; the error says what would have been right. */
export function parseValue(spec: OptionSpec, text: string): Result<OptionValue, string> {
  if (spec.form === "size" && sizeOf(text) === undefined) return fail("expected a size like 500M or 5G, or none");
  if (spec.form === "address" && addressOf(text) === undefined) return fail("expected an address like https://cache.example/path, without a name or password in it");
  if (spec.form === "age" && ageOf(text) === undefined) return fail("expected an age like 30d, 12h or 45m");
  switch (spec.kind) {
    case "U32":
      return parseUnsigned(text, U32_MAX);
    case "U64":
      return parseUnsigned(text, U64_MAX);
    case "BOOL":
      return text === "true" || text === "false" ? ok(text === "true") : fail("possible values: true, false");
    case "ENUM":
      return spec.values?.includes(text) ? ok(text) : fail(`possible values: ${(spec.values ?? []).join(", ")}`);
    case "PATH":
      return text === "" ? fail("a path cannot be empty") : ok(text);
    default:
      return ok(text);
  }
}

function parseUnsigned(text: string, max: bigint): Result<bigint, string> {
  if (!/^[0-9]+$/.test(text)) return fail("expected an unsigned decimal number");
  const significant = text.replace(/^0+(?=.)/, "");
  if (significant.length > 20 || BigInt(significant) > max) return fail(`expected a number from 0 to ${max}`);
  return ok(BigInt(significant));
}

/** The values of a goal whose options were given as `given` (by long name), with defaults filled in. */
export function withDefaults(options: readonly OptionSpec[], given: ReadonlyMap<string, readonly OptionValue[]>): OptionValues {
  const values: { [long: string]: OptionValues[string] } = {};
  for (const spec of options) values[spec.long] = valueOf(spec, given.get(spec.long));
  return values;
}

function valueOf(spec: OptionSpec, given: readonly OptionValue[] | undefined): OptionValues[string] {
  if (spec.multiple) return (given ?? []).map(String);
  if (given !== undefined) return given[given.length - 1];
  if (spec.default === undefined) return spec.kind === "flag" ? false : undefined;
  return typeof spec.default === "number" ? BigInt(spec.default) : spec.default;
}

/** How an option is shown in messages and help: `--profile <STR>`, `--json [<MODE>]`, `--clean`, `<FILE>`, `[GOAL]...`. */
export function shown(spec: OptionSpec): string {
  if (spec.positional) return `${spec.required ? `<${wordName(spec)}>` : `[${wordName(spec)}]`}${spec.multiple ? "..." : ""}`;
  if (spec.kind === "flag") return `--${spec.long}`;
  if ("optionalValue" in spec) return `--${spec.long} [<MODE>]`;
  return `--${spec.long} <${spec.kind}>`;
}

/** The name of a bare word: `FILE`. */
export function wordName(spec: OptionSpec): string {
  return spec.long.replaceAll("-", "_").toUpperCase();
}

// ---------------------------------------------------------------------------------------------- tables

const LONG = /^[a-z][a-z0-9-]{0,63}$/;
const KEY = /^[a-z][a-z0-9_.-]{0,63}$/;

/** What is wrong with the commands of a graph, as sentences; an empty list means that every table makes sense. */
export function checkCommands(commands: readonly Command[]): string[] {
  const faults: string[] = [];
  const names = new Set<string>();
  for (const command of commands) {
    for (const name of [command.name, ...(command.aliases ?? [])]) {
      if (!/^[a-z][a-z0-9-]*( [a-z][a-z0-9-]*)*$/.test(name)) faults.push(`${name}: a goal's name is lower-case words`);
      if (names.has(name)) faults.push(`${name}: two goals have this name`);
      names.add(name);
    }
    faults.push(...checkOptions(command.options).map((fault) => `${command.name}: ${fault}`));
  }
  return faults;
}

/** What is wrong with one option table, as sentences. */
export function checkOptions(options: readonly OptionSpec[]): string[] {
  const faults: string[] = [];
  const taken = new Set(["help", "version", ...[...MACHINE_OPTIONS, ...ENGINE_OPTIONS].map((o) => o.long)]);
  for (const option of options) {
    for (const name of [option.long, ...(option.aliases ?? [])]) {
      if (!LONG.test(name)) faults.push(`--${name}: not a long option name`);
      if (taken.has(name)) faults.push(`--${name}: the name is taken`);
      taken.add(name);
    }
    faults.push(...checkOption(option).map((fault) => `--${option.long}: ${fault}`));
  }
  const longs = new Set(options.map((o) => o.long));
  for (const option of options) {
    for (const other of option.conflicts ?? []) if (!longs.has(other)) faults.push(`--${option.long}: conflicts with --${other}, which does not exist`);
  }
  return faults;
}

function checkOption(option: OptionSpec): string[] {
  const faults: string[] = [];
  if (!KEY.test(option.key)) faults.push(`the key ${option.key} is not a key`);
  if (option.kind === "ENUM" && !option.values?.length) faults.push("an ENUM needs values");
  if (option.kind === "flag" && (option.required || option.multiple)) faults.push("a flag is neither required nor repeated");
  if (option.positional && (option.kind === "flag" || option.aliases !== undefined)) faults.push("a bare word has a value and no other name");
  if (option.required && option.default !== undefined) faults.push("a required option has no default");
  if (option.default !== undefined && !parseValue(option, String(option.default)).ok) faults.push(`the default ${option.default} is not a ${option.kind}`);
  return faults;
}
