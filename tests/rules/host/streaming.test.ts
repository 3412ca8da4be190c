// Bodies that go by: a guest that answers while its request is still coming, clients that stop in the middle, budgets that end what has begun.

import { buildSync } from "esbuild";
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { hostLimits } from "../../../rules/host/limits.ts";
import { Ledger } from "../../../rules/host/serve/ledger.ts";
import { listen } from "../../../rules/host/serve/listen.ts";
import type { ListenJob } from "../../../rules/host/serve/listen.ts";
import { Threads } from "../../../rules/host/serve/threads.ts";
import { openV8 } from "../../../rules/host/v8.ts";
import { guestComponent, LIMITS } from "./rig.ts";

const folder = mkdtempSync(join(tmpdir(), "x07-streaming-"));
const program = join(folder, "component-host.cjs");
beforeAll(() => {
  const entry = fileURLToPath(new URL("../../../rules/host/side-entry.ts", import.meta.url));
  buildSync({ entryPoints: [entry], outfile: program, bundle: true, platform: "node", format: "cjs", external: ["esbuild", "fsevents", "@bytecodealliance/*", "binaryen", "@bokuweb/*"], define: { "import.meta.url": "__filename" }, logLevel: "error" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Running {
  readonly port: number;
  readonly ledger: Ledger;
  readonly ended: Promise<unknown>;
  stop(): void;
}
const open: Running[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) {
    server.stop();
    await server.ended;
  }
});

interface Settings {
  readonly replace?: { readonly [text: string]: string };
  readonly wallMs?: number;
  readonly maxResponse?: number;
  readonly job?: Partial<ListenJob>;
}

async function start({ replace = {}, wallMs = 2_000, maxResponse = 1 << 30, job = {} }: Settings = {}): Promise<Running> {
  const guest = { component: await guestComponent("http-echo", replace), path: "echo.wasm", limits: LIMITS, wallMs, maxResponse };
  const opened = openV8(guest);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const ledger = new Ledger({ component: { path: "echo.wasm", sha256: "0".repeat(64), bytes_len: 0 }, manifest: null, budgets: {}, place: { root: join(folder, "incidents"), keep: 16 }, hotPath: false });
  const stop = new AbortController();
  let ready: (bound: string) => void = () => undefined;
  const bound = new Promise<string>((resolve) => (ready = resolve));
  const ended = listen({ address: { host: "127.0.0.1", port: 0 }, handler: opened.value, threads: new Threads(program, guest), ledger, limits: hostLimits(LIMITS, wallMs), stopAfter: 0, maxRequest: 1 << 30, maxConcurrent: 16, headerTimeoutMs: 2_000, bodyTimeoutMs: 20_000, idleTimeoutMs: 2_000, ready, stop: stop.signal, ...job });
  const running = { port: Number((await bound).split(":")[1]), ledger, ended, stop: () => stop.abort() };
  open.push(running);
  return running;
}

const CHUNKED = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

/** A raw client that waits for what it wants to see. */
class Client {
  text = "";
  readonly socket: Socket;
  readonly closed: Promise<void>;
  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("data", (d) => (this.text += d.toString("latin1")));
    this.socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => this.socket.on("close", () => resolve()));
  }
  send(text: string): void {
    this.socket.write(text, "latin1");
  }
  async sees(wanted: string, ms = 5_000): Promise<void> {
    for (const end = performance.now() + ms; !this.text.includes(wanted); await new Promise((r) => setTimeout(r, 5))) {
      if (performance.now() > end) throw new Error(`not seen: ${JSON.stringify(wanted)} in ${JSON.stringify(this.text.slice(0, 500))}`);
    }
  }
}

test("the first part of the answer is there before the request has ended", async () => {
  const server = await start();
  const client = new Client(server.port);
  client.send(CHUNKED + chunk("one"));
  await client.sees("one");
  expect(client.text).toMatch(/^HTTP\/1.1 200 OK\r\nx-echo: yes!\r\nx-request-id: req0\r\ntransfer-encoding: chunked\r\n/);
  client.send(chunk("two"));
  await client.sees("two");
  client.send("0\r\n\r\n");
  await client.closed;
  expect(client.text.slice(client.text.indexOf("\r\n\r\n") + 4)).toBe("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
  expect(server.ledger.data()).toMatchObject({ answered: 1, diagnostics: [], responses: [{ ok: true, status: 200, body: { bytes_len: 6 } }] });
});

function echoed(port: number, body: Buffer, headers: { readonly [name: string]: string }): Promise<{ readonly status: number; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ port, host: "127.0.0.1", method: "POST", headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (c: Buffer) => pieces.push(c));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces) }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

test("bodies of all sizes come back whole, streamed or not", async () => {
  const server = await start();
  for (const size of [0, 1, 65_536, 262_144, 262_145, 1_000_003]) {
    const body = Buffer.alloc(size, "abcdefghijk");
    for (const headers of [{ "content-length": String(size) }, { "transfer-encoding": "chunked" }] as { [name: string]: string }[]) {
      const reply = await echoed(server.port, body, headers);
      expect([reply.status, reply.body.equals(body)], `${size} ${JSON.stringify(headers)}`).toEqual([200, true]);
    }
  }
});

