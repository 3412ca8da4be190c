// The goals that look after the cache, as people and scripts use them: reports that keep to their schemas, exit codes, and
// what an answer of another goal is after each of them.

import { readdirSync, readFileSync, writeFileSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type JsonObject, type JsonValue, parseJson } from "../../../engine/index.ts";
import { validate } from "../../../rules/contract/validate.ts";
import { ECHO_FILES, Workspace } from "../../rig/project.ts";

let w: Workspace;
beforeEach(() => {
  w = new Workspace().write(ECHO_FILES);
});
afterEach(() => w.clean());

interface Said {
  readonly status: number | null;
  readonly ok: JsonValue;
  readonly codes: readonly string[];
  readonly result: JsonObject;
}

/** Runs a cache goal with --json and checks its report against its schema. */
async function cache(...words: string[]): Promise<Said> {
  const ran = w.tool(["cache", ...words, "--json"]);
  const parsed = parseJson(ran.stdoutBytes);
  if (!parsed.ok) throw new Error(`${ran.stdout}${ran.stderr}`);
  const report = parsed.value as { readonly [name: string]: JsonValue };
  expect(report["schema_version"]).toBe(`x07.wasm.cache.${words[0]}.report@0.1.0`);
  expect(await validate(`x07-wasm.cache.${words[0]}.report.schema.json`, report, "report")).toEqual([]);
  const codes = (report["diagnostics"] as readonly { readonly code: string }[]).map((d) => d.code);
  return { status: ran.status, ok: report["ok"]!, codes, result: report["result"] as JsonObject };
}

const entries = (): string[] => readdirSync(join(w.cache, "v1"), { recursive: true, encoding: "utf8" }).filter((p) => /[0-9a-f]{64}$/.test(p)).map((p) => join(w.cache, "v1", p));

test("stat, path and verify of an empty cache and of a full one", async () => {
  expect(await cache("stat")).toMatchObject({ status: 0, ok: true, result: { path: w.cache, results: { entries: 0 }, bytes_total: 0, max_bytes: 5 * 2 ** 30 } });
  expect(await cache("path")).toMatchObject({ status: 0, result: { path: w.cache } });
  expect(w.tool(["cache", "path"]).stdout).toBe(`${w.cache}\n`);
  w.tool(["build"]);
  const { result } = await cache("stat");
  expect(result).toMatchObject({ results: { entries: expect.any(Number) } });
  expect(await cache("verify")).toMatchObject({ status: 0, ok: true, result: { checked: { entries: entries().length }, damaged: [] } });
});

test("damage is exit 1 until it is mended, and then the build makes it again", async () => {
  w.tool(["build"]);
  const before = w.read("dist/app.wasm");
  const hurt = entries()[0]!;
  chmodSync(hurt, 0o644);
  writeFileSync(hurt, "junk");
  expect(await cache("verify")).toMatchObject({ status: 1, ok: false, codes: ["X07WASM_CACHE_DAMAGED"], result: { damaged: [{ path: hurt, removed: false }] } });
  expect(await cache("verify", "--repair")).toMatchObject({ status: 1, result: { damaged: [{ path: hurt, removed: true }] } });
  expect(await cache("verify")).toMatchObject({ status: 0, ok: true });
  w.remove(".x07-wasm");
  w.remove("dist");
  expect(w.tool(["build"]).status).toBe(0);
  expect(w.read("dist/app.wasm")).toEqual(before);
});

test("gc makes room, and keeps what it is told to keep", async () => {
  w.tool(["build"]);
  const all = entries().length;
  expect(await cache("gc", "--max-size", "0", "--keep", "build")).toMatchObject({ status: 0, result: { removed: { entries: 0 }, kept: { entries: all } } });
  expect(await cache("gc", "--max-age", "1d")).toMatchObject({ status: 0, result: { removed: { entries: 0 } } });
  expect(await cache("gc", "--max-size", "0", "--keep", "biuld")).toMatchObject({ status: 3, codes: ["GRAPH_CACHE_GOAL_UNKNOWN"] });
  expect(await cache("gc", "--max-size", "0")).toMatchObject({ status: 0, result: { removed: { entries: all }, kept: { entries: 0 } } });
  expect(entries()).toEqual([]);
});

test("export and import carry a goal's results, whole or not at all", async () => {
  expect(await cache("export", "a.tar.zst")).toMatchObject({ status: 3, codes: ["GRAPH_CACHE_NOTHING_LIVE"] });
  w.tool(["build"]);
  expect(await cache("export", "a.tar.zst", "build")).toMatchObject({ status: 0, codes: [], result: { goals: [{ goal: "build" }], missing: [] } });
  const other = new Workspace().write(ECHO_FILES);
  try {
    expect(other.tool(["cache", "import", join(w.dir, "a.tar.zst")])).toMatchObject({ status: 0 });
    const built = other.graph(["build"]);
    expect([built.graph.counts.ran, other.read("dist/app.wasm").equals(w.read("dist/app.wasm"))]).toEqual([0, true]);
  } finally {
    other.clean();
  }
  writeFileSync(join(w.dir, "cut.tar.zst"), readFileSync(join(w.dir, "a.tar.zst")).subarray(0, 200));
  expect(await cache("import", "cut.tar.zst")).toMatchObject({ status: 3, ok: false, codes: ["GRAPH_CACHE_ARCHIVE_TRUNCATED"], result: { taken_bytes: 0 } });
  expect(await cache("import", "nowhere.tar.zst")).toMatchObject({ status: 3, codes: ["GRAPH_CACHE_ARCHIVE_UNREADABLE"] });
  expect(await cache("export", "/proc/none/a.tar.zst", "build")).toMatchObject({ status: 2, codes: ["GRAPH_CACHE_ARCHIVE_WRITE_FAILED"] });
});

test("words that make no sense are argument errors", () => {
  for (const words of [["cache"], ["cache", "export"], ["cache", "import", "a", "b"], ["cache", "gc", "--max-size", "big"], ["cache", "gc", "--max-age", "5"], ["build", "--remote-cache", "ftp://x"], ["build", "--remote-cache", "http://user:word@host/"], ["build", "--cache-max-size", "-1"], ["build", "--outputs", "some"]]) {
    const ran = w.tool(words);
    expect([words, ran.status]).toEqual([words, 3]);
    expect(ran.stderr).toContain("error:");
  }
});

test("a token file that cannot be read is said, and the build goes on", () => {
  const ran = w.graph(["build", "--remote-cache", "http://127.0.0.1:9", "--remote-cache-token-file", "none"]);
  expect([ran.status, ran.graph.recovered.map((d) => d.code)]).toEqual([0, ["GRAPH_REMOTE_CACHE_UNUSABLE"]]);
});
