// Module by module gives what the whole program gives, byte for byte, also when the objects have been written down and read again.

import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { interfaceOf, linkObjects, lowerModule, parseModule } from "../../../rules/x07/compiler/index.ts";
import type { ModuleInterface, ModuleObject } from "../../../rules/x07/compiler/index.ts";
import type { Module } from "../../../rules/x07/compiler/ast.ts";
import { bytesOf, compileFiles, loader, MEMORY } from "./rig.ts";

interface Vector {
  readonly name: string;
  readonly program: { readonly modules: { readonly [path: string]: unknown } };
  readonly project: { readonly entry: string; readonly module_roots: readonly string[] };
  readonly compile_error?: { readonly code: string };
}

const folder = new URL("../../cases/x07/", import.meta.url);
const vectors = readdirSync(folder).map((f) => JSON.parse(readFileSync(new URL(f, folder), "utf8")) as Vector);

/** Callees first, as a build would do them; undefined when a module cannot be read at all. */
function modulesOf(v: Vector): Module[] | undefined {
  const load = loader(v.program.modules, v.project.module_roots);
  const order: Module[] = [];
  const seen = new Set<string>();
  const visit = (id: string, path: string, bytes: Uint8Array, kind: "entry" | "module"): boolean => {
    if (seen.has(id)) return true;
    seen.add(id);
    const parsed = parseModule(id, path, bytes, kind);
    if (!parsed.ok) return false;
    for (const i of parsed.module.imports) {
      const source = load(i);
      if (source.kind !== "found" || !visit(i, source.path, source.bytes, "module")) return false;
    }
    order.push(parsed.module);
    return true;
  };
  return visit("main", v.project.entry, bytesOf(v.program.modules[v.project.entry]), "entry") ? order : undefined;
}

function throughText<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

test.each(vectors.filter((v) => v.compile_error === undefined || v.compile_error.code !== "Parse").map((v) => [v.name, v] as const))("%s", (_name, v) => {
  const modules = modulesOf(v);
  if (modules === undefined) return expect(compileFiles(v.program.modules, v.project.entry, v.project.module_roots).ok).toBe(false);
  const interfaces: ModuleInterface[] = [];
  const objects: ModuleObject[] = [];
  for (const module of modules) {
    objects.push(throughText(lowerModule(module, interfaces)));
    interfaces.push(throughText(interfaceOf(module, interfaces)));
  }
  const apart = linkObjects(objects.reverse(), MEMORY);
  const whole = compileFiles(v.program.modules, v.project.entry, v.project.module_roots);
  if (!apart.ok || !whole.ok) return expect(apart.ok ? [] : apart.errors).toEqual(whole.ok ? [] : throughText(whole.errors));
  expect(Buffer.compare(apart.wasm, whole.wasm)).toBe(0);
});
