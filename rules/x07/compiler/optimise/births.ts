// Which locals have no life before the statement that first sets them. Knows the IR's scopes.

import type { IrExpr, IrFunction, IrStmt } from "../ir.ts";
import { Scratch } from "./scratch.ts";

/**
 * For every local whether its first `set` may declare it: nothing outside that statement list mentions it and nothing inside
 * does so earlier. Control cannot get past the `set` within the list, for jumps leave whole blocks only.
 */
export function declaredAtSet(f: IrFunction): readonly boolean[] {
  const births = Births.of(f);
  return f.locals.map((_, i) => births.declared(i));
}

const NOWHERE = -1;
/** One function uses them at a time. */
const mentionTable = new Scratch();
const homeTable = new Scratch();
const birthTable = new Scratch();

/** The facts of one function, until those of the next are asked for. */
export class Births {
  /** By local, how often it is read or set. */
  readonly mentions: Int32Array;
  private readonly params: number;
  /** By local, the innermost list that holds every mention. */
  private readonly home: Int32Array;
  /** By local, the list in which it is set before any other mention. */
  private readonly birth: Int32Array;
  /** By list, the one around it; a list comes after those around it. */
  private readonly parents: number[] = [];

  private constructor(params: number, locals: number) {
    this.params = params;
    this.mentions = mentionTable.zeroed(locals);
    this.home = homeTable.filled(locals, NOWHERE);
    this.birth = birthTable.filled(locals, NOWHERE);
  }

  static of(f: IrFunction): Births {
    const births = new Births(f.params.length, f.locals.length);
    births.list(f.body, NOWHERE);
    return births;
  }

  declared(local: number): boolean {
    return local >= this.params && this.home[local] !== NOWHERE && this.home[local] === this.birth[local];
  }

  private list(stmts: readonly IrStmt[], parent: number): void {
    const here = this.parents.push(parent) - 1;
    for (const s of stmts) this.stmt(s, here);
  }

  private stmt(s: IrStmt, here: number): void {
    switch (s.op) {
      case "set":
        this.expr(s.value, here);
        return this.mention(s.local, here, true);
      case "global.set":
        return this.expr(s.value, here);
      case "store":
        this.expr(s.addr, here);
        return this.expr(s.value, here);
      case "copy":
        this.expr(s.dst, here);
        this.expr(s.src, here);
        return this.expr(s.len, here);
      case "fill":
        this.expr(s.dst, here);
        this.expr(s.value, here);
        return this.expr(s.len, here);
      case "call":
      case "resume":
        for (const a of s.args) this.expr(a, here);
        if (s.op === "resume") this.expr(s.index, here);
        for (const d of s.dests) this.mention(d, here, true);
        return;
      case "if":
        this.expr(s.cond, here);
        this.list(s.then, here);
        return this.list(s.else, here);
      case "loop":
      case "block":
        return this.list(s.body, here);
      case "trapIf":
        return this.expr(s.cond, here);
      case "br":
        if (s.cond !== undefined) this.expr(s.cond, here);
        return;
      case "return":
        for (const v of s.values) this.expr(v, here);
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
    this.mentions[local]!++;
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
