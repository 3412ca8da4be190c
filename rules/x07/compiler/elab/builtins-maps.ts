// Builtins that work on integer handles: u32 maps and sets, vectors and maps of bytes, readers. Knows signatures; the tables live in the runtime.

import { callExpr } from "../builder.ts";
import type { IrExpr } from "../ir.ts";
import { ONE, ZERO, k, load, not } from "../ops.ts";
import { KINDS } from "../runtime/tables.ts";
import type { Kind } from "../runtime/tables.ts";
import type { Type } from "../types.ts";
import { copyOf, part } from "./builtins-bytes.ts";
import type { Builtin, ParamSpec } from "./builtins.ts";
import type { Context } from "./context.ts";
import type { Value } from "./values.ts";
import { int, value } from "./values.ts";

type Entry = readonly [string, Builtin];

export const MAPS: readonly Entry[] = [
  ...table("map_u32"),
  one("map_u32.get", ["i32", "i32", "i32"], (a) => callExpr("rt.u32_get", a)),
  one("map_u32.set", ["i32", "i32", "i32"], (a) => callExpr("rt.u32_put", a)),
  ...table("set_u32"),
  one("set_u32.add", ["i32", "i32"], (a) => callExpr("rt.u32_put", [...a, ONE])),
  ...vectors(),
  ...maps(),
  ...readers(),
];

/** Heads that only built-in modules may use. */
export const INTERNAL: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  many("map_u32.dump_kv_u32le_u32le", ["i32"], "bytes", (a) => ["rt.u32_dump", [...a, k(8)]]),
  many("set_u32.dump_u32le", ["i32"], "bytes", (a) => ["rt.u32_dump", [...a, k(4)]]),
]);

function one(name: string, params: readonly ParamSpec[], make: (args: IrExpr[]) => IrExpr): Entry {
  return [name, { params, result: "i32", emit: (_cx, args) => int(make(args.flatMap((a) => [...a.parts]))) }];
}

/** A builtin whose result is two scalars of a runtime call. */
function many(name: string, params: readonly ParamSpec[], result: Type, make: (args: IrExpr[]) => [string, IrExpr[]]): Entry {
  const emit = (cx: Context, args: readonly Value[]): Value => {
    const [target, parts] = make(args.flatMap((a) => [...a.parts]));
    return value(result, cx.b.callMany(target, parts, ["i32", "i32"]), { loose: "temp" });
  };
  return [name, { params, result, emit }];
}

function act(name: string, params: readonly ParamSpec[], run: (cx: Context, args: readonly Value[]) => IrExpr): Entry {
  return [name, { params, result: "i32", emit: (cx, args) => int(run(cx, cx.force(args))) }];
}

function get(kind: Kind, handle: IrExpr): IrExpr {
  return callExpr("rt.handle_get", [k(KINDS[kind]), handle]);
}

function table(kind: "map_u32" | "set_u32"): Entry[] {
  return [
    one(`${kind}.new`, ["i32"], (a) => callExpr("rt.u32_new", a)),
    one(`${kind}.len`, ["i32"], ([h]) => load(4, get(kind, h ?? ZERO), 4)),
    one(`${kind}.contains`, ["i32", "i32"], (a) => callExpr("rt.u32_has", a)),
    one(`${kind}.remove`, ["i32", "i32"], (a) => callExpr("rt.u32_remove", a)),
  ];
}

/** A new block of three zero words behind a handle; the wished capacity is only a hint. */
function newBlock(kind: Kind): (cx: Context) => IrExpr {
  return (cx) => {
    const block = cx.b.fresh(callExpr("rt.alloc", [k(12)]));
    cx.b.fill(block, ZERO, k(12));
    return cx.b.fresh(callExpr("rt.handle_new", [k(KINDS[kind]), block]));
  };
}

/** A copy of the (ptr, len) at `slot + offset`, or the default; the one not taken is dropped. */
function copyOr(cx: Context, slot: IrExpr, offset: number, fallback: Value): Value {
  const [ptr, len] = cx.newLocals("bytes");
  if (ptr === undefined || len === undefined) return fallback;
  cx.b.if(
    not(slot),
    () => {
      cx.b.set(ptr, part(fallback));
      cx.b.set(len, part(fallback, 1));
    },
    () => {
      cx.drop("bytes", fallback.parts);
      const copy = copyOf(cx, [load(4, slot, offset), load(4, slot, offset + 4)]);
      cx.b.set(ptr, part(copy));
      cx.b.set(len, part(copy, 1));
    },
  );
  return value("bytes", [cx.b.get(ptr), cx.b.get(len)], { loose: "temp" });
}

