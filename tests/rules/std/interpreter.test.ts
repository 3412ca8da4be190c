// The interpreter against every measured answer: it is the oracle of other tests, so it is held to the reference first.

import { describe, expect, test } from "vitest";
import { interpret } from "../../rig/interpreter/index.ts";
import { stdDocuments } from "./std.ts";
import { readVectors, sourcesOf, type VectorCase } from "./vectors.ts";

/** The first word of a trap's text; the reference knows the bytes.* checks by the names of the view.* ones. */
function reason(message: string): string {
  return (message.split(" ")[0] ?? "").replace(/^bytes\./, "view.");
}

/** Answers that hang on the reference's own defects or on how much work it counts, not on the language. */
const besideTheLanguage = new Set([
  "bytes_alloc_too_big", // bytes.alloc(-1) "succeeds" with length -1 there
]);

const std = stdDocuments();
const limits = { fuel: 2_000_000 };

function expected(c: VectorCase): string {
  return c.output_b64 === undefined ? "trap" : Buffer.from(c.output_b64, "base64").toString("latin1");
}

const vectors = readVectors();
test("the measured answers are there", () => expect(vectors.length).toBeGreaterThan(300));

describe("interpreter and measured answers", () => {
  for (const vector of vectors) {
    if (vector.cases === undefined || besideTheLanguage.has(vector.name)) continue;
    test(vector.name, () => {
      const { entry, modules } = sourcesOf(vector);
      for (const c of vector.cases ?? []) {
        const got = interpret({ entry, modules: { ...modules, ...std } }, Buffer.from(c.input_b64, "base64"), limits);
        expect("trap" in got ? "trap" : Buffer.from(got.output).toString("latin1"), c.input_b64).toBe(expected(c));
        if ("trap" in got && c.trap_detail !== "signal 11") expect(reason(got.trap)).toBe(reason(c.trap_detail ?? ""));
      }
    });
  }
});
