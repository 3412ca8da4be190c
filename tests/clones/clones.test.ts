// A fresh clone builds nothing that was built before: by a saved folder, by an archive, by a server; each clone at another
// path, for another user, with other stamps, umask and locale. One changed module runs its dependents alone.

import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CacheServer } from "../rig/cache-server.ts";
import { AT_HOME, type Clone, commandLines, ELSEWHERE, Place, type Totals } from "./rig.ts";

const place = new Place();
const [LONG_AGO, LATELY] = [1_000_000_000, 1_790_000_000];
let server: CacheServer;
let lines: string[][];
let one: Clone;
let first: Totals;

beforeAll(async () => {
  server = await CacheServer.start();
  one = place.clone("one", AT_HOME, LATELY);
  const table = await one.tool(["--cli-specrows"]);
  const hasComponents = table.stdout.includes('"component-build"');
  if (!hasComponents) console.log("no component builds: this version has no goal `component build`");
  if (ELSEWHERE.uid === undefined) console.log("SKIPPED: clones built by another user (only root may become one, and the checkout must be readable to all)");
  lines = commandLines(hasComponents);
  first = await one.build(lines, ["--remote-cache", server.url]);
}, 240_000);
afterAll(async () => {
  place.clean();
  await server.close();
});

/** Three ways from one clone's cache to another's; `words` are added to every build there. */
const WAYS: { readonly [way: string]: { readonly words: () => string[]; readonly carry: (from: Clone, to: Clone) => Promise<void> } } = {
  "a saved folder": { words: () => [], carry: (from, to) => Promise.resolve(copied(from.cache, to.cache)) },
  "an archive": {
    words: () => [],
    async carry(from, to) {
      const file = join(place.base, `archive-${WAYS_USED++}.tar.zst`);
      expect((await from.tool(["cache", "export", file])).status).toBe(0);
      execFileSync("chmod", ["a+r", file]);
      const took = await to.tool(["cache", "import", file, "--json"]);
      expect([took.status, took.stderr]).toEqual([0, ""]);
    },
  },
  "a server": { words: () => ["--remote-cache", server.url], carry: () => Promise.resolve() },
};
let WAYS_USED = 0;

/** As a CI provider does: unpacked by whoever runs there. */
function copied(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  if (ELSEWHERE.uid !== undefined) execFileSync("chown", ["-R", String(ELSEWHERE.uid), to]);
}

/** After the change: the changed example and two others, or all with X07_CLONES=all. */
const some = () => (process.env["X07_CLONES"] === "all" ? lines : lines.filter((l) => /report_service|http_echo|solve_pure_spin/.test(l.join(" "))));

const MODULE = "examples/report_service/src/show/pad.x07.json";
function change(clone: Clone): void {
  const path = join(clone.dir, MODULE);
  const text = readFileSync(path, "utf8");
  const changed = text.replace('"width",48]', '"width",32]');
  expect(changed).not.toBe(text);
  writeFileSync(path, changed);
}

test("the first clone runs everything", () => {
  expect(first.ran).toBeGreaterThan(30);
  expect(one.made().length).toBeGreaterThan(30);
});

describe.each(Object.keys(WAYS))("by %s", (way) => {
  const { words, carry } = WAYS[way]!;

  test("the second runs nothing and has the same bytes; a change runs its dependents; the third runs nothing", async () => {
    const two = place.clone(join("quite", "another place", `two ${way}`), ELSEWHERE, LONG_AGO);
    await carry(one, two);
    const second = await two.build(lines, words());
    expect(second.actions).toEqual([]);
    expect(second.total).toBe(first.total);
    expect(two.made()).toEqual(one.made());

    change(two);
    const changed = await two.build(some(), words());
    expect(changed.ran).toBeGreaterThan(2);
    const others = await two.build(some().filter((l) => !l.join(" ").includes("report_service")), words());
    const again = await two.build(some(), words());
    expect([others.ran, again.ran]).toEqual([0, 0]);
    expect(changed.ran).toBeLessThan(first.total / 4);

    const three = place.clone(`three-${way.replaceAll(" ", "-")}`, ELSEWHERE, LATELY + 77);
    change(three);
    await carry(two, three);
    const third = await three.build(some(), words());
    expect(third.actions).toEqual([]);
    expect(new Set(two.made())).toEqual(new Set([...two.made(), ...three.made()]));
    expect(three.made().length).toBeGreaterThan(10);
  });
});

test("asked plainly, a clone has every answer of the first from its cache, and nothing to do from then on", async () => {
  for (const line of lines) expect((await one.tool(line)).status).toBe(0);
  const four = place.clone(join("four", "deep"), ELSEWHERE, LONG_AGO + 4);
  copied(one.cache, four.cache);
  for (const line of lines) {
    expect(await four.tool(line)).toMatchObject({ status: 0, stderr: expect.stringMatching(/: nothing to build, \d+ outputs put back\n$/) });
    expect((await four.tool(line)).stderr).toMatch(/: nothing to do, \d+ fresh\n$/);
  }
  expect(four.made()).toEqual(one.made());
});
