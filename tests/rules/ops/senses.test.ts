// Variables, secrets, clocks and chance as a guest sees them under capabilities; evidence that is recorded and played again.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Workspace } from "../../rig/project.ts";
import { checkedReport, type CheckedReport } from "../../rig/report-check.ts";
import { probe } from "../host/probe.ts";
import { caps, ops } from "./rig.ts";

const SECRET = "tiger-lily-7";

/** All pairs, `name=value;`. */
const ENV = `(call $env (i32.const 1024)) (local.set $a (i32.load (i32.const 1024))) (local.set $b (i32.load (i32.const 1028)))
  (block $end (loop $next (br_if $end (i32.eqz (local.get $b)))
    (call $say (i32.load (local.get $a)) (i32.load offset=4 (local.get $a))) (call $say (i32.const 8192) (i32.const 1))
    (call $say (i32.load offset=8 (local.get $a)) (i32.load offset=12 (local.get $a))) (call $say (i32.const 8193) (i32.const 1))
    (local.set $a (i32.add (local.get $a) (i32.const 16))) (local.set $b (i32.sub (local.get $b) (i32.const 1))) (br $next)))`;

/** Six numbers of clocks, then 8 + 8 + 16 bytes of chance and 5 more. */
const SENSES = `(call $say64 (call $mono)) (call $wall (i32.const 1024)) (call $say64 (i64.load (i32.const 1024))) (call $say64 (i64.load32_u (i32.const 1032)))
  (call $block (call $after (i64.const 3000000))) (call $say64 (call $mono)) (call $block (call $instant (i64.const 1)))
  (call $say64 (call $number)) (call $say64 (call $cheap)) (call $seed (i32.const 1024)) (call $say (i32.const 1024) (i32.const 16))
  (call $bytes (i64.const 5) (i32.const 1024)) (call $say (i32.load (i32.const 1024)) (i32.load (i32.const 1028)))`;

let w: Workspace;
beforeAll(async () => {
  w = new Workspace();
  w.write({ "env.wasm": await probe(ENV, ["=;"]), "senses.wasm": await probe(SENSES), "trap.wasm": await probe(`${SENSES} unreachable`), "ops.json": ops(), "caps.json": caps() });
});
afterAll(() => w.clean());

async function serve(component: string, words: readonly string[] = ["--ops", "ops.json"], env: NodeJS.ProcessEnv = {}): Promise<CheckedReport & { readonly body: Buffer }> {
  const report = await checkedReport(w.tool(["serve", "--component", component, "--json", ...words], env));
  const [response] = report.result["responses"] as { body: { base64?: string } }[];
  return { ...report, body: Buffer.from(response?.body.base64 ?? "", "base64") };
}

const words = (body: Buffer): bigint[] => Array.from({ length: Math.floor(body.length / 8) }, (_, i) => body.readBigUInt64LE(8 * i));

/** Where on the disk a text stands, below a folder. */
function holding(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
    const path = join(folder, name);
    return statSync(path).isFile() && readFileSync(path).includes(text);
  });
}

test("a guest gets the variables that are allowed, and no others", async () => {
  w.write({ "caps.json": caps({ env: { allow: ["GREETING", "ABSENT"] } }) });
  expect((await serve("env.wasm", undefined, { GREETING: "hello", OTHER: "no" })).body.toString()).toBe("GREETING=hello;");
  expect((await serve("env.wasm", [], { GREETING: "hello" })).body.toString()).toBe("");
});

test("secrets come from their files, else from variables, and under names of their own", async () => {
  w.write({ "caps.json": caps({ secrets: { allow: ["api_key", "db.pass-word"] } }), ".x07/secrets/api_key": "from-file\r\n\n", "elsewhere/api_key": "from-elsewhere" });
  const env = { X07_SECRET_API_KEY: "from-env", X07_SECRET_DB_PASS_WORD: "word" };
  // A body with a secret in it is told of by its digest.
  const said = async (more: NodeJS.ProcessEnv) => (await serve("env.wasm", undefined, more)).result["responses"];
  const body = (text: string) => [{ ok: true, status: 200, wall_ms: expect.anything(), body: { bytes_len: text.length, sha256: createHash("sha256").update(text).digest("hex") } }];
  expect(await said(env)).toEqual(body("X07_SECRET_API_KEY=from-file;X07_SECRET_DB_PASS_WORD=word;"));
  expect(await said({ ...env, X07_SECRETS_DIR: "elsewhere" })).toEqual(body("X07_SECRET_API_KEY=from-elsewhere;X07_SECRET_DB_PASS_WORD=word;"));
  w.remove(".x07");
  expect(await said(env)).toEqual(body("X07_SECRET_API_KEY=from-env;X07_SECRET_DB_PASS_WORD=word;"));
});

