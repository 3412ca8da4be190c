// Memories for the instances of one component, one instance after the other: zeroed where that is quicker than new ones. Knows no ABI.

import type { MemoryImport } from "../../wasm/meter-shared.ts";

/** The memory that a prepared module imports. */
export interface WantedMemory extends MemoryImport {
  /** Nobody looks at its size: a shorter one is as good until something beyond its end is touched. */
  readonly sizeless: boolean;
}

/**
 * Pages of memories that stand in for larger ones. A page that is touched for the first time costs the machine 20 times what
 * zeroing it does, and a large memory is dear to reserve and to give back.
 */
export const SHORT_PAGES = [2, 8, 32] as const;
export const MOST_SHORT = SHORT_PAGES[SHORT_PAGES.length - 1]!;
/** The declared size. */
export const WHOLE = Infinity;
/** Larger ones are not kept: zeroing them all costs more than a new one. */
const MOST_KEPT = MOST_SHORT;
/** V8 remembers every instance that a memory had, for a while. */
const MOST_USES = 1_000;
const PAGE = 65_536;

/** (module (import "" "m" (memory 0 65536 shared)) (func (export "f") (param i32) (memory.fill (i32.const 0) (i32.const 0) (local.get 0)))) */
const WIPE = Uint8Array.of(
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 1, 0x7f, 0, 2, 10, 1, 0, 1, 0x6d, 2, 3, 0, 0x80, 0x80, 4, 3, 2, 1, 0,
  7, 5, 1, 1, 0x66, 0, 0, 10, 13, 1, 11, 0, 0x41, 0, 0x41, 0, 0x20, 0, 0xfc, 11, 0, 0x0b,
);
let wipeModule: WebAssembly.Module | undefined;

/** With what the types of Node 20 leave out. */
interface Sizes {
  readonly initial: number;
  readonly maximum: number;
  readonly shared: true;
}

interface Kept {
  readonly memory: WebAssembly.Memory;
  readonly pages: number;
  /** Writes zeros over so many bytes. */
  readonly wipe: (bytes: number) => void;
  uses: number;
}

/** Memories of one module in one place of a component: at most one of each size waits. */
export class Memories {
  readonly #wanted: WantedMemory;
  readonly #idle = new Map<number, Kept>();
  #used: Kept | null = null;

  constructor(wanted: WantedMemory) {
    this.#wanted = wanted;
  }

  /** All zeros, of the declared size, or of `short` pages where that makes no difference (see WantedMemory). */
  take(short: number): WebAssembly.Memory {
    this.release();
    const { min, max, sizeless } = this.#wanted;
    const pages = sizeless ? Math.min(min, short) : min;
    const idle = this.#idle.get(pages);
    if (idle === undefined) {
      // A short one must not grow either: nobody asks it to.
      const sizes: Sizes = { initial: pages, maximum: pages < min ? pages : max, shared: true };
      const memory = new WebAssembly.Memory(sizes);
      if (pages > MOST_KEPT) return memory;
      wipeModule ??= new WebAssembly.Module(WIPE);
      const wipe = new WebAssembly.Instance(wipeModule, { "": { m: memory } }).exports["f"] as (bytes: number) => void;
      this.#used = { memory, pages, wipe, uses: 0 };
    } else {
      this.#idle.delete(pages);
      this.#used = idle;
    }
    return this.#used!.memory;
  }

  /** The instance is gone: nothing that it wrote stays. A memory that has grown cannot shrink, so it goes too. */
  release(): void {
    const used = this.#used;
    this.#used = null;
    if (used === null || ++used.uses >= MOST_USES || used.memory.buffer.byteLength !== used.pages * PAGE) return;
    used.wipe(used.pages * PAGE);
    this.#idle.set(used.pages, used);
  }
}
