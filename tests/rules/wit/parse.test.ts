// WIT text: all that this repository has is understood, faults are found where they are, and no text breaks the parser.

import { readFileSync } from "node:fs";
import { globSync } from "tinyglobby";
import { expect, test } from "vitest";
import { packageId } from "../../../rules/wit/ast.ts";
import { foreignPackages, parsePackage, worldNames } from "../../../rules/wit/package.ts";
import { parseWit } from "../../../rules/wit/parse.ts";
import { WitModel } from "../../../rules/wit/resolve.ts";
import { seeded } from "../../random/seeded.ts";
import { FOLDERS, packageOf } from "../component/kit.ts";

const ALL = globSync(["wit/**/*.wit"]).sort();

test("every file and every name of this repository's packages is understood", () => {
  const packages = Object.keys(FOLDERS).map(packageOf);
  expect(packages.map((p) => packageId(p.name))).toEqual(Object.keys(FOLDERS));
  const model = new WitModel(packages);
  for (const p of packages) expect(model.check(packageId(p.name))).toBeUndefined();
  expect(ALL.length).toBeGreaterThan(30);
});

test("worlds and foreign packages are listed in order", () => {
  const http = packageOf("wasi:http@0.2.8");
  expect(worldNames(http)).toEqual(["imports", "proxy"]);
  expect(foreignPackages(http)).toEqual(["wasi:cli@0.2.8", "wasi:clocks@0.2.8", "wasi:io@0.2.8", "wasi:random@0.2.8"]);
});

test("a world's imports are those it states and those that they imply", () => {
  const model = new WitModel(Object.keys(FOLDERS).map(packageOf));
  const proxy = model.world("wasi:http@0.2.8", "proxy");
  if (!proxy.ok) throw new Error(proxy.error.message);
  const names = [...proxy.value.imports.keys()].map((n) => n.replace("@0.2.8", "").replace("wasi:", "")).sort();
  expect(names).toEqual(["cli/stderr", "cli/stdin", "cli/stdout", "clocks/monotonic-clock", "clocks/wall-clock", "http/outgoing-handler", "http/types", "io/error", "io/poll", "io/streams", "random/random"]);
  expect([...proxy.value.exports.keys()]).toEqual(["wasi:http/incoming-handler@0.2.8"]);
});

/** The first fault in a file of package a:b, as line:column and message; "" when there is none. */
function fault(text: string, features: readonly string[] = []): string {
  const parsed = parsePackage([{ path: "a.wit", text: text.startsWith("package") ? text : `package a:b;\n${text}` }]);
  const found = parsed.ok ? new WitModel([parsed.value], features).check(packageId(parsed.value.name)) : parsed.error;
  return found === undefined ? "" : `${found.line}:${found.column} ${found.message}`;
}

test.each([
  ["comments and line ends", "// a\r\n/* b /* c */ d */ interface i {}"],
  ["keywords as names", "interface %interface { %type: func(%from: u8); }"],
  ["all kinds of types", "interface i { type a = tuple<u8, list<string>, list<u8, 4>, option<char>, result, result<u8>, result<_, u8>, result<u8, bool>, map<string, f64>>; f: func() -> tuple<stream<u8>, future, future<a>, error-context>; }"],
  ["a definition after its use, trailing commas", "interface i { f: func(x: r,) -> e; record r { a: e, } enum e { x, y, } flags fl { p, q } variant v { a(r), b } }"],
  ["resources", "interface i { resource r { constructor(x: u8); m: func() -> r; s: static func(o: own<r>, b: borrow<r>); } type alias = r; g: func(x: alias); }"],
  ["a fallible constructor", "interface i { resource r { constructor(x: u8) -> result<r, string>; } }"],
  ["async functions", "interface i { f: async func(); resource r { m: async func(); s: static async func(); } }"],
  ["gates", "@since(version = 1.0.0)\ninterface i { @unstable(feature = x)\nf: func(y: nowhere); @since(version = 0.2.1)\n@deprecated(version = 0.2.2)\ng: func(); }"],
  ["use, as and top-level use", "use i as j; interface i { type t = u8; } interface k { use j.{t, t as u}; f: func(a: t, b: u); }"],
  ["worlds", "interface i {} world v { import i; export run: func(); import log: interface { say: func(); } record r { x: u8 } use k.{t}; } interface k { type t = u8; } world w { include v with { run as start, log as logger } }"],
  ["packages in braces", "package a:b;\npackage x:y@1.0.0 { interface i { type t = u8; } }\ninterface k { use x:y/i@1.0.0.{t}; }"],
])("%s", (_, text) => {
  expect(fault(text)).toBe("");
});

