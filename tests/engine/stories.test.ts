// What an incremental build does after each kind of change, one behaviour a test; each ends with nothing to do.

import { describe, expect, test } from "vitest";
import { file, place } from "../../engine/index.ts";
import { check, count, include, join, large, split, strip } from "../rig/rules.ts";
import { type BuildSettings, placing, type TestPlan, world, type World } from "../rig/world.ts";

async function nothingToDo(w: World, plan: TestPlan, settings: BuildSettings = {}): Promise<void> {
  const again = await w.build(plan, settings);
  expect(again).toHaveRun([]);
  expect(again.counts.fresh).toBe(again.counts.total);
  expect(again.diagnostics).toEqual([]);
  expect(again.run.recovered).toEqual([]);
}

/** a, b -> strip each -> join -> out/ab */
const two = () => {
  const parts = ["a", "b"].map((p) => strip({ source: file(p) }).text);
  return placing(place(join({ parts, glue: "+" }).whole, "out/ab"));
};

describe("changes of sources", () => {
  test("the first build runs everything, the second nothing", async () => {
    const w = world({ a: "A", b: "B" });
    const first = await w.build(two());
    expect(first).toHaveRun(["join a", "strip a", "strip b"]);
    expect(first.counts).toEqual({ total: 3, fresh: 0, cut_off: 0, restored: 0, ran: 3, failed: 0 });
    expect(first.reasons("strip a")).toEqual(["first not built here before"]);
    expect(w.text("out/ab")).toBe("A+B");
    await nothingToDo(w, two());
  });

  test("one edit runs what depends on it", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(two());
    w.write("a", "AA");
    const built = await w.build(two());
    expect(built).toHaveRun(["join a", "strip a"]);
    expect(built.reasons("strip a")).toEqual(["input source a"]);
    expect(built.states["strip b"]).toBe("fresh");
    expect(w.text("out/ab")).toBe("AA+B");
    await nothingToDo(w, two());
  });

  test("white space stops at the stripper", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(two());
    w.edit("a", (s) => `${s}  \n\n`);
    const built = await w.build(two());
    expect(built).toHaveRun(["strip a"]);
    expect(built.states["join a"]).toBe("cut_off");
    await nothingToDo(w, two());
  });

  test("touch runs nothing", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(two());
    w.touch("a");
    await nothingToDo(w, two());
  });

  test("rewriting the same bytes runs nothing", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(two());
    w.delete("a");
    w.write("a", "A");
    await nothingToDo(w, two());
  });

  test("going back to old content is restored, not run", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(two());
    w.write("a", "AA");
    await w.build(two());
    w.write("a", "A");
    const built = await w.build(two());
    expect(built).toHaveRun([]);
    expect(built.counts.restored).toBe(2);
    expect(w.text("out/ab")).toBe("A+B");
    await nothingToDo(w, two());
  });

  test("an edit with size and modification stamp put back is found", async () => {
    const w = world({ a: "A1", b: "B" });
    await w.build(two());
    const before = w.disk.stat("a")!;
    w.write("a", "A2");
    w.disk.setModified("a", before.mtimeMs);
    expect(await w.build(two())).toHaveRun(["join a", "strip a"]);
    expect(w.text("out/ab")).toBe("A2+B");
    await nothingToDo(w, two());
  });

  test("an edit within the clock's grain right after a build is found", async () => {
    const w = world({ a: "A1", b: "B" }, { ms: 1e6, tick: 10, step: 0.001 });
    for (let n = 0; n < 20; n++) {
      w.write("a", `A${n}`);
      await w.build(two());
      w.write("a", `A${n + 20}`);
      await w.build(two());
      expect(w.text("out/ab")).toBe(`A${n + 20}+B`);
    }
    await nothingToDo(w, two());
  });

  test("a missing source is named, with the action that wants it", async () => {
    const w = world({ a: "A" });
    const built = await w.build(two());
    expect(built.diagnostics.map((d) => [d.code, d.place?.file])).toEqual([["GRAPH_INPUT_MISSING", "b"]]);
    expect(built.states["join a"]).toBe("failed");
    w.write("b", "B");
    expect(await w.build(two())).toHaveRun(["join a", "strip b"].concat(built.states["strip a"] === "ran" ? [] : ["strip a"]));
    await nothingToDo(w, two());
  });

  test("a deleted source fails although its result is remembered", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(two());
    w.delete("a");
    expect((await w.build(two())).diagnostics.map((d) => d.code)).toEqual(["GRAPH_INPUT_MISSING"]);
    w.write("a", "A");
    expect(await w.build(two())).toHaveRun([]);
    await nothingToDo(w, two());
  });

  test("what a failed action had made is withdrawn, what a person put there stays, and all comes back", async () => {
    const w = world({ a: "A", b: "B" });
    const plan = () => {
      const middle = strip({ source: file("a") });
      return placing(place(middle.text, "out/middle"), place(join({ parts: [middle.text, file("b")], glue: "-" }).whole, "out/last"));
    };
    await w.build(plan());
    w.write("out/last", "mine");
    w.delete("a");
    await w.build(plan());
    expect([w.exists("out/middle"), w.text("out/last")]).toEqual([false, "mine"]);
    w.write("a", "A");
    expect(await w.build(plan())).toHaveRun([]);
    expect([w.text("out/middle"), w.text("out/last")]).toEqual(["A", "A-B"]);
    await nothingToDo(w, plan());
  });

  test("equal actions are one action", async () => {
    const w = world({ a: "A" });
    const plan = () => placing(place(strip({ source: file("a") }).text, "out/1"), place(strip({ source: file("a") }).text, "out/2"));
    expect(await w.build(plan())).toHaveRun(["strip a"]);
    expect([w.text("out/1"), w.text("out/2")]).toEqual(["A", "A"]);
    await nothingToDo(w, plan());
  });

  test("two outputs of one action stop separately", async () => {
    const w = world({ a: "head\ntail" });
    const plan = () => {
      const s = split({ source: file("a") });
      return placing(place(strip({ source: s.head }).text, "out/head"), place(join({ parts: [s.tail], glue: "" }).whole, "out/tail"));
    };
    await w.build(plan());
    w.write("a", "HEAD\ntail");
    const built = await w.build(plan());
    expect(built).toHaveRun(["split a", "strip a"]);
    expect(built.states["join a"]).toBe("cut_off");
    expect([w.text("out/head"), w.text("out/tail")]).toEqual(["HEAD", "tail"]);
    await nothingToDo(w, plan());
  });

  test("an output placed where a source is read is an input of the reader", async () => {
    const w = world({ a: "A " });
    const plan = () => placing(place(join({ parts: [file("gen/a")], glue: "" }).whole, "out/a"), place(strip({ source: file("a") }).text, "gen/a"));
    expect(await w.build(plan())).toHaveRun(["join a", "strip a"]);
    expect(w.text("out/a")).toBe("A");
    await nothingToDo(w, plan());
  });

  test("a plan that reads a value goes where the value says", async () => {
    const w = world({ a: "AB", "m/2": "two", "m/3": "three" });
    const plan: TestPlan = async (c) => {
      const n = await c.need(count({ source: file("a") }).count);
      return n.ok ? c.build([place(strip({ source: file(`m/${n.value}`) }).text, "out/m")]) : n;
    };
    await w.build(plan);
    expect(w.text("out/m")).toBe("two");
    w.write("a", "ABC");
    expect(await w.build(plan)).toHaveRun(["count a", "strip m/3"]);
    expect(w.text("out/m")).toBe("three");
    await nothingToDo(w, plan);
  });

  test("a new file that matches a glob is an input", async () => {
    const w = world({ "src/a": "A", "src/b": "B" });
    const plan: TestPlan = async (c) => c.build([place(join({ parts: await c.glob("*", "src"), glue: "," }).whole, "out/all")]);
    await w.build(plan);
    expect(w.text("out/all")).toBe("A,B");
    w.write("src/c", "C");
    expect((await w.build(plan)).ran).toHaveLength(1);
    expect(w.text("out/all")).toBe("A,B,C");
    w.delete("src/a");
    await w.build(plan);
    expect(w.text("out/all")).toBe("B,C");
    await nothingToDo(w, plan);
  });
});

