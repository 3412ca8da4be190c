// The table of all commands and options: made from the option tables, and checked, ours or anyone's. Knows nothing of parsing words.

import { compareUtf8, ENGINE_OPTIONS, MACHINE_OPTIONS } from "../engine/index.ts";
import type { GlobalSpec } from "../engine/index.ts";
import { isJsonArray, isJsonObject, parseJson, sha256Hex } from "../engine/index.ts";
import type { App, Diagnostic, FileDigest, GoalAnswer, GoalSpec, JsonObject, JsonValue, OptionSpec, OptionValues, PlanFile, Stage } from "../engine/index.ts";
import { validate } from "./contract/validate.ts";

const SCHEMA_FILE = "x07cli.specrows.schema.json";
const SCHEMA_ID = `https://x07.org/spec/${SCHEMA_FILE}`;

export type Goals = { readonly [name: string]: Pick<GoalSpec, "about" | "options"> };
type Row = readonly JsonValue[];

// ---------------------------------------------------------------------------------------------- making

/** The whole document, rows in canonical order. */
export function specrowsDocument(app: App, goals: Goals): JsonObject {
  const rows = [...rootRows(app), ...Object.entries(goals).flatMap(([name, goal]) => goalRows(name.replaceAll(" ", "-"), goal))];
  return { schema_version: "x07cli.specrows@0.1.0", app: { name: app.name, version: app.version, about: app.about }, rows: rows.sort(compareRows) };
}

function rootRows(app: App): Row[] {
  return [
    ["root", "about", app.about],
    ["root", "help", "-h", "--help", "Show help, of the command that it follows"],
    ["root", "version", "-V", "--version", "Show the version"],
    ...[...MACHINE_OPTIONS, ...ENGINE_OPTIONS].map((option) => optionRow("root", option, { global: true })),
  ];
}

function goalRows(scope: string, goal: Goals[string]): Row[] {
  const aliases = goal.options.flatMap((o) => (o.aliases ?? []).map((long) => ({ ...o, long, hidden: true, required: undefined })));
  return [[scope, "about", goal.about], ...[...goal.options, ...aliases].map((option) => optionRow(scope, option, {}))];
}

function optionRow(scope: string, option: OptionSpec | GlobalSpec, more: JsonObject): Row {
  if (option.positional) return [scope, "arg", option.long.replaceAll("-", "_").toUpperCase(), option.key, option.about, wordFacts(option)];
  const short = "short" in option && option.short !== undefined ? `-${option.short}` : "";
  const facts = optionFacts(option, more);
  const tail = Object.keys(facts).length === 0 ? [] : [facts];
  if (option.kind === "flag") return [scope, "flag", short, `--${option.long}`, option.key, option.about, ...tail];
  // The table has no word for 64-bit numbers.
  const kind = option.kind === "U64" ? "U32" : option.kind;
  return [scope, "opt", short, `--${option.long}`, option.key, kind, option.about, ...tail];
}

function wordFacts(option: OptionSpec): JsonObject {
  return { ...(option.required ? { required: true } : {}), ...(option.multiple ? { multiple: true } : {}) };
}

function optionFacts(option: OptionSpec, more: JsonObject): { [name: string]: JsonValue } {
  const facts: { [name: string]: JsonValue | undefined } = {
    ...more,
    hidden: option.hidden === true ? true : undefined,
    required: option.required === true ? true : undefined,
    multiple: option.multiple === true ? true : undefined,
    default: option.kind === "flag" ? undefined : option.default,
    enum: option.values,
  };
  return Object.fromEntries(Object.entries(facts).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined));
}

// ---------------------------------------------------------------------------------------------- order

const KINDS = ["about", "help", "version", "flag", "opt", "arg"];

/** Root first, then scopes, kinds, long names, short names and keys, all by bytes. */
export function compareRows(a: Row, b: Row): number {
  const x = sortKey(a);
  const y = sortKey(b);
  for (let i = 0; i < x.length; i++) {
    const order = compareUtf8(x[i] as string, y[i] as string);
    if (order !== 0) return order;
  }
  return 0;
}

