// The workflow files of examples/ci run step by step, as the providers run them, with folders in place of their stores.

import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parse } from "yaml";
import { ECHO_FILES, ROOT, TOOL } from "../rig/project.ts";

const base = mkdtempSync(join(tmpdir(), "x07-ci-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

// What stands for the machine's own programs: `npx x07-wasm` is this checkout's tool, `npm ci` has nothing to do.
const bin = join(base, "bin");
mkdirSync(bin);
for (const [name, text] of [["npx", `shift; exec "${process.execPath}" "${TOOL}" "$@"`], ["npm", "exit 0"]] as const) {
  writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(bin, name), 0o755);
}

let clones = 0;
/** What a checkout step leaves: a fresh clone with new stamps at a new path. */
function checkout(files: { readonly [path: string]: unknown }): string {
  const dir = join(base, `runner-${++clones}`);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(dir, path, ".."), { recursive: true });
    writeFileSync(join(dir, path), JSON.stringify(content));
  }
  return dir;
}

function sh(script: string, dir: string, env: NodeJS.ProcessEnv): { status: number | null; said: string } {
  const ran = spawnSync("bash", ["-e", "-o", "pipefail", "-c", script], { cwd: dir, env: { PATH: `${bin}:${process.env["PATH"]}`, HOME: dir, CI: "true", ...env }, encoding: "utf8" });
  return { status: ran.status, said: `${ran.stdout}${ran.stderr}` };
}


const changedModule = { ...ECHO_FILES["src/copy.x07.json"], decls: [ECHO_FILES["src/copy.x07.json"].decls[0], { kind: "defn", name: "copy.all", params: [{ name: "v", ty: "bytes_view" }], result: "bytes", body: ["begin", ["let", "n", ["view.len", "v"]], ["codec.write_u32_le", "n"]] }] };

// ---- GitHub Actions ----------------------------------------------------------------------------------

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly with?: { readonly path: string; readonly key: string; readonly "restore-keys"?: string };
}
interface Workflow {
  readonly env: { readonly [name: string]: string };
  readonly jobs: { readonly [job: string]: { readonly steps: readonly Step[]; readonly needs?: string } };
}

/** Runs one job on a fresh runner; `store` is the provider's, newest entry last. Gives what the runner said. */
function githubJob(workflow: Workflow, job: string, files: { readonly [path: string]: unknown }, store: string[]): { said: string; dir: string } {
  const outputs: { [name: string]: string } = {};
  const filled = (text: string) =>
    text.replace(/\$\{\{ *([a-z_.]+) *\}\}/g, (_, name: string) => {
      const value = name === "runner.os" ? "Linux" : outputs[name];
      if (value === undefined) throw new Error(`the workflow uses ${name}, which is not set`);
      return value;
    });
  let dir = "";
  let said = "";
  for (const step of workflow.jobs[job]!.steps) {
    const condition = step.if === undefined ? undefined : /^([a-z.]+) == '([a-z]+)'$/.exec(step.if);
    if (condition === null) throw new Error(`the runner does not understand: if ${step.if}`);
    if (condition !== undefined && outputs[condition[1]!] !== condition[2]) continue;
    if (step.uses?.startsWith("actions/checkout@")) dir = checkout(files);
    else if (step.uses?.startsWith("actions/setup-node@")) continue;
    else if (step.uses?.startsWith("actions/cache/restore@")) {
      const [key, prefix] = [filled(step.with!.key), filled(step.with!["restore-keys"] ?? "\0")];
      const found = store.includes(key) ? key : store.findLast((k) => k.startsWith(prefix));
      if (found !== undefined) cpSync(join(base, "store", found), join(dir, step.with!.path), { recursive: true });
    } else if (step.uses?.startsWith("actions/cache/save@")) {
      const key = filled(step.with!.key);
      if (store.includes(key)) continue;
      cpSync(join(dir, step.with!.path), join(base, "store", key), { recursive: true });
      store.push(key);
    } else if (step.run !== undefined) {
      const file = join(dir, "github-output");
      const ran = sh(filled(step.run), dir, { ...workflow.env, GITHUB_OUTPUT: file });
      said += ran.said;
      if (ran.status !== 0) throw new Error(`${step.run}\n${said}`);
      if (step.id !== undefined && existsSync(file)) for (const line of readFileSync(file, "utf8").trim().split("\n")) outputs[`steps.${step.id}.outputs.${line.split("=")[0]}`] = line.slice(line.indexOf("=") + 1);
      rmSync(file, { force: true });
    } else throw new Error(`the runner does not know ${step.uses}`);
  }
  return { said, dir };
}

