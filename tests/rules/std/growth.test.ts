// The work of std functions grows with their input and not faster: four times the input, about four times the fuel. Counts
// fuel, so the machine's speed has no part in it.

import { expect, test } from "vitest";
import { measured, programOf } from "./execute.ts";

const text = (n: number): string => Array.from({ length: n }, (_, i) => `w${(i * 7919) % 1000}`).join(" ");
const lines = (n: number): string => text(n).replaceAll(" ", "\n");
const letters = (n: number): string => text(n).replaceAll(/\d/g, (d) => "abcdefghij"[Number(d)] ?? "");
const objects = (n: number): string => JSON.stringify(Array.from({ length: n }, (_, i) => ({ z: i, b: { d: [1, 2], c: "x" }, a: "text" })));
const wide = (n: number): string => `{${Array.from({ length: n }, (_, i) => `"k${(i * 7919) % n}":${i}`).join(",")}}`;
const deep = (n: number): string => "[".repeat(n) + "]".repeat(n);
const csv = (n: number): string => Array.from({ length: n }, (_, i) => `a,${i}`).join("\n");
const zeros = (n: number): string => "\0".repeat(n);

/** n log n is within 5.5 for these sizes; anything quadratic is near 16. */
const rows: readonly (readonly [solve: string, make: (n: number) => string, n: number])[] = [
  ["(std.json.canonicalize_small input)", objects, 200],
  ["(std.json.canonicalize_small input)", wide, 300],
  ["(std.json.canonicalize_small input)", deep, 500],
  ["(std.json.encode input 0)", objects, 200],
  ["(std.json.pretty_encode input)", objects, 200],
  ["(std.json.extract_path_canon_or_err input)", (n) => `{"a":{"b":${objects(n)},"c":1}}\0a.c`, 200],
  ["(std.http.envelope.extract_path_canon_or_err_v1 input)", (n) => `{"path":"/","body":{"text":${JSON.stringify(text(n))}}}`, 500],
  ["(std.codec.base64_encode_v1 input)", text, 500],
  ["(std.codec.base64_decode_v1 input)", (n) => Buffer.from(text(n)).toString("base64"), 500],
  ["(std.codec.hex_decode_v1 (std.codec.hex_encode_v1 input))", text, 500],
  ["(codec.write_u32_le (std.bytes.find_sub input (bytes.view_lit \"w12345\")))", text, 500],
  ["(std.text.ascii.split_u8 input ' ')", text, 500],
  ["(std.text.ascii.split_lines_view input)", lines, 500],
  ["(std.text.ascii.normalize_lines input)", lines, 500],
  ["(std.text.ascii.tokenize_words_lower input)", letters, 500],
  ["(std.map.word_freq_sorted_ascii input)", letters, 500],
  ["(std.set.unique_lines_sorted input)", lines, 500],
  ["(std.text.utf8.validate_or_empty input)", text, 500],
  ["(std.csv.sum_second_col_i32_status_le input)", csv, 500],
  ["(std.path.normalize_posix input)", (n) => "a/b/../".repeat(n), 100],
  ["(begin (let h (std.heap_u32.with_capacity 1)) (for i 0 (view.len input) (set h (std.heap_u32.push h (std.hash.mix32 i)))) (std.heap_u32.emit_u32le h))", zeros, 300],
  ["(begin (let q (std.deque_u32.with_capacity 1)) (for i 0 (view.len input) (set q (std.deque_u32.push_back q i))) (std.deque_u32.emit_u32le q))", zeros, 300],
  ["(begin (let m (std.hash_map.with_capacity_u32 4096)) (for i 0 (view.len input) (std.hash_map.set_u32 m (std.hash.mix32 i) i)) (codec.write_u32_le (std.hash_map.len_u32 m)))", zeros, 500],
  ["(begin (let c (std.lru_cache.new_u32 100)) (for i 0 (view.len input) (set c (std.lru_cache.put_u32 c (& (std.hash.mix32 i) 255) i))) c)", zeros, 500],
  ["(begin (let v (std.vec_value.with_capacity_bytes 0)) (for i 0 (view.len input) (std.vec_value.push_bytes v (codec.write_u32_le i))) (codec.write_u32_le (std.vec_value.len v)))", zeros, 500],
  ["(begin (let h (tapp std.heap.with_capacity (tys i32) 1)) (for i 0 (view.len input) (set h (tapp std.heap.push (tys i32) h (std.hash.mix32 i)))) (tapp std.heap.emit_le (tys i32) h))", zeros, 300],
  ["(std.pbt.gen_v1.next_bytes_v1 1 (* (view.len input) 8))", zeros, 500],
  ["(std.pbt.shrink_v1.i32_candidates_case_v1 (view.len input))", zeros, 500],
  ["(std.result.chain_sum_csv_i32 input)", (n) => Array.from({ length: n }, (_, i) => i).join(","), 500],
  ["(begin (let s (std.hash_set.view_new 1)) (for i 0 (- (view.len input) 4) (set s (std.hash_set.view_insert s input i 4))) (codec.write_u32_le (std.hash_set.view_len (vec_u8.as_view s))))", text, 300],
];

test.each(rows.map(([solve, make, n]) => [solve.replace(/^\(begin /, ""), solve, make, n] as const))("%s", (_about, solve, make, n) => {
  const fuel = measured(programOf(solve));
  const [small, large] = [fuel(Buffer.from(make(n), "latin1")), fuel(Buffer.from(make(4 * n), "latin1"))];
  expect(large / small).toBeGreaterThan(2);
  expect(large / small).toBeLessThan(6);
});
