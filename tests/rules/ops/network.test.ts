// Who may be spoken to: names, ports, addresses, and addresses behind names, whatever a resolver says.

import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isPrivate, parseAddress, parseRange, Ranges } from "../../../rules/ops/address.ts";
import type { NetworkCapabilities } from "../../../rules/ops/capabilities.ts";
import { denialOf, NetworkRules } from "../../../rules/ops/network.ts";
import { Effects } from "../../../rules/http/effects.ts";

const RULES: NetworkCapabilities = {
  mode: "allowlist", denyIpLiterals: true, denyPrivateIps: true, allowIpCidrs: ["10.1.0.0/16", "fd00:1::/32"],
  allowlist: [{ host: "Example.com", port: 443, proto: "https" }, ...["10.1.2.3", "10.2.2.3", "8.8.8.8", "169.254.169.254", "fd00:1::5", "localhost", "inside.test"].map((host) => ({ host, port: 80, proto: "http" as const }))],
};

test.each<[string, string, number, string | null]>([
  ["https", "EXAMPLE.COM", 443, null],
  ["http", "example.com", 443, "NET_DENIED"],
  ["https", "example.com", 444, "NET_DENIED"],
  ["https", "example.com.evil.test", 443, "NET_DENIED"],
  ["ftp", "example.com", 443, "NET_DENIED"],
  ["http", "10.1.2.3", 80, null],
  ["http", "10.2.2.3", 80, "NET_PRIVATE_IP_DENIED"],
  ["http", "169.254.169.254", 80, "NET_PRIVATE_IP_DENIED"],
  ["http", "8.8.8.8", 80, "NET_IP_LITERAL_DENIED"],
  ["http", "fd00:1:0::5", 80, null],
  ["http", "localhost", 80, null],
])("%s://%s:%i", (scheme, host, port, code) => {
  expect(new NetworkRules(RULES).check(scheme, host, port)?.code.replace("X07WASM_CAPS_", "") ?? null).toBe(code);
  expect(new NetworkRules({ ...RULES, mode: "deny" }).check(scheme, host, port)?.code).toBe("X07WASM_CAPS_NET_DENIED");
});

test("private are the addresses that the public internet does not lead to, in whatever dress", () => {
  const all = ["0.0.0.0", "10.0.0.1", "100.100.100.200", "127.8.9.1", "169.254.169.254", "172.31.255.255", "192.0.0.192", "192.168.1.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fc00::1", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:a00:1", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "2001:0:1:2:3:4:80ff:fffe"];
  expect(all.filter((text) => !isPrivate(parseAddress(text)!))).toEqual([]);
  const open = ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::"];
  expect(open.filter((text) => isPrivate(parseAddress(text)!))).toEqual([]);
  expect(["1.2.3", "01.2.3.4", "0x7f.0.0.1", "fe80::1%eth0", "", "a"].map(parseAddress)).toEqual(Array(6).fill(null));
  expect(["1.2.3.4", "1.2.3.4/33", "::/129", "1.2.3.4/-1", "x/8", "::ffff:0:0/95"].map(parseRange)).toEqual(Array(6).fill(null));
  expect(new Ranges(["::ffff:10.0.0.0/104"]).has(parseAddress("10.9.9.9")!)).toBe(true);
  expect(new Ranges(["0.0.0.0/0"]).has(parseAddress("::1")!)).toBe(false);
});

const resolves = (...texts: string[]) => (_host: string, done: (error: null, found: { address: string; family: number }[]) => void) => done(null, texts.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));

