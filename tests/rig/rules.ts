// Small text rules for engine tests: joining, stripping (early cutoff), splitting, including (discovered files), failing.
// Each is a pure function of its inputs. Knows no test.

import { fail, many, ok, one, output, rule, text, value } from "../../engine/index.ts";

/** Joins its parts with `glue`. */
export const join = rule({
  id: "join",
  version: 1,
  inputs: { parts: many("any"), glue: text() },
  outputs: { whole: output("text") },
  async run({ parts, glue }) {
    await Promise.resolve();
    return ok({ whole: parts.map((p) => p.text()).join(glue) });
  },
});

/** Removes white space at line ends and empty lines: edits of white space stop here. */
export const strip = rule({
  id: "strip",
  version: 1,
  inputs: { source: one("any") },
  outputs: { text: output("text") },
  run: ({ source }) => ok({ text: source.text().split("\n").map((l) => l.trimEnd()).filter((l) => l !== "").join("\n") }),
});

/** First line and the rest, as two outputs. */
export const split = rule({
  id: "split",
  version: 1,
  inputs: { source: one("any") },
  outputs: { head: output("head"), tail: output("tail") },
  run({ source }) {
    const [head = "", ...tail] = source.text().split("\n");
    return ok({ head, tail: tail.join("\n") });
  },
});

/** Replaces each line `include PATH` by that file's text, or by `(no PATH)`. */
export const include = rule({
  id: "include",
  version: 1,
  inputs: { source: one("any") },
  outputs: { text: output("text") },
  discovers: true,
  run({ source }, io) {
    const lines = source.text().split("\n").map((line) => {
      if (!line.startsWith("include ")) return line;
      const found = io.read(line.slice(8));
      return found === undefined ? `(no ${line.slice(8)})` : new TextDecoder().decode(found);
    });
    return ok({ text: lines.join("\n") });
  },
});

/** Copies, but not what says FAIL; remarks on what says ODD. */
export const check = rule({
  id: "check",
  version: 1,
  inputs: { source: one("any") },
  outputs: { text: output("text") },
  run({ source }, io) {
    const said = source.text();
    if (said.includes("ODD")) io.remark({ code: "TEST_ODD", severity: "warning", stage: "lint", message: "this is odd" });
    if (said.includes("FAIL")) return fail([{ code: "TEST_FAIL", severity: "error", stage: "run", message: "it says FAIL" }]);
    return ok({ text: said });
  },
});

/** Counts characters: a value that plans read. */
export const count = rule({
  id: "count",
  version: 1,
  inputs: { source: one("any") },
  outputs: { count: value<number>("count") },
  run: ({ source }) => ok({ count: { json: source.text().length } }),
});

/** Content large enough to live in the cache's files instead of inside the journal. */
export const large = rule({
  id: "large",
  version: 1,
  inputs: { source: one("any") },
  outputs: { text: output("text") },
  run: ({ source }) => ok({ text: `${source.text()}\n`.repeat(2000) }),
});
