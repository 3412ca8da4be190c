// x07.json, package manifests and lock files: bytes -> facts, or what is wrong with them. Touches no disk and compiles nothing.

import type { Diagnostic, Result } from "../../../engine/index.ts";
import { fail, ok } from "../../../engine/index.ts";
import { OddNumber, readJson } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";

export interface Dependency {
  readonly name: string;
  readonly version: string;
  /** Folder of the package, relative to the manifest's folder. */
  readonly path: string;
}

export interface Project {
  /** The manifest's own path. */
  readonly path: string;
  /** Its folder: "" when the path has none. */
  readonly folder: string;
  readonly schemaVersion: string;
  readonly world: string;
  /** Path of the entry file, folder included; likewise the roots and the lock file. */
  readonly entry: string;
  readonly moduleRoots: readonly string[];
  readonly dependencies: readonly Dependency[];
  readonly lockfile: string;
}

/** What a package says about itself. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** Folder of its modules, the package's folder included. */
  readonly moduleRoot: string;
  readonly modules: readonly string[];
}

/** Digests that a lock file is held against; sha256 in hex. */
export interface LockedContent {
  readonly name: string;
  readonly manifestSha256: string;
  readonly modulesSha256: ReadonlyMap<string, string>;
}

const VERSIONS = ["x07.project@0.2.0", "x07.project@0.3.0", "x07.project@0.4.0", "x07.project@0.5.0"];
const LOCK_VERSIONS = ["x07.lock@0.2.0", "x07.lock@0.3.0", "x07.lock@0.4.0"];
const WORLDS = new Set(["solve-pure", "solve-fs", "solve-rr", "solve-kv", "solve-full", "run-os", "run-os-sandboxed"]);
/** Fields that came later, with the versions that have them. */
const GATED: readonly (readonly [string, readonly number[], string])[] = [
  ["patch", [3, 4, 5], "x07.project@0.3.0 or later"],
  ["operational_entry_symbol", [4, 5], "x07.project@0.4.0 or x07.project@0.5.0"],
  ["certification_entry_symbol", [4, 5], "x07.project@0.4.0 or x07.project@0.5.0"],
  ["compat", [5], "x07.project@0.5.0"],
];

/** Reads a manifest of any known version. Only the shape is checked here: a world that cannot be built is no error yet. */
export function parseProject(bytes: Uint8Array, path: string): Result<Project> {
  const doc = new Document("load project: load project manifest: ", path);
  const json = doc.read(bytes);
  if (json === undefined) return fail(doc.diagnostics);
  const project = readProject(doc, json);
  return project === undefined || doc.diagnostics.length > 0 ? fail(doc.diagnostics) : ok(project);
}

function readProject(doc: Document, json: JsonObject): Project | undefined {
  const schemaVersion = doc.text(json, "schema_version") ?? "";
  const version = VERSIONS.indexOf(schemaVersion) + 2;
  if (version < 2) return doc.bad(`project schema_version mismatch: expected one of ${JSON.stringify(VERSIONS).replaceAll(",", ", ")} got ${JSON.stringify(schemaVersion)}`, "/schema_version");
  const world = doc.text(json, "world");
  if (world === undefined || !WORLDS.has(world)) return doc.bad(`invalid project world ${JSON.stringify(world ?? "")}: unknown world: ${world ?? ""}`, "/world");
  for (const [field, versions, since] of GATED) {
    if (present(json.get(field)) && !versions.includes(version)) return doc.bad(`project.${field} requires project schema_version ${since}`, `/${field}`);
  }
  const compat = json.get("compat");
  if (present(compat) && typeof compat !== "string") return doc.bad("project.compat must be a string", "/compat");
  const folder = folderOf(doc.path);
  const entry = doc.relative(doc.text(json, "entry"), "entry", "/entry");
  if (entry !== undefined && !entry.endsWith(".x07.json")) doc.bad(`project entry must end with .x07.json: got ${JSON.stringify(entry)}`, "/entry");
  const roots = readRoots(doc, json.get("module_roots"));
  const dependencies = readDependencies(doc, json.get("dependencies"));
  const lockfile = json.get("lockfile");
  const lock = present(lockfile) ? doc.relative(doc.text(json, "lockfile"), "lockfile", "/lockfile") : "x07.lock.json";
  if (entry === undefined || roots === undefined || dependencies === undefined || lock === undefined) return undefined;
  return { path: doc.path, folder, schemaVersion, world, entry: under(folder, entry), moduleRoots: roots.map((r) => under(folder, r)), dependencies, lockfile: under(folder, lock) };
}

