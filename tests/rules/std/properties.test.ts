// Std against plain JavaScript on random input: what the table cannot list. Runs compiled, as the interpreter is held to the
// same table and is slow.

import { posix } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compiled, programOf, type Execute } from "./execute.ts";

const std = (solve: string): Execute => compiled(programOf(solve));
const latin1 = (s: string): Buffer => Buffer.from(s, "latin1");
const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map((b) => Buffer.from(b));
const few = { numRuns: 200, seed: 7 };

describe("json", () => {
  const canonicalize = std("(std.json.canonicalize_small input)");
  const pretty = std("(std.json.pretty_encode input)");
  const key = fc.string({ maxLength: 4, unit: fc.constantFrom("a", "b", "é", "\\", '"', "\n", "z") });
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, false, 0, -1, 123456, "", "x\ny", '"\\'),
      fc.array(tie("value"), { maxLength: 5 }),
      fc.dictionary(key, tie("value"), { maxKeys: 6 }),
    ),
  }));
  const raw = (k: string): Buffer => Buffer.from(JSON.stringify(k).slice(1, -1));
  const sort = (v: unknown): unknown => {
    if (Array.isArray(v)) return v.map(sort);
    if (v === null || typeof v !== "object") return v;
    const members = Object.entries(v).sort(([a], [b]) => Buffer.compare(raw(a), raw(b)));
    return Object.fromEntries(members.map(([k, m]) => [k, sort(m)]));
  };

  test("the canonical form is the sorted value, whatever the white space", () => {
    fc.assert(
      fc.property(value, fc.constantFrom("", " ", "\t", "  "), (v, indent) => {
        const text = Buffer.from(JSON.stringify(v, null, indent));
        expect(canonicalize(text)).toBe(Buffer.from(JSON.stringify(sort(v))).toString("latin1"));
      }),
      few,
    );
  });
  test("the layout is that of JSON.stringify with two spaces", () => {
    fc.assert(
      fc.property(value, (v) => {
        expect(pretty(Buffer.from(JSON.stringify(v)))).toBe(Buffer.from(JSON.stringify(sort(v), null, 2)).toString("latin1"));
      }),
      few,
    );
  });
  test("a damaged text is ERR exactly when JavaScript refuses it", () => {
    const byte = fc.constantFrom(...'{}[]":,\\ 01-tn');
    fc.assert(
      fc.property(value, fc.nat(), byte, fc.constantFrom("insert", "drop", "replace"), (v, place, c, how) => {
        const text = JSON.stringify(v);
        const at = place % text.length;
        const damaged = text.slice(0, at) + (how === "drop" ? "" : c) + text.slice(how === "insert" ? at : at + 1);
        expect(canonicalize(Buffer.from(damaged)) !== "ERR").toBe(isJson(damaged));
      }),
      { ...few, numRuns: 600 },
    );
  });
  test("a path finds what plain access finds", () => {
    const extract = std("(std.json.extract_path_canon_or_err input)");
    const name = fc.constantFrom("a", "b", "c");
    const tree = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof({ maxDepth: 3 }, fc.nat(9), fc.dictionary(name, tie("node"), { maxKeys: 3 })),
    })).node;
    fc.assert(
      fc.property(tree, fc.array(name, { minLength: 1, maxLength: 3 }), (v, path) => {
        let found: unknown = v;
        for (const k of path) found = typeof found === "object" && found !== null ? (found as Record<string, unknown>)[k] : undefined;
        const want = found === undefined ? "ERR" : JSON.stringify(sort(found));
        expect(extract(Buffer.from(`${JSON.stringify(v)}\0${path.join(".")}`))).toBe(want);
      }),
      few,
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
  } catch {
    return false;
  }
  return true;
}

test("base64 and hex agree with Buffer and come back", () => {
  const encode = std("(std.codec.base64_encode_v1 input)");
  const decode = std("(std.codec.base64_decode_v1 input)");
  const hex = std("(std.codec.hex_encode_v1 input)");
  const unhex = std("(std.codec.hex_decode_v1 input)");
  fc.assert(
    fc.property(bytes(40), (b) => {
      expect(encode(b)).toBe(b.toString("base64"));
      expect(decode(latin1(b.toString("base64")))).toBe(`\x01${b.toString("latin1")}`);
      expect(hex(b)).toBe(b.toString("hex"));
      expect(unhex(latin1(b.toString("hex").toUpperCase()))).toBe(`\x01${b.toString("latin1")}`);
    }),
    few,
  );
});

