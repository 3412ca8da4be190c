// Components against worlds: what fits, what is missing, which types differ; and that no bytes whatever break the decoder.

import { expect, test } from "vitest";
import { readComponent } from "../../../rules/component/binary.ts";
import { checkTarget } from "../../../rules/component/target-check.ts";
import { componentType } from "../../../rules/component/evaluate.ts";
import { seeded } from "../../random/seeded.ts";
import { ByteWriter } from "../../../rules/wasm/write.ts";
import { assembled, dummy, dummyOf, folderOf } from "./kit.ts";

const WORLDS = [
  ["wasi:http@0.2.8", "proxy"],
  ["wasi:cli@0.2.8", "command"],
  ["x07:http-adapter@0.1.0", "proxy-with-solve"],
  ["x07:cli-adapter@0.1.0", "command-with-solve"],
  ["x07:solve@0.1.0", "solve"],
] as const;

const check = (component: Uint8Array, id: string, world: string) => checkTarget(component, folderOf(id), id, world);

test("each world's own component fits it, and those that ask for no more fit it too", async () => {
  const fits: string[] = [];
  for (const [id, world] of WORLDS) for (const [otherId, other] of WORLDS) if (check(await dummy(otherId, other), id, world) === undefined) fits.push(`${other} fits ${world}`);
  expect(fits).toEqual([
    "proxy fits proxy",
    "command fits command",
    "proxy fits proxy-with-solve",
    "proxy-with-solve fits proxy-with-solve",
    "command fits command-with-solve",
    "command-with-solve fits command-with-solve",
    "solve fits solve",
  ]);
});

test("missing imports and exports are named, under wac's headings", async () => {
  const adapter = check(await dummy("x07:http-adapter@0.1.0", "proxy-with-solve"), "wasi:http@0.2.8", "proxy");
  expect(adapter?.text).toBe("Imports present in the component but not in the target world:\n  - x07:solve/handler@0.1.0\n");
  expect(adapter?.facts).toEqual({ missing_imports: ["x07:solve/handler@0.1.0"], missing_exports: [], mismatches: [] });
  const solve = check(await dummy("x07:solve@0.1.0", "solve"), "wasi:cli@0.2.8", "command");
  expect(solve?.text).toBe("Exports required by target world but not present in the component:\n  - wasi:cli/run@0.2.8: instance\n");
});

const SMALL = (body: string, version = "1.2.3") => `package a:b@${version}; interface types { resource r { get: func() -> u32; } record pt { x: u32, y: option<s8> } } interface i { use types.{r, pt}; f: func(p: pt, x: borrow<r>) -> result<list<r>, string>; } ${body}`;
const fit = async (component: string, world: string) => checkTarget(await dummyOf(component, "w"), [{ path: "wit/a.wit", text: world }], /package ([^;]+);/.exec(world)![1]!, "w")?.text;

test.each([
  ["0.2.1", "0.2.9", true],
  ["0.2.9", "0.2.1", true],
  ["1.0.0", "1.9.3", true],
  ["0.1.0", "0.2.0", false],
  ["1.0.0", "2.0.0", false],
  ["0.0.1", "0.0.2", false],
  ["1.0.0-rc.1", "1.0.0", false],
])("a component of %s in a world of %s: %s", async (own, outside, expected) => {
  const world = "world w { import i; export types; }";
  expect((await fit(SMALL(world, own), SMALL(world, outside))) === undefined).toBe(expected);
});

test.each([
  ["a parameter of another type", "p: pt, x", "p: u32, x", "parameter `p`: expected u32, found record"],
  ["another name of a parameter", "p: pt, x", "q: pt, x", "expected parameter 0 to be `q`, found `p`"],
  ["one parameter more", "p: pt, x", "p: pt, z: u8, x", "expected 3 parameters, found 2"],
  ["an owned resource", "x: borrow<r>", "x: r", "parameter `x`: expected r, found borrow<r>"],
  ["another error", "string>", "u8>", "result: error: expected u8, found string"],
  ["no result", " -> result<list<r>, string>", "", "result: expected nothing, found result"],
  ["a field of another type", "x: u32,", "x: u64,", "field `x`: expected u64, found u32"],
  ["another field", "y: option", "z: option", "expected field 1 to be `z`, found `y`"],
  ["an async function", "f: func", "f: async func", "expected an async function, found one that is not async"],
])("%s is told", async (_, from, to, why) => {
  const world = "world w { import i; }";
  expect(await fit(SMALL(world).replace(from, to), SMALL(world))).toContain(why);
});

test("exports may be more than the world wants, imports fewer; less of an interface is a mismatch", async () => {
  const more = SMALL("world w { import types; export i; export extra: func(); }");
  const world = SMALL("world w { import types; import more: func(); export i; }");
  expect(await fit(more, world)).toBeUndefined();
  expect(await fit(SMALL("world w { export i; }").replace("f: func(p", "g: func(p"), SMALL("world w { export i; }"))).toContain("it lacks the function `f`");
});

test("two resources of one type are told apart", async () => {
  const wit = (f: string) => `package a:b@1.0.0; interface i { resource a; resource b; f: func(x: borrow<${f}>); } world w { import i; }`;
  expect(await fit(wit("a"), wit("a"))).toBeUndefined();
  expect(await fit(wit("a"), wit("b"))).toContain("`f`: parameter `x`: expected the resource `a`, found another, `b`");
});

