// The envelope of every report and the rules for what is written where. Knows nothing of goals' contents, of schemas or of parsing.

import type { Diagnostic } from "./diagnostic.ts";
import { isError } from "./diagnostic.ts";
import type { App, FileDigest, ReportSpec } from "./goal.ts";
import { canonical, isJsonArray, pretty } from "./lib/canonical-json.ts";
import type { JsonObject, JsonValue } from "./lib/canonical-json.ts";

/** The part of a report that tells about this run alone; everything else is a function of the inputs. */
export interface ReportMeta {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly elapsedMs: number;
  readonly inputs: readonly FileDigest[];
  readonly outputs: readonly FileDigest[];
  readonly nondeterminism: { readonly uses_os_time: boolean; readonly uses_network: boolean; readonly uses_process: boolean };
  readonly tool?: { readonly [name: string]: string };
}

export interface Report {
  readonly value: JsonObject;
  readonly ok: boolean;
  readonly exitCode: number;
}

/** Puts a goal's answer into the envelope. `exitCode` overrides the computed one where a command has rules of its own. */
export function composeReport(app: App, spec: ReportSpec, result: JsonValue, diagnostics: readonly Diagnostic[], meta: ReportMeta, exitCode?: number): Report {
  const code = exitCode ?? exitCodeOf(app, diagnostics);
  const good = !diagnostics.some(isError);
  const value = {
    schema_version: spec.schemaVersion,
    command: spec.command,
    ok: good,
    exit_code: code,
    diagnostics: diagnostics.map((d) => diagnosticJson(app, d)),
    meta: metaJson(app, meta),
    result,
  };
  return { value, ok: good, exitCode: code };
}

/** 0 fine, 2 a tool or the disk failed, 3 bad input, 4 a budget was exceeded, 1 anything else; the first that applies. */
export function exitCodeOf(app: App, diagnostics: readonly Diagnostic[]): number {
  const errors = diagnostics.filter(isError);
  if (errors.length === 0) return 0;
  const outer = (code: string): boolean => /_(?:SPAWN|WRITE|IO)_FAILED$/.test(code) || code.startsWith(`${app.codePrefix}_INTERNAL_`);
  if (errors.some((d) => outer(d.code))) return 2;
  if (errors.some((d) => d.stage === "parse")) return 3;
  return errors.some((d) => d.code.startsWith(`${app.codePrefix}_BUDGET_EXCEEDED_`)) ? 4 : 1;
}

function metaJson(app: App, meta: ReportMeta): JsonObject {
  return {
    tool: { ...meta.tool, name: app.name, version: app.version },
    elapsed_ms: Math.max(0, Math.round(meta.elapsedMs)),
    cwd: meta.cwd,
    argv: meta.argv,
    inputs: meta.inputs.map(digestJson),
    outputs: meta.outputs.map(digestJson),
    nondeterminism: { ...meta.nondeterminism },
  };
}

function digestJson(file: FileDigest): JsonObject {
  return { path: firstChars(file.path, 4096) || ".", sha256: file.sha256, bytes_len: file.bytes_len };
}

// ---------------------------------------------------------------------------------------------- diagnostics

const MESSAGE_CHARS = 4096;
const NOTE_CHARS = 2048;
const CODE_CHARS = 64;

/** A diagnostic as reports carry it: nothing too long, no empty member, a code that is always a code. */
export function diagnosticJson(app: App, d: Diagnostic): JsonObject {
  const data = dataOf(app, d);
  const notes = [...(d.notes ?? []), ...(d.hint === undefined ? [] : [`hint: ${d.hint}`])];
  return {
    code: wellFormedCode(app, d.code),
    severity: d.severity,
    stage: d.stage,
    message: firstChars(d.message === "" ? d.code : d.message, MESSAGE_CHARS),
    data: Object.keys(data).length === 0 ? undefined : data,
    notes: notes.length === 0 ? undefined : notes.map((note) => firstChars(note, NOTE_CHARS)),
    loc: locationOf(app, d),
    quickfix: isJsonArray(d.quickfix as JsonValue) ? { kind: "json_patch", patch: d.quickfix } : d.quickfix,
  };
}

/** The facts of the diagnostic, with its file where one is known and a code that had to be mended. */
function dataOf(app: App, d: Diagnostic): JsonObject {
  const data: { [key: string]: JsonValue } = { ...d.data };
  if (d.place?.file !== undefined && data["file"] === undefined) data["file"] = d.place.file;
  if (wellFormedCode(app, d.code) !== d.code) data["code"] = d.code;
  return data;
}

function locationOf(app: App, d: Diagnostic): JsonObject | undefined {
  const pointer = d.place?.pointer;
  return pointer === undefined ? undefined : { kind: app.locationKind ?? "json", ptr: firstChars(pointer, 2048) };
}

/** Codes come from guests too; one that is no code (a digit first, too long, odd letters) is mended, never dropped. */
function wellFormedCode(app: App, code: string): string {
  if (code.length <= CODE_CHARS && /^[A-Z][A-Z0-9_-]*$/.test(code)) return code;
  const clean = code.toUpperCase().replace(/[^A-Z0-9_-]/g, "_");
  return (/^[A-Z]/.test(clean) ? clean : `${app.codePrefix}_${clean}`).slice(0, CODE_CHARS);
}

/** The first `count` characters (code points, as schemas count them). */
export function firstChars(text: string, count: number): string {
  if (text.length <= count) return text;
  let units = 0;
  for (let chars = 0; chars < count && units < text.length; chars++) units += (text.codePointAt(units) as number) > 0xffff ? 2 : 1;
  return text.slice(0, units);
}

/** Diagnostics for people, one block each: severity, code and message, then place, notes and the next step. */
export function diagnosticsText(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(diagnosticText).join("");
}

function diagnosticText(d: Diagnostic): string {
  const lines = [`${d.severity}[${d.code}]: ${d.message}`];
  const { file, pointer } = d.place ?? {};
  if (file !== undefined || pointer !== undefined) lines.push(`  at ${file ?? ""}${pointer === undefined ? "" : `#${pointer}`}`);
  lines.push(...expressionLine(d));
  const stderr = d.data?.["stderr"];
  if (typeof stderr === "string" && stderr.trim() !== "" && !d.message.includes(stderr.trim())) lines.push(...stderr.trimEnd().split("\n").map((l) => `  | ${l}`));
  for (const note of d.notes ?? []) lines.push(`  note: ${note}`);
  if (d.hint !== undefined) lines.push(`  hint: ${d.hint}`);
  return lines.join("\n") + "\n";
}

/** The piece of the document at fault, and what should stand there, where a rule has told them. */
function expressionLine(d: Diagnostic): string[] {
  const { expression, expected, found } = d.data ?? {};
  const types = typeof expected === "string" && typeof found === "string" ? `expected ${expected}, found ${found}` : "";
  if (typeof expression !== "string") return types === "" ? [] : [`  ${types}`];
  return [`  in ${expression}${types === "" ? "" : `: ${types}`}`];
}

// ---------------------------------------------------------------------------------------------- emission

/** What is written where: the report's text form on stdout, in a file, both or neither. */
export interface Emission {
  readonly stdout: boolean;
  readonly pretty: boolean;
  readonly file: string | undefined;
}

export function reportText(report: JsonObject, emission: Emission): string {
  return emission.pretty ? pretty(report) : canonical(report);
}