test("GitHub Actions: a save for every change, none without, and a proof that 0 actions ran", () => {
  const workflow = parse(readFileSync(join(ROOT, "examples/ci/github-actions.yml"), "utf8")) as Workflow;
  const store: string[] = [];
  expect(githubJob(workflow, "build", ECHO_FILES, store).said).toMatch(/[1-9]\d* ran/);
  expect(store).toHaveLength(1);
  expect(githubJob(workflow, "proof", ECHO_FILES, store).said).toContain("0 actions ran");
  githubJob(workflow, "build", ECHO_FILES, store);
  expect(store).toHaveLength(1);
  const changed = { ...ECHO_FILES, "src/copy.x07.json": changedModule };
  githubJob(workflow, "build", changed, store);
  expect(store).toHaveLength(2);
  const proof = githubJob(workflow, "proof", changed, store);
  expect(proof.said).toContain("0 actions ran");
});

test("GitHub Actions: a damaged archive in the store costs one full build, and a good one is saved", () => {
  const workflow = parse(readFileSync(join(ROOT, "examples/ci/github-actions.yml"), "utf8")) as Workflow;
  mkdirSync(join(base, "store", "x07-Linux-bad"), { recursive: true });
  writeFileSync(join(base, "store", "x07-Linux-bad", "cache.tar.zst"), "not an archive");
  const store = ["x07-Linux-bad"];
  const built = githubJob(workflow, "build", ECHO_FILES, store);
  expect(built.said).toContain("GRAPH_CACHE_ARCHIVE_NOT_ARCHIVE");
  expect(built.said).toContain("building without a cache");
  expect(githubJob(workflow, "proof", ECHO_FILES, store.slice(1)).said).toContain("0 actions ran");
});

// ---- GitLab CI ---------------------------------------------------------------------------------------

interface GitlabJob {
  readonly cache: { readonly paths: readonly string[]; readonly policy: string };
  readonly script: readonly string[];
}

/** Runs one job; the provider's cache is one folder. Gives what was said and whether the runner had to upload. */
function gitlabJob(file: { readonly [name: string]: unknown }, job: string, files: { readonly [path: string]: unknown }, store: string): { said: string; uploaded: boolean } {
  const { cache, script } = file[job] as GitlabJob;
  const dir = checkout(files);
  const path = cache.paths[0]!;
  if (existsSync(store)) {
    mkdirSync(join(dir, path), { recursive: true });
    execFileSync("cp", ["-a", `${store}/.`, join(dir, path)]);
  }
  const stamps = () => (existsSync(join(dir, path)) ? execFileSync("find", [join(dir, path), "-type", "f", "-printf", "%P %T@ %s\n"], { encoding: "utf8" }) : "");
  const before = stamps();
  const ran = sh(script.join("\n"), dir, file["variables"] as NodeJS.ProcessEnv);
  if (ran.status !== 0) throw new Error(ran.said);
  const uploaded = cache.policy === "pull-push" && stamps() !== before;
  if (uploaded) {
    rmSync(store, { recursive: true, force: true });
    execFileSync("cp", ["-a", join(dir, path), store]);
  }
  return { said: ran.said, uploaded };
}

test("GitLab CI: the same, with its own cache", () => {
  const file = parse(readFileSync(join(ROOT, "examples/ci/gitlab-ci.yml"), "utf8"), { merge: true }) as { readonly [name: string]: unknown };
  const store = join(base, "gitlab");
  expect(gitlabJob(file, "build", ECHO_FILES, store)).toMatchObject({ uploaded: true });
  expect(gitlabJob(file, "proof", ECHO_FILES, store)).toMatchObject({ uploaded: false, said: expect.stringContaining("0 actions ran") });
  expect(gitlabJob(file, "build", ECHO_FILES, store)).toMatchObject({ uploaded: false });
  const changed = { ...ECHO_FILES, "src/copy.x07.json": changedModule };
  expect(gitlabJob(file, "build", changed, store)).toMatchObject({ uploaded: true });
  expect(gitlabJob(file, "proof", changed, store).said).toContain("0 actions ran");
});

test("where CI is set the cache is in the workspace, and nothing stays to watch", () => {
  const dir = checkout(ECHO_FILES);
  expect(sh("npx x07-wasm cache path", dir, {}).said.trim()).toBe(join(dir, ".x07-wasm/cache"));
  expect(sh("npx x07-wasm cache path", dir, { X07_WASM_CACHE_DIR: "/elsewhere" }).said.trim()).toBe("/elsewhere");
  expect(sh("npx x07-wasm cache path", dir, { CI: "false" }).said.trim()).toBe(join(dir, ".cache/x07-wasm"));
  const watched = sh("npx x07-wasm build --watch", dir, {});
  expect([watched.status, watched.said]).toEqual([0, expect.stringContaining("--watch does nothing where CI is set")]);
  expect(readdirSync(join(dir, ".x07-wasm")).sort()).toEqual(["cache", "state"]);
});