test("base64 takes exactly what has one spelling", () => {
  const decode = std("(std.codec.base64_decode_v1 input)");
  fc.assert(
    fc.property(fc.string({ maxLength: 8, unit: fc.constantFrom("A", "Q", "g", "w", "=", "/", "!") }), (s) => {
      const canonical = Buffer.from(s, "base64").toString("base64") === s;
      expect(decode(latin1(s)).startsWith("\x01")).toBe(canonical);
    }),
    { ...few, numRuns: 1000 },
  );
});

test("utf8 agrees with the strict decoder", () => {
  const count = std("(fmt.s32_to_dec (std.text.utf8.count_codepoints_or_neg1 input))");
  const lead = fc.constantFrom(0x41, 0x7f, 0x80, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff, 0x8f, 0x90, 0x9f, 0xa0);
  fc.assert(
    fc.property(fc.array(lead, { maxLength: 6 }), (list) => {
      expect(count(Buffer.from(list))).toBe(String(strictCount(Uint8Array.from(list))));
    }),
    { ...few, numRuns: 1000 },
  );
});

function strictCount(b: Uint8Array): number {
  try {
    return [...new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(b)].length;
  } catch {
    return -1;
  }
}

test("numbers parse as they print", () => {
  const print = std("(std.fmt.s32_to_dec (codec.read_u32_le input 0))");
  const parse = std("(std.parse.i32_status_le input)");
  fc.assert(
    fc.property(fc.integer(), (n) => {
      const le = Buffer.alloc(4);
      le.writeInt32LE(n);
      expect(print(le)).toBe(String(n));
      expect(parse(latin1(String(n)))).toBe(`\x01${le.toString("latin1")}`);
    }),
    few,
  );
});

test("paths are normalised as by node:path", () => {
  const normalize = std("(std.path.normalize_posix input)");
  const want = (p: string): string => {
    const n = posix.normalize(p).replace(/(.)\/$/, "$1");
    return n === "." ? "" : n;
  };
  fc.assert(
    fc.property(fc.string({ maxLength: 12, unit: fc.constantFrom("a", ".", "/", "..", "b") }), (p) => {
      expect(normalize(latin1(p))).toBe(want(p));
    }),
    { ...few, numRuns: 500 },
  );
});

describe("collections", () => {
  const words = (list: readonly number[]): Buffer => Buffer.from(Uint32Array.from(list).buffer);
  const numbers = fc.array(fc.oneof(fc.nat(9), fc.integer({ min: 0, max: 0xfffffffe })), { maxLength: 40 });
  const each = (start: string, step: string, emit: string): Execute =>
    std(`(begin (let c ${start}) (for i 0 (>>u (view.len input) 2) (set c (${step} c (codec.read_u32_le input (* i 4))))) (${emit} c))`);
  const ascending = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);

  test("heap_u32 sorts", () => {
    const sort = each("(std.heap_u32.with_capacity 1)", "std.heap_u32.push", "std.heap_u32.emit_u32le");
    fc.assert(fc.property(numbers, (list) => void expect(sort(words(list))).toBe(words(ascending(list)).toString("latin1"))), few);
  });
  test("btree_set is a sorted set", () => {
    const set = each("(std.btree_set.empty_u32)", "std.btree_set.insert_u32", "std.btree_set.emit_u32le");
    fc.assert(fc.property(numbers, (list) => void expect(set(words(list))).toBe(words(ascending([...new Set(list)])).toString("latin1"))), few);
  });
  test("deque_u32 keeps order while it turns and grows", () => {
    const queue = std(`(begin (let q (std.deque_u32.with_capacity 1)) (for i 0 (>>u (view.len input) 2) (begin (let x (codec.read_u32_le input (* i 4))) (set q (if (< x 3) (std.deque_u32.pop_front q) (std.deque_u32.push_back q x))))) (std.deque_u32.emit_u32le q))`);
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 60 }), (list) => {
        const model: number[] = [];
        for (const x of list) x < 3 ? model.shift() : model.push(x);
        expect(queue(words(list))).toBe(words(model).toString("latin1"));
      }),
      few,
    );
  });
  test("small_map counts as a Map does", () => {
    const count = std(`(begin (let m (std.small_map.empty_bytes_u32)) (for i 0 (view.len input) (set m (std.small_map.inc1_bytes_u32 m (view.slice input i (& (view.get_u8 input i) 1))))) m)`);
    fc.assert(
      fc.property(bytes(30), (b) => {
        const model = new Map<string, number>();
        b.forEach((x, i) => {
          const k = b.subarray(i, i + (x & 1)).toString("latin1");
          model.set(k, (model.get(k) ?? 0) + 1);
        });
        const entries = [...model].sort(([p], [q]) => (p < q ? -1 : 1));
        expect(count(b)).toBe(entries.map(([k, n]) => words([k.length]).toString("latin1") + k + words([n]).toString("latin1")).join(""));
      }),
      few,
    );
  });
  test("word counts and unique lines are sorted", () => {
    const frequencies = std("(std.map.word_freq_sorted_ascii input)");
    const lines = std("(std.set.unique_lines_sorted input)");
    fc.assert(
      fc.property(fc.string({ maxLength: 60, unit: fc.constantFrom("a", "B", "c", " ", "\n", "\t", "1", "\r\n") }), (s) => {
        const counts = new Map<string, number>();
        for (const w of s.toLowerCase().match(/[a-z]+/g) ?? []) counts.set(w, (counts.get(w) ?? 0) + 1);
        expect(frequencies(latin1(s))).toBe([...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([w, n]) => `${w}=${n}`).join("\n"));
        const unique = new Set(s.split("\n").map((l) => l.replace(/\r$/, "").replace(/^[ \t]+|[ \t]+$/g, "")).filter((l) => l !== ""));
        expect(lines(latin1(s))).toBe([...unique].sort().join("\n"));
      }),
      few,
    );
  });
});

