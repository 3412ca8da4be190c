// The goals `wit validate`, `component targets` and `component compose`, run as people run them: what they answer, their codes
// and their reports.

import { chmodSync, cpSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT, Workspace } from "../../rig/project.ts";
import { checkedReport, type CheckedReport } from "../../rig/report-check.ts";
import { dummy } from "../component/kit.ts";

let w: Workspace;
beforeAll(async () => {
  w = new Workspace().write({
    "solve.wasm": await dummy("x07:solve@0.1.0", "solve"),
    "http-adapter.wasm": await dummy("x07:http-adapter@0.1.0", "proxy-with-solve"),
    "cli-adapter.wasm": await dummy("x07:cli-adapter@0.1.0", "command-with-solve"),
    "junk.wasm": "junk",
  });
});
afterAll(() => w.clean());

async function report(words: readonly string[], at = w): Promise<CheckedReport> {
  return checkedReport(at.tool([...words, "--provider", "embedded", "--json"]));
}

const codes = (r: CheckedReport) => r.diagnostics.map((d) => d.code);

/** A workspace with this package's own contracts and WIT. */
function registered(change: (at: Workspace) => void = () => undefined): Workspace {
  const at = new Workspace();
  for (const folder of ["arch", "wit"]) cpSync(join(ROOT, folder), join(at.dir, folder), { recursive: true });
  change(at);
  return at;
}

function withIndex(change: (index: { packages: { [key: string]: unknown }[] }) => void): Workspace {
  return registered((at) => {
    const index = JSON.parse(at.read("arch/wit/index.x07wit.json").toString()) as { packages: { [key: string]: unknown }[] };
    change(index);
    at.write({ "arch/wit/index.x07wit.json": index });
  });
}

// ---- wit validate ------------------------------------------------------------------------------------

test("wit validate finds nothing wrong with the packages here, in the project or packaged", async () => {
  const own = registered();
  for (const at of [w, own]) {
    const r = await report(["wit", "validate", "--strict", "--list"], at);
    expect([r.exit_code, codes(r)]).toEqual([0, []]);
    expect(r.result).toMatchObject({ mode: "list", strict: true, packages_total: 10, packages_ok: 10, packages_failed: 0 });
    expect((r.result["packages"] as { id: string; worlds: string[] }[]).find((p) => p.id === "wasi:http@0.2.8")?.worlds).toEqual(["imports", "proxy"]);
  }
  own.clean();
});

test.each<readonly [string, () => Workspace, readonly string[], readonly string[], number]>([
  ["an index that is not there", () => new Workspace().write({ "x.json": {} }), ["--index", "nope.json"], ["X07WASM_WIT_INDEX_READ_FAILED"], 1],
  ["an index that is no JSON", () => new Workspace().write({ "i.json": "{" }), ["--index", "i.json"], ["X07WASM_WIT_INDEX_READ_FAILED"], 1],
  ["an index of another shape", () => new Workspace().write({ "i.json": { packages: [1] } }), ["--index", "i.json"], ["X07WASM_WIT_INDEX_READ_FAILED"], 1],
  ["a package that is not listed", () => registered(), ["--package", "no:such@1.0.0"], ["X07WASM_WIT_INDEX_PACKAGE_NOT_FOUND"], 0],
  ["the same, strictly", () => registered(), ["--package", "no:such@1.0.0", "--strict"], ["X07WASM_WIT_INDEX_PACKAGE_NOT_FOUND"], 3],
  ["an id that is listed twice", () => withIndex((i) => i.packages.push(i.packages[0]!)), [], ["X07WASM_WIT_INDEX_DUPLICATE_PACKAGE_ID"], 3],
  ["a folder that is gone", () => withIndex((i) => (i.packages[9]!["path"] = "wit/gone")), ["--package", "wasi:sockets@0.2.8"], ["X07WASM_WIT_PACKAGE_PATH_NOT_DIR", "X07WASM_WIT_PACKAGE_SHA256_TREE_MISMATCH"], 3],
  ["a vendored package without a pin", () => withIndex((i) => delete i.packages[7]!["sha256_tree"]), ["--package", "wasi:io@0.2.8"], ["X07WASM_WIT_PACKAGE_SHA256_TREE_MISSING"], 3],
  ["a local package without a pin", () => withIndex((i) => delete i.packages[0]!["sha256_tree"]), ["--package", "x07:solve@0.1.0"], ["X07WASM_WIT_PACKAGE_SHA256_TREE_UNPINNED"], 0],
  ["the same, strictly", () => withIndex((i) => delete i.packages[0]!["sha256_tree"]), ["--package", "x07:solve@0.1.0", "--strict"], ["X07WASM_WIT_PACKAGE_SHA256_TREE_UNPINNED"], 3],
  ["an unknown kind", () => withIndex((i) => (i.packages[0]!["kind"] = "odd")), ["--package", "x07:solve@0.1.0"], ["X07WASM_SCHEMA_INVALID", "X07WASM_WIT_PACKAGE_KIND_UNKNOWN"], 3],
  ["a changed file", () => registered((at) => at.write({ "wit/x07/solve/0.1.0/handler.wit": "package x07:solve@0.1.0;\n" })), ["--package", "x07:solve@0.1.0"], ["X07WASM_WIT_PACKAGE_SHA256_TREE_MISMATCH"], 1],
  ["a file added in a folder below", () => registered((at) => at.write({ "wit/x07/solve/0.1.0/more/a.wit": "" })), ["--package", "x07:solve@0.1.0"], ["X07WASM_WIT_PACKAGE_SHA256_TREE_MISMATCH"], 1],
])("wit validate: %s", async (_, make, words, expected, status) => {
  const at = make();
  const r = await report(["wit", "validate", ...words], at);
  expect([codes(r), r.exit_code]).toEqual([expected, status]);
  at.clean();
});

