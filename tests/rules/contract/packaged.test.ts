// Every contract that ships with this package keeps to its schema: projects without an arch/ of their own are served from
// these files without checking them again.

import { expect, test } from "vitest";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject, parseJson } from "../../../engine/index.ts";
import { PACKAGED, readPackaged } from "../../../rules/contract/packaged.ts";
import { validate } from "../../../rules/contract/validate.ts";
import { ROOT } from "../../rig/project.ts";

const SCHEMAS: { readonly [version: string]: string } = {
  "x07.arch.wasm.index@0.1.0": "x07-arch.wasm.index.schema.json",
  "x07.arch.wasm.component.index@0.1.0": "x07-arch.wasm.component.index.schema.json",
  "x07.arch.wasm.toolchain.index@0.1.0": "x07-arch.wasm.toolchain.index.schema.json",
  "x07.arch.wit.index@0.1.0": "x07-arch.wit.index.schema.json",
  "x07.wasm.profile@0.3.0": "x07-wasm.profile.schema.json",
  "x07.wasm.component.profile@0.2.0": "x07-wasm.component.profile.schema.json",
  "x07.wasm.toolchain.profile@0.2.0": "x07-wasm.toolchain.profile.schema.json",
};

const files = (dir: string): string[] => readdirSync(join(ROOT, dir), { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? files(`${dir}/${e.name}`) : e.name.endsWith(".json") ? [`${dir}/${e.name}`] : []));

test.each(files("arch").map((f) => [f]))("%s", async (path) => {
  const read = readPackaged(path);
  if (!read.ok) throw new Error(read.error);
  expect(read.digest.path).toBe(`${PACKAGED}${path}`);
  const document = parseJson(read.bytes);
  if (!document.ok || !isJsonObject(document.value)) throw new Error("not a JSON object");
  const schema = SCHEMAS[String(document.value["schema_version"])];
  expect(schema).toBeDefined();
  expect(await validate(schema!, document.value, path)).toEqual([]);
});
