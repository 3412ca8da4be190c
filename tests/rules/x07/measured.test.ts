// Small programs whose answers or refusals were measured: what a name does as a statement, who sees a record, what a defasync takes. Knows programs only.

import { describe, expect, test } from "vitest";
import { interpret } from "../../rig/interpreter/index.ts";
import type { Ast } from "./generator.ts";
import { compileFiles, instantiate } from "./rig.ts";

const INPUT = new TextEncoder().encode("ab");
const head = { schema_version: "x07.x07ast@0.9.0" };
const entry = (decls: readonly object[], solve: Ast, imports: readonly string[] = []): object => ({ ...head, kind: "entry", module_id: "main", imports, decls, solve });
const module = (id: string, imports: readonly string[], exports: readonly string[], ...decls: readonly object[]): object => ({ ...head, kind: "module", module_id: id, imports, decls: [{ kind: "export", names: exports }, ...decls] });
const fn = (name: string, params: readonly (readonly [string, unknown])[], result: unknown, body: Ast, more: object = {}): object => ({ kind: "defn", name, params: params.map(([n, ty]) => ({ name: n, ty })), result, body, ...more });
const task = (body: Ast, ...params: readonly (readonly [string, string])[]): object => ({ ...fn("main.t", params, "bytes", body), kind: "defasync" });

const lit = (text: string): Ast => ["bytes.lit", text];
const dec = (n: Ast): Ast => ["fmt.s32_to_dec", n];
const steps = (...list: Ast[]): Ast => ["begin", ...list];
const LENGTH: Ast = ["view.len", "input"];
const VEC: Ast = ["let", "v", ["vec_u8.with_capacity", 1]];
const BYTES: Ast = ["let", "b", lit("q")];
const waited: Ast = ["await", ["main.t"]];

function answer(program: object, modules: { readonly [id: string]: object } = {}): string {
  const files = Object.fromEntries(Object.entries(modules).map(([id, m]) => [`src/${id}.x07.json`, m]));
  const outcome = compileFiles({ "src/main.x07.json": program, ...files });
  if (!outcome.ok) return outcome.errors.map((e) => e.message).join("; ");
  const output = instantiate(outcome.wasm).run(INPUT);
  const told = output === "trap" ? output : Buffer.from(output).toString("latin1");
  const wanted = interpret({ entry: program, modules }, INPUT);
  expect("trap" in wanted ? "trap" : Buffer.from(wanted.output).toString("latin1")).toBe(told);
  return told;
}

type Row = readonly [what: string, decls: readonly object[], solve: Ast, answer: string];

function table(title: string, rows: readonly Row[]): void {
  describe(title, () => {
    test.each(rows)("%s", (_what, decls, solve, wanted) => expect(answer(entry(decls, solve))).toContain(wanted));
  });
}

table("a name as a statement is moved out", [
  ["bytes", [], steps(BYTES, "b", "b"), "use after move"],
  ["a vec, at the end of a branch", [], steps(VEC, ["if", LENGTH, "v", 0], ["vec_u8.into_bytes", "v"]), "use after move"],
  ["at the end of a begin", [], steps(BYTES, ["begin", "b"], "b"), "use after move"],
  ["as a loop's body", [], steps(VEC, ["for", "i", 0, 9, "v"], ["vec_u8.into_bytes", "v"]), "use after move"],
  ["an option", [], steps(["let", "o", ["option_bytes.some", lit("x")]], "o", ["option_bytes.unwrap_or", "o", lit("y")]), "use after move"],
  ["while a view of it lives", [], steps(BYTES, ["let", "w", ["bytes.view", "b"]], "b", dec(["view.len", "w"])), "move while borrowed"],
  ["and may be set again", [], steps(BYTES, "b", ["set", "b", lit("r")], "b"), "r"],
  ["a result_i32 is copied", [], steps(["let", "r", ["result_i32.ok", 3]], "r", dec(["result_i32.unwrap_or", "r", 2])), "3"],
  ["in a defasync", [task(steps(BYTES, "b", "b"))], waited, "use after move"],
]);

