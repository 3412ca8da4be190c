// A disk in memory with inodes, hard links, coarse time stamps and injected trouble: full, read-only, crashed half way
// through a write. Knows nothing of builds.

import { type DirEntry, type Disk, DiskError, type Stat } from "../../engine/host/disk.ts";
import { normal, parentOf } from "../../engine/lib/path.ts";

/** Simulated time in milliseconds. Files get stamps cut to `tick`, as kernels do; every change takes `step`. */
export interface Clock {
  ms: number;
  readonly tick: number;
  /** As Linux since 6.13: what was looked at since its last change gets a stamp of its own at the next one. */
  readonly fine?: boolean;
  readonly step: number;
}

/** The machine lost power: no later call on this disk answers until `reboot`. Not a DiskError, so nothing may catch it. */
export class Crash extends Error {}

interface FileNode {
  readonly kind: "file";
  readonly ino: number;
  bytes: Uint8Array;
  mtimeMs: number;
  ctimeMs: number;
  mode: number;
  seen: boolean;
}
interface DirNode {
  readonly kind: "dir";
  readonly ino: number;
  readonly names: Set<string>;
  mtimeMs: number;
  ctimeMs: number;
  seen: boolean;
}
type Node = FileNode | DirNode;

export interface MemoryDisk extends Disk {
  readonly clock: Clock;
  /** The n-th change from now crashes the machine; a write is then half done. Undefined: never. */
  crashAfter: number | undefined;
  /** Bytes that may still be written before ENOSPC. */
  space: number;
  /** Folders (absolute) in which nothing can be changed. */
  readonly readOnly: Set<string>;
  /** How many changes were made so far. */
  readonly changes: number;
  readonly crashed: boolean;
  reboot(): void;
  /** The disk as one process sees it: after a reboot, what is left of an older process reaches nothing. */
  forProcess(): Disk;
  /** Sets the modification stamp, as `touch -d` does; the change stamp is the kernel's. */
  setModified(path: string, ms: number): void;
  /** Every file below a folder, sorted, as paths. */
  filesBelow(path: string): string[];
  /** Changes bytes in place without a trace in any stamp, as a failing drive does. */
  rot(path: string, change: (bytes: Uint8Array) => Uint8Array): void;
}

