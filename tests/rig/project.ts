// A small x07 project in a folder of its own, and the built tool run on it as people run it.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const TOOL = join(ROOT, "dist", "x07-wasm.cjs");

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stdoutBytes: Buffer;
  readonly stderr: string;
}

export interface GraphReport {
  readonly ok: boolean;
  readonly counts: { readonly total: number; readonly fresh: number; readonly cut_off: number; readonly restored: number; readonly ran: number; readonly failed: number };
  readonly actions: readonly { readonly rule: string; readonly label: string; readonly state: string; readonly key: string; readonly reasons: readonly { readonly kind: string; readonly what: string; readonly old?: string; readonly new?: string }[] }[];
  readonly recovered: readonly { readonly code: string }[];
}

/** A workspace with its own cache; `clean()` removes both. */
export class Workspace {
  readonly dir: string;
  readonly cache: string;
  constructor(cache?: string, name = "work") {
    const base = mkdtempSync(join(tmpdir(), "x07-test-"));
    this.dir = join(base, name);
    mkdirSync(this.dir);
    this.cache = cache ?? join(base, "cache");
  }
  write(files: { readonly [path: string]: string | Uint8Array | object }): this {
    for (const [path, content] of Object.entries(files)) {
      const at = join(this.dir, path);
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, typeof content === "string" || content instanceof Uint8Array ? content : JSON.stringify(content));
    }
    return this;
  }
  read(path: string): Buffer {
    return readFileSync(join(this.dir, path));
  }
  remove(path: string): void {
    rmSync(join(this.dir, path), { recursive: true, force: true });
  }
  env(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { PATH: process.env["PATH"], HOME: dirname(this.dir), X07_WASM_CACHE_DIR: this.cache, ...more };
  }
  tool(words: readonly string[], more: NodeJS.ProcessEnv = {}, input?: Uint8Array): Ran {
    const r = spawnSync(process.execPath, [TOOL, ...words], { cwd: this.dir, env: this.env(more), ...(input === undefined ? {} : { input }), maxBuffer: 1 << 28 });
    return { status: r.status, stdout: r.stdout.toString("utf8"), stdoutBytes: r.stdout, stderr: r.stderr.toString("utf8") };
  }
  /** Runs with --graph-report and gives what the engine says it did. */
  graph(words: readonly string[]): Ran & { readonly graph: GraphReport } {
    const at = join(dirname(this.dir), "graph.json");
    const ran = this.tool([...words, "--graph-report", at]);
    return { ...ran, graph: JSON.parse(readFileSync(at, "utf8")) as GraphReport };
  }
  clean(): void {
    rmSync(dirname(this.dir), { recursive: true, force: true });
  }
}

export const PROJECT = { schema_version: "x07.project@0.3.0", world: "solve-pure", entry: "src/main.x07.json", module_roots: ["src"], lockfile: null, dependencies: [] };

export function entryModule(solve: unknown, imports: readonly string[] = [], decls: readonly unknown[] = []): object {
  return { schema_version: "x07.x07ast@0.5.0", kind: "entry", module_id: "main", imports, decls, solve };
}

/** Echo through a module of its own, so that one more file is discovered while the compiler runs. */
export const ECHO_FILES = {
  "x07.json": PROJECT,
  "src/main.x07.json": entryModule(["copy.all", "input"], ["copy"]),
  "src/copy.x07.json": {
    schema_version: "x07.x07ast@0.5.0",
    kind: "module",
    module_id: "copy",
    imports: [],
    decls: [
      { kind: "export", names: ["copy.all"] },
      { kind: "defn", name: "copy.all", params: [{ name: "v", ty: "bytes_view" }], result: "bytes", body: ["view.to_bytes", "v"] },
    ],
  },
} as const;

/** Whether a program can be started here; tests that need it say so when they skip. */
export function installed(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
