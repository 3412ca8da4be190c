// The stages of the embedded compiler as rules: a module is parsed, then checked and lowered, by itself; modules become units of code;
// units become a core module or C. Knows what each stage reads, not which modules a program has.

import { type Diagnostic, fail, json, type JsonValue, many, ok, one, output, rule, text, texts, value } from "../../engine/index.ts";
import type { Checked, CompileError, IrFunction, Library, MemoryPlan, ModuleDocument, ModuleFacts, ModuleInterface, ModuleObject, Parsed } from "./compiler/index.ts";
import type { KeptCode } from "./compiler/wasm/symbols.ts";

async function compiler(): Promise<typeof import("./compiler/index.ts") & { readonly library: Library }> {
  const [stages, { stdLibrary }] = await Promise.all([import("./compiler/index.ts"), import("./std.ts")]);
  return { ...stages, library: await stdLibrary() };
}

/** One source -> the module without its white space, and what it imports and names. Syntax errors are its result: all are told at once. */
export const parseX07 = rule({
  id: "x07.parse",
  version: 1,
  inputs: { source: one("file"), id: text() },
  outputs: { module: output("x07-module", "module.json"), facts: value<Parsed<ModuleFacts>>("x07-facts") },
  label: ({ id }) => id,
  async run({ source, id }) {
    const { parseModule, documentOf, factsOf } = await import("./compiler/index.ts");
    const parsed = parseModule(id, source.name, source.bytes(), id === "main" ? "entry" : "module");
    if (!parsed.ok) return ok({ module: "", facts: JSON.stringify(parsed) });
    return ok({ module: JSON.stringify(documentOf(parsed.module)), facts: JSON.stringify({ ok: true, value: factsOf(parsed.module, parsed.names) }) });
  },
});

/** Checks and lowers one module against the interfaces of those it names; `std` are the ids of the std modules among them. */
export const lowerX07 = rule({
  id: "x07.lower",
  version: 1,
  inputs: { module: one("x07-module"), interfaces: many("x07-interface"), std: texts() },
  outputs: { interface: output("x07-interface", "interface.json"), object: output("x07-object", "object.json") },
  async run({ module, interfaces, std }) {
    const { moduleOfDocument, lowerModule, interfaceOf, library } = await compiler();
    const own = moduleOfDocument(JSON.parse(module.text()) as ModuleDocument);
    const known = [...interfaces.map((i) => JSON.parse(i.text()) as ModuleInterface), ...std.flatMap((id) => library.interface(id) ?? [])];
    return ok({ interface: JSON.stringify(interfaceOf(own, known)), object: JSON.stringify(lowerModule(own, known)) });
  },
});

/** A unit as it is kept between stages. */
interface KeptUnit {
  readonly code: KeptCode;
  readonly checked: readonly Checked[];
}

/** Optimises and encodes modules together. `inline`: the small functions that other units offer. */
export const compileX07 = rule({
  id: "x07.compile",
  version: 1,
  inputs: { objects: many("x07-object"), inline: many("x07-inline") },
  outputs: { code: output("x07-code", "code.json"), inline: output("x07-inline", "inline.json") },
  async run({ objects, inline }) {
    const { compileUnit, outsideOf, library } = await compiler();
    const { keep } = await import("./compiler/wasm/symbols.ts");
    const offered = inline.flatMap((i) => JSON.parse(i.text()) as IrFunction[]);
    const unit = compileUnit(objects.map((o) => JSON.parse(o.text()) as ModuleObject), outsideOf(offered, library));
    const kept: KeptUnit = { code: keep(unit.functions), checked: unit.checked };
    return ok({ code: JSON.stringify(kept), inline: JSON.stringify(unit.inline) });
  },
});

/** Units -> a core module that exports x07_solve_v2. `problems` are what is known to be wrong with the program already. */
export const linkX07 = rule({
  id: "x07.link",
  version: 1,
  inputs: { units: many("x07-code"), memory: json<MemoryPlan>(), entry: text(), problems: json<readonly Diagnostic[]>() },
  outputs: { module: output("core-wasm", "module.wasm") },
  async run({ units, memory, entry, problems }) {
    if (problems.length > 0) return fail([...problems]);
    const { linkParts, library } = await compiler();
    const { takeOut } = await import("./compiler/wasm/symbols.ts");
    const parts = units.map((u) => {
      const { code, checked } = JSON.parse(u.text()) as KeptUnit;
      return { functions: takeOut(code), checked };
    });
    const made = linkParts(parts, library, memory, entry);
    return made.ok ? ok({ module: made.wasm }) : fail(compileFailed(made.errors));
  },
});

/** The objects of a program -> freestanding C and its header. */
export const printX07 = rule({
  id: "x07.emit-c",
  version: 2,
  inputs: { objects: many("x07-object"), problems: json<readonly Diagnostic[]>() },
  outputs: { c: output("c-source", "program.c"), header: output("c-header", "x07.h") },
  async run({ objects, problems }) {
    if (problems.length > 0) return fail([...problems]);
    const [{ objectsToC }, { stdLibrary }] = await Promise.all([import("./c/index.ts"), import("./std.ts")]);
    const made = objectsToC(objects.map((o) => JSON.parse(o.text()) as ModuleObject), await stdLibrary());
    return made.ok ? ok({ c: made.c, header: made.header }) : fail(compileFailed(made.errors));
  },
});

/** What a build with these mistakes reports: the failed build first, then each mistake with its place. */
export function compileFailed(errors: readonly CompileError[]): Diagnostic[] {
  return [buildFailed(errors.map((e) => `compile failed: ${e.kind}: ${e.message}`)), ...errors.map(errorDiagnostic)];
}

/** The diagnostic every failed x07 build starts with, whichever provider ran. */
export function buildFailed(lines: readonly string[]): Diagnostic {
  return { code: "X07WASM_X07_BUILD_FAILED", severity: "error", stage: "codegen", message: "x07 build failed (code=2)", data: { stderr: lines.map((l) => `${l}\n`).join("") }, hint: "the errors of the language follow, each with its place" };
}

function errorDiagnostic(e: CompileError): Diagnostic {
  const data: { [key: string]: string } = { kind: e.kind };
  if (e.expected !== undefined) data["expected"] = e.expected;
  if (e.found !== undefined) data["found"] = e.found;
  if (e.expression !== undefined) data["expression"] = e.expression;
  if (e.nearest !== undefined) data["nearest"] = e.nearest;
  return {
    code: e.code,
    severity: "error",
    stage: e.kind === "Parse" || e.kind === "Budget" ? "parse" : e.kind === "Typing" ? "type" : "lower",
    message: e.message,
    data,
    place: { file: e.path, pointer: e.pointer },
    ...(e.hint === undefined ? {} : { hint: e.hint }),
    ...(e.quickfix === undefined ? {} : { quickfix: e.quickfix as unknown as JsonValue }),
  };
}
