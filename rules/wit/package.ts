// The `.wit` files of one folder as one package: its name, its parts and the other packages that it speaks of. Knows no index.

import { compareUtf8, fail, ok, type Result } from "../../engine/index.ts";
import { type InterfaceItem, type PackageBody, packageId, type PackageName, type WitFileAst, type WitPath, type WorldItem } from "./ast.ts";
import type { WitFault } from "./lex.ts";
import { parseWit } from "./parse.ts";

export interface WitText {
  readonly path: string;
  readonly text: string;
}

/** One package: everything that its files say, names not yet looked up. */
export interface WitPackage {
  readonly name: PackageName;
  /** One for each file: `use` at the top of a file is for that file alone. */
  readonly parts: readonly PackageBody[];
  /** Packages written in braces in the same files. */
  readonly nested: readonly WitPackage[];
  /** What was read, by file: the places of faults are looked up here. */
  readonly texts: ReadonlyMap<string, string>;
}

export function parsePackage(texts: readonly WitText[]): Result<WitPackage, WitFault> {
  const files: WitFileAst[] = [];
  for (const { path, text } of texts) {
    const parsed = parseWit(path, text);
    if (!parsed.ok) return parsed;
    files.push(parsed.value);
  }
  const named = files.filter((f) => f.package !== undefined);
  const name = named[0]?.package;
  if (name === undefined) return fail(faultAt(texts[0]?.path ?? "", texts.length === 0 ? "the folder has no .wit file" : "no file of the folder says `package`"));
  const other = named.find((f) => packageId(f.package!) !== packageId(name));
  if (other !== undefined) return fail(faultAt(other.file, `this file is of package ${packageId(other.package!)}, ${named[0]!.file} is of ${packageId(name)}`));
  return nestedPackages(files, name, new Map(texts.map((t) => [t.path, t.text])));
}

function nestedPackages(files: readonly WitFileAst[], name: PackageName, texts: ReadonlyMap<string, string>): Result<WitPackage, WitFault> {
  const nested = new Map<string, WitPackage>();
  for (const f of files) {
    for (const p of f.nested) {
      const id = packageId(p.package);
      if (nested.has(id) || id === packageId(name)) return fail(faultAt(f.file, `package ${id} is written twice`));
      nested.set(id, { name: p.package, parts: [p], nested: [], texts });
    }
  }
  return ok({ name, parts: files, nested: [...nested.values()], texts });
}

function faultAt(file: string, message: string): WitFault {
  return { file, message, line: 1, column: 1 };
}

/** Ids of the packages that are spoken of and are not in these files, sorted. */
export function foreignPackages(p: WitPackage): string[] {
  const ids = new Set<string>();
  const all = [p, ...p.nested];
  for (const each of all) for (const part of each.parts) for (const path of pathsIn(part)) if (path.package !== undefined) ids.add(packageId(path.package));
  for (const each of all) ids.delete(packageId(each.name));
  return [...ids].sort(compareUtf8);
}

export function worldNames(p: WitPackage): string[] {
  return p.parts.flatMap((part) => part.worlds.map((w) => w.name)).sort(compareUtf8);
}

function pathsIn(part: PackageBody): WitPath[] {
  return [...part.uses.map((u) => u.path), ...part.interfaces.flatMap((i) => i.items.flatMap(pathsOfItem)), ...part.worlds.flatMap((w) => w.items.flatMap(pathsOfWorldItem))];
}

function pathsOfItem(item: InterfaceItem): WitPath[] {
  return item.item === "use" ? [item.from] : [];
}

function pathsOfWorldItem(item: WorldItem): WitPath[] {
  if (item.item === "use" || item.item === "include") return [item.from];
  if (item.item === "type") return [];
  if (item.port.kind === "path") return [item.port.path];
  return item.port.kind === "interface" ? item.port.items.flatMap(pathsOfItem) : [];
}
