// `incident replay`: runs a recorded command again, in a folder that holds just the files it had, and compares the answers.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, normalize } from "node:path";
import { asNumber, compact, fail, isJsonArray, isJsonObject, ok, parseJson, sha256Hex } from "../../engine/index.ts";
import type { Diagnostic, GoalAnswer, JsonObject, JsonValue, OptionSpec, PlanContext, Result } from "../../engine/index.ts";
import { validate } from "../contract/validate.ts";
import { resolveSecret } from "../ops/secrets.ts";
import { finding } from "../wasm/finding.ts";
import { outcomeOf, REPLAY_FILE } from "./record.ts";
import { wordsAgain } from "./words.ts";

/** Deep enough that paths which lead upwards stay inside. */
const CWD = "w/1/2/3/4/5/6/7";
const DEPTH = CWD.split("/").length;

interface Comparison {
  readonly command: string | null;
  readonly expectedExit: number | null;
  readonly actualExit: number | null;
  readonly differs: readonly string[];
}

const UNKNOWN: Comparison = { command: null, expectedExit: null, actualExit: null, differs: [] };

/** `tool`: the words that start this program. `optionsOf`: the option table of a command, by the name that its reports carry. */
export async function replayIncident(context: PlanContext, dir: string, tool: readonly string[], optionsOf: (command: string) => readonly OptionSpec[]): Promise<GoalAnswer> {
  context.volatile();
  const record = await readRecord(context, dir);
  if (!record.ok) return answer(dir, UNKNOWN, record.error);
  const recorded = record.value;
  const command = String(recorded["command"]);
  const expected = recorded["expected"] as JsonObject;
  const known = { ...UNKNOWN, command: command.replace(/^x07-wasm\./, "").replaceAll(".", " "), expectedExit: asNumber(expected["exit_code"]) ?? null };
  const base = mkdtempSync(join(tmpdir(), "x07-replay-"));
  try {
    const laid = layOut(context, dir, base, recorded);
    if (!laid.ok) return answer(dir, known, laid.error);
    const secrets = secretsAgain(context, recorded);
    if (!secrets.ok) return answer(dir, known, secrets.error);
    const again = await runAgain(laid.value, tool, optionsOf(command), recorded, { ...secrets.value, PATH: context.env("PATH") });
    if (!again.ok) return answer(dir, known, again.error);
    const actual = outcomeOf(again.value);
    const differs = differences(expected, actual);
    const compared = { ...known, actualExit: asNumber(actual["exit_code"]) ?? null, differs };
    return answer(dir, compared, differs.length === 0 ? [] : [notReproduced(dir, recorded, differs, expected, actual)]);
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

function answer(dir: string, compared: Comparison, diagnostics: readonly Diagnostic[]): GoalAnswer {
  const reproduced = diagnostics.length === 0;
  return {
    result: { incident_dir: dir, command: compared.command, reproduced, expected_exit_code: compared.expectedExit, actual_exit_code: compared.actualExit, differs: compared.differs },
    diagnostics,
    inputs: [],
    outputs: [],
    nondeterminism: { uses_os_time: false, uses_network: false, uses_process: true },
    human: reproduced ? [`reproduced: ${compared.command ?? ""} ends with exit code ${String(compared.actualExit)} again, with the same answer`] : [],
  };
}

// ---------------------------------------------------------------------------------------------- the record

async function readRecord(context: PlanContext, dir: string): Promise<Result<JsonObject>> {
  const path = `${dir}/${REPLAY_FILE}`;
  const wrong = (code: string, message: string, hint: string): Result<JsonObject> => fail([{ ...finding(code, "parse", message), hint, place: { file: path } }]);
  const read = context.read(path);
  if (!read.ok) return wrong("X07WASM_INCIDENT_READ_FAILED", `failed to read ${path}: ${read.error}`, "name the folder of a bundle; `x07-wasm incident list` shows them");
  const parsed = parseJson(read.bytes);
  if (!parsed.ok) return wrong("X07WASM_INCIDENT_JSON_INVALID", `${path} is not JSON: ${parsed.error.message} at line ${parsed.error.line}`, "the bundle is damaged");
  const faults = await validate("x07-wasm.incident.replay.schema.json", parsed.value, path);
  return faults.length === 0 ? ok(parsed.value as JsonObject) : fail(faults);
}

interface Laid {
  readonly cwd: string;
  readonly base: string;
  readonly stdin: Uint8Array;
  /** Where recorded evidence is; null: there is none. */
  readonly evidence: string | null;
  /** What absolute paths of the recorded command are here. */
  readonly moved: Map<string, string>;
}

function layOut(context: PlanContext, dir: string, base: string, recorded: JsonObject): Result<Laid> {
  const cwd = join(base, CWD);
  mkdirSync(cwd, { recursive: true });
  let laid: Laid = { cwd, base, moved: new Map(), stdin: new Uint8Array(0), evidence: null };
  for (const file of recorded["files"] as readonly JsonObject[]) {
    const path = String(file["path"]);
    const to = placeOf(laid, path);
    if (to === undefined) return fail([finding("X07WASM_INCIDENT_PATH_INVALID", "parse", `the recorded path ${path} leads out of the folder of the rerun`)]);
    if (file["missing"] === true || file["withheld"] === true) continue;
    if (file["folder"] === true) {
      const made = laidOut(path, () => mkdirSync(to, { recursive: true }));
      if (!made.ok) return made;
      continue;
    }
    const content = contentOf(context, dir, String(file["sha256"]));
    if (!content.ok) return content;
    const written = laidOut(path, () => {
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(to, content.value);
    });
    if (!written.ok) return written;
  }
  const { evidence } = recorded;
  if (isJsonObject(evidence)) {
    const content = contentOf(context, dir, String(evidence["sha256"]));
    if (!content.ok) return content;
    const to = join(base, "evidence.json");
    writeFileSync(to, content.value);
    laid = { ...laid, evidence: to };
  }
  const stdin = recorded["stdin"];
  if (!isJsonObject(stdin)) return ok(laid);
  const content = contentOf(context, dir, String(stdin["sha256"]));
  return content.ok ? ok({ ...laid, stdin: content.value }) : content;
}

function laidOut(path: string, work: () => unknown): Result<void> {
  try {
    work();
    return ok(undefined);
  } catch (e) {
    return fail([finding("X07WASM_INCIDENT_LAYOUT_IO_FAILED", "run", `${path} cannot be laid out for the rerun: ${(e as Error).message}`)]);
  }
}

/** Where a recorded path is in the rerun; undefined: outside. */
function placeOf(laid: Laid, path: string): string | undefined {
  if (path.startsWith("/")) return mapAbsolute(laid, path);
  const normal = normalize(path);
  if (normal.includes("\0") || normal.split("/").filter((part) => part === "..").length > DEPTH - 1) return undefined;
  return join(laid.cwd, normal);
}

function mapAbsolute({ base, moved }: Laid, path: string): string {
  const to = moved.get(path) ?? join(base, "abs", String(moved.size), basename(path) || "root");
  moved.set(path, to);
  return to;
}

function contentOf(context: PlanContext, dir: string, sha256: string): Result<Uint8Array> {
  const path = `${dir}/files/${sha256}`;
  const read = context.read(path);
  if (!read.ok || sha256Hex(read.bytes) !== sha256) {
    return fail([{ ...finding("X07WASM_INCIDENT_CONTENT_DAMAGED", "parse", read.ok ? `${path} is not what was recorded` : `failed to read ${path}: ${read.error}`), hint: "the bundle is not whole: there is nothing to run", place: { file: path } }]);
  }
  return ok(read.bytes);
}

/** Secrets are in no bundle: whoever runs the command again must have them. */
function secretsAgain(context: PlanContext, recorded: JsonObject): Result<NodeJS.ProcessEnv> {
  const ids = ((recorded["secrets"] ?? []) as readonly JsonObject[]).map((secret) => String(secret["id"]));
  const found = ids.map((id) => resolveSecret(id, context.engine.cwd, process.env));
  const missing = found.flatMap((secret) => (secret.ok ? [] : secret.error));
  return missing.length > 0 ? fail(missing) : ok(Object.fromEntries(found.flatMap((secret) => (secret.ok ? [[secret.value.variable, secret.value.value]] : []))));
}

// ---------------------------------------------------------------------------------------------- the rerun

async function runAgain(laid: Laid, tool: readonly string[], options: readonly OptionSpec[], recorded: JsonObject, more: NodeJS.ProcessEnv): Promise<Result<JsonObject>> {
  const words = wordsAgain(recorded["argv"] as readonly string[], options, (p) => mapAbsolute(laid, p)).map((word) => (laid.evidence !== null && word.startsWith("--evidence-out=") ? `--evidence-in=${laid.evidence}` : word));
  const env = { ...(recorded["env"] as { readonly [name: string]: string }), HOME: laid.base, ...more };
  const { stdout, stderr } = await collect([...tool, ...words, "--no-cache", "--json"], laid, env);
  let text = stdout;
  for (const [original, moved] of laid.moved) text = text.replaceAll(JSON.stringify(moved).slice(1, -1), JSON.stringify(original).slice(1, -1));
  const report = parseJson(text);
  if (report.ok && isJsonObject(report.value)) return ok(report.value);
  return fail([{ ...finding("X07WASM_INCIDENT_RERUN_FAILED", "run", "the rerun gave no report", { stderr: stderr.slice(0, 4096) }), hint: "was the bundle made by another version of this tool?" }]);
}

function collect(command: readonly string[], laid: Laid, env: NodeJS.ProcessEnv): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    const [program, ...words] = command as [string, ...string[]];
    const child = spawn(program, words, { cwd: laid.cwd, env, stdio: "pipe" });
    const [out, err]: [Uint8Array[], Uint8Array[]] = [[], []];
    const text = (chunks: Uint8Array[]): string => Buffer.concat(chunks).toString("utf8");
    child.stdout.on("data", (chunk: Uint8Array) => out.push(chunk));
    child.stderr.on("data", (chunk: Uint8Array) => err.push(chunk));
    child.stdin.on("error", () => {}); // a command that does not read its input closes it
    child.stdin.end(laid.stdin);
    child.on("error", (error) => resolve({ stdout: "", stderr: error.message }));
    child.on("close", () => resolve({ stdout: text(out), stderr: text(err) }));
  });
}