const LOCAL = (text: string, id = "my:kit@1.0.0") => new Workspace().write({ "arch/wit/index.x07wit.json": { schema_version: "x07.arch.wit.index@0.1.0", packages: [{ id, path: "w", kind: "local" }] }, "w/w.wit": text });

test.each([
  ["WIT that does not parse", "package my:kit@1.0.0; interface {", ["X07WASM_WIT_PACKAGE_SHA256_TREE_UNPINNED", "X07WASM_WIT_PACKAGE_PARSE_FAILED"], 3],
  ["a name that means nothing", "package my:kit@1.0.0; interface i { f: func(x: t); }", ["X07WASM_WIT_PACKAGE_SHA256_TREE_UNPINNED", "X07WASM_WIT_PACKAGE_PARSE_FAILED"], 3],
  ["another package than is listed", "package my:other@1.0.0;", ["X07WASM_WIT_PACKAGE_SHA256_TREE_UNPINNED", "X07WASM_WIT_PACKAGE_ID_MISMATCH"], 3],
  ["a dependency that is not listed", "package my:kit@1.0.0; world w { import c:d/e@1.0.0; }", ["X07WASM_WIT_PACKAGE_SHA256_TREE_UNPINNED", "X07WASM_WIT_PACKAGE_DEP_MISSING"], 0],
])("wit validate: %s", async (_, text, expected, status) => {
  const at = LOCAL(text);
  const r = await report(["wit", "validate"], at);
  expect([codes(r), r.exit_code]).toEqual([expected, status]);
  at.clean();
});

test("wit validate: links are no part of a package", () => {
  const at = registered((r) => {
    symlinkSync(".", join(r.dir, "wit/x07/solve/0.1.0/again"));
    symlinkSync("handler.wit", join(r.dir, "wit/x07/solve/0.1.0/other.wit"));
  });
  expect(at.tool(["wit", "validate", "--strict"]).status).toBe(0);
  at.clean();
});

test("wit validate answers from its record until a file changes", () => {
  const at = registered();
  expect(at.tool(["wit", "validate"]).status).toBe(0);
  expect(at.tool(["wit", "validate"]).status).toBe(0);
  at.write({ "wit/deps/wasi/io/0.2.8/new.wit": "package wasi:io@0.2.8;\n" });
  expect(at.tool(["wit", "validate"]).stderr).toContain("X07WASM_WIT_PACKAGE_SHA256_TREE_MISMATCH");
  at.clean();
});

// ---- component compose -------------------------------------------------------------------------------

const COMPOSE = ["component", "compose", "--solve", "solve.wasm"];

test.each(["http", "cli"])("component compose makes a component of the %s world, and its manifest", async (kind) => {
  const words = [...COMPOSE, "--adapter", kind, "--adapter-component", `${kind}-adapter.wasm`, "--out", `dist/${kind}.wasm`, "--targets-check"];
  const r = await report(words);
  expect([r.exit_code, codes(r)]).toEqual([0, []]);
  const manifest = JSON.parse(w.read(`dist/${kind}.wasm.manifest.json`).toString()) as object;
  expect(r.result).toMatchObject({ adapter_kind: kind, artifact: manifest, targets_check: { attempted: true, ok: true, exit_code: 0, stdout: "", stderr: "" } });
  expect(manifest).toMatchObject({ kind, profiles: {}, component: { path: `dist/${kind}.wasm` }, wit: kind === "http" ? { package: "wasi:http@0.2.8", world: "proxy" } : { package: "wasi:cli@0.2.8", world: "command" } });
  const again = w.graph([...words.map((x) => (x === "--adapter" ? "--target" : x)), "--provider", "embedded"]);
  expect([again.status, again.graph.counts.ran]).toEqual([0, 0]);
});

