// A core module -> what it shows from outside, as a value in the graph. Has never heard of profiles.

import { one, rule, value } from "../engine/index.ts";
import type { WasmFacts } from "./wasm/inspect.ts";

/** Facts, or why the bytes are not decodable: both are results, since whoever asks words the error differently. */
export type Inspected = { readonly ok: true; readonly facts: WasmFacts } | { readonly ok: false; readonly message: string; readonly offset: number };

export const inspectModule = rule({
  id: "wasm.inspect",
  version: 1,
  inputs: { module: one("core-wasm") },
  outputs: { facts: value<Inspected>("wasm-facts") },
  async run({ module }) {
    const { inspect } = await import("./wasm/inspect.ts");
    const result = inspect(module.bytes());
    const found: Inspected = result.ok ? { ok: true, facts: result.value } : { ok: false, ...result.error };
    return { ok: true, value: { facts: JSON.stringify(found) } };
  },
});
