// Documents made from a schema, and mutants of them: what two schemas are compared with. Knows JSON Schema's words, not any schema.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Lookup = (ref: string, within: JsonSchema) => { schema: JsonSchema; root: JsonSchema };
export type JsonSchema = { [key: string]: unknown };

const WORDS = [
  "a", "wasm_release", "x07_solve_v2", "0".repeat(64), "wasi:http@0.2.8", "1.2.3", "1.2.3-rc.1", "arch/wasm/x.json", "/p", "GET", "X-Header", "--long", "-x", "root", "component.build",
  "NAME", "abcdef0", "run.key", "", "127.0.0.1:0",
];

/** Up to `limit` documents that the schema is meant to accept: all members, required members alone, and each branch of each choice. */
export function samples(root: JsonSchema, lookup: Lookup, limit = 24): Json[] {
  const made = new Map<string, Json>();
  for (let turn = 0; turn < limit; turn++) {
    for (const full of [true, false]) {
      const document = sample(root, root, lookup, { turn, full, depth: 0 });
      made.set(JSON.stringify(document), document);
    }
  }
  return [...made.values()].slice(0, limit);
}

interface Choice {
  readonly turn: number;
  readonly full: boolean;
  readonly depth: number;
}

function sample(schema: JsonSchema, root: JsonSchema, lookup: Lookup, choice: Choice): Json {
  if (choice.depth > 12) return null;
  const deeper = { ...choice, depth: choice.depth + 1 };
  if (typeof schema["$ref"] === "string") {
    const target = lookup(schema["$ref"], root);
    return sample(target.schema, target.root, lookup, deeper);
  }
  const branches = (schema["oneOf"] ?? schema["anyOf"]) as JsonSchema[] | undefined;
  if (branches !== undefined) return sample(branches[(choice.turn + choice.depth) % branches.length] as JsonSchema, root, lookup, deeper);
  if ("const" in schema) return schema["const"] as Json;
  if (Array.isArray(schema["enum"])) return schema["enum"][choice.turn % schema["enum"].length] as Json;
  const types = ([] as string[]).concat((schema["type"] as string | string[] | undefined) ?? "null");
  switch (types[choice.turn % types.length]) {
    case "object":
      return objectSample(schema, root, lookup, deeper);
    case "array":
      return arraySample(schema, root, lookup, deeper);
    case "string":
      return textSample(schema);
    case "integer":
    case "number":
      return Math.max(Number(schema["minimum"] ?? 0), choice.turn % 2);
    case "boolean":
      return choice.turn % 2 === 0;
    default:
      return null;
  }
}

function objectSample(schema: JsonSchema, root: JsonSchema, lookup: Lookup, choice: Choice): Json {
  const required = (schema["required"] ?? []) as string[];
  const members: { [key: string]: Json } = {};
  for (const [name, member] of Object.entries((schema["properties"] ?? {}) as { [name: string]: JsonSchema })) {
    if (choice.full || required.includes(name)) members[name] = sample(member, root, lookup, choice);
  }
  const rest = schema["additionalProperties"];
  if (choice.full && typeof rest === "object" && rest !== null) members["NAME"] = sample(rest as JsonSchema, root, lookup, choice);
  return members;
}

function arraySample(schema: JsonSchema, root: JsonSchema, lookup: Lookup, choice: Choice): Json {
  const prefix = (schema["prefixItems"] ?? []) as JsonSchema[];
  const wanted = Math.max(Number(schema["minItems"] ?? 0), choice.full ? Math.max(1, prefix.length) : 0);
  const items: Json[] = [];
  for (let i = 0; i < wanted; i++) items.push(sample(prefix[i] ?? (schema["items"] as JsonSchema) ?? {}, root, lookup, { ...choice, turn: choice.turn + i }));
  return items;
}

function textSample(schema: JsonSchema): string {
  const pattern = new RegExp(String(schema["pattern"] ?? ""), "u");
  const min = Number(schema["minLength"] ?? 0);
  return WORDS.find((word) => word.length >= min && pattern.test(word)) ?? "no word fits";
}

