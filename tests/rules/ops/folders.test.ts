// Files under capabilities: what a guest finds in its folders, what it may change there, and that no path leads out of them.

import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { spellFunc } from "../../../rules/host/component/types.ts";
import { decodeComponent } from "../../../rules/host/component/decode.ts";
import { linkComponent } from "../../../rules/host/component/link.ts";
import { FILE_ERRORS } from "../../../rules/host/wasi/folders.ts";
import { filesystem } from "../../../rules/host/wasi/filesystem.ts";
import { openV8 } from "../../../rules/host/v8.ts";
import type { GrantedFolder } from "../../../rules/ops/grants.ts";
import { Workspace } from "../../rig/project.ts";
import { checkedReport } from "../../rig/report-check.ts";
import { LIMITS } from "../host/rig.ts";
import { allOf, probe } from "../host/probe.ts";
import { caps, ops } from "./rig.ts";

let w: Workspace;
beforeAll(() => {
  w = new Workspace();
});
afterAll(() => w.clean());

const folder = (path: string, writable: boolean): GrantedFolder => ({ path, writable, host: join(w.dir, path) });
const CLOSED = { env: [], network: { mode: "deny", allowlist: [], denyIpLiterals: true, denyPrivateIps: true, allowIpCidrs: [] }, clocks: "deny", random: "deny", evidence: null, secrets: [], confidential: [] } as const;

/** $d: the first folder. */
const FIRST = "(call $dirs (i32.const 1024)) (local.set $d (i32.load (i32.load (i32.const 1024))))";
const text = (i: number, length: number) => `(i32.const ${8192 + 256 * i}) (i32.const ${length})`;

/** Runs a guest here; the bytes that it says. */
async function run(code: string, data: readonly string[], folders: readonly GrantedFolder[], more: object = {}): Promise<Buffer> {
  const opened = openV8({ component: await probe(`${FIRST} ${code}`, data), path: "x", limits: LIMITS, wallMs: 10_000, maxResponse: 1 << 22, grants: { ...CLOSED, folders, ...more } });
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const outcome = opened.value.answerNow({ method: "GET", pathWithQuery: "/", authority: "a", headers: [], body: new Uint8Array(0) });
  await opened.value.close();
  if (outcome.kind !== "answered") throw new Error(JSON.stringify(outcome));
  return Buffer.from(outcome.response.body);
}

/** What came of an operation: `ok`, or the error's name. Results without a payload have the error at 1, others at `at`. */
const told = (said: Buffer) => (said[0] === 0 ? "ok" : FILE_ERRORS[said[1]!]!);
const SAY = (at = 4) => `(call $say (i32.const 1024) (i32.const 1)) (call $say (i32.add (i32.const 1024) (i32.const ${at})) (i32.const 1))`;

const open = (path: string, { follow = 1, how = 0, flags = 1 } = {}, folders = [folder("box", true)]) => run(`(call $open-at (local.get $d) (i32.const ${follow}) ${text(0, Buffer.byteLength(path))} (i32.const ${how}) (i32.const ${flags}) (i32.const 1024)) ${SAY()}`, [path], folders).then(told);

function fill(): void {
  w.remove("box");
  w.remove("outside");
  w.write({ "box/a.txt": "hello", "box/sub/deep/b.txt": "deep", "outside/secret.txt": "secret" });
  for (const [target, at] of [["../outside", "out"], ["../../outside/secret.txt", "sub/out.txt"], ["/etc/passwd", "passwd"], ["a.txt", "link"], ["sub/deep", "in"], ["../a.txt", "sub/up"], ["loop", "loop"], ["nowhere", "dangling"], [join(w.dir, "box"), "absolute"]] as const) symlinkSync(target, join(w.dir, "box", at));
  execFileSync("mkfifo", [join(w.dir, "box/pipe")]);
}

test("every function of wasi:filesystem has the type that its WIT states", async () => {
  const decoded = decodeComponent(await allOf(["wasi:filesystem/types", "wasi:filesystem/preopens"]));
  const linked = decoded.ok ? linkComponent(decoded.value) : decoded;
  if (!linked.ok) throw new Error(JSON.stringify(linked.error));
  const wanted = linked.value.imports.filter((i) => i.type !== null && i.interface.startsWith("wasi:filesystem"));
  const offers = Object.entries(filesystem).flatMap(([from, functions]) => Object.entries(functions).map(([name, { type }]) => [`${from}#${name}`, type]));
  expect(Object.fromEntries(offers)).toEqual(Object.fromEntries(wanted.map((i) => [`${i.interface.replace(/@.*/, "")}#${i.name}`, spellFunc(i.type!)])));
  expect(wanted.length).toBe(30);
});