// ---------------------------------------------------------------------------------------------- the comparison

const MAX_DIFFERENCES = 16;

/** Pointers to what differs, in canonical order. */
function differences(expected: JsonValue | undefined, actual: JsonValue | undefined, pointer = "", found: string[] = []): readonly string[] {
  if (found.length >= MAX_DIFFERENCES || text(expected) === text(actual)) return found;
  const objects = isJsonObject(expected) && isJsonObject(actual);
  const lists = isJsonArray(expected as JsonValue) && isJsonArray(actual as JsonValue);
  if (!objects && !lists) {
    found.push(pointer === "" ? "/" : pointer);
    return found;
  }
  const [a, b] = [expected as JsonObject, actual as JsonObject];
  for (const key of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) differences(a[key], b[key], `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`, found);
  return found;
}

function text(value: JsonValue | undefined): string | undefined {
  return value === undefined ? undefined : compact(value);
}

function notReproduced(dir: string, recorded: JsonObject, differs: readonly string[], expected: JsonObject, actual: JsonObject): Diagnostic {
  const flags = isJsonObject(recorded["nondeterminism"]) ? recorded["nondeterminism"] : {};
  const outer = ["uses_os_time", "uses_network"].filter((flag) => flags[flag] === true);
  const version = isJsonObject(recorded["tool"]) ? String(recorded["tool"]["version"]) : "";
  return {
    ...finding("X07WASM_INCIDENT_NOT_REPRODUCED", "run", `the rerun does not end as recorded in ${dir}: ${differs.length} differences, the first at ${differs[0] ?? "/"}`, { differs, expected_exit_code: expected["exit_code"] ?? null, actual_exit_code: actual["exit_code"] ?? null }),
    notes: [`recorded by version ${version}`, ...codesNote(expected, actual)],
    hint: outer.length > 0 ? `the command used what cannot be recorded (${outer.join(", ")}): replay its trace with \`x07-wasm http test\`` : "the machine had a part in it, or this version behaves otherwise",
  };
}

function codesNote(expected: JsonObject, actual: JsonObject): string[] {
  const codes = (outcome: JsonObject): string => (outcome["diagnostics"] as readonly JsonObject[]).map((d) => String(d["code"])).join(", ") || "none";
  return codes(expected) === codes(actual) ? [] : [`recorded codes: ${codes(expected)}; now: ${codes(actual)}`];
}
