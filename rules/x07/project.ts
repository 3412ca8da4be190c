// x07.json -> a typed project: world, entry, module roots (those of its packages too), with the lock file checked. Reads
// further files only through the caller's `read`; knows nothing of compiling.

import { type Diagnostic, fail, isJsonObject, type JsonValue, normal, ok, parseJson, type Result, sha256Hex, staysInside, under } from "../../engine/index.ts";

export interface Project {
  /** Path of the entry, relative to the project's folder like all paths here. */
  readonly entry: string;
  readonly roots: readonly string[];
}

/** Reads a file by its path relative to the project's folder; undefined when there is none. */
export type Read = (path: string) => Uint8Array | undefined;

const VERSIONS = ["x07.project@0.2.0", "x07.project@0.3.0", "x07.project@0.4.0", "x07.project@0.5.0"];
const LOCKS = ["x07.lock@0.2.0", "x07.lock@0.3.0", "x07.lock@0.4.0"];
/** Worlds that a manifest may name; only solve-pure can be built freestanding. */
const WORLDS = ["solve-pure", "solve-fs", "solve-rr", "solve-kv", "solve-full", "run-os", "run-os-sandboxed"];
/** Fields and the first manifest version (index into VERSIONS) that knows them. */
const GATED: readonly (readonly [string, number])[] = [
  ["patch", 1],
  ["operational_entry_symbol", 2],
  ["certification_entry_symbol", 2],
  ["compat", 3],
];

type Fields = { readonly [key: string]: JsonValue | undefined };

/** Thrown inside this file only; loadProject turns it into a value. */
class Rejected extends Error {
  readonly pointer: string;
  constructor(message: string, pointer: string) {
    super(message);
    this.pointer = pointer;
  }
}

/** `file` names the manifest in messages. Diagnostics carry the manifest's pointer and the compiler's wording. */
export function loadProject(bytes: Uint8Array, file: string, read: Read): Result<Project> {
  try {
    const manifest = fieldsOf(bytes);
    const project = checkManifest(manifest);
    const packages = dependencies(manifest).map((d) => loadPackage(d, read));
    verifyLock(manifest, packages, read);
    return ok({ entry: project.entry, roots: [...project.roots, ...packages.map((p) => p.root)] });
  } catch (e) {
    if (!(e instanceof Rejected)) throw e;
    return fail([diagnostic(e, file)]);
  }
}

function diagnostic(e: Rejected, file: string): Diagnostic {
  return { code: "X07WASM_PROJECT_INVALID", severity: "error", stage: "parse", message: e.message, hint: "correct the project's files", place: { file, pointer: e.pointer } };
}

function fieldsOf(bytes: Uint8Array): Fields {
  const parsed = parseJson(bytes);
  if (!parsed.ok) throw new Rejected(`load project manifest: not JSON: ${parsed.error.message} at byte ${parsed.error.offset}`, "");
  if (!isJsonObject(parsed.value)) throw new Rejected("load project manifest: the manifest must be an object", "");
  return parsed.value;
}

// ---- the manifest --------------------------------------------------------------------------------

function checkManifest(m: Fields): { entry: string; roots: string[] } {
  const version = VERSIONS.indexOf(textOf(m["schema_version"]) ?? "");
  if (version < 0) reject(`project schema_version mismatch: expected one of ${JSON.stringify(VERSIONS).replaceAll(",", ", ")} got ${JSON.stringify(m["schema_version"] ?? null)}`, "/schema_version");
  for (const [field, since] of GATED) {
    if (m[field] !== undefined && m[field] !== null && version < since) reject(`project.${field} requires project schema_version ${VERSIONS[since]}`, `/${field}`);
  }
  const world = textOf(m["world"]) ?? "";
  if (!WORLDS.includes(world)) reject(`invalid project world ${JSON.stringify(world)}: unknown world: ${world}`, "/world");
  if (world !== "solve-pure") reject(`world ${world} cannot be built freestanding: only solve-pure can`, "/world");
  const entry = relative(m["entry"], "entry", "/entry");
  if (!entry.endsWith(".x07.json")) reject(`project entry must end with .x07.json: ${JSON.stringify(entry)}`, "/entry");
  const roots = m["module_roots"];
  if (!Array.isArray(roots)) reject("project module_roots must be a list", "/module_roots");
  if (roots.length === 0) reject("project module_roots must be non-empty", "/module_roots");
  return { entry, roots: roots.map((r: JsonValue, i: number) => relative(r, "module_roots", `/module_roots/${i}`)) };
}

function reject(message: string, pointer: string): never {
  throw new Rejected(`load project manifest: ${message}`, pointer);
}

function textOf(v: JsonValue | undefined): string | undefined {
  return typeof v === "string" ? v.trim() : undefined;
}

/** A non-empty relative path without `..`. */
function relative(v: JsonValue | undefined, field: string, pointer: string): string {
  const path = textOf(v);
  if (path === undefined || path === "") reject(`project ${field} must be a non-empty path`, pointer);
  if (path.startsWith("/") || path.split("/").includes("..") || !staysInside(path)) reject(`project ${field} must be a relative path without "..": ${JSON.stringify(path)}`, pointer);
  return normal(path);
}

