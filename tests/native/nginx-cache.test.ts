// A real server: nginx with WebDAV's PUT, started by the script that people use. Skipped, and said so, without nginx.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ECHO_FILES, ROOT, Workspace } from "../rig/project.ts";

const there = spawnSync("nginx", ["-v"]).status === 0;
if (!there && process.env["X07_WASM_NATIVE"] === "required") throw new Error("nginx is not installed (scripts/setup-native.sh installs it)");
if (!there) console.log("SKIPPED: tests of a real cache server (nginx is not installed)");

const SCRIPT = join(ROOT, "scripts/cache-server.sh");

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Every output of a build, by name. */
function modules(w: Workspace): { readonly [name: string]: string } {
  const names = readdirSync(join(w.dir, "dist"));
  expect(names.length).toBeGreaterThan(0);
  return Object.fromEntries(names.map((name) => [name, w.read(`dist/${name}`).toString("base64")]));
}

describe.skipIf(!there)("nginx", () => {
  let folder: string;
  let url: string;
  const spaces: Workspace[] = [];

  function server(words: readonly string[], env: NodeJS.ProcessEnv = {}): string {
    const ran = spawnSync(SCRIPT, [words[0]!, folder, ...words.slice(1)], { env: { ...process.env, ...env }, encoding: "utf8" });
    expect([ran.status, ran.stderr]).toEqual([0, ""]);
    return ran.stdout.trim();
  }
  const workspace = () => {
    const w = new Workspace().write(ECHO_FILES);
    spaces.push(w);
    return w;
  };
  const start = async (env: NodeJS.ProcessEnv = {}) => {
    url = server(["start", String(await freePort())], env).replace("runs at ", "");
    expect(server(["start", "1"])).toBe(`runs already at ${url}`);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "x07-nginx-"));
  });
  afterEach(() => {
    server(["stop"]);
    expect(server(["stop"])).toBe("does not run");
    rmSync(folder, { recursive: true, force: true });
    for (const w of spaces.splice(0)) w.clean();
  });

  test("a second clone runs nothing", async () => {
    await start();
    const one = workspace().graph(["build", "--remote-cache", url]);
    expect(one.graph.counts.ran).toBeGreaterThan(0);
    expect(readdirSync(join(folder, "store")).sort()).toEqual(["ac", "cas"]);
    const two = workspace();
    const second = two.graph(["build", "--remote-cache", url]);
    expect(second.graph.counts.ran).toBe(0);
    expect(second.stderr).toMatch(/shared cache: [1-9]\d* hits, 0 misses/);
    expect(modules(two)).toEqual(modules(spaces[0]!));
  });

  test("damage in its store is found out, and the build is right", async () => {
    await start();
    workspace().graph(["build", "--remote-cache", url]);
    for (const name of readdirSync(join(folder, "store/cas"))) writeFileSync(join(folder, "store/cas", name), "damaged");
    const second = workspace().graph(["build", "--remote-cache", url]);
    expect(second.status).toBe(0);
    expect(second.graph.recovered.map((d) => d.code)).toEqual(["GRAPH_REMOTE_CACHE_TROUBLE"]);
    expect(modules(spaces[1]!)).toEqual(modules(spaces[0]!));
  });

  test("a token opens it, from the environment or from a file, and is written nowhere here", async () => {
    await start({ CACHE_SERVER_TOKEN: "very-s3cret" });
    const refused = workspace().graph(["build", "--remote-cache", url]);
    expect(refused.graph.recovered.map((d) => d.code)).toEqual(["GRAPH_REMOTE_CACHE_TROUBLE"]);
    const one = workspace();
    const env = { X07_WASM_REMOTE_CACHE: url, X07_WASM_REMOTE_CACHE_TOKEN: "very-s3cret" };
    expect(one.tool(["build"], env).stderr).toMatch(/0 hits, [1-9]\d* misses/);
    const two = workspace();
    writeFileSync(join(two.cache, "..", "token"), "very-s3cret\n");
    const second = two.graph(["build", "--remote-cache", url, "--remote-cache-token-file", join(two.cache, "..", "token")]);
    expect(second.graph.counts.ran).toBe(0);
    for (const w of [one, two]) for (const dir of [w.cache, w.dir]) expect(spawnSync("grep", ["-r", "s3cret", dir], { encoding: "utf8" }).stdout).toBe("");
  });

  test("when nothing fits any more the build goes on, and what is there is still used", async () => {
    await start();
    workspace().graph(["build", "--remote-cache", url]);
    server(["stop"]);
    const before = readFileSync(join(folder, "nginx.conf"), "utf8");
    await start({ CACHE_SERVER_MAX_BODY: "1" });
    expect(readFileSync(join(folder, "nginx.conf"), "utf8")).not.toBe(before);
    const w = workspace();
    expect(w.graph(["build", "--remote-cache", url]).graph.counts.ran).toBe(0);
    w.write({ "src/main.x07.json": { ...ECHO_FILES["src/main.x07.json"], solve: ["bytes.empty"] } });
    const changed = w.graph(["build", "--remote-cache", url]);
    expect([changed.status, changed.graph.recovered.map((d) => d.code)]).toEqual([0, ["GRAPH_REMOTE_CACHE_TROUBLE"]]);
    expect(changed.stderr).toContain("make room on the server");
  });
});
