// The envelope of every report: who, what came of it, with which inputs and outputs. Knows nothing of any result.

import { boolean, document, integer, just, list, named, object, text } from "../schema.ts";
import type { Fields, Schema, SchemaDocument } from "../schema.ts";
import { diagnostic } from "./diag.ts";
import { count, fileDigest, fileDigest64, u64 } from "./shared.ts";

const gitSha = text({ pattern: "^[0-9a-fA-F]{7,40}$" });
const line = text();

/** The optional members of meta.tool; most reports may carry the C toolchain and the engine. */
export const BUILD_TOOLS = ["git_sha", "rustc", "clang", "wasm_ld", "wasmtime"];
export const ALL_TOOLS = [...BUILD_TOOLS, "wasm_tools", "wit_bindgen", "wac", "jco", "x07"];

const nondeterminism = named("nondeterminism", object({ uses_os_time: boolean, uses_network: boolean, uses_process: boolean }));

export interface ReportForm {
  /** Dotted words between `x07.wasm.` and `.report`, e.g. `component.build`. */
  readonly words: string;
  /** The report's `command` after `x07-wasm.`, where it differs from the words. */
  readonly command?: string;
  readonly version?: string;
  readonly about: string;
  readonly result: Schema;
  readonly tools?: readonly string[];
  /** Lengths and times are stated to be u64. */
  readonly wide?: boolean;
}

function toolSchema(names: readonly string[]): Schema {
  const optional: Fields = Object.fromEntries(names.map((name) => [name, name === "git_sha" ? gitSha : line]));
  return named("tool_meta", object({ name: just("x07-wasm"), version: line }, optional));
}

function metaSchema(form: ReportForm): Schema {
  const digests = list(form.wide ? fileDigest64 : fileDigest);
  return named(
    "meta",
    object({ tool: toolSchema(form.tools ?? BUILD_TOOLS), elapsed_ms: form.wide ? u64 : count, cwd: text(), argv: list(line), inputs: digests, outputs: digests, nondeterminism }),
  );
}

export function report(form: ReportForm): SchemaDocument {
  const title = `x07.wasm.${form.words}.report@${form.version ?? "0.1.0"}`;
  return document(
    `x07-wasm.${form.words}.report`,
    title,
    form.about,
    object({
      schema_version: just(title),
      command: just(`x07-wasm.${form.command ?? form.words}`),
      ok: boolean,
      exit_code: integer(0, 255),
      diagnostics: list(diagnostic),
      meta: metaSchema(form),
      result: named("result", form.result),
    }),
  );
}
