// The shared cache over HTTP: clones build nothing, and a server that is slow, full, lying or gone never breaks a build.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MessageWriter, Message } from "../../../engine/cache/remote/protobuf.ts";
import { remoteCache, type RemoteOptions } from "../../../engine/cache/remote/remote.ts";
import { hex } from "./hex.ts";
import { file, place } from "../../../engine/index.ts";
import { CacheServer } from "../../rig/cache-server.ts";
import { include, join, large } from "../../rig/rules.ts";
import { type Built, type BuildSettings, placing, world, type World } from "../../rig/world.ts";

let server: CacheServer;
beforeEach(async () => {
  server = await CacheServer.start();
});
afterEach(() => server.close());

const FILES = { a: "A", b: "include c\ninclude gone", c: "C" };
const plan = () => placing(place(join({ parts: [large({ source: file("a") }).text, include({ source: file("b") }).text], glue: "+" }).whole, "out/x"));
const RIGHT = `${"A\n".repeat(2000)}+C\n(no gone)`;

function shared(options: Partial<RemoteOptions> = {}): Pick<BuildSettings, "farther"> {
  return { farther: (near, onProblem) => Promise.resolve(remoteCache(near, { url: new URL(server.url), token: undefined, timeoutMs: 500, writable: true, ...options }, onProblem)) };
}

const clone = (files: { [name: string]: string } = FILES) => world(files, undefined, "/somewhere/else");

async function right(w: World, settings: BuildSettings = shared()): Promise<Built> {
  const b = await w.build(plan(), settings);
  expect(b.diagnostics).toEqual([]);
  expect(w.text("out/x")).toBe(RIGHT);
  return b;
}

describe("clones", () => {
  test("what one built, another takes; what another changes, a third takes", async () => {
    const first = await right(clone());
    expect(first.counts.ran).toBe(3);
    expect(first.run.traffic).toMatchObject({ hits: 0, misses: 3, failures: 0 });
    const two = clone();
    const second = await right(two);
    expect(second).toHaveRun([]);
    expect(second.counts.restored).toBe(3);
    expect(second.run.traffic).toMatchObject({ hits: 3, misses: 0, uploadedBytes: 0 });
    two.write("c", "CC");
    expect((await two.build(plan(), shared())).counts.ran).toBe(2);
    const three = clone({ ...FILES, c: "CC" });
    expect(await three.build(plan(), shared())).toHaveRun([]);
    expect(three.text("out/x")).toBe(two.text("out/x"));
    expect(await right(clone())).toHaveRun([]);
  });

  test("a result that another set of files leads to is found by what it read, not by luck", async () => {
    for (const [n, b] of ["include c", "include gone", "include c\ninclude gone", "nothing"].entries()) {
      const w = clone({ ...FILES, b });
      await w.build(plan(), shared());
      const again = clone({ ...FILES, b });
      expect(await again.build(plan(), shared())).toHaveRun([]);
      expect(again.text("out/x")).toBe(w.text("out/x"));
      const edited = clone({ ...FILES, b, gone: `now there ${n}` });
      await edited.build(plan(), shared());
      const alone = clone({ ...FILES, b, gone: `now there ${n}` });
      await alone.build(plan());
      expect(edited.text("out/x")).toBe(alone.text("out/x"));
    }
  });

  test("what lies between is fetched only when it is needed, or asked for", async () => {
    await right(clone());
    const w = clone();
    await right(w);
    expect(server.seen.filter((r) => r.method === "GET" && r.path.startsWith("/cas"))).toHaveLength(1);
    w.write("b", "nothing");
    const changed = await w.build(plan(), shared());
    expect(changed.counts).toMatchObject({ ran: 2, fresh: 1 });
    expect(server.seen.filter((r) => r.method === "GET" && r.path.startsWith("/cas"))).toHaveLength(2);
    server.seen.length = 0;
    await right(clone(), { ...shared(), outputs: "all" });
    expect(server.seen.filter((r) => r.method === "GET" && r.path.startsWith("/cas"))).toHaveLength(2);
    server.seen.length = 0;
    const minimal = clone();
    expect(await minimal.build(plan(), { ...shared(), outputs: "minimal" })).toHaveRun([]);
    expect(server.seen.filter((r) => r.path.startsWith("/cas"))).toHaveLength(0);
  });

  test("a cache folder that cannot be written is no hindrance", async () => {
    await right(clone());
    const w = clone();
    w.disk.makeDirs("/cache");
    w.disk.readOnly.add("/cache");
    expect(await right(w)).toHaveRun([]);
  });

  test("content lost here is fetched, not made again", async () => {
    const w = clone();
    await right(w);
    w.loseCache();
    w.delete("out");
    const b = await right(w);
    expect(b).toHaveRun([]);
    expect(b.counts).toMatchObject({ restored: 1, fresh: 2 });
  });

  test("read only, nothing is sent; a dry run and --no-cache ask nobody", async () => {
    await right(clone(), shared({ writable: false }));
    expect(server.count("PUT")).toBe(0);
    server.seen.length = 0;
    await clone().build(plan(), { ...shared(), dryRun: true });
    await right(clone(), { ...shared(), noCache: true });
    expect(server.seen).toEqual([]);
  });
});

