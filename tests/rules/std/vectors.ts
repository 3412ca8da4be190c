// Reads the measured x07 vectors (tests/cases/x07): programs with inputs and the outputs or traps seen on the reference.

import { readdirSync, readFileSync } from "node:fs";

export interface Vector {
  readonly name: string;
  readonly program: { readonly modules: { readonly [path: string]: unknown } };
  readonly project: { readonly entry: string; readonly module_roots: readonly string[] };
  readonly cases?: readonly VectorCase[];
}
export interface VectorCase {
  readonly input_b64: string;
  readonly output_b64?: string;
  readonly trap?: boolean;
  readonly trap_detail?: string;
}

const folder = new URL("../../cases/x07/", import.meta.url);

export function readVectors(): Vector[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Vector);
}

/** The entry and the modules of a vector, by module id, as if found under its roots. */
export function sourcesOf(vector: Vector): { entry: unknown; modules: { [id: string]: unknown } } {
  const modules: { [id: string]: unknown } = {};
  for (const [path, document] of Object.entries(vector.program.modules)) {
    const root = vector.project.module_roots.find((r) => path.startsWith(`${r}/`));
    if (root !== undefined) modules[path.slice(root.length + 1, -".x07.json".length).replaceAll("/", ".")] = document;
  }
  return { entry: vector.program.modules[vector.project.entry], modules };
}
