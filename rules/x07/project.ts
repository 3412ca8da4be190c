// A project with its packages and its lock file, read through the caller's `read`: ties the parsers of compiler/project.ts
// together. Knows nothing of compiling.

import { type Diagnostic, fail, ok, type Result, sha256Hex } from "../../engine/index.ts";
import { type Dependency, type LockedContent, moduleCandidates, type Package, parsePackage, parseProject, type Project, verifyLock } from "./compiler/project.ts";

/** Reads a file by its path relative to the project's folder; undefined when there is none. */
export type Read = (path: string) => Uint8Array | undefined;

export interface LoadedProject {
  readonly entry: string;
  /** Where a module may be, in the order of the roots. */
  candidates(id: string): string[];
}

/** `file` is the manifest's name in its own folder. Every disagreement with packages or lock file is a diagnostic. */
export function loadProject(bytes: Uint8Array, file: string, read: Read): Result<LoadedProject> {
  const project = parseProject(bytes, file);
  if (!project.ok) return project;
  if (project.value.world !== "solve-pure") return fail([trouble(file, "/world", `load project: world ${project.value.world} cannot be built freestanding: only solve-pure can`)]);
  const packages: Package[] = [];
  const contents: LockedContent[] = [];
  const problems: Diagnostic[] = [];
  for (const d of project.value.dependencies) {
    const loaded = loadPackage(d, read);
    if (!loaded.ok) problems.push(...loaded.error);
    else {
      packages.push(loaded.value.package);
      contents.push(loaded.value.content);
    }
  }
  if (problems.length === 0) problems.push(...checkLock(project.value, contents, read));
  if (problems.length > 0) return fail(problems);
  return ok({ entry: project.value.entry, candidates: (id) => moduleCandidates(project.value, id, packages) });
}

function loadPackage(d: Dependency, read: Read): Result<{ package: Package; content: LockedContent }> {
  const path = `${d.path}/x07-package.json`;
  const bytes = read(path);
  if (bytes === undefined) return fail([trouble(path, "", `load project: dependency ${JSON.stringify(d.name)}: ${path} does not exist`)]);
  const parsed = parsePackage(bytes, path, d);
  if (!parsed.ok) return parsed;
  const modulesSha256 = new Map<string, string>();
  for (const id of parsed.value.modules) {
    const module = read(`${parsed.value.moduleRoot}/${id.replaceAll(".", "/")}.x07.json`);
    if (module !== undefined) modulesSha256.set(id, sha256Hex(module));
  }
  return ok({ package: parsed.value, content: { name: d.name, manifestSha256: sha256Hex(bytes), modulesSha256 } });
}

function checkLock(project: Project, contents: readonly LockedContent[], read: Read): Diagnostic[] {
  const lock = read(project.lockfile);
  return lock === undefined ? [] : verifyLock(lock, project, contents);
}

function trouble(file: string, pointer: string, message: string): Diagnostic {
  return { code: "X07C_PROJECT", severity: "error", stage: "parse", message, hint: "correct the project's files", place: { file, pointer } };
}
