// `cli specrows check`: a table of commands and options against its rules; by default the tool's own.

import { readFileSync } from "node:fs";
import { type App, goal, type GoalSpec } from "../../engine/index.ts";
import { specrowsCheckOptions } from "./options.ts";

/** `own` gives the whole graph's goals; it is asked late, since this goal is one of them. */
export function specrowsCheck(app: App, own: () => { readonly [name: string]: GoalSpec }): GoalSpec {
  return goal({
    about: "Check a table of commands and options (specrows)",
    options: specrowsCheckOptions,
    report: { schemaVersion: "x07.wasm.cli.specrows.check.report@0.1.0", command: "x07-wasm.cli.specrows.check", schemaFile: "x07-wasm.cli.specrows.check.report.schema.json" },
    aliases: ["cli validate-specrows"],
    examples: ["cli specrows check", "cli specrows check --in specrows.json --expect-app-name my-tool"],
    question: true,
    async plan(options, context) {
      const { checkSpecrows, specrowsDocument } = await import("../specrows.ts");
      if (options["stdin"] === true) {
        context.volatile();
        return checkSpecrows({ mode: "stdin_v1", input: standardInput() }, options);
      }
      const path = options["in"];
      if (typeof path === "string") return checkSpecrows({ mode: "file_v1", path, file: context.read(path) }, options);
      return checkSpecrows({ mode: "self_v1", document: specrowsDocument(app, own()) }, options);
    },
  });
}

function standardInput(): Uint8Array | { readonly error: string } {
  try {
    return readFileSync(0);
  } catch (e) {
    return { error: (e as Error).message };
  }
}
