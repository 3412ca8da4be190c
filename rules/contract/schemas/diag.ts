// The form of diagnostics. Knows nothing of codes.

import { anyObject, boolean, document, either, integer, just, list, named, object, oneOfWords, text, withDefault } from "../schema.ts";
import type { Schema } from "../schema.ts";

const pointer = named("json_pointer", text({ max: 2048 }));
const position = named("position", object({ line: integer(1), col: integer(1) }, { offset: integer() }));
const span = named("span", object({ start: position, end: position }, { file: text() }));
const inProgram = object({ kind: just("x07ast"), ptr: pointer });
const inText = object({ kind: just("text"), span }, { snippet: text({ max: 2048 }) });
const location = named("location", either(inProgram, inText));

/** Any value at all. */
const anything: Schema = {};
const withValue = (op: string): Schema => object({ op: just(op), path: pointer, value: anything });
const withSource = (op: string): Schema => object({ op: just(op), path: pointer, from: pointer });
const patchOperation = named(
  "patch_op",
  either(withValue("add"), object({ op: just("remove"), path: pointer }), withValue("replace"), withSource("move"), withSource("copy"), withValue("test")),
);
const quickfix = named("quickfix", object({ kind: just("json_patch"), patch: list(patchOperation) }, { note: text({ max: 512 }) }));

export const diagnostic = named(
  "diagnostic",
  object(
    {
      code: text({ min: 1, max: 64, pattern: "^[A-Z][A-Z0-9_-]*$" }),
      severity: oneOfWords("error", "warning", "info", "hint"),
      stage: oneOfWords("parse", "lint", "rewrite", "type", "lower", "codegen", "link", "run"),
      message: text({ min: 1, max: 4096 }),
    },
    { loc: location, notes: list(text({ max: 2048 })), related: list(location), data: anyObject, quickfix },
  ),
);

export const diagDocument = document(
  "x07diag",
  "x07.x07diag@0.1.0",
  "Diagnostics of a tool, in the order in which they were found.",
  object({ schema_version: just("x07.x07diag@0.1.0"), diagnostics: list(diagnostic) }, { ok: withDefault(boolean, true), meta: anyObject }),
);
