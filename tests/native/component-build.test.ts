// `component build` with installed and with embedded tools: the real tools accept every component, both providers give the same
// imports, exports and behaviour, and the real Wasmtime answers as our own hosts do. Skipped, and said so, without the tools.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entryModule, installed, PROJECT, ROOT, TOOL, Workspace } from "../rig/project.ts";

const TOOLS = ["wasm-tools", "wac", "wasmtime"];
const missing = TOOLS.filter((t) => !installed(t));
if (missing.length > 0) {
  if (process.env["X07_WASM_NATIVE"] === "required") throw new Error(`not installed: ${missing.join(", ")}`);
  console.log(`SKIPPED: component build with the real tools (not installed: ${missing.join(", ")})`);
}

/** Answers with the request envelope that it got, as hex digits, and with a header beyond ASCII. */
const digit = (nibble: unknown) => ["begin", ["let", "n", nibble], ["if", ["<u", "n", 10], ["+", 48, "n"], ["+", 87, "n"]]];
const extend = (what: unknown) => ["set", "out", ["std.vec.extend_bytes", "out", what]];
const push = (nibble: unknown) => ["set", "out", ["std.vec.push", "out", digit(nibble)]];
const MIRROR = entryModule(
  [
    "begin",
    ["let", "out", ["std.vec.with_capacity", 4096]],
    extend(["bytes.view_lit", '{"schema_version":"x07.http.response.envelope@0.1.0","request_id":"req0","status":207,"headers":[{"k":"x-greeting","v":"Grüße"}],"body":{"bytes_len":']),
    ["let", "len", ["fmt.u32_to_dec", ["*", 2, ["view.len", "input"]]]],
    extend("len"),
    extend(["bytes.view_lit", ',"text":"']),
    ["for", "i", 0, ["view.len", "input"], ["begin", ["let", "b", ["view.get_u8", "input", "i"]], push([">>u", "b", 4]), push(["&", "b", 15])]],
    extend(["bytes.view_lit", '"}}']),
    ["std.vec.as_bytes", "out"],
  ],
  ["std.vec"],
);

const PROVIDERS = ["embedded", "native"] as const;
const EMITS = ["all", "http-native", "cli-native"] as const;
const COMPONENTS = ["all/solve", "all/http-adapter", "all/cli-adapter", "all/http", "all/cli", "http-native/http", "cli-native/cli"];

