// `http regress from-incident`: an incident becomes a trace and a script that holds the reducer to it. Runs nothing.

import { relative, resolve } from "node:path";
import { canonical, isJsonObject, makeDirs, parseJson, pretty, sha256Hex } from "../../engine/index.ts";
import type { Diagnostic, FileDigest, GoalAnswer, JsonObject, JsonValue, OptionValues, PlanContext } from "../../engine/index.ts";
import { validate } from "../contract/validate.ts";
import { zeroDigest } from "../run/report.ts";
import { finding } from "../wasm/finding.ts";
import { SCHEMAS, stepsOf } from "./documents.ts";
import { writeSide } from "../side.ts";

const utf8 = new TextEncoder();
const DEFAULT_COMPONENT = "dist/http_reducer.wasm";

export async function httpRegress(context: PlanContext, options: OptionValues): Promise<GoalAnswer> {
  context.volatile();
  const [dir, out] = [String(options["incident-dir"]), String(options["out-dir"])];
  const incident = readIncident(context, dir);
  const inputs = incident.digest === undefined ? [] : [incident.digest];
  const ended = (diagnostics: readonly Diagnostic[], made: Partial<Made> = {}): GoalAnswer => ({
    result: { incident_dir: dir, generated_fixture: { ...(made.fixture ?? zeroDigest(`${out}/generated.trace.json`)) }, generated_test: { ...(made.script ?? zeroDigest(`${out}/generated.sh`)) }, updated_files: (made.others ?? []).map((d) => ({ ...d })) },
    diagnostics,
    inputs,
    outputs: [made.fixture, made.script, ...(made.others ?? [])].filter((d) => d !== undefined),
    nondeterminism: { uses_os_time: false, uses_network: false, uses_process: false },
    human: made.script === undefined ? [] : [`wrote ${made.script.path}`],
  });
  if (incident.document === undefined) return ended(incident.diagnostics);
  const faults = await validate(SCHEMAS.trace, incident.document["trace"] ?? null, `${dir}/incident.json`);
  if (faults.length > 0) return ended(faults);
  const made = write(context.engine.cwd, dir, out, incident.document);
  return ended(made.diagnostics, made);
}

interface Read {
  readonly digest: FileDigest | undefined;
  readonly document: JsonObject | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

function readIncident(context: PlanContext, dir: string): Read {
  const path = `${dir}/incident.json`;
  const wrong = (code: string, message: string, digest?: FileDigest): Read => ({ digest, document: undefined, diagnostics: [{ ...finding(code, "parse", message), hint: "name the folder of an incident of `http test` or `http serve`; `x07-wasm incident list` shows them", place: { file: path } }] });
  const read = context.read(path);
  if (!read.ok) return wrong("X07WASM_HTTP_INCIDENT_READ_FAILED", `failed to read ${path}: ${read.error}`);
  const parsed = parseJson(read.bytes);
  if (!parsed.ok) return wrong("X07WASM_HTTP_INCIDENT_JSON_INVALID", `${path} is not JSON: ${parsed.error.message} at line ${parsed.error.line}`, read.digest);
  const kind = isJsonObject(parsed.value) ? parsed.value["kind"] : undefined;
  if (!isJsonObject(parsed.value) || kind !== "x07.http.incident") return wrong("X07WASM_HTTP_INCIDENT_KIND_INVALID", `${path} is not an x07.http.incident`, read.digest);
  return { digest: read.digest, document: parsed.value, diagnostics: [] };
}

interface Made {
  readonly fixture: FileDigest | undefined;
  readonly script: FileDigest | undefined;
  readonly others: readonly FileDigest[];
  readonly diagnostics: readonly Diagnostic[];
}

function write(cwd: string, dir: string, out: string, incident: JsonObject): Made {
  const base = sha256Hex(`http-regress:${dir}`).slice(0, 16);
  try {
    makeDirs(resolve(cwd, out));
  } catch (e) {
    return { fixture: undefined, script: undefined, others: [], diagnostics: [{ ...finding("X07WASM_HTTP_REGRESS_OUTDIR_CREATE_FAILED", "run", `the folder ${out} cannot be made: ${(e as Error).message}`), place: { file: out } }] };
  }
  const diagnostics: Diagnostic[] = [];
  const put = (name: string, text: string, mode?: number): FileDigest | undefined => {
    const written = writeSide(`${out}/${name}`, utf8.encode(text), "X07WASM_HTTP_REGRESS_WRITE_FAILED", mode);
    if (!written.ok) diagnostics.push(...written.error);
    return written.ok ? written.value : undefined;
  };
  const request = isJsonObject(incident["request"]) ? incident["request"] : undefined;
  const fixture = put(`${base}.trace.json`, pretty(incident["trace"] as JsonValue));
  const requests = request === undefined ? undefined : put(`${base}.request.jsonl`, canonical(request));
  const script = put(`${base}.sh`, scriptText(relative(resolve(cwd, out), cwd) || ".", base, componentOf(incident), { traced: (stepsOf(incident["trace"] as JsonValue) ?? []).length > 0, requested: request !== undefined }), 0o755);
  return { fixture, script, others: requests === undefined ? [] : [requests], diagnostics };
}

function componentOf(incident: JsonObject): string {
  const inputs = isJsonObject(incident["inputs"]) ? incident["inputs"] : {};
  const component = isJsonObject(inputs["component"]) ? inputs["component"] : {};
  return typeof component["path"] === "string" && component["path"] !== "" ? component["path"] : DEFAULT_COMPONENT;
}

/** The script finds the project from its own place, so that it runs from anywhere. */
function scriptText(project: string, base: string, component: string, has: { readonly traced: boolean; readonly requested: boolean }): string {
  const lines = [
    "#!/usr/bin/env bash",
    "# Made by `x07-wasm http regress from-incident`: fails as long as the incident can happen.",
    "set -euo pipefail",
    'here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"',
    `cd "$here"/${quoted(project)}`,
    `component=${quoted(component)}`,
  ];
  if (has.traced || !has.requested) lines.push(`x07-wasm http test --component "$component" --trace "$here/${base}.trace.json" --json`);
  // A request that failed once has no recorded answer: it must be answered at all.
  if (has.requested) lines.push(`x07-wasm http serve --component "$component" --mode listen --json < "$here/${base}.request.jsonl"`);
  return `${lines.join("\n")}\n`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
