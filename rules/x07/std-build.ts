// Compiles the std modules, for the package that is built from these sources and for runs from the sources themselves. Knows the stages
// and the parts that are kept, not where.

import { readdirSync } from "node:fs";
import { type Checked, compileUnit, factsOf, interfaceOf, interfacesNeeded, type Library, lowerModule, type ModuleFacts, type ModuleInterface, outsideOf, parseModule } from "./compiler/index.ts";
import { ownerOf, RUNTIME_UNIT } from "./compiler/library.ts";
import { improveAlone, LARGE } from "./compiler/optimise/index.ts";
import { runtimeFunction, runtimeNames } from "./compiler/runtime/index.ts";
import { type CodeHead, keep } from "./compiler/wasm/kept-code.ts";
import { type CodeFunction, SymbolicEncoder } from "./compiler/wasm/symbols.ts";
import { libraryOf, type StdFind, stdSource } from "./std.ts";

/** What is kept of a module. Functions are texts of their own, so that a reader parses only those it needs. */
export interface StdModule {
  readonly head: { readonly facts: ModuleFacts; readonly interface: ModuleInterface; readonly forbidden: readonly Checked[] };
  readonly code: { readonly head: CodeHead; readonly base64: string };
  readonly inline: { readonly [name: string]: string };
  readonly object: readonly string[];
}

/** Compiles a module, and what it imports, when it is first asked for. */
export function compileOnDemand(): StdFind {
  const made = new Map<string, StdModule | undefined>();
  const find: StdFind = (id) => {
    if (!made.has(id)) made.set(id, id === RUNTIME_UNIT ? runtimeModule() : stdModule(id, library));
    const m = made.get(id);
    return m === undefined ? undefined : { head: () => m.head, code: () => m.code, inline: () => m.inline, object: () => m.object };
  };
  const library = libraryOf(find, stdIds);
  return find;
}

function stdModule(id: string, library: Library): StdModule | undefined {
  const source = stdSource(id);
  const parsed = source === undefined ? undefined : parseModule(id, source.path, source.bytes, "module");
  if (parsed === undefined || !parsed.ok) return undefined;
  const { module } = parsed;
  const facts = factsOf(module, parsed.names);
  const needs = interfacesNeeded(facts, (i) => (i === id ? facts : library.facts(i))).flatMap((i) => library.interface(i) ?? []);
  const object = lowerModule(module, needs);
  const outside = outsideOf([], library);
  const unit = compileUnit([object], (name) => (ownerOf(name) === id ? undefined : outside(name)), LARGE);
  const inline: { [name: string]: string } = {};
  for (const f of unit.inline) inline[f.name] = JSON.stringify(f);
  const head = { facts, interface: interfaceOf(module, needs), forbidden: forbidden(object.functions, (name) => ownerOf(name) !== id && library.checked(name) !== undefined) };
  return { head, code: inText(unit.functions), inline, object: object.functions.map((f) => JSON.stringify(f)) };
}

function inText(functions: readonly CodeFunction[]): StdModule["code"] {
  const { head, bytes } = keep(functions);
  return { head, base64: Buffer.from(bytes).toString("base64") };
}

/** The functions that must not be reached, and those that reach them: they need another world. */
function forbidden(functions: readonly Checked[], elsewhere: (name: string) => boolean): Checked[] {
  const found = new Set<string>();
  const leads = (f: Checked): boolean => f.faults.length > 0 || f.needs.some((n) => found.has(n) || elsewhere(n));
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const f of functions) if (!found.has(f.name) && leads(f)) found.add(f.name);
  }
  return functions.filter((f) => found.has(f.name)).map(({ name, path, faults, needs }) => ({ name, path, faults, needs }));
}

function runtimeModule(): StdModule {
  const encoder = new SymbolicEncoder();
  const functions = runtimeNames().flatMap((name) => {
    const f = runtimeFunction(name);
    return f === undefined ? [] : [{ ...encoder.encode(improveAlone(f)), name }];
  });
  const nothing = { id: RUNTIME_UNIT, path: "", imports: [] };
  return { head: { facts: { ...nothing, mentions: [], generic: false }, interface: { ...nothing, exports: [], functions: [], types: [] }, forbidden: [] }, code: inText(functions), inline: {}, object: [] };
}

export function stdIds(): string[] {
  return readdirSync(new URL("std/", import.meta.url)).flatMap((f) => (f.endsWith(".x07.json") ? [f.slice(0, -".x07.json".length)] : [])).sort();
}

/** Every unit by name, for the package. */
export function allStd(): { readonly [unit: string]: StdModule } {
  const find = compileOnDemand();
  const all: { [unit: string]: StdModule } = {};
  for (const id of [...stdIds(), RUNTIME_UNIT]) {
    const parts = find(id);
    if (parts !== undefined) all[id] = { head: parts.head(), code: parts.code(), inline: parts.inline(), object: parts.object() };
  }
  return all;
}
