// A small tool with a few goals, and a way to run command lines of it without a process.
import { runCli } from "../../../engine/cli.ts";
import type { Answer, CliRequest } from "../../../engine/cli.ts";
import type { OptionValues } from "../../../engine/goal.ts";
import type { Command, EngineOptions } from "../../../engine/option.ts";
import type { App } from "../../../engine/goal.ts";

export const app: App = {
  name: "x07-wasm",
  version: "0.3.0",
  about: "Builds and runs",
  codePrefix: "X07WASM",
  locationKind: "x07ast",
  parseReport: { schemaVersion: "x07.wasm.cli.parse.report@0.1.0", command: "x07-wasm.cli.parse", schemaFile: "x07-wasm.cli.parse.report.schema.json" },
  schemaGoal: "doctor",
};

function report(name: string): Command["report"] {
  const dotted = name.replaceAll(" ", ".");
  return { schemaVersion: `x07.wasm.${dotted}.report@0.1.0`, command: `x07-wasm.${dotted}`, schemaFile: `x07-wasm.${dotted}.report.schema.json` };
}

function command(name: string, options: Command["options"], rest: Partial<Command> = {}): Command {
  return { name, about: `About ${name}`, options, report: report(name), ...rest };
}

export const commands: readonly Command[] = [
  command("build", [
    { long: "project", key: "project", kind: "PATH", about: "The project", default: "x07.json" },
    { long: "profile", key: "profile.id", kind: "STR", about: "Profile id", conflicts: ["profile-file"] },
    { long: "profile-file", key: "profile.file", kind: "PATH", about: "Profile file" },
    { long: "check-exports", key: "exports.check", kind: "BOOL", about: "Check", default: true },
    { long: "no-manifest", key: "manifest.none", kind: "flag", about: "No manifest" },
  ], { examples: ["build --project x07.json"] }),
  command("run", [
    { long: "wasm", key: "wasm", kind: "PATH", about: "The module", required: true },
    { long: "input-hex", key: "input.hex", kind: "BYTES_HEX", about: "Input" },
    { long: "max-fuel", key: "fuel.max", kind: "U64", about: "Fuel" },
    { long: "max-table-elements", key: "table.max", kind: "U32", about: "Table" },
  ]),
  command("doctor", []),
  command("component build", [{ long: "emit", key: "emit", kind: "ENUM", values: ["solve", "http", "cli", "all"], default: "all", about: "What" }]),
  command("component compose", [{ long: "adapter", key: "adapter", kind: "STR", aliases: ["target"], about: "Adapter", required: true }]),
  command("component profile validate", [{ long: "profile", key: "profile.id", kind: "STR", multiple: true, about: "Filter" }]),
  command("cli specrows check", [], { aliases: ["cli validate-specrows"] }),
  command("query", [], { question: true }),
];

export const quietAnswer: Answer = {
  result: { fine: true },
  diagnostics: [],
  inputs: [],
  outputs: [],
  nondeterminism: { uses_os_time: false, uses_network: false, uses_process: false },
};

export interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly asked: { readonly name: string; readonly options: OptionValues; readonly engine: EngineOptions } | undefined;
}

/** Runs one command line; `answer` is what the goal gives. */
export async function tell(words: readonly string[], answer: Answer = quietAnswer, more: Partial<CliRequest> = {}): Promise<Told> {
  let out = "";
  let err = "";
  let asked: Told["asked"];
  const text = (data: string | Uint8Array): string => (typeof data === "string" ? data : Buffer.from(data).toString("latin1"));
  const code = await runCli({
    app,
    commands,
    argv: ["x07-wasm", ...words],
    cwd: "/work",
    stdout: { write: (data) => (out += text(data)) },
    stderr: { write: (data) => (err += text(data)) },
    elapsed: () => 7,
    buildGoal: async (goal, options, engine) => {
      asked = { name: goal.name, options, engine };
      return answer;
    },
    schemaText: async (file) => `schema of ${file}\n`,
    specrows: async () => ({ rows: [] }),
    ...more,
  });
  return { code, out, err, asked };
}
