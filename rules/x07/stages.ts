// The stages of the embedded compiler as rules: a module is parsed, then checked and lowered, by itself; modules become units of code;
// units become a core module or C. Knows what each stage reads, not which modules a program has.

import { type Diagnostic, fail, json, type JsonValue, many, ok, one, output, rule, type Stage, text, texts, value } from "../../engine/index.ts";
import type { CompileError, IrFunction, Library, MemoryPlan, ModuleDocument, ModuleFacts, ModuleInterface, ModuleObject, Parsed } from "./compiler/index.ts";

type Stages = typeof import("./compiler/index.ts") & { readonly library: Library };

async function compiler(): Promise<Stages> {
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
    const stages = await compiler();
    const { own, known } = readModule(stages, module.text(), interfaces, std);
    return ok({ interface: JSON.stringify(stages.interfaceOf(own, known)), object: JSON.stringify(stages.lowerModule(own, known)) });
  },
});

/** Optimises and encodes modules together. `inline`: the small functions that other units offer. */
export const compileX07 = rule({
  id: "x07.compile",
  version: 3,
  inputs: { objects: many("x07-object"), inline: many("x07-inline") },
  outputs: { code: output("x07-code", "code.bin"), inline: output("x07-inline", "inline.json") },
  async run({ objects, inline }) {
    const stages = await compiler();
    return ok(await codeOf(stages, objects.map((o) => stages.objectOf(o.text())), inline));
  },
});

/** Checks, lowers, optimises and encodes a module that is a unit of its own: what lowerX07 and compileX07 do, with nothing kept between. */
export const moduleX07 = rule({
  id: "x07.module",
  version: 2,
  inputs: { module: one("x07-module"), interfaces: many("x07-interface"), std: texts(), inline: many("x07-inline") },
  outputs: { interface: output("x07-interface", "interface.json"), code: output("x07-code", "code.bin"), inline: output("x07-inline", "inline.json") },
  async run({ module, interfaces, std, inline }) {
    const stages = await compiler();
    const { own, known } = readModule(stages, module.text(), interfaces, std);
    return ok({ interface: JSON.stringify(stages.interfaceOf(own, known)), ...(await codeOf(stages, [stages.lowerModule(own, known)], inline)) });
  },
});

interface Text {
  text(): string;
}

function readModule({ moduleOfDocument, library }: Stages, module: string, interfaces: readonly Text[], std: readonly string[]) {
  const own = moduleOfDocument(JSON.parse(module) as ModuleDocument);
  return { own, known: [...interfaces.map((i) => JSON.parse(i.text()) as ModuleInterface), ...std.flatMap((id) => library.interface(id) ?? [])] };
}

async function codeOf({ compileUnit, outsideOf, library }: Stages, objects: readonly ModuleObject[], inline: readonly Text[]): Promise<{ code: Uint8Array; inline: string }> {
  const { keepUnit, writeUnit } = await import("./compiler/kept-unit.ts");
  const offered = inline.flatMap((i) => JSON.parse(i.text()) as IrFunction[]);
  const unit = compileUnit(objects, outsideOf(offered, library));
  return { code: writeUnit(keepUnit(unit)), inline: JSON.stringify(unit.inline) };
}

/** Units -> one, so that a program of many is linked from few. */
export const gatherX07 = rule({
  id: "x07.gather",
  version: 2,
  inputs: { units: many("x07-code") },
  outputs: { code: output("x07-code", "code.bin") },
  async run({ units }) {
    const { gather, readUnit, writeUnit } = await import("./compiler/kept-unit.ts");
    return ok({ code: writeUnit(gather(units.map((u) => readUnit(u.bytes())))) });
  },
});

/** Units -> a core module that exports x07_solve_v2. `problems` are what is known to be wrong with the program already. */
export const linkX07 = rule({
  id: "x07.link",
  version: 2,
  inputs: { units: many("x07-code"), memory: json<MemoryPlan>(), entry: text(), problems: json<readonly Diagnostic[]>() },
  outputs: { module: output("core-wasm", "module.wasm") },
  async run({ units, memory, entry, problems }) {
    if (problems.length > 0) return fail([...problems]);
    const { linkParts, library } = await compiler();
    const { partOf, readUnit } = await import("./compiler/kept-unit.ts");
    const made = linkParts(units.map((u) => partOf(readUnit(u.bytes()))), library, memory, entry);
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
    const [{ objectsToC }, { objectOf, library }] = await Promise.all([import("./c/index.ts"), compiler()]);
    const made = objectsToC(objects.map((o) => objectOf(o.text())), library);
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

/** The published codes name the stage; never `parse`: by that word a command's exit code tells bad input, and this is a failed compile. */
function stageOf({ code, kind }: CompileError): Stage {
  if (code.startsWith("X07-TYPE-") || code.startsWith("X07-TY-")) return "type";
  if (code.startsWith("X07-") || kind === "Parse" || kind === "Budget") return "lint";
  return kind === "Typing" ? "type" : "lower";
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
    stage: stageOf(e),
    message: e.message,
    data,
    place: { file: e.path, pointer: e.pointer },
    ...(e.hint === undefined ? {} : { hint: e.hint }),
    ...(e.quickfix === undefined ? {} : { quickfix: e.quickfix as unknown as JsonValue }),
  };
}