test("without an ops profile, and where they are allowed, clocks go on and chance differs", async () => {
  w.write({ "caps.json": caps({ clocks: { mode: "allow" }, random: { mode: "allow" } }) });
  for (const more of [[], ["--ops", "ops.json"]]) {
    const [one, two] = [words((await serve("senses.wasm", more)).body), words((await serve("senses.wasm", more)).body)];
    expect(one[1]).toBeGreaterThan(1_700_000_000n);
    expect(one[3]! - one[0]!).toBeGreaterThanOrEqual(3_000_000n);
    expect(one.slice(4)).not.toEqual(two.slice(4));
  }
});

test("clocks that are denied stand at nought although waiting takes its time, chance that is denied is nought", async () => {
  w.write({ "caps.json": caps() });
  const report = await serve("senses.wasm");
  expect(report.exit_code).toBe(0);
  expect(report.body.equals(Buffer.alloc(8 * 8 + 5))).toBe(true);
});

test("what is recorded comes again, byte for byte; a record that is too short is told", async () => {
  w.write({ "caps.json": caps({ clocks: { mode: "record" }, random: { mode: "record" }, secrets: { allow: ["api_key"] } }), ".x07/secrets/api_key": SECRET });
  const recorded = await serve("senses.wasm", ["--ops", "ops.json", "--evidence-out", "out/evidence.json"]);
  expect([recorded.exit_code, recorded.diagnostics]).toEqual([0, []]);
  const evidence = JSON.parse(w.read("out/evidence.json").toString()) as { clocks: { wall_clock_now_ns: number[]; monotonic_clock_now_ns: number[] }; random: { secure_random_bytes_b64: string; insecure_seed_u128: string }; secrets: object };
  expect(evidence.clocks.wall_clock_now_ns.length).toBe(1);
  expect(evidence.clocks.monotonic_clock_now_ns.length).toBe(3); // an instant is compared with the clock
  expect(Buffer.from(evidence.random.secure_random_bytes_b64, "base64").length).toBe(8 + 4 * 5);
  expect(evidence.secrets).toEqual({ provided: [{ id: "api_key", source: "file" }] });
  const replayed = await serve("senses.wasm", ["--ops", "ops.json", "--evidence-in", "out/evidence.json"]);
  expect([replayed.exit_code, replayed.body.toString("hex")]).toEqual([0, recorded.body.toString("hex")]);
  const seed = BigInt(evidence.random.insecure_seed_u128);
  expect(words(recorded.body).slice(6, 8)).toEqual([BigInt.asUintN(64, seed), seed >> 64n]);
  w.write({ "short.json": { ...evidence, clocks: { ...evidence.clocks, monotonic_clock_now_ns: [7] }, random: { ...evidence.random, secure_random_bytes_b64: "" } } });
  const short = await serve("senses.wasm", ["--ops", "ops.json", "--evidence-in", "short.json"]);
  expect(short.exit_code).toBe(1);
  expect(short.diagnostics).toMatchObject([{ code: "X07WASM_POLICY_OBLIGATION_UNSATISFIED", stage: "run", data: { replay_errors: ["missing monotonic clock evidence", "missing secure random evidence"] } }]);
  expect(words(short.body).slice(0, 5)).toEqual([7n, words(recorded.body)[1], words(recorded.body)[2], 0n, 0n]);
});

test("evidence is written for a guest that failed, too; where it cannot be written, that is said", async () => {
  const failed = await serve("trap.wasm", ["--ops", "ops.json", "--evidence-out", "failed.json"]);
  expect(failed.diagnostics.map((d) => d.code)).toEqual(["X07WASM_SERVE_REQUEST_FAILED"]);
  expect((JSON.parse(w.read("failed.json").toString()) as { clocks: { wall_clock_now_ns: number[] } }).clocks.wall_clock_now_ns.length).toBe(1);
  const blocked = await serve("senses.wasm", ["--ops", "ops.json", "--evidence-out", "failed.json/evidence.json"]);
  expect([blocked.diagnostics.map((d) => [d.code, d.stage]), blocked.exit_code]).toEqual([[["X07WASM_POLICY_OBLIGATION_UNSATISFIED", "run"]], 1]);
});