// ---- packages ------------------------------------------------------------------------------------

interface Dependency {
  readonly name: string;
  readonly version: string;
  readonly path: string;
  readonly pointer: string;
}

interface Package extends Dependency {
  readonly root: string;
  readonly manifestSha256: string;
}

function dependencies(m: Fields): Dependency[] {
  const list = m["dependencies"] ?? [];
  if (!Array.isArray(list)) reject("project dependencies must be a list", "/dependencies");
  return list.map((d: JsonValue, i: number) => {
    const pointer = `/dependencies/${i}`;
    if (!isJsonObject(d)) reject("a dependency must be an object", pointer);
    return { name: word(d, "name", pointer), version: word(d, "version", pointer), path: relative(d["path"], "dependency path", `${pointer}/path`), pointer };
  });
}

function word(fields: Fields, name: string, pointer: string): string {
  const text = textOf(fields[name]);
  if (text === undefined || text === "") reject(`${name} must be a non-empty text`, `${pointer}/${name}`);
  return text;
}

function loadPackage(d: Dependency, read: Read): Package {
  const path = under(d.path, "x07-package.json");
  const bytes = read(path);
  if (bytes === undefined) reject(`dependency ${JSON.stringify(d.name)}: ${path} does not exist`, d.pointer);
  const parsed = parseJson(bytes);
  if (!parsed.ok || !isJsonObject(parsed.value)) reject(`dependency ${JSON.stringify(d.name)}: ${path} is not a JSON object`, d.pointer);
  const manifest = parsed.value;
  for (const field of ["name", "version"] as const) {
    if (textOf(manifest[field]) !== d[field]) reject(`dependency ${JSON.stringify(d.name)}: ${path} says ${field} ${JSON.stringify(manifest[field] ?? null)}, the project ${JSON.stringify(d[field])}`, `${d.pointer}/${field}`);
  }
  return { ...d, root: normal(under(d.path, relative(manifest["module_root"], "module_root", d.pointer))), manifestSha256: sha256Hex(bytes) };
}

// ---- the lock file -------------------------------------------------------------------------------

function verifyLock(m: Fields, packages: readonly Package[], read: Read): void {
  const named = m["lockfile"];
  const path = named === undefined || named === null ? "x07.lock.json" : relative(named, "lockfile", "/lockfile");
  const bytes = read(path);
  if (bytes === undefined) return;
  const parsed = parseJson(bytes);
  const wrong = (message: string): never => {
    throw new Rejected(`verify lockfile: ${path}: ${message}`, "/lockfile");
  };
  if (!parsed.ok || !isJsonObject(parsed.value)) return wrong("not a JSON object");
  const lock = parsed.value;
  const version = textOf(lock["schema_version"]) ?? "";
  if (!LOCKS.includes(version)) wrong(`lock schema_version mismatch: expected one of ${JSON.stringify(LOCKS).replaceAll(",", ", ")} got ${JSON.stringify(version)}`);
  if (version === "x07.lock@0.4.0") for (const field of ["toolchain", "registry"]) if (lock[field] === undefined) wrong(`"${field}" is required by ${version}`);
  const entries = lock["dependencies"];
  if (!Array.isArray(entries)) return wrong("dependencies must be a list");
  const locked = new Map(entries.filter(isJsonObject).map((e: Fields) => [`${String(e["name"])}@${String(e["version"])}`, e]));
  if (locked.size !== packages.length || entries.length !== packages.length) wrong("its dependencies are not those of the project: lock again");
  for (const p of packages) verifyPackage(p, locked.get(`${p.name}@${p.version}`), read, wrong);
}

function verifyPackage(p: Package, entry: Fields | undefined, read: Read, wrong: (message: string) => never): void {
  if (entry === undefined || normal(String(entry["path"])) !== p.path) wrong(`it does not lock ${p.name}@${p.version} at ${p.path}: lock again`);
  const manifest = entry!["package_manifest_sha256"];
  if (typeof manifest === "string" && manifest !== p.manifestSha256) wrong(`${p.name}@${p.version}: the package manifest has changed since it was locked`);
  const modules = entry!["modules_sha256"];
  if (!isJsonObject(modules)) return;
  for (const [id, sha256] of Object.entries(modules)) {
    const bytes = read(modulePath(p.root, id));
    if (bytes === undefined || sha256Hex(bytes) !== sha256) wrong(`${p.name}@${p.version}: module ${id} has changed since it was locked`);
  }
}

// ---- modules -------------------------------------------------------------------------------------

function modulePath(root: string, id: string): string {
  return normal(`${root}/${id.replaceAll(".", "/")}.x07.json`);
}

/** Where a module may be, in the order of the roots. */
export function moduleCandidates(project: Project, id: string): string[] {
  return [...new Set(project.roots.map((root) => modulePath(root, id)))];
}
