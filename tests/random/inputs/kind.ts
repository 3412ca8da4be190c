// What a kind of input is to the test: it breaks one of its inputs, feeds it, and gives what was found. Knows no kind.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PlanFile } from "../../../engine/index.ts";
import { ROOT } from "../../rig/project.ts";
import type { Random } from "./mutate.ts";

/** What came of an input: the codes and messages of all findings; none: it was accepted. */
export type Found = readonly { readonly code: string; readonly message: string }[];

export type Kind = (rnd: Random) => Found | Promise<Found>;

export interface Kinds {
  readonly [name: string]: Kind;
}

export const read = (path: string): Uint8Array => new Uint8Array(readFileSync(join(ROOT, path)));
export const folder = (path: string, ending = ".json"): Uint8Array[] => readdirSync(join(ROOT, path)).filter((f) => f.endsWith(ending)).sort().map((f) => read(`${path}/${f}`));

/** Whatever is asked for, it is these bytes. */
export function fileOf(bytes: Uint8Array): (path: string) => PlanFile {
  return (path) => ({ ok: true, bytes, digest: { path, sha256: "0".repeat(64), bytes_len: bytes.length } });
}

/** For inputs whose faults have words but no code at this depth. */
export function fault(message: string): Found {
  return [{ code: "X07WASM_FAULT", message }];
}
