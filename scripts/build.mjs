// Sources -> dist/: the fast entry as one small script, the rest of the tool as two more (core.mjs) with V8's code caches beside them, the
// doors for users' programs as ES modules, and one validator per document form. Same sources, same bytes. `BUILD_ID` is the digest of all that can change an answer.
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { bundleTool, HERE } from "./core.mjs";
import { writeValidators } from "./validators.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const out = join(root, "dist");
const fresh = join(root, `.x07tmp-dist-${process.pid}`);
const version = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;

function filesUnder(dir) {
  if (!existsSync(join(root, dir))) return [];
  return readdirSync(join(root, dir), { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? filesUnder(join(dir, e.name)) : [join(dir, e.name)]));
}

/** Digest of every source of the package, by path from the root: the same in every clone. */
function buildId() {
  const hash = createHash("sha256");
  for (const path of [...["engine", "rules", "arch", "wit"].flatMap(filesUnder), "x07wasm.graph.ts", "package-lock.json", "package.json"].sort()) {
    hash.update(`${relative(root, join(root, path))}\0`).update(readFileSync(join(root, path))).update("\0");
  }
  return hash.digest("hex");
}

/** What does the work of a tool inside another package: version, and digest of every file that matters. */
function packageParts() {
  const jco = join(root, "node_modules", "@bytecodealliance", "jco-transpile");
  const hash = createHash("sha256");
  for (const name of readdirSync(join(jco, "vendor")).filter((n) => /\.(?:js|wasm)$/.test(n)).sort()) hash.update(`${name}\0`).update(readFileSync(join(jco, "vendor", name)));
  return { "@bytecodealliance/jco-transpile": { version: JSON.parse(readFileSync(join(jco, "package.json"), "utf8")).version, digest: hash.digest("hex") } };
}

