// Plain worlds are lifted without wasm-tools: the same component that wasm-tools makes, but for the producer's name; what is
// not of that kind is left to it.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { embedWorld, plainWorldIn, worldOf } from "../../../rules/component/embed-world.ts";
import { componentType } from "../../../rules/component/evaluate.ts";
import { liftCore } from "../../../rules/component/lift-core.ts";
import { loadWasmTools } from "../../../rules/component/wasm-tools.ts";

const FUNCS = [
  ["f", "func() -> string", "(result i32)", "(param i32)"],
  ["f-two", "func() -> string", "(result i32)", undefined],
  ["g", "func(input: list<u8>) -> list<u8>", "(param i32 i32) (result i32)", "(param i32)"],
  ["pair", "func(x: u8) -> tuple<u8, u8>", "(param i32) (result i32)", undefined],
  ["len", "func(x: string) -> u8", "(param i32 i32) (result i32)", "(param i32)"],
  ["eat", "func(x: list<list<u8>>)", "(param i32 i32)", ""],
  ["nothing", "func()", "", undefined],
  ["half", "func(p: f32, y: char) -> result<f64, u32>", "(param f32 i32) (result i32)", undefined],
  ["joined", "func(a: result<f32, u32>, b: result<u64, f64>, c: result<f32, f64>, d: result<string, u64>)", "(param i32 i32 i32 i64 i32 i64 i32 i64 i32)", undefined],
  ["deep", "func(x: option<option<string>>, r: result, s: result<_, u8>) -> result<u8, string>", "(param i32 i32 i32 i32 i32 i32 i32) (result i32)", undefined],
  ["many", `func(${Array.from({ length: 17 }, (_, i) => `p${i}: u64`).join(", ")}) -> f32`, "(param i32) (result f32)", undefined],
  ["sixteen", `func(${Array.from({ length: 8 }, (_, i) => `p${i}: string`).join(", ")}) -> u64`, `(param ${"i32 ".repeat(16)}) (result i64)`, undefined],
] as const;

interface Case {
  readonly wit: string;
  readonly wat: string;
}

/** The functions in an interface, in one that is written inline, and at the top. */
function everyForm(): Case {
  const faces = ["t:t/a@1.0.0#", "b#", ""];
  const funcs = faces.flatMap((face) =>
    FUNCS.map(([name, , type, post]) => `(func (export "${face}${name}") ${type} unreachable)${post === undefined ? "" : ` (func (export "cabi_post_${face}${name}") ${post})`}`),
  );
  const members = FUNCS.map(([name, type]) => `${name}: ${type};`).join("\n");
  const wit = `package t:t@1.0.0;\ninterface a {\n${members}\n}\ninterface e {}\nworld w {\nexport a;\n${FUNCS.map(([name, type]) => `export ${name}: ${type};`).join("\n")}\nexport e;\nexport b: interface {\n${members}\n}\n}`;
  return { wit, wat: `(module (memory (export "memory") 1) (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable) ${funcs.join(" ")} (global (export "other") i32 (i32.const 1)) (@custom "note" "kept"))` };
}

async function byWasmTools({ wit, wat }: Case): Promise<{ core: Uint8Array; embedded: Uint8Array; component: Uint8Array }> {
  const tools = await loadWasmTools();
  const core = await tools.parse(wat);
  const embedded = await tools.componentEmbed({ binary: core, witSource: wit, world: "w" });
  return { core, embedded, component: await tools.componentNew(embedded) };
}

function ours(core: Uint8Array, wit: string): { embedded: Uint8Array | undefined; component: Uint8Array | undefined } {
  const world = plainWorldIn([{ path: "wit/a.wit", text: wit }], "w");
  const embedded = world && embedWorld(core, world);
  return { embedded, component: embedded && liftCore(embedded) };
}

/** Its text, with one name for all producers. */
async function printed(bytes: Uint8Array): Promise<string> {
  return (await (await loadWasmTools()).print(bytes)).replace(/\(processed-by "[\w-]+" "[\w.]+"\)/g, "(processed-by)");
}

/** What a module carries of its world: a component, in the last section. */
function metadata(module: Uint8Array): Uint8Array {
  const at = Buffer.from(module).lastIndexOf("component-type");
  return module.subarray(at + "component-type".length);
}

test("every form of function, in interfaces and at the top, is lifted as wasm-tools does it", async () => {
  const theirs = await byWasmTools(everyForm());
  const mine = ours(theirs.core, everyForm().wit);
  expect(await printed(metadata(mine.embedded!))).toBe(await printed(metadata(theirs.embedded)));
  expect(await printed(mine.component!)).toBe(await printed(theirs.component));
  expect(componentType(mine.component!)).toEqual(componentType(theirs.component));
});

