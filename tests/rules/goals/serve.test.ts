// `serve` as people run it: the canary's report and incidents, and a listening server that is told to stop.

import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TOOL, Workspace } from "../../rig/project.ts";
import { checkedReport } from "../../rig/report-check.ts";
import type { CheckedReport } from "../../rig/report-check.ts";
import { guestComponent } from "../host/rig.ts";

let w: Workspace;
beforeAll(async () => {
  w = new Workspace();
  const variants: { readonly [name: string]: { readonly [text: string]: string } } = {
    "echo.wasm": {},
    "trap.wasm": { ";; begin": "unreachable" },
    "loop.wasm": { ";; begin": "(loop $l (br $l))" },
    "diag.wasm": { "x-echoyes!": "x-x07-diag-codeBAD_DAY", "(i32.const 64) (i32.const 6) (i32.const 70) (i32.const 4)": "(i32.const 64) (i32.const 15) (i32.const 79) (i32.const 7)" },
  };
  for (const [name, replace] of Object.entries(variants)) w.write({ [name]: Buffer.from(await guestComponent("http-echo", replace)) });
  w.write({ "cli.wasm": Buffer.from(await guestComponent("cli-many")), "body.bin": Buffer.alloc(2000, 7), "echo.wasm.manifest.json": "{}" });
});
afterAll(() => w.clean());

const serve = async (component: string, ...more: string[]): Promise<CheckedReport> => checkedReport(w.tool(["serve", "--component", component, "--json", ...more]));
const codesOf = (r: CheckedReport) => r.diagnostics.map((d) => d.code);
const HELLO = ["--request-body", "b64:aGVsbG8="];

test("the canary's answers are in the report, as often as asked", async () => {
  const report = await serve("echo.wasm", ...HELLO, "--stop-after", "2");
  expect(report).toMatchObject({ exit_code: 0, result: { mode: "canary", addr: { requested: "127.0.0.1:0", bound: null }, stop_after: 2, incidents: [], responses: [{ ok: true, status: 200, body: { bytes_len: 5, base64: "aGVsbG8=" } }, { ok: true }] } });
  expect((await serve("echo.wasm", "--stop-after", "0")).result["responses"]).toEqual([]);
  expect((await serve("echo.wasm", "--request-body", "@body.bin", "--hot-path")).result["responses"]).toMatchObject([{ body: { bytes_len: 2000 } }]);
});

type Failure = readonly [what: string, component: string, words: readonly string[], code: string, exitCode: number];
const FAILURES: readonly Failure[] = [
  ["a trap", "trap.wasm", [], "X07WASM_SERVE_REQUEST_FAILED", 1],
  ["fuel in the handler", "loop.wasm", ["--max-fuel", "100000"], "X07WASM_BUDGET_EXCEEDED_CPU_FUEL", 4],
  ["wall time of a busy loop", "loop.wasm", ["--max-wall-ms-per-request", "50", "--max-fuel", "100000000000"], "X07WASM_BUDGET_EXCEEDED_WALLTIME", 4],
  ["memory from the start", "echo.wasm", ["--max-memory-bytes", "65536"], "X07WASM_BUDGET_EXCEEDED_MEMORY", 4],
  ["a response over its budget", "echo.wasm", [...HELLO, "--max-response-bytes", "4"], "X07WASM_BUDGET_EXCEEDED_HTTP_RESPONSE_BODY", 4],
  ["a diagnostic of the guest's", "diag.wasm", [], "BAD_DAY", 1],
];

for (const [what, component, words, code, exitCode] of FAILURES) {
  test(`${what} has its code and leaves an incident`, async () => {
    const report = await serve(component, ...words, "--incidents-dir", `inc-${code}`);
    expect(codesOf(report)).toEqual([code]);
    expect(report.exit_code).toBe(exitCode);
    const [dir] = report.result["incidents"] as string[];
    const files = readdirSync(join(w.dir, dir!));
    for (const name of ["request.envelope.json", "request.body.bin", "request.body.sha256", "incident.manifest.json", "serve.report.json"]) expect(files).toContain(name);
    expect(JSON.parse(readFileSync(join(w.dir, dir!, "request.envelope.json"), "utf8"))).toMatchObject({ id: "req0", method: "POST", path: "/", query: "", headers: [{ k: "host", v: "localhost" }] });
  });
}

