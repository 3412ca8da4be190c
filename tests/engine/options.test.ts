// Keys and their reasons, and what the engine's own options do to a build.

import { describe, expect, test } from "vitest";
import { explainText } from "../../engine/view/explain.ts";
import { file, ok, one, output, place, rule, text, type ToolIdentity } from "../../engine/index.ts";
import { check, join, large, strip } from "../rig/rules.ts";
import { placing, world } from "../rig/world.ts";

const greet = (version: number, words = "hello") => rule({ id: "greet", version, inputs: { source: one("any"), to: text() }, outputs: { text: output("text") }, run: ({ to }) => ok({ text: `${words} ${to}` }) });

const ld = (version: string, digest = "d1"): ToolIdentity => ({ name: "ld", provider: "native", version, digest, command: ["/usr/bin/ld"] });

describe("all that matters is in the key, and explain names it", () => {
  const changes: [string, () => ReturnType<typeof placing>, () => ReturnType<typeof placing>, string][] = [
    ["rule version", () => placing(place(greet(1)({ source: file("a"), to: "x" }).text, "o")), () => placing(place(greet(2)({ source: file("a"), to: "x" }).text, "o")), "rule greet"],
    ["parameter", () => placing(place(greet(1)({ source: file("a"), to: "x" }).text, "o")), () => placing(place(greet(1)({ source: file("a"), to: "y" }).text, "o")), "parameter to"],
    ["tool version", () => placing(place(strip({ source: file("a") }, { tool: ld("1") }).text, "o")), () => placing(place(strip({ source: file("a") }, { tool: ld("2") }).text, "o")), "tool ld"],
    ["tool binary", () => placing(place(strip({ source: file("a") }, { tool: ld("1", "d1") }).text, "o")), () => placing(place(strip({ source: file("a") }, { tool: ld("1", "d2") }).text, "o")), "tool ld"],
    ["an input more", () => placing(place(join({ parts: [file("a")], glue: "" }).whole, "o")), () => placing(place(join({ parts: [file("a"), file("b")], glue: "" }).whole, "o")), "input_added parts b"],
    ["an input less", () => placing(place(join({ parts: [file("a"), file("b")], glue: "" }).whole, "o")), () => placing(place(join({ parts: [file("a")], glue: "" }).whole, "o")), "input_removed parts b"],
    ["the order of inputs", () => placing(place(join({ parts: [file("a"), file("b")], glue: "" }, { label: "l" }).whole, "o")), () => placing(place(join({ parts: [file("b"), file("a")], glue: "" }, { label: "l" }).whole, "o")), "input the order of its inputs"],
  ];
  test.each(changes)("%s", async (_, before, after, reason) => {
    const w = world({ a: "A", b: "B" });
    await w.build(before());
    const built = await w.build(after());
    expect(built.counts.ran).toBe(1);
    expect(built.actions[0]!.reasons.map((r) => `${r.kind} ${r.what}`)).toEqual([reason]);
    expect(explainText(built.actions).split("\n")).toHaveLength(3);
    expect(await w.build(after())).toHaveRun([]);
  });

  test("other code of the rules", async () => {
    const w = world({ a: "A" });
    const plan = () => placing(place(strip({ source: file("a") }).text, "o"));
    await w.build(plan());
    const built = await w.build(plan(), { code: "code-2" });
    expect(built).toHaveRun(["strip a"]);
    expect(built.reasons("strip a")).toEqual(["rule code"]);
    expect(await w.build(plan(), { code: "code-2" })).toHaveRun([]);
    expect((await w.build(plan(), { code: "code-1" })).counts.restored).toBe(1);
  });

  test("the place of a tool and of the project are not in the key", async () => {
    const plan = (root: string, command: string) => placing(place(join({ parts: [file(`${root}/a`), file(`${root}/sub/b`)], glue: "" }, { root, tool: { ...ld("1"), command: [command] } }).whole, `${root}/o`));
    const w = world({ "one/a": "A", "one/sub/b": "B", "two/a": "A", "two/sub/b": "B" });
    const first = await w.build(plan("one", "/usr/bin/ld"));
    const second = await w.build(plan("two", "/opt/bin/ld"));
    expect(second.counts.restored).toBe(1);
    expect(second.actions[0]!.key).toBe(first.actions[0]!.key);
    const elsewhere = world({ "x/a": "A", "x/sub/b": "B" }, undefined, "/home/other");
    expect((await elsewhere.build(plan("x", "/ld"))).actions[0]!.key).toBe(first.actions[0]!.key);
  });

  test("fields do not run into each other", async () => {
    const keys = new Set<string>();
    for (const [source, to] of [["a", "x"], ["a", "x\ninput\tsource a\t0"], ["a\tb", "x"], ["a\\tb", "x"], ["a\nb", "x"]] as const) {
      const w = world({ [source]: "A" });
      keys.add((await w.build(placing(place(greet(1)({ source: file(source), to }).text, "o")))).actions[0]!.key);
    }
    expect(keys.size).toBe(5);
  });
});