function sortKey(row: Row): string[] {
  const [scope, kind] = [cell(row, 0), cell(row, 1)];
  const named = kind !== "about" && kind !== "arg";
  const keyAt = kind === "arg" ? 3 : 4;
  const keyed = kind === "flag" || kind === "opt" || kind === "arg";
  return [scope === "root" ? "" : scope, String(KINDS.indexOf(kind)), named ? cell(row, 3) : "", named ? cell(row, 2) : "", keyed ? cell(row, keyAt) : ""];
}

function cell(row: Row, index: number): string {
  const value = row[index];
  return typeof value === "string" ? value : "";
}

// ---------------------------------------------------------------------------------------------- checking

/** Where the checked document comes from. */
export type SpecrowsSource =
  | { readonly mode: "self_v1"; readonly document: JsonObject }
  | { readonly mode: "file_v1"; readonly path: string; readonly file: PlanFile }
  | { readonly mode: "stdin_v1"; readonly input: Uint8Array | { readonly error: string } };

interface Parsed {
  readonly input: FileDigest | null;
  readonly document: JsonValue | undefined;
}

/** The goal `cli specrows check`. */
export async function checkSpecrows(source: SpecrowsSource, options: OptionValues, appName = "x07-wasm"): Promise<GoalAnswer> {
  const expected = typeof options["expect-app-name"] === "string" ? options["expect-app-name"] : appName;
  const diagnostics: Diagnostic[] = [];
  const { input, document } = parsed(source, diagnostics);
  const faults = document === undefined ? [] : await validate(SCHEMA_FILE, document, input?.path ?? "specrows");
  diagnostics.push(...faults);
  const valid = document !== undefined && faults.length === 0;
  const rows = rowsOf(document);
  const facts = invariants(document, rows, expected, valid);
  if (valid) diagnostics.push(...broken(facts, rows));
  return {
    result: {
      mode: source.mode,
      input: input === null ? null : { ...input },
      parsed_ok: document !== undefined,
      schema_id: SCHEMA_ID,
      schema_valid: valid,
      rows_count: rows.length,
      scopes: scopesOf(rows),
      invariants: { ...facts },
    },
    diagnostics,
    inputs: source.mode === "file_v1" && source.file.ok ? [source.file.digest] : [],
    outputs: [],
    nondeterminism: { uses_os_time: false, uses_network: false, uses_process: false },
    human: diagnostics.length === 0 ? [`ok: ${rows.length} rows`] : [],
  };
}

function parsed(source: SpecrowsSource, diagnostics: Diagnostic[]): Parsed {
  if (source.mode === "self_v1") return { input: null, document: source.document };
  const { input, bytes } = source.mode === "file_v1" ? fileBytes(source, diagnostics) : stdinBytes(source, diagnostics);
  const document = parseJson(bytes);
  if (document.ok) return { input, document: document.value };
  const { message, line, column } = document.error;
  diagnostics.push(problem("PARSE_FAILED", "parse", `${input?.path ?? "standard input"} is not JSON: ${message} at line ${line}, column ${column}`));
  return { input, document: undefined };
}

function fileBytes({ path, file }: Extract<SpecrowsSource, { mode: "file_v1" }>, diagnostics: Diagnostic[]): { input: FileDigest; bytes: Uint8Array } {
  if (file.ok) return { input: file.digest, bytes: file.bytes };
  diagnostics.push(problem("INPUT_READ_FAILED", "parse", `${path} cannot be read: ${file.error}`));
  return { input: { path, sha256: "0".repeat(64), bytes_len: 0 }, bytes: new Uint8Array() };
}

function stdinBytes({ input }: Extract<SpecrowsSource, { mode: "stdin_v1" }>, diagnostics: Diagnostic[]): { input: FileDigest | null; bytes: Uint8Array } {
  if (input instanceof Uint8Array) return { input: { path: "<stdin>", sha256: sha256Hex(input), bytes_len: input.length }, bytes: input };
  diagnostics.push(problem("STDIN_IO_FAILED", "run", `standard input cannot be read: ${input.error}`));
  return { input: null, bytes: new Uint8Array() };
}

