// `npm run bench:modules`: what one edited body costs in a project of 200 modules, against its clean build. Whole processes.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { finish, machine, measure, option, row } from "./harness.mjs";
import { writeProject } from "./project.mjs";

const tool = join(resolve(dirname(fileURLToPath(import.meta.url)), "../.."), "dist/x07-wasm.cjs");
const base = mkdtempSync(join(tmpdir(), "x07-modules-"));
const [rounds, count, functions] = [Number(option("--rounds", "5")), Number(option("--modules", "200")), Number(option("--functions", "8"))];

try {
  machine();
  const project = (name) => {
    const cwd = join(base, name);
    mkdirSync(cwd);
    writeProject(cwd, count, functions);
    return { cwd, env: { X07_WASM_CACHE_DIR: join(base, `cache-${name}`) }, command: [process.execPath, tool, "build"] };
  };
  const [clean, edited, untouched] = ["clean", "edited", "untouched"].map(project);
  const middle = join(edited.cwd, `src/app/m${count >> 1}.x07.json`);
  let edits = 0;
  const seen = measure(
    [
      { name: "clean build", ...clean, before: () => [".x07-wasm", "dist"].forEach((d) => rmSync(join(clean.cwd, d), { recursive: true, force: true })) ?? rmSync(clean.env.X07_WASM_CACHE_DIR, { recursive: true, force: true }) },
      { name: "one body edited", ...edited, before: () => writeFileSync(middle, readFileSync(middle, "utf8").replace(/167776\d\d/, () => 16777600 + (++edits % 100))) },
      { name: "no-op", ...untouched },
      { name: "node -e 0", command: [process.execPath, "-e", "0"], cwd: base },
    ],
    rounds,
  );
  row("one body edited", "clean build", seen, 0.1);
  row("no-op", "node -e 0", seen, 1.25);
  row("clean build", "node -e 0", seen);
  finish();
} finally {
  rmSync(base, { recursive: true, force: true });
}
