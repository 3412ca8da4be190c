// What the compiler says to mend a mistake, held to its word: every patch is applied, and the mistake must be gone.

import { describe, expect, test } from "vitest";
import type { CompileError, PatchOp } from "../../../rules/x07/compiler/index.ts";
import { compileFiles, solve } from "./rig.ts";

type Doc = { [key: string]: unknown };
const entry = (body: unknown, more: Doc = {}): Doc => ({ schema_version: "x07.x07ast@0.9.0", kind: "entry", module_id: "main", imports: [], decls: [], solve: body, ...more });
const defn = (name: string, params: readonly string[], result: string, body: unknown, more: Doc = {}): Doc => ({ kind: "defn", name, params: params.map((p) => ({ name: p.split(":")[0], ty: p.split(":")[1] })), result, body, ...more });

function mistakes(program: Doc): readonly CompileError[] {
  const outcome = compileFiles({ "src/main.x07.json": program });
  return outcome.ok ? [] : outcome.errors;
}

/** RFC 6902, as far as the compiler writes it. */
function patched(doc: Doc, ops: readonly PatchOp[]): Doc {
  const copy = structuredClone(doc);
  for (const op of ops) {
    const steps = op.path.split("/").slice(1);
    const last = steps.pop() ?? "";
    let at: unknown = copy;
    for (const s of steps) at = (at as { [key: string]: unknown })[s];
    if (op.op === "remove") (at as unknown[]).splice(Number(last), 1);
    else if (Array.isArray(at) && op.op === "add") at.splice(last === "-" ? at.length : Number(last), 0, op.value);
    else (at as { [key: string]: unknown })[last] = op.value;
  }
  return copy;
}

