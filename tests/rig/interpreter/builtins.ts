// The builtins that are plain functions of their arguments: bytes, views, vecs, codecs, options, results, f64.
// Knows memory and values; has never heard of expressions, scopes or tasks.

import {
  bytes, bytesOf, contentOf, copyOf, failed, none, numberOf, okay, outcomeOf, some, trap, unknown, vecOf, view,
  type Memory, type Value, type Vec,
} from "./value.ts";

export interface Builtin {
  /** Which arguments take ownership of a named value; the others only look at it. */
  readonly moves: readonly number[];
  /** The first argument is changed in place: when it is a name, it is read and emptied after the other arguments, which may have set it. */
  readonly inPlace: boolean;
  readonly run: (m: Memory, a: readonly Value[]) => Value;
}

type Run = Builtin["run"];
const table = new Map<string, Builtin>();
const looks = (name: string, run: Run): void => void table.set(name, { moves: [], inPlace: false, run });
const takes = (name: string, moves: readonly number[], run: Run): void => void table.set(name, { moves, inPlace: false, run });
const changes = (name: string, run: Run): void => void table.set(name, { moves: [], inPlace: true, run });
const at = (a: readonly Value[], i: number): Value => a[i] ?? unknown(`argument ${i} missing`);
const num = (a: readonly Value[], i: number): number => numberOf(at(a, i));
const data = (a: readonly Value[], i: number): Uint8Array => contentOf(at(a, i));

/** `start..start+len` of `source`, bounds checked on unsigned numbers. */
function range(source: Uint8Array, start: number, len: number, what: string): Uint8Array {
  const s = start >>> 0;
  const n = len >>> 0;
  if (s > source.length || n > source.length - s) trap(`${what} oob`);
  return source.subarray(s, s + n);
}
function byteAt(source: Uint8Array, index: number, what: string): number {
  return source[index >>> 0] ?? trap(`${what} oob`);
}
function compare(a: Uint8Array, b: Uint8Array): number {
  return Math.sign(Buffer.compare(a, b));
}
function readU32(source: Uint8Array, offset: number, what: string): number {
  const d = range(source, offset, 4, what);
  return new DataView(d.buffer, d.byteOffset, 4).getInt32(0, true);
}
export function u32le(m: Memory, ...values: readonly number[]): Uint8Array {
  const out = m.allocate(4 * values.length);
  values.forEach((v, i) => new DataView(out.buffer, out.byteOffset).setInt32(4 * i, v, true));
  return out;
}
const text = (m: Memory, s: string) => copyOf(m, new TextEncoder().encode(s));

function decimal(source: Uint8Array, what: string): number {
  if (source.length === 0) trap(`${what} empty`);
  let value = 0;
  for (const c of source) {
    if (c < 48 || c > 57) trap(`${what} non-digit`);
    value = value * 10 + (c - 48);
    if (value > 0xffffffff) trap(`${what} overflow`);
  }
  return value | 0;
}

// bytes
looks("bytes.alloc", (m, a) => bytes(m.allocate(num(a, 0))));
looks("bytes.empty", (m) => bytes(m.allocate(0)));
looks("bytes1", (m, a) => copyOf(m, Uint8Array.of(num(a, 0))));
looks("bytes.len", (_, a) => data(a, 0).length);
looks("bytes.get_u8", (_, a) => byteAt(data(a, 0), num(a, 1), "bytes.get_u8"));
changes("bytes.set_u8", (_, a) => {
  const b = bytesOf(at(a, 0));
  byteAt(b.data, num(a, 1), "bytes.set_u8");
  b.data[num(a, 1)] = num(a, 2);
  return b;
});
takes("bytes.concat", [0, 1], (m, a) => {
  const [x, y] = [bytesOf(at(a, 0)).data, bytesOf(at(a, 1)).data];
  const out = m.allocate(x.length + y.length);
  out.set(x);
  out.set(y, x.length);
  return bytes(out);
});
takes("bytes.copy", [0, 1], (_, a) => {
  const target = bytesOf(at(a, 1));
  if (target.data.length < data(a, 0).length) trap("bytes.copy oob");
  target.data.set(data(a, 0));
  return target;
});
looks("bytes.slice", (m, a) => copyOf(m, range(data(a, 0), num(a, 1), num(a, 2), "bytes.slice")));
looks("bytes.view", (_, a) => view(data(a, 0)));
looks("bytes.subview", (_, a) => view(range(data(a, 0), num(a, 1), num(a, 2), "bytes.subview")));
for (const family of ["bytes", "view"]) {
  looks(`${family}.eq`, (_, a) => (compare(data(a, 0), data(a, 1)) === 0 ? 1 : 0));
  looks(`${family}.cmp_range`, (_, a) => {
    const what = `${family}.cmp_range`;
    return compare(range(data(a, 0), num(a, 1), num(a, 2), what), range(data(a, 3), num(a, 4), num(a, 5), what));
  });
}

// views
looks("view.len", (_, a) => data(a, 0).length);
looks("view.get_u8", (_, a) => byteAt(data(a, 0), num(a, 1), "view.get_u8"));
looks("view.slice", (_, a) => view(range(data(a, 0), num(a, 1), num(a, 2), "view.slice")));
looks("view.to_bytes", (m, a) => copyOf(m, data(a, 0)));

