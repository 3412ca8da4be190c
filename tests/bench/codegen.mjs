// `npm run bench:codegen`: fuel and size of the bench programs against the committed table, the reference's known figures and clang -O3
// on our own C; then the speed of the compiler. Figures of fuel are exact; `--bless` writes the table.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
process.chdir(root);
const folder = mkdtempSync(join(tmpdir(), "x07-codegen-"));
const table = join(root, "tests/bench/codegen/table.json");
/** Measured on the reference's own wasm backend, and on its output after binaryen -O3. */
const REFERENCE = { spin: { fuel: 15_073, optimised: 13_029 }, http_echo: { fuel: 67_822, bytes: 13_196, optimised: 42_489, optimisedBytes: 7_089 } };

// Sources that look for files beside them keep their own address in the bundle.
const addresses = { name: "addresses", setup: (b) => b.onLoad({ filter: /(packaged|std-build)\.ts$/ }, ({ path }) => ({ loader: "ts", contents: readFileSync(path, "utf8").replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)) })) };
await build({ entryPoints: [join(root, "tests/bench/codegen.ts")], bundle: true, platform: "node", format: "esm", target: "node20", outfile: join(folder, "codegen.mjs"), plugins: [addresses], external: ["esbuild"], logLevel: "error" });
const { benchPrograms, costOf, measured, ourC, ourWasm, speeds, SHIM, HEADER } = await import(pathToFileURL(join(folder, "codegen.mjs")).href);

function clangs() {
  return ["clang", "wasm-ld"].every((t) => spawnSync(t, ["--version"]).status === 0);
}

/** The same program through our C and clang -O3. */
function byClang(program) {
  const at = (name) => join(folder, name);
  writeFileSync(at("x07.h"), HEADER);
  writeFileSync(at("shim.c"), SHIM);
  writeFileSync(at("program.c"), ourC(program.module));
  for (const name of ["shim", "program"]) execFileSync("clang", ["--target=wasm32-unknown-unknown", "-O3", "-std=c11", "-ffreestanding", "-fno-builtin", "-mbulk-memory", "-c", `${name}.c`, "-o", `${name}.o`], { cwd: folder });
  execFileSync("wasm-ld", ["--no-entry", "--gc-sections", "--strip-all", "--export=x07_solve_v2", "--export-memory", "--export=__heap_base", "--export=__data_end", "--initial-memory=4194304", "program.o", "shim.o", "-o", "clang.wasm"].filter((f) => f !== "--export-memory"), { cwd: folder });
  return costOf(readFileSync(at("clang.wasm")), program.input);
}

const mean = (xs) => Math.exp(xs.reduce((s, x) => s + Math.log(x), 0) / xs.length);
const times = (a, b) => `${(a / b).toFixed(2)} x`;

try {
  const before = JSON.parse(readFileSync(table, "utf8"));
  const native = clangs();
  if (!native) console.log("clang and wasm-ld are not installed: no comparison with clang -O3");
  const seen = { fuel: [], bytes: [] };
  console.log("program".padEnd(16), "fuel".padStart(9), "bytes".padStart(7), native ? "  clang -O3 fuel, bytes (ours / clang)" : "");
  for (const program of benchPrograms()) {
    const ours = costOf(ourWasm(program.module), program.input);
    const was = before[program.name];
    const moved = was === undefined || (was.fuel === ours.fuel && was.bytes === ours.bytes) ? "" : `  (table: ${was.fuel}, ${was.bytes})`;
    let line = `${program.name.padEnd(16)} ${String(ours.fuel).padStart(9)} ${String(ours.bytes).padStart(7)}`;
    if (native) {
      const clang = byClang(program);
      if (clang.output !== ours.output) throw new Error(`${program.name}: clang's module answers otherwise`);
      // clang computes what the loop of spin would count; ours runs it, for that is what the example is for.
      if (program.name !== "spin") seen.fuel.push(ours.fuel / clang.fuel);
      seen.bytes.push(ours.bytes / clang.bytes);
      line += `  ${String(clang.fuel).padStart(9)} ${String(clang.bytes).padStart(7)}  ${times(ours.fuel, clang.fuel)} ${times(ours.bytes, clang.bytes)}`;
    }
    const known = REFERENCE[program.name];
    if (known !== undefined) line += `  reference ${times(ours.fuel, known.fuel)}${known.bytes === undefined ? "" : `, bytes ${times(ours.bytes, known.bytes)}`}; after binaryen -O3 ${times(ours.fuel, known.optimised)}`;
    console.log(line + moved);
  }
  if (native) console.log(`geometric mean against clang -O3, spin aside: fuel ${mean(seen.fuel).toFixed(2)} x (aim 1.3), bytes ${mean(seen.bytes).toFixed(2)} x`);
  const now = measured();
  console.log(`geometric mean against the reference: fuel ${mean(Object.entries(REFERENCE).map(([n, r]) => now[n].fuel / r.fuel)).toFixed(2)} x (aim 0.5)`);
  for (const s of speeds()) console.log(`compile ${s.megabytes.toFixed(1)} MB of x07AST: ${s.rate.toFixed(1)} MB/s (aim 5)`);
  if (process.argv.includes("--bless")) writeFileSync(table, `${JSON.stringify(now, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
