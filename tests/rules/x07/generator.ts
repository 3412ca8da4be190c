// Random x07 programs that are mostly well typed: names are tracked by type and ownership. Knows the language, not the compiler.

export type Ast = number | string | Ast[];

/** A small seeded generator: the same seed gives the same program everywhere. */
export class Dice {
  private state: number;
  constructor(seed: number) {
    this.state = (seed * 2654435761) >>> 0 || 1;
  }
  below(n: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 4294967296) * n);
  }
  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

type Kind = "i32" | "bytes" | "view" | "vec" | "option";
interface Name {
  readonly name: string;
  readonly kind: Kind;
  /** Owned names below this depth of loops and branches must not be moved from here. */
  readonly depth: number;
  gone: boolean;
  /** A view is taken of it, so it stays. */
  lent: boolean;
}
interface Callee {
  readonly name: string;
  readonly params: readonly Kind[];
  readonly result: Kind;
}

const OPS = ["+", "-", "*", "/", "%", "&", "|", "^", "<<u", ">>u", "=", "!=", "<", "<=", ">", ">=", "<u", "<=u", ">u", ">=u", "&&", "||"] as const;
const TYPE: { readonly [k in Kind]: string } = { i32: "i32", bytes: "bytes", view: "bytes_view", vec: "vec_u8", option: "option_bytes" };

export class Generator {
  private readonly dice: Dice;
  private names: Name[] = [{ name: "input", kind: "view", depth: 0, gone: false, lent: false }];
  private readonly callees: Callee[] = [];
  private counter = 0;
  private depth = 0;
  private budget = 0;
  private result: Kind = "bytes";

  constructor(dice: Dice) {
    this.dice = dice;
  }

  program(): object {
    const decls: object[] = [];
    const functions = this.dice.below(4);
    for (let i = 0; i < functions; i++) decls.push(this.define(i));
    this.names = [{ name: "input", kind: "view", depth: 0, gone: false, lent: false }];
    return { schema_version: "x07.x07ast@0.9.0", kind: "entry", module_id: "main", imports: [], decls, solve: this.main() };
  }

  private define(i: number): object {
    const kinds: readonly [Kind, ...Kind[]] = ["i32", "i32", "bytes", "view", "vec"];
    const params = Array.from({ length: this.dice.below(4) }, () => this.dice.pick(kinds));
    const result = this.dice.pick<Kind>(["i32", "bytes", "vec", "option"]);
    const name = `main.f${i}`;
    this.names = params.map((kind, j) => ({ name: `p${j}`, kind, depth: 0, gone: false, lent: false }));
    const decl = { kind: "defn", name, params: params.map((k, j) => ({ name: `p${j}`, ty: TYPE[k] })), result: TYPE[result], body: this.body(result, 30) };
    this.callees.push({ name, params, result });
    return decl;
  }

  private body(kind: Kind, budget: number): Ast {
    this.budget = budget;
    this.result = kind;
    return this.block(kind, 2 + this.dice.below(6));
  }

  /** The answer holds every value there is in the end, so that a wrong one shows. */
  private main(): Ast {
    this.budget = 60;
    this.result = "bytes";
    const out: Ast[] = ["begin"];
    for (let n = 3 + this.dice.below(8); n > 0; n--) out.push(this.statement());
    out.push(["let", "all", this.expr("bytes", 3)]);
    for (const n of this.names) {
      const shown = this.shown(n);
      if (shown !== undefined) out.push(["set", "all", ["bytes.concat", "all", shown]]);
    }
    out.push("all");
    return out;
  }

  private shown({ name, kind, gone }: Name): Ast | undefined {
    if (kind === "i32") return ["codec.write_u32_le", name];
    if (gone || kind === "option") return undefined;
    return ["view.to_bytes", kind === "view" ? name : kind === "vec" ? ["vec_u8.as_view", name] : ["bytes.view", name]];
  }

  private block(kind: Kind, statements: number): Ast {
    const outer = this.names.length;
    const out: Ast[] = ["begin"];
    for (let i = 0; i < statements; i++) out.push(this.statement());
    out.push(this.expr(kind, 3));
    this.names.length = outer;
    return out;
  }

