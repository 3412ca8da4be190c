// sha256 as the engine does it for small content, against node:crypto; and the module that does it against its script.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { sha256Hex } from "../../engine/lib/digest.ts";

const wanted = (content: Uint8Array | string) => createHash("sha256").update(content).digest("hex");

/** Bytes that do not repeat with any length of a block. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0, x = 1; i < length; i++) bytes[i] = (x = (Math.imul(x, 1664525) + 1013904223) >>> 0) >>> 24;
  return bytes;
}

test("content of every length around the edges of blocks and pieces has the digest of the standard", () => {
  const edges = [...Array.from({ length: 260 }, (_, n) => n), 4095, 4096, 65_472, ...[65_536, 131_072].flatMap((n) => [n - 64, n - 9, n - 8, n - 1, n, n + 1, n + 55, n + 56, n + 64])];
  for (const n of edges) expect(sha256Hex(noise(n)), `${n} bytes`).toBe(wanted(noise(n)));
});

test("text is hashed as UTF-8", () => {
  for (const text of ["", "abc", "ä€😀", "x".repeat(70_000)]) expect(sha256Hex(text)).toBe(wanted(text));
});

test("much content goes another way to the same digest", () => {
  for (const n of [1 << 20, 3 << 20, 100]) expect(sha256Hex(noise(n))).toBe(wanted(noise(n)));
});

test("the module is what its script makes", async () => {
  const script = new URL("../../scripts/sha256.mjs", import.meta.url).href;
  const { source } = (await import(/* @vite-ignore */ script)) as { source: () => string };
  expect(readFileSync(new URL("../../engine/lib/sha256-wasm.ts", import.meta.url), "utf8")).toBe(source());
});