describe("paths", () => {
  beforeAll(fill);
  test.each<[string, string]>([
    ["a.txt", "ok"], ["./a.txt", "ok"], ["sub/../a.txt", "ok"], ["sub//deep/./b.txt", "ok"], ["link", "ok"], ["in/b.txt", "ok"], ["sub/up", "ok"], [".", "ok"], ["sub/", "ok"], ["in/", "ok"],
    ["none", "no-entry"], ["", "no-entry"], ["dangling", "no-entry"], ["a.txt/", "not-directory"], ["a.txt/x", "not-directory"], ["loop", "loop"], ["x".repeat(300), "name-too-long"], ["a\0b", "invalid"],
    ["..", "not-permitted"], ["../outside/secret.txt", "not-permitted"], ["sub/../../outside/secret.txt", "not-permitted"], ["/etc/passwd", "not-permitted"], ["passwd", "not-permitted"],
    ["out/secret.txt", "not-permitted"], ["sub/out.txt", "not-permitted"], ["absolute/a.txt", "not-permitted"], ["pipe", "not-permitted"],
  ])("%s: %s", async (path, expected) => {
    expect(await open(path)).toBe(expected);
  });

  test("a link in the last place is not opened where links are not to be followed", async () => {
    expect([await open("link", { follow: 0 }), await open("a.txt", { follow: 0 })]).toEqual(["loop", "ok"]);
  });

  test("a path comes back up through a link where it went down", async () => {
    expect(await open("in/../deep/b.txt")).toBe("ok"); // `in` is sub/deep, and `..` of it is sub
    expect(await open("in/../a.txt")).toBe("no-entry");
  });
});

describe("what a folder that is read only refuses", () => {
  beforeAll(fill);
  const only = () => [folder("box", false)];
  test.each<[string, object]>([["writing", { flags: 2 }], ["creating", { how: 1 }], ["cutting short", { how: 8 }], ["changing entries", { flags: 33 }]])("%s", async (_, flags) => {
    expect(await open("a.txt", flags, only())).toBe("not-permitted");
  });
  test.each<[string, string, string[]]>([
    ["a new folder", `(call $mkdir (local.get $d) ${text(0, 1)} (i32.const 1024))`, ["n"]],
    ["removal", `(call $unlink (local.get $d) ${text(0, 5)} (i32.const 1024))`, ["a.txt"]],
    ["a link", `(call $symlink (local.get $d) ${text(0, 5)} ${text(1, 1)} (i32.const 1024))`, ["a.txt", "l"]],
    ["another name", `(call $rename (local.get $d) ${text(0, 5)} (local.get $d) ${text(1, 1)} (i32.const 1024))`, ["a.txt", "m"]],
  ])("%s", async (_, code, data) => {
    expect(told(await run(code + SAY(1), data, only()))).toBe("not-permitted");
    expect(readdirSync(join(w.dir, "box")).sort()).toEqual(["a.txt", "absolute", "dangling", "in", "link", "loop", "out", "passwd", "pipe", "sub"]);
  });
});

