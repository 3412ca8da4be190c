// Requests of guests to others: who is asked, what comes back, what is refused, under `serve` as people run it.

import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TOOL, Workspace } from "../../rig/project.ts";
import { checkedReport, type CheckedReport } from "../../rig/report-check.ts";
import { probe } from "../host/probe.ts";
import { caps, network, ops } from "./rig.ts";

/** Texts of a guest: authority, path, and a body. */
const AT = { authority: 8192, path: 8448, body: 8704 } as const;

interface Asking {
  readonly authority: string;
  readonly path?: string;
  /** Sent as a POST, so many times. */
  readonly body?: string;
  readonly times?: number;
  readonly scheme?: 0 | 1;
  readonly finish?: boolean;
}

/** Asks, waits, and answers with: a letter for what came of it (`d` not sent, `e` no answer, `r` an answer), the error's case or the status, the body. */
function asker({ authority, path = "/x?y", body, times = 1, scheme = 0, finish = true }: Asking): Promise<Uint8Array> {
  const sending = body === undefined ? "" : `
    (call $req-body (local.get $a) (i32.const 1024)) (local.set $c (i32.load (i32.const 1028)))
    (call $body-write (local.get $c) (i32.const 1024)) (local.set $d (i32.load (i32.const 1028)))`;
  const writing = body === undefined ? "" : `
    (local.set $n (i32.const ${times}))
    (loop $l (call $out-write (local.get $d) (i32.const ${AT.body}) (i32.const ${body.length}) (i32.const 1024))
      (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br_if $l (local.get $n)))
    (call $drop-out (local.get $d))
    ${finish ? "(call $finish (local.get $c) (i32.const 0) (i32.const 0) (i32.const 1024))" : ""}`;
  return probe(`
    (local.set $a (call $request (call $fields)))
    (drop (call $method (local.get $a) (i32.const ${body === undefined ? 0 : 2}) (i32.const 0) (i32.const 0)))
    (drop (call $scheme (local.get $a) (i32.const 1) (i32.const ${scheme}) (i32.const 0) (i32.const 0)))
    (drop (call $authority (local.get $a) (i32.const 1) (i32.const ${AT.authority}) (i32.const ${authority.length})))
    (drop (call $path (local.get $a) (i32.const 1) (i32.const ${AT.path}) (i32.const ${path.length})))
    ${sending}
    (call $send (local.get $a) (i32.const 0) (i32.const 0) (i32.const 2048))
    (if (i32.load8_u (i32.const 2048)) (then
      (call $say (i32.const 8960) (i32.const 1)) (call $say64 (i64.load8_u (i32.const 2056))))
    (else
      (local.set $b (i32.load (i32.const 2056)))
      ${writing}
      (call $block (call $subscribe (local.get $b)))
      (call $future-get (local.get $b) (i32.const 3072))
      (if (i32.load8_u (i32.const 3088)) (then
        (call $say (i32.const 8961) (i32.const 1)) (call $say64 (i64.load8_u (i32.const 3096))))
      (else
        (local.set $a (i32.load (i32.const 3096)))
        (call $say (i32.const 8962) (i32.const 1)) (call $say64 (i64.extend_i32_u (call $status (local.get $a))))
        (call $consume (local.get $a) (i32.const 1024))
        (call $body-stream (i32.load (i32.const 1028)) (i32.const 1024))
        (local.set $b (i32.load (i32.const 1028)))
        (block $end (loop $more
          (call $in-read (local.get $b) (i64.const 65536) (i32.const 1024))
          (br_if $end (i32.load8_u (i32.const 1024)))
          (call $say (i32.load (i32.const 1028)) (i32.load (i32.const 1032)))
          (global.set $top (i32.const 4194304))
          (br $more)))))))`, [authority, path, body ?? "", "der"]);
}

let w: Workspace;
let server: Server;
let port: number;
let answer: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void = (_q, r) => void r.end();
const asked: { method?: string; url?: string; host?: string; body: string }[] = [];

beforeAll(async () => {
  w = new Workspace();
  w.write({ "ops.json": ops() });
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      asked.push({ method: request.method, url: request.url, host: request.headers.host, body: body.toString().slice(0, 64) });
      answer(request, response, body);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  w.clean();
});

