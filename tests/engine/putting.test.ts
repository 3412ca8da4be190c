// Files put where nothing is: whole missing folders by one rename, everything or nothing of them, and what a crash leaves of that.

import { describe, expect, test } from "vitest";
import { Leftovers } from "../../engine/leftovers.ts";
import { textOf, utf8 } from "../../engine/lib/bytes.ts";
import { Putting } from "../../engine/putting.ts";
import { memoryDisk } from "../rig/memory-disk.ts";

function disk(files: { readonly [path: string]: string }) {
  const d = memoryDisk("/w", { ms: 1e6, tick: 0.001, step: 0.01, fine: true });
  for (const [path, text] of Object.entries(files)) {
    if (path.includes("/")) d.makeDirs(path.slice(0, path.lastIndexOf("/")));
    d.write(path, utf8(text));
  }
  return d;
}

const WANTED = ["top", "there/x", "gone/x", "gone/deep/er/y", "there/new/z"];

describe("files", () => {
  test("come to their places with the stats that were told", () => {
    const d = disk({ "there/old": "old" });
    const putting = new Putting(d);
    const told = WANTED.map((path) => putting.put(path, utf8(path)));
    expect(d.stat("gone")).toBeUndefined();
    expect(putting.finish()).toBe(true);
    expect(WANTED.map((path) => textOf(d.read(path)))).toEqual(WANTED);
    expect(WANTED.map((path) => d.stat(path))).toEqual(told);
    expect(textOf(d.read("there/old"))).toBe("old");
    expect(d.filesBelow("/w").filter((p) => p.includes(".x07tmp"))).toEqual([]);
  });

  test("of a missing folder stay away when one of them is given up", () => {
    const d = disk({});
    const putting = new Putting(d);
    putting.put("gone/x", utf8("x"));
    expect(putting.giveUp()).toBe(false);
    expect(d.filesBelow("/w")).toEqual([]);
    expect(d.list(".")).toEqual([]);
  });

  test("do not replace a folder that somebody made meanwhile", () => {
    const d = disk({});
    const putting = new Putting(d);
    putting.put("gone/x", utf8("mine"));
    d.makeDirs("gone");
    d.write("gone/x", utf8("theirs"));
    expect(putting.finish()).toBe(false);
    expect(d.filesBelow("/w").map((p) => textOf(d.read(p)))).toEqual(["theirs"]);
  });

  test("that a crash left aside are swept by the next process", () => {
    const d = disk({ ".x07-wasm/state/running/7-1-elsewhere": "" });
    const dead = new Leftovers(d, ".x07-wasm/state");
    dead.begin(() => false);
    const putting = new Putting(d);
    putting.put("a/gone/x", utf8("x"));
    expect(d.filesBelow("/w").some((p) => p.includes(".x07tmp"))).toBe(true);
    const next = new Leftovers(d, ".x07-wasm/state");
    next.begin(() => false);
    next.end(["a/gone/x"]);
    expect(d.filesBelow("/w").filter((p) => p.includes(".x07tmp"))).toEqual([]);
  });
});
