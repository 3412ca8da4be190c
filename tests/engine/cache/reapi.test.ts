// The messages of the Remote Execution API, against bytes put together by hand from the published field numbers.

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { actionDigest, decodeResult, encodeResult } from "../../../engine/cache/remote/reapi.ts";
import { Graph } from "../../../engine/graph.ts";
import { digestOf } from "../../../engine/lib/digest.ts";
import { utf8 } from "../../../engine/lib/bytes.ts";
import { file, many, named, output, rule } from "../../../engine/index.ts";
import type { Trace } from "../../../engine/trace.ts";

const glue = rule({
  id: "glue",
  version: 3,
  inputs: { parts: many("any") },
  outputs: { whole: output("text", "whole.txt"), list: output("text", "a.list") },
  command: ({ parts, whole, list }, tool) => [...tool, ...parts, "-o", whole, "-l", list],
  env: () => ({ ZED: "z", AAA: "" }),
});

const CONTENT: { readonly [path: string]: string } = { "src/b/x": "x", "src/a": "aa", "other/c": "ccc" };

function action() {
  const graph = new Graph();
  const made = glue({ parts: [file("src/b/x"), named(file("src/a"), "b/a"), file("other/c")] }, { tool: { name: "cat", provider: "native", version: "9", digest: "d".repeat(64), command: ["/usr/bin/cat"] } });
  graph.intern(made.whole);
  return { action: graph.actions[0]!, digest: (a: number) => digestOf(utf8(CONTENT[graph.artifacts[a]!.source]!)) };
}

/** A length-delimited field and a varint field, for lengths below 2^14. */
const length = (n: number) => (n < 128 ? Buffer.of(n) : Buffer.of((n & 127) | 128, n >> 7));
const sub = (field: number, body: Buffer | string) => Buffer.concat([Buffer.of(field * 8 + 2), length(Buffer.from(body).length), Buffer.from(body)]);
const int = (field: number, n: number) => Buffer.concat([Buffer.of(field * 8), length(n)]);
const sha = (b: Buffer | string) => createHash("sha256").update(b).digest("hex");
const digest = (b: Buffer | string) => Buffer.concat([sub(1, sha(b)), ...(Buffer.from(b).length === 0 ? [] : [int(2, Buffer.from(b).length)])]);
const join = (...parts: Buffer[]) => Buffer.concat(parts);
const node = (name: string, content: string) => join(sub(1, name), sub(2, digest(content)));
const variable = (name: string, value: string) => join(sub(1, name), ...(value === "" ? [] : [sub(2, value)]));

test("the digest of an action is that of its Action message", () => {
  const one = action();
  const command = join(
    ...["cat", "src/b/x", "b/a", "other/c", "-o", "out/whole.txt", "-l", "out/a.list"].map((w) => sub(1, w)),
    ...[["AAA", ""], ["LC_ALL", "C"], ["PATH", "/usr/local/bin:/usr/bin:/bin"], ["SOURCE_DATE_EPOCH", "0"], ["TZ", "UTC"], ["ZED", "z"]].map(([n, v]) => sub(2, variable(n!, v!))),
    sub(7, "out/a.list"),
    sub(7, "out/whole.txt"),
  );
  const b = sub(1, node("a", "aa"));
  const src = sub(2, join(sub(1, "b"), sub(2, digest(sub(1, node("x", "x"))))));
  const other = sub(1, node("c", "ccc"));
  const root = join(...([["b", b], ["other", other], ["src", src]] as const).map(([name, dir]) => sub(2, join(sub(1, name), sub(2, digest(dir))))));
  const platform = sub(1, join(sub(1, "tool:cat"), sub(2, `native 9 ${"d".repeat(64)}`)));
  const salt = "ab".repeat(32);
  const message = join(sub(1, digest(command)), sub(2, digest(root)), sub(9, Buffer.from(salt, "hex")), sub(10, platform));
  expect(actionDigest(one.action, salt, one.digest)).toEqual({ sha256: sha(message), size: message.length });
});

const trace: Trace = {
  durationMs: 0,
  discovered: [{ path: "../é", sha256: "" }],
  remarks: [{ code: "A_B", severity: "warning", stage: "run", message: "m" }],
  outputs: [{ ...digestOf(utf8("small")), inline: utf8("small") }, { sha256: "c".repeat(64), size: 70_000, inline: undefined }],
};

test("a result is an ActionResult with its outputs, and comes back as it was", () => {
  const { action: a } = action();
  const bytes = encodeResult(a, "k", { kind: "result", trace });
  const outputs = join(
    sub(2, join(sub(1, "out/whole.txt"), sub(2, digest("small")), sub(5, "small"))),
    sub(2, join(sub(1, "out/a.list"), sub(2, join(sub(1, "c".repeat(64)), Buffer.of(16, 0xf0, 0xa2, 0x04))))),
  );
  expect(Buffer.from(bytes).subarray(0, outputs.length)).toEqual(outputs);
  expect(decodeResult(bytes, a, "k")).toEqual({ kind: "result", trace });
  expect(decodeResult(bytes, a, "another")).toBeUndefined();
  const sets = encodeResult(a, "k", { kind: "sets", sets: [["x", "y"], []] });
  expect(decodeResult(sets, a, "k")).toEqual({ kind: "sets", sets: [["x", "y"], []] });
});

const bare = (said: ReturnType<typeof decodeResult>) => (said?.kind === "result" ? { ...said.trace, outputs: said.trace.outputs.map((o) => ({ ...o, inline: undefined })) } : said);

test("any flipped or missing byte of a result is found", () => {
  const { action: a } = action();
  const bytes = encodeResult(a, "k", { kind: "result", trace });
  for (let at = 0; at < bytes.length; at++) {
    for (const bit of [0, 3, 7]) {
      const said = decodeResult(bytes.with(at, bytes[at]! ^ (1 << bit)), a, "k");
      // At worst content that came along is overlooked, and fetched by its digest.
      if (said !== undefined) expect(bare(said)).toEqual(bare({ kind: "result", trace }));
    }
    expect(decodeResult(bytes.slice(0, at), a, "k")).toBeUndefined();
  }
});