test("no secret is in a report, an incident, the cache or evidence, whatever the guest says with it", async () => {
  const report = await serve("trap.wasm", ["--ops", "ops.json", "--evidence-out", "secret.json"], { X07_SECRET_API_KEY: "unused" });
  expect((report.result["incidents"] as string[]).length).toBe(1);
  w.write({ "talks.wasm": await probe(`${ENV} (call $say ${"(i32.const 8192) (i32.const 1)"})`, ["=;"]), "caps.json": caps({ secrets: { allow: ["api_key"] }, env: { allow: ["X07_SECRET_OTHER"] } }) });
  const talks = w.tool(["serve", "--component", "talks.wasm", "--ops", "ops.json", "--json", "--report-out", "report.json"], { X07_SECRET_OTHER: `${SECRET}-other` });
  expect(talks.stdout + talks.stderr).not.toContain(Buffer.from(SECRET).toString("base64").slice(0, 12));
  // A guest that asks a host named after the secret, and is refused.
  w.write({ "leaks.wasm": await probe(`(call $env (i32.const 1024)) (local.set $a (i32.load (i32.const 1024))) (local.set $b (call $request (call $fields)))
    (drop (call $scheme (local.get $b) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
    (drop (call $authority (local.get $b) (i32.const 1) (i32.load offset=8 (local.get $a)) (i32.load offset=12 (local.get $a))))
    (call $send (local.get $b) (i32.const 0) (i32.const 0) (i32.const 2048)) unreachable`), "caps.json": caps({ secrets: { allow: ["api_key"] } }) });
  const leaks = await serve("leaks.wasm", ["--ops", "ops.json"]);
  expect(leaks.diagnostics.map((d) => [d.code, d.data?.["host"] ?? ""])).toEqual([["X07WASM_CAPS_NET_DENIED", "[secret]"], ["X07WASM_SERVE_REQUEST_FAILED", ""]]);
  expect(holding(dirname(w.dir), SECRET)).toEqual(["work/.x07/secrets/api_key"]);
});

describe("a bundle of a failure", () => {
  const replay = (dir: string, env: NodeJS.ProcessEnv = {}) => checkedReport(w.tool(["incident", "replay", dir, "--json"], env));
  const failing = async (component: string, words: readonly string[] = []): Promise<string> => {
    const report = await serve(component, ["--ops", "ops.json", ...words]);
    expect(report.exit_code).not.toBe(0);
    return (report.result["incidents"] as string[])[0]!;
  };

  test("has what clocks and chance said, and asks for the secrets that it has not", async () => {
    w.write({ "caps.json": caps({ clocks: { mode: "record" }, random: { mode: "record" }, secrets: { allow: ["api_key"] } }), "odd.wasm": await probe(`(if (i64.eqz (call $number)) (then (call $say64 (call $mono)))) (if (i64.ne (call $number) (i64.const 0)) (then unreachable))`) });
    const dir = await failing("odd.wasm", ["--evidence-out", "odd.json"]);
    expect(JSON.parse(readFileSync(join(w.dir, dir, "replay.json"), "utf8"))).toMatchObject({ secrets: [{ id: "api_key", source: "file" }], evidence: { bytes_len: expect.anything() } });
    expect((await replay(dir)).diagnostics).toEqual([]);
    w.remove(".x07/secrets");
    expect((await replay(dir)).diagnostics.map((d) => d.code)).toEqual(["X07WASM_CAPS_SECRET_MISSING"]);
    expect((await replay(dir, { X07_SECRET_API_KEY: SECRET })).diagnostics).toEqual([]);
  });

  test("has the files that the guest read, and the folders that it was given", async () => {
    const reads = `(call $dirs (i32.const 1024)) (call $open-at (i32.load (i32.load (i32.const 1024))) (i32.const 1) (i32.const 8192) (i32.const 5) (i32.const 0) (i32.const 1) (i32.const 1024))
      (call $file-read (i32.load (i32.const 1028)) (i64.const 9) (i64.const 0) (i32.const 1024)) (if (i32.eq (i32.load8_u (i32.load (i32.const 1028))) (i32.const 33)) (then unreachable))`;
    w.write({ "caps.json": caps({ fs: { preopens: [{ path: "data", mode: "ro" }, { path: "empty", mode: "ro" }] } }), "data/a.txt": "!", "empty/unread.txt": "", "reads.wasm": await probe(reads, ["a.txt"]) });
    const dir = await failing("reads.wasm");
    const files = (JSON.parse(readFileSync(join(w.dir, dir, "replay.json"), "utf8")) as { files: { path: string }[] }).files.map((f) => f.path);
    expect(files).toEqual(expect.arrayContaining(["data/a.txt", "data", "empty", "ops.json", "caps.json"]));
    expect(files).not.toContain("empty/unread.txt");
    w.write({ "data/a.txt": "?" });
    expect((await replay(dir)).diagnostics).toEqual([]);
  });
});
