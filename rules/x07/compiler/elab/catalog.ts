// Heads that x07 knows elsewhere but that cannot exist here, and the families of builtins. Names only.

/** Prefixes of heads and why they are refused in world solve-pure. */
export const REMOVED_HEADS: readonly (readonly [string, string, "Typing" | "Unsupported"])[] = [
  ["os.", "is standalone-only; compile with --world run-os or --world run-os-sandboxed", "Unsupported"],
  ["fs.", "is disabled in this world", "Typing"],
  ["rr.", "is disabled in this world", "Typing"],
  ["kv.", "is disabled in this world", "Typing"],
  ["math.f64.", "needs a native companion library, which the embedded compiler does not have", "Unsupported"],
  ["json.jcs.", "needs a native companion library, which the embedded compiler does not have", "Unsupported"],
  ["regex.", "needs a native companion library, which the embedded compiler does not have", "Unsupported"],
  ["jsonschema.", "needs a native companion library, which the embedded compiler does not have", "Unsupported"],
];

export const BUILTIN_FAMILIES: ReadonlySet<string> = new Set([
  "bytes", "view", "vec_u8", "fmt", "parse", "codec", "prng", "option_i32", "option_bytes", "option_bytes_view", "result_i32", "result_bytes",
  "result_bytes_view", "result_result_bytes", "map_u32", "set_u32", "task", "chan", "io", "bufread", "f64", "ty", "budget", "vec_value", "map_value",
]);
