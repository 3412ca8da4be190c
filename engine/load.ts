// A graph file -> a checked graph module, or diagnostics. The packaged graph is already compiled; a user's own TypeScript
// file is bundled by esbuild, with this engine's door as the one shared import.

import { mkdirSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type Diagnostic, fail, ok, type Result } from "./diagnostic.ts";
import type { GraphModule } from "./goal.ts";
import { sha256Hex } from "./lib/digest.ts";
import { checkCommands, type Command } from "./option.ts";

export interface LoadedGraph {
  readonly module: GraphModule;
  /** Digest of the code that holds the rules' functions: part of every function action's key. */
  readonly code: string;
  /** Files the module was made from, beside the packaged ones. */
  readonly sources: readonly string[];
}

/** Doors of this package that a graph may import, and the files behind them. */
export type Doors = { readonly [specifier: string]: string };

export async function loadUserGraph(path: string, doors: Doors, buildId: string, cacheDir: string): Promise<Result<LoadedGraph>> {
  const { build } = await import("esbuild");
  let bundled;
  try {
    bundled = await build({
      entryPoints: [path],
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      write: false,
      metafile: true,
      logLevel: "silent",
      plugins: [
        {
          name: "doors",
          setup(b) {
            b.onResolve({ filter: /^x07-wasm(\/|$)/ }, (args) => {
              const file = doors[args.path];
              return file === undefined ? { errors: [{ text: `${args.path} is not a door of this package: there are ${Object.keys(doors).join(", ")}` }] } : { path: pathToFileURL(file).href, external: true };
            });
          },
        },
      ],
    });
  } catch (e) {
    return fail(bundleErrors(path, e));
  }
  const text = bundled.outputFiles[0]!.text;
  const code = sha256Hex(`${buildId}\n${text}`);
  const folder = `${cacheDir}/graphs`;
  const compiled = `${folder}/${code}.mjs`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(compiled, text);
  } catch (e) {
    return fail([problem("GRAPH_LOAD_IO_FAILED", path, `the compiled graph cannot be written to ${folder}: ${(e as Error).message}`, "name a writable folder with --cache-dir")]);
  }
  let exported: { default?: unknown };
  try {
    exported = (await import(pathToFileURL(compiled).href)) as { default?: unknown };
  } catch (e) {
    return fail([problem("GRAPH_LOAD_FAILED", path, `the graph file threw while it was loaded: ${(e as Error).message}`, "a graph file declares; it must not do work when it is imported")]);
  }
  const module = checked(exported.default, path);
  return module.ok ? ok({ module: module.value, code, sources: Object.keys(bundled.metafile.inputs) }) : module;
}

function bundleErrors(path: string, e: unknown): Diagnostic[] {
  const errors = (e as { errors?: { text: string; location: { file: string; line: number; column: number } | null }[] }).errors;
  if (errors === undefined || errors.length === 0) return [problem("GRAPH_LOAD_FAILED", path, (e as Error).message, "check that the graph file exists and can be read")];
  return errors.map((x) => ({
    ...problem("GRAPH_LOAD_FAILED", x.location?.file ?? path, x.text, "correct the graph file"),
    ...(x.location === null ? {} : { data: { line: x.location.line, column: x.location.column } }),
  }));
}

function problem(code: string, file: string, message: string, hint: string): Diagnostic {
  return { code, severity: "error", stage: "parse", message, hint, place: { file } };
}

/** Checks the shape of what a graph file exports; every fault is named. */
export function checked(exported: unknown, path: string): Result<GraphModule> {
  const wrong = (message: string) => fail([problem("GRAPH_LOAD_FAILED", path, message, "export default graph({ app, goals, ... })")]);
  if (typeof exported !== "object" || exported === null) return wrong("the graph file has no default export");
  const module = exported as Partial<GraphModule>;
  if (typeof module.app !== "object" || typeof module.goals !== "object" || module.goals === null) return wrong("the default export is not a graph: it needs `app` and `goals`");
  for (const [name, g] of Object.entries(module.goals)) {
    if (typeof g?.plan !== "function" || !Array.isArray(g.options) || typeof g.about !== "string" || typeof g.report !== "object") return wrong(`goal "${name}" needs about, options, report and plan`);
  }
  const faults = checkCommands(commandsOf(module as GraphModule));
  return faults.length > 0 ? fail(faults.map((f) => problem("GRAPH_BAD_GOAL", path, f, "correct the goal's option table"))) : ok(module as GraphModule);
}

export function commandsOf(module: GraphModule): Command[] {
  return Object.entries(module.goals).map(([name, g]) => ({
    name,
    about: g.about,
    options: g.options,
    report: g.report,
    ...(g.aliases === undefined ? {} : { aliases: g.aliases }),
    ...(g.examples === undefined ? {} : { examples: g.examples }),
    ...(g.question === undefined ? {} : { question: g.question }),
  }));
}
