// Module by module, each a unit of code and written down and read again, gives the answers and the mistakes that the program in one
// piece gives, and its own bytes whatever the order of the parts.

import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { compileUnit, type IrFunction, linkParts, lower, outsideOf, type Part } from "../../../rules/x07/compiler/index.ts";
import { keep, takeOut } from "../../../rules/x07/compiler/wasm/symbols.ts";
import { bytesOf, compileFiles, instantiate, library, loader, MEMORY } from "./rig.ts";

interface Vector {
  readonly name: string;
  readonly program: { readonly modules: { readonly [path: string]: unknown } };
  readonly project: { readonly entry: string; readonly module_roots: readonly string[] };
  readonly cases?: readonly { readonly input_b64: string }[];
}

const folder = new URL("../../cases/x07/", import.meta.url);
const vectors = readdirSync(folder).map((f) => JSON.parse(readFileSync(new URL(f, folder), "utf8")) as Vector);

function throughText<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** A unit for each module. */
function apart(v: Vector): ReturnType<typeof linkParts> {
  const { modules } = v.program;
  const lowered = lower({ entry: { path: v.project.entry, bytes: bytesOf(modules[v.project.entry]) }, load: loader(modules, v.project.module_roots), library });
  if (!lowered.ok) return lowered;
  const parts: Part[] = [];
  const inline: IrFunction[] = [];
  for (const object of throughText(lowered.objects)) {
    const unit = throughText(unitOf(object, inline));
    inline.push(...unit.inline);
    parts.push({ functions: takeOut(unit.code), checked: unit.checked });
  }
  const made = linkParts(parts, library, MEMORY, v.project.entry);
  expect(linkParts(parts.reverse(), library, MEMORY, v.project.entry)).toEqual(made);
  return made;
}

function unitOf(object: Parameters<typeof compileUnit>[0][number], inline: readonly IrFunction[]) {
  const { functions, checked, inline: offered } = compileUnit([object], outsideOf(inline, library));
  return { code: keep(functions), checked, inline: offered };
}

test.each(vectors.map((v) => [v.name, v] as const))("%s", (_name, v) => {
  const made = apart(v);
  const whole = compileFiles(v.program.modules, v.project.entry, v.project.module_roots);
  if (!made.ok || !whole.ok) return expect(made.ok ? [] : made.errors).toEqual(whole.ok ? [] : throughText(whole.errors));
  const [a, b] = [instantiate(made.wasm), instantiate(whole.wasm)];
  for (const c of v.cases ?? []) {
    const input = Buffer.from(c.input_b64, "base64");
    expect(a.run(input)).toEqual(b.run(input));
  }
});
