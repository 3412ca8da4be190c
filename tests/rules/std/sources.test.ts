// The committed std documents: current with their readable sources, canonical, complete, and each loadable by its id.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { stdSource } from "../../../rules/x07/std.ts";
import { canonical, compileText } from "../../../scripts/std.mjs";
import { stdDocuments } from "./std.ts";
import { surface } from "./surface.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const documents = stdDocuments();

test("the documents are what the sources say", () => {
  expect(execFileSync(process.execPath, [`${root}scripts/std.mjs`, "--check"], { encoding: "utf8" })).toBe("");
});

test("every document is canonical and found by its id", () => {
  for (const id of Object.keys(documents)) {
    const committed = readFileSync(`${root}rules/x07/std/${id}.x07.json`, "utf8");
    expect(committed).toBe(canonical(JSON.parse(committed)));
    expect(Buffer.from(stdSource(id)?.bytes ?? []).toString()).toBe(committed);
  }
  expect(stdSource("std.nothing")).toBeUndefined();
});

test("there are the 51 modules of the language", () => expect(Object.keys(documents)).toHaveLength(51));

interface Param {
  readonly ty: string | readonly string[];
  readonly brand?: string;
}
interface Defn {
  readonly kind: string;
  readonly name?: string;
  readonly names?: readonly string[];
  readonly params?: readonly Param[];
  readonly result?: Param["ty"];
  readonly result_brand?: string;
  readonly type_params?: readonly { readonly name: string; readonly bound: string }[];
}
function signatures(id: string, decls: readonly Defn[]): string[] {
  const exported = new Set(decls.flatMap((d) => d.names ?? []));
  const type = (t: Param["ty"] | undefined): string => (typeof t === "string" ? t : (t?.[1] ?? ""));
  return decls.flatMap((d) => {
    if (d.name === undefined || !exported.has(d.name)) return [];
    const types = d.type_params === undefined ? "" : `<${d.type_params.map((p) => `${p.name}: ${p.bound}`).join(", ")}>`;
    const branded = (t: string, brand: string | undefined): string => (brand === undefined ? t : `${t}@${brand}`);
    const params = (d.params ?? []).map((p) => branded(type(p.ty), p.brand));
    return [`${d.kind === "defasync" ? "async " : ""}${d.name.slice(id.length + 1)}${types}(${params.join(", ")}) -> ${branded(type(d.result), d.result_brand)}`];
  });
}
test("what they export has the signatures of the language", () => {
  expect(Object.keys(surface).sort()).toEqual(Object.keys(documents).sort());
  for (const [id, document] of Object.entries(documents)) {
    const wanted = (surface[id] ?? "").trim().split("\n").map((line) => line.trim());
    expect(signatures(id, (document as { decls: Defn[] }).decls).sort(), id).toEqual(wanted.sort());
  }
});

describe("documents", () => {
  test.each(Object.entries(documents))("%s is well formed", (id, document) => {
    const { kind, module_id, imports, decls } = document as { kind: string; module_id: string; imports: string[]; decls: { kind: string; name?: string; names?: string[] }[] };
    expect({ kind, module_id }).toEqual({ kind: "module", module_id: id });
    const names = decls.flatMap((d) => (d.name === undefined ? [] : [d.name]));
    expect(new Set(names).size).toBe(names.length);
    const exported = decls.flatMap((d) => d.names ?? []);
    expect(exported.length).toBeGreaterThan(0);
    for (const name of [...exported, ...names]) expect(name.startsWith(`${id}.`)).toBe(true);
    for (const name of exported) expect(names).toContain(name);
    for (const other of imports) expect(Object.keys(documents)).toContain(other);
  });
});

describe("source text", () => {
  const body = (text: string): unknown => (compileText(`(module m 0.5.0) (fn f () i32 ${text})`) as { decls: { body?: unknown }[] }).decls[1]?.body;

  test("names of the module, characters, numbers and texts", () => {
    expect(body(`(.g 'a' '\\n' 0xffffffff -1 "a b\\"" x.y)`)).toEqual(["m.g", 97, 10, -1, -1, 'a b"', "x.y"]);
  });
  test("several expressions make a begin, operators take more than two operands", () => {
    expect(body("1 (+ a b c)")).toEqual(["begin", 1, ["+", ["+", "a", "b"], "c"]]);
  });
  test("cond, when and unless are ifs", () => {
    expect(body("(cond (a 1) (b 2 3) (else 4))")).toEqual(["if", "a", 1, ["if", "b", ["begin", 2, 3], 4]]);
    expect(body("(when a b)")).toEqual(["if", "a", ["begin", "b", 0], 0]);
    expect(body("(unless a b)")).toEqual(["if", "a", 0, ["begin", "b", 0]]);
  });
  test.each(["(fn f (", "(fn f () i32 1))", "(nothing)", "(fn f () i32 (cond (a 1)))", "(fn f () i32 4294967296)", "(fn f () i32 'ab')"])("%s is refused", (text) => {
    expect(() => compileText(`(module m 0.5.0) ${text}`)).toThrow();
  });
});
