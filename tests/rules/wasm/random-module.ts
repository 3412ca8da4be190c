// Random valid modules of nested control flow over i32, from a seed. Knows nothing of fuel.

import { OP } from "../../../rules/wasm/ops.ts";
import { answer, build, EMPTY, get, I32, i32, set, u32 } from "./kit.ts";
import type { Fn } from "./kit.ts";

export type Random = (below: number) => number;

/** The same numbers for the same seed (mulberry32). */
export function random(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const FNS = 4;
const PARAMS = 2;
const LOCALS = 4;
const GLOBALS = 2;

/** Function 0 is exported as `f`; calls go to functions of a higher index only, so that nothing recurses. */
export function randomModule(seed: number): Uint8Array {
  const { fns, ...rest } = randomParts(seed, FNS);
  return build({ ...rest, fns, exports: [["f", 0, 0], ...Array.from({ length: GLOBALS }, (_, i) => [`g${i}`, 3, i] as const)] });
}

/** The same as a solve module: solve is the last function, calls function 0 with two numbers and answers nothing. */
export function randomSolveModule(seed: number): Uint8Array {
  const { fns, globals, ...rest } = randomParts(seed, FNS + 1);
  const drops = Array<number>(fns[0]?.results?.length ?? 0).fill(OP.drop);
  const solve: Fn = { params: Array<number>(5).fill(i32), code: [...I32(seed % 5), ...I32(seed % 3), OP.call, 0, ...drops, ...answer(get(1), I32(0))] };
  return build({
    ...rest,
    fns: [...fns, solve],
    memory: [1, 1],
    globals: [...globals, { type: i32, value: 16 }, { type: i32, value: 0 }],
    exports: [["x07_solve_v2", 0, FNS], ["memory", 2, 0], ["__heap_base", 3, GLOBALS], ["__data_end", 3, GLOBALS + 1]],
  });
}

/** Functions and what they refer to; `firstType`: where the extra types begin, behind those of all functions. */
function randomParts(seed: number, firstType: number) {
  const rnd = random(seed);
  const results = Array.from({ length: FNS }, () => rnd(3));
  const fns: Fn[] = results.map((count, index) => {
    const gen = new FnGen(rnd, index, results, firstType);
    return { params: Array<number>(PARAMS).fill(i32), results: Array<number>(count).fill(i32), locals: Array<number>(LOCALS - PARAMS).fill(i32), code: gen.body() };
  });
  const globals = Array.from({ length: GLOBALS }, (_, value) => ({ type: i32, mutable: true, value }));
  return { fns, types: [...TYPES], table: [3] as const, elements: [FNS - 1], globals };
}

/** Extra types, behind those of the functions: blocks with parameters and several results. */
const TYPES = [{ params: [], results: [i32, i32] }, { params: [i32], results: [i32] }] as const;

class FnGen {
  private readonly rnd: Random;
  private readonly index: number;
  private readonly results: readonly number[];
  private readonly pair: number;
  private readonly through: number;
  /** How many values a branch to each open label carries, outermost first. */
  private readonly labels: number[];
  private budget = 60;

  constructor(rnd: Random, index: number, results: readonly number[], firstType: number) {
    this.pair = firstType;
    this.through = firstType + 1;
    this.rnd = rnd;
    this.index = index;
    this.results = results;
    this.labels = [results[index]!];
  }

  body(): number[] {
    return [...this.statements(), ...this.values(this.results[this.index]!)];
  }

  private statements(): number[] {
    const code: number[] = [];
    for (let n = this.rnd(5); n >= 0; n--) code.push(...this.statement());
    return code;
  }

  private values(count: number): number[] {
    return Array.from({ length: count }, () => this.expr(2)).flat();
  }

  private within(arity: number, inner: () => number[]): number[] {
    this.labels.push(arity);
    const code = inner();
    this.labels.pop();
    return code;
  }

  private statement(): number[] {
    if (--this.budget < 0) return [OP.nop];
    switch (this.rnd(17)) {
      case 0: return [OP.block, EMPTY, ...this.within(0, () => this.statements()), OP.end];
      case 1: return [OP.loop, EMPTY, ...this.within(0, () => this.statements()), OP.end];
      case 2: return this.countedLoop();
      case 3: return [...this.expr(2), OP.if, EMPTY, ...this.within(0, () => this.statements()), OP.end];
      case 4: return [...this.expr(2), OP.if, EMPTY, ...this.within(0, () => [...this.statements(), OP.else, ...this.statements()]), OP.end];
      case 5: return [OP.block, this.pair, ...this.within(2, () => [...this.statements(), ...this.values(2)]), OP.end, ...this.store(), OP.drop];
      case 6: return [...this.expr(1), OP.block, this.through, ...this.within(1, () => this.statements()), OP.end, ...this.store()];
      case 7: return [...this.expr(1), OP.loop, this.through, ...this.within(1, () => [...this.store(), ...this.statements(), ...this.expr(1)]), OP.end, OP.drop];
      case 8: return this.branchIf();
      case 9: return this.rnd(3) === 0 ? this.branch() : this.branchIf();
      case 10: return this.branchTable();
      case 11: return this.rnd(4) === 0 ? [...this.values(this.results[this.index]!), OP.return] : [OP.nop];
      case 12: return this.call();
      case 13: return this.rnd(10) === 0 ? [OP.unreachable] : [...this.expr(2), OP.globalSet, this.rnd(GLOBALS)];
      case 14: return [...this.expr(2), OP.drop];
      default: return [...this.expr(3), ...this.store()];
    }
  }

  private store(): number[] {
    return set(this.rnd(LOCALS));
  }

  /** Runs a few times: local 3 counts up to a small number. */
  private countedLoop(): number[] {
    const body = this.within(0, () => this.statements());
    return [
      ...I32(0), ...set(3), OP.loop, EMPTY, ...body,
      ...get(3), ...I32(1), OP.i32Add, OP.localTee, 3, ...I32(2 + this.rnd(6)), OP.i32LtS, OP.brIf, 0, OP.end,
    ];
  }

  private depth(): number {
    return this.rnd(this.labels.length);
  }

  private arityAt(depth: number): number {
    return this.labels[this.labels.length - 1 - depth]!;
  }

  private branch(): number[] {
    const depth = this.depth();
    return [...this.values(this.arityAt(depth)), OP.br, ...u32(depth)];
  }

  private branchIf(): number[] {
    const depth = this.depth();
    const arity = this.arityAt(depth);
    return [...this.values(arity), ...this.expr(2), OP.brIf, ...u32(depth), ...Array<number>(arity).fill(OP.drop)];
  }

  /** What follows a br_table is dead; an `if` around it keeps the rest of the function alive. */
  private branchTable(): number[] {
    const condition = this.expr(1);
    const dead = this.within(0, () => {
      const depth = this.depth();
      const alike = this.labels.map((_, d) => d).filter((d) => this.arityAt(d) === this.arityAt(depth));
      const targets = Array.from({ length: this.rnd(4) }, () => alike[this.rnd(alike.length)]!);
      return [...this.values(this.arityAt(depth)), ...this.expr(2), OP.brTable, ...u32(targets.length), ...targets, ...u32(depth)];
    });
    return [...condition, OP.if, EMPTY, ...dead, OP.end];
  }

  private call(): number[] {
    if (this.index === FNS - 1) return [OP.nop];
    const direct = this.rnd(4) > 0;
    const callee = direct ? this.index + 1 + this.rnd(FNS - 1 - this.index) : FNS - 1;
    const drops = Array<number>(this.results[callee]!).fill(OP.drop);
    const args = this.values(PARAMS);
    return direct ? [...args, OP.call, callee, ...drops] : [...args, ...this.tableIndex(), OP.callIndirect, callee, 0, ...drops];
  }

  /** Mostly the filled entry, now and then one that traps. */
  private tableIndex(): number[] {
    return I32(this.rnd(12) === 0 ? 1 : 0);
  }

  private expr(depth: number): number[] {
    const kind = depth <= 0 ? this.rnd(3) : this.rnd(8);
    switch (kind) {
      case 0: return I32(this.rnd(7) - 2);
      case 1: return get(this.rnd(LOCALS));
      case 2: return [OP.globalGet, this.rnd(GLOBALS)];
      case 3: return [...this.expr(depth - 1), ...this.expr(depth - 1), OP.i32Add];
      case 4: return [...this.expr(depth - 1), ...this.expr(depth - 1), OP.i32Sub];
      case 5: return [...this.expr(depth - 1), OP.i32Eqz];
      case 6: return [...this.expr(depth - 1), OP.if, i32, ...this.within(1, () => this.expr(depth - 1)), OP.else, ...this.within(1, () => this.expr(depth - 1)), OP.end];
      default: return this.rnd(6) === 0 ? [...this.expr(depth - 1), ...this.expr(depth - 1), 0x6d] : [...this.expr(depth - 1), ...this.expr(depth - 1), OP.i32LtS];
    }
  }
}
