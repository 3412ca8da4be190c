// Loads the rest of the tool: one script beside this file, with V8's code cache where one fits. Compiling that script anew
// costs more than a small build does; the cache is made when the package is built and is taken only by the V8 that made it.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as vm from "node:vm";

/** Names the file into which the code cache is written at exit; set while the package is built. */
const WRITE_CACHE = "X07_WASM_WRITE_CODE_CACHE";

/** A script from a code cache cannot import by itself; it is given this process entry's own `import`. */
type Import = (specifier: string) => Promise<unknown>;
type Wrapper = (exports: object, require: NodeJS.Require, module: { exports: object }, filename: string, dirname: string, load: Import) => void;

export function runCore(folder: string): void {
  const filename = `${folder}/core.cjs`;
  // The bundle is plain ASCII, which reads fastest as latin1.
  const source = `(function (exports, require, module, __filename, __dirname, __import) {${readFileSync(filename, "latin1")}\n})`;
  const script = new vm.Script(source, { filename, cachedData: codeCache(folder) });
  const target = process.env[WRITE_CACHE];
  if (target !== undefined) process.on("exit", () => writeFileSync(target, script.createCachedData()));
  const module = { exports: {} };
  (script.runInThisContext() as Wrapper)(module.exports, createRequire(filename), module, filename, folder, (specifier) => import(specifier));
}

function codeCache(folder: string): Buffer | undefined {
  try {
    return readFileSync(`${folder}/core-${process.versions.v8}-${process.arch}.cache`);
  } catch {
    return undefined;
  }
}
