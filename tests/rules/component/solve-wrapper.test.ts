// The canonical-ABI wrapper of solve modules: same answers through the new exports, memory taken back after each call, and
// a reason for every module that cannot be wrapped.

import { expect, test } from "vitest";
import { addSolveExports, SOLVE_EXPORT } from "../../../rules/component/solve-wrapper.ts";
import { entryModule } from "../../rig/project.ts";
import { compileFiles } from "../x07/rig.ts";

const MiB = 1 << 20;
const LIMITS = { arenaCap: MiB, maxOutput: 1000 };

function echo(): Uint8Array {
  const outcome = compileFiles({ "src/main.x07.json": entryModule(["view.to_bytes", "input"]) }, undefined, undefined, { initialBytes: 4 * MiB, maxBytes: 4 * MiB });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors));
  return outcome.wasm;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly cabi_realloc: (ptr: number, old: number, align: number, size: number) => number;
  readonly solve: (ptr: number, len: number) => number;
  readonly post: (area: number) => void;
}

function instantiate(module: Uint8Array): Exports {
  const e = new WebAssembly.Instance(new WebAssembly.Module(module)).exports as unknown as { [name: string]: never };
  return { memory: e["memory"]!, cabi_realloc: e["cabi_realloc"]!, solve: e[SOLVE_EXPORT]!, post: e[`cabi_post_${SOLVE_EXPORT}`]! };
}

function call(e: Exports, input: Uint8Array): Uint8Array {
  const at = input.length === 0 ? 1 : e.cabi_realloc(0, 0, 1, input.length);
  new Uint8Array(e.memory.buffer).set(input, at);
  const area = e.solve(at, input.length);
  const view = new DataView(e.memory.buffer);
  const answer = new Uint8Array(e.memory.buffer).slice(view.getUint32(area, true), view.getUint32(area, true) + view.getUint32(area + 4, true));
  e.post(area);
  return answer;
}

function wrapped(): Uint8Array {
  const made = addSolveExports(echo(), LIMITS);
  if (!made.ok) throw new Error(made.error[0]!.message);
  return made.value;
}

test("one instance answers calls without end: the post-return takes back what the call allocated", () => {
  const e = instantiate(wrapped());
  const input = new Uint8Array(900).map((_, i) => i);
  const wrong = Array.from({ length: 10_000 }, () => call(e, input)).filter((answer) => Buffer.compare(answer, input) !== 0);
  expect(wrong).toEqual([]);
  expect(call(e, new Uint8Array(0))).toEqual(new Uint8Array(0));
});

test("the same bytes every time, and everything of the module is kept", () => {
  const module = echo();
  expect(wrapped()).toEqual(wrapped());
  const names = (bytes: Uint8Array) => Object.keys(new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports);
  expect(names(wrapped())).toEqual([...names(module), "cabi_realloc", `cabi_post_${SOLVE_EXPORT}`, SOLVE_EXPORT]);
});

test("an answer over the limit and an input length below zero trap", () => {
  const e = instantiate(wrapped());
  expect(() => call(e, new Uint8Array(1001))).toThrow(WebAssembly.RuntimeError);
  expect(call(instantiate(wrapped()), new Uint8Array(1000)).length).toBe(1000);
  expect(() => e.solve(0, -1)).toThrow(WebAssembly.RuntimeError);
  expect(() => e.cabi_realloc(0, 0, 0, 1)).toThrow(WebAssembly.RuntimeError);
});

test("realloc aligns, copies what it moves, and refuses what wraps around", () => {
  const e = instantiate(wrapped());
  const a = e.cabi_realloc(0, 0, 1, 3);
  new Uint8Array(e.memory.buffer).set([1, 2, 3], a);
  const b = e.cabi_realloc(a, 3, 8, 5);
  expect(b % 8).toBe(0);
  expect([...new Uint8Array(e.memory.buffer).slice(b, b + 3)]).toEqual([1, 2, 3]);
  expect(e.cabi_realloc(0, 0, 4, 0)).toBe(4);
  expect(() => e.cabi_realloc(0, 0, 1, -1)).toThrow(WebAssembly.RuntimeError);
});

test.each([
  ["junk", new Uint8Array([1, 2, 3])],
  ["an empty module", new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])],
  ["a component", new Uint8Array([0, 97, 115, 109, 13, 0, 1, 0])],
  ["a module that was wrapped before", wrapped()],
  ["a cut module", echo().slice(0, 60)],
])("%s is refused with a code and a next step", (_name, bytes) => {
  const made = addSolveExports(bytes, LIMITS);
  expect(made).toMatchObject({ ok: false, error: [{ code: "X07WASM_COMPONENT_WRAP_FAILED", severity: "error", stage: "link" }] });
  if (!made.ok) expect(made.error[0]!.hint).toBeTruthy();
});