test("each takes the module that the other has embedded a world in", async () => {
  const theirs = await byWasmTools(everyForm());
  const mine = ours(theirs.core, everyForm().wit);
  expect(worldOf(theirs.embedded)).toEqual(worldOf(mine.embedded!));
  expect(Buffer.from(liftCore(theirs.embedded)!).equals(mine.component!)).toBe(true);
  expect(componentType(await (await loadWasmTools()).componentNew(mine.embedded!))).toEqual(componentType(theirs.component));
});

test("the installed wasm-tools finds the component valid", async (context) => {
  if (spawnSync("wasm-tools", ["--version"]).status !== 0) {
    if (process.env["X07_WASM_NATIVE"] === "required") throw new Error("wasm-tools is not installed (scripts/setup-native.sh installs it)");
    console.log("SKIPPED: the real wasm-tools validate: wasm-tools is not installed");
    return context.skip("wasm-tools is not installed");
  }
  const place = mkdtempSync(join(tmpdir(), "x07-lift-"));
  try {
    const { core } = await byWasmTools(everyForm());
    writeFileSync(join(place, "c.wasm"), ours(core, everyForm().wit).component!);
    execFileSync("wasm-tools", ["validate", join(place, "c.wasm")]);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

const HANDLER = "package t:t@1.0.0;\ninterface h { f: func(input: list<u8>) -> list<u8>; }\nworld w { export h; }";
const MODULE = (more = "", f = "(param i32 i32) (result i32)", realloc = "(param i32 i32 i32 i32) (result i32)") =>
  `(module (memory (export "memory") 1) (func (export "cabi_realloc") ${realloc} unreachable) (func (export "t:t/h@1.0.0#f") ${f} unreachable) ${more})`;

test("a module of one function and no post-return", async () => {
  const theirs = await byWasmTools({ wit: HANDLER, wat: MODULE() });
  expect(await printed(ours(theirs.core, HANDLER).component!)).toBe(await printed(theirs.component));
});

test.each([
  ["a function of another type", MODULE("", "(param i32) (result i32)")],
  ["a realloc of another type", MODULE("", undefined, "(param i32 i32 i32) (result i32)")],
  ["a post-return of another type", MODULE('(func (export "cabi_post_t:t/h@1.0.0#f"))')],
  ["a function that is not there", '(module (memory (export "memory") 1))'],
  ["an import", `(module (import "a" "b" (func)) ${MODULE().slice(8)}`],
  ["code to run first", MODULE('(func (export "_initialize"))')],
  ["the other naming", MODULE('(func (export "cm32p2|t:t/h@1|f") (param i32 i32) (result i32) unreachable)')],
  ["producers of its own", MODULE('(@producers (language "C" "11"))')],
  ["no memory", '(module (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable) (func (export "t:t/h@1.0.0#f") (param i32 i32) (result i32) unreachable))'],
])("a module with %s is left to wasm-tools", async (_what, wat) => {
  const core = await (await loadWasmTools()).parse(wat);
  const mine = ours(core, HANDLER);
  expect(mine.embedded).toBeDefined();
  expect(mine.component).toBeUndefined();
});

test("a module with a fault in its code, or without a world, is left to wasm-tools", async () => {
  const broken = await (await loadWasmTools()).parse(MODULE("(func (result i32) i64.const 0)"));
  expect(ours(broken, HANDLER).component).toBeUndefined();
  expect(liftCore(broken)).toBeUndefined();
  expect(liftCore(new Uint8Array([0, 0x61, 0x73, 0x6d]))).toBeUndefined();
});

test.each([
  ["an import", "world w { import f: func(); }"],
  ["a record", "interface h { record r { a: u8 } f: func(x: r); }\nworld w { export h; }"],
  ["a resource", "interface h { resource r; }\nworld w { export h; }"],
  ["a list of fixed length", "world w { export f: func(x: list<u8, 4>); }"],
  ["an asynchronous function", "world w { export f: async func(); }"],
  ["another name", "world v { export f: func(); }"],
  ["a fault", "world w { export f: func(x: nobody); }"],
])("a world with %s is left to wasm-tools", (_what, text) => {
  expect(plainWorldIn([{ path: "wit/a.wit", text: `package t:t@1.0.0;\n${text}` }], "w")).toBeUndefined();
});
