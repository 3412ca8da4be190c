// `npm run bench:serve`: requests a second and p99 latency of `serve --mode listen`, a fresh instance for each request,
// against the installed `wasmtime serve` on the same component with the same limits; wrk drives both, turn and turn about.
// Without wrk or wasmtime it says so; without wasmtime our own figures stand alone.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { finish, machine, median, note, option } from "./harness.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const tool = join(root, "dist/x07-wasm.cjs");
const rounds = Number(option("--rounds", "5"));
const seconds = option("--seconds", "4");
const connections = option("--connections", "8");
const has = (program) => spawnSync(program, ["--version"]).error === undefined;
const env = { ...process.env };
delete env.NODE_EXTRA_CA_CERTS;
const LIMITS = ["-W", "fuel=200000000", "-W", "max-memory-size=134217728", "-W", "max-table-elements=131072", "-W", "max-wasm-stack=1048576", "-W", "timeout=5000ms"];

/** Starts a server and gives its URL, read from the line by which it says that it is ready. */
function start(command, pattern) {
  const child = spawn(command[0], command.slice(1), { cwd: base, env, stdio: ["ignore", "ignore", "pipe"] });
  return new Promise((done, fail) => {
    let said = "";
    child.stderr.on("data", (d) => {
      said += d;
      const url = pattern.exec(said)?.[0];
      if (url !== undefined) done({ child, url });
    });
    child.once("exit", () => fail(new Error(`${command.join(" ")}: ${said}`)));
  });
}

/** One run of wrk: requests a second, p99 in ms. Errors count as a failed bench. */
function wrk(url, size, keepAlive) {
  const script = join(base, "post.lua");
  writeFileSync(script, `wrk.method="POST"\nwrk.body=string.rep("a", ${size})\n${keepAlive ? "" : 'wrk.headers["connection"]="close"\n'}`);
  const ran = spawnSync("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", "-s", script, url], { encoding: "utf8" });
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(ran.stdout)?.[1]);
  const [, figure, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(ran.stdout) ?? [];
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(ran.stdout)?.[1];
  if (bad !== undefined) throw new Error(`${url}: ${bad} answers were no success`);
  return { rate, p99: Number(figure) * { us: 0.001, ms: 1, s: 1000 }[unit] };
}

const base = mkdtempSync(join(tmpdir(), "x07-bench-serve-"));
const running = [];
try {
  machine();
  if (!has("wrk")) throw new Error("wrk is not installed (apt-get install wrk): nothing was measured");
  const rival = has("wasmtime");
  if (!rival) console.log("wasmtime is not installed: our own figures stand alone, there is no ratio");
  cpSync(join(root, "examples", "http_echo"), join(base, "http_echo"), { recursive: true });
  const built = spawnSync(process.execPath, [tool, "component", "build", "--project", "http_echo/x07.json", "--emit", "http", "--out-dir", "out", "--provider", "embedded"], { cwd: base, env, encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stderr);
  const component = join(base, option("--component", "out/http.component.wasm"));
  const ours = await start([process.execPath, tool, "serve", "--component", component, "--mode", "listen", "--stop-after", "0", "--max-concurrent", "64", "--hot-path"], /http:\/\/[\d.]+:\d+(?=[\s/])/);
  running.push(ours.child);
  const theirs = rival ? await start(["wasmtime", "serve", "--addr", "127.0.0.1:0", ...LIMITS, component], /http:\/\/[\d.]+:\d+(?=[\s/])/) : undefined;
  if (theirs) running.push(theirs.child);
  for (const server of [ours, theirs]) if (server) wrk(server.url, 1024, true); // warm
  for (const size of [1024, 102_400]) {
    for (const keepAlive of [true, false]) {
      const seen = { ours: [], theirs: [] };
      for (let round = 0; round < rounds; round++) {
        const order = round % 2 === 0 ? ["ours", "theirs"] : ["theirs", "ours"];
        for (const who of order) {
          const server = who === "ours" ? ours : theirs;
          if (server) seen[who].push(wrk(server.url, size, keepAlive));
        }
      }
      const what = `${size / 1024} KB, ${keepAlive ? "keep-alive" : "a connection each"}`;
      const own = { requests_per_s: Math.round(median(seen.ours.map((r) => r.rate))), p99_ms: Number(median(seen.ours.map((r) => r.p99)).toFixed(2)) };
      if (!theirs) note(what, own);
      else {
        const rate = median(seen.ours.map((r, i) => r.rate / seen.theirs[i].rate));
        const p99 = median(seen.ours.map((r, i) => r.p99 / seen.theirs[i].p99));
        note(what, { rate_ratio: Number(rate.toFixed(2)), aim_rate: ">= 1.0", p99_ratio: Number(p99.toFixed(2)), aim_p99: "<= 2", ours: own, wasmtime: { requests_per_s: Math.round(median(seen.theirs.map((r) => r.rate))), p99_ms: Number(median(seen.theirs.map((r) => r.p99)).toFixed(2)) } });
      }
    }
  }
  finish();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  for (const child of running) child.kill("SIGTERM");
  setTimeout(() => rmSync(base, { recursive: true, force: true }), 500);
}
