// What counting fuel costs: the same work (a second of it and more) plain on V8, metered on V8, and with fuel in an installed Wasmtime, interleaved in one
// run; ratios of medians. Then what a second run of a big module saves. Needs clang and wasm-ld; says so where Wasmtime is missing.
// node tests/bench/fuel.mjs [--rounds N]

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const rounds = Number(parseArgs({ options: { rounds: { type: "string", default: "5" } } }).values.rounds);
const dir = mkdtempSync(join(tmpdir(), "x07-bench-fuel-"));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

const HEAD = "typedef unsigned char u8; typedef unsigned u32; typedef struct { u8 *ptr; u32 len; } bytes_t;\n";
const SOLVE = "void x07_solve_v2(bytes_t *ret, u8 *arena, u32 cap, const u8 *in, u32 len) { (void)in; (void)len; (void)cap; u32 h = work(); for (u32 i = 0; i < 4; i++) arena[i] = (u8)(h >> (8 * i)); ret->ptr = arena; ret->len = 4; }\n";
const WORK = {
  sieve: "static u8 s[1 << 20]; static u32 work(void) { u32 n = 0; for (u32 r = 0; r < 300; r++) { for (u32 i = 0; i < sizeof s; i++) s[i] = 1; for (u32 i = 2; i < sizeof s; i++) if (s[i]) { n++; for (u32 j = 2 * i; j < sizeof s; j += i) s[j] = 0; } } return n; }\n",
  matrix: "static float a[256][256], b[256][256], c[256][256]; static u32 work(void) { for (u32 r = 0; r < 60; r++) for (u32 i = 0; i < 256; i++) for (u32 j = 0; j < 256; j++) { float t = (float)r; for (u32 k = 0; k < 256; k++) t += a[i][k] * b[k][j] + (float)k; c[i][j] = t; } return (u32)c[3][5]; }\n",
  hash: "static u8 m[1 << 16]; static u32 work(void) { u32 h = 2166136261u; for (u32 r = 0; r < 11000; r++) for (u32 i = 0; i < sizeof m; i++) h = (h ^ m[i] ^ (u8)r) * 16777619u; return h; }\n",
  calls: "static __attribute__((noinline)) u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); } static u32 work(void) { return fib(41); }\n",
};

function compile(name, text, level = "-O2") {
  writeFileSync(join(dir, `${name}.c`), HEAD + text);
  execFileSync("clang", ["--target=wasm32-unknown-unknown", "-nostdlib", "-ffreestanding", level, "-c", `${name}.c`, "-o", `${name}.o`], { cwd: dir });
  execFileSync("wasm-ld", ["--no-entry", "--export=x07_solve_v2", "--export=__heap_base", "--export=__data_end", "--initial-memory=8388608", "--max-memory=8388608", `${name}.o`, "-o", `${name}.wasm`], { cwd: dir });
  return new Uint8Array(readFileSync(join(dir, `${name}.wasm`)));
}

