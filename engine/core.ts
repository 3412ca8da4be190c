// Loads the rest of the tool: scripts beside this file, with V8's code cache where one fits. Compiling the big ones anew
// costs more than a small build does; the caches are made when the package is built and are taken only by the V8 that made them.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as vm from "node:vm";

/** With a script's name behind it: the file into which its code cache is written at exit; set while the package is built. */
const WRITE_CACHE = "X07_WASM_WRITE_CODE_CACHE";

/** A script from a code cache cannot import by itself; it is given this process entry's own `import`. */
type Import = (specifier: string) => Promise<unknown>;
type Require = (specifier: string) => unknown;
type Wrapper = (exports: object, require: Require, module: { exports: object }, filename: string, dirname: string, load: Import) => void;

/** The two scripts of the tool (scripts/core.mjs): each gives modules to the other by path. */
interface Half {
  readonly modules: { readonly [path: string]: () => object };
}

/** Runs a script of this folder and gives what it exports. `crossing` finds modules of another script, by names like `core:path`. */
export function loadScript(folder: string, name: "core" | "aside" | "answer", crossing?: (specifier: string) => object | undefined, module: { exports: object } = { exports: {} }): object {
  const filename = `${folder}/${name}.cjs`;
  // The bundles are plain ASCII, which reads fastest as latin1.
  const source = `(function (exports, require, module, __filename, __dirname, __import) {${readFileSync(filename, "latin1")}\n})`;
  const script = new vm.Script(source, { filename, cachedData: codeCache(folder, name) });
  const target = process.env[`${WRITE_CACHE}_${name.toUpperCase()}`];
  if (target !== undefined) process.on("exit", () => writeFileSync(target, script.createCachedData()));
  const outside = createRequire(filename);
  const require: Require = (specifier) => crossing?.(specifier) ?? (outside(specifier) as unknown);
  const load: Import = async (specifier) => crossing?.(specifier) ?? ((await import(specifier)) as unknown);
  (script.runInThisContext() as Wrapper)(module.exports, require, module, filename, folder, load);
  return module.exports;
}

/** Runs the tool: its core, and what is aside when something of that is asked for. */
export function loadTool(folder: string): void {
  const core = { exports: {} };
  let aside: Half | undefined;
  const crossing = (specifier: string): object | undefined => {
    const [script, path = ""] = specifier.split(":");
    if (script === "core") return (core.exports as Half).modules[path]!();
    if (script === "aside") return (aside ??= loadScript(folder, "aside", crossing) as Half).modules[path]!();
    return undefined;
  };
  loadScript(folder, "core", crossing, core);
}

function codeCache(folder: string, name: string): Buffer | undefined {
  try {
    return readFileSync(`${folder}/${name}-${process.versions.v8}-${process.arch}.cache`);
  } catch {
    return undefined;
  }
}
