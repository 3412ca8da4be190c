// A graph file -> a checked graph module, or diagnostics. The packaged graph is already compiled; a user's own TypeScript
// file is bundled by esbuild, with this package's doors as the only imports that are shared with the running tool.

import { createRequire } from "node:module";
import { resolve } from "node:path";
import { type Bundle, type Import, recallBundle, rememberBundle } from "./bundle-memory.ts";
import { type Diagnostic, fail, ok, type Result } from "./diagnostic.ts";
import type { GraphModule } from "./goal.ts";
import type { Disk } from "./host/disk.ts";
import { sha256Hex } from "./lib/digest.ts";
import { checkCommands, type Command } from "./option.ts";

export interface LoadedGraph {
  readonly module: GraphModule;
  /** Digest of the code that holds the rules' functions: part of every function action's key. */
  readonly code: string;
  /** Files the module was made from, beside the packaged ones. */
  readonly sources: readonly string[];
}

/** Modules of this package that a graph may import, as they run here; loaded for the first that does. */
export type Doors = { readonly [specifier: string]: () => object };

export interface LoadOptions {
  readonly disk: Disk;
  readonly buildId: string;
  /** Nothing may be written. */
  readonly readOnly: boolean;
}

export async function loadUserGraph(path: string, doors: Doors, { disk, buildId, readOnly }: LoadOptions): Promise<Result<LoadedGraph>> {
  const bundled = await bundle(path, Object.keys(doors), disk, buildId, readOnly);
  if (!bundled.ok) return bundled;
  const { text, sources } = bundled.value;
  const module = { exports: {} as { default?: unknown } };
  const outside = createRequire(resolve(path));
  const inside = (specifier: string) => doors[specifier]?.() ?? (outside(specifier) as unknown);
  try {
    new Function("exports", "require", "module", text)(module.exports, inside, module);
  } catch (e) {
    return fail([problem(path, `the graph file threw while it was loaded: ${(e as Error).message}`, "a graph file declares; it must not do work when it is imported")]);
  }
  const checkedModule = checked(module.exports.default, path);
  return checkedModule.ok ? ok({ module: checkedModule.value, code: sha256Hex(`${buildId}\n${text}`), sources }) : checkedModule;
}

/** The compiler takes longer to start than most builds take: what it made is taken again while nothing has changed. */
async function bundle(path: string, doors: readonly string[], disk: Disk, buildId: string, readOnly: boolean): Promise<Result<Bundle>> {
  const tool = `${buildId} ${doors.join(" ")}`;
  const known = recallBundle(disk, path, tool);
  if (known !== undefined) return ok(known);
  const made = await compile(path, doors, disk.root);
  if (!made.ok) return made;
  const { imports, ...bundled } = made.value;
  if (!readOnly) rememberBundle(disk, path, tool, bundled, imports);
  return ok(bundled);
}

async function compile(path: string, doors: readonly string[], folder: string): Promise<Result<Bundle & { readonly imports: ReadonlyMap<string, readonly Import[]> }>> {
  const { build } = await import("esbuild");
  try {
    const made = await build({
      absWorkingDir: folder,
      entryPoints: [path],
      bundle: true,
      format: "cjs",
      platform: "node",
      target: "node20",
      write: false,
      metafile: true,
      logLevel: "silent",
      plugins: [
        {
          name: "doors",
          setup(b) {
            b.onResolve({ filter: /^x07-wasm(\/|$)/ }, (args) =>
              doors.includes(args.path) ? { path: args.path, external: true } : { errors: [{ text: `${args.path} is not a door of this package: there are ${doors.join(", ")}` }] },
            );
          },
        },
      ],
    });
    const { inputs } = made.metafile;
    return ok({ text: made.outputFiles[0]!.text, sources: Object.keys(inputs), imports: new Map(Object.entries(inputs).map(([file, { imports }]) => [file, imports])) });
  } catch (e) {
    return fail(bundleErrors(path, e));
  }
}

function bundleErrors(path: string, e: unknown): Diagnostic[] {
  const errors = (e as { errors?: { text: string; location: { file: string; line: number; column: number } | null }[] }).errors;
  if (errors === undefined || errors.length === 0) return [problem(path, (e as Error).message, "check that the graph file exists and can be read")];
  return errors.map((x) => ({
    ...problem(x.location?.file ?? path, x.text, "correct the graph file"),
    ...(x.location === null ? {} : { data: { line: x.location.line, column: x.location.column } }),
  }));
}

function problem(file: string, message: string, hint: string): Diagnostic {
  return { code: "GRAPH_LOAD_FAILED", severity: "error", stage: "parse", message, hint, place: { file } };
}

/** Checks the shape of what a graph file exports; every fault is named. */
function checked(exported: unknown, path: string): Result<GraphModule> {
  const wrong = (message: string) => fail([problem(path, message, "export default graph({ app, goals, ... })")]);
  if (typeof exported !== "object" || exported === null) return wrong("the graph file has no default export");
  const module = exported as Partial<GraphModule>;
  if (typeof module.app !== "object" || typeof module.goals !== "object" || module.goals === null) return wrong("the default export is not a graph: it needs `app` and `goals`");
  for (const [name, g] of Object.entries(module.goals)) {
    if (typeof g?.plan !== "function" || !Array.isArray(g.options) || typeof g.about !== "string" || typeof g.report !== "object") return wrong(`goal "${name}" needs about, options, report and plan`);
  }
  const faults = checkCommands(commandsOf(module as GraphModule));
  return faults.length > 0 ? fail(faults.map((f) => problem(path, f, "correct the goal's option table"))) : ok(module as GraphModule);
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
    ...(g.direct === undefined ? {} : { direct: g.direct }),
  }));
}
