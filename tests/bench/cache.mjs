// `npm run bench:cache`: what a restored cache is worth. Fresh clones of all examples against clean builds; 1,000 copies
// against turbo (in a folder of its own, by npx); archives against `cp -r` of the same bytes. Interleaved; medians of pairs.
import { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { finish, machine, measure, note, once, option, row } from "./harness.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const tool = join(root, "dist/x07-wasm.cjs");
const rounds = Number(option("--rounds", "5"));
const parts = option("--only", "examples,turbo,archive").split(",");
const base = mkdtempSync(join(tmpdir(), "x07-bench-cache-"));

const aside = join(base, "aside");
let put = 0;

/**
 * Takes things away between rounds without deleting a file: ext4 looks at every inode that was freed in the last minutes
 * before it makes a new one, so that after deleting a thousand files each new file costs ten times what it costs in a fresh
 * clone. Emptied, so that nothing of them is still to be written.
 */
function lose(...paths) {
  mkdirSync(aside, { recursive: true });
  for (const path of paths.filter((p) => lstatSync(p, { throwIfNoEntry: false }) !== undefined)) {
    empty(path);
    renameSync(path, join(aside, String((put += 1))));
  }
}

function empty(path) {
  if (statSync(path).isFile()) truncateSync(path);
  else for (const name of readdirSync(path)) empty(join(path, name));
}

const bytesIn = (dir) => readdirSync(dir, { recursive: true }).reduce((n, p) => n + (statSync(join(dir, p)).isFile() ? statSync(join(dir, p)).size : 0), 0);

// ---- all examples ------------------------------------------------------------------------------------

function examples() {
  const dir = join(base, "clone");
  for (const part of ["examples", "arch", "wit"]) if (existsSync(join(root, part))) cpSync(join(root, part), join(dir, part), { recursive: true, filter: (p) => !/\/(dist|build|target)$/.test(p) });
  const names = readdirSync(join(dir, "examples")).filter((e) => existsSync(join(dir, "examples", e, "x07.json")));
  const components = spawnSync(process.execPath, [tool, "--cli-specrows"], { encoding: "utf8" }).stdout.includes('"component-build"');
  const line = (e) => (components ? `component build --project examples/${e}/x07.json --emit all --out-dir examples/${e}/target` : `build --project examples/${e}/x07.json`);
  const all = (words) => names.map((e) => `"${process.execPath}" "${tool}" ${line(e)} ${words} --json >/dev/null`).join(" && ");
  const [cache, saved, archive] = [join(base, "cache"), join(base, "saved"), join(base, "cache.tar.zst")];
  const env = { X07_WASM_CACHE_DIR: cache };
  const outputs = names.flatMap((e) => ["target", "dist", "build"].map((o) => join(dir, "examples", e, o)));
  const fresh = () => lose(join(dir, ".x07-wasm"), cache, ...outputs);
  const build = (words) => ({ command: ["sh", "-ec", all(words)], cwd: dir, env });

  fresh();
  once(build(""));
  cpSync(cache, saved, { recursive: true });
  once({ command: [process.execPath, tool, "cache", "export", archive], cwd: dir, env });
  note("what is carried", { goals: names.length, each: line("*"), files: readdirSync(saved, { recursive: true }).length, folder_bytes: bytesIn(saved), archive_bytes: statSync(archive).size });

  const cases = [
    { name: "clean build of all examples", ...build(""), before: fresh },
    { name: "fresh clone, folder restored", ...build(""), before: () => (fresh(), cpSync(saved, cache, { recursive: true })) },
    { name: "fresh clone, archive imported", command: ["sh", "-ec", `"${process.execPath}" "${tool}" cache import "${archive}" && ${all("")}`], cwd: dir, env, before: fresh },
    { name: "all fresh (no-op of each)", ...build("") , before: () => { fresh(); cpSync(saved, cache, { recursive: true }); once(build("")); } },
    { name: "node -e 0 as many times", command: ["sh", "-ec", names.map(() => `"${process.execPath}" -e 0`).join(" && ")], cwd: dir },
  ];
  const server = join(base, "nginx");
  const script = join(root, "scripts/cache-server.sh");
  const started = spawnSync(script, ["start", server, "18989"], { encoding: "utf8" });
  if (started.status === 0) {
    fresh();
    once(build("--remote-cache http://127.0.0.1:18989"));
    cases.push({ name: "fresh clone, nginx on the loopback", ...build("--remote-cache http://127.0.0.1:18989"), before: fresh });
  } else note("nginx", { skipped: started.stderr.trim() });
  try {
    const seen = measure(cases, rounds);
    for (const c of cases.slice(1)) row(c.name, cases[0].name, seen, c.name.startsWith("fresh clone, folder") ? 0.2 : undefined);
  } finally {
    spawnSync(script, ["stop", server]);
  }
}

// ---- turbo -------------------------------------------------------------------------------------------

const LAYERS = 10;

function copiesGraph(n) {
  return `// A layered graph of ${n} copies, made by the bench.
import { file, goal, graph, one, output, place, rule } from "x07-wasm/engine";
const copy = rule({ id: "copy", version: 1, inputs: { from: one("any"), also: one("any") }, outputs: { to: output("copy") }, run: ({ from }) => ({ ok: true, value: { to: from.bytes() } }) });
const nothing = { uses_os_time: false, uses_network: false, uses_process: false };
export default graph({
  app: { name: "bench", version: "1.0.0", about: "copies", codePrefix: "BENCH", parseReport: { schemaVersion: "p@1", command: "p", schemaFile: "p" }, schemaGoal: "all" },
  goals: { all: goal({ about: "Copy all", options: [], report: { schemaVersion: "b@1", command: "b", schemaFile: "b" }, async plan(_o, { build }) {
    const width = ${n / LAYERS};
    let below = Array.from({ length: width }, (_, i) => file("l0/" + i));
    const all = [];
    for (let l = 1; l <= ${LAYERS}; l++) {
      const row = below.map((from, i) => { const path = "l" + l + "/" + i; return place(copy({ from, also: below[(i * 7 + 3) % width] }, { label: path }).to, path); });
      all.push(...row);
      below = row;
    }
    const built = await build(all);
    return { result: {}, diagnostics: built.ok ? [] : built.error, inputs: [], outputs: [], nondeterminism: nothing };
  } }) },
  schemaText: async () => "{}", specrows: async () => ({}), cacheVariable: "BENCH_CACHE", cacheName: "bench",
});
`;
}

/** One package a step: its task copies a file of one package of the layer below and depends on two. */
function layTurbo(dir, n) {
  const width = n / LAYERS;
  writeJson(join(dir, "package.json"), { name: "bench", private: true, packageManager: "npm@10.0.0", workspaces: ["p/*"] });
  writeJson(join(dir, "turbo.json"), { tasks: { make: { dependsOn: ["^make"], inputs: ["leaf", "package.json"], outputs: ["out"] } } });
  const packages = { "": { name: "bench", workspaces: ["p/*"] } };
  for (let l = 1; l <= LAYERS; l++) {
    for (let i = 0; i < width; i++) {
      const name = `s${l}-${i}`;
      const below = l === 1 ? [] : [...new Set([`s${l - 1}-${i}`, `s${l - 1}-${(i * 7 + 3) % width}`])];
      const from = l === 1 ? "leaf" : `../${below[0]}/out`;
      const manifest = { name, version: "1.0.0", scripts: { make: `cp ${from} out` }, dependencies: Object.fromEntries(below.map((b) => [b, "*"])) };
      writeJson(join(dir, "p", name, "package.json"), manifest);
      if (l === 1) writeFileSync(join(dir, "p", name, "leaf"), `leaf ${i}\n`);
      packages[`p/${name}`] = { name, version: "1.0.0", dependencies: manifest.dependencies };
      packages[`node_modules/${name}`] = { resolved: `p/${name}`, link: true };
    }
  }
  writeJson(join(dir, "package-lock.json"), { name: "bench", lockfileVersion: 3, requires: true, packages });
}

function writeJson(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(value));
}

