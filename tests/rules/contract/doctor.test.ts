// What doctor makes of the tools that were found.
import { expect, test } from "vitest";
import { exitCodeOf } from "../../../engine/report.ts";
import { DOCTOR_TOOLS, doctorAnswer } from "../../../rules/doctor.ts";
import type { Found } from "../../../rules/doctor.ts";
import { app } from "../../engine/cli/rig.ts";

const nothing = Object.fromEntries(DOCTOR_TOOLS.map(({ id }) => [id, { missing: "not on PATH" }])) as unknown as Found;
const measured: Found = { ...nothing, x07: { line: "x07 0.2.17" }, clang: { line: "Debian clang version 14.0.6" }, wasm_ld: { line: "Debian LLD 14.0.6" } };

test("the measured machine: what is there is shown, what is missing is a warning", () => {
  const answer = doctorAnswer(measured, { embeddedCompiler: true });
  expect(answer.result).toEqual({ clang: "Debian clang version 14.0.6", jco: null, wac: null, wasm_ld: "Debian LLD 14.0.6", wasm_tools: null, wasmtime: null, wit_bindgen: null, x07: "x07 0.2.17" });
  expect(answer.diagnostics.filter((d) => d.severity !== "hint").map((d) => [d.code, d.severity])).toEqual(["WASMTIME", "WASM_TOOLS", "WIT_BINDGEN", "WAC", "JCO"].map((t) => [`X07WASM_TOOL_MISSING_${t}`, "warning"]));
  expect(exitCodeOf(app, answer.diagnostics)).toBe(0);
  expect(answer.tool).toEqual({ clang: "Debian clang version 14.0.6", wasm_ld: "Debian LLD 14.0.6" });
  expect(answer.nondeterminism.uses_process).toBe(true);
});

test("without x07 it depends on whether there is a compiler in the package", () => {
  expect(exitCodeOf(app, doctorAnswer(nothing, { embeddedCompiler: true }).diagnostics)).toBe(0);
  const alone = doctorAnswer(nothing, { embeddedCompiler: false });
  expect(alone.diagnostics[0]).toMatchObject({ code: "X07WASM_TOOL_MISSING_X07", severity: "error", stage: "run" });
  expect(exitCodeOf(app, alone.diagnostics)).toBe(1);
  expect(alone.diagnostics.every((d) => d.hint !== undefined)).toBe(true);
});

test("each tool says what needs it, what is used and how to install it", () => {
  const found: Found = { ...nothing, wac: { line: "wac-cli 0.8.0", pin: "=0.9.0", pinned: false }, wasm_tools: { line: "wasm-tools 1.245.1", pin: "=1.245.1", pinned: true } };
  const facts = doctorAnswer(found, { embeddedCompiler: true }).diagnostics.map((d) => d.data);
  expect(facts.map((f) => [f?.["tool"], f?.["provider"]])).toEqual([["x07", "embedded"], ["clang", "embedded"], ["wasm-ld", "embedded"], ["wasmtime", "embedded"], ["wasm-tools", "native"], ["wit-bindgen", "none"], ["wac", "embedded"], ["jco", "embedded"]]);
  expect(facts.every((f) => typeof f?.["needed_by"] === "string" && typeof f["install"] === "string")).toBe(true);
  expect(facts[6]).toMatchObject({ found: "wac-cli 0.8.0", pin: "=0.9.0" });
});