test("things that are no component, and worlds that are not there", async () => {
  const text = async (bytes: Uint8Array, world = "solve") => check(bytes, "x07:solve@0.1.0", world)?.text;
  expect(await text(new Uint8Array(0))).toContain("not a WebAssembly component");
  expect(await text(await assembled("(module)"))).toContain("a core module, not a component");
  expect(await text(await dummy("x07:solve@0.1.0", "solve"), "nope")).toContain("x07:solve@0.1.0 has no world nope; it has solve");
});

// ---- hostile bytes -----------------------------------------------------------------------------------

test("every prefix of a component ends in a fault or in a type", async () => {
  const bytes = await dummy("x07:http-adapter@0.1.0", "proxy-with-solve");
  for (let length = 0; length < bytes.length; length += length < 9_000 ? 7 : 401) {
    const type = componentType(bytes.subarray(0, length));
    if (!type.ok) expect(type.error.message).not.toBe("");
  }
});

test("changed bytes never break the decoder, and never take long", async () => {
  const random = seeded(7);
  const originals = [await dummy("x07:http-adapter@0.1.0", "proxy-with-solve"), await dummy("x07:solve@0.1.0", "solve")];
  const slow: number[] = [];
  for (let i = 0; i < 1_500; i++) {
    const bytes = Uint8Array.from(originals[i % 2]!);
    const changes = 1 + random.below(6);
    // Most of a big one is types at the front and back; core code in the middle is only stepped over.
    for (let c = 0; c < changes; c++) bytes[random.below(2) === 0 ? random.below(Math.min(9_000, bytes.length)) : random.below(bytes.length)] = random.below(256);
    const start = performance.now();
    componentType(bytes);
    if (performance.now() - start > 2_000) slow.push(i);
  }
  expect(slow).toEqual([]);
}, 120_000);

const PREAMBLE = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
const component = (...sections: readonly (readonly [number, Uint8Array])[]) => {
  const w = new ByteWriter().raw(PREAMBLE);
  for (const [id, bytes] of sections) w.u8(id).sized(bytes);
  return w.bytes();
};
const bytesOf = (make: (w: ByteWriter) => void) => {
  const w = new ByteWriter();
  make(w);
  return w.bytes();
};
const faultOf = (bytes: Uint8Array) => {
  const type = componentType(bytes);
  return type.ok ? undefined : type.error.message;
};

test("a vector that claims more than there is ends at the end of the file", () => {
  expect(faultOf(component([7, bytesOf((w) => w.u32(0xffffffff).u8(0x40))]))).toBe("unexpected end");
});

test("types inside types without end are refused, as values and as declarations", () => {
  const chain = bytesOf((w) => {
    w.u32(5_000).u8(0x7d);
    for (let i = 0; i < 4_999; i++) w.u8(0x6b).s32(i);
  });
  expect(faultOf(component([7, chain]))).toBe("types are nested more than 100 deep");
  const nested = bytesOf((w) => {
    w.u32(1);
    for (let i = 0; i < 10_000; i++) w.u8(0x42).u32(1).u8(1);
  });
  expect(faultOf(component([7, nested]))).toBe("types are nested more than 50 deep");
});

test("components inside components without end are refused", () => {
  let bytes = component();
  for (let i = 0; i < 200; i++) bytes = component([4, bytes], [5, bytesOf((w) => w.u32(1).u8(0).u32(0).u32(0))]);
  expect(faultOf(bytes)).toBe("components are nested more than 40 deep");
});

test("a component that instantiates its inner one again and again stops at a limit", () => {
  let bytes = component();
  const ten = bytesOf((w) => {
    w.u32(10);
    for (let i = 0; i < 10; i++) w.u8(0).u32(0).u32(0);
  });
  for (let i = 0; i < 20; i++) bytes = component([4, bytes], [5, ten]);
  const start = performance.now();
  expect(faultOf(bytes)).toMatch(/declarations to look at/);
  expect(performance.now() - start).toBeLessThan(20_000);
});

test("a type that doubles with each line is compared in no time", () => {
  const doubling = bytesOf((w) => {
    w.u32(92).u8(0x7d);
    for (let i = 0; i < 90; i++) w.u8(0x6f).u32(2).s32(i).s32(i);
    w.u8(0x40).u32(1).name("x").s32(90).u8(1).u8(0);
  });
  const importing = component([7, doubling], [10, bytesOf((w) => w.u32(1).u8(0).name("f").u8(1).u32(91))]);
  const lines = ["type t0 = u8;", ...Array.from({ length: 90 }, (_, i) => `type t${i + 1} = tuple<t${i}, t${i}>;`)];
  const wit = `package a:b; world w { ${lines.join(" ")} import f: func(x: t90); }`;
  expect(checkTarget(importing, [{ path: "wit/a.wit", text: wit }], "a:b", "w")).toBeUndefined();
});

test("more declarations than any component has are refused before they are kept", () => {
  const many = bytesOf((w) => {
    w.u32(300_000);
    for (let i = 0; i < 300_000; i++) w.u8(0x7d);
  });
  const read = readComponent(component([7, many]));
  expect(read.ok ? "" : read.error.message).toBe("more than 200000 declarations");
});

test("references to what is not there are faults", () => {
  expect(faultOf(component([10, bytesOf((w) => w.u32(1).u8(0).name("a").u8(5).u32(7))]))).toBe("type 7 is not that of an instance");
  expect(faultOf(component([11, bytesOf((w) => w.u32(1).u8(0).name("a").u8(1).u32(3).u8(0))]))).toBe("there is no function 3");
  expect(faultOf(component([6, bytesOf((w) => w.u32(1).u8(3).u8(0).u32(0).name("x"))]))).toBe("there is no instance 0");
  expect(faultOf(component([99, new Uint8Array(0)]))).toBe("unknown section 99");
});