type Refusal = readonly [what: string, component: string, words: readonly string[], codes: readonly string[], exitCode: number];
const REFUSED: readonly Refusal[] = [
  ["no file", "none.wasm", [], ["X07WASM_SERVE_COMPONENT_READ_FAILED", "X07WASM_SERVE_COMPONENT_COMPILE_FAILED"], 3],
  ["no component", "body.bin", [], ["X07WASM_SERVE_COMPONENT_COMPILE_FAILED"], 1],
  ["another world", "cli.wasm", [], ["X07WASM_SERVE_PROXY_PRE_FAILED"], 1],
  ["a body that is none", "echo.wasm", ["--request-body", "hex:0"], ["X07WASM_SERVE_REQUEST_BODY_INVALID"], 3],
  ["a method that is none", "echo.wasm", ["--method", "GE T"], ["X07WASM_SERVE_METHOD_INVALID"], 3],
  ["a path that is none", "echo.wasm", ["--path", "/a b"], ["X07WASM_SERVE_PATH_INVALID"], 3],
  ["an address that is none", "echo.wasm", ["--mode", "listen", "--addr", "localhost:80"], ["X07WASM_SERVE_ADDR_INVALID"], 3],
  ["an address that is not ours", "echo.wasm", ["--mode", "listen", "--addr", "192.0.2.1:1"], ["X07WASM_SERVE_LISTEN_FAILED"], 1],
  ["the same, for many processes", "echo.wasm", ["--mode", "listen", "--addr", "192.0.2.1:1", "--stop-after", "0"], ["X07WASM_SERVE_LISTEN_FAILED"], 1],
  ["a canary body over its limit", "echo.wasm", [...HELLO, "--max-request-bytes", "4"], ["X07WASM_BUDGET_EXCEEDED_HTTP_REQUEST_BODY"], 4],
];

for (const [what, component, words, codes, exitCode] of REFUSED) {
  test(`refused: ${what}`, async () => {
    const report = await serve(component, ...words);
    expect(codesOf(report)).toEqual(codes);
    expect(report.exit_code).toBe(exitCode);
  });
}

/** A server process: the line by which it says that it is ready, and its report once it ended. */
function listening(...words: string[]) {
  const child = spawn(process.execPath, [TOOL, "serve", "--mode", "listen", "--json", ...words], { cwd: w.dir, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  child.stdout.on("data", (d: Buffer) => (stdout += d.toString()));
  const ready = new Promise<{ readonly url: string }>((resolve, reject) => {
    child.stderr.once("data", (d: Buffer) => resolve(JSON.parse(d.toString().split("\n")[0]!) as { url: string }));
    child.once("exit", () => reject(new Error(stdout)));
  });
  const ended = new Promise<CheckedReport>((resolve, reject) => child.once("close", (status) => checkedReport({ stdout, stderr: "", status: status ?? -1 } as Parameters<typeof checkedReport>[0]).then(resolve, reject)));
  return { child, ready, ended };
}

for (const [how, stopAfter] of [["one process", "100"], ["a process for each core", "0"]] as const) {
  test(`a server says where it is, answers, and reports when it is told to stop (${how})`, async () => {
    const server = listening("--component", "echo.wasm", "--stop-after", stopAfter);
    const { url } = await server.ready;
    const replies = await Promise.all(Array.from({ length: 20 }, (_, i) => fetch(url, { method: "POST", body: `body ${i}` }).then((r) => r.text())));
    expect(replies).toEqual(Array.from({ length: 20 }, (_, i) => `body ${i}`));
    server.child.kill("SIGTERM");
    const report = await server.ended;
    expect(report).toMatchObject({ exit_code: 0, result: { mode: "listen", addr: { bound: url.slice("http://".length) } } });
    expect(report.result["responses"]).toHaveLength(20);
  });
}

test("a guest that is busy does not keep others waiting", async () => {
  const server = listening("--component", "loop.wasm", "--stop-after", "0", "--max-wall-ms-per-request", "1500", "--max-fuel", "1000000000000");
  const { url } = await server.ready;
  const began = performance.now();
  const statuses = await Promise.all(Array.from({ length: 4 }, () => fetch(url, { method: "POST", body: "x" }).then((r) => r.status)));
  expect(statuses).toEqual([504, 504, 504, 504]);
  expect(performance.now() - began).toBeLessThan(4 * 1500);
  server.child.kill("SIGTERM");
  expect(codesOf(await server.ended)).toContain("X07WASM_BUDGET_EXCEEDED_WALLTIME");
});
