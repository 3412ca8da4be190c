// Where things lie in a cache folder: content by sha256, results by base key, marks of running builds. Knows no format.

export type EntryKind = "content" | "result";

export interface Layout {
  readonly base: string;
  content(sha256: string): string;
  result(key: string): string;
  /** One empty file for each build that uses the cache now. */
  readonly running: string;
  /** What imports are unpacked into before they are trusted. */
  readonly staging: string;
  /** How many bytes all entries had together when last counted. */
  readonly usage: string;
}

export const FOLDERS: { readonly [K in EntryKind]: string } = { content: "cas", result: "ac" };

export function layout(folder: string): Layout {
  const base = `${folder}/v1`;
  return {
    base,
    content: (sha256) => `${base}/${entryPath("content", sha256)}`,
    result: (key) => `${base}/${entryPath("result", key)}`,
    running: `${base}/running`,
    staging: `${base}/staging`,
    usage: `${base}/usage`,
  };
}

/** Relative to the base: two levels, since some file systems are slow with folders of many files. */
export function entryPath(kind: EntryKind, name: string): string {
  return `${FOLDERS[kind]}/${name.slice(0, 2)}/${name}`;
}

const ENTRY = /^(cas|ac)\/([0-9a-f]{2})\/(\2[0-9a-f]{62})$/;

/** What a path below the base stands for, or undefined when no entry is called like that. */
export function entryAt(path: string): { readonly kind: EntryKind; readonly name: string } | undefined {
  const found = ENTRY.exec(path);
  return found === null ? undefined : { kind: found[1] === "cas" ? "content" : "result", name: found[3]! };
}
