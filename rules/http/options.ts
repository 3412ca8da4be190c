// Options that all commands running a reducer share.

import type { OptionSpec } from "../../engine/index.ts";

/** Options of every command that runs a reducer. */
export const reducerOptions: readonly OptionSpec[] = [
  { long: "component", key: "component", kind: "PATH", about: "The reducer: a core module made by `build`", required: true },
  { long: "index", key: "index", kind: "PATH", about: "Registry of wasm profiles", default: "arch/wasm/index.x07wasm.json" },
  { long: "profile", key: "profile.id", kind: "STR", about: "Profile id in the registry (default: the registry's own default)", conflicts: ["profile-file"] },
  { long: "profile-file", key: "profile.file", kind: "PATH", about: "Profile file; the registry is not read", conflicts: ["profile"] },
  { long: "max-fuel", key: "max_fuel", kind: "U64", about: "Fuel of each call (default: the profile's)" },
  { long: "max-memory-bytes", key: "max_memory_bytes", kind: "U64", about: "Memory cap in bytes; 0 is no limit (default: the profile's)" },
  { long: "max-table-elements", key: "max_table_elements", kind: "U32", about: "Table cap; 0 is no limit (default: the profile's)" },
  { long: "max-wasm-stack-bytes", key: "max_wasm_stack_bytes", kind: "U32", about: "Wasm stack in bytes (default: the profile's)" },
  { long: "host", key: "host", kind: "ENUM", values: ["v8", "wasmtime", "auto"], default: "v8", about: "Engine: V8, an installed Wasmtime, or Wasmtime where it satisfies its pin" },
  { long: "max-wall-ms", key: "max_wall_ms", kind: "U32", about: "Milliseconds that each call may take (default: no limit but fuel)" },
];
