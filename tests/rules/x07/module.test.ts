// The shape of the module, what it needs of its host, and what it costs. Knows the arena ABI.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runCore } from "../../../rules/run/core-host.ts";
import { compileFiles, instantiate, MEMORY, solve } from "./rig.ts";

const entry = (body: unknown, more: object = {}): object => ({ schema_version: "x07.x07ast@0.9.0", kind: "entry", module_id: "main", imports: [], decls: [], solve: body, ...more });
const text = (output: Uint8Array | "trap"): string => (output === "trap" ? output : Buffer.from(output).toString("latin1"));

function wasmOf(program: object): Uint8Array {
  const outcome = compileFiles({ "src/main.x07.json": program });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors));
  return outcome.wasm;
}

async function fuel(wasm: Uint8Array, input: Uint8Array): Promise<number> {
  const plan = { stack_first: false, stack_size_bytes: 0, initial_memory_bytes: MEMORY.initialBytes, max_memory_bytes: MEMORY.maxBytes, growable_memory: false };
  const limits = { maxFuel: 1_000_000_000, maxMemoryBytes: null, maxTableElements: null, maxWasmStackBytes: 1 << 20 };
  const outcome = await runCore({ module: wasm, input, arenaCap: 1 << 24, maxOutput: 1 << 24, limits, plan });
  if (outcome.output === null) throw new Error(JSON.stringify(outcome.diagnostics));
  return Number(outcome.fuelUsed);
}

const ECHO = entry(["view.to_bytes", "input"]);

describe("shape", () => {
  test("no imports, four exports in order, memory as planned", () => {
    const module = new WebAssembly.Module(wasmOf(ECHO) as Uint8Array<ArrayBuffer>);
    // Without imports it instantiates with nothing.
    expect(Object.keys(new WebAssembly.Instance(module).exports)).toEqual(["memory", "x07_solve_v2", "__data_end", "__heap_base"]);
    const memory = new WebAssembly.Instance(module).exports["memory"] as WebAssembly.Memory;
    expect(memory.buffer.byteLength).toBe(MEMORY.initialBytes);
    expect(() => memory.grow(1)).toThrow();
  });

  test("static data ends below the heap", () => {
    const exports = new WebAssembly.Instance(new WebAssembly.Module(wasmOf(entry(["bytes.lit", "hello"])) as Uint8Array<ArrayBuffer>)).exports;
    const dataEnd = (exports["__data_end"] as WebAssembly.Global).value as number;
    expect(dataEnd % 16).toBe(0);
    expect((exports["__heap_base"] as WebAssembly.Global).value).toBe(Math.max(16, dataEnd));
  });

  test("the same sources give the same bytes, whatever their path and the order of modules", () => {
    const module = (id: string, n: number): object => ({ schema_version: "x07.x07ast@0.5.0", kind: "module", module_id: id, imports: [], decls: [{ kind: "export", names: [`${id}.f`] }, { kind: "defn", name: `${id}.f`, params: [], result: "i32", body: n }] });
    const main = (imports: string[]): object => entry(["fmt.s32_to_dec", ["+", ["b.f"], ["a.f"]]], { imports });
    const one = compileFiles({ "src/main.x07.json": main(["a", "b"]), "src/a.x07.json": module("a", 1), "src/b.x07.json": module("b", 2) });
    const two = compileFiles({ "x/y/main.x07.json": main(["b", "a"]), "x/y/b.x07.json": module("b", 2), "x/y/a.x07.json": module("a", 1) }, "x/y/main.x07.json", ["x/y"]);
    expect(one.ok && two.ok && Buffer.compare(one.wasm, two.wasm)).toBe(0);
  });
});

