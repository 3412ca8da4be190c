// Builtins with hidden state behind i32 handles: u32 maps and sets, value vectors and maps, readers. One table a run.
// Knows nothing of expressions or tasks.

import type { Builtin } from "./builtins.ts";
import { u32le } from "./builtins.ts";
import { bytes, contentOf, copyOf, numberOf, trap, unknown, view, type Memory, type Value } from "./value.ts";

interface U32Table {
  readonly capacity: number;
  readonly entries: Map<number, number>;
}

/** Handles are 1, 2, … in order of creation, each kind counted for itself. */
interface Store<T> {
  add(value: T): number;
  get(handle: Value): T;
}
function store<T>(what: string): Store<T> {
  const all: T[] = [];
  return {
    add: (value) => all.push(value),
    get: (handle) => all[numberOf(handle) - 1] ?? trap(`${what} bad handle`),
  };
}

export function handleBuiltins(): ReadonlyMap<string, Builtin> {
  const table = new Map<string, Builtin>();
  const define = (name: string, moves: readonly number[], run: (m: Memory, ...a: Value[]) => Value): void => {
    table.set(name, { moves, inPlace: false, run: (m, a) => run(m, ...a) });
  };
  const tables = store<U32Table>("map_u32"); // a set is a map to 1
  defineU32(define, "map_u32", tables);
  defineU32(define, "set_u32", tables);
  defineVecValue(define);
  defineMapValue(define);
  defineReaders(define);
  define("process.set_exit_code_v1", [], () => 0); // the code is not part of the output
  return table;
}

type Define = (name: string, moves: readonly number[], run: (m: Memory, ...a: Value[]) => Value) => void;
const missing = (): never => unknown("argument missing");

function defineU32(define: Define, family: "map_u32" | "set_u32", tables: Store<U32Table>): void {
  const key = (k: Value, what: string): number =>
    numberOf(k) === -1 ? trap(`${family}.${what} key=-1 reserved`) : numberOf(k) >>> 0;
  const insert = (h: Value, k: number, v: number): number => {
    const t = tables.get(h);
    const fresh = !t.entries.has(k);
    if (fresh && t.entries.size >= t.capacity) trap(`${family} full`);
    t.entries.set(k, v);
    return fresh ? 1 : 0;
  };
  /** In the order of the keys, unsigned. */
  const entries = (h: Value): [number, number][] => [...tables.get(h).entries].sort(([a], [b]) => (a >>> 0) - (b >>> 0));

  define(`${family}.new`, [], (_, cap = missing()) => {
    const n = numberOf(cap);
    if (n < 1 || (n & (n - 1)) !== 0) trap(`${family}.new capacity must be a power of two`);
    return tables.add({ capacity: n, entries: new Map() });
  });
  define(`${family}.len`, [], (_, h = missing()) => tables.get(h).entries.size);
  define(`${family}.contains`, [], (_, h = missing(), k = missing()) => (tables.get(h).entries.has(key(k, "contains")) ? 1 : 0));
  define(`${family}.remove`, [], (_, h = missing(), k = missing()) => (tables.get(h).entries.delete(key(k, "remove")) ? 1 : 0));
  if (family === "set_u32") {
    define("set_u32.add", [], (_, h = missing(), k = missing()) => insert(h, key(k, "add"), 1));
    define("set_u32.dump_u32le", [], (m, h = missing()) => bytes(u32le(m, ...entries(h).map(([k]) => k))));
    return;
  }
  define("map_u32.get", [], (_, h = missing(), k = missing(), or = missing()) => tables.get(h).entries.get(key(k, "get")) ?? or);
  define("map_u32.set", [], (_, h = missing(), k = missing(), v = missing()) => insert(h, key(k, "set"), numberOf(v)));
  define("map_u32.dump_kv_u32le_u32le", [], (m, h = missing()) => bytes(u32le(m, ...entries(h).flat())));
}

function defineVecValue(define: Define): void {
  const vectors = store<Uint8Array[]>("vec_value");
  const slot = (h: Value, i: Value): number => {
    const index = numberOf(i) >>> 0;
    return index < vectors.get(h).length ? index : trap("vec_value oob");
  };
  define("vec_value.with_capacity_v1", [], () => vectors.add([]));
  define("vec_value.len", [], (_, h = missing()) => vectors.get(h).length);
  define("vec_value.push_v1", [1], (_, h = missing(), b = missing()) => {
    vectors.get(h).push(contentOf(b));
    return h;
  });
  define("vec_value.set_v1", [2], (_, h = missing(), i = missing(), b = missing()) => {
    vectors.get(h)[slot(h, i)] = contentOf(b);
    return h;
  });
  define("vec_value.get_v1", [2], (m, h = missing(), i = missing(), or = missing()) => {
    const found = vectors.get(h)[numberOf(i) >>> 0];
    return found === undefined ? or : copyOf(m, found);
  });
  define("vec_value.clear_v1", [], (_, h = missing()) => {
    vectors.get(h).length = 0;
    return h;
  });
}

function defineMapValue(define: Define): void {
  const maps = store<Map<string, Uint8Array>>("map_value");
  const key = (k: Value): string => Buffer.from(contentOf(k)).toString("latin1");
  define("map_value.new_v1", [], () => maps.add(new Map()));
  define("map_value.len", [], (_, h = missing()) => maps.get(h).size);
  define("map_value.contains_v1", [1], (_, h = missing(), k = missing()) => (maps.get(h).has(key(k)) ? 1 : 0));
  define("map_value.remove_v1", [1], (_, h = missing(), k = missing()) => (maps.get(h).delete(key(k)) ? 1 : 0));
  define("map_value.set_v1", [1, 2], (_, h = missing(), k = missing(), v = missing()) => {
    const fresh = !maps.get(h).has(key(k));
    maps.get(h).set(key(k), contentOf(v));
    return fresh ? 1 : 0;
  });
  define("map_value.get_v1", [1, 2], (m, h = missing(), k = missing(), or = missing()) => {
    const found = maps.get(h).get(key(k));
    return found === undefined ? or : copyOf(m, found);
  });
}

function defineReaders(define: Define): void {
  const readers = store<{ rest: Uint8Array }>("io.read");
  const buffers = store<{ source: { rest: Uint8Array }; capacity: number; held: Uint8Array }>("bufread");
  const take = (reader: { rest: Uint8Array }, max: number): Uint8Array => {
    const part = reader.rest.subarray(0, max);
    reader.rest = reader.rest.subarray(part.length);
    return part;
  };
  define("io.open_read_bytes", [0], (_, b = missing()) => readers.add({ rest: contentOf(b).slice() }));
  define("io.read", [], (m, r = missing(), max = missing()) => copyOf(m, take(readers.get(r), numberOf(max) >>> 0)));
  define("bufread.new", [], (_, r = missing(), capacity = missing()) =>
    buffers.add({ source: readers.get(r), capacity: numberOf(capacity) >>> 0, held: new Uint8Array(0) }),
  );
  define("bufread.fill", [], (_, h = missing()) => {
    const b = buffers.get(h);
    if (b.held.length === 0) b.held = take(b.source, b.capacity);
    return view(b.held);
  });
  define("bufread.consume", [], (_, h = missing(), n = missing()) => {
    const b = buffers.get(h);
    if (numberOf(n) >>> 0 > b.held.length) trap("bufread.consume oob");
    b.held = b.held.subarray(numberOf(n));
    return 0;
  });
}
