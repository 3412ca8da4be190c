// Runs work in so many lanes at a time, the most urgent first and among equals the first come. Knows nothing of actions.

/** What waits for a lane. It never throws. */
interface Waiting {
  readonly work: () => Promise<void>;
  readonly priority: number;
  readonly turn: number;
}

function before(a: Waiting, b: Waiting): boolean {
  return a.priority > b.priority || (a.priority === b.priority && a.turn < b.turn);
}

export class Lanes {
  #free: number;
  #turns = 0;
  /** A binary heap: what waits at i goes before what waits at 2i+1 and 2i+2. Empty while a lane is free. */
  readonly #heap: Waiting[] = [];

  constructor(lanes: number) {
    this.#free = Math.max(1, lanes);
  }

  /** Begins at once where a lane is free. */
  add(work: () => Promise<void>, priority: number): void {
    if (this.#free > 0) this.#begin(work);
    else this.#push({ work, priority, turn: (this.#turns += 1) });
  }

  #begin(work: () => Promise<void>): void {
    this.#free -= 1;
    void work().then(() => {
      this.#free += 1;
      const next = this.#pop();
      if (next !== undefined) this.#begin(next.work);
    });
  }

  #push(item: Waiting): void {
    const heap = this.#heap;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!before(item, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = item;
  }

  #pop(): Waiting | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return last;
    let at = 0;
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      const next = below + 1 < heap.length && before(heap[below + 1]!, heap[below]!) ? below + 1 : below;
      if (!before(heap[next]!, last)) break;
      heap[at] = heap[next]!;
      at = next;
    }
    heap[at] = last;
    return top;
  }
}