describe("the arena", () => {
  const eight = Buffer.from("12345678");

  test("an echo of 8 bytes fits 16", () => {
    expect(text(instantiate(wasmOf(ECHO)).run(eight, 16))).toBe("12345678");
    expect(instantiate(wasmOf(ECHO)).run(eight, 8)).toBe("trap");
  });

  test("a program that allocates nothing needs none", () => {
    expect(text(instantiate(wasmOf(entry(["bytes.empty"]))).run(eight, 0))).toBe("");
  });

  test("every call starts afresh", () => {
    const solver = instantiate(wasmOf(entry(["begin", ["let", "m", ["map_u32.new", 4]], ["map_u32.set", "m", 1, 2], ["fmt.s32_to_dec", ["+", ["*", 10, "m"], ["map_u32.len", "m"]]]])));
    for (let i = 0; i < 5; i++) expect(text(solver.run(eight, 512))).toBe("11");
  });

  test("memory of a trapped call is free again", () => {
    const solver = instantiate(wasmOf(entry(["begin", ["let", "b", ["bytes.alloc", ["codec.read_u32_le", "input", 0]]], ["bytes.get_u8", "b", 50], ["view.to_bytes", "input"]])));
    const n = (x: number): Buffer => Buffer.from(Uint32Array.of(x).buffer);
    expect(solver.run(n(40), 200)).toBe("trap");
    expect(text(solver.run(n(60), 200))).toHaveLength(4);
  });

  test("growing and freeing blocks of many sizes does not exhaust it", () => {
    // Two interleaved strings grow by turns and are dropped: only coalescing brings the room back.
    const round = ["begin", ["let", "a", ["bytes.lit", "x"]], ["let", "b", ["bytes.lit", "y"]], ["for", "j", 0, 60, ["begin", ["set", "a", ["bytes.concat", "a", ["bytes.lit", "0123456789abcdef"]]], ["set", "b", ["bytes.concat", "b", ["fmt.s32_to_dec", "j"]]]]], ["set", "n", ["+", "n", ["+", ["bytes.len", "a"], ["bytes.len", "b"]]]]];
    const program = entry(["begin", ["let", "n", 0], ["for", "i", 0, 300, round], ["fmt.s32_to_dec", "n"]]);
    expect(text(instantiate(wasmOf(program)).run(eight, 6000))).toBe(String(300 * (1 + 60 * 16 + 1 + 110)));
  });
});

describe("cost in wasm instructions", () => {
  const example = (name: string): Uint8Array => {
    const outcome = compileFiles({ "src/main.x07.json": readFileSync(new URL(`../../../examples/${name}/src/main.x07.json`, import.meta.url), "utf8") });
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors));
    return outcome.wasm;
  };

  test("a round of a counting loop costs at most half of the reference's 15, and still runs", async () => {
    const wasm = example("solve_pure_spin");
    const n = (x: number): Buffer => Buffer.from(Int32Array.of(x).buffer);
    const perRound = ((await fuel(wasm, n(20_000))) - (await fuel(wasm, n(10_000)))) / 10_000;
    expect(perRound).toBeLessThanOrEqual(7.5);
    expect(perRound).toBeGreaterThan(4);
  });

  test("an HTTP echo costs at most a third of the reference's 67,822 in two thirds of its 13,196 bytes", async () => {
    const wasm = example("http_echo");
    const envelope = { schema_version: "x07.http.request.envelope@0.1.0", id: "req0", method: "POST", path: "/", query: "", headers: [], body: { bytes_len: 5, base64: "aGVsbG8=" } };
    expect(await fuel(wasm, Buffer.from(JSON.stringify(envelope)))).toBeLessThan(67_822 / 3);
    expect(wasm.length).toBeLessThan((13_196 * 2) / 3);
  });
});