export function memoryDisk(root: string, clock: Clock = { ms: 1_000_000, tick: 0.001, step: 0.05 }): MemoryDisk {
  const nodes = new Map<string, Node>();
  let inodes = 0;
  let changes = 0;
  let crashed = false;
  let boots = 0;
  const at = (path: string) => normal(path.startsWith("/") ? path : `${root}/${path}`);
  let floor = 0;
  const stamp = (node?: Node): number => {
    const coarse = Math.floor(clock.ms / clock.tick) * clock.tick;
    if (clock.fine !== true) return coarse;
    if (node?.seen === true) floor = Math.max(floor, clock.ms);
    if (node !== undefined) node.seen = false;
    return Math.max(floor, coarse);
  };
  const newDir = (): DirNode => ({ kind: "dir", ino: ++inodes, names: new Set(), mtimeMs: stamp(), ctimeMs: stamp(), seen: false });

  const refuse = (code: string, path: string): never => {
    throw new DiskError(code, path, `${code}: ${path}`);
  };
  const alive = () => {
    if (crashed) throw new Crash("the machine is off");
  };
  /** True when the power fails in the middle of this change. */
  const change = (path: string): boolean => {
    alive();
    clock.ms += clock.step;
    for (const dir of disk.readOnly) if (path === dir || path.startsWith(`${dir}/`)) refuse("EROFS", path);
    changes += 1;
    if (disk.crashAfter === undefined) return false;
    disk.crashAfter -= 1;
    return disk.crashAfter < 0;
  };
  const powerOff = (): never => {
    crashed = true;
    throw new Crash("power lost");
  };
  const parent = (path: string): DirNode => {
    const dir = nodes.get(parentOf(path) || "/");
    if (dir === undefined) return refuse(hasFileAbove(path) ? "ENOTDIR" : "ENOENT", path);
    return dir.kind === "dir" ? dir : refuse("ENOTDIR", path);
  };
  const hasFileAbove = (path: string): boolean => {
    for (let p = parentOf(path); p !== "/" && p !== ""; p = parentOf(p)) if (nodes.get(p)?.kind === "file") return true;
    return false;
  };
  const enter = (path: string, node: Node) => {
    const dir = parent(path);
    dir.names.add(path.slice(path.lastIndexOf("/") + 1));
    dir.mtimeMs = dir.ctimeMs = stamp(dir);
    nodes.set(path, node);
  };
  const leave = (path: string) => {
    const dir = parent(path);
    dir.names.delete(path.slice(path.lastIndexOf("/") + 1));
    dir.mtimeMs = dir.ctimeMs = stamp(dir);
    const node = nodes.get(path);
    if (node !== undefined) node.ctimeMs = stamp(node);
    nodes.delete(path);
  };
  const fileAt = (path: string): FileNode => {
    const node = nodes.get(path);
    if (node === undefined) return refuse(hasFileAbove(path) ? "ENOTDIR" : "ENOENT", path);
    return node.kind === "file" ? node : refuse("EISDIR", path);
  };
  /** Puts as many bytes into the file as power and space allow. */
  const fill = (path: string, node: FileNode, before: Uint8Array, bytes: Uint8Array, half: boolean) => {
    const fits = half ? Math.floor(bytes.length / 2) : Math.min(bytes.length, disk.space);
    const whole = new Uint8Array(before.length + fits);
    whole.set(before);
    whole.set(bytes.subarray(0, fits), before.length);
    node.bytes = whole;
    node.mtimeMs = node.ctimeMs = stamp(node);
    disk.space -= fits;
    if (half) powerOff();
    if (fits < bytes.length) refuse("ENOSPC", path);
  };
  const opened = (path: string, mode: number): FileNode => {
    const node = nodes.get(path);
    if (node?.kind === "dir") return refuse("EISDIR", path);
    if (node !== undefined) return node;
    const made: FileNode = { kind: "file", ino: ++inodes, bytes: new Uint8Array(0), mtimeMs: stamp(), ctimeMs: stamp(), mode: 0o100000 | mode, seen: false };
    enter(path, made);
    return made;
  };
  const makeDirs = (path: string) => {
    const node = nodes.get(path);
    if (node?.kind === "dir") return;
    if (node?.kind === "file") refuse("EEXIST", path);
    if (path !== "/") makeDirs(parentOf(path) || "/");
    if (path === "/") nodes.set("/", newDir());
    else enter(path, newDir());
  };

  const renameFolder = (from: string, to: string) => {
    if (nodes.has(to)) refuse("ENOTEMPTY", to);
    const moved = [...nodes].filter(([path]) => path.startsWith(`${from}/`));
    const node = nodes.get(from)!;
    parent(to);
    leave(from);
    enter(to, node);
    for (const [path, below] of moved) {
      nodes.delete(path);
      nodes.set(`${to}${path.slice(from.length)}`, below);
    }
  };

  const disk: MemoryDisk = {
    root,
    grainMs: () => (clock.fine === true ? 0 : 10),
    clock,
    crashAfter: undefined,
    space: Number.POSITIVE_INFINITY,
    readOnly: new Set(),
    get changes() {
      return changes;
    },
    get crashed() {
      return crashed;
    },
    reboot() {
      crashed = false;
      boots += 1;
      disk.crashAfter = undefined;
    },
    forProcess() {
      const boot = boots;
      return new Proxy(disk, {
        get(target, name) {
          if (boot !== boots) throw new Crash("this process died with the machine");
          return Reflect.get(target, name);
        },
      });
    },
    stat(path): Stat | undefined {
      alive();
      clock.ms += clock.step / 50;
      const node = nodes.get(at(path));
      if (node === undefined) return undefined;
      node.seen = true;
      const { mtimeMs, ctimeMs, ino, kind } = node;
      return { mtimeMs, ctimeMs, ino, kind, dev: 1, size: node.kind === "file" ? node.bytes.length : 4096, mode: node.kind === "file" ? node.mode : 0o040755 };
    },
    read(path) {
      alive();
      return fileAt(at(path)).bytes.slice();
    },
    open(path, how, mode) {
      let from = 0;
      if (how === "write") disk.write(path, new Uint8Array(0), mode);
      else fileAt(at(path));
      return {
        read(into) {
          const part = disk.read(path).subarray(from, from + into.length);
          into.set(part);
          from += part.length;
          return part.length;
        },
        write: (parts) => parts.forEach((part) => disk.append(path, part)),
        close() {},
      };
    },
    pieces(path, visit) {
      const bytes = disk.read(path);
      for (let at = 0; at < bytes.length; at += 1000) visit(bytes.subarray(at, at + 1000));
    },
    write(path, bytes, mode = 0o644) {
      const p = at(path);
      const half = change(p);
      fill(p, opened(p, mode), new Uint8Array(0), bytes, half);
    },
    append(path, bytes) {
      const p = at(path);
      const half = change(p);
      const node = opened(p, 0o644);
      fill(p, node, node.bytes, bytes, half);
    },
    rename(from, to) {
      const [f, t] = [at(from), at(to)];
      if (change(t)) powerOff();
      if (nodes.get(f)?.kind === "dir") return renameFolder(f, t);
      const node = fileAt(f);
      if (nodes.get(t)?.kind === "dir") refuse("EISDIR", t);
      parent(t);
      if (nodes.has(t)) leave(t);
      leave(f);
      enter(t, node);
      node.ctimeMs = stamp(node);
    },
    link(from, to) {
      const [f, t] = [at(from), at(to)];
      if (change(t)) powerOff();
      const node = fileAt(f);
      if (nodes.has(t)) refuse("EEXIST", t);
      enter(t, node);
      node.ctimeMs = stamp(node);
    },
    copy(from, to, how) {
      if (how === "reflink") refuse("ENOTSUP", to);
      disk.write(to, disk.read(from));
    },
    chmod(path, mode) {
      const p = at(path);
      if (change(p)) powerOff();
      const node = fileAt(p);
      node.mode = 0o100000 | mode;
      node.ctimeMs = stamp(node);
    },
    touch(path) {
      const p = at(path);
      if (change(p)) powerOff();
      const node = fileAt(p);
      node.mtimeMs = node.ctimeMs = stamp(node);
    },
    setModified(path, ms) {
      const node = fileAt(at(path));
      clock.ms += clock.step;
      node.mtimeMs = ms;
      node.ctimeMs = stamp(node);
    },
    remove(path) {
      const p = at(path);
      if (change(p)) powerOff();
      const node = nodes.get(p);
      if (node?.kind === "dir") refuse("EISDIR", p);
      if (node !== undefined) leave(p);
    },
    removeTree(path) {
      const p = at(path);
      if (change(p)) powerOff();
      const node = nodes.get(p);
      if (node === undefined) return;
      if (node.kind === "dir") for (const name of [...node.names]) disk.removeTree(`${p}/${name}`);
      leave(p);
    },
    removeEmptyDir(path) {
      const p = at(path);
      if (change(p)) powerOff();
      const node = nodes.get(p);
      if (node?.kind !== "dir") return refuse(node === undefined ? "ENOENT" : "ENOTDIR", p);
      if (node.names.size > 0) return refuse("ENOTEMPTY", p);
      leave(p);
    },
    makeDirs(path) {
      const p = at(path);
      if (change(p)) powerOff();
      makeDirs(p);
    },
    list(path): DirEntry[] {
      alive();
      const p = at(path);
      const node = nodes.get(p);
      if (node === undefined) return refuse("ENOENT", p);
      if (node.kind === "file") return refuse("ENOTDIR", p);
      const prefix = p === "/" ? "" : p;
      return [...node.names].map((name) => ({ name, kind: nodes.get(`${prefix}/${name}`)!.kind }));
    },
    realPath: (path) => at(path),
    filesBelow(path) {
      const p = at(path);
      return [...nodes].filter(([name, n]) => n.kind === "file" && name.startsWith(`${p}/`)).map(([name]) => name).sort();
    },
    rot(path, work) {
      const node = fileAt(at(path));
      node.bytes = work(node.bytes.slice());
    },
  };
  makeDirs(at(root));
  return disk;
}
