// Digests of big files outside the workspace (installed programs) by their stats, for all workspaces of one user on one
// machine: a fresh clone need not read them again. Lies in the cache folder; knows no cache.

import { hostname } from "node:os";
import { type FileEntry, Files, sameStat } from "./files.ts";
import { attempt, type Disk, type Stat, writeAtomic } from "./host/disk.ts";

/** Smaller files are read as fast as they are looked up. */
const FROM_BYTES = 1 << 20;
/** What was changed so shortly ago may be changed again within one stamp of any clock. */
const SETTLED_MS = 10_000;
const LIMIT = 256;

export class Programs {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #now: () => number;
  #table: Files | undefined;

  constructor(disk: Disk, folder: string, now: () => number) {
    this.#disk = disk;
    // Stamps and inodes mean something on the machine that gave them; the folder may travel.
    this.#path = `${folder}/v1/programs-${hostname().replace(/[^A-Za-z0-9]/g, "_")}`;
    this.#now = now;
  }

  find(path: string, stat: Stat): FileEntry | undefined {
    if (!this.#concerns(path, stat)) return undefined;
    const entry = this.#open().entry(path);
    return entry !== undefined && !entry.racy && sameStat(entry, stat) ? entry : undefined;
  }

  learn(path: string, entry: FileEntry): void {
    if (entry.racy || !this.#concerns(path, entry) || this.#now() - entry.ctimeMs < SETTLED_MS) return;
    const table = this.#open();
    this.#table = table.size < LIMIT ? table : new Files(this.#disk, this.#now);
    this.#table.know(path, entry);
  }

  /** Keeps what was learned; where that cannot be written it is learned again. */
  save(): void {
    const table = this.#table;
    if (table?.changed !== true) return;
    attempt(() => writeAtomic(this.#disk, this.#path, table.encode()));
    table.changed = false;
  }

  #concerns(path: string, { size }: { readonly size: number }): boolean {
    return size >= FROM_BYTES && path.startsWith("/") && !path.startsWith(`${this.#disk.root}/`);
  }

  #open(): Files {
    if (this.#table !== undefined) return this.#table;
    this.#table = new Files(this.#disk, this.#now);
    const read = attempt(() => this.#disk.read(this.#path));
    if (read.ok) this.#table.load(read.value);
    return this.#table;
  }
}
