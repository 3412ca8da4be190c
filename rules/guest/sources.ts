// Which C files a guest is made of, in order, and how they are compiled: the table of contents of rules/guest/c. Knows no tool.

/** A guest that hosts call: an adapter is a component of its own, a native target holds the program. */
export type GuestKind = "http-adapter" | "cli-adapter" | "http-native" | "cli-native";

const BOTH = ["memory", "text", "base64", "body", "diag"] as const;
const HTTP = [...BOTH, "request", "response", "http"] as const;
const CLI = [...BOTH, "cli"] as const;
const ADAPTER = ["heap-of-the-linker", "limits-of-adapters"] as const;

/** Guests that need no generated code, by the canonical ABI. */
export const SOURCES_OF: { readonly [kind in GuestKind]: readonly string[] } = {
  "http-adapter": [...ADAPTER, ...HTTP, "solve-imported", "wasi-streams", "wasi-http"],
  "cli-adapter": [...ADAPTER, ...CLI, "solve-imported", "wasi-streams", "wasi-cli"],
  "http-native": [...HTTP, "solve-inside", "wasi-streams", "wasi-http"],
  "cli-native": [...CLI, "solve-inside", "wasi-streams", "wasi-cli"],
};

const PROFILE = ["heap-of-the-linker", "limits-of-profiles"] as const;

/** The same guests over the bindings of `wit-bindgen c`, and the program as a solve component. */
export const BINDGEN_SOURCES_OF = {
  http: [...PROFILE, ...HTTP, "solve-inside", "bindgen-http"],
  cli: [...PROFILE, ...CLI, "solve-inside", "bindgen-cli"],
  solve: [...PROFILE, "memory", "solve-inside", "bindgen-solve"],
} as const;

export const C_FOLDER = "rules/guest/c";
export const TARGET = "wasm32-unknown-unknown";

/** Position-independent: native targets are merged into modules whose data they do not know. */
export const CFLAGS = ["-std=c11", "-O2", "-ffreestanding", "-mcpu=mvp", "-mbulk-memory", "-msign-ext", "-fPIC", "-fvisibility=hidden", "-fno-jump-tables", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"] as const;

/** A module with memory of its own; its stack lies first, so that an overflow leaves memory. */
export const ADAPTER_LDFLAGS = ["--no-entry", "--gc-sections", "--strip-all", "--stack-first", "-z", "stack-size=16384"] as const;

/** A module to be merged: memory, stack, program and limits come from outside. */
export const GLUE_LDFLAGS = ["--no-entry", "--gc-sections", "--strip-all", "-shared", "--allow-undefined"] as const;

/** Worlds of the adapters, and where their package lies. */
export const ADAPTER_WORLD = {
  "http-adapter": { folder: "wit/x07/http_adapter/0.1.0", world: "proxy-with-solve" },
  "cli-adapter": { folder: "wit/x07/cli_adapter/0.1.0", world: "command-with-solve" },
} as const;
