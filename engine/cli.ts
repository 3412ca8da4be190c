// One command line from words to exit code: parse, run the goal, compose the report, write it where it belongs. Knows nothing of how goals are built.

import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { machineFault, parseArgv, scanRaw } from "./argv.ts";
import type { ArgumentStage, Parsed } from "./argv.ts";
import { fail, ok } from "./diagnostic.ts";
import type { Diagnostic, Result } from "./diagnostic.ts";
import type { App, GoalAnswer, OptionValues } from "./goal.ts";
import { makeDirs, namesStream } from "./host/disk.ts";
import { canonical } from "./lib/canonical-json.ts";
import type { JsonValue } from "./lib/canonical-json.ts";
import type { Command, EngineOptions } from "./option.ts";
import { composeReport, diagnosticsText, reportText } from "./report.ts";
import type { Emission, Report } from "./report.ts";

/** A goal's answer, with an exit code of its own where the command has one. */
export type Answer = GoalAnswer & { readonly exitCode?: number };

export interface Sink {
  write(data: string | Uint8Array): void;
}

export interface CliRequest {
  readonly app: App;
  readonly commands: readonly Command[];
  /** All words, the program's name as invoked first. */
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Milliseconds since the process started. */
  readonly elapsed: () => number;
  readonly buildGoal: (command: Command, options: OptionValues, engine: EngineOptions) => Promise<Answer>;
  /** The JSON Schema text of a report, by the file name that its goal states. */
  readonly schemaText: (schemaFile: string) => Promise<string>;
  readonly specrows: () => Promise<JsonValue>;
  /** Says what is wrong with a finished report; given when reports are to be checked at run time. */
  readonly checkReport?: (schemaFile: string, report: JsonValue) => Promise<readonly Diagnostic[]>;
}

type ParsedLine = Extract<Parsed, { kind: "parsed" }>;

/** Does what the words say and returns the exit code of the process. */
export async function runCli(request: CliRequest): Promise<number> {
  const parsed = parseArgv(request.app.name, request.commands, request.argv.slice(1));
  switch (parsed.kind) {
    case "error":
      return argumentError(request, parsed.stage, parsed.message);
    case "version":
      request.stdout.write(`${request.app.name} ${request.app.version}\n`);
      return 0;
    case "parsed":
      return runParsed(request, parsed);
    default:
      return showHelp(request, parsed);
  }
}

async function showHelp(request: CliRequest, asked: Extract<Parsed, { kind: "help" | "completion-script" | "completion-words" }>): Promise<number> {
  const help = await import("./help.ts");
  const { app, commands } = request;
  if (asked.kind === "help") request.stdout.write(await help.helpText(app, commands, asked.path));
  else if (asked.kind === "completion-script") request.stdout.write(help.completionScript(app));
  else request.stdout.write(help.completionWords(commands, asked.words).map((word) => `${word}\n`).join(""));
  return 0;
}

async function runParsed(request: CliRequest, parsed: ParsedLine): Promise<number> {
  const { machine } = parsed;
  if (machine.specrows) {
    request.stdout.write(canonical(await request.specrows()));
    return 0;
  }
  if (machine.schema || machine.schemaId) return showSchema(request, parsed);
  const fault = machineFault(machine);
  if (fault !== undefined) return argumentError(request, "machine_args", fault);
  if (parsed.command === undefined) return argumentError(request, "missing_command", "missing command (try --help)");
  return runGoal(request, parsed, parsed.command);
}

async function showSchema(request: CliRequest, parsed: ParsedLine): Promise<number> {
  const { machine } = parsed;
  if (machine.json !== undefined) return abort(request, "--json-schema and --json-schema-id print no report: leave --json out");
  const command = parsed.command ?? request.commands.find((c) => c.name === request.app.schemaGoal);
  if (command === undefined) return abort(request, `there is no goal '${request.app.schemaGoal}'`);
  const text = machine.schema ? await request.schemaText(command.report.schemaFile) : `${command.report.schemaVersion}\n`;
  return deliver(request, text, { stdout: !machine.quiet, pretty: false, file: machine.reportOut }, 0);
}

// ---------------------------------------------------------------------------------------------- goals

async function runGoal(request: CliRequest, parsed: ParsedLine, command: Command): Promise<number> {
  const { machine } = parsed;
  const answer = await request.buildGoal(command, parsed.options, parsed.engine);
  const report = await finishedReport(request, command, answer);
  if (!report.ok) return abort(request, report.error);
  if (machine.json === undefined) return speak(request, command, answer, report.value);
  const emission = { stdout: !machine.quiet, pretty: machine.json === "pretty", file: machine.reportOut };
  return deliver(request, reportText(report.value.report.value, emission), emission, report.value.report.exitCode);
}

