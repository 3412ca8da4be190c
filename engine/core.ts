// Loads the rest of the tool: scripts beside this file, with V8's code cache where one fits. Compiling the big one anew
// costs more than a small build does; the cache is made when the package is built and is taken only by the V8 that made it.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as vm from "node:vm";

/** With a script's name behind it: the file into which its code cache is written at exit; set while the package is built. */
const WRITE_CACHE = "X07_WASM_WRITE_CODE_CACHE";

/** A script from a code cache cannot import by itself; it is given this process entry's own `import`. */
type Import = (specifier: string) => Promise<unknown>;
type Wrapper = (exports: object, require: NodeJS.Require, module: { exports: object }, filename: string, dirname: string, load: Import, verdict: string | undefined) => void;

/** Runs a script of this folder and gives what it exports. It may be told what the goal's record came to (`__verdict`). */
export function loadScript(folder: string, name: "core" | "answer", verdict?: string): object {
  const filename = `${folder}/${name}.cjs`;
  // The bundles are plain ASCII, which reads fastest as latin1.
  const source = `(function (exports, require, module, __filename, __dirname, __import, __verdict) {${readFileSync(filename, "latin1")}\n})`;
  const script = new vm.Script(source, { filename, cachedData: codeCache(folder, name) });
  const target = process.env[`${WRITE_CACHE}_${name.toUpperCase()}`];
  if (target !== undefined) process.on("exit", () => writeFileSync(target, script.createCachedData()));
  const module = { exports: {} };
  (script.runInThisContext() as Wrapper)(module.exports, createRequire(filename), module, filename, folder, (specifier) => import(specifier), verdict);
  return module.exports;
}

function codeCache(folder: string, name: string): Buffer | undefined {
  try {
    return readFileSync(`${folder}/${name}-${process.versions.v8}-${process.arch}.cache`);
  } catch {
    return undefined;
  }
}
