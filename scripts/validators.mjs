// Schemas of rules/contract -> dist/validators/<name>.cjs, one validator each that needs no ajv when it runs. Knows nothing of the rest of the build.
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Writes a validator for every document form into `outDir`; returns the names of the files. */
export async function writeValidators(outDir = join(root, "dist/validators")) {
  const scratch = await mkdtemp(join(tmpdir(), "validators-"));
  try {
    const sources = await validatorSources(scratch);
    const entryPoints = Object.fromEntries(sources.map(({ name, path }) => [name, path]));
    const bundles = await build({ entryPoints, outdir: outDir, outExtension: { ".js": ".cjs" }, write: false, bundle: true, minify: true, platform: "node", format: "cjs", target: "node20", nodePaths: [join(root, "node_modules")], logLevel: "warning" });
    await mkdir(outDir, { recursive: true });
    for (const { path, contents } of bundles.outputFiles) await replaceFile(path, contents);
    return sources.map(({ name }) => `${name}.cjs`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** In one step: two test processes may write the same validator at the same time. */
async function replaceFile(path, contents) {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, contents);
  await rename(temporary, path);
}

async function validatorSources(scratch) {
  const { default: Ajv } = await import("ajv/dist/2020.js");
  const { default: standalone } = await import("ajv/dist/standalone/index.js");
  const { DOCUMENTS, rendered, ajvOptions, plain } = await schemaModule(scratch);
  const sources = [];
  for (const document of DOCUMENTS) {
    const ajv = new Ajv.default({ ...ajvOptions, code: { source: true } });
    const name = document.file.replace(/\.schema\.json$/, "");
    const path = join(scratch, `${name}.js`);
    await writeFile(path, standalone.default(ajv, ajv.compile(plain(rendered(document)))));
    sources.push({ name, path });
  }
  return sources;
}

/** The schemas are TypeScript; bundled into one module they can be imported by any Node. */
async function schemaModule(scratch) {
  const outfile = join(scratch, "schemas.mjs");
  const contents = `export { DOCUMENTS } from "./rules/contract/schemas/index.ts"; export { rendered } from "./rules/contract/schema.ts"; export { ajvOptions, plain } from "./rules/contract/validate.ts";`;
  await build({ stdin: { contents, resolveDir: root, loader: "ts" }, outfile, bundle: true, platform: "node", format: "esm", target: "node20", logLevel: "warning" });
  return import(pathToFileURL(outfile).href);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = await writeValidators();
  console.log(`${names.length} validators`);
}
