// Tables by local that are made once and lent to one function after another: small arrays are dear to make and to collect. Know nothing of IR.

/** From here on the machine's own way of filling is faster than a loop. */
const LONG = 64;

export class Scratch {
  private table = new Int32Array(256);

  /** The table with a value in its first places; whoever had it before has it no more. */
  filled(size: number, value: number): Int32Array {
    if (this.table.length < size) this.table = new Int32Array(size * 2);
    const { table } = this;
    if (size >= LONG) return table.fill(value, 0, size);
    for (let i = 0; i < size; i++) table[i] = value;
    return table;
  }

  zeroed(size: number): Int32Array {
    return this.filled(size, 0);
  }
}

export class ScratchList<T> {
  private readonly list: (T | undefined)[] = [];

  /** The list with nothing in its first places; whoever had it before has it no more. */
  emptied(size: number): (T | undefined)[] {
    const { list } = this;
    for (let i = 0; i < size; i++) list[i] = undefined;
    return list;
  }
}
