// What earlier builds have left in the way: outputs that are folders now (or were), temporary files of a process that died.

import { describe, expect, test } from "vitest";
import { fail, file, place, type PlanContext, type Result } from "../../engine/index.ts";
import { sha256Hex } from "../../engine/lib/digest.ts";
import { Crash } from "../rig/memory-disk.ts";
import { large, strip } from "../rig/rules.ts";
import { type Built, placing, world } from "../rig/world.ts";

const at = (path: string) => placing(place(strip({ source: file("a") }).text, path));
const former = (b: Built) => () => new Map(b.run.outputs.map(([path, digest]) => [path, digest.sha256]));

describe("former outputs", () => {
  test.each([["out/a", "out/a/b"], ["out/a/b", "out/a"], ["out/a/b/c", "out/a"], ["out/a", "out/a/b/c"]])("%s makes room for %s", async (before, after) => {
    const w = world({ a: "A" });
    const first = await w.build(at(before));
    const second = await w.build(at(after), { formerOutputs: former(first) });
    expect([second.diagnostics, w.text(after), w.disk.stat(before)?.kind]).toEqual([[], "A", before.startsWith(after) ? undefined : "dir"]);
    expect(await w.build(at(after))).toHaveRun([]);
  });

  test("what a person has changed since is left alone, and said", async () => {
    const w = world({ a: "A" });
    const first = await w.build(at("out/a"));
    w.write("out/a", "mine");
    const second = await w.build(at("out/a/b"), { formerOutputs: former(first) });
    expect(second.diagnostics.map((d) => d.code)).toEqual(["GRAPH_OUTPUT_WRITE_FAILED"]);
    expect(w.text("out/a")).toBe("mine");
  });

  test("a folder with other things in it is not removed", async () => {
    const w = world({ a: "A" });
    const first = await w.build(at("out/a/b"));
    w.write("out/a/notes", "mine");
    const second = await w.build(at("out/a"), { formerOutputs: former(first) });
    expect(second.diagnostics.map((d) => d.code)).toEqual(["GRAPH_OUTPUT_WRITE_FAILED"]);
    expect(w.text("out/a/notes")).toBe("mine");
  });

  test("a goal that fails before it comes to them takes them away, but not what a person has changed or what it reads", async () => {
    const w = world({ a: "A" });
    const made = placing(...["out/a", "out/b", "out/c"].map((path) => place(strip({ source: file("a") }).text, path)));
    const first = await w.build(made);
    w.write("out/b", "mine");
    const fails = async (context: PlanContext): Promise<Result<never>> => {
      context.read("out/c");
      return fail([{ code: "E", severity: "error", stage: "parse", message: "no" }]);
    };
    await w.build(fails, { formerOutputs: former(first), dryRun: true });
    expect(w.exists("out/a")).toBe(true);
    await w.build(fails, { formerOutputs: former(first) });
    expect([w.exists("out/a"), w.text("out/b"), w.text("out/c")]).toEqual([false, "mine", "A"]);
    w.delete("out/b");
    expect((await w.build(made)).states["strip a"]).toBe("restored");
  });

  test("an output of this build is not a former one", async () => {
    const w = world({ a: "A" });
    const map = () => new Map([["out/a", sha256Hex("A")]]);
    const both = await w.build(placing(place(strip({ source: file("a") }).text, "out/a"), place(large({ source: file("a") }).text, "out/a/b")), { keepGoing: true, formerOutputs: map });
    expect(both.diagnostics.map((d) => d.code)).toEqual(["GRAPH_OUTPUT_WRITE_FAILED"]);
  });
});

describe("temporary files", () => {
  test("of a process that died at any write are gone after the next build; those of a living one stay", async () => {
    let found = 0;
    for (let cut = 0; ; cut++) {
      const w = world({ a: "A" });
      const plan = placing(place(large({ source: file("a") }).text, "out/deep/a"), place(strip({ source: file("a") }).text, "b"));
      w.disk.crashAfter = cut;
      const crashed = await w.build(plan).catch((e: unknown) => e);
      w.disk.reboot();
      if (!(crashed instanceof Crash)) break;
      const temporary = () => w.disk.filesBelow("/w").filter((p) => p.includes(".x07tmp-"));
      found += temporary().length;
      w.write("out/deep/.x07tmp-999999-1", "of another process");
      await w.build(plan, { alive: () => false });
      expect(temporary()).toEqual(["/w/out/deep/.x07tmp-999999-1"]);
    }
    expect(found).toBeGreaterThan(3);
  });
});
