// The arch/ that comes with this package, for projects that have none. Knows nothing of what the files say.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256Hex } from "../../engine/index.ts";
import type { PlanFile } from "../../engine/index.ts";

/** Reports name packaged files by this prefix: they are in no folder of the project. */
export const PACKAGED = "packaged:";

let root: string | undefined;

/** The folder of this package that holds arch/: above the bundle, or above the sources. */
export function packageRoot(): string {
  if (root !== undefined) return root;
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < 2 && !existsSync(join(folder, "arch", "wasm")); up++) folder = dirname(folder);
  root = folder;
  return root;
}

/** Reads a packaged file by its path below the package, e.g. `arch/wasm/index.x07wasm.json`. */
export function readPackaged(path: string): PlanFile {
  try {
    const bytes = readFileSync(join(packageRoot(), path));
    return { ok: true, bytes, digest: { path: `${PACKAGED}${path}`, sha256: sha256Hex(bytes), bytes_len: bytes.length } };
  } catch (error) {
    return { ok: false, code: (error as NodeJS.ErrnoException).code ?? "EIO", error: `${path} is missing from the package` };
  }
}
