// Plugging one component into another: what is left to import and export, that both parts are in it unchanged, and what is refused.

import { expect, test } from "vitest";
import { compose } from "../../../rules/component/composer.ts";
import { componentType } from "../../../rules/component/evaluate.ts";
import { seeded } from "../../random/seeded.ts";
import { assembled, dummy, dummyOf, witOf } from "./kit.ts";

const ADAPTERS = [
  ["x07:http-adapter@0.1.0", "proxy-with-solve", "wasi:http@0.2.8", "proxy"],
  ["x07:cli-adapter@0.1.0", "command-with-solve", "wasi:cli@0.2.8", "command"],
] as const;

function composed(socket: Uint8Array, plug: Uint8Array): Uint8Array {
  const made = compose(socket, plug);
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
}

function holds(whole: Uint8Array, part: Uint8Array): boolean {
  return Buffer.from(whole).includes(Buffer.from(part));
}

test.each(ADAPTERS)("%s takes a solve component and imports and exports what %s of %s does", async (adapterPackage, adapterWorld, id, world) => {
  const [socket, plug, plain] = await Promise.all([dummy(adapterPackage, adapterWorld), dummy("x07:solve@0.1.0", "solve"), dummy(id, world)]);
  const whole = composed(socket, plug);
  expect(await witOf(whole)).toBe(await witOf(plain));
  expect(holds(whole, socket) && holds(whole, plug)).toBe(true);
  expect(composed(socket, plug)).toEqual(whole);
  expect(whole.length - socket.length - plug.length).toBeLessThan(14_000);
});

test("imports that use each other's resources keep doing so", async () => {
  const [socket, plug] = await Promise.all([dummy("x07:http-adapter@0.1.0", "proxy-with-solve"), dummy("x07:solve@0.1.0", "solve")]);
  const type = componentType(composed(socket, plug));
  if (!type.ok) throw new Error(type.error.message);
  const exportsOf = (name: string) => {
    const found = type.value.imports.get(name);
    return found?.kind === "instance" ? found.exports : undefined;
  };
  const own = exportsOf("wasi:io/streams@0.2.8")?.get("output-stream");
  const used = exportsOf("wasi:http/types@0.2.8")?.get("output-stream");
  expect(own?.kind === "resource" && used?.kind === "resource" && own.resource === used.resource).toBe(true);
});

test("a composed component is a socket and a plug like any other", async () => {
  const outer = await dummyOf("package a:outer@1.0.0; interface i { f: func() -> u32; } interface j { g: func(); } world w { import i; import j; export k: func(); }", "w");
  const first = await dummyOf("package a:outer@1.0.0; interface i { f: func() -> u32; } interface j { g: func(); } world w { export i; }", "w");
  const second = await dummyOf("package a:outer@1.0.0; interface i { f: func() -> u32; } interface j { g: func(); } world w { export j; }", "w");
  const whole = composed(composed(outer, first), second);
  const type = componentType(whole);
  expect(type.ok && [[...type.value.imports.keys()], [...type.value.exports.keys()]]).toEqual([[], ["k"]]);
  await witOf(whole);
});

test("what the plug imports is imported by the whole, once where both need it", async () => {
  const world = (items: string) => dummyOf(`package a:b@1.0.0; interface deep { resource r { get: func() -> u32; } } interface mid { use deep.{r}; mix: func(x: borrow<r>) -> r; } interface i { use deep.{r}; f: func(x: r); } world w { ${items} }`, "w");
  const [socket, plug] = await Promise.all([world("import i; import mid; export run: func();"), world("export extra: func(); import mid; import deep; import other: func() -> string;")]);
  // The plug exports nothing that fits: only that the sides are told apart.
  expect(compose(socket, plug)).toMatchObject({ ok: false, error: { kind: "no-match" } });
  const named = await world("import extra: func(); import mid; export run: func();");
  const whole = composed(named, plug);
  const type = componentType(whole);
  expect(type.ok && [[...type.value.imports.keys()].sort(), [...type.value.exports.keys()]]).toEqual([["a:b/deep@1.0.0", "a:b/mid@1.0.0", "other"], ["run"]]);
  await witOf(whole);
});

test("types that differ are no match, and the reason is said", async () => {
  const socket = await dummyOf("package x07:solve@0.1.0; interface handler { solve: func(input: string) -> list<u8>; } world w { import handler; }", "w");
  const made = compose(socket, await dummy("x07:solve@0.1.0", "solve"));
  expect(made).toMatchObject({ ok: false, error: { kind: "no-match" } });
  expect(!made.ok && made.error.message).toContain("parameter `input`: expected string, found list");
});

test("a shared import of which the plug needs more is refused by name", async () => {
  const [socket, plug] = await Promise.all([
    dummyOf("package a:b@1.0.0; interface i { f: func(); } interface s { x: func(); } world w { import i; import s; export k: func(); }", "w"),
    dummyOf("package a:b@1.0.0; interface i { f: func(); } interface s { x: func(); y: func(); } world w { export i; import s; }", "w"),
  ]);
  const made = compose(socket, plug);
  expect(made).toMatchObject({ ok: false, error: { kind: "unsupported" } });
  expect(!made.ok && made.error.message).toContain("both components import a:b/s@1.0.0, and the plug needs more of it");
});

test.each([
  ["an empty file", ""],
  ["a core module", "(module)"],
])("%s is not a component", async (_, wat) => {
  const bytes = wat === "" ? new Uint8Array(0) : await assembled(wat);
  expect(compose(bytes, await dummy("x07:solve@0.1.0", "solve"))).toMatchObject({ ok: false, error: { kind: "unreadable" } });
});

test("changed bytes never break the composer, and what it makes of them can be read", async () => {
  const random = seeded(5);
  const [socket, plug] = await Promise.all([dummy("x07:http-adapter@0.1.0", "proxy-with-solve"), dummy("x07:solve@0.1.0", "solve")]);
  const kinds = new Set<string>();
  for (let i = 0; i < 800; i++) {
    const bytes = Uint8Array.from(socket);
    for (let c = random.below(3); c >= 0; c--) bytes[random.below(9_000)] = random.below(256);
    const made = compose(bytes, plug);
    kinds.add(made.ok ? "made" : made.error.kind);
    if (made.ok) expect(componentType(made.value)).toMatchObject({ ok: true });
  }
  expect(kinds.has("made") && kinds.has("unreadable")).toBe(true);
}, 120_000);