describe("options", () => {
  const plan = () => placing(place(join({ parts: [large({ source: file("a") }).text, strip({ source: file("b") }).text], glue: "+" }).whole, "out/x"));
  const all = ["join a", "large a", "strip b"];

  test("--force runs everything although all is fresh", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(plan());
    const built = await w.build(plan(), { force: true });
    expect(built).toHaveRun(all);
    expect(built.reasons("strip b")).toEqual(["forced --force"]);
    expect(await w.build(plan())).toHaveRun([]);
  });

  test("--dry-run says what would run and changes nothing", async () => {
    const w = world({ a: "A", b: "B" });
    const before = w.disk.changes;
    expect(await w.build(plan(), { dryRun: true })).toHaveRun(all);
    await w.build(plan());
    const between = w.disk.changes;
    expect(between).toBeGreaterThan(before);
    expect(await w.build(plan(), { dryRun: true })).toHaveRun([]);
    expect(w.disk.changes).toBe(between);
    w.delete("out/x");
    expect((await w.build(plan(), { dryRun: true, force: true })).diagnostics.filter((d) => d.severity === "error")).toEqual([]);
    const restoring = await w.build(plan(), { dryRun: true });
    expect(restoring.states["join a"]).toBe("restored");
    expect(w.exists("out/x")).toBe(false);
  });

  test("--no-cache neither reads nor writes the cache, and is fresh by its own memory", async () => {
    const w = world({ a: "A", b: "B" });
    await w.build(plan(), { noCache: true });
    expect(w.exists("/cache")).toBe(false);
    expect(await w.build(plan(), { noCache: true })).toHaveRun([]);
    w.loseState();
    expect(await w.build(plan(), { noCache: true })).toHaveRun(all);
    w.delete("out");
    expect(await w.build(plan(), { noCache: true })).toHaveRun(["join a", "large a"]);
  });

  test("--keep-going builds what it can", async () => {
    const w = world({ a: "FAIL", b: "B" });
    const both = () => placing(place(check({ source: file("a") }).text, "out/a"), place(check({ source: file("b") }).text, "out/b"));
    const built = await w.build(both(), { keepGoing: true, jobs: 1 });
    expect(built.states).toEqual({ "check a": "failed", "check b": "ran" });
    expect(w.text("out/b")).toBe("B");
  });

  test("jobs bound how many run at once, and the longest chain goes first", async () => {
    let [running, most] = [0, 0];
    const order: string[] = [];
    const slow = rule({ id: "slow", version: 1, inputs: { source: one("any"), name: text() }, outputs: { text: output("text") }, async run({ source, name }) {
      order.push(name);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return ok({ text: source.text() + name });
    } });
    const w = world({ a: "A" });
    const short = (n: number) => place(slow({ source: file("a"), name: `short${n}` }).text, `out/${n}`);
    let chain = slow({ source: file("a"), name: "chain0" }).text;
    for (let n = 1; n < 5; n++) chain = slow({ source: chain, name: `chain${n}` }).text;
    await w.build(placing(...[1, 2, 3, 4, 5, 6].map(short), place(chain, "out/chain")), { jobs: 2 });
    expect(most).toBe(2);
    expect(order.indexOf("chain0")).toBeLessThan(3);
    expect(order.indexOf("chain1")).toBeLessThan(order.indexOf("short6"));
  });
});
