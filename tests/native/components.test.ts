// Our WIT files, our composer and our check of worlds against the real wasm-tools and wac: same verdicts, same components.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { compose } from "../../rules/component/composer.ts";
import { conformanceText } from "../../rules/component/conformance.ts";
import { checkTarget } from "../../rules/component/target-check.ts";
import { ECHO_FILES, installed, Workspace } from "../rig/project.ts";
import { dummy, dummyOf, FOLDERS, folderOf } from "../rules/component/kit.ts";

const dir = mkdtempSync(join(tmpdir(), "x07-components-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const required = process.env["X07_WASM_NATIVE"] === "required";

/** Whether all of these programs are here; says on stdout that `what` is skipped where one is not, and throws where they are required. */
function have(what: string, ...programs: string[]): boolean {
  const missing = programs.filter((p) => !installed(p));
  if (missing.length === 0) return true;
  const why = `${missing.join(", ")} not installed (scripts/setup-native.sh installs them)`;
  if (required) throw new Error(why);
  console.log(`SKIPPED: ${what}: ${why}`);
  return false;
}

function put(path: string, content: string | Uint8Array): string {
  const at = join(dir, path);
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, content);
  return at;
}

function bundled(id: string): string {
  const name = id.replace(/[:@]/g, "-");
  for (const f of folderOf(id)) put(f.path.replace(/^wit\//, `${name}/`), f.text);
  return join(dir, name);
}

test.runIf(have("WIT packages in the real wasm-tools", "wasm-tools"))("the real wasm-tools understands every package, with all features and with none", () => {
  for (const id of Object.keys(FOLDERS)) {
    const folder = bundled(id);
    for (const features of [[], ["--all-features"]]) {
      const ran = spawnSync("wasm-tools", ["component", "wit", ...features, folder], { encoding: "utf8" });
      expect([id, ran.status, ran.stderr]).toEqual([id, 0, ""]);
    }
  }
});

/** WIT of a component without what the two composers word differently: through which interfaces a type is named again. */
function witOf(component: string): string[] {
  const text = execFileSync("wasm-tools", ["component", "wit", component], { encoding: "utf8" });
  return text.split("\n").map((l) => l.trim()).filter((l) => l !== "" && !/^(type|use) /.test(l)).sort();
}

const ADAPTERS = [
  ["x07:http-adapter@0.1.0", "proxy-with-solve", "wasi:http@0.2.8", "proxy"],
  ["x07:cli-adapter@0.1.0", "command-with-solve", "wasi:cli@0.2.8", "command"],
] as const;

test.runIf(have("composed components against wac", "wasm-tools", "wac"))("our composer makes what wac plug makes: same imports, same exports, same parts, valid", async () => {
  const solve = await dummy("x07:solve@0.1.0", "solve");
  const plug = put("solve.wasm", solve);
  for (const [id, world, target, targetWorld] of ADAPTERS) {
    const adapter = await dummy(id, world);
    const made = compose(adapter, solve);
    if (!made.ok) throw new Error(made.error.message);
    const ours = put(`${targetWorld}.ours.wasm`, made.value);
    const theirs = join(dir, `${targetWorld}.wac.wasm`);
    execFileSync("wac", ["plug", "--plug", plug, put(`${world}.wasm`, adapter), "-o", theirs]);
    for (const component of [ours, theirs]) execFileSync("wasm-tools", ["validate", component]);
    expect(witOf(ours)).toEqual(witOf(theirs));
    expect(top(ours)).toEqual(top(theirs));
    for (const component of [ours, theirs]) execFileSync("wac", ["targets", "--wit", bundled(target), "--world", targetWorld, component]);
  }
}, 120_000);

/** The outermost things of a component in order, without what is inside them and without the interface that a type is taken from. */
function top(component: string): string[] {
  const text = execFileSync("wasm-tools", ["print", component], { encoding: "utf8", maxBuffer: 1 << 28 });
  return text.split("\n").filter((l) => /^ {2}\((?!type|@)/.test(l)).map((l) => l.trim().replace(/^\(alias export \d+ ("[^"]*" \(type)/, "(alias export $1"));
}

const WORLDS = [...ADAPTERS.map(([id, world]) => [id, world] as const), ...ADAPTERS.map(([, , id, world]) => [id, world] as const), ["x07:solve@0.1.0", "solve"] as const];

/** What is listed under the headings that both write. */
function listed(stderr: string): string[] {
  return (stderr.split("Stack backtrace")[0] ?? "").split("\n").filter((l) => l.startsWith("  - ")).map((l) => l.replace(/^ {2}- /, "").replace(/: .*$/, "")).sort();
}

test.runIf(have("checks of worlds against wac", "wac"))("our check of worlds says what wac targets says, of each component and each world", async () => {
  for (const [id, world] of WORLDS) {
    const folder = bundled(id);
    for (const [otherId, other] of WORLDS) {
      const component = await dummy(otherId, other);
      const ours = checkTarget(component, folderOf(id), id, world);
      const theirs = spawnSync("wac", ["targets", "--wit", folder, "--world", world, put("c.wasm", component)], { encoding: "utf8" });
      expect([other, world, ours === undefined, listed(ours?.text ?? "")]).toEqual([other, world, theirs.status === 0, listed(theirs.stderr)]);
    }
  }
}, 120_000);

const BASE = "package a:b@1.2.3; interface types { resource r { get: func() -> u32; } record pt { x: u32, y: option<s8> } variant v { a(u8), b } flags fl { p, q } enum e { m, n } } interface i { use types.{r, pt, v, fl, e}; f: func(p: pt, x: borrow<r>) -> result<list<r>, string>; g: func(v: v, fl: fl, e: e) -> tuple<u8, char>; } world w { import i; export types; }";
/** Two differences that wac 0.9 lets pass though no runtime links such a component. */
const OURS_ALONE = ["list<r, 3>", "f: async func(p"];
const CHANGES: readonly (readonly [string, string])[] = [
  ["", ""], ["@1.2.3", "@1.9.0"], ["@1.2.3", "@1.0.0"], ["@1.2.3", "@2.0.0"], ["@1.2.3", "@0.2.3"], ["x: u32,", "x: u64,"], ["y: option<s8>", "z: option<s8>"], ["p: pt, x", "q: pt, x"], ["borrow<r>", "r"],
  ["string>", "u8>"], [" -> result<list<r>, string>", ""], ["a(u8)", "a"], ["a(u8), b", "a(u8), b, c"], ["p, q", "p, q, s"], ["{ m, n }", "{ n, m }"], ["tuple<u8, char>", "tuple<u8, char, u8>"], ["g: func", "h: func"],
  ["import i; export types;", "export i;"], ["import i; export types;", "import i;"], ["import i; export types;", "import types;"], ["list<r>", "list<r, 3>"], ["f: func(p", "f: async func(p"],
];

test.runIf(have("differences of types against wac", "wac"))("both find the same differences of types", async () => {
  const verdicts: string[] = [];
  for (const [from, to] of CHANGES) {
    const changed = BASE.replace(from, to);
    const component = await dummyOf(changed, "w").catch(() => undefined);
    if (component === undefined) continue;
    const folder = dirname(put("base/base.wit", BASE));
    const ours = checkTarget(component, [{ path: "wit/base.wit", text: BASE }], "a:b@1.2.3", "w");
    const theirs = spawnSync("wac", ["targets", "--wit", folder, "--world", "w", put("c.wasm", component)], { encoding: "utf8" });
    if (OURS_ALONE.includes(to)) expect([to, ours === undefined, theirs.status]).toEqual([to, false, 0]);
    else if ((ours === undefined) !== (theirs.status === 0)) verdicts.push(`${from} -> ${to}: ours ${ours?.text ?? "fits"}, wac ${theirs.stderr.split("Stack")[0]}`);
  }
  expect(verdicts).toEqual([]);
}, 120_000);

test.runIf(have("running composed components", "wac"))("composed by us or by wac, a component answers the same: in our host, and under wasmtime where that is", () => {
  const w = new Workspace().write(ECHO_FILES);
  expect(w.tool(["component", "build", "--emit", "cli", "--provider", "embedded"]).status).toBe(0);
  const out = "target/x07-wasm/component";
  execFileSync("wac", ["plug", "--plug", `${out}/solve.component.wasm`, `${out}/cli-adapter.component.wasm`, "-o", "theirs.wasm"], { cwd: w.dir });
  const wasmtime = have("composed components under wasmtime", "wasmtime");
  for (const input of [Buffer.alloc(0), Buffer.from("h\u00e9llo\0\u00ff", "latin1"), Buffer.alloc(100_000, "x07 ")]) {
    w.write({ "in.bin": input });
    for (const component of [`${out}/cli.component.wasm`, "theirs.wasm"]) {
      const ran = w.tool(["component", "run", "--component", component, "--stdin", "in.bin", "--stdout-out", "out.bin"]);
      expect([component, ran.status, ran.stderr.includes("error"), w.read("out.bin").equals(input)]).toEqual([component, 0, false, true]);
      if (!wasmtime) continue;
      const there = spawnSync("wasmtime", ["run", component], { cwd: w.dir, input, maxBuffer: 1 << 24 });
      expect([component, there.status, there.stdout.equals(input)]).toEqual([component, 0, true]);
    }
  }
  w.clean();
}, 120_000);

test("the text of a component that conforms is empty", () => {
  expect(conformanceText({ missingImports: [], missingExports: [], mismatches: [] })).toBe("");
});
