// The C files of a guest -> one C text: each file once, its own headers laid in, limits defined in front. One text is compiled in
// one go, and is the `http_glue.c` that a build through a C toolchain shows. Knows `#include`; nothing else of C.

import { type InputFile, json, many, output, type Result, rule, texts } from "../../engine/index.ts";

/** Names and values of `#define`s, in order. */
export type Defines = readonly (readonly [name: string, value: string])[];

export const guestSource = rule({
  id: "guest.source",
  version: 1,
  inputs: { files: many("any"), order: texts(), defines: json<Defines>() },
  outputs: { c: output("c-source", "guest.c") },
  run({ files, order, defines }): Result<{ c: string }> {
    const texts = new Map(files.map((f: InputFile) => [f.name, f.text()]));
    const seen = new Set<string>();
    const parts = order.map((name) => expanded(`${name}.c`, texts, seen));
    const heading = defines.map(([name, value]) => `#define ${name} ${value}\n`).join("");
    return { ok: true, value: { c: `${heading}${heading === "" ? "" : "\n"}${parts.join("\n")}` } };
  },
});

const INCLUDE = /^#include "([^"]+)"\n/gm;

/** A file with its headers where they are first asked for; those that are not among `texts` stay asked for. */
function expanded(name: string, texts: ReadonlyMap<string, string>, seen: Set<string>): string {
  const text = texts.get(name);
  if (text === undefined || seen.has(name)) return "";
  seen.add(name);
  return text.replace(INCLUDE, (line, header: string) => (texts.has(header) ? expanded(header, texts, seen) : line));
}
