// Module by module, each a unit of code and written down and read again, gives the answers and the mistakes that the program in one
// piece gives, and its own bytes whatever the order of the parts.

import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { compileUnit, type IrFunction, linkParts, lower, outsideOf } from "../../../rules/x07/compiler/index.ts";
import { gather, type KeptUnit, keepUnit, partOf, readUnit, writeUnit } from "../../../rules/x07/compiler/kept-unit.ts";
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

function throughBytes(unit: KeptUnit): KeptUnit {
  return readUnit(writeUnit(unit));
}

/** A unit for each module. */
function apart(v: Vector): ReturnType<typeof linkParts> {
  const { modules } = v.program;
  const lowered = lower({ entry: { path: v.project.entry, bytes: bytesOf(modules[v.project.entry]) }, load: loader(modules, v.project.module_roots), library });
  if (!lowered.ok) return lowered;
  const units: KeptUnit[] = [];
  const inline: IrFunction[] = [];
  for (const object of throughText(lowered.objects)) {
    const unit = compileUnit([object], outsideOf(inline, library));
    inline.push(...throughText(unit.inline));
    units.push(throughBytes(keepUnit(unit)));
  }
  const linked = (all: readonly KeptUnit[]) => linkParts(all.map(partOf), library, MEMORY, v.project.entry);
  const made = linked(units);
  expect(linked([...units].reverse())).toEqual(made);
  expect(linked([throughBytes(gather(units.slice(1))), ...units.slice(0, 1)])).toEqual(made);
  expect(linked([throughBytes(gather([gather(units.slice(0, 2)), gather([...units.slice(2)].reverse())]))])).toEqual(made);
  return made;
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
