// Writes equal endings of a function once: what drops the same things and returns the same is jumped to. For size; costs one jump on the
// way out. Knows the IR only.

import type { IrExpr, IrFunction, IrStmt } from "../ir.ts";
import { highestLabel } from "./inline.ts";
import { leaves, mapChildren, mapStmt, sizeOf } from "./walk.ts";
import * as make from "../make.ts";

/** An ending smaller than this is not worth a jump. */
const LEAST = 6;
/** Blocks around a body make its jumps deeper; so many are cheap. */
const MOST = 6;

interface Ending {
  readonly stmts: readonly IrStmt[];
  count: number;
}

export function shareExits(f: IrFunction): IrFunction {
  let returns = 0;
  each(f.body, () => void returns++);
  if (returns < 3 || !leaves(f.body)) return f;
  const found = new Map<string, Ending>();
  const forms = new Forms(f);
  each(f.body, (list, top) => {
    if (top) return;
    for (const { key, stmts } of forms.endings(list)) {
      const known = found.get(key);
      if (known === undefined) found.set(key, { stmts, count: 1 });
      else known.count++;
    }
  });
  const worth = [...found].filter(([, e]) => e.count > 1).sort(([, a], [, b]) => gain(b) - gain(a)).slice(0, MOST);
  if (worth.length === 0) return f;
  const first = highestLabel(f.body) + 1;
  const labels = new Map(worth.map(([key], i) => [key, first + i]));
  let body: readonly IrStmt[] = replace(f.body, forms, labels, true);
  for (const [key, e] of worth) body = [make.block(labels.get(key) ?? 0, body), ...e.stmts];
  return make.withBody(f, body, forms.locals);
}

function gain(e: Ending): number {
  return (e.count - 1) * sizeOf(e.stmts, 1000);
}

/** Calls back for every list of statements that ends in a return. */
function each(stmts: readonly IrStmt[], found: (list: readonly IrStmt[], top: boolean) => void, top = true): void {
  if (stmts.length > 0 && stmts[stmts.length - 1]!.op === "return") found(stmts, top);
  for (const s of stmts) {
    switch (s.op) {
      case "if":
        each(s.then, found, false);
        each(s.else, found, false);
        break;
      case "loop":
      case "block":
        each(s.body, found, false);
    }
  }
}

/** Endings with their own locals renamed to ones that all endings share: what is set in an ending is read nowhere after it. */
class Forms {
  readonly locals: IrFunction["locals"][number][];
  private readonly own: IrFunction["locals"];
  /** Shared locals by type, in order of first use within an ending. */
  private readonly shared = new Map<string, number>();

  constructor(f: IrFunction) {
    this.own = f.locals;
    this.locals = [...f.locals];
  }

  /** The longest ending of straight statements, and shorter ones, largest first. */
  endings(list: readonly IrStmt[]): { key: string; stmts: readonly IrStmt[]; from: number }[] {
    let start = list.length - 1;
    while (start > 0 && isStraight(list[start - 1])) start--;
    const all: { key: string; stmts: readonly IrStmt[]; from: number }[] = [];
    for (let from = start; from < list.length; from++) {
      const ending = list.slice(from);
      if (sizeOf(ending, LEAST) < LEAST) break;
      const stmts = this.renamed(ending);
      if (stmts !== undefined) all.push({ key: JSON.stringify(stmts), stmts, from });
    }
    return all;
  }

  private renamed(ending: readonly IrStmt[]): readonly IrStmt[] | undefined {
    const names = new Map<number, number>();
    let used = 0;
    const read = (e: IrExpr): IrExpr => {
      if (e.op !== "get") return mapChildren(e, read);
      const name = names.get(e.local);
      return name === undefined ? e : make.get(name, e.type);
    };
    const write = (local: number): number => {
      const type = this.own[local] ?? "i32";
      const key = `${type} ${used++}`;
      let name = this.shared.get(key);
      if (name === undefined) this.shared.set(key, (name = this.locals.push(type) - 1));
      names.set(local, name);
      return name;
    };
    return ending.map((s) => {
      const moved = mapStmt(s, read);
      if (moved.op === "set") return make.set(write(moved.local), moved.value);
      if (moved.op === "call") return make.call(moved.target, moved.args, moved.dests.map(write));
      return moved;
    });
  }
}

function isStraight(s: IrStmt | undefined): boolean {
  return s !== undefined && (s.op === "set" || s.op === "call" || s.op === "store" || s.op === "global.set");
}

function replace(stmts: readonly IrStmt[], forms: Forms, labels: ReadonlyMap<string, number>, top: boolean): readonly IrStmt[] {
  const ending = top || stmts.at(-1)?.op !== "return" ? undefined : forms.endings(stmts).find((e) => labels.has(e.key));
  const rest = ending === undefined ? stmts : stmts.slice(0, ending.from);
  const out = rest.map((s): IrStmt => {
    if (s.op === "if") return make.if(s.cond, replace(s.then, forms, labels, false), replace(s.else, forms, labels, false));
    if (s.op === "loop" || s.op === "block") return make.around(s, replace(s.body, forms, labels, false));
    return s;
  });
  return ending === undefined ? out : [...out, make.br(labels.get(ending.key) ?? 0, undefined)];
}