test("component compose: the manifest goes where it is wanted, and the check is made only when asked", async () => {
  const r = await report([...COMPOSE, "--adapter", "cli", "--adapter-component", "cli-adapter.wasm", "--out", "o/composed", "--artifact-out", "o/a.json"]);
  expect(r.result["targets_check"]).toEqual({ attempted: false, ok: true, exit_code: 0, stdout: "", stderr: "" });
  expect((JSON.parse(w.read("o/a.json").toString()) as { artifact_id: string }).artifact_id).toMatch(/^cli-[0-9a-f]{16}$/);
});

test.each([
  ["no adapter at the usual place", ["--adapter", "http", "--out", "o.wasm"], ["X07WASM_COMPONENT_COMPOSE_INPUT_READ_FAILED"], 3],
  ["neither of them", ["--adapter", "http", "--out", "o.wasm", "--adapter-component", "none.wasm"], ["X07WASM_COMPONENT_COMPOSE_INPUT_READ_FAILED"], 3],
  ["an adapter that is no component", ["--adapter", "http", "--adapter-component", "junk.wasm", "--out", "o.wasm"], ["X07WASM_WAC_PLUG_FAILED"], 1],
  ["an adapter that wants nothing of it", ["--adapter", "http", "--adapter-component", "solve.wasm", "--out", "o.wasm"], ["X07WASM_WAC_PLUG_FAILED"], 1],
  ["an out that cannot be written", ["--adapter", "cli", "--adapter-component", "cli-adapter.wasm", "--out", "/proc/none/o.wasm"], ["X07WASM_COMPONENT_COMPOSE_OUTDIR_CREATE_FAILED"], 1],
  ["a manifest that cannot be written", ["--adapter", "cli", "--adapter-component", "cli-adapter.wasm", "--out", "o2.wasm", "--artifact-out", "/proc/none/m.json"], ["X07WASM_COMPONENT_ARTIFACT_WRITE_FAILED"], 2],
  ["an adapter of another world", ["--adapter", "http", "--adapter-component", "cli-adapter.wasm", "--out", "o3.wasm", "--targets-check"], ["X07WASM_WAC_TARGETS_FAILED"], 1],
])("component compose: %s", async (_, words, expected, status) => {
  const r = await report([...COMPOSE, ...words]);
  expect([codes(r), r.exit_code]).toEqual([expected, status]);
});

test("component compose names each input that is missing, and gives zeros for what was not made", async () => {
  const r = await report(["component", "compose", "--adapter", "http", "--solve", "none.wasm", "--out", "o.wasm"]);
  expect(codes(r)).toEqual(["X07WASM_COMPONENT_COMPOSE_INPUT_READ_FAILED", "X07WASM_COMPONENT_COMPOSE_INPUT_READ_FAILED"]);
  expect(r.result["out_component"]).toEqual({ path: "o.wasm", sha256: "0".repeat(64), bytes_len: 0 });
});

/** A workspace whose component profile starts wac in a way of its own. */
function withWac(cmd: string, script: string): Workspace {
  return registered((at) => {
    const path = "arch/wasm/component/profiles/component_release.json";
    const profile = JSON.parse(at.read(path).toString()) as { cfg: { toolchain: { wac: object } } };
    profile.cfg.toolchain.wac = { cmd, args: ["--quiet"], env: { WAC_MARK: "marked" } };
    at.write({ [path]: profile, "tools/wac": script, "solve.wasm": w.read("solve.wasm"), "adapter.wasm": w.read("http-adapter.wasm") });
    chmodSync(join(at.dir, "tools/wac"), 0o755);
  });
}

test("the wac of the component profile is started as the profile says: program, words before its own, environment", async () => {
  const at = withWac("tools/wac", '#!/bin/sh\nif [ "$1" = --version ]; then echo "wac-cli 0.9.0"; exit 0; fi\nif [ "$2" = targets ]; then echo "$WAC_MARK fits"; exit 0; fi\nfor last; do :; done\necho "$* with $WAC_MARK" > "$last"\n');
  const r = await checkedReport(at.tool([...COMPOSE, "--adapter", "http", "--adapter-component", "adapter.wasm", "--out", "o.wasm", "--targets-check", "--provider", "native", "--json"]));
  expect([r.exit_code, codes(r)]).toEqual([0, []]);
  expect(at.read("o.wasm").toString()).toBe("--quiet plug --plug plug.wasm socket.wasm -o out/composed.wasm with marked\n");
  expect(r.result["targets_check"]).toMatchObject({ attempted: true, ok: true, stdout: "marked fits\n" });
  // The folder that the check ran on is there for people too.
  expect(readdirSync(join(at.dir, "target/x07-wasm/wit-bundles"))[0]).toMatch(/^wasi-http-0\.2\.8-[0-9a-f]{16}$/);
  at.clean();
});