function readRoots(doc: Document, value: Json | undefined): string[] | undefined {
  if (!Array.isArray(value)) return doc.bad("project module_roots must be an array", "/module_roots");
  if (value.length === 0) return doc.bad("project module_roots must be non-empty", "/module_roots");
  const roots: string[] = [];
  value.forEach((item, i) => {
    const root = doc.relative(typeof item === "string" ? item.trim() : undefined, "module_roots", `/module_roots/${i}`);
    if (root !== undefined) roots.push(root);
  });
  return roots;
}

function readDependencies(doc: Document, value: Json | undefined): Dependency[] | undefined {
  if (!present(value)) return [];
  if (!Array.isArray(value)) return doc.bad("project dependencies must be an array", "/dependencies");
  const out: Dependency[] = [];
  value.forEach((item, i) => {
    const at = `/dependencies/${i}`;
    if (!(item instanceof Map)) return doc.bad("dependency must be an object", at);
    const name = doc.text(item, "name", at);
    const version = doc.text(item, "version", at);
    const path = doc.relative(doc.text(item, "path", at), "dependency path", `${at}/path`);
    if (name !== undefined && version !== undefined && path !== undefined) out.push({ name, version, path });
  });
  return out;
}

/** Reads `x07-package.json` of a dependency; its name and version must be the wanted ones. */
export function parsePackage(bytes: Uint8Array, path: string, wanted: Dependency): Result<Package> {
  const doc = new Document(`load project: dependency ${JSON.stringify(wanted.name)}: `, path);
  const json = doc.read(bytes);
  if (json === undefined) return fail(doc.diagnostics);
  doc.text(json, "schema_version");
  const name = doc.text(json, "name");
  const version = doc.text(json, "version");
  const root = doc.relative(doc.text(json, "module_root"), "module_root", "/module_root");
  const modules = json.get("modules");
  if (!Array.isArray(modules)) doc.bad("package modules must be an array", "/modules");
  if (name !== undefined && name !== wanted.name) doc.bad(`package name mismatch: expected ${JSON.stringify(wanted.name)} got ${JSON.stringify(name)}`, "/name");
  if (version !== undefined && version !== wanted.version) doc.bad(`package version mismatch: expected ${JSON.stringify(wanted.version)} got ${JSON.stringify(version)}`, "/version");
  if (name === undefined || version === undefined || root === undefined || doc.diagnostics.length > 0) return fail(doc.diagnostics);
  const ids = Array.isArray(modules) ? modules.filter((m): m is string => typeof m === "string") : [];
  return ok({ name, version, moduleRoot: under(folderOf(path), root), modules: ids });
}

/** Holds a lock file against the manifest and, where given, against the packages' contents. Returns every disagreement. */
export function verifyLock(bytes: Uint8Array, project: Project, contents: readonly LockedContent[] = []): Diagnostic[] {
  const doc = new Document("load project: verify lockfile: ", project.lockfile);
  const json = doc.read(bytes);
  if (json === undefined) return doc.diagnostics;
  const version = doc.text(json, "schema_version") ?? "";
  if (!LOCK_VERSIONS.includes(version)) doc.bad(`lock schema_version mismatch: expected one of ${JSON.stringify(LOCK_VERSIONS)} got ${JSON.stringify(version)}`, "/schema_version");
  if (version === "x07.lock@0.4.0") for (const field of ["toolchain", "registry"]) if (!present(json.get(field))) doc.bad(`lock is missing ${field}`, `/${field}`);
  const locked = json.get("dependencies");
  if (!Array.isArray(locked)) {
    doc.bad("lock dependencies must be an array", "/dependencies");
    return doc.diagnostics;
  }
  const key = (d: { name: unknown; version: unknown; path: unknown }): string => JSON.stringify([d.name, d.version, d.path]);
  const have = locked.map((d) => (d instanceof Map ? key({ name: d.get("name"), version: d.get("version"), path: d.get("path") }) : "")).sort();
  const want = project.dependencies.map(key).sort();
  if (have.join("\n") !== want.join("\n")) doc.bad("dependencies differ from the project manifest", "/dependencies");
  locked.forEach((d, i) => {
    const content = contents.find((c) => d instanceof Map && d.get("name") === c.name);
    if (d instanceof Map && content !== undefined) verifyContent(doc, d, content, `/dependencies/${i}`);
  });
  return doc.diagnostics;
}

