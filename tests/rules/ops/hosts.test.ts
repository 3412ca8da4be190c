// Capabilities and hosts: what a host cannot hold a guest to is refused before the guest starts; what it can, it does.

import { afterAll, beforeAll, expect, test } from "vitest";
import { installed, Workspace } from "../../rig/project.ts";
import { checkedReport, type CheckedReport } from "../../rig/report-check.ts";
import { probe } from "../host/probe.ts";
import { caps, network, ops } from "./rig.ts";

const hasWasmtime = installed("wasmtime");
if (!hasWasmtime) console.log("SKIPPED: capabilities under Wasmtime (wasmtime is not installed)");

let w: Workspace;
beforeAll(() => void (w = new Workspace()).write({ "ops.json": ops(), "box/a.txt": "hello" }));
afterAll(() => w.clean());

async function serve(code: string, more: object, words: readonly string[] = [], data: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<CheckedReport & { readonly body: string }> {
  w.write({ "guest.wasm": await probe(code, data), "caps.json": caps(more as never) });
  const report = await checkedReport(w.tool(["serve", "--component", "guest.wasm", "--ops", "ops.json", "--json", ...words], env));
  return { ...report, body: Buffer.from((report.result["responses"] as { body: { base64?: string } }[])[0]?.body.base64 ?? "", "base64").toString() };
}

const UNSUPPORTED = ["X07WASM_CAPS_HOST_UNSUPPORTED"];
const codes = (report: CheckedReport): string[] => report.diagnostics.map((d) => d.code);
const SOCKET = "(call $tcp (i32.const 0) (i32.const 1024)) (call $say (i32.const 1024) (i32.const 1))";
const TCP = { network: network([{ host: "10.0.0.1", port: 5432, proto: "tcp" }]) };

test("raw sockets are refused: said beforehand where they were allowed, to the guest where not", async () => {
  const allowed = await serve(SOCKET, TCP);
  expect([codes(allowed), allowed.exit_code, allowed.diagnostics[0]?.stage]).toEqual([UNSUPPORTED, 3, "parse"]);
  expect((await serve("", TCP)).exit_code).toBe(0);
  const denied = await serve(SOCKET, {});
  expect([codes(denied), denied.body]).toEqual([[], "\x01"]);
});

const WASMTIME = ["--host", "wasmtime"];

test.runIf(hasWasmtime).each<[string, string, object, string[]]>([
  ["a clock that stands", "(call $say64 (call $mono))", {}, []],
  ["chance that is nought", "(call $say64 (call $number))", { clocks: { mode: "allow" } }, []],
  ["hosts that are named", "(call $send (call $request (call $fields)) (i32.const 0) (i32.const 0) (i32.const 1024))", {}, []],
  ["a folder that is read only", "(call $dirs (i32.const 1024)) (call $open-at (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024))", { fs: { preopens: [{ path: "box", mode: "ro" }] } }, []],
  ["evidence", "", {}, ["--evidence-out", "e.json"]],
])("Wasmtime is not started for %s", async (_, code, more, words) => {
  const report = await serve(code, more, [...WASMTIME, ...words]);
  expect([codes(report), report.exit_code]).toEqual([UNSUPPORTED, 3]);
});

test.runIf(hasWasmtime)("Wasmtime gives the variables and folders that it can", async () => {
  const code = `(call $env (i32.const 1024)) (local.set $a (i32.load (i32.const 1024)))
    (call $say (i32.load offset=8 (local.get $a)) (i32.load offset=12 (local.get $a)))
    (call $dirs (i32.const 1024)) (local.set $d (i32.load (i32.load (i32.const 1024))))
    (call $open-at (local.get $d) (i32.const 1) (i32.const 8192) (i32.const 5) (i32.const 0) (i32.const 1) (i32.const 1024))
    (call $file-read (i32.load (i32.const 1028)) (i64.const 9) (i64.const 0) (i32.const 1024)) (call $say (i32.load (i32.const 1028)) (i32.load (i32.const 1032)))`;
  const more = { env: { allow: ["GREETING"] }, fs: { preopens: [{ path: "box", mode: "rw" }] } };
  const [there, here] = [await serve(code, more, WASMTIME, ["a.txt"], { GREETING: "good day" }), await serve(code, more, [], ["a.txt"], { GREETING: "good day" })];
  expect([codes(there), there.body]).toEqual([[], "good dayhello"]);
  expect(here.body).toBe(there.body);
});
