// WIT folders of packages: which files go where, from the project and from this package, and what is missing.

import { readFileSync } from "node:fs";
import { globSync } from "tinyglobby";
import { expect, test } from "vitest";
import { asInputs, bundleFolder, bundlePlacements, folderFiles, packageFiles, type WitBundle } from "../../../rules/wit/bundle.ts";
import { World } from "../../rig/world.ts";
import type { Result } from "../../../engine/index.ts";

const OWN = Object.fromEntries(globSync(["wit/**/*.wit", "arch/wit/*.json"]).map((path) => [path, readFileSync(path, "utf8")]));

async function bundled(files: { readonly [path: string]: string }, ask: Parameters<World["build"]>[0]) {
  const w = new World(files);
  return { w, built: await w.build(ask) };
}

function bundle(files: { readonly [path: string]: string }, id: string): Promise<Result<WitBundle>> {
  return new Promise((resolve) => void bundled(files, async (c) => (resolve(await packageFiles(c, id)), { ok: true, value: undefined })));
}

test("the solve package is one file", async () => {
  const found = await bundle(OWN, "x07:solve@0.1.0");
  expect(found.ok && found.value.files.map((f) => f.path)).toEqual(["handler.wit"]);
});

test("a world comes with all that it includes, each package in a folder of its own", async () => {
  const found = await bundle(OWN, "wasi:http@0.2.8");
  if (!found.ok) throw new Error(found.error[0]!.message);
  const folders = new Set(found.value.files.map((f) => f.path.split("/").slice(0, -1).join("/")));
  expect([...folders].sort()).toEqual(["", ...["cli", "clocks", "filesystem", "io", "random", "sockets"].map((p) => `deps/wasi-${p}-0.2.8`)]);
  expect(found.value.warnings).toEqual([]);
  expect(asInputs(found.value)[0]!.name).toBe("wit/handler.wit");
});

test("a project without an index is served from this package, with the same content", async () => {
  const bundles: WitBundle[] = [];
  for (const files of [OWN, { "x07.json": "{}" }]) {
    const w = new World(files);
    const built = await w.build(async (c) => {
      const found = await packageFiles(c, "wasi:cli@0.2.8");
      if (!found.ok) return found;
      bundles.push(found.value);
      return c.build(bundlePlacements(found.value));
    });
    expect(built.diagnostics).toEqual([]);
    expect(w.text(`${bundleFolder(bundles.at(-1)!)}/command.wit`)).toBe(OWN["wit/deps/wasi/cli/0.2.8/command.wit"]);
    expect(w.text(`${bundleFolder(bundles.at(-1)!)}/deps/wasi-io-0.2.8/poll.wit`)).toBe(OWN["wit/deps/wasi/io/0.2.8/poll.wit"]);
  }
  expect(bundles[1]!.files.map((f) => f.path)).toEqual(bundles[0]!.files.map((f) => f.path));
  expect(bundleFolder(bundles[0]!)).toMatch(/^target\/x07-wasm\/wit-bundles\/wasi-cli-0\.2\.8-[0-9a-f]{16}$/);
});

const index = (...packages: object[]) => JSON.stringify({ schema_version: "x07.arch.wit.index@0.1.0", packages });
const A = "package my:a@1.0.0;\ninterface i { use my:b/j@1.0.0.{t}; f: func() -> t; }\nworld w { export i; }\n";
const LISTED_A = { id: "my:a@1.0.0", path: "a", kind: "local" };

test.each([
  ["an id that is not listed", { "arch/wit/index.x07wit.json": index(LISTED_A), "a/a.wit": A }, "my:z@1.0.0", "X07WASM_WIT_BUNDLE_MAIN_NOT_IN_INDEX"],
  ["a folder that is not there", { "arch/wit/index.x07wit.json": index(LISTED_A) }, "my:a@1.0.0", "X07WASM_WIT_BUNDLE_WIT_PATH_MISSING"],
  ["WIT that does not parse", { "arch/wit/index.x07wit.json": index(LISTED_A), "a/a.wit": "package my:a@1.0.0; world {" }, "my:a@1.0.0", "X07WASM_WIT_BUNDLE_MAIN_PARSE_FAILED"],
  ["an index that is no JSON", { "arch/wit/index.x07wit.json": "{" }, "my:a@1.0.0", "X07WASM_WIT_BUNDLE_INDEX_READ_FAILED"],
  ["an id that is listed twice", { "arch/wit/index.x07wit.json": index(LISTED_A, LISTED_A), "a/a.wit": A }, "my:a@1.0.0", "X07WASM_WIT_INDEX_DUPLICATE_PACKAGE_ID"],
])("%s is an error", async (_, files, id, code) => {
  const found = await bundle(files as { readonly [path: string]: string }, id);
  expect(found.ok ? [] : found.error.map((d) => [d.code, d.severity])).toEqual([[code, "error"]]);
});

test("dependencies that are not listed or not there are warnings", async () => {
  const missing = await bundle({ "arch/wit/index.x07wit.json": index(LISTED_A), "a/a.wit": A }, "my:a@1.0.0");
  expect(missing.ok && missing.value.warnings.map((d) => [d.code, d.severity])).toEqual([["X07WASM_WIT_BUNDLE_DEP_NOT_IN_INDEX", "warning"]]);
  const noFolder = await bundle({ "arch/wit/index.x07wit.json": index(LISTED_A, { id: "my:b@1.0.0", path: "b", kind: "local" }), "a/a.wit": A }, "my:a@1.0.0");
  expect(noFolder.ok && noFolder.value.warnings.map((d) => d.code)).toEqual(["X07WASM_WIT_BUNDLE_DEP_DIR_MISSING"]);
});

test("a folder that is not listed is bundled with a warning", async () => {
  const files = { "arch/wit/index.x07wit.json": index({ id: "my:b@1.0.0", path: "b", kind: "local" }), "a/a.wit": A, "b/b.wit": "package my:b@1.0.0; interface j { type t = u8; }" };
  const found = await new Promise<Result<WitBundle>>((resolve) => void bundled(files, async (c) => (resolve(await folderFiles(c, "a/a.wit")), { ok: true, value: undefined })));
  expect(found.ok && found.value.warnings.map((d) => d.code)).toEqual(["X07WASM_WIT_BUNDLE_MAIN_NOT_IN_INDEX"]);
  expect(found.ok && found.value.files.map((f) => f.path)).toEqual(["a.wit", "deps/my-b-1.0.0/b.wit"]);
});
