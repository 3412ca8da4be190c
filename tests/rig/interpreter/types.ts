// The type intrinsics of generic bodies (`ty.*`), for a type that is already known. Knows no expressions.

import { u32le, type Builtin } from "./builtins.ts";
import { bytes, contentOf, copyOf, numberOf, trap, unknown, vecOf, type Memory, type Value } from "./value.ts";

/** The murmur3 finaliser of a number, or of FNV-1a over the content. */
function hash(v: Value): number {
  let h = typeof v === "number" ? v : contentOf(v).reduce((sum, c) => Math.imul(sum ^ c, 16777619), 2166136261 | 0);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

function compare(type: string, a: Value, b: Value): number {
  if (typeof a !== "number") return Math.sign(Buffer.compare(contentOf(a), contentOf(b)));
  const [x, y] = type === "u32" ? [a >>> 0, numberOf(b) >>> 0] : [a, numberOf(b)];
  return Math.sign(x - y);
}

function window4(data: Uint8Array, offset: Value): DataView {
  const o = numberOf(offset) >>> 0;
  if (o + 4 > data.length) trap("ty.read_le_at oob");
  return new DataView(data.buffer, data.byteOffset + o, 4);
}

/** `["ty.x", type, arg…]`: the arguments after the type. */
export function typeIntrinsic(head: string, type: string): Builtin {
  const pure = (run: (a: readonly Value[], m: Memory) => Value, moves: readonly number[] = [], inPlace = false): Builtin => ({
    moves,
    inPlace,
    run: (m, a) => run(a, m),
  });
  const at = (a: readonly Value[], i: number): Value => a[i] ?? unknown(`${head}: argument ${i}`);
  switch (head) {
    case "ty.size_bytes":
    case "ty.size":
      return pure(() => (type === "bytes" || type === "bytes_view" ? 16 : 4));
    case "ty.read_le_at":
      return pure((a) => window4(contentOf(at(a, 0)), at(a, 1)).getInt32(0, true));
    case "ty.write_le_at":
      return pure((a) => {
        window4(contentOf(at(a, 0)), at(a, 1)).setInt32(0, numberOf(at(a, 2)), true);
        return bytes(contentOf(at(a, 0)));
      }, [], true);
    case "ty.push_le":
      return pure((a, m) => {
        const v = vecOf(at(a, 0));
        const data = m.allocate(v.length + 4);
        data.set(contentOf(v));
        new DataView(data.buffer, data.byteOffset).setInt32(v.length, numberOf(at(a, 1)), true);
        return { kind: "vec", data, length: data.length };
      }, [], true);
    case "ty.lt":
      return pure((a) => (compare(type, at(a, 0), at(a, 1)) < 0 ? 1 : 0));
    case "ty.cmp":
      return pure((a) => compare(type, at(a, 0), at(a, 1)));
    case "ty.eq":
      return pure((a) => (compare(type, at(a, 0), at(a, 1)) === 0 ? 1 : 0));
    case "ty.hash32":
      return pure((a) => hash(at(a, 0)));
    case "ty.clone":
      return pure((a, m) => (typeof a[0] === "object" && a[0].kind === "bytes" ? copyOf(m, a[0].data) : at(a, 0)));
    case "ty.drop":
      return pure(() => 0, [0]);
    case "ty.add":
      return pure((a) => (numberOf(at(a, 0)) + numberOf(at(a, 1))) | 0);
    case "ty.sub":
      return pure((a) => (numberOf(at(a, 0)) - numberOf(at(a, 1))) | 0);
    case "ty.mul":
      return pure((a) => Math.imul(numberOf(at(a, 0)), numberOf(at(a, 1))));
    case "ty.kind":
      return pure(() => (type === "bytes" ? 2 : type === "bytes_view" ? 3 : 1));
    case "ty.pack":
      return pure((a, m) => (typeof a[0] === "number" ? bytes(u32le(m, a[0])) : type === "bytes" ? at(a, 0) : copyOf(m, contentOf(at(a, 0)))), [0]);
    case "ty.unpack":
      return pure((a) => (type === "bytes" ? at(a, 0) : window4(contentOf(at(a, 0)), 0).getInt32(0, true)), [0]);
    default:
      return unknown(`intrinsic ${head}`);
  }
}
