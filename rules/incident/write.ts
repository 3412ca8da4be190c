// Bundles on disk: writes one and sees that there are not too many; lists them. Knows nothing of what is in a bundle.

import { readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Diagnostic, OptionValues } from "../../engine/index.ts";
import { writeBundle } from "../run/bundle.ts";
import { INCIDENTS_DIR, KEEP } from "./options.ts";

export interface IncidentPlace {
  readonly root: string;
  /** 0: all. */
  readonly keep: number;
}

export function incidentPlace(options: OptionValues): IncidentPlace {
  const root = options["incidents-dir"];
  const keep = options["incidents-keep"];
  return { root: typeof root === "string" ? root : INCIDENTS_DIR, keep: typeof keep === "bigint" ? Number(keep) : KEEP };
}

/** Writes a bundle into `folder` (two levels below the root) and removes the oldest bundles above the bound. */
export function writeIncident(place: IncidentPlace, folder: string, files: ReadonlyMap<string, Uint8Array>): Diagnostic[] {
  const warnings = writeBundle(folder, files);
  if (place.keep > 0) prune(place, folder);
  return warnings;
}

export interface IncidentFolder {
  readonly path: string;
  readonly writtenMs: number;
}

const BUNDLE_NAME = /^[0-9a-f]{32}$/;

/** The bundles below a root, oldest first. */
export function incidentFolders(root: string): IncidentFolder[] {
  const found: IncidentFolder[] = [];
  for (const group of foldersIn(root)) {
    for (const name of foldersIn(join(root, group))) {
      const path = `${root}/${group}/${name}`;
      const stat = BUNDLE_NAME.test(name) ? statSync(path, { throwIfNoEntry: false }) : undefined;
      if (stat !== undefined) found.push({ path, writtenMs: stat.mtimeMs });
    }
  }
  return found.sort((a, b) => a.writtenMs - b.writtenMs || (a.path < b.path ? -1 : 1));
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).filter((e) => e.isDirectory()).map((e) => e.name);
  } catch {
    return [];
  }
}

function prune({ root, keep }: IncidentPlace, newest: string): void {
  const others = incidentFolders(root).filter(({ path }) => path !== newest);
  for (const { path } of others.slice(0, Math.max(0, others.length - (keep - 1)))) {
    try {
      rmSync(path, { recursive: true, force: true });
      rmdirSync(join(path, "..")); // only when it is empty now
    } catch {
      // Another process removed it, or the folder holds more: nothing to do.
    }
  }
}