function rowsOf(document: JsonValue | undefined): Row[] {
  const rows = isJsonObject(document) ? document["rows"] : undefined;
  return rows !== undefined && isJsonArray(rows) ? rows.map((row) => (isJsonArray(row) ? row : [])) : [];
}

/** Scopes in the order of their first rows; the report has no room for dots in them. */
function scopesOf(rows: readonly Row[]): string[] {
  const scopes = rows.map((row) => cell(row, 0).replaceAll(".", "-"));
  return [...new Set(scopes)].filter((scope) => /^(root|[a-z][a-z0-9_-]{0,31})$/.test(scope));
}

interface Invariants {
  readonly expect_app_name: string;
  readonly app_name: string | null;
  readonly app_version: string | null;
  readonly has_root_help: boolean;
  readonly has_root_version: boolean;
  readonly has_root_cli_specrows: boolean;
  readonly ordering_checked: boolean;
  readonly ordering_ok: boolean;
}

function invariants(document: JsonValue | undefined, rows: readonly Row[], expected: string, valid: boolean): Invariants {
  const app = isJsonObject(document) && isJsonObject(document["app"]) ? document["app"] : {};
  const rooted = (kind: string, long?: string): boolean => rows.some((row) => cell(row, 0) === "root" && cell(row, 1) === kind && (long === undefined || cell(row, 3) === long));
  return {
    expect_app_name: expected,
    app_name: typeof app["name"] === "string" ? app["name"] : null,
    app_version: typeof app["version"] === "string" ? app["version"] : null,
    has_root_help: rooted("help"),
    has_root_version: rooted("version"),
    has_root_cli_specrows: rooted("flag", "--cli-specrows"),
    ordering_checked: valid,
    ordering_ok: valid && rows.every((row, i) => i === 0 || compareRows(rows[i - 1] as Row, row) <= 0),
  };
}

function broken(facts: Invariants, rows: readonly Row[]): Diagnostic[] {
  const found: Diagnostic[] = [];
  const demand = (met: boolean, code: string, message: string): void => {
    if (!met) found.push(problem(code, "run", message));
  };
  demand(facts.has_root_help, "MISSING_ROOT_HELP", 'there is no row ["root", "help", …]');
  demand(facts.has_root_version, "MISSING_ROOT_VERSION", 'there is no row ["root", "version", …]');
  demand(facts.has_root_cli_specrows, "MISSING_ROOT_CLI_SPECROWS", 'there is no row ["root", "flag", "", "--cli-specrows", …]');
  demand(facts.ordering_ok, "ORDERING_INVALID", outOfOrder(rows));
  const duplicates = duplicateLongs(rows);
  if (duplicates.length > 0) found.push({ ...problem("DUPLICATE_LONGOPT", "run", `options are listed twice: ${duplicates.map((d) => d.join(" ")).join(", ")}`), data: { duplicates } });
  demand(facts.app_name === facts.expect_app_name, "APP_NAME_MISMATCH", `app.name is ${JSON.stringify(facts.app_name)}, expected ${JSON.stringify(facts.expect_app_name)}`);
  return found;
}

function outOfOrder(rows: readonly Row[]): string {
  const at = rows.findIndex((row, i) => i > 0 && compareRows(rows[i - 1] as Row, row) > 0);
  return `row ${at} (${(rows[at] ?? []).slice(0, 4).join(" ")}) belongs before row ${at - 1}`;
}

function duplicateLongs(rows: readonly Row[]): string[][] {
  const seen = new Set<string>();
  const twice = new Map<string, string[]>();
  for (const row of rows) {
    const [scope, kind, long] = [cell(row, 0), cell(row, 1), cell(row, 3)];
    if ((kind !== "flag" && kind !== "opt") || long === "") continue;
    const name = `${scope} ${long}`;
    if (seen.has(name)) twice.set(name, [scope, long]);
    seen.add(name);
  }
  return [...twice.values()];
}

function problem(code: string, stage: Stage, message: string): Diagnostic {
  return { code: `X07WASM_SPECROWS_${code}`, severity: "error", stage, message };
}