test("a wac that fails or is not there has a code each", async () => {
  const failing = withWac("tools/wac", '#!/bin/sh\nif [ "$1" = --version ]; then echo "wac-cli 0.9.0"; exit 0; fi\necho "no such luck" >&2\nexit 7\n');
  const words = ["--adapter", "http", "--adapter-component", "adapter.wasm", "--out", "o.wasm", "--provider", "native", "--json"];
  const failed = await checkedReport(failing.tool([...COMPOSE, ...words]));
  expect(failed.diagnostics).toMatchObject([{ code: "X07WASM_WAC_PLUG_FAILED", stage: "run", message: "wac plug failed (code=7)", data: { stderr: "no such luck\n" } }]);
  expect(failed.exit_code).toBe(1);
  const targets = await checkedReport(failing.tool(["component", "targets", "--component", "solve.wasm", "--wit", "wit/x07/solve/0.1.0/handler.wit", "--world", "solve", "--provider", "native", "--json"]));
  expect([codes(targets), targets.exit_code, targets.result["wac_exit_code"], targets.result["stderr"]]).toEqual([["X07WASM_WAC_TARGETS_FAILED"], 1, 7, "no such luck\n"]);
  failing.clean();
  const missing = withWac("tools/none", "");
  const spawn = await checkedReport(missing.tool([...COMPOSE, ...words]));
  expect([codes(spawn), spawn.exit_code]).toEqual([["X07WASM_WAC_PLUG_SPAWN_FAILED"], 2]);
  missing.clean();
});

// ---- component targets -------------------------------------------------------------------------------

test("component targets says what fits and what does not", async () => {
  const at = registered((r) => r.write({ "solve.wasm": w.read("solve.wasm"), "adapter.wasm": w.read("http-adapter.wasm") }));
  const words = (component: string, wit: string, world: string) => ["component", "targets", "--component", component, "--wit", wit, "--world", world];
  const fits = await report(words("solve.wasm", "wit/x07/solve/0.1.0/handler.wit", "solve"), at);
  expect([fits.exit_code, fits.result["wac_exit_code"], fits.result["stderr"]]).toEqual([0, 0, ""]);
  const lacks = await report(words("adapter.wasm", "wit/deps/wasi/http/0.2.8/proxy.wit", "proxy"), at);
  expect([codes(lacks), lacks.exit_code, lacks.result["wac_exit_code"]]).toEqual([["X07WASM_WAC_TARGETS_FAILED"], 1, 1]);
  expect(lacks.result["stderr"]).toBe("error: Imports present in the component but not in the target world:\n  - x07:solve/handler@0.1.0\n");
  const noWorld = await report(words("solve.wasm", "wit/x07/solve/0.1.0/handler.wit", "none"), at);
  expect([codes(noWorld), noWorld.exit_code]).toEqual([["X07WASM_WAC_TARGETS_FAILED"], 1]);
  const nothing = await report(words("none.wasm", "wit/none.wit", "w"), at);
  expect([codes(nothing), nothing.exit_code]).toEqual([["X07WASM_COMPONENT_TARGETS_COMPONENT_READ_FAILED", "X07WASM_COMPONENT_TARGETS_WIT_READ_FAILED"], 3]);
  const packaged = await report(words("solve.wasm", "wit/x07/solve/0.1.0/handler.wit", "solve"));
  expect([packaged.exit_code, (packaged.result["wit"] as { path: string }).path]).toEqual([0, "packaged:wit/x07/solve/0.1.0/handler.wit"]);
  const folder = await report(words("solve.wasm", "wit", "w"), at);
  expect(codes(folder)).toEqual(["X07WASM_COMPONENT_TARGETS_WIT_READ_FAILED"]);
  at.clean();
});

test("component targets: a package that is not listed is a warning, an error where that is wanted", async () => {
  const at = LOCAL("package my:kit@1.0.0;").write({ "solve.wasm": w.read("solve.wasm"), "other/x.wit": readFileSync(join(ROOT, "wit/x07/solve/0.1.0/handler.wit")) });
  const words = ["component", "targets", "--component", "solve.wasm", "--wit", "other/x.wit", "--world", "solve"];
  const plain = await report(words, at);
  expect([codes(plain), plain.exit_code]).toEqual([["X07WASM_WIT_BUNDLE_MAIN_NOT_IN_INDEX"], 0]);
  const strict = await report([...words, "--strict"], at);
  expect([codes(strict), strict.exit_code, strict.result["wac_exit_code"]]).toEqual([["X07WASM_WIT_BUNDLE_MAIN_NOT_IN_INDEX"], 3, 1]);
  at.write({ "other/x.wit": "package" });
  expect(codes(await report(words, at))).toEqual(["X07WASM_WIT_BUNDLE_MAIN_PARSE_FAILED"]);
  at.clean();
});
