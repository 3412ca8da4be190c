// Finds a number by a key of three numbers. Emptied at no cost, so that one table serves every function in turn. Knows nothing of IR.

const SLOT = 4;

export class NumberTable {
  /** Three numbers of a key and what it leads to, slot after slot. */
  private slots = new Int32Array(SLOT * 256);
  /** By slot, when it was filled: what is older than `now` is empty. */
  private filled = new Int32Array(256);
  private now = 1;
  private size = 0;

  clear(): void {
    this.now++;
    this.size = 0;
  }

  /** -1 where there is none. */
  find(a: number, b: number, c: number): number {
    const slot = this.slotOf(a, b, c);
    return this.filled[slot] === this.now ? this.slots[slot * SLOT + 3]! : -1;
  }

  add(a: number, b: number, c: number, value: number): void {
    if (this.size * 2 >= this.filled.length) this.grow();
    this.size++;
    const slot = this.slotOf(a, b, c);
    this.filled[slot] = this.now;
    const at = slot * SLOT;
    this.slots[at] = a;
    this.slots[at + 1] = b;
    this.slots[at + 2] = c;
    this.slots[at + 3] = value;
  }

  /** Where a key is, or would be. */
  private slotOf(a: number, b: number, c: number): number {
    const { slots, filled, now } = this;
    const last = filled.length - 1;
    const mixed = Math.imul(Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b) ^ c, 0xc2b2ae35);
    for (let slot = (mixed ^ (mixed >>> 15)) & last; ; slot = (slot + 1) & last) {
      const at = slot * SLOT;
      if (filled[slot] !== now || (slots[at] === (a | 0) && slots[at + 1] === (b | 0) && slots[at + 2] === (c | 0))) return slot;
    }
  }

  private grow(): void {
    const { slots, filled, now } = this;
    this.filled = new Int32Array(filled.length * 2);
    this.slots = new Int32Array(slots.length * 2);
    this.size = 0;
    for (let slot = 0; slot < filled.length; slot++) {
      const at = slot * SLOT;
      if (filled[slot] === now) this.add(slots[at]!, slots[at + 1]!, slots[at + 2]!, slots[at + 3]!);
    }
  }
}
