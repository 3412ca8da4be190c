// Fair timing: all cases of a table run interleaved in shuffled order, whole processes, medians of pair-by-pair ratios
// with their spread. Only ratios are worth quoting. NODE_EXTRA_CA_CERTS is unset: it alone more than doubles Node 20's start.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";

const TIME = "/usr/bin/time";

/** One whole process: wall and user seconds, peak memory in KiB. `before` prepares and is not timed. */
export function once({ command, cwd, env, before }) {
  before?.();
  const out = join(tmpdir(), `bench-${process.pid}.txt`);
  const whole = { ...process.env, ...env };
  delete whole.NODE_EXTRA_CA_CERTS;
  const started = process.hrtime.bigint();
  const timed = existsSync(TIME);
  const words = timed ? [TIME, "-o", out, "-f", "%U %S %M", ...command] : command;
  const ran = spawnSync(words[0], words.slice(1), { cwd, env: whole, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  const wall = Number(process.hrtime.bigint() - started) / 1e9;
  if (ran.status !== 0) throw new Error(`${command.join(" ")} ended with ${ran.status}: ${ran.stderr}`);
  if (!timed) return { wall, user: NaN, rss: NaN };
  const [user, sys, rss] = readFileSync(out, "utf8").trim().split("\n").at(-1).split(" ").map(Number);
  rmSync(out, { force: true });
  return { wall, user: user + sys, rss };
}

export function median(xs) {
  const s = [...xs].sort((a, b) => a - b);
  return s.length % 2 === 1 ? s[(s.length - 1) / 2] : (s[s.length / 2 - 1] + s[s.length / 2]) / 2;
}

/** Runs every case `rounds` times, interleaved; the first round is a warm-up and is thrown away. */
export function measure(cases, rounds) {
  const seen = new Map(cases.map((c) => [c.name, []]));
  for (let round = 0; round <= rounds; round++) {
    const order = [...cases].sort(() => Math.random() - 0.5);
    for (const c of order) {
      const r = once(c);
      if (round > 0) seen.get(c.name).push(r);
    }
  }
  return seen;
}

/** Pair-by-pair ratios of one case against another, round by round. */
export function ratio(seen, name, anchor, figure = "wall") {
  const a = seen.get(name);
  const b = seen.get(anchor);
  const all = a.map((r, i) => r[figure] / b[i][figure]).sort((x, y) => x - y);
  return { median: median(all), low: all[0], high: all.at(-1) };
}

const rows = [];

/** Prints one line and keeps it for --json. */
export function row(work, anchor, seen, aim) {
  const wall = ratio(seen, work, anchor);
  const user = ratio(seen, work, anchor, "user");
  const verdict = aim === undefined ? "" : wall.median <= aim ? "  ok" : "  MISSED";
  rows.push({ work, anchor, ratio: wall.median, spread: [wall.low, wall.high], user_ratio: user.median, ...(aim === undefined ? {} : { aim }) });
  console.log(`${work.padEnd(44)} ${wall.median.toFixed(2).padStart(7)} x ${anchor.padEnd(18)} [${wall.low.toFixed(2)} .. ${wall.high.toFixed(2)}]  user ${user.median.toFixed(2)}${aim === undefined ? "" : `  aim <= ${aim}`}${verdict}`);
}

export function note(work, value) {
  rows.push({ work, ...value });
  console.log(`${work.padEnd(44)} ${JSON.stringify(value)}`);
}

export function machine() {
  console.log(`${cpus().length} x ${cpus()[0].model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}, Node ${process.version}`);
}

export function finish() {
  const at = process.argv.indexOf("--json");
  if (at > 0) writeFileSync(process.argv[at + 1], `${JSON.stringify(rows, null, 2)}\n`);
}

export function option(name, fallback) {
  const at = process.argv.indexOf(name);
  return at > 0 ? process.argv[at + 1] : fallback;
}