  private nested<T>(run: () => T): T {
    const outer = this.names.length;
    this.depth++;
    const result = run();
    this.depth--;
    this.names.length = outer;
    return result;
  }

  private statement(): Ast {
    this.budget--;
    const roll = this.dice.below(100);
    if (this.budget < 0 || roll < 40) return this.let();
    if (roll < 65) return this.set();
    if (roll < 78) return ["if", this.expr("i32", 2), this.nested(() => this.inner()), this.nested(() => this.inner())];
    if (roll < 90) return this.loop();
    if (roll < 93) return ["if", this.expr("i32", 1), this.nested(() => this.leave(0)), 0];
    return this.expr(this.dice.pick<Kind>(["i32", "bytes", "vec"]), 2);
  }

  private inner(): Ast {
    const outer = this.names.length;
    const out: Ast[] = ["begin"];
    const n = 1 + this.dice.below(3);
    for (let i = 0; i < n; i++) out.push(this.statement());
    out.push(0);
    this.names.length = outer;
    return out;
  }

  /** Returns from the function; `after` is never reached, but gives the type. */
  private leave(after: Ast): Ast {
    return ["begin", ["return", this.expr(this.result, 2)], after];
  }

  private let(): Ast {
    const kind = this.dice.pick<Kind>(["i32", "i32", "bytes", "bytes", "vec", "view", "option"]);
    const value = this.expr(kind, 3);
    const name = `v${this.counter++}`;
    this.names.push({ name, kind, depth: this.depth, gone: false, lent: false });
    return ["let", name, value];
  }

  private set(): Ast {
    const candidates = this.names.filter((n) => n.kind !== "view" && n.name !== "input" && !n.lent && !(n.gone && n.depth < this.depth));
    const target = candidates[this.dice.below(Math.max(1, candidates.length))];
    if (target === undefined) return this.let();
    if (target.kind === "vec" && !target.gone) return ["set", target.name, this.grow(target.name)];
    if (target.kind === "bytes" && !target.gone && this.dice.chance(20)) {
      const index = this.after(target.name, 0);
      return ["set", target.name, ["bytes.set_u8", target.name, index, this.without(target, () => this.number(2))]];
    }
    if (target.kind === "bytes" && !target.gone && this.dice.chance(50)) {
      const tail = this.bytesWithout(target);
      return ["set", target.name, ["bytes.concat", target.name, tail]];
    }
    const value = this.without(target, () => this.expr(target.kind, 3));
    target.gone = false;
    return ["set", target.name, value];
  }

  private without<T>(target: Name, run: () => T): T {
    const lent = target.lent;
    target.lent = true;
    const value = run();
    target.lent = lent;
    return value;
  }

  private bytesWithout(target: Name): Ast {
    return this.without(target, () => this.expr("bytes", 2));
  }

  private grow(name: string): Ast {
    const target = this.names.find((n) => n.name === name);
    const under = <T>(run: () => T): T => (target === undefined ? run() : this.without(target, run));
    const roll = this.dice.below(100);
    // Doubling in loops would only fill the memory.
    if (roll < 5 && this.depth === 0) return ["vec_u8.extend_bytes", name, ["vec_u8.as_view", name]];
    if (roll < 15) return ["vec_u8.extend_bytes_range", name, ["vec_u8.as_view", name], 0, ["&", ["vec_u8.len", name], 7]];
    if (roll < 22) return ["vec_u8.extend_zeroes", name, ["&", ["vec_u8.cap", name], 15]];
    if (roll < 28) return ["vec_u8.push", name, [this.dice.chance(50) ? "vec_u8.cap" : "vec_u8.len", name]];
    if (roll < 36) return ["vec_u8.push", name, this.after(name, under(() => this.number(1)))];
    if (roll < 42) return ["vec_u8.extend_bytes", name, this.after(name, under(() => this.bytes(1)))];
    if (roll < 70) return ["vec_u8.push", name, under(() => this.expr("i32", 2))];
    return ["vec_u8.extend_bytes", name, under(() => this.expr(this.dice.pick<Kind>(["bytes", "view"]), 2))];
  }