interface Came {
  readonly report: CheckedReport;
  readonly kind: string;
  readonly number: number;
  readonly body: Buffer;
}

/** The tool in a process that does not stand in the way of the server in this one. */
async function serve(component: Uint8Array, more: readonly string[] = []): Promise<Came> {
  w.write({ "guest.wasm": component });
  const child = spawn(process.execPath, [TOOL, "serve", "--component", "guest.wasm", "--json", "--max-response-bytes", "4000000", "--ops", "ops.json", ...more], { cwd: w.dir, env: w.env() });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (b: Buffer) => out.push(b));
  child.stderr.on("data", (b: Buffer) => err.push(b));
  const status = await new Promise<number | null>((ended) => child.on("close", ended));
  const stdout = Buffer.concat(out);
  const report = await checkedReport({ status, stdout: stdout.toString(), stdoutBytes: stdout, stderr: Buffer.concat(err).toString() });
  const said = Buffer.from((report.result["responses"] as { body: { base64?: string } }[])[0]?.body.base64 ?? "", "base64");
  return { report, kind: said.subarray(0, 1).toString(), number: said.length >= 9 ? Number(said.readBigUInt64LE(1)) : -1, body: said.subarray(9) };
}

const allow = (host: string, at = port, hardening = {}): void => void w.write({ "caps.json": caps({ network: network([{ host, port: at, proto: "http" }], hardening) }) });
const codes = ({ report }: Came): string[] => report.diagnostics.map((d) => d.code);

/** Cases of error-code by number. */
const [NOT_FOUND_DNS, REFUSED, DENIED] = [1, 6, 15];

