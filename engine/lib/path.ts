// Paths as text: normal form, containment, names. Touches no disk.

/** `a/./b//c/../d` -> `a/b/d`; keeps leading `..` and `/`; the empty path is `.`. Separator is always `/`. */
export function normal(path: string): string {
  if (isNormal(path)) return path;
  const absolute = path.startsWith("/");
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === ".." && kept.length > 0 && kept[kept.length - 1] !== "..") kept.pop();
    else if (segment !== ".." || !absolute) kept.push(segment);
  }
  return (absolute ? "/" : "") + kept.join("/") || ".";
}

function isNormal(path: string): boolean {
  return path !== "" && !path.includes("//") && !path.includes("./") && !path.endsWith("/") && !path.endsWith("/.") && !path.endsWith("/..");
}

/** Directory part as text: `""` where there is none, `/` for children of the root. */
export function parentOf(path: string): string {
  const cut = path.lastIndexOf("/");
  return cut < 0 ? "" : cut === 0 ? "/" : path.slice(0, cut);
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** `base` + `/` + `path`, unless one of them makes the other superfluous. */
export function under(base: string, path: string): string {
  if (path.startsWith("/") || base === "" || base === ".") return path;
  return base.endsWith("/") ? base + path : `${base}/${path}`;
}

/** True when the normal path cannot leave the folder it is joined to. */
export function staysInside(path: string): boolean {
  const n = normal(path);
  return !n.startsWith("/") && n !== ".." && !n.startsWith("../");
}

/** True when the normal path `folder` is `path` or a folder above it. */
export function holds(folder: string, path: string): boolean {
  return folder === path || folder === "/" || path.startsWith(`${folder}/`);
}

/** Every folder that one of the paths lies in, at any depth. */
export function foldersAbove(paths: Iterable<string>): Set<string> {
  const above = new Set<string>();
  for (const path of paths) for (let dir = parentOf(path); dir !== "" && dir !== "/" && !above.has(dir); dir = parentOf(dir)) above.add(dir);
  return above;
}
