// What inspect sees of modules and components, and what it makes of bytes that are neither.

import { expect, test } from "vitest";
import fc from "fast-check";
import { inspect } from "../../../rules/wasm/inspect.ts";
import { meter } from "../../../rules/wasm/meter.ts";
import { readModule } from "../../../rules/wasm/read.ts";
import { ByteReader } from "../../../rules/wasm/read.ts";
import { ByteWriter } from "../../../rules/wasm/write.ts";
import { build, ECHO, solveModule } from "./kit.ts";

test("exports in file order, the first memory, the start function", () => {
  expect(inspect(solveModule(ECHO, { memory: [2, 7], start: 1, fns: [{ code: [] }] }))).toEqual({
    ok: true,
    value: {
      format: "core",
      exports: [{ name: "x07_solve_v2", kind: "func" }, { name: "memory", kind: "memory" }, { name: "__heap_base", kind: "global" }, { name: "__data_end", kind: "global" }],
      imports: [],
      memory: { initial_bytes: 131072, max_bytes: 458752 },
      hasStart: true,
    },
  });
});

test("no memory, no maximum, imports", () => {
  const none = inspect(build({ importFns: [["env", "f"]], fns: [{ code: [] }] }));
  expect(none.ok && none.value).toMatchObject({ memory: null, imports: [{ module: "env", name: "f", kind: "func" }], hasStart: false });
  const open = inspect(build({ memory: [3] }));
  expect(open.ok && open.value.memory).toEqual({ initial_bytes: 196608, max_bytes: null });
});

test("imported memories are names only", () => {
  const w = new ByteWriter().raw([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  w.section(2, new ByteWriter().u32(4).name("e").name("m").raw([2, 1, 1, 2]).name("e").name("t").raw([1, 0x70, 0, 5]).name("e").name("g").raw([3, 0x7f, 0]).name("e").name("f").raw([0, 0]));
  const found = inspect(w.bytes());
  expect(found.ok && found.value.memory).toBeNull();
  expect(found.ok && found.value.imports.map((i) => `${i.name}:${i.kind}`)).toEqual(["m:memory", "t:table", "g:global", "f:func"]);
});

test("a component shows the core modules inside, however deep", () => {
  const preamble = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
  const core = new ByteWriter().raw(solveModule(ECHO));
  const inner = new ByteWriter().raw(preamble).section(1, core);
  const outer = new ByteWriter().raw(preamble).section(0, new ByteWriter().name("x")).section(4, inner);
  const found = inspect(outer.bytes());
  expect(found.ok && found.value).toMatchObject({ format: "component", memory: { initial_bytes: 65536 } });
  expect(found.ok && found.value.exports.map((e) => e.name)).toEqual(["x07_solve_v2", "memory", "__heap_base", "__data_end"]);
});

test.each<[string, Uint8Array]>([
  ["nothing", new Uint8Array()],
  ["text", new TextEncoder().encode("(module)")],
  ["half a preamble", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1)],
  ["another version", Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0)],
  ["a section longer than the file", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 7, 9, 0)],
  ["an export of no kind", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 7, 4, 1, 0, 9, 0)],
  ["an export whose name is not UTF-8", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 7, 5, 1, 1, 0xff, 0, 0)],
  ["a cut module", solveModule(ECHO).subarray(0, -1)],
])("not decodable: %s", (_, bytes) => {
  const found = inspect(bytes);
  expect(found.ok).toBe(false);
  if (!found.ok) expect(found.error.offset).toBeLessThanOrEqual(bytes.length);
});

/** `try`, `catch`, `throw`, `rethrow`, `delegate`, `catch_all` of the withdrawn proposal: V8 still takes them, Wasmtime does not, and so neither do we. */
const LEGACY_EXCEPTION = /unsupported instruction 0x(?:6|7|8|9|18|19)$/;

test("damaged modules are refused or read, never thrown over or looped in", () => {
  const whole = solveModule(ECHO, { table: [3], elements: [0], start: 1, fns: [{ code: [0x03, 0x40, 0x0b] }] });
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.nat(whole.length), (edits, cut) => {
    const bytes = whole.slice(0, edits.length === 4 ? cut : whole.length);
    for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
    inspect(bytes);
    const module = readModule(bytes);
    const woven = module.ok ? meter(module.value, { fuel: true, maxPages: 1, maxElements: 1 }) : null;
    // What V8 takes, the meter must take too, and give back something V8 takes.
    if (WebAssembly.validate(bytes) && !(woven?.ok === false && LEGACY_EXCEPTION.test(woven.error.message))) {
      expect(woven?.ok).toBe(true);
      expect(woven?.ok && WebAssembly.validate(woven.value.bytes)).toBe(true);
    }
  }), { numRuns: 3000, examples: [[[[150, 6]], 0]] });
});

test("LEB numbers: what is written is read", () => {
  fc.assert(fc.property(fc.nat(0xffffffff), (n) => {
    const r = new ByteReader(new ByteWriter().u32(n).bytes());
    expect([r.u32(), r.fault, r.more]).toEqual([n, null, false]);
  }));
  const long = new ByteReader(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0));
  long.u32();
  expect(long.fault).not.toBeNull();
  const large = new ByteReader(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x7f));
  large.u32();
  expect(large.fault).not.toBeNull();
});