// numbers as text and bytes
looks("fmt.u32_to_dec", (m, a) => text(m, String(num(a, 0) >>> 0)));
looks("fmt.s32_to_dec", (m, a) => text(m, String(num(a, 0))));
looks("parse.u32_dec", (_, a) => decimal(data(a, 0), "parse.u32_dec"));
looks("parse.u32_dec_at", (_, a) => {
  const d = data(a, 0);
  if (num(a, 1) >>> 0 > d.length) trap("parse.u32_dec_at oob");
  return decimal(d.subarray(num(a, 1)), "parse.u32_dec");
});
looks("codec.read_u32_le", (_, a) => readU32(data(a, 0), num(a, 1), "codec.read_u32_le"));
looks("codec.write_u32_le", (m, a) => bytes(u32le(m, num(a, 0))));
looks("prng.lcg_next_u32", (_, a) => (Math.imul(num(a, 0), 1103515245) + 12345) | 0);

// vec_u8
function room(m: Memory, v: Vec, capacity: number): void {
  if (capacity <= v.data.length) return;
  const grown = m.allocate(capacity);
  grown.set(v.data.subarray(0, v.length));
  v.data = grown;
}
function append(m: Memory, v: Vec, source: Uint8Array): Vec {
  const kept = source.slice(); // the source may be a view of the vec itself
  let capacity = Math.max(v.data.length, 1);
  while (capacity < v.length + kept.length) capacity *= 2;
  if (v.length + kept.length > v.data.length) room(m, v, capacity);
  v.data.set(kept, v.length);
  v.length += kept.length;
  return v;
}
looks("vec_u8.with_capacity", (m, a): Vec => ({ kind: "vec", data: m.allocate(num(a, 0)), length: 0 }));
looks("vec_u8.len", (_, a) => vecOf(at(a, 0)).length);
looks("vec_u8.cap", (_, a) => vecOf(at(a, 0)).data.length);
looks("vec_u8.get", (_, a) => byteAt(data(a, 0), num(a, 1), "vec_u8.get"));
looks("vec_u8.as_view", (_, a) => view(data(a, 0)));
changes("vec_u8.push", (m, a) => {
  const v = vecOf(at(a, 0));
  if (v.length === v.data.length) room(m, v, v.length === 0 ? 1 : 2 * v.length);
  v.data[v.length++] = num(a, 1);
  return v;
});
changes("vec_u8.extend_bytes", (m, a) => append(m, vecOf(at(a, 0)), data(a, 1)));
changes("vec_u8.extend_bytes_range", (m, a) =>
  append(m, vecOf(at(a, 0)), range(data(a, 1), num(a, 2), num(a, 3), "vec_u8.extend_bytes_range")),
);
changes("vec_u8.extend_zeroes", (m, a) => append(m, vecOf(at(a, 0)), new Uint8Array(m.allocate(num(a, 1)).length)));
changes("vec_u8.reserve_exact", (m, a) => {
  const v = vecOf(at(a, 0));
  room(m, v, v.length + (num(a, 1) >>> 0));
  return v;
});
changes("vec_u8.set", (_, a) => {
  const v = vecOf(at(a, 0));
  byteAt(data(a, 0), num(a, 1), "vec_u8.set");
  v.data[num(a, 1)] = num(a, 2);
  return v;
});
changes("vec_u8.clear", (_, a) => {
  const v = vecOf(at(a, 0));
  v.length = 0;
  return v;
});
takes("vec_u8.into_bytes", [0], (_, a) => {
  const v = vecOf(at(a, 0));
  return bytes(v.data.subarray(0, v.length));
});

// options and results
for (const family of ["option_i32", "option_bytes", "option_bytes_view"]) {
  looks(`${family}.none`, () => none);
  takes(`${family}.some`, [0], (_, a) => some(at(a, 0)));
  looks(`${family}.is_some`, (_, a) => (optionValue(at(a, 0)) === undefined ? 0 : 1));
  takes(`${family}.unwrap_or`, [0, 1], (_, a) => optionValue(at(a, 0)) ?? at(a, 1));
}
for (const family of ["result_i32", "result_bytes", "result_bytes_view", "result_result_bytes"]) {
  takes(`${family}.ok`, [0], (_, a) => okay(at(a, 0)));
  looks(`${family}.err`, (_, a) => failed(num(a, 0)));
  looks(`${family}.is_ok`, (_, a) => (outcomeOf(at(a, 0)).value === undefined ? 0 : 1));
  looks(`${family}.err_code`, (_, a) => outcomeOf(at(a, 0)).code);
  takes(`${family}.unwrap_or`, [0, 1], (_, a) => outcomeOf(at(a, 0)).value ?? at(a, 1));
}
function optionValue(v: Value): Value | undefined {
  return typeof v === "object" && v.kind === "option" ? v.value : unknown("an option expected");
}

// f64
looks("f64.of_i32", (_, a) => num(a, 0));
looks("f64.add", (_, a) => num(a, 0) + num(a, 1));
looks("f64.sub", (_, a) => num(a, 0) - num(a, 1));
looks("f64.mul", (_, a) => num(a, 0) * num(a, 1));
looks("f64.div", (_, a) => num(a, 0) / num(a, 1));
looks("f64.to_i32_trunc", (_, a) => {
  const t = Math.trunc(num(a, 0));
  return t >= -2147483648 && t <= 2147483647 ? t | 0 : -2147483648;
});

export const builtins: ReadonlyMap<string, Builtin> = table;
