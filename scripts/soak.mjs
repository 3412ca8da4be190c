// Plays many random histories against the oracle: node scripts/soak.mjs --histories N [--seed S]. One process; prints
// progress, and each failure shrunk as JSON (a file for tests/random/cases).

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({ options: { histories: { type: "string", default: "2000" }, seed: { type: "string", default: "1" }, failures: { type: "string", default: "3" } } });
const [histories, first, limit] = [Number(values.histories), Number(values.seed), Number(values.failures)];

const folder = mkdtempSync(join(root, ".x07tmp-soak-"));
const entry = 'export { randomHistory } from "./tests/random/history.ts"; export { failure, shrink } from "./tests/random/shrink.ts";';
const vitest = { name: "no-vitest", setup: (b) => {
  b.onResolve({ filter: /^vitest$/ }, () => ({ path: "vitest", namespace: "none" }));
  b.onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "export const expect = { extend() {} };" }));
} };
await build({ stdin: { contents: entry, resolveDir: root, loader: "ts" }, bundle: true, platform: "node", format: "esm", target: "node20", external: ["@bokuweb/zstd-wasm"], outfile: join(folder, "soak.mjs"), plugins: [vitest], banner: { js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);' }, logLevel: "error" });
const { randomHistory, failure, shrink } = await import(pathToFileURL(join(folder, "soak.mjs")).href);
rmSync(folder, { recursive: true });

let failed = 0;
process.on("unhandledRejection", (e) => {
  console.log(`unhandled: ${e?.stack ?? e}`);
  failed += 1;
});
const started = Date.now();
for (let n = 0; n < histories && failed < limit; n++) {
  const seed = first + n;
  const wrong = await failure(randomHistory(seed));
  if (wrong !== undefined) {
    failed += 1;
    console.log(`seed ${seed}: ${wrong}`);
    const small = await shrink(randomHistory(seed));
    const name = join(tmpdir(), `x07-soak-seed-${seed}.json`);
    writeFileSync(name, `${JSON.stringify(small, undefined, 1)}\n`);
    console.log(`shrunk to ${small.steps.length} steps, ${small.graph.nodes.length} nodes, in ${name}: ${await failure(small)}`);
  }
  if ((n + 1) % 500 === 0) console.log(`${n + 1} histories, ${failed} differences, ${((Date.now() - started) / 1000).toFixed(0)} s`);
}
console.log(`${failed} differences`);
process.exitCode = failed === 0 ? 0 : 1;