const NUMBER = (e: unknown): unknown => ["fmt.s32_to_dec", e];
const GENERIC = defn("main.id", [], "i32", "x", { type_params: [{ name: "T" }], params: [{ name: "x", ty: ["t", "T"] }], result: ["t", "T"] });
const matched = (...arms: unknown[]): Doc => entry(["begin", ["let", "e", ["main.E.B", 3]], NUMBER(["match", "e", ...arms])], { decls: [{ kind: "defenum", name: "main.E", variants: [{ name: "A" }, { name: "B", payload: "i32" }] }] });
const CASES: readonly (readonly [about: string, program: Doc, code: string, answer: string])[] = [
  ["a misspelt variable", entry(["begin", ["let", "total", 7], NUMBER("totla")]), "X07-TYPE-0001", "7"],
  ["a misspelt builtin", entry(["bytes.conct", ["bytes.lit", "a"], ["bytes.lit", "b"]]), "X07-TYPE-CALL-0001", "ab"],
  ["another language's operator", entry(NUMBER(["==", 1, 1])), "X07-TYPE-CALL-0001", "1"],
  ["another language's block", entry(["do", ["let", "x", 1], NUMBER("x")]), "X07-TYPE-CALL-0001", "1"],
  ["a misspelt function", entry(NUMBER(["main.duoble", 4]), { decls: [defn("main.double", ["x:i32"], "i32", ["*", "x", 2])] }), "X07-TYPE-CALL-0001", "8"],
  ["a call without its list", entry(NUMBER("main.seven"), { decls: [defn("main.seven", [], "i32", 7)] }), "X07-TYPE-0001", "7"],
  ["three operands", entry(NUMBER(["+", 1, 2, 3])), "X07-ARITY-BINOP-0001", "6"],
  ["a negation", entry(NUMBER(["-", 5])), "X07-ARITY-BINOP-0001", "-5"],
  ["a view where bytes are wanted", entry("input"), "X07-TYPE-UNIFY-0001", "in"],
  ["a view literal where bytes are wanted", entry(["bytes.concat", ["bytes.view_lit", "a"], ["bytes.lit", "b"]]), "X07-TYPE-CALL-0002", "ab"],
  ["a vec where bytes are wanted", entry(["begin", ["let", "v", ["vec_u8.push", ["vec_u8.with_capacity", 1], 65]], "v"]), "X07-TYPE-UNIFY-0001", "A"],
  ["a payload where an option is wanted", entry(NUMBER(["option_i32.unwrap_or", 3, 4])), "X07-TYPE-CALL-0002", "3"],
  ["bytes used twice", entry(["begin", ["let", "a", ["bytes.lit", "x"]], ["bytes.concat", "a", "a"]]), "X07C_TYPING", "xx"],
  ["a push that nobody keeps", entry(["begin", ["let", "v", ["vec_u8.with_capacity", 1]], ["vec_u8.push", "v", 66], ["vec_u8.into_bytes", "v"]]), "X07C_TYPING", "B"],
  ["a variable that was never made", entry(["begin", ["set", "zzz", 2], NUMBER("zzz")]), "X07-TYPE-SET-0001", "2"],
  ["a second let", entry(["begin", ["let", "a", 1], ["let", "a", 2], NUMBER("a")]), "X07C_TYPING", "2"],
  ["a let as the value", entry(["begin", ["let", "b", ["bytes.lit", "x"]]]), "X07C_UNSUPPORTED", "x"],
  ["an unsigned comparison with zero", entry(NUMBER(["<u", ["view.len", "input"], 0])), "X07C_TYPING", "0"],
  ["a generic call without its types", entry(NUMBER(["main.id", 5]), { decls: [defn("main.id", [], "i32", "x", { type_params: [{ name: "T" }], params: [{ name: "x", ty: ["t", "T"] }], result: ["t", "T"] })] }), "X07-TY-0108", "5"],
  ["text where a name would stand", entry(["bytes.concat", "hello world", ["bytes.lit", "!"]]), "X07C_PARSE", "hello world!"],
  ["a name with a blank", entry(["begin", ["let", "a b", 3], NUMBER("a_b")]), "X07C_PARSE", "3"],
  ["true", entry(NUMBER(true)), "X07C_PARSE", "1"],
  ["a number with the top bit", entry(NUMBER(["=", 4294967295, -1])), "X07C_PARSE", "1"],
  ["another language's type", entry(NUMBER(["main.f", 1]), { decls: [defn("main.f", ["x:int"], "i32", "x")] }), "X07C_PARSE", "1"],
  ["a misspelt kind", entry(NUMBER(["main.f"]), { decls: [{ ...defn("main.f", [], "i32", 1), kind: "defun" }] }), "X07C_PARSE", "1"],
  ["an old schema with a new key", entry(NUMBER(["main.f"]), { schema_version: "x07.x07ast@0.3.0", decls: [defn("main.f", [], "i32", 1, { requires: [{ expr: 1 }] })] }), "X07C_PARSE", "1"],
  ["a schema from the future", entry(NUMBER(1), { schema_version: "x07.x07ast@9.9.9" }), "X07C_PARSE", "1"],
  ["another module id", entry(NUMBER(1), { module_id: "app" }), "X07C_PARSE", "1"],
  ["a std module that is not imported", entry(NUMBER(["std.bit.popcount_u32", 7])), "X07-TYPE-CALL-0001", "3"],
  ["a misspelt generic function", entry(NUMBER(["tapp", "main.idd", ["tys", "i32"], 5]), { decls: [GENERIC] }), "X07-TYPE-CALL-0001", "5"],
  ["tapp of a plain function", entry(NUMBER(["tapp", "main.f", ["tys", "i32"], 5]), { decls: [defn("main.f", ["x:i32"], "i32", "x")] }), "X07C_TYPING", "5"],
  ["another language's type argument", entry(NUMBER(["tapp", "main.id", ["tys", "int"], 5]), { decls: [GENERIC] }), "X07C_TYPING", "5"],
  ["a misspelt bound", entry(NUMBER(["tapp", "main.id", ["tys", "i32"], 5]), { decls: [{ ...GENERIC, type_params: [{ name: "T", bound: "numlike" }] }] }), "X07C_PARSE", "5"],
  ["a payload without a name", matched(["main.E.A", 1], ["main.E.B", 2]), "X07C_PARSE", "2"],
  ["a name without a payload", matched(["main.E.A", "n", 1], ["main.E.B", "m", "m"]), "X07C_PARSE", "3"],
  ["a misspelt variant", matched(["main.E.A", 1], ["main.E.BB", "m", "m"]), "X07C_TYPING", "3"],
  ["a recursion whose contracts cannot be trusted", entry(NUMBER(["main.f", 3]), { decls: [defn("main.f", ["n:i32"], "i32", ["if", ["=", "n", 0], 9, ["main.f", ["-", "n", 1]]], { requires: [{ expr: [">=", "n", 0] }] })] }), "X07-CONTRACT-0011", "9"],
  ["params left out", entry(NUMBER(["main.f"]), { decls: [{ kind: "defn", name: "main.f", result: "i32", body: 4 }] }), "X07C_PARSE", "4"],
  ["one import that is no list", entry(NUMBER(["std.bit.popcount_u32", 7]), { imports: "std.bit" }), "X07C_PARSE", "3"],
  ["an entry that exports", entry(NUMBER(["main.f"]), { decls: [{ kind: "export", names: ["main.f"] }, defn("main.f", [], "i32", 4)] }), "X07C_PARSE", "4"],
  ["another kind", entry(NUMBER(4), { kind: "program" }), "X07C_PARSE", "4"],
  ["a misspelt import", entry(NUMBER(["std.bit.popcount_u32", 7]), { imports: ["std.bits"] }), "X07C_PARSE", "3"],
  ["a name without its module", entry(NUMBER(["main.f"]), { decls: [defn("f", [], "i32", 1)] }), "X07C_PARSE", "1"],
];

