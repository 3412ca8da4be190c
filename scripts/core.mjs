// The tool as two scripts: `core`, what every build reads, and `aside`, what only some goals want. Each function of a script
// costs a little whenever the script is loaded, called or not. A module is in one of them; the loader (engine/core.ts) hands
// modules across by names that begin with the script's.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { build } from "esbuild";

/** Imported late, and yet wanted by common builds. Everything else that is imported late goes aside. */
const WANTED = /^(?:engine\/(?:glob|view\/explain|host\/process)|rules\/(?:wasm\/inspect|x07\/(?:modules|stages|std|compiler\/(?:index|kept-unit))))\.ts$/;

const OURS = /^(?:engine|rules)\/|^x07wasm\.graph\.ts$/;

/** `import.meta.url` of a script; asked for by few, and node:url takes its time. */
export const HERE = { define: { "import.meta.url": "__here.url" }, banner: { js: 'const __here = { get url() { return require("node:url").pathToFileURL(__filename).href; } };' } };

const START = `
import { main } from "./engine/entry.ts";
import * as engine from "./engine/index.ts";
import graph from "./x07wasm.graph.ts";
void main(graph, { "x07-wasm": () => ({ __esModule: true, default: graph }), "x07-wasm/engine": () => engine, "x07-wasm/rules": () => require("./rules/index.ts") });
`;

/** Leaves imports of our own modules to the other script where `elsewhere` names one, and tells which they were. */
function crossing(root, elsewhere, found) {
  return {
    name: "crossing",
    setup(b) {
      b.onResolve({ filter: /^\.\.?\// }, ({ path, importer, resolveDir, kind }) => {
        const from = importer === "" || importer.startsWith("<") || importer.endsWith("-entry.ts") ? "" : relative(root, importer);
        const to = relative(root, resolve(resolveDir, path));
        if ((from !== "" && !OURS.test(from)) || !OURS.test(to)) return undefined;
        const script = elsewhere(to, kind);
        if (script === undefined) return undefined;
        found.set(to, new Set([...(found.get(to) ?? []), from]));
        return { path: `${script}:${to}`, external: true };
      });
    },
  };
}

/** hash-wasm decodes its module a character at a time, which takes longer than all that a small build hashes; Node has a decoder. */
const quickDecoding = {
  name: "quick-decoding",
  setup(b) {
    b.onLoad({ filter: /hash-wasm\/dist\/index\.esm\.js$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      const contents = text.replace(/^function decodeBase64\(data\) \{\n[^]*?^\}$/m, 'function decodeBase64(data) { return new Uint8Array(Buffer.from(data, "base64")); }');
      if (contents === text) throw new Error("hash-wasm has no such decodeBase64 any more: look whether this is still wanted");
      return { contents, loader: "js" };
    });
  },
};

/** Modules that are imported, and not late, from the script's beginning. */
function loadedAtOnce(inputs, entry) {
  const seen = new Set();
  const visit = (path) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const i of inputs[path]?.imports ?? []) if (i.kind === "import-statement" && i.external !== true) visit(i.path);
  };
  visit(entry);
  return seen;
}

/** The values that these modules import from `path`; undefined where one of them takes the module as it is. */
function namesWanted(root, path, importers) {
  const names = new Set();
  for (const importer of importers) {
    const text = importer === "" ? "" : readFileSync(join(root, importer), "utf8");
    const found = [...text.matchAll(/^(?:import|export) \{([^}]*)\} from "(\.[^"]*)";/gm)].filter(([, , from]) => relative(root, resolve(root, dirname(importer), from)) === path);
    const loose = [...text.matchAll(/^(?:import|export) \* .*from "(\.[^"]*)"|\bimport\("(\.[^"]*)"\)/gm)].some(([, a, b]) => relative(root, resolve(root, dirname(importer), a ?? b)) === path);
    if (found.length === 0 || loose) return undefined;
    for (const item of found.flatMap(([, what]) => what.split(",")).map((x) => x.trim())) if (item !== "" && !item.startsWith("type ")) names.add(item.split(" as ")[0]);
  }
  return [...names].sort();
}

/** What core gives to aside: of modules that are loaded at once the wanted values, of others the module when it is wanted. */
function given(root, wanted, atOnce) {
  const imports = [];
  const modules = [...wanted].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, importers], m) => {
    const names = atOnce.has(path) ? namesWanted(root, path, importers) : undefined;
    if (names === undefined) return `${JSON.stringify(path)}: () => require("./${path}")`;
    imports.push(`import { ${names.map((n, i) => `${n} as m${m}_${i}`).join(", ")} } from "./${path}";`);
    return `${JSON.stringify(path)}: () => ({ ${names.map((n, i) => `${n}: m${m}_${i}`).join(", ")} })`;
  });
  return `${imports.join("\n")}\nexport const modules = { ${modules.join(",\n")} };\n`;
}

/** From a code cache, `import()` has no home: scripts use the entry's (engine/core.ts). */
function giveImport(path) {
  // Not the methods of that name, where they are called and where they are declared.
  const computed = /(?<![.#])\bimport\((?=[^"')\s])(?![\w$,]*\)\s*\{)/g;
  const listed = /(?<![.#])\bimport\(("(?:esbuild|execa|yargs|@bytecodealliance\/jco-transpile(?:\/[a-z-]+)?|binaryen|@bokuweb\/zstd-wasm|node:[a-z_/]+|(?:core|aside):[^"]+)")\)/g;
  writeFileSync(path, readFileSync(path, "utf8").replace(computed, "__import(").replace(listed, "__import($1)"));
}

export async function bundleTool({ root, folder, common, external }) {
  const script = async (name, contents, elsewhere, found) => {
    const outfile = join(folder, `${name}.cjs`);
    const sourcefile = `${name}-entry.ts`;
    const { metafile } = await build({ ...common, stdin: { contents, resolveDir: root, sourcefile, loader: "ts" }, outfile, format: "cjs", external, define: { ...common.define, ...HERE.define }, banner: HERE.banner, metafile: true, plugins: [crossing(root, elsewhere, found), quickDecoding] });
    giveImport(outfile);
    return { inputs: metafile.inputs, entry: sourcefile };
  };
  const [late, crossed] = [new Map(), new Map()];
  const first = await script("core", START, (to, kind) => (kind === "import-statement" || WANTED.test(to) ? undefined : "aside"), late);
  const inCore = (to) => first.inputs[to] !== undefined;
  const rest = [...late.keys()].filter((to) => !inCore(to)).sort();
  await script("aside", `export const modules = { ${rest.map((to) => `${JSON.stringify(to)}: () => require("./${to}")`).join(",\n")} };`, (to) => (inCore(to) ? "core" : undefined), crossed);
  await script("core", given(root, crossed, loadedAtOnce(first.inputs, first.entry)) + START, (to, kind) => (kind === "import-statement" || inCore(to) ? undefined : "aside"), new Map());
}