table("the variable of a loop is there before its start is known", [
  ["read by the start", [], steps(["for", "i", ["+", "i", 2], 5, 0], dec("i")), "5"],
  ["again in every round of an outer loop", [], steps(["let", "s", 0], ["for", "k", 0, 3, ["begin", ["for", "i", ["+", "i", 8], ["+", "k", 9], 0], ["set", "s", ["+", "s", "i"]]]], dec("s")), "30"],
  ["set by the start", [], steps(["for", "i", ["begin", ["set", "i", 7], 1], ["+", "i", 9], 0], dec("i")), "10"],
  ["not bound by it", [], steps(["for", "i", ["let", "i", 2], 5, 0], dec("i")), "duplicate let"],
  ["the condition of while has its own scope", [], steps(["while", ["let", "z", 0], 0], dec("z")), "unknown identifier"],
]);

const NEVER: Ast = ["return", lit("r")];
table("an operand must have a value", [
  ["of a builtin", [], dec(NEVER), "fmt.s32_to_dec expects i32"],
  ["bytes", [], ["bytes.concat", lit("a"), NEVER], "bytes.concat expects bytes"],
  ["of return", [], ["return", NEVER], "return type mismatch"],
  ["both branches under a literal condition have one type", [], steps(["let", "x", ["if", 1, 5, lit("q")]], dec("x")), "must have the same type"],
  ["but not where nobody wants it", [], steps(["if", 1, 5, lit("q")], lit("s")), "s"],
]);

const P = { kind: "defrecord", name: "main.P", fields: [{ name: "x", ty: "i32" }] };
table("records and enums", [
  ["stand before functions", [P, fn("main.P.x", [["n", "i32"]], "i32", 7)], dec(["main.P.x", ["main.P.make", 5]]), "5"],
  ["have no translation in a defasync", [P, task(dec(["main.P.x", ["main.P.make", 5]]))], waited, "unsupported head in async"],
]);

const E = { kind: "defenum", name: "m.E", variants: [{ name: "A" }, { name: "B", payload: "i32" }] };
const R = { kind: "defrecord", name: "m.R", fields: [{ name: "v", ty: "i32" }] };
const one = fn("m.one", [], "i32", 1);
describe("records and enums of other modules", () => {
  const m = module("m", [], ["m.one"], E, R, one);
  const n = module("n", ["m"], ["n.two"], fn("n.two", [], "i32", ["m.one"]));
  const match: Ast = dec(["match", ["m.E.B", LENGTH], ["m.E.A", 0], ["m.E.B", "x", "x"]]);
  test("are seen without an export", () => {
    expect(answer(entry([], match, ["m"]), { m })).toBe("2");
    expect(answer(entry([], dec(["m.R.v", ["m.R.make", 8]]), ["m"]), { m })).toBe("8");
  });
  test("and wherever their module is loaded", () => expect(answer(entry([], match, ["n"]), { m, n })).toBe("2"));
  test("but not where it is not", () => expect(answer(entry([], match), { m })).toContain("match needs arms of an enum"));
  test("cannot be exported", () => expect(answer(entry([], match, ["m"]), { m: module("m", [], ["m.one", "m.E"], E, one) })).toContain("is not defined in module"));
});

const generic = (type: string, body: Ast): Row[1] => [fn("main.g", [["a", ["t", "T"]]], "i32", body, { type_params: [{ name: "T" }] }), fn("main.h", [["a", "bytes_view"]], "i32", ["tapp", "main.g", ["tys", type], "a"])];
const T: Ast = ["t", "T"];
table("types as values", [
  ["the size of bytes", generic("bytes_view", ["ty.size_bytes", T]), dec(["main.h", "input"]), "16"],
  ["the other name of it", generic("bytes_view", ["ty.size", T]), dec(["main.h", "input"]), "16"],
  ["the hash of bytes is mixed", generic("bytes_view", ["ty.hash32", T, "a"]), ["fmt.u32_to_dec", ["main.h", "input"]], "2563531789"],
]);

