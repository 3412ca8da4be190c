// Components on both hosts, V8 and the installed Wasmtime: the same outcomes, codes, bytes, and the same smallest sufficient fuel.

import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "../../rules/host/v8.ts";
import { ROOT, Workspace } from "../rig/project.ts";
import { checkedReport } from "../rig/report-check.ts";
import { fromText, guestComponent, LIMITS } from "../rules/host/rig.ts";

const installed = spawnSync("wasmtime", ["--version"], { encoding: "utf8" });
const there = installed.error === undefined && installed.stdout.includes("42.");
if (!there) console.warn(`SKIPPED: component hosts are not compared, for wasmtime 42 is not on PATH (${installed.error?.message ?? installed.stdout.trim()})`);

let w: Workspace;
beforeAll(async () => {
  w = new Workspace();
  if (!there) return;
  w.write({ "many.wasm": Buffer.from(await guestComponent("cli-many")), "echo.wasm": Buffer.from(await guestComponent("http-echo")), "trap.wasm": Buffer.from(await guestComponent("http-echo", { ";; begin": "unreachable" })), "loop.wasm": Buffer.from(await guestComponent("http-echo", { ";; begin": "(loop $l (br $l))" })), "big.bin": Buffer.alloc(100_000, "Z") });
  for (const example of ["http_echo", "solve_pure_echo"]) {
    cpSync(join(ROOT, "examples", example), join(w.dir, example), { recursive: true });
    for (const emit of ["cli", "cli-native", ...(example === "http_echo" ? ["http", "http-native"] : [])]) {
      const built = w.tool(["component", "build", "--project", `${example}/x07.json`, "--emit", emit, "--out-dir", `${example}-${emit}`, "--provider", "embedded"]);
      expect(built.status, built.stderr).toBe(0);
    }
  }
}, 240_000);
afterAll(() => w.clean());

/** What must be equal: everything but times, dates and the host's own words about a trap. */
async function seen(words: readonly string[], host: string) {
  const report = await checkedReport(w.tool([...words, "--host", host, "--json"]));
  const { incident_dir, incidents, run, responses, ...result } = report.result as { [key: string]: unknown; run?: { outcome: string }; responses?: { wall_ms: number }[] };
  return { exit_code: report.exit_code, codes: report.diagnostics.map((d) => d.code), outcome: run?.outcome, failed: incident_dir !== null && incident_dir !== undefined, incidents: (incidents as unknown[] | undefined)?.length, responses: responses?.map(({ wall_ms, ...r }) => r), result };
}

async function same(words: readonly string[]): Promise<void> {
  expect(await seen(words, "wasmtime")).toEqual(await seen(words, "v8"));
}

describe.skipIf(!there)("the same report", () => {
  const run = (stdin: string, ...more: string[]) => ["component", "run", "--component", "many.wasm", "--stdin-b64", Buffer.from(stdin).toString("base64"), ...more];
  for (const op of ["Hello", "", "t", "e", "x", "y", "r", "m", "b", "p", "h", "d x07-diag-code: A\n", "dx07-diag-code: MY_CODE\n"]) test(`of a command that is told ${JSON.stringify(op)}`, () => same(run(op)), 60_000);
  test("of one with arguments", () => same(run("a", "--args-json", '["one","zwei ü",""]')), 60_000);
  test("of one that is out of fuel", () => same(run("l", "--max-fuel", "1000000")), 60_000);
  test("of one that takes too long", () => same(run("l", "--max-wall-ms", "300", "--max-fuel", "1000000000000")), 60_000);
  test("of an initial memory over the cap", () => same(run("x", "--max-memory-bytes", "65536")), 60_000);

  for (const path of ["http_echo-cli", "http_echo-cli-native"]) test(`of ${path} when its output is over the limit`, () => same(["component", "run", "--component", `${path}/cli.component.wasm`, "--max-output-bytes", "7"]), 60_000);
  for (const path of ["http_echo-http", "http_echo-http-native"]) {
    test(`of ${path} when its body is over the limit`, () => same(["serve", "--component", `${path}/http.component.wasm`, "--request-body", "b64:aGVsbG8=", "--max-response-bytes", "2"]), 60_000);
    test(`of ${path} out of fuel`, () => same(["serve", "--component", `${path}/http.component.wasm`, "--max-fuel", "5000"]), 60_000);
  }

  for (const component of ["echo.wasm", "http_echo-http/http.component.wasm", "http_echo-http-native/http.component.wasm"]) {
    for (const body of ["", "b64:aGVsbG8=", "@big.bin"]) test(`of ${component} asked with ${JSON.stringify(body)}`, () => same(["serve", "--component", component, "--request-body", body, "--path", "/a?b=1", "--stop-after", "2"]), 60_000);
  }
  test("of a handler that traps", () => same(["serve", "--component", "trap.wasm"]), 60_000);
  test("of a handler that is out of fuel", () => same(["serve", "--component", "loop.wasm", "--max-fuel", "1000000"]), 60_000);
});