test("a body of 256 MiB goes through in bounded memory", async () => {
  const server = await start({ wallMs: 60_000 });
  const piece = Buffer.alloc(65_536, "x");
  const total = 4_096 * piece.length;
  const before = process.memoryUsage.rss();
  let [peak, got] = [0, 0];
  await new Promise<void>((resolve, reject) => {
    const sent = httpRequest({ port: server.port, host: "127.0.0.1", method: "POST", headers: { "content-length": String(total) } }, (response) => {
      response.on("data", (c: Buffer) => {
        got += c.length;
        peak = Math.max(peak, process.memoryUsage.rss());
      });
      response.on("end", resolve);
      response.on("error", reject);
    });
    sent.on("error", reject);
    let n = 0;
    const more = () => {
      while (n < 4_096) {
        n++;
        if (!sent.write(piece)) return void sent.once("drain", more);
      }
      sent.end();
    };
    more();
  });
  expect(got).toBe(total);
  expect(peak - before).toBeLessThan(128 * 1024 * 1024);
}, 60_000);

test("a client that takes nothing is let go, and its guest with it", async () => {
  const server = await start({ job: { idleTimeoutMs: 300 } });
  const client = new Client(server.port);
  client.socket.pause();
  client.send(CHUNKED);
  const writing = setInterval(() => { if (client.socket.writableLength < 1 << 20) client.send(chunk("y".repeat(65_536))); }, 1);
  const began = performance.now();
  while (server.ledger.data().answered === 0 && performance.now() - began < 1_500) await new Promise((r) => setTimeout(r, 20));
  client.socket.resume();
  await client.closed;
  clearInterval(writing);
  expect(client.text).not.toContain("0\r\n\r\n");
  expect((await echoed(server.port, Buffer.alloc(300_000), {})).status).toBe(200);
});

test("waiting for a client is not the guest's time", async () => {
  const server = await start({ wallMs: 200 });
  const client = new Client(server.port);
  client.send(CHUNKED + chunk("one"));
  await client.sees("one");
  await new Promise((r) => setTimeout(r, 600));
  client.send(chunk("two") + "0\r\n\r\n");
  await client.closed;
  expect(client.text).toMatch(/two\r\n0\r\n\r\n$/);
});

test("a body that does not go on is let go in its time", async () => {
  const server = await start({ job: { bodyTimeoutMs: 300 } });
  const client = new Client(server.port);
  client.send(CHUNKED + chunk("one"));
  await client.closed;
  expect(client.text).toMatch(/one\r\n$/); // no last chunk
});

test("a budget that ends a guest in the middle of its answer cuts the connection and is told", async () => {
  const server = await start({ maxResponse: 100_000 });
  await expect(echoed(server.port, Buffer.alloc(400_000, "z"), {})).rejects.toThrow();
  expect(server.ledger.data()).toMatchObject({ diagnostics: [{ code: "X07WASM_BUDGET_EXCEEDED_HTTP_RESPONSE_BODY" }], responses: [{ ok: false, status: 200 }], incidents: [expect.any(String)] });
});

test("a guest that fails before anything left is a whole 500, a slow one 504", async () => {
  const failing = await start({ replace: { ";; begin": "unreachable" } });
  expect(await echoed(failing.port, Buffer.alloc(400_000, "z"), {})).toMatchObject({ status: 500 });
  expect(failing.ledger.data()).toMatchObject({ diagnostics: [{ code: "X07WASM_SERVE_REQUEST_FAILED" }] });
  const slow = await start({ replace: { ";; begin": "(loop $l (br $l))" }, wallMs: 50, job: { limits: hostLimits(LIMITS, 50) } });
  expect(await echoed(slow.port, Buffer.alloc(400_000, "z"), {})).toMatchObject({ status: 504 });
  expect(slow.ledger.data()).toMatchObject({ diagnostics: [{ code: "X07WASM_BUDGET_EXCEEDED_WALLTIME" }] });
});

test("one byte more than a request may have: 413, or the end of what has begun", async () => {
  const server = await start({ job: { maxRequest: 300_000 } });
  expect(await echoed(server.port, Buffer.alloc(300_001), { "content-length": "300001" })).toMatchObject({ status: 413 });
  const client = new Client(server.port);
  client.send(CHUNKED + chunk("one"));
  await client.sees("one");
  client.send(chunk("z".repeat(300_000)));
  await client.closed;
  expect(client.text).not.toMatch(/0\r\n\r\n$/);
});

test("when all threads are taken, the next request is collected and answered", async () => {
  const server = await start();
  const held = Array.from({ length: 8 }, () => new Client(server.port));
  for (const client of held) client.send(CHUNKED + chunk("held"));
  for (const client of held) await client.sees("held");
  const body = Buffer.alloc(500_000, "q");
  expect((await echoed(server.port, body, { "content-length": "500000" })).body.equals(body)).toBe(true);
  for (const client of held) client.socket.destroy();
  await new Promise((r) => setTimeout(r, 50));
  const after = new Client(server.port);
  after.send(CHUNKED + chunk("free"));
  await after.sees("free");
  after.socket.destroy();
}, 20_000);
