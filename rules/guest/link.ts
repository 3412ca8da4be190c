// A program's core module + the glue of a native target -> one core module whose exports hosts can call, with its limits as
// constants: no C compiler has a part in it. Knows the names of limits; has never heard of profiles.

import { fail, json, ok, one, output, rule } from "../../engine/index.ts";
import { merge } from "../wasm/merge.ts";

/** Values by name, e.g. `max_headers`; each fits 32 bits without sign. */
export interface GuestLimits {
  readonly [name: string]: number;
}

/** Deepest use of the glue's stack is about a tenth of this; it never recurses. */
const STACK_BYTES = 16384;

export const linkGuest = rule({
  id: "guest.link",
  version: 1,
  inputs: { program: one("core-wasm"), glue: one("core-wasm"), limits: json<GuestLimits>() },
  outputs: { module: output("core-wasm", "guest.core.wasm") },
  run({ program, glue, limits }) {
    const merged = merge(program.bytes(), glue.bytes(), { stackBytes: STACK_BYTES, constantsModule: "x07:link", constants: limits, heapBaseName: "heap_base" });
    if (merged.ok && WebAssembly.validate(merged.value)) return ok({ module: merged.value });
    const why = merged.ok ? "the merged module is not valid" : merged.error.message;
    return fail([{ code: "X07WASM_GUEST_LINK_FAILED", severity: "error", stage: "link", message: `the program cannot be linked with the target's glue: ${why}`, hint: "build the program with x07-wasm build; it must export x07_solve_v2, memory and __heap_base and import nothing" }]);
  },
});
