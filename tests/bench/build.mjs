// `npm run bench`: what a build costs against Node's own start, and against the reference tool where one is installed
// (X07_WASM_REFERENCE=/path). Without one, the reference's measured multiples of `node -e 0` stand in, and that is said.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { finish, machine, measure, note, option, ratio, row } from "./harness.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const tool = join(root, "dist/x07-wasm.cjs");
const base = mkdtempSync(join(tmpdir(), "x07-bench-"));
const reference = process.env.X07_WASM_REFERENCE;
/** Measured once on a machine with the reference tool: its complete build in multiples of `node -e 0`. */
const REFERENCE_MULTIPLE = { solve_pure_echo: 2.2, http_echo: 4.1 };
const AIMS = { solve_pure_echo: { noop: 0.6, clean: 1.3 }, http_echo: { noop: 0.35, clean: 0.8 } };
const rounds = Number(option("--rounds", "15"));

try {
  machine();
  const node = { name: "node -e 0", command: [process.execPath, "-e", "0"], cwd: base };
  const cases = [node];
  for (const example of Object.keys(REFERENCE_MULTIPLE)) {
    const cwd = join(base, example);
    mkdirSync(cwd);
    cpSync(join(root, "examples", example), cwd, { recursive: true });
    const clean = () => {
      for (const d of [".x07-wasm", "dist", "build"]) rmSync(join(cwd, d), { recursive: true, force: true });
      rmSync(join(base, `cache-${example}`), { recursive: true, force: true });
    };
    clean();
    const noopCwd = join(base, `${example}-noop`);
    cpSync(cwd, noopCwd, { recursive: true });
    cases.push({ name: `${example}: clean build`, command: [process.execPath, tool, "build"], cwd, env: { X07_WASM_CACHE_DIR: join(base, `cache-${example}`) }, before: clean });
    cases.push({ name: `${example}: no-op build`, command: [process.execPath, tool, "build"], cwd: noopCwd, env: { X07_WASM_CACHE_DIR: join(base, `cache-noop-${example}`) } });
    if (reference !== undefined) cases.push({ name: `${example}: reference`, command: [reference, "build"], cwd, before: clean });
  }
  const seen = measure(cases, rounds);
  for (const [example, multiple] of Object.entries(REFERENCE_MULTIPLE)) {
    row(`${example}: no-op build`, node.name, seen, 1.25);
    row(`${example}: clean build`, node.name, seen, 3);
    for (const kind of ["no-op", "clean"]) {
      const aim = AIMS[example][kind === "no-op" ? "noop" : "clean"];
      if (reference !== undefined) row(`${example}: ${kind} build`, `${example}: reference`, seen, aim);
      else note(`${example}: ${kind} build vs reference (by its measured ${multiple} x node)`, { ratio: Number((ratio(seen, `${example}: ${kind} build`, node.name).median / multiple).toFixed(3)), aim });
    }
    note(`${example}: no-op peak memory vs empty Node`, { ratio: Number(ratio(seen, `${example}: no-op build`, node.name, "rss").median.toFixed(3)), aim: 1.3 });
  }
  finish();
} finally {
  rmSync(base, { recursive: true, force: true });
}
