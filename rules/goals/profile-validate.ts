// `profile validate`: the goal around the checks of rules/profile-validate.ts.

import { goal } from "../../engine/index.ts";
import { profileValidateOptions } from "./options.ts";

export const profileValidate = goal({
  about: "Check wasm profiles and their registry",
  options: profileValidateOptions,
  report: { schemaVersion: "x07.wasm.profile.validate.report@0.1.0", command: "x07-wasm.profile.validate", schemaFile: "x07-wasm.profile.validate.report.schema.json" },
  examples: ["profile validate", "profile validate --profile wasm_debug --json"],
  question: true,
  plan: async (options, context) => (await import("../profile-validate.ts")).validateProfiles((path) => context.read(path), options),
});