describe("discovered files", () => {
  const plan = () => placing(place(include({ source: file("p/main") }, { root: "p" }).text, "out/main"));

  test("a discovered file is a dependency", async () => {
    const w = world({ "p/main": "x\ninclude lib", "p/lib": "one" });
    await w.build(plan());
    expect(w.text("out/main")).toBe("x\none");
    await nothingToDo(w, plan());
    w.write("p/lib", "two");
    const built = await w.build(plan());
    expect(built).toHaveRun(["include p/main"]);
    expect(built.reasons("include p/main")).toEqual(["discovered lib"]);
    expect(w.text("out/main")).toBe("x\ntwo");
    await nothingToDo(w, plan());
  });

  test("what was missing and now exists is found, and back", async () => {
    const w = world({ "p/main": "include lib" });
    await w.build(plan());
    expect(w.text("out/main")).toBe("(no lib)");
    await nothingToDo(w, plan());
    w.write("p/lib", "one");
    expect(await w.build(plan())).toHaveRun(["include p/main"]);
    expect(w.text("out/main")).toBe("one");
    w.delete("p/lib");
    const back = await w.build(plan());
    expect(back).toHaveRun([]);
    expect(back.counts.restored).toBe(1);
    expect(w.text("out/main")).toBe("(no lib)");
    await nothingToDo(w, plan());
  });

  test("they are among the dependencies of the answer when nothing ran, too", async () => {
    const w = world({ "p/main": "include lib\ninclude gone", "p/lib": "one" });
    for (let n = 0; n < 2; n++) {
      const { run } = await w.build(plan());
      expect(run.dependencies?.filter((d) => d.path.startsWith("p/")).sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
        { path: "p/gone", kind: "missing" },
        { path: "p/lib", kind: "source" },
        { path: "p/main", kind: "source" },
      ]);
    }
  });

  test("a file that the graph makes cannot be discovered", async () => {
    const w = world({ "p/main": "include gen", a: "A" });
    const both = () => placing(place(strip({ source: file("a") }).text, "p/gen"), place(include({ source: file("p/main") }, { root: "p" }).text, "out/main"));
    const built = await w.build(both());
    expect(built.diagnostics.map((d) => d.code)).toEqual(["GRAPH_UNDECLARED_READ"]);
    expect(built.diagnostics[0]!.hint).toContain("strip a");
  });

  test("a graph that starts to make a file which was discovered before says so", async () => {
    const w = world({ "p/main": "include gen", "p/gen": "by hand", a: "A" });
    await w.build(plan());
    const both = () => placing(place(strip({ source: file("a") }).text, "p/gen"), place(include({ source: file("p/main") }, { root: "p" }).text, "out/main"));
    const built = await w.build(both());
    expect(built.diagnostics.map((d) => d.code)).toEqual(["GRAPH_UNDECLARED_READ"]);
  });

  test("an output placed later where an earlier action has read is refused", async () => {
    const w = world({ "p/main": "include gen", a: "A" });
    const later: TestPlan = async (c) => {
      const first = await c.build([include({ source: file("p/main") }, { root: "p" }).text]);
      return first.ok ? c.build([place(strip({ source: file("a") }).text, "p/gen")]) : first;
    };
    for (let n = 0; n < 2; n++) {
      const built = await w.build(later);
      expect(built.diagnostics.map((d) => d.code)).toEqual(["GRAPH_OUTPUT_IS_SOURCE"]);
    }
    expect(w.exists("p/gen")).toBe(false);
  });
});