describe("in a folder that may be written", () => {
  beforeAll(fill);
  const box = () => [folder("box", true)];

  test("files are made, written, read again", async () => {
    const code = `
      (call $open-at (local.get $d) (i32.const 1) ${text(0, 7)} (i32.const 5) (i32.const 3) (i32.const 1024)) (local.set $a (i32.load (i32.const 1028)))
      (call $file-write (local.get $a) ${text(1, 11)} (i64.const 2) (i32.const 1024))
      (call $write-via (local.get $a) (i64.const 13) (i32.const 1024)) (local.set $b (i32.load (i32.const 1028)))
      (call $out-write (local.get $b) ${text(2, 4)} (i32.const 1024)) (call $drop-out (local.get $b))
      (call $file-read (local.get $a) (i64.const 100) (i64.const 0) (i32.const 1024)) (call $say (i32.load (i32.const 1028)) (i32.load (i32.const 1032))) (call $say (i32.const 1036) (i32.const 1))
      (call $read-via (local.get $a) (i64.const 8) (i32.const 1024)) (local.set $b (i32.load (i32.const 1028)))
      (call $in-read (local.get $b) (i64.const 5) (i32.const 1024)) (call $say (i32.load (i32.const 1028)) (i32.load (i32.const 1032)))
      (call $file-read (local.get $a) (i64.const 100) (i64.const 17) (i32.const 1024)) (call $say (i32.const 1036) (i32.const 1))`;
    expect((await run(code, ["sub/new", "hello world", " end"], box())).toString("latin1")).toBe("\0\0hello world end\0world\x01");
    expect(readFileSync(join(w.dir, "box/sub/new"), "latin1")).toBe("\0\0hello world end");
    expect(await open("sub/new", { how: 5 })).toBe("exist");
  });

  test("entries come in the order of their names, with their kinds", async () => {
    const code = `(call $read-dir (local.get $d) (i32.const 1024)) (local.set $a (i32.load (i32.const 1028)))
      (block $end (loop $next
        (call $next-entry (local.get $a) (i32.const 1024))
        (br_if $end (i32.eqz (i32.load8_u (i32.const 1028))))
        (call $say (i32.load (i32.const 1036)) (i32.load (i32.const 1040))) (call $say ${text(0, 1)}) (br $next)))`;
    expect((await run(code, [","], box())).toString()).toBe("a.txt,absolute,dangling,in,link,loop,out,passwd,pipe,sub,");
  });

  test("links lead inside only", async () => {
    const make = (target: string, at: string) => run(`(call $symlink (local.get $d) ${text(0, target.length)} ${text(1, at.length)} (i32.const 1024)) ${SAY(1)}`, [target, at], box()).then(told);
    expect([await make("../x", "l1"), await make("/x", "l2"), await make("../a.txt", "sub/l3"), await make("../../x", "sub/l4"), await make("sub/../../x", "l5")]).toEqual(["not-permitted", "not-permitted", "ok", "not-permitted", "not-permitted"]);
    expect(readlinkSync(join(w.dir, "box/sub/l3"))).toBe("../a.txt");
  });

  test("nothing is moved through a link that leads out", async () => {
    const move = (from: string, to: string) => run(`(call $rename (local.get $d) ${text(0, from.length)} (local.get $d) ${text(1, to.length)} (i32.const 1024)) ${SAY(1)}`, [from, to], box()).then(told);
    expect([await move("a.txt", "out/a.txt"), await move("out/secret.txt", "mine"), await move("a.txt", "../b.txt"), await move("a.txt", "sub/moved")]).toEqual(["not-permitted", "not-permitted", "not-permitted", "ok"]);
    expect([existsSync(join(w.dir, "outside/a.txt")), readFileSync(join(w.dir, "box/sub/moved"), "utf8")]).toEqual([false, "hello"]);
    const remove = (path: string) => run(`(call $unlink (local.get $d) ${text(0, path.length)} (i32.const 1024)) ${SAY(1)}`, [path], box()).then(told);
    expect([await remove("out/secret.txt"), await remove("out"), await remove("sub")]).toEqual(["not-permitted", "ok", "is-directory"]);
    expect([existsSync(join(w.dir, "outside/secret.txt")), lstatSync(join(w.dir, "outside")).isDirectory()]).toEqual([true, true]);
  });

  test("a guest cannot keep more open than the host has room for, nor write more than it may", async () => {
    const many = `(local.set $b (i32.const 400)) (loop $l (call $open-at (local.get $d) (i32.const 1) ${text(0, 9)} (i32.const 0) (i32.const 1) (i32.const 1024)) (local.set $b (i32.sub (local.get $b) (i32.const 1))) (br_if $l (local.get $b))) ${SAY()}`;
    const before = readdirSync("/proc/self/fd").length;
    expect(told(await run(many, ["sub/moved"], box()))).toBe("quota");
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before + 2);
    const long = `(call $open-at (local.get $d) (i32.const 1) ${text(0, 3)} (i32.const 1) (i32.const 2) (i32.const 1024)) (local.set $a (i32.load (i32.const 1028)))
      (call $file-write (local.get $a) (i32.const 0) (i32.const 16) (i64.const 0x7fffffffffffffff) (i32.const 1024)) (call $say (i32.const 1024) (i32.const 1)) (call $say (i32.const 1032) (i32.const 1))`;
    expect(told(await run(long, ["big"], box()))).toBe("file-too-large");
  });

  test("times of files are told where the clock is", async () => {
    const code = `(call $stat-at (local.get $d) (i32.const 1) ${text(0, 9)} (i32.const 1024)) (call $say (i32.const 1032) (i32.const 96))`;
    const [hidden, shown] = [await run(code, ["sub/moved"], box()), await run(code, ["sub/moved"], box(), { clocks: "allow" })];
    expect([hidden[0], hidden.readBigUInt64LE(8), hidden.readBigUInt64LE(16)]).toEqual([6, 1n, 5n]);
    expect([hidden[24], shown[24], Number(shown.readBigUInt64LE(32)) > 1_600_000_000]).toEqual([0, 1, true]);
  });
});

test("without folders there are none, with an ops profile `serve` opens them", async () => {
  fill();
  const names = "(call $say64 (i64.load32_u (i32.const 1028)))";
  expect((await run(names, [], [])).readBigUInt64LE(0)).toBe(0n);
  w.write({ "ops.json": ops(), "caps.json": caps({ fs: { preopens: [{ path: "box/sub", mode: "ro" }, { path: "box", mode: "rw" }] } }), "guest.wasm": await probe(`${FIRST} ${names}
    (call $say (i32.load offset=4 (i32.load (i32.const 1024))) (i32.load offset=8 (i32.load (i32.const 1024))))
    (call $open-at (local.get $d) (i32.const 1) ${text(0, 10)} (i32.const 0) (i32.const 1) (i32.const 2048))
    (call $file-read (i32.load (i32.const 2052)) (i64.const 9) (i64.const 0) (i32.const 2048)) (call $say (i32.load (i32.const 2052)) (i32.load (i32.const 2056)))`, ["deep/b.txt"]) });
  const report = await checkedReport(w.tool(["serve", "--component", "guest.wasm", "--ops", "ops.json", "--json"]));
  expect([report.diagnostics, report.exit_code]).toEqual([[], 0]);
  const body = Buffer.from((report.result["responses"] as { body: { base64: string } }[])[0]!.body.base64, "base64");
  expect([body.readBigUInt64LE(0), body.subarray(8).toString()]).toEqual([2n, "box/subdeep"]);
});
