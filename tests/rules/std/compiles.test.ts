// Every exported std function compiles in a program of its own that calls it; those of other worlds are refused by name.

import { describe, expect, test } from "vitest";
import { compiled } from "./execute.ts";
import { stdDocuments } from "./std.ts";

type Type = string | readonly string[];
interface Decl {
  readonly kind: string;
  readonly name?: string;
  readonly names?: readonly string[];
  readonly params?: readonly { readonly ty: Type }[];
  readonly type_params?: readonly unknown[];
}
type Expr = number | string | readonly Expr[];

/** Some value of each type; nothing is run, so any will do. */
const values: { readonly [type: string]: Expr } = {
  i32: 0,
  t: 0,
  bytes: ["bytes.alloc", 0],
  bytes_view: "input",
  vec_u8: ["vec_u8.with_capacity", 0],
  result_i32: ["result_i32.ok", 0],
  iface: ["io.open_read_bytes", "input"],
};

function call(f: Decl): Expr {
  const args = (f.params ?? []).map((p) => values[typeof p.ty === "string" ? p.ty : "t"] ?? `no value of type ${String(p.ty)}`);
  const name = f.name ?? "";
  return f.type_params === undefined ? [name, ...args] : ["tapp", name, ["tys", "i32"], ...args];
}

function calling(id: string, f: Decl): object {
  const solve = ["begin", call(f), ["bytes.alloc", 0]];
  return { schema_version: "x07.x07ast@0.9.0", kind: "entry", module_id: "main", imports: [id], decls: [], solve };
}

const elsewhere = new Set(["std.fs", "std.world.fs", "std.kv", "std.rr"]);
for (const [id, document] of Object.entries(stdDocuments())) {
  const decls = (document as { decls: readonly Decl[] }).decls;
  const exported = new Set(decls.flatMap((d) => d.names ?? []));
  const functions = decls.filter((d) => d.name !== undefined && exported.has(d.name));
  describe(id, () => {
    test.each(functions.map((f) => [f.name ?? "", f] as const))("%s", (_name, f) => {
      if (elsewhere.has(id)) expect(() => compiled(calling(id, f))).toThrow(/is disabled in this world/);
      else compiled(calling(id, f));
    });
  });
}