describe("sizes", () => {
  const module = (body: unknown): object => ({ schema_version: "x07.x07ast@0.5.0", kind: "module", module_id: "m", imports: [], decls: [{ kind: "export", names: ["m.f"] }, { kind: "defn", name: "m.f", params: [], result: "bytes", body }] });
  const compiled = (body: unknown): string => {
    const outcome = compileFiles({ "src/main.x07.json": entry(["m.f"], { imports: ["m"] }), "src/m.x07.json": module(body) });
    if (!outcome.ok) return outcome.errors[0]?.message ?? "";
    return text(instantiate(outcome.wasm).run(new Uint8Array()));
  };

  test("a function of 50,000 statements", () => {
    const sets = Array.from({ length: 50_000 }, (_, i) => ["set", "x", ["+", "x", i]]);
    expect(compiled(["begin", ["let", "x", 0], ...sets, ["fmt.s32_to_dec", "x"]])).toBe("1249975000");
  });

  test("5,000 owned variables", () => {
    const lets = Array.from({ length: 5000 }, (_, i) => ["let", `v${i}`, ["bytes.lit", "q"]]);
    expect(compiled(["begin", ...lets, "v4999"])).toBe("q");
  });

  test("imports in a chain of 3,000", () => {
    const files: { [path: string]: unknown } = { "src/main.x07.json": entry(["fmt.s32_to_dec", ["m0.f"]], { imports: ["m0"] }) };
    const count = 3000;
    for (let i = 0; i < count; i++) {
      const last = i === count - 1;
      files[`src/m${i}.x07.json`] = { schema_version: "x07.x07ast@0.5.0", kind: "module", module_id: `m${i}`, imports: last ? [] : [`m${i + 1}`], decls: [{ kind: "export", names: [`m${i}.f`] }, { kind: "defn", name: `m${i}.f`, params: [], result: "i32", body: last ? 7 : [`m${i + 1}.f`] }] };
    }
    const outcome = compileFiles(files);
    if (!outcome.ok) throw new Error(outcome.errors[0]?.message);
    expect(text(instantiate(outcome.wasm).run(new Uint8Array()))).toBe("7");
  });

  test("an entry above 64 KiB is refused, white space not counted", () => {
    const big = JSON.stringify(entry(["bytes.lit", "x".repeat(66_000)]));
    const outcome = compileFiles({ "src/main.x07.json": big });
    expect(outcome.ok ? "" : outcome.errors[0]?.kind).toBe("Budget");
    expect(compileFiles({ "src/main.x07.json": JSON.stringify(entry(["bytes.lit", "x"]), null, 400).padEnd(70_000) }).ok).toBe(true);
  });
});

describe("errors", () => {
  const errors = (body: unknown, decls: unknown[] = []): string[] => {
    const outcome = compileFiles({ "src/main.x07.json": entry(body, { decls }) });
    return outcome.ok ? [] : outcome.errors.map((e) => `${e.code} ${e.pointer}`);
  };

  test("many in one run, in source order, each once", () => {
    const f = { kind: "defn", name: "main.f", params: [{ name: "x", ty: "i32" }], result: "i32", body: ["+", "x", "nope"] };
    expect(errors(["begin", ["let", "a", ["+", 1, ["bytes.lit", "x"]]], ["let", "b", ["main.f", "gone"]], ["let", "v", ["vec_u8.with_capacity", 1]], ["set", "v", ["vec_u8.push", "v", "gone"]], ["set", "v", ["vec_u8.push", "v", 1]], ["set", "q", 1], "a"], [f])).toEqual([
      "X07-TYPE-0001 /decls/0/body/2",
      "X07-TYPE-UNIFY-0001 /solve",
      "X07-TYPE-CALL-0002 /solve/1/2/2",
      "X07-TYPE-0001 /solve/2/2/1",
      "X07-TYPE-0001 /solve/4/2/2",
      "X07-TYPE-SET-0001 /solve/6",
    ]);
  });

  test("syntax errors of all declarations", () => {
    expect(errors(["begin", null], [{ kind: "wat" }, { kind: "defn", name: "f", params: [], result: "i99", body: 1.5 }])).toEqual([
      "X07C_PARSE /decls/0/kind", "X07C_PARSE /decls/1/name", "X07C_PARSE /decls/1/result", "X07C_PARSE /decls/1/body", "X07C_PARSE /solve/1",
    ]);
  });

  test("what can be repaired comes with a patch", () => {
    const repair = (program: object, files: object = {}): unknown => {
      const outcome = compileFiles({ "src/main.x07.json": program, ...files });
      return outcome.ok ? [] : outcome.errors.map((e) => e.quickfix);
    };
    expect(repair(entry(["view.to_bytes", ["bytes.view", ["bytes.lit", "a"]]]))).toEqual([[{ op: "replace", path: "/solve/1", value: ["bytes.view_lit", "a"] }]]);
    const module = (id: string, imports: string[], body: unknown): object => ({ schema_version: "x07.x07ast@0.5.0", kind: "module", module_id: id, imports, decls: [{ kind: "export", names: [`${id}.f`] }, { kind: "defn", name: `${id}.f`, params: [], result: "bytes", body }] });
    const files = { "src/a.x07.json": module("a", ["b"], ["b.f"]), "src/b.x07.json": module("b", [], ["bytes.empty"]) };
    expect(repair(entry(["bytes.concat", ["a.f"], ["b.f"]], { imports: ["a"] }), files)).toEqual([[{ op: "add", path: "/imports/-", value: "b" }]]);
  });

  test.each([
    [{ initialBytes: 1000, maxBytes: 65_536 }, "Parse"],
    [{ initialBytes: 131_072, maxBytes: 65_536 }, "Parse"],
    [{ initialBytes: 65_536, maxBytes: 2 ** 40 }, "Parse"],
    [{ initialBytes: 0, maxBytes: 65_536 }, "Budget"],
  ])("memory plan %j", (memory, kind) => {
    const outcome = compileFiles({ "src/main.x07.json": entry(["bytes.lit", "a"]) }, "src/main.x07.json", ["src"], memory);
    expect(outcome.ok ? "" : outcome.errors[0]?.kind).toBe(kind);
  });

  test("contracts may look at owned parameters when the body is over", () => {
    const f = { kind: "defn", name: "main.f", params: [{ name: "b", ty: "bytes" }], result: "i32", body: ["bytes.len", "b"], ensures: [{ expr: ["=", "__result", ["bytes.len", "b"]] }, { expr: ["=", ["bytes.get_u8", "b", 0], 120] }] };
    expect(text(solve(entry(["fmt.s32_to_dec", ["main.f", ["bytes.lit", "xyz"]]], { decls: [f] })))).toBe("3");
    expect(solve(entry(["fmt.s32_to_dec", ["main.f", ["bytes.lit", "yz"]]], { decls: [f] }))).toBe("trap");
  });

  test("a view may not outlive what it shows", () => {
    expect(errors(["begin", ["let", "v", "input"], ["begin", ["let", "b", ["bytes.lit", "x"]], ["set", "v", ["bytes.view", "b"]], 0], ["view.to_bytes", "v"]])).toEqual(["X07-BORROW-0002 /solve/2/2/2"]);
  });
});

