// The listening server over real sockets, with guests and clients that behave and that do not.

import { request as httpRequest, Agent } from "node:http";
import { connect } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { hostLimits } from "../../../rules/host/limits.ts";
import { Ledger } from "../../../rules/host/serve/ledger.ts";
import { listen } from "../../../rules/host/serve/listen.ts";
import type { ListenJob } from "../../../rules/host/serve/listen.ts";
import { openV8 } from "../../../rules/host/v8.ts";
import { guestComponent, LIMITS } from "./rig.ts";

interface Running {
  readonly port: number;
  readonly ledger: Ledger;
  readonly ended: Promise<unknown>;
  stop(): void;
}

const open: Running[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) {
    server.stop();
    await server.ended;
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function start(replace: { readonly [text: string]: string } = {}, job: Partial<ListenJob> = {}, wallMs = 2_000): Promise<Running> {
  const opened = openV8({ component: await guestComponent("http-echo", replace), path: "echo.wasm", limits: LIMITS, wallMs, maxResponse: 1_048_576 });
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const folder = mkdtempSync(join(tmpdir(), "x07-listen-"));
  folders.push(folder);
  const ledger = new Ledger({ component: { path: "echo.wasm", sha256: "0".repeat(64), bytes_len: 0 }, manifest: null, budgets: {}, place: { root: folder, keep: 16 }, hotPath: false });
  const stop = new AbortController();
  let ready: (bound: string) => void = () => undefined;
  const bound = new Promise<string>((resolve) => (ready = resolve));
  const ended = listen({ address: { host: "127.0.0.1", port: 0 }, handler: opened.value, ledger, limits: hostLimits(LIMITS, wallMs), stopAfter: 0, threads: null, maxRequest: 1_048_576, maxConcurrent: 16, headerTimeoutMs: 2_000, bodyTimeoutMs: 2_000, idleTimeoutMs: 2_000, ready, stop: stop.signal, ...job });
  const running = { port: Number((await bound).split(":")[1]), ledger, ended, stop: () => stop.abort() };
  open.push(running);
  return running;
}

interface Reply {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly body: Buffer;
}

function ask(port: number, body: Uint8Array | string = "", headers: { readonly [name: string]: string } = {}, agent?: Agent): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ port, host: "127.0.0.1", method: "POST", path: "/a?b=1", headers, ...(agent && { agent }) }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (c: Buffer) => chunks.push(c));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Everything that comes back on a raw connection until it is closed. */
function raw(port: number, pieces: readonly (string | number)[]): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1");
    socket.on("data", (d) => (text += d.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
    void (async () => {
      for (const piece of pieces) {
        if (typeof piece === "number") await new Promise((r) => setTimeout(r, piece));
        else socket.write(piece, "latin1");
      }
    })();
  });
}

test("bodies come back whole over one connection, with ids", async () => {
  const server = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (const [i, size] of [0, 1, 100_000, 1_048_576].entries()) {
    const body = Buffer.alloc(size, "xyz");
    const reply = await ask(server.port, body, {}, agent);
    expect([reply.status, reply.headers["x-request-id"], reply.headers["connection"], reply.body.equals(body)]).toEqual([200, `req${i}`, "keep-alive", true]);
  }
  expect((await ask(server.port, "", { "x-request-id": " My-Id.1 " }, agent)).headers["x-request-id"]).toBe("my-id.1");
  expect((await ask(server.port, "", { "x-request-id": "-bad" }, agent)).headers["x-request-id"]).toBe("req4");
  agent.destroy();
});

test("a chunked upload works; one byte over the limit is 413, announced or not", async () => {
  const server = await start({}, { maxRequest: 5 });
  expect((await ask(server.port, "hello", { "transfer-encoding": "chunked" })).body.toString()).toBe("hello");
  for (const headers of [{}, { "transfer-encoding": "chunked" }] as { [name: string]: string }[]) {
    const reply = await ask(server.port, "hello!", headers);
    expect([reply.status, reply.body.toString()]).toEqual([413, "request too large"]);
  }
  expect(server.ledger.data()).toMatchObject({ diagnostics: [], responses: [{ ok: true }, { ok: false, status: 413 }, { ok: false, status: 413 }] });
});