describe("a patch mends", () => {
  test.each(CASES)("%s", (_about, program, code, answer) => {
    const [first] = mistakes(program);
    expect([first?.code, first?.quickfix === undefined ? first : "patch"]).toEqual([code, "patch"]);
    const mended = patched(program, first?.quickfix ?? []);
    expect(mistakes(mended)).toEqual([]);
    const output = solve(mended, Buffer.from("in"));
    expect(output === "trap" ? output : Buffer.from(output).toString()).toBe(answer);
  });

  test("an import that calls are misspelt after, in words only", () => {
    const [first] = mistakes(entry(NUMBER(["std.bits.popcount_u32", 7]), { imports: ["std.bits"] }));
    expect([first?.pointer, first?.nearest, first?.hint, first?.quickfix]).toEqual(["/imports/0", "std.bit", 'did you mean "std.bit"?', undefined]);
  });

  test("a missing export declaration, for the importer too", () => {
    const module = { schema_version: "x07.x07ast@0.5.0", kind: "module", module_id: "m", imports: [], decls: [defn("m.f", [], "i32", 1)] };
    const main = entry(NUMBER(["m.f"]), { imports: ["m"] });
    const outcome = compileFiles({ "src/main.x07.json": main, "src/m.x07.json": module });
    const patch = outcome.ok ? [] : (outcome.errors[0]?.quickfix ?? []);
    expect(compileFiles({ "src/main.x07.json": main, "src/m.x07.json": patched(module, patch) }).ok).toBe(true);
  });
});

describe("each error says", () => {
  test("the expression at fault, in one short line", () => {
    const long = ["bytes.lit", "x".repeat(50_000)];
    const [first] = mistakes(entry(NUMBER(["+", 1, ["bytes.concat", long, ["bytes.concat", ["bytes.lit", "a"], ["bytes.lit", "b"]]]])));
    expect(first?.pointer).toBe("/solve/1/2");
    expect(first?.expression).toMatch(/^\["bytes\.concat",\["bytes\.lit","x+…"\]/);
    expect(first?.expression?.length).toBeLessThan(130);
    expect(mistakes(entry(["begin", null, ["bytes.empty"]]))[0]?.expression).toBe("null");
  });

  test("what was expected, what was found, and the nearest name", () => {
    const errors = mistakes(entry(["begin", ["let", "count", 1], ["let", "b", ["bytes.concat", "count", ["bytes.empty"]]], NUMBER("coutn")]));
    expect(errors.map((e) => [e.expected, e.found, e.expression, e.nearest])).toEqual([
      ["bytes", "i32", '"count"', undefined],
      [undefined, undefined, '"coutn"', "count"],
    ]);
  });

  test("no name is proposed where none is near", () => {
    expect(mistakes(entry(NUMBER("qqqqqqqq")))[0]).not.toHaveProperty("nearest");
    expect(mistakes(entry(NUMBER(["zork.blah", 1])))[0]).not.toHaveProperty("quickfix");
  });

  test("10,000 unknown names stay quick to tell", () => {
    const wrong = Array.from({ length: 10_000 }, (_, i) => ["let", `v${i}`, `w${i}`]);
    const module = { schema_version: "x07.x07ast@0.5.0", kind: "module", module_id: "m", imports: [], decls: [{ kind: "export", names: ["m.f"] }, defn("m.f", [], "i32", ["begin", ...wrong, 1])] };
    const outcome = compileFiles({ "src/main.x07.json": entry(NUMBER(["m.f"]), { imports: ["m"] }), "src/m.x07.json": module });
    expect(outcome.ok ? 0 : outcome.errors.length).toBe(10_000);
  });
});
