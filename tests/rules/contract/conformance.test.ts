// Our schemas and the published ones give the same verdict on the same documents. Needs the published ones: X07_WASM_CONFORMANCE names their folder.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { idOf, rendered } from "../../../rules/contract/schema.ts";
import { DOCUMENTS } from "../../../rules/contract/schemas/index.ts";
import { ajvOptions, plain } from "../../../rules/contract/validate.ts";
import { mutants, samples } from "./samples.ts";
import type { Json, JsonSchema, Lookup } from "./samples.ts";

const folder = process.env["X07_WASM_CONFORMANCE"] ?? "";
const present = folder !== "" && existsSync(folder);
if (!present) console.warn(`SKIPPED: conformance of schemas. ${folder === "" ? "X07_WASM_CONFORMANCE is not set" : `${folder} does not exist`}; set it to the folder of the published schemas.`);

const published = new Map<string, JsonSchema>();
if (present) for (const file of readdirSync(folder).filter((f) => f.endsWith(".schema.json"))) published.set(file, JSON.parse(readFileSync(join(folder, file), "utf8")) as JsonSchema);
const byId = new Map([...published.values()].map((schema) => [String(schema["$id"]), schema]));

const options = { ...ajvOptions, allErrors: false, verbose: false, validateSchema: false };
const theirAjv = new Ajv2020(options);
for (const schema of published.values()) theirAjv.addSchema(schema);

const lookup: Lookup = (ref, within) => {
  const [id, pointer = ""] = ref.split("#");
  const root = id === "" ? within : (byId.get(id as string) as JsonSchema);
  const schema = pointer.split("/").slice(1).reduce<JsonSchema>((s, key) => s[key] as JsonSchema, root);
  return { schema, root };
};

describe.skipIf(!present)("the same verdict as the published schema", () => {
  test("each published schema has one of ours under the same $id and title", () => {
    const ours = new Map(DOCUMENTS.map((d) => [d.file, d]));
    for (const [file, schema] of published) expect([file, ours.get(file) && idOf(ours.get(file) as never), ours.get(file)?.title]).toEqual([file, schema["$id"], titleOf(schema)]);
  });

  test.each(DOCUMENTS.filter((d) => published.has(d.file) || !present).map((d) => [d.file, d] as const))("%s", (file, doc) => {
    const theirSchema = published.get(file) as JsonSchema;
    const ourSchema = plain(rendered(doc)) as JsonSchema;
    const theirs = theirAjv.getSchema(String(theirSchema["$id"])) as (document: Json) => boolean;
    const ours = new Ajv2020(options).compile(ourSchema) as (document: Json) => boolean;
    const differ: string[] = [];
    const seen = { accepted: 0, refused: 0 };
    const compare = (document: Json): void => {
      const verdict = theirs(document);
      seen[verdict ? "accepted" : "refused"]++;
      if (ours(document) !== verdict && differ.length < 5) differ.push(`theirs ${verdict}: ${JSON.stringify(document).slice(0, 600)}`);
    };
    const documents = new Map([...samples(theirSchema, lookup), ...samples(ourSchema, lookup)].map((d) => [JSON.stringify(d), d]));
    for (const document of documents.values()) compare(document);
    // The envelope of reports is the same everywhere: fewer of them are enough.
    const mutated = file.includes(".report.") ? 2 : 6;
    for (const document of [...documents.values()].slice(0, mutated)) for (const mutant of mutants(document)) compare(mutant);
    expect(differ).toEqual([]);
    expect(seen.accepted).toBeGreaterThan(5);
    expect(seen.refused).toBeGreaterThan(100);
  });
});

/** The specrows document has a title in prose; its version is a const. */
function titleOf(schema: JsonSchema): unknown {
  const properties = schema["properties"] as { [name: string]: JsonSchema } | undefined;
  return properties?.["schema_version"]?.["const"] ?? schema["title"];
}