describe("arguments that set what an earlier argument names", () => {
  const reset = ["begin", ["set", "v", ["vec_u8.push", ["vec_u8.with_capacity", 1], 90]], 65];
  test("an in-place operation works on the new value", () => {
    expect(text(solve(entry(["begin", ["let", "v", ["vec_u8.with_capacity", 3]], ["set", "v", ["vec_u8.push", "v", reset]], ["vec_u8.into_bytes", "v"]])))).toBe("ZA");
  });
  test("a view of the old value is refused", () => {
    const outcome = compileFiles({ "src/main.x07.json": entry(["begin", ["let", "b", ["bytes.lit", "abc"]], ["let", "w", ["bytes.subview", "b", ["begin", ["set", "b", ["bytes.lit", "xyz"]], 0], 1]], ["view.to_bytes", "w"]]) });
    expect(outcome.ok ? "" : outcome.errors[0]?.message).toContain("set while borrowed");
  });
});

test("an arm of a match may move what is matched", () => {
  const shape = { kind: "defenum", name: "main.E", variants: [{ name: "A" }, { name: "B", payload: "i32" }] };
  const body = ["begin", ["let", "e", ["main.E.B", ["view.len", "input"]]], ["match", "e", ["main.E.A", "e"], ["main.E.B", "n", ["begin", ["set", "e", ["main.E.A"]], ["bytes.concat", "e", ["fmt.s32_to_dec", "n"]]]]]];
  expect(text(solve(entry(body, { decls: [shape] }), Buffer.from("abc")))).toBe("\0\0\0\x003");
});

test("f64, options and brands run", () => {
  const brand = { kind: "defn", name: "main.check", params: [{ name: "v", ty: "bytes_view" }], result: "result_i32", body: ["if", ["view.len", "v"], ["result_i32.ok", 1], ["result_i32.err", 9]] };
  const body = ["begin", ["let", "r", ["std.brand.cast_bytes_v1", "main.nonempty_v1", "main.check", ["view.to_bytes", "input"]]], ["fmt.s32_to_dec", ["+", ["result_bytes.err_code", "r"], ["f64.to_i32_trunc", ["f64.mul", ["f64.of_i32", 3], ["f64.of_i32", 4]]]]]];
  expect(text(solve(entry(body, { decls: [brand] })))).toBe("21");
  expect(text(solve(entry(body, { decls: [brand] }), Buffer.from("x")))).toBe("12");
});
