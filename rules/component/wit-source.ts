// WIT files of several packages -> one text with nested packages, which a tool without a file system can take. Knows just
// enough of WIT to find a file's package line.

/** A WIT file of a bundle: the main package's at the top, each dependency's in a folder of its own. */
export interface WitFile {
  readonly path: string;
  readonly text: string;
}

const PACKAGE_LINE = /^[ \t]*package[ \t]+([a-z0-9:@.+/_-]+)[ \t]*;/m;

/** One text: the main package first, then every other package in braces, by folder. Undefined when a folder names no package. */
export function joinWit(files: readonly WitFile[]): string | undefined {
  const folders = new Map<string, WitFile[]>();
  for (const f of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const folder = f.path.slice(0, f.path.lastIndexOf("/") + 1);
    folders.set(folder, [...(folders.get(folder) ?? []), f]);
  }
  const byDepth = [...folders.keys()].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  let text = "";
  for (const [i, folder] of byDepth.entries()) {
    const members = folders.get(folder)!;
    const id = members.map((m) => PACKAGE_LINE.exec(m.text)?.[1]).find((found) => found !== undefined);
    if (id === undefined) return undefined;
    const body = members.map((m) => m.text.replace(PACKAGE_LINE, "")).join("\n");
    text += i === 0 ? `package ${id};\n${body}\n` : `package ${id} {\n${body}\n}\n`;
  }
  return text;
}
