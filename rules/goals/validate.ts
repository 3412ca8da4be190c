// The checking goals over registries and toolchains: each wraps the checks of the rule of its name.

import { goal } from "../../engine/index.ts";
import { componentProfileValidateOptions, toolchainValidateOptions } from "./options.ts";

export const componentProfileValidate = goal({
  about: "Check component profiles and their registry",
  options: componentProfileValidateOptions,
  report: { schemaVersion: "x07.wasm.component.profile.validate.report@0.1.0", command: "x07-wasm.component.profile.validate", schemaFile: "x07-wasm.component.profile.validate.report.schema.json" },
  examples: ["component profile validate", "component profile validate --profile component_debug --strict"],
  question: true,
  plan: async (options, context) => (await import("../component-profile-validate.ts")).validateComponentProfiles((path) => context.read(path), options),
});

export const toolchainValidate = goal({
  about: "Check the installed tools against the versions that a toolchain profile pins",
  options: toolchainValidateOptions,
  report: { schemaVersion: "x07.wasm.toolchain.validate.report@0.1.0", command: "x07-wasm.toolchain.validate", schemaFile: "x07-wasm.toolchain.validate.report.schema.json" },
  examples: ["toolchain validate", "toolchain validate --profile-id toolchain_local --json"],
  question: true,
  async plan(options, context) {
    context.volatile();
    const { validateToolchain } = await import("../toolchain.ts");
    const { probe } = await import("../probe.ts");
    return validateToolchain((path) => context.read(path), probe, options);
  },
});