describe("trouble", () => {
  const once = (b: Built) => b.run.recovered.filter((d) => d.code.startsWith("GRAPH_REMOTE")).map((d) => d.data?.["trouble"]);

  test("a server that is not there", async () => {
    const b = await right(clone(), shared({ url: new URL("http://127.0.0.1:9/") }));
    expect(once(b)).toEqual(["unreachable"]);
  });

  test("a server that never answers costs its timeouts, and no more", async () => {
    server.faults = { stall: 100 };
    const started = Date.now();
    const b = await right(clone(), shared({ timeoutMs: 150 }));
    expect(Date.now() - started).toBeLessThan(2000);
    expect(once(b)).toEqual(["timeout"]);
  });

  test("a server with a full disk is read from all the same", async () => {
    await right(clone());
    server.faults = { full: true };
    const w = clone();
    expect(await right(w)).toHaveRun([]);
    w.write("a", "B");
    const b = await w.build(plan(), shared());
    expect([once(b), b.diagnostics]).toEqual([["full"], []]);
  });

  test.each(["corrupt", "wrong", "lose", "error", "cut"] as const)("every answer goes wrong: %s", async (fault) => {
    await right(clone());
    server.faults = { [fault]: 100 };
    const b = await right(clone());
    expect(once(b).length).toBe(fault === "lose" ? 0 : 1);
    server.faults = {};
    expect(await right(clone())).toHaveRun([]);
  });

  test("a token is sent to the server and written nowhere", async () => {
    server.token = "s3cret-token";
    const refused = await right(clone());
    expect(once(refused)).toEqual(["refused"]);
    const w = clone();
    const b = await right(w, shared({ token: "s3cret-token" }));
    expect(once(b)).toEqual([]);
    expect(server.objects.size).toBeGreaterThan(0);
    for (const path of [...w.disk.filesBelow("/cache"), ...w.disk.filesBelow("/somewhere/else")]) expect(Buffer.from(w.disk.read(path)).includes("s3cret")).toBe(false);
    for (const body of server.objects.values()) expect(Buffer.from(body).includes("s3cret")).toBe(false);
    expect(JSON.stringify([b.events, b.run.recovered, refused.run.recovered])).not.toContain("s3cret");
  });

  test("a slow server is waited for before the end", async () => {
    server.delayMs = 20;
    await right(clone());
    expect(server.seen.filter((r) => r.method === "PUT" && r.path.startsWith("/cas"))).toHaveLength(2);
    expect(server.seen.filter((r) => r.method === "PUT" && r.path.startsWith("/ac"))).toHaveLength(4);
  });

  test("a result whose content could not be sent is not sent either", async () => {
    server.refuse = /^\/cas/;
    await right(clone());
    const inlineWithItsSets = 2;
    expect([...server.objects.keys()].filter((p) => p.startsWith("/ac"))).toHaveLength(inlineWithItsSets);
  });
});

test("many builds against a server that misbehaves in every way: all right, none hangs", async () => {
  const BUILDS = Number(process.env["X07_REMOTE_BUILDS"] ?? 60);
  server.stallMs = 10_000;
  let [hits, failures, longest] = [0, 0, 0];
  for (let n = 0; n < BUILDS; n++) {
    // Now and then a good time, so that there is something to be spoiled.
    server.faults = n % 4 === 0 ? {} : { corrupt: n % 3 === 0 ? 30 : 1, wrong: 3, stall: n % 10 === 1 ? 5 : 0, cut: 5, error: 5, lose: 3, full: n % 7 === 1 };
    const files = { ...FILES, a: `A${n % 5}`, c: `C${n % 3}` };
    const started = Date.now();
    const w = clone(files);
    const b = await w.build(plan(), shared({ timeoutMs: 200 }));
    longest = Math.max(longest, Date.now() - started);
    expect(b.diagnostics).toEqual([]);
    expect(w.text("out/x")).toBe(`${`${files.a}\n`.repeat(2000)}+${files.c}\n(no gone)`);
    hits += b.run.traffic!.hits;
    failures += b.run.traffic!.failures;
  }
  console.log(`${BUILDS} builds: ${hits} hits, ${failures} failures, the longest took ${longest} ms`);
  expect(hits).toBeGreaterThan(BUILDS / 2);
  expect(failures).toBeGreaterThan(BUILDS / 20);
  expect(longest).toBeLessThan(5000);
});

describe("the wire format", () => {
  test("is the published one", () => {
    const w = new MessageWriter().text(1, "abc").number(2, 300).number(3, 0).bytes(4, new Uint8Array(0)).message(5, new Uint8Array(0));
    expect(hex(w.finish())).toBe("0a03616263" + "10ac02" + "2a00");
    const m = new Message(w.finish());
    expect([m.text(1), m.number(2), m.number(3), m.all(5).length]).toEqual(["abc", 300, 0, 1]);
  });

  test("numbers up to 2^53 survive", () => {
    for (const n of [0, 1, 127, 128, 2 ** 31, 2 ** 32, 2 ** 49 + 1, 2 ** 53 - 1]) expect(new Message(new MessageWriter().number(1, n).finish()).number(1)).toBe(n);
  });
});
