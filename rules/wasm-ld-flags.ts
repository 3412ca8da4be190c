// Linker flags that an older LLD lacks, replaced by equivalents where the module comes out the same. Text in, text out.

import type { Diagnostic } from "../engine/index.ts";

/** The first LLD that knows --export-memory=NAME and --no-growable-memory. */
const FIRST_WITH_ALL = 17;

export interface AdaptedFlags {
  readonly flags: readonly string[];
  readonly remark: Diagnostic | undefined;
}

/**
 * `line` is the linker's version line, e.g. `Debian LLD 14.0.6`. Memory is exported as "memory" by default, and a maximum
 * equal to the initial size is what --no-growable-memory means.
 */
export function adaptedLinkerFlags(ldflags: readonly string[], line: string): AdaptedFlags {
  const major = Number(/LLD (\d+)\./.exec(line)?.[1] ?? FIRST_WITH_ALL);
  const lacking: readonly string[] = ldflags.filter((f) => f === "--no-growable-memory" || f === "--export-memory=memory");
  if (major >= FIRST_WITH_ALL || lacking.length === 0) return { flags: ldflags, remark: undefined };
  const flags = ldflags.filter((f) => !lacking.includes(f));
  const initial = ldflags.find((f) => f.startsWith("--initial-memory="))?.slice("--initial-memory=".length);
  if (initial !== undefined && !flags.some((f) => f.startsWith("--max-memory="))) flags.push(`--max-memory=${initial}`);
  return {
    flags,
    remark: { code: "X07WASM_WASM_LD_FLAGS_ADAPTED", severity: "info", stage: "link", message: `${line} lacks ${lacking.join(" and ")}; equivalent flags were used`, hint: `install LLD ${FIRST_WITH_ALL} or newer to link with the profile's flags as they are` },
  };
}