function verifyContent(doc: Document, locked: JsonObject, content: LockedContent, at: string): void {
  if (locked.get("package_manifest_sha256") !== content.manifestSha256) doc.bad(`package manifest of ${JSON.stringify(content.name)} has changed`, `${at}/package_manifest_sha256`);
  const modules = locked.get("modules_sha256");
  if (!(modules instanceof Map)) return doc.bad("modules_sha256 must be an object", `${at}/modules_sha256`);
  for (const id of new Set([...modules.keys(), ...content.modulesSha256.keys()])) {
    if (modules.get(id) !== content.modulesSha256.get(id)) doc.bad(`module ${JSON.stringify(id)} of ${JSON.stringify(content.name)} has changed`, `${at}/modules_sha256`);
  }
}

/** The paths where a module may lie, in the order of the roots; more than one that exists is an ambiguity. */
export function moduleCandidates(project: Project, id: string, packages: readonly Package[] = []): string[] {
  const relative = `${id.replaceAll(".", "/")}.x07.json`;
  return [...new Set([...project.moduleRoots, ...packages.map((p) => p.moduleRoot)])].map((root) => under(root, relative));
}

function present(value: Json | undefined): boolean {
  return value !== undefined && value !== null;
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

function under(folder: string, path: string): string {
  const clean = path.split("/").filter((s, i) => s !== "." && (s !== "" || i === 0)).join("/");
  if (folder === "") return clean;
  return clean === "" ? folder : `${folder}/${clean}`;
}

/** One JSON file and what is wrong with it. */
class Document {
  readonly diagnostics: Diagnostic[] = [];
  readonly path: string;
  private readonly prefix: string;

  constructor(prefix: string, path: string) {
    this.prefix = prefix;
    this.path = path;
  }

  bad(message: string, pointer: string): undefined {
    this.diagnostics.push({ code: "X07C_PROJECT", severity: "error", stage: "parse", message: this.prefix + message, place: { file: this.path, pointer } });
    return undefined;
  }

  read(bytes: Uint8Array): JsonObject | undefined {
    const read = readJson(bytes);
    if (!read.ok) return this.bad(read.message, "");
    return read.document.value instanceof Map ? read.document.value : this.bad("must be a JSON object", "");
  }

  /** A trimmed string field. */
  text(json: JsonObject, field: string, at = ""): string | undefined {
    const value = json.get(field);
    if (typeof value === "string") return value.trim();
    return this.bad(`${field} must be a string${value instanceof OddNumber ? `, not ${value.text}` : ""}`, `${at}/${field}`);
  }

  /** A path that stays inside the folder. */
  relative(path: string | undefined, what: string, pointer: string): string | undefined {
    if (path === undefined) return this.diagnostics.length > 0 ? undefined : this.bad(`${what} must be a string`, pointer);
    const inside = path.startsWith("$workspace/") ? path.slice("$workspace/".length) : path;
    if (inside === "") return this.bad(`${what} must be non-empty`, pointer);
    if (/^([/\\]|[A-Za-z]:)/.test(inside) || inside.split(/[/\\]/).includes("..")) return this.bad(`${what} must be a relative path without ..: got ${JSON.stringify(path)}`, pointer);
    return inside;
  }
}
