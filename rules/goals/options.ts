// The option tables of the goals: one table feeds parser, help, specrows, completion and docs.

import type { OptionSpec } from "../../engine/index.ts";
import { LEVELS } from "../wasm-opt.ts";
import { incidentOptions } from "../incident/options.ts";

export const WASM_INDEX = "arch/wasm/index.x07wasm.json";

const wasmProfile: readonly OptionSpec[] = [
  { long: "index", key: "index", kind: "PATH", about: "Registry of wasm profiles", default: WASM_INDEX },
  { long: "profile", key: "profile.id", kind: "STR", about: "Profile id in the registry (default: the registry's own default)", conflicts: ["profile-file"] },
  { long: "profile-file", key: "profile.file", kind: "PATH", about: "Profile file; the registry is not read", conflicts: ["profile"] },
];

export const wasmOptOption: OptionSpec = { long: "wasm-opt", key: "wasm_opt.level", kind: "ENUM", values: LEVELS, about: "Optimise the module with binaryen at this level (default: not at all)" };

export const buildOptions: readonly OptionSpec[] = [
  { long: "project", key: "project", kind: "PATH", about: "Project manifest", default: "x07.json" },
  ...wasmProfile,
  { long: "codegen-backend", key: "codegen.backend", kind: "STR", about: "native_x07_wasm_v1 or c_toolchain_v1 (default: the profile's)" },
  wasmOptOption,
  { long: "emit-dir", key: "emit.dir", kind: "PATH", about: "Folder for generated C (default: <project dir>/build/wasm/<profile id>)" },
  { long: "out", key: "out", kind: "PATH", about: "The module (default: <project dir>/dist/<name>.wasm)" },
  { long: "artifact-out", key: "artifact.out", kind: "PATH", about: "The artifact manifest (default: <out>.manifest.json)" },
  { long: "no-manifest", key: "manifest.none", kind: "flag", about: "Do not write the artifact manifest" },
  { long: "check-exports", key: "exports.check", kind: "BOOL", default: true, about: "Require the exports of a solve module" },
];

export const runOptions: readonly OptionSpec[] = [
  { long: "wasm", key: "wasm", kind: "PATH", about: "Module to run", required: true },
  { long: "input", key: "input", kind: "PATH", about: "Input from a file", conflicts: ["input-hex", "input-base64"] },
  { long: "input-hex", key: "input.hex", kind: "BYTES_HEX", about: "Input as hex digits", conflicts: ["input", "input-base64"] },
  { long: "input-base64", key: "input.base64", kind: "STR", about: "Input as base64", conflicts: ["input", "input-hex"] },
  ...wasmProfile,
  { long: "arena-cap-bytes", key: "arena.cap.bytes", kind: "U64", about: "Arena of the call in bytes (default: the profile's)" },
  { long: "max-output-bytes", key: "output.max.bytes", kind: "U64", about: "Largest answer in bytes (default: the profile's)" },
  { long: "max-fuel", key: "fuel.max", kind: "U64", about: "Fuel of the call (default: the profile's)" },
  { long: "max-memory-bytes", key: "memory.max.bytes", kind: "U64", about: "Memory cap in bytes; 0 is no limit (default: the profile's)" },
  { long: "max-table-elements", key: "table.max.elements", kind: "U32", about: "Table cap; 0 is no limit (default: the profile's)" },
  { long: "max-wasm-stack-bytes", key: "wasm.stack.max.bytes", kind: "U32", about: "Wasm stack in bytes (default: the profile's)" },
  { long: "max-wall-ms", key: "wall.max.ms", kind: "U32", about: "Milliseconds that the call may take (default: no limit but fuel)" },
  { long: "host", key: "host", kind: "ENUM", values: ["v8", "wasmtime", "auto"], default: "v8", about: "Engine: V8, an installed Wasmtime, or Wasmtime where it satisfies its pin" },
  { long: "output-out", key: "output.out", kind: "PATH", about: "Write the answer to this file" },
  ...incidentOptions,
];

export const profileValidateOptions: readonly OptionSpec[] = wasmProfile;

export const specrowsCheckOptions: readonly OptionSpec[] = [
  { long: "in", key: "in", kind: "PATH", about: "Specrows document to check (default: the tool's own)", conflicts: ["stdin"] },
  { long: "stdin", key: "stdin", kind: "flag", about: "Read the document from standard input", conflicts: ["in"] },
  { long: "expect-app-name", key: "expect.app.name", kind: "STR", about: "What app.name must be", default: "x07-wasm" },
];

export const componentProfileValidateOptions: readonly OptionSpec[] = [
  { long: "index", key: "index", kind: "PATH", about: "Registry of component profiles", default: "arch/wasm/component/index.x07wasm.component.json" },
  { long: "profile", key: "profile.id", kind: "STR", about: "Check only this profile (may be repeated)", multiple: true },
  { long: "strict", key: "strict", kind: "flag", about: "Turn warnings into errors" },
];

export const toolchainValidateOptions: readonly OptionSpec[] = [
  { long: "index", key: "index", kind: "PATH", about: "Registry of toolchain profiles", default: "arch/wasm/toolchain/index.x07wasm.toolchain.json" },
  { long: "profile", key: "profile", kind: "PATH", about: "Profile file; the registry is not read", conflicts: ["profile-id"] },
  { long: "profile-id", key: "profile_id", kind: "STR", about: "Profile id in the registry (default: the registry's own default)", conflicts: ["profile"] },
];
