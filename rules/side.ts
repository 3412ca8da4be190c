// Files that a command writes beside its report, whole or not at all. Knows nothing of their content.

import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fail, makeDirs, namesStream, ok, sha256Hex } from "../engine/index.ts";
import type { FileDigest, Result } from "../engine/index.ts";
import { finding } from "./wasm/finding.ts";

export function writeSide(path: string, bytes: Uint8Array, code: string, mode?: number): Result<FileDigest> {
  try {
    makeDirs(dirname(path));
    const there = statSync(path, { throwIfNoEntry: false });
    if (!namesStream(path) && (there === undefined || there.isFile())) replace(path, bytes, mode);
    else writeFileSync(path, bytes); // a device or a pipe, which nothing may be renamed over
    return ok({ path, sha256: sha256Hex(bytes), bytes_len: bytes.length });
  } catch (e) {
    const error = (e as Error).message;
    return fail([{ ...finding(code, "run", `${path} could not be written: ${error}`, { error }), hint: "check the folder's permissions and free space", place: { file: path } }]);
  }
}

function replace(path: string, bytes: Uint8Array, mode: number | undefined): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, bytes, mode === undefined ? {} : { mode });
    renameSync(temporary, path);
  } catch (e) {
    rmSync(temporary, { force: true });
    throw e;
  }
}