  /** A value before which the name is set, as an operand of what changes the name in place. */
  private after(name: string, value: Ast): Ast {
    const target = this.names.find((n) => n.name === name);
    if (target === undefined || !this.dice.chance(60)) return value;
    const next: Ast = target.kind === "vec" ? (this.dice.chance(50) ? this.vec(0) : ["vec_u8.push", name, this.literal()]) : ["bytes.concat", ["bytes.lit", this.text()], name];
    return ["begin", ["set", name, next], value];
  }

  private loop(): Ast {
    const known = this.names.filter((n) => n.kind === "i32" && !n.lent);
    const reused = this.dice.chance(30) ? known[this.dice.below(Math.max(1, known.length))] : undefined;
    const i = reused?.name ?? `i${this.counter++}`;
    const end: Ast = this.dice.chance(50) ? this.dice.below(12) : ["&", this.expr("i32", 1), 7];
    const start = this.dice.chance(20) ? this.dice.below(9) - 1 : this.dice.below(3);
    if (reused !== undefined) return ["for", i, start, end, this.without(reused, () => this.nested(() => this.inner()))];
    const body = this.nested(() => {
      this.names.push({ name: i, kind: "i32", depth: this.depth, gone: false, lent: true });
      return this.inner();
    });
    return ["for", i, start, end, body];
  }

  private find(kind: Kind, owned: boolean): Name | undefined {
    const fits = this.names.filter((n) => n.kind === kind && !n.gone && (!owned || (!n.lent && n.depth === this.depth)));
    return fits[this.dice.below(Math.max(1, fits.length))];
  }

  private take(kind: Kind): Ast | undefined {
    const n = this.find(kind, true);
    if (n === undefined) return undefined;
    n.gone = true;
    return n.name;
  }

  expr(kind: Kind, fuel: number): Ast {
    switch (kind) {
      case "i32":
        return this.number(fuel);
      case "bytes":
        return this.bytes(fuel);
      case "view":
        return this.view(fuel);
      case "vec":
        return this.vec(fuel);
      case "option":
        return this.dice.chance(30) ? ["option_bytes.none"] : ["option_bytes.some", this.bytes(fuel - 1)];
    }
  }

  private literal(): number {
    return this.dice.chance(70) ? this.dice.below(20) - 4 : this.dice.pick([2147483647, -2147483648, 255, 256, -1, 65536]);
  }

  private number(fuel: number): Ast {
    const roll = this.dice.below(100);
    if (fuel <= 0 || roll < 20) return this.find("i32", false)?.name ?? this.literal();
    if (roll < 30) return this.literal();
    if (roll < 60) return this.operator(fuel);
    if (roll < 68) return ["view.len", this.view(fuel - 1)];
    if (roll < 76) return this.byteOf(fuel);
    if (roll < 82) return ["bytes.eq", this.look(fuel), this.look(fuel)];
    if (roll < 88) return ["if", this.number(fuel - 1), this.nested(() => this.number(fuel - 1)), this.nested(() => this.number(fuel - 1))];
    if (roll < 92) return this.callTo("i32", fuel) ?? this.literal();
    if (roll < 94) return ["if", this.number(fuel - 1), this.nested(() => this.leave(this.number(0))), this.nested(() => this.number(fuel - 1))];
    const v = this.find("vec", false);
    return v === undefined ? ["bytes.len", this.look(fuel)] : ["vec_u8.len", v.name];
  }

  private operator(fuel: number): Ast {
    const op = this.dice.pick(OPS);
    const left = this.number(fuel - 1);
    const right = op === "&&" || op === "||" ? this.nested(() => this.number(fuel - 1)) : this.number(fuel - 1);
    if ((op === "<u" || op === ">=u") && right === 0) return [op, left, 1];
    return [op, left, right];
  }