test("a guest that fails is 500, one that takes too long 504, and the server goes on", async () => {
  const failing = await start({ ";; begin": "unreachable" });
  expect((await ask(failing.port, "x")).body.toString()).toBe("internal error");
  expect(failing.ledger.data()).toMatchObject({ diagnostics: [{ code: "X07WASM_SERVE_REQUEST_FAILED" }], incidents: [expect.any(String)] });
  const slow = await start({ ";; begin": "(loop $l (br $l))" }, { limits: hostLimits(LIMITS, 50) }, 50);
  const began = performance.now();
  expect((await ask(slow.port, "x")).status).toBe(504);
  expect(performance.now() - began).toBeLessThan(2_000);
  expect(slow.ledger.data().diagnostics).toMatchObject([{ code: "X07WASM_BUDGET_EXCEEDED_WALLTIME" }]);
  expect((await ask(slow.port, "x")).status).toBe(504);
});

test("more requests at once than allowed are told to come again", async () => {
  const server = await start({}, { maxConcurrent: 1 });
  const half = raw(server.port, ["POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\nconnection: close\r\n\r\nab", 300, "cd"]);
  await new Promise((r) => setTimeout(r, 100));
  const reply = await ask(server.port, "x");
  expect([reply.status, reply.headers["retry-after"]]).toEqual([503, "1"]);
  expect(await half).toMatch(/^HTTP\/1.1 200[^]*abcd$/);
});

test("slow clients are let go: headers, body and nothing at all", async () => {
  const server = await start({}, { headerTimeoutMs: 200, bodyTimeoutMs: 200, idleTimeoutMs: 200 });
  const drip = ["POST / HTTP/1.1\r\n", ...Array.from({ length: 20 }, (_, i) => [100, `x-${i}: 1\r\n`]).flat()];
  const [headers, body] = await Promise.all([raw(server.port, drip), raw(server.port, ["POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n1"])]);
  expect(headers).toMatch(/^HTTP\/1.1 408/);
  expect(body).toMatch(/^HTTP\/1.1 408/);
  expect((await ask(server.port, "still there")).status).toBe(200);
});

test("ten thousand headers are refused, a hundred are not", async () => {
  const server = await start();
  const many = (n: number) => `POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n${Array.from({ length: n }, (_, i) => `x-h-${i}: some value\r\n`).join("")}\r\n`;
  expect(await raw(server.port, [many(10_000)])).toMatch(/^HTTP\/1.1 431/);
  expect(await raw(server.port, [many(100)])).toMatch(/^HTTP\/1.1 200/);
  expect(server.ledger.data().diagnostics).toMatchObject([{ code: "X07WASM_SERVE_HTTP1_CONN_FAILED", severity: "warning" }]);
});

test("nonsense is a 400", async () => {
  const server = await start();
  expect(await raw(server.port, ["NONSENSE\r\n\r\n"])).toMatch(/^HTTP\/1.1 400/);
});

test("stops after so many requests, or connections that bring none", async () => {
  const server = await start({}, { stopAfter: 3 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await ask(server.port, "1", {}, agent);
  connect(server.port, "127.0.0.1").end();
  await new Promise((r) => setTimeout(r, 100));
  expect((await ask(server.port, "2", {}, agent)).headers["connection"]).toBe("close");
  await server.ended;
  await expect(ask(server.port, "3")).rejects.toThrow();
});

test("told to stop, it finishes what is in flight", async () => {
  const server = await start();
  const half = raw(server.port, ["POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab", 300, "cd"]);
  await new Promise((r) => setTimeout(r, 100));
  server.stop();
  expect(await half).toMatch(/abcd$/);
  await server.ended;
});

