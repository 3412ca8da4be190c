// Which C files a guest is made of and how they are compiled: the table of contents of rules/guest/c. Knows no tool.

/** A guest that hosts call: an adapter is a component of its own, a native target holds the program. */
export type GuestKind = "http-adapter" | "cli-adapter" | "http-native" | "cli-native";

const BOTH = ["memory", "text", "base64", "body", "diag"] as const;
const HTTP = [...BOTH, "request", "response", "http"] as const;
const CLI = [...BOTH, "cli"] as const;
const ADAPTER = ["solve-imported", "limits-of-adapters", "heap-of-the-linker"] as const;

/** What does not depend on how hosts are spoken to. */
export const CORE_OF: { readonly [kind in "http" | "cli"]: readonly string[] } = { http: HTTP, cli: CLI };

/** Names of C files without `.c`. */
export const SOURCES_OF: { readonly [kind in GuestKind]: readonly string[] } = {
  "http-adapter": [...HTTP, "wasi-http", "wasi-streams", ...ADAPTER],
  "cli-adapter": [...CLI, "wasi-cli", "wasi-streams", ...ADAPTER],
  "http-native": [...HTTP, "wasi-http", "wasi-streams", "solve-inside"],
  "cli-native": [...CLI, "wasi-cli", "wasi-streams", "solve-inside"],
};

export const C_FOLDER = "rules/guest/c";
export const TARGET = "wasm32-unknown-unknown";

/** Position-independent, so that one object serves a module of its own and a module that is merged into another. */
export const CFLAGS = ["-std=c11", "-O2", "-ffreestanding", "-mcpu=mvp", "-mbulk-memory", "-msign-ext", "-fPIC", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror"] as const;

/** A module with memory of its own; its stack lies first, so that an overflow leaves memory. */
export const ADAPTER_LDFLAGS = ["--no-entry", "--gc-sections", "--strip-all", "--stack-first", "-z", "stack-size=16384"] as const;

/** A module to be merged: memory, stack, program and limits come from outside. */
export const GLUE_LDFLAGS = ["--no-entry", "--gc-sections", "--strip-all", "-shared", "--allow-undefined"] as const;

/** Worlds of the adapters, and where their package lies. */
export const ADAPTER_WORLD = {
  "http-adapter": { folder: "wit/x07/http_adapter/0.1.0", world: "proxy-with-solve" },
  "cli-adapter": { folder: "wit/x07/cli_adapter/0.1.0", world: "command-with-solve" },
} as const;
