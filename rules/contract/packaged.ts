// The arch/ and wit/ that come with this package, for projects that have none. Knows nothing of what the files say.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Artifact, output, type PlanFile, rule, sha256Hex, text } from "../../engine/index.ts";

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

/** The text of a file of the built package; undefined where there is none. */
export function packageFile(path: string): string | undefined {
  try {
    return readFileSync(join(packageRoot(), path), "utf8");
  } catch {
    return undefined;
  }
}

/** Every file below a packaged folder, by its path from there; none where there is no such folder. */
export function listPackaged(folder: string): string[] {
  const below = (at: string, from: string): string[] =>
    readdirSync(at, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? below(join(at, e.name), `${from}${e.name}/`) : e.isFile() ? [`${from}${e.name}`] : []));
  const at = join(packageRoot(), folder);
  return existsSync(at) ? below(at, "") : [];
}

const packagedRule = rule({
  id: "packaged.wit",
  version: 1,
  inputs: { path: text(), sha256: text() },
  outputs: { file: output("wit", "packaged.wit") },
  run({ path }) {
    const file = readPackaged(path);
    if (file.ok) return { ok: true, value: { file: file.bytes } };
    return { ok: false, error: [{ code: "X07WASM_INTERNAL_PACKAGE_INCOMPLETE", severity: "error", stage: "run", message: file.error, hint: "install x07-wasm again" }] };
  },
});

/** A packaged WIT file as an artifact that actions and folders of a project can use. Undefined when there is none at this path. */
export function packagedWit(path: string): Artifact | undefined {
  const file = readPackaged(path);
  return file.ok ? packagedRule({ path, sha256: file.digest.sha256 }, { label: path }).file : undefined;
}
