// Bytes that are no component, or one that nobody means well with: always a reason, never a crash, never long.

import { expect, test } from "vitest";
import { decodeComponent } from "../../../rules/host/component/decode.ts";
import { runCommand } from "../../../rules/host/v8.ts";
import { fromText, guestComponent, LIMITS } from "./rig.ts";

const run = (component: Uint8Array, stdin = "hello", limits = LIMITS) => runCommand({ component, path: "c.wasm", args: [], stdin: Buffer.from(stdin), maxOutput: 65_536, limits, wallMs: 2_000 });

test("every truncation is refused with a reason or runs as what is left of it", async () => {
  const whole = await guestComponent("cli-many");
  for (let length = 0; length < whole.length; length += 7) expect(["not-started", "ran"]).toContain(run(whole.subarray(0, length)).kind);
});

test("one changed byte never does more than fail", async () => {
  const whole = await guestComponent("cli-many");
  for (let at = 8; at < whole.length; at += 3) {
    const changed = Uint8Array.from(whole);
    changed[at] = changed[at]! ^ (1 << (at % 8));
    expect(["not-started", "ran"]).toContain(run(changed, "hello", { ...LIMITS, maxFuel: 100_000 }).kind);
  }
});

test("nesting and doubling are bounded", async () => {
  const doubling = (depth: number): string => `(component ${depth === 0 ? "" : `(component $c ${doubling(depth - 1).slice("(component".length, -1)}) (instance (instantiate $c)) (instance (instantiate $c))`})`;
  const began = performance.now();
  const bomb = await fromText(doubling(24));
  expect(run(bomb)).toMatchObject({ kind: "not-started", why: { kind: "malformed" } });
  expect(performance.now() - began).toBeLessThan(5_000);
});

test("a type that doubles forty times is refused", async () => {
  const types = Array.from({ length: 40 }, (_, i) => `(type $t${i} (tuple $t${i - 1} $t${i - 1}))`).join(" ").replace("(type $t0 (tuple $t-1 $t-1))", "(type $t0 (tuple u32 u32))");
  expect(run(await fromText(`(component ${types})`))).toMatchObject({ kind: "not-started", why: { kind: "malformed", message: "a type is too large" } });
});

test("a list of nothing may not be endless", () => {
  const section = (id: number, bytes: number[]) => [id, bytes.length, ...bytes];
  const decoded = decodeComponent(Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, ...section(7, [0xff, 0xff, 0xff, 0xff, 0x0f])]));
  expect(decoded.ok).toBe(false);
});

test("imports that nobody offers are named", async () => {
  const strange = await fromText('(component (import "acme:rocket/engine@1.0.0" (instance (export "start" (func)))) (import "wasi:cli/environment@0.2.8" (instance (export "get-arguments" (func (result u32))))))');
  expect(run(strange)).toMatchObject({ kind: "not-started", why: { kind: "world", names: ["acme:rocket/engine@1.0.0#start", "wasi:cli/environment@0.2.8#get-arguments"], notes: [expect.stringContaining("func() -> list<string>")] } });
});

test("a component without the export that is called says which", async () => {
  expect(run(await fromText("(component)"))).toMatchObject({ kind: "not-started", why: { kind: "world", names: ["wasi:cli/run@0.2"] } });
});

test("sixteen memories are enough", async () => {
  const many = `(component (core module $m (memory 1)) ${"(core instance (instantiate $m))".repeat(17)})`;
  expect(run(await fromText(many))).toMatchObject({ kind: "not-started", why: { kind: "malformed", message: expect.stringContaining("17 linear memories") } });
});
