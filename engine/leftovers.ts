// What a process that died has left beside outputs and state: temporary files by its id. Found by marks that running
// processes keep; a workspace that no process died in costs one listing. Knows nothing of builds.

import { hostname } from "node:os";
import { attempt, type Disk, TEMPORARY_PREFIX } from "./host/disk.ts";
import { foldersAbove } from "./lib/path.ts";

const host = () => hostname().replace(/[^A-Za-z0-9]/g, "_");
let marks = 0;

export class Leftovers {
  readonly #disk: Disk;
  readonly #folder: string;
  #mark: string | undefined;
  #dead: string[] = [];

  constructor(disk: Disk, stateFolder: string) {
    this.#disk = disk;
    this.#folder = `${stateFolder}/running`;
  }

  /** Marks this process as running, where the state can be written, and learns of those that died. */
  begin(alive: (pid: number) => boolean): void {
    if (this.#mark !== undefined) return;
    const listed = attempt(() => this.#disk.list(this.#folder));
    const others = listed.ok ? listed.value.map((e) => e.name) : [];
    this.#dead = others.filter((name) => name.endsWith(`-${host()}`) && !alive(Number(name.split("-")[0])));
    const path = `${this.#folder}/${process.pid}-${++marks}-${host()}`;
    const write = () => this.#disk.write(path, new Uint8Array(0));
    if (attempt(write).ok || attempt(() => (this.#disk.makeDirs(this.#folder), write())).ok) this.#mark = path;
  }

  /** Ends the mark, and sweeps the folders of these paths where somebody died. */
  end(paths: Iterable<string>): void {
    const mark = this.#mark;
    this.#mark = undefined;
    if (mark !== undefined) attempt(() => this.#disk.remove(mark));
    if (this.#dead.length === 0) return;
    const prefixes = this.#dead.map((name) => `${TEMPORARY_PREFIX}${name.split("-")[0]}-`);
    // Folders that were missing are filled beside their place, anywhere above.
    for (const folder of [".", ...foldersAbove(paths)]) this.#sweep(folder, prefixes);
    for (const name of this.#dead) attempt(() => this.#disk.remove(`${this.#folder}/${name}`));
    this.#dead = [];
  }

  #sweep(folder: string, prefixes: readonly string[]): void {
    const listed = attempt(() => this.#disk.list(folder));
    for (const { name, kind } of listed.ok ? listed.value : []) {
      if (prefixes.some((p) => name.startsWith(p))) attempt(() => (kind === "dir" ? this.#disk.removeTree(`${folder}/${name}`) : this.#disk.remove(`${folder}/${name}`)));
    }
  }
}