// ---------------------------------------------------------------------------------------------- mutants

const STRANGE: readonly Json[] = [
  null, true, false, 0, 1, -1, 1.5, 2, 5, 16, 17, 99, 100, 255, 256, 599, 600, 999, 1000, 2147483647, 2147483648, 4294967295, 4294967296, 2 ** 64, 2 ** 65, "", "x", "X", "0", "/abs", "../up", "a/../b", "a..b", "C:/x", "a\\..\\b",
  "solve", "pooling", "x".repeat(32), "x".repeat(33), "x".repeat(64), "x".repeat(65), "x".repeat(128), "x".repeat(129), "x".repeat(256), "x".repeat(257), "x".repeat(512), "x".repeat(513), "x".repeat(1024), "x".repeat(1025),
  "x".repeat(2048), "x".repeat(2049), "x".repeat(4096), "x".repeat(4097), "x".repeat(16384), "x".repeat(16385), "x".repeat(65537), "A".repeat(64), "A".repeat(65), "f".repeat(64), "F".repeat(64), "f".repeat(7), "é", "😀".repeat(128), "a b", "a\nb", "a.b", "a_b-c", "_a",
  "wasi:http@0.2.8", "wasi:http@0.2", "Wasi:http@0.2.8", "1.2.3", "01.2.3", "1.2.3+b", "v1.2.3", "root", "a.b.c", "--x", "--", "-x", "-xy", "/", "/a b", "GET", "get", "time.now", [], {}, [null], [[]], { x: 1 },
];

/** Documents that differ from `document` in one place: a member gone, one too many, another value, a list of another length. */
export function* mutants(document: Json): Generator<Json> {
  for (const path of paths(document)) {
    const there = get(document, path);
    for (const strange of STRANGE) yield put(document, path, strange);
    if (path.length > 0) yield put(document, path, undefined);
    if (Array.isArray(there)) yield* otherLengths(document, path, there);
    else if (typeof there === "object" && there !== null) {
      yield put(document, [...path, "unknown_member"], 1);
      yield put(document, [...path, "lower"], "x");
    }
  }
}

function* otherLengths(document: Json, path: readonly (string | number)[], list: Json[]): Generator<Json> {
  const item = list[0] ?? null;
  for (const length of [0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 17, 32, 33, 64, 65]) yield put(document, path, Array.from({ length }, (_, i) => list[i] ?? item));
  if (JSON.stringify(item).length < 200) for (const length of [128, 129, 256, 257, 1024, 1025, 4097]) yield put(document, path, Array.from({ length }, () => item));
}

function* paths(value: Json, here: readonly (string | number)[] = []): Generator<readonly (string | number)[]> {
  yield here;
  if (Array.isArray(value)) for (let i = 0; i < Math.min(value.length, 8); i++) yield* paths(value[i] as Json, [...here, i]);
  else if (typeof value === "object" && value !== null) for (const key of Object.keys(value)) yield* paths(value[key] as Json, [...here, key]);
}

function get(value: Json, path: readonly (string | number)[]): Json {
  return path.reduce<Json>((v, key) => (v as { [key: string]: Json })[key] as Json, value);
}

function put(value: Json, path: readonly (string | number)[], member: Json | undefined): Json {
  const [key, ...rest] = path;
  if (key === undefined) return member as Json;
  if (Array.isArray(value)) {
    if (rest.length === 0 && member === undefined) return value.filter((_, i) => i !== key);
    return value.map((item, i) => (i === key ? put(item, rest, member) : item));
  }
  const copy: { [key: string]: Json } = { ...(value as { [key: string]: Json }) };
  if (rest.length === 0 && member === undefined) delete copy[key];
  else copy[key] = rest.length === 0 ? (member as Json) : put(copy[key] as Json, rest, member);
  return copy;
}
