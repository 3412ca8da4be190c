// Every exported std function compiles: each module in one program that calls all of it, with every type its type parameters
// may be; those of other worlds are refused by name.

import { describe, expect, test } from "vitest";
import { compiled } from "./execute.ts";
import { stdDocuments } from "./std.ts";

type Type = string | readonly string[];
interface TypeParam {
  readonly name: string;
  readonly bound: string;
}
interface Decl {
  readonly kind: string;
  readonly name?: string;
  readonly names?: readonly string[];
  readonly params?: readonly { readonly ty: Type }[];
  readonly type_params?: readonly TypeParam[];
}
type Expr = number | string | readonly Expr[];

/** Some value of each type; nothing is run, so any will do. */
const values: { readonly [type: string]: Expr } = {
  i32: 0,
  u32: 0,
  bytes: ["bytes.alloc", 0],
  bytes_view: "input",
  vec_u8: ["vec_u8.with_capacity", 0],
  result_i32: ["result_i32.ok", 0],
  iface: ["io.open_read_bytes", "input"],
};
/** Types that a bound admits and that x07's own module compiles with: the keys of maps and sets must be numbers. */
const admitted: { readonly [bound: string]: readonly string[] } = {
  num_like: ["i32", "u32"],
  orderable: ["i32", "u32"],
  hashable: ["i32", "u32"],
  bytes_like: ["bytes", "bytes_view"],
  value: ["i32", "u32", "bytes"],
};

function call(f: Decl, round: number): Expr {
  const types = new Map((f.type_params ?? []).map((p) => [p.name, admitted[p.bound]?.[round % (admitted[p.bound]?.length ?? 1)] ?? "i32"]));
  const args = (f.params ?? []).map((p) => values[typeof p.ty === "string" ? p.ty : (types.get(p.ty[1] ?? "") ?? "")] ?? `no value of type ${String(p.ty)}`);
  const name = f.name ?? "";
  const called: Expr = types.size === 0 ? [name, ...args] : ["tapp", name, ["tys", ...types.values()], ...args];
  return f.kind === "defasync" ? ["await", called] : called;
}

function calling(id: string, calls: readonly Expr[]): object {
  return { schema_version: "x07.x07ast@0.9.0", kind: "entry", module_id: "main", imports: [id], decls: [], solve: ["begin", ...calls, ["bytes.alloc", 0]] };
}

const elsewhere = new Set(["std.fs", "std.world.fs", "std.kv", "std.rr"]);
describe("programs that call std", () => {
  test.each(Object.entries(stdDocuments()))("%s", (id, document) => {
    const decls = (document as { decls: readonly Decl[] }).decls;
    const exported = new Set(decls.flatMap((d) => d.names ?? []));
    const functions = decls.filter((d) => d.name !== undefined && exported.has(d.name));
    expect(functions).not.toHaveLength(0);
    if (elsewhere.has(id)) {
      for (const f of functions) expect(() => compiled(calling(id, [call(f, 0)])), f.name).toThrow(/is disabled in this world/);
      return;
    }
    const rounds = functions.flatMap((f) => (f.type_params === undefined ? [call(f, 0)] : [0, 1, 2].map((round) => call(f, round))));
    compiled(calling(id, rounds));
  });
});
