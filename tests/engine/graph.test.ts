// What a declaration can get wrong: each is a diagnostic with a code and a place, before anything runs.

import { describe, expect, test } from "vitest";
import { type Artifact, file, named, ok, one, output, place, rule } from "../../engine/index.ts";
import { join, split, strip } from "../rig/rules.ts";
import { placing, type TestPlan, world } from "../rig/world.ts";

async function codes(plan: TestPlan, files: { readonly [path: string]: string } = { a: "A", b: "B" }): Promise<unknown[]> {
  const built = await world(files).build(plan);
  expect(built.ran).toEqual([]);
  return built.diagnostics.map((d) => [d.code, d.place?.file]);
}

describe("wrong declarations", () => {
  test("two producers of one path", async () => {
    const plan = placing(place(strip({ source: file("a") }).text, "out/x"), place(strip({ source: file("b") }).text, "out/x"));
    expect(await codes(plan)).toEqual([["GRAPH_TWO_PRODUCERS", "out/x"]]);
  });

  test("the same output twice at one path is no problem", async () => {
    const w = world({ a: "A" });
    const built = await w.build(placing(place(strip({ source: file("a") }).text, "out/x"), place(strip({ source: file("a") }).text, "./out//x")));
    expect(built).toHaveRun(["strip a"]);
  });

  test("a cycle through placed outputs", async () => {
    const one = place(join({ parts: [file("gen/two")], glue: "1" }, { label: "one" }).whole, "gen/one");
    const two = place(join({ parts: [file("gen/one")], glue: "2" }, { label: "two" }).whole, "gen/two");
    const built = await world({}).build(placing(one, two));
    expect(built.diagnostics.map((d) => d.code)).toContain("GRAPH_CYCLE");
    expect(built.diagnostics.find((d) => d.code === "GRAPH_CYCLE")!.message).toMatch(/one -> two -> one|two -> one -> two/);
    expect(built.ran).toEqual([]);
  });

  test("an output that reads itself", async () => {
    const plan = placing(place(strip({ source: file("gen/a") }, { label: "self" }).text, "gen/a"));
    expect((await codes(plan)).map((c) => (c as string[])[0])).toContain("GRAPH_CYCLE");
  });

  test("an output where a source was read", async () => {
    const plan: TestPlan = async (c) => {
      const first = await c.build([join({ parts: [file("b")], glue: "" }).whole]);
      return first.ok ? c.build([place(strip({ source: file("a") }).text, "b")]) : first;
    };
    const built = await world({ a: "A", b: "B" }).build(plan);
    expect(built.diagnostics.map((d) => [d.code, d.place?.file])).toEqual([["GRAPH_OUTPUT_IS_SOURCE", "b"]]);
  });

  test("arguments of the wrong kind", async () => {
    const wrong = [
      strip({ source: split({ source: file("a") }).head }).text,
      strip({} as never).text,
      strip({ source: "a" as never }).text,
      strip({ source: file("a"), more: 1 } as never).text,
      join({ parts: file("a") as never, glue: "" }).whole,
      join({ parts: [], glue: 7 as never }).whole,
      strip({ source: named(file("a"), "../../etc/passwd") }).text,
    ];
    const strict = rule({ id: "strict", version: 1, inputs: { source: one("wasm") }, outputs: { text: output("text") }, run: () => ok({ text: "" }) });
    for (const artifact of [...wrong.slice(1), strict({ source: wrong[0]! }).text] as Artifact[]) expect((await codes(placing(place(artifact, "out/x")))).map((c) => (c as string[])[0])).toEqual(["GRAPH_BAD_ARGUMENT"]);
  });

  test("a chain of fifty thousand actions is declared and built without a deep stack", async () => {
    let last: Artifact = file("a");
    for (let n = 0; n < 50_000; n++) last = strip({ source: last }, { label: `${n}` }).text;
    const built = await world({ a: "A" }).build(placing(place(last, "out/x")), { noCache: true });
    expect(built.counts.ran).toBe(50_000);
  });
});

describe("reads that were not declared", () => {
  const sneaky = (caught: boolean) => rule({
    id: "sneaky",
    version: 1,
    inputs: { source: one("any") },
    outputs: { text: output("text") },
    run(_, io) {
      try {
        io.read("secret");
      } catch (e) {
        if (!caught) throw e;
      }
      return ok({ text: "made" });
    },
  });

  test.each([false, true])("are refused by file and rule, also when the rule catches (%s)", async (caught) => {
    const w = world({ a: "A", secret: "S" });
    const built = await w.build(placing(place(sneaky(caught)({ source: file("a") }).text, "out/x")));
    expect(built.diagnostics.map((d) => [d.code, d.place?.file, d.data?.["rule"]])).toEqual([["GRAPH_UNDECLARED_READ", "secret", "sneaky"]]);
    expect(w.exists("out/x")).toBe(false);
  });

  test("an output that a rule forgets is named", async () => {
    const forgetful = rule({ id: "forgetful", version: 1, inputs: {}, outputs: { text: output("text") }, run: () => ok({} as never) });
    const built = await world({}).build(placing(place(forgetful({}).text, "out/x")));
    expect(built.diagnostics.map((d) => [d.code, d.data?.["output"]])).toEqual([["GRAPH_OUTPUT_MISSING", "text"]]);
  });

  test("a rule that throws ends the build with what it threw", async () => {
    const broken = rule({ id: "broken", version: 1, inputs: {}, outputs: { text: output("text") }, run: () => Promise.reject(new Error("a bug")) });
    await expect(world({}).build(placing(place(broken({}).text, "out/x")))).rejects.toThrow("a bug");
  });
});
