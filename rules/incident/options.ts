// Options of every command that leaves incidents.

import type { OptionSpec } from "../../engine/index.ts";

export const INCIDENTS_DIR = ".x07-wasm/incidents";
export const KEEP = 256;

export const incidentOptions: readonly OptionSpec[] = [
  { long: "incidents-dir", key: "incidents.dir", kind: "PATH", about: "Folder for incident bundles", default: INCIDENTS_DIR },
  { long: "incidents-keep", key: "incidents.keep", kind: "U32", about: "Bundles that are kept, the newest; 0 keeps all", default: KEEP },
];
