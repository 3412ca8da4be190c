// Native targets by both ways, through the C toolchain and merged by our own linker: the real tools accept them, and they answer alike.

import { spawn, spawnSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Guest, type HttpRequest } from "../rig/guest-host.ts";
import { installed, ROOT, Workspace } from "../rig/project.ts";

const NEEDED = ["clang", "wasm-ld", "wit-bindgen", "wasm-tools"];
const lacking = NEEDED.filter((tool) => !installed(tool));
if (lacking.length > 0) {
  const why = `native targets through C: not installed: ${lacking.join(", ")} (scripts/setup-native.sh installs them)`;
  if (process.env["X07_WASM_NATIVE"] === "required") throw new Error(why);
  console.log(`SKIPPED: ${why}`);
}
const wasmtime = installed("wasmtime");
if (!wasmtime) console.log("SKIPPED: native targets under wasmtime run and serve: wasmtime is not installed");

const pattern = (size: number) => Buffer.from(new Uint8Array(size).map((_, i) => (i * 7 + (i >> 8)) & 0xff));

describe.skipIf(lacking.length > 0)("native targets", () => {
  const work = new Workspace();
  const at = (name: string) => join(work.dir, "out", name);

  beforeAll(() => {
    cpSync(join(ROOT, "examples", "http_echo"), work.dir, { recursive: true });
    cpSync(join(ROOT, "tests", "native", "c-targets.graph.ts"), join(work.dir, "c-targets.graph.ts"));
    const made = work.tool(["made", "--graph", "c-targets.graph.ts"]);
    expect(made.stderr + made.stdout).not.toContain("error");
    expect(made.status).toBe(0);
  }, 120_000);
  afterAll(() => work.clean());

  const COMPONENTS = ["http.c", "http.own", "cli.c", "cli.own", "solve.c"] as const;

  test.each(COMPONENTS)("wasm-tools validates %s", (name) => {
    const ran = spawnSync("wasm-tools", ["validate", at(`${name}.wasm`)], { encoding: "utf8" });
    expect(ran.stderr).toBe("");
    expect(ran.status).toBe(0);
  });

  test("a second time nothing is done", () => {
    const again = work.graph(["made", "--graph", "c-targets.graph.ts"]);
    expect(again.graph.counts.ran).toBe(0);
  });

  test("component build goes through C where the profile asks for it", () => {
    const profile = JSON.parse(readFileSync(join(ROOT, "arch/wasm/profiles/wasm_release.json"), "utf8")) as object;
    work.write({ "c.json": { ...profile, codegen_backend: "c_toolchain_v1" } });
    const build = (emit: string) => work.tool(["component", "build", "--emit", emit, "--wasm-profile-file", "c.json", "--out-dir", `c/${emit}`]);
    for (const emit of ["solve", "http-native", "cli-native"]) expect([build(emit).status, emit]).toEqual([0, emit]);
    for (const [ours, theirs] of [["c/solve/solve.component.wasm", "solve.c.wasm"], ["c/http-native/http.component.wasm", "http.c.wasm"], ["c/cli-native/cli.component.wasm", "cli.c.wasm"]] as const) {
      expect(Buffer.compare(work.read(ours), readFileSync(at(theirs))), ours).toBe(0);
    }
    const manifest = JSON.parse(work.read("c/http-native/http.component.wasm.manifest.json").toString()) as { readonly toolchain: object };
    expect(Object.keys(manifest.toolchain)).toEqual(["clang", "wasm_ld", "wasm_tools", "wit_bindgen", "x07", "x07_wasm"]);
  });

  test("both ways import and export the same", () => {
    const wit = (name: string) => spawnSync("wasm-tools", ["component", "wit", at(`${name}.wasm`)], { encoding: "utf8" }).stdout.split("\n").filter((l) => /^ {2}(import|export) /.test(l)).sort();
    expect(wit("http.c")).toEqual(wit("http.own"));
    expect(wit("cli.c")).toEqual(wit("cli.own"));
    expect(wit("http.own")).toEqual(["  export wasi:http/incoming-handler@0.2.8;", "  import wasi:http/types@0.2.8;", "  import wasi:io/error@0.2.8;", "  import wasi:io/streams@0.2.8;"]);
  });

  test("both ways answer alike, limits included", async () => {
    const [c, own] = await Promise.all(["http.c", "http.own"].map((name) => Guest.load(readFileSync(at(`${name}.wasm`)))));
    const many = (n: number) => Array.from({ length: n }, (_, i) => [`h${i}`, "v"] as const);
    const requests: readonly HttpRequest[] = [
      { body: pattern(0) }, { body: pattern(1) }, { body: pattern(100_000), step: 4096 }, { body: pattern(1 << 20), step: 65536 },
      { target: `/${"a".repeat(2047)}` }, { target: `/${"a".repeat(2048)}` }, { target: `/?${"q".repeat(4096)}` }, { target: `/?${"q".repeat(4097)}` },
      { fields: many(128) }, { fields: many(129) }, { fields: [["a", "x".repeat(65535)]] }, { fields: [["a", "x".repeat(65536)]] },
      { body: pattern((1 << 20) + 1) }, { body: pattern(100), step: 10, failAt: 50 }, { method: "PURGE", target: "/ü?ß", fields: [["x", new Uint8Array([0xff, 0x41])]], body: pattern(3) },
    ];
    for (const request of requests) {
      const one = c!.http({ room: 4096 }).request(request);
      const two = own!.http({ room: 4096 }).request(request);
      expect(one.status).toBe(two.status);
      expect(one.fields).toEqual(two.fields);
      expect(Buffer.compare(one.body, two.body)).toBe(0);
      expect(one.events[0]).toBe("set");
    }
  });

  test("one instance of either answers again and again", async () => {
    for (const name of ["http.c", "http.own"]) {
      const instance = (await Guest.load(readFileSync(at(`${name}.wasm`)))).http();
      for (let i = 0; i < 30; i++) expect(instance.request({ body: pattern((1 << 20) - i) }).body.length, name).toBe((1 << 20) - i);
    }
  });

  describe.skipIf(!wasmtime)("under wasmtime", () => {
    test.each(["cli.c", "cli.own"])("run %s", (name) => {
      // http_echo takes what is no request for one without a body, which it answers with 500.
      const ran = spawnSync("wasmtime", ["run", at(`${name}.wasm`)], { input: "hello" });
      expect(ran.status).toBe(0);
      expect(ran.stdout.toString()).toContain('"status":500');
    });

    test("run cli.own with more input than it may have", () => {
      const ran = spawnSync("wasmtime", ["run", at("cli.own.wasm")], { input: Buffer.alloc((1 << 20) + 1) });
      expect(ran.status).toBe(1);
      expect(ran.stderr.toString()).toMatch(/^x07-diag-code: X07WASM_BUDGET_EXCEEDED_CLI_STDIN\nx07-diag-data-b64: /);
    });

    test.each(["http.c", "http.own"])("serve %s with bodies of every size", async (name) => {
      await served(at(`${name}.wasm`), async (port) => {
        for (const size of [0, 1, 4096, 8192, 100_000, 1 << 20]) {
          const got = await post(port, pattern(size));
          expect(got.status, `${size} bytes`).toBe(200);
          expect(Buffer.compare(got.body, pattern(size)), `${size} bytes`).toBe(0);
        }
        const over = await post(port, pattern((1 << 20) + 1));
        expect([over.status, over.body.toString()]).toEqual([413, "request body too large"]);
      });
    }, 60_000);

    test("serve the adapter with a program plugged in by wac", async () => {
      if (!installed("wac")) return void console.log("SKIPPED: adapters under wasmtime serve: wac is not installed");
      const adapter = join(ROOT, "dist/guest/http-adapter.component.wasm");
      writeFileSync(at("adapter.wasm"), readFileSync(adapter));
      expect(spawnSync("wac", ["plug", "--plug", at("solve.c.wasm"), at("adapter.wasm"), "-o", at("http.wasm")], { encoding: "utf8" }).stderr).toBe("");
      await served(at("http.wasm"), async (port) => {
        for (const size of [0, 8192, 100_000, 1 << 20]) {
          const got = await post(port, pattern(size));
          expect([got.status, Buffer.compare(got.body, pattern(size))], `${size} bytes`).toEqual([200, 0]);
        }
      });
    }, 60_000);
  });
});

/** Runs `wasmtime serve` while `use` talks to it. */
async function served(component: string, use: (port: number) => Promise<void>): Promise<void> {
  const child = spawn("wasmtime", ["serve", "--addr", "127.0.0.1:0", component], { stdio: ["ignore", "ignore", "pipe"] });
  try {
    const port = await new Promise<number>((found, failed) => {
      let said = "";
      child.stderr.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        const match = /127\.0\.0\.1:(\d+)/.exec(said);
        if (match !== null) found(Number(match[1]));
      });
      child.on("exit", () => failed(new Error(`wasmtime serve ended: ${said}`)));
    });
    await use(port);
  } finally {
    child.kill("SIGKILL");
  }
}

function post(port: number, body: Buffer): Promise<{ readonly status: number; readonly body: Buffer }> {
  return new Promise((done, failed) => {
    const sent = httpRequest({ port, host: "127.0.0.1", method: "POST", path: "/", timeout: 20_000, headers: { "content-length": body.length } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (c: Buffer) => chunks.push(c));
      answer.on("end", () => done({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
      answer.on("error", failed);
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer to ${body.length} bytes`)));
    sent.on("error", failed);
    sent.end(body);
  });
}
