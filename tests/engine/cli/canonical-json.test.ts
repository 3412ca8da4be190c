// Canonical JSON: numbers exact, keys in byte order, one text per value, and every text that is not JSON told with its place.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { canonical, compareUtf8, parseJson, pretty } from "../../../engine/lib/canonical-json.ts";

function round(text: string | Uint8Array): string {
  const parsed = parseJson(text);
  if (!parsed.ok) throw new Error(`${parsed.error.message} at ${parsed.error.line}:${parsed.error.column}`);
  return canonical(parsed.value);
}

describe("numbers", () => {
  test.each([
    ["[18446744073709551615,-9223372036854775808]", "[18446744073709551615,-9223372036854775808]"],
    ["18446744073709551616", "1.8446744073709552e19"],
    ["[9007199254740991,9007199254740992,9007199254740993]", "[9007199254740991,9007199254740992,9007199254740993]"],
    ['{"a":1.0,"b":1}', '{"a":1.0,"b":1}'],
    ["[1e2,1E-7,1e15,1e16,123456789012345680.0,0.1,-0.0,-0,0]", "[100.0,1e-7,1000000000000000.0,1e16,1.2345678901234568e17,0.1,-0.0,-0.0,0]"],
    ["[0.00001,0.000001,1.5e300,5e-324]", "[0.00001,1e-6,1.5e300,5e-324]"],
  ])("%s", (text, expected) => expect(round(text)).toBe(`${expected}\n`));
  test("any float survives", () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => Object.is(Number(round(`[${Object.is(x, -0) ? "-0.0" : x}]`).slice(1, -2)), x)));
  });
  test("any integer of 64 bits survives", () => {
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (n) => round(`{"n":${n}}`) === `{"n":${n}}\n`));
  });
});

describe("texts", () => {
  test("keys in UTF-8 order, not UTF-16 order", () => {
    expect(round('{"\u{1F600}":1,"\uffff":2,"é":3,"z":4,"":5}')).toBe('{"":5,"z":4,"é":3,"\uffff":2,"\u{1F600}":1}\n');
    fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => Math.sign(compareUtf8(a, b)) === Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)))));
  });
  test("least escaping", () => {
    expect(round('"\\u0041\\/\\u0000\\u001f\\b\\f\\n\\r\\t\\"\\\\\\u007f\\u2028\\ud83d\\ude00"')).toBe('"A/\\u0000\\u001f\\b\\f\\n\\r\\t\\"\\\\\u007f\u2028😀"\n');
  });
  test("the last of equal keys wins, also __proto__", () => {
    expect(round('{"a":1,"a":2}')).toBe('{"a":2}\n');
    expect(round('{"__proto__":{"x":1.0}}')).toBe('{"__proto__":{"x":1.0}}\n');
  });
  test("pretty", () => {
    expect(pretty({ b: [], a: {}, c: [1, { d: "x", gone: undefined }] })).toBe('{\n  "a": {},\n  "b": [],\n  "c": [\n    1,\n    {\n      "d": "x"\n    }\n  ]\n}\n');
  });
  test("any value, read natively or exactly, has one canonical text", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      return round(`[1.0,${text}]`) === `[1.0,${round(text).trimEnd()}]\n`;
    }));
  });
});

describe("what is not JSON", () => {
  test.each([
    ["", 1, 1], ["{", 1, 2], ["[1,]", 1, 4], ['{"a":1,}', 1, 8], ["{'a':1}", 1, 2], ["[1 2]", 1, 4], ["01", 1, 1], ["1.", 1, 1], ["-", 1, 1], ["nul", 1, 1], ["NaN", 1, 1],
    ['"\n"', 1, 2], ['"a', 1, 1], ['"\\x"', 1, 2], ['"\\u12g4"', 1, 2], ['"\\ud800"', 1, 2], ['"\\udc00\\ud800"', 1, 2], ['{\n "a": tru }', 2, 7], ["1 1", 1, 3], ["\ufeff1", 1, 1], ["1e999", 1, 1],
  ])("%j", (text, line, column) => {
    const parsed = parseJson(text);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect([parsed.error.line, parsed.error.column]).toEqual([line, column]);
  });
  test("bad UTF-8", () => expect(parseJson(new Uint8Array([34, 0xff, 34])).ok).toBe(false));
  test("too deep, however deep, is an error and not a crash", () => {
    for (const [open, close] of [["[", "]"], ['{"a":', "}"]] as const) {
      const nested = (n: number): string => open.repeat(n) + "1" + close.repeat(n);
      expect(parseJson(nested(127)).ok).toBe(true);
      for (const n of [128, 1_000_000]) expect(parseJson(nested(n)).ok).toBe(false);
      expect(parseJson(open.repeat(200_000)).ok).toBe(false);
    }
  });
  test("arbitrary text is never a throw, and agrees with the native reader", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'[]{},:"\\0123456789.eE+-utrfalsn \n'.split("")), maxLength: 20 }), (text) => {
      let native = true;
      try {
        JSON.parse(text);
      } catch {
        native = false;
      }
      const mine = parseJson(text);
      return mine.ok === native || (!mine.ok && /lone surrogate|out of range/.test(mine.error.message));
    }), { numRuns: 3000 });
  });
});
