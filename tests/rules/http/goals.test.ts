// The http commands as people run them, on the example reducers: what they report, what they leave, what can be done with it.

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entryModule, installed, PROJECT, ROOT, TOOL, Workspace } from "../../rig/project.ts";
import { checkedReport, type CheckedReport } from "../../rig/report-check.ts";
import { caps, ops } from "../ops/rig.ts";

const REDUCERS = ["http_reducer_echo", "http_reducer_effect_kv", "http_reducer_effect_http"];
const [ECHO, KV, HTTP] = REDUCERS.map((name) => `dist/${name}.wasm`) as [string, string, string];
const TRACES = "spec/fixtures/http";

let w: Workspace;
beforeAll(() => {
  w = new Workspace();
  for (const from of [...REDUCERS.map((name) => `examples/${name}`), "spec"]) cpSync(join(ROOT, from), join(w.dir, from), { recursive: true });
  w.write({ "trap/x07.json": PROJECT, "trap/src/main.x07.json": entryModule(["begin", ["let", "b", ["bytes.alloc", 0]], ["fmt.u32_to_dec", ["bytes.get_u8", "b", 3]]]) });
  for (const name of REDUCERS) expect(w.tool(["build", "--project", `examples/${name}/x07.json`, "--out", `dist/${name}.wasm`]).status).toBe(0);
  expect(w.tool(["build", "--project", "trap/x07.json", "--out", "dist/trap.wasm"]).status).toBe(0);
  w.write({ "junk.wasm": "junk", "none.json": "{", "bin/x07-wasm": `#!/bin/sh\nexec "${process.execPath}" "${TOOL}" "$@"\n` });
  chmodSync(join(w.dir, "bin/x07-wasm"), 0o755);
});
afterAll(() => w.clean());

async function http(words: readonly string[], input?: string, env: NodeJS.ProcessEnv = {}): Promise<CheckedReport & { readonly stderr: string }> {
  const ran = w.tool(["http", ...words, "--json"], env, input === undefined ? undefined : Buffer.from(input));
  return { ...(await checkedReport(ran)), stderr: ran.stderr };
}

const canary = (component: string, ...more: string[]) => http(["serve", "--component", component, "--mode", "canary", ...more]);
const codes = (report: CheckedReport): string[] => report.diagnostics.map((d) => d.code);
const envelope = (id: string, path: string): string => JSON.stringify({ schema_version: "x07.http.request.envelope@0.1.0", id, method: "GET", path, headers: [], body: { bytes_len: 0 } });

