// What a graph file was compiled to, kept beside the workspace's other state and taken again while every file that could
// change it is as it was. Knows no compiler: what it cannot be sure of it does not keep.

import { attempt, type Disk, writeAtomic } from "./host/disk.ts";
import { textOf, utf8 } from "./lib/bytes.ts";
import { sha256Hex } from "./lib/digest.ts";
import { normal, parentOf, under } from "./lib/path.ts";

export interface Bundle {
  readonly text: string;
  readonly sources: readonly string[];
}

/** One import as the compiler resolved it. */
export interface Import {
  readonly path: string;
  readonly original?: string | undefined;
  readonly external?: boolean | undefined;
}

interface Kept extends Bundle {
  readonly tool: string;
  /** Path, its real path, and the sha256 of what was there ("" for nothing). */
  readonly seen: readonly (readonly [path: string, real: string, sha256: string])[];
}

const FOLDER = ".x07-wasm/state/graph";
/** Files that a compiler heeds in the folder of a source and in every folder above it. */
const SETTINGS = ["tsconfig.json", "jsconfig.json", "package.json"];

const keptAt = (path: string) => `${FOLDER}/${sha256Hex(path).slice(0, 32)}`;

export function recallBundle(disk: Disk, path: string, tool: string): Bundle | undefined {
  const read = attempt(() => disk.read(keptAt(path)));
  const kept = read.ok ? decoded(textOf(read.value)) : undefined;
  if (kept?.tool !== tool || !kept.seen.every(([p, real, sha256]) => same(look(disk, p), real, sha256))) return undefined;
  return { text: kept.text, sources: kept.sources };
}

export function rememberBundle(disk: Disk, path: string, tool: string, bundle: Bundle, imports: ReadonlyMap<string, readonly Import[]>): void {
  const seen = seenBy(disk, path, imports);
  if (seen === undefined) return;
  const body = JSON.stringify({ tool, seen, ...bundle } satisfies Kept);
  attempt(() => writeAtomic(disk, keptAt(path), utf8(`${sha256Hex(body)}\n${body}`)));
}

/** All that the bundle depends on, or undefined where that is more than these files. */
function seenBy(disk: Disk, entry: string, imports: ReadonlyMap<string, readonly Import[]>): Kept["seen"] | undefined {
  if (!imports.has(normal(entry))) return undefined;
  const settings = new Set<string>();
  for (const [file, all] of imports) {
    if (!all.every((i) => isPlain(file, i))) return undefined;
    for (let dir = parentOf(normal(under(disk.root, file))); ; dir = parentOf(dir)) {
      for (const name of SETTINGS) settings.add(under(dir, name));
      if (dir === "/" || dir === "") break;
    }
  }
  const seen: [string, string, string][] = [];
  for (const path of [...imports.keys(), ...settings]) {
    const found = look(disk, path);
    // A file behind a link is somewhere else too, and settings that extend others depend on more files.
    if (imports.has(path) && found.real !== normal(under(disk.realPath("."), path))) return undefined;
    if (settings.has(path) && !path.endsWith("package.json") && /extends|\\u/.test(found.text)) return undefined;
    seen.push([path, found.real, found.sha256]);
  }
  return seen;
}

/** True where no file but the one that was found could ever be meant: nothing is searched for and no ending is tried. */
function isPlain(importer: string, { path, original, external }: Import): boolean {
  if (external === true) return path.startsWith("node:") || path.startsWith("x07-wasm");
  return original !== undefined && original.startsWith(".") && normal(under(parentOf(importer), original)) === path;
}

interface Found {
  readonly real: string;
  readonly sha256: string;
  readonly text: string;
}

function look(disk: Disk, path: string): Found {
  if (disk.stat(path) === undefined) return { real: "", sha256: "", text: "" };
  const real = attempt(() => disk.realPath(path));
  const read = real.ok ? attempt(() => disk.read(path)) : undefined;
  return real.ok && read?.ok === true ? { real: real.value, sha256: sha256Hex(read.value), text: textOf(read.value) } : { real: "", sha256: "", text: "" };
}

function same(found: Found, real: string, sha256: string): boolean {
  return found.real === real && found.sha256 === sha256;
}

function decoded(text: string): Kept | undefined {
  const cut = text.indexOf("\n");
  const body = text.slice(cut + 1);
  return sha256Hex(body) === text.slice(0, cut) ? (JSON.parse(body) as Kept) : undefined;
}