  /** A byte at an index that mostly exists. */
  private byteOf(fuel: number): Ast {
    const n = this.find(this.dice.pick<Kind>(["bytes", "view"]), false);
    if (n === undefined) return this.literal();
    const [len, get] = n.kind === "view" ? ["view.len", "view.get_u8"] : ["bytes.len", "bytes.get_u8"];
    return ["if", [len, n.name], [get, n.name, ["%", this.nested(() => this.number(fuel - 1)), [len, n.name]]], 0];
  }

  private look(fuel: number): Ast {
    const n = this.find(this.dice.pick<Kind>(["bytes", "view"]), false);
    return n !== undefined && this.dice.chance(60) ? n.name : this.expr(this.dice.pick<Kind>(["bytes", "view"]), fuel - 1);
  }

  private bytes(fuel: number): Ast {
    const roll = this.dice.below(100);
    if (roll < 20) return this.take("bytes") ?? ["bytes.lit", this.text()];
    if (fuel <= 0 || roll < 32) return ["bytes.lit", this.text()];
    if (roll < 42) return ["fmt.s32_to_dec", this.number(fuel - 1)];
    if (roll < 54) return ["bytes.concat", this.bytes(fuel - 1), this.bytes(fuel - 1)];
    if (roll < 64) return ["view.to_bytes", this.view(fuel - 1)];
    if (roll < 70) return ["bytes.alloc", ["&", this.number(fuel - 1), 31]];
    if (roll < 76) return ["codec.write_u32_le", this.number(fuel - 1)];
    if (roll < 82) return ["vec_u8.into_bytes", this.vec(fuel - 1)];
    if (roll < 88) return ["if", this.number(fuel - 1), this.nested(() => this.bytes(fuel - 1)), this.nested(() => this.bytes(fuel - 1))];
    if (roll < 92) return ["option_bytes.unwrap_or", this.expr("option", fuel - 1), this.bytes(fuel - 1)];
    if (roll < 96) return this.callTo("bytes", fuel) ?? ["bytes1", this.number(fuel - 1)];
    return this.block("bytes", 1);
  }

  private view(fuel: number): Ast {
    const roll = this.dice.below(100);
    if (fuel <= 0 || roll < 40) return this.find("view", false)?.name ?? ["bytes.view_lit", this.text()];
    if (roll < 60) return ["bytes.view_lit", this.text()];
    if (roll < 80) {
      const owner = this.names.find((n) => n.kind === "bytes" && !n.gone && n.depth === this.depth);
      if (owner !== undefined) {
        owner.lent = true;
        return ["bytes.view", owner.name];
      }
    }
    const n = this.find("view", false);
    return n === undefined ? ["bytes.view_lit", this.text()] : ["view.slice", n.name, 0, ["&", ["view.len", n.name], this.dice.below(4)]];
  }

  private vec(fuel: number): Ast {
    const roll = this.dice.below(100);
    if (roll < 35) return this.take("vec") ?? ["vec_u8.with_capacity", this.dice.below(9)];
    if (fuel <= 0 || roll < 55) return ["vec_u8.with_capacity", this.dice.below(9)];
    if (roll < 70) return ["vec_u8.push", this.vec(fuel - 1), this.number(fuel - 1)];
    if (roll < 85) return ["vec_u8.extend_bytes", this.vec(fuel - 1), this.look(fuel)];
    if (roll < 92) return ["vec_u8.extend_zeroes", this.vec(fuel - 1), ["&", this.number(fuel - 1), 15]];
    return this.callTo("vec", fuel) ?? ["vec_u8.reserve_exact", this.vec(fuel - 1), this.dice.below(20)];
  }

  private callTo(result: Kind, fuel: number): Ast | undefined {
    const fits = this.callees.filter((c) => c.result === result);
    const callee = fits[this.dice.below(Math.max(1, fits.length))];
    if (callee === undefined) return undefined;
    return [callee.name, ...callee.params.map((p) => (p === "view" && this.dice.chance(50) ? this.expr("bytes", fuel - 1) : this.expr(p, fuel - 1)))];
  }

  private text(): string {
    return this.dice.pick(["", "a", "hello", "xyz", "0123456789abcdef", "é", "\n"]);
  }
}
