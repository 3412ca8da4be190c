// The C printer as text: names, literals, order of evaluation, jumps, depth. No C compiler is needed here; tests/native has one.

import { describe, expect, test } from "vitest";
import { HEADER } from "../../../rules/x07/c/header.ts";
import { compileToC } from "../../../rules/x07/c/index.ts";
import { FunctionNames, quoted } from "../../../rules/x07/c/names.ts";
import { printProgram } from "../../../rules/x07/c/program.ts";
import { FunctionBuilder, callExpr } from "../../../rules/x07/compiler/builder.ts";
import type { IrExpr } from "../../../rules/x07/compiler/ir.ts";
import { linkIr } from "../../../rules/x07/compiler/link.ts";
import { add, k, load, not } from "../../../rules/x07/compiler/ops.ts";
import { bytesOf, library, loader } from "./rig.ts";

/** The C of `solve` with a body of the test's own, without its signature. */
function solve(fill: (b: FunctionBuilder) => void): string {
  const b = new FunctionBuilder(["i32", "i32"]);
  fill(b);
  const f = new FunctionBuilder(["i32"]);
  f.store(4, f.param(0), 0, k(1));
  f.ret(k(2));
  const made = [b.finish("solve", ["i32", "i32"]), f.finish("main.f", ["i32"])];
  const text = printProgram(linkIr(new Map(made.map((x) => [x.name, x]))));
  return /\/\* solve \*\/\n.*\n([^]*?)\n}\n/.exec(text)?.[1]?.replace(/^ {2}/gm, "") ?? "";
}

const f = (argument: IrExpr): IrExpr => callExpr("main.f", [argument]);

function program(name: string, decls: readonly object[], solve: unknown, imports: readonly string[] = []): string {
  const module = { schema_version: "x07.x07ast@0.9.0", kind: "entry", module_id: name, imports, decls, solve };
  const made = compileToC({ entry: { path: "src/main.x07.json", bytes: bytesOf(module) }, load: loader({}, ["src"]), library });
  if (!made.ok) throw new Error(JSON.stringify(made.errors));
  return made.c;
}

describe("names", () => {
  test("are readable and each its own", () => {
    const names = new FunctionNames();
    expect(["main.helper", "solve", "std.vec.push<i32>", "main.f#run"].map((n) => names.of(n))).toEqual(["main__helper", "solve", "std__vec__push_i32", "main__f_run"]);
    expect(["a.b__c", "a__b.c", "a.b.c", "a.b__c"].map((n) => names.of(n))).toEqual(["a__b__c", "a__b__c__2", "a__b__c__3", "a__b__c"]);
  });
  test("never are a word of C or of the printer", () => {
    const names = new FunctionNames();
    for (const word of ["int", "copy", "load32", "v1", "x07_solve_v2x", "_m.f", "__builtin.trap", "9.a"]) expect(names.of(word)).toMatch(/^x__/);
  });
});

test("literals are text where they are text, and never more than that to the preprocessor", () => {
  expect(quoted(Buffer.from('a"\\??/\n\u0000\u00ff1', "latin1"))).toBe('a\\"\\\\\\?\\?/\\012\\000\\3771');
  const text = program("main", [], ["bytes.lit", "hi there"]);
  expect(text).toContain('static const uint8_t literal_0[8] = "hi there";');
});

describe("order of evaluation", () => {
  test("a call with nothing beside it stays where it is", () => {
    expect(solve((b) => b.ret(add(f(b.param(0)), b.param(1)), k(0)))).toBe("return (i32x2){main__f(p0) + p1, 0u};");
  });
  test("of two calls the first goes into a temporary", () => {
    expect(solve((b) => b.ret(add(f(b.param(0)), f(b.param(1))), k(0)))).toBe("uint32_t t0 = main__f(p0);\nreturn (i32x2){t0 + main__f(p1), 0u};");
  });
  test("what reads memory does not change sides with a call", () => {
    expect(solve((b) => b.ret(add(load(4, b.param(0)), f(b.param(1))), k(0)))).toBe("uint32_t t0 = load32(p0);\nreturn (i32x2){t0 + main__f(p1), 0u};");
    expect(solve((b) => b.ret(add(f(b.param(1)), load(4, b.param(0))), k(0)))).toBe("uint32_t t0 = main__f(p1);\nreturn (i32x2){t0 + load32(p0), 0u};");
  });
  test("a lazy side that needs a temporary makes an if", () => {
    const text = solve((b) => b.ret({ op: "cond", cond: b.param(0), a: add(f(k(1)), f(k(2))), b: k(3) }, k(0)));
    expect(text).toBe("uint32_t t1;\nif (p0) {\n  uint32_t t0 = main__f(1u);\n  t1 = t0 + main__f(2u);\n} else {\n  t1 = 3u;\n}\nreturn (i32x2){t1, 0u};");
  });
  test("a lazy side without one stays an expression", () => {
    expect(solve((b) => b.ret({ op: "cond", cond: b.param(0), a: f(k(1)), b: k(3) }, k(0)))).toBe("return (i32x2){p0 ? main__f(1u) : 3u, 0u};");
  });
});

