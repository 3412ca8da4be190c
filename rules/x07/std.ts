// The std modules as sources, by module id. They are part of this package: their digest is in the identity of the embedded compiler.

import { readPackaged } from "../contract/packaged.ts";

/** x07AST bytes of a std module, or undefined when there is none of that name. */
export function stdSource(id: string): { readonly path: string; readonly bytes: Uint8Array } | undefined {
  if (!/^std(\.[a-z0-9_-]+)+$/.test(id)) return undefined;
  const read = readPackaged(`rules/x07/std/${id}.x07.json`);
  return read.ok ? { path: `std:${id}`, bytes: read.bytes } : undefined;
}