interface Finished {
  readonly report: Report;
  readonly diagnostics: readonly Diagnostic[];
}

/** Composes the report; what is to happen after it (an incident bundle) may still add warnings to it. */
async function finishedReport(request: CliRequest, command: Command, answer: Answer): Promise<Result<Finished, string>> {
  let diagnostics = answer.diagnostics;
  let report = compose(request, command, answer, diagnostics);
  if (answer.afterReport !== undefined) {
    const added = answer.afterReport(new TextEncoder().encode(canonical(report.value)));
    if (added.length > 0) {
      diagnostics = [...diagnostics, ...added];
      report = compose(request, command, answer, diagnostics);
    }
  }
  const faults = (await request.checkReport?.(command.report.schemaFile, report.value)) ?? [];
  if (faults.length > 0) return fail(`internal error: the report of '${command.name}' breaks its schema\n${diagnosticsText(faults)}`);
  return ok({ report, diagnostics });
}

function compose(request: CliRequest, command: Command, answer: Answer, diagnostics: readonly Diagnostic[]): Report {
  const meta = { ...answer, argv: request.argv, cwd: request.cwd, elapsedMs: request.elapsed() };
  return composeReport(request.app, command.report, answer.result, diagnostics, meta, answer.exitCode);
}

/** Without --json: the goal's own lines and bytes, and the diagnostics in readable form. */
function speak(request: CliRequest, command: Command, answer: Answer, { report, diagnostics }: Finished): number {
  if (report.ok && answer.stdout !== undefined) request.stdout.write(answer.stdout);
  if (answer.passOn !== undefined) {
    request.stdout.write(answer.passOn.stdout);
    request.stderr.write(answer.passOn.stderr);
  }
  const lines = (answer.human ?? []).map((line) => `${line}\n`).join("");
  if (lines !== "") (command.question ? request.stdout : request.stderr).write(lines);
  // Hints are for machines: what they say is in the goal's own lines.
  const findings = diagnosticsText(diagnostics.filter((d) => d.severity !== "hint"));
  if (findings !== "") request.stderr.write(findings);
  return report.exitCode;
}

// ---------------------------------------------------------------------------------------------- errors

/** People always get the text; machines get a report where the raw words ask for one, always as one canonical line. */
function argumentError(request: CliRequest, stage: ArgumentStage, message: string): number {
  const { app } = request;
  request.stderr.write(`${message}\n`);
  const diagnostic: Diagnostic = { code: `${app.codePrefix}_CLI_ARGS_INVALID`, severity: "error", stage: "parse", message, data: { stage } };
  const nothing = { uses_os_time: false, uses_network: false, uses_process: false };
  const meta = { argv: request.argv, cwd: request.cwd, elapsedMs: request.elapsed(), inputs: [], outputs: [], nondeterminism: nothing };
  const report = composeReport(app, app.parseReport, { stage }, [diagnostic], meta);
  const raw = scanRaw(request.argv.slice(1));
  if (!raw.json && raw.reportOut === undefined) return report.exitCode;
  const emission = { stdout: raw.json && !raw.quiet, pretty: false, file: raw.reportOut };
  return deliver(request, reportText(report.value, emission), emission, report.exitCode);
}

function abort(request: CliRequest, message: string): number {
  request.stderr.write(`${request.app.name}: ${message}\n`);
  return 2;
}

// ---------------------------------------------------------------------------------------------- delivery

/** The file comes first: when it cannot be written nothing is printed, so nobody takes the run for reported. */
function deliver(request: CliRequest, text: string, emission: Emission, exitCode: number): number {
  if (emission.file !== undefined) {
    const written = writeWhole(request.cwd, emission.file, text);
    if (!written.ok) return abort(request, `cannot write the report to ${emission.file}: ${written.error}`);
  }
  if (emission.stdout) request.stdout.write(text);
  return exitCode;
}

/** Writes a file in one step; devices and pipes, which cannot be renamed over, are written directly. */
function writeWhole(cwd: string, path: string, text: string): Result<undefined, string> {
  if (path === "-") return fail("`-` is not a file; --json prints on stdout already");
  const target = resolve(cwd, path);
  try {
    makeDirs(dirname(target));
    const there = statSync(target, { throwIfNoEntry: false });
    if (!namesStream(target) && (there === undefined || there.isFile())) replaceFile(target, text);
    else writeFileSync(target, text);
    return ok(undefined);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function replaceFile(target: string, text: string): void {
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
}