describe("arithmetic", () => {
  const expression = (kind: "shl" | "div_u" | "lt_s" | "add", a: IrExpr, c: IrExpr): string => /\{(.*), 0u\}/.exec(solve((b) => b.ret({ op: "bin", kind, a, b: c }, k(0))))?.[1] ?? "";
  const p = (local: number): IrExpr => ({ op: "get", local, type: "i32" });
  test("leaves nothing open", () => {
    expect(expression("shl", p(0), p(1))).toBe("p0 << (p1 & 31)");
    expect(expression("shl", p(0), k(33))).toBe("p0 << 1");
    expect(expression("div_u", p(0), p(1))).toBe("divide_u32(p0, p1)");
    expect(expression("div_u", p(0), k(7))).toBe("p0 / 7u");
    expect(expression("lt_s", p(0), k(-2147483648))).toBe("(int32_t)p0 < INT32_MIN");
    expect(expression("add", p(0), k(-4))).toBe("p0 - 4u");
  });
  test("treats a comparison as unsigned before it calculates with it", () => {
    expect(expression("shl", { op: "bin", kind: "lt_u", a: p(0), b: p(1) }, k(31))).toBe("(uint32_t)(p0 < p1) << 31");
  });
});

describe("control", () => {
  test("a while loop breaks and goes round without labels, and never has a condition that C may reason about", () => {
    const text = solve((b) => {
      const i = b.local();
      b.set(i, k(0));
      b.while(() => ({ op: "bin", kind: "lt_u", a: b.get(i), b: b.param(1) }), (exit) => {
        b.br(exit, f(b.get(i)));
        b.set(i, add(b.get(i), k(1)));
      });
      b.ret(b.get(i), k(0));
    });
    expect(text).toBe("uint32_t v2 = 0u;\nfor (;;) {\n  if (v2 >= p1) break;\n  if (main__f(v2)) break;\n  v2 = v2 + 1u;\n}\nreturn (i32x2){v2, 0u};");
  });
  test("a jump out of two loops is a goto", () => {
    const text = solve((b) => {
      b.while(() => b.param(0), (outer) => b.while(() => b.param(1), () => b.br(outer)));
      b.ret(k(0), k(0));
    });
    expect(text).toContain("goto end_0;");
    expect(text).toContain("end_0:;");
  });
  test("a local is declared where it is set, unless something else can see it", () => {
    const text = solve((b) => {
      const [near, far] = [b.local(), b.local()];
      b.if(b.param(0), () => {
        b.set(near, f(k(1)));
        b.set(far, b.get(near));
      });
      b.ret(b.get(far), k(0));
    });
    expect(text.split("\n")[0]).toBe("uint32_t v3 = 0;");
    expect(text).toContain("  uint32_t v2 = main__f(1u);\n  v3 = v2;");
  });
  test("neither braces nor parentheses nest without end", () => {
    const text = solve((b) => {
      let e: IrExpr = b.param(0);
      for (let i = 0; i < 500; i++) e = { op: "bin", kind: i % 2 === 0 ? "sub" : "xor", a: b.param(1), b: e };
      const nest = (n: number): void => (n === 0 ? b.ret(e, k(0)) : b.if(b.param(0), () => nest(n - 1), () => b.while(() => not(f(k(n))), () => b.br(0))));
      const block = b.block(() => nest(300));
      b.emit({ op: "block", label: 0, body: block });
      b.ret(k(0), k(0));
    });
    let [depth, deepest] = [0, 0];
    for (const c of text) {
      if (c === "{" || c === "(") deepest = Math.max(deepest, ++depth);
      else if (c === "}" || c === ")") depth--;
    }
    expect(depth).toBe(0);
    expect(deepest).toBeLessThan(200);
  });
});

describe("the file", () => {
  const decls = [{ kind: "defn", name: "main.twice", params: [{ name: "v", ty: "bytes_view" }], result: "bytes", body: ["bytes.concat", ["view.to_bytes", "v"], ["view.to_bytes", "v"]] }];
  test("is the same every time, and keeps the program's functions apart", () => {
    const text = program("main", decls, ["main.twice", "input"]);
    expect(program("main", decls, ["main.twice", "input"])).toBe(text);
    expect(text).toMatch(/^\/\* main\.twice \*\/\nstatic i32x2 main__twice\(uint32_t p0, uint32_t p1\) \{$/m);
  });
  test("defines what the header promises, and no helper that nobody uses", () => {
    const text = program("main", [], ["view.to_bytes", "input"]);
    for (const promise of ["allocator_v1_t x07_custom_allocator(void)", "bytes_t x07_solve_v2(uint8_t* arena_mem, uint32_t arena_cap, const uint8_t* input_ptr, uint32_t input_len)", "int32_t x07_exit_code_v1(void)"]) {
      expect(HEADER).toContain(`${promise};`);
      expect(text).toContain(`${promise} {`);
    }
    expect(HEADER).toMatch(/#ifndef X07_PKG_H\n#define X07_PKG_H\n[^]*extern "C"[^]*#endif\n$/);
    for (const helper of text.matchAll(/^static inline \w+ (\w+)\(/gm)) expect(text.split(`${helper[1]}(`).length, helper[1]).toBeGreaterThan(2);
  });
  test("mistakes are the front end's", () => {
    const made = compileToC({ entry: { path: "src/main.x07.json", bytes: bytesOf({ schema_version: "x07.x07ast@0.9.0", kind: "entry", module_id: "main", imports: [], decls: [], solve: ["no_such", "input"] }) }, load: loader({}, ["src"]), library });
    expect(made.ok ? [] : made.errors.map((e) => e.pointer)).toEqual(["/solve"]);
  });
});
