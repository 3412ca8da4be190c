// `doctor`: every tool: what needs it, whether it is there and within its pin, which provider does the work, how to install it.
// Is told what was found; starts nothing itself.

import type { Diagnostic, GoalAnswer, Severity } from "../engine/index.ts";

interface DoctorRow {
  readonly id: string;
  /** What is looked for on PATH. */
  readonly program: string;
  readonly neededBy: string;
  /** What does its work where it is not installed; undefined: nothing does. */
  readonly embedded: string | undefined;
  readonly install: string;
}

/** The tools in the order in which they are asked. */
export const DOCTOR_TOOLS = [
  { id: "x07", program: "x07", neededBy: "build with --provider native", embedded: "the embedded compiler", install: "from its vendor; nothing here needs it" },
  { id: "clang", program: "clang", neededBy: "--codegen-backend c_toolchain_v1", embedded: "@yowasp/clang, where it is installed from npm", install: "apt-get install clang, or npm install @yowasp/clang" },
  { id: "wasm_ld", program: "wasm-ld", neededBy: "--codegen-backend c_toolchain_v1", embedded: "@yowasp/clang, where it is installed from npm", install: "apt-get install lld, or npm install @yowasp/clang" },
  { id: "wasmtime", program: "wasmtime", neededBy: "--host wasmtime", embedded: "the V8 host", install: "cargo install wasmtime-cli" },
  { id: "wasm_tools", program: "wasm-tools", neededBy: "component build", embedded: "wasm-tools in jco-transpile", install: "cargo install wasm-tools" },
  { id: "wit_bindgen", program: "wit-bindgen", neededBy: "component build with c_toolchain_v1", embedded: undefined, install: "cargo install wit-bindgen-cli" },
  { id: "wac", program: "wac", neededBy: "component compose, component targets", embedded: "the embedded composer and checker", install: "cargo install wac-cli" },
  { id: "jco", program: "jco", neededBy: "nothing: component run and serve have a host of their own", embedded: "the V8 host", install: "npm install -g @bytecodealliance/jco" },
] as const satisfies readonly DoctorRow[];

export type DoctorTool = (typeof DOCTOR_TOOLS)[number]["id"];

/** The first line that a tool says of its version, or why there is none; and what the toolchain profile demands. */
export type FoundLine = ({ readonly line: string } | { readonly missing: string }) & { readonly pin?: string | undefined; readonly pinned?: boolean };
export type Found = { readonly [tool in DoctorTool]: FoundLine };

/** What doctor has to know besides: without a compiler of its own, the package cannot do without x07. */
export interface DoctorSetting {
  readonly embeddedCompiler: boolean;
}

export function doctorAnswer(found: Found, setting: DoctorSetting): GoalAnswer {
  return {
    result: Object.fromEntries(DOCTOR_TOOLS.map(({ id }) => [id, lineOf(found, id)])),
    diagnostics: DOCTOR_TOOLS.map((row) => finding(row, found[row.id], setting)),
    inputs: [],
    outputs: [],
    nondeterminism: { uses_os_time: false, uses_network: false, uses_process: true },
    tool: metaTools(found),
    human: DOCTOR_TOOLS.flatMap((row) => humanLines(row, found[row.id])),
  };
}

function lineOf(found: Found, id: DoctorTool): string | null {
  const tool = found[id];
  return "line" in tool ? tool.line : null;
}

/** What does the work with `--provider auto`. */
function provider(row: DoctorRow, tool: FoundLine): "native" | "embedded" | "none" {
  if ("line" in tool && tool.pinned !== false) return "native";
  return row.embedded === undefined ? "none" : "embedded";
}

function factsOf(row: DoctorRow, tool: FoundLine): NonNullable<Diagnostic["data"]> {
  return { tool: row.program, needed_by: row.neededBy, provider: provider(row, tool), found: "line" in tool ? tool.line : null, pin: tool.pin ?? null, embedded: row.embedded ?? null, install: row.install };
}

function finding(row: DoctorRow, tool: FoundLine, setting: DoctorSetting): Diagnostic {
  const data = factsOf(row, tool);
  const used = provider(row, tool) === "embedded" ? `${row.embedded} is used instead` : `there is no other for ${row.neededBy}`;
  if ("missing" in tool) {
    const severity: Severity = row.id === "x07" && !setting.embeddedCompiler ? "error" : "warning";
    return { code: `X07WASM_TOOL_MISSING_${row.id.toUpperCase()}`, severity, stage: "run", message: `${row.program}: ${tool.missing}; ${used}`, data, hint: `to have it: ${row.install}` };
  }
  if (tool.pinned === false) return { code: "X07WASM_TOOL_NOT_PINNED", severity: "info", stage: "run", message: `${row.program}: ${tool.line} does not satisfy the pin ${tool.pin ?? ""}; ${used}`, data, hint: "install a version that the toolchain profile allows, or use --provider native" };
  return { code: "X07WASM_TOOL_FOUND", severity: "hint", stage: "run", message: `${row.program}: ${tool.line}`, data };
}

function humanLines(row: DoctorRow, tool: FoundLine): string[] {
  const said = "line" in tool ? tool.line : `not found (${tool.missing})`;
  const used = provider(row, tool);
  const by = used === "native" ? "installed" : used === "embedded" ? row.embedded : "nothing";
  return [`${row.program.padEnd(12)} ${said}`, `${"".padEnd(12)} pin ${tool.pin ?? "none"}; used: ${by}; for: ${row.neededBy}; install: ${row.install}`];
}

/** Reports have room for these three beside the tool's own name. */
function metaTools(found: Found): { [name: string]: string } {
  const tools: { [name: string]: string } = {};
  for (const id of ["clang", "wasm_ld", "wasmtime"] as const) {
    const line = lineOf(found, id);
    if (line !== null) tools[id] = line;
  }
  return tools;
}
