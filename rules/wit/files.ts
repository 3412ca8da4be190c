// Where WIT files are: in the project, or, for a project without an index of its own, in this package. Knows no syntax.

import { type Artifact, compareUtf8, file, type PlanContext, type PlanFile, sha256Hex, staysInside, under } from "../../engine/index.ts";
import { listPackaged, packagedWit, readPackaged } from "../contract/packaged.ts";

export interface WitFiles {
  readonly packaged: boolean;
  read(path: string): PlanFile;
  /** All `.wit` files below a folder, by their paths from there in byte order; undefined where there is no such folder. */
  list(folder: string): Promise<readonly string[] | undefined>;
  /** The file for actions to use; one that can be read. */
  artifact(path: string): Artifact;
}

export const WIT_INDEX = "arch/wit/index.x07wit.json";

/** The project's files; this package's where `index` is the default one and the project has none. */
export function witFiles(context: PlanContext, index: string): WitFiles {
  if (index !== WIT_INDEX || context.probe(index) !== "missing") return projectFiles(context);
  return {
    packaged: true,
    read: readPackaged,
    list: async (folder) => wits(listPackaged(folder)),
    artifact: (path) => packagedWit(path) ?? file(path, "wit"),
  };
}

/** The project's own files, whatever its index. */
export function projectFiles(context: PlanContext): WitFiles {
  return {
    packaged: false,
    read: (path) => context.read(path),
    async list(folder) {
      if (context.probe(folder) !== "dir") return undefined;
      const found = await context.glob("**/*.wit", folder, "skip");
      const prefix = under(folder, "");
      return wits(found.map((a) => ("source" in a.origin ? a.origin.source.slice(prefix.length) : "")));
    },
    artifact: (path) => file(path, "wit"),
  };
}

function wits(paths: readonly string[]): string[] | undefined {
  return paths.filter((p) => p.endsWith(".wit")).sort(compareUtf8);
}

/** The files that a WIT file named on the command line is among: the project's, unless it is there only as one of this package's. */
export function filesWith(context: PlanContext, index: string, path: string): WitFiles {
  if (context.probe(path) !== "missing" || !staysInside(path)) return projectFiles(context);
  const files = witFiles(context, index);
  return files.packaged && files.read(path).ok ? files : projectFiles(context);
}

/** The pin of a package: one line a file, its sha256 and its path from the package's folder. Undefined when a file cannot be read. */
export function treeDigest(files: WitFiles, folder: string, paths: readonly string[]): string | undefined {
  let lines = "";
  for (const path of paths) {
    const read = files.read(under(folder, path));
    if (!read.ok) return undefined;
    lines += `${read.digest.sha256}  ${path}\n`;
  }
  return sha256Hex(lines);
}