try {
  writeFileSync(join(dir, "door.ts"), `export { runCore } from ${JSON.stringify(join(root, "rules/run/core-host.ts"))}; export { runCoreInWasmtime } from ${JSON.stringify(join(root, "rules/run/wasmtime/host.ts"))};`);
  await build({ entryPoints: [join(dir, "door.ts")], bundle: true, platform: "node", format: "esm", target: "node20", outfile: join(dir, "door.mjs"), logLevel: "error", banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' } });
  const { runCore, runCoreInWasmtime } = await import(pathToFileURL(join(dir, "door.mjs")).href);
  const found = spawnSync("sh", ["-c", "command -v wasmtime"], { encoding: "utf8" }).stdout.trim();
  if (found === "") console.log("SKIPPED: Wasmtime is not installed");
  const plan = { stack_first: false, stack_size_bytes: 0, initial_memory_bytes: 0, max_memory_bytes: 0, growable_memory: false };
  const request = (module) => ({ module, input: new Uint8Array(0), arenaCap: 65536, maxOutput: 65536, plan, limits: { maxFuel: 2n ** 50n, maxMemoryBytes: null, maxTableElements: null, maxWasmStackBytes: 1 << 20 } });
  /** Optimised code from the start, as a metered run has it: V8 does not replace code that is in a loop. */
  const plain = (module) => {
    setFlagsFromString("--no-liftoff");
    const x = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([...module, 0, 2, 1, 0x70]))).exports;
    const at = (Math.max(x.__heap_base.value, x.__data_end.value) + 15) & -8;
    x.x07_solve_v2(at, at + 16, 65536, at + 8, 0);
    setFlagsFromString("--liftoff");
  };
  console.log("work     plain V8   metered V8   Wasmtime, fuel   metered/plain   metered/Wasmtime");
  for (const [name, text] of Object.entries(WORK)) {
    const module = compile(name, text + SOLVE);
    const ways = { plain: () => plain(module), metered: () => runCore(request(module)), ...(found === "" ? {} : { wasmtime: () => runCoreInWasmtime(found, request(module)) }) };
    const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
    for (let round = 0; round < rounds; round++) {
      for (const way of Object.keys(ways).sort(() => Math.random() - 0.5)) {
        const started = performance.now();
        const outcome = await ways[way]();
        if (outcome?.diagnostics?.length) throw new Error(`${name}: ${outcome.diagnostics[0].message}`);
        times[way].push(performance.now() - started);
      }
    }
    const [p, m, t] = [median(times.plain), median(times.metered), found === "" ? NaN : median(times.wasmtime)];
    console.log(`${name.padEnd(8)} ${p.toFixed(0).padStart(5)} ms ${m.toFixed(0).padStart(9)} ms ${t.toFixed(0).padStart(13)} ms ${(m / p).toFixed(2).padStart(13)} x ${(m / t).toFixed(2).padStart(15)} x`);
  }
  secondRun();
} finally {
  rmSync(dir, { recursive: true, force: true });
}

/** Two runs of one big module on different inputs: the second finds it with its limits woven in. */
function secondRun() {
  const functions = Array.from({ length: 20_000 }, (_, i) => `__attribute__((noinline)) u32 f${i}(u32 x) { for (u32 k = 0; k < x % ${3 + (i % 11)}; k++) x = x * ${i + 3}u + (x >> ${1 + (i % 30)}) + k; return x ^ ${i}u; }`).join("\n");
  const table = `static u32 (*const fs[])(u32) = { ${Array.from({ length: 20_000 }, (_, i) => `f${i}`).join(", ")} };`;
  const module = compile("big", `${functions}\n${table}\nstatic u32 work(void) { volatile u32 n = 7; return fs[n](n); }\n${SOLVE}`, "-O1");
  const profile = JSON.parse(readFileSync(join(root, "arch/wasm/profiles/wasm_release.json"), "utf8"));
  writeFileSync(join(dir, "open.json"), JSON.stringify({ ...profile, wasm_ld: { linker: null, ldflags: [] }, defaults: { arena_cap_bytes: 65536, max_output_bytes: 65536 } }));
  const run = (input, cache) => {
    const started = performance.now();
    const ran = spawnSync(process.execPath, [join(root, "dist/x07-wasm.cjs"), "run", "--wasm", "big.wasm", "--input-hex", input, "--profile-file", "open.json", "--json"], { cwd: dir, env: { PATH: process.env.PATH, X07_WASM_CACHE_DIR: join(dir, cache) }, encoding: "utf8" });
    if (ran.status !== 0) throw new Error(ran.stdout + ran.stderr);
    return performance.now() - started;
  };
  const [first, second] = [[], []];
  for (let round = 0; round < rounds; round++) {
    rmSync(join(dir, ".x07-wasm"), { recursive: true, force: true });
    first.push(run("00", `cache${round}`));
    second.push(run("01", `cache${round}`));
  }
  console.log(`big module of ${(module.length / 1024).toFixed(0)} KiB: first run ${median(first).toFixed(0)} ms, second run on another input ${median(second).toFixed(0)} ms, ${(median(second) / median(first)).toFixed(2)} x`);
}