function vectors(): Entry[] {
  const slot = (h: Value | undefined, i: Value | undefined): IrExpr => callExpr("rt.vv_slot", [part(h), part(i)]);
  const push = act("vec_value.push_v1", ["i32", "bytes"], (cx, [h, b]) => {
    cx.b.call("rt.vv_push", [part(h), part(b), part(b, 1)]);
    return part(h);
  });
  const set = act("vec_value.set_v1", ["i32", "i32", "bytes"], (cx, [h, i, b]) => {
    const s = cx.b.fresh(slot(h, i));
    cx.b.trapIf(not(s));
    cx.b.call("rt.free", [load(4, s)]);
    cx.b.store(4, s, 0, part(b));
    cx.b.store(4, s, 4, part(b, 1));
    return part(h);
  });
  const read: Builtin = {
    params: ["i32", "i32", "bytes"],
    result: "bytes",
    emit: (cx, args) => {
      const [h, i, fallback] = cx.force(args);
      return copyOr(cx, cx.b.fresh(slot(h, i)), 0, fallback ?? value("bytes", [ZERO, ZERO]));
    },
  };
  const clear = act("vec_value.clear_v1", ["i32"], (cx, [h]) => {
    cx.b.call("rt.vv_clear", [part(h)]);
    return part(h);
  });
  return [
    act("vec_value.with_capacity_v1", ["i32"], newBlock("vec_value")),
    one("vec_value.len", ["i32"], ([h]) => load(4, get("vec_value", h ?? ZERO))),
    push,
    ["vec_value.push_bytes_v1", push[1]],
    set,
    ["vec_value.set_bytes_v1", set[1]],
    ["vec_value.get_v1", read],
    ["vec_value.get_bytes_v1", read],
    clear,
    ["vec_value.clear", clear[1]],
  ];
}

function maps(): Entry[] {
  const find = (h: Value | undefined, key: Value | undefined): IrExpr => callExpr("rt.mv_find", [part(h), part(key), part(key, 1)]);
  const has = act("map_value.contains_v1", ["i32", "bytes"], (cx, [h, key]) => {
    const found = cx.b.fresh(not(not(find(h, key))));
    cx.drop("bytes", key?.parts ?? []);
    return found;
  });
  const remove = act("map_value.remove_v1", ["i32", "bytes"], (cx, [h, key]) => {
    const gone = cx.b.fresh(callExpr("rt.mv_remove", [part(h), part(key), part(key, 1)]));
    cx.drop("bytes", key?.parts ?? []);
    return gone;
  });
  const set = one("map_value.set_v1", ["i32", "bytes", "bytes"], (a) => callExpr("rt.mv_put", a));
  const read: Builtin = {
    params: ["i32", "bytes", "bytes"],
    result: "bytes",
    emit: (cx, args) => {
      const [h, key, fallback] = cx.force(args);
      const found = cx.b.fresh(find(h, key));
      cx.drop("bytes", key?.parts ?? []);
      return copyOr(cx, found, 8, fallback ?? value("bytes", [ZERO, ZERO]));
    },
  };
  return [
    act("map_value.new_v1", ["i32"], newBlock("map_value")),
    one("map_value.len", ["i32"], ([h]) => load(4, get("map_value", h ?? ZERO))),
    has,
    remove,
    set,
    ["map_value.set_bytes_bytes_v1", set[1]],
    ["map_value.get_v1", read],
    ["map_value.get_bytes_bytes_v1", read],
  ];
}

function readers(): Entry[] {
  const open: Builtin = {
    params: ["any"],
    result: "iface",
    emit: (cx, args) => {
      const [v] = cx.force(args);
      const copy = copyOf(cx, [part(v), part(v, 1)]);
      const block = cx.b.fresh(callExpr("rt.alloc", [k(8)]));
      cx.b.store(4, block, 0, part(copy));
      cx.b.store(4, block, 4, part(copy, 1));
      return value("iface", [block]);
    },
  };
  const read: Builtin = {
    params: ["iface", "i32"],
    result: "bytes",
    emit: (cx, args) => {
      const parts = cx.b.callMany("rt.read", args.flatMap((a) => [...a.parts]), ["i32", "i32"]);
      return copyOf(cx, parts);
    },
  };
  return [
    ["io.open_read_bytes", open],
    ["io.read", read],
    act("bufread.new", ["iface", "i32"], (cx, [reader, cap]) => {
      const block = cx.b.fresh(callExpr("rt.alloc", [k(16)]));
      cx.b.store(4, block, 0, part(reader));
      cx.b.store(4, block, 4, part(cap));
      cx.b.store(4, block, 8, ZERO);
      cx.b.store(4, block, 12, ZERO);
      return cx.b.fresh(callExpr("rt.handle_new", [k(KINDS.bufread), block]));
    }),
    many("bufread.fill", ["i32"], "bytes_view", (a) => ["rt.buf_fill", a]),
    act("bufread.consume", ["i32", "i32"], (cx, [h, n]) => {
      cx.b.call("rt.buf_consume", [part(h), part(n)]);
      return ZERO;
    }),
    // The exit code is the hosted program's; a module has none, so only the argument is evaluated.
    act("process.set_exit_code_v1", ["i32"], () => ZERO),
  ];
}