describe("a canary", () => {
  test("gets an answer from a host that is allowed", async () => {
    allow("localhost");
    asked.length = 0;
    answer = (_q, r) => void r.writeHead(203, { "x-a": "b" }).end("hello");
    const came = await serve(await asker({ authority: `localhost:${port}` }));
    expect([came.kind, came.number, came.body.toString(), codes(came), came.report.exit_code]).toEqual(["r", 203, "hello", [], 0]);
    expect(came.report.meta.nondeterminism["uses_network"]).toBe(true);
    expect(asked).toEqual([{ method: "GET", url: "/x?y", host: `localhost:${port}`, body: "" }]);
  });

  test("sends bodies and gets bodies of any size", async () => {
    allow("localhost");
    answer = (_q, r, body) => void r.end(Buffer.concat([body, body]));
    const text = "0123456789abcdef".repeat(16);
    const came = await serve(await asker({ authority: `localhost:${port}`, body: text, times: 4000 }));
    expect([came.kind, came.number, came.body.length]).toEqual(["r", 200, 2 * 4000 * text.length]);
    expect(came.body.equals(Buffer.from(text.repeat(8000)))).toBe(true);
    expect(asked.at(-1)).toMatchObject({ method: "POST" });
  });

  test.each<[string, Asking, string, number]>([
    ["another host", { authority: "example.com" }, "X07WASM_CAPS_NET_DENIED", DENIED],
    ["another port", { authority: "localhost:1" }, "X07WASM_CAPS_NET_DENIED", DENIED],
    ["another protocol", { authority: "localhost:PORT", scheme: 1 }, "X07WASM_CAPS_NET_DENIED", DENIED],
  ])("is refused %s", async (_, asking, code, number) => {
    allow("localhost");
    asked.length = 0;
    const came = await serve(await asker({ ...asking, authority: asking.authority.replace("PORT", String(port)) }));
    expect([came.kind, came.number, codes(came), came.report.exit_code, asked]).toEqual(["d", number, [code], 1, []]);
    expect(came.report.result["responses"]).toMatchObject([{ ok: true, status: 200 }]);
    expect(came.report.meta.nondeterminism["uses_network"]).toBe(false);
  });

  test("is refused addresses, in any dress, unless a range lets them through", async () => {
    for (const [authority, range, kind, code] of [["127.0.0.1", [], "d", ["X07WASM_CAPS_NET_PRIVATE_IP_DENIED"]], ["127.1", [], "d", ["X07WASM_CAPS_NET_PRIVATE_IP_DENIED"]], ["0x7f000001", ["127.0.0.0/8"], "r", []]] as const) {
      allow("127.0.0.1", port, { allow_ip_cidrs: range });
      answer = (_q, r) => void r.end();
      const came = await serve(await asker({ authority: `${authority}:${port}` }));
      expect([authority, came.kind, codes(came)]).toEqual([authority, kind, code]);
    }
  });

  test("is told what went wrong on the way", async () => {
    const none = createServer();
    await new Promise<void>((listening) => none.listen(0, "127.0.0.1", listening));
    const free = (none.address() as AddressInfo).port;
    await new Promise((closed) => none.close(closed));
    allow("localhost", free);
    const refused = await serve(await asker({ authority: `localhost:${free}` }));
    expect([refused.kind, refused.number, refused.report.exit_code]).toEqual(["e", REFUSED, 0]);
    allow("no-such-host.invalid");
    const unknown = await serve(await asker({ authority: `no-such-host.invalid:${port}` }));
    expect(unknown.kind).toBe("e");
    expect([0, NOT_FOUND_DNS]).toContain(unknown.number);
    allow("localhost");
    answer = (_q, r) => void r.writeHead(200, { "content-length": "10" }).write("12345", () => r.destroy());
    const cut = await serve(await asker({ authority: `localhost:${port}` }));
    expect([cut.kind, cut.body.toString()]).toEqual(["r", "12345"]);
  });

  test("does not wait for ever: its time is its own", async () => {
    allow("localhost");
    answer = () => undefined;
    const came = await serve(await asker({ authority: `localhost:${port}` }), ["--max-wall-ms", "300"]);
    expect([codes(came), came.report.exit_code]).toEqual([["X07WASM_BUDGET_EXCEEDED_WALLTIME"], 4]);
    server.closeAllConnections();
  });

  test("that leaves its body open is not answered for", async () => {
    allow("localhost");
    answer = (_q, r) => void r.end("early");
    const came = await serve(await asker({ authority: `localhost:${port}`, body: "x", finish: false }), ["--max-wall-ms", "300"]);
    expect(came.report.exit_code).toBe(4);
  });

  test("without an ops profile speaks to nobody, which is nothing to tell", async () => {
    w.write({ "guest.wasm": await asker({ authority: `localhost:${port}` }) });
    const report = await checkedReport(w.tool(["serve", "--component", "guest.wasm", "--json"]));
    expect([report.exit_code, Buffer.from((report.result["responses"] as { body: { base64: string } }[])[0]!.body.base64, "base64").toString("latin1")[0]]).toEqual([0, "d"]);
  });
});

test.each(["2", "0"])("a server's guests wait for others, many at once (--stop-after %s)", async (stopAfter) => {
  allow("localhost");
  answer = (_q, r) => void setTimeout(() => r.end("late"), 300);
  w.write({ "server.wasm": await asker({ authority: `localhost:${port}` }) });
  const child = spawn(process.execPath, [TOOL, "serve", "--mode", "listen", "--component", "server.wasm", "--json", "--ops", "ops.json", "--stop-after", stopAfter], { cwd: w.dir, env: w.env() });
  const ended = new Promise<string>((done) => {
    let text = "";
    child.stdout.on("data", (b: Buffer) => (text += b.toString()));
    child.on("close", () => done(text));
  });
  const url = await new Promise<string>((ready) => child.stderr.on("data", (b: Buffer) => {
    const found = /"url":"([^"]+)"/.exec(b.toString())?.[1];
    if (found !== undefined) ready(found);
  }));
  const bodies = await Promise.all([0, 1].map(async () => (await fetch(url, { method: "POST", body: "x" })).text()));
  expect(bodies.map((b) => b.slice(-4))).toEqual(["late", "late"]);
  if (stopAfter === "0") child.kill("SIGTERM");
  const report = JSON.parse(await ended) as CheckedReport;
  expect([report.exit_code, report.diagnostics, (report.result["responses"] as unknown[]).length]).toEqual([0, [], 2]);
});

