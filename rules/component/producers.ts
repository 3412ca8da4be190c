// The custom section that says which tools made a module or component, as the tool conventions of WebAssembly have it.

import { VERSION } from "../tool.ts";
import { ByteWriter } from "../wasm/write.ts";

export const PRODUCERS_SECTION = "producers";

/** A section that names this package and nobody else. */
export function producers(): ByteWriter {
  return new ByteWriter(64).name(PRODUCERS_SECTION).u32(1).name("processed-by").u32(1).name("x07-wasm").name(VERSION);
}
