// Random histories of u32 tables: small ones that fill up, keys that meet in one place, looks that one search may serve. The model is a Map.

import { expect, test } from "vitest";
import { type Ast, Dice } from "./generator.ts";
import { compileFiles, instantiate } from "./rig.ts";

const ROUNDS = Number(process.env["X07_ROUNDS"] ?? 150);
const KEYS = [0, 1, 8, 64, -2, -2147483648] as const;

/** Writes a history and its outcome side by side; every value read goes into one running sum. */
class History {
  readonly code: Ast[] = [];
  private readonly tables = [new Map<number, number>(), new Map<number, number>()];
  private readonly capacities: readonly number[];
  private readonly locals = [0, 0];
  private readonly dice: Dice;
  private readonly hot: readonly [readonly [number, Ast], ...(readonly [number, Ast])[]];
  sum = 17;
  trapped = false;

  constructor(dice: Dice) {
    this.dice = dice;
    this.capacities = [dice.pick([2, 4, 8]), dice.pick([1, 16])];
    this.hot = [this.anywhere(), this.anywhere(), this.anywhere()];
    this.code.push(["let", "s", 17], ["let", "k0", 0], ["let", "k1", 0]);
    this.capacities.forEach((cap, i) => this.code.push(["let", `m${i}`, ["map_u32.new", cap]]));
    for (let i = 0; i < 40; i++) this.code.push(this.step(2));
    this.code.push(["codec.write_u32_le", ["+", "s", ["+", ["map_u32.len", "m0"], ["map_u32.len", "m1"]]]]);
    if (!this.trapped) this.add(this.tables[0]!.size + this.tables[1]!.size, 1);
  }

  private add(value: number, factor = 31): void {
    if (!this.trapped) this.sum = (Math.imul(this.sum, factor) + value) | 0;
  }

  /** A table and a key, often one of three; the key as written and as it is now. */
  private place(): readonly [number, Ast, number] {
    const [t, k] = this.dice.chance(80) ? this.dice.pick(this.hot) : this.anywhere();
    return [t, k, k === "k0" ? this.locals[0]! : k === "k1" ? this.locals[1]! : (k as number)];
  }

  private anywhere(): readonly [number, Ast] {
    return [this.dice.chance(80) ? 0 : 1, this.dice.pick<Ast>(["k0", "k1", this.dice.pick(KEYS)])];
  }

  private step(depth: number): Ast {
    const [t, k, key] = this.place();
    const table = this.tables[t]!;
    const m = `m${t}`;
    const note = (e: Ast, value: () => number): Ast => {
      if (!this.trapped) this.add(value());
      return ["set", "s", ["+", ["*", "s", 31], e]];
    };
    switch (this.dice.below(depth > 0 ? 8 : 6)) {
      case 0:
        return note(["map_u32.get", m, k, 5], () => table.get(key) ?? 5);
      case 1:
        return note(["map_u32.contains", m, k], () => (table.has(key) ? 1 : 0));
      case 2:
        return note(["map_u32.remove", m, k], () => (table.delete(key) ? 1 : 0));
      case 3:
        return note(["map_u32.set", m, k, ["+", ["map_u32.get", m, k, 0], 1]], () => this.put(t, key, (table.get(key) ?? 0) + 1));
      case 4:
        return note(["map_u32.set", m, k, "s"], () => this.put(t, key, this.sum));
      case 5: {
        const i = this.dice.below(2);
        const next = this.dice.pick(KEYS);
        if (!this.trapped) this.locals[i] = next;
        return ["set", `k${i}`, next];
      }
      case 6: {
        // The branch that is not taken is code all the same, of a history that does not happen.
        const has = table.has(key);
        const then = this.inBranch(has, depth - 1);
        const otherwise = this.inBranch(!has, depth - 1);
        return ["if", ["map_u32.contains", m, k], then, otherwise];
      }
      default: {
        const steps = [this.step(0), this.step(0)];
        return ["begin", ...steps, 0];
      }
    }
  }

  private inBranch(taken: boolean, depth: number): Ast {
    if (taken) return ["begin", this.step(depth), 0];
    const before = { tables: this.tables.map((t) => new Map(t)), locals: [...this.locals], sum: this.sum, trapped: this.trapped };
    const code = this.step(depth);
    this.tables.forEach((t, i) => {
      t.clear();
      for (const [k, v] of before.tables[i]!) t.set(k, v);
    });
    before.locals.forEach((l, i) => void (this.locals[i] = l));
    this.sum = before.sum;
    this.trapped = before.trapped;
    return ["begin", code, 0];
  }

  private put(t: number, key: number, value: number): number {
    const table = this.tables[t]!;
    if (!table.has(key) && table.size === this.capacities[t]) {
      this.trapped = true;
      return 0;
    }
    const inserted = table.has(key) ? 0 : 1;
    table.set(key, value);
    return inserted;
  }
}

test("tables do what a Map does, and trap when they are full", () => {
  let trapped = 0;
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const history = new History(new Dice(seed));
    const outcome = compileFiles({ "src/main.x07.json": { schema_version: "x07.x07ast@0.5.0", kind: "entry", module_id: "main", imports: [], decls: [], solve: ["begin", ...history.code] } });
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors));
    const output = instantiate(outcome.wasm).run(new Uint8Array(0), 1 << 16);
    if (history.trapped) trapped++;
    expect(output === "trap" ? output : Buffer.from(output).readInt32LE(), `seed ${seed}`).toBe(history.trapped ? "trap" : history.sum);
  }
  expect(trapped).toBeGreaterThan(0);
  expect(trapped).toBeLessThan(ROUNDS);
});