describe("outputs", () => {
  test("a deleted output is restored without running", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(two());
    w.delete("out");
    const built = await w.build(two());
    expect(built).toHaveRun([]);
    expect(built.states["join a"]).toBe("restored");
    expect(built.reasons("join a")).toEqual(["output out/ab"]);
    expect(w.text("out/ab")).toBe("A+B");
    await nothingToDo(w, two());
  });

  test("an output overwritten by hand is restored, and nobody reads the bad bytes", async () => {
    const w = world({ a: "A", b: "B" });
    const plan = () => {
      const middle = place(strip({ source: file("a") }).text, "out/middle");
      return placing(middle, place(join({ parts: [middle, file("b")], glue: "+" }).whole, "out/ab"));
    };
    await w.build(plan());
    w.write("out/middle", "tampered");
    w.write("b", "BB");
    expect(await w.build(plan())).toHaveRun(["join a"]);
    expect([w.text("out/middle"), w.text("out/ab")]).toEqual(["A", "A+BB"]);
    await nothingToDo(w, plan());
  });

  test("an output with equal size and stamp but other bytes is restored", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(two());
    const before = w.disk.stat("out/ab")!;
    w.write("out/ab", "X+X");
    w.disk.setModified("out/ab", before.mtimeMs);
    const built = await w.build(two());
    expect(built).toHaveRun([]);
    expect(w.text("out/ab")).toBe("A+B");
    await nothingToDo(w, two());
  });

  test("editing an output in place never reaches the cache", async () => {
    const w = world({ a: "A" });
    const plan = () => placing(place(large({ source: file("a") }).text, "out/large"));
    await w.build(plan());
    const whole = w.text("out/large");
    w.disk.append("out/large", new Uint8Array([1, 2, 3]));
    await w.build(plan());
    expect(w.text("out/large")).toBe(whole);
    w.delete("out");
    w.loseState();
    expect(await w.build(plan())).toHaveRun([]);
    expect(w.text("out/large")).toBe(whole);
    await nothingToDo(w, plan());
  });

  test("an output of another name is placed from what is known", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(two());
    const moved = () => placing(place(join({ parts: ["a", "b"].map((p) => strip({ source: file(p) }).text), glue: "+" }).whole, "elsewhere/ab"));
    const built = await w.build(moved());
    expect(built).toHaveRun([]);
    expect(w.text("elsewhere/ab")).toBe("A+B");
    await nothingToDo(w, moved());
  });
});

