// Glob patterns to sorted paths over a Disk, telling which folders were listed. Loaded only when a plan uses a glob.

import { globSync } from "tinyglobby";
import { attempt, type Disk } from "./host/disk.ts";
import { under } from "./lib/path.ts";

/**
 * Paths are relative to `folder` joined to it; `onFolder` hears of every folder listed (workspace paths). `links: "names"` gives whatever
 * has such a name in the folder itself, a folder or a link to nowhere too: who must read it all says what could not be read.
 */
export function expand(disk: Disk, patterns: readonly string[], folder: string, links: "follow" | "skip" | "names", onFolder: (dir: string) => void): string[] {
  const base = under(disk.root, folder === "" ? "." : folder);
  const inWorkspace = (absolute: string) => {
    const path = absolute.replace(/\/+$/, "");
    return path === disk.root ? "." : path.startsWith(`${disk.root}/`) ? path.slice(disk.root.length + 1) : path;
  };
  const adapter = {
    readdirSync(path: string) {
      const dir = inWorkspace(path);
      onFolder(dir);
      const listed = attempt(() => disk.list(dir));
      if (!listed.ok) throw Object.assign(new Error(listed.error.message), { code: listed.error.code });
      return listed.value.filter((e) => links !== "skip" || e.kind !== "link").map((e) => ({ name: e.name, isFile: () => links === "names" || e.kind === "file", isDirectory: () => links !== "names" && e.kind === "dir", isSymbolicLink: () => links !== "names" && e.kind === "link" }));
    },
    statSync(path: string) {
      const kind = disk.stat(inWorkspace(path))?.kind;
      return { isFile: () => kind === "file", isDirectory: () => kind === "dir", isSymbolicLink: () => false };
    },
    realpathSync: (path: string) => disk.realPath(path),
  };
  const found = globSync([...patterns], { cwd: base, dot: true, onlyFiles: true, expandDirectories: false, ignore: ["**/.x07-wasm/**", "**/.x07tmp-*"], fs: adapter as never });
  return found.map((path) => under(folder === "." ? "" : folder, path)).sort();
}
