// Puts an incident bundle on disk, file by file; a bundle that cannot be written is a warning, never a second failure.

import { renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Diagnostic, makeDirs } from "../../engine/index.ts";

export function writeBundle(folder: string, files: ReadonlyMap<string, Uint8Array>): Diagnostic[] {
  try {
    makeDirs(folder);
    rmSync(join(folder, "files"), { recursive: true, force: true }); // what an earlier bundle of this id kept for its rerun
    for (const [name, bytes] of files) {
      const target = join(folder, name);
      makeDirs(dirname(target));
      const temporary = `${target}.${process.pid}.tmp`;
      writeFileSync(temporary, bytes);
      renameSync(temporary, target);
    }
    return [];
  } catch (e) {
    const error = (e as Error).message;
    return [{ code: "X07WASM_INCIDENT_BUNDLE_WRITE_FAILED", severity: "warning", stage: "run", message: `the incident bundle could not be written: ${error}`, data: { dir: folder, error }, hint: "check the folder's permissions and free space", place: { file: folder } }];
  }
}
