// Compiles random x07 programs to wasm and to C and compares their answers with the interpreter's; some are broken first and must be
// refused in good order: node scripts/fuzz.mjs --cases N [--seed S]. Prints progress, and the first difference made small. Without
// clang and wasm-ld on PATH it says that C is left out.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({ options: { cases: { type: "string", default: "2000" }, seed: { type: "string", default: "1" } } });
const [cases, first] = [Number(values.cases), Number(values.seed)];
if (!Number.isSafeInteger(cases) || cases < 1 || !Number.isSafeInteger(first) || first < 0) {
  console.error("usage: fuzz.mjs [--cases N] [--seed S], N a count of at least 1, S a number of at least 0");
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "x07-fuzz-"));
// Files beside the sources are found by their own address, which a bundle changes: each source keeps its own.
const addresses = { name: "addresses", setup: (b) => b.onLoad({ filter: /rules[\\/]x07[\\/](rig|std-build)\.ts$/ }, async ({ path }) => {
  const { readFile } = await import("node:fs/promises");
  return { loader: "ts", contents: (await readFile(path, "utf8")).replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)) };
}) };
await build({ entryPoints: [join(root, "tests/rules/x07/fuzz.ts")], bundle: true, platform: "node", format: "esm", target: "node20", outfile: join(folder, "fuzz.mjs"), plugins: [addresses], logLevel: "error" });
const { casesFrom, judge, judgeWithC, CJudge, haveClang, shrink, isWrong } = await import(pathToFileURL(join(folder, "fuzz.mjs")).href);
rmSync(folder, { recursive: true });

const byC = haveClang() ? new CJudge() : undefined;
console.log(`seed ${first}, ${cases} cases: interpreter, wasm${byC === undefined ? "; C is left out: clang and wasm-ld are not on PATH" : " and C"}`);
const make = casesFrom(pathToFileURL(join(root, "tests/cases/x07/")));
const started = Date.now();
const count = { same: 0, refused: 0, mutated: 0, c: 0 };

/** Says what is wrong and ends. */
function fail(seed, subject, verdict, judged) {
  console.log(`seed ${seed}: ${verdict.kind}: ${verdict.what}`);
  const small = shrink(subject, judged);
  const name = join(tmpdir(), `x07-fuzz-seed-${seed}.json`);
  writeFileSync(name, `${JSON.stringify(small, undefined, 1)}\n`);
  console.log(`shrunk, in ${name}: ${judged(small).what}`);
  for (const [path, module] of Object.entries(small.modules)) console.log(`${path}: ${JSON.stringify(module)}`);
  process.exit(1);
}

function flush() {
  count.c += byC.waiting.filter((w) => w.answers !== undefined).length;
  for (const { seed, subject, verdict } of byC.differences()) fail(seed, subject, verdict, judgeWithC);
}

for (let n = 0; n < cases; n++) {
  const seed = first + n;
  const subject = make(seed);
  const verdict = judge(subject);
  if (isWrong(verdict)) fail(seed, subject, verdict, judge);
  if (verdict.kind === "same" && byC?.add(seed, subject, verdict.answers) === true) flush();
  count[verdict.kind] += 1;
  if (subject.mutated) count.mutated += 1;
  if (n + 1 === cases && byC !== undefined) flush();
  if ((n + 1) % 500 === 0 || n + 1 === cases) console.log(`${n + 1} cases: ${count.same} compiled, ${count.refused} refused, ${count.mutated} of all mutated; ${byC === undefined ? "" : `C answered for ${count.c}; `}${((Date.now() - started) / 1000).toFixed(0)} s`);
}
console.log("0 differences");
