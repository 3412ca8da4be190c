// The file of results under one base key: one more in front of others that nobody reads.
import { describe, expect, test } from "vitest";
import { decodeResults, encodeResults, withResult } from "../../../engine/cache/result.ts";
import { sha256Hex } from "../../../engine/lib/digest.ts";
import type { Trace } from "../../../engine/trace.ts";

const KEY = sha256Hex("key");
const LIMIT = 16;

function trace(found: string, durationMs: number): Trace {
  const bytes = new TextEncoder().encode(`made from ${found}`);
  return { discovered: [{ path: "src/\u00e4.txt", sha256: sha256Hex(found) }, { path: "gone", sha256: "" }], outputs: [{ sha256: sha256Hex(bytes), size: bytes.length, inline: bytes }], remarks: [], durationMs };
}

const more = (file: Uint8Array, t: Trace, limit = LIMIT) => withResult(file, KEY, t, limit)!;
const durations = (file: Uint8Array) => decodeResults(file, KEY)?.map((t) => t.durationMs);

describe("one more result", () => {
  test("is the file that writing all of them gives", () => {
    const all = [trace("c", 3), trace("b", 2), trace("a", 1)];
    const grown = all.toReversed().reduce((file, t) => more(file, t), encodeResults(KEY, []));
    expect(grown).toEqual(encodeResults(KEY, all));
    expect(decodeResults(grown, KEY)?.map((t) => t.discovered)).toEqual(all.map((t) => t.discovered));
  });
  test("takes the place of the one that discovered the same, whatever it took", () => {
    const two = encodeResults(KEY, [trace("b", 2), trace("a", 1)]);
    expect(durations(more(two, trace("a", 9)))).toEqual([9, 2]);
  });
  test("pushes out the oldest", () => {
    const two = encodeResults(KEY, [trace("b", 2), trace("a", 1)]);
    expect(durations(more(two, trace("c", 3), 2))).toEqual([3, 2]);
  });
  test("is not put before a damaged head, nor into another key's file", () => {
    const file = encodeResults(KEY, [trace("a", 1)]);
    expect(withResult(file, sha256Hex("other"), trace("b", 2), LIMIT)).toBeUndefined();
    for (let at = 0; at < 56; at++) {
      const bad = file.slice();
      bad[at]! ^= 1;
      expect(withResult(bad, KEY, trace("b", 2), LIMIT), `byte ${at}`).toBeUndefined();
    }
  });
  test("leaves damage in others where it is found when they are read", () => {
    const file = encodeResults(KEY, [trace("a", 1)]);
    file[file.length - 9]! ^= 1;
    expect(decodeResults(file, KEY)).toBeUndefined();
    expect(decodeResults(more(file, trace("b", 2)), KEY)).toBeUndefined();
  });
});
