// Small programs whose answers were measured with the reference, one corner of the language each: the compiled module and the interpreter
// both give them. Knows the answers only.

import { describe, expect, test } from "vitest";
import { interpret } from "../../rig/interpreter/index.ts";
import { compileFiles, instantiate } from "./rig.ts";

const INPUT = Buffer.from("input");
const lit = (s: string): unknown => ["bytes.lit", s];
const le = (e: unknown): unknown => ["codec.write_u32_le", e];
const vec = (capacity: number): unknown => ["vec_u8.with_capacity", capacity];
const grow = (...e: unknown[]): unknown => ["set", "o", [e[0], "o", ...e.slice(1)]];
const push = (x: unknown): unknown => grow("vec_u8.push", x);
const extend = (x: unknown): unknown => grow("vec_u8.extend_bytes", x);
const done = ["vec_u8.into_bytes", "o"];
const O0 = ["let", "o", vec(0)];
const cap = ["vec_u8.cap", "o"];
const self = ["vec_u8.as_view", "o"];
const B = ["let", "b", lit("ab")];
const N = ["let", "n", ["view.len", "input"]];

const entry = (steps: readonly unknown[]): object => ({ schema_version: "x07.x07ast@0.9.0", kind: "entry", module_id: "main", imports: [], decls: [], solve: ["begin", ...steps] });

function compiled(program: object): string {
  const outcome = compileFiles({ "src/main.x07.json": program });
  if (!outcome.ok) return outcome.errors.map((e) => e.message).join("; ");
  const output = instantiate(outcome.wasm).run(INPUT);
  return output === "trap" ? output : Buffer.from(output).toString("latin1");
}

function interpreted(program: object): string {
  const outcome = interpret({ entry: program, modules: {} }, INPUT);
  return "trap" in outcome ? "trap" : Buffer.from(outcome.output).toString("latin1");
}

function table(title: string, rows: readonly (readonly [what: string, steps: readonly unknown[], answer: string])[]): void {
  describe(title, () => {
    test.each(rows)("%s", (_what, steps, answer) => {
      expect(compiled(entry(steps))).toBe(answer);
      expect(interpreted(entry(steps))).toBe(answer);
    });
  });
}

table("an in-place operation works on its name as the other operands have left it", [
  ["set to the grown vec", [O0, extend(le(["begin", extend(lit("ab")), 7])), done], "ab\x07\0\0\0"],
  ["set to other bytes", [["let", "o", lit("abc")], ["set", "o", ["bytes.set_u8", "o", 0, ["begin", ["set", "o", lit("xyz")], 66]]], "o"], "Byz"],
  ["set in a branch", [["let", "o", lit("ab")], ["if", ["view.len", "input"], ["bytes.set_u8", "o", 1, ["begin", ["set", "o", lit("cde")], 50]], lit("q")]], "c2e"],
  ["moved and set again", [O0, push(["begin", ["let", "z", "o"], ["set", "o", ["vec_u8.push", "z", 65]], 66]), done], "AB"],
  ["moved: it is empty", [["let", "o", vec(9)], push(["begin", ["let", "z", "o"], 65]), done], "A"],
  ["moved and returned", [O0, push(["begin", ["if", ["view.len", "input"], ["return", lit("r")], 0], ["let", "z", "o"], 1]), done], "r"],
  ["only grown", [O0, grow("vec_u8.reserve_exact", ["begin", push(65), push(65), 9]), le(cap)], "\x0b\0\0\0"],
  ["not so an operation that makes new bytes", [["let", "o", lit("abc")], ["let", "p", ["bytes.concat", "o", ["begin", ["set", "o", lit("xyz")], lit("q")]]], ["bytes.concat", "p", "o"]], "abcqxyz"],
]);

table("a capacity is read before the vec grows", [
  ["push to an empty vec", [O0, push(cap), done], "\0"],
  ["push to a full vec", [O0, push(0), push(1), push(cap), push(cap), done], "\x00\x01\x02\x04"],
  ["extend_zeroes", [["let", "o", vec(1)], extend(lit("ab")), grow("vec_u8.extend_zeroes", cap), done], "ab\0\0"],
  ["extend_bytes_range", [["let", "o", vec(2)], extend(lit("ab")), grow("vec_u8.extend_bytes_range", "input", 0, cap), done], "abin"],
]);

table("a vec may be extended by its own view", [
  ["the whole", [O0, extend(lit("ab")), extend(self), extend(self), done], "abababab"],
  ["a range", [O0, extend(lit("abc")), grow("vec_u8.extend_bytes_range", self, 1, 2), done], "abcbc"],
  ["a range beyond its end", [O0, extend(lit("abc")), grow("vec_u8.extend_bytes_range", self, 1, cap), done], "trap"],
  ["into another name", [O0, extend(lit("ab")), ["let", "p", ["vec_u8.extend_bytes", "o", self]], ["vec_u8.into_bytes", "p"]], "abab"],
]);

table("an empty loop over literals sets its variable to the start", [
  ["a body without effect", [N, ["for", "n", 3, 2, 0], le("n")], "\x03\0\0\0"],
  ["a body that is never run", [N, B, ["for", "n", -1, 3, ["set", "b", ["bytes.concat", "b", lit("y")]]], ["bytes.concat", "b", le("n")]], "ab\xff\xff\xff\xff"],
]);

table("a begin has the type of its last expression, also after return", [
  ["as an operand", [B, ["let", "x", ["+", 1, ["begin", ["return", "b"], 1]]], lit("")], "ab"],
  ["as a condition", [["if", ["begin", ["return", lit("e")], 0], 0, 1], lit("")], "e"],
  ["what was returned is not gone", [B, ["begin", ["return", ["bytes.concat", "b", lit("x")]], 0], "b"], "abx"],
  ["as a value that is owned", [["let", "x", ["bytes.concat", ["begin", ["return", lit("a")], lit("q")], lit("r")]], "x"], "a"],
]);

describe("refusals", () => {
  test.each([
    ["a vec set while its view is an operand", [O0, extend(lit("ab")), grow("vec_u8.extend_bytes_range", self, ["begin", push(65), 0], 1), done], "while borrowed"],
    ["a vec pushed to while its view lives", [O0, ["let", "w", self], push(["view.len", "w"]), done], "while borrowed"],
    ["an if of two types, one after return", [["let", "x", ["if", ["view.len", "input"], ["begin", ["return", lit("c")], 5], lit("q")]], "x"], "must have the same type"],
    ["a body of the wrong type after return", [["return", lit("c")], 5], "must evaluate to bytes"],
  ])("%s", (_what, steps, message) => {
    expect(compiled(entry(steps as unknown[]))).toContain(message);
  });
});

test("bytes.alloc of the last 15 sizes gives bytes of that length and no room", () => {
  const length = (n: number): string => compiled(entry([["let", "b", ["bytes.alloc", n]], ["fmt.s32_to_dec", ["bytes.len", "b"]]]));
  expect([-1, -15, -16, -2147483648].map(length)).toEqual(["-1", "-15", "trap", "trap"]);
  const asked = entry([["let", "b", ["bytes.alloc", ["-", 4, ["view.len", "input"]]]], ["view.to_bytes", ["bytes.view", "b"]]]);
  expect(compiled(asked)).toBe("trap");
});
