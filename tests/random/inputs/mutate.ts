// Breaks inputs: bytes, JSON values, words. The same seed breaks them the same way. Knows no form.

import type { Random } from "../../rules/wasm/random-module.ts";

export type { Random };

export function pick<T>(list: readonly T[], rnd: Random): T {
  return list[rnd(list.length)]!;
}

const STRANGE = [0x00, 0xff, 0x22, 0x7b, 0x5d, 0x2d, 0x65, 0x0a, 0x80, 0x0b, 0x41, 0xfc];

/** A few bytes changed, left out, put in or repeated. */
export function mutated(bytes: Uint8Array, rnd: Random): Uint8Array {
  let out = Buffer.from(bytes);
  const put = (at: number, drop: number, more: Uint8Array): void => void (out = Buffer.concat([out.subarray(0, at), more, out.subarray(at + drop)]));
  for (let n = 1 + rnd(4); n > 0; n--) {
    const at = rnd(out.length + 1);
    switch (rnd(5)) {
      case 0: put(at, 1, Uint8Array.of(rnd(256))); break;
      case 1: put(at, 1 + rnd(8), new Uint8Array(0)); break;
      case 2: put(at, 0, Uint8Array.of(pick(STRANGE, rnd))); break;
      case 3: put(at, 0, out.subarray(at, at + rnd(40))); break;
      default: if (rnd(12) === 0) out = out.subarray(0, at);
    }
  }
  return out;
}

/** The same length, a few bytes another value: what has sizes inside stays readable, and breaks deeper. */
export function nudged(bytes: Uint8Array, rnd: Random): Uint8Array {
  const out = Uint8Array.from(bytes);
  for (let n = 1 + rnd(3); n > 0; n--) {
    const at = rnd(out.length);
    const was = out[at]!;
    out[at] = [was + 1, was - 1, was ^ (1 << rnd(8)), out[rnd(out.length)]!, rnd(256), rnd(32)][rnd(6)]!;
  }
  return out;
}

export function mutatedText(text: string, rnd: Random): string {
  return Buffer.from(mutated(Buffer.from(text), rnd)).toString("utf8");
}

const ODD: readonly unknown[] = [null, true, {}, [], [[]], -1, 0, 1.5, 1e20, 4294967296, "", "a b", "../../x", "/", "\u0000", "x".repeat(5000)];

type Json = unknown[] | { [key: string]: unknown };

/** A copy of a JSON document with one or two members replaced, left out or moved: still JSON, seldom the form. */
export function mutatedJson(text: string, rnd: Random): string {
  const document = JSON.parse(text) as unknown;
  for (let n = 1 + rnd(2); n > 0; n--) {
    const spots = spotsIn(document);
    if (spots.length === 0) break;
    const [node, key] = pick(spots, rnd) as [{ [key: string]: unknown }, string];
    switch (rnd(4)) {
      case 0: if (Array.isArray(node)) node.splice(Number(key), 1); else delete node[key]; break;
      case 1: node[key] = structuredClone(pick(ODD, rnd)); break;
      case 2: node[key] = structuredClone(valueAt(pick(spots, rnd))); break;
      default: if (Array.isArray(node)) node.push(structuredClone(node[Number(key)])); else node[`${key}x`] = structuredClone(node[key]);
    }
  }
  return JSON.stringify(document);
}

function spotsIn(value: unknown, out: [Json, string | number][] = []): [Json, string | number][] {
  if (typeof value !== "object" || value === null) return out;
  for (const [key, member] of Object.entries(value)) {
    out.push([value as Json, key]);
    spotsIn(member, out);
  }
  return out;
}

function valueAt([node, key]: [Json, string | number]): unknown {
  return (node as { [key: string]: unknown })[key];
}

/** Half of them other bytes, half another document. */
export function mutatedDocument(bytes: Uint8Array, rnd: Random): Uint8Array {
  return rnd(2) === 0 ? mutated(bytes, rnd) : Buffer.from(mutatedJson(Buffer.from(bytes).toString("utf8"), rnd));
}