function turbo() {
  const n = Number(option("--steps", "1000"));
  const [ours, theirs, home] = ["ours", "turbo", "turbo-home"].map((d) => join(base, d));
  mkdirSync(join(ours, "l0"), { recursive: true });
  for (let i = 0; i < n / LAYERS; i++) writeFileSync(join(ours, "l0", String(i)), `leaf ${i}\n`);
  writeFileSync(join(ours, "x07wasm.graph.ts"), copiesGraph(n));
  layTurbo(theirs, n);
  mkdirSync(home);
  const installed = spawnSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "turbo@2"], { cwd: home, encoding: "utf8" });
  const bin = join(home, "node_modules/.bin/turbo");
  if (installed.status !== 0 || !existsSync(bin)) return note("turbo", { skipped: "npm cannot install it here" });
  // Restoring starts no task, so what runs the tasks once before does not matter: a shell does it in a fiftieth of npm's time.
  const shell = join(base, "shell");
  mkdirSync(shell);
  writeFileSync(join(shell, "npm"), `#!/bin/sh\nexec sh -c "$(sed 's/.*"make":"\\([^"]*\\)".*/\\1/' package.json)"\n`, { mode: 0o755 });
  const env = { TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", TURBO_UI: "false", PATH: `${shell}:${process.env.PATH}` };
  const turboRun = { command: [bin, "run", "make", "--no-daemon", "--output-logs=none", "--dangerously-disable-package-manager-check", "--concurrency=4"], cwd: theirs, env };
  const ourRun = { command: [process.execPath, tool, "all"], cwd: ours, env: { BENCH_CACHE: join(base, "our-cache") } };
  once(ourRun);
  once(turboRun);
  once({ ...ourRun, command: [...ourRun.command, "--graph-report", join(base, "g.json")] });
  const layers = Array.from({ length: LAYERS }, (_, l) => join(ours, `l${l + 1}`));
  const outs = readdirSync(join(theirs, "p")).map((p) => join(theirs, "p", p, "out"));
  if (outs.some((o) => !existsSync(o))) throw new Error("turbo did not make all outputs");
  const cases = [
    { name: `turbo restores ${n} outputs`, ...turboRun, before: () => lose(...outs) },
    { name: `all ${n} outputs lost`, ...ourRun, before: () => lose(...layers) },
    { name: `all lost, told action by action`, ...ourRun, command: [...ourRun.command, "--graph-report", join(base, "g.json")], before: () => lose(...layers) },
    { name: `the same in a fresh clone`, ...ourRun, before: () => lose(...layers, join(ours, ".x07-wasm")) },
  ];
  const seen = measure(cases, rounds);
  row(cases[1].name, cases[0].name, seen, 0.2);
  for (const c of cases.slice(2)) row(c.name, cases[0].name, seen);
  const { ran, restored } = JSON.parse(readFileSync(join(base, "g.json"), "utf8")).counts;
  note("in the last round ours", { ran, restored });
}