describe("contracts validate", () => {
  test("the fixtures of this project keep to their forms", async () => {
    const report = await http(["contracts", "validate", "--strict"]);
    expect(report.diagnostics).toEqual([]);
    expect((report.result["schemas"] as { ok: boolean }[]).map((s) => s.ok)).toEqual(Array.from({ length: 10 }, () => true));
    expect((report.result["fixtures"] as { path: string }[]).map((f) => f.path)).toEqual(["dispatch.min", "frame.min", "trace.effect_http.min", "trace.effect_kv.min", "trace.min"].map((n) => `${TRACES}/${n}.json`));
  });

  test.each<[string, string | object, string[], number]>([
    ["not JSON", "{", ["X07WASM_HTTP_FIXTURE_VALIDATE_FAILED"], 1],
    ["of an unknown kind", { kind: "other" }, ["X07WASM_HTTP_FIXTURE_SCHEMA_UNKNOWN"], 3],
    ["against its schema", { kind: "x07.http.frame", v: 2, state: null, response: null, effects: [], telemetry: {} }, ["X07WASM_SCHEMA_INVALID"], 3],
    ["an envelope", JSON.parse(envelope("a", "/")) as object, [], 0],
    ["a bad envelope", { schema_version: "x07.http.request.envelope@0.1.0" }, Array.from({ length: 5 }, () => "X07WASM_SCHEMA_INVALID"), 3],
    ["an effect", { id: "a", type: "time.now" }, [], 0],
  ])("a fixture that is %s", async (_, content, expected, status) => {
    const at = `${TRACES}/zz.json`;
    w.write({ [at]: content });
    const report = await http(["contracts", "validate"]);
    w.remove(at);
    expect([codes(report), report.exit_code]).toEqual([expected, status]);
  });

  test("a trace whose state does not follow from the frame before it is a warning, strictly an error", async () => {
    const trace = JSON.parse(w.read(`${TRACES}/trace.effect_kv.min.json`).toString()) as { steps: { env: { state: unknown } }[] };
    trace.steps[1]!.env.state = { step: 7 };
    w.write({ [`${TRACES}/zz.json`]: trace });
    const [lax, strict] = [await http(["contracts", "validate"]), await http(["contracts", "validate", "--strict"])];
    w.remove(`${TRACES}/zz.json`);
    expect([codes(lax), lax.exit_code, strict.exit_code]).toEqual([["X07WASM_HTTP_TRACE_STATE_BROKEN"], 0, 3]);
  });

  test("a fixture that cannot be read is not passed over", async () => {
    mkdirSync(join(w.dir, TRACES, "folder.json"));
    symlinkSync("nowhere", join(w.dir, TRACES, "link.json"));
    const report = await http(["contracts", "validate"]);
    for (const name of ["folder.json", "link.json"]) w.remove(`${TRACES}/${name}`);
    expect(report.exit_code).toBe(3);
    expect(codes(report)).toEqual(Array<string>(4).fill("X07WASM_HTTP_FIXTURE_VALIDATE_FAILED"));
    expect(report.diagnostics.map((d) => d.stage)).toEqual(["parse", "run", "parse", "run"]);
  });

  test("limits that are not set are not in the report of a reducer", async () => {
    expect(Object.keys((await canary(ECHO)).result["runtime_limits"] as object)).not.toContain("cache_config");
  });

  test("without fixtures there is nothing to complain of", async () => {
    const empty = new Workspace();
    expect((await checkedReport(empty.tool(["http", "contracts", "validate", "--json"]))).result["fixtures"]).toEqual([]);
    empty.clean();
  });
});

describe("serve", () => {
  test("a canary is answered", async () => {
    const report = await canary(ECHO);
    expect(report.result).toMatchObject({ mode: "canary", requests: 1, responses: [{ status: 200, headers_count: 0, body_bytes: 0 }], trace_path: null, incident_dir: null, runtime_limits: { max_fuel: 200000000 } });
    expect(report.meta.nondeterminism).toEqual({ uses_network: false, uses_os_time: false, uses_process: false });
  });

  test("each line is a request; bad lines are told and skipped; responses are written whole", async () => {
    const input = [envelope("a", "/kv"), "", "{", JSON.stringify({ id: "x" }), envelope("b", "/kv")].join("\n");
    const report = await http(["serve", "--component", KV, "--responses-out", "out/r.jsonl"], input);
    expect(report.result).toMatchObject({ mode: "listen", requests: 2, responses: [{ status: 200, body_bytes: 2 }, { status: 200, body_bytes: 2 }] });
    expect(codes(report).slice(0, 2)).toEqual(["X07WASM_HTTP_SERVE_STDIN_JSON_INVALID", "X07WASM_HTTP_SERVE_REQUEST_ENVELOPE_SCHEMA_INVALID"]);
    expect(report.exit_code).toBe(3);
    expect(report.meta.inputs.map((i) => i.path)).toContain("<stdin>");
    const lines = w.read("out/r.jsonl").toString().trim().split("\n").map((l) => JSON.parse(l) as { request_id: string; body: { text: string } });
    expect(lines.map((l) => l.body.text)).toEqual(["ok", "ok"]);
  });

  test("no input is no request, and fine", async () => {
    expect((await http(["serve", "--component", ECHO], "")).result).toMatchObject({ requests: 0, responses: [] });
  });

  test.each<[string, () => Promise<CheckedReport>, string[], number]>([
    ["a missing module", () => canary("none.wasm"), ["X07WASM_HTTP_SERVE_COMPONENT_READ_FAILED"], 3],
    ["junk", () => canary("junk.wasm"), ["X07WASM_HTTP_SERVE_COMPONENT_LOAD_FAILED"], 1],
    ["an unknown profile", () => canary(ECHO, "--profile", "nope"), ["X07WASM_WASM_PROFILE_LOAD_FAILED"], 3],
    ["too little fuel", () => canary(ECHO, "--max-fuel", "5"), ["X07WASM_BUDGET_EXCEEDED_CPU_FUEL"], 4],
    ["too few steps", () => canary(KV, "--max-effect-steps", "1"), ["X07WASM_BUDGET_EXCEEDED_HTTP_EFFECTS_LOOPS"], 4],
    ["too many effect bytes", () => canary(KV, "--max-effect-results-bytes", "4"), ["X07WASM_BUDGET_EXCEEDED_HTTP_EFFECT_RESULT_BYTES"], 4],
    ["a trap", () => canary("dist/trap.wasm"), ["X07WASM_HTTP_REDUCER_CALL_FAILED"], 1],
    ["a trace that cannot be written", () => canary(ECHO, "--trace-out", "junk.wasm/t.json"), ["X07WASM_HTTP_SERVE_TRACE_WRITE_FAILED"], 2],
  ])("%s", async (_, run, expected, status) => {
    const report = await run();
    expect([codes(report), report.exit_code]).toEqual([expected, status]);
  });

  test("fetching is off by default: the reducer copes, unless the command is to fail", async () => {
    const [lax, strict] = [await canary(HTTP), await canary(HTTP, "--fail-on-effect-error")];
    expect([lax.diagnostics[0]?.severity, lax.exit_code]).toEqual(["warning", 0]);
    expect([strict.diagnostics[0]?.severity, strict.exit_code]).toEqual(["error", 1]);
  });
});

