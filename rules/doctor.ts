// `doctor`: which tools are there, what is missing and whether that matters. Is told what was found; starts nothing itself.

import type { Diagnostic, GoalAnswer, Severity } from "../engine/index.ts";

/** The tools in the order in which they are asked; `program` is what is looked for on PATH. */
export const DOCTOR_TOOLS = [
  { id: "x07", program: "x07", hint: "install x07 and put it on PATH; without it the embedded compiler is used" },
  { id: "clang", program: "clang", hint: "only the back end c_toolchain_v1 and native component targets need it: install clang" },
  { id: "wasm_ld", program: "wasm-ld", hint: "only the back end c_toolchain_v1 and native component targets need it: install lld" },
  { id: "wasmtime", program: "wasmtime", hint: "modules run without it; install wasmtime to run them in it" },
  { id: "wasm_tools", program: "wasm-tools", hint: "components need it: install wasm-tools, or use --provider embedded" },
  { id: "wit_bindgen", program: "wit-bindgen", hint: "native component targets need it: install wit-bindgen" },
  { id: "wac", program: "wac", hint: "composing components needs it: install wac, or use --provider embedded" },
  { id: "jco", program: "jco", hint: "install @bytecodealliance/jco from npm" },
] as const;

export type DoctorTool = (typeof DOCTOR_TOOLS)[number]["id"];

/** For each tool the first line that it says of its version, or why there is none. */
export type Found = { readonly [tool in DoctorTool]: { readonly line: string } | { readonly missing: string } };

/** What doctor has to know besides: without a compiler of its own, the package cannot do without x07. */
export interface DoctorSetting {
  readonly embeddedCompiler: boolean;
}

export function doctorAnswer(found: Found, setting: DoctorSetting): GoalAnswer {
  const lines = Object.fromEntries(DOCTOR_TOOLS.map(({ id }) => [id, lineOf(found, id)]));
  return {
    result: lines,
    diagnostics: DOCTOR_TOOLS.flatMap(({ id, program, hint }) => missing(found, id, program, hint, setting)),
    inputs: [],
    outputs: [],
    nondeterminism: { uses_os_time: false, uses_network: false, uses_process: true },
    tool: metaTools(found),
    human: DOCTOR_TOOLS.map(({ id, program }) => `${program.padEnd(12)} ${lineOf(found, id) ?? "not found"}`),
  };
}

function lineOf(found: Found, id: DoctorTool): string | null {
  const tool = found[id];
  return "line" in tool ? tool.line : null;
}

function missing(found: Found, id: DoctorTool, program: string, hint: string, setting: DoctorSetting): Diagnostic[] {
  const tool = found[id];
  if ("line" in tool) return [];
  const severity: Severity = id === "x07" && !setting.embeddedCompiler ? "error" : "warning";
  return [{ code: `X07WASM_TOOL_MISSING_${id.toUpperCase()}`, severity, stage: "run", message: `${program}: ${tool.missing}`, hint }];
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
