// One WIT package with all that it needs from others, as a folder of files: what component embed, wit-bindgen and targets
// checks take. Knows where files go in such a folder; puts none on disk.

import { type Artifact, type Diagnostic, fail, type FileDigest, named, normal, ok, parentOf, place, type Placement, type PlanContext, type Result, sha256Hex, under } from "../../engine/index.ts";
import { packageId } from "./ast.ts";
import { filesWith, WIT_INDEX, type WitFiles } from "./files.ts";
import type { WitFault } from "./lex.ts";
import { foreignPackages, type WitPackage } from "./package.ts";
import { type FoundPackage, openRegistry, readPackage, repeatedPackages, type WitRegistry } from "./registry.ts";

export interface BundleFile {
  /** Path inside the folder: the package's own files at the top, others' under `deps/<id>/`. */
  readonly path: string;
  readonly artifact: Artifact;
}

export interface WitBundle {
  readonly id: string;
  readonly files: readonly BundleFile[];
  /** The package first, then all that it needs, each after those that need it. */
  readonly packages: readonly WitPackage[];
  readonly index: FileDigest;
  /** What is missing from the index: warnings. */
  readonly warnings: readonly Diagnostic[];
}

/** The WIT folder of a package by its id in the index. */
export async function packageFiles(context: PlanContext, id: string, index: string = WIT_INDEX): Promise<Result<WitBundle>> {
  const registry = openIndex(context, index);
  if (!registry.ok) return registry;
  const entry = registry.value.entry(id);
  if (entry === undefined) return fail([trouble("MAIN_NOT_IN_INDEX", `the WIT package ${id} is not listed in ${index}`, index, `known packages: ${registry.value.entries.map((e) => e.id).join(", ")}`)]);
  const main = await registry.value.package(entry.path);
  return bundleOf(registry.value, registry.value.files, main, entry.path);
}

/** The WIT folder of the package whose file is `wit`. */
export async function folderFiles(context: PlanContext, wit: string, index: string = WIT_INDEX): Promise<Result<WitBundle>> {
  const registry = openIndex(context, index);
  if (!registry.ok) return registry;
  const files = filesWith(context, index, wit);
  const folder = normal(parentOf(wit));
  return bundleOf(registry.value, files, await readPackage(files, folder), folder);
}

function openIndex(context: PlanContext, index: string): Result<WitRegistry> {
  const opened = openRegistry(context, index);
  if (!opened.ok) return fail([trouble("INDEX_READ_FAILED", opened.error, index, "create it, or name another index")]);
  const repeated = repeatedPackages(opened.value.entries)[0];
  if (repeated === undefined) return opened;
  return fail([{ ...trouble("", `the WIT package ${repeated} is listed more than once in ${index}`, index, "remove all but one"), code: "X07WASM_WIT_INDEX_DUPLICATE_PACKAGE_ID" }]);
}

async function bundleOf(registry: WitRegistry, mainFiles: WitFiles, main: FoundPackage | undefined, folder: string): Promise<Result<WitBundle>> {
  const warnings: Diagnostic[] = [];
  if (main === undefined) return fail([trouble("WIT_PATH_MISSING", `the WIT folder ${folder} does not exist`, folder, "correct the path")]);
  if (!main.parsed.ok) return fail([unparsable(main.parsed.error, folder)]);
  const id = packageId(main.parsed.value.name);
  if (registry.entry(id) === undefined) warnings.push({ ...trouble("MAIN_NOT_IN_INDEX", `the WIT package ${id} is not listed in ${registry.path}`, registry.path, "list it there, so that it is pinned"), severity: "warning" });
  const files = filesOf(mainFiles, main, "");
  const packages = [main.parsed.value];
  const seen = new Set([id]);
  for (let i = 0; i < packages.length; i++) {
    const p = packages[i]!;
    for (const need of foreignPackages(p).filter((d) => !seen.has(d))) {
      seen.add(need);
      const found = await dependency(registry, packageId(p.name), need, warnings);
      if (!found.ok) return found;
      if (found.value === undefined) continue;
      files.push(...filesOf(registry.files, found.value.found, `deps/${sanitised(need)}/`));
      packages.push(found.value.package);
    }
  }
  return ok({ id, files, packages, index: registry.digest, warnings });
}

/** Undefined when it is not to be had, which is a warning: whoever takes the folder says whether that matters. */
async function dependency(registry: WitRegistry, of: string, id: string, warnings: Diagnostic[]): Promise<Result<{ readonly found: FoundPackage; readonly package: WitPackage } | undefined>> {
  const entry = registry.entry(id);
  if (entry === undefined) {
    warnings.push({ ...trouble("DEP_NOT_IN_INDEX", `the WIT package ${id}, which ${of} needs, is not listed in ${registry.path}`, registry.path, "list it there"), severity: "warning" });
    return ok(undefined);
  }
  const found = await registry.package(entry.path);
  if (found === undefined) {
    warnings.push({ ...trouble("DEP_DIR_MISSING", `the folder ${entry.path} of the WIT package ${id} does not exist`, registry.path, "create it, or correct its path in the index"), severity: "warning" });
    return ok(undefined);
  }
  return found.parsed.ok ? ok({ found, package: found.parsed.value }) : fail([unparsable(found.parsed.error, entry.path)]);
}

function filesOf(files: WitFiles, found: FoundPackage, prefix: string): BundleFile[] {
  return found.paths.map((name) => ({ path: `${prefix}${name}`, artifact: files.artifact(under(found.folder, name)) }));
}

/** Files for an action, below `wit/` in its folder. */
export function asInputs(bundle: WitBundle) {
  return bundle.files.map((f) => named(f.artifact, `wit/${f.path}`));
}

export const BUNDLES = "target/x07-wasm/wit-bundles";

/** Where the folder is put for people and for tools that they start themselves; named after the index and the package. */
export function bundleFolder(bundle: WitBundle): string {
  return `${BUNDLES}/${sanitised(bundle.id)}-${sha256Hex(`${bundle.index.sha256}:${bundle.id}`).slice(0, 16)}`;
}

export function bundlePlacements(bundle: WitBundle): Placement<unknown>[] {
  const folder = bundleFolder(bundle);
  return bundle.files.map((f) => place(f.artifact, `${folder}/${f.path}`));
}

export function sanitised(id: string): string {
  return id.replace(/[:/@]/g, "-");
}

function unparsable(fault: WitFault, folder: string): Diagnostic {
  const at = fault.file === "" ? folder : `${fault.file}:${fault.line}:${fault.column}`;
  return { ...trouble("MAIN_PARSE_FAILED", `${at}: ${fault.message}`, fault.file || folder, "correct the WIT; `x07-wasm wit validate` checks every package"), data: { line: fault.line, column: fault.column } };
}

function trouble(code: string, message: string, file: string, hint: string): Diagnostic {
  return { code: `X07WASM_WIT_BUNDLE_${code}`, severity: "error", stage: "parse", message, hint, place: { file } };
}