test.each([
  ["interface i { type a = u8 }", "2:27 expected `;`, found `}`"],
  ["interface i {", "2:14 expected `}`, found the end of the file"],
  ["interface I-a_b {}", "2:11 `I-a_b` is no name: each word is of lower-case or of upper-case letters, and digits"],
  ["interface -a {}", "2:11 expected a name, found `-`"],
  ["interface a- {}", "2:11 `a-` is no name: there must be characters between its hyphens"],
  ["interface 1a {}", "2:11 `1a` is no name: it must start with a letter"],
  ["interface func {}", "2:11 expected a name (write `%func` to use the keyword as one), found `func`"],
  ["/* open", "2:1 this comment has no end"],
  ["interface i { type t = $; }", "2:24 the character `$` is not expected here"],
  ["interface i { type t = nowhere; }", "2:24 there is no type `nowhere` here"],
  ["interface i { type a = b; type b = a; }", "2:36 the type `a` holds itself"],
  ["interface i { record r { x: option<r> } }", "2:36 the type `r` holds itself"],
  ["interface i { enum e { } }", "2:26 this enum has no case"],
  ["interface i { type t = u8; type t = u8; }", "2:28 `t` is defined more than once"],
  ["interface i { f: func(); f: func(); }", "2:26 `f` is defined more than once"],
  ["interface i { f: func(a: u8, A: u8); }", "2:15 the parameter `A` is there twice"],
  ["interface i { type t = borrow<u>; type u = u8; }", "2:31 only a resource can be owned or borrowed"],
  ["interface i { resource r; f: func() -> option<borrow<r>>; }", "2:27 a result holds no `borrow`"],
  ["interface i { use j.{t}; } interface j { use i.{u}; }", "2:46 `i` depends on itself"],
  ["interface i { use j.{t}; }", "2:19 there is no interface `j` in a:b"],
  ["interface i { use c:d/j@1.0.0.{t}; }", "2:19 the package c:d@1.0.0 is not known"],
  ["interface i { use j.{t}; } interface j { f: func(); type u = u8; }", "2:22 there is no type `t` in a:b/j"],
  ["interface i {} interface i {}", "2:16 `i` is defined more than once"],
  ["interface i {} world i {}", "2:16 `i` is defined more than once"],
  ["world w { import f: func(); import f: func(); }", "2:29 `f` is defined more than once"],
  ["interface i {} world w { import i; import i; }", "2:36 `a:b/i` is imported twice"],
  ["world w { include v; } world v { include w; }", "2:42 the world `w` includes itself"],
  ["world v { import f: func(); } world w { include v with { g as h } }", "2:41 v has no `g` to rename"],
  ["world w { export get-it: func(); export GET-IT: func(); }", "2:1 `GET-IT` and `get-it` differ in case alone"],
  ["interface i { type t = map<list<u8>, u8>; }", "2:36 expected a whole number type, bool, char or string as the key, found `,`"],
  ["package a:b@1.0;", "1:13 expected a semantic version, found `1`"],
  ["package a:b;\npackage c:d;", "2:1 `package` comes first in a file, and once"],
  ["@before(version = 1.0.0) interface i {}", "2:1 `@before` is no gate: expected `@since`, `@unstable` or `@deprecated`"],
  ["interface \u202ei {}", "2:11 the character U+202e is not allowed"],
])("%s", (text, expected) => {
  expect(fault(text)).toBe(expected);
});

test("unstable items are there only with their feature", () => {
  const text = "interface i { @unstable(feature = fancy)\ntype t = nowhere; }";
  expect(fault(text)).toBe("");
  expect(fault(text, ["fancy"])).toBe("3:10 there is no type `nowhere` here");
});

test("types and names without end are refused, not followed", () => {
  expect(fault(`interface i { type t = ${"option<".repeat(5_000)}u8${">".repeat(5_000)}; }`)).toContain("types are nested more than 100 deep");
  const chain = Array.from({ length: 5_000 }, (_, i) => `type t${i} = t${i + 1};`).join(" ");
  expect(fault(`interface i { ${chain} type t5000 = u8; }`)).toContain("names lead to names more than 200 times");
  const faces = Array.from({ length: 5_000 }, (_, i) => `interface i${i} { use i${i + 1}.{t}; }`).join(" ");
  expect(fault(`${faces} interface i5000 { type t = u8; }`)).toContain("names lead to names more than 200 times");
});

test("a package of several files is one; files of two packages are a fault", () => {
  const both = parsePackage([{ path: "1.wit", text: "package a:b; interface i { type t = u8; }" }, { path: "2.wit", text: "interface j { use i.{t}; }" }]);
  expect(both.ok && new WitModel([both.value]).check("a:b")).toBeUndefined();
  expect(parsePackage([{ path: "1.wit", text: "package a:b;" }, { path: "2.wit", text: "package a:c;" }])).toMatchObject({ ok: false, error: { message: "this file is of package a:c, 1.wit is of a:b" } });
  expect(parsePackage([{ path: "1.wit", text: "interface i {}" }])).toMatchObject({ ok: false, error: { message: "no file of the folder says `package`" } });
  expect(parsePackage([])).toMatchObject({ ok: false });
});

test("changed text ends in a fault or in a package, never in anything else", () => {
  const random = seeded(11);
  const texts = ALL.map((f) => readFileSync(f, "utf8"));
  const pieces = ["{", "}", "<", ">", "(", ")", ";", ":", ",", ".", "@", "%", "->", "/*", "*/", "//", "use ", "type ", "resource ", "list<", "\0", "€", "0.2.8", "-"];
  for (let i = 0; i < 3_000; i++) {
    let text = random.pick(texts);
    for (let c = random.below(4); c >= 0; c--) {
      const at = random.below(text.length + 1);
      text = text.slice(0, at) + random.pick(pieces) + text.slice(at + random.below(12));
    }
    const parsed = parseWit("x.wit", text);
    if (parsed.ok) {
      const whole = parsePackage([{ path: "x.wit", text }]);
      if (whole.ok) new WitModel([whole.value]).check(packageId(whole.value.name));
    } else expect(parsed.error.line).toBeGreaterThan(0);
  }
});
