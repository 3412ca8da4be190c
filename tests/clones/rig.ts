// Clones of the examples as a CI runner has them: another path, user, umask, locale, other stamps; the built tool run in
// them. Knows nothing of how a cache gets from one to the other.

import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { sha256Hex } from "../../engine/lib/digest.ts";
import { type GraphReport, ROOT, TOOL } from "../rig/project.ts";

/** Who builds: on whose account, with which habits. */
export interface Runner {
  readonly uid?: number;
  readonly umask: string;
  readonly locale: string;
  readonly zone: string;
}

export const AT_HOME: Runner = { umask: "022", locale: "C.UTF-8", zone: "UTC" };
const NOBODY = 65534;

/** Only root may become another user, and only a user who can read this checkout can run the tool in it. */
function mayBecome(uid: number): boolean {
  return process.getuid?.() === 0 && spawnSync(process.execPath, [TOOL, "--version"], { uid, gid: uid, cwd: "/", env: {} }).status === 0;
}

/** Another user where this process may become one. */
export const ELSEWHERE: Runner = { ...(mayBecome(NOBODY) ? { uid: NOBODY } : {}), umask: "077", locale: "tr_TR.UTF-8", zone: "Pacific/Apia" };

export interface Did {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Totals {
  readonly total: number;
  readonly ran: number;
  readonly restored: number;
  /** `rule label` of what ran. */
  readonly actions: readonly string[];
}

export const EXAMPLES = readdirSync(join(ROOT, "examples")).filter((e) => existsSync(join(ROOT, "examples", e, "x07.json"))).sort();

/** The command lines that are built in every clone; component builds where this version has them. */
export function commandLines(hasComponents: boolean): string[][] {
  return EXAMPLES.flatMap((e) => [
    ["build", "--project", `examples/${e}/x07.json`],
    ...(hasComponents ? [["component", "build", "--project", `examples/${e}/x07.json`, "--emit", "all", "--out-dir", `examples/${e}/target`]] : []),
  ]);
}

export class Place {
  readonly base = mkdtempSync(join(tmpdir(), "x07-clones-"));
  constructor() {
    chmodSync(this.base, 0o755);
  }
  /** A fresh clone, its files stamped at another time. */
  clone(name: string, runner: Runner, stampedAt: number): Clone {
    const dir = join(this.base, name);
    mkdirSync(dirname(dir), { recursive: true });
    for (const part of ["examples", "arch", "wit"]) if (existsSync(join(ROOT, part))) cpSync(join(ROOT, part), join(dir, part), { recursive: true, filter: (p) => !/\/(dist|build|target|\.x07-wasm)$/.test(p) });
    const clone = new Clone(this, dir, runner);
    for (const path of everything(dir)) {
      utimesSync(path, stampedAt, stampedAt);
      if (runner.uid !== undefined) chownSync(path, runner.uid, runner.uid);
    }
    if (runner.uid !== undefined) for (let up = dirname(dir); up.startsWith(this.base); up = dirname(up)) chmodSync(up, 0o777);
    return clone;
  }
  clean(): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}

export class Clone {
  readonly dir: string;
  readonly cache: string;
  readonly #runner: Runner;

  constructor(place: Place, dir: string, runner: Runner) {
    this.dir = dir;
    this.cache = join(place.base, `cache-of-${dir.slice(place.base.length + 1).replaceAll("/", "-")}`);
    this.#runner = runner;
  }

  tool(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Did> {
    const { uid, umask, locale, zone } = this.#runner;
    const child = spawn("/bin/sh", ["-c", `umask ${umask}; exec "$0" "$@"`, process.execPath, TOOL, ...words], {
      cwd: this.dir,
      env: { PATH: process.env["PATH"], HOME: this.dir, LC_ALL: locale, LANG: locale, TZ: zone, X07_WASM_CACHE_DIR: this.cache, ...env },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (c: Buffer) => out.push(c));
    child.stderr.on("data", (c: Buffer) => err.push(c));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status) => resolve({ status, stdout: Buffer.concat(out).toString("utf8"), stderr: Buffer.concat(err).toString("utf8") }));
    });
  }

  /** Builds every line; throws where one fails. */
  async build(lines: readonly (readonly string[])[], more: readonly string[] = []): Promise<Totals> {
    const totals = { total: 0, ran: 0, restored: 0, actions: [] as string[] };
    for (const line of lines) {
      const report = join(this.dir, ".graph.json");
      const did = await this.tool([...line, ...more, "--graph-report", report]);
      if (did.status !== 0) throw new Error(`${line.join(" ")}: ${did.status}\n${did.stderr}`);
      const graph = JSON.parse(readFileSync(report, "utf8")) as GraphReport;
      totals.total += graph.counts.total;
      totals.ran += graph.counts.ran;
      totals.restored += graph.counts.restored;
      totals.actions.push(...graph.actions.filter((a) => a.state === "ran").map((a) => `${a.rule} ${a.label}`));
    }
    return totals;
  }

  /** Everything that was made here: path and digest. */
  made(): string[] {
    return everything(join(this.dir, "examples"))
      .filter((p) => /\/(dist|build|target)\//.test(p) && statSync(p).isFile())
      .map((p) => `${p.slice(this.dir.length)} ${sha256Hex(readFileSync(p))}`)
      .sort();
  }
}

function everything(dir: string): string[] {
  return [dir, ...readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? everything(join(dir, e.name)) : [join(dir, e.name)]))];
}