describe("losses", () => {
  test("state lost, cache kept: nothing runs", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(two());
    w.loseState();
    const built = await w.build(two());
    expect(built).toHaveRun([]);
    expect(built.counts.restored).toBe(3);
    await nothingToDo(w, two());
  });

  test("a fresh clone with the cache runs nothing", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(two());
    w.loseState();
    w.delete("out");
    expect(await w.build(two())).toHaveRun([]);
    expect(w.text("out/ab")).toBe("A+B");
    await nothingToDo(w, two());
  });

  test("cache lost, state kept: nothing runs", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(two());
    w.loseCache();
    await nothingToDo(w, two());
  });

  const deep = () => {
    const l = large({ source: file("a") }).text;
    return placing(place(join({ parts: [l, file("b")], glue: "+" }).whole, "out/deep"));
  };

  test("intermediate content lost and not needed: nothing runs", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(deep());
    w.loseCache();
    await nothingToDo(w, deep());
  });

  test("intermediate content lost and needed: made again", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(deep());
    w.loseCache();
    w.write("b", "BB");
    const built = await w.build(deep());
    expect(built).toHaveRun(["join a", "large a"]);
    expect(built.reasons("large a")).toEqual(["lost content of a"]);
    expect(built.counts).toEqual({ total: 2, fresh: 0, cut_off: 0, restored: 0, ran: 2, failed: 0 });
    expect(w.text("out/deep").endsWith("+BB")).toBe(true);
    await nothingToDo(w, deep());
  });

  test("cached bytes replaced: found, said, made again", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(deep());
    for (const blob of w.disk.filesBelow("/cache/v1/cas")) w.disk.rot(blob, (b) => b.fill(0x21));
    w.delete("out");
    const built = await w.build(deep());
    expect(built.ran).toContain("join a");
    expect(built.run.recovered.map((d) => d.code)).toContain("GRAPH_CACHE_ENTRY_DAMAGED");
    expect(w.text("out/deep")).toContain("A\nA\n");
    await nothingToDo(w, deep());
  });

  test("a cached result put in another's place is not believed", async () => {
    const w = world({ a: "A", b: "B" });
    const plan = () => placing(place(strip({ source: file("a") }).text, "out/a"), place(strip({ source: file("b") }).text, "out/b"));
    await w.build(plan());
    const [first, second] = w.disk.filesBelow("/cache/v1/ac");
    const bytes = w.disk.read(first!);
    w.disk.rot(second!, () => bytes);
    w.loseState();
    w.delete("out");
    const built = await w.build(plan());
    expect(built.ran).toHaveLength(1);
    expect([w.text("out/a"), w.text("out/b")]).toEqual(["A", "B"]);
    await nothingToDo(w, plan());
  });

  test("everything lost: everything runs", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(two());
    w.loseState();
    w.loseCache();
    expect((await w.build(two())).counts.ran).toBe(3);
    await nothingToDo(w, two());
  });
});

