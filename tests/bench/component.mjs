// `npm run bench:component`: what `component build --emit all` costs against Node's own start: nothing to do, from empty caches
// with the embedded tools, and with the installed ones where they are.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { finish, machine, measure, option, row } from "./harness.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const tool = join(root, "dist/x07-wasm.cjs");
const base = mkdtempSync(join(tmpdir(), "x07-bench-"));
const rounds = Number(option("--rounds", "15"));
const installed = ["wasm-tools", "wac"].every((program) => spawnSync(program, ["--version"]).status === 0);

function place(name) {
  const cwd = join(base, name);
  mkdirSync(cwd);
  cpSync(join(root, "examples/http_echo"), cwd, { recursive: true });
  return cwd;
}

/** `auto` takes the installed tools; `native` would want the x07 compiler too, which is in no registry. */
function clean(name, provider) {
  const cwd = place(name);
  const cache = join(base, `cache-${name}`);
  const before = () => {
    for (const d of [".x07-wasm", "target", "dist"]) rmSync(join(cwd, d), { recursive: true, force: true });
    rmSync(cache, { recursive: true, force: true });
  };
  return { name: `--emit all, clean, ${name}`, command: [process.execPath, tool, "component", "build", "--provider", provider], cwd, env: { X07_WASM_CACHE_DIR: cache }, before };
}

try {
  machine();
  const node = { name: "node -e 0", command: [process.execPath, "-e", "0"], cwd: base };
  const noop = { name: "--emit all, nothing to do", command: [process.execPath, tool, "component", "build", "--provider", "embedded"], cwd: place("noop"), env: { X07_WASM_CACHE_DIR: join(base, "cache-noop") } };
  const cases = [node, noop, clean("embedded", "embedded")];
  if (installed) cases.push(clean("native", "auto"));
  else console.log("SKIPPED: native tools (wasm-tools and wac are not on PATH)");
  const seen = measure(cases, rounds);
  row(noop.name, node.name, seen, 1.3);
  row("--emit all, clean, embedded", node.name, seen, 12);
  if (installed) row("--emit all, clean, native", node.name, seen, 8);
  finish();
} finally {
  rmSync(base, { recursive: true, force: true });
}