/** Builds projects, edits one, and takes an answer back from the cache, so that V8's code cache holds what all these use, for the Node that runs here. */
function makeCodeCache() {
  const place = mkdtempSync(join(tmpdir(), "x07-code-cache-"));
  try {
    const cache = (name) => join(out, `${name}-${process.versions.v8}-${process.arch}.cache`);
    const [core, answer] = [{ X07_WASM_WRITE_CODE_CACHE_CORE: cache("core"), X07_WASM_WRITE_CODE_CACHE_ASIDE: cache("aside") }, { X07_WASM_WRITE_CODE_CACHE_ANSWER: cache("answer") }];
    const run = (project, goal, written) => {
      const env = { PATH: process.env.PATH, X07_WASM_CACHE_DIR: join(place, "cache"), ...written };
      const ran = spawnSync(process.execPath, [join(out, "x07-wasm.cjs"), ...goal.split(" ")], { cwd: join(place, project), env, encoding: "utf8" });
      if (ran.status !== 0) throw new Error(`the built tool cannot build an example:\n${ran.stdout}${ran.stderr}`.slice(0, 2000));
    };
    const many = writeManyModules(join(place, "many"));
    run("many", "build", core);
    many.edit();
    run("many", "build", core);
    cpSync(join(root, "examples", "http_echo"), join(place, "one"), { recursive: true });
    const lose = (...made) => made.forEach((path) => rmSync(join(place, "one", path), { recursive: true, force: true }));
    const component = "component build --emit all --out-dir target --json";
    for (const goal of ["build --json", component, `${component} --provider auto`]) {
      run("one", goal, core);
      lose(".x07-wasm", "target");
    }
    // What was asked above is answered from the cache, and what was lost since from the record.
    run("one", component, answer);
    lose("target");
    run("one", component, answer);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** A project of so many modules that each is a unit of its own and units are linked in groups. */
function writeManyModules(folder) {
  const write = (path, document) => (mkdirSync(dirname(join(folder, path)), { recursive: true }), writeFileSync(join(folder, path), JSON.stringify(document)));
  const module = (i, constant) => {
    const id = `app.m${i}`;
    const body = ["begin", ["let", "sum", constant], ["for", "i", 0, "n", ["set", "sum", ["+", "sum", ["*", "i", i]]]], i === 0 ? "sum" : ["+", "sum", [`app.m${i - 1}.run`, "n"]]];
    const run = { kind: "defn", name: `${id}.run`, params: [{ name: "n", ty: "i32" }], result: "i32", body };
    write(`src/app/m${i}.x07.json`, { schema_version: "x07.x07ast@0.5.0", kind: "module", module_id: id, imports: i === 0 ? [] : [`app.m${i - 1}`], decls: [{ kind: "export", names: [run.name] }, run] });
  };
  const count = 40;
  for (let i = 0; i < count; i++) module(i, i);
  write("src/main.x07.json", { schema_version: "x07.x07ast@0.5.0", kind: "entry", module_id: "main", imports: [`app.m${count - 1}`], decls: [], solve: ["codec.write_u32_le", [`app.m${count - 1}.run`, ["bytes.len", "input"]]] });
  write("x07.json", { schema_version: "x07.project@0.2.0", world: "solve-pure", entry: "src/main.x07.json", module_roots: ["src"] });
  return { edit: () => module(count >> 1, 1000) };
}

/** Digest of all that the guests of the package are made from: their sources, WIT, and the steps and tools that make them. */
function guestSourcesId() {
  const hash = createHash("sha256").update(version).update(JSON.stringify(packageParts()));
  const clang = join(root, "node_modules", "@yowasp", "clang", "package.json");
  if (existsSync(clang)) hash.update(readFileSync(clang));
  const steps = ["clang.ts", "clang-embedded.ts", "npm-clang.ts", ...["embed.ts", "new.ts", "wit-source.ts"].map((f) => join("component", f))].map((f) => join("rules", f));
  for (const path of [...["rules/guest", "wit"].flatMap(filesUnder), ...steps].sort()) hash.update(`${path}\0`).update(readFileSync(join(root, path))).update("\0");
  return hash.digest("hex");
}

/** Takes over the guests of the last build where they are of the same sources. */
function keptGuests(sources) {
  const had = join(out, "guest");
  if (!existsSync(join(had, "parts.json")) || JSON.parse(readFileSync(join(had, "parts.json"), "utf8")).sources !== sources) return false;
  cpSync(had, join(fresh, "guest"), { recursive: true });
  return true;
}

/** The tool that was just built makes its own guests. */
function makeGuests(sources) {
  const words = [join(out, "x07-wasm.cjs"), "parts", "--graph", join("rules", "guest", "parts.graph.ts"), "--out", relative(root, join(out, "guest")), "--sources", sources, "--json"];
  const ran = spawnSync(process.execPath, words, { cwd: root, encoding: "utf8" });
  if (ran.status !== 0) throw new Error(`the guests cannot be built:\n${ran.stdout}${ran.stderr}`.slice(0, 4000));
}

/** The std modules, compiled: a file for each part of each, read only when a program wants it. */
async function writeStd(folder) {
  const compiler = join(fresh, "std-build.mjs");
  await build({ ...common, minify: false, entryPoints: ["rules/x07/std-build.ts"], outfile: compiler, format: "esm", define: { "import.meta.url": JSON.stringify(pathToFileURL(join(root, "rules/x07/std-build.ts")).href) } });
  const { allStd } = await import(pathToFileURL(compiler).href);
  const all = allStd();
  mkdirSync(folder, { recursive: true });
  for (const [unit, parts] of Object.entries(all)) for (const [part, value] of Object.entries(parts)) writeFileSync(join(folder, `${unit}.${part}.json`), JSON.stringify(value));
  writeFileSync(join(folder, "all.names.json"), JSON.stringify(Object.keys(all)));
  rmSync(compiler);
}

const define = {
  BUILD_ID: JSON.stringify(buildId()),
  GRAPH_SOURCE_ID: JSON.stringify(createHash("sha256").update(readFileSync(join(root, "x07wasm.graph.ts"))).digest("hex")),
  TOOL_VERSION: JSON.stringify(version),
  PACKAGE_PARTS: JSON.stringify(packageParts()),
};
const common = { absWorkingDir: root, bundle: true, platform: "node", target: "node20", define, legalComments: "none", logLevel: "warning", minify: true, lineLimit: 200, mainFields: ["module", "main"] };
/** Loaded from node_modules on the few paths that need them. */
const external = ["esbuild", "execa", "yargs", "@bytecodealliance/jco-transpile", "binaryen", "@bokuweb/zstd-wasm"];

try {
  mkdirSync(fresh, { recursive: true });
  await bundleTool({ root, folder: fresh, common, external });
  // Threads and processes that run components; its wasm-tools is never asked for.
  await build({ ...common, entryPoints: ["rules/host/side-entry.ts"], outfile: join(fresh, "component-host.cjs"), format: "cjs", external, define: { ...define, ...HERE.define }, banner: HERE.banner });
  await build({ ...common, entryPoints: { engine: "engine/index.ts", rules: "rules/index.ts", graph: "x07wasm.graph.ts" }, outdir: join(fresh, "lib"), outExtension: { ".js": ".mjs" }, chunkNames: "[name]-[hash]", format: "esm", splitting: true, external });
  const { cacheVariable, cacheName, remoteVariable } = (await import(pathToFileURL(join(fresh, "lib/graph.mjs")).href)).default;
  await build({ ...common, entryPoints: ["engine/answers.ts"], outfile: join(fresh, "answer.cjs"), format: "cjs", define: { ...define, "import.meta.url": "__filename" } });
  await build({ ...common, define: { ...define, CACHE_NAMES: JSON.stringify({ cacheVariable, cacheName, remoteVariable }) }, entryPoints: ["engine/main.ts"], outfile: join(fresh, "x07-wasm.cjs"), format: "cjs", banner: { js: "#!/usr/bin/env node" } });
  chmodSync(join(fresh, "x07-wasm.cjs"), 0o755);
  await writeValidators(join(fresh, "validators"));
  await writeStd(join(fresh, "std"));
  const guests = guestSourcesId();
  const kept = keptGuests(guests);
  rmSync(out, { recursive: true, force: true });
  renameSync(fresh, out);
  if (!kept) makeGuests(guests);
  makeCodeCache();
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