describe("addresses behind names", () => {
  const looked = (host: string, texts: string[], rules = RULES, options: object = { all: true }) => new Promise<unknown>((done) => {
    const give = (error: Error | null, ...found: unknown[]) => done(error === null ? found : (denialOf(error)?.code ?? error.message));
    new NetworkRules(rules).lookup(resolves(...texts))(host, options, give as never);
  });

  test("only those that may be connected to are given on", async () => {
    expect(await looked("inside.test", ["127.0.0.1"])).toBe("X07WASM_CAPS_NET_PRIVATE_IP_DENIED");
    expect(await looked("inside.test", ["::ffff:10.2.0.1", "169.254.169.254"])).toBe("X07WASM_CAPS_NET_PRIVATE_IP_DENIED");
    expect(await looked("inside.test", ["127.0.0.1", "9.9.9.9"])).toEqual([[{ address: "9.9.9.9", family: 4 }]]);
    expect(await looked("inside.test", ["10.1.9.9"])).toEqual([[{ address: "10.1.9.9", family: 4 }]]);
    expect(await looked("inside.test", ["127.0.0.1"], { ...RULES, denyPrivateIps: false })).toEqual([[{ address: "127.0.0.1", family: 4 }]]);
    expect(await looked("inside.test", ["9.9.9.9", "2606:4700::1111"], RULES, { family: 6 })).toEqual(["2606:4700::1111", 6]);
    expect(await looked("inside.test", [])).toContain("no address");
  });

  test("localhost is this machine, whatever a resolver says of it", async () => {
    expect(await looked("localhost", ["9.9.9.9"], RULES, { family: 4 })).toEqual(["127.0.0.1", 4]);
  });

  test("a name that changes its mind is connected to where it was judged", async () => {
    let asked = 0;
    const server = createServer((_, response) => response.end("inside"));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    const rebinding = (_host: string, done: (error: null, found: { address: string; family: number }[]) => void) => done(null, [{ address: asked++ === 0 ? "192.0.2.1" : "127.0.0.1", family: 4 }]);
    const lookup = new NetworkRules(RULES).lookup(rebinding);
    const went = await new Promise<string>((done) => {
      const sent = request({ host: "inside.test", port, lookup, agent: false, timeout: 300 }, () => done("answered"));
      sent.on("socket", (socket) => socket.on("connectionAttempt", (address) => done(address)));
      sent.on("error", (error: NodeJS.ErrnoException & { address?: string }) => done(error.address ?? error.message));
      setTimeout(() => sent.destroy(), 200);
    });
    server.close();
    expect([went, asked]).toEqual(["192.0.2.1", 1]);
  });
});

describe("http.fetch and time.now of reducers", () => {
  let server: Server;
  let port: number;
  const hosts: (string | undefined)[] = [];
  beforeAll(async () => {
    server = createServer((asked, response) => {
      hosts.push(asked.headers.host);
      response.end("hello");
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => void server.close());

  const world = (rules: Partial<NetworkCapabilities>, clock = true): Effects => new Effects({ fetch: { allowed: new NetworkRules({ ...RULES, ...rules }), timeoutMs: 2000, maxBodyBytes: 1000 }, now: () => 5, clock, say: () => {}, failuresAreErrors: false });
  const fetching = (url: string) => ({ id: "a", type: "http.fetch", method: "GET", url, headers: [], body: { bytes_len: 0 } });

  test("a host that is allowed answers; its port counts", async () => {
    const effects = world({ allowlist: [{ host: "localhost", port, proto: "http" }] });
    expect((await effects.perform(fetching(`http://LOCALHOST:${port}/`))).result).toMatchObject({ ok: true, response: { status: 200 } });
    expect(hosts).toEqual([`localhost:${port}`]);
    expect(effects.usesNetwork).toBe(true);
  });

  test.each<[string, string, Partial<NetworkCapabilities>, string]>([
    ["a host that is not allowed", "http://localhost:1/", {}, "X07WASM_CAPS_NET_DENIED"],
    ["any host", "http://inside.test/", { mode: "deny", allowlist: [] }, "X07WASM_CAPS_NET_DENIED"],
    ["an address in short", "http://127.1/", { allowlist: [{ host: "127.0.0.1", port: 80, proto: "http" }] }, "X07WASM_CAPS_NET_PRIVATE_IP_DENIED"],
    ["an address as a number", "http://2130706433/", { allowlist: [{ host: "127.0.0.1", port: 80, proto: "http" }] }, "X07WASM_CAPS_NET_PRIVATE_IP_DENIED"],
    ["an IPv6 address", "http://[fd00:2::1]/", { allowlist: [{ host: "fd00:2::1", port: 80, proto: "http" }] }, "X07WASM_CAPS_NET_PRIVATE_IP_DENIED"],
    ["a public address", "http://8.8.8.8/", {}, "X07WASM_CAPS_NET_IP_LITERAL_DENIED"],
  ])("%s is refused, and fails the command", async (_, url, rules, code) => {
    const effects = world(rules);
    const { result, diagnostics } = await effects.perform(fetching(url));
    expect(result).toEqual({ id: "a", type: "http.fetch", ok: false, error: "http.fetch denied by capabilities" });
    expect(diagnostics).toMatchObject([{ code, severity: "error", stage: "run" }]);
    expect(effects.usesNetwork).toBe(false);
  });

  test("the time is refused where clocks are denied", async () => {
    const { result, diagnostics } = await world({}, false).perform({ id: "t", type: "time.now" });
    expect(result).toEqual({ id: "t", type: "time.now", ok: false, error: "time.now denied by capabilities" });
    expect(diagnostics).toMatchObject([{ code: "X07WASM_CAPS_CLOCK_DENIED", severity: "error", stage: "run" }]);
    expect((await world({}).perform({ id: "t", type: "time.now" })).result).toMatchObject({ ok: true, unix_ms: 5 });
  });
});