// ---- archives ----------------------------------------------------------------------------------------

function blobsGraph(count, size) {
  return `// ${count} artifacts of ${size} bytes, half of them repeating, made by the bench.
import { goal, graph, integer, output, place, rule } from "x07-wasm/engine";
import { cacheGoals } from "x07-wasm/rules";
function filled(seed) { const b = new Uint8Array(${size}); let s = seed; for (let i = 0; i < b.length; i += 2) { s = (Math.imul(s, 1103515245) + 12345) >>> 0; b[i] = s >>> 16; } return b; }
const blob = rule({ id: "blob", version: 1, inputs: { seed: integer() }, outputs: { to: output("blob") }, run: ({ seed }) => ({ ok: true, value: { to: filled(seed) } }) });
const nothing = { uses_os_time: false, uses_network: false, uses_process: false };
export default graph({
  app: { name: "bench", version: "1.0.0", about: "blobs", codePrefix: "BENCH", parseReport: { schemaVersion: "p@1", command: "p", schemaFile: "p" }, schemaGoal: "all" },
  goals: { ...cacheGoals, all: goal({ about: "Make all", options: [], report: { schemaVersion: "b@1", command: "b", schemaFile: "b" }, async plan(_o, { build }) {
    const built = await build(Array.from({ length: ${count} }, (_, i) => place(blob({ seed: i + 1 }, { label: "b" + i }).to, "out/" + i)));
    return { result: {}, diagnostics: built.ok ? [] : built.error, inputs: [], outputs: [], nondeterminism: nothing };
  } }) },
  schemaText: async () => "{}", specrows: async () => ({}), cacheVariable: "BENCH_CACHE", cacheName: "bench",
});
`;
}

function archives() {
  for (const [count, size] of [[200, 1 << 20], [2000, 16 << 10]]) {
    const dir = join(base, `blobs-${count}`);
    mkdirSync(dir);
    writeFileSync(join(dir, "x07wasm.graph.ts"), blobsGraph(count, size));
    const [cache, other, copy, archive] = ["cache", "other", "copy", "a.tar.zst"].map((p) => join(dir, p));
    const at = (folder) => ({ cwd: dir, env: { BENCH_CACHE: folder } });
    once({ command: [process.execPath, tool, "all"], ...at(cache) });
    once({ command: [process.execPath, tool, "cache", "export", archive, "all"], ...at(cache) });
    const what = `${count} x ${size >> 10} KiB`;
    const cases = [
      { name: `cp -r ${what}`, command: ["cp", "-r", cache, copy], cwd: dir, before: () => lose(copy) },
      { name: `tar | zstd -1 ${what}`, command: ["sh", "-ec", `tar cf - -C "${cache}" . | zstd -q -1 -c > "${copy}.tar.zst"`], cwd: dir, before: () => lose(`${copy}.tar.zst`) },
      { name: `export ${what}`, command: [process.execPath, tool, "cache", "export", archive, "all"], ...at(cache), before: () => lose(archive) },
      { name: `import ${what}`, command: [process.execPath, tool, "cache", "import", archive], ...at(other), before: () => { lose(other); if (!existsSync(archive)) once({ command: [process.execPath, tool, "cache", "export", archive, "all"], ...at(cache) }); } },
    ];
    const usable = spawnSync("zstd", ["--version"]).status === 0 ? cases : cases.toSpliced(1, 1);
    const seen = measure(usable, rounds);
    for (const c of usable.slice(1)) row(c.name, cases[0].name, seen);
    note(`archive of ${what}`, { bytes: bytesIn(cache), archive_bytes: statSync(archive).size });
  }
}

machine();
try {
  if (parts.includes("examples")) examples();
  if (parts.includes("turbo")) turbo();
  if (parts.includes("archive")) archives();
} finally {
  rmSync(base, { recursive: true, force: true });
}
finish();