const view = fn("main.f", [["n", "i32"]], "result_bytes_view", ["if", "n", ["result_bytes_view.ok", "input"], ["result_bytes_view.err", 9]]);
table("try", [
  ["of a view in a function that returns a number or an error", [view, fn("main.g", [["n", "i32"]], "result_i32", ["result_i32.ok", ["view.len", ["try", ["main.f", "n"]]]])], dec(["+", ["result_i32.unwrap_or", ["main.g", 1], 0], ["result_i32.err_code", ["main.g", 0]]]), "11"],
  ["of a view in one that returns bytes", [view, fn("main.g", [["n", "i32"]], "result_bytes", ["result_bytes.ok", ["view.to_bytes", ["try", ["main.f", "n"]]]])], ["result_bytes.unwrap_or", ["main.g", 1], lit("")], "requires function return type"],
  ["try_doc in solve", [], ["bytes.concat", ["try_doc", ["bytes.concat", ["bytes1", 1], lit("ok")]], lit("!")], "ok!"],
  ["try_doc of a view that is no document", [], ["bytes.concat", ["try_doc", "input"], lit("!")], "ab"],
]);

table("operands that are only read", [
  ["a message is copied into the channel", [], steps(["let", "c", ["chan.bytes.new", 1]], BYTES, ["chan.bytes.try_send", "c", "b"], ["chan.bytes.try_send", "c", "b"], ["bytes.concat", "b", ["chan.bytes.recv", "c"]]), "qq"],
  ["a message may be a view", [], steps(["let", "c", ["chan.bytes.new", 1]], ["chan.bytes.try_send", "c", "input"], ["chan.bytes.recv", "c"]), "ab"],
  ["a reader may read a vec", [], steps(VEC, ["set", "v", ["vec_u8.push", "v", 65]], ["let", "r", ["io.open_read_bytes", "v"]], ["io.read", "r", 9]), "A"],
]);

table("a defasync", [
  ["refuses branches of two types even as a statement", [task(steps(["if", LENGTH, lit("q"), 0], lit("r")))], waited, "must have the same type"],
  ["moves what a comparison looks at", [task(steps(BYTES, ["let", "n", ["bytes.eq", "b", lit("q")]], "b"))], waited, "use after move"],
  ["moves a vec whose byte is read", [task(steps(VEC, ["set", "v", ["vec_u8.push", "v", 65]], ["let", "n", ["vec_u8.get", "v", 0]], ["vec_u8.into_bytes", "v"]))], waited, "use after move"],
  ["also in a loop, where nothing is left for the second round", [task(steps(VEC, ["set", "v", ["vec_u8.push", "v", 65]], ["let", "n", 0], ["for", "i", 0, LENGTH, ["set", "n", ["vec_u8.get", "v", 0]]], dec("n")))], waited, "trap"],
  ["only looks at a length", [task(steps(BYTES, ["let", "n", ["bytes.len", "b"]], "b"))], waited, "q"],
  ["cannot lend a temporary to a function", [fn("main.f", [["w", "bytes_view"]], "i32", ["view.len", "w"]), task(dec(["main.f", lit("abc")]))], waited, "borrows a temporary"],
  ["has no result_i32", [task(steps(["let", "r", ["result_i32.ok", 3]], lit("x")))], waited, "unsupported head in async"],
]);

test("a budget counts what functions allocate too", () => {
  const solve: Ast = ["budget.scope_v1", ["budget.cfg_v1", ["mode", "trap_v1"], ["alloc_bytes", 100]], ["bytes.concat", ["main.f", LENGTH], ["main.f", 2]]];
  const grow = (by: number): object => fn("main.f", [["n", "i32"]], "bytes", steps(["let", "b", ["bytes.alloc", ["*", "n", by]]], dec(["bytes.len", "b"])));
  expect(answer(entry([grow(20)], solve))).toBe("4040");
  expect(answer(entry([grow(60)], solve))).toBe("trap");
});