describe("recorded and replayed", () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    server = createServer((_, response) => response.end("from outside"));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => new Promise((done) => server.close(done)));

  test("what serve records, test follows: also requests that share a store", async () => {
    const served = await http(["serve", "--component", KV, "--trace-out", "traces/kv.json"], `${envelope("a", "/kv")}\n${envelope("b", "/kv")}\n`);
    expect(served.result["trace_path"]).toBe("traces/kv.json");
    const report = await http(["test", "--component", KV, "--trace", "traces/kv.json", "--trace", `${TRACES}/trace.effect_kv.min.json`]);
    expect(report.result).toMatchObject({ cases_ok: 2, cases_failed: 0 });
    expect((report.result["cases"] as { name: string }[]).map((c) => c.name)).toEqual(["trace.effect_kv.min", "kv"]);
    expect(JSON.parse(w.read("traces/kv.json").toString())).toMatchObject({ kind: "x07.http.trace", meta: { requests: 2 } });
  });

  test("the fixtures are what the examples do", async () => {
    for (const [component, trace] of [[ECHO, "trace.min"], [KV, "trace.effect_kv.min"], [HTTP, "trace.effect_http.min"]] as const) {
      expect((await http(["test", "--component", component, "--trace", `${TRACES}/${trace}.json`])).result["cases_failed"]).toBe(0);
    }
  });

  test("what came from the network is in the trace, and the trace needs no network", async () => {
    // The example asks for example.com; what matters is that its answer, a failure here, is replayed as it was.
    const served = await http(["serve", "--component", HTTP, "--mode", "canary", "--trace-out", "traces/http.json"], undefined, { X07_WASM_HTTP_FETCH_ALLOW_HOSTS: `127.0.0.1:${port}` });
    expect(served.exit_code).toBe(0);
    expect((await http(["test", "--component", HTTP, "--trace", "traces/http.json"])).exit_code).toBe(0);
  });

  const wasmtime = installed("wasmtime");
  if (!wasmtime) console.log("SKIPPED: reducers in Wasmtime: wasmtime is not installed");
  test.skipIf(!wasmtime)("what V8 records, Wasmtime follows, and the other way round; a failure is the same on both", async () => {
    for (const [recorder, follower] of [["v8", "wasmtime"], ["wasmtime", "v8"]] as const) {
      const at = `traces/${recorder}.json`;
      const served = await http(["serve", "--component", KV, "--host", recorder, "--trace-out", at, "--max-wall-ms", "20000"], `${envelope("a", "/kv")}\n${envelope("b", "/kv")}\n`);
      expect(served.result["requests"]).toBe(2);
      expect((await http(["test", "--component", KV, "--host", follower, "--trace", at])).result["cases_ok"]).toBe(1);
    }
    expect(w.read("traces/v8.json").equals(w.read("traces/wasmtime.json"))).toBe(true);
    for (const words of [["--max-fuel", "300"], ["--max-memory-bytes", "65536"], ["--max-wasm-stack-bytes", "16"]]) {
      const [here, there] = await Promise.all(["v8", "wasmtime"].map((host) => canary(KV, "--host", host, ...words)));
      expect([there?.diagnostics, there?.result]).toEqual([here?.diagnostics, here?.result]);
    }
  });

  test.each<[string, string[], string[], number]>([
    ["no trace", [], ["X07WASM_HTTP_TEST_TRACE_MISSING"], 3],
    ["a trace that is not there", ["--trace", "nope.json"], ["X07WASM_HTTP_TEST_CASE_FAILED"], 1],
    ["a trace that is not JSON", ["--trace", "none.json"], ["X07WASM_HTTP_TEST_CASE_FAILED"], 1],
    ["another reducer's trace", ["--trace", `${TRACES}/trace.effect_kv.min.json`], ["X07WASM_HTTP_TEST_FRAME_MISMATCH"], 1],
    ["too little fuel", ["--trace", `${TRACES}/trace.min.json`, "--max-fuel", "3"], ["X07WASM_BUDGET_EXCEEDED_CPU_FUEL"], 4],
  ])("test fails: %s", async (_, words, expected, status) => {
    const report = await http(["test", "--component", ECHO, ...words]);
    expect([codes(report), report.exit_code]).toEqual([expected, status]);
  });

  test("a mismatch says where, and one failing case does not stop the others", async () => {
    const report = await http(["test", "--component", ECHO, "--trace", `${TRACES}/trace.min.json`, "--trace", `${TRACES}/trace.effect_kv.min.json`]);
    expect(report.result).toMatchObject({ cases_ok: 1, cases_failed: 1 });
    expect(report.diagnostics[0]?.data).toMatchObject({ step: 0, pointer: "/effects/0", actual: "nothing" });
  });
});