test("find_sub and regex-lite agree with JavaScript", () => {
  const find = std(`(begin (let n (std.bytes.find_u8 input '|')) (fmt.s32_to_dec (std.bytes.find_sub (view.slice input (+ n 1) (- (view.len input) (+ n 1))) (view.slice input 0 n))))`);
  const count = std("(std.regex-lite.count_matches_u32le input)");
  const text = fc.string({ maxLength: 14, unit: fc.constantFrom("a", "b") });
  fc.assert(
    fc.property(fc.string({ maxLength: 3, unit: fc.constantFrom("a", "b") }), text, (needle, hay) => {
      expect(find(latin1(`${needle}|${hay}`))).toBe(String(hay.indexOf(needle)));
    }),
    few,
  );
  const item = fc.constantFrom("a", "b", ".", "a*", "b*", ".*");
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 4 }), text, (pattern, hay) => {
      // A match of nothing at the very end is not counted.
      const matches = [...hay.matchAll(new RegExp(pattern.join(""), "g"))].filter((m) => m.index < hay.length).length;
      expect(latin1(count(latin1(`${pattern.join("")}\0${hay}`))).readUInt32LE()).toBe(matches);
    }),
    few,
  );
});

describe("no input makes these trap", () => {
  const total = [
    "(std.json.canonicalize_small input)", "(std.json.encode input 0)", "(std.json.pretty_encode input)", "(std.json.extract_path_canon_or_err input)",
    "(std.http.envelope.extract_body_text_canon_or_err_v1 input)", "(std.codec.base64_decode_v1 input)", "(std.codec.hex_decode_v1 input)",
    "(std.doc.payload_v1 input)", "(std.doc.error_msg_v1 input)", "(std.doc.err_payload_v1 input)", "(fmt.s32_to_dec (std.doc.error_code_v1 input))",
    "(std.parse.u32_status_le input)", "(std.parse.i32_status_le input)", "(std.parse.i32_status_le_at input 2)", "(std.text.ascii.normalize_lines input)",
    "(std.text.ascii.split_lines_view input)", "(view.to_bytes (std.text.ascii.last_line_view input))", "(std.text.utf8.validate_or_empty input)",
    "(std.text.slices.copy_at_v1 input input 0)", "(fmt.s32_to_dec (result_i32.err_code (std.text.slices.validate_v1 input)))",
    "(std.regex-lite.count_matches_u32le input)", "(std.csv.sum_second_col_i32le_or_err input)", "(std.path.normalize_posix input)", "(std.path.extname input)",
    "(std.path.parent input)", "(std.path.join input input)", "(std.map.word_freq_sorted_ascii input)", "(std.set.unique_lines_sorted input)",
    "(std.prng.x07rand32_v1_stream (view.slice input 0 (if (< (view.len input) 11) (view.len input) 11)))", "(std.bytes.slice input -3 7)",
  ];
  const lively = fc.string({ maxLength: 24, unit: fc.constantFrom(...'{}[]":,\\u0 1-t.a*/=+\n\r\t\0\x01X7SL\xff\xc3\xa9') });
  test.each(total)("%s", (solve) => {
    const run = std(solve);
    fc.assert(fc.property(lively, (s) => void expect(run(latin1(s))).not.toBe("trap")), few);
  });
});
