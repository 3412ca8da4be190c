// Heads that x07 knows elsewhere but that cannot exist here, and the families of builtins. Names only.

interface RemovedHead {
  readonly prefix: string;
  readonly why: string;
  readonly kind: "Typing" | "Unsupported";
  readonly hint?: string;
}

const OTHER_WORLD = { why: "is disabled in this world", kind: "Typing" } as const;
const NO_COMPANION = { why: "needs a native companion library, which the embedded compiler does not have", kind: "Unsupported" } as const;
const NOT_EMBEDDED = { why: "is a form that the embedded compiler does not have", kind: "Unsupported", hint: "an x07 on PATH builds it: --provider native" } as const;

/** Prefixes of heads and why they are refused. What stands in their operands is not looked at: it may be of a language of its own. */
export const REMOVED_HEADS: readonly RemovedHead[] = [
  { prefix: "os.", why: "is standalone-only; compile with --world run-os or --world run-os-sandboxed", kind: "Unsupported" },
  ...["fs.", "rr.", "kv."].map((prefix) => ({ prefix, ...OTHER_WORLD })),
  ...["math.f64.", "json.jcs.", "regex.", "jsonschema."].map((prefix) => ({ prefix, ...NO_COMPANION })),
  ...["std.stream.", "task.scope.select", "budget.scope_from_arch_v1", "scratch_u8_fixed_v1.", "std.brand.to_bytes_preserve_if_full_v1"].map((prefix) => ({ prefix, ...NOT_EMBEDDED })),
];

export const BUILTIN_FAMILIES: ReadonlySet<string> = new Set([
  "bytes", "view", "vec_u8", "fmt", "parse", "codec", "prng", "option_i32", "option_bytes", "option_bytes_view", "result_i32", "result_bytes",
  "result_bytes_view", "result_result_bytes", "map_u32", "set_u32", "task", "chan", "io", "bufread", "f64", "ty", "budget", "vec_value", "map_value",
]);