describe("with an ops profile", () => {
  test("its capabilities decide on http.fetch, not the variable; a refusal fails the command, the reducer answers nevertheless", async () => {
    w.write({ "ops.json": ops(), "caps.json": caps() });
    const denied = await http(["serve", "--component", HTTP, "--mode", "canary", "--ops", "ops.json"], undefined, { X07_WASM_HTTP_FETCH_ALLOW_HOSTS: "example.invalid" });
    expect([codes(denied), denied.exit_code]).toEqual([["X07WASM_CAPS_NET_DENIED"], 1]);
    expect(denied.result["responses"]).toHaveLength(1);
    expect(denied.meta.inputs.map((i) => i.path)).toEqual(expect.arrayContaining(["ops.json", "caps.json"]));
    expect(denied.meta.nondeterminism["uses_network"]).toBe(false);
  });

  test("that is wrong, nothing is served", async () => {
    w.write({ "ops.json": ops(), "caps.json": caps({ clocks: {} }) });
    const report = await canary(ECHO, "--ops", "ops.json");
    expect([codes(report), report.exit_code, report.result["responses"]]).toEqual([["X07WASM_OPS_REF_SCHEMA_INVALID", "X07WASM_CAPS_SCHEMA_INVALID"], 3, []]);
    expect(codes(await canary(ECHO, "--ops", "none.json"))).toContain("X07WASM_OPS_PROFILE_SCHEMA_INVALID");
    expect(codes(await canary(ECHO, "--ops", "nowhere.json"))).toEqual(["X07WASM_OPS_PROFILE_READ_FAILED"]);
  });
});

