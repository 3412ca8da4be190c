// Which locals have no life before the statement that first sets them. Knows the IR's scopes.

import type { IrExpr, IrFunction, IrStmt } from "../ir.ts";

/**
 * For every local whether its first `set` may declare it: nothing outside that statement list mentions it and nothing inside
 * does so earlier. Control cannot get past the `set` within the list, for jumps leave whole blocks only.
 */
export function declaredAtSet(f: IrFunction): readonly boolean[] {
  const births = new Births(f.locals.length);
  births.list(f.body, NOWHERE);
  return f.locals.map((_, i) => i >= f.params.length && births.declared(i));
}

const NOWHERE = -1;

class Births {
  /** By local, the innermost list that holds every mention. */
  private readonly home: Int32Array;
  /** By local, the list in which it is set before any other mention. */
  private readonly birth: Int32Array;
  /** By list, the one around it; a list comes after those around it. */
  private readonly parents: number[] = [];

  constructor(locals: number) {
    this.home = new Int32Array(locals).fill(NOWHERE);
    this.birth = new Int32Array(locals).fill(NOWHERE);
  }

  declared(local: number): boolean {
    return this.home[local] !== NOWHERE && this.home[local] === this.birth[local];
  }

  list(stmts: readonly IrStmt[], parent: number): void {
    const here = this.parents.push(parent) - 1;
    for (const s of stmts) {
      if (s.op === "set") this.expr(s.value, here);
      else for (const e of operands(s)) this.expr(e, here);
      if (s.op === "set") this.mention(s.local, here, true);
      else if (s.op === "call" || s.op === "resume") for (const d of s.dests) this.mention(d, here, true);
      else if (s.op === "if") {
        this.list(s.then, here);
        this.list(s.else, here);
      } else if (s.op === "loop" || s.op === "block") this.list(s.body, here);
    }
  }

  private expr(e: IrExpr, here: number): void {
    switch (e.op) {
      case "get":
        return this.mention(e.local, here, false);
      case "bin":
        this.expr(e.a, here);
        return this.expr(e.b, here);
      case "un":
        return this.expr(e.a, here);
      case "load":
        return this.expr(e.addr, here);
      case "cond":
        this.expr(e.cond, here);
        this.expr(e.a, here);
        return this.expr(e.b, here);
      case "call":
        for (const a of e.args) this.expr(a, here);
    }
  }

  private mention(local: number, here: number, sets: boolean): void {
    const known = this.home[local]!;
    if (known === here) return;
    if (known !== NOWHERE) this.home[local] = this.common(known, here);
    else {
      this.home[local] = here;
      if (sets) this.birth[local] = here;
    }
  }

  private common(a: number, b: number): number {
    let x = a;
    let y = b;
    while (x !== y) {
      if (x > y) x = this.parents[x]!;
      else y = this.parents[y]!;
    }
    return x;
  }
}

/** The expressions that a statement evaluates itself, in order. */
function operands(s: IrStmt): readonly IrExpr[] {
  switch (s.op) {
    case "set":
    case "global.set":
      return [s.value];
    case "store":
      return [s.addr, s.value];
    case "copy":
      return [s.dst, s.src, s.len];
    case "fill":
      return [s.dst, s.value, s.len];
    case "call":
      return s.args;
    case "resume":
      return [...s.args, s.index];
    case "if":
    case "trapIf":
      return [s.cond];
    case "br":
      return s.cond === undefined ? [] : [s.cond];
    case "return":
      return s.values;
    default:
      return [];
  }
}
