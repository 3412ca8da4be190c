// Sources -> dist/: the fast entry as one small CommonJS file, everything else as split ES modules loaded when needed, and
// one validator per document form. Same sources, same bytes. `BUILD_ID` is the digest of all that can change an answer.
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { writeValidators } from "./validators.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const out = join(root, "dist");
const fresh = join(root, `.x07tmp-dist-${process.pid}`);
const version = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;

function filesUnder(dir) {
  return readdirSync(join(root, dir), { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? filesUnder(join(dir, e.name)) : [join(dir, e.name)]));
}

/** Digest of every source of the package, by path from the root: the same in every clone. */
function buildId() {
  const hash = createHash("sha256");
  for (const path of [...filesUnder("engine"), ...filesUnder("rules"), "x07wasm.graph.ts", "package-lock.json", "package.json"].sort()) {
    hash.update(`${relative(root, join(root, path))}\0`).update(readFileSync(join(root, path))).update("\0");
  }
  return hash.digest("hex");
}

const define = {
  BUILD_ID: JSON.stringify(buildId()),
  GRAPH_SOURCE_ID: JSON.stringify(createHash("sha256").update(readFileSync(join(root, "x07wasm.graph.ts"))).digest("hex")),
  TOOL_VERSION: JSON.stringify(version),
};
const common = { absWorkingDir: root, bundle: true, platform: "node", target: "node20", define, legalComments: "none", logLevel: "warning" };

try {
  mkdirSync(fresh, { recursive: true });
  await build({
    ...common,
    entryPoints: { "cli-entry": "virtual:cli-entry", engine: "engine/index.ts", graph: "x07wasm.graph.ts" },
    plugins: [
      {
        name: "cli-entry",
        setup(b) {
          b.onResolve({ filter: /^virtual:cli-entry$/ }, () => ({ path: "cli-entry", namespace: "virtual" }));
          b.onLoad({ filter: /.*/, namespace: "virtual" }, () => ({ contents: 'import { main } from "./engine/entry.ts";\nimport graph from "./x07wasm.graph.ts";\nvoid main(graph);\n', resolveDir: root, loader: "ts" }));
        },
      },
    ],
    outdir: fresh,
    outExtension: { ".js": ".mjs" },
    entryNames: "[name]",
    chunkNames: "chunks/[name]-[hash]",
    format: "esm",
    splitting: true,
    minify: true,
    keepNames: true,
    external: ["esbuild"],
    banner: { js: 'import { createRequire as __createRequire } from "node:module";const require = __createRequire(import.meta.url);' },
  });
  await build({ ...common, entryPoints: ["engine/main.ts"], outfile: join(fresh, "x07-wasm.cjs"), format: "cjs", minify: true, external: ["./cli-entry.mjs"], banner: { js: "#!/usr/bin/env node" }, supported: { "dynamic-import": true } });
  chmodSync(join(fresh, "x07-wasm.cjs"), 0o755);
  await writeValidators(join(fresh, "validators"));
  rmSync(out, { recursive: true, force: true });
  renameSync(fresh, out);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
