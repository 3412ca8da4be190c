// Violations in words: where, expected, found; one a place, with branches of choices as notes.
import { describe, expect, test } from "vitest";
import { canonical, parseJson } from "../../../engine/index.ts";
import type { JsonValue } from "../../../engine/index.ts";
import { DOCUMENTS, schemaText } from "../../../rules/contract/schemas/index.ts";
import { idOf } from "../../../rules/contract/schema.ts";
import { validate } from "../../../rules/contract/validate.ts";

const said = async (schema: string, document: JsonValue): Promise<string[]> => (await validate(`${schema}.schema.json`, document, "f.json")).map((d) => d.message);
const limits = { max_fuel: 1, max_memory_bytes: null, max_table_elements: 1, max_wasm_stack_bytes: 1 };
const index = (profiles: JsonValue, more = {}): JsonValue => ({ schema_version: "x07.arch.wasm.index@0.1.0", profiles, ...more });

describe("messages", () => {
  test.each<[string, JsonValue, string[]]>([
    ["x07-arch.wasm.index", index([]), ["f.json#/profiles: expected at least 1 items, found 0"]],
    ["x07-arch.wasm.index", [], ["f.json#: expected an object, found []"]],
    ["x07-arch.wasm.index", index([{ id: "a", path: "/abs" }], { extra: 1 }), ['f.json#: expected no member "extra", found one', expect.stringMatching(/^f\.json#\/profiles\/0\/path: expected text that matches .*, found "\/abs"$/)]],
    ["x07-wasm.runtime.limits", { ...limits, max_fuel: -1 }, ["f.json#/max_fuel: expected null or a number of at least 0, found -1"]],
    ["x07-wasm.runtime.limits", { ...limits, instance_allocator: "pool" }, ['f.json#/instance_allocator: expected one of "on_demand", "pooling", found "pool"']],
    ["x07-wasm.runtime.limits", { ...limits, notes: "x".repeat(20000) }, ["f.json#/notes: expected at most 16384 characters, found 20000"]],
    ["x07-wasm.runtime.limits", { max_fuel: 1, max_memory_bytes: 1, max_table_elements: 1 }, ['f.json#: expected a member "max_wasm_stack_bytes", found none']],
  ])("%s %j", async (schema, document, expected) => expect(await said(schema, document)).toEqual(expected));

  test("facts for machines, notes for the branches, a hint for a misspelt member", async () => {
    const [violation] = await validate("x07-wasm.runtime.limits.schema.json", { ...limits, max_fuel: "many" });
    expect(violation).toMatchObject({ code: "X07WASM_SCHEMA_INVALID", severity: "error", stage: "parse", data: { instance_path: "/max_fuel", schema_path: "/properties/max_fuel/oneOf" }, message: expect.stringContaining('expected null or an integer, found "many"') });
    expect(violation?.notes).toBeUndefined();
    const [branched] = await validate("x07-http.effect.schema.json", { id: "a", type: "kv.get" });
    expect(branched?.notes).toContain('/: expected a member "key", found none');
    const { max_fuel: _, ...rest } = limits;
    const misspelt = await validate("x07-wasm.runtime.limits.schema.json", { ...rest, max_feul: 1 });
    expect(misspelt.find((d) => d.hint !== undefined)?.hint).toBe('did you mean "max_fuel"?');
  });
  test("another code, where a command has its own", async () => {
    expect((await validate("x07-wasm.profile.schema.json", null, "p", "X07WASM_TOOLCHAIN_PROFILE_SCHEMA_INVALID"))[0]?.code).toBe("X07WASM_TOOLCHAIN_PROFILE_SCHEMA_INVALID");
  });
});

describe("numbers and names that JavaScript finds odd", () => {
  const read = (text: string): JsonValue => {
    const value = parseJson(text);
    if (!value.ok) throw new Error(value.error.message);
    return value.value;
  };
  test("u64, integral floats, too large ones", async () => {
    const withFuel = (text: string): JsonValue => read(`{"max_fuel":${text},"max_memory_bytes":null,"max_table_elements":1,"max_wasm_stack_bytes":1}`);
    for (const fine of ["18446744073709551615", "1.0", "0"]) expect(await said("x07-wasm.runtime.limits", withFuel(fine))).toEqual([]);
    for (const bad of ["1.5", "-1", '"1"']) expect((await said("x07-wasm.runtime.limits", withFuel(bad))).length).toBe(1);
  });
  test("a member called __proto__ is a member", async () => {
    expect(await said("x07-arch.wasm.index", read('{"schema_version":"x07.arch.wasm.index@0.1.0","profiles":[{"id":"a","path":"b"}],"__proto__":1}'))).toEqual(['f.json#: expected no member "__proto__", found one']);
  });
});

describe("--json-schema", () => {
  test.each(DOCUMENTS.map((d) => [d.file, d] as const))("%s is a self-contained, canonical text", (file, doc) => {
    const text = schemaText(file) as string;
    const value = parseJson(text);
    if (!value.ok) throw new Error(value.error.message);
    const schema = value.value as { [key: string]: JsonValue };
    expect(schema["$id"]).toBe(idOf(doc));
    expect(schema["title"]).toBe(doc.title);
    const defs = Object.keys((schema["$defs"] ?? {}) as object);
    const refs = [...text.matchAll(/"\$ref": "([^"]*)"/g)].map((m) => m[1] as string);
    expect(refs.filter((ref) => !defs.includes(ref.replace("#/$defs/", "")))).toEqual([]);
    expect(canonical(value.value).length).toBeGreaterThan(100);
  });
  test("no such file", () => expect(schemaText("x.schema.json")).toBeUndefined());
});
