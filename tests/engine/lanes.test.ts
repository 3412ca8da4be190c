// The lanes in which actions run, against sorting: what goes when, and never more than may.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Lanes } from "../../engine/lanes.ts";

test("the most urgent goes first, among equals the first come, and no more at a time than there are lanes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 }), async (count, priorities) => {
      const lanes = new Lanes(count);
      const began: number[] = [];
      const ends: (() => void)[] = [];
      let running = 0;
      priorities.forEach((priority, i) =>
        lanes.add(() => {
          began.push(i);
          running += 1;
          expect(running).toBeLessThanOrEqual(count);
          return new Promise<void>((resolve) => ends.push(() => ((running -= 1), resolve())));
        }, priority),
      );
      for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
        end();
        await new Promise((resolve) => setImmediate(resolve));
      }
      const first = priorities.map((_, i) => i).slice(0, count);
      const rest = priorities.map((_, i) => i).slice(count).sort((a, b) => priorities[b]! - priorities[a]! || a - b);
      expect(began).toEqual([...first, ...rest]);
    }),
    { numRuns: 60 },
  );
});

test("what is added by work that runs waits its turn", async () => {
  const lanes = new Lanes(1);
  const began: string[] = [];
  await new Promise<void>((resolve) => {
    const work = (name: string) => () => (began.push(name), Promise.resolve());
    lanes.add(() => {
      began.push("first");
      lanes.add(work("low"), 1);
      lanes.add(work("high"), 2);
      lanes.add(() => (resolve(), Promise.resolve()), 0);
      return Promise.resolve();
    }, 0);
  });
  expect(began).toEqual(["first", "high", "low"]);
});