describe("incidents", () => {
  test("a failed case is kept with its component, and its regression test runs as written, from anywhere", async () => {
    const failed = await http(["test", "--component", ECHO, "--trace", `${TRACES}/trace.effect_kv.min.json`]);
    const dir = (failed.result["cases"] as { incident_dir: string }[])[0]!.incident_dir;
    expect(dir).toMatch(/^\.x07-wasm\/incidents\/http-test\/[0-9a-f]{32}$/);
    expect(JSON.parse(w.read(join(dir, "incident.json")).toString())).toMatchObject({ v: 1, kind: "x07.http.incident", inputs: { component: { path: ECHO } }, failed: { case: "trace.effect_kv.min", step: 0 } });
    const made = await http(["regress", "from-incident", "--incident-dir", dir]);
    const script = (made.result["generated_test"] as { path: string }).path;
    expect(statSync(join(w.dir, script)).mode & 0o777).toBe(0o755);
    const run = () => spawnSync(join(w.dir, script), { cwd: "/", env: w.env({ PATH: `${join(w.dir, "bin")}:${process.env["PATH"]}` }), encoding: "utf8" });
    const before = run();
    expect([before.status, JSON.parse(before.stdout).command]).toEqual([1, "x07-wasm.http.test"]);
    w.write({ [ECHO]: w.read(KV) }); // the reducer is repaired: it now does what the trace says
    expect(run().status).toBe(0);
    w.tool(["build", "--project", "examples/http_reducer_echo/x07.json", "--out", ECHO]);
  });

  test("a failed request is kept, and its regression test asks for an answer", async () => {
    const failed = await canary("dist/trap.wasm", "--incidents-dir", "bundles");
    const dir = failed.result["incident_dir"] as string;
    expect(dir).toMatch(/^bundles\/http-serve\/[0-9a-f]{32}$/);
    const made = await http(["regress", "from-incident", "--incident-dir", dir, "--out-dir", "regress/deep"]);
    const script = join(w.dir, (made.result["generated_test"] as { path: string }).path);
    const run = () => spawnSync(script, { cwd: dirname(script), env: w.env({ PATH: `${join(w.dir, "bin")}:${process.env["PATH"]}` }), encoding: "utf8" });
    expect(run().status).toBe(1);
    const trap = w.read("dist/trap.wasm");
    w.write({ "dist/trap.wasm": w.read(ECHO) });
    expect(run().status).toBe(0);
    w.write({ "dist/trap.wasm": trap });
  });

  test.each<[string, (dir: string) => void, string]>([
    ["nothing", () => {}, "X07WASM_HTTP_INCIDENT_READ_FAILED"],
    ["no JSON", (dir) => writeFileSync(join(dir, "incident.json"), "{"), "X07WASM_HTTP_INCIDENT_JSON_INVALID"],
    ["another kind", (dir) => writeFileSync(join(dir, "incident.json"), '{"kind":"serve"}'), "X07WASM_HTTP_INCIDENT_KIND_INVALID"],
    ["a bad trace", (dir) => writeFileSync(join(dir, "incident.json"), '{"kind":"x07.http.incident","trace":{}}'), "X07WASM_SCHEMA_INVALID"],
  ])("no test is made of %s", async (_, prepare, code) => {
    const dir = join(w.dir, "odd");
    mkdirSync(dir, { recursive: true });
    prepare(dir);
    const report = await http(["regress", "from-incident", "--incident-dir", "odd", "--out-dir", "odd/out"]);
    expect([codes(report)[0], report.exit_code]).toEqual([code, 3]);
    expect(existsSync(join(dir, "out"))).toBe(false);
    w.remove("odd");
  });

  test("only as many as wanted are kept", async () => {
    for (const fuel of ["1", "2", "3"]) await http(["serve", "--component", ECHO, "--max-fuel", fuel, "--incidents-dir", "few", "--incidents-keep", "2"], `${envelope(`id${fuel}`, "/")}\n`);
    expect(readdirSync(join(w.dir, "few/http-serve"))).toHaveLength(2);
  });
});
