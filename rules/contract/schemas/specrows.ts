// The table of all commands and options. Knows nothing of which commands there are.

import { boolean, document, either, just, list, named, object, oneOfWords, text } from "../schema.ts";
import type { Schema } from "../schema.ts";
import { looseSemver } from "./shared.ts";

export const SPECROWS_BASE = "https://x07.org/spec/";
export const VALUE_KINDS = ["STR", "PATH", "U32", "I32", "BOOL", "ENUM", "BYTES", "BYTES_HEX"] as const;

const scope = named("scope", text({ pattern: "^(root|[a-z][a-z0-9_-]{0,31}(\\.[a-z][a-z0-9_-]{0,31})*)$" }));
const short = named("short", text({ pattern: "^(|-[A-Za-z0-9])$" }));
const long = named("long", text({ pattern: "^(|--[A-Za-z][A-Za-z0-9-]{0,63})$" }));
const key = named("key", text({ pattern: "^[a-z][a-z0-9_.-]{0,63}$" }));
const words = text({ max: 4096 });

const flagFacts = object({}, { key, global: boolean, hidden: boolean });
const optionFacts = object(
  {},
  {
    key,
    global: boolean,
    hidden: boolean,
    required: boolean,
    multiple: boolean,
    default: either(words, { type: "integer" }, boolean),
    enum: { type: "array", minItems: 1, maxItems: 256, uniqueItems: true, items: text({ min: 1, max: 128 }) },
    env: text({ max: 128, pattern: "^[A-Z][A-Z0-9_]{0,127}$" }),
  },
);
const argumentFacts = object({}, { required: boolean, multiple: boolean, default: words });

/** A row: these cells, the last `optional` of which may be left out. */
function row(cells: readonly Schema[], optional = 0): Schema {
  return { type: "array", minItems: cells.length - optional, maxItems: cells.length, prefixItems: cells };
}

const rows = [
  row([scope, just("about"), words]),
  row([scope, just("help"), short, long, words]),
  row([scope, just("version"), short, long, words]),
  row([scope, just("flag"), short, long, key, words, flagFacts], 1),
  row([scope, just("opt"), short, long, key, oneOfWords(...VALUE_KINDS), words, optionFacts], 1),
  row([scope, just("arg"), text({ pattern: "^[A-Z][A-Z0-9_]{0,31}$" }), key, words, argumentFacts], 1),
];

const app = object(
  { name: text({ min: 1, max: 64, pattern: "^[a-zA-Z][a-zA-Z0-9_-]*$" }), version: looseSemver },
  { about: text({ max: 1024 }), homepage: text({ max: 2048 }) },
);

export const specrows = document(
  "x07cli.specrows",
  "x07cli.specrows@0.1.0",
  "Every command and option of a command-line program, one row each.",
  object({ schema_version: just("x07cli.specrows@0.1.0"), app, rows: list(named("row", either(...rows)), { min: 1, max: 4096 }) }),
  { base: SPECROWS_BASE },
);