describe.skipIf(missing.length > 0)("with the real tools", () => {
  const w = new Workspace();
  const at = (provider: string, name: string) => join(w.dir, provider, `${name}.component.wasm`);
  /** Its WIT, with types for what they are: whether an alias of an alias is written so is each composer's own. */
  const wit = (file: string) => spawnSync("wasm-tools", ["component", "wit", file], { encoding: "utf8" }).stdout.replace(/type field-name = field-key;/g, "type field-name = string;");

  beforeAll(() => {
    cpSync(join(ROOT, "examples", "http_echo"), join(w.dir, "echo"), { recursive: true });
    for (const folder of ["arch", "wit"]) cpSync(join(ROOT, folder), join(w.dir, folder), { recursive: true });
    w.write({ "mirror/x07.json": PROJECT, "mirror/src/main.x07.json": MIRROR });
    for (const provider of PROVIDERS) {
      for (const emit of EMITS) {
        const built = w.tool(["component", "build", "--provider", provider === "native" ? "auto" : provider, "--project", "echo/x07.json", "--emit", emit, "--out-dir", `${provider}/${emit}`]);
        expect(built.status, built.stderr).toBe(0);
      }
    }
    for (const emit of ["http", "http-native"]) expect(w.tool(["component", "build", "--project", "mirror/x07.json", "--emit", emit, "--out-dir", `mirror-${emit}`]).status).toBe(0);
  }, 300_000);
  afterAll(() => w.clean());

  test.each(PROVIDERS.flatMap((p) => COMPONENTS.map((c) => [p, c] as const)))("%s: wasm-tools validates %s", (provider, component) => {
    const ran = spawnSync("wasm-tools", ["validate", at(provider, component)], { encoding: "utf8" });
    expect(ran.status, ran.stderr).toBe(0);
  });

  test.each(COMPONENTS)("both providers import and export the same: %s", (component) => {
    const [embedded, native] = PROVIDERS.map((p) => wit(at(p, component)));
    expect(embedded).not.toBe("");
    expect(embedded).toBe(native);
  });

  test.each([
    ["all/http", "http/0.2.8/proxy.wit", "proxy"],
    ["http-native/http", "http/0.2.8/proxy.wit", "proxy"],
    ["all/cli", "cli/0.2.8/command.wit", "command"],
    ["cli-native/cli", "cli/0.2.8/command.wit", "command"],
  ])("the real wac and our own check find that %s fits its world", (component, file, world) => {
    for (const built of PROVIDERS) {
      for (const checker of PROVIDERS) {
        const ran = w.tool(["component", "targets", "--provider", checker, "--component", at(built, component), "--wit", `wit/deps/wasi/${file}`, "--world", world, "--json"]);
        expect([built, checker, ran.status], ran.stdout).toEqual([built, checker, 0]);
      }
    }
  });

  test("a second build has nothing to do, with either provider", () => {
    for (const provider of ["embedded", "auto"]) {
      const { graph } = w.graph(["component", "build", "--provider", provider, "--project", "echo/x07.json", "--out-dir", `${provider === "auto" ? "native" : provider}/all`]);
      expect(graph.counts).toMatchObject({ ran: 0, restored: 0 });
    }
  });

  test.each(["all/cli", "cli-native/cli"])("%s answers alike here and in wasmtime run", (component) => {
    const stdin = Buffer.from('{"body":{"bytes_len":5,"base64":"aGVsbG8="}}');
    const here = w.tool(["component", "run", "--component", at("embedded", component), "--stdin-b64", stdin.toString("base64")]);
    const there = spawnSync("wasmtime", ["run", at("native", component)], { input: stdin });
    expect([here.status, here.stdoutBytes]).toEqual([there.status, there.stdout]);
    expect(here.stdout).toContain("aGVsbG8=");
  });

  const BODIES: readonly (readonly [string, Buffer])[] = [["nothing", Buffer.alloc(0)], ["binary", Buffer.from([0, 1, 2, 255, 254, 10, 13])], ["100 KB", randomBytes(100_000)], ["1 MiB", randomBytes(1 << 20)]];

  test.each(["all/http", "http-native/http"])("%s answers alike here and in wasmtime serve, with bodies of every size", async (component) => {
    await withServers(at("embedded", component), at("native", component), async (ports) => {
      for (const [name, body] of BODIES) {
        const answers = await Promise.all(ports.map((port) => ask(port, "POST", "/", {}, body)));
        for (const a of answers) expect([name, a.status, Buffer.compare(a.body, body)]).toEqual([name, 200, 0]);
      }
    });
  }, 120_000);

  test.each(["mirror-http", "mirror-http-native"])("%s is told the same of a request, headers beyond ASCII included", async (folder) => {
    const component = join(w.dir, folder, "http.component.wasm");
    await withServers(component, component, async (ports) => {
      const answers = await Promise.all(ports.map((port) => ask(port, "PUT", "/a/%C3%BC?x=1&y=%20", { "x-twice": ["b", "a"], "x-uni": Buffer.from("grüße").toString("latin1") }, Buffer.from("körper"))));
      const told = answers.map((a) => JSON.parse(Buffer.from(a.body.toString("latin1"), "hex").toString("utf8")) as { method: string; path: string; query: string; headers: { k: string; v: string }[]; body: object });
      for (const [i, t] of told.entries()) {
        expect([answers[i]!.status, Buffer.from(String(answers[i]!.headers["x-greeting"]), "latin1").toString("utf8")]).toEqual([207, "Grüße"]);
        expect(t).toMatchObject({ method: "PUT", path: "/a/%C3%BC", query: "x=1&y=%20", body: { bytes_len: 7 } });
        expect(t.headers.filter((h) => h.k.startsWith("x-") && h.k !== "x-request-id")).toEqual([{ k: "x-twice", v: "a" }, { k: "x-twice", v: "b" }, { k: "x-uni", v: "grüße" }]);
      }
    });
  }, 120_000);

  /** Our server and Wasmtime's, each on a port of its own while `use` runs. */
  async function withServers(ours: string, theirs: string, use: (ports: readonly number[]) => Promise<void>): Promise<void> {
    const processes = [
      spawn(process.execPath, [TOOL, "serve", "--mode", "listen", "--stop-after", "0", "--component", ours, "--max-request-bytes", "2000000", "--max-response-bytes", "3000000", "--max-fuel", "20000000000", "--max-wall-ms-per-request", "60000"], { cwd: w.dir, env: w.env(), stdio: ["ignore", "ignore", "pipe"] }),
      spawn("wasmtime", ["serve", "--addr", "127.0.0.1:0", theirs], { stdio: ["ignore", "ignore", "pipe"] }),
    ];
    try {
      await use(await Promise.all(processes.map(portOf)));
    } finally {
      for (const p of processes) p.kill("SIGKILL");
    }
  }
});

/** The port of the first address that a server tells on stderr. */
function portOf(server: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stderr!.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
      const port = /127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    server.on("exit", () => reject(new Error(`the server ended: ${said}`)));
  });
}

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

function ask(port: number, method: string, path: string, headers: { readonly [name: string]: string | readonly string[] }, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", method, path, headers: { ...(headers as { [name: string]: string }), "content-length": body.length } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (c: Buffer) => chunks.push(c));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