describe("failures", () => {
  const plan = () => {
    const checked = (p: string) => place(check({ source: file(p) }).text, `out/${p}`);
    return placing(checked("a"), place(join({ parts: [checked("a"), checked("b")], glue: "" }).whole, "out/ab"), checked("b"));
  };

  test("a failing action fails what needs it; mended, all is right", async () => {
    const w = world({ a: "FAIL", b: "B" });
    const built = await w.build(plan(), { keepGoing: true });
    expect(built.diagnostics.map((d) => d.code)).toEqual(["TEST_FAIL"]);
    expect(built.states).toEqual({ "check a": "failed", "check b": "ran", "join a": "failed" });
    expect(built.reasons("join a")).toEqual(["dependency_failed check a"]);
    expect(w.text("out/b")).toBe("B");
    w.write("a", "A");
    expect(await w.build(plan())).toHaveRun(["check a", "join a"]);
    await nothingToDo(w, plan());
  });

  test("a failure is tried again each time", async () => {
    const w = world({ a: "FAIL", b: "B" });
    await w.build(plan(), { keepGoing: true });
    expect((await w.build(plan(), { keepGoing: true })).states["check a"]).toBe("failed");
  });

  test("without keep-going nothing new starts after a failure", async () => {
    const w = world({ a: "FAIL", b: "B" });
    const built = await w.build(plan(), { jobs: 1 });
    expect(built.states["check b"]).toBe("failed");
    expect(built.reasons("check b")).toEqual(["dependency_failed the build was stopped"]);
    expect(built.diagnostics.map((d) => d.code)).toEqual(["TEST_FAIL"]);
  });

  test("remarks are repeated when nothing runs", async () => {
    const w = world({ a: "ODD" });
    const asking: TestPlan = async (c) => {
      const a = place(check({ source: file("a") }).text, "out/a");
      const built = await c.build([a]);
      expect(c.remarks([a.artifact]).map((d) => d.code)).toEqual(["TEST_ODD"]);
      return built;
    };
    expect(await w.build(asking)).toHaveRun(["check a"]);
    await nothingToDo(w, asking);
    w.loseState();
    expect(await w.build(asking)).toHaveRun([]);
  });
});