describe.skipIf(!there)("the same smallest sufficient fuel", () => {
  const onV8 = (component: Uint8Array, stdin: Uint8Array, fuel: number): boolean => {
    const outcome = runCommand({ component, path: "c.wasm", args: [], stdin, maxOutput: 1 << 24, limits: { ...LIMITS, maxFuel: fuel }, wallMs: null });
    if (outcome.kind !== "ran") throw new Error(JSON.stringify(outcome));
    return !(outcome.ended.kind === "stopped" && outcome.ended.stop.kind === "fuel");
  };
  const onWasmtime = (path: string, input: Uint8Array, fuel: number) => !spawnSync("wasmtime", ["run", "-C", "cache=n", "-W", `fuel=${fuel}`, path], { cwd: w.dir, input }).stderr.toString().includes("all fuel consumed");

  function compare(component: Uint8Array, path: string, stdin: Uint8Array): void {
    let [low, high] = [0, 200_000_000];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (onV8(component, stdin, middle)) high = middle;
      else low = middle;
    }
    expect([high, onWasmtime(path, stdin, high), onWasmtime(path, stdin, high - 1)]).toEqual([high, true, false]);
  }

  for (const path of ["many.wasm", "solve_pure_echo-cli/cli.component.wasm", "solve_pure_echo-cli-native/cli.component.wasm", "http_echo-cli/cli.component.wasm", "http_echo-cli-native/cli.component.wasm"]) {
    for (const size of [0, 1, 100, 5_000]) test(`${path}, ${size} bytes`, () => compare(w.read(path), path, Buffer.alloc(size, "Z")), 60_000);
  }

  /** One component calls another with n bytes and gets m; `behind`: what the caller does afterwards. */
  const calling = (n: number, m: number, callee: string, behind: string) => `(component
    (component $callee
      (core module $m (memory (export "memory") 2) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
        (func (export "solve") (param i32 i32) (result i32) ${callee} (i32.store (i32.const 64) (i32.const 1024)) (i32.store (i32.const 68) (i32.const ${m})) (i32.const 64)))
      (core instance $i (instantiate $m))
      (alias core export $i "memory" (core memory $mem)) (alias core export $i "realloc" (core func $realloc)) (alias core export $i "solve" (core func $solve))
      (func $s (param "input" (list u8)) (result (list u8)) (canon lift (core func $solve) (memory $mem) (realloc $realloc)))
      (export "solve" (func $s)))
    (instance $c (instantiate $callee))
    (alias export $c "solve" (func $solve))
    (component $caller
      (import "solve" (func $solve (param "input" (list u8)) (result (list u8))))
      (core module $l (memory (export "memory") 2) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
      (core instance $li (instantiate $l))
      (alias core export $li "memory" (core memory $mem)) (alias core export $li "realloc" (core func $realloc))
      (core func $low (canon lower (func $solve) (memory $mem) (realloc $realloc)))
      (core instance $h (export "solve" (func $low)))
      (core module $m (import "h" "solve" (func $s (param i32 i32 i32))) (func $nop)
        (func (export "run") (result i32) (call $s (i32.const 1024) (i32.const ${n}) (i32.const 16)) ${behind} (i32.const 0)))
      (core instance $i (instantiate $m (with "h" (instance $h))))
      (alias core export $i "run" (core func $crun))
      (func $run (result (result)) (canon lift (core func $crun)))
      (export "run" (func $run)))
    (instance $d (instantiate $caller (with "solve" (func $solve))))
    (alias export $d "run" (func $run))
    (instance $e (export "run" (func $run)))
    (export "wasi:cli/run@0.2.8" (instance $e)))`;

  for (const [n, m] of [[0, 0], [0, 5], [1, 0], [7, 1], [5, 5]] as const) {
    for (const [callee, behind] of [["", ""], ["", "(call $nop)"], ["unreachable", ""]] as const) {
      test(`a call with ${n} bytes that gives ${m}${callee === "" ? "" : ", trapping"}${behind === "" ? "" : ", and more behind it"}`, async () => {
        const component = await fromText(calling(n, m, callee, behind));
        w.write({ "calling.wasm": Buffer.from(component) });
        compare(component, "calling.wasm", new Uint8Array(0));
      }, 60_000);
    }
  }
});
